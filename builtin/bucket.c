/*
 * bucket: wildcards over a directory here and a store, as the S3 utilities had
 * them. What it does is
 *
 *	resutil list-objects --match=PATTERN
 *	resutil sync-keys --download PATTERN
 *
 * with words for people, and a question before anything is gone.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/bucket.h"

#include "builtin/store-kind.h"
#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/signals.h"
#include "lib/base/term.h"
#include "lib/exp/store/remotes.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/store/store-find.h"

static const char *const usage[] = {
	"bucket (--list|--find) [--remote=REMOTE] [--packs] [-z] "
	"[--json|--format FORMAT] [PATTERN]",
	"bucket (--download|--upload) [--remote=REMOTE] [--root=DIR] "
	"[--packs] [--keep] [-n] [-j N] PATTERN",
	"bucket (--remove|--delete) [--remote=REMOTE] [--root=DIR] [--packs] "
	"[-n] [-y] PATTERN",
	"bucket --interactive [--remote=REMOTE] [--root=DIR] [--packs] "
	"[--keep] PATTERN",
	NULL
};

/* In the order of enum bucket_action, and what does nothing. */
enum { TO_LIST = BUCKET_DELETE + 1, TO_FIND, TO_ASK, WAYS };

static const char *const way_names[WAYS] = {
	"--download", "--upload", "--remove", "--delete", "--list", "--find",
	"--interactive"
};

/* The one that is given; more than one, or none, is wrong usage. */
static int choose_way(const int *given, const struct option *options)
{
	int i, way = -1;

	for (i = 0; i < WAYS; i++) {
		if (!given[i])
			continue;
		if (way >= 0)
			usage_with_options(usage, options, "%s and %s: one "
					   "at a time", way_names[way],
					   way_names[i]);
		way = i;
	}
	if (way < 0)
		usage_with_options(usage, options, "say what to do: --list, "
				   "--find, --download, --upload, --remove, "
				   "--delete or --interactive");
	return way;
}

/* "." is the top, for who is used to directories. */
static void take_pattern(struct bucket *b, int way, const char **argv,
			 const struct option *options)
{
	struct strbuf err = STRBUF_INIT;
	const char *given = argv[0] ? argv[0] : "";

	b->pattern = "";
	if (argv[0] && argv[1])
		usage_with_options(usage, options, "one PATTERN at a time; "
				   "'...' around it keeps the shell from "
				   "expanding it");
	if (way == TO_LIST && (!*given || !strcmp(given, ".") ||
			       !strcmp(given, "./")))
		return;
	if (!*given)
		usage_with_options(usage, options, "no PATTERN is given; '*' "
				   "is everything");
	if (key_glob_new(&b->glob, given, &err))
		usage_with_options(usage, options, "%s", err.buf);
	b->pattern = key_glob_text(b->glob);
	b->scope.glob = b->glob;
	strbuf_release(&err);
}

/* The words for the store; whether it is there, the children find out. */
static void find_store(struct bucket *b)
{
	const struct store_kind *kind;
	struct remote_conf store = { 0 };
	struct strbuf base = STRBUF_INIT, err = STRBUF_INIT;
	int ret = store_find(&store, &base, the_project, b->remote, &err);

	if (ret)
		die_code(ret, &err);
	kind = store_kind_find(store.type);
	b->title = kind ? kind->title : NULL;
	store_find_format(&b->where, &store);
	remote_conf_release(&store);
	strbuf_release(&err);
	strbuf_release(&base);
}

/* What is below the directory here and is the project's own. */
static void find_results(struct bucket *b)
{
	struct strbuf root = STRBUF_INIT, results = STRBUF_INIT;

	if (the_project) {
		path_real(&root, b->root ? b->root : ".");
		path_real(&results, the_project->results_path);
		if (key_scope_results(&b->results, results.buf, root.buf))
			b->scope.results = b->results.buf;
	}
	strbuf_release(&results);
	strbuf_release(&root);
}

static void bucket_release(struct bucket *b)
{
	key_glob_free(b->glob);
	strbuf_release(&b->where);
	strbuf_release(&b->results);
}

static int go(struct bucket *b, int way)
{
	if (way == TO_LIST)
		return bucket_list(b);
	if (way == TO_FIND)
		return bucket_find(b);
	if (way == TO_ASK)
		return bucket_interactive(b);
	return bucket_act(b, (enum bucket_action)way);
}

static void check(const struct bucket *b, int way,
		  const struct option *options)
{
	bool has_rows = b->rows.json || b->rows.format || b->rows.nul;

	if (way == TO_ASK && !term_is_interactive())
		usage_with_options(usage, options, "nobody can be asked: say "
				   "--download, --upload, --remove or "
				   "--delete");
	if (way == TO_ASK && (has_rows || b->dry_run))
		usage_with_options(usage, options, "--interactive is for a "
				   "person, who sees what would be done");
	if ((way == (int)BUCKET_REMOVE || way == (int)BUCKET_DELETE) &&
	    !b->yes && !b->dry_run && (has_rows || !term_is_interactive()))
		usage_with_options(usage, options,
				   "nobody can be asked, so -y is needed");
	if (b->keep && way != (int)BUCKET_DOWNLOAD &&
	    way != (int)BUCKET_UPLOAD && way != TO_ASK)
		usage_with_options(usage, options, "%s replaces nothing, so "
				   "--keep means nothing", way_names[way]);
}

/* As push and pull have it. */
static void find_jobs(struct bucket *b)
{
	struct strbuf err = STRBUF_INIT;
	uint64_t jobs = 0;

	if (b->jobs)
		return;
	if (settings_get_size("transfer.jobs", 0, &jobs, &err))
		die_code(ERR_CONTENT, &err);
	b->jobs = (int)MINIMUM(jobs, (uint64_t)INT_MAX);
	strbuf_release(&err);
}

/* For the children, too. */
static void be_quiet(void)
{
	verbosity = -1;
	setenv("RESUTIL_VERBOSITY", "-1", 1);
}

int cmd_bucket(int argc, const char **argv)
{
	struct bucket b = { .where = STRBUF_INIT, .results = STRBUF_INIT };
	int given[WAYS] = { 0 }, quiet = 0, way, status;
	const struct option options[] = {
		OPT_GROUP("What to do"),
		OPT_BOOL(0, "list", &given[TO_LIST],
			 "print one level of the store, as ls does"),
		OPT_BOOL(0, "find", &given[TO_FIND],
			 "print the keys in the store, one a line"),
		OPT_BOOL(0, "download", &given[BUCKET_DOWNLOAD],
			 "get from the store what is not the same here"),
		OPT_BOOL(0, "upload", &given[BUCKET_UPLOAD],
			 "put into the store what is not the same there"),
		OPT_BOOL(0, "remove", &given[BUCKET_REMOVE],
			 "remove from the store"),
		OPT_BOOL(0, "delete", &given[BUCKET_DELETE],
			 "delete the files here"),
		OPT_BOOL(0, "interactive", &given[TO_ASK],
			 "show both sides, and ask what to do"),
		OPT_GROUP("Where and how"),
		{ .type = OPTION_STRING, .name = "remote", .value = &b.remote,
		  .argh = "REMOTE", .help = "a remote, the URL of a store, or "
			".env (default: origin)" },
		{ .type = OPTION_STRING, .name = "root", .value = &b.root,
		  .argh = "DIR", .arg = ARG_DIR,
		  .help = "where the files are (default: here)" },
		OPT_BOOL(0, "packs", &b.packs, "also experiments' packs"),
		OPT_BOOL(0, "keep", &b.keep,
			 "replace nothing that is there, also when it "
			 "differs"),
		OPT_BOOL('n', "dry-run", &b.dry_run,
			 "only tell what would be done"),
		OPT_BOOL('y', "yes", &b.yes, "do not ask"),
		OPT_BOOL('q', "quiet", &quiet, "tell of failures alone"),
		OPT_NUMBER('j', "jobs", &b.jobs, "N",
			   "how many transfers at once"),
		OPT_STRING(0, "limit-rate", &b.limit_rate, "RATE",
			   "bytes a second at most, as in 10MiB"),
		OPT_ROWS(&b.rows),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	way = choose_way(given, options);
	take_pattern(&b, way, argv, options);
	check(&b, way, options);
	if (quiet)
		be_quiet();
	b.scope.packs = b.packs;
	find_jobs(&b);
	find_results(&b);
	if (way != (int)BUCKET_DELETE)
		find_store(&b);
	status = go(&b, way);
	bucket_release(&b);
	if (b.signo)
		signal_die_of(b.signo);
	return status;
}
