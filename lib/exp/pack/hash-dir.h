/*
 * The tree hash and the record hash of a directory.
 */
#ifndef LIB_EXP_PACK_HASH_DIR_H
#define LIB_EXP_PACK_HASH_DIR_H

#include "lib/base/compat.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/pack/hash-cache.h"
#include "lib/wrap/digest.h"

struct dir_hash {
	unsigned char tree[DIGEST_RAWSZ];
	unsigned char record[DIGEST_RAWSZ];
	bool has_record;
	size_t entries;		/* the record not counted */
	uint64_t bytes;		/* of regular files but the record */
	struct strvec skipped;	/* as of struct exp_tree */
};

#define DIR_HASH_INIT { .skipped = STRVEC_INIT }

/**
 * Hashes the tree below `dir` with `jobs` threads (0: one a processor); big
 * files first. Memory: 2 MiB a thread, 200 bytes and the path an entry.
 * cache, progress: may be NULL.
 * Errors: those of exp_tree_read(); ERR_CONFLICT (a file changed while it was
 * read, twice; named).
 */
int hash_dir(struct dir_hash *out, const char *dir, unsigned jobs,
	     struct hash_cache *cache, struct progress *progress,
	     struct strbuf *err);
void dir_hash_release(struct dir_hash *h);

#endif
