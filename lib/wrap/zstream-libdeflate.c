/* libdeflate: levels 4 to 9, and streams that are in memory as a whole. */
#include "lib/base/compat.h"
#include "lib/wrap/zstream-engine.h"

#ifdef WITH_LIBDEFLATE

#include <libdeflate.h>

#include "lib/base/alloc.h"
#include "lib/base/fault.h"
#include "lib/base/error.h"
#include "lib/wrap/deflate-walk.h"
#include "lib/wrap/zstream.h"

/* What joins a stream to the next: see end_open(). */
#define JOIN_MAX 6

struct coder {
	struct libdeflate_compressor *of_level[ZSTREAM_LEVEL_MAX + 1];
	struct deflate_walk walk;
};

static void *new_coder(void)
{
	return xcalloc(1, sizeof(struct coder));
}

static void free_coder(void *state)
{
	struct coder *c = state;
	int i;

	for (i = 0; i <= ZSTREAM_LEVEL_MAX; i++)
		libdeflate_free_compressor(c->of_level[i]);
	free(c);
}

/*
 * Makes a complete stream of `len` bytes one that goes on: its last block is
 * not the final one any more, and an empty stored block (three bits of zero, up
 * to the next byte, a length of zero and its complement) leads to a byte
 * boundary. The bits behind the stream are zero already.
 * Returns the new length, 0 when there is no final block.
 */
static size_t end_open(struct deflate_walk *walk, unsigned char *out,
		       size_t len)
{
	static const unsigned char stored[] = { 0, 0, 0xff, 0xff };
	uint64_t header, end;

	if (!deflate_walk(walk, out, len, &header, &end))
		return 0;
	out[header / 8] &= (unsigned char)~(1u << header % 8);
	if ((uint64_t)len * 8 - end < 3)
		out[len++] = 0;
	memcpy(out + len, stored, sizeof(stored));
	return len + sizeof(stored);
}

static size_t deflate_chunk(void *state, const struct zchunk *c)
{
	struct coder *coder = state;
	struct libdeflate_compressor **z = &coder->of_level[c->level];
	size_t keep = c->last ? 0 : JOIN_MAX, len;

	if (!*z && !fault_alloc())
		*z = libdeflate_alloc_compressor(c->level);
	if (!*z)
		alloc_failed(0);
	if (c->room <= keep)
		return 0;
	len = libdeflate_deflate_compress(*z, c->in, c->len, c->out,
					  c->room - keep);
	if (!len || c->last)
		return len;
	len = end_open(&coder->walk, c->out, len);
	if (!len)
		BUG("libdeflate's stream has no end");
	return len;
}

const struct deflate_engine deflate_libdeflate = {
	.new_state = new_coder,
	.free_state = free_coder,
	.chunk = deflate_chunk
};

void *new_whole_inflater(void)
{
	void *state = fault_alloc() ? NULL : libdeflate_alloc_decompressor();

	if (!state)
		alloc_failed(0);
	return state;
}

void free_whole_inflater(void *state)
{
	libdeflate_free_decompressor(state);
}

bool inflate_whole(void *state, const unsigned char *in, size_t in_len,
		   unsigned char *out, size_t out_len)
{
	size_t taken, made;

	return libdeflate_deflate_decompress_ex(state, in, in_len, out,
						out_len, &taken, &made) ==
	       LIBDEFLATE_SUCCESS && taken == in_len && made == out_len;
}

uint32_t crc_by_libdeflate(uint32_t crc, const void *data, size_t len)
{
	return len ? libdeflate_crc32(crc, data, len) : crc;
}

#endif
