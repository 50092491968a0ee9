#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/contract/contract.h"
#include "transport/contract/contract-internal.h"

/* Clauses that are about one thing, and what happens to people without it. */
static const struct {
	const struct clause_entry *clauses;
	const char *means;
} parts[] = {
	{ clauses_of_keys, "experiments can be missing from listings or be "
		"taken for others: list, pull -A and fsck do not see all "
		"that is there" },
	{ clauses_of_put, "a push can leave half an experiment, or be called "
		"done when it is not" },
	{ clauses_of_get, "a pull can get bytes of another state of an "
		"experiment, or only some of them" },
	{ clauses_of_change, "a push, rm or comment can hit another state "
		"than the one that it looked at, and what somebody else did "
		"is lost" },
	{ clauses_of_threads, "people and jobs that push at the same time "
		"can overwrite or hide each other's experiments" },
	{ clauses_of_prune, "gc can take away an upload that somebody is at, "
		"or leave what crashes left" },
	{ clauses_of_resume, "an upload that was interrupted begins anew, or "
		"mixes two states of an experiment" },
};

unsigned contract_size(void)
{
	const struct clause_entry *e;
	unsigned nr = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		for (e = parts[i].clauses; e->sentence; e++)
			nr++;
	return nr;
}

/* ---- what clauses call -------------------------------------------------- */

bool want(struct clause *c, bool good, const char *fmt, ...)
{
	va_list ap;

	if (good)
		return true;
	va_start(ap, fmt);
	strbuf_vaddf(&c->why, fmt, ap);
	va_end(ap);
	return false;
}

static const char *name_of(int code)
{
	static const char *const names[] = {
		"success", "ERR_FAILED", "ERR_NOT_FOUND", "ERR_CREDENTIALS",
		"ERR_UNREACHABLE", "ERR_CONTENT", "ERR_CONFLICT",
		"ERR_TRANSIENT", "ERR_USAGE", "ERR_NO", "ERR_PARTLY"
	};

	return code > 0 || -code >= (int)ARRAY_SIZE(names) ? "?" :
							     names[-code];
}

bool want_code(struct clause *c, int code, int ret, const char *what)
{
	bool good = want(c, ret == code, "%s: %s and not %s%s%s", what,
			 name_of(ret), name_of(code), c->err.len ? ": " : "",
			 c->err.buf);

	if (good && !ret)
		return want(c, !c->err.len, "%s: done, and yet '%s'", what,
			    c->err.buf);
	return good && want(c, c->err.len > 0, "%s: failed without a word",
			    what);
}

const char *clause_key(struct clause *c, const char *name)
{
	struct strbuf *key = &c->key[c->keys_used++ % CLAUSE_KEYS];

	strbuf_reset(key);
	strbuf_addf(key, "%s%s", c->prefix, name);
	return key->buf;
}

/* Each place has its own byte, so that a shift or a swap shows. */
void clause_fill(void *buf, size_t len, uint64_t offset, unsigned seed)
{
	unsigned char *at = buf;
	size_t i;

	for (i = 0; i < len; i++) {
		uint64_t place = offset + i;

		at[i] = (unsigned char)((place * 31 + (place >> 8) * 7 +
					 (place >> 16) + seed) & 0xff);
	}
}

int clause_put_source(struct clause *c, const char *name,
		      struct put_source *source, enum put_expect expect)
{
	struct put_request r = { .key = clause_key(c, name),
				 .source = source, .expect = expect };

	strbuf_reset(&c->err);
	return transport_put(c->t, &r, &c->put, &c->err);
}

int clause_put(struct clause *c, const char *name, const char *text,
	       enum put_expect expect, const char *version)
{
	struct put_request r = { .key = clause_key(c, name), .expect = expect,
				 .version = version };
	struct put_memory source;

	put_memory_init(&source, text, strlen(text));
	r.source = &source.source;
	strbuf_reset(&c->err);
	return transport_put(c->t, &r, &c->put, &c->err);
}

static int keep_bytes(void *data, const void *buf, size_t len,
		      struct strbuf *err UNUSED)
{
	strbuf_add(data, buf, len);
	return 0;
}

int clause_get(struct clause *c, const char *name, uint64_t offset,
	       uint64_t len, const char *version)
{
	struct object_range range = { offset, len, version };
	struct object_sink sink = { keep_bytes, &c->got };

	strbuf_reset(&c->err);
	strbuf_reset(&c->got);
	return transport_get(c->t, clause_key(c, name), &range, &sink,
			     &c->version, &c->err);
}

int clause_stat(struct clause *c, const char *name)
{
	strbuf_reset(&c->err);
	return transport_stat(c->t, clause_key(c, name), &c->seen, &c->err);
}

int clause_remove(struct clause *c, const char *name, const char *version)
{
	strbuf_reset(&c->err);
	return transport_remove(c->t, clause_key(c, name), version, &c->err);
}

static int keep_key(const struct object *o, void *data)
{
	struct clause *c = data;

	strvec_push(&c->listed, o->key + strlen(c->prefix));
	return 0;
}

int clause_list(struct clause *c, const char *prefix, unsigned flags)
{
	int ret;

	strbuf_reset(&c->err);
	strvec_clear(&c->listed);
	ret = transport_list(c->t, clause_key(c, prefix), flags, keep_key, c,
			     &c->err);
	strvec_sort(&c->listed, false);
	return ret;
}

bool clause_listed(struct clause *c, const char *names)
{
	struct strbuf is = STRBUF_INIT;
	bool good;
	size_t i;

	for (i = 0; i < c->listed.nr; i++)
		strbuf_addf(&is, "%s%s", i ? " " : "", c->listed.v[i]);
	good = want(c, !strcmp(is.buf, names), "listed: '%s' and not '%s'",
		    is.buf, names);
	strbuf_release(&is);
	return good;
}

bool clause_holds(struct clause *c, const char *name, const char *text)
{
	int ret = clause_get(c, name, 0, RANGE_TO_END, NULL);

	if (!text)
		return want_code(c, ERR_NOT_FOUND, ret, name);
	return want_code(c, 0, ret, name) &&
	       want(c, c->got.len == strlen(text) &&
		    !memcmp(c->got.buf, text, c->got.len),
		    "%s holds '%.80s' and not '%.80s'", name, c->got.buf, text);
}

/* ---- all clauses -------------------------------------------------------- */

static void clause_init(struct clause *c, struct transport *store,
			struct transport *other, const char *prefix)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	c->t = store;
	c->other = other;
	c->prefix = prefix;
	for (i = 0; i < CLAUSE_KEYS; i++)
		strbuf_init(&c->key[i]);
	strvec_init(&c->put.meta);
	strvec_init(&c->seen.meta);
	strbuf_init(&c->got);
	strbuf_init(&c->version);
	strvec_init(&c->listed);
	strbuf_init(&c->err);
	strbuf_init(&c->why);
}

static void clause_release(struct clause *c)
{
	size_t i;

	for (i = 0; i < CLAUSE_KEYS; i++)
		strbuf_release(&c->key[i]);
	object_release(&c->put);
	object_release(&c->seen);
	strbuf_release(&c->got);
	strbuf_release(&c->version);
	strvec_release(&c->listed);
	strbuf_release(&c->err);
	strbuf_release(&c->why);
}

static const char *lacks(unsigned caps)
{
	static const struct { unsigned cap; const char *what; } words[] = {
		{ TRANSPORT_CAN_RENAME, "rename" },
		{ TRANSPORT_CAN_COPY, "copy" },
		{ TRANSPORT_CAN_PRESIGN, "give URLs of objects" },
		{ TRANSPORT_CAN_CREATE, "create in one step" },
		{ TRANSPORT_CAN_COMPARE, "compare in one step" },
		{ TRANSPORT_CAN_RESUME, "resume" },
		{ TRANSPORT_CAN_META, "keep metadata" },
		{ TRANSPORT_CAN_SUMS, "keep checksums" },
		{ TRANSPORT_CAN_PRUNE, "tell what uploads left" },
		{ TRANSPORT_CAN_SUM, "make a checksum" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (caps & words[i].cap)
			return words[i].what;
	return "do it";
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void check_one(const struct clause_entry *e, struct clause *c,
		      struct clause_result *r)
{
	unsigned missing = e->caps & ~transport_caps(c->t);
	double begun = now();

	r->sentence = e->sentence;
	if (missing) {
		r->state = CLAUSE_SKIPPED;
		strbuf_addf(&c->why, "this store cannot %s", lacks(missing));
	} else {
		r->state = e->check(c) ? CLAUSE_KEPT : CLAUSE_BROKEN;
	}
	r->why = c->why.buf;
	r->seconds = now() - begun;
}

unsigned contract_check(struct transport *store, struct transport *other,
			const char *prefix,
			void (*fn)(const struct clause_result *r, void *data),
			void *data)
{
	struct clause_result result = { 0 };
	const struct clause_entry *e;
	unsigned broken = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		for (e = parts[i].clauses; e->sentence; e++) {
			struct clause clause;
			char *own;

			result.nr++;
			result.means = parts[i].means;
			own = xstrfmt("%s%u/", prefix, result.nr);
			clause_init(&clause, store, other, own);
			check_one(e, &clause, &result);
			broken += result.state == CLAUSE_BROKEN;
			fn(&result, data);
			clause_release(&clause);
			free(own);
		}
	return broken;
}

static int collect_key(const struct object *o, void *data)
{
	strvec_push(data, o->key);
	return 0;
}

/* Key, version, and so on. */
static int collect_rest(const struct object *o, void *data)
{
	strvec_push(data, o->key);
	strvec_push(data, o->version);
	return 0;
}

/* Folders, where they are there without objects, too (Drive). What cannot be
 * removed is no failure: gc finds it. The prefix ends in '/', and what lies
 * beside it is not ours. */
static void clean_rests(struct transport *store, const char *prefix)
{
	struct strvec rests = STRVEC_INIT;
	char *own = xmemdupz(prefix, strlen(prefix) - 1);
	size_t i;

	if (!transport_rests(store, own, collect_rest, &rests, NULL))
		for (i = 0; i < rests.nr; i += 2)
			transport_prune(store, rests.v[i], rests.v[i + 1],
					NULL);
	strvec_release(&rests);
	free(own);
}

int contract_clean(struct transport *store, const char *prefix,
		   struct strbuf *err)
{
	struct strvec keys = STRVEC_INIT;
	size_t i;
	int ret;

	ret = transport_list(store, prefix, 0, collect_key, &keys, err);
	for (i = 0; i < keys.nr && !ret; i++) {
		ret = transport_remove(store, keys.v[i], NULL, err);
		if (ret == ERR_NOT_FOUND) {
			strbuf_reset(err);
			ret = 0;
		}
	}
	strvec_release(&keys);
	if (!ret)
		clean_rests(store, prefix);
	return ret;
}
