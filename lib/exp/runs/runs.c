#include "lib/base/compat.h"
#include "lib/exp/runs/runs.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strmap.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/runs/runs-internal.h"
#include "lib/exp/record/trial-find.h"

unsigned runs_threads(size_t nr, size_t per_worker)
{
	size_t most = nr / per_worker + 1;
	unsigned cores = workers_default();

	return most < cores ? (unsigned)most : cores;
}

static unsigned helpers(size_t nr, size_t per_worker)
{
	unsigned threads = runs_threads(nr, per_worker);

	/* one helper alone would be no thread: workers.h */
	return threads < 2 ? 0 : MAXIMUM(threads - 1, 2u);
}

struct workers *runs_pool(struct runs *runs, size_t nr, size_t per_worker)
{
	unsigned threads = helpers(nr, per_worker);

	if (!runs->pool && threads)
		runs->pool = workers_start(threads);
	return runs->pool;
}

unsigned runs_pool_nr(const struct runs *runs)
{
	return runs->pool ? workers_nr(runs->pool) + 1 : 1;
}

static struct runs *runs_new(const struct project *p)
{
	struct runs *runs = xcalloc(1, sizeof(*runs));

	runs->project = p;
	runs->names = field_names_new();
	runs->now = moment_now();
	runs->block_read = SIZE_MAX;
	strvec_init(&runs->problems);
	strvec_init(&runs->written);
	strbuf_init(&runs->block_rows);
	return runs;
}

static void add_run(struct runs *runs, const char *name, const char *dir)
{
	struct read_run run = { 0 };

	if (name)
		run.name = xstrdup(name);
	if (dir)
		run.dir = xstrdup(dir);
	strbuf_init(&run.row);
	runs_keep(runs, &run);
}

/* All of them are in memory, in order. */
static void read_runs(struct runs *runs)
{
	size_t i;

	runs_read_all(runs);
	runs->nr = runs->read_nr;
	runs->place = xcalloc(runs->nr + 1, sizeof(*runs->place));
	for (i = 0; i < runs->nr; i++)
		runs->place[i] = (struct run_place){
			.name = runs->run[i].name, .read = (uint32_t)i
		};
}

/* Without a place for an index. */
static int read_here(struct runs *runs, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	int ret = exp_list_names(runs->project, &names, err);
	size_t i;

	for (i = 0; !ret && i < names.nr; i++)
		add_run(runs, names.v[i], NULL);
	if (!ret)
		read_runs(runs);
	strvec_release(&names);
	return ret;
}

static void forget_bound(struct runs *runs)
{
	size_t i;

	free(runs->first);
	free(runs->place_of);
	runs->first = NULL;
	runs->place_of = NULL;
	runs->block_read = SIZE_MAX;
	for (i = 0; i < runs->nr; i++)
		runs->place[i].block = NOT_READ;
}

/* Most names are lent from there: then they are the same text. */
static int compare_names(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

void runs_bind(struct runs *runs)
{
	const struct index *ix = runs->ix;
	size_t blocks = index_nr_blocks(ix), nr = 0, next = 0, i;

	forget_bound(runs);
	runs->first = xcalloc(blocks + 1, sizeof(*runs->first));
	runs->place_of = xcalloc(index_nr_runs(ix) + 1,
				 sizeof(*runs->place_of));
	for (i = 0; i < blocks; i++) {
		struct index_entry entry = { 0 };
		size_t at = 0;

		runs->first[i] = nr;
		while (index_block_next(index_block_at(ix, i), &at, &entry)) {
			struct run_place *place;
			int order = -1;

			runs->place_of[nr++] = NOT_READ;
			while (next < runs->nr && (order = compare_names(
				       runs->place[next].name,
				       entry.name)) < 0)
				next++;
			if (next == runs->nr || order ||
			    runs->place[next].read != NOT_READ)
				continue;
			place = &runs->place[next];
			runs->place_of[nr - 1] = (uint32_t)next;
			place->block = (uint32_t)i;
			place->row_at = (uint32_t)entry.row_at;
			place->row_len = (uint32_t)entry.row_len;
		}
	}
	runs->first[blocks] = nr;
}

struct place_list {
	size_t *place;
	size_t nr, alloc;
};

static void tell_problem(struct runs *runs, size_t nr)
{
	struct strbuf room = STRBUF_INIT;
	struct run_row row;
	struct cell cell;
	unsigned id;

	if (field_names_find(runs->names, "problem", &id) &&
	    !runs_row(runs, nr, &room, &row, NULL) &&
	    run_row_get(&row, id, &cell) && cell.type == CELL_TEXT)
		strvec_pushn(&runs->problems, cell.u.text.data,
			     cell.u.text.len);
	strbuf_release(&room);
}

/* The places of those that have one, in the block. */
static void list_problems(const struct runs *runs, size_t block,
			  struct place_list *out)
{
	const struct index_block *b = index_block_at(runs->ix, block);
	size_t nr = runs->first[block], at = 0;
	struct index_entry entry = { 0 };

	if (!(b->flags & INDEX_PROBLEM))
		return;
	for (; index_block_next(b, &at, &entry); nr++) {
		if (!(entry.flags & INDEX_PROBLEM) ||
		    runs->place_of[nr] == NOT_READ)
			continue;
		ARRAY_GROW(out->place, out->nr + 1, out->alloc);
		out->place[out->nr++] = runs->place_of[nr];
	}
}

/* Of those in the index the flag says so, and the row what it is. Listed
 * before they are read, which may find other blocks there. */
static void find_problems(struct runs *runs)
{
	struct place_list list = { 0 };
	size_t i;

	for (i = 0; i < runs->read_nr; i++)
		if (runs->run[i].problem)
			strvec_push(&runs->problems, runs->run[i].problem);
	for (i = 0; runs->ix && i < index_nr_blocks(runs->ix); i++)
		list_problems(runs, i, &list);
	for (i = 0; i < list.nr; i++)
		tell_problem(runs, list.place[i]);
	free(list.place);
}

static void finish(struct runs *runs)
{
	/* what only runs that go on have is found by its name, too */
	field_names_add(runs->names, "duration", strlen("duration"));
	runs->workers = 1 + (runs->pool ? workers_nr(runs->pool) :
			     helpers(runs->nr, ROWS_PER_WORKER));
	find_problems(runs);
}

static int open_index(struct runs *runs, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = index_path(&path, runs->project, runs->remote,
			     !runs->remote, err);

	if (!ret && runs->remote && access(path.buf, F_OK))
		ret = fail(err, ERR_NOT_FOUND, "nothing is known of the "
			   "experiments in '%s': 'resutil update-index "
			   "--remote %s' asks it", runs->remote, runs->remote);
	if (!ret)
		ret = index_open(&runs->ix, path.buf, runs->names, err);
	strbuf_release(&path);
	return ret;
}

static int open_here(struct runs *runs, unsigned flags, struct strbuf *err)
{
	if (open_index(runs, NULL))
		return read_here(runs, err);
	if ((flags & RUNS_NO_REFRESH) && index_nr_runs(runs->ix)) {
		runs_take_known(runs);
		return 0;
	}
	return runs_refresh(runs, err);
}

int runs_open(struct runs **out, const struct project *p, const char *remote,
	      unsigned flags, struct strbuf *err)
{
	struct runs *runs = runs_new(p);
	int ret;

	/* each thread takes and frees rows by the hundred kilobytes */
	alloc_keep_freed();
	runs->remote = remote;
	if (remote) {
		ret = open_index(runs, err);
		if (!ret)
			runs_take_known(runs);
	} else {
		ret = open_here(runs, flags, err);
	}
	if (ret) {
		runs_close(runs);
		return ret;
	}
	if (runs->ix)
		runs_bind(runs);
	finish(runs);
	*out = runs;
	return 0;
}

/* Paths may overlap, and a run that counted twice would make statistics lie. */
static void add_found(struct runs *runs, const struct found_trials *found,
		      bool overlap)
{
	struct strmap seen = STRMAP_INIT;
	struct strvec keys = STRVEC_INIT;
	size_t i;

	for (i = 0; i < found->nr; i++) {
		const char *dir = found->trial[i].dir, *key;
		struct stat st;

		if (overlap && !stat(dir, &st)) {
			key = strvec_pushf(&keys, "%ju %ju",
					   (uintmax_t)st.st_dev,
					   (uintmax_t)st.st_ino);
			if (strmap_put(&seen, key, (void *)key))
				continue;
		}
		add_run(runs, NULL, dir);
	}
	strmap_release(&seen);
	strvec_release(&keys);
}

int runs_open_paths(struct runs **out, const struct strvec *paths,
		    struct strvec *problems, struct strbuf *err UNUSED)
{
	struct found_trials found = FOUND_TRIALS_INIT;
	struct runs *runs = runs_new(NULL);
	int ret = 0;
	size_t i;

	for (i = 0; i < paths->nr; i++)
		if (trials_find(&found, paths->v[i], false, problems))
			ret = ERR_PARTLY;
	add_found(runs, &found, paths->nr > 1);
	found_trials_release(&found);
	read_runs(runs);
	finish(runs);
	*out = runs;
	return ret;
}

size_t runs_nr(const struct runs *runs)
{
	return runs->nr;
}

const char *runs_name(const struct runs *runs, size_t nr)
{
	return runs->place[nr].name;
}

const struct field_names *runs_names(const struct runs *runs)
{
	return runs->names;
}

const struct strvec *runs_problems(const struct runs *runs)
{
	return &runs->problems;
}

unsigned runs_workers(const struct runs *runs)
{
	return runs->workers;
}

bool runs_are_indexed(const struct runs *runs)
{
	return runs->ix != NULL;
}

size_t runs_nr_read(const struct runs *runs)
{
	return runs->written.nr + runs->read_nr;
}

void runs_close(struct runs *runs)
{
	size_t i;

	if (!runs)
		return;
	workers_stop(&runs->pool);
	if (runs->damaged)
		index_discard(runs->ix);
	index_close(runs->ix);
	for (i = 0; i < runs->read_nr; i++)
		read_run_release(&runs->run[i]);
	free(runs->run);
	free(runs->place);
	free(runs->first);
	free(runs->place_of);
	strvec_release(&runs->written);
	strbuf_release(&runs->block_rows);
	strvec_release(&runs->problems);
	field_names_free(runs->names);
	free(runs);
}
