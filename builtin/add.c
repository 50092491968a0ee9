/*
 * add: an experiment from what is there already, without running anything.
 *
 * It calls lib/exp where another porcelain command would run the plumbing
 * (name-exp, write-exp): the name is final only when the directory has been
 * renamed to it, and a clash changes the record, which a child would have
 * written long before.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/ask-comment.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/birth.h"
#include "lib/exp/recording/copy-tree.h"
#include "lib/exp/record/deps.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"

static const char *const usage[] = {
	"add [-n] [-d EXP...] [--from=DIR] [COMMENT]",
	NULL
};

struct adding {
	const char *comment, *from;
	struct strvec wanted;		/* -d, as given */
	struct strvec deps;		/* their names */
	struct strbuf asked;
	struct copy_tree *tree;
};

static int find_dependency(const char *arg, void *data)
{
	struct adding *a = data;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	int ret = deps_find(&name, the_project, arg, &err);

	if (ret)
		error("%s", err.buf);
	else
		strvec_push(&a->deps, name.buf);
	strbuf_release(&err);
	strbuf_release(&name);
	return ret;
}

/* A copy of the results in the results, or of this very directory. */
static int check_from(const char *from, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT, results = STRBUF_INIT;
	int ret = 0;

	if (!path_is_dir(from))
		return fail(err, ERR_NOT_FOUND, "there is no directory '%s'",
			    from);
	path_real(&dir, from);
	path_real(&results, the_project->results_path);
	if (path_below(dir.buf, results.buf))
		ret = fail(err, ERR_USAGE, "'%s' lies in the results directory "
			   "already; -d names an experiment that another one "
			   "needs", from);
	else if (path_below(results.buf, dir.buf))
		ret = fail(err, ERR_USAGE, "'%s' holds the results directory "
			   "'%s', and cannot go into it", from,
			   the_project->results_dir);
	strbuf_release(&results);
	strbuf_release(&dir);
	return ret;
}

/* All that can be refused, before anything is made. */
static int prepare(struct adding *a, struct strbuf *err)
{
	int ret = 0;

	if (a->comment)
		ret = name_check_comment(a->comment, strlen(a->comment), err);
	if (!ret && a->from) {
		ret = check_from(a->from, err);
		if (!ret)
			ret = copy_tree_look(&a->tree, a->from, err);
	}
	/* The person is asked last, when nothing else is in the way. */
	return ret ? ret : choose_comment(the_project, &a->comment, &a->asked,
					  err);
}

static int make(struct adding *a, struct strbuf *err)
{
	struct moment created = moment_now();
	struct value *record = NULL;
	struct birth *birth = NULL;
	size_t nr_files = 0, i;
	int ret;

	ret = birth_start(&birth, the_project, &created, a->comment, err);
	if (ret)
		goto cleanup;
	if (a->tree) {
		ret = copy_tree_copy(a->tree, birth_dir(birth), err);
		if (ret)
			goto cleanup;
		nr_files = copy_tree_entries(a->tree);
	}
	record = record_new(the_project, birth_name(birth), NULL, NULL,
			    "added", &created);
	for (i = 0; i < a->deps.nr; i++)
		deps_note(record, the_project, a->deps.v[i]);
	record_redact_new(record);	/* the working directory */
	ret = birth_claim(birth, record, nr_files, err);
	if (!ret)
		out_printf("%s\n", birth_name(birth));

cleanup:
	value_free(record);
	birth_end(&birth);
	return ret;
}

static int show_only(const struct adding *a)
{
	struct strbuf name = STRBUF_INIT;
	struct moment now = moment_now();
	struct tm local;

	name_local_time(&local, &now);
	do {
		strbuf_reset(&name);
		name_make(&name, &local, a->comment);
		name_next_second(&local);
	} while (exp_is_here(the_project, name.buf));
	out_printf("%s\n", name.buf);
	strbuf_release(&name);
	return 0;
}

int cmd_add(int argc, const char **argv)
{
	struct adding a = {
		.wanted = STRVEC_INIT, .deps = STRVEC_INIT,
		.asked = STRBUF_INIT
	};
	struct items items = { 0 };
	struct strbuf err = STRBUF_INIT;
	int dry_run = 0, ret, status;
	const struct option options[] = {
		OPT_STRING('m', "comment", &a.comment, "COMMENT",
			   "the comment, as an option"),
		{ .type = OPTION_LIST, .letter = 'd', .name = "dependency",
		  .value = &a.wanted, .argh = "EXP",
		  .help = "what it depends on: all words up to an option",
		  .flags = OPT_GREEDY, .arg = ARG_EXP },
		{ .type = OPTION_STRING, .name = "from", .value = &a.from,
		  .argh = "DIR", .help = "take a copy of what is in DIR",
		  .arg = ARG_DIR },
		OPT_BOOL('n', "dry-run", &dry_run,
			 "check all, print the name, make nothing"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc > 1)
		usage_with_options(usage, options, "one COMMENT is taken, and "
				   "'%s' is another; quote a comment of "
				   "several words", argv[1]);
	if (argc && a.comment)
		usage_with_options(usage, options,
				   "the comment is given twice");
	if (argc)
		a.comment = argv[0];
	items_each(&items, a.wanted.v, NULL, 0, find_dependency, &a, &err);
	if (items.failed) {
		/* Nothing is added, so nothing is done in part. */
		status = items.mixed ? EXIT_FAILED : exit_status_of(items.code);
	} else {
		ret = prepare(&a, &err);
		if (!ret)
			ret = dry_run ? show_only(&a) : make(&a, &err);
		if (ret)
			error("%s", err.buf);
		status = exit_status_of(ret);
	}
	copy_tree_free(a.tree);
	strbuf_release(&err);
	strbuf_release(&a.asked);
	strvec_release(&a.deps);
	strvec_release(&a.wanted);
	return status;
}
