/*
 * Renames that a `comment` began and did not live to finish.
 */
#ifndef BUILTIN_SETTLE_RENAMES_H
#define BUILTIN_SETTLE_RENAMES_H

/** Finishes them or takes them back, and tells of it; a store gets `seconds`
 *  for each answer (0: no limit). What cannot be settled is a warning. */
void settle_renames(unsigned seconds);

/** The same, also in the store of that URL, since somebody typed it. */
void settle_renames_in(const char *remote, unsigned seconds);

#endif
