/*
 * Shared by the two files that read and write JSON, and by nobody else (a
 * third-party type stays in this room).
 */
#ifndef LIB_WRAP_JSON_INTERNAL_H
#define LIB_WRAP_JSON_INTERNAL_H

#include "lib/base/compat.h"

#include <jansson.h>

#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/** The tree of one text; the caller gives it back. ERR_CONTENT as
 *  json_parse(). */
int json_load(json_t **out, const char *text, size_t len, const char *name,
	      struct strbuf *err);

/* How a tree becomes a value. */
struct json_reader {
	const char *name;
	struct strbuf *err;
	unsigned max_depth;
	/** Objects that are no maps: false when this one is a map; else `out`
	 *  is its value, or NULL: refused, and the sentence is written. */
	bool (*special)(struct json_reader *r, json_t *object, unsigned depth,
			struct value **out);
};

/** NULL: refused, and the sentence is written. */
struct value *json_convert(struct json_reader *r, json_t *json,
			   unsigned depth);

#endif
