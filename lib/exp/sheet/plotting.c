#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/exp/sheet/plotting.h"

#include <math.h>

void plot_points_add(struct plot_points *p, double x, double y)
{
	if (p->nr == p->alloc) {
		p->alloc = (p->alloc + 16) * 3 / 2;
		p->x = xrealloc_array(p->x, p->alloc, sizeof(*p->x));
		p->y = xrealloc_array(p->y, p->alloc, sizeof(*p->y));
	}
	p->x[p->nr] = x;
	p->y[p->nr++] = y;
}

void plot_points_release(struct plot_points *p)
{
	free(p->x);
	free(p->y);
	memset(p, 0, sizeof(*p));
}

static void axis_init(struct plot_axis *axis)
{
	memset(axis, 0, sizeof(*axis));
	axis->min = axis->max = (double)NAN;
	strvec_init(&axis->names);
}

static void axis_release(struct plot_axis *axis)
{
	free(axis->label);
	strvec_release(&axis->names);
}

void plot_init(struct plot *plot)
{
	memset(plot, 0, sizeof(*plot));
	axis_init(&plot->x);
	strvec_init(&plot->labels);
}

void plot_release(struct plot *plot)
{
	size_t i, j;

	for (i = 0; i < plot->nr; i++) {
		struct plot_panel *panel = &plot->panel[i];

		for (j = 0; j < panel->nr; j++) {
			free(panel->line[j].label);
			strvec_release(&panel->line[j].names);
			plot_points_release(&panel->line[j].points);
			plot_points_release(&panel->line[j].raw);
		}
		free(panel->line);
		axis_release(&panel->y);
	}
	free(plot->panel);
	free(plot->title);
	free(plot->note);
	axis_release(&plot->x);
	strvec_release(&plot->labels);
}

struct plot_panel *plot_add_panel(struct plot *plot, const char *label)
{
	struct plot_panel *panel;

	ARRAY_GROW(plot->panel, plot->nr + 1, plot->alloc);
	panel = &plot->panel[plot->nr++];
	memset(panel, 0, sizeof(*panel));
	axis_init(&panel->y);
	panel->y.label = xstrdup(label);
	return panel;
}

struct plot_line *plot_add_line(struct plot_panel *panel, const char *label,
				unsigned style)
{
	struct plot_line *line;

	ARRAY_GROW(panel->line, panel->nr + 1, panel->alloc);
	line = &panel->line[panel->nr++];
	memset(line, 0, sizeof(*line));
	strvec_init(&line->names);
	line->label = xstrdup(label);
	line->style = style;
	line->last = line->min = line->max = (double)NAN;
	line->min_x = line->max_x = (double)NAN;
	return line;
}
