#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/known.h"
#include "t/unit/unit.h"

#define ONE "aapfup_20240704T191555_one"
#define TWO "aapfup_20240704T191556_two"
#define SIX "aapfup_20240704T191600"
#define MANY 10000

static struct project project;
static char *file;

static struct known *open_it(void)
{
	return known_open(&project, "origin", "dir:/store", "project/");
}

static struct known_exp make_exp(const char *name, const char *version)
{
	struct known_exp e = {
		.name = name, .size = 1234, .version = version,
		.modified = -5, .level = 2, .summary = "{\"state\":\"done\"}"
	};

	e.info.version = PACK_FORMAT;
	e.info.revision = 3;
	e.info.has_record = true;
	memset(e.info.tree, 0xa5, sizeof(e.info.tree));
	memset(e.info.record, 0x5a, sizeof(e.info.record));
	snprintf(e.info.id, sizeof(e.info.id),
		 "11111111-2222-4333-8444-000000000001");
	return e;
}

static bool same(const struct known_exp *a, const struct known_exp *b)
{
	return !strcmp(a->name, b->name) && a->size == b->size &&
	       !strcmp(a->version, b->version) &&
	       a->modified == b->modified && a->level == b->level &&
	       !strcmp(a->summary, b->summary) &&
	       a->info.version == b->info.version &&
	       a->info.revision == b->info.revision &&
	       a->info.has_record == b->info.has_record &&
	       !memcmp(a->info.tree, b->info.tree, sizeof(a->info.tree)) &&
	       !memcmp(a->info.record, b->info.record,
		       sizeof(a->info.record)) &&
	       !strcmp(a->info.id, b->info.id);
}

static void test_keeping(void)
{
	struct known_exp one = make_exp(ONE, "v1"), two = { 0 }, found;
	struct known *k = open_it();

	two.name = TWO;
	two.version = "w";
	two.summary = "";
	check(!known_find(k, ONE, "v1", &found) && !known_seen(k),
	      "nothing is known at first");
	known_close(k);
	check(!path_exists(file), "and nothing is written");

	k = open_it();
	known_put(k, &one);
	known_put(k, &two);
	check(known_find(k, ONE, "v1", &found) && same(&found, &one),
	      "what is put is known");
	check(!known_find(k, ONE, "v2", &found), "in that version only");
	known_close(k);
	k = open_it();
	check(known_find(k, ONE, "v1", &found) && same(&found, &one) &&
	      known_find(k, TWO, "w", &found) && same(&found, &two),
	      "and again from the file");
	check(!known_seen(k), "that is no listing");
	one.version = "v2";
	known_put(k, &one);
	known_forget(k, TWO);
	check(known_find(k, ONE, "v2", &found) &&
	      !known_find(k, ONE, "v1", &found) &&
	      !known_find(k, TWO, "w", &found),
	      "a new version, and one that is forgotten");
	known_close(k);
	k = open_it();
	check(known_find(k, ONE, "v2", &found) &&
	      !known_find(k, TWO, "w", &found), "also in the file");
	known_close(k);
	k = known_open(&project, "origin", "dir:/other", "project/");
	check(!known_find(k, ONE, "v2", &found),
	      "of another store nothing is known");
	known_close(k);
	k = known_open(&project, "origin", "dir:/store", "other/");
	check(!known_find(k, ONE, "v2", &found), "nor of another project");
	known_close(k);
}

static void count_one(const struct known_exp *e UNUSED, void *data)
{
	++*(size_t *)data;
}

static size_t count(struct known *k)
{
	size_t nr = 0;

	known_each(k, count_one, &nr);
	return nr;
}

static void test_listing(void)
{
	struct known_exp one = make_exp(ONE, "v1"), two = make_exp(TWO, "w1");
	struct known_exp six = make_exp(SIX, "x1"), found;
	struct stat before, after;
	struct known *k = open_it();

	known_put(k, &one);
	known_put(k, &two);
	known_listing_begin(k);
	known_find(k, TWO, "w1", &found);
	known_put(k, &six);
	known_listing_end(k, 1000);
	check(!known_find(k, ONE, "v1", &found) &&
	      known_find(k, TWO, "w1", &found) &&
	      known_find(k, SIX, "x1", &found) && count(k) == 2,
	      "what a listing does not have is gone");
	known_close(k);
	stat(file, &before);
	k = open_it();
	check(known_seen(k) == 1000 && count(k) == 2,
	      "the file's time is that of the listing");
	known_listing_begin(k);
	known_find(k, TWO, "w1", &found);
	known_find(k, SIX, "x1", &found);
	known_listing_end(k, 2000);
	known_close(k);
	stat(file, &after);
	check(before.st_ino == after.st_ino && after.st_mtim.tv_sec == 2000,
	      "a listing that says nothing new changes only that time");
	k = open_it();
	known_put(k, &one);
	known_close(k);
	stat(file, &after);
	check(before.st_ino != after.st_ino && after.st_mtim.tv_sec == 2000,
	      "what is put later does not");
}

static void test_bad(void)
{
	struct known_exp one = make_exp(ONE, "v 1"), found;
	struct strbuf text = STRBUF_INIT;
	struct known *k = open_it();
	char *longer = xmalloc(KNOWN_SUMMARY_MAX + 2);
	char *rest;

	known_put(k, &one);
	check(!known_find(k, ONE, "v 1", &found),
	      "a version that cannot be one is not kept");
	memset(longer, 'x', KNOWN_SUMMARY_MAX + 1);
	longer[KNOWN_SUMMARY_MAX + 1] = '\0';
	one.version = "v1";
	one.summary = longer;
	known_put(k, &one);
	check(known_find(k, ONE, "v1", &found) && found.level == 1 &&
	      !*found.summary, "a long summary is not kept");
	one.summary = "";
	known_close(k);

	read_file(&text, file, 1u << 20, NULL);
	rest = strstr(text.buf, TWO);
	check(rest && strstr(text.buf, SIX), "two lines");
	/* the first byte behind the name's TAB: no size any more */
	rest[strlen(TWO) + 1] = 'x';
	write_file_atomic(file, text.buf, text.len, 0600, 0, NULL);
	k = open_it();
	check(!known_find(k, TWO, "w1", &found) &&
	      known_find(k, SIX, "x1", &found), "a bad line says nothing");
	known_put(k, &one);
	known_close(k);
	k = open_it();
	check(known_find(k, SIX, "x1", &found) && count(k) == 2,
	      "and is not written again");
	known_close(k);
	free(longer);
	strbuf_release(&text);
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void make_many(void)
{
	struct strbuf name = STRBUF_INIT, version = STRBUF_INIT;
	struct known_exp e = make_exp("", "");
	struct known *k = open_it();
	int i;

	for (i = 0; i < MANY; i++) {
		strbuf_reset(&name);
		strbuf_reset(&version);
		strbuf_addf(&name, "aapfup_20240704T19%02d%02d_number%d",
			    i / 60 % 60, i % 60, i);
		strbuf_addf(&version, "%d-1234-18ea0076bed56429", i);
		e.name = name.buf;
		e.version = version.buf;
		known_put(k, &e);
	}
	known_close(k);
	strbuf_release(&name);
	strbuf_release(&version);
}

/* The time is said, not held: machines differ. */
static void test_many(void)
{
	int64_t start, best = INT64_MAX;
	struct known *k;
	int i;

	make_many();
	for (i = 0; i < 5; i++) {
		start = now_us();
		k = open_it();
		best = MINIMUM(best, now_us() - start);
		if (i == 4)
			check(count(k) == MANY + 2, "many experiments");
		known_close(k);
	}
	printf("# %d of them are loaded in %" PRId64 " us\n", MANY, best);
}

int main(void)
{
	struct strbuf cwd = STRBUF_INIT, dir = STRBUF_INIT;
	struct tempfile *scratch;

	if (tempfile_scratch_dir(&scratch, NULL) ||
	    chdir(tempfile_path(scratch)) || path_cwd(&cwd, NULL))
		return 1;
	setenv("XDG_CACHE_HOME", cwd.buf, 1);
	project.root = cwd.buf;
	if (project_cache(&project, &dir, NULL))
		return 1;
	file = xstrfmt("%s/remotes/origin", dir.buf);
	test_keeping();
	sys_unlink(file);
	test_listing();
	test_bad();
	test_many();
	tempfile_delete(&scratch);
	free(file);
	strbuf_release(&dir);
	strbuf_release(&cwd);
	return unit_done();
}
