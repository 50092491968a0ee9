/*
 * Global options, project set-up, dispatch. The same file makes the programs
 * under libexec/ (with -DPROGRAM_edit: resutil-edit): each has the whole list
 * of commands, and the functions of those that live in it.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/process.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/similar.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/tempfile.h"
#include "lib/base/term.h"
#include "lib/base/trace.h"
#include "lib/base/translate.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-file.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/conf/settings-key.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/redact-record.h"
#include "lib/exp/store/trust.h"

enum program {
	PROGRAM_main_nr, PROGRAM_edit_nr, PROGRAM_index_nr, PROGRAM_pack_nr
};

#if defined(PROGRAM_edit)
#define THIS_PROGRAM PROGRAM_edit_nr
#elif defined(PROGRAM_index)
#define THIS_PROGRAM PROGRAM_index_nr
#elif defined(PROGRAM_pack)
#define THIS_PROGRAM PROGRAM_pack_nr
#else
#define THIS_PROGRAM PROGRAM_main_nr
#endif

/* A constant expression: what is not chosen is not linked. */
#define FN_IN(program, fn) \
	(THIS_PROGRAM == PROGRAM_##program##_nr ? (fn) : NULL)

#define COMMAND(name, fn, room, setup, summary) \
	{ name, FN_IN(main, fn), room, setup, summary, NULL },
#define COMMAND_IN(program, name, fn, room, setup, summary) \
	{ name, FN_IN(program, fn), room, setup, summary, "resutil-" #program },

const struct command commands[] = {
#include "command-list.h"
	{ NULL, NULL, BUILTIN, NO_PROJECT, NULL, NULL }
};

static const char *const global_usage[] = {
	"[-C DIR] [-c KEY=VALUE] [-q|-v] [--no-interactive] [--exec-path] "
	"[--python-path] [--version] [-h] COMMAND [ARG...]",
	NULL
};

struct project *the_project;

static struct project opened = PROJECT_INIT;
static const struct command *current;

const struct command *find_command(const char *name)
{
	const struct command *c;

	for (c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static const char *find_holder(const char *name)
{
	const struct command *c = find_command(name);

	return c ? c->program : NULL;
}

/* Children and the programs under libexec/ talk as much as this one. */
static void set_verbosity(int level)
{
	char text[16];

	verbosity = level;
	snprintf(text, sizeof(text), "%d", level);
	setenv("RESUTIL_VERBOSITY", text, 1);
}

static void read_verbosity(void)
{
	const char *text = getenv("RESUTIL_VERBOSITY");
	char *end;
	long level;

	if (!text)
		return;
	level = strtol(text, &end, 10);
	if (!*end && level >= -9 && level <= 9)
		verbosity = level;
}

static int take_directory(const struct option *opt UNUSED, const char *arg,
			  bool unset UNUSED, struct strbuf *err UNUSED)
{
	/* no wrong usage: the words are right, the directory is not there */
	if (*arg && chdir(arg))
		die("cannot change to '%s': %s", arg, strerror(errno));
	return 0;
}

static int take_parameter(const struct option *opt UNUSED, const char *arg,
			  bool unset UNUSED, struct strbuf *err)
{
	return settings_add_parameter(arg, err);
}

static int take_talk(const struct option *opt, const char *arg UNUSED,
		     bool unset UNUSED, struct strbuf *err UNUSED)
{
	set_verbosity(opt->letter == 'q' ? -1 : MAXIMUM(verbosity, 0) + 1);
	return 0;
}

static int take_no_interactive(const struct option *opt UNUSED,
			       const char *arg UNUSED, bool unset UNUSED,
			       struct strbuf *err UNUSED)
{
	setenv("RESUTIL_NO_INTERACTIVE", "1", 1);
	term_set_no_interactive();
	return 0;
}

static int print_exec_path(const struct option *opt UNUSED,
			   const char *arg UNUSED, bool unset UNUSED,
			   struct strbuf *err UNUSED)
{
	out_printf("%s\n", resutil_libexec());
	exit(0);
}

static int print_python_path(const struct option *opt UNUSED,
			     const char *arg UNUSED, bool unset UNUSED,
			     struct strbuf *err UNUSED)
{
	out_printf("%s\n", resutil_python());
	exit(0);
}

static int wants_version;

#define GLOBAL_FLAG(l, n, call, h) \
	{ .type = OPTION_CALLBACK, .letter = (l), .name = (n), .help = (h), \
	  .flags = OPT_NO_NEG, .callback = (call) }

static const struct option global_options[] = {
	{ .type = OPTION_CALLBACK, .letter = 'C', .argh = "DIR",
	  .help = "work as if started in DIR", .arg = ARG_DIR,
	  .callback = take_directory },
	{ .type = OPTION_CALLBACK, .letter = 'c', .argh = "KEY=VALUE",
	  .help = "set a configuration key for this command",
	  .arg = ARG_KEY, .callback = take_parameter },
	GLOBAL_FLAG('q', "quiet", take_talk, "no talk, only errors"),
	GLOBAL_FLAG('v', "verbose", take_talk, "more talk; may be repeated"),
	GLOBAL_FLAG(0, "no-interactive", take_no_interactive,
		    "never ask anything"),
	GLOBAL_FLAG(0, "exec-path", print_exec_path,
		    "print where the other programs of resutil are"),
	GLOBAL_FLAG(0, "python-path", print_python_path,
		    "print where the Python package is, for PYTHONPATH"),
	{ .type = OPTION_BOOL, .name = "version", .value = &wants_version,
	  .help = "print the version", .flags = OPT_NO_NEG },
	OPT_GROUP("'resutil help' lists the commands, 'resutil help COMMAND' "
		  "shows the page of one."),
	OPT_END_OF_TABLE
};

/*
 * `run` must be told from the program that it runs: whatever is wrong with
 * the project is 125, as in env(1) and git-bisect-run.
 */
static void NORETURN setup_failed(int code, const struct strbuf *err)
{
	int status = exit_status_of(code);

	if (!strcmp(current->name, "run"))
		status = EXIT_RUN_FAILED;
	else if (code == ERR_NOT_FOUND)
		status = EXIT_FAILED;
	die_status(status, "%s", err->buf);
}

/*
 * A key that is nearly a setting is passed over like any that a later version
 * may know, which is a wrong result if it is a slip. The commands of scripts
 * say nothing, nor do those that a run calls, maybe a thousand times.
 */
static void warn_of_slips(void)
{
	struct strbuf path = STRBUF_INIT;
	struct strvec slips = STRVEC_INIT;
	int layer;
	size_t i;

	if (current->room != BUILTIN || current->setup == NO_PROJECT ||
	    getenv("RESUTIL_ID"))
		return;
	for (layer = 0; layer < SETTINGS_PARAMETERS; layer++) {
		const struct value *map =
			settings_layer((enum settings_layer)layer);

		if (map)
			settings_find_slips(map, &slips);
		if (layer == SETTINGS_USER)
			conf_file_user_path(&path, NULL);
		for (i = 0; i < slips.nr; i++)
			warning("'%s': %s", layer == SETTINGS_USER ? path.buf :
				the_project->conf_path, slips.v[i]);
		strvec_clear(&slips);
	}
	strbuf_release(&path);
	strvec_release(&slips);
}

/* What would be taken for no secret, if the project were trusted. */
static void warn_of_trust(void)
{
	static const char *const recording[] = { "add", "bench", "run" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(recording); i++)
		if (!strcmp(current->name, recording[i]) &&
		    settings_passed_over() && !getenv("RESUTIL_ID"))
			warning("what 'secrets.allow' and "
				"'secrets.allow-files' in '%s' say does not "
				"count, for this project "
				"is not trusted here; look at it, then trust "
				"it with 'resutil config --trust'",
				the_project->conf_path);
}

static void set_up_project(void)
{
	struct strbuf err = STRBUF_INIT;
	int ret;

	if (current->setup != NO_PROJECT) {
		ret = project_open(&opened, NULL, &err);
		if (!ret)
			the_project = &opened;
		else if (ret != ERR_NOT_FOUND || current->setup == NEED_PROJECT)
			setup_failed(ret, &err);
		strbuf_reset(&err);
	}

	ret = settings_load(the_project, &err);
	if (!ret) {
		warn_of_slips();
		warn_of_trust();
	}
	if (ret && !strcmp(current->name, "config"))
		;			/* it reads them again, and tells */
	else if (ret && current->setup == NO_PROJECT)
		warning("%s", err.buf);	/* `help` must still work */
	else if (ret)
		setup_failed(ret, &err);
	else if (color_set(settings_get_str("color.ui", "auto")))
		warning("color.ui is '%s', not auto, always or never",
			settings_get_str("color.ui", "auto"));
	redact_configure();
	strbuf_release(&err);
}

/* A trace tells the command line before the project is sought: what is secret
 * in it is a setting all the same. */
static void trace_command(const char **argv)
{
	struct project here = PROJECT_INIT;
	bool found;

	if (!trace_wanted())
		return;
	found = !project_open(&here, NULL, NULL);
	settings_load(found ? &here : NULL, NULL);
	redact_configure();
	if (argv)
		trace_argv("command", argv);
	project_release(&here);
}

/*
 * Keys that the environment brings are in this process, whether it uses them
 * or its child. Not so for `run`: who looks into it looks for the experiment.
 */
static void hide_keys(const struct command *c)
{
	if (strcmp(c->name, "run") &&
	    (getenv("AWS_SECRET_ACCESS_KEY") || getenv("AWS_SESSION_TOKEN")))
		process_hide();
}

static int run_here(const struct command *c, int argc, const char **argv)
{
	int status;

	current = c;
	hide_keys(c);
	trace_command(argv);
	parse_options_then(set_up_project);
	status = c->fn(argc, argv);
	the_project = NULL;
	project_release(&opened);
	return status;
}

static void NORETURN run_elsewhere(const struct command *c, const char **argv)
{
	struct strbuf path = STRBUF_INIT, err = STRBUF_INIT;
	struct strvec args = STRVEC_INIT;

	if (c->program)
		strbuf_addf(&path, "%s/%s", resutil_libexec(), c->program);
	else
		strbuf_addstr(&path, resutil_program());
	/* a program of libexec/ alone would call itself for ever */
	if (!c->program && strcmp(path_basename(path.buf), "resutil"))
		die("cannot find 'resutil', which has the command '%s'",
		    c->name);
	strvec_push(&args, path.buf);
	strvec_pushv(&args, argv);
	trace_command(NULL);
	process_become(path.buf, args.v, &err);
	die("%s; is resutil installed whole?", err.buf);
}

/* Returns when there is no program of that name. */
static void run_external(const char **argv)
{
	struct strbuf name = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf why = STRBUF_INIT;
	int status;

	if (strchr(argv[0], '/'))
		return;
	strbuf_addf(&name, "resutil-%s", argv[0]);
	status = path_find_program(&path, name.buf, &why);
	if (!status) {
		struct strvec args = STRVEC_INIT;

		strvec_push(&args, name.buf);
		strvec_pushv(&args, argv + 1);
		strbuf_reset(&why);
		trace_command(NULL);
		status = process_become(path.buf, args.v, &why);
		die_status(status, "%s", why.buf);
	}
	if (status == EXIT_CANNOT_RUN)
		die_status(status, "%s", why.buf);
	strbuf_release(&name);
	strbuf_release(&path);
	strbuf_release(&why);
}

/* The user wrote it for a shell, and marked it so. */
static void NORETURN run_shell_alias(const char *script, const char **argv)
{
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct strvec args = STRVEC_INIT;
	int status;

	strbuf_addf(&text, "%s \"$@\"", script);
	strvec_pushl(&args, "sh", "-c", argv[1] ? text.buf : script,
		     argv[0], NULL);
	strvec_pushv(&args, argv + 1);
	status = process_become("/bin/sh", args.v, &err);
	die_status(status, "%s", err.buf);
}

/*
 * The words of alias.NAME in place of argv[0], owned by `line`; false: no such
 * alias. argv may lie in what `line` owned before.
 */
static bool expand_alias(struct strvec *line, const char **argv)
{
	struct strbuf key = STRBUF_INIT, err = STRBUF_INIT;
	struct strvec expanded = STRVEC_INIT;
	const char *text;

	if (settings_load(NULL, &err))
		die_code(ERR_CONTENT, &err);
	strbuf_addf(&key, "alias.%s", argv[0]);
	text = settings_get_str(key.buf, NULL);
	if (!text) {
		strbuf_release(&key);
		return false;
	}
	if (*text == '!')
		run_shell_alias(text + 1, argv);

	strvec_push(&expanded, "resutil");
	if (unquote_shell(&expanded, text, &err))
		die("%s: %s", key.buf, err.buf);
	strvec_pushv(&expanded, argv + 1);
	strvec_release(line);
	*line = expanded;
	strbuf_release(&key);
	return true;
}

/* Each name is expanded once, so there are as many as there are aliases. */
static void NORETURN die_of_loop(const struct strvec *seen, const char *name)
{
	struct strbuf way = STRBUF_INIT;
	size_t i;

	for (i = (size_t)strvec_index(seen, name); i < seen->nr; i++)
		strbuf_addf(&way, "'%s' -> ", seen->v[i]);
	die("the alias '%s' leads back to itself: %s'%s'", name, way.buf,
	    name);
}

/* What other tools call it, where no letters are alike or the wrong ones. */
static const char *other_word(const char *name)
{
	static const char *const words[][2] = {
		{ "cat", "show" }, { "checkout", "pull" },
		{ "commit", "run" }, { "compare", "diff" },
		{ "delete", "rm" }, { "download", "pull" },
		{ "exec", "run" }, { "export", "pack-exp" },
		{ "fetch", "pull" }, { "grep", "report" },
		{ "login", "remote login" }, { "man", "help" },
		{ "mv", "comment" }, { "ps", "status" },
		{ "remove", "rm" }, { "rename", "comment" },
		{ "repeat", "rerun" }, { "search", "report" },
		{ "start", "run" }, { "sync", "push" },
		{ "upload", "push" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i][0], name))
			return words[i][1];
	return NULL;
}

static void NORETURN suggest(const char *name, const struct strvec *near)
{
	if (near->nr == 1)
		die_status(EXIT_USAGE, "'%s' is not a resutil command; did "
			   "you mean '%s'?", name, near->v[0]);
	if (near->nr == 2)
		die_status(EXIT_USAGE, "'%s' is not a resutil command; did "
			   "you mean '%s' or '%s'?", name, near->v[0],
			   near->v[1]);
	die_status(EXIT_USAGE, "'%s' is not a resutil command; did you mean "
		   "'%s', '%s' or '%s'?", name, near->v[0], near->v[1],
		   near->v[2]);
}

static void NORETURN unknown_command(const char *name)
{
	struct strbuf program = STRBUF_INIT, why = STRBUF_INIT;
	struct strvec names = STRVEC_INIT, near = STRVEC_INIT;
	const struct value *aliases = settings_get("alias");
	const struct command *c;
	size_t i;

	if (other_word(name)) {
		strvec_push(&near, other_word(name));
		suggest(name, &near);
	}
	for (c = commands; c->name; c++)
		strvec_push(&names, c->name);
	process_list_programs(&names, "resutil-");
	if (aliases && aliases->type == VALUE_MAP)
		for (i = 0; i < aliases->u.map.nr; i++)
			strvec_push(&names, aliases->u.map.pair[i].key);
	strvec_sort(&names, true);
	similar_find(&near, name, names.v);
	if (near.nr)
		suggest(name, &near);
	if (!path_find_program(&program, name, &why))
		die_status(EXIT_USAGE, "'%s' is not a resutil command; "
			   "'resutil run -- %s' runs that program and records "
			   "it", name, name);
	die_status(EXIT_USAGE, "'%s' is not a resutil command; see 'resutil "
		   "help -a'", name);
}

static int show_help(void)
{
	const char *argv[] = { "help", NULL };

	cmd_help(1, argv);
	return EXIT_NO;		/* as git: nothing was asked for */
}

static int show_version(void)
{
	const char *argv[] = { "version", NULL };

	return cmd_version(1, argv);
}

static void warn_of(const char *text)
{
	warning("%s", text);
}

int main(int argc, const char **argv)
{
	struct strvec line = STRVEC_INIT;
	static const char **view;	/* of line: parsing moves pointers */
	const struct command *c;
	struct strvec seen = STRVEC_INIT;	/* aliases */
	int status;

	process_begin();
	settings_trust_by(trust_allows);
	set_resutil_program(argv[0], find_holder);
	notice_to(warn_of);
	translate_start();
	tempfile_on_signals();
	read_verbosity();

	for (;;) {
		argc = parse_options(argc, argv, global_options, global_usage,
				     PARSE_STOP_AT_WORD);
		if (wants_version || !argc) {
			status = wants_version ? show_version() : show_help();
			break;
		}
		c = find_command(argv[0]);
		if (c && !c->fn)
			run_elsewhere(c, argv);
		if (c) {
			status = run_here(c, argc, argv);
			break;
		}
		run_external(argv);
		if (strvec_index(&seen, argv[0]) >= 0)
			die_of_loop(&seen, argv[0]);
		strvec_push(&seen, argv[0]);
		if (!expand_alias(&line, argv))
			unknown_command(argv[0]);
		argc = line.nr;
		view = xrealloc_array(view, line.nr + 1, sizeof(*view));
		memcpy(view, line.v, (line.nr + 1) * sizeof(*view));
		argv = view;
	}
	free(view);
	strvec_release(&line);
	strvec_release(&seen);
	return status;
}
