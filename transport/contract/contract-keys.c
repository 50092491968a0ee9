/*
 * Clauses about keys and listings.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/contract/contract-internal.h"

#define MANY 120

static bool nothing_there(struct clause *c)
{
	return want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "") &&
	       want_code(c, 0, clause_list(c, "gone/", 0), "list deeper") &&
	       clause_listed(c, "") &&
	       want_code(c, 0, clause_list(c, "", LIST_ONE_LEVEL), "level") &&
	       clause_listed(c, "");
}

static int keep_object(const struct object *o, void *data)
{
	struct object *seen = data;

	object_release(seen);
	memset(seen, 0, sizeof(*seen));
	strvec_init(&seen->meta);
	seen->key = xstrdup(o->key);
	seen->version = xstrdup(o->version);
	seen->size = o->size;
	return 0;
}

static bool listed_as_put(struct clause *c)
{
	int ret;

	if (!want_code(c, 0, clause_put(c, "a", "text", EXPECT_ANY, NULL),
		       "put"))
		return false;
	ret = transport_list(c->t, c->prefix, 0, keep_object, &c->seen,
			     &c->err);
	return want_code(c, 0, ret, "list") &&
	       want(c, c->seen.key && !strcmp(c->seen.key, c->put.key),
		    "the key is '%s'", c->seen.key ? c->seen.key : "") &&
	       want(c, c->seen.size == 4, "the size is %" PRIu64,
		    c->seen.size) &&
	       want(c, !strcmp(c->seen.version, c->put.version),
		    "the version is '%s' and not '%s'", c->seen.version,
		    c->put.version);
}

static bool one_odd_key(struct clause *c, const char *name)
{
	return want_code(c, 0, clause_put(c, name, name, EXPECT_ABSENT, NULL),
			 name) &&
	       want_code(c, 0, clause_stat(c, name), name) &&
	       want(c, !strcmp(c->seen.key, clause_key(c, name)),
		    "'%s' is called '%s'", name, c->seen.key) &&
	       clause_holds(c, name, name) &&
	       want_code(c, 0, clause_list(c, name, 0), name) &&
	       clause_listed(c, name) &&
	       want_code(c, 0, clause_remove(c, name, NULL), name) &&
	       clause_holds(c, name, NULL);
}

/* A component of 200 bytes is what a name of 196 bytes with ".zip" has. */
static bool odd_keys(struct clause *c)
{
	static const char *const names[] = {
		"a b", " begins and ends with a blank ", "100%", "%2e%2e",
		"a#b", "a?b=c&d", "a+b", "a:b", "a'b\"c", "a\\b", "a*[b]",
		"~", "-n", "$HOME", "a;b|c", ".hidden", "..two", "...",
		"\xe5\xae\x9f\xe9\xa8\x93", "caf\xc3\xa9", "cafe\xcc\x81",
		"\xf0\x9f\x8d\xa3", "d.d/e e/f%f",
	};
	char longest[201];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!one_odd_key(c, names[i]))
			return false;
	memset(longest, 'k', sizeof(longest));
	longest[200] = '\0';
	return one_odd_key(c, longest);
}

static bool keys_are_bytes(struct clause *c)
{
	return want_code(c, 0, clause_put(c, "Key", "1", EXPECT_ABSENT, NULL),
			 "Key") &&
	       want_code(c, 0, clause_put(c, "key", "2", EXPECT_ABSENT, NULL),
			 "key") &&
	       clause_holds(c, "Key", "1") && clause_holds(c, "key", "2") &&
	       want_code(c, 0, clause_list(c, "k", 0), "list") &&
	       clause_listed(c, "key");
}

static bool bad_keys(struct clause *c)
{
	static const char *const names[] = {
		"", "a/", "a//b", ".", "..", "../x", "a/./b", "a/../b"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!want_code(c, ERR_USAGE,
			       clause_put(c, names[i], "x", EXPECT_ANY, NULL),
			       names[i]) ||
		    !want_code(c, ERR_USAGE, clause_stat(c, names[i]),
			       names[i]) ||
		    !want_code(c, ERR_USAGE,
			       clause_remove(c, names[i], NULL), names[i]))
			return false;
	return want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "");
}

static bool put_names(struct clause *c, const char *const *names)
{
	for (; *names; names++)
		if (!want_code(c, 0, clause_put(c, *names, *names, EXPECT_ANY,
						NULL), *names))
			return false;
	return true;
}

static bool nested(struct clause *c)
{
	static const char *const names[] = {
		"d/e/f/g/h", "d/e/f/x", "d/e2", "d/e/f2", "z", NULL
	};

	return put_names(c, names) &&
	       want_code(c, 0, clause_list(c, "", 0), "list") &&
	       clause_listed(c, "d/e/f/g/h d/e/f/x d/e/f2 d/e2 z") &&
	       clause_holds(c, "d/e/f/g/h", "d/e/f/g/h") &&
	       clause_holds(c, "d/e", NULL) && clause_holds(c, "d/e/f", NULL);
}

static bool prefixes(struct clause *c)
{
	static const char *const names[] = {
		"ab", "abc/x", "abd", "b/abx", "b/aby/z", "b/c", NULL
	};

	return put_names(c, names) &&
	       want_code(c, 0, clause_list(c, "ab", 0), "ab") &&
	       clause_listed(c, "ab abc/x abd") &&
	       want_code(c, 0, clause_list(c, "b/ab", 0), "b/ab") &&
	       clause_listed(c, "b/abx b/aby/z") &&
	       want_code(c, 0, clause_list(c, "b/", 0), "b/") &&
	       clause_listed(c, "b/abx b/aby/z b/c") &&
	       want_code(c, 0, clause_list(c, "abc", 0), "abc") &&
	       clause_listed(c, "abc/x") &&
	       want_code(c, 0, clause_list(c, "ab/", 0), "ab/") &&
	       clause_listed(c, "");
}

static bool one_level(struct clause *c)
{
	static const char *const names[] = {
		"a", "d/x", "d/y", "d/e/z", "f/g/h", "fx", NULL
	};

	return put_names(c, names) &&
	       want_code(c, 0, clause_list(c, "", LIST_ONE_LEVEL), "top") &&
	       clause_listed(c, "a d/ f/ fx") &&
	       want_code(c, 0, clause_list(c, "d/", LIST_ONE_LEVEL), "d/") &&
	       clause_listed(c, "d/e/ d/x d/y") &&
	       want_code(c, 0, clause_list(c, "f", LIST_ONE_LEVEL), "f") &&
	       clause_listed(c, "f/ fx");
}

static bool many(struct clause *c)
{
	char name[16];
	size_t i;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%03zu", i);
		if (!want_code(c, 0, clause_put(c, name, name, EXPECT_ABSENT,
						NULL), name))
			return false;
	}
	if (!want_code(c, 0, clause_list(c, "", 0), "list") ||
	    !want(c, c->listed.nr == MANY, "%zu are listed, of %d",
		  c->listed.nr, MANY))
		return false;
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%03zu", i);
		if (!want(c, !strcmp(c->listed.v[i], name),
			  "'%s' is listed where '%s' should be",
			  c->listed.v[i], name))
			return false;
	}
	return true;
}

static int stop(const struct object *o UNUSED, void *data)
{
	++*(int *)data;
	return ERR_NO;
}

static bool ends_when_told(struct clause *c)
{
	int calls = 0, ret;

	if (!want_code(c, 0, clause_put(c, "a", "1", EXPECT_ANY, NULL), "a") ||
	    !want_code(c, 0, clause_put(c, "b", "2", EXPECT_ANY, NULL), "b"))
		return false;
	ret = transport_list(c->t, c->prefix, 0, stop, &calls, &c->err);
	return want(c, ret == ERR_NO && calls == 1,
		    "it ends with %d after %d objects", ret, calls);
}

const struct clause_entry clauses_of_keys[] = {
	{ "what has no objects is an empty listing", nothing_there, 0 },
	{ "a listing has key, size and version", listed_as_put, 0 },
	{ "keys with any bytes come back as they are", odd_keys, 0 },
	{ "keys that differ in case are two", keys_are_bytes, 0 },
	{ "a key that is none is refused", bad_keys, 0 },
	{ "keys have as many levels as they like", nested, 0 },
	{ "a prefix may end anywhere", prefixes, 0 },
	{ "one level is listed without those below", one_level, 0 },
	{ "many objects are listed once each", many, 0 },
	{ "a listing ends when it is told to", ends_when_told, 0 },
	{ NULL, NULL, 0 }
};
