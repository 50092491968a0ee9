/*
 * Removing an experiment here.
 */
#ifndef LIB_EXP_RECORD_EXP_REMOVE_H
#define LIB_EXP_RECORD_EXP_REMOVE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/project.h"

/**
 * Renames the experiment to results_dir/.NAME.PID.rm, so that it is gone at
 * once for every reader, then removes that; a link is removed, not what it
 * points to. Directories that forbid writing are made writable first.
 * name: of an experiment here, or NAME_DEBUG; anything else is a BUG.
 * Errors: ERR_NOT_FOUND; ERR_FAILED (nothing was changed); ERR_PARTLY (the
 * name is gone, files are left; err says where and why).
 */
int exp_remove_local(const struct project *p, const char *name,
		     struct strbuf *err);

/** rm -rf, after making directories writable where that is needed. Returns 0,
 *  or -1 and errno. */
int exp_remove_tree(const char *path);

#endif
