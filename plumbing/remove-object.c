/*
 * remove-object: removes objects from a store, whatever they are.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "plumbing/object-store.h"
#include "transport/transport.h"
#include "command.h"

static const char *const usage[] = {
	"remove-object [--remote=REMOTE] [--stdin] [-z] KEY...",
	"remove-object [--remote=REMOTE] --version=VERSION KEY",
	NULL
};

struct removing {
	struct transport *store;
	const char *version;
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

int cmd_remove_object(int argc, const char **argv)
{
	struct removing removing = { 0 };
	struct items items = { 0 };
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
	ret = items_each(&items, argv, from_stdin ? stdin : NULL,
			 nul ? '\0' : '\n', remove_one, &removing, &err);
	transport_close(removing.store);
	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
	return items_status(&items);
}
