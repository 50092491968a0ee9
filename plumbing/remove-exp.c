/*
 * remove-exp: removes experiments here, or from a store.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-remove.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/sync/compare.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote-list.h"
#include "plumbing/store-options.h"
#include "transport/transport.h"

static const char *const usage[] = {
	"remove-exp [-l | --remote REMOTE] [--force] [--version=VERSION] [-z] "
		"NAME...",
	"remove-exp [-l | --remote REMOTE] [--force] [-z] --stdin",
	NULL
};

struct remove_exp {
	const char *remote, *version;
	int local, force, from_stdin, nul, patience;
	struct strvec names;
	struct items items;
};

static void print_removed(const struct remove_exp *r, const char *name)
{
	out_printf("removed\t%s%c", name, r->nul ? '\0' : '\n');
}

static int add_name(const char *name, void *data)
{
	struct remove_exp *r = data;

	if (name_is_valid(name) || (r->local && !strcmp(name, NAME_DEBUG))) {
		strvec_push(&r->names, name);
		return 0;
	}
	error("'%s' is no name of an experiment", name);
	items_count(&r->items, ERR_NOT_FOUND);
	return 0;
}

/* ---- here ---------------------------------------------------------------- */

static int remove_here(const struct remove_exp *r, const char *name,
		       struct strbuf *err)
{
	struct strbuf state = STRBUF_INIT;
	int ret;

	if (!exp_name_is_taken(the_project, name))
		ret = fail(err, ERR_NOT_FOUND, "there is no experiment '%s' "
			   "here", name);
	else if (!r->force &&
		 !exp_is_at_rest(the_project, name, &state))
		ret = fail(err, ERR_CONFLICT, "'%s' is %s, and stays; --force "
			   "removes it all the same", name, state.buf);
	else
		ret = exp_remove_local(the_project, name, err);
	strbuf_release(&state);
	return ret;
}

static void remove_all_here(struct remove_exp *r)
{
	struct strbuf err = STRBUF_INIT;
	size_t i;
	int ret;

	for (i = 0; i < r->names.nr; i++) {
		strbuf_reset(&err);
		ret = remove_here(r, r->names.v[i], &err);
		if (ret)
			error("%s", err.buf);
		else
			print_removed(r, r->names.v[i]);
		items_count(&r->items, ret);
	}
	strbuf_release(&err);
}

/* ---- in a store ---------------------------------------------------------- */

struct removal {
	struct work work;
	struct remove_exp *r;
	struct remote *remote;
	struct remote_exp *exp;		/* NULL: it is not there */
	const char *name;
	const struct ledger_note *done, *intent;	/* as it was noted */
	bool begun;
	bool told;		/* by the store, of many */
	int code;
	struct strbuf err;
};

/* Whoever recorded it, as far as its record says. */
static int check_owner(const struct removal *removal, struct strbuf *err)
{
	const char *user = value_text(value_map_get(removal->exp->summary,
						    "user"));

	if (!user || !strcmp(user, record_user()))
		return 0;
	return fail(err, ERR_CONFLICT, "'%s' in '%s' is a run of '%s'; --force "
		    "removes it all the same", removal->name,
		    removal->remote->name, user);
}

/* A run that goes on: what is here knows best, else its record there. */
static int check_at_rest(const struct removal *removal, struct strbuf *err)
{
	const char *recorded = value_text(value_map_get(removal->exp->summary,
							"state"));
	struct strbuf state = STRBUF_INIT;
	bool at_rest;

	if (exp_is_here(the_project, removal->name))
		at_rest = exp_is_at_rest(the_project, removal->name, &state);
	else
		at_rest = !recorded || !*recorded ||
			  record_state_is_final(recorded);
	strbuf_release(&state);
	if (at_rest)
		return 0;
	return fail(err, ERR_CONFLICT, "'%s' in '%s' may still run; --force "
		    "removes it all the same", removal->name,
		    removal->remote->name);
}

static int check_removal(const struct removal *removal, struct strbuf *err)
{
	int ret = 0;

	if (!removal->exp)
		return fail(err, ERR_NOT_FOUND, "there is no experiment '%s' "
			    "in '%s'", removal->name, removal->remote->name);
	if (!removal->r->force) {
		ret = check_owner(removal, err);
		if (!ret)
			ret = check_at_rest(removal, err);
	}
	return ret;
}

/* The ledger says so first: with a note of what is gone, it would tell for ever
 * of a loss that was none. */
static int begin_removal(struct removal *removal, struct strbuf *err)
{
	struct ledger *ledger = removal->remote->ledger;
	int ret = check_removal(removal, err);

	if (ret || !ledger)
		return ret;
	removal->done = ledger_done(ledger, removal->name);
	removal->intent = ledger_intent(ledger, removal->name);
	return ledger_drop(ledger, removal->name, err);
}

/* It stays, and what was known of it. */
static void take_back(const struct removal *removal)
{
	struct ledger *ledger = removal->remote->ledger;

	/* Without a note the next push looks at the hashes. */
	if (removal->done)
		ledger_note(ledger, removal->done, NULL);
	if (removal->intent)
		ledger_note(ledger, removal->intent, NULL);
}

/* The version that was looked at, so that nothing goes that came later. */
static int remove_there(struct removal *removal, struct strbuf *err)
{
	struct remote *remote = removal->remote;
	struct strbuf key = STRBUF_INIT, why = STRBUF_INIT;
	const char *version = removal->r->version;
	int ret;

	remote_key(remote, removal->name, &key);
	ret = transport_remove(remote->transport, key.buf, version ? version :
			       removal->exp->version, &why);
	if (ret == ERR_CONFLICT)
		fail(err, ret, "'%s' in '%s' is of another version by now, and "
		     "stays", removal->name, remote->name);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	else
		remote_forget(remote, removal->name);
	if (ret && ret != ERR_NOT_FOUND)
		take_back(removal);
	strbuf_release(&why);
	strbuf_release(&key);
	return ret;
}

static void do_removal(struct work *work, unsigned worker UNUSED)
{
	struct removal *removal = (struct removal *)work;

	removal->code = remove_there(removal, &removal->err);
}

/* All that may go: their notes first, and one sync for all of these. */
static void begin_all(struct remove_exp *r, struct remote *remote,
		      const struct remote_list *list, struct removal *removal)
{
	struct strbuf err = STRBUF_INIT;
	size_t i;
	int ret = 0;

	for (i = 0; i < r->names.nr; i++) {
		struct removal *one = &removal[i];

		one->work.fn = do_removal;
		one->r = r;
		one->remote = remote;
		one->name = r->names.v[i];
		one->exp = remote_list_find(list, one->name);
		strbuf_init(&one->err);
		one->code = begin_removal(one, &one->err);
	}
	if (remote->ledger)
		ret = ledger_sync(remote->ledger, &err);
	for (i = 0; i < r->names.nr; i++) {
		struct removal *one = &removal[i];

		if (ret && !one->code) {
			one->code = fail(&one->err, ret, "%s", err.buf);
			take_back(one);
		}
		one->begun = !one->code;
	}
	strbuf_release(&err);
}

static void tell_removal(struct remove_exp *r, const struct removal *removal)
{
	if (removal->code)
		error("%s", removal->err.buf);
	else
		print_removed(r, removal->name);
	items_count(&r->items, removal->code);
}

static void remove_by_version(struct remove_exp *r, struct removal *removal)
{
	struct workers *workers;
	size_t i;

	workers = workers_start((unsigned)MINIMUM(r->names.nr,
						  (size_t)REMOTE_JOBS));
	for (i = 0; i < r->names.nr; i++)
		if (removal[i].begun)
			workers_add(workers, &removal[i].work);
	for (i = 0; i < r->names.nr; i++) {
		if (removal[i].begun)
			workers_wait(workers, &removal[i].work);
		tell_removal(r, &removal[i]);
	}
	workers_stop(&workers);
}

static int take_removed(const char *key, int code, const char *message,
			void *data)
{
	struct removal *removal = strmap_get(data, key);

	if (!removal)
		return 0;
	removal->told = true;
	removal->code = code;
	if (code)
		strbuf_addstr(&removal->err, message);
	return 0;
}

/* Whatever is there by now: as many by one request as the store takes. */
static void remove_whatever(struct remove_exp *r, struct remote *remote,
			    struct removal *removal)
{
	struct strvec keys = STRVEC_INIT;
	struct strmap by_key = STRMAP_INIT;
	struct strbuf text = STRBUF_INIT;
	size_t i;
	int ret;

	for (i = 0; i < r->names.nr; i++) {
		if (!removal[i].begun)
			continue;
		strbuf_reset(&text);
		remote_key(remote, removal[i].name, &text);
		strmap_put(&by_key, strvec_push(&keys, text.buf), &removal[i]);
	}
	strbuf_reset(&text);
	ret = transport_remove_many(remote->transport, &keys, take_removed,
				    &by_key, &text);
	for (i = 0; i < r->names.nr; i++) {
		struct removal *one = &removal[i];

		if (one->begun && !one->told && ret)
			one->code = fail(&one->err, ret, "%s", text.buf);
		if (one->begun && one->code)
			take_back(one);
		else if (one->begun)
			remote_forget(remote, one->name);
		tell_removal(r, one);
	}
	strmap_release(&by_key);
	strvec_release(&keys);
	strbuf_release(&text);
}

static void remove_listed(struct remove_exp *r, struct remote *remote,
			  const struct remote_list *list)
{
	struct removal *removal = xcalloc(r->names.nr, sizeof(*removal));
	size_t i;

	/* Found out by one thread, for all. */
	record_user();
	local_exp_prepare();
	begin_all(r, remote, list, removal);
	if (r->force && !r->version && r->names.nr > 1)
		remove_whatever(r, remote, removal);
	else
		remove_by_version(r, removal);
	for (i = 0; i < r->names.nr; i++)
		strbuf_release(&removal[i].err);
	free(removal);
}

static int remove_all_there(struct remove_exp *r, struct strbuf *err)
{
	struct remote_list list = REMOTE_LIST_INIT;
	struct remote *remote = NULL;
	int ret;

	ret = remote_open(&remote, the_project, r->remote,
			  (unsigned)r->patience, err);
	if (!ret)
		ret = remote_open_ledger(remote, err);
	if (!ret)
		ret = remote_look(remote, &r->names, REMOTE_JOBS, &list, err);
	if (!ret && !r->force)
		ret = remote_learn(remote, list.exp, list.nr, KNOWN_RECORD, 0,
				   err);
	if (!ret)
		remove_listed(r, remote, &list);
	if (!ret && remote->ledger)
		ret = ledger_sync(remote->ledger, err);
	remote_list_release(&list);
	remote_close(remote);
	return ret;
}

/* -------------------------------------------------------------------------- */

static void check(const struct remove_exp *r, const struct option *options,
		  int argc)
{
	if (!argc == !r->from_stdin)
		usage_with_options(usage, options, argc ?
				   "--stdin takes no names" :
				   N_("which experiment?"));
	if (r->local && r->remote)
		usage_with_options(usage, options,
				   "-l is here, --remote is a store");
	if (r->version && (r->local || argc != 1))
		usage_with_options(usage, options, "--version is of one "
				   "experiment in a store");
}

int cmd_remove_exp(int argc, const char **argv)
{
	struct remove_exp r = {
		.names = STRVEC_INIT, .patience = TRANSPORT_PATIENCE_DEFAULT
	};
	const struct option options[] = {
		OPT_BOOL('l', "local", &r.local, "remove them here"),
		OPT_REMOTE(&r.remote),
		OPT_BOOL(0, "force", &r.force,
			 "also what runs, and other users' runs"),
		OPT_STRING(0, "version", &r.version, "VERSION",
			   "only if that is the version in the store"),
		OPT_NAMES_STDIN(&r.from_stdin),
		OPT_BOOL('z', NULL, &r.nul, "records end with NUL"),
		OPT_PATIENCE(&r.patience),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	struct items read = { 0 };
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	check(&r, options, argc);
	ret = items_each(&read, argv, r.from_stdin ? stdin : NULL,
			 r.nul ? '\0' : '\n', add_name, &r, &err);
	strvec_sort(&r.names, true);
	if (!ret && r.names.nr && r.local)
		remove_all_here(&r);
	else if (!ret && r.names.nr)
		ret = remove_all_there(&r, &err);
	if (ret)
		error("%s", err.buf);
	strvec_release(&r.names);
	strbuf_release(&err);
	return ret ? exit_status_of(ret) : items_status(&r.items);
}
