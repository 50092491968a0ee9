#include "lib/base/compat.h"
#include "lib/exp/runs.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/workers.h"
#include "lib/exp/exp-list.h"
#include "lib/exp/runs-internal.h"
#include "lib/exp/trial-find.h"

/* Below that a thread costs more than it saves. */
#define ROWS_PER_WORKER 512
/* Rows that a thread takes at once. */
#define ROWS_TAKEN 64

unsigned runs_threads(size_t nr, size_t per_worker)
{
	size_t most = nr / per_worker + 1;
	unsigned cores = workers_default();

	return most < cores ? (unsigned)most : cores;
}

static struct runs *runs_new(const struct project *p)
{
	struct runs *runs = xcalloc(1, sizeof(*runs));

	runs->project = p;
	runs->names = field_names_new();
	runs->now = moment_now();
	strvec_init(&runs->problems);
	return runs;
}

static void add_run(struct runs *runs, const char *name, const char *dir)
{
	struct read_run *run = &runs->run[runs->nr++];

	if (name)
		run->name = xstrdup(name);
	if (dir)
		run->dir = xstrdup(dir);
	strbuf_init(&run->row);
}

static void read_runs(struct runs *runs)
{
	runs_read_all(runs);
	runs->workers = runs_threads(runs->nr, ROWS_PER_WORKER);
}

int runs_open(struct runs **out, const struct project *p, const char *remote,
	      unsigned flags UNUSED, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	struct runs *runs;
	size_t i;
	int ret;

	if (remote)
		return fail(err, ERR_NOT_FOUND,
			    "nothing is known of the experiments in '%s'",
			    remote);
	ret = exp_list_names(p, &names, err);
	if (ret)
		goto cleanup;
	runs = runs_new(p);
	runs->run = xcalloc(names.nr, sizeof(*runs->run));
	for (i = 0; i < names.nr; i++)
		add_run(runs, names.v[i], NULL);
	read_runs(runs);
	*out = runs;

cleanup:
	strvec_release(&names);
	return ret;
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
	runs->run = xcalloc(found.nr, sizeof(*runs->run));
	for (i = 0; i < found.nr; i++)
		add_run(runs, NULL, found.trial[i].dir);
	found_trials_release(&found);
	read_runs(runs);
	*out = runs;
	return ret;
}

size_t runs_nr(const struct runs *runs)
{
	return runs->nr;
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
	return MAXIMUM(runs->workers, 1);
}

struct passing {
	struct work work;
	const struct runs *runs;
	const struct live_fields *fields;
	runs_fn fn;
	void *data;
	size_t *next;
	int *code;	/* non-zero stops all */
};

static void get_row(const struct runs *runs, const struct live_fields *fields,
		    size_t nr, struct run_row *row, struct strbuf *room)
{
	const struct read_run *run = &runs->run[nr];

	row->name = run->name;
	row->data = (const unsigned char *)run->row.buf;
	row->len = run->row.len;
	runs_live_row(runs, fields, run->dir, row, room);
}

static int pass_row(const struct passing *p, size_t nr, unsigned worker,
		    struct strbuf *room)
{
	struct run_row row;

	get_row(p->runs, p->fields, nr, &row, room);
	return p->fn(&row, nr, worker, p->data);
}

static void pass_some(struct work *work, unsigned worker)
{
	struct passing *p = (struct passing *)work;
	struct strbuf room = STRBUF_INIT;

	while (!__atomic_load_n(p->code, __ATOMIC_RELAXED)) {
		size_t i = __atomic_fetch_add(p->next, ROWS_TAKEN,
					      __ATOMIC_RELAXED);
		size_t end = MINIMUM(i + ROWS_TAKEN, p->runs->nr);
		int ret = 0;

		if (i >= end)
			break;
		for (; !ret && i < end; i++)
			ret = pass_row(p, i, worker, &room);
		if (ret)
			__atomic_store_n(p->code, ret, __ATOMIC_RELAXED);
	}
	strbuf_release(&room);
}

int runs_each(struct runs *runs, runs_fn fn, void *data,
	      struct strbuf *err UNUSED)
{
	struct workers *workers = workers_start(runs_workers(runs));
	unsigned nr = workers_nr(workers), i;
	struct passing *passing = xcalloc(nr, sizeof(*passing));
	struct live_fields fields;
	size_t next = 0;
	int code = 0;

	runs_live_fields(&fields, runs->names);
	for (i = 0; i < nr; i++) {
		passing[i] = (struct passing){
			.work.fn = pass_some, .runs = runs, .fields = &fields,
			.fn = fn, .data = data, .next = &next, .code = &code
		};
		workers_add(workers, &passing[i].work);
	}
	workers_stop(&workers);
	free(passing);
	return code;
}

const char *runs_name(const struct runs *runs, size_t nr)
{
	return runs->run[nr].name;
}

int runs_row(struct runs *runs, size_t nr, struct strbuf *room,
	     struct run_row *row, struct strbuf *err UNUSED)
{
	struct live_fields fields;

	runs_live_fields(&fields, runs->names);
	get_row(runs, &fields, nr, row, room);
	return 0;
}

void runs_close(struct runs *runs)
{
	size_t i;

	if (!runs)
		return;
	for (i = 0; i < runs->nr; i++) {
		free(runs->run[i].name);
		free(runs->run[i].dir);
		free(runs->run[i].problem);
		strbuf_release(&runs->run[i].row);
	}
	free(runs->run);
	strvec_release(&runs->problems);
	field_names_free(runs->names);
	free(runs);
}
