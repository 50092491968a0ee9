/*
 * Memory that is taken in pieces and given back all at once, for what is made
 * and thrown away many thousand times: a piece costs an addition.
 */
#ifndef LIB_BASE_ARENA_H
#define LIB_BASE_ARENA_H

#include "lib/base/compat.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk;	/* the last one; each knows the one
					 * before */
	char *at, *end;			/* what is free in it */
};

#define ARENA_INIT { NULL, NULL, NULL }

/** Aligned for anything; not cleared. Never NULL. */
void *arena_alloc(struct arena *a, size_t size);

/** A NUL-terminated copy of exactly `len` bytes. */
char *arena_memdupz(struct arena *a, const void *data, size_t len);

/** All pieces are gone; some memory is kept for the next ones. */
void arena_clear(struct arena *a);
void arena_release(struct arena *a);

#endif
