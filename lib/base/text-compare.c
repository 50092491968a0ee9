#include "lib/base/compat.h"
#include "lib/base/text-compare.h"

/* Longer ones are compared as text. */
#define NUMBER_MAX 120

struct cursor {
	const char *p, *end;
	size_t line;		/* that was read last */
	const char *text;
	size_t len;
	bool newline;		/* it has an end */
};

static bool is_ignored(const struct text_compare *c, const struct cursor *at)
{
	regmatch_t match;
	size_t i;

	for (i = 0; i < c->nr_ignore; i++) {
		match.rm_so = 0;
		match.rm_eo = (regoff_t)at->len;
		if (!regexec(&c->ignore[i], at->text, 1, &match, REG_STARTEND))
			return true;
	}
	return false;
}

/* The next line that counts; false: there is none. */
static bool next_line(const struct text_compare *c, struct cursor *at)
{
	while (at->p < at->end) {
		const char *end = memchr(at->p, '\n',
					 (size_t)(at->end - at->p));
		size_t len = end ? (size_t)(end - at->p) :
				   (size_t)(at->end - at->p);

		at->line++;
		at->text = at->p;
		at->len = len;
		at->newline = end;
		at->p += len + at->newline;
		if (!is_ignored(c, at))
			return true;
	}
	return false;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

/* nan, inf, infinity: as a whole word. */
static size_t special_len(const char *p, const char *end)
{
	static const char *const words[] = { "nan", "infinity", "inf" };
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		len = strlen(words[i]);
		if ((size_t)(end - p) >= len &&
		    !strncasecmp(p, words[i], len) &&
		    (p + len == end || !is_word(p[len])))
			return len;
	}
	return 0;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && isdigit((unsigned char)*p))
		p++;
	return p;
}

/*
 * How long the number at `p` is; 0: there is none. Digits behind a letter, a
 * digit or a point belong to what is before them; so does a sign behind one
 * (2026-11-22).
 */
static size_t number_len(const char *start, const char *p, const char *end)
{
	const char *q = p, *digits;
	size_t special;

	if (p > start && (is_word(p[-1]) || p[-1] == '.'))
		return 0;
	if (q < end && (*q == '-' || *q == '+'))
		q++;
	special = special_len(q, end);
	if (special)
		return (size_t)(q - p) + special;
	digits = q;
	q = skip_digits(q, end);
	if (q < end && *q == '.' &&
	    (q > digits || (q + 1 < end && isdigit((unsigned char)q[1]))))
		q = skip_digits(q + 1, end);
	if (q == digits)
		return 0;
	if (q < end && (*q == 'e' || *q == 'E')) {
		const char *e = q + 1;

		if (e < end && (*e == '-' || *e == '+'))
			e++;
		if (skip_digits(e, end) > e)
			q = skip_digits(e, end);
	}
	/* 3rd, 1.2.3, 12:30 is two: a colon does not bind */
	if (q < end && (is_word(*q) ||
			(*q == '.' && q + 1 < end && is_word(q[1]))))
		return 0;
	return (size_t)(q - p) < NUMBER_MAX ? (size_t)(q - p) : 0;
}

static double read_number(const char *p, size_t len)
{
	char text[NUMBER_MAX + 1];

	memcpy(text, p, len);
	text[len] = '\0';
	return strtod(text, NULL);
}

bool numbers_are_near(double then, double now, double rtol, double atol)
{
	double difference = then - now;
	double size = then < 0 ? -then : then;

	if (then != then || now != now)
		return then != then && now != now;
	if (then == now)
		return true;
	if (difference < 0)
		difference = -difference;
	return difference <= atol + rtol * size && difference * 0 == 0 &&
	       size * 0 == 0;
}

static bool numbers_agree(const struct text_compare *c, const char *a,
			  size_t len_a, const char *b, size_t len_b)
{
	if (len_a == len_b && !memcmp(a, b, len_a))
		return true;
	return numbers_are_near(read_number(a, len_a), read_number(b, len_b),
				c->rtol, c->atol);
}

static bool lines_agree(const struct text_compare *c, const char *a,
			size_t len_a, const char *b, size_t len_b)
{
	const char *start_a = a, *start_b = b;
	const char *end_a = a + len_a, *end_b = b + len_b;

	if (len_a == len_b && !memcmp(a, b, len_a))
		return true;
	while (c->numbers && a < end_a && b < end_b) {
		size_t na = number_len(start_a, a, end_a);
		size_t nb = number_len(start_b, b, end_b);

		if (na && nb) {
			if (!numbers_agree(c, a, na, b, nb))
				return false;
			a += na;
			b += nb;
		} else if (*a++ != *b++) {
			return false;
		}
	}
	return c->numbers && a == end_a && b == end_b;
}

static void cut_first_field(struct cursor *at)
{
	const char *comma = memchr(at->text, ',', at->len);

	if (!comma)
		return;
	at->len -= (size_t)(comma - at->text);
	at->text = comma;
}

bool text_compare(const struct text_compare *c, const char *a, size_t len_a,
		  const char *b, size_t len_b, struct text_difference *diff)
{
	struct cursor x = { .p = a, .end = a + len_a };
	struct cursor y = { .p = b, .end = b + len_b };

	for (;;) {
		bool more_a = next_line(c, &x), more_b = next_line(c, &y);
		bool same;

		if (!more_a && !more_b)
			return true;
		same = more_a && more_b && x.newline == y.newline;
		if (same && c->first_field) {
			cut_first_field(&x);
			cut_first_field(&y);
		}
		if (same && lines_agree(c, x.text, x.len, y.text, y.len))
			continue;
		memset(diff, 0, sizeof(*diff));
		if (more_a) {
			diff->line_a = x.line;
			diff->a = x.text;
			diff->len_a = x.len;
		}
		if (more_b) {
			diff->line_b = y.line;
			diff->b = y.text;
			diff->len_b = y.len;
		}
		return false;
	}
}
