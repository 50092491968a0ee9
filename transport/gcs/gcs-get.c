/*
 * Ranges of an object. All bytes are of the generation that the answer names,
 * which it does before the first of them.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/digest-crc32c.h"
#include "transport/object.h"
#include "transport/object-get.h"
#include "transport/gcs/gcs-internal.h"

struct getting {
	struct gcs_store *store;
	const char *key;
	const struct object_range *range;
	const struct object_sink *sink;
	struct strbuf *version;		/* out, or NULL */
	struct object_rest rest;	/* who knows no ranges sends it all */
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

static int check_range(struct getting *g, const struct http_answer *a,
		       struct strbuf *err)
{
	struct object_part part;
	int ret = object_part_read(&part, a, g->range->offset, g->rest.room,
				   &g->store->base, g->key, err);

	g->whole = !ret && !part.from && part.size &&
		part.to == part.size - 1;
	return ret;
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
	g->rest.skip = 0;
	g->crc32c = 0;
	g->whole = false;
	if (!version || !gcs_is_generation(version))
		return fail(err, ERR_CONTENT, "'%s' gives no generation of "
			    "'%s'; it is no Cloud Storage, or a proxy takes it "
			    "out", g->store->base.url, g->key);
	ret = check_encoding(g, a, err);
	if (!ret && g->range->version && strcmp(g->range->version, version))
		ret = object_fail_changed(&g->store->base, g->key, err);
	if (ret)
		return ret;
	if (a->status == 206) {
		ret = check_range(g, a, err);
	} else {
		g->rest.skip = g->range->offset;
		g->whole = !g->rest.skip && g->range->len == RANGE_TO_END;
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

	if (!object_rest_cut(&g->rest, &buf, &len))
		return 0;
	if (g->whole)
		g->crc32c = crc32c(g->crc32c, buf, len);
	return g->sink->write(g->sink->data, buf, len, err);
}

static int get_nothing(struct getting *g, struct strbuf *err)
{
	return object_get_nothing(&g->store->base, g->key, g->range,
				  g->rest.room, g->version, err);
}

static int finish(struct getting *g, struct strbuf *err)
{
	if (g->rest.skip)
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

	strvec_push(&c->query, "alt=media");
	if (r->version)
		strvec_pushf(&c->query, "ifGenerationMatch=%s", r->version);
	gcs_query(g->store, &c->query);
	/* Objects that were stored packed come as they are. */
	if (!g->plain)
		strvec_push(&c->headers, "Accept-Encoding: gzip");
	object_range_ask(&c->headers, r);
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
		ret = object_fail_changed(&g->store->base, g->key, err);
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
		.sink = sink, .version = version, .rest.room = r->len,
	};
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (!r->len || r->offset > OBJECT_OFFSET_MAX || !can_be_there(r))
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
