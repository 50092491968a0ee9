/*
 * The tree hash of what a pack holds, and whether it is what its comment says.
 */
#ifndef LIB_EXP_PACK_PACK_HASH_H
#define LIB_EXP_PACK_PACK_HASH_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-read.h"

/** Called for each thing that is wrong, one at a time. */
typedef void (*pack_bad_fn)(const char *sentence, void *data);

/**
 * digests: SHA-256 of the content of each entry, DIGEST_RAWSZ bytes for each
 * place in p->by_path (those of directories are not read).
 * tree: room for DIGEST_RAWSZ bytes.
 * A pack of version 1 must hold what its comment says; `bad` gets a sentence
 * for each hash that differs, and then ERR_CONTENT is returned, with nothing
 * in err. ERR_FAILED: there is no SHA-256.
 */
int pack_check_hashes(const struct pack *p, const unsigned char *digests,
		      unsigned char *tree, pack_bad_fn bad, void *data,
		      struct strbuf *err);

#endif
