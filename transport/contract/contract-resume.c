/*
 * Clauses about puts that another goes on with. A test cannot die in the middle
 * of one; but while it is read from the source of a first put, that has come so
 * far as one that died, and the other does what comes after a death.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/contract/contract-internal.h"

/* Some parts; and more of them than are sent at once, so that some are held
 * before the last is read. */
#define FEW (((uint64_t)17 << 20) + 12345)
#define MANY (((uint64_t)33 << 20) + 12345)
/* Of the last part. */
#define REST ((uint64_t)1 << 20)

struct kept {
	struct put_resume resume;	/* first */
	unsigned saves;			/* with a state */
};

static int keep_state(struct put_resume *r, const char *state,
		      struct strbuf *err UNUSED)
{
	struct kept *k = (struct kept *)r;
	char *copy = state ? xstrdup(state) : NULL;

	free(r->state);
	r->state = copy;
	k->saves += state != NULL;
	return 0;
}

/* A source that calls `fn` once, when most were read. */
struct late {
	struct put_source source;	/* first */
	struct clause *clause;
	struct kept *kept;		/* of the put that reads it */
	uint64_t pos;
	unsigned seed;
	bool (*fn)(struct late *l);	/* NULL: nothing */
	bool called, good;
};

static int late_open(struct put_source *s, uint64_t offset,
		     struct strbuf *err UNUSED)
{
	((struct late *)s)->pos = offset;
	return 0;
}

static int late_read(struct put_source *s, void *buf, size_t len, size_t *got,
		     struct strbuf *err UNUSED)
{
	struct late *l = (struct late *)s;

	*got = (size_t)MINIMUM((uint64_t)len, s->size - l->pos);
	clause_fill(buf, *got, l->pos, l->seed);
	l->pos += *got;
	if (l->fn && !l->called && l->pos > s->size - REST) {
		l->called = true;
		l->good = l->fn(l);
	}
	return 0;
}

static void late_init(struct late *l, struct clause *c, struct kept *kept,
		      uint64_t size, unsigned seed)
{
	memset(l, 0, sizeof(*l));
	l->source.size = size;
	l->source.open = late_open;
	l->source.read = late_read;
	l->clause = c;
	l->kept = kept;
	l->seed = seed;
	kept->resume.save = keep_state;
}

static int put(struct transport *t, struct late *l, enum put_expect expect)
{
	struct clause *c = l->clause;
	struct put_request r = {
		.key = clause_key(c, "a"), .source = &l->source,
		.expect = expect, .resume = &l->kept->resume
	};

	strbuf_reset(&c->err);
	return transport_put(t, &r, NULL, &c->err);
}

static bool holds(struct clause *c, uint64_t size, unsigned seed)
{
	unsigned char *bytes;
	bool good;

	if (!want_code(c, 0, clause_get(c, "a", 0, RANGE_TO_END, NULL), "get"))
		return false;
	bytes = xmalloc(size);
	clause_fill(bytes, size, 0, seed);
	good = want(c, c->got.len == size &&
		    !memcmp(c->got.buf, bytes, size),
		    "it holds something else");
	free(bytes);
	strbuf_release(&c->got);
	return good;
}

/* The first put of a clause, in the midst of which `fn` is called. */
static bool interrupted(struct clause *c, uint64_t size,
			enum put_expect expect, bool (*fn)(struct late *l))
{
	struct kept kept = { .saves = 0 };
	struct late l;
	bool good;

	late_init(&l, c, &kept, size, 5);
	l.fn = fn;
	good = want_code(c, 0, put(c->t, &l, expect), "put") &&
	       want(c, l.called, "the source was not read") && l.good &&
	       want(c, !kept.resume.state, "a state stays when it is done");
	free(kept.resume.state);
	return good && holds(c, size, 5);
}

/* ---- clauses ------------------------------------------------------------- */

static bool was_saved(struct late *l)
{
	return want(l->clause, l->kept->saves && l->kept->resume.state,
		    "nothing was saved");
}

/* By another handle, with what the first has saved. */
static bool other_put(struct late *l, unsigned seed, bool stale,
		      enum put_expect expect)
{
	struct clause *c = l->clause;
	struct kept kept = { .saves = 0 };
	struct late other;
	bool good;

	if (!was_saved(l))
		return false;
	late_init(&other, c, &kept, l->source.size, seed);
	kept.resume.state = xstrdup(l->kept->resume.state);
	kept.resume.stale = stale;
	good = want_code(c, 0, put(c->other, &other, expect), "another put") &&
	       want(c, !kept.resume.state, "a state stays when it is done") &&
	       want(c, stale == !kept.resume.held, "%" PRIu64
		    " bytes were held", kept.resume.held) &&
	       holds(c, l->source.size, seed);
	free(kept.resume.state);
	return good;
}

static bool same_bytes(struct late *l)
{
	return other_put(l, 5, false, EXPECT_ABSENT);
}

/* The first finds that it was done by somebody else. */
static bool goes_on(struct clause *c)
{
	return interrupted(c, MANY, EXPECT_ABSENT, same_bytes);
}

static bool other_bytes(struct late *l)
{
	return other_put(l, 6, true, EXPECT_ANY);
}

static bool begins_anew(struct clause *c)
{
	return interrupted(c, FEW, EXPECT_ANY, other_bytes);
}

static bool changed_bytes(struct late *l)
{
	struct clause *c = l->clause;
	struct kept kept = { .saves = 0 };
	struct late other;
	bool good;

	late_init(&other, c, &kept, l->source.size, 7);
	kept.resume.state = xstrdup(l->kept->resume.state);
	good = want_code(c, 0, put(c->other, &other, EXPECT_ANY),
			 "another put") &&
	       want(c, !kept.resume.held, "bytes were held that are others") &&
	       holds(c, l->source.size, 7);
	free(kept.resume.state);
	return good;
}

static bool compares(struct clause *c)
{
	return interrupted(c, MANY, EXPECT_ANY, changed_bytes);
}

static bool says_nothing(struct clause *c)
{
	struct kept kept = { .saves = 0 };
	struct late l;
	bool good;

	late_init(&l, c, &kept, FEW, 5);
	kept.resume.state = xstrdup("{\"x\": \"no state of anybody\"}");
	good = want_code(c, 0, put(c->t, &l, EXPECT_ABSENT), "put") &&
	       want(c, !kept.resume.held, "bytes were held") &&
	       want(c, !kept.resume.state, "a state stays when it is done");
	free(kept.resume.state);
	return good && holds(c, FEW, 5);
}

static int withdraw(struct clause *c, const char *name, const char *state)
{
	strbuf_reset(&c->err);
	return transport_withdraw(c->other, clause_key(c, name), state,
				  &c->err);
}

/* The first begins anew, or (as it may also happen) fails. */
static bool taken_away(struct late *l)
{
	struct clause *c = l->clause;
	char *state;
	bool good;

	if (!was_saved(l))
		return false;
	state = xstrdup(l->kept->resume.state);
	good = want_code(c, ERR_CONTENT, withdraw(c, "b", state),
			 "withdraw what is of another key") &&
	       want_code(c, 0, withdraw(c, "a", state), "withdraw") &&
	       want_code(c, 0, withdraw(c, "a", state), "withdraw again");
	free(state);
	return good;
}

static bool withdraws(struct clause *c)
{
	return interrupted(c, FEW, EXPECT_ABSENT, taken_away);
}

const struct clause_entry clauses_of_resume[] = {
	{ "another goes on with an interrupted put", goes_on,
	  TRANSPORT_CAN_RESUME },
	{ "what is stale is withdrawn and begun anew", begins_anew,
	  TRANSPORT_CAN_RESUME },
	{ "what is held is compared with what comes", compares,
	  TRANSPORT_CAN_RESUME },
	{ "a state that says nothing is none", says_nothing,
	  TRANSPORT_CAN_RESUME },
	{ "what an interrupted put left can be withdrawn", withdraws,
	  TRANSPORT_CAN_RESUME },
	{ NULL, NULL, 0 }
};
