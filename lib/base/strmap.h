/*
 * From texts to pointers, in the order in which the texts came.
 */
#ifndef LIB_BASE_STRMAP_H
#define LIB_BASE_STRMAP_H

#include "lib/base/compat.h"

struct strmap_item {
	const char *key;	/* lent to the map for as long as it lives */
	void *value;		/* NULL: taken out again */
	uint64_t hash;		/* private */
};

struct strmap {
	struct strmap_item *item;
	size_t nr, alloc;	/* of item, also those that were taken out */
	size_t *slot;		/* private */
	size_t slots;		/* private */
};

#define STRMAP_INIT { NULL, 0, 0, NULL, 0 }
/** Frees what is the map's own: no key and no value. */
void strmap_release(struct strmap *map);

/** NULL when there is none. */
void *strmap_get(const struct strmap *map, const char *key);

/** Puts `value` in the place of what was there, which it returns. NULL takes
 *  the text out. A key that the map holds already stays; it must live on. */
void *strmap_put(struct strmap *map, const char *key, void *value);

#endif
