/*
 * How old something is to be.
 */
#ifndef LIB_BASE_AGE_H
#define LIB_BASE_AGE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/** "90", "90s", "15m", "1h", "7d", "2w" as seconds; at most 100 years.
 *  ERR_USAGE. */
int age_parse(unsigned *seconds, const char *text, struct strbuf *err);

#endif
