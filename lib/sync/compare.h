/*
 * An experiment here and what a store holds under its name.
 * Source: resutilformat-remote(5), "WHAT IS THE SAME, AND WHAT HAS GROWN".
 */
#ifndef LIB_SYNC_COMPARE_H
#define LIB_SYNC_COMPARE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/hash-dir.h"
#include "lib/exp/project.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote.h"

/** One experiment here. */
struct local_exp {
	char *name;
	struct pack_info info;	/* version PACK_FORMAT; id "" when none */
	uint64_t bytes;		/* of its regular files with the record */
	size_t entries;
	bool live;		/* its recorder or its program runs */
	bool final;		/* its state is final */
	struct value *record;	/* normalized; NULL: none */
};

/**
 * Reads record and tree (hashes from the cache where nothing changed).
 * jobs: threads for hashing. Errors: ERR_NOT_FOUND (no such experiment),
 * ERR_CONTENT (its record cannot be read), ERR_CONFLICT (a file kept changing:
 * not for a live one, whose hashes are then not known, info.version 0).
 */
int local_exp_read(struct local_exp *out, const struct project *p,
		   const char *name, unsigned jobs, struct strbuf *err);
void local_exp_release(struct local_exp *l);

enum sync_relation {
	SYNC_ABSENT,	/* not there */
	SYNC_SAME,
	SYNC_HERE_GROWN,	/* and may replace what is there */
	SYNC_THERE_GROWN,	/* and may replace what is here */
	SYNC_RENAMED,	/* the same run is there under another name */
	SYNC_CONFLICT
};

/**
 * What `there` (NULL: nothing; at least KNOWN_INFO, and KNOWN_RECORD when ids
 * are equal and hashes differ: it is learnt here as needed) is to `here`. The
 * ledger of `r` must be open. Packs that resutil did not write are compared by
 * paths, sizes and CRC-32 of their files.
 * why: gets a sentence for SYNC_CONFLICT, or NULL.
 */
int sync_compare(enum sync_relation *out, struct remote *r,
		 const struct local_exp *here, struct remote_exp *there,
		 struct strbuf *why, struct strbuf *err);

/**
 * The name under which `list` (or the ledger) has the run of `id`, other than
 * `name`: of the same PREFIX_TIMESTAMP (these are learnt), or known already.
 * Adds it to `out`; ERR_NOT_FOUND (no sentence): none.
 */
int sync_other_name(struct remote *r, const struct remote_list *list,
		    const char *name, const char *id, struct strbuf *out,
		    struct strbuf *err);

#endif
