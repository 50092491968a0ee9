/*
 * Locks that the kernel holds (open file description locks over byte ranges):
 * nothing is left behind by a crash, and a left-over file locks nothing.
 * Released when the descriptor is closed; not inherited by programs.
 */
#ifndef LIB_BASE_FILELOCK_H
#define LIB_BASE_FILELOCK_H

#include "lib/base/compat.h"

/** Locks one byte of `fd` (open for writing) exclusively.
 *  Returns 0; -1 with EWOULDBLOCK when another holds it and !wait. */
int filelock_take(int fd, off_t byte, bool wait);
int filelock_release(int fd, off_t byte);
/** 1: somebody else holds it, 0: nobody, -1: errno. Read-only fd is fine. */
int filelock_is_held(int fd, off_t byte);

/** Whether that errno means that the file system has no locks at all. Who can
 *  do without goes on then. */
bool filelock_is_unsupported(int error);

#endif
