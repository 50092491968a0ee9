/*
 * fetch-exp: gets experiments out of a store.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/store/http-conf.h"
#include "lib/exp/record/name.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/sync/fetch.h"
#include "lib/sync/remote-list.h"
#include "plumbing/store-options.h"
#include "plumbing/sync-print.h"
#include "transport/transport.h"

static const char *const usage[] = {
	"fetch-exp [--remote REMOTE] [-j N] [--limit-rate RATE] [--force] "
		"[--rename] [-n] [--max-size=SIZE] [--max-entries=N] "
		"[--no-space-check] [-z] [--json] NAME... [-- PATHSPEC...]",
	"fetch-exp [--remote REMOTE] [-j N] [--limit-rate RATE] [--force] "
		"[--rename] [-n] [--max-size=SIZE] [--max-entries=N] "
		"[--no-space-check] [-z] [--json] (--stdin | --all) "
		"[-- PATHSPEC...]",
	NULL
};

struct fetch_exp {
	struct fetch_options options;
	const char *remote, *limit_rate;
	int jobs, patience;
	int force, rename, dry_run, no_space_check, from_stdin, all, nul, json;
	struct strvec names, paths;
	struct items items;
};

/* For sync_fetch(), and for what never comes to it. */
static void print(const struct sync_result *result, void *data)
{
	struct fetch_exp *f = data;

	sync_print(result, f->json, f->nul, &f->items);
}

/* No store has what is no name, and no such key is ever asked for. */
static int add_name(const char *name, void *data)
{
	struct fetch_exp *f = data;
	struct strbuf message = STRBUF_INIT;
	struct sync_result result = {
		.name = name, .status = "missing", .other = "",
		.code = ERR_NOT_FOUND
	};

	if (name_is_valid(name)) {
		strvec_push(&f->names, name);
		return 0;
	}
	strbuf_addf(&message, _("'%s' is no name of an experiment"), name);
	result.message = message.buf;
	print(&result, f);
	strbuf_release(&message);
	return 0;
}

/* Splits what `--` divides; returns how many words stand before it. */
static int take_paths(struct fetch_exp *f, int argc, const char **argv)
{
	int i;

	for (i = 0; i < argc && strcmp(argv[i], "--"); i++)
		;
	if (i == argc)
		return argc;
	strvec_pushv(&f->paths, argv + i + 1);
	argv[i] = NULL;
	f->options.paths = &f->paths;
	return i;
}

static int fetch_names(struct fetch_exp *f, struct strbuf *err)
{
	struct remote *r = NULL;
	int ret;

	if (!f->names.nr && !f->all)
		return 0;
	ret = remote_open(&r, the_project, f->remote, (unsigned)f->patience,
			  err);
	if (!ret)
		ret = sync_fetch(r, f->all ? NULL : &f->names, &f->options,
				 print, f, err);
	remote_close(r);
	return ret;
}

static int fetch(struct fetch_exp *f, const char **argv, struct strbuf *err)
{
	struct items read = { 0 };
	int ret;

	ret = pack_limits_fill(&f->options.limits, err);
	if (!ret)
		ret = items_each(&read, argv, f->from_stdin ? stdin : NULL,
				 f->nul ? '\0' : '\n', add_name, f, err);
	return ret ? ret : fetch_names(f, err);
}

static void check(const struct fetch_exp *f, const struct option *options,
		  int argc)
{
	if (argc + f->from_stdin + f->all == 0)
		usage_with_options(usage, options, "which experiment?");
	if ((argc || f->all) + f->from_stdin + (argc && f->all) > 1)
		usage_with_options(usage, options, "names, --stdin and --all "
				   "do not go together");
	if (f->options.paths && !f->paths.nr)
		usage_with_options(usage, options, "which files?");
}

int cmd_fetch_exp(int argc, const char **argv)
{
	struct fetch_exp f = {
		.options.limits = PACK_LIMITS_INIT,
		.names = STRVEC_INIT, .paths = STRVEC_INIT,
		.patience = TRANSPORT_PATIENCE_DEFAULT
	};
	const struct option options[] = {
		OPT_REMOTE(&f.remote),
		OPT_NUMBER('j', "jobs", &f.jobs, "N", "transfers at once"),
		OPT_LIMIT_RATE(&f.limit_rate),
		OPT_BOOL(0, "force", &f.force,
			 "replace what is here, whatever it is"),
		OPT_BOOL(0, "rename", &f.rename,
			 "give a run that is here the name it has there"),
		OPT_BOOL('n', "dry-run", &f.dry_run,
			 "only tell what would be done"),
		OPT_PACK_LIMITS(&f.options.limits),
		OPT_BOOL(0, "no-space-check", &f.no_space_check,
			 "do not ask first whether there is room"),
		OPT_NAMES_STDIN(&f.from_stdin),
		OPT_BOOL('A', "all", &f.all, "all that the store holds"),
		OPT_NUL(&f.nul),
		OPT_JSON_LINES(&f.json),
		OPT_PATIENCE(&f.patience),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	int ret;

	argc = parse_options(argc, argv, options, usage, PARSE_KEEP_DASHDASH);
	argc = take_paths(&f, argc, argv);
	check(&f, options, argc);
	alloc_keep_freed();
	f.options.jobs = (unsigned)f.jobs;
	f.options.force = f.force;
	f.options.rename = f.rename;
	f.options.dry_run = f.dry_run;
	f.options.ignore_space = f.no_space_check;
	ret = http_conf_limit_rate(f.limit_rate, &err);
	if (!ret)
		ret = fetch(&f, argv, &err);
	if (ret)
		error("%s", err.buf);
	strvec_release(&f.paths);
	strvec_release(&f.names);
	strbuf_release(&err);
	return ret ? exit_status_of(ret) : items_status(&f.items);
}
