/*
 * test-store: whether a store does what resutil asks of it, clause by clause.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "plumbing/object-store.h"
#include "transport/contract/contract.h"
#include "transport/transport.h"
#include "command.h"

#include <sys/random.h>

static const char *const usage[] = {
	"test-store [--keep] [-v] URL|REMOTE",
	NULL
};

struct report {
	int verbose;
};

/* As prove(1) reads it; what a store said is made harmless. */
static void print_clause(const struct clause_result *r, void *data)
{
	const struct report *report = data;
	struct strbuf why = STRBUF_INIT;
	const char *line = r->why, *end;

	out_printf("%sok %u - %s%s%s\n",
		   r->state == CLAUSE_BROKEN ? "not " : "", r->nr, r->sentence,
		   r->state == CLAUSE_SKIPPED ? " # SKIP " : "",
		   r->state == CLAUSE_SKIPPED ? r->why : "");
	for (; r->state == CLAUSE_BROKEN && *line; line = end + !!*end) {
		end = strchr(line, '\n');
		end = end ? end : line + strlen(line);
		strbuf_reset(&why);
		quote_terminal(&why, line, (size_t)(end - line));
		out_printf("# %s\n", why.buf);
	}
	if (report->verbose)
		out_printf("# %.3f s\n", r->seconds);
	fflush(stdout);
	strbuf_release(&why);
}

static void add_prefix(struct strbuf *prefix)
{
	uint32_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		die("cannot get random bytes: %s", strerror(errno));
	strbuf_addf(prefix, "resutil-test-%08" PRIx32 "/", number);
}

static int nothing(const struct object *o UNUSED, void *data UNUSED)
{
	return 0;
}

int cmd_test_store(int argc, const char **argv)
{
	struct strbuf prefix = STRBUF_INIT, err = STRBUF_INIT;
	struct transport *store, *other;
	struct report report = { 0 };
	unsigned broken;
	int keep = 0, ret;
	const struct option options[] = {
		OPT_BOOL(0, "keep", &keep, "leave the objects of the test"),
		OPT_BOOL('v', "verbose", &report.verbose,
			 "print how long each clause took"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1)
		usage_with_options(usage, options, argc ?
				   "one store at a time" : "which store?");
	store = object_store_need(argv[0]);
	other = object_store_need(argv[0]);
	add_prefix(&prefix);
	/* A store that cannot be reached breaks no clause. */
	ret = transport_list(store, prefix.buf, 0, nothing, NULL, &err);
	if (ret)
		die_code(ret, &err);
	out_printf("1..%u\n# %s, below %s\n", contract_size(),
		   transport_url(store), prefix.buf);
	broken = contract_check(store, other, prefix.buf, print_clause,
				&report);
	if (!keep)
		ret = contract_clean(store, prefix.buf, &err);
	transport_close(other);
	transport_close(store);
	strbuf_release(&prefix);
	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
	return broken ? EXIT_NO : 0;
}
