/*
 * Clauses about many at once.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/contract/contract-internal.h"

#include <pthread.h>

#define THREADS 16
#define ROUNDS 4		/* of what each thread does, at most 9 */
/* A store where nobody ever succeeds must not keep us. */
#define TRIES_MAX 5000
#define READERS 4
#define WHOLE_MAX 300000u

struct crowd {
	struct clause *clause;
	const char *key;
	void (*fn)(struct crowd *crowd, unsigned nr, struct strbuf *err);
	pthread_barrier_t start;
	bool over;		/* of those who go on until told */
	unsigned done, conflicts, bad;
	struct strbuf why;	/* of the first bad one */
	pthread_mutex_t lock;
};

struct member {
	struct crowd *crowd;
	unsigned nr;
	pthread_t id;
};

/* Half of them use one handle, half the other. */
static struct transport *handle_of(struct crowd *crowd, unsigned nr)
{
	return nr % 2 ? crowd->clause->other : crowd->clause->t;
}

static void count(struct crowd *crowd, int ret, const struct strbuf *err)
{
	pthread_mutex_lock(&crowd->lock);
	if (!ret)
		crowd->done++;
	else if (ret == ERR_CONFLICT)
		crowd->conflicts++;
	else if (!crowd->bad++)
		strbuf_addbuf(&crowd->why, err);
	pthread_mutex_unlock(&crowd->lock);
}

static void *run_member(void *data)
{
	struct member *m = data;
	struct strbuf err = STRBUF_INIT;

	pthread_barrier_wait(&m->crowd->start);
	m->crowd->fn(m->crowd, m->nr, &err);
	strbuf_release(&err);
	return NULL;
}

static void crowd_init(struct crowd *crowd, struct clause *c, const char *key)
{
	memset(crowd, 0, sizeof(*crowd));
	crowd->clause = c;
	crowd->key = key;
	strbuf_init(&crowd->why);
	pthread_mutex_init(&crowd->lock, NULL);
}

static void crowd_release(struct crowd *crowd)
{
	pthread_mutex_destroy(&crowd->lock);
	strbuf_release(&crowd->why);
}

static void run_crowd(struct crowd *crowd, unsigned nr,
		      void (*fn)(struct crowd *crowd, unsigned nr,
				 struct strbuf *err))
{
	struct member *m = xcalloc(nr, sizeof(*m));
	unsigned i;

	crowd->fn = fn;
	pthread_barrier_init(&crowd->start, NULL, nr);
	for (i = 0; i < nr; i++) {
		m[i].crowd = crowd;
		m[i].nr = i;
		if (pthread_create(&m[i].id, NULL, run_member, &m[i]))
			BUG("no thread for the contract");
	}
	for (i = 0; i < nr; i++)
		pthread_join(m[i].id, NULL);
	pthread_barrier_destroy(&crowd->start);
	free(m);
}

static int put_bytes(struct transport *t, const char *key, const void *data,
		     size_t len, enum put_expect expect, const char *version,
		     struct strbuf *err)
{
	struct put_memory source;
	struct put_request r = { .key = key, .expect = expect,
				 .version = version };

	put_memory_init(&source, data, len);
	r.source = &source.source;
	return transport_put(t, &r, NULL, err);
}

/* ---- one key ------------------------------------------------------------ */

static void create_one(struct crowd *crowd, unsigned nr, struct strbuf *err)
{
	char text[16];
	int ret;

	snprintf(text, sizeof(text), "of %u", nr);
	ret = put_bytes(handle_of(crowd, nr), crowd->key, text, strlen(text),
			EXPECT_ABSENT, NULL, err);
	count(crowd, ret, err);
}

static bool one_wins(struct clause *c)
{
	struct crowd crowd;
	unsigned round;
	bool good = true;
	char name[16];

	for (round = 0; round < ROUNDS && good; round++) {
		snprintf(name, sizeof(name), "a%u", round);
		crowd_init(&crowd, c, clause_key(c, name));
		run_crowd(&crowd, THREADS, create_one);
		good = want(c, crowd.done == 1 && !crowd.bad, "%u of %u "
			    "created it, %u failed: %s", crowd.done, THREADS,
			    crowd.bad, crowd.why.buf);
		crowd_release(&crowd);
	}
	return good;
}

/*
 * Each thread counts in a digit of its own, so no two ever put the same bytes,
 * which nobody tells apart; and one whose answer was lost sees by its digit
 * whether it had been done before somebody went on from there.
 */
static void add_one(struct crowd *crowd, unsigned nr, struct strbuf *err)
{
	struct transport *t = handle_of(crowd, nr);
	struct object now = OBJECT_INIT;
	unsigned tries = TRIES_MAX;
	char text[THREADS], next = '1';
	int ret = 0;

	while (next <= '0' + ROUNDS && tries-- &&
	       (!ret || ret == ERR_CONFLICT)) {
		strbuf_reset(err);
		memset(text, 0, sizeof(text));
		ret = transport_stat(t, crowd->key, &now, err);
		if (!ret)
			ret = transport_read(t, crowd->key, now.version, text,
					     THREADS, 0, err);
		if (ret)
			continue;
		if (text[nr] != next) {
			text[nr] = next;
			ret = put_bytes(t, crowd->key, text, THREADS,
					EXPECT_VERSION, now.version, err);
		}
		next += !ret;
	}
	count(crowd, ret, err);
	object_release(&now);
}

static bool none_is_lost(struct clause *c)
{
	struct crowd crowd;
	char zeros[THREADS + 1], sum[THREADS + 1];
	bool good;

	memset(zeros, '0', THREADS);
	memset(sum, '0' + ROUNDS, THREADS);
	zeros[THREADS] = sum[THREADS] = '\0';
	if (!want_code(c, 0, clause_put(c, "a", zeros, EXPECT_ABSENT, NULL),
		       "put"))
		return false;
	crowd_init(&crowd, c, clause_key(c, "a"));
	run_crowd(&crowd, THREADS, add_one);
	good = want(c, !crowd.bad, "%u failed: %s", crowd.bad,
		    crowd.why.buf) &&
	       clause_holds(c, "a", sum);
	crowd_release(&crowd);
	return good;
}

/* ---- readers while it is replaced --------------------------------------- */

/* Each version has one letter, and its own length. */
static size_t length_of(unsigned nr)
{
	return 1 + (nr * 77777u) % WHOLE_MAX;
}

struct seen {
	unsigned char letter;
	size_t len;
	bool mixed;
};

static int look(void *data, const void *buf, size_t len,
		struct strbuf *err UNUSED)
{
	const unsigned char *at = buf;
	struct seen *seen = data;
	size_t i;

	if (!seen->len && len)
		seen->letter = at[0];
	for (i = 0; i < len; i++)
		seen->mixed |= at[i] != seen->letter;
	seen->len += len;
	return 0;
}

static void read_whole(struct crowd *crowd, unsigned nr, struct strbuf *err)
{
	struct object_range range = { 0, RANGE_TO_END, NULL };
	struct seen seen;
	struct object_sink sink = { look, &seen };
	int ret;

	/* once in any case: on a busy machine the other one may be done */
	do {
		memset(&seen, 0, sizeof(seen));
		strbuf_reset(err);
		ret = transport_get(handle_of(crowd, nr), crowd->key, &range,
				    &sink, NULL, err);
		if (!ret && (seen.mixed || seen.len != length_of(seen.letter)))
			ret = fail(err, ERR_CONTENT, "%zu bytes that begin "
				   "with %u%s", seen.len, seen.letter,
				   seen.mixed ? ", and others" : "");
		count(crowd, ret, err);
	} while (!__atomic_load_n(&crowd->over, __ATOMIC_ACQUIRE));
}

static void replace_all(struct crowd *crowd, unsigned nr, struct strbuf *err)
{
	unsigned char *buf = xmalloc(WHOLE_MAX + 1);
	unsigned i;
	int ret = 0;

	for (i = 1; i < 32 && !ret; i++) {
		memset(buf, (int)i, length_of(i));
		ret = put_bytes(handle_of(crowd, nr), crowd->key, buf,
				length_of(i), EXPECT_ANY, NULL, err);
	}
	if (ret)
		count(crowd, ret, err);
	free(buf);
	__atomic_store_n(&crowd->over, true, __ATOMIC_RELEASE);
}

static void read_or_replace(struct crowd *crowd, unsigned nr,
			    struct strbuf *err)
{
	(nr ? read_whole : replace_all)(crowd, nr, err);
}

static bool only_whole(struct clause *c)
{
	struct crowd crowd;
	struct strbuf err = STRBUF_INIT;
	bool good;

	crowd_init(&crowd, c, clause_key(c, "a"));
	good = want_code(c, 0, put_bytes(c->t, crowd.key, "", 1, EXPECT_ANY,
					 NULL, &c->err), "put");
	if (good) {
		run_crowd(&crowd, 1 + READERS, read_or_replace);
		good = want(c, !crowd.bad, "%u of %u readings: %s", crowd.bad,
			    crowd.done + crowd.bad, crowd.why.buf) &&
		       want(c, crowd.done, "nothing could be read");
	}
	crowd_release(&crowd);
	strbuf_release(&err);
	return good;
}

/* ---- many keys, two handles --------------------------------------------- */

static void put_many(struct crowd *crowd, unsigned nr, struct strbuf *err)
{
	unsigned i;
	char *key;
	int ret;

	for (i = 0; i < ROUNDS; i++) {
		/* In directories that all of them make. */
		key = xstrfmt("%sd/%u/%u", crowd->key, i, nr);
		ret = put_bytes(handle_of(crowd, nr), key, key, strlen(key),
				EXPECT_ABSENT, NULL, err);
		count(crowd, ret, err);
		free(key);
	}
}

static void remove_many(struct crowd *crowd, unsigned nr, struct strbuf *err)
{
	unsigned i;
	char *key;
	int ret;

	for (i = 0; i < ROUNDS; i++) {
		key = xstrfmt("%sd/%u/%u", crowd->key, i, nr);
		ret = transport_remove(handle_of(crowd, nr), key, NULL, err);
		count(crowd, ret, err);
		free(key);
	}
}

static bool many_at_once(struct clause *c)
{
	const unsigned all = THREADS * ROUNDS;
	struct crowd crowd;
	bool good;

	crowd_init(&crowd, c, c->prefix);
	run_crowd(&crowd, THREADS, put_many);
	good = want(c, crowd.done == all, "%u of %u are put: %s", crowd.done,
		    all, crowd.why.buf) &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       want(c, c->listed.nr == all, "%zu of %u are listed",
		    c->listed.nr, all);
	crowd.done = 0;
	if (good)
		run_crowd(&crowd, THREADS, remove_many);
	good = good && want(c, crowd.done == all, "%u of %u are removed: %s",
			    crowd.done, all, crowd.why.buf) &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "");
	crowd_release(&crowd);
	return good;
}

/* Whoever puts where another removes the last object is not disturbed. */
static void come_and_go(struct crowd *crowd, unsigned nr, struct strbuf *err)
{
	struct transport *t = handle_of(crowd, nr);
	char *key = xstrfmt("%se/f/%u", crowd->key, nr);
	unsigned i;
	int ret = 0;

	for (i = 0; i < 2 * ROUNDS && !ret; i++) {
		ret = put_bytes(t, key, "x", 1, EXPECT_ABSENT, NULL, err);
		if (!ret)
			ret = transport_remove(t, key, NULL, err);
	}
	count(crowd, ret, err);
	free(key);
}

static bool comings_and_goings(struct clause *c)
{
	struct crowd crowd;
	bool good;

	crowd_init(&crowd, c, c->prefix);
	run_crowd(&crowd, THREADS, come_and_go);
	good = want(c, crowd.done == THREADS, "%u of %u: %s", crowd.done,
		    THREADS, crowd.why.buf) &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "");
	crowd_release(&crowd);
	return good;
}

static bool two_handles(struct clause *c)
{
	struct transport *mine = c->t;
	bool good;

	good = want_code(c, 0, clause_put(c, "a", "first", EXPECT_ANY, NULL),
			 "put by one");
	c->t = c->other;
	good = good && clause_holds(c, "a", "first") &&
	       want_code(c, ERR_CONFLICT,
			 clause_put(c, "a", "x", EXPECT_ABSENT, NULL),
			 "put by the other") &&
	       want_code(c, 0, clause_put(c, "a", "second", EXPECT_VERSION,
					  c->version.buf),
			 "put over it by the other");
	c->t = mine;
	good = good && clause_holds(c, "a", "second") &&
	       want(c, !strcmp(c->version.buf, c->put.version),
		    "they see two versions") &&
	       want_code(c, 0, clause_remove(c, "a", c->put.version),
			 "remove by the one");
	c->t = c->other;
	good = good && clause_holds(c, "a", NULL);
	c->t = mine;
	return good;
}

const struct clause_entry clauses_of_threads[] = {
	{ "of many who create one key, one does", one_wins,
	  TRANSPORT_CAN_CREATE },
	{ "of many who replace versions, none is lost", none_is_lost,
	  TRANSPORT_CAN_COMPARE },
	{ "readers see whole objects only", only_whole, 0 },
	{ "many objects are put and removed at once", many_at_once, 0 },
	{ "objects come and go without disturbing others", comings_and_goings,
	  0 },
	{ "two handles see each other's objects", two_handles, 0 },
	{ NULL, NULL, 0 }
};
