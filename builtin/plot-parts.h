/*
 * What plot is made of: where its lines and points come from.
 */
#ifndef BUILTIN_PLOT_PARTS_H
#define BUILTIN_PLOT_PARTS_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"
#include "lib/exp/sheet/plotting.h"
#include "builtin/series-arg.h"

struct plot_job {
	struct series_runs *runs;
	struct plot *plot;
	const char *series;		/* NULL: as series_choose() finds it */
	const char *x;			/* NULL: as it is found */
	struct strvec y;		/* empty: all that have numbers */
	const char *group;		/* scatter: a colour for each of its
					 * values; NULL: one colour */
	bool log_x, log_y;
	double x_min, x_max, y_min, y_max;	/* NaN: by what there is */
	int window;			/* rows that are smoothed together */
	size_t failed;			/* runs that cannot be read */
	int code;			/* of the first */
	bool partly;			/* lines of a run are left out */
};

/** Lines over steps or time: a panel for each column, a line for each run. */
void plot_lines(struct plot_job *job);
/** Points: one for each run, of two of its fields. */
void plot_scatter(struct plot_job *job);

/** A panel with the scale that was asked for. */
struct plot_panel *plot_job_panel(struct plot_job *job, const char *label);
/** A run, or all of them, cannot be read: said on stderr, and counted. */
void plot_failed(struct plot_job *job, int code, const char *why);

#endif
