/*
 * Plots: lines or points, in one or several panels with a common x axis, for a
 * terminal or as an SVG file. What is drawn is bounded, whatever was measured:
 * of many points that fall together the first, the last, the least and the
 * greatest are kept, so a line looks as if all of them were drawn.
 * Source: resutil-plot(1).
 */
#ifndef LIB_EXP_SHEET_PLOTTING_H
#define LIB_EXP_SHEET_PLOTTING_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

#define PLOT_STYLES 8		/* colours; then they begin again */

struct plot_points {
	double *x, *y;		/* y NaN: a gap */
	size_t nr, alloc;
};

void plot_points_add(struct plot_points *p, double x, double y);
void plot_points_release(struct plot_points *p);

struct plot_line {
	char *label;
	unsigned style;			/* colour and marker */
	struct plot_points points;
	struct plot_points raw;		/* drawn faintly behind; maybe none */
	struct strvec names;		/* scatter: of each point, or none */
	/* of all that was measured */
	size_t count, not_numbers, infinite, hidden; /* hidden: not above 0 on
							a logarithmic axis */
	double last, min, min_x, max, max_x;
};

enum plot_kind {
	PLOT_NUMBER,
	PLOT_DURATION,		/* seconds */
	PLOT_DATE,		/* Unix time */
	PLOT_CATEGORY		/* 0, 1, ...: places in `names` */
};

struct plot_axis {
	char *label;
	bool log;
	enum plot_kind kind;
	double min, max;	/* NaN: by what there is */
	struct strvec names;
	int offset;		/* DATE: seconds east of UTC */
};

struct plot_panel {
	struct plot_axis y;
	struct plot_line *line;
	size_t nr, alloc;
};

struct plot {
	char *title;		/* NULL: none */
	char *note;		/* a line below: what was done to the data */
	struct plot_axis x;
	struct plot_panel *panel;
	size_t nr, alloc;
	bool scatter;		/* points without lines between */
	struct strvec labels;	/* by style: what the legend says */
};

void plot_init(struct plot *plot);
void plot_release(struct plot *plot);
struct plot_panel *plot_add_panel(struct plot *plot, const char *label);
/** A new line without points; moves those that were added before. */
struct plot_line *plot_add_line(struct plot_panel *panel, const char *label,
				unsigned style);

/* ---- points on their way (plot-feed.c) ----------------------------------- */

#define PLOT_MAX_WINDOW 1000000u

struct plot_feed;

/** Rows for a line, in order. window: each point becomes the mean of so many
 *  rows around it, fewer at both ends and never across a gap; then line->raw
 *  gets the rows themselves. 0 or 1: none. */
struct plot_feed *plot_feed_new(struct plot_line *line, unsigned window,
				bool log_x, bool log_y);
void plot_feed_add(struct plot_feed *feed, double x, double y);
/** Hands the points to the line; frees. */
void plot_feed_end(struct plot_feed *feed);

/* ---- axes (plot-axis.c) -------------------------------------------------- */

struct plot_tick {
	double value;
	char text[48];
	bool minor;		/* without a text */
};

struct plot_scale {
	double min, max;	/* on a logarithmic axis: of log10 */
	bool log;
};

/** What an axis shows, x or y (panel): all that there is, some room around it,
 *  never empty. */
void plot_scale_x(struct plot_scale *out, const struct plot *plot);
void plot_scale_y(struct plot_scale *out, const struct plot *plot,
		  const struct plot_panel *panel);
/** 0 to 1 from end to end; NaN where there is no place. */
double plot_place(const struct plot_scale *scale, double value);

#define PLOT_MAX_TICKS 64
/** Ticks at round values, at most `most` with a text. Returns how many. */
size_t plot_ticks(struct plot_tick *out, const struct plot_axis *axis,
		  const struct plot_scale *scale, unsigned most);
/** A value as people read it: four digits, a duration, a date. */
void plot_format(struct strbuf *out, const struct plot_axis *axis,
		 double value);

/* ---- as a picture -------------------------------------------------------- */

enum plot_style { PLOT_BRAILLE, PLOT_BLOCKS, PLOT_ASCII };

struct plot_text_options {
	enum plot_style style;
	unsigned width, height;	/* height: of the whole; 0: by the panels */
	int fd;			/* for colours; -1: none */
};

void plot_text(struct strbuf *out, const struct plot *plot,
	       const struct plot_text_options *options);

struct plot_svg_options {
	unsigned width, height;	/* height: of the whole; 0: by the panels */
};

void plot_svg(struct strbuf *out, const struct plot *plot,
	      const struct plot_svg_options *options);

#endif
