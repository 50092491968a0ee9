/*
 * Whether two texts say the same, when some lines do not count and numbers may
 * differ a little.
 */
#ifndef LIB_BASE_TEXT_COMPARE_H
#define LIB_BASE_TEXT_COMPARE_H

#include "lib/base/compat.h"

#include <regex.h>

struct text_compare {
	bool numbers;		/* within atol + rtol * |then| */
	double rtol, atol;
	const regex_t *ignore;	/* lines that match one do not count */
	size_t nr_ignore;
	bool first_field;	/* what stands before the first comma of a line
				 * does not count (times) */
};

/* The first lines that differ; from 1. A line of 0: the text has ended. Lent,
 * not NUL-ended. */
struct text_difference {
	size_t line_a, line_b;
	const char *a, *b;
	size_t len_a, len_b;
};

/**
 * Numbers are as a program prints them: digits with a point and an exponent,
 * nan, inf. NaN is NaN. What stands within a word or a version (a1, 1.2.3) is
 * no number of its own. Without any of that only the same bytes are the same.
 */
bool text_compare(const struct text_compare *c, const char *a, size_t len_a,
		  const char *b, size_t len_b, struct text_difference *diff);

/** Two numbers, by the same rule: |then - now| <= atol + rtol * |then|. */
bool numbers_are_near(double then, double now, double rtol, double atol);

#endif
