/*
 * Ranges of an object. All bytes are of the generation that the answer names,
 * which it does before the first of them.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/digest-crc32c.h"
#include "transport/object.h"
#include "transport/gcs/gcs-internal.h"

/* No object is as large; nor need a service read larger numbers. */
#define OFFSET_MAX ((uint64_t)1 << 60)

struct getting {
	struct gcs_store *store;
	const char *key;
	const struct object_range *range;
	const struct object_sink *sink;
	struct strbuf *version;		/* out, or NULL */
	uint64_t skip;		/* who knows no ranges sent it all */
	uint64_t room;		/* what the sink is still to get, at most */
	bool plain;		/* nothing is said of gzip */
	bool packed;		/* it was packed on its way */
	bool whole;		/* all of the object comes, with its checksum */
	uint32_t said, crc32c;
};

static void set_version(struct getting *g, const char *version)
{
	if (!g->version)
		return;
	strbuf_reset(g->version);
	strbuf_addstr(g->version, version);
}

/* "bytes 5-9/10" */
static int check_range(struct getting *g, const struct http_answer *a,
		       struct strbuf *err)
{
	const char *text = http_field(a, "content-range");
	uint64_t from, to, size = 0;

	if (!text || sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64,
			    &from, &to, &size) < 2 ||
	    from != g->range->offset || to < from || to - from >= g->room)
		return fail(err, ERR_CONTENT, "'%s' gives another range of "
			    "'%s' than was asked for", g->store->base.url,
			    g->key);
	g->whole = !from && size && to == size - 1;
	return 0;
}

/* One of "crc32c=n03x6A==,md5=Ojk9c3dhfxgoKVVHYwFbHQ==", or of several such
 * fields. */
static bool find_crc32c(uint32_t *out, const struct http_answer *a)
{
	static const char field[] = "x-goog-hash: ";
	unsigned char raw[CRC32C_RAWSZ];
	char text[16];
	size_t i, len;

	for (i = 0; i < a->fields.nr; i++) {
		const char *at = a->fields.v[i];

		if (strncmp(at, field, sizeof(field) - 1))
			continue;
		at = strstr(at, "crc32c=");
		len = at ? strcspn(at + 7, ", ") : 0;
		if (!len || len >= sizeof(text))
			continue;
		memcpy(text, at + 7, len);
		text[len] = '\0';
		if (!google_bytes(raw, sizeof(raw), text))
			continue;
		*out = crc32c_of_raw(raw);
		return true;
	}
	return false;
}

static bool is_identity(const char *encoding)
{
	return !encoding || !*encoding || !strcmp(encoding, "identity");
}

/*
 * Checksum, size and ranges are those of the bytes as they are stored. What was
 * unpacked on its way is something else, and so is what was packed; but that
 * happens to nobody who does not say that he reads gzip.
 */
static int check_encoding(struct getting *g, const struct http_answer *a,
			  struct strbuf *err)
{
	const char *stored = http_field(a, "x-goog-stored-content-encoding");
	const char *sent = http_field(a, "content-encoding");

	if (is_identity(stored) ? is_identity(sent) :
				  sent && !strcmp(stored, sent))
		return 0;
	g->packed = is_identity(stored) && !g->plain;
	return fail(err, ERR_CONTENT, "'%s' %s '%s' on its way, though it was "
		    "asked not to", g->store->base.url,
		    is_identity(sent) ? "unpacks" : "packs", g->key);
}

static int read_head(void *data, const struct http_answer *a,
		     struct strbuf *err)
{
	struct getting *g = data;
	const char *version = http_field(a, "x-goog-generation");
	int ret = 0;

	/* A try that ended before its first byte has been here before. */
	g->skip = 0;
	g->crc32c = 0;
	g->whole = false;
	if (!version || !gcs_is_generation(version))
		return fail(err, ERR_CONTENT, "'%s' gives no generation of "
			    "'%s'; it is no Cloud Storage, or a proxy takes it "
			    "out", g->store->base.url, g->key);
	ret = check_encoding(g, a, err);
	if (!ret && g->range->version && strcmp(g->range->version, version))
		ret = gcs_fail_changed(g->store, g->key, err);
	if (ret)
		return ret;
	if (a->status == 206) {
		ret = check_range(g, a, err);
	} else {
		g->skip = g->range->offset;
		g->whole = !g->skip && g->range->len == RANGE_TO_END;
	}
	if (!ret && g->whole)
		g->whole = find_crc32c(&g->said, a);
	if (!ret)
		set_version(g, version);
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
	if (g->whole)
		g->crc32c = crc32c(g->crc32c, at, len);
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

	ret = gcs_stat(&g->store->base, g->key, &o, err);
	if (!ret && g->range->version && strcmp(g->range->version, o.version))
		ret = gcs_fail_changed(g->store, g->key, err);
	if (!ret && g->range->offset > o.size)
		ret = fail(err, ERR_CONTENT, "'%s' in '%s' ends at %" PRIu64
			   ", before %" PRIu64, g->key, g->store->base.url,
			   o.size, g->range->offset);
	/* It grew since it was refused. */
	if (!ret && g->room && g->range->offset < o.size)
		ret = fail(err, ERR_TRANSIENT, "'%s' in '%s' was changed "
			   "while it was read", g->key, g->store->base.url);
	if (!ret)
		set_version(g, o.version);
	object_release(&o);
	return ret;
}

static int finish(struct getting *g, struct strbuf *err)
{
	if (g->skip)
		return get_nothing(g, err);
	if (g->whole && g->crc32c != g->said)
		return fail(err, ERR_CONTENT, "what '%s' gave of '%s' does not "
			    "have the CRC32C that it says (%08" PRIx32 ", and "
			    "not %08" PRIx32 ")", g->store->base.url, g->key,
			    g->crc32c, g->said);
	return 0;
}

/*
 * A condition, and not generation=N: a bucket that keeps older versions would
 * give that one, though it is not what is there any more.
 */
static void ask(struct google_call *c, const struct getting *g)
{
	const struct object_range *r = g->range;
	uint64_t last = r->offset + MINIMUM(r->len, OFFSET_MAX) - 1;

	strvec_push(&c->query, "alt=media");
	if (r->version)
		strvec_pushf(&c->query, "ifGenerationMatch=%s", r->version);
	gcs_query(g->store, &c->query);
	/* Objects that were stored packed come as they are. */
	if (!g->plain)
		strvec_push(&c->headers, "Accept-Encoding: gzip");
	if (r->len != RANGE_TO_END)
		strvec_pushf(&c->headers, "Range: bytes=%" PRIu64 "-%" PRIu64,
			     r->offset, last);
	else if (r->offset)
		strvec_pushf(&c->headers, "Range: bytes=%" PRIu64 "-",
			     r->offset);
}

static int get_some(struct getting *g, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("GET", NULL);
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	int ret;

	gcs_path(g->store, g->key, &path);
	c.path = path.buf;
	c.about = g->key;
	ask(&c, g);
	c.head = read_head;
	c.write = give;
	c.data = g;
	ret = google_call(&g->store->api, &c, &why);
	if (!ret)
		ret = finish(g, err);
	else if (c.answer.status == 416)
		ret = get_nothing(g, err);
	else if (c.answer.status == 412)
		ret = gcs_fail_changed(g->store, g->key, err);
	else
		fail(err, ret, "%s", why.buf);
	google_call_release(&c);
	strbuf_release(&path);
	strbuf_release(&why);
	return ret;
}

/* A version of another kind of store, say: it is none of this object. */
static bool can_be_there(const struct object_range *r)
{
	return !r->version || gcs_is_generation(r->version);
}

int gcs_get(struct transport *t, const char *key, const struct object_range *r,
	    const struct object_sink *sink, struct strbuf *version,
	    struct strbuf *err)
{
	struct getting g = {
		.store = gcs_store_of(t), .key = key, .range = r,
		.sink = sink, .version = version, .room = r->len,
	};
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (!r->len || r->offset > OFFSET_MAX || !can_be_there(r))
		return get_nothing(&g, err);
	ret = get_some(&g, &why);
	if (ret && g.packed) {
		/* Nothing was given yet. */
		g.plain = true;
		strbuf_reset(&why);
		ret = get_some(&g, &why);
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}
