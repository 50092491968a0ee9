/*
 * Inflating what comes from anywhere: in pieces, cut, damaged, endless.
 * RESUTIL_TEST_ZSTREAM=zlib makes zlib the engine that is tested.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/zstream.h"
#include "t/unit/unit.h"
#include "t/unit/zdata.h"

/* A stream of several chunks, so with joins, and what it holds. */
struct stream {
	unsigned char *in, *out;
	size_t len, out_len;
	size_t join[64], nr_joins;	/* in `out`; where a chunk ends */
};

static void make_stream(struct stream *s, int level, size_t len,
			enum content content, size_t chunk, bool dict)
{
	struct zdeflate *z = zdeflate_new(level);
	size_t at, n;

	s->len = len;
	s->in = xmalloc(len + 1);
	fill(s->in, len, content);
	s->out = xmalloc(zdeflate_bound(len) + (len / chunk + 1) * 10);
	s->out_len = s->nr_joins = 0;
	for (at = 0; at < len || !at; at += n) {
		n = MINIMUM(chunk, len - at);
		s->out_len += zdeflate_chunk(z, s->in + at,
					     dict && at >= ZSTREAM_DICT ?
					     ZSTREAM_DICT : 0, n,
					     at + n == len,
					     s->out + s->out_len);
		if (at + n < len)
			s->join[s->nr_joins++] = s->out_len;
		if (!n)
			break;
	}
	zdeflate_free(z);
}

static void release_stream(struct stream *s)
{
	free(s->in);
	free(s->out);
}

/* A function: MINIMUM would take two random numbers. */
static size_t at_most(size_t max, size_t len)
{
	return MINIMUM(max, len);
}

/* Feeds in[0..in_len) and gives room for out_len bytes, in pieces of at most
 * `in_step` and `out_step`; each room is exactly that large for ASan's sake. */
struct feed {
	size_t taken, made;
	int ret;
};

static struct feed feed(struct zinflate *y, const unsigned char *in,
			size_t in_len, unsigned char *out, size_t out_len,
			size_t in_step, size_t out_step)
{
	struct feed f = { 0 };
	bool idle;

	zinflate_start(y);
	do {
		size_t a = at_most(in_len - f.taken, random32() % in_step + 1);
		size_t b = at_most(out_len - f.made, random32() % out_step);
		size_t a_left = a, b_left = b;
		unsigned char *room = xmalloc(b ? b : 1), *q = room;
		const unsigned char *p = in + f.taken;

		f.ret = zinflate_more(y, &p, &a_left, &q, &b_left, NULL);
		if (p != in + f.taken + (a - a_left) || q != room + b - b_left)
			abort();
		memcpy(out + f.made, room, b - b_left);
		free(room);
		f.taken += a - a_left;
		f.made += b - b_left;
		idle = a == a_left && b == b_left &&
		       (b || f.made == out_len);
	} while (f.ret == ZINFLATE_MORE && !idle);
	return f;
}

static void test_pieces(void)
{
	static const size_t step[] = { 1, 2, 7, 1000, 100000, 1 << 22 };
	struct zinflate *y = zinflate_new();
	unsigned char *back = xmalloc(500001);
	bool good = true, joins = true;
	int turn;

	for (turn = 0; turn < 160; turn++) {
		size_t len = random32() % (turn % 2 ? 300000 : 3000);
		size_t in_step = step[random32() % ARRAY_SIZE(step)];
		size_t out_step = 1 + step[random32() % ARRAY_SIZE(step)];
		size_t chunk = len / (1 + random32() % 9) + 1, i, j;
		struct stream s;
		struct feed f;

		if (in_step < 8 || out_step < 9)
			len = len % 20000;
		make_stream(&s, turn % 8, len, turn % NR_CONTENTS, chunk,
			    turn % 3);
		/* what follows is not touched */
		s.out = xrealloc(s.out, s.out_len + 20);
		fill_random(s.out + s.out_len, 20);
		f = feed(y, s.out, s.out_len + random32() % 20, back,
			 len + random32() % 2, in_step, out_step);
		good &= f.ret == ZINFLATE_END && f.taken == s.out_len &&
			f.made == len && !memcmp(back, s.in, len) &&
			!zinflate_at_join(y);
		for (i = 0; i < s.nr_joins; i++) {
			j = MINIMUM((i + 1) * chunk, len);
			f = feed(y, s.out, s.join[i], back, j, in_step,
				 out_step);
			joins &= f.ret == ZINFLATE_MORE && f.made == j &&
				 f.taken == s.join[i] && zinflate_at_join(y);
		}
		release_stream(&s);
	}
	check(good, "in pieces of any size, up to the stream's last byte");
	check(joins, "in pieces of any size, up to a join");
	zinflate_free(y);
	free(back);
}

/* zlib's answer: the bytes before which a block that is not final ends. */
static void find_joins(const struct stream *s, bool *is_join)
{
	unsigned char *out = xmalloc(s->len + 1);
	z_stream z = { 0 };

	if (inflateInit2(&z, -15) != Z_OK)
		abort();
	memset(is_join, 0, (s->out_len + 1) * sizeof(*is_join));
	z.next_in = s->out;
	z.avail_in = (uInt)s->out_len;
	z.next_out = out;
	z.avail_out = (uInt)s->len + 1;
	while (inflate(&z, Z_BLOCK) == Z_OK)
		if (z.data_type == 128 && z.total_in)
			is_join[z.total_in] = true;
	inflateEnd(&z);
	free(out);
}

static void test_joins(void)
{
	struct zinflate *y = zinflate_new();
	unsigned char *back = xmalloc(40000);
	bool *is_join = xcalloc(50000, sizeof(*is_join));
	bool good = true, room = true;
	size_t found = 0, at;
	int level;

	zinflate_start(y);
	check(!zinflate_at_join(y), "join: not before the first byte");
	for (level = 0; level < 8; level++) {
		struct stream s;

		make_stream(&s, level, 9000, TEXT, 1777, false);
		find_joins(&s, is_join);
		for (at = 0; at <= s.out_len; at++) {
			struct feed f = feed(y, s.out, at, back, s.len,
					     1 << 20, 1 << 20);

			good &= zinflate_at_join(y) == is_join[at];
			found += is_join[at];
			/* one byte of room too little */
			if (is_join[at] && f.made) {
				feed(y, s.out, at, back, f.made - 1, 1 << 20,
				     1 << 20);
				room &= !zinflate_at_join(y);
			}
		}
		release_stream(&s);
	}
	check(found >= 40, "join: there are some");
	check(good, "join: where zlib says so, nowhere else");
	check(room, "join: not while output waits");
	zinflate_free(y);
	free(is_join);
	free(back);
}

static bool whole(struct zinflate *y, const unsigned char *in, size_t in_len,
		  unsigned char *back, size_t len)
{
	unsigned char *copy = xmalloc(in_len ? in_len : 1);
	unsigned char *out = xmalloc(len ? len : 1);
	struct strbuf err = STRBUF_INIT;
	int ret;

	memcpy(copy, in, in_len);
	ret = zinflate_whole(y, copy, in_len, out, len, &err);
	if ((ret && ret != ERR_CONTENT) || !ret != !err.len)
		abort();
	if (!ret)
		memcpy(back, out, len);
	strbuf_release(&err);
	free(copy);
	free(out);
	return !ret;
}

static void test_whole(void)
{
	struct zinflate *y = zinflate_new();
	unsigned char *back = xmalloc(70000);
	struct stream s;
	bool good = true;
	size_t at;
	int level;

	for (level = 0; level < 8; level++) {
		make_stream(&s, level, 6000, level % 2 ? TEXT : FLOATS, 2500,
			    false);
		good &= whole(y, s.out, s.out_len, back, s.len) &&
			!memcmp(back, s.in, s.len);
		good &= !whole(y, s.out, s.out_len, back, s.len - 1);
		good &= !whole(y, s.out, s.out_len, back, s.len + 1);
		s.out = xrealloc(s.out, s.out_len + 1);
		s.out[s.out_len] = 0;
		good &= !whole(y, s.out, s.out_len + 1, back, s.len);
		for (at = 0; at < s.out_len; at++)
			good &= !whole(y, s.out, at, back, s.len);
		release_stream(&s);
	}
	check(good, "whole: exactly these bytes to exactly that size");
	good = whole(y, (const unsigned char *)"\3\0", 2, back, 0);
	check(good, "whole: an empty stream");
	zinflate_free(y);
	free(back);
}

static void test_cut(void)
{
	struct zinflate *y = zinflate_new();
	unsigned char *back = xmalloc(8000);
	struct stream s;
	bool good = true;
	size_t at;
	int level;

	for (level = 0; level < 8; level += 3) {
		make_stream(&s, level, 4000, TEXT, 4000, false);
		for (at = 0; at < s.out_len; at++) {
			struct feed f = feed(y, s.out, at, back, s.len, 1000,
					     1000);

			good &= f.ret == ZINFLATE_MORE && f.taken == at &&
				!memcmp(back, s.in, f.made);
		}
		release_stream(&s);
	}
	check(good, "cut at any byte: what is there, and no end");
	zinflate_free(y);
	free(back);
}

/* What is taken is never read as something else by zlib. It refuses more: sets
 * of codes of which some are missing, also where none of those is used. */
static void test_damage(void)
{
	struct zinflate *y = zinflate_new();
	unsigned char *back = xmalloc(3000);
	struct stream s;
	size_t bit, taken = 0, refused = 0;
	bool good = true, same = true;
	int level;

	for (level = 0; level < 8; level++) {
		make_stream(&s, level, 1500, level % 2 ? TEXT : FLOATS, 700,
			    false);
		for (bit = 0; bit < s.out_len * 8; bit++) {
			struct feed f;
			bool all;

			s.out[bit / 8] ^= 1u << bit % 8;
			if (whole(y, s.out, s.out_len, back, s.len)) {
				good &= zlib_says(s.out, s.out_len, back,
						  s.len) != ZLIB_OTHER;
				taken++;
			} else {
				refused++;
			}
			f = feed(y, s.out, s.out_len, back, s.len, 5000, 5000);
			all = f.ret == ZINFLATE_END && f.made == s.len &&
			      f.taken == s.out_len;
			same &= !all || zlib_says(s.out, s.out_len, back,
						  s.len) != ZLIB_OTHER;
			same &= f.ret >= 0 || f.ret == ERR_CONTENT;
			s.out[bit / 8] ^= 1u << bit % 8;
		}
		release_stream(&s);
	}
	check(taken && refused, "damage: some is seen, some is content");
	check(good, "damage: taken as a whole, it is nothing else for zlib");
	check(same, "damage: taken in pieces, it is nothing else for zlib");
	zinflate_free(y);
	free(back);
}

static void test_bomb(void)
{
	const size_t len = 3 << 20;
	struct zinflate *y = zinflate_new();
	unsigned char *back = xmalloc(len);
	struct stream s;
	struct feed f;

	make_stream(&s, 6, len, ZEROS, 1 << 20, false);
	check(s.out_len < 10000 && !whole(y, s.out, s.out_len, back, 1000),
	      "bomb: no more than the room there is, whole");
	f = feed(y, s.out, s.out_len, back, 1000, 1 << 20, 1 << 20);
	check(f.ret == ZINFLATE_MORE && f.made == 1000 && !zinflate_at_join(y),
	      "bomb: no more than the room there is, in pieces");
	release_stream(&s);
	zinflate_free(y);
	free(back);
}

/* A reference to before the stream's beginning. */
static void test_distance(void)
{
	/* Fixed codes: final block, 'a', length 3 at distance 1 or 2, end. */
	static const unsigned char near[] = { 0x4b, 0x04, 0x02, 0x00 };
	static const unsigned char far[] = { 0x4b, 0x04, 0x42, 0x00 };
	struct zinflate *y = zinflate_new();
	unsigned char *back = xmalloc(200000);
	struct stream s;
	struct feed f;
	size_t from;

	check(whole(y, near, 4, back, 4) && !memcmp(back, "aaaa", 4),
	      "distance: one back");
	check(!whole(y, far, 4, back, 4), "distance: before the beginning");
	feed(y, near, 4, back, 4, 100, 100);
	f = feed(y, far, 4, back, 4, 100, 100);
	check(f.ret == ERR_CONTENT && !zinflate_at_join(y),
	      "distance: before the beginning, in pieces");
	/* With what was before still in the decoder's memory. */
	make_stream(&s, 1, 130000, TEXT, 65000, true);
	f = feed(y, s.out, s.out_len, back, s.len, 1 << 20, 1 << 20);
	check(f.ret == ZINFLATE_END, "a chunk after its dictionary");
	from = s.join[0];
	f = feed(y, s.out + from, s.out_len - from, back, 65000, 1 << 20,
		 1 << 20);
	check(f.ret == ERR_CONTENT, "a chunk without its dictionary");
	check(!whole(y, s.out + from, s.out_len - from, back, 65000),
	      "the same, whole");
	release_stream(&s);
	zinflate_free(y);
	free(back);
}

static void test_random(void)
{
	struct zinflate *y = zinflate_new();
	unsigned char in[300], *back = xmalloc(5000);
	bool good = true;
	int turn;

	for (turn = 0; turn < 30000; turn++) {
		size_t len = random32() % sizeof(in), room;
		struct feed f;

		fill_random(in, len);
		if (len && turn % 2)
			in[0] = (in[0] & ~6) | (turn % 4 ? 4 : 2);
		f = feed(y, in, len, back, 2000, 400, 3000);
		if (f.ret == ZINFLATE_END)
			good &= zlib_says(in, f.taken, back, f.made) !=
				ZLIB_OTHER;
		room = f.ret == ZINFLATE_END ? f.made : random32() % 2000;
		if (whole(y, in, len, back, room))
			good &= zlib_says(in, len, back, room) != ZLIB_OTHER;
	}
	check(good, "any bytes: what is taken is nothing else for zlib");
	zinflate_free(y);
	free(back);
}

int main(void)
{
	test_pieces();
	test_joins();
	test_whole();
	test_cut();
	test_damage();
	test_bomb();
	test_distance();
	test_random();
	return unit_done();
}
