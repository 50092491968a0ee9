/*
 * Unpacking into a directory that is there whole or not at all.
 */
#ifndef LIB_EXP_PACK_UNPACK_H
#define LIB_EXP_PACK_UNPACK_H

#include "lib/base/compat.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack-read.h"

struct unpack_options {
	unsigned jobs;		/* 0: one a processor */
	bool ignore_space;	/* do not ask the file system for room first */
	struct progress *progress;	/* or NULL */
};

/** Whether `dir` can be the target, before much is read for nothing.
 *  Errors: those of pack_unpack() about it; ERR_NOT_FOUND: no directory that
 *  it could be made in. */
int pack_unpack_check(const char *dir, struct strbuf *err);

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
 */
int pack_unpack(const struct pack *p, const char *dir,
		const struct unpack_options *options, struct strbuf *err);

#endif
