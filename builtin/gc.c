/*
 * gc: what crashes left here, and in a store, is removed by check-project and
 * check-store.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/find-faults.h"
#include "builtin/settle-renames.h"

#include "lib/base/age.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/check/finding-list.h"
#include "lib/exp/store/remotes.h"

static const char *const usage[] = {
	"gc [--remote[=REMOTE]] [--older-than=AGE] [--keep=KIND]... [-n] "
		"[--json]",
	NULL
};

#define AGE_KEY "gc.older-than"
#define AGE_DEFAULT "1h"

struct gc {
	int dry_run, json;
	const char *remote, *age;
	struct strvec keep;	/* ids of leftovers */
	size_t removed, kept, errors;
	uint64_t bytes;		/* of what was removed */
};

struct telling {
	struct gc *gc;
	const char *remote;	/* NULL: here */
	bool failed;		/* what stays, stays for a reason to tell */
};

static void print_line(const struct telling *t, const struct finding *f)
{
	struct strbuf line = STRBUF_INIT;

	strbuf_addstr(&line, f->state == FINDING_REMOVED ? "removed " :
		      f->state == FINDING_WOULD ? "would remove " : "kept ");
	faults_add_where(&line, f, t->remote);
	if (f->state == FINDING_OPEN) {
		strbuf_addf(&line, ": %s\n", f->text);
	} else {
		strbuf_addstr(&line, " (");
		size_format(&line, f->bytes);
		strbuf_addstr(&line, ")\n");
	}
	out_safe(&line);
	strbuf_release(&line);
}

static int tell(const struct finding *f, void *data)
{
	const struct telling *t = data;
	struct gc *gc = t->gc;
	bool kept = f->state == FINDING_OPEN;

	if (f->level != FINDING_LEFTOVER) {
		gc->errors += f->level == FINDING_ERROR;
		return 0;
	}
	gc->kept += kept;
	gc->removed += !kept;
	gc->bytes += kept ? 0 : f->bytes;
	if (gc->json)
		faults_print_json(f, t->remote);
	else if (verbosity >= 0 && (!kept || t->failed || verbosity > 0))
		print_line(t, f);
	return 0;
}

static int run_check(struct gc *gc, const char *command, const char *remote)
{
	struct finding_list list = FINDING_LIST_INIT;
	struct telling telling = { gc, remote, false };
	struct strvec args = STRVEC_INIT;
	size_t i;
	int status;

	strvec_pushl(&args, command, "--prune", NULL);
	strvec_pushf(&args, "--older-than=%s", gc->age);
	for (i = 0; i < gc->keep.nr; i++)
		strvec_pushf(&args, "--keep=%s", gc->keep.v[i]);
	if (gc->dry_run)
		strvec_push(&args, "-n");
	if (remote)
		strvec_pushf(&args, "--remote=%s", remote);
	status = find_faults(&list, &args);
	/* What else is wrong is not what it was asked. */
	if (status == EXIT_NO)
		status = 0;
	telling.failed = status != 0;
	finding_list_sort(&list);
	finding_list_each(&list, tell, &telling);
	finding_list_release(&list);
	strvec_release(&args);
	return status;
}

static void sum_up(const struct gc *gc, bool whole)
{
	struct strbuf out = STRBUF_INIT, size = STRBUF_INIT;

	if (!gc->removed && !gc->kept) {
		strbuf_addstr(&out, whole ? _("nothing is left over") :
			      _("nothing was found before it failed"));
	} else {
		size_format(&size, gc->bytes);
		strbuf_addf(&out, gc->dry_run ?
			    PL_("would remove %zu leftover, %s",
				"would remove %zu leftovers, %s", gc->removed) :
			    PL_("removed %zu leftover, %s",
				"removed %zu leftovers, %s", gc->removed),
			    gc->removed, size.buf);
	}
	if (gc->kept)
		strbuf_addf(&out, PL_("; %zu stays", "; %zu stay", gc->kept),
			    gc->kept);
	if (gc->errors)
		strbuf_addf(&out, PL_("; %zu error, see 'resutil fsck'",
				      "; %zu errors, see 'resutil fsck'",
				      gc->errors), gc->errors);
	strbuf_addch(&out, '\n');
	out_safe(&out);
	strbuf_release(&size);
	strbuf_release(&out);
}

static void read_age(struct gc *gc, const struct option *options)
{
	struct strbuf err = STRBUF_INIT;
	unsigned seconds;

	if (gc->age && age_parse(&seconds, gc->age, &err))
		usage_with_options(usage, options, "%s", err.buf);
	if (!gc->age) {
		gc->age = settings_get_str(AGE_KEY, AGE_DEFAULT);
		if (age_parse(&seconds, gc->age, &err))
			die_status(EXIT_CONTENT, AGE_KEY ": %s", err.buf);
	}
	strbuf_release(&err);
}

/* Whether renames that were begun stay; else they are ended first. */
static bool check_kept(const struct gc *gc, const struct option *options)
{
	struct check_options kept = { 0 };
	struct strbuf err = STRBUF_INIT;
	size_t i;

	for (i = 0; i < gc->keep.nr; i++)
		if (finding_keep_add(&kept.keep, gc->keep.v[i], &err))
			usage_with_options(usage, options, "%s", err.buf);
	strbuf_release(&err);
	return finding_is_kept(&kept, "rename-note");
}

int cmd_gc(int argc, const char **argv)
{
	struct gc gc = { .keep = STRVEC_INIT };
	bool keep_renames;
	int status;
	const struct option options[] = {
		{ .type = OPTION_STRING, .name = "remote",
		  .value = &gc.remote, .argh = "REMOTE",
		  .help = "clean a store as well; origin unless named",
		  .flags = OPT_OPTIONAL_ARG },
		OPT_STRING(0, "older-than", &gc.age, "AGE",
			   "only what is older; gc.older-than, or 1h"),
		{ .type = OPTION_LIST, .name = "keep", .value = &gc.keep,
		  .argh = "KIND", .arg = ARG_WORDS,
		  .words = "cache checkpoint-file copy-rest hidden-dir "
			   "ledger-torn live-file partial-mark rename-note "
			   "rerun-tree run-hint temp-file trial-root "
			   "upload-note upload-rest",
		  .help = "leave all of this kind; may be repeated" },
		OPT_BOOL('n', "dry-run", &gc.dry_run,
			 "say what would be removed"),
		OPT_BOOL(0, "json", &gc.json, "one JSON object a leftover"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much: all is looked at",
				   argv[0]);
	read_age(&gc, options);
	keep_renames = check_kept(&gc, options);
	if (!gc.dry_run && !keep_renames)
		settle_renames(0);
	status = run_check(&gc, "check-project", NULL);
	if (gc.remote)
		status = faults_status(status, run_check(&gc, "check-store",
			*gc.remote ? gc.remote : REMOTE_ORIGIN));
	if (!gc.json && verbosity >= 0)
		sum_up(&gc, !status);
	strvec_release(&gc.keep);
	return status;
}
