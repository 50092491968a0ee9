/*
 * The runs of the project, here or in a store, for commands that compare many.
 */
#ifndef BUILTIN_OPEN_RUNS_H
#define BUILTIN_OPEN_RUNS_H

#include "lib/base/compat.h"
#include "lib/exp/runs/runs.h"

/** remote NULL: those here; else that store is asked first (by `update-index
 *  --remote`, which says what it cannot do). as_known: nobody is asked. Ends
 *  the program when they cannot be had. */
struct runs *open_runs_or_die(const char *remote, bool as_known);

/** Says of which records nothing, or not all, is known; a few, and how many
 *  more. Returns the exit status that this means: 0 or EXIT_PARTLY. */
int warn_of_runs(const struct runs *runs);

#endif
