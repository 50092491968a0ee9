/*
 * What has changed since the index was written. All entries are looked at by
 * several threads (stat(2) says whether they are as they were), while this one
 * lists results_dir for names that the index does not have.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fingerprint.h"
#include "lib/exp/record/name.h"
#include "lib/exp/runs/runs-internal.h"

#include <dirent.h>

/* Below that a thread costs more than it saves. */
#define LOOKS_PER_WORKER 256
/* A block is looked at in so many pieces, so that threads end together. */
#define PIECES 4

/*
 * A set of names, each there once, told from another one by the sum of their
 * fingerprints. Most often nothing is new, and then no name need be looked up.
 */
struct name_sum {
	uint64_t a, b, nr;
};

/* Known names, to be found by those of results_dir. */
struct known {
	const char **slot;
	size_t mask;
};

struct look_work {
	struct work work;
	struct looking *looking;
	struct name_sum there;
	size_t changed;
};

struct listing {
	struct early *early;	/* NULL: some names may be known */
	int results;
	struct strbuf names;	/* each with its NUL */
	struct name_sum sum;
};

static void sum_add(struct name_sum *sum, const char *name)
{
	struct fingerprint f = FINGERPRINT_INIT;
	uint64_t raw[2];

	fingerprint_add(&f, name, strlen(name));
	fingerprint_finish(&f, (unsigned char *)raw);
	sum->a += raw[0];
	sum->b += raw[1];
	sum->nr++;
}

static void sum_join(struct name_sum *sum, const struct name_sum *other)
{
	sum->a += other->a;
	sum->b += other->b;
	sum->nr += other->nr;
}

/* ---- what there is in results_dir ---- */

static uint64_t hash_name(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

static void know(struct known *known, const char *name)
{
	size_t at = hash_name(name) & known->mask;

	while (known->slot[at])
		at = (at + 1) & known->mask;
	known->slot[at] = name;
}

static bool is_known(const struct known *known, const char *name)
{
	size_t at = hash_name(name) & known->mask;

	for (; known->slot[at]; at = (at + 1) & known->mask)
		if (!strcmp(known->slot[at], name))
			return true;
	return false;
}

static void know_all(struct known *known, const struct index *ix)
{
	size_t slots = 16, i;

	while (slots < 2 * index_nr_runs(ix))
		slots *= 2;
	known->slot = xcalloc(slots, sizeof(*known->slot));
	known->mask = slots - 1;
	for (i = 0; i < index_nr_blocks(ix); i++) {
		struct index_entry entry = { 0 };
		size_t at = 0;

		while (index_block_next(index_block_at(ix, i), &at, &entry))
			know(known, entry.name);
	}
}

static bool is_directory(int results, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return !fstatat(results, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(st.st_mode);
}

/* Whether it is worth asking name_is_valid(). */
static bool is_like_a_name(const char *name)
{
	return *name != '.' && strnlen(name, NAME_HEAD_LEN) == NAME_HEAD_LEN &&
	       name[NAME_PREFIX_LEN] == '_';
}

static int list_names(struct listing *list)
{
	int fd = fcntl(list->results, F_DUPFD_CLOEXEC, 0), code;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		code = errno;
		if (fd >= 0)
			close(fd);
		return code;
	}
	rewinddir(dir);
	while (errno = 0, (entry = readdir(dir))) {
		if (!is_like_a_name(entry->d_name) ||
		    !is_directory(list->results, entry))
			continue;
		sum_add(&list->sum, entry->d_name);
		strbuf_add(&list->names, entry->d_name,
			   strlen(entry->d_name) + 1);
		if (list->early && name_is_valid(entry->d_name))
			early_offer(list->early, entry->d_name);
	}
	code = errno;
	closedir(dir);
	return code;
}

static void find_new(struct looking *l, const struct listing *list)
{
	const char *name = list->names.buf, *end = name + list->names.len;
	struct known known;

	know_all(&known, l->runs->ix);
	for (; name < end; name += strlen(name) + 1)
		if (!is_known(&known, name) && name_is_valid(name))
			strvec_push(&l->new_names, name);
	free(known.slot);
	strvec_sort(&l->new_names, false);
}

/* ---- what was there before ---- */

static void look_at_piece(struct look_work *w, int results, size_t block,
			  size_t part)
{
	struct looking *l = w->looking;
	const struct index_block *b = index_block_at(l->runs->ix, block);
	size_t from = b->nr * part / PIECES, to = b->nr * (part + 1) / PIECES;
	struct index_entry entry = { 0 };
	size_t at = 0, i;

	for (i = 0; i < to && index_block_next(b, &at, &entry); i++) {
		enum run_change status;

		if (i < from)
			continue;
		status = run_look_again(&entry, results);
		l->status[l->first[block] + i] = (unsigned char)status;
		w->changed += status != RUN_SAME;
		if (status != RUN_GONE)
			sum_add(&w->there, entry.name);
	}
}

/* Each thread has opened results_dir by itself: the kernel counts who uses an
 * open file, and threads would wait for each other's count. */
static void look_at_some(struct work *work, unsigned worker UNUSED)
{
	struct look_work *w = (struct look_work *)work;
	struct looking *l = w->looking;
	size_t pieces = PIECES * index_nr_blocks(l->runs->ix);
	int results = open(l->runs->project->results_path,
			   O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (;;) {
		size_t nr = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

		if (nr >= pieces)
			break;
		look_at_piece(w, results < 0 ? l->results : results,
			      nr / PIECES, nr % PIECES);
	}
	if (results >= 0)
		close(results);
}

static void number_entries(struct looking *l)
{
	const struct index *ix = l->runs->ix;
	size_t blocks = index_nr_blocks(ix), nr = 0, i;

	l->first = xcalloc(blocks + 1, sizeof(*l->first));
	for (i = 0; i < blocks; i++) {
		l->first[i] = nr;
		nr += index_block_at(ix, i)->nr;
	}
	l->first[blocks] = nr;
	l->status = xcalloc(nr + 1, 1);
}

int looking_do(struct looking *l)
{
	struct workers *pool = runs_pool(l->runs, index_nr_runs(l->runs->ix),
					 LOOKS_PER_WORKER);
	unsigned nr = runs_pool_nr(l->runs), i;
	struct look_work *work = xcalloc(nr, sizeof(*work));
	struct listing list = { .results = l->results,
				.names = STRBUF_INIT };
	struct name_sum there = { 0 };
	int code;

	l->early.runs = l->runs;
	l->early.results = l->results;
	if (!index_nr_runs(l->runs->ix))
		list.early = &l->early;
	number_entries(l);
	for (i = 0; i < nr; i++) {
		work[i].work.fn = look_at_some;
		work[i].looking = l;
		if (i)
			workers_add(pool, &work[i].work);
	}
	code = list_names(&list);
	look_at_some(&work[0].work, 0);
	if (pool)
		workers_wait_all(pool);
	for (i = 0; i < nr; i++) {
		sum_join(&there, &work[i].there);
		l->changed += work[i].changed;
	}
	if (!code && memcmp(&there, &list.sum, sizeof(there)) != 0)
		find_new(l, &list);
	strbuf_release(&list.names);
	free(work);
	return code;
}

void looking_release(struct looking *l)
{
	early_release(&l->early);
	free(l->first);
	free(l->status);
	strvec_release(&l->new_names);
}
