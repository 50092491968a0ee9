/*
 * A part of the packs of a store, as a person names it. What chooses them is
 * in lib/sync; but who is to say that the words are wrong, says it before
 * anything is looked at.
 * Source: resutil-check-store(1), --read-data-subset.
 */
#ifndef LIB_EXP_PACK_PACK_SUBSET_H
#define LIB_EXP_PACK_PACK_SUBSET_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

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

#endif
