/*
 * What the record of a run that goes on says of where it goes on.
 */
#ifndef LIB_EXP_RECORD_RECORD_RESUME_H
#define LIB_EXP_RECORD_RECORD_RESUME_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/value.h"

/** Laid over `old`, `map` shall be all there is: what is not in it becomes
 *  null. */
void record_replace_map(struct value *map, const struct value *old);

/**
 * The code that the run began with stays what the record says; of other code
 * that it goes on with (git: as git_state_capture() gives it), the commit and
 * the names of changed files are noted in `git.resumed` of `changes`. True: it
 * is other code.
 */
bool record_note_code(const struct value *record, const struct value *git,
		      const struct moment *now, struct value *changes);

#endif
