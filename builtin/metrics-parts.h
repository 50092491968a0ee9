/*
 * What metrics is made of: rows of runs, and what their columns come to.
 */
#ifndef BUILTIN_METRICS_PARTS_H
#define BUILTIN_METRICS_PARTS_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"
#include "lib/exp/series/series-thin.h"
#include "lib/exp/sheet/sheet.h"
#include "builtin/series-arg.h"

struct metrics_job {
	struct series_runs *runs;
	const char *series;		/* NULL: as series_choose() finds it */
	struct strvec columns;		/* empty: all */
	struct series_thin thin;
	struct sheet_options sheet;
	const char *by;			/* side by side: the key */
	int last, all_series, stacked;
	size_t failed;			/* runs that could not be read */
	int code;			/* of the first */
	bool partly;			/* something else is left out */
};

/** Tables of people: short names of runs, times as dates. */
bool metrics_for_people(const struct metrics_job *job);
/** A run cannot be read; some of it is left out: said, and counted. */
void metrics_failed(struct metrics_job *job, int code, const char *why);
void metrics_left_out(struct metrics_job *job, const struct series_run *run,
		      const char *why);

/** A row for each run and column. */
void metrics_reduce(struct metrics_job *job);
/** A row for each run: the last value of each column. */
void metrics_last(struct metrics_job *job);
/** The rows: of one run, of several below each other, or side by side. */
void metrics_rows(struct metrics_job *job);

#endif
