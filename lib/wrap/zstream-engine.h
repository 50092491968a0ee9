/*
 * What lies between the door (zstream.c) and one file for each library.
 * Private to lib/wrap/zstream*.c, and to digest-crc32c.c for its sum.
 */
#ifndef LIB_WRAP_ZSTREAM_ENGINE_H
#define LIB_WRAP_ZSTREAM_ENGINE_H

#include "lib/base/compat.h"

/** One chunk to compress, as of zdeflate_chunk(). */
struct zchunk {
	const unsigned char *in;
	size_t dict;		/* an engine may do without */
	size_t len;		/* 1 at least */
	bool last;
	int level;		/* 1 to 9 */
	bool huffman;		/* matches do not help: Huffman codes alone */
	unsigned char *out;
	size_t room;
};

/** State is the engine's own; it is used for any number of chunks. */
struct deflate_engine {
	void *(*new_state)(void);
	void (*free_state)(void *state);
	/* Returns the bytes written, or 0 when they do not fit. */
	size_t (*chunk)(void *state, const struct zchunk *c);
};

struct inflate_engine {
	void *(*new_state)(void);
	void (*free_state)(void *state);
	void (*start)(void *state);
	/* As zinflate_more(), without the sentence; lengths below 2^31. */
	int (*more)(void *state, const unsigned char **in, size_t *in_len,
		    unsigned char **out, size_t *out_len);
	/* As zinflate_at_join(), after at least one byte. */
	bool (*at_join)(const void *state);
};

extern const struct deflate_engine deflate_zlib;
extern const struct inflate_engine inflate_zlib;
uint32_t crc_by_zlib(uint32_t crc, const void *data, size_t len);

/* Those of a library that is not in are not defined. */
extern const struct deflate_engine deflate_isal;
extern const struct inflate_engine inflate_isal;
uint32_t crc_by_isal(uint32_t crc, const void *data, size_t len);
uint32_t crc32c_by_isal(uint32_t crc, const void *data, size_t len);

extern const struct deflate_engine deflate_libdeflate;
uint32_t crc_by_libdeflate(uint32_t crc, const void *data, size_t len);
void *new_whole_inflater(void);
void free_whole_inflater(void *state);
/** Whether `in` is one stream that gives exactly `out_len` bytes. */
bool inflate_whole(void *state, const unsigned char *in, size_t in_len,
		   unsigned char *out, size_t out_len);

/** How a chunk is best coded. */
enum zcoding { ZCODING_MATCH, ZCODING_HUFFMAN, ZCODING_STORE };

/** The size of a piece of at most ZSAMPLE_TRY bytes when it is compressed with
 *  matches; at most `len`. */
#define ZSAMPLE_TRY (32u << 10)
typedef size_t (*ztry_fn)(const unsigned char *in, size_t len, void *data);

/**
 * Decides by a sample, spread over the chunk, and by nothing but its bytes.
 * any: whoever codes by matches is as fast with Huffman codes alone, so that
 * only ZCODING_STORE is of use.
 */
enum zcoding zsample(const unsigned char *in, size_t len, bool any,
		     ztry_fn try_piece, void *data);

#endif
