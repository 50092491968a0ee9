/*
 * checkpoint: sends a run as it is now, for programs in any language; also
 * what run does with stores at the end, for who records a run otherwise.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/checkpoint-worker.h"
#include "builtin/enter-run.h"
#include "builtin/run-store.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/signals.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/name.h"
#include "lib/exp/recording/run-place.h"

static const char *const usage[] = {
	"checkpoint [--exp=EXP] [--remote=REMOTE] [--background] "
	"[--quiet-outside]",
	"checkpoint --final [--[no-]push] [--wait] [--exp=EXP]",
	NULL
};

struct options {
	struct run_choice choice;
	const char *remote;
	int background, final, push, wait, worker;
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

/* Waits for its turn. Somebody else may have sent it by then. */
static int send_now(const struct checkpoint *c, int *signo)
{
	struct strbuf err = STRBUF_INIT;
	struct ticket *t = NULL;
	enum ticket_turn turn = TICKET_DONE;
	int ret, status = 0;
	bool idle, more = false;

	ret = ticket_ask(&t, &c->place, &idle, &err);
	if (!ret)
		ret = ticket_take(t, TICKET_WAIT, &turn, &err);
	if (!ret && turn == TICKET_OURS) {
		status = checkpoint_send(c, signo);
		more = ticket_finish(t, !status);
	} else if (!ret && verbosity >= 0) {
		out_printf(_("Sent %s, with another checkpoint\n"),
			   c->name.buf);
	}
	ticket_free(t);
	if (!ret && more)
		ret = checkpoint_start_worker(c, &err);
	if (ret) {
		error("%s", err.buf);
		status = exit_status_of(ret);
	}
	strbuf_release(&err);
	return status;
}

static int send_final(const struct options *o, const char *name, int *signo)
{
	struct strbuf err = STRBUF_INIT;
	enum run_push how;
	int ret, status;

	if (!strcmp(name, NAME_DEBUG))
		return EXIT_NO;
	ret = run_push_choose(&how, o->push, &err);
	if (ret) {
		error("%s", err.buf);
		status = exit_status_of(ret);
	} else {
		status = run_push(name, how, o->wait, signo) ? 0 : EXIT_NO;
	}
	strbuf_release(&err);
	return status;
}

static int act(const struct options *o, const char *name, int *signo)
{
	struct checkpoint c = CHECKPOINT_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret, status = 0;

	if (o->final)
		return send_final(o, name, signo);
	if (!is_sent(name))
		return 0;
	ret = checkpoint_open(&c, name, o->remote, &err);
	if (!ret && o->background)
		ret = checkpoint_note(&c, &err);
	else if (!ret && o->worker)
		status = checkpoint_work(&c);
	else if (!ret)
		status = send_now(&c, signo);
	if (ret) {
		error("%s", err.buf);
		status = exit_status_of(ret);
	}
	strbuf_release(&err);
	checkpoint_release(&c);
	return status;
}

static void read_options(struct options *o, int argc, const char **argv)
{
	const struct option options[] = {
		{ .type = OPTION_STRING, .name = "exp",
		  .value = &o->choice.exp,
		  .argh = "EXP", .arg = ARG_EXP,
		  .help = "an experiment other than that of this run" },
		OPT_STRING(0, "remote", &o->remote, "REMOTE",
			   "a store other than origin: its name or URL"),
		OPT_BOOL(0, "background", &o->background,
			 "only note it; a process of its own sends"),
		OPT_RUN_QUIET(o->choice),
		OPT_BOOL(0, "final", &o->final,
			 "push as run does at the end of one"),
		OPT_BOOL(0, "push", &o->push,
			 "with --final: whatever push.auto says"),
		OPT_BOOL(0, "wait", &o->wait,
			 "with --final: never in the background"),
		{ .type = OPTION_BOOL, .name = "worker", .value = &o->worker,
		  .help = "send what was asked for",
		  .flags = OPT_HIDDEN | OPT_NO_NEG },
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options, "'%s' is too much",
				   argv[0]);
	if (o->final && (o->background || o->remote || o->choice.quiet))
		usage_with_options(usage, options,
				   "--final goes with --push, --no-push, "
				   "--wait and --exp alone");
	if (!o->final && (o->wait || o->push >= 0))
		usage_with_options(usage, options,
				   "--push and --wait go with --final");
}

int cmd_checkpoint(int argc, const char **argv)
{
	struct options o = { .push = -1 };
	struct run_place place = RUN_PLACE_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret, status, signo = 0;

	read_options(&o, argc, argv);
	if (run_is_outside(&o.choice))
		return 0;
	ret = find(&place, o.choice.exp, &err);
	if (ret) {
		error("%s", err.buf);
		status = exit_status_of(ret);
	} else {
		status = act(&o, place.name, &signo);
	}
	the_project = NULL;
	run_place_release(&place);
	strbuf_release(&err);
	if (signo)
		signal_die_of(signo);
	return status;
}
