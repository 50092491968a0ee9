/*
 * Who is at work on a hidden directory or a temporary file holds it by
 * flock(2), so that what a crash left can be told from what is being made: on
 * every kernel, in every container that shares the file system, without asking
 * for processes. The kernel lets go when the process dies.
 * Source: Documentation/technical/durability.adoc, "What a crash leaves".
 */
#ifndef LIB_BASE_SYS_HOLD_H
#define LIB_BASE_SYS_HOLD_H

#include "lib/base/compat.h"

/**
 * Holds what was just made as `name` in `dirfd` (or AT_FDCWD) and is open as
 * `fd`, until that is closed. Also 0 where the file system has no locks.
 * -1 with EEXIST: it was taken for a leftover in the moment before, and is
 * being removed or is gone; the caller makes another one.
 */
int hold_take(int fd, int dirfd, const char *name);

/** The same for a file that may have been there before, and is opened for
 *  reading and writing, made when missing; waits. Returns the descriptor. */
int hold_open(const char *path, mode_t mode);

/* Where it is not known who holds something, what changed later than so many
 * seconds ago may still be at work. */
#define HOLD_BLIND_AGE (24 * 60 * 60)

enum hold_state {
	HOLD_FREE,	/* nobody else; until `fd` is closed it is ours */
	HOLD_HELD,
	HOLD_UNKNOWN	/* the file system is not of this kernel alone, or
			 * cannot tell */
};

/** fd: open in any way but O_PATH. */
enum hold_state hold_probe(int fd);

/** Whether `name` in `dirfd` is still what is open as `fd`. */
bool hold_has_name(int fd, int dirfd, const char *name);

#endif
