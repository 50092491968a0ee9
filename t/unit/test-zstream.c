#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/deflate-walk.h"
#include "lib/wrap/zstream.h"
#include "t/unit/unit.h"
#include "t/unit/zdata.h"

#define CHUNK ((size_t)ZSTREAM_CHUNK)

/* Room that is exactly what was promised: one byte more is seen by ASan. */
static unsigned char *deflate_one(struct zdeflate *z, const unsigned char *in,
				  size_t len, size_t *out_len)
{
	unsigned char *out = xmalloc(zdeflate_bound(len));

	*out_len = zdeflate_chunk(z, in, 0, len, true, out);
	return out;
}

static bool round_trip(struct zdeflate *z, struct zinflate *y,
		       const unsigned char *in, size_t len)
{
	unsigned char *out, *back = xmalloc(len + 1);
	size_t out_len;
	bool good;

	out = deflate_one(z, in, len, &out_len);
	good = out_len <= zdeflate_bound(len) &&
	       zlib_reads(out, out_len, in, len) &&
	       !zinflate_whole(y, out, out_len, back, len, NULL) &&
	       !memcmp(in, back, len);
	free(out);
	free(back);
	return good;
}

static void test_round_trips(void)
{
	static const size_t size[] = {
		0, 1, 2, 3, 255, 4000, 16383, 16384, 65535, 65536, 131071,
		CHUNK - 1, CHUNK
	};
	unsigned char *in = xmalloc(CHUNK);
	struct zinflate *y = zinflate_new();
	enum content content;
	size_t i;
	int level;

	for (content = 0; content < NR_CONTENTS; content++) {
		char *what = xstrfmt("all sizes and levels: %s",
				     content_name[content]);
		bool good = true;

		for (level = 0; level <= ZSTREAM_LEVEL_MAX; level++) {
			struct zdeflate *z = zdeflate_new(level);

			for (i = 0; i < ARRAY_SIZE(size); i++) {
				fill(in, size[i], content);
				good &= round_trip(z, y, in, size[i]);
			}
			zdeflate_free(z);
		}
		check(good, what);
		free(what);
	}
	zinflate_free(y);
	free(in);
}

/* A long stream as packs have it; start[i]: where chunk i begins. */
struct stream {
	unsigned char *in, *out;
	size_t len, out_len, start[16];
};

static void make_stream(struct stream *s, int level, size_t len,
			enum content content)
{
	struct zdeflate *z = zdeflate_new(level);
	size_t at, i = 0;

	s->len = len;
	s->in = xmalloc(len);
	fill(s->in, len, content);
	s->out = xmalloc(zdeflate_bound(CHUNK) * (len / CHUNK + 1));
	s->out_len = 0;
	for (at = 0; at < len; at += CHUNK, i++) {
		size_t n = MINIMUM(CHUNK, len - at);

		s->start[i] = s->out_len;
		s->out_len += zdeflate_chunk(z, s->in + at,
					     i % ZSTREAM_GROUP ? ZSTREAM_DICT :
					     0, n, at + n == len,
					     s->out + s->out_len);
	}
	s->start[i] = s->out_len;
	zdeflate_free(z);
}

static void release_stream(struct stream *s)
{
	free(s->in);
	free(s->out);
}

/* Inflates the chunks [from, to) alone: they end at a join, or at the end. */
static bool segment_is_good(const struct stream *s, size_t from, size_t to)
{
	struct zinflate *y = zinflate_new();
	size_t len = MINIMUM(to * CHUNK, s->len) - from * CHUNK, left = len;
	size_t in_len = s->start[to] - s->start[from];
	const unsigned char *in = s->out + s->start[from];
	unsigned char *out = xmalloc(len), *p = out;
	bool last = s->start[to] == s->out_len, good;
	int ret;

	zinflate_start(y);
	ret = zinflate_more(y, &in, &in_len, &p, &left, NULL);
	good = !left && !in_len && !memcmp(out, s->in + from * CHUNK, len) &&
	       (last ? ret == ZINFLATE_END && !zinflate_at_join(y) :
		       ret == ZINFLATE_MORE && zinflate_at_join(y));
	zinflate_free(y);
	free(out);
	return good;
}

static void test_streams(void)
{
	enum content content;
	int level;

	for (level = 0; level <= ZSTREAM_LEVEL_MAX; level++) {
		char *what = xstrfmt("level %d: chunks make one stream, with "
				     "restart points", level);
		bool good = true;

		for (content = 0; content < NR_CONTENTS; content++) {
			/* long and short last chunks */
			size_t len = 5 * CHUNK + (content % 2 ? CHUNK : 77);
			struct stream s;

			if (level > 7 && content != TEXT)
				continue;	/* slow, and nothing else */
			make_stream(&s, level, len, content);
			good &= zlib_reads(s.out, s.out_len, s.in, s.len);
			good &= segment_is_good(&s, 0, 4);
			good &= segment_is_good(&s, 4, 6);
			release_stream(&s);
		}
		check(good, what);
		free(what);
	}
}

static size_t packed_size(int level, const unsigned char *in, size_t len)
{
	struct zdeflate *z = zdeflate_new(level);
	size_t n;

	free(deflate_one(z, in, len, &n));
	zdeflate_free(z);
	return n;
}

/* zlib's own answer, level 6. */
static size_t zlib_size(const unsigned char *in, size_t len)
{
	z_stream z = { 0 };
	unsigned char *out = xmalloc(2 * len + 100);
	size_t n;

	if (deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY))
		abort();
	z.next_in = in;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)(2 * len + 100);
	deflate(&z, Z_FINISH);
	n = z.total_out;
	deflateEnd(&z);
	free(out);
	return n;
}

static void test_sizes(void)
{
	unsigned char *in = xmalloc(CHUNK);
	enum content content;
	size_t stored = CHUNK + 17 * 5, n;

	check(zdeflate_bound(0) == 5 && zdeflate_bound(65535) == 65540 &&
	      zdeflate_bound(65536) == 65546, "bound: five bytes a block");
	fill(in, CHUNK, RANDOM);
	check(packed_size(1, in, CHUNK) == stored &&
	      packed_size(6, in, CHUNK) == stored, "random bytes are stored");
	check(packed_size(0, in, 1000) == 1005, "level 0 stores");
	for (content = 0; content < NR_CONTENTS; content++) {
		char *what = xstrfmt("level 6 is about as small as zlib's: %s",
				     content_name[content]);

		fill(in, CHUNK, content);
		check(packed_size(6, in, CHUNK) <=
		      zlib_size(in, CHUNK) * 107 / 100 + 50, what);
		free(what);
	}
	/* Text between parts of the sample costs no more than storing it. */
	fill(in, CHUNK, RANDOM);
	fill_text(in + CHUNK / 2 + 40000, 100000);
	check(packed_size(6, in, CHUNK) < CHUNK - 50000,
	      "some text in random bytes is found");
	/* Bytes that are even but not new. */
	for (n = 20000; n < CHUNK; n++)
		in[n] = in[n - 20000];
	check(packed_size(3, in, CHUNK) < CHUNK / 10 &&
	      packed_size(6, in, CHUNK) < CHUNK / 10,
	      "random bytes that come again are found");
	free(in);
}

/* Chunks of any length, each as long as it likes, first zlib then we. */
static void test_any_stream(void)
{
	const size_t max = 300000;
	unsigned char *in = xmalloc(max), *out = xmalloc(2 * max), *p;
	bool good = true;
	int turn;

	for (turn = 0; turn < 300; turn++) {
		struct zdeflate *z = zdeflate_new(turn % 8);
		size_t len = random32() % (turn % 3 ? 3000 : max), at = 0, n;

		fill(in, len, random32() % NR_CONTENTS);
		p = out;
		do {
			size_t dict = at >= ZSTREAM_DICT && random32() % 2 ?
				      ZSTREAM_DICT : 0;

			n = len - at;
			if (random32() % 4)
				n = random32() % (n + 1);
			p += zdeflate_chunk(z, in + at, dict, n, at + n == len,
					    p);
			at += n;
		} while (at < len);
		good &= zlib_reads(out, (size_t)(p - out), in, len);
		zdeflate_free(z);
	}
	check(good, "chunks of any size, with and without dictionary");
	free(in);
	free(out);
}

static void test_same_bytes(void)
{
	struct zdeflate *z = zdeflate_new(1), *other = zdeflate_new(1);
	unsigned char *in = xmalloc(CHUNK), *a, *b;
	size_t a_len, b_len;
	enum content content;
	bool good = true;

	for (content = 0; content < NR_CONTENTS; content++) {
		fill(in, CHUNK, content);
		a = deflate_one(z, in, CHUNK, &a_len);
		free(deflate_one(z, in + 1, 1000, &b_len));
		b = deflate_one(other, in, CHUNK, &b_len);
		good &= a_len == b_len && !memcmp(a, b, a_len);
		free(a);
		free(b);
	}
	check(good, "what was done before does not change the bytes");
	zdeflate_free(z);
	zdeflate_free(other);
	free(in);
}

/* zlib stops at each block: the last stop before the final block counts. */
static bool walk_is_right(struct deflate_walk *w, const unsigned char *in,
			  size_t len, unsigned char *scratch, size_t room)
{
	uint64_t header, end, want_header = 0, want_end = 0;
	z_stream z = { 0 };
	int ret;

	if (inflateInit2(&z, -15) != Z_OK)
		abort();
	z.next_in = in;
	z.avail_in = (uInt)len;
	z.next_out = scratch;
	z.avail_out = (uInt)room;
	do {
		ret = inflate(&z, Z_BLOCK);
		if (ret == Z_OK && (z.data_type & 192) == 128)
			want_header = 8 * (uint64_t)(z.next_in - in) -
				      (z.data_type & 7);
		if ((z.data_type & 192) == 192)
			want_end = 8 * (uint64_t)(z.next_in - in) -
				   (z.data_type & 7);
	} while (ret == Z_OK);
	inflateEnd(&z);
	return ret == Z_STREAM_END && deflate_walk(w, in, len, &header, &end) &&
	       header == want_header && end == want_end;
}

/*
 * ISA-L 2.30 lets the address of its state into the hash of the first bytes
 * (zstream-isal.c): of so many inputs in which they come again, some would come
 * out otherwise from a state that lies elsewhere.
 */
static void test_any_address(void)
{
	enum { TURNS = 60000, LEN = 64 };
	unsigned char *in = xmalloc(LEN), *out = xmalloc(zdeflate_bound(LEN));
	unsigned char *again = xmalloc(zdeflate_bound(LEN));
	void *between[4];
	struct zdeflate *z[4];
	size_t i, n, differ = 0;
	int turn;

	for (i = 0; i < ARRAY_SIZE(z); i++) {
		between[i] = xmalloc((i + 1) * 300007);
		z[i] = zdeflate_new(1 + (int)(i & 2));
		zdeflate_chunk(z[i], in, 0, 0, false, out);
	}
	for (turn = 0; turn < TURNS; turn++) {
		struct zdeflate **pair = z + (turn & 1) * 2;

		fill_random(in, LEN / 4);
		memcpy(in + LEN / 4, in, LEN / 4);
		memcpy(in + LEN / 2, in, LEN / 2);
		n = zdeflate_chunk(pair[0], in, 0, LEN, true, out);
		differ += zdeflate_chunk(pair[1], in, 0, LEN, true, again) !=
			  n || memcmp(out, again, n);
	}
	check(!differ, "the same bytes wherever the state lies");
	for (i = 0; i < ARRAY_SIZE(z); i++) {
		zdeflate_free(z[i]);
		free(between[i]);
	}
	free(in);
	free(out);
	free(again);
}

static void test_walk(void)
{
	struct deflate_walk *w = xmalloc(sizeof(*w));
	unsigned char *in = xmalloc(CHUNK), *scratch = xmalloc(CHUNK), *out;
	uint64_t header, end;
	bool good = true, shorter = true;
	size_t len, n;
	int turn;

	for (turn = 0; turn < 120; turn++) {
		struct zdeflate *z = zdeflate_new(turn % 10);

		len = random32() % (turn % 4 ? 20000 : CHUNK);
		fill(in, len, turn % NR_CONTENTS);
		out = deflate_one(z, in, len, &n);
		good &= walk_is_right(w, out, n, scratch, CHUNK);
		shorter &= !deflate_walk(w, out, n - 1, &header, &end);
		shorter &= !deflate_walk(w, out, n / 2, &header, &end);
		free(out);
		zdeflate_free(z);
	}
	check(good, "walk: finds the final block and its end, to the bit");
	check(shorter, "walk: sees a stream that is cut");
	for (turn = 0; turn < 20000; turn++) {
		fill_random(in, 64);
		in[0] = (in[0] & ~7) | 4;	/* own codes, not final */
		deflate_walk(w, in, 64, &header, &end);
	}
	check(!deflate_walk(w, in, 0, &header, &end), "walk: any bytes");
	free(w);
	free(in);
	free(scratch);
}

static void test_crc(void)
{
	unsigned char *in = xmalloc(100000);
	uint32_t all, first, second;
	size_t cut;
	bool good = true;

	fill(in, 100000, TEXT);
	check(zcrc32(0, "123456789", 9) == 0xcbf43926, "CRC: check value");
	check(!zcrc32(0, NULL, 0) && zcrc32(77, NULL, 0) == 77,
	      "CRC: nothing changes nothing");
	all = (uint32_t)crc32(0, in, 100000);
	check(zcrc32(0, in, 100000) == all, "CRC: as zlib's");
	for (cut = 0; cut <= 100000; cut += 12500) {
		first = zcrc32(0, in, cut);
		good &= zcrc32(first, in + cut, 100000 - cut) == all;
		second = zcrc32(0, in + cut, 100000 - cut);
		good &= zcrc32_join(first, second, 100000 - cut) == all;
	}
	check(good, "CRC: in two pieces, in turn and joined");
	/* A length that needs 64 bits, in two steps of 32. */
	second = zcrc32(0, in, 100000);
	first = zcrc32_join(zcrc32(0, "a", 1), 0, UINT64_C(1) << 31);
	first = zcrc32_join(first, 0, UINT64_C(1) << 31);
	first = zcrc32_join(first, second, 100000);
	check(zcrc32_join(zcrc32_join(zcrc32(0, "a", 1), 0,
				      UINT64_C(1) << 32), second, 100000) ==
	      first && zcrc32_join(zcrc32(0, "a", 1), second, 100000) != first,
	      "CRC: joins more than 4 GiB");
	free(in);
}

int main(void)
{
	test_any_stream();
	test_same_bytes();
	test_any_address();
	test_walk();
	test_crc();
	test_round_trips();
	test_streams();
	test_sizes();
	return unit_done();
}
