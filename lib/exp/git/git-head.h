/*
 * Where a repository stands, of a git_state that was started.
 */
#ifndef LIB_EXP_GIT_GIT_HEAD_H
#define LIB_EXP_GIT_GIT_HEAD_H

#include "lib/base/compat.h"
#include "lib/exp/git/git-state.h"

/** All lent from the state. */
struct git_head {
	const char *top;	/* of the work tree; NULL: no repository */
	const char *commit;	/* NULL: none yet */
	const char *branch;	/* NULL: detached */
	const char *error;	/* what git could not tell; NULL: nothing */
};

/** Waits for the answers. */
void git_state_head(struct git_state *state, struct git_head *head);

#endif
