/*
 * Ranges of something far away, read before they are asked for: in the order
 * in which their turn comes, several at once, each only once.
 *
 * Ranges that lie together are one request, long ones are several. What was
 * read is kept until its range is done with, or, of a long one, until its last
 * byte was taken. Whoever comes before his range is there waits for it, or
 * reads it himself.
 */
#ifndef LIB_SYNC_READ_AHEAD_H
#define LIB_SYNC_READ_AHEAD_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-source.h"

/* A request is for no more than this, and for no more than an eighth of the
 * memory; what lies between two ranges is read with them if it is short. */
#define READ_AHEAD_REQUEST ((size_t)4 << 20)
#define READ_AHEAD_GAP ((size_t)64 << 10)

struct read_ahead;

/** Reads exactly `len` bytes; thread-safe. */
typedef int (*read_ahead_fn)(void *data, void *buf, size_t len,
			     uint64_t offset, struct strbuf *err);

/**
 * range: copied; one of length 0 is not read ahead. jobs: requests at once, 0:
 * none but those of who asks. Memory: `memory`, and a request for each thread
 * that asks.
 */
struct read_ahead *read_ahead_start(const struct pack_range *range, size_t nr,
				    size_t memory, unsigned jobs,
				    read_ahead_fn get, void *data);
/** Requests that are under way are waited for. NULL is fine. */
void read_ahead_stop(struct read_ahead *a);

/** Copies what there is at `offset`, up to `len` bytes; *got 0: that is no part
 *  of a range, or not any more. Thread-safe. Errors: those of `get`. */
int read_ahead_read(struct read_ahead *a, void *buf, size_t len,
		    uint64_t offset, size_t *got, struct strbuf *err);
/** Nobody is going to read of range[nr] any more. Thread-safe. */
void read_ahead_done(struct read_ahead *a, size_t nr);

#endif
