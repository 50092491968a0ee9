/*
 * A tree of plain data: what a YAML or JSON text says. Maps keep the order of
 * insertion. Text may hold any bytes; what is not UTF-8 is VALUE_BINARY.
 */
#ifndef LIB_BASE_VALUE_H
#define LIB_BASE_VALUE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_FLOAT,
	VALUE_TEXT,	/* valid UTF-8 */
	VALUE_BINARY,	/* any bytes: YAML !!binary, JSON {"base64": ...} */
	VALUE_LIST,
	VALUE_MAP
};

struct value {
	enum value_type type;
	char *tag;	/* a foreign YAML tag kept as text, or NULL */
	union {
		bool truth;
		int64_t number;
		double real;
		struct { char *text; size_t len; } text;	/* NUL-ended */
		struct { struct value **item; size_t nr, alloc; } list;
		struct {
			struct value_pair *pair;
			size_t nr, alloc;
		} map;
	} u;
};

struct value_pair {
	char *key;
	size_t key_len;
	bool plain;	/* the key is a number, a boolean or null, written as
			 * YAML writes it; otherwise it is text */
	struct value *value;
};

struct value *value_new_null(void);
struct value *value_new_bool(bool truth);
struct value *value_new_int(int64_t number);
struct value *value_new_float(double real);
/** VALUE_TEXT when the bytes are UTF-8, VALUE_BINARY when not. */
struct value *value_new_text(const char *text, size_t len);
struct value *value_new_str(const char *text);	/* NULL gives null */
struct value *value_new_list(void);
struct value *value_new_map(void);
struct value *value_copy(const struct value *value);
void value_free(struct value *value);		/* NULL is fine */

/** Appends, taking ownership of `item`. */
void value_list_add(struct value *list, struct value *item);

/** Appends without looking whether `key` is there already (the caller knows
 *  that it is not: a parser with an index); takes ownership of `item`. */
void value_map_add(struct value *map, const char *key, size_t len,
		   struct value *item);

/** Sets (replacing in place, else at the end); takes ownership of `item`. */
void value_map_set(struct value *map, const char *key, struct value *item);
/** The same under the key of `like`, a pair of another map. */
void value_map_put(struct value *map, const struct value_pair *like,
		   struct value *item);
void value_map_set_str(struct value *map, const char *key, const char *text);
void value_map_set_int(struct value *map, const char *key, int64_t number);
void value_map_remove(struct value *map, const char *key);

/** Lent; NULL when absent or when `map` is NULL or no map. */
struct value *value_map_get(const struct value *map, const char *key);

/** By dotted path ("git.commit_hash"); list items by number. */
struct value *value_get(const struct value *root, const char *path);

/** Sets by dotted path, making maps on the way (what stands in the way and is
 *  no map is replaced). */
void value_set(struct value *root, const char *path, struct value *item);

/** The text of VALUE_TEXT (or BINARY, up to its first NUL), else NULL. */
const char *value_text(const struct value *value);
/** value_text(value_get(root, path)). */
const char *value_get_text(const struct value *root, const char *path);
bool value_get_int(const struct value *root, const char *path, int64_t *out);
bool value_get_float(const struct value *root, const char *path, double *out);

bool value_equal(const struct value *a, const struct value *b);

/** One line for a person or a table cell: text as it is, numbers, lists and
 *  maps as compact JSON-like text. Not escaped for terminals. */
void value_format(struct strbuf *out, const struct value *value);

/** The shortest decimal that reads back as the same double; "1.0", "1e-05"
 *  becomes "1.0e-05"; nan, inf, -inf. */
void value_format_float(struct strbuf *out, double real);

/**
 * A typed value from the text of a parameter: true/false/null (also True,
 * False, None), integers without leading zero, floats (with a dot or exponent,
 * or as Python prints them), else the text itself.
 * Source: resutilformat-exp(5), "params".
 */
struct value *value_from_parameter(const char *text, size_t len);

#endif
