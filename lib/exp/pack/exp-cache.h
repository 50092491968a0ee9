/*
 * What is known of experiments here that have not changed since they were
 * hashed: one file for all of a project, so that a thousand of them are told
 * unchanged by one read and their stat signatures. A tree that changed so
 * shortly before it was walked that it could change again unseen is not
 * remembered.
 *
 * Whatever is wrong with the file, it is as if it were not there.
 */
#ifndef LIB_EXP_PACK_EXP_CACHE_H
#define LIB_EXP_PACK_EXP_CACHE_H

#include "lib/base/compat.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/conf/project.h"

struct exp_cache;

struct exp_known {
	struct pack_info info;	/* of the tree and the record */
	bool final;		/* the record's state is final */
};

/** Never fails: without a place for caches nothing is known or kept. */
struct exp_cache *exp_cache_open(const struct project *p);

/** Thread-safe, as exp_cache_note(). NULL caches know nothing. */
bool exp_cache_find(struct exp_cache *c, const char *name,
		    const struct exp_tree_sign *sign, struct exp_known *out);

/** sign: of a walk that began after exp_cache_open() and ended before anything
 *  was read for `known`, whose run is over. */
void exp_cache_note(struct exp_cache *c, const char *name,
		    const struct exp_tree_sign *sign,
		    const struct exp_known *known);

/** Writes it, as a whole, when something new was noted; frees it. Where most
 *  experiments were asked for, those that are gone are dropped. NULL is fine.
 */
void exp_cache_close(struct exp_cache *c);

#endif
