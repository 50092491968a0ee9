/*
 * Walking through a deflate stream without decoding its content: where its
 * final block begins and ends, to the bit.
 * Source: RFC 1951, section 3.2.
 */
#ifndef LIB_WRAP_DEFLATE_WALK_H
#define LIB_WRAP_DEFLATE_WALK_H

#include "lib/base/compat.h"

#define WALK_LIT_BITS 11
#define WALK_DIST_BITS 9
#define WALK_CODE_MAX 15
#define WALK_SYMBOLS 288

/** One Huffman code. Private. */
struct walk_code {
	uint16_t nr[WALK_CODE_MAX + 1];	/* codes of each length */
	uint16_t symbol[WALK_SYMBOLS];	/* in the order of their codes */
	uint16_t step[1 << WALK_LIT_BITS];
};

/** Scratch, about 10 KiB; needs no initialisation. */
struct deflate_walk {
	struct walk_code lit, dist;
};

/**
 * header: the position, in bits, of the final block's header, whose first bit
 * says that it is final. end: the position behind its last bit.
 * Returns false for what is no stream, or not a whole one; any bytes are safe.
 */
bool deflate_walk(struct deflate_walk *w, const unsigned char *in, size_t len,
		  uint64_t *header, uint64_t *end);

#endif
