/*
 * An object in one request. The service is given the MD5 of what it gets and
 * refuses what does not have it; its answer is compared once more.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"
#include "transport/object.h"
#include "transport/s3/s3-internal.h"

/* One object while it is put. */
struct putting {
	struct s3_store *store;
	const struct put_request *request;
	const char *data;
	size_t len;
	unsigned char md5[MD5_RAWSZ];
	bool has_md5;
	uint32_t crc32c;
	/* How the service is asked; what it does not take is left out. */
	bool sums;			/* with CRC32C */
	bool looks;			/* without conditions */
	bool bare;			/* the ETag stands without quotes */
	struct object put;		/* as the answer says */
};

/* ---- expectations ------------------------------------------------------- */

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
		ret = expected ? object_fail_conflict(&s->base, r, err) : 0;
	else if (ret)
		fail(err, ret, "%s", why.buf);
	else if (!expected || strcmp(expected, there.version))
		ret = object_fail_conflict(&s->base, r, err);
	object_release(&there);
	strbuf_release(&why);
	return ret;
}

static bool get_flag(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_RELAXED);
}

static void set_flag(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELAXED);
}

static void add_expected(struct strvec *headers, const struct putting *p)
{
	const struct put_request *r = p->request;

	if (r->expect == EXPECT_ABSENT)
		strvec_push(headers, "If-None-Match: *");
	else if (r->expect == EXPECT_VERSION && p->bare)
		strvec_pushf(headers, "If-Match: %s", r->version);
	else if (r->expect == EXPECT_VERSION)
		s3_add_match(headers, "If-Match", r->version);
}

/* ---- ways to ask -------------------------------------------------------- */

/* As services are asked until they say that they know less. */
static void choose_way(struct putting *p)
{
	const struct s3_store *s = p->store;
	enum put_expect expect = p->request->expect;

	if (expect != EXPECT_ANY)
		s3_learn_conditions(p->store, p->request->key);
	p->sums = !get_flag(&s->no_sums);
	p->bare = get_flag(&s->bare_match);
	p->looks = expect == EXPECT_ABSENT ? get_flag(&s->no_if_none_match) :
		   expect == EXPECT_VERSION && get_flag(&s->no_if_match);
}

bool s3_is_unsupported(const struct s3_call *c)
{
	if (c->answer.status == 501)
		return true;
	return c->answer.status == 400 &&
	       (!strcmp(c->code, "InvalidArgument") ||
		!strcmp(c->code, "InvalidRequest") ||
		!strcmp(c->code, "NotImplemented"));
}

/*
 * A request was refused: whether another way is worth a try. The service may
 * not know checksums, or conditions; which of them, only its words tell. Or it
 * compares the ETag with all that stands in the field (radosgw does, of a PUT),
 * so that what is between quotes is never the version, though that is there.
 */
static bool change_way(struct putting *p, const struct s3_call *c,
		       const char *why)
{
	enum put_expect expect = p->request->expect;
	bool conditions = expect != EXPECT_ANY && !p->looks;

	if (s3_is_unsupported(c)) {
		if (conditions && !(p->sums && strstr(why, "checksum")))
			p->looks = true;
		else if (p->sums)
			p->sums = false;
		else
			return false;
		return true;
	}
	if (c->answer.status != 412 || !conditions || p->bare ||
	    expect != EXPECT_VERSION ||
	    s3_look(p->store, p->request, NULL, NULL))
		return false;
	p->bare = true;
	return true;
}

/* It worked this way, so the next one is asked so at once. */
static void keep_way(const struct putting *p)
{
	struct s3_store *s = p->store;
	bool absent = p->request->expect == EXPECT_ABSENT;

	if (!p->sums)
		set_flag(&s->no_sums);
	if (p->bare)
		set_flag(&s->bare_match);
	if (!p->looks)
		return;
	set_flag(absent ? &s->no_if_none_match : &s->no_if_match);
	s3_lacks(s, absent ? TRANSPORT_CAN_CREATE : TRANSPORT_CAN_COMPARE);
}

/* ---- the request -------------------------------------------------------- */

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
	/* It keeps them, so it is asked for them from now on. */
	if (http_field(&c->answer, "x-amz-checksum-crc32c"))
		set_flag(&p->store->has_sums);
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
	if (get_flag(&s->odd_etags)) {
		p->put.sums &= ~(unsigned)OBJECT_HAS_MD5;
		return 0;
	}
	return read_back(p, err);
}

/* ---- put ---------------------------------------------------------------- */

/* One try: what is expected is in the request, or is looked at. */
static int send_once(struct putting *p, struct s3_call *c, struct strbuf *err)
{
	const struct put_request *r = p->request;
	int ret;

	strvec_clear(&c->headers);
	if (p->looks) {
		ret = s3_look(p->store, r, NULL, err);
		if (ret)
			return ret;
	} else {
		add_expected(&c->headers, p);
	}
	s3_add_content(&c->headers, r->key, r->meta);
	s3_add_sums(&c->headers, p->has_md5 ? p->md5 : NULL,
		    p->sums ? &p->crc32c : NULL);
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
	int ret;

	choose_way(p);
	do {
		strbuf_reset(&why);
		c->answer.status = 0;
		ret = send_once(p, c, &why);
	} while (ret && change_way(p, c, why.buf));
	if (!ret)
		keep_way(p);
	if (ret == ERR_CONFLICT || lost_race(p, c, ret))
		ret = object_fail_conflict(&p->store->base, r, err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	if (!ret)
		ret = read_answer(p, c, err);
	if (!ret && p->looks)
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
	ret = put_source_begin(&first, r, S3_PART_MIN, err);
	if (!ret && first.len == S3_PART_MIN) {
		ret = s3_upload(s, r, &first, out, err);
	} else if (!ret) {
		p.data = first.buf;
		p.len = first.len;
		ret = put_once(&p, out, err);
	}
	strbuf_release(&first);
	return ret;
}
