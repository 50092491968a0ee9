/*
 * Numbers out of text, many millions of them: what strtod(3) would give, to
 * the last bit, in a fraction of its time.
 */
#ifndef LIB_BASE_PARSE_NUMBER_H
#define LIB_BASE_PARSE_NUMBER_H

#include "lib/base/compat.h"

enum number_kind {
	NUMBER_NONE,
	NUMBER_INT,	/* digits with a sign before them; fits an int64_t */
	NUMBER_REAL
};

struct number {
	enum number_kind kind;
	double real;	/* of both */
	int64_t whole;	/* of NUMBER_INT */
};

/**
 * The number that begins at `text`, as resutilformat-metrics(5) and JSON write
 * them: no blanks, no leading zeros, nan, inf, -inf. What is too large for an
 * integer is a real. Returns behind it; NULL: there is none. There must be a
 * byte before `end` that belongs to no number (the end of a line); eight more
 * behind that are read, and mean nothing.
 */
const char *number_scan(struct number *out, const char *text, const char *end);

/** The same of a whole text of `len` bytes. */
bool number_parse(struct number *out, const char *text, size_t len);

#endif
