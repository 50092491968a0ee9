/*
 * What git's notes say of runs that `rm` removes.
 */
#ifndef BUILTIN_RM_NOTES_H
#define BUILTIN_RM_NOTES_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"

/** The commits of these runs, one for each, "" for none; nothing at all when
 *  no notes are wanted. Before they are removed. */
void rm_notes_read(const struct strvec *names, struct strvec *commits);

/** The lines of those of `names` that are among `gone` are taken away. */
void rm_notes_remove(const struct strvec *names, const struct strvec *commits,
		     const struct strvec *gone);

#endif
