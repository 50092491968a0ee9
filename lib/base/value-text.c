/*
 * Values as text for people, and parameters as values.
 */
#include "lib/base/compat.h"

#include <float.h>

#include "lib/base/alloc.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"

static void add_quoted(struct strbuf *out, const char *text, size_t len)
{
	strbuf_addch(out, '"');
	while (len) {
		const char *start = text;
		int32_t c = utf8_next(&text, &len);

		if (c == '"' || c == '\\')
			strbuf_addf(out, "\\%c", (int)c);
		else if (c == '\n')
			strbuf_addstr(out, "\\n");
		else if (c == '\t')
			strbuf_addstr(out, "\\t");
		else if (c >= 0 && c < 0x20)
			strbuf_addf(out, "\\u%04x", (unsigned)c);
		else
			strbuf_add(out, start, (size_t)(text - start));
	}
	strbuf_addch(out, '"');
}

static void add_nested(struct strbuf *out, const struct value *value)
{
	if (value->type == VALUE_TEXT || value->type == VALUE_BINARY)
		add_quoted(out, value->u.text.text, value->u.text.len);
	else if (value->type == VALUE_NULL)
		strbuf_addstr(out, "null");
	else
		value_format(out, value);
}

static void add_list(struct strbuf *out, const struct value *value)
{
	size_t i;

	strbuf_addch(out, '[');
	for (i = 0; i < value->u.list.nr; i++) {
		if (i)
			strbuf_addstr(out, ", ");
		add_nested(out, value->u.list.item[i]);
	}
	strbuf_addch(out, ']');
}

static void add_map(struct strbuf *out, const struct value *value)
{
	size_t i;

	strbuf_addch(out, '{');
	for (i = 0; i < value->u.map.nr; i++) {
		const struct value_pair *pair = &value->u.map.pair[i];

		if (i)
			strbuf_addstr(out, ", ");
		add_quoted(out, pair->key, pair->key_len);
		strbuf_addstr(out, ": ");
		add_nested(out, pair->value);
	}
	strbuf_addch(out, '}');
}

void value_format(struct strbuf *out, const struct value *value)
{
	if (!value)
		return;
	switch (value->type) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		strbuf_addstr(out, value->u.truth ? "true" : "false");
		break;
	case VALUE_INT:
		strbuf_addf(out, "%" PRId64, value->u.number);
		break;
	case VALUE_FLOAT:
		value_format_float(out, value->u.real);
		break;
	case VALUE_TEXT:
	case VALUE_BINARY:
		strbuf_add(out, value->u.text.text, value->u.text.len);
		break;
	case VALUE_LIST:
		add_list(out, value);
		break;
	case VALUE_MAP:
		add_map(out, value);
		break;
	}
}

/* The digits of "d.ddde+XX" without the point; returns the exponent. */
static int split_scientific(char *digits, const char *text)
{
	const char *e = strchr(text, 'e');

	for (; text < e; text++)
		if (isdigit((unsigned char)*text))
			*digits++ = *text;
	*digits = '\0';
	return (int)strtol(e + 1, NULL, 10);
}

/*
 * Written with an exponent where Python does: below 1e-4 and from 1e16 on; but
 * always with a point, since YAML 1.1 takes "1e-05" for text.
 */
void value_format_float(struct strbuf *out, double real)
{
	char text[40], digits[40];
	int precision, exponent, nr;

	if (real != real) {
		strbuf_addstr(out, "nan");
		return;
	}
	if (real - real != 0) {
		strbuf_addstr(out, real < 0 ? "-inf" : "inf");
		return;
	}
	/* Up to 15 digits come back from a double as they went in: so where 15
	 * are enough, they are the fewest, but for zeros at their end. One that
	 * is almost 0 has not as many. */
	precision = real < DBL_MIN && real > -DBL_MIN ? 0 : DBL_DIG - 1;
	for (; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, real);
		if (strtod(text, NULL) == real)
			break;
	}
	if (*text == '-')
		strbuf_addch(out, '-');
	exponent = split_scientific(digits, text);
	nr = (int)strlen(digits);
	while (nr > 1 && digits[nr - 1] == '0')
		digits[--nr] = '\0';
	if (exponent < -4 || exponent >= 16) {
		strbuf_addf(out, "%c.%se%c%02d", digits[0],
			    nr > 1 ? digits + 1 : "0",
			    exponent < 0 ? '-' : '+', abs(exponent));
	} else if (exponent < 0) {
		strbuf_addf(out, "0.%.*s%s", -exponent - 1, "000", digits);
	} else if (nr <= exponent + 1) {
		strbuf_addf(out, "%s%.*s.0", digits, exponent + 1 - nr,
			    "0000000000000000");
	} else {
		strbuf_addf(out, "%.*s.%s", exponent + 1, digits,
			    digits + exponent + 1);
	}
}

static size_t count_digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* [-+]?(0|[1-9][0-9]*) within 64 bits. */
static bool parse_integer(const char *text, int64_t *number)
{
	const char *s = text + (*text == '-' || *text == '+');
	char *end;

	if (!isdigit((unsigned char)*s) || (*s == '0' && s[1]))
		return false;
	if (s[count_digits(s)])
		return false;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return !errno && !*end;
}

/*
 * [-+]?(0|[1-9][0-9]*)?(.[0-9]*)?([eE][-+]?[0-9]+)? with a digit before the
 * exponent, and a point or an exponent.
 */
static bool looks_like_float(const char *s)
{
	size_t whole, part = 0;
	bool marked = false;

	s += *s == '-' || *s == '+';
	whole = count_digits(s);
	if (whole > 1 && *s == '0')
		return false;
	s += whole;
	if (*s == '.') {
		marked = true;
		part = count_digits(++s);
		s += part;
	}
	if (!whole && !part)
		return false;
	if (*s == 'e' || *s == 'E') {
		marked = true;
		s++;
		s += *s == '-' || *s == '+';
		if (!count_digits(s))
			return false;
		s += count_digits(s);
	}
	return marked && !*s;
}

/* What a double cannot hold at all (1e999, 1e-999) stays text. */
static bool parse_float(const char *text, double *real)
{
	bool has_digit = strcspn(text, "123456789") < strcspn(text, "eE");

	if (!looks_like_float(text))
		return false;
	*real = strtod(text, NULL);
	return *real - *real == 0 && (*real != 0 || !has_digit);
}

static struct value *parse_parameter(const char *text)
{
	int64_t number;
	double real;

	/* as YAML has them, and as Python prints them */
	if (!strcmp(text, "true") || !strcmp(text, "True"))
		return value_new_bool(true);
	if (!strcmp(text, "false") || !strcmp(text, "False"))
		return value_new_bool(false);
	if (!strcmp(text, "null") || !strcmp(text, "None"))
		return value_new_null();
	if (parse_integer(text, &number))
		return value_new_int(number);
	if (parse_float(text, &real))
		return value_new_float(real);
	if (!strcmp(text, "nan") || !strcmp(text, "inf") ||
	    !strcmp(text, "-inf"))
		return value_new_float(strtod(text, NULL));
	return NULL;
}

struct value *value_from_parameter(const char *text, size_t len)
{
	char *word = xmemdupz(text, len);
	struct value *value = NULL;

	if (strlen(word) == len)
		value = parse_parameter(word);
	if (!value)
		value = value_new_text(text, len);
	free(word);
	return value;
}
