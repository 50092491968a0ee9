#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/path.h"
#include "lib/base/workers.h"
#include "lib/exp/name.h"
#include "lib/exp/record.h"
#include "lib/exp/runs-internal.h"
#include "lib/exp/series.h"

/* Below that a thread costs more than it saves. */
#define RUNS_PER_WORKER 32

struct reading {
	struct work work;
	struct runs *runs;
	size_t *next;
};

/* What a person calls it: an experiment by its directory, a trial by the text
 * in its record. */
static void set_name(struct read_run *run, const struct value *record)
{
	const char *base = path_basename(run->dir);
	const char *tid = value_get_text(record, "tid");

	if (name_is_valid(base))
		run->name = xstrdup(base);
	else
		run->name = xstrdup(tid && *tid ? tid : run->dir);
}

static void read_one(struct runs *runs, struct read_run *run)
{
	struct run_facts facts = { .dir = run->dir };
	struct strbuf dir = STRBUF_INIT, err = STRBUF_INIT;
	struct strvec problems = STRVEC_INIT;
	struct value *record = NULL, *metrics = NULL;

	if (run->dir)
		strbuf_addstr(&dir, run->dir);
	else
		project_exp_path(runs->project, run->name, &dir);
	if (record_read(&record, dir.buf, &err)) {
		record = NULL;
		run->problem = strbuf_detach(&err, NULL);
	}
	metrics = series_facts(dir.buf, &problems);
	if (!run->problem && problems.nr)
		run->problem = xstrdup(problems.v[0]);
	if (run->dir)
		set_name(run, record);
	facts.name = run->name;
	facts.problem = run->problem;
	facts.metrics = metrics;
	run_row_build(&run->row, runs->names, record, &facts);
	value_free(metrics);
	value_free(record);
	strvec_release(&problems);
	strbuf_release(&err);
	strbuf_release(&dir);
}

static void read_some(struct work *work, unsigned worker UNUSED)
{
	struct reading *r = (struct reading *)work;

	for (;;) {
		size_t i = __atomic_fetch_add(r->next, 1, __ATOMIC_RELAXED);

		if (i >= r->runs->nr)
			return;
		read_one(r->runs, &r->runs->run[i]);
	}
}

void runs_read_all(struct runs *runs)
{
	struct workers *workers =
		workers_start(runs_threads(runs->nr, RUNS_PER_WORKER));
	unsigned nr = workers_nr(workers), i;
	struct reading *reading = xcalloc(nr, sizeof(*reading));
	size_t next = 0, k;

	for (i = 0; i < nr; i++) {
		reading[i].work.fn = read_some;
		reading[i].runs = runs;
		reading[i].next = &next;
		workers_add(workers, &reading[i].work);
	}
	workers_stop(&workers);
	free(reading);
	for (k = 0; k < runs->nr; k++)
		if (runs->run[k].problem)
			strvec_push(&runs->problems, runs->run[k].problem);
}
