/*
 * A plot as one SVG file that needs no other and runs no script: colours follow
 * the reader's light or dark ground, lines differ by marker, too, and a pointer
 * is told values by titles. Class names stand below one of our own, since the
 * file may be put into a page.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/quote.h"
#include "lib/base/utf8.h"
#include "lib/exp/sheet/plotting.h"

#include <math.h>

#define WIDTH 760
#define FULL_HEIGHT 320		/* of the only panel's inside */
#define SHARED_HEIGHT 180	/* of one of several */
#define LETTER 6.9		/* about, of 12 units */
#define MARGIN 18
#define TITLE 34
#define LEGEND_ROW 20
#define LEGEND_KEY 30		/* the sample before a label */
#define HEAD 26			/* a panel's name */
#define FOOT 24			/* numbers below it */
#define LABEL 20		/* of the x axis; the note */
#define MARKERS 4		/* of a line, and its end */
#define HOVER_POINTS 150	/* of a line that get a title each */

static const char style[] =
"<style>\n"
".resutil-plot{font:12px system-ui,-apple-system,'Segoe UI',Roboto,"
"'Helvetica Neue',Arial,sans-serif}\n"
".resutil-plot .bg{fill:#fff}\n"
".resutil-plot .title{font-size:16px;font-weight:600;fill:#1f2328}\n"
".resutil-plot .head{font-size:13px;font-weight:600;fill:#1f2328}\n"
".resutil-plot .text{fill:#1f2328}\n"
".resutil-plot .tick{fill:#59636e}\n"
".resutil-plot .grid{stroke:#e7eaee;fill:none}\n"
".resutil-plot .minor{opacity:.5}\n"
".resutil-plot .axis{stroke:#98a1ab;fill:none}\n"
".resutil-plot .line{fill:none;stroke-width:1.7;stroke-linejoin:round;"
"stroke-linecap:round}\n"
".resutil-plot .raw{opacity:.28;stroke-width:1}\n"
".resutil-plot .hit{stroke:none;fill-opacity:0}\n"
".resutil-plot .dash{stroke-dasharray:6 4}\n"
".resutil-plot .open{stroke-width:1.6}\n"
".resutil-plot .s0{stroke:#0072b2}.resutil-plot .f0{fill:#0072b2}\n"
".resutil-plot .s1{stroke:#d55e00}.resutil-plot .f1{fill:#d55e00}\n"
".resutil-plot .s2{stroke:#009e73}.resutil-plot .f2{fill:#009e73}\n"
".resutil-plot .s3{stroke:#aa3377}.resutil-plot .f3{fill:#aa3377}\n"
".resutil-plot .s4{stroke:#a88300}.resutil-plot .f4{fill:#a88300}\n"
".resutil-plot .s5{stroke:#3d9bd6}.resutil-plot .f5{fill:#3d9bd6}\n"
".resutil-plot .s6{stroke:#5f6b76}.resutil-plot .f6{fill:#5f6b76}\n"
".resutil-plot .s7{stroke:#dc6aa5}.resutil-plot .f7{fill:#dc6aa5}\n"
"@media (prefers-color-scheme:dark){\n"
".resutil-plot .bg{fill:#0d1117}\n"
".resutil-plot .title,.resutil-plot .head,.resutil-plot .text{fill:#e6edf3}\n"
".resutil-plot .tick{fill:#9198a1}\n"
".resutil-plot .grid{stroke:#21262d}\n"
".resutil-plot .axis{stroke:#57606a}\n"
".resutil-plot .s0{stroke:#58b4ec}.resutil-plot .f0{fill:#58b4ec}\n"
".resutil-plot .s1{stroke:#ff8a4a}.resutil-plot .f1{fill:#ff8a4a}\n"
".resutil-plot .s2{stroke:#2fcb9b}.resutil-plot .f2{fill:#2fcb9b}\n"
".resutil-plot .s3{stroke:#e08ac0}.resutil-plot .f3{fill:#e08ac0}\n"
".resutil-plot .s4{stroke:#e3c12f}.resutil-plot .f4{fill:#e3c12f}\n"
".resutil-plot .s5{stroke:#a6dcff}.resutil-plot .f5{fill:#a6dcff}\n"
".resutil-plot .s6{stroke:#b3bdc8}.resutil-plot .f6{fill:#b3bdc8}\n"
".resutil-plot .s7{stroke:#ff9fc6}.resutil-plot .f7{fill:#ff9fc6}\n"
"}\n"
"</style>\n";

struct drawing {
	struct strbuf *out;
	const struct plot *plot;
	struct plot_scale x;
	double width, height;	/* of the whole */
	double left, inside;	/* of every panel: where it begins, how wide */
	double panel;		/* height of each inside */
};

/* ---- text ---------------------------------------------------------------- */

static void add_escaped(struct strbuf *out, const char *text)
{
	struct strbuf safe = STRBUF_INIT;

	/* control characters, which XML has no place for, become words */
	quote_terminal(&safe, text, strlen(text));
	quote_markup(out, safe.buf, safe.len, "&<>\"");
	strbuf_release(&safe);
}

static double text_units(const char *text)
{
	return LETTER * (double)utf8_width(text, strlen(text));
}

static void add_text(struct drawing *d, double x, double y, const char *class,
		     const char *anchor, const char *text)
{
	strbuf_addf(d->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\"", x, y,
		    class);
	if (anchor)
		strbuf_addf(d->out, " text-anchor=\"%s\"", anchor);
	strbuf_addch(d->out, '>');
	add_escaped(d->out, text);
	strbuf_addstr(d->out, "</text>\n");
}

/* ---- markers ------------------------------------------------------------- */

static unsigned marker_of(unsigned nr)
{
	return (nr + nr / PLOT_STYLES) % PLOT_STYLES;
}

/* The element is left open for a title. */
static void begin_marker(struct drawing *d, double x, double y, unsigned nr,
			 double size)
{
	const unsigned marker = marker_of(nr), color = nr % PLOT_STYLES;
	struct strbuf class = STRBUF_INIT;

	if (marker < 4)
		strbuf_addf(&class, "class=\"f%u\"", color);
	else
		strbuf_addf(&class, "class=\"bg open s%u\"", color);
	switch (marker % 4) {
	case 0:
		strbuf_addf(d->out, "<circle cx=\"%.1f\" cy=\"%.1f\" "
			    "r=\"%.1f\" %s>", x, y, size, class.buf);
		break;
	case 1:
		strbuf_addf(d->out, "<path d=\"M%.1f %.1fl%.1f %.1fh%.1fz\" "
			    "%s>", x, y - 1.25 * size, 1.15 * size,
			    2.1 * size, -2.3 * size, class.buf);
		break;
	case 2:
		strbuf_addf(d->out, "<rect x=\"%.1f\" y=\"%.1f\" "
			    "width=\"%.1f\" height=\"%.1f\" %s>",
			    x - 0.9 * size, y - 0.9 * size, 1.8 * size,
			    1.8 * size, class.buf);
		break;
	default:
		strbuf_addf(d->out, "<path d=\"M%.1f %.1fl%.1f %.1fl%.1f "
			    "%.1fl%.1f %.1fz\" %s>", x, y - 1.3 * size,
			    1.3 * size, 1.3 * size, -1.3 * size, 1.3 * size,
			    -1.3 * size, -1.3 * size, class.buf);
	}
	strbuf_release(&class);
}

static void end_marker(struct drawing *d, unsigned nr)
{
	static const char *const names[] = { "circle", "path", "rect", "path" };

	strbuf_addf(d->out, "</%s>\n", names[marker_of(nr) % 4]);
}

/* ---- lines --------------------------------------------------------------- */

static double across(const struct drawing *d, double x)
{
	return plot_place(&d->x, x) * d->inside;
}

static double down(const struct drawing *d, const struct plot_scale *y,
		   double value)
{
	return (1 - plot_place(y, value)) * d->panel;
}

/* What may be far outside stays within what viewers compute with. */
static double bounded(double v)
{
	return fmax(-20000, fmin(20000, v));
}

struct path {
	struct strbuf *out;
	bool pen;		/* it goes on */
	double column;		/* of the points that wait */
	double first, last, least, greatest, least_x, greatest_x, last_x;
	size_t waiting;
};

static void path_to(struct path *p, double x, double y)
{
	strbuf_addf(p->out, "%c%.1f %.1f", p->pen ? 'L' : 'M', bounded(x),
		    bounded(y));
	p->pen = true;
}

static void path_flush(struct path *p)
{
	bool least_first = p->least_x <= p->greatest_x;

	if (p->waiting > 2) {
		path_to(p, least_first ? p->least_x : p->greatest_x,
			least_first ? p->least : p->greatest);
		path_to(p, least_first ? p->greatest_x : p->least_x,
			least_first ? p->greatest : p->least);
	}
	if (p->waiting > 1)
		path_to(p, p->last_x, p->last);
	p->waiting = 0;
}

/* Of those in one unit of width four are enough, as long as none goes back. */
static void path_add(struct path *p, double x, double y)
{
	if (p->waiting && floor(x) == p->column && x >= p->last_x) {
		if (p->waiting == 1 || y < p->least) {
			p->least = y;
			p->least_x = x;
		}
		if (p->waiting == 1 || y > p->greatest) {
			p->greatest = y;
			p->greatest_x = x;
		}
		p->waiting++;
	} else {
		path_flush(p);
		path_to(p, x, y);
		p->column = floor(x);
		p->waiting = 1;
	}
	p->last = y;
	p->last_x = x;
}

static void add_path(struct drawing *d, const struct plot_scale *y,
		     const struct plot_points *points)
{
	struct path p = { .out = d->out };
	size_t i;

	strbuf_addstr(d->out, "d=\"");
	for (i = 0; i < points->nr; i++) {
		double px = across(d, points->x[i]);
		double py = down(d, y, points->y[i]);

		if (px != px || py != py) {
			path_flush(&p);
			p.pen = false;
			continue;
		}
		/* a point alone between two gaps shows as a dot */
		if (!p.pen && (i + 1 == points->nr ||
			       points->y[i + 1] != points->y[i + 1]))
			strbuf_addf(d->out, "M%.1f %.1fh0", bounded(px),
				    bounded(py));
		else
			path_add(&p, px, py);
	}
	path_flush(&p);
	strbuf_addch(d->out, '"');
}

static void add_facts(struct strbuf *out, const struct drawing *d,
		      const struct plot_panel *panel,
		      const struct plot_line *line)
{
	strbuf_addstr(out, line->label);
	strbuf_addstr(out, ": last ");
	plot_format(out, &panel->y, line->last);
	if (line->count) {
		strbuf_addstr(out, ", min ");
		plot_format(out, &panel->y, line->min);
		strbuf_addstr(out, " at ");
		plot_format(out, &d->plot->x, line->min_x);
		strbuf_addstr(out, ", max ");
		plot_format(out, &panel->y, line->max);
		strbuf_addstr(out, " at ");
		plot_format(out, &d->plot->x, line->max_x);
	}
	if (line->not_numbers)
		strbuf_addf(out, ", %zu NaN", line->not_numbers);
	if (line->infinite)
		strbuf_addf(out, ", %zu infinite", line->infinite);
	if (line->hidden)
		strbuf_addf(out, ", %zu not above 0", line->hidden);
}

static void add_title(struct drawing *d, const char *text)
{
	strbuf_addstr(d->out, "<title>");
	add_escaped(d->out, text);
	strbuf_addstr(d->out, "</title>");
}

static void add_line(struct drawing *d, const struct plot_panel *panel,
		     const struct plot_scale *y, const struct plot_line *line)
{
	const unsigned color = line->style % PLOT_STYLES;
	struct strbuf facts = STRBUF_INIT;

	if (line->raw.nr) {
		strbuf_addf(d->out, "<path class=\"line raw s%u\" ", color);
		add_path(d, y, &line->raw);
		strbuf_addstr(d->out, "/>\n");
	}
	add_facts(&facts, d, panel, line);
	strbuf_addf(d->out, "<path class=\"line s%u%s\" ", color,
		    line->style / PLOT_STYLES % 2 ? " dash" : "");
	add_path(d, y, &line->points);
	strbuf_addch(d->out, '>');
	add_title(d, facts.buf);
	strbuf_addstr(d->out, "</path>\n");
	strbuf_release(&facts);
}

/* Staggered, as in plot-text.c. */
static void add_markers(struct drawing *d, const struct plot_panel *panel,
			const struct plot_scale *y, size_t nr)
{
	const struct plot_line *line = &panel->line[nr];
	const struct plot_points *p = &line->points;
	double each = d->inside / MARKERS, next, px = 0, py = (double)NAN;
	size_t i;

	next = each * ((double)nr + 0.5) / (double)panel->nr;
	for (i = 0; i < p->nr; i++) {
		double at = down(d, y, p->y[i]);

		if (at != at)
			continue;
		px = across(d, p->x[i]);
		py = at;
		if (px < next || px > d->inside)
			continue;
		begin_marker(d, px, py, line->style, 3.4);
		end_marker(d, line->style);
		while (next <= px)
			next += each;
	}
	if (py == py && px == px && px >= -1 && px <= d->inside + 1) {
		begin_marker(d, px, py, line->style, 3.4);
		end_marker(d, line->style);
	}
}

static void add_hover(struct drawing *d, const struct plot_panel *panel,
		      const struct plot_scale *y, const struct plot_line *line)
{
	const struct plot_points *p = &line->points;
	struct strbuf text = STRBUF_INIT;
	size_t i;

	if (p->nr > HOVER_POINTS)
		return;
	for (i = 0; i < p->nr; i++) {
		double px = across(d, p->x[i]), py = down(d, y, p->y[i]);

		if (px != px || py != py)
			continue;
		strbuf_reset(&text);
		strbuf_addf(&text, "%s: ", line->label);
		plot_format(&text, &panel->y, p->y[i]);
		strbuf_addstr(&text, " at ");
		plot_format(&text, &d->plot->x, p->x[i]);
		strbuf_addf(d->out, "<circle class=\"hit\" cx=\"%.1f\" "
			    "cy=\"%.1f\" r=\"6\">", bounded(px), bounded(py));
		add_title(d, text.buf);
		strbuf_addstr(d->out, "</circle>\n");
	}
	strbuf_release(&text);
}

static void add_points(struct drawing *d, const struct plot_panel *panel,
		       const struct plot_scale *y,
		       const struct plot_line *line)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < line->points.nr; i++) {
		double px = across(d, line->points.x[i]);
		double py = down(d, y, line->points.y[i]);

		if (px != px || py != py)
			continue;
		strbuf_reset(&text);
		if (i < line->names.nr)
			strbuf_addf(&text, "%s: ", line->names.v[i]);
		plot_format(&text, &panel->y, line->points.y[i]);
		strbuf_addstr(&text, " at ");
		plot_format(&text, &d->plot->x, line->points.x[i]);
		begin_marker(d, bounded(px), bounded(py), line->style, 4);
		add_title(d, text.buf);
		end_marker(d, line->style);
	}
	strbuf_release(&text);
}

/* ---- panels -------------------------------------------------------------- */

static void add_y_axis(struct drawing *d, const struct plot_panel *panel,
		       const struct plot_scale *y, double top)
{
	struct plot_tick tick[PLOT_MAX_TICKS];
	size_t nr, i;

	nr = plot_ticks(tick, &panel->y, y, (unsigned)(d->panel / 32) + 1);
	for (i = 0; i < nr; i++) {
		double at = top + down(d, y, tick[i].value);

		strbuf_addf(d->out, "<path class=\"grid%s\" d=\"M%.1f "
			    "%.1fh%.1f\"/>\n", tick[i].minor ? " minor" : "",
			    d->left, at, d->inside);
		if (!tick[i].minor)
			add_text(d, d->left - 8, at + 4, "tick", "end",
				 tick[i].text);
	}
}

static void add_x_axis(struct drawing *d, double top)
{
	struct plot_tick tick[PLOT_MAX_TICKS];
	double free_from = 0, bottom = top + d->panel;
	size_t nr, i;

	nr = plot_ticks(tick, &d->plot->x, &d->x,
			(unsigned)(d->inside / 90) + 1);
	for (i = 0; i < nr; i++) {
		double at = d->left + across(d, tick[i].value);
		double half = text_units(tick[i].text) / 2;

		strbuf_addf(d->out, "<path class=\"grid%s\" d=\"M%.1f "
			    "%.1fv%.1f\"/>\n", tick[i].minor ? " minor" : "",
			    at, top, d->panel);
		if (tick[i].minor || at - half < free_from)
			continue;
		add_text(d, at, bottom + 17, "tick", "middle", tick[i].text);
		free_from = at + half + 8;
	}
	strbuf_addf(d->out, "<path class=\"axis\" d=\"M%.1f %.1fv%.1fh%.1f\"/>"
		    "\n", d->left, top, d->panel, d->inside);
}

static void add_panel(struct drawing *d, const struct plot_panel *panel,
		      double top)
{
	struct plot_scale y;
	size_t i;

	plot_scale_y(&y, d->plot, panel);
	add_text(d, d->left, top - 9, "head", NULL, panel->y.label);
	add_y_axis(d, panel, &y, top);
	add_x_axis(d, top);
	/* what lies outside of a range is cut at the edge */
	strbuf_addf(d->out, "<svg x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		    "height=\"%.1f\" overflow=\"%s\">\n", d->left, top,
		    d->inside, d->panel,
		    panel->y.min == panel->y.min ||
		    panel->y.max == panel->y.max ||
		    d->plot->x.min == d->plot->x.min ||
		    d->plot->x.max == d->plot->x.max ? "hidden" : "visible");
	for (i = panel->nr; i--; )
		if (d->plot->scatter)
			add_points(d, panel, &y, &panel->line[i]);
		else
			add_line(d, panel, &y, &panel->line[i]);
	for (i = panel->nr; i-- && panel->nr > 1 && !d->plot->scatter; )
		add_markers(d, panel, &y, i);
	for (i = panel->nr; i-- && !d->plot->scatter; )
		add_hover(d, panel, &y, &panel->line[i]);
	strbuf_addstr(d->out, "</svg>\n");
}

/* ---- the legend ---------------------------------------------------------- */

/* Draws it (or only measures it) and returns its height. */
static double add_legend(struct drawing *d, double top, bool measure)
{
	const struct strvec *labels = &d->plot->labels;
	double x = MARGIN, y = top + LEGEND_ROW / 2.0;
	size_t i;

	if (!labels->nr)
		return 0;
	for (i = 0; i < labels->nr; i++) {
		double need = LEGEND_KEY + text_units(labels->v[i]) + 18;
		unsigned style_nr = (unsigned)i;

		if (x > MARGIN && x + need > d->width - MARGIN) {
			x = MARGIN;
			y += LEGEND_ROW;
		}
		if (!measure && !d->plot->scatter)
			strbuf_addf(d->out, "<path class=\"line s%u%s\" "
				    "d=\"M%.1f %.1fh24\"/>\n",
				    style_nr % PLOT_STYLES,
				    style_nr / PLOT_STYLES % 2 ? " dash" : "",
				    x, y);
		if (!measure) {
			begin_marker(d, x + 12, y, style_nr, 3.4);
			end_marker(d, style_nr);
			add_text(d, x + LEGEND_KEY, y + 4, "text", NULL,
				 labels->v[i]);
		}
		x += need;
	}
	return y + LEGEND_ROW / 2.0 - top + 6;
}

/* ---- the whole ----------------------------------------------------------- */

static void measure(struct drawing *d, const struct plot_svg_options *options,
		    double *top)
{
	const struct plot *plot = d->plot;
	double widest = 0, rest;
	size_t i, j;

	d->panel = plot->nr > 1 ? SHARED_HEIGHT : FULL_HEIGHT;
	*top = MARGIN / 2.0 + (plot->title ? TITLE : 0);
	*top += add_legend(d, 0, true);
	rest = *top + (double)plot->nr * (HEAD + FOOT) +
	       (plot->x.label ? LABEL : 0) + (plot->note ? LABEL : 0) +
	       MARGIN / 2.0;
	if (options->height)
		d->panel = fmax(40, (options->height - rest) /
				(double)plot->nr);
	d->height = rest + d->panel * (double)plot->nr;
	for (i = 0; i < plot->nr; i++) {
		struct plot_tick tick[PLOT_MAX_TICKS];
		struct plot_scale y;
		size_t nr;

		plot_scale_y(&y, plot, &plot->panel[i]);
		nr = plot_ticks(tick, &plot->panel[i].y, &y,
				(unsigned)(d->panel / 32) + 1);
		for (j = 0; j < nr; j++)
			widest = fmax(widest, text_units(tick[j].text));
	}
	d->left = MARGIN + widest + 8;
	d->inside = fmax(60, d->width - d->left - MARGIN - 6);
}

void plot_svg(struct strbuf *out, const struct plot *plot,
	      const struct plot_svg_options *options)
{
	struct drawing d = { .out = out, .plot = plot };
	double top;
	size_t i;

	d.width = options->width ? MAXIMUM(options->width, 160) : WIDTH;
	plot_scale_x(&d.x, plot);
	measure(&d, options, &top);
	strbuf_addf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" "
		    "class=\"resutil-plot\" role=\"img\" width=\"%.0f\" "
		    "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
		    "aria-label=\"", d.width, d.height, d.width, d.height);
	for (i = 0; i < plot->nr; i++) {
		strbuf_addstr(out, i ? ", " : "");
		add_escaped(out, plot->panel[i].y.label);
	}
	if (plot->x.label) {
		strbuf_addstr(out, " by ");
		add_escaped(out, plot->x.label);
	}
	strbuf_addf(out, "\">\n%s<rect class=\"bg\" width=\"100%%\" "
		    "height=\"100%%\"/>\n", style);
	if (plot->title)
		add_text(&d, MARGIN, MARGIN / 2.0 + 22, "title", NULL,
			 plot->title);
	add_legend(&d, MARGIN / 2.0 + (plot->title ? TITLE : 0), false);
	for (i = 0; i < plot->nr; i++) {
		top += HEAD;
		add_panel(&d, &plot->panel[i], top);
		top += d.panel + FOOT;
	}
	if (plot->x.label) {
		add_text(&d, d.left + d.inside / 2, top + 12, "text", "middle",
			 plot->x.label);
		top += LABEL;
	}
	if (plot->note)
		add_text(&d, d.left, top + 13, "tick", NULL, plot->note);
	strbuf_addstr(out, "</svg>\n");
}
