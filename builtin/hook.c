/*
 * hook: runs that git's events start. The scripts and the table that it writes
 * are told in resutilformat-hook(5).
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/hook-verbs.h"

#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/process.h"
#include "lib/base/quote.h"
#include "lib/base/value.h"
#include "lib/exp/git/hook-queue.h"
#include "lib/exp/git/hook-script.h"

const char *const hook_usage[] = {
	"hook [list] [--json | --format FORMAT] [-z]",
	"hook install [--on=EVENT]... [--name=NAME] [--async [--each]] "
	"[--during-rebase] [-m COMMENT] [-d EXP]... [--collect=GLOB]... "
	"[--[no-]push] [--force] [-n] [--] CMD...",
	"hook remove [--on=EVENT]... [--name=NAME] [--force] [-n]",
	"hook remove -A [--force] [-n]",
	"hook run --on=EVENT [--] [ARG...]",
	NULL
};

int hook_place_open(struct hook_place *place, struct strbuf *err)
{
	const char *below;
	int ret = project_open(&place->project, NULL, err);

	if (!ret)
		ret = git_hooks_find(&place->git, place->project.root, err);
	if (!ret)
		ret = hook_table_read(&place->table, place->git.common.buf,
				      err);
	if (ret)
		return ret;
	below = path_below(place->project.root, place->git.top.buf);
	if (!below)
		return fail(err, ERR_FAILED, "'%s' is not in the work tree "
			    "'%s'", place->project.root, place->git.top.buf);
	strbuf_addstr(&place->below, *below ? below : ".");
	return 0;
}

void hook_place_release(struct hook_place *place)
{
	project_release(&place->project);
	git_hooks_release(&place->git);
	strbuf_release(&place->below);
	hook_table_release(&place->table);
}

/* ---- list --------------------------------------------------------------- */

struct listed {
	const struct hook *hook;
	const struct hook_script *script;
	size_t waiting;
	bool works;
};

#define HOOK_OF(row) (((const struct listed *)(row))->hook)
#define SCRIPT_OF(row) (((const struct listed *)(row))->script)

static struct value *get_on(const void *row, void *data UNUSED)
{
	return value_new_str(HOOK_OF(row)->on->name);
}

static struct value *get_name(const void *row, void *data UNUSED)
{
	return value_new_str(HOOK_OF(row)->name);
}

static struct value *get_project(const void *row, void *data UNUSED)
{
	return value_new_str(HOOK_OF(row)->project);
}

static struct value *get_async(const void *row, void *data UNUSED)
{
	return value_new_bool(HOOK_OF(row)->async);
}

static struct value *get_each(const void *row, void *data UNUSED)
{
	return value_new_bool(HOOK_OF(row)->each);
}

static struct value *get_during(const void *row, void *data UNUSED)
{
	return value_new_bool(HOOK_OF(row)->during);
}

static struct value *get_cmd(const void *row, void *data UNUSED)
{
	struct strbuf text = STRBUF_INIT;
	struct value *ret;

	quote_shell_argv(&text, HOOK_OF(row)->argv.v);
	ret = value_new_text(text.buf, text.len);
	strbuf_release(&text);
	return ret;
}

static struct value *words(const struct strvec *list)
{
	struct value *ret = value_new_list();
	size_t i;

	for (i = 0; i < list->nr; i++)
		value_list_add(ret, value_new_str(list->v[i]));
	return ret;
}

static struct value *get_argv(const void *row, void *data UNUSED)
{
	return words(&HOOK_OF(row)->argv);
}

static struct value *get_options(const void *row, void *data UNUSED)
{
	return words(&HOOK_OF(row)->options);
}

static struct value *get_script(const void *row, void *data UNUSED)
{
	return value_new_str(SCRIPT_OF(row)->path.buf);
}

static struct value *get_state(const void *row, void *data UNUSED)
{
	static const char *const names[] = {
		[HOOK_SCRIPT_NONE] = "missing",
		[HOOK_SCRIPT_OTHER] = "replaced",
		[HOOK_SCRIPT_OURS] = "installed",
		[HOOK_SCRIPT_EDITED] = "edited",
	};

	return value_new_str(names[SCRIPT_OF(row)->state]);
}

static struct value *get_kept(const void *row, void *data UNUSED)
{
	const struct hook_script *s = SCRIPT_OF(row);

	return s->has_kept ? value_new_str(s->kept.buf) : value_new_null();
}

static struct value *get_waiting(const void *row, void *data UNUSED)
{
	return value_new_int((int64_t)((const struct listed *)row)->waiting);
}

static const struct row_field fields[] = {
	{ .name = "on", .help = "the event", .get = get_on },
	{ .name = "name", .help = "of the hook", .get = get_name },
	{ .name = "state", .help = "of the script", .get = get_state },
	{ .name = "async", .help = "git does not wait", .get = get_async },
	{ .name = "waiting", .help = "events without a run yet",
	  .right = true, .get = get_waiting },
	{ .name = "project", .help = "from the top of the work tree",
	  .get = get_project },
	{ .name = "cmd", .help = "the command, for a shell", .get = get_cmd },
	{ .name = "argv", .help = "its words", .hidden = true,
	  .get = get_argv },
	{ .name = "options", .help = "of run", .hidden = true,
	  .get = get_options },
	{ .name = "each", .help = "a run for each event", .hidden = true,
	  .get = get_each },
	{ .name = "during_rebase", .help = "also in the middle of something",
	  .hidden = true, .get = get_during },
	{ .name = "script", .help = "that git runs", .hidden = true,
	  .get = get_script },
	{ .name = "kept", .help = "what was there before", .hidden = true,
	  .get = get_kept },
	ROW_FIELD_END
};

static int add_rows(struct rows *rows, const struct hook_place *place,
		    struct strbuf *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < place->table.nr && !ret; i++) {
		struct hook_script script = HOOK_SCRIPT_INIT;
		const struct hook *h = &place->table.item[i];
		struct listed row = { .hook = h, .script = &script };

		ret = hook_script_look(&script, &place->git, h->on, err);
		if (!strcmp(h->project, place->below.buf))
			row.waiting = hook_queue_count(&place->project,
						       h->on->name, h->name,
						       &row.works);
		if (!ret)
			rows_add(rows, &row);
		hook_script_release(&script);
	}
	return ret;
}

static int list_hooks(struct hook_options *o, int argc)
{
	struct hook_place place = HOOK_PLACE_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret;

	if (argc)
		HOOK_BAD_USAGE(o, "list takes no words");
	o->rows.fields = fields;
	if (rows_begin(&o->rows, &err))
		HOOK_BAD_USAGE(o, "%s", err.buf);
	ret = hook_place_open(&place, &err);
	if (!ret)
		ret = add_rows(&o->rows, &place, &err);
	rows_end(&o->rows);
	if (!ret && place.table.strange)
		warning(_("%zu hook%s in the table of '%s' that this resutil "
			  "does not understand"), place.table.strange,
			place.table.strange == 1 ? "" : "s",
			place.git.common.buf);
	if (ret)
		error("%s", err.buf);
	hook_place_release(&place);
	strbuf_release(&err);
	process_end_stdout();
	return exit_status_of(ret);
}

/* ---- verbs -------------------------------------------------------------- */

enum verb {
	VERB_LIST = 1 << 0, VERB_INSTALL = 1 << 1, VERB_REMOVE = 1 << 2,
	VERB_RUN = 1 << 3
};

static enum verb verb_of(const struct hook_options *o, const char *word)
{
	static const char *const all[] = { "list", "install", "remove", "run" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(word, all[i]))
			return (enum verb)(1 << i);
	HOOK_BAD_USAGE(o, "'%s' is none of list, install, remove and run",
		       word);
}

static void check_options(const struct hook_options *o, enum verb verb)
{
	const struct {
		bool given;
		unsigned verbs;
		const char *names;
	} rules[] = {
		{ o->rows.json || o->rows.format || o->rows.nul, VERB_LIST,
		  "--json, --format and -z go with list" },
		{ o->async || o->each || o->during || o->comment ||
		  o->needs.nr || o->globs.nr || o->push >= 0, VERB_INSTALL,
		  "--async, --each, --during-rebase, -m, -d, --collect and "
		  "--push go with install" },
		{ o->all, VERB_REMOVE, "--all goes with remove" },
		{ o->name != NULL || o->force || o->dry_run,
		  VERB_INSTALL | VERB_REMOVE,
		  "--name, --force and -n go with install and remove" },
		{ o->on.nr > 0, VERB_INSTALL | VERB_REMOVE | VERB_RUN,
		  "--on does not go with list" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].given && !(rules[i].verbs & verb))
			HOOK_BAD_USAGE(o, "%s", rules[i].names);
	for (i = 0; i < o->on.nr; i++)
		if (!hook_event_find(o->on.v[i]))
			HOOK_BAD_USAGE(o, "'%s' is none of the events "
				       "post-commit, post-merge, "
				       "post-checkout, post-rewrite, "
				       "pre-commit, pre-merge-commit, pre-push "
				       "and pre-rebase", o->on.v[i]);
	if (o->each && !o->async)
		HOOK_BAD_USAGE(o, "--each is about what waits: it needs "
			       "--async");
	if (o->name && !hook_name_is_valid(o->name))
		HOOK_BAD_USAGE(o, "'%s' is no name of a hook: it has at most "
			       "%d letters, digits, '_' and '-'", o->name,
			       HOOK_MAX_NAME);
	if (o->all && (o->on.nr || o->name))
		HOOK_BAD_USAGE(o, "--all is all of them, without --on and "
			       "--name");
}

static int run_verb(struct hook_options *o, enum verb verb, int argc,
		    const char **argv)
{
	switch (verb) {
	case VERB_LIST:
		return list_hooks(o, argc);
	case VERB_INSTALL:
		if (!argc)
			HOOK_BAD_USAGE(o, "no command to run was given");
		return hook_install(o, argv);
	case VERB_REMOVE:
		if (argc)
			HOOK_BAD_USAGE(o, "unexpected argument '%s'", *argv);
		return hook_remove(o);
	default:
		if (o->on.nr != 1 && !o->worker)
			HOOK_BAD_USAGE(o, "which event?");
		return hook_run(o, argv);
	}
}

#define RUN_OPTIONS(o)							\
	OPT_STRING('m', "comment", &(o)->comment, "COMMENT",		\
		   "install: the comment of the runs; default: NAME"),	\
	{ .type = OPTION_LIST, .letter = 'd', .name = "dependency",	\
	  .value = &(o)->needs, .argh = "EXP", .arg = ARG_EXP,		\
	  .help = "install: an experiment that the runs need" },	\
	OPT_LIST(0, "collect", &(o)->globs, "GLOB",			\
		 "install: as run --collect"),				\
	OPT_BOOL(0, "push", &(o)->push,					\
		 "install: whether the runs are pushed at their end")

int cmd_hook(int argc, const char **argv)
{
	struct hook_options o = { .on = STRVEC_INIT, .needs = STRVEC_INIT,
				  .globs = STRVEC_INIT, .push = -1 };
	const struct option options[] = {
		{ .type = OPTION_LIST, .name = "on", .value = &o.on,
		  .argh = "EVENT", .arg = ARG_WORDS,
		  .words = "post-commit post-merge post-checkout "
			   "post-rewrite pre-commit pre-merge-commit "
			   "pre-push pre-rebase",
		  .help = "the event of git; default: post-commit" },
		OPT_STRING(0, "name", &o.name, "NAME",
			   "of the hook; default: the event's"),
		OPT_BOOL(0, "async", &o.async,
			 "install: git does not wait for the runs"),
		OPT_BOOL(0, "each", &o.each,
			 "install: a run also for each event that has to "
			 "wait"),
		OPT_BOOL(0, "during-rebase", &o.during,
			 "install: run also during a rebase, cherry-pick, "
			 "revert, merge or bisect"),
		RUN_OPTIONS(&o),
		OPT_BOOL('A', "all", &o.all,
			 "remove: all hooks of this project"),
		OPT_BOOL(0, "force", &o.force,
			 "install: in the place of one with that name; "
			 "remove: also a script that was edited"),
		OPT_BOOL('n', "dry-run", &o.dry_run,
			 "only tell what would be done"),
		OPT_ROWS(&o.rows),
		{ .type = OPTION_BOOL, .name = "worker", .value = &o.worker,
		  .help = "run: work off what waits",
		  .flags = OPT_HIDDEN | OPT_NO_NEG },
		OPT_END_OF_TABLE
	};
	enum verb verb = VERB_LIST;
	int status;

	/* Options may stand before the verb, and behind it before CMD. */
	argc = parse_options(argc, argv, options, hook_usage,
			     PARSE_STOP_AT_WORD);
	o.options = options;
	if (argc) {
		verb = verb_of(&o, argv[0]);
		argc = parse_options(argc, argv, options, hook_usage,
				     PARSE_STOP_AT_WORD);
	}
	check_options(&o, verb);
	status = run_verb(&o, verb, argc, argv);
	strvec_release(&o.on);
	strvec_release(&o.needs);
	strvec_release(&o.globs);
	return status;
}
