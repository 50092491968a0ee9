/*
 * Bringing the index up to date. What changed is read in batches; a batch is
 * written while the next one is read.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/runs/runs-internal.h"

/*
 * Runs that are read and then written at once. Towards the end they are fewer,
 * so that not much is left to be written when all is read.
 */
#define BATCH_MOST 4096u
#define BATCH_LEAST 512u
#define BATCH_PART 3		/* of what is left */
/* Below that a thread costs more than it saves. */
#define READS_PER_WORKER 32

struct todo {
	const char *name;
	bool gone;
};

/* ---- what there is to do ---- */

struct plan {
	struct todo *todo;	/* in byte order */
	size_t todo_nr, todo_alloc;
	const char **kept;	/* names that are as they were */
	size_t kept_nr;
	size_t gone;
};

static void add_todo(struct plan *plan, const char *name, bool gone)
{
	ARRAY_GROW(plan->todo, plan->todo_nr + 1, plan->todo_alloc);
	plan->todo[plan->todo_nr++] = (struct todo){ name, gone };
	plan->gone += gone;
}

/* Both lists are sorted. */
static void make_plan(struct plan *plan, const struct looking *l)
{
	const struct index *ix = l->runs->ix;
	const struct strvec *fresh = &l->new_names;
	size_t blocks = index_nr_blocks(ix), next = 0, i;

	plan->kept = xcalloc(index_nr_runs(ix) + 1, sizeof(*plan->kept));
	for (i = 0; i < blocks; i++) {
		struct index_entry entry = { 0 };
		size_t at = 0, nr = l->first[i];

		while (index_block_next(index_block_at(ix, i), &at, &entry)) {
			unsigned char status = l->status[nr++];

			while (next < fresh->nr &&
			       strcmp(fresh->v[next], entry.name) < 0)
				add_todo(plan, fresh->v[next++], false);
			if (status == RUN_SAME)
				plan->kept[plan->kept_nr++] = entry.name;
			else
				add_todo(plan, entry.name, status == RUN_GONE);
		}
	}
	while (next < fresh->nr)
		add_todo(plan, fresh->v[next++], false);
}

static void plan_release(struct plan *plan)
{
	free(plan->todo);
	free(plan->kept);
}

/* ---- doing it ---- */

struct batch {
	struct read_run *run;
	size_t nr;
	struct reading *reading;
};

struct doing {
	struct runs *runs;
	const struct plan *plan;
	size_t at;		/* the next of todo */
	struct early *early;
	struct workers *workers;
	int results;
	bool no_index;		/* it cannot be written (any more) */
};

static size_t batch_size(size_t left)
{
	size_t nr = MAXIMUM(left / BATCH_PART, BATCH_LEAST);

	return MINIMUM(MINIMUM(nr, BATCH_MOST), left);
}

static void batch_start(struct doing *d, struct batch *b)
{
	size_t nr = batch_size(d->plan->todo_nr - d->at), i;

	b->run = xcalloc(nr + 1, sizeof(*b->run));
	b->nr = 0;
	for (i = 0; i < nr; i++, d->at++) {
		const struct todo *todo = &d->plan->todo[d->at];
		struct read_run *run;

		if (todo->gone)
			continue;
		run = &b->run[b->nr++];
		if (early_take(d->early, todo->name, run))
			continue;
		run->name = xstrdup(todo->name);
		strbuf_init(&run->row);
	}
	b->reading = reading_start(d->runs, d->workers, b->run, b->nr,
				   d->results);
}

static void to_change(struct index_change *c, const struct read_run *run)
{
	memset(c, 0, sizeof(*c));
	c->entry.name = run->name;
	c->entry.sign = run->sign;
	c->entry.flags = run->flags;
	c->entry.files = run->files;
	c->entry.files_len = run->files_len;
	c->entry.nr_files = run->nr_files;
	c->entry.row = (const unsigned char *)run->row.buf;
	c->entry.row_len = run->row.len;
}

/* What was read and may be kept, and (with the first batch) what is gone. */
static size_t gather(const struct doing *d, const struct batch *b, bool first,
		     struct index_change *out)
{
	const struct plan *plan = d->plan;
	size_t nr = 0, r = 0, g = first ? 0 : plan->todo_nr;

	for (;;) {
		const char *name = r < b->nr ? b->run[r].name : NULL;

		while (g < plan->todo_nr && !plan->todo[g].gone)
			g++;
		if (g < plan->todo_nr &&
		    (!name || strcmp(plan->todo[g].name, name) < 0)) {
			memset(&out[nr], 0, sizeof(*out));
			out[nr].entry.name = plan->todo[g++].name;
			out[nr++].gone = true;
			continue;
		}
		if (!name)
			return nr;
		if (b->run[r].seen)
			to_change(&out[nr++], &b->run[r]);
		r++;
	}
}

/* One that was written lives in the index from now on. */
static void settle(struct doing *d, struct batch *b, bool written)
{
	size_t i;

	for (i = 0; i < b->nr; i++) {
		struct read_run *run = &b->run[i];

		if (!written || !run->seen) {
			runs_keep(d->runs, run);
			continue;
		}
		strvec_push(&d->runs->written, run->name);
		read_run_release(run);
	}
	free(b->run);
}

static void batch_write(struct doing *d, struct batch *b, bool first)
{
	struct strbuf err = STRBUF_INIT;
	struct index_change *change;
	bool written = false;
	size_t nr;
	int ret;

	if (!d->no_index) {
		change = xcalloc(b->nr + (first ? d->plan->gone : 0) + 1,
				 sizeof(*change));
		nr = gather(d, b, first, change);
		ret = index_write(d->runs->ix, change, nr, &err);
		written = !ret;
		d->no_index = ret != 0;
		d->runs->damaged |= ret == ERR_CONTENT;
		free(change);
	}
	settle(d, b, written);
	strbuf_release(&err);
}

/* The next batch is given to the threads before the one that they are at is
 * done, so that none of them has to wait for what happens here. */
static void do_plan(struct doing *d)
{
	struct batch now, next;
	bool first = true, more;

	if (!d->plan->todo_nr)
		return;
	batch_start(d, &now);
	do {
		more = d->at < d->plan->todo_nr;
		if (more)
			batch_start(d, &next);
		reading_wait(&now.reading, d->workers);
		batch_write(d, &now, first);
		first = false;
		if (more)
			now = next;
	} while (more);
}

static int compare_places(const void *a, const void *b)
{
	return strcmp(((const struct run_place *)a)->name,
		      ((const struct run_place *)b)->name);
}

/* Three sorted lists: what was kept, what was written, what is in memory. */
static void make_places(struct runs *runs, const struct plan *plan)
{
	size_t nr = plan->kept_nr + runs->written.nr + runs->read_nr, i;
	struct run_place *place = xcalloc(nr + 1, sizeof(*place));

	runs->place = place;
	runs->nr = nr;
	for (i = 0; i < plan->kept_nr; i++)
		*place++ = (struct run_place){ .name = plan->kept[i],
					       .read = NOT_READ };
	for (i = 0; i < runs->written.nr; i++)
		*place++ = (struct run_place){ .name = runs->written.v[i],
					       .read = NOT_READ };
	for (i = 0; i < runs->read_nr; i++)
		*place++ = (struct run_place){ .name = runs->run[i].name,
					       .read = (uint32_t)i };
	if (nr > plan->kept_nr)
		qsort(runs->place, nr, sizeof(*place), compare_places);
}

static void refresh(struct runs *runs, struct looking *l)
{
	struct doing d = { .runs = runs, .results = l->results,
			   .early = &l->early };
	struct plan plan = { 0 };

	make_plan(&plan, l);
	early_finish(&l->early);
	if (!l->early.workers)
		l->early.workers = workers_start(
			runs_threads(plan.todo_nr, READS_PER_WORKER));
	d.plan = &plan;
	d.workers = l->early.workers;
	do_plan(&d);
	workers_stop(&l->early.workers);
	make_places(runs, &plan);
	plan_release(&plan);
}

int runs_refresh(struct runs *runs, struct strbuf *err)
{
	struct looking l = { .runs = runs, .new_names = STRVEC_INIT };
	struct strvec none = STRVEC_INIT;
	int ret = 0;

	l.results = open(runs->project->results_path,
			 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l.results < 0) {
		/* none, or the reason why not */
		ret = exp_list_names(runs->project, &none, err);
		strvec_release(&none);
		runs->place = xcalloc(1, sizeof(*runs->place));
		return ret;
	}
	errno = looking_do(&l);
	if (errno)
		ret = fail_errno(err, "cannot read '%s'",
				 runs->project->results_path);
	else if (l.changed || l.new_names.nr)
		refresh(runs, &l);
	else
		runs_take_known(runs);
	looking_release(&l);
	close(l.results);
	return ret;
}

void runs_take_known(struct runs *runs)
{
	const struct index *ix = runs->ix;
	size_t i;

	runs->place = xcalloc(index_nr_runs(ix) + 1, sizeof(*runs->place));
	for (i = 0; i < index_nr_blocks(ix); i++) {
		struct index_entry entry = { 0 };
		size_t at = 0;

		while (index_block_next(index_block_at(ix, i), &at, &entry))
			runs->place[runs->nr++] = (struct run_place){
				.name = entry.name, .read = NOT_READ
			};
	}
}
