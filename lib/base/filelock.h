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

/** As filelock_take() for who can do without: 0 as well on a file system that
 *  has no locks. */
int filelock_take_if_any(int fd, off_t byte, bool wait);
/** Opens a file that is there to be locked, makes it with `mode` if it is
 *  missing, and waits for its first byte; a link is not followed. Returns the
 *  descriptor, which holds the lock until it is closed; -1: errno. */
int filelock_open(const char *path, mode_t mode);

#endif
