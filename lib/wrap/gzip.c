#include "lib/base/compat.h"
#include "lib/wrap/gzip.h"

#include "lib/wrap/zstream.h"

#define HEAD_LEN 10
#define TAIL_LEN 8		/* CRC-32 and size */
#define FLAG_HCRC 0x02
#define FLAG_EXTRA 0x04
#define FLAG_NAME 0x08
#define FLAG_COMMENT 0x10
#define FLAGS_UNKNOWN 0xe0
#define ROOM 4096

static uint32_t read32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 |
	       (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Behind the NUL that ends a text; 0: there is none. */
static size_t skip_text(const unsigned char *at, size_t pos, size_t len)
{
	const unsigned char *end = pos < len ?
		memchr(at + pos, '\0', len - pos) : NULL;

	return end ? (size_t)(end - at) + 1 : 0;
}

/* Where the deflated bytes begin; 0: that is no gzip. */
static size_t skip_head(const unsigned char *at, size_t len)
{
	size_t pos = HEAD_LEN;
	unsigned flags;

	if (len < HEAD_LEN + TAIL_LEN || at[0] != 0x1f || at[1] != 0x8b ||
	    at[2] != 8)
		return 0;
	flags = at[3];
	if (flags & FLAGS_UNKNOWN)
		return 0;
	if (flags & FLAG_EXTRA)
		pos += 2 + at[pos] + ((size_t)at[pos + 1] << 8);
	if (flags & FLAG_NAME)
		pos = skip_text(at, pos, len);
	if (pos && (flags & FLAG_COMMENT))
		pos = skip_text(at, pos, len);
	if (pos && (flags & FLAG_HCRC))
		pos += 2;
	return pos <= len - TAIL_LEN ? pos : 0;
}

/* All of the stream, which ends before the tail. */
static bool inflate(struct strbuf *out, const unsigned char *in, size_t len,
		    size_t max)
{
	struct zinflate *z = zinflate_new();
	size_t begin = out->len, had, room;
	unsigned char *to;
	int state;

	zinflate_start(z);
	do {
		strbuf_grow(out, ROOM);
		to = (unsigned char *)out->buf + out->len;
		room = ROOM;
		had = len;
		state = zinflate_more(z, &in, &len, &to, &room, NULL);
		strbuf_setlen(out, out->len + (ROOM - room));
		/* nothing came, and nothing went: it is cut */
		if (room == ROOM && had == len)
			break;
	} while (state == ZINFLATE_MORE && out->len - begin <= max);
	zinflate_free(z);
	return state == ZINFLATE_END && !len && out->len - begin <= max;
}

bool gzip_unpack(struct strbuf *out, const void *data, size_t len, size_t max)
{
	const unsigned char *at = data, *tail;
	size_t begin = out->len, pos = skip_head(at, len), got;

	if (!pos)
		return false;
	tail = at + len - TAIL_LEN;
	if (inflate(out, at + pos, len - TAIL_LEN - pos, max)) {
		got = out->len - begin;
		if (read32(tail) == zcrc32(0, out->buf + begin, got) &&
		    read32(tail + 4) == (uint32_t)got)
			return true;
	}
	strbuf_setlen(out, begin);
	return false;
}
