/*
 * remote copy: experiments from one store into another one. It is
 *
 *	resutil copy-pack --from=A --to=B EXP...
 *
 * and for --all
 *
 *	resutil copy-pack --from=A --to=B --all
 *
 * with words for people.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/remote-verbs.h"

#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"

/* The child's own lines, for programs. */
static int copy_json(struct transfer *t)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strvec args = STRVEC_INIT;

	child.resutil_cmd = 1;
	child.no_stdin = 1;
	transfer_add_arguments(t, true, &args);
	strvec_pushl(&child.args, args.v[0], "--json", NULL);
	strvec_pushv(&child.args, args.v + 1);
	strvec_release(&args);
	return transfer_child(&child, &t->signo, NULL, NULL);
}

static int copy(struct transfer *t)
{
	t->told = transfer_print_line;
	transfer_run(t, NULL);
	transfer_print_sum(t);
	return items_status(&t->items);
}

static void check_words(const struct remote_options *o, int argc)
{
	bool named = argc > 2;

	if (argc < 2)
		BAD_USAGE(o, "from which store to which one?");
	if (named && o->all)
		BAD_USAGE(o, "name EXPs, or say --all, which is all of them");
	if (!named && !o->all && !o->yes && !o->dry_run &&
	    (o->rows.json || !term_is_interactive()))
		BAD_USAGE(o, "nobody can be asked: name an EXP, or say --all");
}

int remote_copy(struct remote_options *o, int argc, const char **argv)
{
	struct transfer *t = &o->copy;
	struct strbuf err = STRBUF_INIT;

	check_words(o, argc);
	t->copy_from = argv[0];
	t->remote = argv[1];
	t->words = argc > 2 ? argv + 2 : NULL;
	t->no_dependency = !o->dependency;
	t->dry_run = o->dry_run;
	if (transfer_check(t, &err))
		die_code(ERR_USAGE, &err);
	strbuf_release(&err);
	if (o->rows.json)
		return copy_json(t);
	if (t->words || o->all)
		return copy(t);
	return transfer_ask_and_run(t, NULL, o->yes);
}
