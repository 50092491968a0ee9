/*
 * The same for a store: its packs, what they say of each other, the ledger
 * about it, and what crashes left in it.
 * Source: resutil-fsck(1), "FINDINGS".
 */
#ifndef LIB_SYNC_STORE_CHECK_H
#define LIB_SYNC_STORE_CHECK_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/finding.h"
#include "lib/exp/project.h"

/* Which packs CHECK_READ_DATA reads whole; all zero: all of them. */
struct check_subset {
	unsigned part, parts;	/* n/t: those whose hash of the name is n-1
				 * modulo t, so that t calls read each once */
	double percent;		/* of the packs, chosen at random */
	uint64_t bytes;		/* random packs up to so many bytes */
};

/** "n/t", "N%" (N may have a fraction) or a size ("10G"). ERR_USAGE. */
int check_subset_parse(struct check_subset *out, const char *text,
		       struct strbuf *err);

/**
 * remote: a name or a URL. Findings in byte order of keys.
 * Errors: those of the store; what was found before is told.
 */
int check_store(const struct project *p, const char *remote,
		const struct check_options *options,
		const struct check_subset *subset, finding_fn fn, void *data,
		struct strbuf *err);

#endif
