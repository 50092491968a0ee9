/*
 * A point for each run. Fields are read from the index, as in report.
 */
#include "lib/base/compat.h"
#include "builtin/plot-parts.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strmap.h"
#include "lib/exp/runs/run-row.h"
#include "lib/exp/runs/runs.h"

#include <math.h>

#define NAME_BYTES 40		/* of a text on an axis */

struct run_point {
	bool has;
	double x, y;
	char *x_text, *group;
};

struct scattering {
	struct plot_job *job;
	struct runs *all;
	struct strmap wanted;		/* names, when some were asked for */
	unsigned x_id, y_id, group_id;
	bool has_group;
	struct run_point *point;	/* by place */
};

/* The field that a person means; ends the program where no run has it. */
static unsigned find_field(const struct scattering *s, const char *text)
{
	struct strbuf path = STRBUF_INIT;
	unsigned id = 0;

	if (!field_resolve(runs_names(s->all), text, &path) ||
	    !field_names_find(runs_names(s->all), path.buf, &id))
		die_status(EXIT_NOT_FOUND, "no run has the field '%s'; "
			   "'resutil report --list-fields' shows what there "
			   "is", text);
	strbuf_release(&path);
	return id;
}

static bool cell_seconds(const struct cell *cell, double *out)
{
	if (cell->type == CELL_TIME) {
		*out = (double)cell->u.time.sec + cell->u.time.usec / 1e6;
		return true;
	}
	if (cell->type == CELL_BOOL) {
		*out = cell->u.truth;
		return true;
	}
	return cell_number(cell, out);
}

static char *cell_text(const struct cell *cell)
{
	struct strbuf text = STRBUF_INIT;

	cell_format(&text, cell);
	while (text.len > NAME_BYTES)
		do
			strbuf_setlen(&text, text.len - 1);
		while (text.len && ((unsigned char)text.buf[text.len] &
				    0xc0) == 0x80);
	return strbuf_detach(&text, NULL);
}

/* From several threads, each in its own place. */
static int take_run(const struct run_row *row, size_t nr,
		    unsigned worker UNUSED, void *data)
{
	struct scattering *s = data;
	struct run_point *p = &s->point[nr];
	struct cell x = CELL_INIT, y = CELL_INIT, group = CELL_INIT;

	if (s->job->runs->nr && !strmap_get(&s->wanted, row->name))
		return 0;
	if (!run_row_get(row, s->x_id, &x) ||
	    !run_row_get(row, s->y_id, &y) || !cell_seconds(&y, &p->y))
		return 0;
	if (!cell_seconds(&x, &p->x)) {
		if (x.type != CELL_TEXT)
			return 0;
		p->x_text = cell_text(&x);
	}
	if (s->has_group && run_row_get(row, s->group_id, &group))
		p->group = cell_text(&group);
	p->has = true;
	return 0;
}

/* The number of a text in a list, where it is added. */
static size_t number_of(struct strvec *list, const char *text)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		if (!strcmp(list->v[i], text))
			return i;
	strvec_push(list, text);
	return list->nr - 1;
}

/* Texts are an axis of names as soon as there is one. */
static bool make_names(struct scattering *s, size_t nr)
{
	struct strvec *names = &s->job->plot->x.names;
	bool any = false;
	char text[48];
	size_t i;

	for (i = 0; i < nr; i++)
		any |= s->point[i].has && s->point[i].x_text;
	if (!any)
		return false;
	for (i = 0; i < nr; i++) {
		struct run_point *p = &s->point[i];

		if (!p->has)
			continue;
		if (!p->x_text) {
			snprintf(text, sizeof(text), "%g", p->x);
			p->x_text = xstrdup(text);
		}
		number_of(names, p->x_text);
	}
	strvec_sort(names, true);
	for (i = 0; i < nr; i++)
		if (s->point[i].has)
			s->point[i].x = (double)strvec_find(
				names, s->point[i].x_text);
	return true;
}

static void group_label(struct strbuf *out, const struct scattering *s,
			const char *group)
{
	const char *dot = s->job->group ? strrchr(s->job->group, '.') : NULL;

	if (!s->has_group)
		strbuf_addstr(out, "runs");
	else if (!group)
		strbuf_addf(out, "no %s", s->job->group);
	else
		strbuf_addf(out, "%s=%s", dot ? dot + 1 : s->job->group,
			    group);
}

static void add_points(struct scattering *s, struct plot_panel *panel,
		       size_t nr)
{
	struct strvec *groups = &s->job->plot->labels;
	struct strbuf label = STRBUF_INIT;
	size_t i, g;

	for (i = 0; i < nr; i++) {
		strbuf_reset(&label);
		group_label(&label, s, s->point[i].group);
		if (s->point[i].has)
			number_of(groups, label.buf);
	}
	strvec_sort(groups, true);
	for (g = 0; g < groups->nr; g++)
		plot_add_line(panel, groups->v[g], (unsigned)g);
	for (i = 0; i < nr; i++) {
		const struct run_point *p = &s->point[i];
		struct plot_line *line;

		if (!p->has)
			continue;
		strbuf_reset(&label);
		group_label(&label, s, p->group);
		line = &panel->line[strvec_find(groups, label.buf)];
		if (p->x - p->x != 0 || p->y - p->y != 0) {
			line->not_numbers += p->y != p->y || p->x != p->x;
			line->infinite += p->y == p->y && p->x == p->x;
		} else if ((s->job->log_x && p->x <= 0) ||
			   (s->job->log_y && p->y <= 0)) {
			line->hidden++;
		} else {
			line->count++;
			plot_points_add(&line->points, p->x, p->y);
			strvec_push(&line->names, runs_name(s->all, i));
		}
	}
	strbuf_release(&label);
}

/* Which fields are moments or seconds, their names say. */
static enum plot_kind kind_of(const char *field)
{
	if (!strncmp(field, "at.", 3) || !strcmp(field, "date"))
		return PLOT_DATE;
	return strcmp(field, "duration") ? PLOT_NUMBER : PLOT_DURATION;
}

static void scattering_release(struct scattering *s, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		free(s->point[i].x_text);
		free(s->point[i].group);
	}
	free(s->point);
	strmap_release(&s->wanted);
	runs_close(s->all);
}

void plot_scatter(struct plot_job *job)
{
	struct scattering s = { .job = job };
	struct plot_axis *x = &job->plot->x;
	struct strbuf err = STRBUF_INIT;
	struct plot_panel *panel;
	size_t i, nr, seen = 0;
	int ret;

	s.all = series_open_runs();
	nr = runs_nr(s.all);
	for (i = 0; i < job->runs->nr; i++)
		strmap_put(&s.wanted, job->runs->run[i].name,
			   &job->runs->run[i]);
	s.x_id = find_field(&s, job->x);
	s.y_id = find_field(&s, job->y.v[0]);
	s.has_group = job->group != NULL;
	if (job->group)
		s.group_id = find_field(&s, job->group);
	s.point = xcalloc(nr + 1, sizeof(*s.point));
	ret = runs_each(s.all, take_run, &s, &err);
	if (ret)
		die_code(ret, &err);
	job->plot->scatter = true;
	x->label = xstrdup(job->x);
	x->kind = kind_of(job->x);
	x->offset = moment_now().offset;
	x->log = job->log_x;
	x->min = job->x_min;
	x->max = job->x_max;
	if (make_names(&s, nr)) {
		x->kind = PLOT_CATEGORY;
		x->log = job->log_x = false;
	}
	panel = plot_job_panel(job, job->y.v[0]);
	panel->y.kind = kind_of(job->y.v[0]);
	panel->y.offset = x->offset;
	add_points(&s, panel, nr);
	for (i = 0; i < panel->nr; i++)
		seen += panel->line[i].points.nr;
	if (!seen)
		plot_failed(job, ERR_NOT_FOUND,
			    "no run has numbers in both fields");
	scattering_release(&s, nr);
	strbuf_release(&err);
}
