/* zlib: what is done where the faster libraries are missing. */
#include "lib/base/compat.h"
#include "lib/wrap/zstream-engine.h"

#define ZLIB_CONST
#include <zlib.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/zstream.h"

/* A deflate stream without a wrapper, with the largest window. */
#define RAW_WINDOW (-15)
#define MEM_LEVEL 8

static voidpf take(voidpf opaque UNUSED, uInt nr, uInt size)
{
	return xcalloc(nr, size);
}

static void give(voidpf opaque UNUSED, voidpf ptr)
{
	free(ptr);
}

static z_stream *new_stream(void)
{
	z_stream *z = xcalloc(1, sizeof(*z));

	z->zalloc = take;
	z->zfree = give;
	return z;
}

static void *new_deflate(void)
{
	z_stream *z = new_stream();
	int ret = deflateInit2(z, Z_BEST_SPEED, Z_DEFLATED, RAW_WINDOW,
			       MEM_LEVEL, Z_DEFAULT_STRATEGY);

	if (ret != Z_OK)
		BUG("deflateInit2: %d", ret);
	return z;
}

static void free_deflate(void *state)
{
	deflateEnd(state);
	free(state);
}

static size_t deflate_chunk(void *state, const struct zchunk *c)
{
	z_stream *z = state;
	int want = c->last ? Z_STREAM_END : Z_OK, ret;

	deflateReset(z);
	deflateParams(z, c->level, c->huffman ? Z_HUFFMAN_ONLY :
		      Z_DEFAULT_STRATEGY);
	if (c->dict && !c->huffman)
		deflateSetDictionary(z, c->in - c->dict, (uInt)c->dict);
	z->next_in = c->in;
	z->avail_in = (uInt)c->len;
	z->next_out = c->out;
	z->avail_out = (uInt)c->room;
	ret = deflate(z, c->last ? Z_FINISH : Z_SYNC_FLUSH);
	/* With no room left, a flush may not have been written. */
	if (ret != want || z->avail_in || !z->avail_out)
		return 0;
	return c->room - z->avail_out;
}

const struct deflate_engine deflate_zlib = {
	.new_state = new_deflate,
	.free_state = free_deflate,
	.chunk = deflate_chunk
};

static void *new_inflate(void)
{
	z_stream *z = new_stream();
	int ret = inflateInit2(z, RAW_WINDOW);

	if (ret != Z_OK)
		BUG("inflateInit2: %d", ret);
	return z;
}

static void free_inflate(void *state)
{
	inflateEnd(state);
	free(state);
}

static void start_inflate(void *state)
{
	inflateReset(state);
}

/* zlib.h at inflate(): bits 0 to 5 are unused bits of the last byte, 64 is the
 * final block, 128 is the end of a block. */
static bool at_join(const void *state)
{
	const z_stream *z = state;

	return z->data_type == 128;
}

static int more(void *state, const unsigned char **in, size_t *in_len,
		unsigned char **out, size_t *out_len)
{
	z_stream *z = state;
	unsigned char none[1];
	int ret;

	/* Asked once more, it would forget that it stands there. */
	if (!*in_len && at_join(z))
		return ZINFLATE_MORE;
	/* zlib refuses to work without pointers. */
	z->next_in = *in_len ? *in : none;
	z->avail_in = (uInt)*in_len;
	z->next_out = *out_len ? *out : none;
	z->avail_out = (uInt)*out_len;
	ret = inflate(z, Z_NO_FLUSH);
	*in += *in_len - z->avail_in;
	*in_len = z->avail_in;
	*out += *out_len - z->avail_out;
	*out_len = z->avail_out;
	if (ret == Z_STREAM_END)
		return ZINFLATE_END;
	return ret == Z_OK || ret == Z_BUF_ERROR ? ZINFLATE_MORE : ERR_CONTENT;
}

const struct inflate_engine inflate_zlib = {
	.new_state = new_inflate,
	.free_state = free_inflate,
	.start = start_inflate,
	.more = more,
	.at_join = at_join
};

uint32_t crc_by_zlib(uint32_t crc, const void *data, size_t len)
{
	return (uint32_t)crc32_z(crc, len ? data : (const void *)"", len);
}

uint32_t zcrc32_join(uint32_t first, uint32_t second, uint64_t len)
{
	return (uint32_t)crc32_combine64(first, second, (z_off64_t)len);
}
