/*
 * Tries again what is worth it: ERR_TRANSIENT, for as long as the caller has
 * patience. Everything else goes through untouched. After the last try it is
 * ERR_UNREACHABLE.
 *
 * A request whose answer was lost may have worked. So a put that is tried
 * again first looks what is there, and when that is what it was about to put,
 * it is done; likewise a removal whose object is gone.
 */
#include "lib/base/compat.h"
#include "lib/base/again.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/base/strmap.h"
#include "transport/transport-ops.h"

struct retrying {
	struct transport base;
	unsigned patience;
};

static struct transport *inner_of(struct transport *t)
{
	return t->inner;
}

static void start(struct again *a, struct transport *t)
{
	again_init(a, ((struct retrying *)t)->patience);
}

/* ---- list --------------------------------------------------------------- */

/* What the caller's function says is no failure of the store. */
struct listing {
	object_fn fn;
	void *data;
	int said;
};

static int pass_on(const struct object *o, void *data)
{
	struct listing *l = data;

	l->said = l->fn(o, l->data);
	return l->said;
}

/* A page of objects, or (rests) of what puts left. */
static int list_page(struct transport *t, const char *prefix, unsigned flags,
		     bool rests, struct strbuf *cursor, object_fn fn,
		     void *data, struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct listing listing = { fn, data, 0 };
	struct strbuf before = STRBUF_INIT;
	struct again again;
	int ret;

	start(&again, t);
	strbuf_addbuf(&before, cursor);
	do {
		strbuf_reset(cursor);
		strbuf_addbuf(cursor, &before);
		ret = rests ?
			inner->ops->rests(inner, prefix, cursor, pass_on,
					  &listing, &again.why) :
			inner->ops->list(inner, prefix, flags, cursor,
					 pass_on, &listing, &again.why);
	} while (!listing.said && again_wait(&again, ret));
	strbuf_release(&before);
	return listing.said ? again_give_up(&again, ret, NULL) :
			      again_end(&again, ret, err);
}

static int retry_list(struct transport *t, const char *prefix, unsigned flags,
		      struct strbuf *cursor, object_fn fn, void *data,
		      struct strbuf *err)
{
	return list_page(t, prefix, flags, false, cursor, fn, data, err);
}

static int retry_rests(struct transport *t, const char *prefix,
		       struct strbuf *cursor, object_fn fn, void *data,
		       struct strbuf *err)
{
	return list_page(t, prefix, 0, true, cursor, fn, data, err);
}

/* ---- stat and get ------------------------------------------------------- */

static int retry_stat(struct transport *t, const char *key,
		      struct object *out, struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct again again;
	int ret;

	start(&again, t);
	do {
		ret = inner->ops->stat(inner, key, out, &again.why);
	} while (again_wait(&again, ret));
	return again_end(&again, ret, err);
}

static int retry_sum(struct transport *t, const char *key,
		     const char *version, struct object *out,
		     struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct again again;
	int ret;

	start(&again, t);
	do {
		ret = inner->ops->sum(inner, key, version, out, &again.why);
	} while (again_wait(&again, ret));
	return again_end(&again, ret, err);
}

struct getting {
	const struct object_sink *sink;
	uint64_t got;
	bool sink_failed;
	bool sums;		/* crc32c is that of what the sink got */
	uint32_t crc32c;
};

static int count_bytes(void *data, const void *buf, size_t len,
		       struct strbuf *err)
{
	struct getting *g = data;
	int ret = g->sink->write(g->sink->data, buf, len, err);

	if (ret)
		g->sink_failed = true;
	else
		g->got += len;
	if (!ret && g->sums)
		g->crc32c = crc32c(g->crc32c, buf, len);
	return ret;
}

/* A backend compares what one answer gives whole; what came in pieces, it
 * cannot. */
static int check_joined(struct transport *inner, const char *key,
			const struct getting *g, const char *version,
			struct strbuf *err)
{
	struct object o = OBJECT_INIT;
	int ret = inner->ops->stat(inner, key, &o, NULL);

	/* what cannot be told is not, as where an answer has no sum */
	if (!ret && !strcmp(o.version, version) &&
	    (o.sums & OBJECT_HAS_CRC32C) && o.crc32c != g->crc32c)
		ret = fail(err, ERR_CONTENT, "'%s' in '%s' came in pieces "
			   "that together do not have its CRC32C (%08" PRIx32
			   ", and not %08" PRIx32 ")", key, inner->url,
			   g->crc32c, o.crc32c);
	else
		ret = 0;
	object_release(&o);
	return ret;
}

/*
 * Goes on behind what the sink has, in the same version. Each failure after
 * which more came begins the patience anew, or a large object could not be
 * read over a line that fails now and then.
 */
static int retry_get(struct transport *t, const char *key,
		     const struct object_range *r,
		     const struct object_sink *sink, struct strbuf *version,
		     struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct getting getting = {
		.sink = sink, .sums = !r->offset && r->len == RANGE_TO_END &&
			(transport_caps(inner) & TRANSPORT_IS_FAR)
	};
	struct object_sink counting = { count_bytes, &getting };
	struct object_range range = *r;
	struct strbuf of = STRBUF_INIT;
	uint64_t had = 0;
	struct again again;
	int ret;

	start(&again, t);
	for (;;) {
		ret = inner->ops->get(inner, key, &range, &counting, &of,
				      &again.why);
		if (getting.got > had)
			again_reset(&again);
		had = getting.got;
		if (getting.sink_failed || !again_wait(&again, ret))
			break;
		range.offset = r->offset + had;
		if (r->len != RANGE_TO_END)
			range.len = r->len - had;
		if (had && of.len)
			range.version = of.buf;
	}
	if (!ret && getting.sums && range.offset)
		ret = check_joined(inner, key, &getting, of.buf, &again.why);
	if (!ret && version) {
		strbuf_reset(version);
		strbuf_addbuf(version, &of);
	}
	strbuf_release(&of);
	return getting.sink_failed ? again_give_up(&again, ret, err) :
				     again_end(&again, ret, err);
}

/* ---- put ---------------------------------------------------------------- */

/* Whose failure it was. */
struct watched_source {
	struct put_source base;
	struct put_source *inner;
	bool failed;
};

static int watched_open(struct put_source *s, uint64_t offset,
			struct strbuf *err)
{
	struct watched_source *w = (struct watched_source *)s;
	int ret = w->inner->open(w->inner, offset, err);

	w->failed |= ret != 0;
	return ret;
}

static int watched_read(struct put_source *s, void *buf, size_t len,
			size_t *got, struct strbuf *err)
{
	struct watched_source *w = (struct watched_source *)s;
	int ret = w->inner->read(w->inner, buf, len, got, err);

	w->failed |= ret != 0;
	return ret;
}

static void watch(struct watched_source *w, struct put_source *source)
{
	memset(w, 0, sizeof(*w));
	w->inner = source;
	w->base.size = source->size;
	w->base.bound = source->bound;
	w->base.bytes = source->bytes;
	w->base.open = source->open ? watched_open : NULL;
	w->base.read = watched_read;
}

struct comparing {
	struct put_source *source;
	char *buf;
	size_t room;
	bool differs;
};

static int compare_bytes(void *data, const void *buf, size_t len,
			 struct strbuf *err)
{
	struct comparing *c = data;
	const char *at = buf;
	size_t got;
	int ret;

	while (len && !c->differs) {
		ret = c->source->read(c->source, c->buf,
				      MINIMUM(len, c->room), &got, err);
		if (ret)
			return ret;
		c->differs = !got || memcmp(at, c->buf, got);
		at += got;
		len -= got;
	}
	/* Ends the read; nobody sees the sentence. */
	return c->differs ? ERR_CONFLICT : 0;
}

/* Whether the object there holds what the source gives: by reading it. */
static int is_ours(struct transport *t, const struct object *there,
		   struct put_source *source, bool *ours, struct strbuf *err)
{
	struct object_range range = { 0, RANGE_TO_END, there->version };
	struct comparing c = { .source = source, .room = 1 << 16 };
	struct object_sink sink = { compare_bytes, &c };
	size_t got = 1;
	int ret;

	*ours = false;
	if (source->size != OBJECT_SIZE_UNKNOWN && source->size != there->size)
		return 0;
	ret = source->open(source, 0, err);
	if (ret)
		return ret;
	c.buf = xmalloc(c.room);
	ret = t->ops->get(t, there->key, &range, &sink, NULL, err);
	if (!ret)
		ret = source->read(source, c.buf, 1, &got, err);
	free(c.buf);
	*ours = !ret && !got;
	return c.differs || ret == ERR_CONFLICT || ret == ERR_NOT_FOUND ?
		0 : ret;
}

/*
 * Before another try, and when a later one finds its expectation not met:
 * whether the one before has worked. *done: `out` is what is there.
 */
static int look_for_ours(struct transport *t, const struct put_request *r,
			 struct object *out, bool *done, struct strbuf *err)
{
	struct object there = OBJECT_INIT;
	/* That nothing is there, or something else, is no failure to tell. */
	struct strbuf why = STRBUF_INIT;
	int ret;

	*done = false;
	ret = t->ops->stat(t, r->key, &there, &why);
	if (ret == ERR_NOT_FOUND) {
		ret = 0;
		goto cleanup;
	}
	if (!ret && r->expect == EXPECT_VERSION &&
	    !strcmp(r->version, there.version))
		goto cleanup;
	if (!ret)
		ret = is_ours(t, &there, r->source, done, &why);
	if (ret)
		strbuf_addbuf(err, &why);
	if (!ret && *done && out) {
		struct object old = *out;

		*out = there;
		there = old;
	}

cleanup:
	object_release(&there);
	strbuf_release(&why);
	return ret;
}

/* One more try, after one that failed with ERR_TRANSIENT. */
static int put_again(struct transport *t, const struct put_request *r,
		     struct object *out, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	bool done = false;
	int ret, conflict;

	/* Whatever is there is replaced: the same once more. */
	if (r->expect == EXPECT_ANY)
		return t->ops->put(t, r, out, err);
	ret = look_for_ours(t, r, out, &done, err);
	if (ret || done)
		return ret;
	conflict = t->ops->put(t, r, out, err);
	if (conflict != ERR_CONFLICT)
		return conflict;
	ret = look_for_ours(t, r, out, &done, &why);
	if (ret == ERR_TRANSIENT) {
		/* Not known yet; the next try finds out. */
		strbuf_reset(err);
		strbuf_addbuf(err, &why);
		conflict = ret;
	} else if (!ret && done) {
		conflict = 0;
	}
	strbuf_release(&why);
	return conflict;
}

static int retry_put(struct transport *t, const struct put_request *r,
		     struct object *out, struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct watched_source source;
	struct put_request request = *r;
	struct again again;
	int ret;

	start(&again, t);
	watch(&source, r->source);
	request.source = &source.base;
	ret = inner->ops->put(inner, &request, out, &again.why);
	/* What cannot be read twice is put once. */
	while (r->source->open && !source.failed && again_wait(&again, ret)) {
		ret = put_again(inner, &request, out, &again.why);
		/* A sentence of a try that did not count. */
		if (!ret)
			strbuf_reset(&again.why);
	}
	return source.failed ? again_give_up(&again, ret, err) :
			       again_end(&again, ret, err);
}

/* ---- remove, rename, copy, presign -------------------------------------- */

typedef int (*remove_one_fn)(struct transport *t, const char *key,
			     const char *version, struct strbuf *err);

static int retry_remove_by(struct transport *t, remove_one_fn fn,
			   const char *key, const char *version,
			   struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct again again;
	int ret;

	start(&again, t);
	do {
		ret = fn(inner, key, version, &again.why);
		if (ret == ERR_NOT_FOUND && again.tries)
			ret = 0;
	} while (again_wait(&again, ret));
	return again_end(&again, ret, err);
}

static int retry_remove(struct transport *t, const char *key,
			const char *version, struct strbuf *err)
{
	return retry_remove_by(t, inner_of(t)->ops->remove, key, version, err);
}

static int retry_prune(struct transport *t, const char *key,
		       const char *version, struct strbuf *err)
{
	return retry_remove_by(t, inner_of(t)->ops->prune, key, version, err);
}

static int retry_withdraw(struct transport *t, const char *key,
			  const char *state, struct strbuf *err)
{
	return retry_remove_by(t, inner_of(t)->ops->withdraw, key, state, err);
}

/* Keys of which nothing final was said yet. */
struct many {
	removed_fn fn;
	void *data;
	struct strmap left;
	size_t done;
	struct strbuf why;	/* of one that failed for now; "": none did */
	int said;
};

static int note_removed(const char *key, int code, const char *message,
			void *data)
{
	struct many *m = data;

	if (code == ERR_TRANSIENT) {
		strbuf_reset(&m->why);
		strbuf_addstr(&m->why, message);
		return 0;
	}
	strmap_put(&m->left, key, NULL);
	m->done++;
	m->said = m->fn(key, code, message, m->data);
	return m->said;
}

static void keys_left(const struct many *m, struct strvec *out)
{
	size_t i;

	strvec_clear(out);
	for (i = 0; i < m->left.nr; i++)
		if (m->left.item[i].value)
			strvec_push(out, m->left.item[i].key);
}

/* What failed for now until the patience ended has failed. */
static int tell_left(struct many *m, int code, const char *message)
{
	size_t i;

	for (i = 0; i < m->left.nr && !m->said; i++)
		if (m->left.item[i].value)
			m->said = m->fn(m->left.item[i].key, code, message,
					m->data);
	return m->said;
}

/* Those that were removed are not asked for again; each try that removed some
 * begins the patience anew. */
static int try_many(struct many *m, struct transport *t,
		    const struct strvec *keys, struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct strvec left = STRVEC_INIT;
	struct strbuf end = STRBUF_INIT;
	struct again again;
	size_t had = 0, i;
	bool each = false;
	int ret;

	for (i = 0; i < keys->nr; i++)
		strmap_put(&m->left, keys->v[i], m);
	start(&again, t);
	do {
		if (m->done > had)
			again_reset(&again);
		had = m->done;
		keys_left(m, &left);
		strbuf_reset(&m->why);
		ret = inner->ops->remove_many(inner, &left, note_removed, m,
					      &again.why);
		each = !ret && m->why.len;
		if (each)
			ret = fail(&again.why, ERR_TRANSIENT, "%s",
				   m->why.buf);
	} while (!m->said && again_wait(&again, ret));
	ret = m->said ? again_give_up(&again, ret, NULL) :
			again_end(&again, ret, &end);
	if (ret && each && !m->said)
		ret = tell_left(m, ret, end.buf);
	else if (ret && !m->said)
		fail(err, ret, "%s", end.buf);
	strbuf_release(&end);
	strvec_release(&left);
	return ret;
}

static int retry_remove_many(struct transport *t, const struct strvec *keys,
			     removed_fn fn, void *data, struct strbuf *err)
{
	struct many m = { .fn = fn, .data = data, .left = STRMAP_INIT,
			  .why = STRBUF_INIT };
	int ret;

	if (!inner_of(t)->ops->remove_many)
		return transport_remove_each(t, keys, fn, data, err);
	ret = try_many(&m, t, keys, err);
	strmap_release(&m.left);
	strbuf_release(&m.why);
	return ret;
}

typedef int (*two_keys_fn)(struct transport *t, const char *from,
			   const char *to, const char *version,
			   struct strbuf *err);

static bool same_meta(const struct object *a, const struct object *b)
{
	size_t i, j;

	for (i = 0; i < a->meta.nr; i++) {
		for (j = 0; j < b->meta.nr; j++)
			if (!strcmp(a->meta.v[i], b->meta.v[j]))
				break;
		if (j == b->meta.nr)
			return false;
	}
	return a->meta.nr && a->meta.nr == b->meta.nr;
}

/* Whether they are known to be the same: by their sums, or, where the store has
 * none of both (copies in parts), by a version that is made of the bytes, or by
 * what their maker said of them. */
static bool is_same(const struct object *a, const struct object *b)
{
	unsigned both = a->sums & b->sums;

	if (a->size != b->size)
		return false;
	if (!both)
		return !strcmp(a->version, b->version) || same_meta(a, b);
	return (!(both & OBJECT_HAS_MD5) ||
		!memcmp(a->md5, b->md5, sizeof(a->md5))) &&
	       (!(both & OBJECT_HAS_SHA256) ||
		!memcmp(a->sha256, b->sha256, sizeof(a->sha256))) &&
	       (!(both & OBJECT_HAS_CRC32C) || a->crc32c == b->crc32c);
}

/*
 * After a lost answer `from` is gone (rename) or `to` is there (copy), as
 * `from` was before: then it was us. Who copied removes `from`, so there the
 * size alone does not tell.
 */
static int retry_two(struct transport *t, two_keys_fn fn, bool removes,
		     const char *from, const char *to, const char *version,
		     struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct object old = OBJECT_INIT, new = OBJECT_INIT;
	struct again again;
	int ret;

	start(&again, t);
	do {
		if (!old.key)
			ret = inner->ops->stat(inner, from, &old, &again.why);
		else
			ret = 0;
		if (!ret)
			ret = fn(inner, from, to, version, &again.why);
		if (again.tries && old.key && strcmp(from, to) &&
		    ret == (removes ? ERR_NOT_FOUND : ERR_CONFLICT) &&
		    !inner->ops->stat(inner, to, &new, NULL) &&
		    (removes ? new.size == old.size : is_same(&old, &new)))
			ret = 0;
	} while (again_wait(&again, ret));
	object_release(&old);
	object_release(&new);
	return again_end(&again, ret, err);
}

static int retry_rename(struct transport *t, const char *from, const char *to,
			const char *version, struct strbuf *err)
{
	return retry_two(t, inner_of(t)->ops->rename, true, from, to, version,
			 err);
}

static int retry_copy(struct transport *t, const char *from, const char *to,
		      const char *version, struct strbuf *err)
{
	return retry_two(t, inner_of(t)->ops->copy, false, from, to, version,
			 err);
}

static int retry_presign(struct transport *t, const char *key,
			 unsigned seconds, struct strbuf *url,
			 struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct again again;
	int ret;

	start(&again, t);
	do {
		ret = inner->ops->presign(inner, key, seconds, url,
					  &again.why);
	} while (again_wait(&again, ret));
	return again_end(&again, ret, err);
}

static void retry_release(struct transport *t)
{
	struct transport *inner = inner_of(t);

	inner->ops->release(inner);
	free(t->url);
	free(t);
}

static const struct transport_ops ops_retrying = {
	.type = "retrying",
	.list = retry_list,
	.stat = retry_stat,
	.get = retry_get,
	.sum = retry_sum,
	.put = retry_put,
	.remove = retry_remove,
	.remove_many = retry_remove_many,
	.rename = retry_rename,
	.copy = retry_copy,
	.presign = retry_presign,
	.rests = retry_rests,
	.prune = retry_prune,
	.withdraw = retry_withdraw,
	.release = retry_release,
};

struct transport *transport_with_retry(struct transport *t,
				       const struct transport_config *c)
{
	struct retrying *retrying = xcalloc(1, sizeof(*retrying));

	retrying->base.ops = &ops_retrying;
	retrying->base.caps = t->caps;
	retrying->base.url = xstrdup(t->url);
	retrying->base.inner = t;
	retrying->patience = c->patience;
	return &retrying->base;
}
