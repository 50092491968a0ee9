/*
 * Trials below a path, or below all that a pattern matches.
 */
#ifndef LIB_EXP_RECORD_TRIAL_FIND_H
#define LIB_EXP_RECORD_TRIAL_FIND_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

struct found_trial {
	char *dir;		/* as the pattern begins: relative or not */
	struct strvec attached;	/* its files, without what records it; not
				 * those of trials that lie in it; sorted */
};

struct found_trials {
	struct found_trial *trial;
	size_t nr, alloc;
};

#define FOUND_TRIALS_INIT { NULL, 0, 0 }

/**
 * Adds each directory that holds a record, in byte order of its path's
 * components, below `path` (or is it). If there is no such path, it is a
 * pattern (glob.h): all below each directory that it matches. If that finds
 * nothing, the pattern with one `/` between two plain components replaced by
 * `.`, then with one `.` by `/`: a function's trials lie in MODULE.FUNCTION in
 * some trees, in MODULE/FUNCTION in others. A path or pattern may end with the
 * name of a record. Links to directories and hidden directories are passed
 * over. Nothing found is no error.
 * Errors: ERR_PARTLY: some directories cannot be read; a sentence for each in
 * `problems`.
 */
int trials_find(struct found_trials *out, const char *path, bool attached,
		struct strvec *problems);
void found_trials_release(struct found_trials *found);

#endif
