/*
 * What the calls of the door have done to a directory, for a test that asks
 * what a power failure would have left of it (RESUTIL_TEST_JOURNAL, see sys.h).
 * For the files behind the door alone. In a normal build each call is nothing.
 */
#ifndef LIB_BASE_SYS_JOURNAL_H
#define LIB_BASE_SYS_JOURNAL_H

#include "lib/base/compat.h"

enum journal_call {
	JOURNAL_NOTHING,	/* that a power failure could take back */
	JOURNAL_CHANGE,		/* names, modes, times */
	JOURNAL_WRITE,		/* the content of `fd` */
	JOURNAL_SYNC,		/* `fd` is durable now */
	JOURNAL_SYNCFS		/* everything is */
};

#ifdef RESUTIL_FAULT_POINTS
/**
 * Before a call that changes or syncs files, and that does not block for long.
 * No other thread or process makes such a call until journal_leave().
 *
 * fd: what it is about; then only of files and directories of the journal. Or
 *     -1 when it is about a path.
 * Returns what journal_leave() is given.
 */
bool journal_enter(enum journal_call call, int fd);

/** After it; done: it worked. errno stays. */
void journal_leave(bool entered, enum journal_call call, int fd, bool done);
#else
static inline bool journal_enter(enum journal_call call UNUSED, int fd UNUSED)
{
	return false;
}

static inline void journal_leave(bool entered UNUSED,
				 enum journal_call call UNUSED, int fd UNUSED,
				 bool done UNUSED)
{
}
#endif

#endif
