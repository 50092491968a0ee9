/*
 * push: experiments from here, and what they need, into a store. It is
 *
 *	resutil read-deps --closure EXP... | resutil send-pack --stdin
 *
 * and for --all
 *
 *	resutil list-exps | resutil send-pack --stdin
 *
 * with words for people. Names and dependencies are read by the functions that
 * list-exps and read-deps are made of, because what is needed and not here is
 * then looked for in the store, and read-deps only tells of it.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/call-hooks.h"
#include "builtin/settle-renames.h"
#include "builtin/transfer.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/signals.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/partial.h"

static const char *const usage[] = {
	"push [--remote=REMOTE] [--no-dependency] [-j N] "
	"[--limit-rate=RATE] [--force] [--rename] [-n] "
	"[--porcelain[=VERSION]] [-z] EXP...",
	"push [--remote=REMOTE] [-A|-y] [-j N] [--limit-rate=RATE] "
	"[--force] [--rename] [-n] [--porcelain[=VERSION]] [-z]",
	NULL
};

struct push {
	struct transfer t;
	int all, yes, dependency;
	struct strvec names;
	/* What the store holds, asked for once and only when needed. */
	struct strvec there;
	bool asked;
	int refused;		/* the status of that question */
};

static bool is_there(struct push *p, const char *name)
{
	if (!p->asked)
		p->refused = transfer_list_remote(&p->t, &p->there);
	p->asked = true;
	return !p->refused && strvec_find(&p->there, name) >= 0;
}

static int choose_one(const char *arg, void *data)
{
	struct push *p = data;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	int ret = exp_find(the_project, arg, &name, &err);

	if (!ret && !strcmp(name.buf, NAME_DEBUG))
		ret = fail(&err, ERR_USAGE, "'%s' is never pushed; run "
			   "without --debug to keep an experiment", name.buf);
	if (!ret)
		strvec_push(&p->names, name.buf);
	else if (ret == ERR_NOT_FOUND && name_is_valid(arg) &&
		 is_there(p, arg))
		error("'%s' is only in '%s': there is nothing to push", arg,
		      transfer_remote_name(&p->t));
	else
		error("%s", err.buf);
	strbuf_release(&err);
	strbuf_release(&name);
	return ret;
}

/* What is needed and not here is nobody's loss while the store has it. */
static void tell_missing(struct push *p, const struct strvec *missing)
{
	size_t i;

	for (i = 0; i < missing->nr; i++)
		if (is_there(p, missing->v[i])) {
			warning(_("'%s' is needed and is not here, but in "
				  "'%s'"), missing->v[i],
				transfer_remote_name(&p->t));
		} else {
			error("'%s' is needed and is not here",
			      missing->v[i]);
			items_count(&p->t.items, ERR_NOT_FOUND);
		}
}

static int choose(struct push *p, const char **argv, struct strvec *out,
		  struct strbuf *err)
{
	struct strvec missing = STRVEC_INIT;
	struct items found = { 0 };
	int ret;

	ret = items_each(&found, argv, NULL, 0, choose_one, p, err);
	/* Chosen is not yet sent. */
	found.done = 0;
	p->t.items = found;
	if (!ret && p->dependency)
		transfer_closure(&p->t, &p->names, false, out, &missing);
	else if (!ret)
		strvec_pushv(out, p->names.v);
	if (!ret)
		tell_missing(p, &missing);
	strvec_release(&missing);
	return ret;
}

static int send(struct push *p, const struct strvec *names)
{
	p->t.told = transfer_print_line;
	transfer_run(&p->t, names);
	transfer_print_sum(&p->t);
	return items_status(&p->t.items);
}

/* All here but those that are only partly here: they came from a store. */
static int list_whole(struct strvec *out, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	int ret = exp_list_names(the_project, &names, err);
	size_t i;

	for (i = 0; !ret && i < names.nr; i++)
		if (!partial_is(the_project, names.v[i]))
			strvec_push(out, names.v[i]);
	strvec_release(&names);
	return ret;
}

/* With EXPs: they and what they need; else all, after a question unless
 * --all. Returns the exit status. */
static int push(struct push *p, const char **argv)
{
	struct own_hooks hooks = OWN_HOOKS_INIT;
	struct strvec names = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	int status = call_hooks_find(&hooks, "pre-push", &err);
	const bool has_hooks = hooks.nr > 0;

	own_hooks_release(&hooks);
	if (!status)
		status = *argv ? choose(p, argv, &names, &err) :
				 list_whole(&names, &err);
	if (status) {
		error("%s", err.buf);
		status = exit_status_of(status);
	} else if (!has_hooks && (*argv || p->all)) {
		status = send(p, &names);
	} else if (*argv || p->all) {
		/* They are asked about what will be sent. */
		status = transfer_ask_and_run(&p->t, &names, true);
	} else {
		status = transfer_ask_and_run(&p->t, &names, p->yes);
	}
	strbuf_release(&err);
	strvec_release(&names);
	return status;
}

int cmd_push(int argc, const char **argv)
{
	struct push p = { .t = TRANSFER_INIT, .dependency = 1,
			  .names = STRVEC_INIT, .there = STRVEC_INIT };
	struct strbuf err = STRBUF_INIT;
	const char *bad;
	int status;
	const struct option options[] = {
		OPT_BOOL('A', "all", &p.all,
			 "all experiments that are missing there or have "
			 "grown"),
		OPT_BOOL(0, "dependency", &p.dependency,
			 "also what they need (the default)"),
		OPT_BOOL('y', "yes", &p.yes, "do not ask"),
		TRANSFER_OPTIONS(&p.t),
		TRANSFER_FORMS(&p.t),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc && p.all)
		usage_with_options(usage, options, "'%s' is too much: --all "
				   "is all of them", argv[0]);
	bad = transfer_check_forms(&p.t, !argc && !p.all && !p.yes &&
					 !p.t.dry_run);
	if (bad)
		usage_with_options(usage, options, "%s", bad);
	if (transfer_check(&p.t, &err))
		die_code(ERR_USAGE, &err);
	settle_renames(0);
	status = push(&p, argv);
	strbuf_release(&err);
	strvec_release(&p.names);
	strvec_release(&p.there);
	transfer_release(&p.t);
	if (p.t.signo)
		signal_die_of(p.t.signo);
	return status;
}
