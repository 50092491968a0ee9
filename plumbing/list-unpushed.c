/*
 * list-unpushed: what the ledger of a remote says that the store does not have,
 * or has in an older form. No store is asked.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/record/record.h"
#include "lib/exp/store/remotes.h"
#include "lib/sync/ledger.h"
#include "lib/wrap/digest.h"

static const char *const usage[] = {
	"list-unpushed [--remote=REMOTE] [-z]",
	NULL
};

struct unpushed {
	struct ledger *ledger;
	struct digest *digest;
	struct strbuf path, text;
};

/* The hash of a record is that of the bytes of its file. */
static int hash_record(struct unpushed *u, const char *name,
		       unsigned char *hash, struct strbuf *err)
{
	int ret;

	strbuf_reset(&u->path);
	strbuf_reset(&u->text);
	project_exp_path(the_project, name, &u->path);
	strbuf_addstr(&u->path, "/" RECORD_FILE);
	ret = read_own_file(&u->text, u->path.buf, RECORD_MAX_BYTES, err);
	if (!ret)
		digest_once(u->digest, u->text.buf, u->text.len, hash);
	return ret;
}

/* NULL: the store has it as it is, as far as the ledger knows. */
static const char *status_of(struct unpushed *u, const char *name)
{
	struct strbuf why = STRBUF_INIT;
	const struct ledger_note *note;
	unsigned char hash[DIGEST_RAWSZ];
	const char *status = NULL;
	int ret;

	if (partial_is(the_project, name))
		return NULL;	/* only ever fetched, never sent */
	note = ledger_done(u->ledger, name);
	if (!note || note->elsewhere)
		return "not-pushed";
	if (!note->info.has_record)
		return NULL;	/* there is nothing to compare with */
	ret = hash_record(u, name, hash, &why);
	if (ret || memcmp(hash, note->info.record, sizeof(hash)))
		status = "grown";
	if (ret && ret != ERR_NOT_FOUND)
		warning("%s", why.buf);
	strbuf_release(&why);
	return status;
}

static int print_all(struct unpushed *u, int term, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	const char *status;
	size_t i;
	int ret;

	ret = exp_list_names(the_project, &names, err);
	for (i = 0; !ret && i < names.nr; i++) {
		status = status_of(u, names.v[i]);
		if (status)
			out_printf("%s\t%s%c", status, names.v[i], term);
	}
	strvec_release(&names);
	return ret;
}

int cmd_list_unpushed(int argc, const char **argv)
{
	struct unpushed u = { .path = STRBUF_INIT, .text = STRBUF_INIT };
	struct remote_conf conf = { 0 };
	struct strbuf err = STRBUF_INIT;
	const char *remote = NULL;
	int nul = 0, ret;
	const struct option options[] = {
		OPT_STRING(0, "remote", &remote, "REMOTE",
			   "a remote other than origin"),
		OPT_BOOL('z', NULL, &nul, "end records with NUL"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much: all are looked at",
				   argv[0]);
	ret = remotes_find(&conf, the_project, remote, &err);
	if (!ret)
		ret = ledger_open(&u.ledger, the_project, conf.name, &err);
	if (!ret)
		ledger_set_store(u.ledger, &conf);
	if (!ret)
		ret = digest_start(&u.digest, &err);
	if (!ret)
		ret = print_all(&u, nul ? '\0' : '\n', &err);
	if (ret)
		error("%s", err.buf);
	digest_drop(&u.digest);
	ledger_close(u.ledger);
	remote_conf_release(&conf);
	strbuf_release(&u.text);
	strbuf_release(&u.path);
	strbuf_release(&err);
	return exit_status_of(ret);
}
