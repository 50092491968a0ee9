/*
 * What columns of many runs come to: threads read, each a run at a time, and
 * rows are printed in the order of the runs.
 */
#include "lib/base/compat.h"
#include "builtin/metrics-parts.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strmap.h"
#include "lib/base/workers.h"

/* One series of one run. */
struct sums {
	char *series;
	struct strvec columns;
	struct series_sum *sum;
	struct series_numbers *numbers;	/* where sums are not enough */
	char *problem;
};

struct task {
	struct work work;
	const struct metrics_job *job;
	const struct series_run *run;
	struct sums *sums;
	size_t nr;
	char *problem;		/* of the run as a whole, */
	int code;		/* and why */
};

/* Column by column, since all numbers of one have to be kept. */
static int read_numbers(struct sums *s, const char *dir, struct strbuf *err)
{
	struct series *series = NULL;
	const struct cell *cells;
	int ret, bad = 0;
	size_t i;

	s->numbers = xcalloc(s->columns.nr + 1, sizeof(*s->numbers));
	for (i = 0; i < s->columns.nr; i++) {
		struct strvec only = STRVEC_INIT;

		strvec_push(&only, s->columns.v[i]);
		series_numbers_clear(&s->numbers[i]);
		ret = series_open(&series, dir, s->series, &only, err);
		strvec_release(&only);
		if (ret)
			return ret;
		while ((ret = series_next(series, &cells,
					  bad ? NULL : err)))
			if (ret > 0)
				series_numbers_add(&s->numbers[i], &cells[1]);
			else
				bad = ERR_PARTLY;
		series_close(series);
	}
	return bad;
}

/* Returns ERR_NOT_FOUND where there is no such series; all else is told. */
static int sum_up(struct sums *s, const struct task *task)
{
	struct strbuf err = STRBUF_INIT;
	size_t i;
	int ret;

	for (i = 0; i < task->job->columns.nr; i++)
		strvec_push(&s->columns, task->job->columns.v[i]);
	ret = series_sums(&s->sum, &s->columns, task->run->dir, s->series,
			  &err);
	if (ret == ERR_NOT_FOUND) {
		strbuf_release(&err);
		return ret;
	}
	if ((!ret || ret == ERR_PARTLY) && task->job->thin.functions.exact) {
		strbuf_reset(&err);
		ret = read_numbers(s, task->run->dir, &err);
	}
	if (ret)
		s->problem = strbuf_detach(&err, NULL);
	strbuf_release(&err);
	return 0;
}

static int add_sums(struct task *task, const char *series)
{
	struct sums s = { .columns = STRVEC_INIT };
	int ret;

	s.series = xstrdup(series);
	ret = sum_up(&s, task);
	if (ret) {
		strvec_release(&s.columns);
		free(s.series);
		free(s.sum);
		return ret;
	}
	task->sums = xrealloc_array(task->sums, task->nr + 1,
				    sizeof(*task->sums));
	task->sums[task->nr++] = s;
	return 0;
}

static void reduce_run(struct work *work, unsigned worker UNUSED)
{
	struct task *task = (struct task *)(void *)work;
	struct strbuf err = STRBUF_INIT, series = STRBUF_INIT;
	struct strvec names = STRVEC_INIT;
	const char *wish = task->job->series;
	size_t i;
	int ret;

	/* as it is as a rule, so that the directory is read once */
	if (!task->job->all_series && !add_sums(task, wish ? wish : ""))
		return;
	if (task->job->all_series)
		ret = series_list(&names, task->run->dir, &err);
	else
		ret = series_choose(&series, task->run, wish, &err);
	task->code = ret;
	if (ret)
		task->problem = strbuf_detach(&err, NULL);
	else if (!task->job->all_series)
		strvec_push(&names, series.buf);
	for (i = 0; !ret && i < names.nr; i++)
		add_sums(task, names.v[i]);
	strvec_release(&names);
	strbuf_release(&series);
	strbuf_release(&err);
}

static struct task *reduce_all(const struct metrics_job *job)
{
	struct task *task = xcalloc(job->runs->nr + 1, sizeof(*task));
	struct workers *workers;
	size_t i;

	workers = workers_start((unsigned)MINIMUM(job->runs->nr,
						  workers_default()));
	for (i = 0; i < job->runs->nr; i++) {
		task[i].work.fn = reduce_run;
		task[i].job = job;
		task[i].run = &job->runs->run[i];
		workers_add(workers, &task[i].work);
	}
	workers_wait_all(workers);
	workers_stop(&workers);
	return task;
}

static void tasks_free(struct task *task, size_t nr)
{
	size_t i, j, k;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < task[i].nr; j++) {
			struct sums *s = &task[i].sums[j];

			for (k = 0; s->numbers && k < s->columns.nr; k++)
				series_numbers_release(&s->numbers[k]);
			free(s->numbers);
			free(s->series);
			free(s->sum);
			free(s->problem);
			strvec_release(&s->columns);
		}
		free(task[i].sums);
		free(task[i].problem);
	}
	free(task);
}

/* Says what is wrong with a run; false: there is nothing of it. */
static bool tell_problems(struct metrics_job *job, const struct task *task)
{
	size_t i;

	if (task->problem)
		metrics_failed(job, task->code, task->problem);
	for (i = 0; i < task->nr; i++)
		if (task->sums[i].problem)
			metrics_left_out(job, task->run,
					 task->sums[i].problem);
	return !task->problem;
}

static void add_column(struct sheet *sheet, const char *title,
		       enum sheet_role role, bool number)
{
	struct strbuf text = STRBUF_INIT;
	struct sheet_column column = { .role = role, .number = number };

	strbuf_addstr(&text, title);
	column.title = text.buf;
	sheet_column(sheet, &column);
	strbuf_release(&text);
}

static void set_text(struct cell *cell, const char *text)
{
	cell->type = CELL_TEXT;
	cell->u.text.data = text;
	cell->u.text.len = strlen(text);
}

static void print_sums(const struct metrics_job *job, struct sheet *sheet,
		       const struct task *task, const struct sums *s)
{
	const struct series_functions *f = &job->thin.functions;
	struct cell cell[SERIES_FUNCTIONS + 3];
	size_t i, j;

	for (i = 0; s->sum && i < s->columns.nr; i++) {
		size_t nr = 0;

		if (!job->columns.nr && !s->sum[i].seen && !job->all_series)
			continue;
		set_text(&cell[nr++], metrics_for_people(job) ?
			 task->run->label : task->run->name);
		if (job->all_series)
			set_text(&cell[nr++], s->series);
		set_text(&cell[nr++], s->columns.v[i]);
		for (j = 0; j < f->nr; j++, nr++)
			if (s->numbers)
				series_numbers_get(&cell[nr], &s->numbers[i],
						   f->list[j]);
			else
				series_sum_get(&cell[nr], &s->sum[i],
					       f->list[j]);
		sheet_row(sheet, cell);
	}
}

void metrics_reduce(struct metrics_job *job)
{
	const struct series_functions *f = &job->thin.functions;
	struct task *task = reduce_all(job);
	struct sheet *sheet = sheet_new(&job->sheet);
	size_t i, j;

	add_column(sheet, "name", SHEET_NAME, false);
	if (job->all_series)
		add_column(sheet, "series", SHEET_PLAIN, false);
	add_column(sheet, "column", SHEET_PLAIN, false);
	for (i = 0; i < f->nr; i++)
		add_column(sheet, series_function_names[f->list[i]],
			   SHEET_PLAIN, true);
	for (i = 0; i < job->runs->nr; i++) {
		tell_problems(job, &task[i]);
		for (j = 0; j < task[i].nr; j++)
			print_sums(job, sheet, &task[i], &task[i].sums[j]);
	}
	sheet_end(sheet);
	tasks_free(task, job->runs->nr);
}

/* ---- the last of each column --------------------------------------------- */

/* The columns of all runs, in the order in which they come up; those that
 * never had a number are no measurements. */
static void all_columns(const struct metrics_job *job, const struct task *task,
			struct strvec *out, struct strmap *place)
{
	size_t i, j, k;

	for (i = 0; i < job->runs->nr; i++)
		for (j = 0; j < task[i].nr; j++) {
			const struct sums *s = &task[i].sums[j];

			for (k = 0; s->sum && k < s->columns.nr; k++) {
				if ((!s->sum[k].seen && !job->columns.nr) ||
				    strmap_get(place, s->columns.v[k]))
					continue;
				strvec_push(out, s->columns.v[k]);
				strmap_put(place, out->v[out->nr - 1],
					   (void *)(uintptr_t)out->nr);
			}
		}
}

static double latest(const struct sums *s)
{
	double at = -1;
	size_t i;

	for (i = 0; i < s->columns.nr; i++)
		if (s->sum[i].last_at > at)
			at = s->sum[i].last_at;
	return at;
}

static void print_last(const struct metrics_job *job, struct sheet *sheet,
		       const struct task *task, struct strmap *place,
		       struct cell *cell, size_t columns)
{
	const struct sums *s = &task->sums[0];
	double at;
	size_t i;

	memset(cell, 0, (columns + 2) * sizeof(*cell));
	set_text(&cell[0], metrics_for_people(job) ? task->run->label :
						     task->run->name);
	at = latest(s);
	if (at >= 0) {
		cell[1].type = CELL_FLOAT;
		cell[1].u.real = at;
	}
	if (at >= 0 && metrics_for_people(job)) {
		cell[1].type = CELL_TIME;
		cell[1].u.time = moment_now();
		cell[1].u.time.sec = (int64_t)at;
		cell[1].u.time.usec = 0;
	}
	for (i = 0; i < s->columns.nr; i++) {
		size_t nr = (size_t)(uintptr_t)strmap_get(place,
							  s->columns.v[i]);

		if (nr)
			series_sum_get(&cell[nr + 1], &s->sum[i], SERIES_LAST);
	}
	sheet_row(sheet, cell);
}

void metrics_last(struct metrics_job *job)
{
	struct task *task = reduce_all(job);
	struct strvec columns = STRVEC_INIT;
	struct strmap place = STRMAP_INIT;
	struct sheet *sheet = sheet_new(&job->sheet);
	struct cell *cell;
	size_t i;

	all_columns(job, task, &columns, &place);
	cell = xcalloc(columns.nr + 2, sizeof(*cell));
	add_column(sheet, "name", SHEET_NAME, false);
	add_column(sheet, "at", SHEET_PLAIN, false);
	for (i = 0; i < columns.nr; i++)
		add_column(sheet, columns.v[i], SHEET_PLAIN, true);
	for (i = 0; i < job->runs->nr; i++)
		if (tell_problems(job, &task[i]) && task[i].nr &&
		    task[i].sums[0].sum)
			print_last(job, sheet, &task[i], &place, cell,
				   columns.nr);
	sheet_end(sheet);
	free(cell);
	strmap_release(&place);
	strvec_release(&columns);
	tasks_free(task, job->runs->nr);
}
