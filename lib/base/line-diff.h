/*
 * The differences of two texts, line by line, as `diff -u` shows them. Bytes
 * are bytes: nothing need be UTF-8.
 */
#ifndef LIB_BASE_LINE_DIFF_H
#define LIB_BASE_LINE_DIFF_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct line_diff_options {
	unsigned context;	/* unchanged lines around a change */
	size_t max_lines;	/* that are written at most; 0: all. A hunk
				 * that would go beyond is left out, but for
				 * the first, which is cut */
};

struct line_diff_sum {
	size_t added, removed;	/* lines */
	size_t left_out;	/* lines of hunks that were not written */
};

/** A NUL among the first 8000 bytes: git's rule for what is no text. */
bool line_diff_is_binary(const char *text, size_t len);

/**
 * Adds the hunks of a unified diff, without the two lines that name files.
 * The fewest changes there are, unless these are very many: then time counts
 * more (it grows with lines times changes, and is bounded).
 * options, out: NULL: only the sum is wanted.
 */
void line_diff(struct strbuf *out, const char *a, size_t a_len, const char *b,
	       size_t b_len, const struct line_diff_options *options,
	       struct line_diff_sum *sum);

#endif
