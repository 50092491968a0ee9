/*
 * checkpoint: sends a run as it is now, for programs in any language. The
 * revision of the record is raised first, so that what is sent is seen to have
 * grown; record_update() is what update-exp does, but that refuses to change
 * nothing.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/run-store.h"
#include "builtin/transfer.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/signals.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/exp-list.h"
#include "lib/exp/name.h"
#include "lib/exp/record.h"

static const char *const usage[] = {
	"checkpoint [--exp=EXP] [--remote=REMOTE]",
	NULL
};

/*
 * The program may have gone anywhere: then its project is the one around its
 * experiment, and our children begin there.
 */
static int enter_project(struct project *own, const char *dir,
			 struct strbuf *name, struct strbuf *err)
{
	struct strbuf rest = STRBUF_INIT;
	bool inside = the_project &&
		      exp_split_path(the_project, NULL, dir, name, &rest);
	int ret = 0;

	if (!inside) {
		strbuf_reset(name);
		ret = project_open(own, dir, err);
		if (!ret && !exp_split_path(own, NULL, dir, name, &rest))
			ret = fail(err, ERR_NOT_FOUND, "'%s' does not lie in "
				   "the project around it", dir);
		if (!ret && chdir(own->root))
			ret = fail_errno(err, "cannot change to '%s'",
					 own->root);
		if (!ret)
			the_project = own;
	}
	strbuf_release(&rest);
	return ret;
}

static int find(struct project *own, const char *exp, struct strbuf *name,
		struct strbuf *err)
{
	const char *dir = getenv("RESUTIL_EX_DIR");
	int ret;

	if (exp && !the_project)
		return fail(err, ERR_FAILED, "'--exp' needs a project here; "
			    "use -C DIR");
	if (exp)
		return exp_find(the_project, exp, name, err);
	if (!dir || *dir != '/')
		return fail(err, ERR_NO, "this is not a run: there is no "
			    "RESUTIL_EX_DIR; name an experiment with --exp");
	ret = enter_project(own, dir, name, err);
	if (!ret && !exp_is_here(the_project, name->buf))
		ret = fail(err, ERR_NOT_FOUND, "there is no experiment '%s'",
			   dir);
	return ret;
}

static int raise_revision(const char *name, struct strbuf *err)
{
	struct value *nothing = value_new_map();
	int ret = record_update(the_project, name, nothing, err);

	value_free(nothing);
	return ret;
}

/* A program does the same in a debug run, and where nothing shall be sent. */
static bool is_sent(const char *name)
{
	if (!strcmp(name, NAME_DEBUG)) {
		say(_("Not sent: a debug run stays here"));
		return false;
	}
	if (!run_may_ask_stores()) {
		say(_("Not sent: RESUTIL_NO_REMOTE is set"));
		return false;
	}
	return true;
}

int cmd_checkpoint(int argc, const char **argv)
{
	struct transfer t = TRANSFER_INIT;
	struct project own = PROJECT_INIT;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	const char *exp = NULL;
	int ret, status = 0;
	const struct option options[] = {
		{ .type = OPTION_STRING, .name = "exp", .value = &exp,
		  .argh = "EXP", .arg = ARG_EXP,
		  .help = "an experiment other than that of this run" },
		OPT_STRING(0, "remote", &t.remote, "REMOTE",
			   "a store other than origin: its name or URL"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options, "'%s' is too much",
				   argv[0]);
	ret = find(&own, exp, &name, &err);
	if (!ret)
		ret = raise_revision(name.buf, &err);
	if (ret) {
		error("%s", err.buf);
		status = exit_status_of(ret);
	} else if (is_sent(name.buf)) {
		t.told = transfer_print_line;
		transfer_send_with_needed(&t, name.buf);
		status = items_status(&t.items);
	}
	if (the_project == &own)
		the_project = NULL;
	project_release(&own);
	strbuf_release(&err);
	strbuf_release(&name);
	transfer_release(&t);
	if (t.signo)
		signal_die_of(t.signo);
	return status;
}
