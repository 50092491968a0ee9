#include "lib/base/compat.h"
#include "lib/exp/runs/literal.h"

#include "lib/base/alloc.h"

#include <math.h>

/* Longer texts are no numbers that anybody writes. */
#define MAX_NUMBER 400
#define MAX_TIME 100

struct unit {
	double scale;
	bool is_time;	/* several of them make a duration: 1h30m */
};

static size_t digits(const char *text, size_t len)
{
	size_t nr = 0;

	while (nr < len && text[nr] >= '0' && text[nr] <= '9')
		nr++;
	return nr;
}

/* Bytes at the beginning of `text` that are a number; 0: none. `whole`: it has
 * neither a point nor an exponent. */
static size_t number_span(const char *text, size_t len, bool *whole)
{
	size_t at = len && (*text == '-' || *text == '+'), before, after = 0;

	before = digits(text + at, len - at);
	at += before;
	*whole = true;
	if (at < len && text[at] == '.') {
		after = digits(text + at + 1, len - at - 1);
		at += 1 + after;
		*whole = false;
	}
	if (!before && !after)
		return 0;
	if (at < len && (text[at] == 'e' || text[at] == 'E')) {
		size_t sign = at + 1 < len &&
			      (text[at + 1] == '-' || text[at + 1] == '+');
		size_t nr = at + 1 + sign < len ?
			    digits(text + at + 1 + sign, len - at - 1 - sign) :
			    0;

		if (nr) {
			at += 1 + sign + nr;
			*whole = false;
		}
	}
	return at;
}

static void read_number(struct cell *out, const char *text, size_t len,
			bool whole)
{
	char copy[MAX_NUMBER + 1];
	char *end;

	memcpy(copy, text, len);
	copy[len] = '\0';
	if (whole) {
		errno = 0;
		out->u.number = strtoll(copy, &end, 10);
		out->type = CELL_INT;
		if (!errno)
			return;
	}
	out->type = CELL_FLOAT;
	out->u.real = strtod(copy, &end);
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !strncasecmp(text, word, len);
}

/* inf and nan, as records and Python write them. */
static bool read_special(struct cell *out, const char *text, size_t len)
{
	bool minus = len && *text == '-';
	size_t sign = len && (minus || *text == '+');

	text += sign;
	len -= sign;
	if (is_word(text, len, "inf") || is_word(text, len, "infinity"))
		out->u.real = minus ? -INFINITY : INFINITY;
	else if (is_word(text, len, "nan"))
		out->u.real = NAN;
	else
		return false;
	out->type = CELL_FLOAT;
	return true;
}

bool literal_plain_number(struct cell *out, const char *text, size_t len)
{
	bool whole;

	if (!len || len > MAX_NUMBER)
		return false;
	if (number_span(text, len, &whole) == len) {
		read_number(out, text, len, whole);
		return true;
	}
	return read_special(out, text, len);
}

static bool find_time_unit(struct unit *out, const char *text, size_t len)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {
		{ "ns", 1e-9 }, { "us", 1e-6 }, { "\302\265s", 1e-6 },
		{ "ms", 1e-3 }, { "s", 1 }, { "sec", 1 }, { "second", 1 },
		{ "seconds", 1 }, { "m", 60 }, { "min", 60 },
		{ "minute", 60 }, { "minutes", 60 }, { "h", 3600 },
		{ "hour", 3600 }, { "hours", 3600 }, { "d", 86400 },
		{ "day", 86400 }, { "days", 86400 }, { "w", 7 * 86400 },
		{ "week", 7 * 86400 }, { "weeks", 7 * 86400 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == len &&
		    !memcmp(units[i].name, text, len)) {
			out->scale = units[i].seconds;
			out->is_time = true;
			return true;
		}
	return false;
}

/* B, K, KB, KiB ...: a small letter only before a B, since 10m are minutes and
 * nobody knows what 10k are. */
static bool find_size_unit(struct unit *out, const char *text, size_t len)
{
	static const char prefixes[] = "KMGTPE";
	const char *prefix;

	out->is_time = false;
	out->scale = 1;
	if (len == 1 && *text == 'B')
		return true;
	prefix = len ? strchr(prefixes, toupper((unsigned char)*text)) : NULL;
	if (!prefix || !*prefix)
		return false;
	out->scale = ldexp(1, 10 * (int)(prefix - prefixes + 1));
	if (len == 1)
		return *text == *prefix;
	return is_word(text + 1, len - 1, "b") ||
	       is_word(text + 1, len - 1, "ib");
}

static bool find_unit(struct unit *out, const char *text, size_t len)
{
	if (len == 1 && *text == '%') {
		out->scale = 0.01;
		out->is_time = false;
		return true;
	}
	return find_time_unit(out, text, len) ||
	       find_size_unit(out, text, len);
}

static size_t blanks(const char *text, size_t len)
{
	size_t nr = 0;

	while (nr < len && (text[nr] == ' ' || text[nr] == '\t'))
		nr++;
	return nr;
}

static size_t unit_span(const char *text, size_t len)
{
	size_t nr = 0;

	while (nr < len && (isalpha((unsigned char)text[nr]) ||
			    text[nr] == '%' || (unsigned char)text[nr] > 127))
		nr++;
	return nr;
}

/* A whole number stays one, as far as it can be counted. */
static void scale_number(struct cell *number, const struct unit *unit)
{
	double real;

	cell_number(number, &real);
	/* 5 / 100 is the 0.05 that a person would write; 5 * 0.01 is not. */
	real = unit->scale < 1 ? real / nearbyint(1 / unit->scale) :
				 real * unit->scale;
	if (number->type == CELL_INT && unit->scale >= 1 &&
	    fabs(real) < 9007199254740992.0) {
		number->u.number = (int64_t)real;
		return;
	}
	number->type = CELL_FLOAT;
	number->u.real = real;
}

static void add_number(struct cell *sum, const struct cell *more)
{
	double a, b;

	cell_number(sum, &a);
	cell_number(more, &b);
	if (sum->type == CELL_INT && more->type == CELL_INT &&
	    fabs(a + b) < 9007199254740992.0) {
		sum->u.number += more->u.number;
		return;
	}
	sum->type = CELL_FLOAT;
	sum->u.real = a + b;
}

/* One number and its unit; how many bytes they are, 0: none. */
static size_t read_measure(struct cell *out, struct unit *unit,
			   const char *text, size_t len)
{
	bool whole;
	size_t nr = number_span(text, len, &whole), at, name;

	if (!nr || nr > MAX_NUMBER)
		return 0;
	at = nr + blanks(text + nr, len - nr);
	name = unit_span(text + at, len - at);
	if (!find_unit(unit, text + at, name))
		return 0;
	read_number(out, text, nr, whole);
	scale_number(out, unit);
	return at + name;
}

bool literal_number(struct cell *out, const char *text, size_t len)
{
	struct cell more = CELL_INIT;
	struct unit unit;
	bool minus = len && *text == '-';
	size_t at, nr;

	if (literal_plain_number(out, text, len))
		return true;
	at = read_measure(out, &unit, text, len);
	if (!at)
		return false;
	while (at < len) {
		bool was_time = unit.is_time;

		at += blanks(text + at, len - at);
		if (at == len || !digits(text + at, 1))
			return false;
		nr = read_measure(&more, &unit, text + at, len - at);
		if (!nr || !was_time || !unit.is_time || minus)
			return false;
		add_number(out, &more);
		at += nr;
	}
	return true;
}

static void read_plain(struct cell *out, const char *text, size_t len)
{
	if (is_word(text, len, "true") || is_word(text, len, "false")) {
		out->type = CELL_BOOL;
		out->u.truth = tolower((unsigned char)*text) == 't';
	} else if (is_word(text, len, "null") || is_word(text, len, "none")) {
		out->type = CELL_NULL;
	}
}

/* The first moment of the next day, whatever clocks are set to in between. */
static void next_midnight(struct moment *to, const struct moment *from)
{
	time_t then = (time_t)(from->sec + 36 * 3600);
	struct tm tm;

	*to = *from;
	if (!localtime_r(&then, &tm)) {
		to->sec += 86400;
		return;
	}
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	to->sec = mktime(&tm);
}

/* How exactly it is written is how much of time it means. */
static void set_end(struct literal *out, const char *text)
{
	size_t len = strlen(text);

	if (!strcasecmp(text, "today") || !strcasecmp(text, "yesterday") ||
	    (len == 10 && text[4] == '-')) {
		next_midnight(&out->to, &out->from);
		return;
	}
	out->to = out->from;
	if (len > 10 && text[4] == '-' && text[16] != ':') {
		out->to.sec += 60;
	} else if (len > 18 && text[4] == '-' && text[19] != '.' &&
		   text[19] != ',') {
		out->to.sec++;
	} else if (++out->to.usec == 1000000) {
		out->to.sec++;
		out->to.usec = 0;
	}
}

static void read_time(struct literal *out, const char *text, size_t len,
		      const struct moment *now)
{
	char *copy;

	if (!len || len > MAX_TIME || memchr(text, '\0', len))
		return;
	copy = xmemdupz(text, len);
	out->has_time = moment_parse_loose(&out->from, copy, now);
	if (out->has_time)
		set_end(out, copy);
	free(copy);
}

void literal_read_quoted(struct literal *out, const char *text, size_t len,
			 const struct moment *now)
{
	memset(out, 0, sizeof(*out));
	out->text.type = CELL_TEXT;
	out->text.u.text.data = text;
	out->text.u.text.len = len;
	read_time(out, text, len, now);
}

void literal_read(struct literal *out, const char *text, size_t len,
		  const struct moment *now)
{
	struct cell number = CELL_INIT;

	literal_read_quoted(out, text, len, now);
	if (literal_number(&number, text, len))
		out->number = number;
	read_plain(&out->plain, text, len);
}
