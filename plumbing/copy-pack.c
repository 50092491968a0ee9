/*
 * copy-pack: experiments from one store to another, through this machine.
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
#include "lib/exp/pack/pack-limits.h"
#include "lib/sync/copy.h"
#include "lib/sync/remote-list.h"
#include "plumbing/store-options.h"
#include "plumbing/sync-print.h"
#include "transport/transport.h"

static const char *const usage[] = {
	"copy-pack --from=REMOTE --to=REMOTE [--no-dependency] [-j N] "
		"[--limit-rate RATE] [--force] [-n] [--max-size=SIZE] "
		"[--max-entries=N] [-z] [--json] EXP...",
	"copy-pack --from=REMOTE --to=REMOTE [--no-dependency] [-j N] "
		"[--limit-rate RATE] [--force] [-n] [--max-size=SIZE] "
		"[--max-entries=N] [-z] [--json] (--stdin | --all)",
	NULL
};

struct copy_pack_command {
	struct copy_options options;
	const char *from, *to, *limit_rate;
	int jobs, patience;
	int no_dependency, force, dry_run, from_stdin, all, nul, json;
	struct strvec words;
	struct items items;
};

/* For copy_packs(). */
static void print(const struct sync_result *result, void *data)
{
	struct copy_pack_command *c = data;

	sync_print(result, c->json, c->nul, &c->items);
	sync_print_resumed(result, "copied");
}

/* For items_each(). */
static int add_word(const char *word, void *data)
{
	struct copy_pack_command *c = data;

	strvec_push(&c->words, word);
	return 0;
}

static int copy(struct copy_pack_command *c, struct strbuf *err)
{
	struct remote *from = NULL, *to = NULL;
	size_t others = 0;
	int ret;

	ret = remote_open(&from, the_project, c->from, (unsigned)c->patience,
			  err);
	if (!ret)
		ret = remote_open(&to, the_project, c->to,
				  (unsigned)c->patience, err);
	if (!ret)
		ret = copy_packs(from, to, &c->words, &c->options, print, c,
				 &others, err);
	if (!ret && c->all && others)
		say("%zu object%s of '%s' in '%s' %s no experiment%s, and %s "
		    "not copied", others, others == 1 ? "" : "s",
		    the_project->name, from->name, others == 1 ? "is" : "are",
		    others == 1 ? "" : "s", others == 1 ? "is" : "are");
	remote_close(to);
	remote_close(from);
	return ret;
}

static int run(struct copy_pack_command *c, const char **argv,
	       struct strbuf *err)
{
	struct items read = { 0 };
	int ret = http_conf_limit_rate(c->limit_rate, err);

	if (!ret)
		ret = pack_limits_fill(&c->options.limits, err);
	if (!ret)
		ret = items_each(&read, argv, c->from_stdin ? stdin : NULL,
				 c->nul ? '\0' : '\n', add_word, c, err);
	if (ret || (!c->words.nr && !c->all))
		return ret;
	strvec_sort(&c->words, true);
	return copy(c, err);
}

static void check(const struct copy_pack_command *c,
		  const struct option *options, int argc)
{
	if (!c->from || !c->to)
		usage_with_options(usage, options, "from which store to which "
				   "one? --from and --to are needed");
	if (!argc && !c->from_stdin && !c->all)
		usage_with_options(usage, options, "which experiment?");
	if ((argc > 0) + c->from_stdin + c->all > 1)
		usage_with_options(usage, options, "names, --stdin and --all "
				   "do not go together");
}

int cmd_copy_pack(int argc, const char **argv)
{
	struct copy_pack_command c = {
		.options.limits = PACK_LIMITS_INIT, .words = STRVEC_INIT,
		.patience = TRANSPORT_PATIENCE_DEFAULT
	};
	const struct option options[] = {
		OPT_STRING(0, "from", &c.from, "REMOTE",
			   "the store to read: a remote's name, or a URL"),
		OPT_STRING(0, "to", &c.to, "REMOTE",
			   "the store to fill: a remote's name, or a URL"),
		OPT_BOOL('A', "all", &c.all, "all that the store holds"),
		OPT_BOOL(0, "no-dependency", &c.no_dependency,
			 "not what they need"),
		OPT_NUMBER('j', "jobs", &c.jobs, "N", "packs at once"),
		OPT_LIMIT_RATE(&c.limit_rate),
		OPT_BOOL(0, "force", &c.force,
			 "replace what is there, whatever it is"),
		OPT_BOOL('n', "dry-run", &c.dry_run,
			 "only tell what would be done"),
		OPT_PACK_LIMITS(&c.options.limits),
		OPT_NAMES_STDIN(&c.from_stdin),
		OPT_NUL(&c.nul),
		OPT_JSON_LINES(&c.json),
		OPT_PATIENCE(&c.patience),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	check(&c, options, argc);
	/* A pack takes some megabytes, and there may be thousands. */
	alloc_keep_freed();
	c.options.all = c.all;
	c.options.exact = c.from_stdin;
	c.options.no_dependency = c.no_dependency;
	c.options.force = c.force;
	c.options.dry_run = c.dry_run;
	c.options.progress = true;
	c.options.jobs = (unsigned)c.jobs;
	ret = run(&c, argv, &err);
	if (ret)
		error("%s", err.buf);
	strvec_release(&c.words);
	strbuf_release(&err);
	return ret ? exit_status_of(ret) : items_status(&c.items);
}
