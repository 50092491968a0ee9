/*
 * Clauses about what is put, and what is left when that fails.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/contract/contract-internal.h"

/* A source of made-up bytes that does what sources may do. */
struct made {
	struct put_source source;
	uint64_t len, pos;	/* what it gives, whatever size says */
	uint64_t fails_at;	/* UINT64_MAX: never */
	unsigned seed;
};

static int made_open(struct put_source *s, uint64_t offset,
		     struct strbuf *err UNUSED)
{
	((struct made *)s)->pos = offset;
	return 0;
}

static int made_read(struct put_source *s, void *buf, size_t len, size_t *got,
		     struct strbuf *err)
{
	struct made *m = (struct made *)s;

	*got = (size_t)MINIMUM(len, m->len - m->pos);
	if (m->pos + *got > m->fails_at)
		return fail(err, ERR_NO, "the source ends here");
	clause_fill(buf, *got, m->pos, m->seed);
	m->pos += *got;
	return 0;
}

static void made_init(struct made *m, uint64_t len, unsigned seed)
{
	memset(m, 0, sizeof(*m));
	m->source.size = m->len = len;
	m->source.open = made_open;
	m->source.read = made_read;
	m->fails_at = UINT64_MAX;
	m->seed = seed;
}

/*
 * While the object is put, its source looks at the store: it is as before.
 */
struct looking {
	struct made made;
	struct clause *clause;
	const char *text;	/* of "a" before; NULL: nothing */
	unsigned looks;
	bool good;
};

static int looking_read(struct put_source *s, void *buf, size_t len,
			size_t *got, struct strbuf *err)
{
	struct looking *l = (struct looking *)s;
	struct clause *c = l->clause;
	int ret = made_read(s, buf, len, got, err);

	l->looks++;
	l->good = l->good && clause_holds(c, "a", l->text) &&
		  want_code(c, 0, clause_list(c, "", 0), "list") &&
		  clause_listed(c, l->text ? "a" : "");
	return ret;
}

static bool put_looking(struct clause *c, const char *before, unsigned seed)
{
	struct looking l = { .clause = c, .text = before, .good = true };
	char *key = xstrdup(clause_key(c, "a"));
	struct put_request r = { .key = key, .source = &l.made.source };
	struct strbuf err = STRBUF_INIT;
	int ret;

	made_init(&l.made, 9 << 20, seed);
	l.made.source.read = looking_read;
	/* Not by clause_put(): the looks use what it would. */
	ret = transport_put(c->t, &r, NULL, &err);
	strbuf_reset(&c->err);
	strbuf_addbuf(&c->err, &err);
	strbuf_release(&err);
	free(key);
	return l.good && want(c, l.looks > 1, "the source was not read") &&
	       want_code(c, 0, ret, "put");
}

/* The object has what such a source gives. */
static bool holds_made(struct clause *c, const char *name, uint64_t len,
		       unsigned seed)
{
	unsigned char wanted[4096];
	size_t pos, n;

	if (!want_code(c, 0, clause_get(c, name, 0, RANGE_TO_END, NULL),
		       name) ||
	    !want(c, c->got.len == len, "%s has %zu bytes and not %" PRIu64,
		  name, c->got.len, len))
		return false;
	for (pos = 0; pos < c->got.len; pos += n) {
		n = MINIMUM(sizeof(wanted), c->got.len - pos);
		clause_fill(wanted, n, pos, seed);
		if (!want(c, !memcmp(c->got.buf + pos, wanted, n),
			  "%s has other bytes after %zu", name, pos))
			return false;
	}
	return true;
}

static bool put_made(struct clause *c, const char *name, uint64_t len,
		     bool known, unsigned seed)
{
	struct made m;

	made_init(&m, len, seed);
	if (!known)
		m.source.size = OBJECT_SIZE_UNKNOWN;
	return want_code(c, 0, clause_put_source(c, name, &m.source,
						 EXPECT_ANY), name) &&
	       want(c, c->put.size == len, "put says %" PRIu64 " bytes, not %"
		    PRIu64, c->put.size, len) &&
	       holds_made(c, name, len, seed);
}

static bool answer(struct clause *c)
{
	return want_code(c, 0, clause_put(c, "a", "text", EXPECT_ANY, NULL),
			 "put") &&
	       want_code(c, 0, clause_stat(c, "a"), "stat") &&
	       want(c, !strcmp(c->put.key, c->seen.key), "keys differ") &&
	       want(c, c->put.size == 4 && c->seen.size == 4,
		    "sizes are %" PRIu64 " and %" PRIu64, c->put.size,
		    c->seen.size) &&
	       want(c, *c->put.version && !strcmp(c->put.version,
						  c->seen.version),
		    "versions are '%s' and '%s'", c->put.version,
		    c->seen.version) &&
	       want(c, strlen(c->seen.version) <= OBJECT_VERSION_MAX &&
		    !c->seen.version[strspn(c->seen.version,
			"!\"#$%&'()*+,-./0123456789:;<=>?@"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
			"abcdefghijklmnopqrstuvwxyz{|}~")],
		    "the version '%s' is no short printable text",
		    c->seen.version);
}

static bool empty(struct clause *c)
{
	return put_made(c, "nothing", 0, true, 0) &&
	       put_made(c, "nothing, unknown", 0, false, 0) &&
	       want_code(c, 0, clause_stat(c, "nothing"), "stat") &&
	       want(c, c->seen.size == 0, "the size is %" PRIu64, c->seen.size);
}

static bool sizes(struct clause *c)
{
	static const uint64_t size[] = {
		1, 4095, 65535, 65536, 65537, (1 << 20) - 1, 1 << 20,
		(1 << 20) + 1
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(size); i++)
		if (!put_made(c, "a", size[i], true, (unsigned)i))
			return false;
	return true;
}

/* Behind 8 MiB stores have other ways to take an object. */
static bool large(struct clause *c)
{
	return put_made(c, "8 MiB", 8 << 20, true, 1) &&
	       put_made(c, "9 MiB", (9 << 20) + 1, true, 2);
}

static bool unknown_size(struct clause *c)
{
	return put_made(c, "small", 100, false, 1) &&
	       put_made(c, "1 MiB", 1 << 20, false, 2) &&
	       put_made(c, "9 MiB", 9 << 20, false, 3);
}

static bool only_once(struct clause *c)
{
	struct made m;

	made_init(&m, 200000, 7);
	m.source.open = NULL;
	return want_code(c, 0, clause_put_source(c, "a", &m.source,
						 EXPECT_ABSENT), "put") &&
	       holds_made(c, "a", 200000, 7);
}

/* Nothing of `name` is there, and no object more than `listed` says. */
static bool is_as_before(struct clause *c, const char *text,
			 const char *listed)
{
	return clause_holds(c, "a", text) &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, listed);
}

static bool failing_source(struct clause *c)
{
	static const uint64_t at[] = { 0, 1, 70000, 8500000 };
	struct made m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		made_init(&m, 9 << 20, 1);
		m.fails_at = at[i];
		if (!want_code(c, ERR_NO,
			       clause_put_source(c, "a", &m.source,
						 EXPECT_ANY),
			       "put from a source that fails") ||
		    !is_as_before(c, NULL, ""))
			return false;
	}
	return true;
}

static bool failing_source_over(struct clause *c)
{
	struct made m;

	if (!want_code(c, 0, clause_put(c, "a", "old", EXPECT_ANY, NULL),
		       "put"))
		return false;
	made_init(&m, 9 << 20, 1);
	m.fails_at = 8500000;
	return want_code(c, ERR_NO, clause_put_source(c, "a", &m.source,
						      EXPECT_ANY),
			 "put from a source that fails") &&
	       is_as_before(c, "old", "a");
}

static bool wrong_size(struct clause *c, uint64_t said, uint64_t given)
{
	struct made m;

	made_init(&m, given, 1);
	m.source.size = said;
	return want_code(c, ERR_CONTENT, clause_put_source(c, "a", &m.source,
							   EXPECT_ANY),
			 "put of another size than was said") &&
	       is_as_before(c, "old", "a");
}

static bool broken_promise(struct clause *c)
{
	return want_code(c, 0, clause_put(c, "a", "old", EXPECT_ANY, NULL),
			 "put") &&
	       wrong_size(c, 100, 99) && wrong_size(c, 100, 101) &&
	       wrong_size(c, 100, 0) && wrong_size(c, 0, 1) &&
	       wrong_size(c, 9 << 20, (9 << 20) - 1) &&
	       wrong_size(c, 9 << 20, (9 << 20) + 1);
}

static bool unfinished(struct clause *c)
{
	return put_looking(c, NULL, 1) && holds_made(c, "a", 9 << 20, 1) &&
	       want_code(c, 0, clause_put(c, "a", "old", EXPECT_ANY, NULL),
			 "put") &&
	       put_looking(c, "old", 2) && holds_made(c, "a", 9 << 20, 2);
}

/* Any object, as the put says or as it is listed without. */
static bool metadata(struct clause *c)
{
	struct strvec meta = STRVEC_INIT;
	struct put_memory source;
	struct put_request r = { .expect = EXPECT_ANY, .meta = &meta };
	char value[OBJECT_META_VALUE_MAX + 1];
	bool keeps = transport_caps(c->t) & TRANSPORT_CAN_META, good;
	int ret;

	memset(value, 'v', sizeof(value));
	value[OBJECT_META_VALUE_MAX] = '\0';
	strvec_push(&meta, "a=");
	strvec_push(&meta, "b-2= =?\"\\~%41 ,;");
	strvec_pushf(&meta, "long-key-of-20-bytes=%s", value);
	put_memory_init(&source, "text", 4);
	r.key = clause_key(c, "a");
	r.source = &source.source;
	ret = transport_put(c->t, &r, &c->put, &c->err);
	good = want_code(c, 0, ret, "put") &&
	       want_code(c, 0, clause_stat(c, "a"), "stat");
	strvec_sort(&c->seen.meta, false);
	good = good &&
	       want(c, c->seen.meta.nr == (keeps ? meta.nr : 0),
		    "%zu pairs of metadata", c->seen.meta.nr) &&
	       (!keeps || want(c, !strcmp(c->seen.meta.v[0], meta.v[0]) &&
			       !strcmp(c->seen.meta.v[1], meta.v[1]) &&
			       !strcmp(c->seen.meta.v[2], meta.v[2]),
			       "the metadata is '%s', '%s', '%s'",
			       c->seen.meta.v[0], c->seen.meta.v[1],
			       c->seen.meta.v[2]));
	strvec_release(&meta);
	return good;
}

const struct clause_entry clauses_of_put[] = {
	{ "a put says size and version, as stat does", answer, 0 },
	{ "an object may be empty", empty, 0 },
	{ "objects of any size are put as they are", sizes, 0 },
	{ "so are large ones", large, 0 },
	{ "a source need not know its size", unknown_size, 0 },
	{ "what is being put is not there yet", unfinished, 0 },
	{ "a source that can be read once is read once", only_once, 0 },
	{ "a source that fails leaves nothing", failing_source, 0 },
	{ "a source that fails leaves what was there", failing_source_over,
	  0 },
	{ "a source of another size than it says is refused", broken_promise,
	  0 },
	{ "metadata is kept as it is, or dropped", metadata, 0 },
	{ NULL, NULL, 0 }
};
