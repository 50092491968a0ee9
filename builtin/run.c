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

#include "builtin/ask-comment.h"
#include "builtin/run-deps.h"
#include "builtin/run-store.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/signals.h"
#include "lib/base/strvec.h"
#include "lib/base/supervise.h"
#include "lib/base/sys.h"
#include "lib/base/term.h"
#include "lib/exp/birth.h"
#include "lib/exp/collect.h"
#include "lib/exp/config.h"
#include "lib/exp/exp-list.h"
#include "lib/exp/git-state.h"
#include "lib/exp/live.h"
#include "lib/exp/meta.h"
#include "lib/exp/name.h"
#include "lib/exp/record.h"
#include "lib/exp/redact-record.h"

#define TOLD_FILES 10

struct run {
	/* Options. */
	const char *comment;
	const char *name_file;
	struct run_deps deps;
	struct strvec globs;
	int subst, debug, dry_run, treeish, push;
	enum run_push how;		/* to push at the end */

	/* What will run. */
	const char **argv;
	struct strbuf cwd, program;
	struct strbuf asked_comment;

	/* What is gathered before the claim. */
	struct git_state_options git_options;
	struct git_state *git;
	struct value *record;
	struct collect *collect;	/* patterns of the command line */
	struct collect *collect_conf;	/* patterns of run.collect */

	/* The experiment. */
	struct birth *birth;		/* NULL with --debug */
	struct live *live;
	struct strbuf name, dir;
	struct supervise sup;
	struct moment started;		/* the program */
	double wall;
	bool incomplete;		/* its end or a file is not recorded */
};

static void run_release(struct run *r)
{
	run_deps_release(&r->deps);
	strvec_release(&r->globs);
	strbuf_release(&r->cwd);
	strbuf_release(&r->program);
	strbuf_release(&r->asked_comment);
	git_state_free(r->git);
	value_free(r->record);
	collect_free(r->collect);
	collect_free(r->collect_conf);
	live_end(&r->live);
	birth_end(&r->birth);
	strbuf_release(&r->name);
	strbuf_release(&r->dir);
	supervise_release(&r->sup);
}

/* The story goes to a terminal only, so that scripts see the program alone. */
static bool telling(void)
{
	return verbosity >= 0 && (verbosity > 0 || isatty(STDERR_FILENO));
}

static void tell(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void tell(const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT, safe = STRBUF_INIT;
	va_list ap;

	if (!telling())
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	quote_terminal(&safe, text.buf, text.len);
	say("%s", safe.buf);
	strbuf_release(&text);
	strbuf_release(&safe);
}

static int start_collecting(struct run *r, struct strbuf *err)
{
	struct strvec globs = STRVEC_INIT;
	int ret = 0;

	config_get_list("run.collect", &globs);
	if (r->globs.nr)
		ret = collect_start(&r->collect, the_project, r->cwd.buf,
				    &r->globs, err);
	if (!ret && globs.nr)
		ret = collect_start(&r->collect_conf, the_project,
				    the_project->root, &globs, err);
	strvec_release(&globs);
	return ret;
}

/* Everything that can be refused is refused here: nothing is visible yet. */
static int prepare(struct run *r, struct strbuf *err)
{
	int ret;

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
	/* git answers while we go on. */
	ret = git_state_start(&r->git, &r->git_options, err);
	if (ret)
		return ret;
	ret = run_push_choose(&r->how, r->push, err);
	if (!ret)
		ret = run_deps_find(&r->deps, r->cwd.buf, r->argv, r->dry_run,
				    err);
	if (ret)
		return ret;
	if (r->debug)
		r->comment = NULL;
	/* The person is asked last, when nothing else is in the way. */
	return r->debug ? 0 : choose_comment(the_project, &r->comment,
					     &r->asked_comment, err);
}

static int make_record(struct run *r, const struct moment *created,
		       struct strbuf *err)
{
	r->record = record_new(the_project, r->birth ? birth_name(r->birth)
						     : NAME_DEBUG,
			       r->argv, r->cwd.buf, "running", created);
	record_set_moment(r->record, "at.started", created);
	value_map_set_str(r->record, "executor", "local");
	if (r->subst)
		value_map_set(r->record, "subst", value_new_bool(true));
	return run_deps_add(&r->deps, r->record, err);
}

/* Code state into the directory; the rest of the record from it. */
static int capture(struct run *r, size_t *nr_files, struct strbuf *err)
{
	struct value *git = NULL, *meta = NULL;
	int ret;

	ret = git_state_capture(r->git, r->dir.buf, &git, nr_files, err);
	if (ret)
		return ret;
	/* Something is lost, so this is said also where nothing is told. */
	if (value_get_text(git, "error"))
		warning(_("the state of the code is not recorded whole: git "
			  "says: %s"), value_get_text(git, "error"));
	ret = meta_collect(&meta, NULL, git, err);
	value_map_set(r->record, "git", git);
	if (ret)
		return ret;
	value_map_set(r->record, "meta", meta);
	record_redact_new(r->record);
	return 0;
}

/* Once, and also where nothing else is told: the record is not all of it. */
static void tell_redacted(const struct run *r)
{
	struct strbuf list = STRBUF_INIT;

	record_format_redacted(&list, r->record);
	if (list.len && verbosity >= 0)
		warning(_("not recorded, for it looks secret: %s "
			  "('secrets.allow' exempts)"), list.buf);
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

	if (!telling() || git_state_changes(r->git, &list, &nr, NULL))
		return;
	for (i = 0; i < nr; i++)
		kept += !list[i].left_out && !list[i].deleted;
	if (kept)
		tell(_("Keeping %zu changed file%s of the code:"), kept,
		     kept == 1 ? "" : "s");
	for (i = 0; i < nr; i++) {
		if (list[i].left_out || list[i].deleted)
			continue;
		if (told++ == TOLD_FILES) {
			tell(_("  ... and %zu more"), kept - TOLD_FILES);
			break;
		}
		tell("  - %s", list[i].path);
	}
	for (i = 0; i < nr; i++)
		if (list[i].left_out)
			tell(_("  left out: %s (%s)"), list[i].path,
			     list[i].left_out);
}

/* --debug: one directory, used again, never an experiment. */
static int open_debug(struct run *r, struct strbuf *err)
{
	static const char *const old[] = {
		"uncommited_files", "uncommited.patch", "stdout.log",
		"stderr.log", "traceback.txt"
	};
	struct strbuf path = STRBUF_INIT;
	size_t i;
	int ret;

	strbuf_addstr(&r->name, NAME_DEBUG);
	project_exp_path(the_project, NAME_DEBUG, &r->dir);
	ret = project_need_results(the_project, err);
	if (ret)
		return ret;
	ret = live_start(&r->live, the_project, NAME_DEBUG, err);
	if (ret == ERR_CONFLICT)
		return fail(err, ret, "another debug run uses '%s'",
			    r->dir.buf);
	if (ret)
		return ret;
	/* A link would lead what we write out of the project. */
	if (path_exists(r->dir.buf) && !exp_is_here(the_project, NAME_DEBUG))
		return fail(err, ERR_CONFLICT, "'%s' is no directory",
			    r->dir.buf);
	if (sys_mkdir_all(r->dir.buf, 0777))
		return fail_errno(err, "cannot make directory '%s'",
				  r->dir.buf);
	for (i = 0; i < ARRAY_SIZE(old) && !ret; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", r->dir.buf, old[i]);
		if (sys_remove_tree(path.buf))
			ret = fail_errno(err, "cannot remove '%s'", path.buf);
	}
	strbuf_release(&path);
	return ret;
}

static int claim_debug(struct run *r, const struct moment *created,
		       struct strbuf *err)
{
	size_t nr_files = 0;
	int ret;

	ret = open_debug(r, err);
	if (!ret)
		ret = make_record(r, created, err);
	if (!ret)
		ret = capture(r, &nr_files, err);
	if (ret)
		return ret;
	supervise_begin();
	ret = record_write(r->record, r->dir.buf, true, err);
	if (ret)
		supervise_end();
	return ret;
}

/*
 * From the claim on, the run can be seen: so its lock is held before, and the
 * signals that would end us are held back until the program gets them.
 */
static int claim(struct run *r, struct strbuf *err)
{
	struct moment created = moment_now();
	size_t nr_files = 0;
	int ret;

	if (r->debug)
		return claim_debug(r, &created, err);
	ret = birth_start(&r->birth, the_project, &created, r->comment, err);
	if (ret)
		return ret;
	strbuf_addstr(&r->dir, birth_dir(r->birth));
	ret = make_record(r, &created, err);
	if (!ret)
		ret = capture(r, &nr_files, err);
	if (!ret)
		ret = live_start(&r->live, the_project,
				 value_get_text(r->record, "id"), err);
	if (ret)
		return ret;
	supervise_begin();
	ret = birth_claim(r->birth, r->record, nr_files, err);
	if (ret) {
		supervise_end();
		return ret;
	}
	strbuf_addstr(&r->name, birth_name(r->birth));
	strbuf_reset(&r->dir);
	strbuf_addstr(&r->dir, birth_dir(r->birth));
	return 0;
}

static int write_name_file(struct run *r, struct strbuf *err)
{
	int fd, ret = 0;

	if (!r->name_file)
		return 0;
	/* No rename: it may be a fifo or /dev/fd/N. */
	fd = sys_open(r->name_file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd < 0 || sys_write_all(fd, r->name.buf, r->name.len) ||
	    sys_write_all(fd, "\n", 1))
		ret = fail_errno(err, "cannot write the name to '%s'",
				 r->name_file);
	if (fd >= 0)
		close(fd);
	return ret;
}

static int open_log(struct run *r, struct supervise_log *log, const char *name,
		    struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addf(&path, "%s/%s", r->dir.buf, name);
	log->fd = sys_open(path.buf, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND,
			   0666);
	if (log->fd < 0)
		fail_errno(err, "cannot write '%s'", path.buf);
	strbuf_release(&path);
	return log->fd < 0 ? ERR_FAILED : 0;
}

static void push_argument(struct strvec *args, const char *word,
			  const char *dir)
{
	struct strbuf text = STRBUF_INIT;
	const char *hole;

	while ((hole = strstr(word, "{}")) != NULL) {
		strbuf_add(&text, word, (size_t)(hole - word));
		strbuf_addstr(&text, dir);
		word = hole + 2;
	}
	strbuf_addstr(&text, word);
	strvec_push(args, text.buf);
	strbuf_release(&text);
}

static void note_started(pid_t pid, void *data)
{
	struct run *r = data;

	r->started = moment_now();
	/* Only tells a lost run from an unattended one: no reason to stop. */
	live_note_program(r->live, pid, NULL);
}

static double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A clock says no more than this, and the record shall be readable. */
static double whole_microseconds(double seconds)
{
	return (double)(int64_t)(seconds * 1e6 + 0.5) / 1e6;
}

static int execute(struct run *r, struct strbuf *err)
{
	struct supervise *s = &r->sup;
	double before;
	int ret, i;

	ret = open_log(r, &s->out, "stdout.log", err);
	if (!ret)
		ret = open_log(r, &s->err, "stderr.log", err);
	if (ret)
		goto cleanup;
	s->child.program = r->program.buf;
	for (i = 0; r->argv[i]; i++)
		if (r->subst)
			push_argument(&s->child.args, r->argv[i], r->dir.buf);
		else
			strvec_push(&s->child.args, r->argv[i]);
	strvec_pushf(&s->child.env, "RESUTIL_EX_DIR=%s", r->dir.buf);
	strvec_pushf(&s->child.env, "RESUTIL_EX_NAME=%s", r->name.buf);
	strvec_pushf(&s->child.env, "RESUTIL_ID=%s",
		     value_get_text(r->record, "id"));
	s->started = note_started;
	s->data = r;

	before = seconds_now();
	ret = supervise_run(s, err);
	r->wall = seconds_now() - before;

cleanup:
	if (s->out.fd >= 0)
		close(s->out.fd);
	if (s->err.fd >= 0)
		close(s->err.fd);
	return ret;
}

static void take_collected(struct run *r, struct collect *c,
			   struct value *changes)
{
	struct strvec left = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	struct value *taken = NULL, *all;
	size_t i;

	if (!c)
		return;
	if (collect_finish(c, r->dir.buf, &taken, &left, &err)) {
		error("%s", err.buf);
		r->incomplete = true;
	}
	for (i = 0; i < left.nr; i++)
		warning(_("not collected: %s"), left.v[i]);
	if (taken && taken->u.list.nr) {
		all = value_map_get(changes, "collected");
		if (!all)
			value_map_set(changes, "collected",
				      all = value_new_list());
		for (i = 0; i < taken->u.list.nr; i++)
			value_list_add(all, value_copy(taken->u.list.item[i]));
	}
	value_free(taken);
	strvec_release(&left);
	strbuf_release(&err);
}

static void note_lost(struct value *changes, const struct supervise_log *log,
		      const char *name)
{
	struct value *lost, *entry;

	if (!log->lost)
		return;
	warning(_("the last %" PRIu64 " bytes of '%s' were not kept: %s"),
		log->lost, name, strerror(log->lost_errno));
	lost = value_map_get(changes, "lost_output");
	if (!lost)
		value_map_set(changes, "lost_output", lost = value_new_list());
	entry = value_new_map();
	value_map_set_str(entry, "path", name);
	value_map_set_int(entry, "bytes", (int64_t)log->lost);
	value_map_set_str(entry, "error", strerror(log->lost_errno));
	value_list_add(lost, entry);
}

/* A reader that had enough (EPIPE) is no loss; a full disk is. */
static void tell_cut(const struct supervise_log *log, const char *stream,
		     const char *name)
{
	if (log->stream_errno && log->stream_errno != EPIPE)
		warning(_("cannot write to %s: %s; what reached us is in "
			  "'%s'"), stream, strerror(log->stream_errno), name);
}

static struct value *usage_map(const struct run *r)
{
	struct value *usage = value_new_map();

	value_map_set(usage, "wall",
		      value_new_float(whole_microseconds(r->wall)));
	value_map_set(usage, "user", value_new_float(r->sup.user));
	value_map_set(usage, "sys", value_new_float(r->sup.sys));
	value_map_set_int(usage, "max_rss", (int64_t)r->sup.max_rss);
	return usage;
}

static const char *end_state(const struct run *r)
{
	if (r->sup.interrupted_by)
		return "interrupted";
	return r->sup.exit_code == 0 ? "done" : "fail";
}

/* How it ended. The program may have changed the record meanwhile, so this is
 * an update, and what cannot be written is told: the old record stays. */
static void finish(struct run *r)
{
	struct value *changes = value_new_map();
	struct strbuf err = STRBUF_INIT;
	struct moment now = moment_now();

	take_collected(r, r->collect, changes);
	take_collected(r, r->collect_conf, changes);
	record_set_moment(changes, "at.started", &r->started);
	record_set_moment(changes, "at.finished", &now);
	value_map_set_str(changes, "state", end_state(r));
	if (r->sup.signo)
		value_map_set_str(changes, "signal", signal_name(r->sup.signo));
	else
		value_map_set_int(changes, "exit_code", r->sup.exit_code);
	value_map_set(changes, "usage", usage_map(r));
	note_lost(changes, &r->sup.out, "stdout.log");
	note_lost(changes, &r->sup.err, "stderr.log");
	tell_cut(&r->sup.out, _("standard output"), "stdout.log");
	tell_cut(&r->sup.err, _("standard error"), "stderr.log");
	live_free_reserve(r->live);
	if (record_update(the_project, r->name.buf, changes, &err)) {
		error(_("the end of '%s' is not recorded: %s"), r->name.buf,
		      err.buf);
		r->incomplete = true;
	}
	live_end(&r->live);
	value_free(changes);
	strbuf_release(&err);
}

static void tell_end(const struct run *r)
{
	struct strbuf took = STRBUF_INIT;

	duration_format(&took, r->wall);
	if (r->sup.interrupted_by)
		tell(_("Interrupted by %s after %s: %s"),
		     signal_name(r->sup.interrupted_by), took.buf, r->name.buf);
	else if (r->sup.signo)
		tell(_("Killed by %s after %s: %s"), signal_name(r->sup.signo),
		     took.buf, r->name.buf);
	else if (r->sup.exit_code)
		tell(_("Failed with exit status %d after %s: %s"),
		     r->sup.exit_code, took.buf, r->name.buf);
	else
		tell(_("Done in %s: %s"), took.buf, r->name.buf);
	strbuf_release(&took);
}

/* Recorded and pushed first, asked last; the default keeps it. */
static void push_and_ask(struct run *r)
{
	struct child_process child = CHILD_PROCESS_INIT;
	bool ask, pushed;
	int stopped = 0;

	if (r->debug)
		return;
	ask = strcmp(end_state(r), "done") && term_is_interactive();
	/* What a person may remove next is not left to the background. */
	pushed = run_push(r->name.buf, r->how, ask, &stopped);
	if (!ask || stopped ||
	    !ask_yes_no(pushed ? _("Delete this experiment, here and in the "
				   "store?") : _("Delete this experiment?"),
			false))
		return;
	child.resutil_cmd = 1;
	strvec_pushl(&child.args, "rm", "-y", NULL);
	if (!pushed)
		strvec_push(&child.args, "-l");
	strvec_pushl(&child.args, "--", r->name.buf, NULL);
	run_command(&child);
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

	plan_line("program", r->program.buf, NULL);
	add_command(&line, r);
	plan_line("command", line.buf, NULL);
	if (r->comment && *r->comment)
		plan_line("comment", r->comment, NULL);
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

/* 0 says that all is well, also with the record. */
static int run_status(const struct run *r)
{
	if (!r->sup.signo)
		return !r->sup.exit_code && r->incomplete ?
			       EXIT_FAILED : r->sup.exit_code;
	return 128 + r->sup.signo;
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
	"run [-m COMMENT] [-d EXP]... [--collect=GLOB]... [--name-file=FILE] "
	"[--subst] [--debug] [--treeish] [--[no-]push] [-n] [--] CMD...",
	NULL
};

/* The words before CMD; r->argv is what is left. */
static void read_options(struct run *r, int argc, const char **argv)
{
	const struct option options[] = {
		OPT_STRING('m', "comment", &r->comment, "COMMENT",
			   "the comment in the name; asked for on a terminal"),
		{ .type = OPTION_LIST, .letter = 'd', .name = "dependency",
		  .value = &r->deps.asked, .argh = "EXP", .arg = ARG_EXP,
		  .help = "an experiment that this one needs" },
		OPT_LIST(0, "collect", &r->globs, "GLOB",
			 "take matching files into the experiment at the end"),
		{ .type = OPTION_STRING, .name = "name-file",
		  .value = &r->name_file, .argh = "FILE", .arg = ARG_FILE,
		  .help = "write the experiment's name to FILE at the start" },
		OPT_BOOL(0, "subst", &r->subst,
			 "replace {} in CMD by the experiment's directory"),
		OPT_BOOL(0, "debug", &r->debug,
			 "use the directory _debug again, keep no experiment"),
		OPT_BOOL(0, "treeish", &r->treeish,
			 "also record a git tree of the changed code"),
		OPT_BOOL(0, "push", &r->push,
			 "push at the end, whatever push.auto says"),
		OPT_BOOL('n', "dry-run", &r->dry_run,
			 "print what would be recorded, run nothing"),
		{ .type = OPTION_STRING, .name = "resutil_comment",
		  .value = &r->comment, .argh = "COMMENT",
		  .help = "as -m", .flags = OPT_HIDDEN | OPT_NO_NEG },
		{ .type = OPTION_STRING, .name = "reusitl_comment",
		  .value = &r->comment, .argh = "COMMENT",
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
		r->debug = 1;
}

static void explain(const struct strbuf *err)
{
	error("%s", err->buf);
}

int cmd_run(int argc, const char **argv)
{
	/* A limit on file sizes is a full disk for us: EFBIG, not our end. */
	static const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct run r = { .deps = RUN_DEPS_INIT, .sup = SUPERVISE_INIT,
			 .globs = STRVEC_INIT,
			 .cwd = STRBUF_INIT, .program = STRBUF_INIT,
			 .asked_comment = STRBUF_INIT, .name = STRBUF_INIT,
			 .dir = STRBUF_INIT, .push = -1 };
	struct strbuf err = STRBUF_INIT, line = STRBUF_INIT;
	int ret, status = EXIT_RUN_FAILED;

	read_options(&r, argc, argv);
	sigaction(SIGXFSZ, &ignore, NULL);
	ret = prepare(&r, &err);
	if (ret) {
		explain(&err);
		status = ret > 0 ? ret : EXIT_RUN_FAILED;
		goto cleanup;
	}
	if (r.dry_run) {
		print_plan(&r);
		status = 0;
		goto cleanup;
	}
	ret = start_collecting(&r, &err);
	if (!ret)
		ret = claim(&r, &err);
	if (ret) {
		explain(&err);
		goto cleanup;
	}
	tell_redacted(&r);
	tell_changes(&r);
	tell(_("Experiment: %s"), r.name.buf);
	quote_shell_argv(&line, r.argv);
	tell(_("Running: %s"), line.buf);

	ret = write_name_file(&r, &err);
	if (!ret)
		ret = execute(&r, &err);
	if (ret) {	/* nothing ran, so nothing is worth keeping */
		if (r.birth)
			birth_undo(r.birth, NULL);
		supervise_end();
		explain(&err);
		goto cleanup;
	}
	finish(&r);
	supervise_end();
	status = run_status(&r);
	tell_end(&r);
	push_and_ask(&r);

cleanup:
	ret = r.sup.signo == SIGINT && r.sup.interrupted_by == SIGINT;
	run_release(&r);
	strbuf_release(&err);
	strbuf_release(&line);
	if (ret)	/* so that a shell's loop over runs ends, too */
		signal_die_of(SIGINT);
	return status;
}
