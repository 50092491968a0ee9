/*
 * Shared by the two files that read and write JSON, and by nobody else (a
 * third-party type stays in this room).
 */
#ifndef LIB_WRAP_JSON_INTERNAL_H
#define LIB_WRAP_JSON_INTERNAL_H

#include "lib/base/compat.h"

#include <jansson.h>

#include "lib/base/strbuf.h"

/** A string with its quotes. A byte that is not UTF-8 becomes U+FFFD. */
void json_add_string(struct strbuf *out, const char *text, size_t len);

/** The tree of one text; the caller gives it back. ERR_CONTENT as
 *  json_parse(). */
int json_load(json_t **out, const char *text, size_t len, const char *name,
	      struct strbuf *err);

#endif
