/*
 * run: record what a program does. The story of cmd_run() is the write order
 * of Documentation/technical/durability.adoc: prepare (nothing is visible),
 * claim (one rename), run, finish (one update of the record).
 *
 * Recording calls lib/exp where another porcelain command would run the
 * plumbing (name-exp, snapshot-code, collect-meta, write-exp, update-exp): a
 * child for each would cost more than all of their work.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/around-run.h"
#include "builtin/ask-comment.h"
#include "builtin/call-hooks.h"
#include "builtin/params-file.h"
#include "builtin/run-hooks.h"
#include "builtin/run-parts.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/redact.h"
#include "lib/base/signals.h"
#include "lib/base/sys.h"
#include "lib/base/term.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/redact-record.h"

#define TOLD_FILES 10

void run_release(struct run *r)
{
	run_deps_release(&r->deps);
	run_again_release(&r->again);
	strvec_release(&r->globs);
	strbuf_release(&r->cwd);
	strbuf_release(&r->program);
	strbuf_release(&r->asked_comment);
	run_beside_release(&r->beside);
	value_free(r->file_params);
	value_free(r->more);
	git_state_free(r->git);
	meta_finish(&r->meta, NULL, 0);
	collect_free(r->collect);
	collect_free(r->collect_conf);
	run_capture_release(&r->capture);
	recording_release(&r->rec);
	supervise_release(&r->sup);
}

bool run_is_telling(void)
{
	return verbosity >= 0 && (verbosity > 0 || isatty(STDERR_FILENO));
}

void run_tell(const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT, safe = STRBUF_INIT;
	va_list ap;

	if (!run_is_telling())
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	quote_terminal(&safe, text.buf, text.len);
	say("%s", safe.buf);
	strbuf_release(&text);
	strbuf_release(&safe);
}

/* Everything that can be refused is refused here: nothing is visible yet. */
static int prepare_all(struct run *r, struct own_hooks *hooks,
		       struct strbuf *err)
{
	int ret;

	ret = r->params_file && !r->file_params ?
	      params_file_read(&r->file_params, r->params_file, err) : 0;
	if (!ret)
		ret = run_again_look(r, err);
	if (ret || r->again.kind == RUN_STORED)
		return ret;
	ret = path_find_program(&r->program, r->argv[0], err);
	if (ret)
		return ret;	/* 126 or 127 */
	ret = path_cwd(&r->cwd, err);
	if (ret)
		return ret;
	ret = git_state_options_init(&r->git_options, the_project, err);
	if (ret)
		return ret;
	if (r->treeish)
		r->git_options.treeish = true;
	r->git_options.dir = r->code_dir;
	r->git_options.lent = r->lent;
	if (!r->dry_run)
		ret = call_hooks_find(hooks, "pre-run", err);
	/* git answers while we go on, but what hooks change comes first. */
	if (!ret && !hooks->nr)
		ret = git_state_start(&r->git, &r->git_options, err);
	if (!ret)
		ret = run_beside_configure(&r->beside, err);
	if (!ret)
		ret = run_push_choose(&r->how, r->push, err);
	if (!ret)
		ret = run_deps_find(&r->deps, r->cwd.buf, r->argv, r->dry_run,
				    err);
	if (r->rec.debug)
		r->rec.comment = NULL;
	/* The person is asked last, when nothing else is in the way. */
	if (!ret && !r->rec.debug && r->again.kind != RUN_RESUME)
		ret = choose_comment(the_project, &r->rec.comment,
				     &r->asked_comment, err);
	if (ret || !hooks->nr)
		return ret;
	ret = run_pre_hooks(r, hooks, err);
	return ret ? ret : git_state_start(&r->git, &r->git_options, err);
}

static int prepare(struct run *r, struct strbuf *err)
{
	struct own_hooks hooks = OWN_HOOKS_INIT;
	int ret = prepare_all(r, &hooks, err);

	own_hooks_release(&hooks);
	return ret;
}

/* Once, and also where nothing else is told: the record is not all of it. */
static void tell_redacted(const struct run *r)
{
	struct strbuf list = STRBUF_INIT;

	record_format_redacted(&list, r->rec.record);
	if (list.len && verbosity >= 0)
		warning(_("not recorded, for it looks secret: %s "
			  "('secrets.allow' exempts)"), list.buf);
	if (*meta_notice(r->meta) && verbosity >= 0)
		warning("%s", meta_notice(r->meta));
	strbuf_release(&list);
}

/* For people and logs, who may be many. */
static void add_command(struct strbuf *line, const struct run *r)
{
	struct redaction taken = REDACTION_INIT;
	struct strvec words = STRVEC_INIT;

	redact_argv(&taken, r->argv, &words);
	quote_shell_argv(line, words.v);
	strvec_release(&words);
	redaction_release(&taken);
}

static void tell_changes(struct run *r)
{
	const struct git_change *list;
	size_t nr, i, told = 0, kept = 0;

	if (!run_is_telling() || git_state_changes(r->git, &list, &nr, NULL))
		return;
	for (i = 0; i < nr; i++)
		kept += !list[i].left_out && !list[i].deleted;
	if (kept)
		run_tell(_("Keeping %zu changed file%s of the code:"), kept,
			 kept == 1 ? "" : "s");
	for (i = 0; i < nr; i++) {
		if (list[i].left_out || list[i].deleted)
			continue;
		if (told++ == TOLD_FILES) {
			run_tell(_("  ... and %zu more"), kept - TOLD_FILES);
			break;
		}
		run_tell("  - %s", list[i].path);
	}
	for (i = 0; i < nr; i++)
		if (list[i].left_out)
			run_tell(_("  left out: %s (%s)"), list[i].path,
				 list[i].left_out);
}

static void tell_begin(struct run *r)
{
	struct strbuf line = STRBUF_INIT;

	tell_redacted(r);
	if (r->again.kind == RUN_FIRST)
		tell_changes(r);
	run_tell(r->again.kind == RUN_RESUME ? _("Going on with: %s") :
					       _("Experiment: %s"),
		 r->rec.name.buf);
	quote_shell_argv(&line, r->argv);
	run_tell(_("Running: %s"), line.buf);
	strbuf_release(&line);
}

static int write_name_file(const struct run *r, const struct strbuf *name,
			   struct strbuf *err)
{
	int fd, ret = 0;

	if (!r->name_file)
		return 0;
	/* No rename: it may be a fifo or /dev/fd/N. */
	fd = sys_open(r->name_file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd < 0 || sys_write_all(fd, name->buf, name->len) ||
	    sys_write_all(fd, "\n", 1))
		ret = fail_errno(err, "cannot write the name to '%s'",
				 r->name_file);
	if (fd >= 0)
		close(fd);
	return ret;
}

static void plan_line(const char *word, const char *text, const char *why)
{
	struct strbuf line = STRBUF_INIT;

	strbuf_addf(&line, "%s\t", word);
	quote_c(&line, text, strlen(text));
	if (why)
		strbuf_addf(&line, "\t%s", why);
	out_printf("%s\n", line.buf);
	strbuf_release(&line);
}

static void print_plan(struct run *r)
{
	const struct git_change *list;
	size_t nr, i;
	struct strbuf line = STRBUF_INIT;

	if (r->again.kind == RUN_STORED) {
		plan_line("stored", r->again.name.buf, NULL);
		return;
	}
	if (r->again.kind == RUN_RESUME)
		plan_line("resume", r->again.name.buf, NULL);
	plan_line("program", r->program.buf, NULL);
	add_command(&line, r);
	plan_line("command", line.buf, NULL);
	if (r->rec.comment && *r->rec.comment)
		plan_line("comment", r->rec.comment, NULL);
	if (r->params_file)
		plan_line("params-file", r->params_file, NULL);
	for (i = 0; i < r->deps.needed.nr; i++)
		plan_line("dependency", r->deps.needed.v[i], NULL);
	for (i = 0; i < r->deps.wanted.nr; i++)
		plan_line("pull", r->deps.wanted.v[i], NULL);
	if (!git_state_changes(r->git, &list, &nr, NULL))
		for (i = 0; i < nr; i++)
			plan_line(list[i].left_out ? "left-out" :
				  list[i].deleted ? "deleted" : "file",
				  list[i].path, list[i].left_out);
	strbuf_release(&line);
}

static int no_interactive(const struct option *opt UNUSED,
			  const char *arg UNUSED, bool unset,
			  struct strbuf *err UNUSED)
{
	if (!unset)
		term_set_no_interactive();
	return 0;
}

static const char *const run_usage[] = {
	"run [-m COMMENT] [-d EXP]... [--id=ID] [--collect=GLOB]... "
	"[--capture[=FORMATS]] "
	"[--name-file=FILE] [--params-file=FILE] "
	"[--checkpoint-every=DURATION] [--monitor[=SECONDS]] [--subst] "
	"[--debug] [--treeish] [--[no-]push] [-n] [--] CMD...",
	NULL
};

/* The words before CMD; r->argv is what is left. */
static void read_options(struct run *r, int argc, const char **argv)
{
	const struct option options[] = {
		OPT_STRING('m', "comment", &r->rec.comment, "COMMENT",
			   "the comment in the name; asked for on a terminal"),
		{ .type = OPTION_LIST, .letter = 'd', .name = "dependency",
		  .value = &r->deps.asked, .argh = "EXP", .arg = ARG_EXP,
		  .help = "an experiment that this one needs" },
		OPT_STRING(0, "id", &r->again.tid, "ID",
			   "the run ID: go on with it, or give what it had"),
		OPT_LIST(0, "collect", &r->globs, "GLOB",
			 "take matching files into the experiment at the end"),
		{ .type = OPTION_STRING, .name = "capture",
		  .value = &r->capture.formats, .argh = "FORMATS",
		  .flags = OPT_OPTIONAL_ARG, .arg = ARG_ITEMS,
		  .words = "votakvot mlflow tensorboard wandb dvc",
		  .help = "take what the program logs elsewhere, as MLflow" },
		{ .type = OPTION_STRING, .name = "name-file",
		  .value = &r->name_file, .argh = "FILE", .arg = ARG_FILE,
		  .help = "write the experiment's name to FILE at the start" },
		{ .type = OPTION_STRING, .name = "params-file",
		  .value = &r->params_file, .argh = "FILE", .arg = ARG_FILE,
		  .help = "record the parameters in FILE, too: YAML or JSON" },
		RUN_BESIDE_OPTIONS(&r->beside),
		OPT_BOOL(0, "subst", &r->subst,
			 "replace {} in CMD by the experiment's directory"),
		OPT_BOOL(0, "debug", &r->rec.debug,
			 "use the directory _debug again, keep no experiment"),
		OPT_BOOL(0, "treeish", &r->treeish,
			 "also record a git tree of the changed code"),
		OPT_BOOL(0, "push", &r->push,
			 "push at the end, whatever push.auto says"),
		OPT_BOOL('n', "dry-run", &r->dry_run,
			 "print what would be recorded, run nothing"),
		{ .type = OPTION_STRING, .name = "resutil_comment",
		  .value = &r->rec.comment, .argh = "COMMENT",
		  .help = "as -m", .flags = OPT_HIDDEN | OPT_NO_NEG },
		{ .type = OPTION_STRING, .name = "reusitl_comment",
		  .value = &r->rec.comment, .argh = "COMMENT",
		  .help = "as -m", .flags = OPT_HIDDEN | OPT_NO_NEG },
		{ .type = OPTION_CALLBACK, .name = "resutil_no_interactive",
		  .callback = no_interactive, .help = "ask nothing",
		  .flags = OPT_HIDDEN | OPT_NO_NEG },
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, run_usage,
			     PARSE_STOP_AT_WORD);
	if (!argc)
		usage_with_options(run_usage, options,
				   "no command to run was given");
	r->argv = argv;
	if (env_is_true("RESUTIL_DEBUG"))
		r->rec.debug = 1;
	if (r->rec.debug && r->again.tid)
		usage_with_options(run_usage, options, "a debug run is no "
				   "experiment, and so has no --id");
}

static void explain(const struct strbuf *err)
{
	error("%s", err->buf);
}

/* An experiment of its own, or that of an earlier start. */
static int begin(struct run *r, struct strbuf *err)
{
	int ret;

	/* What the first start had may have come since it was looked for. */
	ret = r->again.kind == RUN_STORED ? 0 : run_again_claim(r, err);
	if (!ret && r->again.kind == RUN_RESUME)
		ret = run_resume(r, err);
	else if (!ret && r->again.kind == RUN_FIRST)
		ret = run_claim(r, err);
	run_again_settled(&r->again, ret || r->again.kind == RUN_STORED ?
			  NULL : r->rec.name.buf);
	return ret;
}

/* Nothing ran, so nothing that began with it is worth keeping. */
static void take_back(struct run *r, const struct strbuf *why)
{
	if (r->again.kind == RUN_RESUME)
		run_resume_failed(r, why->buf);
	else if (r->rec.birth)
		birth_undo(r->rec.birth, NULL);
}

static int give_stored(const struct run *r, struct strbuf *err)
{
	run_tell(_("Done already: %s"), r->again.name.buf);
	if (write_name_file(r, &r->again.name, err)) {
		explain(err);
		return EXIT_RUN_FAILED;
	}
	return run_again_print(r);
}

int run_from_start_to_end(struct run *r)
{
	/* A limit on file sizes is a full disk for us: EFBIG, not our end. */
	static const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct strbuf err = STRBUF_INIT;
	int ret, status = EXIT_RUN_FAILED;

	sigaction(SIGXFSZ, &ignore, NULL);
	ret = prepare(r, &err);
	if (ret) {
		explain(&err);
		status = ret > 0 ? ret : EXIT_RUN_FAILED;
		goto cleanup;
	}
	if (r->dry_run) {
		print_plan(r);
		status = 0;
		goto cleanup;
	}
	if (r->again.kind != RUN_STORED)
		ret = run_start_collecting(r, &err);
	if (!ret && r->again.kind != RUN_STORED)
		run_capture_start(&r->capture, r->cwd.buf);
	if (!ret)
		ret = begin(r, &err);
	if (ret) {
		explain(&err);
		status = ret > 0 ? ret : EXIT_RUN_FAILED;
		goto cleanup;
	}
	if (r->again.kind == RUN_STORED) {
		status = give_stored(r, &err);
		goto cleanup;
	}
	tell_begin(r);

	ret = write_name_file(r, &r->rec.name, &err);
	if (!ret)
		ret = run_execute(r, &err);
	if (ret) {
		take_back(r, &err);
		supervise_end();
		explain(&err);
		goto cleanup;
	}
	run_finish(r);
	r->ended = true;
	supervise_end();
	status = run_status(r);
	run_tell_end(r);
	run_note_commit(&r->rec, r->code_dir);
	run_post_hooks(&r->rec);
	run_push_and_ask(r);

cleanup:
	strbuf_release(&err);
	return status;
}

bool run_was_interrupted(const struct run *r)
{
	return r->sup.signo == SIGINT && r->sup.interrupted_by == SIGINT;
}

int cmd_run(int argc, const char **argv)
{
	struct run r = RUN_INIT;
	bool interrupted;
	int status;

	read_options(&r, argc, argv);
	status = run_from_start_to_end(&r);
	interrupted = run_was_interrupted(&r);
	run_release(&r);
	if (interrupted)	/* so that a shell's loop over runs ends, too */
		signal_die_of(SIGINT);
	return status;
}
