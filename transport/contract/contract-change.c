/*
 * Clauses about replacing, removing and renaming, and what is expected there.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "transport/contract/contract-internal.h"
#include "transport/transport-ops.h"

static bool put(struct clause *c, const char *name, const char *text)
{
	return want_code(c, 0, clause_put(c, name, text, EXPECT_ANY, NULL),
			 name);
}

static bool expect_any(struct clause *c)
{
	return put(c, "a", "first") && clause_holds(c, "a", "first") &&
	       put(c, "a", "second, longer") &&
	       clause_holds(c, "a", "second, longer") && put(c, "a", "3") &&
	       clause_holds(c, "a", "3") &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "a");
}

static bool expect_absent(struct clause *c)
{
	return want_code(c, 0, clause_put(c, "a", "first", EXPECT_ABSENT,
					  NULL), "put") &&
	       want_code(c, ERR_CONFLICT,
			 clause_put(c, "a", "second", EXPECT_ABSENT, NULL),
			 "put where something is") &&
	       clause_holds(c, "a", "first") &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "a") &&
	       want_code(c, 0, clause_remove(c, "a", NULL), "remove") &&
	       want_code(c, 0, clause_put(c, "a", "third", EXPECT_ABSENT,
					  NULL), "put where something was") &&
	       clause_holds(c, "a", "third");
}

/* `old` gets the version of "a" before it holds "second". */
static bool replaced(struct clause *c, struct strbuf *old)
{
	if (!put(c, "a", "first"))
		return false;
	strbuf_addstr(old, c->put.version);
	return want_code(c, 0, clause_put(c, "a", "second", EXPECT_VERSION,
					  old->buf), "put over the version") &&
	       clause_holds(c, "a", "second");
}

static bool expect_version(struct clause *c)
{
	struct strbuf old = STRBUF_INIT;
	bool good;

	good = replaced(c, &old) &&
	       want(c, strcmp(old.buf, c->put.version),
		    "the version is the same") &&
	       want_code(c, ERR_CONFLICT,
			 clause_put(c, "a", "third", EXPECT_VERSION, old.buf),
			 "put over a version that is gone") &&
	       clause_holds(c, "a", "second") &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "a");
	strbuf_release(&old);
	return good;
}

static bool expect_version_of_nothing(struct clause *c)
{
	struct strbuf old = STRBUF_INIT;
	bool good;

	good = replaced(c, &old) &&
	       want_code(c, 0, clause_stat(c, "a"), "stat") &&
	       want_code(c, 0, clause_remove(c, "a", NULL), "remove") &&
	       want_code(c, ERR_CONFLICT,
			 clause_put(c, "a", "third", EXPECT_VERSION,
				    c->seen.version),
			 "put over what is gone") &&
	       clause_holds(c, "a", NULL) &&
	       want_code(c, ERR_CONFLICT,
			 clause_put(c, "never", "third", EXPECT_VERSION,
				    old.buf),
			 "put over what never was") &&
	       clause_holds(c, "never", NULL);
	strbuf_release(&old);
	return good;
}

static bool remove_version(struct clause *c)
{
	struct strbuf old = STRBUF_INIT;
	bool good;

	good = replaced(c, &old) &&
	       want_code(c, ERR_CONFLICT, clause_remove(c, "a", old.buf),
			 "remove of a version that is gone") &&
	       clause_holds(c, "a", "second") &&
	       want_code(c, 0, clause_stat(c, "a"), "stat") &&
	       want_code(c, 0, clause_remove(c, "a", c->seen.version),
			 "remove of the version") &&
	       clause_holds(c, "a", NULL) &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "") &&
	       want_code(c, ERR_NOT_FOUND,
			 clause_remove(c, "a", c->seen.version),
			 "remove of what is gone");
	strbuf_release(&old);
	return good;
}

/* How often each of three keys was told of, and whether one failed. */
struct told {
	struct clause *c;
	unsigned times[3], bad;
};

static int tell(const char *key, int code, const char *message, void *data)
{
	struct told *told = data;
	size_t len = strlen(told->c->prefix);

	if (strncmp(key, told->c->prefix, len) || strlen(key + len) != 1 ||
	    key[len] < 'a' || key[len] > 'c')
		told->bad++;
	else
		told->times[key[len] - 'a']++;
	if (code) {
		told->bad++;
		strbuf_addf(&told->c->err, "%s", message);
	}
	return 0;
}

static bool remove_many(struct clause *c)
{
	struct strvec keys = STRVEC_INIT;
	struct told told = { .c = c };
	bool good = put(c, "a", "1") && put(c, "c", "3") && put(c, "d", "4");
	int ret;

	strvec_push(&keys, clause_key(c, "a"));
	strvec_push(&keys, clause_key(c, "b"));
	strvec_push(&keys, clause_key(c, "c"));
	strbuf_reset(&c->err);
	ret = transport_remove_many(c->t, &keys, tell, &told, &c->err);
	strvec_release(&keys);
	return good && want_code(c, 0, ret, "remove") &&
	       want(c, !told.bad, "%u failed: %s", told.bad, c->err.buf) &&
	       want(c, told.times[0] == 1 && told.times[1] == 1 &&
		    told.times[2] == 1, "told %u, %u and %u times",
		    told.times[0], told.times[1], told.times[2]) &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "d");
}

static int rename_to(struct clause *c, const char *from, const char *to,
		     const char *version)
{
	strbuf_reset(&c->err);
	return transport_rename(c->t, clause_key(c, from), clause_key(c, to),
				version, &c->err);
}

static bool renames(struct clause *c)
{
	return put(c, "a", "text") && put(c, "b/c", "other") &&
	       want_code(c, 0, rename_to(c, "a", "d/e/f", NULL), "rename") &&
	       clause_holds(c, "d/e/f", "text") &&
	       clause_holds(c, "a", NULL) &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "b/c d/e/f") &&
	       want_code(c, 0, rename_to(c, "d/e/f", "a", NULL), "back") &&
	       clause_holds(c, "a", "text") &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "a b/c");
}

static bool renames_over_nothing(struct clause *c)
{
	return put(c, "a", "text") && put(c, "b", "other") &&
	       want_code(c, ERR_CONFLICT, rename_to(c, "a", "b", NULL),
			 "rename to what is there") &&
	       clause_holds(c, "a", "text") && clause_holds(c, "b", "other") &&
	       want_code(c, ERR_CONFLICT, rename_to(c, "a", "a", NULL),
			 "rename to itself") &&
	       clause_holds(c, "a", "text") &&
	       want_code(c, ERR_NOT_FOUND, rename_to(c, "x", "y", NULL),
			 "rename of what is not there") &&
	       clause_holds(c, "y", NULL);
}

static bool renames_version(struct clause *c)
{
	struct strbuf old = STRBUF_INIT;
	bool good;

	good = replaced(c, &old) &&
	       want_code(c, ERR_CONFLICT, rename_to(c, "a", "b", old.buf),
			 "rename of a version that is gone") &&
	       clause_holds(c, "a", "second") && clause_holds(c, "b", NULL) &&
	       want_code(c, 0, clause_stat(c, "a"), "stat") &&
	       want_code(c, 0, rename_to(c, "a", "b", c->seen.version),
			 "rename of the version") &&
	       clause_holds(c, "a", NULL) && clause_holds(c, "b", "second");
	strbuf_release(&old);
	return good;
}

static int copy_to(struct clause *c, const char *from, const char *to)
{
	strbuf_reset(&c->err);
	return c->t->ops->copy(c->t, clause_key(c, from), clause_key(c, to),
			       NULL, &c->err);
}

static bool copies(struct clause *c)
{
	return put(c, "a", "text") && put(c, "b", "other") &&
	       want_code(c, 0, copy_to(c, "a", "d/c"), "copy") &&
	       clause_holds(c, "a", "text") &&
	       clause_holds(c, "d/c", "text") &&
	       want_code(c, ERR_CONFLICT, copy_to(c, "a", "b"),
			 "copy to what is there") &&
	       clause_holds(c, "b", "other") &&
	       want_code(c, ERR_NOT_FOUND, copy_to(c, "x", "y"),
			 "copy of what is not there");
}

const struct clause_entry clauses_of_change[] = {
	{ "whatever is there is replaced", expect_any, 0 },
	{ "what is to be absent is not replaced", expect_absent, 0 },
	{ "a version is replaced, and no other", expect_version, 0 },
	{ "a version of nothing is not replaced", expect_version_of_nothing,
	  0 },
	{ "a version is removed, and no other", remove_version, 0 },
	{ "many are removed at once, there or not", remove_many, 0 },
	{ "an object gets another key", renames, 0 },
	{ "a renamed object replaces nothing", renames_over_nothing, 0 },
	{ "a version is renamed, and no other", renames_version, 0 },
	{ "an object is copied", copies, TRANSPORT_CAN_COPY },
	{ NULL, NULL, 0 }
};
