/*
 * remove-object: removes objects from a store, whatever they are.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "plumbing/object-store.h"
#include "transport/transport.h"
#include "command.h"

static const char *const usage[] = {
	"remove-object [--remote=REMOTE] [--stdin] [-z] KEY...",
	"remove-object [--remote=REMOTE] --version=VERSION KEY",
	NULL
};

/* As many as the strictest store takes at once; what bounds the memory. */
#define BATCH 1000

struct removing {
	struct transport *store;
	const char *version;
	struct strvec many;		/* of the standard input */
	struct items items;
	int code;			/* why nothing more is tried */
	struct strbuf why;
};

/* For items_each(). */
static int remove_one(const char *key, void *data)
{
	struct removing *r = data;
	struct strbuf err = STRBUF_INIT;
	int ret = transport_remove(r->store, key, r->version, &err);

	if (ret)
		error("%s", err.buf);
	strbuf_release(&err);
	return ret;
}

static int count_removed(const char *key UNUSED, int code,
			 const char *message, void *data)
{
	struct removing *r = data;

	if (code)
		error("%s", message);
	items_count(&r->items, code);
	return 0;
}

static void remove_batch(struct removing *r)
{
	if (r->many.nr && !r->code)
		r->code = transport_remove_many(r->store, &r->many,
						count_removed, r, &r->why);
	strvec_clear(&r->many);
}

/* For items_each(), which has nothing to tell until a batch is done. */
static int add_key(const char *key, void *data)
{
	struct removing *r = data;
	struct strbuf err = STRBUF_INIT;
	int ret = object_key_check(key, &err);

	if (ret) {
		error("%s", err.buf);
		items_count(&r->items, ret);
	} else {
		strvec_push(&r->many, key);
		if (r->many.nr == BATCH)
			remove_batch(r);
	}
	strbuf_release(&err);
	return 0;
}

static int remove_all(struct removing *r, const char *const *words,
		      bool from_stdin, int term, struct strbuf *err)
{
	static const char *const none[] = { NULL };
	struct items read = { 0 };
	int ret = items_each(&r->items, words, NULL, term, remove_one, r, err);

	if (!ret && from_stdin)
		ret = items_each(&read, none, stdin, term, add_key, r, err);
	remove_batch(r);
	return ret ? ret : r->code ? fail(err, r->code, "%s", r->why.buf) : 0;
}

int cmd_remove_object(int argc, const char **argv)
{
	struct removing removing = {
		.many = STRVEC_INIT, .why = STRBUF_INIT
	};
	struct strbuf err = STRBUF_INIT;
	const char *remote = NULL;
	int from_stdin = 0, nul = 0, ret;
	const struct option options[] = {
		OPT_STORE(&remote),
		OPT_BOOL(0, "stdin", &from_stdin, "read keys, one a line"),
		OPT_BOOL('z', NULL, &nul, "keys on the standard input end "
			 "with NUL"),
		OPT_STRING(0, "version", &removing.version, "VERSION",
			   "remove this version only"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc && !from_stdin)
		usage_with_options(usage, options, "which objects?");
	if (removing.version && (argc > 1 || from_stdin))
		usage_with_options(usage, options,
				   "--version is of one object");
	removing.store = object_store_need(remote);
	ret = remove_all(&removing, argv, from_stdin, nul ? '\0' : '\n',
			 &err);
	transport_close(removing.store);
	strvec_release(&removing.many);
	strbuf_release(&removing.why);
	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
	return items_status(&removing.items);
}
