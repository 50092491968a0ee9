/*
 * What crashes left in a store: uploads that nobody is at any more, and the
 * objects of a test-store that did not come to its end.
 */
#include "lib/base/compat.h"
#include "lib/sync/check-store-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "transport/transport.h"

#define TEST_PREFIX "resutil-test-"
#define TEST_DIGITS 8
/* A test of a store makes objects all the time, and takes minutes. */
#define TEST_AGE 3600

/* One that may go, whole. */
struct rest {
	char *key;		/* of a test: its directory, with '/' */
	char *version;
	uint64_t bytes;
	int64_t modified;
};

struct rests {
	struct rest *rest;
	size_t nr, alloc;
};

static void rests_release(struct rests *r)
{
	size_t i;

	for (i = 0; i < r->nr; i++) {
		free(r->rest[i].key);
		free(r->rest[i].version);
	}
	free(r->rest);
}

static struct rest *add_rest(struct rests *r, const struct object *o,
			     size_t len)
{
	struct rest *rest;

	ARRAY_GROW(r->rest, r->nr + 1, r->alloc);
	rest = &r->rest[r->nr++];
	rest->key = xmemdupz(o->key, len);
	rest->version = xstrdup(o->version);
	rest->bytes = o->size;
	rest->modified = o->modified;
	return rest;
}

/* ---- telling and removing ------------------------------------------------ */

typedef int (*remove_fn)(struct store_check *c, const struct rest *rest,
			 struct strbuf *err);

static bool is_old_enough(const struct store_check *c,
			  const struct rest *rest, unsigned at_least)
{
	/* The clock of a store may be ahead of this one. */
	int64_t age = MAXIMUM(moment_now().sec - rest->modified, INT64_C(0));

	return age >= (int64_t)MAXIMUM(c->options->older_than, at_least);
}

static void tell_rest(struct store_check *c, const struct rest *rest,
		      const char *what, unsigned at_least, remove_fn fn)
{
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	struct finding f = {
		.level = FINDING_LEFTOVER, .id = "upload-rest",
		.where = rest->key, .bytes = rest->bytes
	};
	int ret = 0;

	strbuf_addstr(&text, what);
	if (!(c->options->flags & CHECK_PRUNE)) {
		strbuf_addstr(&text, "; it is removed by ");
		check_add_command(c, &text, "gc", "");
	} else if (finding_is_kept(c->options, f.id)) {
		strbuf_addstr(&text, "; --keep leaves it");
	} else if (!is_old_enough(c, rest, at_least)) {
		strbuf_addstr(&text, "; it stays until it is older");
	} else if (c->options->flags & CHECK_DRY_RUN) {
		f.state = FINDING_WOULD;
	} else {
		ret = fn(c, rest, &why);
		f.state = ret ? FINDING_OPEN : FINDING_REMOVED;
	}
	if (ret)
		strbuf_addf(&text, "; not removed: %s", why.buf);
	f.text = text.buf;
	/* Somebody else was faster, or is at it again. */
	if (ret != ERR_NOT_FOUND && ret != ERR_CONFLICT)
		found_add(c, &f);
	strbuf_release(&why);
	strbuf_release(&text);
}

/* ---- uploads ------------------------------------------------------------- */

static int take_upload(const struct object *o, void *data)
{
	add_rest(data, o, strlen(o->key));
	return 0;
}

static int prune_upload(struct store_check *c, const struct rest *rest,
			struct strbuf *err)
{
	return transport_prune(c->r->transport, rest->key, rest->version, err);
}

/* Who may not look there finds nothing. Ends `why`. */
static int end_listing(int ret, struct strbuf *why, struct strbuf *err)
{
	if (ret == ERR_CREDENTIALS || ret == ERR_NOT_FOUND)
		ret = 0;
	else if (ret)
		fail(err, ret, "%s", why->buf);
	strbuf_release(why);
	return ret;
}

static int check_uploads(struct store_check *c, const char *prefix,
			 struct strbuf *err)
{
	struct rests rests = { 0 };
	struct strbuf why = STRBUF_INIT;
	size_t i;
	int ret;

	ret = transport_rests(c->r->transport, prefix, take_upload, &rests,
			      &why);
	for (i = 0; i < rests.nr && !ret; i++) {
		const struct rest *rest = &rests.rest[i];

		if (!check_is_noted(c, rest->key, rest->version))
			tell_rest(c, rest, "the rest of an upload that was "
				  "interrupted", 0, prune_upload);
	}
	rests_release(&rests);
	return end_listing(ret, &why, err);
}

/* ---- tests --------------------------------------------------------------- */

/* "resutil-test-01234567/", as a directory is called that a test makes. */
#define TEST_DIR_LEN (strlen(TEST_PREFIX) + TEST_DIGITS + 1)

/*
 * Where the name of the directory of one test ends, which begins at `base`; or
 * 0. A project may have such a name as well; what lies in it is no directory
 * that is called by the number of a clause.
 */
static size_t test_dir_end(const char *key, size_t base)
{
	const char *name = key + base;
	size_t digits;

	if (strncmp(name, TEST_PREFIX, strlen(TEST_PREFIX)) ||
	    strspn(name + strlen(TEST_PREFIX), "0123456789abcdef") !=
	    TEST_DIGITS || name[TEST_DIR_LEN - 1] != '/')
		return 0;
	digits = strspn(name + TEST_DIR_LEN, "0123456789");
	return digits && name[TEST_DIR_LEN + digits] == '/' ?
	       base + TEST_DIR_LEN : 0;
}

/* What tests left below one directory: the store, or the project's there. */
struct tests {
	struct rests rests;
	struct strvec keys;	/* of one of them */
	size_t base;
};

static int take_tested(const struct object *o, void *data)
{
	struct tests *tests = data;
	struct rests *rests = &tests->rests;
	size_t end = test_dir_end(o->key, tests->base), i;

	if (!end)
		return 0;
	for (i = 0; i < rests->nr; i++) {
		struct rest *rest = &rests->rest[i];

		if (strncmp(rest->key, o->key, end))
			continue;
		rest->bytes += o->size;
		rest->modified = MAXIMUM(rest->modified, o->modified);
		return 0;
	}
	add_rest(rests, o, end);
	return 0;
}

static int take_key(const struct object *o, void *data)
{
	struct tests *tests = data;

	if (test_dir_end(o->key, tests->base))
		strvec_push(&tests->keys, o->key);
	return 0;
}

static int remove_test(struct store_check *c, const struct rest *rest,
		       struct strbuf *err)
{
	struct tests tests = {
		.keys = STRVEC_INIT, .base = strlen(rest->key) - TEST_DIR_LEN
	};
	size_t i;
	int ret;

	ret = transport_list(c->r->transport, rest->key, 0, take_key, &tests,
			     err);
	for (i = 0; i < tests.keys.nr && !ret; i++) {
		ret = transport_remove(c->r->transport, tests.keys.v[i], NULL,
				       err);
		if (ret == ERR_NOT_FOUND) {
			strbuf_reset(err);
			ret = 0;
		}
	}
	strvec_release(&tests.keys);
	return ret;
}

static int check_tests(struct store_check *c, const char *base,
		       struct strbuf *err)
{
	struct tests tests = { .base = strlen(base) };
	struct strbuf prefix = STRBUF_INIT, why = STRBUF_INIT;
	size_t i;
	int ret;

	strbuf_addf(&prefix, "%s" TEST_PREFIX, base);
	ret = transport_list(c->r->transport, prefix.buf, 0, take_tested,
			     &tests, &why);
	for (i = 0; i < tests.rests.nr && !ret; i++)
		tell_rest(c, &tests.rests.rest[i], "what a test of the store "
			  "left", TEST_AGE, remove_test);
	rests_release(&tests.rests);
	strbuf_release(&prefix);
	return end_listing(ret, &why, err);
}

int check_rests(struct store_check *c, struct strbuf *err)
{
	int ret = 0;

	/* What these withdraw is no rest any more. */
	check_upload_notes(c);
	check_copy_notes(c);
	if (transport_caps(c->r->transport) & TRANSPORT_CAN_PRUNE)
		ret = check_uploads(c, c->r->prefix, err);
	/* where the prefix of a project is not that of a test, too */
	if (!ret && (transport_caps(c->r->transport) & TRANSPORT_CAN_PRUNE) &&
	    strncmp(c->r->prefix, TEST_PREFIX, strlen(TEST_PREFIX)))
		ret = check_uploads(c, TEST_PREFIX, err);
	if (!ret)
		ret = check_tests(c, "", err);
	return ret ? ret : check_tests(c, c->r->prefix, err);
}
