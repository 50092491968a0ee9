/*
 * Statistics of a sample of doubles. Texts that name a method name it as R
 * does. Every function is checked against published values or R in
 * t/unit/test-stats.c. They need libm (-lm), which the program `resutil` is not
 * linked with.
 */
#ifndef LIB_BASE_STATS_H
#define LIB_BASE_STATS_H

#include "lib/base/compat.h"

struct stats {
	size_t nr;
	double mean, sd;	/* sd: of the sample (n - 1); NaN below 2 */
	double min, max;
	double sum;
	/* private: what a pass keeps */
	double lost, centre, squares;
};

/** One pass, by Welford; NaNs are left out. */
void stats_of(struct stats *out, const double *x, size_t nr);
/** The same, value by value: the results are there after stats_end(), and
 *  nothing can be added then. */
void stats_init(struct stats *s);
void stats_add(struct stats *s, double x);
void stats_end(struct stats *s);

/** Sorts in place, NaNs last; returns how many are none. */
size_t stats_sort(double *x, size_t nr);
/** Of sorted values, R's type 7 (as numpy's and Excel's default): 0 <= p <= 1;
 *  NaN when there are none. */
double stats_quantile(const double *sorted, size_t nr, double p);
double stats_median(const double *sorted, size_t nr);
/** Of R's type 1: the smallest of the values that at least that part of them
 *  does not exceed. */
double stats_quantile_of_sample(const double *sorted, size_t nr, double p);

/* Both NaN: the sample is too small to say. */
struct interval {
	double low, high;
};

/** Of the mean, by Student's t; NaNs below two values. level: 0.95. */
struct interval stats_mean_interval(const struct stats *s, double level);
/** Of a quantile, by order statistics (binomial): no assumption, and one that
 *  a small sample cannot give is -inf or inf. */
struct interval stats_quantile_interval(const double *sorted, size_t nr,
					double p, double level);
/** Of the ratio of paired positive values b/a, by Student's t of logarithms:
 *  the ratio of their geometric means. Pairs with a value that is not positive
 *  are left out. `ratio` may be NULL. */
struct interval stats_ratio_interval(const double *a, const double *b,
				     size_t nr, double level, double *ratio);

/** Two-sided p of Welch's t test; NaN when a sample has fewer than two, 1 or 0
 *  when both do not vary. */
double stats_welch(const struct stats *a, const struct stats *b);
/** Two-sided p of Wilcoxon's rank sum test (Mann-Whitney), exact for fewer than
 *  50 in each without ties, else the normal approximation with corrections, as
 *  R. NaNs are left out; NaN when a sample is empty, 1 when all are equal. */
double stats_rank_sum(const double *a, size_t nr_a, const double *b,
		      size_t nr_b);

/** How many lie beyond Tukey's outer fences (3 IQR): `severe`; and between
 *  these and the inner ones (1.5 IQR): `mild`. */
void stats_outliers(const double *sorted, size_t nr, size_t *mild,
		    size_t *severe);

/* Distributions. df may be any positive number, also infinite; what makes no
 * sense gives NaN. */
double stats_t_cdf(double t, double df);
double stats_t_quantile(double p, double df);
double stats_normal_cdf(double z);
double stats_normal_quantile(double p);
/** At most k of nr; and the smallest k for which that is at least q. */
double stats_binomial_cdf(double k, double nr, double p);
double stats_binomial_quantile(double q, double nr, double p);

#endif
