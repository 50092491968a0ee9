/*
 * UTF-8 as RFC 3629 says: no surrogates, no overlong forms, at most U+10FFFF.
 */
#ifndef LIB_BASE_UTF8_H
#define LIB_BASE_UTF8_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/**
 * The code point at *text (of `len` bytes, at least 1), moving both on.
 * Returns -1 for a byte that starts no valid sequence (moves on by one).
 */
int32_t utf8_next(const char **text, size_t *len);

bool utf8_is_valid(const char *text, size_t len);

/** Code points in valid text. */
size_t utf8_length(const char *text, size_t len);

/** Columns on a terminal (wcwidth rules, East Asian wide = 2); locale-free. */
size_t utf8_width(const char *text, size_t len);

/** What does something to a terminal or a line rather than being shown: C0,
 *  DEL, C1 (some terminals obey U+009B as they do ESC [), the ends of lines
 *  U+2028 and U+2029, and what turns the direction of text around
 *  (Bidi_Control), which can make a name lie. */
bool utf8_is_control(int32_t code_point);

void utf8_add(struct strbuf *sb, int32_t code_point);

#endif
