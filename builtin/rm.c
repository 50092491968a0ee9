/*
 * rm: removes experiments. From stores it will one day, too, which is why
 * what is removed where has to be said already.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/base/value.h"
#include "lib/exp/deps.h"
#include "lib/exp/exp-list.h"
#include "lib/exp/live.h"
#include "lib/exp/name.h"
#include "lib/exp/record.h"
#include "lib/exp/exp-remove.h"

#define SHOWN_NAMES 20

static const char *const usage[] = {
	"rm -l [-y] [-n] [--force] EXP...",
	NULL
};

struct removal {
	struct strvec names;
	int force;
};

/* The recorder of a debug run is known by the name of its directory. */
static bool debug_is_live(void)
{
	struct strbuf ignored = STRBUF_INIT;
	struct live *live = NULL;
	int ret = live_start(&live, the_project, NAME_DEBUG, &ignored);

	live_end(&live);
	strbuf_release(&ignored);
	return ret == ERR_CONFLICT;
}

/* 0, or ERR_CONFLICT: somebody still writes into it, or may. */
static int check_at_rest(const char *name, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT, ignored = STRBUF_INIT;
	struct strbuf state = STRBUF_INIT;
	struct value *record = NULL;
	bool live = false;

	project_exp_path(the_project, name, &dir);
	if (!strcmp(name, NAME_DEBUG)) {
		live = debug_is_live();
		strbuf_addstr(&state, "running");
	} else if (!record_read(&record, dir.buf, &ignored)) {
		enum live_state now = live_state_of(the_project, record);

		live = now == LIVE_RUNNING || now == LIVE_UNATTENDED ||
		       now == LIVE_ELSEWHERE;
		live_state_text(the_project, record, &state);
	}
	value_free(record);
	if (live)
		fail(err, ERR_CONFLICT, "'%s' is %s, and stays; --force "
		     "removes it all the same", name, state.buf);
	strbuf_release(&state);
	strbuf_release(&ignored);
	strbuf_release(&dir);
	return live ? ERR_CONFLICT : 0;
}

static int choose_one(const char *arg, void *data)
{
	struct removal *r = data;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	int ret;

	ret = exp_find(the_project, arg, &name, &err);
	if (!ret && !r->force)
		ret = check_at_rest(name.buf, &err);
	/* A link in place of an experiment is none, but may be cleared away. */
	else if (ret == ERR_NOT_FOUND &&
		 !exp_find_link(the_project, arg, &name, NULL))
		ret = 0;
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

static bool confirm(const struct strvec *names)
{
	struct strbuf question = STRBUF_INIT;
	bool yes;
	size_t i;

	for (i = 0; i < names->nr && i < SHOWN_NAMES; i++)
		say("  %s", names->v[i]);
	if (names->nr > SHOWN_NAMES)
		say(_("  ... and %zu more"), names->nr - SHOWN_NAMES);
	if (names->nr == 1)
		strbuf_addstr(&question, _("Remove this experiment here?"));
	else
		strbuf_addf(&question, _("Remove these %zu experiments here?"),
			    names->nr);
	yes = ask_yes_no(question.buf, false);
	strbuf_release(&question);
	return yes;
}

static int remove_one(const char *name, void *data UNUSED)
{
	struct strbuf err = STRBUF_INIT;
	int ret = exp_remove_local(the_project, name, &err);

	if (ret)
		error("%s", err.buf);
	else if (verbosity >= 0)
		printf(_("Removed %s\n"), name);
	strbuf_release(&err);
	return ret;
}

static int remove_all(const struct removal *r, struct items *items,
		      int yes, int dry_run)
{
	size_t i;

	if (!r->names.nr)
		return items_status(items);
	warn_of_dependants(&r->names);
	if (dry_run) {
		for (i = 0; i < r->names.nr; i++)
			printf(_("Would remove %s\n"), r->names.v[i]);
		return items_status(items);
	}
	if (!yes && !confirm(&r->names)) {
		say(_("Nothing was removed."));
		return EXIT_NO;
	}
	/* Chosen and not removed is no success: count anew. */
	items->done = 0;
	items_each(items, r->names.v, NULL, 0, remove_one, NULL, NULL);
	return items_status(items);
}

int cmd_rm(int argc, const char **argv)
{
	struct removal r = { .names = STRVEC_INIT };
	struct items items = { 0 };
	struct strbuf err = STRBUF_INIT;
	int local = 0, yes = 0, dry_run = 0, status;
	const struct option options[] = {
		OPT_BOOL('l', "local", &local, "remove them here"),
		OPT_BOOL('y', "yes", &yes, "do not ask"),
		OPT_BOOL('n', "dry-run", &dry_run, "only show what would go"),
		OPT_BOOL(0, "force", &r.force,
			 "remove also what runs or may run"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc)
		usage_with_options(usage, options, "no EXP is given");
	if (!local)
		usage_with_options(usage, options, "say where to remove: -l is "
				   "here, and this version knows no other "
				   "place");
	if (!yes && !dry_run && !term_is_interactive())
		usage_with_options(usage, options,
				   "nobody can be asked, so -y is needed");
	/* All words are understood before one is acted on: '@' moves. */
	items_each(&items, argv, NULL, 0, choose_one, &r, &err);
	strvec_sort(&r.names, true);
	status = remove_all(&r, &items, yes, dry_run);
	strbuf_release(&err);
	strvec_release(&r.names);
	return status;
}
