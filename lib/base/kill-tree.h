/*
 * Ends a program with all that it has started, also what went into a session
 * of its own.
 */
#ifndef LIB_BASE_KILL_TREE_H
#define LIB_BASE_KILL_TREE_H

#include "lib/base/compat.h"

/** From now on what loses its parent below this process becomes its child, so
 *  that it can be found. For a process that does nothing else. */
void kill_tree_adopt(void);

/**
 * Kills what is in `session` (a program started with new_session; -1: it has
 * been waited for, and its number may be another's), what has
 * `mark` ("NAME=VALUE") in the environment that it was started with, and
 * orphans of this process that hide theirs; again and again until there is
 * nothing left, but not longer than half a second. keep: children that are
 * none of these.
 */
void kill_tree(pid_t session, const char *mark, const pid_t *keep, size_t nr);

#endif
