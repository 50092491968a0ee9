/*
 * 128 bits that tell one text from another, many times faster than a hash that
 * resists attacks, and without a library: for signatures and caches that only
 * their owner writes. Not the same on machines of another byte order.
 */
#ifndef LIB_BASE_FINGERPRINT_H
#define LIB_BASE_FINGERPRINT_H

#include "lib/base/compat.h"

#define FINGERPRINT_RAWSZ 16

struct fingerprint {
	uint64_t a, b, len;
};

#define FINGERPRINT_INIT { 0, 0, 0 }

/** Adds a piece. How a text is cut into pieces counts. */
void fingerprint_add(struct fingerprint *f, const void *data, size_t len);

/** raw: room for FINGERPRINT_RAWSZ bytes. */
void fingerprint_finish(const struct fingerprint *f, unsigned char *raw);

#endif
