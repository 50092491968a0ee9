/*
 * Statistics against published values: NIST StRD (Statistical Reference Data
 * Sets, univariate summary statistics, certified values), Student 1908 (the
 * data set `sleep` of R), Hollander and Wolfe 1973, tables of Student's t; and
 * against R 4.2.2, whose call is in the name of the check. Random samples are
 * compared with R in t4500.
 */
#include "lib/base/compat.h"
#include "lib/base/stats.h"

#include <math.h>

#include "t/unit/unit.h"

/* rivers of R: lengths of 141 rivers in miles (World Almanac 1975). */
static double rivers[] = {
	735, 320, 325, 392, 524, 450, 1459, 135, 465, 600, 330, 336, 280, 315,
	870, 906, 202, 329, 290, 1000, 600, 505, 1450, 840, 1243, 890, 350,
	407, 286, 280, 525, 720, 390, 250, 327, 230, 265, 850, 210, 630, 260,
	230, 360, 730, 600, 306, 390, 420, 291, 710, 340, 217, 281, 352, 259,
	250, 470, 680, 570, 350, 300, 560, 900, 625, 332, 2348, 1171, 3710,
	2315, 2533, 780, 280, 410, 460, 260, 255, 431, 350, 760, 618, 338, 981,
	1306, 500, 696, 605, 250, 411, 1054, 735, 233, 435, 490, 310, 460, 383,
	375, 1270, 545, 445, 1885, 380, 300, 380, 377, 425, 276, 210, 800, 420,
	350, 360, 538, 1100, 1205, 314, 237, 610, 360, 540, 1038, 424, 310,
	300, 444, 301, 268, 620, 215, 652, 900, 525, 246, 360, 529, 500, 720,
	270, 430, 671, 1770
};

/* Student 1908: hours of sleep that ten patients gained by two drugs. */
static const double drug1[] = {
	0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0
};
static const double drug2[] = {
	1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4
};

/* mtcars of R (Henderson and Velleman 1981): miles per gallon. */
static const double automatic[] = {
	21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3, 15.2,
	10.4, 10.4, 14.7, 21.5, 15.5, 15.2, 13.3, 19.2
};
static const double manual[] = {
	21, 21, 22.8, 32.4, 30.4, 33.9, 27.3, 26, 30.4, 15.8, 19.7, 15, 21.4
};

static void near(double got, double want, double relative, const char *what)
{
	bool good = isnan(want) ? isnan(got) : got == want ||
		    fabs(got - want) <= relative * fabs(want);

	check(good, what);
	if (!good)
		printf("# got:  %.17g\n# want: %.17g\n", got, want);
}

static void test_distributions(void)
{
	near(stats_t_cdf(-2, 5), 0.05096973941492914, 1e-13, "pt(-2, 5)");
	near(stats_t_cdf(1, 1), 0.75, 1e-14, "pt(1, 1): 3/4 exactly");
	near(stats_t_cdf(0, 3), 0.5, 0, "pt(0, 3)");
	near(stats_t_cdf(2.5, 10), 0.9842765778816955, 1e-13, "pt(2.5, 10)");
	near(stats_t_cdf(-40, 4), 1.167008161300635e-06, 1e-12, "pt(-40, 4)");
	near(stats_t_cdf(1e-8, 7), 0.5000000038499145, 1e-14, "pt(1e-8, 7)");
	near(stats_t_cdf(3, 0.3), 0.7493311551561902, 1e-12, "pt(3, 0.3)");
	near(stats_t_cdf(1.5, 1e7), 0.9331927829461852, 1e-10, "pt(1.5, 1e7)");
	near(stats_t_cdf(-6, 1e6), 9.869249061772211e-10, 1e-9,
	     "pt(-6, 1e6)");
	near(stats_t_cdf(1e200, 2), 1, 0, "pt(1e200, 2)");
	near(stats_t_cdf(-1e150, 1), 1 / M_PI / 1e150, 1e-12,
	     "pt(-1e150, 1): a Cauchy tail");
	near(stats_t_cdf(-INFINITY, 3), 0, 0, "pt(-Inf, 3)");
	near(stats_t_cdf(1, 0), NAN, 0, "no degrees of freedom");
	near(stats_normal_cdf(-10), 7.619853024160527e-24, 1e-12, "pnorm(-10)");
	near(stats_normal_cdf(-1.96), 0.02499789514822043, 1e-13,
	     "pnorm(-1.96)");
	near(stats_normal_cdf(1), 0.8413447460685429, 1e-14, "pnorm(1)");
}

static void test_quantiles_of_distributions(void)
{
	near(stats_t_quantile(0.975, 1), 12.70620473617469, 1e-12,
	     "qt(0.975, 1); 12.706 in tables");
	near(stats_t_quantile(0.975, 2), 4.302652729749462, 1e-12,
	     "qt(0.975, 2); 4.303 in tables");
	near(stats_t_quantile(0.975, 9), 2.262157162798205, 1e-12,
	     "qt(0.975, 9); 2.262 in tables");
	near(stats_t_quantile(0.975, 29), 2.045229642132703, 1e-12,
	     "qt(0.975, 29); 2.045 in tables");
	near(stats_t_quantile(0.995, 4), 4.604094871349992, 1e-12,
	     "qt(0.995, 4); 4.604 in tables");
	near(stats_t_quantile(0.025, 4), -2.776445105197794, 1e-12,
	     "qt(0.025, 4)");
	near(stats_t_quantile(0.95, 1e6), 1.644855150722039, 1e-9,
	     "qt(0.95, 1e6)");
	near(stats_t_quantile(0.9999999, 3), 222.5715909862512, 1e-9,
	     "qt(0.9999999, 3)");
	near(stats_t_quantile(0.975, 0.5), 164.5576734804945, 1e-10,
	     "qt(0.975, 0.5)");
	near(stats_t_quantile(1e-10, 6), -83.40943278020819, 1e-12,
	     "qt(1e-10, 6)");
	near(stats_t_quantile(0.5000001, 8), 2.58599051319372e-07, 1e-7,
	     "qt(0.5000001, 8)");
	near(stats_t_quantile(1, 8), INFINITY, 0, "qt(1, 8)");
	near(stats_t_quantile(1.1, 8), NAN, 0, "qt(1.1, 8)");
	near(stats_normal_quantile(0.975), 1.959963984540054, 1e-14,
	     "qnorm(0.975)");
	near(stats_normal_quantile(0.5), 0, 0, "qnorm(0.5)");
	near(stats_normal_quantile(0.3), -0.5244005127080407, 1e-13,
	     "qnorm(0.3)");
	near(stats_normal_quantile(1e-10), -6.361340902404056, 1e-13,
	     "qnorm(1e-10)");
	near(stats_normal_quantile(1e-300), -37.0470962993612, 1e-13,
	     "qnorm(1e-300)");
}

static void test_binomial(void)
{
	near(stats_binomial_cdf(2, 10, 0.5), 56. / 1024, 1e-13,
	     "pbinom(2, 10, 0.5): 56/1024 exactly");
	near(stats_binomial_cdf(4.9, 10, 0.5), 386. / 1024, 1e-13,
	     "pbinom(4.9, 10, 0.5): 386/1024 exactly");
	near(stats_binomial_cdf(50, 100, 0.5), 0.5397946186935891, 1e-12,
	     "pbinom(50, 100, 0.5)");
	near(stats_binomial_cdf(900, 1000, 0.9), 0.5154177095659189, 1e-11,
	     "pbinom(900, 1000, 0.9)");
	near(stats_binomial_cdf(0, 5, 0.1), 0.59049, 1e-13,
	     "pbinom(0, 5, 0.1)");
	near(stats_binomial_cdf(999000, 1e6, 0.999), 0.5042115551670032, 1e-9,
	     "pbinom(999000, 1e6, 0.999)");
	near(stats_binomial_cdf(100, 1e5, 0.0012), 0.0345863933957065, 1e-10,
	     "pbinom(100, 1e5, 0.0012)");
	near(stats_binomial_quantile(0.025, 10, 0.5), 2, 0,
	     "qbinom(0.025, 10, 0.5)");
	near(stats_binomial_quantile(0.975, 10, 0.5), 8, 0,
	     "qbinom(0.975, 10, 0.5)");
	near(stats_binomial_quantile(0.025, 1000, 0.99), 983, 0,
	     "qbinom(0.025, 1000, 0.99)");
	near(stats_binomial_quantile(0.975, 1000, 0.99), 996, 0,
	     "qbinom(0.975, 1000, 0.99)");
	near(stats_binomial_quantile(0.975, 1e6, 0.5), 500980, 0,
	     "qbinom(0.975, 1e6, 0.5)");
	near(stats_binomial_quantile(0.125, 3, 0.5), 0, 0,
	     "qbinom(0.125, 3, 0.5): no rounding error on the edge");
	near(stats_binomial_quantile(0.5, 3, 0.5), 1, 0,
	     "qbinom(0.5, 3, 0.5): nor here");
	near(stats_binomial_quantile(1, 10, 0.5), 10, 0,
	     "qbinom(1, 10, 0.5)");
	near(stats_binomial_quantile(0, 10, 0.5), 0, 0,
	     "qbinom(0, 10, 0.5)");
}

/* NumAcc2, 3 and 4 of NIST: 1001 numbers about a constant. */
static void test_nist(double about, double tolerance, const char *name)
{
	static double x[1001];
	struct stats s;
	size_t i;

	x[0] = about + 0.2;
	for (i = 1; i < 1001; i++)
		x[i] = about + (i % 2 ? 0.1 : 0.3);
	stats_of(&s, x, 1001);
	near(s.mean, about + 0.2, 1e-15, name);
	near(s.sd, 0.1, tolerance, name);
}

static void test_summary(void)
{
	static const double few[] = { NAN, 3, NAN, 1, 2, NAN };
	static const double same[] = { 0.1, 0.1, 0.1, 0.1, 0.1, 0.1 };
	static const double huge[] = { 1.5e308, 1.5e308, 1.2e308 };
	static const double far[] = { 1e100, 1, -1e100 };
	struct stats s;

	stats_of(&s, drug1, 10);
	check(s.nr == 10, "all are counted");
	near(s.mean, 0.75, 1e-15, "mean(drug1): 0.75, as Student has it");
	near(s.sd, 1.789009657759163, 1e-14, "sd(drug1)");
	stats_of(&s, rivers, ARRAY_SIZE(rivers));
	near(s.mean, 591.1843971631206, 1e-15, "mean(rivers)");
	near(s.sd, 493.8708420345905, 1e-14, "sd(rivers)");
	near(s.sum, 83357, 0, "sum(rivers)");
	check(s.min == 135 && s.max == 3710, "range(rivers)");
	test_nist(1, 1e-14, "NIST NumAcc2");
	/* The doubles nearest to the data do not vary by more digits. */
	test_nist(1e6, 1e-9, "NIST NumAcc3");
	test_nist(1e7, 1e-8, "NIST NumAcc4");

	stats_of(&s, few, ARRAY_SIZE(few));
	check(s.nr == 3 && s.mean == 2 && s.sd == 1 && s.sum == 6 &&
	      s.min == 1 && s.max == 3, "NaNs are left out");
	stats_of(&s, same, ARRAY_SIZE(same));
	near(s.mean, 0.1, 1e-15, "the mean of one value");
	check(s.sd == 0, "what does not vary has a deviation of 0");
	stats_of(&s, huge, ARRAY_SIZE(huge));
	near(s.mean, 1.4e308, 1e-12, "a mean whose sum is no double");
	stats_of(&s, far, ARRAY_SIZE(far));
	check(s.sum == 1, "a sum keeps what single additions lose");
	stats_of(&s, few + 1, 1);
	check(s.nr == 1 && s.mean == 3 && isnan(s.sd), "one value");
	stats_of(&s, NULL, 0);
	check(!s.nr && isnan(s.mean) && isnan(s.min) && s.sum == 0, "none");
}

static void test_quantiles(void)
{
	static const double two[] = { 1, INFINITY };
	double x[] = { 3, NAN, 1, -INFINITY, NAN, 2, -0.5 };
	size_t mild, severe;

	check(stats_sort(x, ARRAY_SIZE(x)) == 5 && isinf(x[0]) &&
	      x[1] == -0.5 && x[4] == 3 && isnan(x[5]) && isnan(x[6]),
	      "sorted, NaNs last");
	check(stats_sort(rivers, ARRAY_SIZE(rivers)) == 141, "no NaN in it");
#define RIVERS rivers, ARRAY_SIZE(rivers)
	near(stats_quantile(RIVERS, 0), 135, 0, "quantile(rivers, 0)");
	near(stats_quantile(RIVERS, 0.05), 230, 0, "quantile(rivers, 0.05)");
	near(stats_quantile(RIVERS, 0.1), 255, 0, "quantile(rivers, 0.1)");
	near(stats_quantile(RIVERS, 0.25), 310, 0, "quantile(rivers, 0.25)");
	near(stats_median(RIVERS), 425, 0, "median(rivers)");
	near(stats_quantile(RIVERS, 0.75), 680, 0, "quantile(rivers, 0.75)");
	near(stats_quantile(RIVERS, 0.95), 1450, 0, "quantile(rivers, 0.95)");
	near(stats_quantile(RIVERS, 0.99), 2459, 1e-14,
	     "quantile(rivers, 0.99)");
	near(stats_quantile(RIVERS, 1), 3710, 0, "quantile(rivers, 1)");
	near(stats_quantile(RIVERS, 1.5), NAN, 0, "no such quantile");
	near(stats_median(rivers, 0), NAN, 0, "of none");
	near(stats_median(rivers, 1), 135, 0, "of one");
	near(stats_median(two, 2), INFINITY, 0, "up to infinity");
	near(stats_quantile_of_sample(RIVERS, 0.5), 425, 0,
	     "quantile(rivers, 0.5, type = 1)");
	near(stats_quantile_of_sample(RIVERS, 0.99), 2533, 0,
	     "quantile(rivers, 0.99, type = 1)");
	near(stats_quantile_of_sample(RIVERS, 0), 135, 0,
	     "quantile(rivers, 0, type = 1)");
	near(stats_quantile_of_sample(RIVERS, 1), 3710, 0,
	     "quantile(rivers, 1, type = 1)");
	near(stats_quantile_of_sample(rivers, 100, 0.29), rivers[28], 0,
	     "0.29 of 100 are 29, though 100 * 0.29 is a little more");
	stats_outliers(RIVERS, &mild, &severe);
	check(mild == 6 && severe == 5, "outliers of rivers: 11, 5 are far");
	stats_outliers(rivers, 0, &mild, &severe);
	check(!mild && !severe, "no outliers of none");
}

static void test_intervals(void)
{
	struct interval i;
	struct stats s;
	double x[10] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, ratio;

	stats_of(&s, drug1, 10);
	i = stats_mean_interval(&s, 0.95);
	near(i.low, -0.5297804135262322, 1e-12, "t.test(drug1), low");
	near(i.high, 2.029780413526232, 1e-12, "t.test(drug1), high");
	stats_of(&s, RIVERS);
	i = stats_mean_interval(&s, 0.99);
	near(i.low, 482.5724297468317, 1e-12, "t.test(rivers, 0.99), low");
	near(i.high, 699.7963645794094, 1e-12, "t.test(rivers, 0.99), high");
	stats_of(&s, drug1, 1);
	i = stats_mean_interval(&s, 0.95);
	check(isnan(i.low) && isnan(i.high), "no interval of one value");

	/* Conover 1999, table A3 and section 3.2; the widths are in many
	 * tables of "confidence intervals for the median": n 10, ranks 2, 9 */
	i = stats_quantile_interval(x, 10, 0.5, 0.95);
	check(i.low == 2 && i.high == 9, "median of 10: ranks 2 and 9");
	i = stats_quantile_interval(x, 6, 0.5, 0.95);
	check(i.low == 1 && i.high == 6, "median of 6: ranks 1 and 6");
	i = stats_quantile_interval(x, 5, 0.5, 0.95);
	check(isinf(i.low) && i.low < 0 && isinf(i.high) && i.high > 0,
	      "5 are too few for a median's");
	i = stats_quantile_interval(x, 10, 0.9, 0.95);
	check(i.low == 7 && isinf(i.high), "and 10 for the upper end of p90");
	i = stats_quantile_interval(x, 0, 0.9, 0.95);
	check(isnan(i.low), "of none");

	/* d <- log(b / a) of the five pairs that are positive;
	 * exp(mean(d)); exp(t.test(d)$conf.int) */
	i = stats_ratio_interval(drug1, drug2, 10, 0.95, &ratio);
	near(ratio, 1.777681040536337, 1e-13, "the ratio of two drugs");
	near(i.low, 1.245906174597143, 1e-12, "its interval, low");
	near(i.high, 2.536426856463866, 1e-12, "its interval, high");
}

static double welch(const double *a, size_t nr_a, const double *b, size_t nr_b)
{
	struct stats s, t;

	stats_of(&s, a, nr_a);
	stats_of(&t, b, nr_b);
	return stats_welch(&s, &t);
}

static void test_tests(void)
{
	/* Hollander and Wolfe 1973, 69f: one-sided 0.1272 */
	static const double x[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91,
				    1.64, 0.73, 1.46 };
	static const double y[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
	double a[50], b[50], same[3] = { 2, 2, 2 }, less[3] = { 1, 1, 1 };
	size_t i;

	near(welch(drug1, 10, drug2, 10), 0.07939414018735817, 1e-12,
	     "t.test(extra ~ group, data = sleep)");
	near(welch(automatic, 19, manual, 13), 0.001373638333071028, 1e-12,
	     "t.test(mpg ~ am, data = mtcars)");
	near(welch(same, 3, same, 3), 1, 0, "neither varies, both the same");
	near(welch(same, 3, less, 3), 0, 0, "neither varies, they differ");
	near(welch(same, 1, less, 3), NAN, 0, "one value is too few");

	near(stats_rank_sum(drug1, 10, drug2, 10), 0.06932757543362658, 1e-12,
	     "wilcox.test(extra ~ group, data = sleep): ties");
	near(stats_rank_sum(automatic, 19, manual, 13), 0.001871391333178557,
	     1e-12, "wilcox.test(mpg ~ am, data = mtcars): ties");
	near(stats_rank_sum(x, 10, y, 5), 2 * 0.1272, 4e-4,
	     "Hollander and Wolfe: 0.1272 on one side");
	near(stats_rank_sum(x, 10, y, 5), 0.2544122544122544, 1e-13,
	     "wilcox.test(x, y)");
	near(stats_rank_sum(y, 5, x, 10), 0.2544122544122544, 1e-13,
	     "wilcox.test(y, x)");
	for (i = 0; i < 50; i++) {
		a[i] = (double)i + 1;
		b[i] = (double)i + 21.5;
	}
	near(stats_rank_sum(a, 49, b, 49), 2.63413347243819e-09, 1e-12,
	     "wilcox.test(1:49, 1:49 + 20.5), exact");
	near(stats_rank_sum(a, 50, b, 50), 1.965437296589583e-08, 1e-12,
	     "wilcox.test(1:50, 1:50 + 20.5), not exact");
	near(stats_rank_sum(a, 3, a + 3, 3), 0.1, 1e-14,
	     "wilcox.test(1:3, 4:6)");
	near(stats_rank_sum(a + 3, 7, a, 3), 2. / 120, 1e-14,
	     "wilcox.test(4:10, 1:3)");
	near(stats_rank_sum(same, 3, same, 3), 1, 0, "all are equal");
	near(stats_rank_sum(same, 3, same, 0), NAN, 0, "against none");
}

int main(void)
{
	test_distributions();
	test_quantiles_of_distributions();
	test_binomial();
	test_summary();
	test_quantiles();
	test_intervals();
	test_tests();
	return unit_done();
}
