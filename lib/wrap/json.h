/*
 * The door to jansson.
 */
#ifndef LIB_WRAP_JSON_H
#define LIB_WRAP_JSON_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

#define JSON_MAX_BYTES (64u << 20)

/** Compact, one line, UTF-8, keys in order; bytes as {"base64": ...}; NaN and
 *  infinities as the strings "nan", "inf", "-inf"; floats keep a dot. */
void json_write(struct strbuf *out, const struct value *value);
/** A string with its quotes, as json_write() has it: what could move a terminal
 *  is escaped. A byte that is not UTF-8 becomes U+FFFD. */
void json_add_string(struct strbuf *out, const char *text, size_t len);

/** One JSON text, strict (RFC 8259), duplicate keys refused; {"base64": T}
 *  gives bytes. Errors: ERR_CONTENT with line and column. */
int json_parse(struct value **out, const char *text, size_t len,
	       const char *name, struct strbuf *err);

#endif
