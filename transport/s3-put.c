/*
 * An object in one request. The service is given the MD5 of what it gets and
 * refuses what does not have it; its answer is compared once more.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"
#include "transport/object.h"
#include "transport/s3-internal.h"

#define FIRST_ROOM ((size_t)64 << 10)

/* One object while it is put. */
struct putting {
	struct s3_store *store;
	const struct put_request *request;
	const char *data;
	size_t len;
	unsigned char md5[MD5_RAWSZ];
	bool has_md5;
	uint32_t crc32c;
	bool bare;			/* the ETag stands without quotes */
	struct object put;		/* as the answer says */
};

/* ---- expectations ------------------------------------------------------- */

int s3_fail_conflict(const struct s3_store *s, const struct put_request *r,
		     struct strbuf *err)
{
	return fail(err, ERR_CONFLICT, r->expect == EXPECT_ABSENT ?
		    "'%s' is in '%s' already" :
		    "'%s' in '%s' was changed by somebody else", r->key,
		    s->base.url);
}

int s3_look(struct s3_store *s, const struct put_request *r, const char *ours,
	    struct strbuf *err)
{
	const char *expected = r->expect == EXPECT_VERSION ? r->version : NULL;
	struct object there = OBJECT_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (ours)
		expected = ours;
	ret = s3_stat(&s->base, r->key, &there, &why);
	if (ret == ERR_NOT_FOUND)
		ret = expected ? s3_fail_conflict(s, r, err) : 0;
	else if (ret)
		fail(err, ret, "%s", why.buf);
	else if (!expected || strcmp(expected, there.version))
		ret = s3_fail_conflict(s, r, err);
	object_release(&there);
	strbuf_release(&why);
	return ret;
}

/* The field that says what is expected; false: it is looked at instead. */
static bool add_expected(struct strvec *headers, struct putting *p)
{
	const struct put_request *r = p->request;
	struct s3_store *s = p->store;

	if (r->expect == EXPECT_ABSENT) {
		if (__atomic_load_n(&s->no_if_none_match, __ATOMIC_RELAXED))
			return false;
		strvec_push(headers, "If-None-Match: *");
	} else if (r->expect == EXPECT_VERSION) {
		if (__atomic_load_n(&s->no_if_match, __ATOMIC_RELAXED))
			return false;
		p->bare = p->bare || __atomic_load_n(&s->bare_match,
						     __ATOMIC_RELAXED);
		if (p->bare)
			strvec_pushf(headers, "If-Match: %s", r->version);
		else
			s3_add_match(headers, "If-Match", r->version);
	}
	return true;
}

/*
 * A condition was not understood: whether another way is worth a try.
 *
 * It may not know the field: from now on it is looked before and after. Or it
 * compares the ETag with all that stands in the field (radosgw does, of a
 * PUT), so that what is between quotes is never the version, though that is
 * there.
 */
static bool learn(struct putting *p, const struct s3_call *c)
{
	const struct put_request *r = p->request;
	struct s3_store *s = p->store;
	bool absent = r->expect == EXPECT_ABSENT;

	if (r->expect == EXPECT_ANY)
		return false;
	if (c->answer.status == 501) {
		__atomic_store_n(absent ? &s->no_if_none_match :
					  &s->no_if_match, true,
				 __ATOMIC_RELAXED);
		s3_lacks(s, absent ? TRANSPORT_CAN_CREATE :
				     TRANSPORT_CAN_COMPARE);
		return true;
	}
	if (c->answer.status != 412 || absent || p->bare ||
	    s3_look(s, r, NULL, NULL))
		return false;
	p->bare = true;
	return true;
}

/* ---- the request -------------------------------------------------------- */

static void add_sums(struct strvec *headers, const struct putting *p)
{
	unsigned char raw[CRC32C_RAWSZ];
	struct strbuf text = STRBUF_INIT;

	if (p->has_md5) {
		base64_encode(&text, p->md5, sizeof(p->md5));
		strvec_pushf(headers, "Content-MD5: %s", text.buf);
		strbuf_reset(&text);
	}
	crc32c_raw(raw, p->crc32c);
	base64_encode(&text, raw, sizeof(raw));
	strvec_pushf(headers, "x-amz-checksum-crc32c: %s", text.buf);
	strbuf_release(&text);
}

/* What the answer tells; a service that gives no ETag here is asked. */
static int read_answer(struct putting *p, const struct s3_call *c,
		       struct strbuf *err)
{
	const char *etag = http_field(&c->answer, "etag");
	struct strbuf version = STRBUF_INIT;
	struct object *o = &p->put;

	if (!etag || s3_etag(&version, etag, NULL)) {
		strbuf_release(&version);
		return s3_stat(&p->store->base, p->request->key, o, err);
	}
	o->key = xstrdup(p->request->key);
	o->version = strbuf_detach(&version, NULL);
	o->size = p->len;
	if (s3_etag_md5(o->md5, o->version, &c->answer))
		o->sums |= OBJECT_HAS_MD5;
	return 0;
}

/* ---- verification ------------------------------------------------------- */

struct comparing {
	const char *data;
	size_t len, pos;
	bool differs;
};

static int compare(void *data, const void *buf, size_t len,
		   struct strbuf *err UNUSED)
{
	struct comparing *c = data;

	c->differs = c->differs || len > c->len - c->pos ||
		     memcmp(c->data + c->pos, buf, len);
	c->pos += c->differs ? 0 : len;
	return 0;
}

/*
 * The ETag looks like an MD5, and is not that of what was sent. Either the
 * service holds something else, or it makes ETags in another way; the bytes
 * tell. What is wrong is taken away again, or it would pass for the object.
 */
static int read_back(struct putting *p, struct strbuf *err)
{
	struct s3_store *s = p->store;
	struct object_range all = { 0, RANGE_TO_END, p->put.version };
	struct comparing c = { .data = p->data, .len = p->len };
	struct object_sink sink = { compare, &c };
	bool before = __atomic_exchange_n(&s->odd_etags, true,
					  __ATOMIC_RELAXED);
	int ret;

	ret = s3_get(&s->base, p->request->key, &all, &sink, NULL, err);
	if (ret || (!c.differs && c.pos == c.len)) {
		p->put.sums &= ~(unsigned)OBJECT_HAS_MD5;
		return ret;
	}
	__atomic_store_n(&s->odd_etags, before, __ATOMIC_RELAXED);
	s->base.ops->remove(&s->base, p->request->key, p->put.version, NULL);
	return fail(err, ERR_CONTENT, "'%s' holds other bytes of '%s' than "
		    "were sent; they were taken away again", s->base.url,
		    p->request->key);
}

static int verify(struct putting *p, struct strbuf *err)
{
	struct s3_store *s = p->store;

	if (p->put.size != p->len)
		return fail(err, ERR_CONTENT, "'%s' holds %" PRIu64 " bytes of "
			    "'%s', not the %zu that were sent", s->base.url,
			    p->put.size, p->request->key, p->len);
	if (!p->has_md5 || !(p->put.sums & OBJECT_HAS_MD5) ||
	    !memcmp(p->put.md5, p->md5, sizeof(p->md5)))
		return 0;
	if (__atomic_load_n(&s->odd_etags, __ATOMIC_RELAXED)) {
		p->put.sums &= ~(unsigned)OBJECT_HAS_MD5;
		return 0;
	}
	return read_back(p, err);
}

/* ---- put ---------------------------------------------------------------- */

/* One try: what is expected is in the request, or (*looks) is looked at. */
static int send_once(struct putting *p, struct s3_call *c, bool *looks,
		     struct strbuf *err)
{
	const struct put_request *r = p->request;
	int ret = 0;

	strvec_clear(&c->headers);
	*looks = !add_expected(&c->headers, p);
	if (*looks)
		ret = s3_look(p->store, r, NULL, err);
	if (ret)
		return ret;
	s3_add_content(&c->headers, r->key, r->meta);
	add_sums(&c->headers, p);
	c->body = p->data;
	c->body_len = p->len;
	/* What expects something is looked at before it is sent again. */
	c->flags = r->expect == EXPECT_ANY ? HTTP_REPEATABLE : 0;
	return s3_call(p->store, c, err);
}

/*
 * Whether a failure says that somebody else came first: what was to be replaced
 * is gone, or radosgw, which looks and then writes, met another writer between
 * the two. It has cancelled the write, and knows no better code for that.
 */
static bool lost_race(struct putting *p, const struct s3_call *c, int ret)
{
	if (!ret || p->request->expect != EXPECT_VERSION)
		return false;
	return ret == ERR_NOT_FOUND ||
	       (c->answer.status == 500 && !strcmp(c->code, "UnknownError") &&
		s3_look(p->store, p->request, NULL, NULL) == ERR_CONFLICT);
}

static int send_it(struct putting *p, struct s3_call *c, struct strbuf *err)
{
	const struct put_request *r = p->request;
	struct strbuf why = STRBUF_INIT;
	bool looks;
	int ret;

	do {
		strbuf_reset(&why);
		ret = send_once(p, c, &looks, &why);
	} while (ret && !looks && learn(p, c));
	if (!ret && p->bare)
		__atomic_store_n(&p->store->bare_match, true, __ATOMIC_RELAXED);
	if (ret == ERR_CONFLICT || lost_race(p, c, ret))
		ret = s3_fail_conflict(p->store, r, err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	if (!ret)
		ret = read_answer(p, c, err);
	if (!ret && looks)
		ret = s3_look(p->store, r, p->put.version, err);
	strbuf_release(&why);
	return ret;
}

static int put_once(struct putting *p, struct object *out, struct strbuf *err)
{
	struct s3_call c = S3_CALL_INIT("PUT", p->request->key);
	struct object old;
	int ret;

	/* Where FIPS forbids MD5, SHA-256 or CRC32C have to do. */
	p->has_md5 = !md5_memory(p->md5, p->data, p->len, NULL);
	p->crc32c = crc32c(0, p->data, p->len);
	ret = send_it(p, &c, err);
	if (!ret)
		ret = verify(p, err);
	if (!ret && out) {
		old = *out;
		*out = p->put;
		p->put = old;
	}
	object_release(&p->put);
	s3_call_release(&c);
	return ret;
}

static int fail_length(const struct put_request *r, uint64_t len,
		       struct strbuf *err)
{
	return fail(err, ERR_CONTENT, "the content of '%s' has %s%" PRIu64
		    " bytes, and %" PRIu64 " were promised", r->key,
		    len < S3_PART_MIN ? "" : "at least ", len,
		    r->source->size);
}

/* As much as one request takes; a full `first` may have more behind it. */
static int read_first(struct strbuf *first, const struct put_request *r,
		      struct strbuf *err)
{
	struct put_source *source = r->source;
	size_t room = FIRST_ROOM, got = 0;
	int ret = 0;

	if (source->size != OBJECT_SIZE_UNKNOWN)
		/* One more, which must not come. */
		room = (size_t)MINIMUM(source->size + 1, S3_PART_MIN);
	if (source->open)
		ret = source->open(source, 0, err);
	while (!ret && first->len < S3_PART_MIN) {
		if (first->len == room)
			room = MINIMUM(room * 4, (size_t)S3_PART_MIN);
		strbuf_grow(first, room - first->len);
		ret = source->read(source, first->buf + first->len,
				   room - first->len, &got, err);
		if (ret || !got)
			break;
		strbuf_setlen(first, first->len + got);
	}
	if (!ret && source->size != OBJECT_SIZE_UNKNOWN &&
	    (first->len > source->size ||
	     (first->len < source->size && first->len < S3_PART_MIN)))
		ret = fail_length(r, first->len, err);
	return ret;
}

int s3_put(struct transport *t, const struct put_request *r,
	   struct object *out, struct strbuf *err)
{
	struct s3_store *s = s3_store_of(t);
	struct putting p = { .store = s, .request = r, .put = OBJECT_INIT };
	struct strbuf first = STRBUF_INIT;
	int ret;

	if (r->source->bytes && r->source->size < S3_PART_MIN) {
		p.data = r->source->bytes;
		p.len = (size_t)r->source->size;
		return put_once(&p, out, err);
	}
	ret = read_first(&first, r, err);
	if (!ret && first.len == S3_PART_MIN) {
		ret = s3_upload(s, r, first.buf, first.len, out, err);
	} else if (!ret) {
		p.data = first.buf;
		p.len = first.len;
		ret = put_once(&p, out, err);
	}
	strbuf_release(&first);
	return ret;
}
