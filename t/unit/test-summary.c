#include "lib/base/compat.h"
#include "lib/base/summary.h"

#include <math.h>

#include "lib/base/alloc.h"
#include "t/unit/unit.h"

static bool edges_are(const struct histogram *h, const double *want, size_t nr)
{
	size_t i;

	for (i = 0; i < nr && i <= h->nr; i++)
		if (h->edge[i] != want[i])
			return false;
	return h->nr + 1 == nr;
}

/* What holds of all: edges go up and enclose, and no value is lost. */
static bool is_sound(const struct histogram *h, const double *x, size_t nr)
{
	uint64_t all = 0;
	size_t i;

	for (i = 0; i < h->nr; i++) {
		if (!(h->edge[i] < h->edge[i + 1]) &&
		    !(h->nr == 1 && h->edge[0] == h->edge[1]))
			return false;
		all += h->count[i];
	}
	return h->nr && all == nr && h->edge[0] <= x[0] &&
	       x[nr - 1] <= h->edge[h->nr];
}

static void test_histogram(void)
{
	static const double tenths[] = { 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4,
					 0.45, 0.5, 0.55, 0.6, 0.65, 0.7 };
	static const double decades[] = { 0.001, 0.002, 0.005, 0.01, 0.02,
					  0.05, 0.1, 0.2 };
	static const double odd[][3] = {
		{ 1e300, 1e305, 1e308 }, { 5e-324, 1e-320, 1e-319 },
		{ 1e16, 1e16 + 2, 1e16 + 4 }, { -1e308, 0, 1e308 },
		{ 1e-5, 2e-5, 1e300 }, { -3, -2, -1 }, { 0, 1e-300, 1 },
		{ -1e-9, 0, 1e9 }, { 0.1, 0.1, 0.3 }, { 2e-308, 1, 1.7e308 }
	};
	double x[] = { -INFINITY, 0.1, 0.15, 0.2, 0.7, INFINITY };
	double tail[] = { 0.0011, 0.0012, 0.0013, 0.0014, 0.19 };
	double same[] = { 7, 7, 7 };
	struct histogram h;
	size_t i;

	histogram_make(&h, x, ARRAY_SIZE(x));
	check(edges_are(&h, tenths, ARRAY_SIZE(tenths)) && !h.log,
	      "edges are round decimal fractions");
	check(h.count[0] == 1 && h.count[1] == 1 && h.count[2] == 1 &&
	      h.count[11] == 1, "a bin has its lower edge, the last one both");
	check(is_sound(&h, x + 1, 4), "what is infinite is in none");
	histogram_release(&h);

	histogram_make(&h, tail, ARRAY_SIZE(tail));
	check(edges_are(&h, decades, ARRAY_SIZE(decades)) && h.log,
	      "far from the median edges are 1, 2, 5, 10");
	check(h.count[0] == 4 && h.count[6] == 1, "and all are counted");
	histogram_release(&h);

	histogram_make(&h, same, 3);
	check(h.nr == 1 && h.edge[0] == 7 && h.edge[1] == 7 &&
	      h.count[0] == 3, "one value, one bin");
	histogram_release(&h);
	histogram_make(&h, x, 1);
	check(!h.nr, "nothing finite, no bin");
	histogram_release(&h);
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		histogram_make(&h, odd[i], 3);
		check(is_sound(&h, odd[i], 3), "sound where doubles end");
		histogram_release(&h);
	}
}

static void test_percentiles(void)
{
	static const double wanted[] = { 0, 50, 99.5, 100 };
	struct summary_options options = { .percent = wanted, .nr = 4 };
	struct summary s;
	double x[1001];
	size_t i;

	/* When votakvot-ab shows one: 500 / min(p, 100 - p) < n. */
	static const struct { size_t nr, shown; double last; } rule[] = {
		{ 10, 0, 0 }, { 11, 1, 50 }, { 20, 1, 50 }, { 21, 3, 75 },
		{ 50, 3, 75 }, { 51, 5, 90 }, { 101, 7, 95 }, { 500, 9, 98 },
		{ 501, 10, 99 }, { 1001, 11, 99.5 }
	};

	for (i = 0; i < 1001; i++)
		x[i] = (double)(1001 - i);
	for (i = 0; i < ARRAY_SIZE(rule); i++) {
		summary_make(&s, x, rule[i].nr, NULL);
		check(s.nr == rule[i].shown && (!s.nr ||
		      s.percentile[s.nr - 1].percent == rule[i].last),
		      "percentiles that so many values say something about");
		summary_release(&s);
	}
	for (i = 0; i < 101; i++)
		x[i] = (double)(101 - i);
	summary_make(&s, x, 101, &options);
	check(s.nr == 4 && s.percentile[0].value == 1 &&
	      s.percentile[1].value == 51 && s.percentile[2].value == 101 &&
	      s.percentile[3].value == 101, "those asked for, of the sample");
	check(s.percentile[1].interval.low == 41 &&
	      s.percentile[1].interval.high == 61, "with their intervals");
	summary_release(&s);
	options.interpolate = true;
	summary_make(&s, x, 101, &options);
	check(s.percentile[2].value == 100.5, "or between two of them");
	summary_release(&s);
}

static void test_value(void)
{
	double x[] = { 0.1 + 0.2, NAN, 0.5, INFINITY };
	struct summary s;
	struct value *v;
	double real = 0;
	int64_t nr = 0;

	summary_make(&s, x, 3, NULL);
	v = summary_value(&s, 1e-9);
	check(value_get_int(v, "count", &nr) && nr == 2, "count");
	check(value_get_int(v, "missing", &nr) && nr == 1, "missing");
	check(value_get_float(v, "minimum", &real) && real == 0.3,
	      "rounded to what a clock says");
	check(value_get_float(v, "std_dev", &real) && real == 0.1,
	      "std_dev of n");
	check(value_get_float(v, "sd", &real) && real == 0.141421356,
	      "sd of n - 1");
	value_free(v);
	summary_release(&s);
	x[0] = x[1] = 1;
	x[2] = x[3] = INFINITY;
	summary_make(&s, x, 4, NULL);
	v = summary_value(&s, 0);
	check(value_get(v, "maximum") &&
	      value_get(v, "maximum")->type == VALUE_NULL,
	      "what is not finite is null");
	value_free(v);
	summary_release(&s);
}

static void test_text(void)
{
	static const struct summary_unit ms = { 1000, 2, " ms" };
	struct strbuf out = STRBUF_INIT;
	double x[200];
	struct summary s;
	size_t i;

	for (i = 0; i < 200; i++)
		x[i] = (double)(i + 1) / 1000;
	summary_make(&s, x, 200, NULL);
	summary_add_text(&out, &s, &ms, false);
	check_str(out.buf, "average \t 100.50 ms\nstd_dev \t 57.73 ms\n"
		  "minimum \t 1.00 ms\nmaximum \t 200.00 ms\npercentiles:\n"
		  "  pct 05   \t 10.00 ms\n  pct 10   \t 20.00 ms\n"
		  "  pct 25   \t 50.00 ms\n  pct 50   \t 100.00 ms\n"
		  "  pct 75   \t 150.00 ms\n  pct 90   \t 180.00 ms\n"
		  "  pct 95   \t 190.00 ms\n  pct 97   \t 194.00 ms\n",
		  "the lines of votakvot-ab");
	summary_release(&s);
	strbuf_reset(&out);
	summary_make(&s, x, 2, NULL);
	summary_add_text(&out, &s, &ms, true);
	check_str(out.buf, "average \t 1.50 ms\t(-4.85 .. 7.85 ms)\n"
		  "std_dev \t 0.50 ms\nminimum \t 1.00 ms\n"
		  "maximum \t 2.00 ms\npercentiles:\n", "and intervals");
	strbuf_reset(&out);
	summary_add_histogram(&out, &s.histogram, &ms, 4);
	check(!strncmp(out.buf, "    1 ms .. 1.1 ms        1  ####\n", 34),
	      "and bars");
	summary_release(&s);
	strbuf_release(&out);
}

int main(void)
{
	test_histogram();
	test_percentiles();
	test_value();
	test_text();
	return unit_done();
}
