/*
 * Wildcards over paths: `*` and `?` stop at '/', `**` as a whole component
 * matches any number of them, `[...]` sets with ranges and `!`, backslash
 * quotes. A leading dot needs no special care. Linear time, no recursion on
 * input length.
 */
#ifndef LIB_BASE_GLOB_H
#define LIB_BASE_GLOB_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"

bool glob_match(const char *pattern, const char *path);

/** True for what has to be matched rather than compared. */
bool glob_has_magic(const char *pattern);

/** The longest leading directory without magic ("" or "a/b"), in bytes. */
size_t glob_literal_prefix(const char *pattern);

#endif
