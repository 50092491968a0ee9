#include "lib/base/compat.h"
#include "lib/wrap/zstream.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/zstream-engine.h"

/* RFC 1951, 3.2.4: header and padding, then LEN and its complement. */
#define STORED_MAX 65535u
#define STORED_HEADER 5

/* Engines count in 32 bits. */
#define PIECE_MAX ((size_t)1 << 30)

/* A few hundred KiB each. */
#define KEPT_MAX 8

static pthread_once_t asked = PTHREAD_ONCE_INIT;
static bool plain;	/* zlib does everything */

static void ask(void)
{
	const char *name = getenv("RESUTIL_TEST_ZSTREAM");

	plain = name && !strcmp(name, "zlib");
}

/* Not asked where zlib is all there is. */
static UNUSED bool is_plain(void)
{
	pthread_once(&asked, ask);
	return plain;
}

/* ---- compressing ---- */

struct coder {
	const struct deflate_engine *engine;
	void *state;		/* made when it is first used */
};

struct zdeflate {
	int level;
	struct coder match;	/* of this level */
	struct coder fast;	/* Huffman codes alone, and samples */
};

static const struct deflate_engine *fast_engine(void)
{
#ifdef WITH_ISAL
	if (!is_plain())
		return &deflate_isal;
#endif
	return &deflate_zlib;
}

static const struct deflate_engine *thorough_engine(void)
{
#ifdef WITH_LIBDEFLATE
	if (!is_plain())
		return &deflate_libdeflate;
#endif
	return &deflate_zlib;
}

/*
 * Tables have to be zeroed when they are new, which takes longer than a small
 * experiment: some that were freed are kept for who wants the next.
 */
struct kept {
	pthread_mutex_t lock;
	void *item[KEPT_MAX];
	size_t nr;
};

static struct kept kept_deflaters = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct kept kept_inflaters = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* One that `fits`, or NULL. */
static void *take_kept(struct kept *k, bool (*fits)(const void *item, int arg),
		       int arg)
{
	void *item = NULL;
	size_t i;

	pthread_mutex_lock(&k->lock);
	for (i = k->nr; !item && i--; )
		if (fits(k->item[i], arg)) {
			item = k->item[i];
			k->item[i] = k->item[--k->nr];
		}
	pthread_mutex_unlock(&k->lock);
	return item;
}

static bool keep(struct kept *k, void *item)
{
	bool room;

	pthread_mutex_lock(&k->lock);
	room = k->nr < KEPT_MAX;
	if (room)
		k->item[k->nr++] = item;
	pthread_mutex_unlock(&k->lock);
	return room;
}

static bool has_level(const void *item, int level)
{
	return ((const struct zdeflate *)item)->level == level;
}

struct zdeflate *zdeflate_new(int level)
{
	struct zdeflate *z;

	if (level < 0 || level > ZSTREAM_LEVEL_MAX)
		BUG("level %d", level);
	z = take_kept(&kept_deflaters, has_level, level);
	if (z)
		return z;
	z = xcalloc(1, sizeof(*z));
	z->level = level;
	z->fast.engine = fast_engine();
	z->match.engine = level <= ZSTREAM_LEVEL_FAST ? z->fast.engine :
							thorough_engine();
	return z;
}

static void release_coder(struct coder *c)
{
	if (c->state)
		c->engine->free_state(c->state);
}

void zdeflate_free(struct zdeflate *z)
{
	if (!z || keep(&kept_deflaters, z))
		return;
	release_coder(&z->match);
	release_coder(&z->fast);
	free(z);
}

static size_t code(struct coder *coder, const struct zchunk *c)
{
	if (!coder->state)
		coder->state = coder->engine->new_state();
	return coder->engine->chunk(coder->state, c);
}

static size_t stored_size(size_t len)
{
	size_t blocks = len ? (len - 1) / STORED_MAX + 1 : 1;

	return len + blocks * STORED_HEADER;
}

size_t zdeflate_bound(size_t len)
{
	return stored_size(len);
}

/* Begins at a byte boundary and so ends at one. */
static size_t store(const struct zchunk *c)
{
	const unsigned char *in = c->in;
	unsigned char *out = c->out;
	size_t left = c->len;

	do {
		unsigned n = (unsigned)MINIMUM(left, STORED_MAX);

		left -= n;
		*out++ = c->last && !left;
		*out++ = n & 0xff;
		*out++ = n >> 8 & 0xff;
		*out++ = ~n & 0xff;
		*out++ = ~n >> 8 & 0xff;
		memcpy(out, in, n);
		in += n;
		out += n;
	} while (left);
	return (size_t)(out - c->out);
}

struct trial {
	struct coder *coder;
	int level;
	unsigned char *out;
};

static size_t try_piece(const unsigned char *in, size_t len, void *data)
{
	const struct trial *t = data;
	struct zchunk c = {
		.in = in, .len = len, .last = true, .level = t->level,
		.out = t->out, .room = len
	};
	size_t n = code(t->coder, &c);

	return n ? n : len;
}

static enum zcoding choose(struct zdeflate *z, const struct zchunk *c)
{
	/* Not more than the chunk would get: ISA-L's first two levels do not
	 * find what is seldom. */
	struct trial trial = {
		&z->fast, MINIMUM(z->level, ZSTREAM_LEVEL_FAST), c->out
	};
	bool any = z->level == 1 && z->fast.engine != &deflate_zlib;

	if (!z->level)
		return ZCODING_STORE;
	return zsample(c->in, c->len, any, try_piece, &trial);
}

size_t zdeflate_chunk(struct zdeflate *z, const unsigned char *in, size_t dict,
		      size_t len, bool last, unsigned char *out)
{
	struct zchunk c = {
		.in = in, .dict = dict, .len = len, .last = last,
		.level = z->level, .out = out, .room = stored_size(len)
	};
	struct coder *coder = &z->match;
	enum zcoding coding;
	size_t n;

	if (!len && last) {
		/* The shortest empty stream: fixed codes, end of block. */
		out[0] = 3;
		out[1] = 0;
		return 2;
	}
	coding = len ? choose(z, &c) : ZCODING_STORE;
	if (coding == ZCODING_STORE)
		return store(&c);
	if (coding == ZCODING_HUFFMAN) {
		c.huffman = true;
		coder = &z->fast;
	}
	n = code(coder, &c);
	return n && n < c.room ? n : store(&c);
}

/* ---- inflating ---- */

struct zinflate {
	const struct inflate_engine *engine;
	void *state;		/* made when it is first used */
	void *whole;
	bool begun;		/* bytes were taken since the start */
	bool bad;
};

static const struct inflate_engine *inflate_engine(void)
{
#ifdef WITH_ISAL
	if (!is_plain())
		return &inflate_isal;
#endif
	return &inflate_zlib;
}

static bool is_any(const void *item UNUSED, int arg UNUSED)
{
	return true;
}

struct zinflate *zinflate_new(void)
{
	struct zinflate *z = take_kept(&kept_inflaters, is_any, 0);

	if (z)
		return z;
	z = xcalloc(1, sizeof(*z));
	z->engine = inflate_engine();
	return z;
}

void zinflate_free(struct zinflate *z)
{
	if (!z || keep(&kept_inflaters, z))
		return;
	if (z->state)
		z->engine->free_state(z->state);
#ifdef WITH_LIBDEFLATE
	if (z->whole)
		free_whole_inflater(z->whole);
#endif
	free(z);
}

void zinflate_start(struct zinflate *z)
{
	if (!z->state)
		z->state = z->engine->new_state();
	z->engine->start(z->state);
	z->begun = z->bad = false;
}

/* One turn with at most PIECE_MAX on either side. */
static int turn(struct zinflate *z, const unsigned char **in, size_t *in_len,
		unsigned char **out, size_t *out_len)
{
	size_t in_now = MINIMUM(*in_len, PIECE_MAX), in_left = in_now;
	size_t out_now = MINIMUM(*out_len, PIECE_MAX), out_left = out_now;
	int ret = z->engine->more(z->state, in, &in_left, out, &out_left);

	*in_len -= in_now - in_left;
	*out_len -= out_now - out_left;
	if (in_left < in_now)
		z->begun = true;
	return ret;
}

int zinflate_more(struct zinflate *z, const unsigned char **in, size_t *in_len,
		  unsigned char **out, size_t *out_len, struct strbuf *err)
{
	int ret = z->bad ? ERR_CONTENT : ZINFLATE_MORE;

	while (ret == ZINFLATE_MORE) {
		size_t in_before = *in_len, out_before = *out_len;

		ret = turn(z, in, in_len, out, out_len);
		if (in_before == *in_len && out_before == *out_len)
			break;
	}
	if (ret >= 0)
		return ret;
	z->bad = true;
	return fail(err, ret, "the compressed data is damaged");
}

bool zinflate_at_join(const struct zinflate *z)
{
	return z->begun && !z->bad && z->engine->at_join(z->state);
}

static int inflate_by_pieces(struct zinflate *z, const unsigned char *in,
			     size_t in_len, unsigned char *out, size_t out_len,
			     struct strbuf *err)
{
	int ret;

	zinflate_start(z);
	ret = zinflate_more(z, &in, &in_len, &out, &out_len, err);
	if (ret < 0)
		return ret;
	if (ret != ZINFLATE_END || in_len || out_len)
		return fail(err, ERR_CONTENT,
			    "the compressed data is damaged");
	return 0;
}

int zinflate_whole(struct zinflate *z, const unsigned char *in, size_t in_len,
		   unsigned char *out, size_t out_len, struct strbuf *err)
{
#ifdef WITH_LIBDEFLATE
	if (!is_plain()) {
		if (!z->whole)
			z->whole = new_whole_inflater();
		if (inflate_whole(z->whole, in, in_len, out, out_len))
			return 0;
		return fail(err, ERR_CONTENT,
			    "the compressed data is damaged");
	}
#endif
	return inflate_by_pieces(z, in, in_len, out, out_len, err);
}

/* ---- CRC-32 ---- */

uint32_t zcrc32(uint32_t crc, const void *data, size_t len)
{
#if defined(WITH_ISAL)
	if (!is_plain())
		return crc_by_isal(crc, data, len);
#elif defined(WITH_LIBDEFLATE)
	if (!is_plain())
		return crc_by_libdeflate(crc, data, len);
#endif
	return crc_by_zlib(crc, data, len);
}
