/* ISA-L: the fastest; levels 1 to 3, and streams that come in pieces. */
#include "lib/base/compat.h"
#include "lib/wrap/zstream-engine.h"

#ifdef WITH_ISAL

#include <isa-l.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/zstream.h"

#define LEVEL_MAX 3

/* Of the largest kind: a block then has so many symbols that its header costs
 * next to nothing. */
static const uint32_t level_size[LEVEL_MAX + 1] = {
	0, ISAL_DEF_LVL1_EXTRA_LARGE, ISAL_DEF_LVL2_EXTRA_LARGE,
	ISAL_DEF_LVL3_EXTRA_LARGE
};

struct coder {
	struct isal_zstream z;
	unsigned char *buf[LEVEL_MAX + 1];
};

static void *new_coder(void)
{
	return xcalloc(1, sizeof(struct coder));
}

static void free_coder(void *state)
{
	struct coder *c = state;
	int i;

	for (i = 0; i <= LEVEL_MAX; i++)
		free(c->buf[i]);
	free(c);
}

/* A byte that is not there, or -1. Most data lacks one of the first asked. */
static int absent_byte(const unsigned char *in, size_t len)
{
	int c;

	for (c = 0; c < 256; c++)
		if (!memchr(in, c, len))
			return c;
	return -1;
}

static void set_dict(struct isal_zstream *z, const unsigned char *dict,
		     size_t len)
{
	if (isal_deflate_set_dict(z, (uint8_t *)dict, (uint32_t)len) !=
	    COMP_OK)
		BUG("isal_deflate_set_dict");
}

/* RFC 1951, 3.2.4: a block of one byte, not the final one. */
static size_t store_first(const struct zchunk *c)
{
	const unsigned char block[] = { 0, 1, 0, 0xfe, 0xff, c->in[0] };

	memcpy(c->out, block, sizeof(block));
	return sizeof(block);
}

/*
 * Without any dictionary ISA-L 2.30 (isal_deflate_icf_body_hash_hist_04) takes
 * its first hash from a register that holds the address of `z`, so that now and
 * then a match is found or not by where memory lies. With one it does not. So
 * there always is one: a byte that is not in the chunk, to which nothing can
 * refer; or, when there are all bytes, the chunk's first, stored before.
 * Returns how many bytes of the chunk are done; *written: those written.
 */
static size_t begin(struct isal_zstream *z, const struct zchunk *c,
		    size_t *written)
{
	unsigned char marker;
	int byte;

	*written = 0;
	if (c->dict) {
		set_dict(z, c->in - c->dict, c->dict);
		return 0;
	}
	byte = absent_byte(c->in, c->len);
	if (byte >= 0) {
		marker = (unsigned char)byte;
		set_dict(z, &marker, 1);
		return 0;
	}
	*written = store_first(c);
	set_dict(z, c->in, 1);
	return 1;
}

/* Level 1 takes no longer where it finds no matches, and emits what Huffman
 * codes alone would be. */
static size_t deflate_chunk(void *state, const struct zchunk *c)
{
	struct coder *coder = state;
	struct isal_zstream *z = &coder->z;
	int level = c->huffman ? 1 : MINIMUM(c->level, LEVEL_MAX);
	size_t done, written;

	if (!coder->buf[level])
		coder->buf[level] = xcalloc(1, level_size[level]);
	isal_deflate_init(z);
	z->level = (uint32_t)level;
	z->level_buf = coder->buf[level];
	z->level_buf_size = level_size[level];
	z->flush = c->last ? NO_FLUSH : SYNC_FLUSH;
	z->end_of_stream = c->last;
	done = begin(z, c, &written);
	z->next_in = (uint8_t *)c->in + done;
	z->avail_in = (uint32_t)(c->len - done);
	z->next_out = c->out + written;
	z->avail_out = (uint32_t)(c->room - written);
	if (isal_deflate(z) != COMP_OK)
		BUG("isal_deflate");
	/* With no room left, a flush may not have been written. */
	if (z->avail_in || !z->avail_out)
		return 0;
	return c->room - z->avail_out;
}

const struct deflate_engine deflate_isal = {
	.new_state = new_coder,
	.free_state = free_coder,
	.chunk = deflate_chunk
};

static void *new_inflate(void)
{
	return xcalloc(1, sizeof(struct inflate_state));
}

static void start(void *state)
{
	isal_inflate_init(state);
}

/*
 * The decoder reads up to eight bytes ahead. Where it waits for room and not
 * for input, whole bytes are given back, so that the caller always knows what
 * belongs to the stream. Those taken in earlier calls stay: then it waited for
 * input, in the middle of a symbol that needs them.
 */
static void give_back(struct inflate_state *s, size_t taken)
{
	size_t nr = s->read_in_length > 0 ? (size_t)s->read_in_length / 8 : 0;

	nr = MINIMUM(nr, taken);
	if (!nr)
		return;
	s->next_in -= nr;
	s->avail_in += (uint32_t)nr;
	s->read_in_length -= (int32_t)nr * 8;
	s->read_in &= ((uint64_t)1 << s->read_in_length) - 1;
}

/* Without room for output the decoder fills a buffer of its own, up to here. */
static bool is_full(const struct inflate_state *s)
{
	return s->tmp_out_valid >= 2 * ISAL_DEF_HIST_SIZE;
}

/* Of the input; output may still wait. */
static bool has_ended(const struct inflate_state *s)
{
	return s->block_state == ISAL_BLOCK_INPUT_DONE ||
	       s->block_state == ISAL_BLOCK_FINISH;
}

struct seen {
	uint32_t in;
	int32_t bits, made, given;
};

static struct seen look(const struct inflate_state *s)
{
	return (struct seen){ s->avail_in, s->read_in_length, s->tmp_out_valid,
			      s->tmp_out_processed };
}

static bool has_moved(const struct inflate_state *s, const struct seen *before)
{
	return s->avail_in != before->in || s->read_in_length != before->bits ||
	       s->tmp_out_valid != before->made ||
	       s->tmp_out_processed != before->given;
}

static bool all_is_out(const struct inflate_state *s)
{
	return s->tmp_out_processed == s->tmp_out_valid &&
	       !s->write_overflow_len && !s->copy_overflow_length;
}

static int more(void *state, const unsigned char **in, size_t *in_len,
		unsigned char **out, size_t *out_len)
{
	struct inflate_state *s = state;
	unsigned char none[1];
	struct seen before;

	s->next_in = *in_len ? (uint8_t *)*in : none;
	s->avail_in = (uint32_t)*in_len;
	s->next_out = *out_len ? *out : none;
	s->avail_out = (uint32_t)*out_len;
	/* Once all room is taken, until its buffer is full or it wants input:
	 * from outside these two look the same. */
	do {
		before = look(s);
		if (isal_inflate(s) < 0)
			return ERR_CONTENT;
	} while (!s->avail_out && !is_full(s) && has_moved(s, &before) &&
		 !has_ended(s));
	/* In a header that is not all there the bits are those before it. */
	if (has_ended(s) || (s->block_state != ISAL_BLOCK_HDR && is_full(s)))
		give_back(s, *in_len - s->avail_in);
	*in += *in_len - s->avail_in;
	*in_len = s->avail_in;
	*out += *out_len - s->avail_out;
	*out_len = s->avail_out;
	return s->block_state == ISAL_BLOCK_FINISH ? ZINFLATE_END :
						     ZINFLATE_MORE;
}

/* Having found no header after a block, the decoder waits in the middle of one
 * of which nothing is there. */
static bool at_join(const void *state)
{
	const struct inflate_state *s = state;

	return (s->block_state == ISAL_BLOCK_NEW_HDR ||
		s->block_state == ISAL_BLOCK_HDR) &&
	       !s->tmp_in_size && !s->read_in_length && all_is_out(s);
}

const struct inflate_engine inflate_isal = {
	.new_state = new_inflate,
	.free_state = free,
	.start = start,
	.more = more,
	.at_join = at_join
};

uint32_t crc_by_isal(uint32_t crc, const void *data, size_t len)
{
	return crc32_gzip_refl(crc, data, len);
}

/* The length that crc32_iscsi() takes is an int. */
#define PIECE_MAX ((size_t)1 << 30)

uint32_t crc32c_by_isal(uint32_t crc, const void *data, size_t len)
{
	/* declared without const; it does not write */
	unsigned char *p = (unsigned char *)data;
	size_t n;

	crc = ~crc;
	for (; len; p += n, len -= n) {
		n = MINIMUM(len, PIECE_MAX);
		crc = crc32_iscsi(p, (int)n, crc);
	}
	return ~crc;
}

#endif
