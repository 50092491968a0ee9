/*
 * A plot as lines of text. Lines that meet in one character share it; who has
 * no colours tells them apart by their markers.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/quote.h"
#include "lib/base/term.h"
#include "lib/base/utf8.h"
#include "lib/exp/sheet/plotting.h"
#include "lib/exp/sheet/plot-canvas.h"

#include <math.h>

#define MIN_CANVAS 8		/* columns; below, numbers beside it go */
#define MARKERS 5		/* of a line, about */
#define FULL_HEIGHT 16		/* rows of the only panel */
#define SHARED_HEIGHT 9		/* of one of several */

struct frame {
	const char *side, *tick, *corner, *bottom, *bottom_tick, *dash;
};

static const struct frame frames[] = {
	{ "\xe2\x94\x82", "\xe2\x94\xa4", "\xe2\x94\x94", "\xe2\x94\x80",
	  "\xe2\x94\xac", "\xc2\xb7" },
	{ "|", "+", "+", "-", "+", "-" }
};

struct page {
	struct strbuf *out;
	const struct plot *plot;
	const struct plot_text_options *options;
	const struct frame *frame;
	bool colors;
	unsigned width;
	struct plot_scale x;
};

static void color(struct page *page, const char *sequence)
{
	if (page->colors)
		strbuf_addstr(page->out, sequence);
}

static void blanks(struct page *page, unsigned nr)
{
	while (nr--)
		strbuf_addch(page->out, ' ');
}

/* What fits of a foreign text. Returns its columns. */
static unsigned add_text(struct page *page, const char *text, unsigned room)
{
	struct strbuf safe = STRBUF_INIT;
	const char *at;
	unsigned used = 0;
	size_t left;

	quote_terminal(&safe, text, strlen(text));
	at = safe.buf;
	left = safe.len;
	while (left) {
		const char *from = at;
		unsigned width;

		utf8_next(&at, &left);
		width = (unsigned)utf8_width(from, (size_t)(at - from));
		if (used + width > room)
			break;
		strbuf_add(page->out, from, (size_t)(at - from));
		used += width;
	}
	strbuf_release(&safe);
	return used;
}

static unsigned text_width(const char *text)
{
	struct strbuf safe = STRBUF_INIT;
	unsigned width;

	quote_terminal(&safe, text, strlen(text));
	width = (unsigned)utf8_width(safe.buf, safe.len);
	strbuf_release(&safe);
	return width;
}

static void cut_blanks(struct strbuf *out)
{
	while (out->len && out->buf[out->len - 1] == ' ')
		strbuf_setlen(out, out->len - 1);
}

/* ---- lines on the canvas ------------------------------------------------- */

static void draw_raw(struct plot_canvas *c, const struct page *page,
		     const struct plot_scale *y, const struct plot_line *line)
{
	size_t i;

	for (i = 0; i < line->raw.nr; i++)
		plot_canvas_dot(c, plot_place(&page->x, line->raw.x[i]),
				plot_place(y, line->raw.y[i]), line->style,
				true);
}

static void draw_line(struct plot_canvas *c, const struct page *page,
		      const struct plot_scale *y, const struct plot_line *line)
{
	double before_x = (double)NAN, before_y = (double)NAN;
	size_t i;

	for (i = 0; i < line->points.nr; i++) {
		double px = plot_place(&page->x, line->points.x[i]);
		double py = plot_place(y, line->points.y[i]);

		if (page->plot->scatter) {
			plot_canvas_mark(c, px, py, line->style);
			continue;
		}
		/* one alone is hard to see */
		if (before_y != before_y && py == py &&
		    (i + 1 == line->points.nr ||
		     line->points.y[i + 1] != line->points.y[i + 1]))
			plot_canvas_mark(c, px, py, line->style);
		plot_canvas_dot(c, px, py, line->style, false);
		plot_canvas_line(c, before_x, before_y, px, py, line->style);
		before_x = px;
		before_y = py;
	}
}

/* Each line has its own places along the axis, so that one that lies on another
 * still shows; and its end. */
static void mark_line(struct plot_canvas *c, const struct page *page,
		      const struct plot_scale *y, const struct plot_line *line,
		      size_t nr, size_t lines)
{
	const struct plot_points *p = &line->points;
	double each = 1.0 / MARKERS, next;
	double x = 0, at = 0;
	size_t i;

	if (!p->nr || page->plot->scatter)
		return;
	next = each * ((double)nr + 0.5) / (double)lines;
	for (i = 0; i < p->nr; i++) {
		x = plot_place(&page->x, p->x[i]);
		at = plot_place(y, p->y[i]);
		if (at != at || x < next || x > 1)
			continue;
		plot_canvas_mark(c, x, at, line->style);
		while (next <= x)
			next += each;
	}
	if (at == at)
		plot_canvas_mark(c, x, at, line->style);
}

static void draw_panel(struct plot_canvas *c, const struct page *page,
		       const struct plot_scale *y,
		       const struct plot_panel *panel)
{
	size_t i;

	for (i = 0; i < panel->nr; i++)
		draw_raw(c, page, y, &panel->line[i]);
	for (i = panel->nr; i--; )
		draw_line(c, page, y, &panel->line[i]);
	for (i = panel->nr; i-- && panel->nr > 1; )
		if (c->style != PLOT_ASCII)
			mark_line(c, page, y, &panel->line[i], i, panel->nr);
}

/* ---- the frame ----------------------------------------------------------- */

struct y_ticks {
	struct plot_tick tick[PLOT_MAX_TICKS];
	size_t nr;
	unsigned width;		/* of the widest text; 0: they are left out */
};

static void y_ticks(struct y_ticks *t, const struct page *page,
		    const struct plot_panel *panel,
		    const struct plot_scale *y, unsigned height)
{
	size_t i;

	t->nr = plot_ticks(t->tick, &panel->y, y, MAXIMUM(height / 2, 2));
	t->width = 0;
	for (i = 0; i < t->nr; i++)
		t->width = MAXIMUM(t->width, text_width(t->tick[i].text));
	if (t->width + 2 + MIN_CANVAS > page->width)
		t->width = 0;
}

static void add_row(struct page *page, const struct plot_canvas *c,
		    const struct plot_scale *y, const struct y_ticks *ticks,
		    unsigned row)
{
	const struct plot_tick *found = NULL;
	size_t i;

	for (i = 0; i < ticks->nr; i++) {
		double at = 1 - plot_place(y, ticks->tick[i].value);
		unsigned dot = (unsigned)fmax(round(at *
			(c->height * c->dots_y - 1)), 0);

		if (!ticks->tick[i].minor && dot / c->dots_y == row)
			found = &ticks->tick[i];
	}
	color(page, PLOT_COLOR_FAINT);
	if (ticks->width) {
		unsigned width = found ? text_width(found->text) : 0;

		blanks(page, ticks->width - width);
		if (found)
			add_text(page, found->text, width);
		strbuf_addch(page->out, ' ');
	}
	strbuf_addstr(page->out, found ? page->frame->tick :
					 page->frame->side);
	color(page, PLOT_COLOR_OFF);
	plot_canvas_row(page->out, c, row, page->colors);
	cut_blanks(page->out);
	strbuf_addch(page->out, '\n');
}

/* The column of each tick's text, or -1 where it would touch another. */
static void place_texts(int *at, const struct plot_tick *tick, size_t nr,
			const unsigned *column, unsigned indent,
			unsigned width)
{
	int free_from = 0;
	size_t i;

	for (i = 0; i < nr; i++) {
		int len = (int)text_width(tick[i].text);
		int from = (int)(indent + column[i]) - len / 2;

		if (from + len > (int)width)
			from = (int)width - len;
		at[i] = -1;
		if (tick[i].minor || !len || from < free_from)
			continue;
		at[i] = from;
		free_from = from + len + 2;
	}
}

static void add_x_axis(struct page *page, unsigned indent, unsigned width)
{
	struct plot_tick tick[PLOT_MAX_TICKS];
	unsigned column[PLOT_MAX_TICKS], i, at;
	int text[PLOT_MAX_TICKS];
	size_t nr, j;

	nr = plot_ticks(tick, &page->plot->x, &page->x,
			MAXIMUM(width / 9, 2));
	for (j = 0; j < nr; j++)
		column[j] = (unsigned)fmax(round(plot_place(
			&page->x, tick[j].value) * (width - 1)), 0);
	place_texts(text, tick, nr, column, indent, indent + width);
	color(page, PLOT_COLOR_FAINT);
	blanks(page, indent - 1);
	strbuf_addstr(page->out, page->frame->corner);
	for (i = 0; i < width; i++) {
		bool has = false;

		for (j = 0; j < nr; j++)
			has |= column[j] == i && !tick[j].minor;
		strbuf_addstr(page->out, has ? page->frame->bottom_tick :
					       page->frame->bottom);
	}
	strbuf_addch(page->out, '\n');
	for (j = 0, at = 0; j < nr; j++) {
		if (text[j] < (int)at)
			continue;
		blanks(page, (unsigned)text[j] - at);
		at = (unsigned)text[j] + add_text(page, tick[j].text, width);
	}
	color(page, PLOT_COLOR_OFF);
	strbuf_addch(page->out, '\n');
}

static void add_centred(struct page *page, const char *text, unsigned indent,
			unsigned width, const char *how)
{
	unsigned len = text_width(text);

	blanks(page, indent + (len < width ? (width - len) / 2 : 0));
	color(page, how);
	add_text(page, text, width);
	color(page, PLOT_COLOR_OFF);
	strbuf_addch(page->out, '\n');
}

static bool is_flat(const struct plot_panel *panel)
{
	size_t i;

	for (i = 0; i < panel->nr; i++)
		if (panel->line[i].points.nr)
			return false;
	return true;
}

static void add_panel(struct page *page, const struct plot_panel *panel,
		      unsigned height, bool is_last)
{
	struct plot_canvas canvas;
	struct y_ticks ticks;
	struct plot_scale y;
	unsigned indent, width;

	plot_scale_y(&y, page->plot, panel);
	y_ticks(&ticks, page, panel, &y, height);
	indent = ticks.width ? ticks.width + 2 : 1;
	width = MAXIMUM(page->width, indent + 4) - indent;
	blanks(page, indent - 1);
	color(page, PLOT_COLOR_BOLD);
	add_text(page, panel->y.label, page->width - MINIMUM(indent - 1,
							    page->width));
	color(page, PLOT_COLOR_OFF);
	strbuf_addch(page->out, '\n');
	plot_canvas_init(&canvas, page->options->style, width, height);
	if (is_flat(panel)) {
		add_centred(page, "no numbers", indent, width, "");
	} else {
		unsigned row;

		draw_panel(&canvas, page, &y, panel);
		for (row = 0; row < height; row++)
			add_row(page, &canvas, &y, &ticks, row);
		add_x_axis(page, indent, width);
		if (is_last && page->plot->x.label)
			add_centred(page, page->plot->x.label, indent, width,
				    "");
	}
	plot_canvas_release(&canvas);
}

/* ---- the legend ---------------------------------------------------------- */

static void add_key(struct page *page, unsigned style)
{
	color(page, plot_color(style));
	strbuf_addstr(page->out, plot_marker(page->options->style, style));
	color(page, PLOT_COLOR_OFF);
	strbuf_addch(page->out, ' ');
}

/* What a picture cannot show exactly, or at all. */
static void line_facts(struct strbuf *out, const struct page *page,
		       const struct plot_panel *panel,
		       const struct plot_line *line, unsigned part)
{
	const struct plot_axis *x = &page->plot->x, *y = &panel->y;

	if (part == 0 && !page->plot->scatter) {
		strbuf_addstr(out, "last ");
		plot_format(out, y, line->last);
	} else if (part == 1 && line->count && !page->plot->scatter) {
		strbuf_addstr(out, "min ");
		plot_format(out, y, line->min);
		strbuf_addstr(out, " at ");
		plot_format(out, x, line->min_x);
	} else if (part == 2 && line->count && !page->plot->scatter) {
		strbuf_addstr(out, "max ");
		plot_format(out, y, line->max);
		strbuf_addstr(out, " at ");
		plot_format(out, x, line->max_x);
	} else if (part == 3) {
		if (line->not_numbers)
			strbuf_addf(out, "%zu NaN", line->not_numbers);
		if (line->infinite)
			strbuf_addf(out, "%s%zu infinite", out->len ? ", " :
				    "", line->infinite);
		if (line->hidden)
			strbuf_addf(out, "%s%zu not above 0", out->len ?
				    ", " : "", line->hidden);
	}
}

#define PARTS 4

/* A line of text for each line of the plot, in columns. */
static void add_long_legend(struct page *page, const struct plot_panel *panel)
{
	unsigned width[PARTS + 1] = { 0 }, used, i;
	struct strbuf text = STRBUF_INIT;
	size_t j;

	for (j = 0; j < panel->nr; j++) {
		width[0] = MAXIMUM(width[0], text_width(panel->line[j].label));
		for (i = 0; i < PARTS; i++) {
			strbuf_reset(&text);
			line_facts(&text, page, panel, &panel->line[j], i);
			width[i + 1] = MAXIMUM(width[i + 1], (unsigned)
					       utf8_width(text.buf,
							  text.len));
		}
	}
	for (j = 0; j < panel->nr; j++) {
		unsigned at;

		blanks(page, 1);
		add_key(page, panel->line[j].style);
		used = add_text(page, panel->line[j].label,
				page->width > 4 ? page->width - 4 : 1);
		at = 3 + width[0];
		used += 3;
		for (i = 0; i < PARTS; i++) {
			strbuf_reset(&text);
			line_facts(&text, page, panel, &panel->line[j], i);
			if (!width[i + 1] ||
			    at + 2 + width[i + 1] > page->width)
				continue;
			if (text.len) {
				blanks(page, at + 2 - used);
				used = at + 2 + add_text(page, text.buf,
							 width[i + 1]);
			}
			at += 2 + width[i + 1];
		}
		strbuf_addch(page->out, '\n');
	}
	strbuf_release(&text);
}

/* As many beside each other as fit. */
static void add_short_legend(struct page *page)
{
	const struct strvec *labels = &page->plot->labels;
	unsigned used = 0;
	size_t i;

	for (i = 0; i < labels->nr; i++) {
		unsigned need = 3 + text_width(labels->v[i]);

		if (used && used + 2 + need > page->width) {
			strbuf_addch(page->out, '\n');
			used = 0;
		}
		blanks(page, used ? 2 : 1);
		used += used ? 2 : 1;
		add_key(page, (unsigned)i);
		used += 2 + add_text(page, labels->v[i], page->width > 4 ?
				     page->width - 4 : 1);
	}
	strbuf_addch(page->out, '\n');
}

static unsigned panel_height(const struct page *page)
{
	const struct plot *plot = page->plot;
	unsigned height = page->options->height, rest;

	if (!height)
		return plot->nr > 1 ? SHARED_HEIGHT : FULL_HEIGHT;
	rest = (unsigned)(3 * plot->nr + (plot->title ? 1 : 0) + 1 +
			  (plot->nr > 1 ? 1 : plot->panel[0].nr));
	height = height > rest ? (height - rest) / (unsigned)plot->nr : 0;
	return MAXIMUM(height, 3);
}

void plot_text(struct strbuf *out, const struct plot *plot,
	       const struct plot_text_options *options)
{
	struct page page = {
		.out = out, .plot = plot, .options = options,
		.frame = &frames[options->style == PLOT_ASCII],
		.colors = options->fd >= 0 && color_wanted(options->fd),
		.width = MAXIMUM(options->width, 12)
	};
	size_t i;

	plot_scale_x(&page.x, plot);
	if (plot->title)
		add_centred(&page, plot->title, 0, page.width,
			    PLOT_COLOR_BOLD);
	for (i = 0; i < plot->nr; i++)
		add_panel(&page, &plot->panel[i], panel_height(&page),
			  i + 1 == plot->nr);
	if (plot->nr == 1)
		add_long_legend(&page, &plot->panel[0]);
	else if (plot->nr)
		add_short_legend(&page);
	if (plot->note) {
		blanks(&page, 1);
		color(&page, PLOT_COLOR_FAINT);
		add_text(&page, plot->note, page.width - 1);
		color(&page, PLOT_COLOR_OFF);
		strbuf_addch(out, '\n');
	}
}
