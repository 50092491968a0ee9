#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "t/unit/unit.h"

static void zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

/* The moment of `text` as written, or "bad". */
static void parses(const char *text, const char *want)
{
	struct strbuf sb = STRBUF_INIT;
	struct moment m;

	if (moment_parse(&m, text))
		moment_format(&sb, &m);
	else
		strbuf_addstr(&sb, "bad");
	check_str(sb.buf, want, text);
	strbuf_release(&sb);
}

static void test_parse(void)
{
	zone("Asia/Tokyo");
	parses("2024-07-04T19:15:55.000000+09:00",
	       "2024-07-04T19:15:55.000000+09:00");
	parses("2024-07-04T10:15:55Z", "2024-07-04T10:15:55.000000+00:00");
	parses("2024-07-04t10:15:55.1z", "2024-07-04T10:15:55.100000+00:00");
	parses("2024-07-04T10:15:55.123456789-03:30",
	       "2024-07-04T10:15:55.123456-03:30");
	parses("2026-11-20 23:04:10.690226",
	       "2026-11-20T23:04:10.690226+09:00");
	parses("2024-07-04 10:15:55 +0530",
	       "2024-07-04T10:15:55.000000+05:30");
	parses("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000+00:00");
	parses("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000+00:00");
	parses("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000+00:00");
	parses("2024-07-04T10:15", "2024-07-04T10:15:00.000000+09:00");
	parses("2023-02-29T00:00:00Z", "bad");
	parses("1900-02-29T00:00:00Z", "bad");
	parses("2024-13-01T00:00:00Z", "bad");
	parses("2024-07-32T00:00:00Z", "bad");
	parses("2024-07-04T24:00:00Z", "bad");
	parses("2024-07-04T10:15:55.Z", "bad");
	parses("2024-07-04T10:15:55+9", "bad");
	parses("2024-07-04T10:15:55Zx", "bad");
	parses("2024-07-04T10:15:55 ", "bad");
	parses("2024-07-04", "bad");
	parses("", "bad");
	zone("America/New_York");
	parses("2024-07-04 12:00:00", "2024-07-04T12:00:00.000000-04:00");
	parses("2024-01-04 12:00:00", "2024-01-04T12:00:00.000000-05:00");
}

/* A day of each month, of all years there are. */
static void test_calendar(void)
{
	const int64_t step = 29 * 86400 + 7 * 3600 + 61;
	int64_t sec = INT64_C(-62167219200), bad = 0;
	struct moment m;
	char text[64];

	for (; sec < INT64_C(253402300800); sec += step) {
		time_t t = (time_t)sec;
		struct tm tm;

		gmtime_r(&t, &tm);
		snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ",
			 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			 tm.tm_hour, tm.tm_min, tm.tm_sec);
		bad += !moment_parse(&m, text) || m.sec != sec;
	}
	check(!bad, "the calendar is that of the system");
}

static void loose(const char *text, const char *want)
{
	/* 2024-07-04 19:15:55 in Tokyo */
	const struct moment now = { 1720088155, 5, 32400 };
	struct strbuf sb = STRBUF_INIT;
	struct moment m;

	if (moment_parse_loose(&m, text, &now))
		moment_format(&sb, &m);
	else
		strbuf_addstr(&sb, "bad");
	check_str(sb.buf, want, text);
	strbuf_release(&sb);
}

static void test_loose(void)
{
	zone("Asia/Tokyo");
	loose("now", "2024-07-04T19:15:55.000005+09:00");
	loose("today", "2024-07-04T00:00:00.000000+09:00");
	loose("Yesterday", "2024-07-03T00:00:00.000000+09:00");
	loose("2 days ago", "2024-07-02T19:15:55.000005+09:00");
	loose("2.days.ago", "2024-07-02T19:15:55.000005+09:00");
	loose("1 week", "2024-06-27T19:15:55.000005+09:00");
	loose("3h", "2024-07-04T16:15:55.000005+09:00");
	loose("90 min", "2024-07-04T17:45:55.000005+09:00");
	loose("10m", "2024-07-04T19:05:55.000005+09:00");
	loose("30s", "2024-07-04T19:15:25.000005+09:00");
	loose("1 month ago", "2024-06-04T19:15:55.000005+09:00");
	loose("7 months ago", "2023-12-04T19:15:55.000005+09:00");
	loose("1y", "2023-07-04T19:15:55.000005+09:00");
	loose("2023-11-20", "2023-11-20T00:00:00.000000+09:00");
	loose("2023-11-20T10:00:00Z", "2023-11-20T10:00:00.000000+00:00");
	loose("@0", "1970-01-01T09:00:00.000000+09:00");
	loose("@-1.5", "1970-01-01T08:59:58.500000+09:00");
	loose("@1720088155.25", "2024-07-04T19:15:55.250000+09:00");
	loose("3 parsecs", "bad");
	loose("3h ahead", "bad");
	loose("h", "bad");
	loose("@", "bad");
	loose("@1.", "bad");
	loose("@99999999999999999999", "bad");
	loose("999999999 days", "bad");
	loose("20000 years", "bad");
}

static void test_now(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct moment m, later;

	zone("Asia/Tokyo");
	setenv("RESUTIL_TEST_NOW", "1720088155.25", 1);
	m = moment_now();
	moment_format(&sb, &m);
	check_str(sb.buf, "2024-07-04T19:15:55.250000+09:00", "held still");
	strbuf_reset(&sb);
	moment_format_utc(&sb, &m);
	check_str(sb.buf, "2024-07-04T10:15:55Z", "for plumbing");
	strbuf_reset(&sb);
	unsetenv("RESUTIL_TEST_NOW");
	later = moment_now();
	check(moment_compare(&m, &later) < 0 &&
	      moment_compare(&later, &m) > 0 &&
	      !moment_compare(&m, &m), "order");
	later = m;
	later.sec += 2;
	later.usec = 0;
	check(moment_diff(&later, &m) == 1.75, "difference");
	zone("XXX-5:30:30");
	m.offset = 19830;
	moment_format(&sb, &m);
	check_str(sb.buf, "2024-07-04T15:45:55.250000+05:30",
		  "an offset with seconds is still the same moment");
	zone("UTC");
	strbuf_release(&sb);
}

static void relative_is(int64_t age, const char *want)
{
	struct moment now = { 1720088155, 0, 0 }, m = now;
	struct strbuf sb = STRBUF_INIT;

	m.sec -= age;
	moment_format_relative(&sb, &m, &now);
	check_str(sb.buf, want, want);
	strbuf_release(&sb);
}

/* What TZ says and no offset can: written in UTC, and read again. */
static void far_zone_is_utc(const char *tz)
{
	struct strbuf sb = STRBUF_INIT;
	struct moment m;

	zone(tz);
	setenv("RESUTIL_TEST_NOW", "1720091755", 1);
	m = moment_now();
	moment_format(&sb, &m);
	check_str(sb.buf, "2024-07-04T11:15:55.000000+00:00", tz);
	check(moment_parse(&m, sb.buf), "it is a time");
	unsetenv("RESUTIL_TEST_NOW");
	strbuf_release(&sb);
}

static void duration_is(double seconds, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	duration_format(&sb, seconds);
	check_str(sb.buf, want, want);
	strbuf_release(&sb);
}

static void size_is(uint64_t bytes, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	size_format(&sb, bytes);
	check_str(sb.buf, want, want);
	strbuf_release(&sb);
}

static void test_words(void)
{
	far_zone_is_utc("<+9999>-99");
	far_zone_is_utc("<-9999>+99");
	relative_is(-1, "in the future");
	relative_is(0, "just now");
	relative_is(1, "1 second ago");
	relative_is(89, "89 seconds ago");
	relative_is(3 * 3600 + 60, "3 hours ago");
	relative_is(3600, "60 minutes ago");
	relative_is(2 * 86400, "2 days ago");
	relative_is(21 * 86400, "3 weeks ago");
	relative_is(100 * 86400, "3 months ago");
	relative_is(365 * 86400, "1 year ago");
	relative_is(3 * 365 * 86400, "3 years ago");
	relative_is(400 * 86400, "1 year, 1 month ago");
	relative_is(1035 * 86400, "2 years, 10 months ago");
	relative_is((int64_t)5 * 365 * 86400 - 86400, "5 years ago");
	relative_is((int64_t)2020 * 86400, "6 years ago");
	duration_is(0, "0.0 s");
	duration_is(1.24, "1.2 s");
	duration_is(59.94, "59.9 s");
	duration_is(59.96, "1 m 00 s");
	duration_is(184, "3 m 04 s");
	duration_is(3599.7, "1 h 00 m");
	duration_is(7500, "2 h 05 m");
	duration_is(3 * 86400 + 4 * 3600, "3 d 04 h");
	duration_is(-5, "0.0 s");
	duration_is(strtod("nan", NULL), "0.0 s");
	size_is(0, "0 B");
	size_is(1023, "1023 B");
	size_is(1024, "1.0 KiB");
	size_is(1229, "1.2 KiB");
	size_is(1048575, "1.0 MiB");
	size_is(10 << 20, "10.0 MiB");
	size_is(UINT64_MAX, "16.0 EiB");
}

static void size_reads(const char *text, bool good, uint64_t want)
{
	uint64_t got = 0;

	check(size_parse(&got, text) == good && (!good || got == want), text);
}

static void test_sizes(void)
{
	size_reads("4096", true, 4096);
	size_reads("10M", true, 10 << 20);
	size_reads("10MiB", true, 10 << 20);
	size_reads("10 mb", true, 10 << 20);
	size_reads("1.5G", true, UINT64_C(3) << 29);
	size_reads("7B", true, 7);
	size_reads("0", true, 0);
	size_reads("15E", true, UINT64_C(15) << 60);
	size_reads("16E", false, 0);
	size_reads("18446744073709551615", true, UINT64_MAX);
	size_reads("18446744073709551616", false, 0);
	size_reads("", false, 0);
	size_reads("-1", false, 0);
	size_reads("1.5", false, 0);
	size_reads("1.", false, 0);
	size_reads("10X", false, 0);
	size_reads("10Mx", false, 0);
	size_reads("M", false, 0);
}

int main(void)
{
	test_parse();
	test_calendar();
	test_loose();
	test_now();
	test_words();
	test_sizes();
	return unit_done();
}
