/*
 * The same for a store: its packs, what they say of each other, the ledger
 * about it, and what crashes left in it.
 * Source: resutil-fsck(1), "FINDINGS".
 */
#ifndef LIB_SYNC_STORE_CHECK_H
#define LIB_SYNC_STORE_CHECK_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/check/finding.h"
#include "lib/exp/pack/pack-subset.h"
#include "lib/exp/conf/project.h"

/**
 * remote: a name or a URL. Findings in byte order of keys.
 * Errors: those of the store; what was found before is told.
 */
int check_store(const struct project *p, const char *remote,
		const struct check_options *options,
		const struct check_subset *subset, finding_fn fn, void *data,
		struct strbuf *err);

#endif
