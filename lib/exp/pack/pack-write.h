/*
 * Writing a pack, with all processors, as one stream from its first byte to
 * its last.
 * Source: resutilformat-pack(5).
 */
#ifndef LIB_EXP_PACK_PACK_WRITE_H
#define LIB_EXP_PACK_PACK_WRITE_H

#include "lib/base/compat.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/pack/hash-cache.h"
#include "lib/exp/pack/pack-comment.h"

/** Where a pack goes. Called by the thread that called pack_write(). */
struct pack_sink {
	/* Takes all `len` bytes, or fails with a sentence in err. */
	int (*write)(void *data, const void *buf, size_t len,
		     struct strbuf *err);
	/* Forgets all that was written; NULL: it cannot. */
	int (*restart)(void *data, struct strbuf *err);
	void *data;
};

struct pack_options {
	int level;		/* of lib/wrap/zstream.h */
	unsigned jobs;		/* 0: one a processor */
	/*
	 * The experiment is still running: a file that only grows is taken to
	 * its length when it was opened, one that is rewritten or removed
	 * meanwhile is left out.
	 */
	bool live;
	struct hash_cache *cache;	/* or NULL */
	struct progress *progress;	/* or NULL */
};

struct pack_result {
	struct pack_info info;	/* as in the comment */
	size_t entries;
	uint64_t bytes;		/* of content */
	uint64_t packed;	/* of the pack */
	struct strvec skipped;	/* as of struct exp_tree; "PATH (changing)" */
};

#define PACK_RESULT_INIT { .skipped = STRVEC_INIT }

/**
 * Packs the tree below `dir`. Bytes depend on the tree and the level alone,
 * not on `jobs` or the sink. Memory: at most 96 MiB, and 200 bytes and the
 * path for each entry.
 *
 * A file that changes while it is read is read once more; then, for a sink
 * that can restart, all is begun anew once. Where nothing else is said what
 * was written to the sink is no pack after an error: it lacks its end.
 * Errors: those of exp_tree_read(); ERR_CONFLICT (a file kept changing,
 * named); ERR_FAILED (unreadable); those of the sink.
 */
int pack_write(const char *dir, const struct pack_options *options,
	       const struct pack_sink *sink, struct pack_result *result,
	       struct strbuf *err);
void pack_result_release(struct pack_result *r);

#endif
