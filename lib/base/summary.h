/*
 * What there is to say of one sample: numbers with the intervals in which they
 * lie, outliers, a histogram. *resutil-summarize*(1), *resutil-bench*(1) and
 * `resutil-ab` say the same of the same values because all of them ask here.
 */
#ifndef LIB_BASE_SUMMARY_H
#define LIB_BASE_SUMMARY_H

#include "lib/base/compat.h"
#include "lib/base/histogram.h"
#include "lib/base/stats.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

#define SUMMARY_LEVEL 0.95

struct summary_options {
	double level;		/* of the intervals; 0: SUMMARY_LEVEL */
	const double *percent;	/* which percentiles; NULL: those of votakvot-ab
				 * that so many values say something about */
	size_t nr;		/* of them */
	bool interpolate;	/* percentiles of R's type 7; else of type 1:
				 * values of the sample */
};

struct percentile {
	double percent, value;
	struct interval interval;	/* may be infinite */
};

struct summary {
	struct stats stats;
	uint64_t missing;	/* NaNs */
	double level;
	double population_sd;	/* of n, where stats.sd is of n - 1 */
	double median;		/* of type 7 */
	struct interval mean;
	struct percentile *percentile;
	size_t nr;		/* percentiles */
	size_t mild, severe;	/* outliers */
	struct histogram histogram;
};

#define SUMMARY_INIT { .histogram = HISTOGRAM_INIT }

/** Sorts `x`. options NULL: all as they are by themselves. */
void summary_make(struct summary *out, double *x, size_t nr,
		  const struct summary_options *options);
void summary_release(struct summary *s);

/**
 * As plain data: a map with the keys of resutil-summarize(1), "OUTPUT". What is
 * not finite is null. grain: what numbers are rounded to a multiple of, for a
 * clock that says no more; 0: they are not.
 */
struct value *summary_value(const struct summary *s, double grain);

/** How numbers are shown: times `scale`, with so many digits behind the dot
 *  and the unit (with the blank before it). */
struct summary_unit {
	double scale;
	int digits;
	const char *unit;
};

/** The lines of votakvot-ab from `average` to the last percentile; with
 *  `intervals` each has its own behind a TAB. */
void summary_add_text(struct strbuf *out, const struct summary *s,
		      const struct summary_unit *unit, bool intervals);
/** A line a bin, the longest bar so many columns long. */
void summary_add_histogram(struct strbuf *out, const struct histogram *h,
			   const struct summary_unit *unit, unsigned width);
/** " (1.23 .. 1.45 ms)" without the blank; "?" for an end that is not known. */
void summary_add_interval(struct strbuf *out, const struct interval *i,
			  const struct summary_unit *unit);

#endif
