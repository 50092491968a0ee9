#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/parse-number.h"

#include <float.h>
#include <math.h>

#define MAX_DIGITS 19		/* always fit a uint64_t */
#define EXACT_DOUBLE 22		/* 10^22 is a double */
#define EXACT_LONG 27		/* 10^27 is an 80-bit long double */
#define MAX_EXPONENT 100000	/* as good as any that is larger */
#define ROOM 64
#define BEHIND 8			/* bytes that are read with a number */

static const double power[EXACT_DOUBLE + 1] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

struct parts {
	bool negative, is_int;
	uint64_t mantissa;
	unsigned digits;	/* of the mantissa, without zeros before it */
	int exponent;
	const char *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Eight digits at once, in the parts of one word: first pairs of them, then
 * pairs of these, and again. */
static const char *take_eights(struct parts *p, const char *at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t v;

	for (;; at += 8) {
		memcpy(&v, at, sizeof(v));
		if (((v & ones * 0xf0) |
		     (((v + ones * 6) & ones * 0xf0) >> 4)) != ones * 0x33)
			return at;
		v -= ones * '0';
		v = v * 10 + (v >> 8);
		v = ((v & UINT64_C(0xff000000ff)) *
		     UINT64_C(0xf424000000064) +
		     ((v >> 16) & UINT64_C(0xff000000ff)) *
		     UINT64_C(0x271000000001)) >> 32;
		p->mantissa = p->mantissa * 100000000 + v;
		p->digits += 8;
	}
}
#else
static const char *take_eights(struct parts *p UNUSED, const char *at)
{
	return at;
}
#endif

/* The digits at `at`, before or behind the point. */
static const char *take_digits(struct parts *p, const char *at)
{
	if (p->digits || (*at > '0' && *at <= '9'))
		at = take_eights(p, at);
	for (; is_digit(*at); at++) {
		/* beyond MAX_DIGITS it is not used */
		p->mantissa = p->mantissa * 10 + (uint64_t)(*at - '0');
		p->digits += p->digits || *at != '0';
	}
	return at;
}

/* At an `e`; what is no exponent is left where it is. */
static const char *take_exponent(struct parts *p, const char *at)
{
	const char *digit = at + 1;
	bool negative = *digit == '-';
	int value = 0;

	digit += *digit == '-' || *digit == '+';
	if (!is_digit(*digit))
		return at;
	for (; is_digit(*digit); digit++)
		if (value < MAX_EXPONENT)
			value = value * 10 + (*digit - '0');
	p->exponent += negative ? -value : value;
	p->is_int = false;
	return digit;
}

static bool split(struct parts *p, const char *text)
{
	const char *first, *at = text, *point;

	memset(p, 0, sizeof(*p));
	p->negative = *at == '-';
	at += *at == '-' || *at == '+';
	first = at;
	p->is_int = true;
	at = take_digits(p, at);
	if (*first == '0' && at > first + 1)
		return false;
	if (*at == '.') {
		p->is_int = false;
		point = at + 1;
		at = take_digits(p, point);
		p->exponent = -(int)MINIMUM(at - point, MAX_EXPONENT);
		if (first + 1 == point && at == point)
			return false;
	} else if (at == first) {
		return false;
	}
	if (*at == 'e' || *at == 'E')
		at = take_exponent(p, at);
	p->end = at;
	return true;
}

/* What no shorter way is exact for. */
static double by_strtod(const char *text, const char *end)
{
	size_t len = (size_t)(end - text);
	char room[ROOM], *copy = room;
	double real;

	if (len < sizeof(room)) {
		memcpy(room, text, len);
		room[len] = '\0';
	} else {
		copy = xmemdupz(text, len);
	}
	real = strtod(copy, NULL);
	if (copy != room)
		free(copy);
	return real;
}

#if LDBL_MANT_DIG == 64
/*
 * One rounding to 64 bits and one to 53 give what a single one would, unless
 * the first ends next to the middle of two doubles.
 */
static bool by_long_double(double *out, uint64_t mantissa, int exponent)
{
	static const long double large[] = {
		1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L
	};
	int size = exponent < 0 ? -exponent : exponent;
	long double scale, value;
	uint64_t bits;

	if (size > EXACT_LONG)
		return false;
	scale = size < EXACT_DOUBLE ? (long double)power[size] :
				      large[size - EXACT_DOUBLE];
	value = exponent < 0 ? (long double)mantissa / scale :
			       (long double)mantissa * scale;
	memcpy(&bits, &value, sizeof(bits));
	if ((bits & 0x7ff) >= 0x3ff && (bits & 0x7ff) <= 0x401)
		return false;
	*out = (double)value;
	return true;
}
#else
static bool by_long_double(double *out UNUSED, uint64_t mantissa UNUSED,
			   int exponent UNUSED)
{
	return false;
}
#endif

static double real_of(const struct parts *p, const char *text)
{
	double real;

	if (p->digits > MAX_DIGITS)
		return by_strtod(text, p->end);
	if (!p->mantissa)
		return p->negative ? -0.0 : 0.0;
	if (p->mantissa <= (UINT64_C(1) << 53) &&
	    p->exponent >= -EXACT_DOUBLE && p->exponent <= EXACT_DOUBLE) {
		real = (double)p->mantissa;
		real = p->exponent < 0 ? real / power[-p->exponent] :
					 real * power[p->exponent];
	} else if (!by_long_double(&real, p->mantissa, p->exponent)) {
		return by_strtod(text, p->end);
	}
	return p->negative ? -real : real;
}

static const char *scan_word(struct number *out, const char *text,
			     const char *end)
{
	size_t len = (size_t)(end - text);

	out->kind = NUMBER_REAL;
	if (len >= 4 && !memcmp(text, "-inf", 4)) {
		out->real = -(double)INFINITY;
		return text + 4;
	}
	if (len >= 3 && !memcmp(text, "inf", 3))
		out->real = (double)INFINITY;
	else if (len >= 3 && !memcmp(text, "nan", 3))
		out->real = (double)NAN;
	else
		return NULL;
	return text + 3;
}

const char *number_scan(struct number *out, const char *text, const char *end)
{
	struct parts p;

	if (!split(&p, text))
		return scan_word(out, text, end);
	out->kind = NUMBER_REAL;
	if (p.is_int && p.digits < MAX_DIGITS) {
		out->kind = NUMBER_INT;
		out->whole = p.negative ? -(int64_t)p.mantissa :
					  (int64_t)p.mantissa;
		out->real = (double)out->whole;
	} else if (p.is_int && p.digits == MAX_DIGITS &&
		   p.mantissa <= (uint64_t)INT64_MAX + p.negative) {
		out->kind = NUMBER_INT;
		out->whole = p.negative ? (int64_t)-p.mantissa :
					  (int64_t)p.mantissa;
		out->real = (double)out->whole;
	} else {
		out->real = real_of(&p, text);
	}
	return p.end;
}

bool number_parse(struct number *out, const char *text, size_t len)
{
	char room[ROOM + BEHIND] = { 0 }, *copy = room;
	bool ok;

	if (len >= ROOM)
		copy = xcalloc(1, len + BEHIND);
	memcpy(copy, text, len);
	ok = number_scan(out, copy, copy + len) == copy + len;
	if (copy != room)
		free(copy);
	return ok;
}
