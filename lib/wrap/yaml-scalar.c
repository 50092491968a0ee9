#include "lib/base/compat.h"
#include "lib/wrap/yaml-scalar.h"

#include <float.h>
#include <math.h>

#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"

#define DIGITS "0123456789"

/* Longer ones are text: no number needs it, and copies stay on the stack. */
#define NUMBER_MAX 400

/* A tag that nobody frees: values that have it are lent. */
static const char int_tag[] = YAML_TAG "int";

static bool is_one_of(const char *text, size_t len, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == len && !memcmp(*words, text, len))
			return true;
	return false;
}

static const char *const null_words[] = {
	"~", "null", "Null", "NULL", NULL
};
static const char *const true_words[] = {
	"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", NULL
};
static const char *const false_words[] = {
	"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", NULL
};

/* [0-5]?[0-9] after each colon; `s` stands on the first colon. */
static const char *skip_sixties(const char *s)
{
	while (*s == ':') {
		s++;
		if (*s >= '0' && *s <= '5' && isdigit((unsigned char)s[1]))
			s++;
		if (!isdigit((unsigned char)*s))
			return NULL;
		s++;
	}
	return s;
}

/* The text without underscores and sign; the sign is told apart. */
static void clean_number(char *out, const char *text, bool *minus)
{
	*minus = *text == '-';
	if (*text == '-' || *text == '+')
		text++;
	for (; *text; text++)
		if (*text != '_')
			*out++ = *text;
	*out = '\0';
}

static bool matches_int(const char *s)
{
	const char *digits;

	if (*s == '-' || *s == '+')
		s++;
	if (s[0] == '0' && s[1] == 'b')
		return s[2] && !s[2 + strspn(s + 2, "01_")];
	if (s[0] == '0' && s[1] == 'x')
		return s[2] && !s[2 + strspn(s + 2, DIGITS "abcdefABCDEF_")];
	if (s[0] == '0')
		return !s[1 + strspn(s + 1, "01234567_")];
	if (!isdigit((unsigned char)*s))
		return false;
	digits = s + strspn(s, DIGITS "_");
	if (*digits == ':')
		digits = skip_sixties(digits);
	return digits && !*digits;
}

/* Returns false when it does not fit. */
static bool add_digits(uint64_t *sum, const char *s, size_t len, unsigned base)
{
	for (; len; s++, len--) {
		unsigned digit = isdigit((unsigned char)*s) ? *s - '0' :
			(*s | 0x20) - 'a' + 10;

		if (__builtin_mul_overflow(*sum, (uint64_t)base, sum) ||
		    __builtin_add_overflow(*sum, (uint64_t)digit, sum))
			return false;
	}
	return true;
}

static bool add_sixties(uint64_t *sum, const char *s)
{
	for (;;) {
		size_t len = strspn(s, DIGITS);
		uint64_t part = 0;

		if (!add_digits(&part, s, len, 10) ||
		    __builtin_mul_overflow(*sum, (uint64_t)60, sum) ||
		    __builtin_add_overflow(*sum, part, sum))
			return false;
		if (s[len] != ':')
			return true;
		s += len + 1;
	}
}

/* An int; one that is too large is the text that it was, with a tag. */
static bool read_int(struct value *out, const char *text)
{
	char clean[NUMBER_MAX + 1];
	uint64_t sum = 0;
	bool minus, fits;

	if (!matches_int(text))
		return false;
	clean_number(clean, text, &minus);
	if (clean[0] == '0' && (clean[1] == 'b' || clean[1] == 'x')) {
		if (!clean[2])
			return false;
		fits = add_digits(&sum, clean + 2, strlen(clean + 2),
				  clean[1] == 'b' ? 2 : 16);
	} else if (clean[0] == '0') {
		fits = add_digits(&sum, clean, strlen(clean), 8);
	} else {
		fits = add_sixties(&sum, clean);
	}
	if (fits && sum <= (uint64_t)INT64_MAX + minus) {
		out->type = VALUE_INT;
		out->u.number = minus ? (int64_t)(0 - sum) : (int64_t)sum;
	} else {
		out->type = VALUE_TEXT;
		out->tag = (char *)int_tag;
	}
	return true;
}

/* (e[-+][0-9]+)? to the end: the sign is not optional in YAML 1.1. */
static bool matches_exponent(const char *s)
{
	if (!*s)
		return true;
	if ((*s != 'e' && *s != 'E') || (s[1] != '-' && s[1] != '+'))
		return false;
	s += 2;
	return *s && !s[strspn(s, DIGITS)];
}

static bool matches_float(const char *s)
{
	/* Without a digit before the dot there may be no sign. */
	if (s[0] == '.')
		return isdigit((unsigned char)s[1]) &&
			matches_exponent(s + 1 + strspn(s + 1, DIGITS "_"));
	if (*s == '-' || *s == '+')
		s++;
	if (!isdigit((unsigned char)*s))
		return false;
	s += strspn(s, DIGITS "_");
	if (*s == ':') {
		s = skip_sixties(s);
		return s && *s == '.' && !s[1 + strspn(s + 1, DIGITS "_")];
	}
	return *s == '.' && matches_exponent(s + 1 + strspn(s + 1, DIGITS "_"));
}

static bool set_float(struct value *out, double real)
{
	out->type = VALUE_FLOAT;
	out->u.real = real;
	return true;
}

static bool read_float(struct value *out, const char *text)
{
	static const char *const inf[] = { ".inf", ".Inf", ".INF", NULL };
	static const char *const nan_words[] = { ".nan", ".NaN", ".NAN", NULL };
	char clean[NUMBER_MAX + 1];
	const char *s = clean;
	double sum = 0;
	bool minus;

	if (is_one_of(text, strlen(text), nan_words))
		return set_float(out, NAN);
	s = text + (*text == '-' || *text == '+');
	if (is_one_of(s, strlen(s), inf))
		return set_float(out, *text == '-' ? -INFINITY : INFINITY);
	if (!matches_float(text))
		return false;

	clean_number(clean, text, &minus);
	for (s = clean; strchr(s, ':'); s = strchr(s, ':') + 1)
		sum = (sum + strtod(s, NULL)) * 60;
	sum += strtod(s, NULL);
	return set_float(out, minus ? -sum : sum);
}

/*
 * Most numbers: a few decimal digits, with a point or without. So many digits
 * and such a power of ten are doubles without rounding, so that one division
 * rounds as strtod(3) does. False: it is another one, or none.
 */
static bool read_short(struct value *out, const char *text, size_t len)
{
	static const double power[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15
	};
	bool minus = *text == '-', point = false;
	size_t at = minus, behind = 0;
	int64_t sum = 0;

	if (FLT_EVAL_METHOD || len == at || len - at > ARRAY_SIZE(power) ||
	    !isdigit((unsigned char)text[at]) ||
	    (text[at] == '0' && len > at + 1 && text[at + 1] != '.'))
		return false;
	for (; at < len; at++) {
		if (isdigit((unsigned char)text[at])) {
			sum = sum * 10 + (text[at] - '0');
			behind += point;
		} else if (text[at] == '.' && !point) {
			point = true;
		} else {
			return false;
		}
	}
	if (point)
		return set_float(out, minus ? -((double)sum / power[behind]) :
				 (double)sum / power[behind]);
	out->type = VALUE_INT;
	out->u.number = minus ? -sum : sum;
	return true;
}

static bool read_number(struct value *out, const char *text, size_t len)
{
	char copy[NUMBER_MAX + 1];

	if (read_short(out, text, len))
		return true;
	if (len > NUMBER_MAX || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return read_int(out, copy) || read_float(out, copy);
}

static bool set_bool(struct value *out, bool truth)
{
	out->type = VALUE_BOOL;
	out->u.truth = truth;
	return true;
}

static bool read_word(struct value *out, const char *text, size_t len)
{
	if (len > 5)
		return false;
	if (is_one_of(text, len, null_words))
		return true;
	if (is_one_of(text, len, true_words))
		return set_bool(out, true);
	return is_one_of(text, len, false_words) && set_bool(out, false);
}

/* By the first byte it is seen what most scalars are not. False: text. */
static bool resolve(struct value *out, const char *text, size_t len)
{
	out->type = VALUE_NULL;
	out->tag = NULL;
	if (!len)
		return true;
	switch (*text) {
	case '~': case 'n': case 'N': case 'y': case 'Y': case 't': case 'T':
	case 'f': case 'F': case 'o': case 'O':
		return read_word(out, text, len);
	case '-': case '+': case '.':
	case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return read_number(out, text, len);
	default:
		return false;
	}
}

void yaml_plain_lent(struct value *out, const char *text, size_t len)
{
	if (!resolve(out, text, len))
		out->type = VALUE_TEXT;
	if (out->type == VALUE_TEXT) {
		out->u.text.text = (char *)text;
		out->u.text.len = len;
	}
}

struct value *yaml_plain_value(const char *text, size_t len)
{
	struct value lent;

	yaml_plain_lent(&lent, text, len);
	if (lent.type == VALUE_TEXT && !lent.tag)
		return value_new_text(text, len);
	return value_copy(&lent);
}

bool yaml_plain_is_text(const char *text, size_t len)
{
	struct value value;

	return !resolve(&value, text, len);
}

struct value *yaml_typed_value(enum value_type type, const char *text,
			       size_t len)
{
	struct value *value = yaml_plain_value(text, len);

	if (value->type == type)
		return value;
	if (type == VALUE_NULL) {	/* whatever the text, as in PyYAML */
		value_free(value);
		return value_new_null();
	}
	if (type == VALUE_INT && value->tag)
		return value;
	if (type == VALUE_FLOAT && value->type == VALUE_INT) {
		double real = (double)value->u.number;

		value_free(value);
		return value_new_float(real);
	}
	/* PyYAML writes 1e5 with !!float, as Python's float() reads it. */
	if (type == VALUE_FLOAT && value->type == VALUE_TEXT && len &&
	    strchr("-+." DIGITS, *text) &&
	    strspn(text, "-+.eE" DIGITS) == len) {
		char *end;
		double real = strtod(value->u.text.text, &end);

		if (!*end) {
			value_free(value);
			return value_new_float(real);
		}
	}
	value_free(value);
	return NULL;
}

bool yaml_is_printable(int32_t c)
{
	if (c < 0x20)
		return false;
	if (c < 0x7f)
		return true;
	if (c < 0xa0)			/* DEL, C1 with NEL */
		return false;
	if (c >= 0x2028 && c <= 0x202e)	/* line ends, bidi embeddings */
		return false;
	if (c >= 0x2066 && c <= 0x2069)	/* bidi isolates */
		return false;
	return c != 0xfeff && (c & 0xfffe) != 0xfffe;
}

/* Takes a number of `min` to `max` digits from `low` to `high`. */
static bool take_number(const char **s, size_t min, size_t max, int low,
			int high, int *out)
{
	size_t nr = strspn(*s, DIGITS);

	if (nr < min || nr > max)
		return false;
	for (*out = 0; nr; nr--)
		*out = *out * 10 + *(*s)++ - '0';
	return *out >= low && *out <= high;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

/* [0-9]?[0-9]:[0-9]{2}:[0-9]{2} and what may follow, to the end. */
static bool matches_time(const char *s)
{
	int n;

	if (!take_number(&s, 1, 2, 0, 23, &n) || !take_char(&s, ':') ||
	    !take_number(&s, 2, 2, 0, 59, &n) || !take_char(&s, ':') ||
	    !take_number(&s, 2, 2, 0, 59, &n))
		return false;
	if (take_char(&s, '.'))
		s += strspn(s, DIGITS);
	if (!*s)
		return true;
	s += strspn(s, " \t");
	if (take_char(&s, 'Z'))
		return !*s;
	if (!take_char(&s, '-') && !take_char(&s, '+'))
		return false;
	return take_number(&s, 1, 2, 0, 23, &n) &&
	       (!take_char(&s, ':') || take_number(&s, 2, 2, 0, 59, &n)) && !*s;
}

static int days_of(int year, int month)
{
	static const char days[] = { 31, 28, 31, 30, 31, 30,
				     31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 || year % 400 == 0);

	return days[month - 1] + (leap && month == 2);
}

/* Only what a calendar has: PyYAML fails as a whole for other days. */
bool yaml_is_timestamp(const char *text, size_t len)
{
	const char *s = text, *time;
	int year, month, day;

	if (len < 8 || len > 64 || strlen(text) != len ||
	    !take_number(&s, 4, 4, 1, 9999, &year) || !take_char(&s, '-') ||
	    !take_number(&s, 1, 2, 1, 12, &month) || !take_char(&s, '-') ||
	    !take_number(&s, 1, 2, 1, days_of(year, month), &day))
		return false;
	if (!*s)
		return len == 10;
	time = *s == 'T' || *s == 't' ? s + 1 : s + strspn(s, " \t");
	return time > s && matches_time(time);
}

/* Words that some reader takes for something else, whatever their case. */
static bool is_reserved_word(const char *text, size_t len)
{
	static const char *const words[] = {
		"y", "n", "yes", "no", "on", "off", "true", "false", "null",
		"nan", "inf", NULL
	};
	const char *const *w;

	if (len > 5)
		return false;
	for (w = words; *w; w++)
		if (strlen(*w) == len && !strncasecmp(*w, text, len))
			return true;
	return false;
}

/*
 * Whatever begins like a number may be one to some reader (dates, 1:30, 0o17,
 * 1e5, 1,000): unless it holds a character that no number has.
 */
static bool may_be_number(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (strchr("ghjklmpqrsuvwyGHJKLMPQRSUVWY/", text[i]) && text[i])
			return false;
	return true;
}

bool yaml_plain_is_safe(const char *text, size_t len)
{
	const char *s = text;
	size_t left = len;

	if (!len || text[0] == ' ' || text[len - 1] == ' ' ||
	    text[len - 1] == ':' || is_reserved_word(text, len))
		return false;
	if (text[0] == '-' && (len == 1 || text[1] == ' '))
		return false;
	/* at the begin of a line these end a document */
	if (len >= 3 && (!memcmp(text, "---", 3) || !memcmp(text, "...", 3)) &&
	    (len == 3 || text[3] == ' '))
		return false;
	if (strchr("-." DIGITS, text[0])) {
		if (may_be_number(text, len))
			return false;
	} else if (!isalpha((unsigned char)text[0]) &&
		   text[0] != '_' && text[0] != '/' &&
		   !((unsigned char)text[0] & 0x80)) {
		return false;
	}
	while (left) {
		const char *before = s;
		int32_t c = utf8_next(&s, &left);

		if (c < 0 || !yaml_is_printable(c))
			return false;
		if (c == ':' && left && *s == ' ')
			return false;
		if (c == '#' && before > text && before[-1] == ' ')
			return false;
	}
	return true;
}
