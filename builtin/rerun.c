/*
 * rerun: a recorded run, done again. The code of then is made a work tree of
 * its own; in it everything is as `run` does it, by the same functions.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/rerun-parts.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/signals.h"
#include "lib/exp/record/name.h"

#define RERUN_COMMENT "rerun"

static const char *const usage[] = {
	"rerun [-m COMMENT] [--in-place] [--as-me] [--lend=PATH]... "
	"[--collect=GLOB]... [--keep-worktree] [--[no-]push] [-n] "
	"EXP [-- CMD...]",
	"rerun --verify [--rtol=X] [--atol=X] [--ignore-lines=PATTERN]... "
	"[--ignore=GLOB]... [--compare=CMD] [--json] [OPTION]... "
	"EXP [-- CMD...]",
	"rerun --script EXP [-- CMD...]",
	NULL
};

static void rerun_release(struct rerun *r)
{
	strvec_release(&r->lend);
	strvec_release(&r->globs);
	strvec_release(&r->ignore);
	strvec_release(&r->ignore_lines);
	strvec_release(&r->words);
	strvec_release(&r->deps);
	strvec_release(&r->renamed);
	strvec_release(&r->missing);
	strvec_release(&r->lent);
	strbuf_release(&r->name);
	strbuf_release(&r->dir);
	strbuf_release(&r->origin);
	strbuf_release(&r->prefix);
	strbuf_release(&r->old_top);
	strbuf_release(&r->old_results);
	strbuf_release(&r->tree);
	strbuf_release(&r->cwd);
	strbuf_release(&r->chosen);
	value_free(r->record);
}

/* What does not go together; NULL: nothing. */
static const char *say_wrong(const struct rerun *r)
{
	bool compares = r->rtol || r->atol || r->compare || r->json ||
			r->ignore.nr || r->ignore_lines.nr;

	if (compares && !r->verify)
		return "there is something to be compared only with --verify";
	if (r->script && (r->verify || r->in_place || r->keep || r->dry_run))
		return "--script runs nothing";
	if (r->in_place && r->lend.nr)
		return "with --in-place there is nothing to lend to";
	return NULL;
}

static const char *read_options(struct rerun *r, int argc, const char **argv)
{
	const struct option options[] = {
		OPT_STRING('m', "comment", &r->comment, "COMMENT",
			   "the comment in the name; default: EXP's -rerun"),
		OPT_BOOL(0, "in-place", &r->in_place,
			 "run it where it was, with the code that is there"),
		OPT_BOOL(0, "as-me", &r->as_me,
			 "also run what another user recorded"),
		{ .type = OPTION_LIST, .name = "lend", .value = &r->lend,
		  .argh = "PATH", .arg = ARG_FILE,
		  .help = "link what git does not know into the work tree" },
		OPT_LIST(0, "collect", &r->globs, "GLOB",
			 "take matching files into the experiment at the end"),
		OPT_BOOL(0, "keep-worktree", &r->keep,
			 "leave the work tree, and say where it is"),
		OPT_BOOL(0, "push", &r->push,
			 "push at the end, whatever push.auto says"),
		OPT_BOOL('n', "dry-run", &r->dry_run,
			 "make the work tree, print the plan, run nothing"),
		OPT_GROUP("Comparing"),
		OPT_BOOL(0, "verify", &r->verify,
			 "compare what comes out with what came out"),
		OPT_STRING(0, "rtol", &r->rtol, "X",
			   "numbers in texts may differ by X times their size"),
		OPT_STRING(0, "atol", &r->atol, "X",
			   "numbers in texts may differ by X"),
		OPT_LIST(0, "ignore-lines", &r->ignore_lines, "PATTERN",
			 "lines that match the regular expression do not "
			 "count"),
		OPT_LIST(0, "ignore", &r->ignore, "GLOB",
			 "matching files do not count"),
		OPT_STRING(0, "compare", &r->compare, "CMD",
			   "ask CMD THEN NOW about each file that differs"),
		OPT_BOOL(0, "json", &r->json, "print the verdict as JSON"),
		OPT_GROUP("Elsewhere"),
		OPT_BOOL(0, "script", &r->script,
			 "print a shell script that does it with git alone"),
		OPT_END_OF_TABLE
	};
	const char *why;

	argc = parse_options(argc, argv, options, usage, PARSE_KEEP_DASHDASH);
	if (!argc || !strcmp(argv[0], "--"))
		usage_with_options(usage, options, "no experiment was given");
	if (argc > 1 && strcmp(argv[1], "--"))
		usage_with_options(usage, options, "what is to be run instead "
				   "stands behind '--'");
	if (argc == 2)
		usage_with_options(usage, options,
				   "no command stands behind '--'");
	why = say_wrong(r);
	if (why)
		usage_with_options(usage, options, "%s", why);
	if (argc > 2)
		r->cmd = argv + 2;
	return argv[0];
}

static void tell_missing(const struct rerun *r, size_t from)
{
	size_t i;

	for (i = from; i < r->missing.nr; i++)
		warning("%s", r->missing.v[i]);
}

/* ---- the run ------------------------------------------------------------- */

/* Files that the first run collected are collected again. */
static void add_collected(const struct rerun *r, struct strvec *globs)
{
	const struct value *list = value_map_get(r->record, "collected");
	struct strbuf glob = STRBUF_INIT;
	size_t i;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++) {
		const char *path = value_get_text(list->u.list.item[i],
						  "path");

		if (!path || !*path || *path == '/')
			continue;
		strbuf_reset(&glob);
		for (; *path; path++) {
			if (strchr("*?[\\", *path))
				strbuf_addch(&glob, '\\');
			strbuf_addch(&glob, *path);
		}
		strvec_push(globs, glob.buf);
	}
	strbuf_release(&glob);
}

static void note_origin(const struct rerun *r, struct run *run)
{
	run->more = value_new_map();
	value_map_set_str(run->more, "rerun_of", r->name.buf);
	if (value_get_text(r->record, "id"))
		value_map_set_str(run->more, "rerun_of_id",
				  value_get_text(r->record, "id"));
}

/* What --params-file gave is in the record; where a word of the command said
 * otherwise, it does so again. */
static void take_params(const struct rerun *r, struct run *run)
{
	const char *file = value_get_text(r->record, "params_file");
	const struct value *params = value_map_get(r->record, "params");

	if (r->cmd || !file || !params || params->type != VALUE_MAP)
		return;
	run->params_file = file;
	run->file_params = value_copy(params);
}

/* Not the same comment, by which people call the first. */
static void choose_name(struct rerun *r)
{
	struct name_parts parts;
	const char *comment = "";

	if (name_parse(&parts, r->name.buf) && parts.comment)
		comment = parts.comment;
	strbuf_addf(&r->chosen, "%s%s" RERUN_COMMENT, comment,
		    *comment ? "-" : "");
	if (name_check_comment(r->chosen.buf, r->chosen.len, NULL) ||
	    strlen(r->name.buf) + sizeof(RERUN_COMMENT) > NAME_MAX_BYTES) {
		strbuf_reset(&r->chosen);
		strbuf_addstr(&r->chosen, comment);
	}
}

static void fill_run(struct rerun *r, struct run *run, struct strvec *argv)
{
	const struct value *subst = value_map_get(r->record, "subst");
	struct strbuf word = STRBUF_INIT;
	size_t i;

	for (i = 0; i < r->words.nr; i++) {
		strbuf_reset(&word);
		if (r->cmd || r->in_place)
			strbuf_addstr(&word, r->words.v[i]);
		else
			rerun_map_word(r, r->words.v[i], r->tree.buf,
				       the_project->results_path, &word);
		strvec_push(argv, word.buf);
	}
	run->argv = argv->v;
	run->subst = !r->cmd && subst && subst->type == VALUE_BOOL &&
		     subst->u.truth;
	run->rec.comment = r->comment;
	if (!r->comment) {
		choose_name(r);
		run->rec.comment = r->chosen.buf;
	}
	run->push = r->push;
	run->stays = r->verify;
	run->dry_run = r->dry_run;
	strvec_pushv(&run->deps.asked, r->deps.v);
	strvec_pushv(&run->globs, r->globs.v);
	if (!r->cmd)
		add_collected(r, &run->globs);
	if (!r->in_place) {
		run->code_dir = r->tree.buf;
		run->lent = &r->lent;
	}
	note_origin(r, run);
	take_params(r, run);
	strbuf_release(&word);
}

/*
 * With --verify our standard output is the verdict alone: what the program
 * prints goes to standard error for as long as it runs.
 */
static int turn_output(const struct rerun *r)
{
	int kept;

	if (!r->verify || r->dry_run)
		return -1;
	out_flush();
	kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (kept >= 0)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	return kept;
}

static void turn_back(int kept)
{
	if (kept < 0)
		return;
	out_flush();
	dup2(kept, STDOUT_FILENO);
	close(kept);
}

static int do_again(struct rerun *r, struct run *run, struct strbuf *err)
{
	struct strvec argv = STRVEC_INIT;
	int kept, status;

	if (chdir(r->cwd.buf))
		return exit_status_of(fail_errno(err, "cannot enter '%s'",
						 r->cwd.buf));
	/* so that gc sees that somebody is still at work in it */
	if (r->place)
		setenv("RESUTIL_WORK_TREE", tempfile_path(r->place), 1);
	fill_run(r, run, &argv);
	kept = turn_output(r);
	status = run_from_start_to_end(run);
	turn_back(kept);
	if (r->verify && run->ended)
		status = rerun_verify(r, run->rec.name.buf, run->rec.dir.buf);
	run->argv = NULL;
	strvec_release(&argv);
	return status;
}

/* ---- the story ----------------------------------------------------------- */

/* Everything that can be refused is refused before anything is made. */
static int look(struct rerun *r, const char *exp, struct strbuf *err)
{
	int ret = rerun_check_verify(r, err);

	if (!ret && r->comment)
		ret = name_check_comment(r->comment, strlen(r->comment), err);
	if (!ret)
		ret = rerun_find(r, exp, err);
	if (!ret)
		ret = rerun_check_command(r, err);
	if (!ret)
		ret = rerun_find_places(r, err);
	if (!ret)
		ret = rerun_check_inputs(r, err);
	return ret;
}

int cmd_rerun(int argc, const char **argv)
{
	struct rerun r = RERUN_INIT;
	struct run run = RUN_INIT;
	struct strbuf err = STRBUF_INIT;
	const char *exp = read_options(&r, argc, argv);
	bool interrupted;
	int ret, status;

	ret = look(&r, exp, &err);
	if (!ret && r.script)
		ret = rerun_print_script(&r, &err);
	else if (!ret)
		ret = rerun_make_place(&r, &err);
	if (!ret && !r.script && !r.cmd)
		rerun_doubt_words(&r);
	status = exit_status_of(ret);
	if (!ret && !r.script) {
		tell_missing(&r, 0);
		status = do_again(&r, &run, &err);
	}
	if (err.len)
		error("%s", err.buf);
	rerun_leave_place(&r);
	interrupted = run_was_interrupted(&run);
	run_release(&run);
	rerun_release(&r);
	strbuf_release(&err);
	if (interrupted)
		signal_die_of(SIGINT);
	return status;
}
