/*
 * comment: gives an experiment another comment, which is to rename it, here
 * and in the store. A note of it is durable before the first of the two
 * changes (lib/exp/record/rename-journal.h), so that a crash leaves no run with
 * two names. Dependants are untouched: they find it by the part of the name
 * that stays.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/remote-rows.h"
#include "builtin/settle-renames.h"
#include "builtin/store-exp.h"

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/exp/git/git-notes.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"
#include "lib/exp/record/rename-journal.h"

static const char *const usage[] = {
	"comment [-l] [-n] [--remote R] EXP TEXT",
	NULL
};

struct renaming {
	int local;		/* -l: no store is asked */
	const char *remote;
	struct remote_rows rows;
	struct strbuf from, to;
	bool here, there;
};

static int find_name(struct renaming *r, const char *arg, struct strbuf *err)
{
	size_t len, back;
	const char *word = exp_split_remote(arg, &len);
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (word) {
		if (r->local || strlen(r->remote) != len ||
		    memcmp(arg, r->remote, len))
			return fail(err, ERR_USAGE, "'%.*s' is not where to "
				    "rename; see --remote", (int)len, arg);
		return remote_rows_choose(&r->rows, r->remote, word, &r->from,
					  err);
	}
	if (remote_rows_find(&r->rows, arg)) {
		strbuf_addstr(&r->from, arg);
		return 0;
	}
	ret = exp_find(the_project, arg, &r->from, &why);
	if (ret == ERR_NOT_FOUND && !r->local && !strchr(arg, '/') &&
	    !exp_parse_latest(arg, &back)) {
		strbuf_reset(&why);
		ret = remote_rows_choose(&r->rows, r->remote, arg, &r->from,
					 &why);
	}
	strbuf_addbuf(err, &why);
	strbuf_release(&why);
	return ret;
}

/* The parts that say when, and the new comment. */
static int make_name(struct renaming *r, const char *text, struct strbuf *err)
{
	int ret = name_check_comment(text, strlen(text), err);

	if (!ret)
		ret = record_check_public(text, err);
	if (ret)
		return ret;
	strbuf_add(&r->to, r->from.buf, NAME_HEAD_LEN);
	if (*text)
		strbuf_addf(&r->to, "_%s", text);
	if (!name_is_valid(r->to.buf))
		return fail(err, ERR_USAGE, "with that comment the name has "
			    "more than %d bytes", NAME_MAX_BYTES);
	return 0;
}

/* What a renaming in two steps leaves when it is cut off between them; that the
 * files are the same, too, is looked at where it is renamed. */
static bool is_cut_off(const struct renaming *r)
{
	const char *const names[] = { r->from.buf, r->to.buf };
	struct value *record[2] = { NULL, NULL };
	const char *id[2] = { NULL, NULL };
	struct strbuf why = STRBUF_INIT;
	size_t i;
	bool same;

	for (i = 0; i < 2 && remote_rows_find(&r->rows, names[i]); i++)
		if (!store_exp_record(&record[i], r->remote, names[i],
				      &why))
			id[i] = value_get_text(record[i], "id");
	same = id[0] && *id[0] && id[1] && !strcmp(id[0], id[1]);
	value_free(record[0]);
	value_free(record[1]);
	strbuf_release(&why);
	return same;
}

/* What the store has of it; a pack without a record is no obstacle. */
static int check_there(const struct renaming *r, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT, why = STRBUF_INIT;
	struct value *there = NULL, *here = NULL;
	const char *state, *id, *own;
	int ret = store_exp_record(&there, r->remote, r->from.buf, &why);

	if (ret == ERR_UNREACHABLE || ret == ERR_CREDENTIALS) {
		strbuf_addbuf(err, &why);
		goto cleanup;
	}
	ret = 0;
	state = value_get_text(there, "state");
	if (!r->here && state && *state && !record_state_is_final(state))
		ret = fail(err, ERR_CONFLICT, "'%s' may still run, by what "
			   "'%s' has of it", r->from.buf, r->remote);
	id = value_get_text(there, "id");
	if (ret || !r->here || !id)
		goto cleanup;
	project_exp_path(the_project, r->from.buf, &dir);
	own = record_read(&here, dir.buf, NULL) ? NULL :
	      value_get_text(here, "id");
	if (own && strcmp(own, id))
		ret = fail(err, ERR_CONFLICT, "'%s' in '%s' is another run; -l "
			   "renames the one here alone", r->from.buf,
			   r->remote);

cleanup:
	value_free(here);
	value_free(there);
	strbuf_release(&why);
	strbuf_release(&dir);
	return ret;
}

/* All that can be wrong is looked for before anything changes. */
static int check(struct renaming *r, struct strbuf *err)
{
	struct strbuf state = STRBUF_INIT;
	int ret = 0;

	r->here = exp_is_here(the_project, r->from.buf);
	r->there = remote_rows_find(&r->rows, r->from.buf) != NULL;
	if (exp_name_is_taken(the_project, r->to.buf))
		return fail(err, ERR_CONFLICT, "'%s' is here already",
			    r->to.buf);
	if (remote_rows_find(&r->rows, r->to.buf) && !is_cut_off(r))
		return fail(err, ERR_CONFLICT, "'%s' is in '%s' already",
			    r->to.buf, r->remote);
	if (r->here && !exp_is_at_rest(the_project, r->from.buf, &state))
		ret = fail(err, ERR_CONFLICT, "'%s' is %s, and its program "
			   "writes by that name", r->from.buf, state.buf);
	strbuf_release(&state);
	return ret || !r->there ? ret : check_there(r, err);
}

/* Among the notes of the commit, when they are wanted at all. */
static void note_new_name(const struct rename_plan *plan)
{
	struct strbuf err = STRBUF_INIT;

	if (plan->here && git_notes_follow(the_project, plan->from, plan->to,
					   &err))
		warning(_("the note of its commit is as it was: %s"),
			err.buf);
	strbuf_release(&err);
}

static int change_comment(struct renaming *r, const char *arg,
			  const char *text, int dry_run, struct strbuf *err)
{
	struct rename_plan plan;
	int ret = find_name(r, arg, err);

	if (!ret && !strcmp(r->from.buf, NAME_DEBUG))
		ret = fail(err, ERR_USAGE, "'%s' has no comment", NAME_DEBUG);
	if (!ret)
		ret = make_name(r, text, err);
	if (ret)
		return ret;
	if (!strcmp(r->from.buf, r->to.buf)) {
		say(_("'%s' is its name already."), r->to.buf);
		return 0;
	}
	ret = check(r, err);
	if (ret)
		return ret;
	if (dry_run) {
		out_printf(_("Would rename %s to %s\n"), r->from.buf,
			   r->to.buf);
		return 0;
	}
	plan.from = r->from.buf;
	plan.to = r->to.buf;
	plan.here = r->here;
	/* Also where it is not there: it may just be on its way. */
	plan.remote = r->local ? NULL : r->remote;
	ret = rename_journal_run(the_project, &plan, err);
	if (!ret)
		note_new_name(&plan);
	if (!ret && verbosity >= 0)
		out_printf(_("Renamed %s to %s\n"), plan.from, plan.to);
	return ret;
}

int cmd_comment(int argc, const char **argv)
{
	struct renaming r = {
		.remote = "origin", .rows = REMOTE_ROWS_INIT,
		.from = STRBUF_INIT, .to = STRBUF_INIT
	};
	struct strbuf err = STRBUF_INIT;
	unsigned flags = 0;
	size_t len;
	int dry_run = 0, ret = 0;
	const struct option options[] = {
		OPT_BOOL('l', "local", &r.local, "rename it here alone"),
		OPT_BOOL('n', "dry-run", &dry_run, "only show the new name"),
		OPT_STRING(0, "remote", &r.remote, "R",
			   "the store (default: origin)"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 2)
		usage_with_options(usage, options, argc > 2 ? "'%s' is too "
				   "much; a comment of several words is quoted"
				   : N_("an EXP and its new comment are "
					"needed"),
				   argc > 2 ? argv[2] : "");
	settle_renames_in(r.remote, 0);
	if (exp_split_remote(argv[0], &len))
		flags = REMOTE_ROWS_LONG;
	if (!r.local)
		ret = remote_rows_read(&r.rows, r.remote, flags, 0, &err);
	if (ret)
		strbuf_addstr(&err, _("; nothing was renamed, and -l "
				      "renames it here alone"));
	else
		ret = change_comment(&r, argv[0], argv[1], dry_run, &err);
	if (ret)
		error("%s", err.buf);
	remote_rows_release(&r.rows);
	strbuf_release(&r.to);
	strbuf_release(&r.from);
	strbuf_release(&err);
	return exit_status_of(ret);
}
