/*
 * rm: removes experiments here, in the store, or both. The store goes first:
 * it may refuse or be away, and then the copy here must not be gone already.
 * Whoever dies in between has one copy too many, never one too few, and the
 * same words remove it.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/remote-rows.h"
#include "builtin/rm-notes.h"
#include "builtin/settle-renames.h"

#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/exp/record/deps.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/conf/project.h"

#define SHOWN_NAMES 20
#define ANSWER_MAX_BYTES (64u << 20)

static const char *const usage[] = {
	"rm [-l] [-r] [-y] [-n] [--force] [--remote R] EXP...",
	NULL
};

struct removal {
	int local, store;	/* -l, -r */
	int force;
	const char *remote;
	struct remote_rows rows;
	struct strvec names;	/* sorted */
	struct strvec here;	/* of these: those to be removed here */
	struct strvec there;	/* and in the store */
	struct strvec stays;	/* will be in the store, for all we know */
};

/* 0, or ERR_CONFLICT: somebody still writes into it, or may. */
static int check_here(const char *name, struct strbuf *err)
{
	struct strbuf state = STRBUF_INIT;
	int ret = 0;

	if (!exp_is_at_rest(the_project, name, &state))
		ret = fail(err, ERR_CONFLICT, "'%s' is %s, and stays; --force "
			   "removes it all the same", name, state.buf);
	strbuf_release(&state);
	return ret;
}

/* The name that `arg` means, here or, if that is where to remove, there. */
static int find_name(const struct removal *r, const char *arg,
		     struct strbuf *name, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	size_t back, len;
	const char *word = exp_split_remote(arg, &len);
	bool is_text = !strchr(arg, '/') && !exp_parse_latest(arg, &back);
	int ret;

	if (word) {
		ret = !r->store || strlen(r->remote) != len ||
		      memcmp(arg, r->remote, len) ?
			fail(err, ERR_USAGE, "'%.*s' is not where to remove; "
			     "see --remote", (int)len, arg) :
			remote_rows_choose(&r->rows, r->remote, word, name,
					   err);
		goto cleanup;
	}
	if (r->store && remote_rows_find(&r->rows, arg)) {
		strbuf_addstr(name, arg);
		ret = 0;
		goto cleanup;
	}
	ret = !r->local && is_text ? ERR_NOT_FOUND :
	      exp_find(the_project, arg, name, &why);
	if (ret == ERR_NOT_FOUND && r->local &&
	    !exp_find_link(the_project, arg, name, NULL))
		ret = 0;
	if (ret == ERR_NOT_FOUND && r->store && is_text) {
		strbuf_reset(&why);
		ret = remote_rows_choose(&r->rows, r->remote, arg, name, &why);
	}
	strbuf_addbuf(err, &why);

cleanup:
	strbuf_release(&why);
	return ret;
}

static int choose_one(const char *arg, void *data)
{
	struct removal *r = data;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	bool here, there;
	int ret = find_name(r, arg, &name, &err);

	if (ret)
		goto cleanup;
	here = exp_name_is_taken(the_project, name.buf);
	there = r->store && remote_rows_find(&r->rows, name.buf);
	if (!(r->local && here) && !there) {
		ret = fail(&err, ERR_NOT_FOUND, "'%s' is not in '%s'",
			   name.buf, r->remote);
		goto cleanup;
	}
	if (!r->force && here)
		ret = check_here(name.buf, &err);

cleanup:
	if (ret)
		error("%s", err.buf);
	else
		strvec_push(&r->names, name.buf);
	strbuf_release(&err);
	strbuf_release(&name);
	return ret;
}

static void warn_of_dependants(const struct strvec *names)
{
	struct strvec who = STRVEC_INIT, needed = STRVEC_INIT;
	struct strbuf ignored = STRBUF_INIT;
	size_t i;

	if (!deps_find_dependants(&who, &needed, the_project, names, &ignored))
		for (i = 0; i < who.nr; i++)
			warning("'%s' depends on '%s'", who.v[i], needed.v[i]);
	strbuf_release(&ignored);
	strvec_release(&needed);
	strvec_release(&who);
}

/* What the store has and is not here, though the name is: send-pack tells by
 * the way that it would not replace it. */
static void warn_of_other_versions(const struct removal *r)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;
	struct strbuf ignored = STRBUF_INIT;
	char *line, *name, *save = NULL;
	size_t i;

	for (i = 0; i < r->there.nr; i++)
		if (exp_is_here(the_project, r->there.v[i]) &&
		    !partial_is(the_project, r->there.v[i]))
			strbuf_addf(&in, "%s\n", r->there.v[i]);
	if (!in.len)
		goto cleanup;
	child.resutil_cmd = 1;
	strvec_pushl(&child.args, "send-pack", "--dry-run", "--stdin", NULL);
	strvec_pushf(&child.args, "--remote=%s", r->remote);
	pipe_command(&child, in.buf, in.len, &out, &ignored, ANSWER_MAX_BYTES,
		     &ignored);
	for (line = strtok_r(out.buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		name = line + strcspn(line, "\t");
		if (!*name)
			continue;
		*name++ = '\0';
		if (strcmp(line, "conflict") && strcmp(line, "newer"))
			continue;
		warning("'%.*s' is not the same here: what '%s' has is the "
			"last copy of it that is known",
			(int)strcspn(name, "\t"), name, r->remote);
	}

cleanup:
	strbuf_release(&ignored);
	strbuf_release(&out);
	strbuf_release(&in);
}

/*
 * What will be nowhere. Removed on both sides is what was asked for; removed
 * on one, the other is taken for a copy. For -l no store is asked: what this
 * clone has sent is known here.
 */
static void warn_of_last_copies(struct removal *r)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf out = STRBUF_INIT, ignored = STRBUF_INIT;
	char *line, *save = NULL;
	size_t i;
	int ret;

	for (i = 0; r->store && !r->local && i < r->there.nr; i++) {
		const char *name = r->there.v[i];

		if (!exp_is_here(the_project, name))
			warning("'%s' is not here: what '%s' has is the last "
				"copy that is known", name, r->remote);
		else if (partial_is(the_project, name))
			warning("'%s' is here only in part: what '%s' has is "
				"the last whole copy that is known", name,
				r->remote);
	}
	if (r->store && !r->local)
		warn_of_other_versions(r);
	if (r->store)
		return;
	child.resutil_cmd = 1;
	strvec_push(&child.args, "list-unpushed");
	strvec_pushf(&child.args, "--remote=%s", r->remote);
	ret = pipe_command(&child, NULL, 0, &out, &ignored, ANSWER_MAX_BYTES,
			   &ignored);
	/* Of a remote that is not there nobody thinks that it has them. */
	if (ret && ret != EXIT_NOT_FOUND)
		warning("whether '%s' has what is removed is not known",
			r->remote);
	if (ret)
		goto cleanup;
	strvec_pushv(&r->stays, r->here.v);
	for (line = strtok_r(out.buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *name = strchr(line, '\t');
		ssize_t pos;

		if (!name || strvec_find(&r->here, ++name) < 0)
			continue;
		pos = strvec_find(&r->stays, name);
		if (pos >= 0 && strncmp(line, "grown\t", 6))
			strvec_remove(&r->stays, (size_t)pos);
		if (!strncmp(line, "grown\t", 6))
			warning("'%s' has grown since it was pushed to '%s'",
				name, r->remote);
		else
			warning("'%s' was not pushed to '%s'", name,
				r->remote);
	}

cleanup:
	strbuf_release(&ignored);
	strbuf_release(&out);
}

/* " here and from 'origin'" */
static void add_where(struct strbuf *out, const struct removal *r, bool here,
		      bool there)
{
	if (here && there)
		strbuf_addf(out, _(" here and from '%s'"), r->remote);
	else if (there)
		strbuf_addf(out, _(" from '%s'"), r->remote);
}

static void add_line(struct strbuf *out, const struct removal *r,
		     const char *name)
{
	strbuf_addstr(out, name);
	add_where(out, r, strvec_find(&r->here, name) >= 0,
		  strvec_find(&r->there, name) >= 0);
}

static bool confirm(const struct removal *r)
{
	struct strbuf question = STRBUF_INIT, line = STRBUF_INIT;
	size_t i;
	bool yes;

	for (i = 0; i < r->names.nr && i < SHOWN_NAMES; i++) {
		strbuf_reset(&line);
		add_line(&line, r, r->names.v[i]);
		say("  %s", line.buf);
	}
	if (r->names.nr > SHOWN_NAMES)
		say(_("  ... and %zu more"), r->names.nr - SHOWN_NAMES);
	if (r->names.nr == 1)
		strbuf_addstr(&question, _("Remove this experiment"));
	else
		strbuf_addf(&question, _("Remove these %zu experiments"),
			    r->names.nr);
	if (!r->there.nr)
		strbuf_addstr(&question, _(" here"));
	else
		add_where(&question, r, r->here.nr > 0, true);
	strbuf_addch(&question, '?');
	yes = ask_yes_no(question.buf, false);
	strbuf_release(&line);
	strbuf_release(&question);
	return yes;
}

/* One side, by one child; `gone` gets those that it removed. In the store it is
 * the child that looks whose they are, and whether they may still run. */
static int remove_side(const struct removal *r, bool there,
		       const struct strvec *names, struct strvec *gone)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf in = STRBUF_INIT, out = STRBUF_INIT, err = STRBUF_INIT;
	char *line, *save = NULL;
	size_t i;
	int ret;

	if (!names->nr)
		return 0;
	for (i = 0; i < names->nr; i++)
		strbuf_addf(&in, "%s\n", names->v[i]);
	child.resutil_cmd = 1;
	strvec_push(&child.args, "remove-exp");
	if (there)
		strvec_pushf(&child.args, "--remote=%s", r->remote);
	else
		strvec_push(&child.args, "-l");
	if (r->force)
		strvec_push(&child.args, "--force");
	strvec_push(&child.args, "--stdin");
	ret = pipe_command(&child, in.buf, in.len, &out, NULL,
			   ANSWER_MAX_BYTES, &err);
	/* Killed, it had no last word. */
	if (ret > EXIT_FAILED && ret != EXIT_USAGE)
		error("the child that did the work was killed by signal %d",
		      ret - EXIT_FAILED);
	if (ret < 0)
		error("%s", err.buf);
	else
		ret = error_of_exit_status(ret);
	for (line = strtok_r(out.buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, "removed\t", 8))
			strvec_push(gone, line + 8);
	strvec_sort(gone, true);
	strbuf_release(&err);
	strbuf_release(&out);
	strbuf_release(&in);
	return ret;
}

/* What is to be removed here and not kept back by the store. */
static void leave_kept(struct strvec *here, const struct strvec *there,
		       const struct strvec *gone)
{
	size_t i = here->nr;

	while (i--)
		if (strvec_find(there, here->v[i]) >= 0 &&
		    strvec_find(gone, here->v[i]) < 0)
			strvec_remove(here, i);
}

static void tell(struct removal *r, struct items *items,
		 const struct strvec *gone_here,
		 const struct strvec *gone_there, int code)
{
	struct strbuf line = STRBUF_INIT;
	size_t i;

	for (i = 0; i < r->names.nr; i++) {
		const char *name = r->names.v[i];
		bool here = strvec_find(gone_here, name) >= 0;
		bool there = strvec_find(gone_there, name) >= 0;
		bool all = here == (strvec_find(&r->here, name) >= 0) &&
			   there == (strvec_find(&r->there, name) >= 0);

		items_count(items, all ? 0 : code ? code : ERR_FAILED);
		if (verbosity < 0 || (!here && !there))
			continue;
		strbuf_reset(&line);
		add_where(&line, r, here, there);
		out_printf(_("Removed %s%s\n"), name, line.buf);
	}
	strbuf_release(&line);
}

static void remove_chosen(struct removal *r, struct items *items)
{
	struct strvec gone_there = STRVEC_INIT, gone_here = STRVEC_INIT;
	struct strvec here = STRVEC_INIT, noted = STRVEC_INIT;
	struct strvec commits = STRVEC_INIT;
	size_t i;
	int code, ret;

	strvec_pushv(&here, r->here.v);
	for (i = 0; i < r->here.nr; i++)
		if (strvec_find(&r->stays, r->here.v[i]) < 0)
			strvec_push(&noted, r->here.v[i]);
	rm_notes_read(&noted, &commits);
	code = remove_side(r, true, &r->there, &gone_there);
	leave_kept(&here, &r->there, &gone_there);
	ret = remove_side(r, false, &here, &gone_here);
	tell(r, items, &gone_here, &gone_there, code ? code : ret);
	rm_notes_remove(&noted, &commits, &gone_here);
	strvec_release(&commits);
	strvec_release(&noted);
	strvec_release(&here);
	strvec_release(&gone_here);
	strvec_release(&gone_there);
}

static void split_sides(struct removal *r)
{
	size_t i;

	for (i = 0; i < r->names.nr; i++) {
		const char *name = r->names.v[i];

		if (r->local && exp_name_is_taken(the_project, name))
			strvec_push(&r->here, name);
		if (r->store && remote_rows_find(&r->rows, name))
			strvec_push(&r->there, name);
	}
}

static int remove_all(struct removal *r, struct items *items, int yes,
		      int dry_run)
{
	struct strbuf line = STRBUF_INIT;
	size_t i;

	if (!r->names.nr)
		return items_status(items);
	split_sides(r);
	warn_of_dependants(&r->names);
	warn_of_last_copies(r);
	if (dry_run) {
		for (i = 0; i < r->names.nr; i++) {
			strbuf_reset(&line);
			add_line(&line, r, r->names.v[i]);
			out_printf(_("Would remove %s\n"), line.buf);
		}
		strbuf_release(&line);
		return items_status(items);
	}
	if (!yes && !confirm(r)) {
		say(_("Nothing was removed."));
		return EXIT_NO;
	}
	/* Chosen and not removed is no success: count anew. */
	items->done = 0;
	remove_chosen(r, items);
	return items_status(items);
}

/* What the store holds; a store that is away ends it all. */
static void ask_store(struct removal *r, const char **argv)
{
	struct strbuf err = STRBUF_INIT;
	unsigned flags = 0;
	size_t len;
	int ret;

	/* '@' there goes by what the records say. */
	for (; *argv; argv++)
		if (exp_split_remote(*argv, &len))
			flags = REMOTE_ROWS_LONG;
	ret = remote_rows_read(&r->rows, r->remote, flags, 0, &err);
	if (ret)
		die_status(exit_status_of(ret), "%s; nothing was removed%s",
			   err.buf, r->local ? ", and -l removes here alone" :
					       "");
	strbuf_release(&err);
}

int cmd_rm(int argc, const char **argv)
{
	struct removal r = {
		.remote = "origin", .rows = REMOTE_ROWS_INIT,
		.names = STRVEC_INIT, .here = STRVEC_INIT,
		.there = STRVEC_INIT, .stays = STRVEC_INIT
	};
	struct items items = { 0 };
	struct strbuf err = STRBUF_INIT;
	int yes = 0, dry_run = 0, status;
	const struct option options[] = {
		OPT_BOOL('l', "local", &r.local, "remove them here"),
		OPT_BOOL('r', NULL, &r.store, "remove them in the store"),
		OPT_BOOL('y', "yes", &yes, "do not ask"),
		OPT_BOOL('n', "dry-run", &dry_run, "only show what would go"),
		OPT_BOOL(0, "force", &r.force, "remove also what runs or may "
			 "run, and runs of others"),
		OPT_STRING(0, "remote", &r.remote, "R",
			   "the store (default: origin)"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc)
		usage_with_options(usage, options, "no EXP is given");
	if (!r.local && !r.store)
		r.local = r.store = 1;
	if (!yes && !dry_run && !term_is_interactive())
		usage_with_options(usage, options,
				   "nobody can be asked, so -y is needed");
	settle_renames(0);
	if (r.store)
		ask_store(&r, argv);
	/* All words are understood before one is acted on: '@' moves. */
	items_each(&items, argv, NULL, 0, choose_one, &r, &err);
	strvec_sort(&r.names, true);
	status = remove_all(&r, &items, yes, dry_run);
	strbuf_release(&err);
	strvec_release(&r.stays);
	strvec_release(&r.there);
	strvec_release(&r.here);
	strvec_release(&r.names);
	remote_rows_release(&r.rows);
	return status;
}
