/*
 * Putting files and directories into an experiment or a trial, whole.
 */
#ifndef LIB_EXP_RECORDING_ATTACH_FILE_H
#define LIB_EXP_RECORDING_ATTACH_FILE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/recording/run-place.h"

/** Whether `name` can be that of something attached: a path that stays below
 *  the experiment and is not reserved there. ERR_USAGE with the reason. */
int attach_check_name(const char *name, struct strbuf *err);

struct attach;

/**
 * Copies `file` (NULL: standard input) to a hidden place, so that it only has
 * to be renamed. Of a directory all below it; links in it stay links.
 * name: lent until attach_free(); checked. Errors: ERR_NOT_FOUND; ERR_USAGE (a
 * directory that holds the experiment; special files in it), ERR_CONFLICT (a
 * directory that changed meanwhile), ERR_FAILED. After an error nothing is
 * left.
 */
int attach_prepare(struct attach **out, const struct run_place *place,
		   const char *file, const char *name, struct strbuf *err);

/**
 * The same of what the caller writes to `*fd` (lent) before attach_commit().
 */
int attach_begin(struct attach **out, const struct run_place *place,
		 const char *name, int *fd, struct strbuf *err);

/**
 * Makes it visible, durably (but in an experiment that is being made: its birth
 * syncs all): over a file of that name, but over nothing else.
 * Directories on the way are made; no link is followed. Errors: ERR_CONFLICT
 * (a directory, or for a directory anything, has the name), ERR_FAILED.
 */
int attach_commit(struct attach *a, struct strbuf *err);

void attach_free(struct attach **a);	/* NULL is fine */

#endif
