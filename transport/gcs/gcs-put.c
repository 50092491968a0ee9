/*
 * An object in one request, or by a session (google-upload.h). The service is
 * given the CRC32C and the MD5 of what it gets, and refuses what does not have
 * them; what it then says that it holds is compared once more.
 *
 * Each put names the generation that it replaces (0: none), also where whatever
 * is there may be replaced: then that is looked for. So a request that was sent
 * twice, or that comes late, never hits what somebody else put in between.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"
#include "lib/wrap/json.h"
#include "transport/google/google-upload.h"
#include "transport/gcs/gcs-internal.h"
#include "transport/object.h"

#define UPLOADS "/upload/storage/v1"
/* Objects that everybody may read are else kept by caches for an hour, and some
 * are packed and unpacked on their way. */
#define CACHE_CONTROL "no-cache, no-transform"
#define JSON_TYPE "application/json; charset=UTF-8"
/* Somebody else changes an object as often while it is put. */
#define PUT_TRIES 4

/* One object while it is put. */
struct putting {
	struct gcs_store *store;
	const struct put_request *request;
	struct google_sums sums;
	struct object put;		/* as the answer says */
};

/* ---- expectations ------------------------------------------------------- */

/* The generation that is to be replaced, as far as nobody has to be asked.
 * *known false: whatever is there. */
static int expected(const struct putting *p, struct strbuf *generation,
		    bool *known, struct strbuf *err)
{
	const struct put_request *r = p->request;

	*known = r->expect != EXPECT_ANY;
	if (r->expect == EXPECT_ABSENT)
		strbuf_addstr(generation, "0");
	else if (r->expect == EXPECT_VERSION &&
		 gcs_is_generation(r->version))
		strbuf_addstr(generation, r->version);
	else if (r->expect == EXPECT_VERSION)
		/* that of another kind of store */
		return object_fail_changed(&p->store->base, r->key, err);
	return 0;
}

/* What is there now. */
static int look(struct putting *p, struct strbuf *generation,
		struct strbuf *err)
{
	struct object there = OBJECT_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret;

	ret = gcs_stat(&p->store->base, p->request->key, &there, &why);
	if (ret == ERR_NOT_FOUND) {
		strbuf_addstr(generation, "0");
		ret = 0;
	} else if (ret) {
		fail(err, ret, "%s", why.buf);
	} else {
		strbuf_addstr(generation, there.version);
	}
	object_release(&there);
	strbuf_release(&why);
	return ret;
}

/* always: also what is known is looked at, for who sends gigabytes wants to
 * know before. */
static int find_generation(struct putting *p, bool always,
			   struct strbuf *generation, struct strbuf *err)
{
	struct strbuf there = STRBUF_INIT;
	bool known;
	int ret = expected(p, generation, &known, err);

	if (!ret && (always || !known))
		ret = look(p, &there, err);
	if (!ret && !known)
		strbuf_addbuf(generation, &there);
	else if (!ret && always && strcmp(there.buf, generation->buf))
		ret = object_fail_conflict(&p->store->base, p->request,
					   err);
	strbuf_release(&there);
	return ret;
}

/* ---- what goes with it -------------------------------------------------- */

static const char *content_type(const struct put_request *r)
{
	size_t len = strlen(r->key);

	return len > 4 && !strcmp(r->key + len - 4, ".zip") ?
		"application/zip" : "application/octet-stream";
}

static void set_base64(struct value *map, const char *key,
		       const unsigned char *raw, size_t len)
{
	struct strbuf text = STRBUF_INIT;

	base64_encode(&text, raw, len);
	value_map_set_str(map, key, text.buf);
	strbuf_release(&text);
}

static struct value *meta_value(const struct strvec *meta)
{
	struct value *map = value_new_map();
	size_t i;

	for (i = 0; i < meta->nr; i++) {
		const char *equals = strchr(meta->v[i], '=');
		char *key = xmemdupz(meta->v[i],
				     (size_t)(equals - meta->v[i]));

		value_map_set_str(map, key, equals + 1);
		free(key);
	}
	return map;
}

/* sums: or NULL, when they are not known yet. */
static void describe(const struct putting *p, const struct google_sums *sums,
		     struct strbuf *json)
{
	const struct put_request *r = p->request;
	struct value *root = value_new_map();
	unsigned char raw[CRC32C_RAWSZ];

	value_map_set_str(root, "contentType", content_type(r));
	value_map_set_str(root, "cacheControl", CACHE_CONTROL);
	if (r->meta && r->meta->nr)
		value_map_set(root, "metadata", meta_value(r->meta));
	if (sums) {
		crc32c_raw(raw, sums->crc32c);
		set_base64(root, "crc32c", raw, sizeof(raw));
	}
	if (sums && sums->has_md5)
		set_base64(root, "md5Hash", sums->md5, sizeof(sums->md5));
	json_write(json, root);
	value_free(root);
}

static void prepare(const struct putting *p, struct google_call *c,
		    struct strbuf *path, const char *type,
		    const struct strbuf *generation)
{
	strbuf_addstr(path, UPLOADS);
	gcs_path_in(p->store, NULL, path);
	c->path = path->buf;
	c->about = p->request->key;
	c->what = "put";
	strvec_pushf(&c->query, "uploadType=%s", type);
	strvec_pushf(&c->query, "name=%s%s", p->store->prefix,
		     p->request->key);
	strvec_pushf(&c->query, "ifGenerationMatch=%s", generation->buf);
	strvec_push(&c->query, "projection=noAcl");
	strvec_push(&c->query, "fields=" GCS_FIELDS);
	gcs_query(p->store, &c->query);
}

/* ---- verification ------------------------------------------------------- */

/* What is wrong is taken away again, or it would pass for the object. */
static int fail_differs(struct putting *p, struct strbuf *err)
{
	struct gcs_store *s = p->store;

	s->base.ops->remove(&s->base, p->put.key, p->put.version, NULL);
	return fail(err, ERR_CONTENT, "'%s' holds other bytes of '%s' than "
		    "were sent; they were taken away again", s->base.url,
		    p->request->key);
}

static int verify(struct putting *p, const struct value *json,
		  struct strbuf *err)
{
	struct object *o = &p->put;
	bool same;
	int ret = gcs_object_read(p->store, json, o, err);

	if (ret)
		return ret;
	if (strcmp(o->key, p->request->key))
		return fail(err, ERR_CONTENT, "'%s' was given '%s' and tells "
			    "of '%s'", p->store->base.url, p->request->key,
			    o->key);
	same = o->size == p->sums.size &&
	       (!(o->sums & OBJECT_HAS_CRC32C) ||
		o->crc32c == p->sums.crc32c) &&
	       (!(o->sums & OBJECT_HAS_MD5) || !p->sums.has_md5 ||
		!memcmp(o->md5, p->sums.md5, sizeof(o->md5)));
	return same ? 0 : fail_differs(p, err);
}

/* ---- one request -------------------------------------------------------- */

/* A line that the bytes do not have. */
static void choose_boundary(char *out, size_t room, const char *data,
			    size_t len)
{
	unsigned nr = 0;

	do {
		snprintf(out, room, "resutil-boundary-%08x", nr++);
	} while (memmem(data, len, out, strlen(out)));
}

/* Makes `body`, which holds the bytes, that of multipart/related. */
static void wrap_body(const struct putting *p, struct strbuf *body,
		      struct google_call *c)
{
	struct strbuf head = STRBUF_INIT;
	char boundary[40];

	choose_boundary(boundary, sizeof(boundary), body->buf, body->len);
	strvec_pushf(&c->headers, "Content-Type: multipart/related; "
		     "boundary=%s", boundary);
	strbuf_addf(&head, "--%s\r\nContent-Type: " JSON_TYPE "\r\n\r\n",
		    boundary);
	describe(p, &p->sums, &head);
	strbuf_addf(&head, "\r\n--%s\r\nContent-Type: %s\r\n\r\n", boundary,
		    content_type(p->request));
	strbuf_grow(body, head.len + sizeof(boundary) + 8);
	strbuf_insert(body, 0, head.buf, head.len);
	strbuf_addf(body, "\r\n--%s--\r\n", boundary);
	c->body = body->buf;
	c->body_len = body->len;
	strbuf_release(&head);
}

/* ERR_CONFLICT: another generation is there by now. */
static int send_once(struct putting *p, struct google_call *c,
		     struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, generation = STRBUF_INIT;
	int ret;

	ret = find_generation(p, false, &generation, err);
	if (ret)
		goto cleanup;
	strvec_clear(&c->query);
	prepare(p, c, &path, "multipart", &generation);
	/* What it replaces is looked at before it is sent again. */
	ret = google_call(&p->store->api, c, err);
	c->path = NULL;
	if (!ret)
		ret = verify(p, c->json, err);

cleanup:
	strbuf_release(&generation);
	strbuf_release(&path);
	return ret;
}

static bool is_lost_race(const struct putting *p, int ret, int status)
{
	return ret == ERR_CONFLICT && status == 412 &&
	       p->request->expect == EXPECT_ANY;
}

/* body: the bytes; more is added to it. */
static int put_once(struct putting *p, struct strbuf *body,
		    struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("POST", NULL);
	struct strbuf why = STRBUF_INIT;
	unsigned tries = 0;
	int ret;

	p->sums.size = body->len;
	p->sums.crc32c = crc32c(0, body->buf, body->len);
	/* Where FIPS forbids MD5, CRC32C has to do. */
	p->sums.has_md5 = !md5_memory(p->sums.md5, body->buf, body->len,
				      NULL);
	wrap_body(p, body, &c);
	do {
		strbuf_reset(&why);
		ret = send_once(p, &c, &why);
	} while (is_lost_race(p, ret, c.answer.status) &&
		 ++tries < PUT_TRIES);
	if (ret == ERR_CONFLICT)
		object_fail_conflict(&p->store->base, p->request,
					   err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	google_call_release(&c);
	strbuf_release(&why);
	return ret;
}

/* ---- a session ---------------------------------------------------------- */

static int begin_session(struct google_upload *u, struct strbuf *session,
			 struct strbuf *extra, struct strbuf *err)
{
	struct putting *p = u->data;
	struct google_call c = GOOGLE_CALL_INIT("POST", NULL);
	struct strbuf path = STRBUF_INIT, generation = STRBUF_INIT,
		      json = STRBUF_INIT;
	const struct put_request *r = p->request;
	const char *url;
	int ret;

	ret = find_generation(p, true, &generation, err);
	if (ret)
		goto cleanup;
	prepare(p, &c, &path, "resumable", &generation);
	describe(p, NULL, &json);
	strvec_push(&c.headers, "Content-Type: " JSON_TYPE);
	strvec_pushf(&c.headers, "X-Upload-Content-Type: %s",
		     content_type(r));
	if (r->source->size != OBJECT_SIZE_UNKNOWN)
		strvec_pushf(&c.headers, "X-Upload-Content-Length: %" PRIu64,
			     r->source->size);
	c.body = json.buf;
	c.body_len = json.len;
	/* Done twice it leaves one that nobody knows of, and harms nobody. */
	c.flags = HTTP_REPEATABLE | HTTP_SECRET_ANSWER;
	ret = google_call(&p->store->api, &c, err);
	url = ret ? NULL : http_field(&c.answer, "location");
	if (url) {
		strbuf_addstr(session, url);
		strbuf_addbuf(extra, &generation);
	} else if (!ret) {
		ret = google_fail_call(&p->store->api, &c, ERR_CONTENT,
				       "the service began an upload and does "
				       "not say where it goes", err);
	}

cleanup:
	google_call_release(&c);
	strbuf_release(&json);
	strbuf_release(&generation);
	strbuf_release(&path);
	return ret;
}

/* A session replaces the generation that it was begun for, and no other. */
static int may_go_on(struct google_upload *u, const char *extra,
		     struct strbuf *err)
{
	struct strbuf generation = STRBUF_INIT;
	int ret = find_generation(u->data, false, &generation, err);

	if (!ret && strcmp(generation.buf, extra))
		ret = ERR_NO;
	strbuf_release(&generation);
	return ret;
}

/* It may have been removed, or replaced, since. */
static int is_there_yet(struct google_upload *u, struct strbuf *err)
{
	struct putting *p = u->data;
	const char *generation = google_text(u->json, "generation");
	struct strbuf there = STRBUF_INIT;
	int ret = look(p, &there, err);

	if (!ret && (!generation || strcmp(there.buf, generation)))
		ret = ERR_NO;
	strbuf_release(&there);
	return ret;
}

static int put_by_session(struct putting *p, struct strbuf *first,
			  struct strbuf *err)
{
	struct google_upload u = {
		.api = &p->store->api, .request = p->request, .first = first,
		.last_hash = true, .data = p, .begin = begin_session,
		.resume = may_go_on, .found = is_there_yet,
	};
	int ret = google_upload(&u, err);

	if (!ret) {
		p->sums = u.sums;
		ret = verify(p, u.json, err);
	}
	value_free(u.json);
	return ret;
}

/* What may replace whatever is there was overtaken; it may replace that, too,
 * but all has to be sent again. */
static int put_large(struct putting *p, struct strbuf *first,
		     struct strbuf *err)
{
	struct put_source *source = p->request->source;
	struct strbuf why = STRBUF_INIT;
	unsigned tries = 0;
	int ret;

	ret = put_by_session(p, first, &why);
	while (ret == ERR_CONFLICT && p->request->expect == EXPECT_ANY &&
	       source->open && ++tries < PUT_TRIES) {
		strbuf_reset(&why);
		strbuf_reset(first);
		ret = source->open(source, 0, &why);
		if (!ret)
			ret = put_by_session(p, first, &why);
	}
	if (ret == ERR_CONFLICT)
		object_fail_conflict(&p->store->base, p->request,
					   err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

/* ------------------------------------------------------------------------- */

int gcs_put(struct transport *t, const struct put_request *r,
	    struct object *out, struct strbuf *err)
{
	struct putting p = { .store = gcs_store_of(t), .request = r,
			     .put = OBJECT_INIT };
	const struct put_source *source = r->source;
	struct strbuf first = STRBUF_INIT;
	struct object old;
	int ret = 0;

	if (source->bytes && source->size < GOOGLE_UPLOAD_MIN)
		strbuf_add(&first, source->bytes, (size_t)source->size);
	else
		ret = put_source_begin(&first, r, GOOGLE_UPLOAD_MIN, err);
	if (!ret && first.len < GOOGLE_UPLOAD_MIN)
		ret = put_once(&p, &first, err);
	else if (!ret)
		ret = put_large(&p, &first, err);
	if (!ret && out) {
		old = *out;
		*out = p.put;
		p.put = old;
	}
	object_release(&p.put);
	strbuf_release(&first);
	return ret;
}

int gcs_withdraw(struct transport *t, const char *key, const char *state,
		 struct strbuf *err)
{
	return google_upload_withdraw(&gcs_store_of(t)->api, key, state, err);
}
