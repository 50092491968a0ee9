/*
 * Ranges of an object. All bytes are of the version that the answer names,
 * which it does before the first of them.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/digest-md5.h"
#include "transport/object.h"
#include "transport/s3/s3-internal.h"

/* No object is as large; nor need a service read larger numbers. */
#define OFFSET_MAX ((uint64_t)1 << 60)

struct getting {
	struct s3_store *store;
	const char *key;
	const struct object_range *range;
	const struct object_sink *sink;
	struct strbuf version;		/* as the answer says */
	struct strbuf *out_version;	/* or NULL */
	uint64_t skip;		/* a service that knows no ranges sent it all */
	uint64_t room;		/* what the sink is still to get, at most */
	struct md5 *md5;	/* of a whole object; NULL */
	unsigned char md5_said[MD5_RAWSZ];
};

/* "bytes 5-9/10" */
static int check_range(const struct getting *g, const struct http_answer *a,
		       struct strbuf *err)
{
	const char *text = http_field(a, "content-range");
	uint64_t from, to;

	if (!text || sscanf(text, "bytes %" SCNu64 "-%" SCNu64, &from,
			    &to) != 2 || from != g->range->offset ||
	    to < from || to - from >= g->room)
		return fail(err, ERR_CONTENT, "'%s' gives another range of "
			    "'%s' than was asked for", g->store->base.url,
			    g->key);
	return 0;
}

/*
 * What was put in one request is as long as one part at most, so its MD5 costs
 * little; of larger objects the parts are hashed, which a reader does not know.
 */
static int begin_sum(struct getting *g, const struct http_answer *a,
		     struct strbuf *err)
{
	bool odd = __atomic_load_n(&g->store->odd_etags, __ATOMIC_RELAXED);

	if (a->status != 200 || g->range->offset ||
	    g->range->len != RANGE_TO_END || odd ||
	    !s3_etag_md5(g->md5_said, g->version.buf, a))
		return 0;
	return md5_start(&g->md5, err);
}

static int read_head(void *data, const struct http_answer *a,
		     struct strbuf *err)
{
	struct getting *g = data;
	const char *etag = http_field(a, "etag");
	int ret;

	/* A try that ended before its first byte has been here before. */
	md5_drop(&g->md5);
	if (!etag)
		return fail(err, ERR_CONTENT, "'%s' gives no ETag of '%s'",
			    g->store->base.url, g->key);
	ret = s3_etag(&g->version, etag, err);
	if (!ret && g->range->version &&
	    strcmp(g->range->version, g->version.buf))
		ret = s3_fail_changed(g->store, g->key, err);
	if (!ret && a->status == 206)
		ret = check_range(g, a, err);
	else if (!ret)
		g->skip = g->range->offset;
	if (!ret)
		ret = begin_sum(g, a, err);
	if (!ret && g->out_version) {
		strbuf_reset(g->out_version);
		strbuf_addbuf(g->out_version, &g->version);
	}
	return ret;
}

static int give(void *data, const void *buf, size_t len, struct strbuf *err)
{
	struct getting *g = data;
	size_t n = (size_t)MINIMUM(len, g->skip);
	const char *at = buf;

	g->skip -= n;
	at += n;
	len = (size_t)MINIMUM(len - n, g->room);
	if (!len)
		return 0;
	g->room -= len;
	if (g->md5)
		md5_add(g->md5, at, len);
	return g->sink->write(g->sink->data, at, len, err);
}

/*
 * No byte is there to be had: an empty range, or one behind the end. What there
 * is is looked at, as the answer to such a range tells nothing.
 */
static int get_nothing(struct getting *g, struct strbuf *err)
{
	struct object o = OBJECT_INIT;
	int ret;

	ret = s3_stat(&g->store->base, g->key, &o, err);
	if (!ret && g->range->version && strcmp(g->range->version, o.version))
		ret = s3_fail_changed(g->store, g->key, err);
	if (!ret && g->range->offset > o.size)
		ret = fail(err, ERR_CONTENT, "'%s' in '%s' ends at %" PRIu64
			   ", before %" PRIu64, g->key, g->store->base.url,
			   o.size, g->range->offset);
	/* It grew since it was refused. */
	if (!ret && g->room && g->range->offset < o.size)
		ret = fail(err, ERR_TRANSIENT, "'%s' in '%s' was changed "
			   "while it was read", g->key, g->store->base.url);
	if (!ret && g->out_version) {
		strbuf_reset(g->out_version);
		strbuf_addstr(g->out_version, o.version);
	}
	object_release(&o);
	return ret;
}

static int hash_only(void *data, const void *buf, size_t len,
		     struct strbuf *err UNUSED)
{
	md5_add(data, buf, len);
	return 0;
}

/*
 * The MD5 is not what the ETag says: the bytes were damaged on their way, or
 * this service makes ETags in another way. Who reads the same twice has what
 * the service holds.
 */
static int read_again(struct getting *g, const unsigned char *first,
		      struct strbuf *err)
{
	struct object_range all = { 0, RANGE_TO_END, g->version.buf };
	struct object_sink sink = { hash_only, NULL };
	bool *odd = &g->store->odd_etags;
	unsigned char raw[MD5_RAWSZ];
	struct md5 *md5;
	int ret = md5_start(&md5, err);

	if (ret)
		return ret;
	sink.data = md5;
	__atomic_store_n(odd, true, __ATOMIC_RELAXED);
	ret = s3_get(&g->store->base, g->key, &all, &sink, NULL, err);
	md5_finish(&md5, raw);
	if (!ret && !memcmp(raw, first, sizeof(raw)))
		return 0;
	__atomic_store_n(odd, false, __ATOMIC_RELAXED);
	if (ret)
		return ret;
	return fail(err, ERR_CONTENT, "what '%s' gave of '%s' does not have "
		    "the MD5 that it says ('%s')", g->store->base.url, g->key,
		    g->version.buf);
}

static int finish(struct getting *g, struct strbuf *err)
{
	unsigned char raw[MD5_RAWSZ];

	if (g->skip)
		return get_nothing(g, err);
	if (!g->md5)
		return 0;
	md5_finish(&g->md5, raw);
	if (!memcmp(raw, g->md5_said, sizeof(raw)))
		return 0;
	return read_again(g, raw, err);
}

static void ask(struct s3_call *c, const struct object_range *r)
{
	uint64_t last = r->offset + MINIMUM(r->len, OFFSET_MAX) - 1;

	if (r->len != RANGE_TO_END)
		strvec_pushf(&c->headers, "Range: bytes=%" PRIu64 "-%" PRIu64,
			     r->offset, last);
	else if (r->offset)
		strvec_pushf(&c->headers, "Range: bytes=%" PRIu64 "-",
			     r->offset);
	if (r->version)
		s3_add_match(&c->headers, "If-Match", r->version);
}

int s3_get(struct transport *t, const char *key, const struct object_range *r,
	   const struct object_sink *sink, struct strbuf *version,
	   struct strbuf *err)
{
	struct getting g = {
		.store = s3_store_of(t), .key = key, .range = r,
		.sink = sink, .version = STRBUF_INIT, .out_version = version,
		.room = r->len,
	};
	struct s3_call c = S3_CALL_INIT("GET", key);
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (!r->len || r->offset > OFFSET_MAX) {
		ret = get_nothing(&g, err);
		goto cleanup;
	}
	ask(&c, r);
	c.head = read_head;
	c.write = give;
	c.data = &g;
	ret = s3_call(g.store, &c, &why);
	if (!ret)
		ret = finish(&g, err);
	else if (c.answer.status == 416)
		ret = get_nothing(&g, err);
	else if (c.answer.status == 412)
		ret = s3_fail_changed(g.store, key, err);
	else
		fail(err, ret, "%s", why.buf);

cleanup:
	md5_drop(&g.md5);
	strbuf_release(&g.version);
	strbuf_release(&why);
	s3_call_release(&c);
	return ret;
}
