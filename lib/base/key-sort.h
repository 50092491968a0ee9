/*
 * Any number of records, put into byte order of their keys within bounded
 * memory: beyond it they wait, sorted, in a file without a name in $TMPDIR.
 */
#ifndef LIB_BASE_KEY_SORT_H
#define LIB_BASE_KEY_SORT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define KEY_SORT_MEMORY ((size_t)16 << 20)

struct key_sort;

/* A record: lent until the next call. */
struct key_record {
	const char *key;	/* NUL behind it; may hold no NUL */
	size_t key_len;
	const void *data;	/* aligned for anything */
	size_t data_len;
};

/** memory 0: KEY_SORT_MEMORY. Never NULL. Takes no file before it needs one. */
struct key_sort *key_sort_new(size_t memory);
void key_sort_free(struct key_sort *s);	/* NULL is fine */

/** Errors: ERR_FAILED (no room in $TMPDIR). Not after the first
 *  key_sort_next(). */
int key_sort_add(struct key_sort *s, const char *key, size_t key_len,
		 const void *data, size_t data_len, struct strbuf *err);
/** 1 with the next record, in byte order; records of one key in the order in
 *  which they were added. 0: that was all. */
int key_sort_next(struct key_sort *s, struct key_record *out,
		  struct strbuf *err);

#endif
