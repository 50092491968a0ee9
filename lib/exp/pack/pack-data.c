#include "lib/base/compat.h"
#include "lib/exp/pack/pack-data.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/pack/pack-local.h"
#include "lib/exp/pack/zip-format.h"
#include "lib/wrap/zstream.h"

#define ROOM (1u << 20)
#define ROOM_STEP (16u << 10)
#define PIECE (256u << 10)

/* What is read of a long entry to see its local header. */
#define HEADER_READ 1024

/* As long as was needed so far: most entries are short, and there are many. */
struct buffer {
	unsigned char *buf;
	size_t room;
};

struct pack_reader {
	struct buffer in, out;
	struct zinflate *z;
};

/* `len` bytes; what was in it is lost when it grows. */
static unsigned char *need(struct buffer *b, size_t len)
{
	if (b->room < len) {
		free(b->buf);
		b->room = (len + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
		b->buf = xmalloc(b->room);
	}
	return b->buf;
}

/* A piece of an entry's content, and where its compressed bytes lie. */
struct stretch {
	const struct pack *p;
	const struct pack_entry *e;
	uint64_t at;		/* in the file */
	uint64_t packed;
	uint64_t offset;	/* in the content */
	uint64_t size;
	bool last;		/* the stream ends here */
};

struct sink {
	pack_out_fn out;
	void *data;
	uint32_t crc;
};

struct pack_reader *pack_reader_new(void)
{
	struct pack_reader *r = xcalloc(1, sizeof(*r));

	r->z = zinflate_new();
	return r;
}

void pack_reader_free(struct pack_reader *r)
{
	if (!r)
		return;
	zinflate_free(r->z);
	free(r->in.buf);
	free(r->out.buf);
	free(r);
}

static int bad(const struct stretch *s, struct strbuf *err, const char *why)
{
	return pack_entry_fail(s->p, s->e, ERR_CONTENT, err, "%s", why);
}

/* ---- long entries, by pieces -------------------------------------------- */

static int read_stored(struct stretch *s, struct pack_reader *r,
		       struct sink *sink, struct strbuf *err)
{
	unsigned char *in = need(&r->in, PIECE);
	int ret = 0;

	while (s->size && !ret) {
		size_t len = (size_t)MINIMUM(s->size, (uint64_t)PIECE);

		ret = s->p->source->read(s->p->source, in, len, s->at, err);
		if (ret)
			break;
		sink->crc = zcrc32(sink->crc, in, len);
		ret = sink->out(in, len, s->offset, sink->data);
		s->at += len;
		s->offset += len;
		s->size -= len;
	}
	return ret;
}

static int fill(struct stretch *s, struct pack_reader *r,
		const unsigned char **in, size_t *in_len, struct strbuf *err)
{
	unsigned char *buf = need(&r->in, PIECE);

	*in = buf;
	*in_len = (size_t)MINIMUM(s->packed, (uint64_t)PIECE);
	s->at += *in_len;
	s->packed -= *in_len;
	return s->p->source->read(s->p->source, buf, *in_len,
				  s->at - *in_len, err);
}

static int inflate_fail(const struct stretch *s, int code,
			struct strbuf *why, struct strbuf *err)
{
	pack_entry_fail(s->p, s->e, code, err, "%s", why->buf);
	strbuf_release(why);
	return code;
}

/* One more piece of content into r->out, never more than a byte too many:
 * that byte tells a stream that would go on. */
static int inflate_piece(struct stretch *s, struct pack_reader *r,
			 const unsigned char **in, size_t *in_len,
			 size_t *got, struct strbuf *err)
{
	size_t room = s->size < PIECE ? (size_t)s->size + 1 : PIECE;
	struct strbuf why = STRBUF_INIT;
	unsigned char *to = need(&r->out, PIECE);
	size_t left = room;
	int ret;

	ret = zinflate_more(r->z, in, in_len, &to, &left, &why);
	*got = room - left;
	if (ret < 0)
		return inflate_fail(s, ret, &why, err);
	if (*got > s->size)
		return bad(s, err, s->last ? "it gives more than its size" :
			   "a restart point is not where it says");
	return ret;
}

static int check_end(const struct stretch *s, const struct pack_reader *r,
		     int state, size_t in_len, struct strbuf *err)
{
	if (!s->last && state == ZINFLATE_MORE && !in_len && !s->packed &&
	    !s->size && zinflate_at_join(r->z))
		return 0;
	if (!s->last)
		return bad(s, err, "a restart point is not where it says");
	if (state != ZINFLATE_END)
		return bad(s, err, "its compressed data has no end");
	if (s->size)
		return bad(s, err, "it gives less than its size");
	if (in_len || s->packed)
		return bad(s, err, "bytes follow the end of its compressed "
			   "data");
	return 0;
}

static int read_deflated(struct stretch *s, struct pack_reader *r,
			 struct sink *sink, struct strbuf *err)
{
	const unsigned char *in = need(&r->in, PIECE);
	size_t in_len = 0, got;
	int state, ret;

	zinflate_start(r->z);
	do {
		if (!in_len && s->packed) {
			ret = fill(s, r, &in, &in_len, err);
			if (ret)
				return ret;
		}
		state = inflate_piece(s, r, &in, &in_len, &got, err);
		if (state < 0)
			return state;
		if (!got)
			continue;
		sink->crc = zcrc32(sink->crc, r->out.buf, got);
		ret = sink->out(r->out.buf, got, s->offset, sink->data);
		if (ret)
			return ret;
		s->offset += got;
		s->size -= got;
	} while (state != ZINFLATE_END && (got || in_len || s->packed));
	return check_end(s, r, state, in_len, err);
}

static int read_stretch(struct stretch *s, struct pack_reader *r,
			struct sink *sink, struct strbuf *err)
{
	return s->e->method == ZIP_STORED ? read_stored(s, r, sink, err) :
					    read_deflated(s, r, sink, err);
}

/* ---- segments ----------------------------------------------------------- */

size_t pack_segments(const struct pack_entry *e)
{
	return (size_t)e->nr_points + 1;
}

/*
 * Every reader of an entry with restart points goes by segments, also one that
 * wants all of it: each begins with an empty window, so that nothing in it
 * refers to what was before; each but the last ends with the end of a block
 * that is not the final one, at the end of its last byte; and it gives the
 * unit. A program that knows no restart points and inflates from the start then
 * finds the same blocks at the same bits and gets the same bytes.
 */
static void set_stretch(struct stretch *s, const struct pack *p,
			const struct pack_entry *e, size_t nr, uint64_t data)
{
	uint64_t before = 0;
	size_t i;

	s->p = p;
	s->e = e;
	for (i = 0; i < nr; i++)
		before += zip_get32(e->points + 4 * i);
	s->at = data + before;
	s->offset = nr ? (uint64_t)nr << e->unit_log2 : 0;
	s->last = nr == e->nr_points;
	if (s->last) {
		s->packed = e->packed - before;
		s->size = e->size - s->offset;
	} else {
		s->packed = zip_get32(e->points + 4 * nr);
		s->size = (uint64_t)1 << e->unit_log2;
	}
}

int pack_read_segment(const struct pack *p, const struct pack_entry *e,
		      size_t nr, struct pack_reader *r, uint32_t *crc,
		      pack_out_fn out, void *data, struct strbuf *err)
{
	struct sink sink = { .out = out, .data = data };
	struct pack_local l;
	struct stretch s;
	int ret;

	ret = pack_local_read(&l, p, e, need(&r->in, HEADER_READ), HEADER_READ,
			      err);
	if (ret)
		return ret;
	set_stretch(&s, p, e, nr, l.data);
	ret = read_stretch(&s, r, &sink, err);
	*crc = sink.crc;
	return ret;
}

static int check_crc(const struct pack *p, const struct pack_entry *e,
		     uint32_t crc, struct strbuf *err)
{
	if (crc == e->crc)
		return 0;
	return pack_entry_fail(p, e, ERR_CONTENT, err,
			       "its content has another CRC-32");
}

int pack_check_segments(const struct pack *p, const struct pack_entry *e,
			const uint32_t *crc, struct strbuf *err)
{
	uint32_t all = crc[0];
	size_t i;

	for (i = 1; i <= e->nr_points; i++) {
		uint64_t len = (uint64_t)1 << e->unit_log2;

		if (i == e->nr_points)
			len = e->size - (len * i);
		all = zcrc32_join(all, crc[i], len);
	}
	return check_crc(p, e, all, err);
}

/* ---- whole entries ------------------------------------------------------ */

static int give(const unsigned char *buf, size_t len, pack_out_fn out,
		void *data)
{
	size_t at, piece;
	int ret = 0;

	for (at = 0; at < len && !ret; at += piece) {
		piece = MINIMUM(len - at, (size_t)PIECE);
		ret = out(buf + at, piece, at, data);
	}
	return ret;
}

/* All of it came with its local header: nothing is given before it is known
 * to be good. */
static int read_small(const struct pack *p, const struct pack_entry *e,
		      const struct pack_local *l, struct pack_reader *r,
		      pack_out_fn fn, void *data, struct strbuf *err)
{
	const unsigned char *content = r->in.buf + l->header_len;
	unsigned char *out = need(&r->out, (size_t)e->size);
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	if (e->method == ZIP_DEFLATED) {
		ret = zinflate_whole(r->z, content, (size_t)e->packed, out,
				     (size_t)e->size, &why);
		content = out;
	}
	if (ret)
		pack_entry_fail(p, e, ret, err, "%s or not of its size",
				why.buf);
	else
		ret = check_crc(p, e, zcrc32(0, content, (size_t)e->size),
				err);
	if (!ret)
		ret = give(content, (size_t)e->size, fn, data);
	strbuf_release(&why);
	return ret;
}

int pack_read_entry(const struct pack *p, const struct pack_entry *e,
		    struct pack_reader *r, pack_out_fn out, void *data,
		    struct strbuf *err)
{
	struct sink sink = { .out = out, .data = data };
	bool small = e->size <= ROOM && e->limit - e->offset <= ROOM &&
		     !e->nr_points;
	size_t room = small ? (size_t)(e->limit - e->offset) : HEADER_READ;
	struct pack_local l;
	struct stretch s;
	size_t i;
	int ret;

	ret = pack_local_read(&l, p, e, need(&r->in, room), room, err);
	if (ret)
		return ret;
	if (small)
		return read_small(p, e, &l, r, out, data, err);
	for (i = 0; i < pack_segments(e) && !ret; i++) {
		set_stretch(&s, p, e, i, l.data);
		ret = read_stretch(&s, r, &sink, err);
	}
	return ret ? ret : check_crc(p, e, sink.crc, err);
}

static int add_to_strbuf(const unsigned char *buf, size_t len,
			 uint64_t offset UNUSED, void *data)
{
	strbuf_add(data, buf, len);
	return 0;
}

int pack_read_link(const struct pack *p, const struct pack_entry *e,
		   struct pack_reader *r, struct strbuf *out,
		   struct strbuf *err)
{
	size_t start = out->len;
	int ret = pack_read_entry(p, e, r, add_to_strbuf, out, err);

	if (!ret && memchr(out->buf + start, '\0', out->len - start))
		ret = pack_entry_fail(p, e, ERR_CONTENT, err,
				      "it is a link whose target holds a NUL");
	return ret;
}
