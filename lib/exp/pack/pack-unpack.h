/*
 * Unpacking into a directory that is there whole or not at all.
 */
#ifndef LIB_EXP_PACK_PACK_UNPACK_H
#define LIB_EXP_PACK_PACK_UNPACK_H

#include "lib/base/compat.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-read.h"

struct unpack_options {
	unsigned jobs;		/* 0: one a processor */
	bool ignore_space;	/* do not ask the file system for room first */
	bool replace;		/* `dir` may be a directory that is not empty;
				 * its mode is kept, nothing else */
	bool beside;		/* it stays beside `dir`, whatever that is, and
				 * is never claimed */
	struct progress *progress;	/* or NULL */
};

/** Whether `dir` can be the target, before much is read for nothing.
 *  Errors: those of pack_unpack() about it; ERR_NOT_FOUND: no directory that
 *  it could be made in. */
int pack_unpack_check(const char *dir, struct strbuf *err);

/** Before threads that unpack are started: what a process can only ask for by
 *  setting it (the umask) is asked for now. */
void pack_unpack_prepare(void);

/**
 * Extracts all entries into a new directory beside `dir` (.NAME.PID.tmp, only
 * for its owner), checks sizes, CRCs and, where the pack names it, the tree
 * hash and the record's, syncs, and renames it to `dir`, which must be absent
 * or empty. Files are made with O_EXCL in directories reached without
 * following a link; links are made last; modes lose set-id and sticky bits;
 * directories get their times, and modes that forbid their owner something,
 * when they are complete. An empty `dir` is replaced, and its mode kept.
 * Memory: 2 MiB a thread.
 * Errors: ERR_CONFLICT (`dir` is there and not empty, or no directory, or one
 * that cannot be replaced: a link, a mount point, the working directory; two
 * names that are one for this file system); ERR_CONTENT; ERR_FAILED (no room,
 * ...); those of pack_unpack_check(). After an error `dir` is as it was, and
 * nothing is left beside it.
 * With `replace` the two directories are exchanged in one step; where the file
 * system cannot, the old one is renamed aside first, to .NAME.PID.rm. The old
 * one is removed last.
 */
int pack_unpack(const struct pack *p, const char *dir,
		const struct unpack_options *options, struct strbuf *err);

/*
 * The same in steps, so that many can share one sync. Between the steps the
 * pack may be closed. Any thread may go on with it.
 */
struct unpack_stage;

/** Everything up to the sync. */
int unpack_stage_make(struct unpack_stage **out, const struct pack *p,
		      const char *dir, const struct unpack_options *options,
		      struct strbuf *err);
/** Where it is until it is claimed; lent. */
const char *unpack_stage_path(const struct unpack_stage *s);
/** Syncs this one and all others on that file system. */
int unpack_stage_sync(const struct unpack_stage *s, struct strbuf *err);
/** Makes it `dir`; not durable before the directory that holds it is synced.
 *  After an error `dir` is as it was. */
int unpack_stage_claim(struct unpack_stage *s, struct strbuf *err);
/** Takes a claim back, as long as it has not been ended. */
void unpack_stage_undo(struct unpack_stage *s);
/** Removes what was not claimed, or what was replaced; frees. NULL is fine. */
void unpack_stage_end(struct unpack_stage **s);

#endif
