/*
 * Clauses about what puts leave when their process dies, of which a test can
 * only show what must not be taken for that.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/contract/contract-internal.h"

#define UPLOAD ((uint64_t)9 << 20)

static int count_rest(const struct object *o, void *data)
{
	struct clause *c = data;

	strvec_push(&c->listed, o->key);
	/* Nobody may take away what another is at. */
	if (!transport_prune(c->other, o->key, o->version, NULL))
		strbuf_addf(&c->why, "'%s' was removed; ", o->key);
	return 0;
}

static int list_rests(struct clause *c)
{
	strvec_clear(&c->listed);
	strbuf_reset(&c->err);
	return transport_rests(c->other, c->prefix, count_rest, c, &c->err);
}

static bool no_rests(struct clause *c)
{
	return want_code(c, 0, list_rests(c), "rests") &&
	       want(c, !c->listed.nr, "there are %zu rests, as '%s'",
		    c->listed.nr, c->listed.v[0]);
}

/* Somebody else looks for rests in the midst of it. */
struct watched {
	struct put_source source;
	struct clause *clause;
	uint64_t pos, fails_at;
	bool good;
};

static int watched_open(struct put_source *s, uint64_t offset,
			struct strbuf *err UNUSED)
{
	((struct watched *)s)->pos = offset;
	return 0;
}

static int watched_read(struct put_source *s, void *buf, size_t len,
			size_t *got, struct strbuf *err)
{
	struct watched *w = (struct watched *)s;

	if (w->pos >= w->fails_at)
		return fail(err, ERR_NO, "the source ends here");
	*got = (size_t)MINIMUM((uint64_t)len, UPLOAD - w->pos);
	clause_fill(buf, *got, w->pos, 5);
	if (w->pos > UPLOAD / 2)
		w->good = w->good && no_rests(w->clause);
	w->pos += *got;
	return 0;
}

static void watch(struct watched *w, struct clause *c)
{
	memset(w, 0, sizeof(*w));
	w->source.size = UPLOAD;
	w->source.open = watched_open;
	w->source.read = watched_read;
	w->clause = c;
	w->fails_at = UINT64_MAX;
	w->good = true;
}

static bool under_way(struct clause *c)
{
	struct watched w;
	unsigned char *want_bytes;
	bool good;

	watch(&w, c);
	if (!want_code(c, 0, clause_put_source(c, "a", &w.source,
					       EXPECT_ABSENT), "put") ||
	    !w.good || !no_rests(c) ||
	    !want_code(c, 0, clause_get(c, "a", 0, RANGE_TO_END, NULL), "get"))
		return false;
	want_bytes = xmalloc(UPLOAD);
	clause_fill(want_bytes, UPLOAD, 0, 5);
	good = want(c, c->got.len == UPLOAD &&
		    !memcmp(c->got.buf, want_bytes, UPLOAD),
		    "it holds something else");
	free(want_bytes);
	return good;
}

static bool failed(struct clause *c)
{
	struct watched w;

	watch(&w, c);
	w.fails_at = UPLOAD - 1000000;
	return want_code(c, ERR_NO, clause_put_source(c, "a", &w.source,
						      EXPECT_ANY),
			 "put from a source that fails") && no_rests(c);
}

static int prune(struct clause *c, const char *name)
{
	strbuf_reset(&c->err);
	return transport_prune(c->t, clause_key(c, name), c->put.version,
			       &c->err);
}

static bool objects_stay(struct clause *c)
{
	return want_code(c, 0, clause_put(c, "a", "text", EXPECT_ANY, NULL),
			 "put") && no_rests(c) &&
	       want_code(c, ERR_NOT_FOUND, prune(c, "a"), "prune an object") &&
	       clause_holds(c, "a", "text") &&
	       want_code(c, ERR_NOT_FOUND, prune(c, "b"), "prune nothing");
}

const struct clause_entry clauses_of_prune[] = {
	{ "an upload under way is no rest", under_way, TRANSPORT_CAN_PRUNE },
	{ "a put that failed leaves no rest", failed, TRANSPORT_CAN_PRUNE },
	{ "prune removes no object", objects_stay, TRANSPORT_CAN_PRUNE },
	{ NULL, NULL, 0 }
};
