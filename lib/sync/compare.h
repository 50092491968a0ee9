/*
 * An experiment here and what a store holds under its name.
 * Source: resutilformat-remote(5), "WHAT IS THE SAME, AND WHAT HAS GROWN".
 */
#ifndef LIB_SYNC_COMPARE_H
#define LIB_SYNC_COMPARE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/exp-cache.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/pack/hash-dir.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote-list.h"

/* Smaller trees are hashed again sooner than a cache of theirs is read. */
#define LOCAL_HASH_CACHE_MIN (1u << 20)

/** One experiment here. */
struct local_exp {
	char *name;
	struct pack_info info;	/* version PACK_FORMAT, or 0: the tree was not
				 * hashed; id "" when none */
	uint64_t bytes;		/* of its regular files with the record */
	size_t entries;
	bool live;		/* its recorder or its program runs here */
	bool elsewhere;		/* it goes on or ended unseen on another host */
	bool final;		/* its state is final */
	bool links;		/* it has symbolic links */
	struct value *record;	/* normalized; NULL: none, or not read */
	struct exp_tree_sign sign;	/* before anything was read */
	bool known;			/* private: info is of the cache */
};

#define LOCAL_EXP_INIT { 0 }

/**
 * Reads record and tree (hashes from the cache where nothing changed).
 * jobs: threads for hashing; 0: one a processor. Errors: ERR_NOT_FOUND (no
 * such experiment), ERR_CONTENT (its record cannot be read), ERR_CONFLICT (a
 * file kept changing: not for a live one, whose tree hash is then not known).
 * After an error there is nothing to release.
 */
int local_exp_read(struct local_exp *out, const struct project *p,
		   const char *name, unsigned jobs, struct strbuf *err);

enum local_flags {
	/* Nothing is hashed: where the cache does not know the tree, info has
	 * what the record says. */
	LOCAL_NO_HASH = 1 << 0,
	/* The record is not wanted where the cache knows the rest. */
	LOCAL_NO_RECORD = 1 << 1
};

/** The same for many: `cache` (or NULL) is asked first, and told. Needs
 *  local_exp_prepare(); thread-safe. */
int local_exp_look(struct local_exp *out, const struct project *p,
		   struct exp_cache *cache, const char *name, unsigned flags,
		   unsigned jobs, struct strbuf *err);
/** Its two steps. The first opens no file, so it can go before it is known what
 *  is wanted. */
int local_exp_begin(struct local_exp *out, const struct project *p,
		    struct exp_cache *cache, const char *name,
		    struct strbuf *err);
int local_exp_finish(struct local_exp *l, const struct project *p,
		     struct exp_cache *cache, unsigned flags, unsigned jobs,
		     struct strbuf *err);
/** What they are to find ready in any thread. */
void local_exp_prepare(void);
void local_exp_release(struct local_exp *l);

/** Both hashes are known, and equal. */
bool sync_same_hashes(const struct pack_info *a, const struct pack_info *b);

enum sync_relation {
	SYNC_ABSENT,	/* not there */
	SYNC_SAME,
	SYNC_HERE_GROWN,	/* and may replace what is there */
	SYNC_THERE_GROWN,	/* and may replace what is here */
	SYNC_RENAMED,	/* the same run is there under another name; said by
			 * sync_other_name(), not by sync_compare() */
	SYNC_CONFLICT
};

/**
 * What `there` (NULL: nothing) is to `here`; more of `there` is learnt as
 * needed. The ledger must be open; a remote without one never sent or fetched
 * anything. Packs that resutil did not write are compared by paths, sizes and
 * CRC-32 of their files; that they are the same is noted in the ledger.
 * Thread-safe.
 * why: gets a sentence for SYNC_CONFLICT, or NULL.
 */
int sync_compare(enum sync_relation *out, struct remote *r,
		 const struct local_exp *here, struct remote_exp *there,
		 struct strbuf *why, struct strbuf *err);

/**
 * The name under which `list` has the run of `id`, other than `name`: of the
 * same PREFIX_TIMESTAMP (these are learnt), noted in the ledger, or known
 * already. Adds it to `out`; ERR_NOT_FOUND (no sentence): none; ERR_CONFLICT:
 * one that may be it has gone since it was listed. Not for two threads at once
 * on one list.
 */
int sync_other_name(struct remote *r, const struct remote_list *list,
		    const char *name, const char *id, struct strbuf *out,
		    struct strbuf *err);

#endif
