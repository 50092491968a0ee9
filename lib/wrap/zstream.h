/*
 * The door to the deflate libraries: ISA-L, libdeflate and zlib behind one
 * interface, and CRC-32.
 *
 * A long stream is made of chunks of ZSTREAM_CHUNK bytes, each compressed by
 * itself, so that any number of threads gives the same bytes. All but the
 * last end with an empty stored block at a byte boundary and can be written
 * one after another. A chunk may use the ZSTREAM_DICT bytes before it as its
 * dictionary; the first of each ZSTREAM_GROUP does not, so that inflating can
 * begin there (a restart point).
 *
 * Levels: 0 stores; 1 to 3 are ISA-L's; 4 to 9 are libdeflate's, which joins
 * chunks without a dictionary. A library that was left out of the build is
 * replaced by zlib at the same level. Whatever the level, a chunk whose sample
 * shows that matches do not help is coded by Huffman codes alone, and one that
 * would not become smaller is stored.
 *
 * The same input gives the same bytes for one build on one kind of processor.
 * RESUTIL_TEST_ZSTREAM=zlib, read at the first use, is for tests: zlib then
 * does everything, as where the others are missing.
 * Source: RFC 1951; Documentation/technical/pack-engine.adoc for the choices.
 */
#ifndef LIB_WRAP_ZSTREAM_H
#define LIB_WRAP_ZSTREAM_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define ZSTREAM_CHUNK (1u << 20)
#define ZSTREAM_GROUP 4
#define ZSTREAM_DICT (32u << 10)

#define ZSTREAM_LEVEL_FAST 3	/* up to here: ISA-L's */
#define ZSTREAM_LEVEL_MAX 9
#define ZSTREAM_LEVEL_DEFAULT 1

/* What is in, as `resutil version --build-options` shows it. */
#if defined(WITH_ISAL) && defined(WITH_LIBDEFLATE)
#define ZSTREAM_ENGINES "ISA-L, libdeflate, zlib"
#elif defined(WITH_ISAL)
#define ZSTREAM_ENGINES "ISA-L, zlib"
#elif defined(WITH_LIBDEFLATE)
#define ZSTREAM_ENGINES "libdeflate, zlib"
#else
#define ZSTREAM_ENGINES "zlib"
#endif

struct zdeflate;
struct zinflate;

/** Each thread has its own. level: 0 to ZSTREAM_LEVEL_MAX. Never NULL. */
struct zdeflate *zdeflate_new(int level);
/** NULL is fine. A few are kept for the next zdeflate_new(). */
void zdeflate_free(struct zdeflate *z);

/** The most that zdeflate_chunk() writes for `len` bytes. */
size_t zdeflate_bound(size_t len);

/**
 * Compresses in[0..len), with in[-dict..0) as its dictionary.
 * len: at most ZSTREAM_CHUNK; 0 is fine. dict: 0 or ZSTREAM_DICT.
 * last: ends the stream (final bit set); else ends at a byte boundary.
 * out: room for zdeflate_bound(len). Returns the bytes written.
 */
size_t zdeflate_chunk(struct zdeflate *z, const unsigned char *in, size_t dict,
		      size_t len, bool last, unsigned char *out);

/** Each thread has its own. Never NULL. */
struct zinflate *zinflate_new(void);
/** As zdeflate_free(). */
void zinflate_free(struct zinflate *z);

/** A whole stream: ERR_CONTENT unless it ends exactly at in_len and gives
 *  exactly out_len bytes. */
int zinflate_whole(struct zinflate *z, const unsigned char *in, size_t in_len,
		   unsigned char *out, size_t out_len, struct strbuf *err);

/** Begins a stream that comes and goes in pieces. */
void zinflate_start(struct zinflate *z);

enum zinflate_state {
	ZINFLATE_MORE,	/* wants input or room for output */
	ZINFLATE_END	/* the final block has ended and all output is out */
};

/**
 * Takes from *in and fills *out; moves both pointers and lowers both lengths.
 * On ZINFLATE_END, *in is the first byte behind the stream. Whoever gives no
 * more input and much room sees from *out_len that nothing came.
 * Returns enum zinflate_state, or ERR_CONTENT.
 */
int zinflate_more(struct zinflate *z, const unsigned char **in, size_t *in_len,
		  unsigned char **out, size_t *out_len, struct strbuf *err);

/** Whether what was taken so far ends with the end of a block that is not
 *  final, at a byte boundary, and all output is out: where a restart point
 *  may be. */
bool zinflate_at_join(const struct zinflate *z);

/** CRC-32 (IEEE 802.3, as in zip); begins with 0. */
uint32_t zcrc32(uint32_t crc, const void *data, size_t len);
/** Of two pieces, one after the other; len: of the second. */
uint32_t zcrc32_join(uint32_t first, uint32_t second, uint64_t len);

#endif
