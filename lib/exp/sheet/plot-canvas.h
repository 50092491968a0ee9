/*
 * A field of characters to draw on with more dots than it has characters:
 * braille (2 x 4 a character), half blocks (1 x 2), or letters (1 x 1).
 */
#ifndef LIB_EXP_SHEET_PLOT_CANVAS_H
#define LIB_EXP_SHEET_PLOT_CANVAS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/sheet/plotting.h"

struct plot_canvas_cell {
	unsigned char dots;
	unsigned char style;
	bool faint;		/* only what is drawn behind */
	const char *mark;	/* a character in the place of dots, or NULL */
};

struct plot_canvas {
	unsigned width, height;		/* characters */
	unsigned dots_x, dots_y;	/* of a character */
	enum plot_style style;
	struct plot_canvas_cell *cell;
};

void plot_canvas_init(struct plot_canvas *c, enum plot_style style,
		      unsigned width, unsigned height);
void plot_canvas_release(struct plot_canvas *c);

/** x, y: 0 to 1 from the lower left corner; what lies outside is not drawn. */
void plot_canvas_dot(struct plot_canvas *c, double x, double y,
		     unsigned style, bool faint);
void plot_canvas_line(struct plot_canvas *c, double x0, double y0, double x1,
		      double y1, unsigned style);
/** A marker in the character that holds the place. */
void plot_canvas_mark(struct plot_canvas *c, double x, double y,
		      unsigned style);

/** The marker of a style: one character. */
const char *plot_marker(enum plot_style style, unsigned nr);

/** A row of characters, from above, without blanks at its end; with colours
 *  when `colors`. */
void plot_canvas_row(struct strbuf *out, const struct plot_canvas *c,
		     unsigned row, bool colors);
/** The escape sequence of a style's colour. */
const char *plot_color(unsigned style);
#define PLOT_COLOR_OFF "\033[0m"
#define PLOT_COLOR_FAINT "\033[2m"
#define PLOT_COLOR_BOLD "\033[1m"

#endif
