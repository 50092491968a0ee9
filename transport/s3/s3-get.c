/*
 * Ranges of an object. All bytes are of the version that the answer names,
 * which it does before the first of them.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/digest-md5.h"
#include "transport/object.h"
#include "transport/object-get.h"
#include "transport/s3/s3-internal.h"

struct getting {
	struct s3_store *store;
	const char *key;
	const struct object_range *range;
	const struct object_sink *sink;
	struct strbuf version;		/* as the answer says */
	struct strbuf *out_version;	/* or NULL */
	struct object_rest rest;	/* who knows no ranges sends it all */
	struct md5 *md5;	/* of a whole object; NULL */
	unsigned char md5_said[MD5_RAWSZ];
};

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
	struct object_part part;
	int ret;

	/* A try that ended before its first byte has been here before. */
	md5_drop(&g->md5);
	if (!etag)
		return fail(err, ERR_CONTENT, "'%s' gives no ETag of '%s'",
			    g->store->base.url, g->key);
	ret = s3_etag(&g->version, etag, err);
	if (!ret && g->range->version &&
	    strcmp(g->range->version, g->version.buf))
		ret = object_fail_changed(&g->store->base, g->key, err);
	if (!ret && a->status == 206)
		ret = object_part_read(&part, a, g->range->offset,
				       g->rest.room, &g->store->base, g->key,
				       err);
	else if (!ret)
		g->rest.skip = g->range->offset;
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

	if (!object_rest_cut(&g->rest, &buf, &len))
		return 0;
	if (g->md5)
		md5_add(g->md5, buf, len);
	return g->sink->write(g->sink->data, buf, len, err);
}

static int get_nothing(struct getting *g, struct strbuf *err)
{
	return object_get_nothing(&g->store->base, g->key, g->range,
				  g->rest.room, g->out_version, err);
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

	if (g->rest.skip)
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
	object_range_ask(&c->headers, r);
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
		.rest.room = r->len,
	};
	struct s3_call c = S3_CALL_INIT("GET", key);
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (!r->len || r->offset > OBJECT_OFFSET_MAX) {
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
		ret = object_fail_changed(&g.store->base, key, err);
	else
		fail(err, ret, "%s", why.buf);

cleanup:
	md5_drop(&g.md5);
	strbuf_release(&g.version);
	strbuf_release(&why);
	s3_call_release(&c);
	return ret;
}
