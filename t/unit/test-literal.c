#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/exp/runs/literal.h"
#include "t/unit/unit.h"

#include <math.h>

/* 2024-07-04T19:15:55+09:00 */
static const struct moment now = { 1720088155, 0, 32400 };

static void number(const char *text, double want)
{
	struct cell cell = CELL_INIT;
	double got = NAN;

	check(literal_number(&cell, text, strlen(text)) &&
	      cell_number(&cell, &got) && got == want, text);
	if (got != want)
		printf("# got %.17g\n", got);
}

static void none(const char *text)
{
	struct cell cell = CELL_INIT;

	check(!literal_number(&cell, text, strlen(text)), text);
}

static void test_numbers(void)
{
	struct cell cell = CELL_INIT;

	number("0", 0);
	number("-3", -3);
	number("+3", 3);
	number("007", 7);
	number("0.9", 0.9);
	number(".5", .5);
	number("5.", 5);
	number("1e-5", 1e-5);
	number("1.0E+3", 1000);
	number("inf", INFINITY);
	number("-Infinity", -INFINITY);
	number("9223372036854775808", 9223372036854775808.0);
	none("");
	none("-");
	none(".");
	none("e5");
	none("1e");
	none("1 2");
	none("0x10");
	none("1_000");
	none("--3");
	none("1.2.3");
	check(literal_number(&cell, "9223372036854775807", 19) &&
	      cell.type == CELL_INT && cell.u.number == INT64_MAX,
	      "the greatest integer is exact");
	check(literal_number(&cell, "NaN", 3) && isnan(cell.u.real), "NaN");
	check(literal_plain_number(&cell, "1e5", 3), "1e5 is plain");
	check(!literal_plain_number(&cell, "5m", 2), "5m is not plain");
}

static void test_units(void)
{
	struct cell cell = CELL_INIT;

	number("250ms", 0.25);
	number("3us", 3e-6);
	number("3\302\265s", 3e-6);
	number("5m", 300);
	number("90 min", 5400);
	number("1.5h", 5400);
	number("2 days", 172800);
	number("1w", 604800);
	number("1h30m", 5400);
	number("1h 30m 5s", 5405);
	number("-2h", -7200);
	number("10B", 10);
	number("10K", 10240);
	number("10kB", 10240);
	number("10M", 10485760);
	number("10MiB", 10485760);
	number("1.5G", 1610612736);
	number("1 TB", 1099511627776.0);
	number("5%", 0.05);
	number("12.5 %", 0.125);
	number("-1%", -0.01);
	number("100%", 1);
	check(literal_number(&cell, "2h", 2) && cell.type == CELL_INT,
	      "whole seconds are whole");
	none("10k");
	none("10 x");
	none("1h30");
	none("1h5M");
	none("5%5%");
	none("m5");
	none("1Kb/s");
	none("2 mo");
	none("-1h30m");
}

static void span(const char *text, const char *from, const char *to)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	struct literal literal;

	literal_read(&literal, text, strlen(text), &now);
	check(literal.has_time, text);
	moment_format(&a, &literal.from);
	moment_format(&b, &literal.to);
	check_str(a.buf, from, "it begins then");
	check_str(b.buf, to, "it ends then");
	strbuf_release(&a);
	strbuf_release(&b);
}

static void test_times(void)
{
	struct literal literal;

	span("2024-07-04", "2024-07-04T00:00:00.000000+09:00",
	     "2024-07-05T00:00:00.000000+09:00");
	span("yesterday", "2024-07-03T00:00:00.000000+09:00",
	     "2024-07-04T00:00:00.000000+09:00");
	span("today", "2024-07-04T00:00:00.000000+09:00",
	     "2024-07-05T00:00:00.000000+09:00");
	span("2024-07-04 10:00", "2024-07-04T10:00:00.000000+09:00",
	     "2024-07-04T10:01:00.000000+09:00");
	span("2024-07-04T10:00Z", "2024-07-04T10:00:00.000000+00:00",
	     "2024-07-04T10:01:00.000000+00:00");
	span("2024-07-04T10:00:05+02:00", "2024-07-04T10:00:05.000000+02:00",
	     "2024-07-04T10:00:06.000000+02:00");
	span("2024-07-04T10:00:05.5Z", "2024-07-04T10:00:05.500000+00:00",
	     "2024-07-04T10:00:05.500001+00:00");
	span("2024-07-04T10:00:05.999999Z",
	     "2024-07-04T10:00:05.999999+00:00",
	     "2024-07-04T10:00:06.000000+00:00");
	span("now", "2024-07-04T19:15:55.000000+09:00",
	     "2024-07-04T19:15:55.000001+09:00");
	span("2 days ago", "2024-07-02T19:15:55.000000+09:00",
	     "2024-07-02T19:15:55.000001+09:00");
	literal_read(&literal, "5", 1, &now);
	check(!literal.has_time, "a number is no time");
	literal_read(&literal, "2024-13-04", 10, &now);
	check(!literal.has_time, "there is no month 13");
	literal_read_quoted(&literal, "2024-07-04", 10, &now);
	check(literal.has_time, "a time may stand in quotes");
}

static void test_readings(void)
{
	struct literal literal;

	literal_read(&literal, "True", 4, &now);
	check(literal.plain.type == CELL_BOOL && literal.plain.u.truth,
	      "True is a truth");
	check(literal.text.u.text.len == 4, "and a text");
	literal_read(&literal, "null", 4, &now);
	check(literal.plain.type == CELL_NULL, "null");
	literal_read(&literal, "None", 4, &now);
	check(literal.plain.type == CELL_NULL, "None");
	literal_read_quoted(&literal, "true", 4, &now);
	check(literal.plain.type == CELL_NONE, "in quotes it is text");
	literal_read_quoted(&literal, "5", 1, &now);
	check(literal.number.type == CELL_NONE, "a quoted number is text");
	literal_read(&literal, "adam", 4, &now);
	check(literal.number.type == CELL_NONE && !literal.has_time &&
	      literal.plain.type == CELL_NONE, "a word is only text");
	literal_read(&literal, "3h", 2, &now);
	check(literal.has_time && literal.number.u.number == 10800,
	      "3h is a duration, and a time");
}

int main(void)
{
	setenv("TZ", "JST-9", 1);
	tzset();
	test_numbers();
	test_units();
	test_times();
	test_readings();
	return unit_done();
}
