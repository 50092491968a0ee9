/*
 * rename-exp: gives an experiment another name, here or in a store.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-rename.h"
#include "lib/exp/record/name.h"
#include "lib/sync/compare.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote-list.h"
#include "plumbing/store-options.h"
#include "transport/transport.h"

static const char *const usage[] = {
	"rename-exp [-l | --remote REMOTE] OLD NEW",
	NULL
};

/* ---- in a store ---------------------------------------------------------- */

/* One run and all its files under both names: what a renaming in two steps
 * leaves when it is cut off between them. */
static bool is_cut_off(const struct remote_exp *old,
		       const struct remote_exp *new)
{
	if (old->size != new->size || old->problem || new->problem)
		return false;
	return !strcmp(old->version, new->version) ||
	       (*old->info.id && !strcmp(old->info.id, new->info.id) &&
		sync_same_hashes(&old->info, &new->info));
}

static int check_list(struct remote *r, const struct remote_list *list,
		      const char *from, const char *to, struct strbuf *err)
{
	const struct remote_exp *old = remote_list_find(list, from);
	const struct remote_exp *new = remote_list_find(list, to);
	int ret = 0;

	if (!old)
		return fail(err, ERR_NOT_FOUND, "there is no experiment '%s' "
			    "in '%s'", from, r->name);
	if (new)
		ret = remote_learn(r, list->exp, list->nr, KNOWN_INFO, 0, err);
	if (!ret && new && !is_cut_off(old, new))
		ret = fail(err, ERR_CONFLICT, "cannot rename '%s': there is "
			   "an experiment '%s' in '%s' already", from, to,
			   r->name);
	return ret;
}

/* goes: it has the new name already, and the old one is still to go. */
static int move(struct remote *r, const struct remote_exp *exp, const char *to,
		bool goes, struct strbuf *err)
{
	struct strbuf old = STRBUF_INIT, new = STRBUF_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret;

	remote_key(r, exp->name, &old);
	remote_key(r, to, &new);
	if (goes)
		ret = transport_remove(r->transport, old.buf, exp->version,
				       &why);
	else
		ret = transport_rename(r->transport, old.buf, new.buf,
				       exp->version, &why);
	if (ret == ERR_CONFLICT)
		fail(err, ret, "cannot rename '%s' in '%s': it was replaced "
		     "meanwhile, or '%s' was made", exp->name, r->name, to);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	strbuf_release(&new);
	strbuf_release(&old);
	return ret;
}

/*
 * The version may be another one now; all else that is known stays. What this
 * clone did not know under the old name it does not know under the new one.
 */
static int note_new_name(struct remote *r, struct remote_exp *exp,
			 const char *to, struct strbuf *err)
{
	const struct ledger_note *done = NULL;
	struct remote_list list = REMOTE_LIST_INIT;
	struct strvec names = STRVEC_INIT;
	struct ledger_note note = { 0 };
	bool noted;
	int ret = 0;

	noted = ledger_knows(r->ledger, exp->name, exp->version, NULL);
	remote_forget(r, exp->name);
	if (r->ledger)
		ret = ledger_rename(r->ledger, exp->name, to, err);
	strvec_push(&names, to);
	/* It has been renamed, so whatever fails here is no failure. */
	if (!ret && !remote_look(r, &names, 1, &list, NULL) && list.nr) {
		if (list.exp->level < KNOWN_INFO && exp->level >= KNOWN_INFO) {
			list.exp->level = KNOWN_INFO;
			list.exp->info = exp->info;
			remote_note(r, list.exp);
		}
		if (noted && list.exp->size == exp->size)
			done = ledger_done(r->ledger, to);
		if (done && strcmp(done->version, list.exp->version)) {
			note.name = (char *)to;
			note.info = done->info;
			note.version = list.exp->version;
			ret = ledger_note(r->ledger, &note, err);
		}
	}
	if (!ret && r->ledger)
		ret = ledger_sync(r->ledger, err);
	remote_list_release(&list);
	strvec_release(&names);
	return ret;
}

static int rename_there(const char *remote, unsigned patience,
			const char *from, const char *to, struct strbuf *err)
{
	struct remote_list list = REMOTE_LIST_INIT;
	struct strvec names = STRVEC_INIT;
	struct remote *r = NULL;
	int ret;

	strvec_pushl(&names, from, to, NULL);
	strvec_sort(&names, true);
	ret = remote_open(&r, the_project, remote, patience, err);
	if (!ret)
		ret = remote_open_ledger(r, err);
	if (!ret)
		ret = remote_look(r, &names, 0, &list, err);
	if (!ret)
		ret = check_list(r, &list, from, to, err);
	if (!ret)
		ret = move(r, remote_list_find(&list, from), to,
			   remote_list_find(&list, to) != NULL, err);
	if (!ret)
		ret = note_new_name(r, remote_list_find(&list, from), to, err);
	remote_list_release(&list);
	strvec_release(&names);
	remote_close(r);
	return ret;
}

/* -------------------------------------------------------------------------- */

int cmd_rename_exp(int argc, const char **argv)
{
	const char *remote = NULL;
	int local = 0, patience = TRANSPORT_PATIENCE_DEFAULT, ret, i;
	const struct option options[] = {
		OPT_BOOL('l', "local", &local, "rename it here"),
		OPT_REMOTE(&remote),
		OPT_PATIENCE(&patience),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 2)
		usage_with_options(usage, options,
				   "two names are needed, OLD and NEW");
	if (local && remote)
		usage_with_options(usage, options,
				   "-l is here, --remote is a store");
	for (i = 0; i < 2; i++)
		if (!name_is_valid(argv[i]))
			usage_with_options(usage, options, "'%s' is no name of "
					   "an experiment", argv[i]);
	if (!strcmp(argv[0], argv[1]))
		usage_with_options(usage, options, "both names are the same");
	if (local)
		ret = exp_rename_local(the_project, argv[0], argv[1], &err);
	else
		ret = rename_there(remote, (unsigned)patience, argv[0],
				   argv[1], &err);
	if (ret)
		error("%s", err.buf);
	else
		out_printf("renamed\t%s\t%s\n", argv[0], argv[1]);
	strbuf_release(&err);
	return exit_status_of(ret);
}
