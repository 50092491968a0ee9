#include "lib/base/compat.h"
#include "lib/base/stats.h"

#include <float.h>
#include <math.h>

#include "lib/base/alloc.h"

#define INNER_FENCE 1.5		/* times the IQR: Tukey 1977, "hinges" */
#define OUTER_FENCE 3.0
#define EXACT_BELOW 50		/* as wilcox.test() of R */

void stats_init(struct stats *s)
{
	memset(s, 0, sizeof(*s));
	s->mean = s->sd = s->min = s->max = NAN;
	s->nr = 0;
}

/* The sum keeps what each addition loses (Neumaier 1974), since a mean of a
 * billion times shall be right in all its digits. */
static void add_to_sum(struct stats *s, double x)
{
	double sum = s->sum + x;

	if (!isfinite(sum))
		s->lost = 0;
	else if (fabs(s->sum) >= fabs(x))
		s->lost += s->sum - sum + x;
	else
		s->lost += x - sum + s->sum;
	s->sum = sum;
}

void stats_add(struct stats *s, double x)
{
	double off;

	if (isnan(x))
		return;
	add_to_sum(s, x);
	if (!s->nr++) {
		s->centre = s->min = s->max = x;
		s->squares = 0;
		return;
	}
	if (x < s->min)
		s->min = x;
	if (x > s->max)
		s->max = x;
	off = x - s->centre;
	s->centre += off / (double)s->nr;
	s->squares += off * (x - s->centre);
}

void stats_end(struct stats *s)
{
	s->sum += s->lost;
	s->lost = 0;
	s->mean = s->nr ? s->sum / (double)s->nr : NAN;
	/* The sum is beyond all doubles, the mean need not be. */
	if (isinf(s->mean) && isfinite(s->centre))
		s->mean = s->centre;
	s->sd = s->nr < 2 ? NAN : s->min == s->max && isfinite(s->min) ? 0 :
		sqrt(s->squares / (double)(s->nr - 1));
}

void stats_of(struct stats *out, const double *x, size_t nr)
{
	size_t i;

	stats_init(out);
	for (i = 0; i < nr; i++)
		stats_add(out, x[i]);
	stats_end(out);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

size_t stats_sort(double *x, size_t nr)
{
	size_t i, numbers = 0;
	double tmp;

	for (i = 0; i < nr; i++) {
		if (isnan(x[i]))
			continue;
		tmp = x[i];
		x[i] = x[numbers];
		x[numbers++] = tmp;
	}
	if (numbers)
		qsort(x, numbers, sizeof(*x), compare);
	return numbers;
}

double stats_quantile(const double *sorted, size_t nr, double p)
{
	double at, part;
	size_t below;

	if (!nr || !(p >= 0 && p <= 1))
		return NAN;
	at = (double)(nr - 1) * p;
	below = (size_t)at;
	part = at - (double)below;
	if (below + 1 >= nr || part == 0 || sorted[below] == sorted[below + 1])
		return sorted[below];
	return (1 - part) * sorted[below] + part * sorted[below + 1];
}

double stats_quantile_of_sample(const double *sorted, size_t nr, double p)
{
	double rank;

	if (!nr || !(p >= 0 && p <= 1))
		return NAN;
	/* 0.29 * 100 is a little more than 29, and means 29: as R */
	rank = ceil((double)nr * p * (1 - 4 * DBL_EPSILON));
	return sorted[rank < 1 ? 0 : (size_t)rank - 1];
}

double stats_median(const double *sorted, size_t nr)
{
	return stats_quantile(sorted, nr, 0.5);
}

struct interval stats_mean_interval(const struct stats *s, double level)
{
	struct interval i = { NAN, NAN };
	double half;

	if (s->nr < 2)
		return i;
	half = stats_t_quantile((1 + level) / 2, (double)(s->nr - 1)) *
	       s->sd / sqrt((double)s->nr);
	i.low = s->mean - half;
	i.high = s->mean + half;
	return i;
}

struct interval stats_quantile_interval(const double *sorted, size_t nr,
					double p, double level)
{
	struct interval i = { -INFINITY, INFINITY };
	double low, high, tail = (1 - level) / 2;

	if (!nr || !(p >= 0 && p <= 1) || !(level >= 0 && level < 1)) {
		i.low = i.high = NAN;
		return i;
	}
	/* Ranks from 1; nr + 1 and 0 are those that the sample cannot give. */
	low = stats_binomial_quantile(tail, (double)nr, p);
	high = stats_binomial_quantile(1 - tail, (double)nr, p) + 1;
	if (low >= 1)
		i.low = sorted[(size_t)low - 1];
	if (high <= (double)nr)
		i.high = sorted[(size_t)high - 1];
	return i;
}

struct interval stats_ratio_interval(const double *a, const double *b,
				     size_t nr, double level, double *ratio)
{
	struct interval i;
	struct stats s;
	size_t k;

	stats_init(&s);
	for (k = 0; k < nr; k++)
		if (a[k] > 0 && b[k] > 0)
			stats_add(&s, log(b[k]) - log(a[k]));
	stats_end(&s);
	i = stats_mean_interval(&s, level);
	i.low = exp(i.low);
	i.high = exp(i.high);
	if (ratio)
		*ratio = exp(s.mean);
	return i;
}

double stats_welch(const struct stats *a, const struct stats *b)
{
	double va, vb, error, df, t;

	if (a->nr < 2 || b->nr < 2)
		return NAN;
	va = a->sd * a->sd / (double)a->nr;
	vb = b->sd * b->sd / (double)b->nr;
	error = sqrt(va + vb);
	if (error == 0)
		return a->mean == b->mean ? 1 : 0;
	t = (a->mean - b->mean) / error;
	/* (va + vb)^2 / (...), of parts of one so that nothing overflows */
	va /= error * error;
	vb /= error * error;
	df = 1 / (va * va / (double)(a->nr - 1) +
		  vb * vb / (double)(b->nr - 1));
	return 2 * stats_t_cdf(-fabs(t), df);
}

struct ranked { double x; bool in_a; };

static int compare_ranked(const void *a, const void *b)
{
	return compare(&((const struct ranked *)a)->x,
		       &((const struct ranked *)b)->x);
}

static size_t fill_ranked(struct ranked *all, const double *x, size_t nr,
			  bool in_a)
{
	size_t i, nr_all = 0;

	for (i = 0; i < nr; i++) {
		if (isnan(x[i]))
			continue;
		all[nr_all].x = x[i];
		all[nr_all++].in_a = in_a;
	}
	return nr_all;
}

/*
 * Two-sided, without ties. The distribution is symmetric, so the shorter end is
 * counted. w of the pairs have the larger value in `a`: as many ways as there
 * are partitions of w into at most `a` parts, none larger than b. ways[k][s]
 * counts those of s into k parts.
 */
static double rank_sum_exact(size_t a, size_t b, double w)
{
	size_t top, k, v, s;
	double *ways, below = 0, all = 1, most = (double)(a * b);

	if (w > most / 2)
		w = most - w;
	top = (size_t)w;
	ways = xcalloc((a + 1) * (top + 1), sizeof(*ways));
	ways[0] = 1;
	for (v = 1; v <= b; v++)
		for (k = 1; k <= a; k++)
			for (s = v; s <= top; s++)
				ways[k * (top + 1) + s] +=
					ways[(k - 1) * (top + 1) + s - v];
	for (k = 0; k <= a; k++)
		for (s = 0; s <= top; s++)
			below += ways[k * (top + 1) + s];
	for (k = 1; k <= a; k++)
		all = all * (double)(b + k) / (double)k;
	free(ways);
	below = 2 * below / all;
	return below < 1 ? below : 1;
}

/* With correction for ties and for continuity, as R. */
static double rank_sum_normal(double a, double b, double w, double ties)
{
	double off = w - a * b / 2, sigma, nr = a + b;

	sigma = sqrt(a * b / 12 * (nr + 1 - ties / (nr * (nr - 1))));
	if (!(sigma > 0))
		return 1;	/* all are equal */
	off = fabs(off) - (off == 0 ? 0 : 0.5);
	off = 2 * stats_normal_cdf(-off / sigma);
	return off < 1 ? off : 1;
}

double stats_rank_sum(const double *a, size_t nr_a, const double *b,
		      size_t nr_b)
{
	struct ranked *all = xcalloc(nr_a + nr_b + 1, sizeof(*all));
	double w = 0, ties = 0, same, p = NAN;
	size_t nr, i, j, k;

	nr_a = fill_ranked(all, a, nr_a, true);
	nr_b = fill_ranked(all + nr_a, b, nr_b, false);
	nr = nr_a + nr_b;
	qsort(all, nr, sizeof(*all), compare_ranked);
	for (i = 0; i < nr; i = j) {
		for (j = i + 1; j < nr && all[j].x == all[i].x; j++)
			;
		same = (double)(j - i);
		ties += same * same * same - same;
		for (k = i; k < j; k++)
			if (all[k].in_a)
				w += (double)(i + 1 + j) / 2;
	}
	w -= (double)nr_a * (double)(nr_a + 1) / 2;
	if (nr_a && nr_b)
		p = nr_a < EXACT_BELOW && nr_b < EXACT_BELOW && ties == 0 ?
		    rank_sum_exact(nr_a, nr_b, w) :
		    rank_sum_normal((double)nr_a, (double)nr_b, w, ties);
	free(all);
	return p;
}

void stats_outliers(const double *sorted, size_t nr, size_t *mild,
		    size_t *severe)
{
	double low = stats_quantile(sorted, nr, 0.25);
	double high = stats_quantile(sorted, nr, 0.75), iqr = high - low;
	size_t i;

	*mild = *severe = 0;
	for (i = 0; i < nr; i++)
		if (sorted[i] < low - OUTER_FENCE * iqr ||
		    sorted[i] > high + OUTER_FENCE * iqr)
			++*severe;
		else if (sorted[i] < low - INNER_FENCE * iqr ||
			 sorted[i] > high + INNER_FENCE * iqr)
			++*mild;
}
