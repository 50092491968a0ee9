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
#include "lib/base/path.h"
#include "lib/base/signals.h"
#include "lib/base/strbuf.h"
#include "lib/exp/name.h"
#include "lib/exp/run-place.h"

static const char *const usage[] = {
	"checkpoint [--exp=EXP] [--remote=REMOTE]",
	NULL
};

/*
 * The program may have gone anywhere: its project is the one around its
 * experiment, and our children begin there.
 */
static int enter_project(const struct run_place *place, struct strbuf *err)
{
	const char *root = place->project->root;
	struct strbuf cwd = STRBUF_INIT;
	int ret = 0;

	if (path_cwd(&cwd, NULL) || !path_below(cwd.buf, root))
		if (chdir(root))
			ret = fail_errno(err, "cannot change to '%s'", root);
	the_project = place->project;
	strbuf_release(&cwd);
	return ret;
}

static int find(struct run_place *place, const char *exp, struct strbuf *err)
{
	int ret = run_place_find(place, exp, err);

	if (!ret && !place->name)
		return fail(err, ERR_USAGE, "'%s' is a trial and no "
			    "experiment: no store has those", place->dir.buf);
	return ret ? ret : enter_project(place, err);
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
	struct run_place place = RUN_PLACE_INIT;
	struct strbuf err = STRBUF_INIT;
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
	ret = find(&place, exp, &err);
	if (!ret)
		ret = run_place_update(&place, NULL, &err);
	if (ret) {
		error("%s", err.buf);
		status = exit_status_of(ret);
	} else if (is_sent(place.name)) {
		t.told = transfer_print_line;
		transfer_send_with_needed(&t, place.name);
		status = items_status(&t.items);
	}
	the_project = NULL;
	run_place_release(&place);
	strbuf_release(&err);
	transfer_release(&t);
	if (t.signo)
		signal_die_of(t.signo);
	return status;
}
