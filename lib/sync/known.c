/*
 * At the start the file is only cut into lines and names: a line is read when
 * its name is asked for, since most of a store is listed and nothing more.
 */
#include "lib/base/compat.h"
#include "lib/sync/known.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/base/trace.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/info-text.h"

#define MAGIC "resutil-known 1\n"
#define FIELDS (7 + INFO_FIELDS)
#define FILE_MAX_BYTES ((size_t)512 << 20)
#define LEVEL_MAX 2

struct line {
	struct known_exp exp;
	char *rest;		/* of a line that was not read yet, or NULL */
	bool bad, listed;
};

struct block {
	struct block *next;
	struct line line;
	char text[];
};

struct known {
	char *path;		/* NULL: there is no place */
	char *header;		/* the lines before the first experiment */
	pthread_mutex_t lock;	/* of what follows */
	struct strbuf text;	/* of the file */
	struct line *line;	/* in it */
	size_t nr;
	struct block *blocks;	/* what was put */
	struct strmap names;	/* struct line */
	int64_t seen;		/* now, and as the file says */
	int64_t was_seen;
	bool changed;
};

/* ---- lines --------------------------------------------------------------- */

static bool read_time(int64_t *out, const char *text)
{
	bool minus = *text == '-';
	uint64_t number;

	if (!info_text_number(&number, text + minus))
		return false;
	*out = minus ? -(int64_t)number : (int64_t)number;
	return true;
}

/* What stands behind the name; field[0] is not looked at. */
static bool read_fields(struct known_exp *out, const char *const *field)
{
	uint64_t size, level, format;
	int64_t modified;

	if (!info_text_number(&size, field[1]) ||
	    !info_text_is_version(field[2]) ||
	    !read_time(&modified, field[3]) ||
	    !info_text_number(&level, field[4]) || level > LEVEL_MAX ||
	    !info_text_number(&format, field[5]) || format > PACK_FORMAT ||
	    !info_text_read(&out->info, field + 6) ||
	    (format != 0) != (out->info.version != 0))
		return false;
	out->size = size;
	out->version = field[2];
	out->modified = modified;
	out->level = (unsigned)level;
	out->summary = field[6 + INFO_FIELDS];
	return true;
}

bool known_read_line(struct known_exp *out, char *line)
{
	const char *field[FIELDS];

	if (info_text_split(line, field, FIELDS) != FIELDS ||
	    !name_is_valid(field[0]) || !read_fields(out, field))
		return false;
	out->name = field[0];
	return true;
}

void known_write_line(struct strbuf *out, const struct known_exp *e)
{
	strbuf_addf(out, "%s\t%" PRIu64 "\t%s\t%" PRId64 "\t%u\t%u\t",
		    e->name, e->size, e->version, e->modified, e->level,
		    e->info.version);
	info_text_write(out, &e->info);
	strbuf_addf(out, "\t%s\n", e->summary);
}

/* false: the line was malformed. */
static bool read_now(struct line *line)
{
	const char *field[FIELDS];

	if (line->rest) {
		line->bad = info_text_split(line->rest, field + 1,
					    FIELDS - 1) != FIELDS - 1 ||
			    !read_fields(&line->exp, field);
		line->rest = NULL;
	}
	return !line->bad;
}

/* ---- the file ------------------------------------------------------------ */

static size_t count_lines(const char *text, size_t len)
{
	const char *end;
	size_t nr = 0;

	while ((end = memchr(text, '\n', len))) {
		len -= (size_t)(end + 1 - text);
		text = end + 1;
		nr++;
	}
	return nr;
}

static void cut_lines(struct known *k, char *at, size_t len)
{
	char *end, *tab;

	k->line = xcalloc(count_lines(at, len) + 1, sizeof(*k->line));
	while ((end = memchr(at, '\n', len))) {
		size_t n = (size_t)(end - at);

		*end = '\0';
		tab = memchr(at, '\t', n);
		if (tab && tab != at && !memchr(at, '\0', n)) {
			struct line *line = &k->line[k->nr++];

			*tab = '\0';
			line->exp.name = at;
			line->rest = tab + 1;
			strmap_put(&k->names, at, line);
		}
		at = end + 1;
		len -= n + 1;
	}
}

static void load(struct known *k)
{
	size_t skip = strlen(k->header);
	struct stat st;

	if (lstat(k->path, &st) || read_own_file(&k->text, k->path,
						 FILE_MAX_BYTES, NULL))
		return;
	if (k->text.len < skip || memcmp(k->text.buf, k->header, skip)) {
		trace_printf("remote: ignoring the cache '%s'", k->path);
		return;
	}
	k->seen = k->was_seen = st.st_mtim.tv_sec;
	cut_lines(k, k->text.buf + skip, k->text.len - skip);
}

struct known *known_open(const struct project *p, const char *file,
			 const char *url, const char *prefix)
{
	struct known *k = xcalloc(1, sizeof(*k));
	struct strbuf path = STRBUF_INIT, header = STRBUF_INIT;

	strbuf_init(&k->text);
	pthread_mutex_init(&k->lock, NULL);
	strbuf_addstr(&header, MAGIC "store\t");
	quote_c(&header, url, strlen(url));
	strbuf_addch(&header, '\t');
	quote_c(&header, prefix, strlen(prefix));
	strbuf_addch(&header, '\n');
	k->header = strbuf_detach(&header, NULL);
	if (!project_cache(p, &path, NULL)) {
		strbuf_complete_slash(&path);
		strbuf_addf(&path, "remotes/%s", file);
		k->path = strbuf_detach(&path, NULL);
		load(k);
	}
	strbuf_release(&path);
	return k;
}

static int compare_lines(const void *a, const void *b)
{
	const struct line *one = *(struct line *const *)a;
	const struct line *two = *(struct line *const *)b;

	return strcmp(one->exp.name, two->exp.name);
}

static void write_all(struct known *k, struct strbuf *out)
{
	struct line **all = xcalloc(k->names.nr + 1, sizeof(*all));
	size_t nr = 0, i;

	for (i = 0; i < k->names.nr; i++) {
		struct line *line = k->names.item[i].value;

		if (line && read_now(line))
			all[nr++] = line;
	}
	qsort(all, nr, sizeof(*all), compare_lines);
	strbuf_grow(out, k->text.len);
	strbuf_addstr(out, k->header);
	for (i = 0; i < nr; i++)
		known_write_line(out, &all[i]->exp);
	free(all);
}

/* Nothing is synced: what a crash leaves torn is passed over. */
static void write_file(struct known *k, const struct timespec times[2])
{
	char *dir = xmemdupz(k->path, (size_t)(path_basename(k->path) -
					       k->path));
	struct strbuf out = STRBUF_INIT;
	struct tempfile *temp = NULL;

	write_all(k, &out);
	if (out.len <= FILE_MAX_BYTES && !sys_mkdir_all(dir, 0700) &&
	    !tempfile_create(&temp, k->path, 0600, NULL) &&
	    !sys_write_all(tempfile_fd(temp), out.buf, out.len) &&
	    !sys_futimens(tempfile_fd(temp), times))
		tempfile_commit(&temp, k->path, 0, NULL);
	tempfile_delete(&temp);
	strbuf_release(&out);
	free(dir);
}

void known_save(struct known *k)
{
	struct timespec times[2];

	pthread_mutex_lock(&k->lock);
	memset(times, 0, sizeof(times));
	times[0].tv_sec = times[1].tv_sec = (time_t)k->seen;
	if (k->path && k->changed)
		write_file(k, times);
	else if (k->path && k->seen != k->was_seen)
		sys_utimensat(AT_FDCWD, k->path, times, AT_SYMLINK_NOFOLLOW);
	k->changed = false;
	k->was_seen = k->seen;
	pthread_mutex_unlock(&k->lock);
}

void known_close(struct known *k)
{
	struct block *next;

	if (!k)
		return;
	known_save(k);
	for (; k->blocks; k->blocks = next) {
		next = k->blocks->next;
		free(k->blocks);
	}
	strmap_release(&k->names);
	pthread_mutex_destroy(&k->lock);
	strbuf_release(&k->text);
	free(k->line);
	free(k->header);
	free(k->path);
	free(k);
}

/* ---- what is known ------------------------------------------------------- */

bool known_find(struct known *k, const char *name, const char *version,
		struct known_exp *out)
{
	struct line *line;
	bool found;

	pthread_mutex_lock(&k->lock);
	line = strmap_get(&k->names, name);
	found = line && read_now(line) && !strcmp(line->exp.version, version);
	if (found) {
		line->listed = true;
		*out = line->exp;
	}
	pthread_mutex_unlock(&k->lock);
	return found;
}

static struct line *copy(struct known *k, const struct known_exp *e)
{
	size_t name = strlen(e->name) + 1, version = strlen(e->version) + 1;
	size_t summary = strlen(e->summary) + 1;
	struct block *b = xmalloc(sizeof(*b) + name + version + summary);

	memset(&b->line, 0, sizeof(b->line));
	b->line.exp = *e;
	b->line.exp.name = memcpy(b->text, e->name, name);
	b->line.exp.version = memcpy(b->text + name, e->version, version);
	b->line.exp.summary = memcpy(b->text + name + version, e->summary,
				     summary);
	b->next = k->blocks;
	k->blocks = b;
	return &b->line;
}

void known_put(struct known *k, const struct known_exp *e)
{
	struct known_exp kept = *e;
	struct line *line;

	if (!info_text_is_version(e->version) || e->level > LEVEL_MAX)
		return;
	if (strlen(e->summary) > KNOWN_SUMMARY_MAX) {
		kept.level = MINIMUM(e->level, LEVEL_MAX - 1u);
		kept.summary = "";
	}
	pthread_mutex_lock(&k->lock);
	line = copy(k, &kept);
	line->listed = true;
	strmap_put(&k->names, line->exp.name, line);
	k->changed = true;
	pthread_mutex_unlock(&k->lock);
}

void known_forget(struct known *k, const char *name)
{
	pthread_mutex_lock(&k->lock);
	if (strmap_put(&k->names, name, NULL))
		k->changed = true;
	pthread_mutex_unlock(&k->lock);
}

void known_listing_begin(struct known *k)
{
	size_t i;

	pthread_mutex_lock(&k->lock);
	for (i = 0; i < k->names.nr; i++) {
		struct line *line = k->names.item[i].value;

		if (line)
			line->listed = false;
	}
	pthread_mutex_unlock(&k->lock);
}

void known_listing_end(struct known *k, int64_t seen)
{
	size_t i;

	pthread_mutex_lock(&k->lock);
	for (i = 0; i < k->names.nr; i++) {
		struct line *line = k->names.item[i].value;

		if (!line || line->listed)
			continue;
		k->names.item[i].value = NULL;
		k->changed = true;
	}
	if (!k->seen)
		k->changed = true;	/* that there is nothing is news */
	k->seen = seen;
	pthread_mutex_unlock(&k->lock);
}

int64_t known_seen(const struct known *k)
{
	return k->seen;
}

void known_each(struct known *k,
		void (*fn)(const struct known_exp *e, void *data), void *data)
{
	size_t i;

	for (i = 0; i < k->names.nr; i++) {
		struct line *line = k->names.item[i].value;

		if (line && name_is_valid(line->exp.name) && read_now(line))
			fn(&line->exp, data);
	}
}
