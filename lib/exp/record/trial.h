/*
 * Trials: runs that lie in ROOT/TID, anywhere, without a project. The tid is
 * a path; each of its components becomes a directory.
 */
#ifndef LIB_EXP_RECORD_TRIAL_H
#define LIB_EXP_RECORD_TRIAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/live.h"

struct trial {
	struct strbuf dir;	/* absolute */
	struct strvec made;	/* directories that were not there, outer first;
				 * of the root, too */
	struct live *live;
};

#define TRIAL_INIT { STRBUF_INIT, STRVEC_INIT, NULL }

/** Whether `tid` can be a path below a root: valid UTF-8, components of 1 to
 *  255 bytes, none of them `.`, `..`, or a name that a trial's directory keeps
 *  for us. ERR_USAGE with the reason. */
int trial_check_tid(const char *tid, size_t len, struct strbuf *err);

/** Makes what is missing of ROOT/TID (root: absolute, may lead through links).
 *  Below the root no link is followed: ERR_CONFLICT. */
int trial_open(struct trial *t, const char *root, const char *tid,
	       struct strbuf *err);

/** Becomes the trial's recorder. ERR_CONFLICT: it has one, or `program` (0:
 *  nobody) is not the process that goes on without one. */
int trial_lock(struct trial *t, const char *tid, pid_t program,
	       struct strbuf *err);

/** Removes what a writer of the record that died has left in the directory. */
void trial_clean(const struct trial *t);

/** Makes the names of the directories that were made durable. */
int trial_sync(const struct trial *t, struct strbuf *err);

/** Gives the lock back, removes the directories that were made and are
 *  empty. */
void trial_undo(struct trial *t);

/** Gives the lock back, frees. */
void trial_release(struct trial *t);

#endif
