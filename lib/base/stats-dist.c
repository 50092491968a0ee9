/*
 * The distributions behind stats.h. The incomplete beta function is enough for
 * Student's t and for the binomial.
 */
#include "lib/base/compat.h"
#include "lib/base/stats.h"

#include <float.h>
#include <math.h>

#define LN_SQRT_2PI 0.918938533204672741780329736406
#define MAX_TERMS 100000
#define MAX_STEPS 200
#define TINY 1e-300

/* ln(gamma(x)) less Stirling's formula: DLMF 5.11.1, for x of 10 and more,
 * where the difference of two large numbers would keep few digits. */
static double stirling_rest(double x)
{
	double y = 1 / (x * x);

	int sign;

	if (x < 10)
		return lgamma_r(x, &sign) - (x - 0.5) * log(x) + x -
		       LN_SQRT_2PI;
	return (1. / 12 - y * (1. / 360 - y * (1. / 1260 - y * (1. / 1680 -
		y * (1. / 1188 - y * 691. / 360360))))) / x;
}

/* a ln(x / x0), to the last digits also where the two are close. */
static double far_from(double a, double x, double x0)
{
	return a * (x < x0 / 2 ? log(x / x0) : log1p((x - x0) / x0));
}

/* x^a y^b / (a B(a, b)), y = 1 - x, for a and b of any size. */
static double beta_front(double a, double b, double x, double y)
{
	double s = a + b, x0 = a / s, y0 = b / s, power;

	power = far_from(a, x, x0) + far_from(b, y, y0) +
		stirling_rest(s) - stirling_rest(a) - stirling_rest(b);
	return exp(power) * sqrt(b / (a * s)) * exp(-LN_SQRT_2PI);
}

/* DLMF 8.17.22, by the modified algorithm of Lentz. */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d, f, k, step;
	int m;

	d = 1 - (a + b) * x / (a + 1);
	d = 1 / (fabs(d) < TINY ? TINY : d);
	f = d;
	for (m = 1; m < MAX_TERMS; m++) {
		k = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		d = 1 + k * d;
		c = 1 + k / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		f *= c * d;
		k = -(a + m) * (a + b + m) * x /
		    ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 + k * d;
		c = 1 + k / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		step = c * d;
		f *= step;
		if (fabs(step - 1) < DBL_EPSILON)
			break;
	}
	return f;
}

/* The regularised incomplete beta function I_x(a, b); y is 1 - x, given
 * apart because one of them may be too small for a difference. */
static double beta_inc(double a, double b, double x, double y)
{
	if (x <= 0)
		return 0;
	if (y <= 0)
		return 1;
	if (x > (a + 1) / (a + b + 2))
		return 1 - beta_front(b, a, y, x) * beta_fraction(b, a, y);
	return beta_front(a, b, x, y) * beta_fraction(a, b, x);
}

double stats_normal_cdf(double z)
{
	return 0.5 * erfc(-z / sqrt(2));
}

/* The upper tail beyond t, which is not negative. */
static double t_tail(double t, double df)
{
	double x, y;

	if (isinf(df))
		return stats_normal_cdf(-t);
	if (isinf(t))
		return 0;
	/* t * t may overflow, a quotient of squares does not */
	if (t > sqrt(df)) {
		y = sqrt(df) / t;
		x = y * y / (1 + y * y);
		y = 1 / (1 + y * y);
	} else {
		y = t / sqrt(df);
		x = 1 / (1 + y * y);
		y = y * y / (1 + y * y);
	}
	return 0.5 * beta_inc(df / 2, 0.5, x, y);
}

double stats_t_cdf(double t, double df)
{
	if (isnan(t) || isnan(df) || df <= 0)
		return NAN;
	return t < 0 ? t_tail(-t, df) : 1 - t_tail(t, df);
}

static double t_density(double t, double df)
{
	double s;

	if (isinf(df))
		return exp(-t * t / 2 - LN_SQRT_2PI);
	s = stirling_rest((df + 1) / 2) - stirling_rest(df / 2) - 0.5 +
	    df / 2 * log1p(1 / df) - (df + 1) / 2 * log1p(t * t / df);
	return exp(s - LN_SQRT_2PI);
}

/*
 * Where the upper tail is q, which is less than a half: steps of Newton on the
 * logarithm of the tail, held between bounds that always enclose it.
 */
static double t_tail_inverse(double q, double df)
{
	double low = 0, high = 1, t, tail, next;
	int i;

	while (t_tail(high, df) > q && high < DBL_MAX / 4) {
		low = high;
		high *= 2;
	}
	t = low + (high - low) / 2;
	for (i = 0; i < MAX_STEPS; i++) {
		tail = t_tail(t, df);
		if (tail > q)
			low = t;
		else
			high = t;
		next = t + log(tail / q) * tail / t_density(t, df);
		if (!(next > low && next < high))
			next = low + (high - low) / 2;
		if (fabs(next - t) <= 2 * DBL_EPSILON * t)
			return next;
		t = next;
	}
	return t;
}

double stats_t_quantile(double p, double df)
{
	if (!(p >= 0 && p <= 1) || isnan(df) || df <= 0)
		return NAN;
	if (p == 0 || p == 1)
		return p == 0 ? -INFINITY : INFINITY;
	if (p == 0.5)
		return 0;
	return p < 0.5 ? -t_tail_inverse(p, df) : t_tail_inverse(1 - p, df);
}

double stats_normal_quantile(double p)
{
	return stats_t_quantile(p, INFINITY);
}

double stats_binomial_cdf(double k, double nr, double p)
{
	if (isnan(k) || !(p >= 0 && p <= 1) || !(nr >= 0))
		return NAN;
	k = floor(k);
	if (k < 0)
		return 0;
	if (k >= nr)
		return 1;
	return beta_inc(nr - k, k + 1, 1 - p, p);
}

double stats_binomial_quantile(double q, double nr, double p)
{
	double low = -1, high = nr, middle;

	if (!(q >= 0 && q <= 1) || !(p >= 0 && p <= 1) || !(nr >= 0))
		return NAN;
	/* The tail beyond `low` is too little, that up to `high` enough. R
	 * forgives rounding in the same measure. */
	q *= 1 - 64 * DBL_EPSILON;
	while (high - low > 1) {
		middle = floor(low + (high - low) / 2);
		if (stats_binomial_cdf(middle, nr, p) >= q)
			high = middle;
		else
			low = middle;
	}
	return high;
}
