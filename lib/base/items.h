/*
 * Commands that do one thing to each of many items: where the items come
 * from, and the exit status that tells how it went.
 */
#ifndef LIB_BASE_ITEMS_H
#define LIB_BASE_ITEMS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct items {
	size_t done, failed;
	int code;	/* of the first that failed */
	bool mixed;	/* others failed with other codes */
};

/** Counts one item: 0, or its enum resutil_error. */
void items_count(struct items *items, int code);

/** 0 when all are done; the status of their code when all failed alike;
 *  EXIT_PARTLY otherwise. */
int items_status(const struct items *items);

/** Does the work for one item and tells of its failure; the code is counted. */
typedef int (*item_fn)(const char *item, void *data);

/**
 * Calls fn for each of `words` (NULL-terminated), then, unless `more` is NULL,
 * for each record of that stream up to `term` ('\n' or '\0'), as it comes.
 * Errors: ERR_CONTENT for a record that holds a NUL, ERR_FAILED when the
 * stream cannot be read; the items before it are done.
 */
int items_each(struct items *items, const char *const *words, FILE *more,
	       int term, item_fn fn, void *data, struct strbuf *err);

#endif
