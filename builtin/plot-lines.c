#include "lib/base/compat.h"
#include "builtin/plot-parts.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/series/series.h"

#include <math.h>

#define MOST_PANELS 6		/* that are chosen unasked */

enum x_kind { X_COLUMN, X_AT, X_TIME, X_ROW };

static bool has_word(const struct strvec *list, const char *word)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		if (!strcmp(list->v[i], word))
			return true;
	return false;
}

/* Columns with numbers of all runs, in the order in which they come up. */
static void find_columns(struct plot_job *job, struct strvec *out)
{
	size_t i, j;

	for (i = 0; i < job->runs->nr; i++) {
		const struct series_run *run = &job->runs->run[i];
		struct strvec columns = STRVEC_INIT;
		struct strbuf name = STRBUF_INIT;
		struct series_sum *sum = NULL;

		if (!series_choose(&name, run, job->series, NULL))
			series_sums(&sum, &columns, run->dir, name.buf, NULL);
		for (j = 0; sum && j < columns.nr; j++)
			if (sum[j].seen && !has_word(out, columns.v[j]))
				strvec_push(out, columns.v[j]);
		free(sum);
		strbuf_release(&name);
		strvec_release(&columns);
	}
}

/* What counts rows says nothing over itself. */
static bool is_counter(const char *name)
{
	static const char *const names[] = {
		"step", "global_step", "iteration", "iter", "epoch", "batch"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static void choose_columns(struct plot_job *job, const struct strvec *all)
{
	size_t i, others = 0;

	if (job->y.nr)
		return;
	for (i = 0; i < all->nr; i++) {
		if (!strcmp(all->v[i], job->x) || is_counter(all->v[i]))
			continue;
		if (job->y.nr < MOST_PANELS)
			strvec_push(&job->y, all->v[i]);
		else
			others++;
	}
	/* then a counter is better than nothing */
	for (i = 0; i < all->nr && !job->y.nr; i++)
		if (strcmp(all->v[i], job->x))
			strvec_push(&job->y, all->v[i]);
	if (others)
		warning("the first %d of %zu columns; --y chooses others",
			MOST_PANELS, others + MOST_PANELS);
}

static enum x_kind choose_x(struct plot_job *job, const struct strvec *all)
{
	const char *step;

	if (!job->x) {
		step = series_step_column(job->runs, job->series);
		job->x = step ? step : "time";
	}
	if (!strcmp(job->x, "at"))
		return X_AT;
	if (has_word(all, job->x))
		return X_COLUMN;
	if (!strcmp(job->x, "time"))
		return X_TIME;
	return strcmp(job->x, "row") ? X_COLUMN : X_ROW;
}

static void set_x_axis(struct plot_job *job, enum x_kind kind)
{
	struct plot_axis *x = &job->plot->x;

	x->label = xstrdup(kind == X_TIME ? "time since the first row" :
			   kind == X_AT ? "time" : job->x);
	x->kind = kind == X_TIME ? PLOT_DURATION : kind == X_AT ? PLOT_DATE :
		  PLOT_NUMBER;
	x->offset = moment_now().offset;
	x->log = job->log_x;
	x->min = job->x_min;
	x->max = job->x_max;
}

struct reading {
	enum x_kind kind;
	struct plot_feed **feed;	/* of each column of job->y */
	double begin;
	uint64_t rows, without_x;
};

static void take_row(struct reading *r, const struct cell *cells, size_t nr)
{
	double x = (double)++r->rows, y;
	size_t i;

	if (r->kind == X_COLUMN && !cell_number(&cells[nr + 1], &x)) {
		r->without_x++;
		return;
	}
	if ((r->kind == X_AT || r->kind == X_TIME) &&
	    !cell_number(&cells[0], &x))
		return;
	if (r->kind == X_TIME) {
		if (r->begin != r->begin)
			r->begin = x;
		x -= r->begin;
	}
	for (i = 0; i < nr; i++)
		if (cell_number(&cells[i + 1], &y))
			plot_feed_add(r->feed[i], x, y);
}

static int read_rows(struct plot_job *job, const struct series_run *run,
		     struct reading *r, struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT, why = STRBUF_INIT;
	struct strvec columns = STRVEC_INIT;
	const struct cell *cells;
	struct series *s = NULL;
	size_t *place = xcalloc(job->y.nr + 2, sizeof(*place)), i, j;
	struct cell *row = xcalloc(job->y.nr + 2, sizeof(*row));
	int ret = series_choose(&name, run, job->series, err);

	strvec_pushv(&columns, job->y.v);
	strvec_push(&columns, job->x);
	if (!ret)
		ret = series_open(&s, run->dir, name.buf, &columns, err);
	/* a column that was asked for twice is read once */
	for (i = 0; !ret && i < columns.nr; i++)
		for (j = 0; j < series_columns(s)->nr; j++)
			if (!strcmp(series_columns(s)->v[j], columns.v[i]))
				place[i] = j;
	while (!ret && (ret = series_next(s, &cells, &why))) {
		if (ret < 0) {
			if (!job->partly)
				warning("%s: %s", run->name, why.buf);
			job->partly = true;
			strbuf_reset(&why);
		} else {
			row[0] = cells[0];
			for (i = 0; i < columns.nr; i++)
				row[i + 1] = cells[place[i]];
			take_row(r, row, job->y.nr);
		}
		ret = 0;
	}
	series_close(s);
	free(place);
	free(row);
	strvec_release(&columns);
	strbuf_release(&name);
	strbuf_release(&why);
	return ret;
}

/* Lines of one run, one in each panel. */
static void add_run(struct plot_job *job, size_t nr, enum x_kind kind)
{
	const struct series_run *run = &job->runs->run[nr];
	struct reading r = { .kind = kind, .begin = (double)NAN };
	struct strbuf err = STRBUF_INIT;
	size_t i;
	int ret;

	r.feed = xcalloc(job->y.nr, sizeof(*r.feed));
	for (i = 0; i < job->y.nr; i++) {
		struct plot_line *line;

		line = plot_add_line(&job->plot->panel[i], run->label,
				     (unsigned)nr);
		r.feed[i] = plot_feed_new(line, (unsigned)job->window,
					  job->log_x, job->log_y);
	}
	ret = read_rows(job, run, &r, &err);
	for (i = 0; i < job->y.nr; i++)
		plot_feed_end(r.feed[i]);
	if (ret)
		plot_failed(job, ret, err.buf);
	else if (r.rows && r.without_x == r.rows)
		warning("%s: no row has a number in '%s'", run->name, job->x);
	free(r.feed);
	strbuf_release(&err);
}

/* Whether anything was measured at all; NaN is something. */
static bool has_values(const struct plot *plot)
{
	size_t i, j;

	for (i = 0; i < plot->nr; i++)
		for (j = 0; j < plot->panel[i].nr; j++) {
			const struct plot_line *line;

			line = &plot->panel[i].line[j];
			if (line->count || line->not_numbers || line->infinite)
				return true;
		}
	return false;
}

static void tell_nothing(struct plot_job *job)
{
	struct strbuf why = STRBUF_INIT, names = STRBUF_INIT;
	size_t i;

	for (i = 0; i < job->y.nr; i++)
		strbuf_addf(&names, "%s'%s'", i ? _(" or ") : _(" in "),
			    job->y.v[i]);
	strbuf_addf(&why, _("no run has a number%s; 'resutil metrics --list' "
			    "shows what there is"), names.buf);
	strbuf_release(&names);
	job->failed = job->runs->nr - 1;
	plot_failed(job, ERR_NOT_FOUND, why.buf);
	job->code = ERR_NOT_FOUND;
	strbuf_release(&why);
}

void plot_lines(struct plot_job *job)
{
	struct strvec all = STRVEC_INIT;
	enum x_kind kind;
	size_t i;

	find_columns(job, &all);
	kind = choose_x(job, &all);
	choose_columns(job, &all);
	set_x_axis(job, kind);
	for (i = 0; i < job->y.nr; i++)
		plot_job_panel(job, job->y.v[i]);
	for (i = 0; i < job->runs->nr; i++) {
		if (job->y.nr)
			add_run(job, i, kind);
		strvec_push(&job->plot->labels, job->runs->run[i].label);
	}
	if (!job->failed && !has_values(job->plot))
		tell_nothing(job);
	if (job->window > 1)
		job->plot->note = xstrfmt("mean of %d rows around each point; "
					  "faint: the rows themselves",
					  job->window | 1);
	strvec_release(&all);
}
