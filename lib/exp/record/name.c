#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/exp/record/name.h"

#define PREFIX_BASE 26
#define PREFIX_MINUTES INT64_C(308915776)	/* 26^6 */

static const char forbidden[] = "\\/:*?\"<>|";

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/*
 * Days from 1970-01-01 in the Gregorian calendar. The year is taken to begin
 * in March, so that the leap day is its last; 400 years have 146097 days.
 */
static int64_t days_from_civil(int64_t year, int month, int day)
{
	int64_t era, year_of_era, day_of_year;

	if (month <= 2)
		year--;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = year - era * 400;
	day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 -
	       year_of_era / 100 + day_of_year - 719468;
}

static void civil_from_days(struct tm *out, int64_t days)
{
	int64_t era, day_of_era, year_of_era, day_of_year, month;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
		       day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 -
				    year_of_era / 100);
	month = (5 * day_of_year + 2) / 153;	/* 0: March */
	out->tm_mday = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	out->tm_mon = (int)(month < 10 ? month + 2 : month - 10);
	out->tm_year = (int)(year_of_era + era * 400 + (month >= 10) - 1900);
}

/* Seconds of wall-clock time since 1970 by a calendar without zones. */
static int64_t wall_seconds(const struct tm *local)
{
	return days_from_civil((int64_t)local->tm_year + 1900,
			       local->tm_mon + 1, local->tm_mday) * 86400 +
	       local->tm_hour * 3600 + local->tm_min * 60 + local->tm_sec;
}

static void wall_time(struct tm *out, int64_t seconds)
{
	int64_t days = seconds / 86400, rest = seconds % 86400;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	memset(out, 0, sizeof(*out));
	civil_from_days(out, days);
	out->tm_hour = (int)(rest / 3600);
	out->tm_min = (int)(rest / 60 % 60);
	out->tm_sec = (int)(rest % 60);
	out->tm_wday = (int)(((days + 4) % 7 + 7) % 7);
	out->tm_yday = (int)(days - days_from_civil(
					(int64_t)out->tm_year + 1900, 1, 1));
	out->tm_isdst = -1;
}

static int64_t epoch_2024(void)
{
	return days_from_civil(2024, 1, 1) * 86400;
}

void name_local_time(struct tm *out, const struct moment *m)
{
	/* The years that a timestamp can say: 0000 to 9999. */
	int64_t first = days_from_civil(0, 1, 1) * 86400;
	int64_t last = days_from_civil(10000, 1, 1) * 86400 - 1;
	int64_t sec = MAXIMUM(MINIMUM(m->sec, last), first) + m->offset;

	wall_time(out, MAXIMUM(MINIMUM(sec, last), first));
}

void name_next_second(struct tm *local)
{
	wall_time(local, wall_seconds(local) + 1);
}

void name_make(struct strbuf *out, const struct tm *local, const char *comment)
{
	/* C cuts toward zero, which is what the format asks for. */
	int64_t minutes = (wall_seconds(local) - epoch_2024()) / 60;
	char prefix[NAME_PREFIX_LEN];
	int i, year = (local->tm_year + 1900) % 10000;

	minutes %= PREFIX_MINUTES;
	if (minutes < 0)
		minutes += PREFIX_MINUTES;
	for (i = NAME_PREFIX_LEN - 1; i >= 0; i--) {
		prefix[i] = (char)('a' + minutes % PREFIX_BASE);
		minutes /= PREFIX_BASE;
	}
	strbuf_add(out, prefix, NAME_PREFIX_LEN);
	/* The second after 9999-12-31T23:59:59 still makes a name. */
	strbuf_addf(out, "_%04d%02d%02dT%02d%02d%02d",
		    year < 0 ? year + 10000 : year, local->tm_mon + 1,
		    local->tm_mday, local->tm_hour, local->tm_min,
		    local->tm_sec);
	if (comment && *comment)
		strbuf_addf(out, "_%s", comment);
}

/* The number in `nr` ASCII digits, or -1. */
static int digits(const char *text, int nr)
{
	int i, value = 0;

	for (i = 0; i < nr; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* `stamp` has NAME_STAMP_LEN bytes at least. */
static bool read_stamp(struct tm *out, const char *stamp)
{
	int year = digits(stamp, 4), month = digits(stamp + 4, 2);
	int day = digits(stamp + 6, 2), hour = digits(stamp + 9, 2);
	int minute = digits(stamp + 11, 2), second = digits(stamp + 13, 2);
	struct tm given = { 0 };

	if (stamp[8] != 'T' || year < 0 || month < 1 || month > 12 ||
	    day < 1 || day > days_in_month(year, month) || hour < 0 ||
	    hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;
	given.tm_year = year - 1900;
	given.tm_mon = month - 1;
	given.tm_mday = day;
	given.tm_hour = hour;
	given.tm_min = minute;
	given.tm_sec = second;
	/* There and back again fills in the day of the week and the year. */
	wall_time(out, wall_seconds(&given));
	return true;
}

bool name_parse_stamp(struct tm *out, const char *stamp)
{
	return strlen(stamp) == NAME_STAMP_LEN && read_stamp(out, stamp);
}

struct moment name_moment(const char *name)
{
	struct moment m = { 0, 0, 0 };
	struct name_parts parts;
	struct tm local;
	time_t t;

	if (!name_parse(&parts, name) || !read_stamp(&local, parts.stamp))
		return m;
	local.tm_isdst = -1;	/* the name does not say */
	t = mktime(&local);
	m.sec = t;
	if (localtime_r(&t, &local))
		m.offset = (int32_t)local.tm_gmtoff;
	return m;
}

bool name_decode_prefix(struct tm *out, const char *prefix)
{
	int64_t minutes = 0;
	int i;

	for (i = 0; i < NAME_PREFIX_LEN; i++) {
		if (prefix[i] < 'a' || prefix[i] > 'z')
			return false;
		minutes = minutes * PREFIX_BASE + (prefix[i] - 'a');
	}
	if (prefix[NAME_PREFIX_LEN])
		return false;
	wall_time(out, epoch_2024() + minutes * 60);
	return true;
}

static bool is_control(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

int name_check_comment(const char *comment, size_t len, struct strbuf *err)
{
	const char *text = comment;
	size_t left = len, characters = 0;

	while (left) {
		int32_t c = utf8_next(&text, &left);

		characters++;
		if (c < 0)
			return fail(err, ERR_USAGE, "a comment has to be valid "
				    "UTF-8, and byte %zu of this one is not",
				    len - left);
		if (is_control(c))
			return fail(err, ERR_USAGE, "a comment cannot hold "
				    "control characters such as U+%04X",
				    (unsigned)c);
		if (c < 0x80 && strchr(forbidden, (int)c))
			return fail(err, ERR_USAGE, "a comment cannot hold "
				    "'%c', nor any other of %s", (char)c,
				    "\\ / : * ? \" < > |");
	}
	if (characters > NAME_MAX_COMMENT)
		return fail(err, ERR_USAGE, "a comment has at most %d "
			    "characters, and this one has %zu",
			    NAME_MAX_COMMENT, characters);
	if (len && NAME_HEAD_LEN + 1 + len > NAME_MAX_BYTES)
		return fail(err, ERR_USAGE, "a comment has at most %d bytes, "
			    "and this one has %zu",
			    NAME_MAX_BYTES - NAME_HEAD_LEN - 1, len);
	return 0;
}

/* Whether the `len` bytes at `text` are a name; reads no further. */
static bool is_name(const char *text, size_t len)
{
	struct tm unused;
	size_t i;

	if (len < NAME_HEAD_LEN || len > NAME_MAX_BYTES)
		return false;
	for (i = 0; i < NAME_PREFIX_LEN; i++)
		if (text[i] < 'a' || text[i] > 'z')
			return false;
	if (text[NAME_PREFIX_LEN] != '_' ||
	    !read_stamp(&unused, text + NAME_PREFIX_LEN + 1))
		return false;
	if (len == NAME_HEAD_LEN)
		return true;
	return text[NAME_HEAD_LEN] == '_' &&
	       !name_check_comment(text + NAME_HEAD_LEN + 1,
				   len - NAME_HEAD_LEN - 1, NULL);
}

bool name_is_valid(const char *name)
{
	return is_name(name, strlen(name));
}

bool name_parse(struct name_parts *parts, const char *name)
{
	if (!name_is_valid(name))
		return false;
	memcpy(parts->prefix, name, NAME_PREFIX_LEN);
	parts->prefix[NAME_PREFIX_LEN] = '\0';
	memcpy(parts->stamp, name + NAME_PREFIX_LEN + 1, NAME_STAMP_LEN);
	parts->stamp[NAME_STAMP_LEN] = '\0';
	/* One '_' at the end: the Python Resutil's first empty comments. */
	parts->comment = name[NAME_HEAD_LEN] && name[NAME_HEAD_LEN + 1] ?
			 name + NAME_HEAD_LEN + 1 : NULL;
	return true;
}

const char *name_in_path(const char *path, size_t *len)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (is_name(path, n)) {
			*len = n;
			return path;
		}
		path += n;
		path += strspn(path, "/");
	}
	return NULL;
}
