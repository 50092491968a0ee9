/*
 * For tests of lib/wrap/zstream: content of many kinds, and zlib as a reader
 * that is not ours.
 */
#ifndef T_UNIT_ZDATA_H
#define T_UNIT_ZDATA_H

#include "lib/base/compat.h"

#define ZLIB_CONST
#include <zlib.h>

#include "lib/base/alloc.h"

static uint64_t random_state = 20240704;

/* Marsaglia's xorshift64: the same numbers each time. */
static uint32_t random32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32);
}

static void fill_random(unsigned char *p, size_t len)
{
	while (len--)
		*p++ = random32() & 0xff;
}

static void fill_text(unsigned char *p, size_t len)
{
	static const char *const word[] = {
		"epoch ", "loss=", "0.", "accuracy ", "INFO ", "step ", "\n",
		"saved checkpoint ", "2024-07-04T19:15:55 ", "warning: "
	};
	size_t i = 0;

	while (i < len) {
		const char *w = word[random32() % ARRAY_SIZE(word)];

		for (; *w && i < len; w++)
			p[i++] = (unsigned char)*w;
		if (i < len)
			p[i++] = (unsigned char)('0' + random32() % 10);
	}
}

/* As weights are: three bytes that look random, one that does not. */
static void fill_floats(unsigned char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = i % 4 == 3 ? (unsigned char)(random32() % 2 ? 0x3c :
				    0xb8 + random32() % 6) :
				    (unsigned char)random32();
}

enum content {
	TEXT, ZEROS, RANDOM, FLOATS, RANDOM_THEN_TEXT, TEXT_IN_RANDOM,
	NR_CONTENTS
};

static const char *const content_name[] UNUSED = {
	"text", "zeros", "random", "floats", "random, then text",
	"text in the middle of random"
};

static void UNUSED fill(unsigned char *p, size_t len, enum content content)
{
	switch (content) {
	case TEXT:
		fill_text(p, len);
		break;
	case ZEROS:
		memset(p, 0, len);
		break;
	case RANDOM:
		fill_random(p, len);
		break;
	case FLOATS:
		fill_floats(p, len);
		break;
	case RANDOM_THEN_TEXT:
		fill_random(p, len / 2);
		fill_text(p + len / 2, len - len / 2);
		break;
	default:
		fill_random(p, len);
		fill_text(p + len / 2, len / 8);
	}
}

/* Whether zlib reads in[0..in_len) as one stream of exactly `want`. */
enum zlib_says { ZLIB_REFUSES, ZLIB_SAME, ZLIB_OTHER };

static enum zlib_says zlib_says(const unsigned char *in, size_t in_len,
				const unsigned char *want, size_t len)
{
	unsigned char *out = xmalloc(len + 1);
	z_stream z = { 0 };
	enum zlib_says says = ZLIB_REFUSES;

	if (inflateInit2(&z, -15) != Z_OK)
		abort();
	z.next_in = in;
	z.avail_in = (uInt)in_len;
	z.next_out = out;
	z.avail_out = (uInt)len + 1;
	if (inflate(&z, Z_FINISH) == Z_STREAM_END)
		says = !z.avail_in && z.avail_out == 1 &&
		       !memcmp(out, want, len) ? ZLIB_SAME : ZLIB_OTHER;
	inflateEnd(&z);
	free(out);
	return says;
}

static bool UNUSED zlib_reads(const unsigned char *in, size_t in_len,
			      const unsigned char *want, size_t len)
{
	return zlib_says(in, in_len, want, len) == ZLIB_SAME;
}

#endif
