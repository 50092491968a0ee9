/*
 * JSON that keeps what JSON has no word for: a map of exactly the members "!"
 * and "v" stands for bytes, a set, a timestamp, a float that is no number, an
 * integer beyond 64 bits, or a map with keys that are no text.
 * Source: resutil-record-runs(1), "Typed values".
 */
#ifndef LIB_WRAP_JSON_TYPED_H
#define LIB_WRAP_JSON_TYPED_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/* Of lists and maps, so that what they are put into can be read as YAML. */
#define JSON_TYPED_MAX_DEPTH 60
#define JSON_TYPED_MAX_VALUES 2000000u

/** On one line, like json_write(); foreign tags are left out. */
void json_typed_write(struct strbuf *out, const struct value *value);

/** One JSON text. ERR_CONTENT: malformed (line and column), a typed value that
 *  is none, two keys that are written alike, limits. */
int json_typed_parse(struct value **out, const char *text, size_t len,
		     const char *name, struct strbuf *err);

#endif
