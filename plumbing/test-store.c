/*
 * test-store: whether a store does what resutil asks of it, clause by clause.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/name.h"
#include "plumbing/object-store.h"
#include "transport/contract/contract.h"
#include "transport/transport.h"
#include "command.h"

#include <sys/random.h>

static const char *const usage[] = {
	"test-store [--below=FOLDER] [--keep] [-v] URL|REMOTE",
	"test-store --access=FOLDER URL|REMOTE",
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
	if (r->state == CLAUSE_BROKEN)
		out_printf("# means: %s\n", r->means);
	if (report->verbose)
		out_printf("# %.3f s\n", r->seconds);
	out_flush();
	strbuf_release(&why);
}

static void add_name(struct strbuf *out)
{
	uint32_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		die("cannot get random bytes: %s", strerror(errno));
	strbuf_addf(out, "resutil-test-%08" PRIx32, number);
}

static int nothing(const struct object *o UNUSED, void *data UNUSED)
{
	return 0;
}

/* ---- --access: what a project does first -------------------------------- */

struct access {
	struct transport *store;
	const char *folder;
	struct strbuf key, version;
	size_t packs;
};

/* A person waits for the answer. */
#define ACCESS_PATIENCE 5

/* More than nothing: a place without quota takes an empty file. */
static const char sample[] = "resutil looks whether objects can be put here\n";

static int count_pack(const struct object *o, void *data)
{
	struct access *a = data;
	const char *name = o->key + strlen(a->folder) + 1;
	size_t len = strlen(name);
	char *bare;

	if (len <= 4 || strcmp(name + len - 4, ".zip"))
		return 0;
	bare = xmemdupz(name, len - 4);
	a->packs += name_is_valid(bare);
	free(bare);
	return 0;
}

static int list_them(struct access *a, struct strbuf *err)
{
	struct strbuf prefix = STRBUF_INIT;
	int ret;

	strbuf_addf(&prefix, "%s/", a->folder);
	ret = transport_list(a->store, prefix.buf, LIST_ONE_LEVEL, count_pack,
			     a, err);
	strbuf_release(&prefix);
	return ret;
}

static int put_one(struct access *a, struct strbuf *err)
{
	struct put_request request = { .key = a->key.buf,
				       .expect = EXPECT_ANY };
	struct object out = OBJECT_INIT;
	struct put_memory memory;
	int ret;

	put_memory_init(&memory, sample, strlen(sample));
	request.source = &memory.source;
	ret = transport_put(a->store, &request, &out, err);
	if (!ret)
		strbuf_addstr(&a->version, out.version);
	object_release(&out);
	return ret;
}

static int read_it(struct access *a, struct strbuf *err)
{
	char got[sizeof(sample)];
	int ret = transport_read(a->store, a->key.buf, a->version.buf, got,
				 strlen(sample), 0, err);

	if (!ret && memcmp(got, sample, strlen(sample)))
		ret = fail(err, ERR_CONTENT, "'%s' does not read back as it "
			   "was put", a->key.buf);
	return ret;
}

/* Nobody else has that name, so no version has to hold. */
static int remove_it(struct access *a, struct strbuf *err)
{
	return transport_remove(a->store, a->key.buf, NULL, err);
}

/* What was put is removed also where it cannot be read. Returns the first
 * failure. */
static int check_access(struct access *a, struct strbuf *err)
{
	static const struct {
		const char *sentence;
		int (*fn)(struct access *a, struct strbuf *err);
		bool last;		/* nothing comes of what follows */
	} steps[] = {
		{ "the objects of the folder can be listed", list_them, true },
		{ "an object can be put", put_one, true },
		{ "it reads back as it was put", read_it, false },
		{ "it can be removed", remove_it, false }
	};
	struct strbuf why = STRBUF_INIT;
	int ret = 0, code;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		code = steps[i].fn(a, &why);
		out_printf("%sok %zu - %s\n", code ? "not " : "", i + 1,
			   steps[i].sentence);
		if (!i && !code)
			out_printf("# packs: %zu\n", a->packs);
		out_flush();
		if (code && !ret) {
			ret = code;
			strbuf_addbuf(err, &why);
		}
		strbuf_reset(&why);
		if (code && steps[i].last)
			break;
	}
	strbuf_release(&why);
	return ret;
}

static int test_access(struct transport *store, const char *folder)
{
	struct access a = { .store = store, .folder = folder,
			    .key = STRBUF_INIT, .version = STRBUF_INIT };
	struct strbuf err = STRBUF_INIT, name = STRBUF_INIT;
	int ret = object_key_check(folder, &err);

	add_name(&name);
	strbuf_addf(&a.key, "%s/%s", folder, name.buf);
	if (!ret)
		out_printf("1..4\n# %s\n", transport_url(store));
	if (!ret)
		ret = check_access(&a, &err);
	transport_close(store);
	strbuf_release(&a.key);
	strbuf_release(&a.version);
	strbuf_release(&name);
	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
	return 0;
}

int cmd_test_store(int argc, const char **argv)
{
	struct strbuf prefix = STRBUF_INIT, err = STRBUF_INIT;
	struct transport *store, *other;
	struct report report = { 0 };
	unsigned broken;
	const char *folder = NULL, *below = NULL;
	int keep = 0, ret;
	const struct option options[] = {
		OPT_STRING(0, "access", &folder, "FOLDER",
			   "look only whether objects there can be listed, "
			   "put, read and removed"),
		OPT_STRING(0, "below", &below, "FOLDER",
			   "make the objects of the test in that folder"),
		OPT_BOOL(0, "keep", &keep, "leave the objects of the test"),
		OPT_BOOL('v', "verbose", &report.verbose,
			 "print how long each clause took"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1)
		usage_with_options(usage, options, argc ?
				   "one store at a time" : N_("which store?"));
	if (folder && (keep || below || report.verbose))
		usage_with_options(usage, options, "--access has no objects "
				   "to keep or to put elsewhere, and no times "
				   "to print");
	if (below && object_key_check(below, &err))
		usage_with_options(usage, options, "%s", err.buf);
	if (folder)
		return test_access(object_store_need_for(argv[0],
							 ACCESS_PATIENCE),
				   folder);
	store = object_store_need(argv[0]);
	other = object_store_need(argv[0]);
	if (below)
		strbuf_addf(&prefix, "%s/", below);
	add_name(&prefix);
	strbuf_addch(&prefix, '/');
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
