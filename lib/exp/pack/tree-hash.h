/*
 * The tree hash: one SHA-256 for the content of an experiment, the same for
 * the directory and for every pack of it.
 * Source: resutilformat-hash(5).
 */
#ifndef LIB_EXP_PACK_TREE_HASH_H
#define LIB_EXP_PACK_TREE_HASH_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest.h"

struct tree_hash;

/** ERR_FAILED when there is no SHA-256. */
int tree_hash_start(struct tree_hash **out, struct strbuf *err);

/**
 * Adds one entry; entries come in the order of resutilformat-hash(5), each
 * once, without the record. mode: st_mode; only what the format keeps of it
 * counts. path: of a directory with '/' at its end. content: SHA-256 of the
 * file's content or the link's target; ignored for a directory.
 */
void tree_hash_add(struct tree_hash *h, uint32_t mode, uint64_t size,
		   const unsigned char *content, const char *path,
		   size_t path_len);

/** raw: room for DIGEST_RAWSZ bytes. Frees `*h`. */
void tree_hash_finish(struct tree_hash **h, unsigned char *raw);

/** NULL is fine; *h becomes NULL. */
void tree_hash_drop(struct tree_hash **h);

#endif
