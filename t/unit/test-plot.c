/*
 * What is drawn of many points, what smoothing makes of them, and where ticks
 * are.
 */
#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/sheet/plotting.h"
#include "t/unit/unit.h"

#include <math.h>

static void feed(struct plot_line *line, const double *y, size_t nr,
		 unsigned window, bool log_y)
{
	struct plot_feed *f = plot_feed_new(line, window, false, log_y);
	size_t i;

	for (i = 0; i < nr; i++)
		plot_feed_add(f, (double)i, y[i]);
	plot_feed_end(f);
}

static void check_points(const double *y, size_t nr, unsigned window,
			 bool log_y, const char *want, const char *what)
{
	struct strbuf got = STRBUF_INIT;
	struct plot plot;
	struct plot_line *line;
	size_t i;

	plot_init(&plot);
	line = plot_add_line(plot_add_panel(&plot, "y"), "line", 0);
	feed(line, y, nr, window, log_y);
	for (i = 0; i < line->points.nr; i++)
		strbuf_addf(&got, "%s%g:%.6g", i ? " " : "", line->points.x[i],
			    line->points.y[i]);
	if (line->not_numbers || line->infinite || line->hidden)
		strbuf_addf(&got, " nan %zu inf %zu hidden %zu",
			    line->not_numbers, line->infinite, line->hidden);
	check_str(got.buf, want, what);
	plot_release(&plot);
	strbuf_release(&got);
}

static void test_feed(void)
{
	const double gap[] = { 1, 2, (double)NAN, 4, (double)INFINITY, 0, 5 };
	const double row[] = { 1, 2, 6, 0, 1, 10 };
	const double spike[] = { 1, 1, 1e30, 1, 1, 1, 1, 1 };

	check_points(gap, 7, 0, false, "0:1 1:2 3:nan 3:4 5:nan 5:0 6:5 nan 1 "
		     "inf 1 hidden 0", "gaps");
	check_points(gap, 7, 0, true, "0:1 1:2 3:nan 3:4 6:nan 6:5 nan 1 inf 1 "
		     "hidden 1", "gaps on a logarithmic axis");
	check_points(row, 6, 3, false, "0:1.5 1:3 2:2.66667 3:2.33333 "
		     "4:3.66667 5:5.5", "means of three");
	check_points(row, 6, 2, false, "0:1.5 1:3 2:2.66667 3:2.33333 "
		     "4:3.66667 5:5.5", "an even number is one more");
	check_points(row, 6, 1000, false, "0:3.33333 1:3.33333 2:3.33333 "
		     "3:3.33333 4:3.33333 5:3.33333",
		     "a window that is longer than all");
	check_points(gap, 7, 3, false, "0:1.5 1:1.5 3:nan 3:4 5:nan 5:2.5 "
		     "6:2.5 nan 1 inf 1 hidden 0", "no mean across a gap");
	check_points(spike, 8, 3, false, "0:1 1:3.33333e+29 2:3.33333e+29 "
		     "3:3.33333e+29 4:1 5:1 6:1 7:1",
		     "nothing of a spike stays");
	check_points(row, 0, 3, false, "", "nothing at all");
}

static void test_thinning(void)
{
	struct plot plot;
	struct plot_line *line;
	struct plot_feed *f;
	bool low = false, high = false, sorted = true;
	size_t i;

	plot_init(&plot);
	line = plot_add_line(plot_add_panel(&plot, "y"), "line", 0);
	f = plot_feed_new(line, 0, false, false);
	for (i = 0; i < 1000003; i++)
		plot_feed_add(f, (double)i, i == 777777 ? 50 : i == 123456 ?
			      -50 : (double)(i % 10));
	plot_feed_end(f);
	for (i = 0; i < line->points.nr; i++) {
		high |= line->points.y[i] == 50 && line->points.x[i] == 777777;
		low |= line->points.y[i] == -50 && line->points.x[i] == 123456;
		if (i && line->points.x[i] < line->points.x[i - 1])
			sorted = false;
	}
	check(line->count == 1000003 && line->points.nr <= 4 * 4096,
	      "a million points become few");
	check(high && low && line->max_x == 777777 && line->min_x == 123456,
	      "and no spike is lost");
	check(sorted && line->points.x[0] == 0 &&
	      line->points.x[line->points.nr - 1] == 1000002,
	      "nor the order, the first and the last");
	plot_release(&plot);
}

static void check_ticks(enum plot_kind kind, bool log, double min, double max,
			unsigned most, const char *want)
{
	struct plot_tick tick[PLOT_MAX_TICKS];
	struct plot_scale scale = { min, max, log };
	struct strbuf got = STRBUF_INIT;
	struct plot_axis axis = { .kind = kind, .log = log,
				  .names = STRVEC_INIT };
	size_t nr = plot_ticks(tick, &axis, &scale, most), i;

	for (i = 0; i < nr; i++)
		if (!tick[i].minor)
			strbuf_addf(&got, "%s%s", got.len ? " " : "",
				    tick[i].text);
	check_str(got.buf, want, want);
	strbuf_release(&got);
}

static void test_ticks(void)
{
	check_ticks(PLOT_NUMBER, false, 0, 1, 5, "0 0.2 0.4 0.6 0.8 1.0");
	check_ticks(PLOT_NUMBER, false, -0.013, 0.021, 4, "-0.01 0 0.01 0.02");
	check_ticks(PLOT_NUMBER, false, 0, 499, 5, "0 100 200 300 400");
	check_ticks(PLOT_NUMBER, false, 0, 1e6, 5, "0 200k 400k 600k 800k 1M");
	check_ticks(PLOT_NUMBER, false, 10000, 10004, 4,
		    "10000 10001 10002 10003 10004");
	check_ticks(PLOT_NUMBER, false, 0, 3e-7, 3, "0 1e-07 2e-07 3e-07");
	check_ticks(PLOT_NUMBER, false, -8e307, 8e307, 4,
		    "-5e+307 0 5e+307");
	check_ticks(PLOT_NUMBER, true, -3, 2, 9, "0.001 0.01 0.1 1 10 100");
	check_ticks(PLOT_NUMBER, true, -300, 300, 4,
		    "1e-200 1 1e+200");
	check_ticks(PLOT_NUMBER, true, 0.1, 0.9, 4, "2 5");
	check_ticks(PLOT_DURATION, false, 0, 7200, 4, "0s 30m 1h 1h30m 2h");
	check_ticks(PLOT_DURATION, false, 0, 1, 4, "0s 0.5s 1s");
	check_ticks(PLOT_DURATION, false, 0, 3e6, 4, "0s 14d 28d");
	check_ticks(PLOT_DATE, false, 1720088155, 1720088155 + 10800, 4,
		    "11:00 12:00 13:00");
	check_ticks(PLOT_DATE, false, 1720088155, 1720088155 + 9 * 86400, 5,
		    "2024-07-06 2024-07-08 2024-07-10 2024-07-12");
}

static void test_scale(void)
{
	struct plot_scale s = { -3, 1, true };

	check(plot_place(&s, 0.001) == 0 && plot_place(&s, 10) == 1 &&
	      plot_place(&s, 0.1) == 0.5, "places on a logarithmic axis");
	check(plot_place(&s, 0) != plot_place(&s, 0) &&
	      plot_place(&s, -1) != plot_place(&s, -1),
	      "there is none for 0 and below");
}

int main(void)
{
	test_feed();
	test_thinning();
	test_ticks();
	test_scale();
	return unit_done();
}
