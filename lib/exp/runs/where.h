/*
 * Expressions over fields: `params.lr > 0.9 and state = done`.
 * Source: resutil-where(7).
 */
#ifndef LIB_EXP_RUNS_WHERE_H
#define LIB_EXP_RUNS_WHERE_H

#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/strbuf.h"

#define WHERE_MAX_BYTES (64u << 10)
#define WHERE_MAX_DEPTH 200

struct where;

/**
 * ERR_USAGE: what is wrong, then the expression and a caret below the place,
 * each on a line of its own. now: what times like "2 days ago" go from.
 */
int where_parse(struct where **out, const char *text,
		const struct moment *now, struct strbuf *err);
void where_free(struct where *where);	/* NULL is fine */

/** The fields that it asks for, each once: slot numbers are places in here. */
size_t where_fields_nr(const struct where *where);
const char *where_field(const struct where *where, size_t slot);

/** Gives the cell of a slot; leaves CELL_NONE where there is none. */
typedef void (*where_get_fn)(struct cell *out, size_t slot, void *data);

/** Whether it holds. What is compared with an absent field does not. Thread-
 *  safe for different `data`. */
bool where_match(const struct where *where, where_get_fn get, void *data);

/** Whether it holds, or would hold for some value of what is absent, or of what
 *  is in no order with what it is compared with (NaN, a text with a number).
 *  `has FIELD` alone is known: what is absent is not there. */
bool where_may_match(const struct where *where, where_get_fn get, void *data);

#endif
