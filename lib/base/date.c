#include "lib/base/compat.h"
#include "lib/base/date.h"

#define DAY 86400
#define MAX_OFFSET (DAY - 1)	/* 23:59, and seconds that are not written */

/* Local time of a moment since 1970, and its distance from UTC. */
static bool local_time(struct tm *tm, int64_t sec)
{
	time_t t = (time_t)sec;

	return localtime_r(&t, tm) != NULL;
}

static void set_local_offset(struct moment *m)
{
	struct tm tm;

	m->offset = local_time(&tm, m->sec) ? (int32_t)tm.tm_gmtoff : 0;
	/* POSIX lets TZ go farther than an RFC 3339 offset can say. */
	if (abs(m->offset) > MAX_OFFSET)
		m->offset = 0;
}

/* Up to six digits behind a point; more are read and dropped. */
static const char *parse_fraction(const char *s, int32_t *usec)
{
	int32_t unit = 100000;

	*usec = 0;
	if (!isdigit((unsigned char)*s))
		return NULL;
	for (; isdigit((unsigned char)*s); s++, unit /= 10)
		*usec += (*s - '0') * unit;
	return s;
}

/* SEC[.USEC], as after '@' and in RESUTIL_TEST_NOW. */
static bool parse_epoch(struct moment *m, const char *text)
{
	const char *s = text;
	bool negative = *s == '-';
	int64_t sec = 0;
	int32_t usec = 0;

	s += negative;
	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++) {
		if (sec > INT64_C(100000000000000))	/* 3 million years */
			return false;
		sec = sec * 10 + (*s - '0');
	}
	if (*s == '.')
		s = parse_fraction(s + 1, &usec);
	if (!s || *s)
		return false;
	m->sec = negative ? -sec - (usec > 0) : sec;
	m->usec = negative && usec ? 1000000 - usec : usec;
	set_local_offset(m);
	return true;
}

struct moment moment_now(void)
{
	const char *fixed = getenv("RESUTIL_TEST_NOW");
	struct moment now = { 0 };
	struct timespec ts;

	if (fixed && parse_epoch(&now, fixed))
		return now;
	clock_gettime(CLOCK_REALTIME, &ts);
	now.sec = ts.tv_sec;
	now.usec = (int32_t)(ts.tv_nsec / 1000);
	set_local_offset(&now);
	return now;
}

static void add_civil(struct strbuf *out, int64_t sec)
{
	time_t t = (time_t)sec;
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	strbuf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		    tm.tm_sec);
}

void moment_format(struct strbuf *out, const struct moment *m)
{
	int minutes = abs(m->offset) <= MAX_OFFSET ? abs(m->offset) / 60 : 0;

	/* RFC 3339 knows no seconds in an offset (local mean time has some). */
	add_civil(out, m->sec + (m->offset < 0 ? -minutes : minutes) * 60);
	strbuf_addf(out, ".%06d%c%02d:%02d", (int)m->usec,
		    m->offset < 0 && minutes ? '-' : '+', minutes / 60,
		    minutes % 60);
}

void moment_format_utc(struct strbuf *out, const struct moment *m)
{
	add_civil(out, m->sec);
	strbuf_addch(out, 'Z');
}

/* Months are of interest for some years only, as in git. */
static void add_years(struct strbuf *out, int64_t age)
{
	const int64_t month = 30 * DAY + 10 * 3600 + 1800;	/* year / 12 */
	int64_t months = (age + month / 2) / month;
	int years, rest;

	if (months >= 5 * 12)
		months = (months + 6) / 12 * 12;
	years = (int)(months / 12);
	rest = (int)(months % 12);
	if (!rest) {
		strbuf_addf(out, PL_("%d year ago", "%d years ago",
				     (unsigned)years), years);
		return;
	}
	/* TRANSLATORS: "N months ago" follows. */
	strbuf_addf(out, PL_("%d year, ", "%d years, ", (unsigned)years),
		    years);
	strbuf_addf(out, PL_("%d month ago", "%d months ago", (unsigned)rest),
		    rest);
}

/* Seconds, minutes, ... as the steps below have them. */
static const char *unit_format(size_t unit, unsigned nr)
{
	switch (unit) {
	case 0:
		return PL_("%d second ago", "%d seconds ago", nr);
	case 1:
		return PL_("%d minute ago", "%d minutes ago", nr);
	case 2:
		return PL_("%d hour ago", "%d hours ago", nr);
	case 3:
		return PL_("%d day ago", "%d days ago", nr);
	case 4:
		return PL_("%d week ago", "%d weeks ago", nr);
	default:
		return PL_("%d month ago", "%d months ago", nr);
	}
}

void moment_format_relative(struct strbuf *out, const struct moment *m,
			    const struct moment *now)
{
	static const struct {
		int64_t below, unit;
	} step[] = {
		{ 90, 1 },
		{ 90 * 60, 60 },
		{ 36 * 3600, 3600 },
		{ 14 * DAY, DAY },
		{ 70 * DAY, 7 * DAY },
		{ 365 * DAY, 30 * DAY + 10 * 3600 },
	};
	int64_t age = now->sec - m->sec;
	size_t i = 0;
	int nr;

	if (age < 0) {
		strbuf_addstr(out, _("in the future"));
		return;
	}
	if (!age) {
		strbuf_addstr(out, _("just now"));
		return;
	}
	while (i < ARRAY_SIZE(step) && age >= step[i].below)
		i++;
	if (i == ARRAY_SIZE(step)) {
		add_years(out, age);
		return;
	}
	/* To the nearest; each step begins above one of its units. */
	nr = (int)((age + step[i].unit / 2) / step[i].unit);
	strbuf_addf(out, unit_format(i, (unsigned)nr), nr);
}

/* Exactly `width` digits within [low, high]. */
static const char *parse_digits(const char *s, int width, int low, int high,
				int *value)
{
	*value = 0;
	if (!s)
		return NULL;
	for (; width; width--, s++) {
		if (!isdigit((unsigned char)*s))
			return NULL;
		*value = *value * 10 + (*s - '0');
	}
	return *value >= low && *value <= high ? s : NULL;
}

static const char *parse_char(const char *s, const char *set)
{
	return s && *s && strchr(set, *s) ? s + 1 : NULL;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	bool leap = (year % 4 == 0 && year % 100) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* YYYY-MM-DD */
static const char *parse_date(const char *s, struct tm *tm)
{
	int year, month, day;

	s = parse_digits(s, 4, 0, 9999, &year);
	s = parse_digits(parse_char(s, "-"), 2, 1, 12, &month);
	s = parse_digits(parse_char(s, "-"), 2, 1, 31, &day);
	if (!s || day > days_in_month(year, month))
		return NULL;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return s;
}

/* HH:MM[:SS[.frac]]; second 60 is a leap second and counts as the next. */
static const char *parse_time(const char *s, struct tm *tm, int32_t *usec)
{
	*usec = 0;
	s = parse_digits(s, 2, 0, 23, &tm->tm_hour);
	s = parse_digits(parse_char(s, ":"), 2, 0, 59, &tm->tm_min);
	if (s && *s == ':')
		s = parse_digits(s + 1, 2, 0, 60, &tm->tm_sec);
	if (s && (*s == '.' || *s == ','))
		s = parse_fraction(s + 1, usec);
	return s;
}

/* Z, +HH:MM, +HHMM, +HH; false for anything else. */
static bool parse_zone(const char *s, int32_t *offset)
{
	bool west = *s == '-';
	int hours, minutes = 0;

	if ((*s == 'Z' || *s == 'z') && !s[1]) {
		*offset = 0;
		return true;
	}
	s = parse_digits(parse_char(s, "+-"), 2, 0, 23, &hours);
	if (s && *s) {
		s += *s == ':';
		s = parse_digits(s, 2, 0, 59, &minutes);
	}
	if (!s || *s)
		return false;
	*offset = (hours * 60 + minutes) * 60;
	if (west)
		*offset = -*offset;
	return true;
}

/*
 * timegm(3) takes a lock, which threads would wait for, and does more. Years
 * are counted from March, so that the leap day is the last of one; in 400 of
 * them are 146,097 days, and 719,468 lie before 1970.
 */
static int64_t utc_seconds(const struct tm *tm)
{
	bool before_march = tm->tm_mon < 2;
	int year = tm->tm_year + 1900 + 400 - before_march;
	int month = tm->tm_mon + (before_march ? 10 : -2);
	int64_t days = INT64_C(365) * year + year / 4 - year / 100 +
		       year / 400 + (153 * month + 2) / 5 + tm->tm_mday - 1;

	return (days - 146097 - 719468) * DAY + tm->tm_hour * 3600 +
	       tm->tm_min * 60 + tm->tm_sec;
}

bool moment_parse(struct moment *m, const char *text)
{
	struct moment parsed = { 0 };
	struct tm tm = { 0 };
	const char *s;

	s = parse_char(parse_date(text, &tm), "Tt ");
	if (!s)
		return false;
	s = parse_time(s, &tm, &parsed.usec);
	if (!s)
		return false;
	s += *s == ' ' && s[1];
	if (!*s) {
		tm.tm_isdst = -1;
		parsed.sec = mktime(&tm);
		set_local_offset(&parsed);
	} else {
		if (!parse_zone(s, &parsed.offset))
			return false;
		parsed.sec = utc_seconds(&tm) - parsed.offset;
	}
	*m = parsed;
	return true;
}

/* Local midnight, `days` before the day of `now`. */
static void midnight(struct moment *m, const struct moment *now, int days)
{
	struct tm tm;

	*m = *now;
	if (!local_time(&tm, now->sec))
		return;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= days;
	tm.tm_isdst = -1;
	m->sec = mktime(&tm);
	m->usec = 0;
	set_local_offset(m);
}

/* Months and years go by the calendar: the same day and time of day. */
static void months_before(struct moment *m, const struct moment *now,
			  int months)
{
	struct tm tm;
	int most, total;

	*m = *now;
	if (!local_time(&tm, now->sec))
		return;
	total = (tm.tm_year + 1900) * 12 + tm.tm_mon - months;
	tm.tm_year = total / 12 - 1900;
	tm.tm_mon = total % 12;
	most = days_in_month(total / 12, total % 12 + 1);
	tm.tm_mday = MINIMUM(tm.tm_mday, most);
	tm.tm_isdst = -1;
	m->sec = mktime(&tm);
	set_local_offset(m);
}

/* "2 days ago", "2.weeks.ago", "3h", "90 min": blanks and dots are alike. */
static bool parse_ago(struct moment *m, const char *text,
		      const struct moment *now)
{
	static const struct {
		const char *name;
		int seconds, months;
	} unit[] = {
		{ "s", 1, 0 }, { "sec", 1, 0 }, { "second", 1, 0 },
		{ "m", 60, 0 }, { "min", 60, 0 }, { "minute", 60, 0 },
		{ "h", 3600, 0 }, { "hour", 3600, 0 },
		{ "d", DAY, 0 }, { "day", DAY, 0 },
		{ "w", 7 * DAY, 0 }, { "week", 7 * DAY, 0 },
		{ "mo", 0, 1 }, { "month", 0, 1 },
		{ "y", 0, 12 }, { "year", 0, 12 },
	};
	size_t i, len, digits = strspn(text, "0123456789");
	long nr;
	const char *rest;

	if (!digits || digits > 8)
		return false;
	nr = strtol(text, NULL, 10);
	text += digits;
	text += strspn(text, " .");
	len = strcspn(text, " .");
	rest = text + len + strspn(text + len, " .");
	if (*rest && strcasecmp(rest, "ago"))
		return false;
	if (len > 3 && tolower((unsigned char)text[len - 1]) == 's')
		len--;
	for (i = 0; i < ARRAY_SIZE(unit); i++) {
		if (strlen(unit[i].name) != len ||
		    strncasecmp(unit[i].name, text, len))
			continue;
		if (unit[i].months) {
			if (nr > 12 * 1000 / unit[i].months)
				return false;
			months_before(m, now, (int)nr * unit[i].months);
		} else {
			*m = *now;
			m->sec -= (int64_t)nr * unit[i].seconds;
			set_local_offset(m);
		}
		return true;
	}
	return false;
}

bool moment_parse_loose(struct moment *m, const char *text,
			const struct moment *now)
{
	struct moment parsed = { 0 };
	struct tm tm = { 0 };
	const char *s;

	if (moment_parse(m, text))
		return true;
	if (*text == '@' && parse_epoch(&parsed, text + 1)) {
		*m = parsed;
		return true;
	}
	if (!strcasecmp(text, "now")) {
		*m = *now;
		return true;
	}
	if (!strcasecmp(text, "today") || !strcasecmp(text, "yesterday")) {
		midnight(m, now, tolower((unsigned char)*text) == 'y');
		return true;
	}
	s = parse_date(text, &tm);
	if (s && !*s) {
		tm.tm_isdst = -1;
		parsed.sec = mktime(&tm);
		set_local_offset(&parsed);
		*m = parsed;
		return true;
	}
	return parse_ago(m, text, now);
}

int moment_compare(const struct moment *a, const struct moment *b)
{
	if (a->sec != b->sec)
		return a->sec < b->sec ? -1 : 1;
	return (a->usec > b->usec) - (a->usec < b->usec);
}

double moment_diff(const struct moment *later, const struct moment *earlier)
{
	return (double)(later->sec - earlier->sec) +
	       (later->usec - earlier->usec) / 1e6;
}

void duration_format(struct strbuf *out, double seconds)
{
	uint64_t s;

	if (!(seconds > 0))	/* a clock that was set back, or no number */
		seconds = 0;
	if (seconds < 59.95) {
		strbuf_addf(out, "%.1f s", seconds);
		return;
	}
	s = seconds < 1e15 ? (uint64_t)(seconds + 0.5) : (uint64_t)1e15;
	if (s < 3600)
		strbuf_addf(out, "%u m %02u s", (unsigned)(s / 60),
			    (unsigned)(s % 60));
	else if (s < DAY)
		strbuf_addf(out, "%u h %02u m", (unsigned)(s / 3600),
			    (unsigned)(s / 60 % 60));
	else
		strbuf_addf(out, "%" PRIu64 " d %02u h", s / DAY,
			    (unsigned)(s / 3600 % 24));
}

void size_format(struct strbuf *out, uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	double value = (double)bytes;
	size_t i = 0;

	if (bytes < 1024) {
		strbuf_addf(out, "%u B", (unsigned)bytes);
		return;
	}
	value /= 1024;
	/* What would be written as 1024.0 is 1.0 of the next unit. */
	for (; value >= 1023.95 && units[i + 1]; i++)
		value /= 1024;
	strbuf_addf(out, "%.1f %ciB", value, units[i]);
}

bool size_parse(uint64_t *bytes, const char *text)
{
	static const char units[] = "kmgtpe";
	uint64_t whole = 0, part = 0, unit_of_part = 1, scale = 1, scaled;
	const char *s = text, *unit;

	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (unsigned)(*s - '0'), &whole))
			return false;
	if (*s == '.') {
		if (!isdigit((unsigned char)*++s))
			return false;
		for (; isdigit((unsigned char)*s); s++) {
			if (unit_of_part >= 1000000)
				continue;
			part = part * 10 + (unsigned)(*s - '0');
			unit_of_part *= 10;
		}
	}
	s += *s == ' ';
	unit = *s ? strchr(units, tolower((unsigned char)*s)) : NULL;
	if (unit) {
		scale <<= 10 * (unit - units + 1);
		s++;
		if (*s == 'i' && tolower((unsigned char)s[1]) == 'b')
			s++;
	}
	if (tolower((unsigned char)*s) == 'b')
		s++;
	/* A part of a byte is no size. */
	if (*s || (part && scale == 1) ||
	    __builtin_mul_overflow(whole, scale, &scaled))
		return false;
	part = (uint64_t)((double)part / (double)unit_of_part * (double)scale +
			  0.5);
	return !__builtin_add_overflow(scaled, part, bytes);
}
