/*
 * The directory of a run, known again by a descriptor wherever its program
 * has moved it, and when it has removed it.
 */
#ifndef LIB_EXP_RECORDING_HELD_DIR_H
#define LIB_EXP_RECORDING_HELD_DIR_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/** A descriptor for the functions below, to be closed by close(2). -1: it
 *  cannot be opened, which they take, too. */
int held_dir_open(const char *dir);

/** Whether it lies at `path`. */
bool held_dir_is_at(int held, const char *path);

/** Adds the last path that it had, which may be another's by now. False: the
 *  kernel does not tell. */
bool held_dir_path(int held, struct strbuf *path);

/** Whether such a path is a name that we give to what we remove: who typed
 *  `rm --force` wants it to go, with its record. */
bool held_dir_is_being_removed(const char *path);

/** Raises the revision of a record that is put back where another was: by more
 *  than anybody else can have done, since what was sent of the other one must
 *  be seen to have grown. */
void held_dir_raise_revision(struct value *record);

#endif
