/*
 * Copies that the service makes by itself. What is large, or goes to another
 * place or class of storage, takes several requests: each answer has a token
 * that the next one goes on with.
 * Source: Cloud Storage JSON API v1, "Objects: rewrite".
 */
#include "lib/base/compat.h"
#include "lib/base/again.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "transport/object.h"
#include "transport/gcs/gcs-internal.h"

struct copying {
	struct gcs_store *store;
	const char *from, *to;
	const struct object *old;
	struct strbuf path;
	struct strbuf token;
	uint64_t done;			/* bytes, as the service says */
	bool resent;			/* an answer was lost, perhaps */
};

/* What came out is what was there. */
static int check_copy(const struct copying *y, const struct object *new,
		      struct strbuf *err)
{
	const struct object *old = y->old;
	const char *what = NULL;

	if (strcmp(new->key, y->to))
		what = "name";
	else if (new->size != old->size)
		what = "size";
	else if ((new->sums & old->sums & OBJECT_HAS_CRC32C) &&
		 new->crc32c != old->crc32c)
		what = "CRC32C";
	else if ((new->sums & old->sums & OBJECT_HAS_MD5) &&
		 memcmp(new->md5, old->md5, sizeof(new->md5)))
		what = "MD5";
	if (!what)
		return 0;
	return fail(err, ERR_CONTENT, "the copy '%s' in '%s' has another %s "
		    "than '%s'", y->to, y->store->base.url, what, y->from);
}

static int read_copy(const struct copying *y, const struct value *json,
		     struct strbuf *err)
{
	struct object new = OBJECT_INIT;
	int ret;

	ret = gcs_object_read(y->store, value_map_get(json, "resource"), &new,
			      err);
	if (!ret) {
		ret = check_copy(y, &new, err);
		if (ret)
			y->store->base.ops->remove(&y->store->base, y->to,
						   new.version, NULL);
	}
	object_release(&new);
	return ret;
}

/* One of two conditions was not met. After a lost answer the copy that is there
 * may be ours. */
static int explain_conflict(const struct copying *y, struct strbuf *err)
{
	struct transport *t = &y->store->base;
	struct object there = OBJECT_INIT;
	int ret = gcs_stat(t, y->to, &there, NULL);

	if (ret == ERR_NOT_FOUND)
		ret = object_fail_changed(t, y->from, err);
	else if (!ret && y->resent && strcmp(y->from, y->to) &&
		 !check_copy(y, &there, NULL))
		ret = 0;
	else
		ret = object_fail_exists(t, y->to, err);
	object_release(&there);
	return ret;
}

static int go_on(struct copying *y, const struct value *json,
		 struct strbuf *err)
{
	const char *token = google_text(json, "rewriteToken");
	uint64_t done = 0;

	google_number(&done, json, "totalBytesRewritten");
	if (!token || (!strcmp(token, y->token.buf) && done <= y->done))
		return fail(err, ERR_CONTENT, "'%s' says that the copy of '%s' "
			    "goes on, and not where", y->store->base.url,
			    y->from);
	strbuf_reset(&y->token);
	strbuf_addstr(&y->token, token);
	y->done = done;
	return 0;
}

static void ask(struct google_call *c, const struct copying *y)
{
	const char *step = getenv("RESUTIL_TEST_GCS_REWRITE");

	strvec_push(&c->query, "ifGenerationMatch=0");
	strvec_pushf(&c->query, "ifSourceGenerationMatch=%s",
		     y->old->version);
	strvec_push(&c->query, "projection=noAcl");
	strvec_push(&c->query, "fields=done,rewriteToken,totalBytesRewritten,"
		    "resource(" GCS_FIELDS ")");
	if (step)
		strvec_pushf(&c->query, "maxBytesRewrittenPerCall=%s", step);
	if (y->token.len)
		strvec_pushf(&c->query, "rewriteToken=%s", y->token.buf);
	gcs_query(y->store, &c->query);
}

/* *more: it goes on. */
static int copy_some(struct copying *y, bool *more, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("POST", y->path.buf);
	struct strbuf why = STRBUF_INIT;
	const struct value *done;
	int ret;

	*more = false;
	c.what = "copy";
	c.about = y->from;
	ask(&c, y);
	ret = google_call(&y->store->api, &c, &why);
	done = ret ? NULL : value_map_get(c.json, "done");
	if (c.answer.status == 412)
		ret = explain_conflict(y, err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	else if (!done || done->type != VALUE_BOOL)
		ret = fail(err, ERR_CONTENT, "'%s' does not say whether '%s' "
			   "is copied", y->store->base.url, y->from);
	else if (done->u.truth)
		ret = read_copy(y, c.json, err);
	else
		ret = go_on(y, c.json, err);
	*more = !ret && done && !done->u.truth;
	google_call_release(&c);
	strbuf_release(&why);
	return ret;
}

/*
 * What was copied already is not copied again: with a token a request can be
 * sent once more. The first one is with-retry.c's, which looks what became of
 * it.
 */
static int copy_on(struct copying *y, bool *more, struct strbuf *err)
{
	bool first = !y->token.len;
	struct again again;
	int ret;

	again_init(&again, first ? 0 : y->store->api.patience);
	do {
		ret = copy_some(y, more, &again.why);
		y->resent |= ret == ERR_TRANSIENT;
	} while (again_wait(&again, ret));
	return first ? again_give_up(&again, ret, err) :
		       again_end(&again, ret, err);
}

int gcs_copy(struct transport *t, const char *from, const char *to,
	     const char *version, struct strbuf *err)
{
	struct object old = OBJECT_INIT;
	struct copying y = {
		.store = gcs_store_of(t), .from = from, .to = to, .old = &old,
		.path = STRBUF_INIT, .token = STRBUF_INIT,
	};
	bool more = true;
	int ret;

	ret = gcs_stat(t, from, &old, err);
	if (!ret && version && strcmp(version, old.version))
		ret = object_fail_changed(&y.store->base, from, err);
	gcs_path(y.store, from, &y.path);
	strbuf_addstr(&y.path, "/rewriteTo");
	gcs_path_in(y.store, to, &y.path);
	while (!ret && more)
		ret = copy_on(&y, &more, err);
	object_release(&old);
	strbuf_release(&y.path);
	strbuf_release(&y.token);
	return ret;
}
