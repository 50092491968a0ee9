/*
 * Bytes against the checksums that a store has of an object.
 */
#ifndef LIB_SYNC_OBJECT_SUMS_H
#define LIB_SYNC_OBJECT_SUMS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "transport/transport.h"

struct object_sums;

/** Begins those of the checksums that `sums` (enum object_sum) names; at least
 *  one of them when there is one. */
int object_sums_start(struct object_sums **out, unsigned sums,
		      struct strbuf *err);
void object_sums_add(struct object_sums *s, const void *data, size_t len);
/** Ends and frees it. True: none of them differs from those of the object. */
bool object_sums_agree(struct object_sums **s, const struct object *o);
void object_sums_drop(struct object_sums **s);	/* NULL is fine */

#endif
