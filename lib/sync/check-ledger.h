/*
 * The ledgers of a project, and whether what is here is what they noted.
 * Source: resutil-fsck(1), "FINDINGS".
 */
#ifndef LIB_SYNC_CHECK_LEDGER_H
#define LIB_SYNC_CHECK_LEDGER_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/check/finding.h"
#include "lib/exp/conf/project.h"

/**
 * Each line of each ledger; with CHECK_REPAIR those that cannot be read are
 * taken out, with CHECK_PRUNE what a crash tore at the end. In no order.
 * Errors: ERR_FAILED: that could not be done.
 */
int check_ledgers(const struct project *p, const struct check_options *options,
		  finding_fn fn, void *data, struct strbuf *err);

/* The ledgers that can be read: of remotes, not of copies between stores. */
struct ledger_set {
	const struct project *p;
	struct ledger **ledger;	/* NULL: they are still to be opened */
	size_t nr;
};
void ledger_set_open(struct ledger_set *s);
void ledger_set_close(struct ledger_set *s);
/** is_in_store of check_options: whether one of them has noted that a store
 *  has it; opens them when it is asked for the first time. */
bool ledger_set_has(const char *name, void *set);

/**
 * Reads all files of all experiments, and compares their hashes with those
 * that were noted for the same state of the same run: in the ledgers, and, as
 * long as no file was touched since, in the cache. Findings in no order, from
 * one thread.
 */
int check_content(const struct project *p, const struct check_options *options,
		  finding_fn fn, void *data, struct strbuf *err);

#endif
