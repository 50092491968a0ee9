/*
 * SHA-256 of files that have not changed since they were hashed, known by
 * their stat signature (device, inode, size, mtime, ctime in nanoseconds). A
 * file that was changed so shortly before it was hashed that a later change
 * could leave the same signature is not remembered (git's racy rule).
 *
 * One file for each experiment in the project's cache directory; whatever is
 * wrong with it, it is as if it were not there.
 */
#ifndef LIB_EXP_PACK_HASH_CACHE_H
#define LIB_EXP_PACK_HASH_CACHE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/project.h"

struct hash_cache;

/** Of the experiment `name` of `p`. Never fails: without a place for caches
 *  nothing is known and nothing is kept. */
struct hash_cache *hash_cache_open(const struct project *p, const char *name);

/** st: from fstat(2) of the open file. raw: room for DIGEST_RAWSZ bytes.
 *  Thread-safe, as hash_cache_note(). NULL caches know nothing. */
bool hash_cache_find(struct hash_cache *c, const char *path,
		     const struct stat *st, unsigned char *raw);

/** st: from fstat(2) after the last byte was read, equal to that before. */
void hash_cache_note(struct hash_cache *c, const char *path,
		     const struct stat *st, const unsigned char *raw);

/** Writes it, when something new was noted, as a whole; frees it. Paths that
 *  were neither found nor noted are dropped. NULL is fine. */
void hash_cache_close(struct hash_cache *c);

/** Frees it, writes nothing. */
void hash_cache_drop(struct hash_cache *c);

#endif
