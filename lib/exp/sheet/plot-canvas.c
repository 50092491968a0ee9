#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/utf8.h"
#include "lib/exp/sheet/plot-canvas.h"

#include <math.h>

#define BRAILLE 0x2800

static const char *const markers[] = {
	"\xe2\x97\x8f", "\xe2\x96\xb2", "\xe2\x96\xa0", "\xe2\x97\x86",
	"\xe2\x97\x8b", "\xe2\x96\xb3", "\xe2\x96\xa1", "\xe2\x97\x87"
};
static const char *const ascii_markers[] = {
	"*", "o", "+", "x", "#", "@", "%", "&"
};

/* They keep apart on dark and on light ground; which colours they are, the
 * terminal's theme decides. */
static const char *const colors_of[PLOT_STYLES] = {
	"\033[36m", "\033[33m", "\033[35m", "\033[32m", "\033[34m",
	"\033[31m", "\033[96m", "\033[95m"
};

const char *plot_color(unsigned style)
{
	return colors_of[style % PLOT_STYLES];
}

/* With more than eight the markers move on against the colours, so that each
 * pair is new. */
const char *plot_marker(enum plot_style style, unsigned nr)
{
	const unsigned i = (nr + nr / PLOT_STYLES) % PLOT_STYLES;

	return style == PLOT_ASCII ? ascii_markers[i] : markers[i];
}

void plot_canvas_init(struct plot_canvas *c, enum plot_style style,
		      unsigned width, unsigned height)
{
	c->style = style;
	c->width = width;
	c->height = height;
	c->dots_x = style == PLOT_BRAILLE ? 2 : 1;
	c->dots_y = style == PLOT_BRAILLE ? 4 : style == PLOT_BLOCKS ? 2 : 1;
	c->cell = xcalloc((size_t)width * height, sizeof(*c->cell));
}

void plot_canvas_release(struct plot_canvas *c)
{
	free(c->cell);
	c->cell = NULL;
}

static unsigned char dot_of(const struct plot_canvas *c, unsigned x,
			    unsigned y)
{
	static const unsigned char braille[4][2] = {
		{ 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 }
	};

	return c->style == PLOT_BRAILLE ? braille[y][x] :
	       (unsigned char)(1u << y);
}

/* By dots, from the upper left corner. */
static void set_dot(struct plot_canvas *c, unsigned x, unsigned y,
		    unsigned style, bool faint)
{
	struct plot_canvas_cell *cell;

	if (x >= c->width * c->dots_x || y >= c->height * c->dots_y)
		return;
	cell = &c->cell[(size_t)(y / c->dots_y) * c->width + x / c->dots_x];
	if (faint && cell->dots && !cell->faint)
		return;
	if (!faint && cell->faint) {
		cell->dots = 0;
		cell->faint = false;
	}
	if (faint && !cell->dots)
		cell->faint = true;
	cell->dots |= dot_of(c, x % c->dots_x, y % c->dots_y);
	cell->style = (unsigned char)(style % 64);
}

static double dot_x(const struct plot_canvas *c, double x)
{
	return round(x * (c->width * c->dots_x - 1));
}

static double dot_y(const struct plot_canvas *c, double y)
{
	return round((1 - y) * (c->height * c->dots_y - 1));
}

static bool is_inside(double x, double y)
{
	return x >= -1e-9 && x <= 1 + 1e-9 && y >= -1e-9 && y <= 1 + 1e-9;
}

void plot_canvas_dot(struct plot_canvas *c, double x, double y,
		     unsigned style, bool faint)
{
	if (is_inside(x, y))
		set_dot(c, (unsigned)fmax(dot_x(c, x), 0),
			(unsigned)fmax(dot_y(c, y), 0), style, faint);
}

/* The part of a line from t0 to t1 that lies on one side of an edge (Liang and
 * Barsky). False: none. */
static bool clip_edge(double p, double q, double *t0, double *t1)
{
	double r = p ? q / p : 0;

	if (!p)
		return q >= 0;
	if (p < 0) {
		if (r > *t1)
			return false;
		*t0 = fmax(*t0, r);
	} else {
		if (r < *t0)
			return false;
		*t1 = fmin(*t1, r);
	}
	return true;
}

static bool clip(double *x0, double *y0, double *x1, double *y1)
{
	double dx = *x1 - *x0, dy = *y1 - *y0, t0 = 0, t1 = 1;

	if (!clip_edge(-dx, *x0, &t0, &t1) ||
	    !clip_edge(dx, 1 - *x0, &t0, &t1) ||
	    !clip_edge(-dy, *y0, &t0, &t1) ||
	    !clip_edge(dy, 1 - *y0, &t0, &t1))
		return false;
	*x1 = *x0 + t1 * dx;
	*y1 = *y0 + t1 * dy;
	*x0 += t0 * dx;
	*y0 += t0 * dy;
	return true;
}

void plot_canvas_line(struct plot_canvas *c, double x0, double y0, double x1,
		      double y1, unsigned style)
{
	double dx, dy;
	unsigned i, steps;

	if (x0 != x0 || y0 != y0 || x1 != x1 || y1 != y1 ||
	    !clip(&x0, &y0, &x1, &y1))
		return;
	x0 = dot_x(c, x0);
	x1 = dot_x(c, x1);
	y0 = dot_y(c, y0);
	y1 = dot_y(c, y1);
	dx = x1 - x0;
	dy = y1 - y0;
	steps = (unsigned)fmax(fabs(dx), fabs(dy));
	for (i = 0; i <= steps; i++) {
		double t = steps ? (double)i / steps : 0;

		set_dot(c, (unsigned)fmax(round(x0 + t * dx), 0),
			(unsigned)fmax(round(y0 + t * dy), 0), style, false);
	}
}

void plot_canvas_mark(struct plot_canvas *c, double x, double y,
		      unsigned style)
{
	struct plot_canvas_cell *cell;
	unsigned col, row;

	if (!is_inside(x, y))
		return;
	col = (unsigned)fmax(dot_x(c, x), 0) / c->dots_x;
	row = (unsigned)fmax(dot_y(c, y), 0) / c->dots_y;
	if (col >= c->width || row >= c->height)
		return;
	cell = &c->cell[(size_t)row * c->width + col];
	cell->mark = plot_marker(c->style, style);
	cell->style = (unsigned char)(style % 64);
	cell->faint = false;
}

static void add_cell(struct strbuf *out, const struct plot_canvas *c,
		     const struct plot_canvas_cell *cell)
{
	static const char *const blocks[] = {
		" ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"
	};

	if (cell->mark)
		strbuf_addstr(out, cell->mark);
	else if (!cell->dots)
		strbuf_addch(out, ' ');
	else if (c->style == PLOT_BRAILLE)
		utf8_add(out, BRAILLE + cell->dots);
	else if (c->style == PLOT_BLOCKS)
		strbuf_addstr(out, blocks[cell->dots & 3]);
	else
		strbuf_addstr(out, cell->faint ? "." :
			      plot_marker(c->style, cell->style));
}

static bool is_empty(const struct plot_canvas_cell *cell)
{
	return !cell->dots && !cell->mark;
}

void plot_canvas_row(struct strbuf *out, const struct plot_canvas *c,
		     unsigned row, bool colors)
{
	const struct plot_canvas_cell *cell = &c->cell[(size_t)row * c->width];
	const struct plot_canvas_cell *before = NULL;
	unsigned i, end = c->width;

	while (end && is_empty(&cell[end - 1]))
		end--;
	for (i = 0; i < end; i++) {
		bool empty = is_empty(&cell[i]);

		if (colors && !empty &&
		    (!before || before->style != cell[i].style ||
		     before->faint != cell[i].faint)) {
			if (before)
				strbuf_addstr(out, PLOT_COLOR_OFF);
			strbuf_addstr(out, plot_color(cell[i].style));
			if (cell[i].faint)
				strbuf_addstr(out, PLOT_COLOR_FAINT);
			before = &cell[i];
		}
		add_cell(out, c, &cell[i]);
	}
	if (before)
		strbuf_addstr(out, PLOT_COLOR_OFF);
}
