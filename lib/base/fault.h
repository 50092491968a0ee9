/*
 * Named points at which a test build fails on purpose; sys.h says how they
 * are chosen. Used by the files behind the door of sys.h, by alloc.c and where
 * libraries allocate by themselves, and by transport/with-faults.c. In a normal
 * build every call here is nothing.
 */
#ifndef LIB_BASE_FAULT_H
#define LIB_BASE_FAULT_H

#include "lib/base/compat.h"
#include "lib/base/sys.h"

enum fault {
	FAULT_NONE,
	FAULT_ERROR,		/* errno is set: return -1 */
	FAULT_SHORT,		/* do half */
	FAULT_KILL_AFTER,	/* call fault_after() when it is done */
	FAULT_KILL_ALL_AFTER,	/* the same */
	/* of requests alone, see transport/with-faults.c and sys.h */
	FAULT_LOST,
	FAULT_REFUSED,
	FAULT_UNREACHABLE,
	FAULT_CONFLICT,
	FAULT_HANG
};

/** Every call of the door begins here: it is counted, and a point passed. */
enum fault sys_enter(enum sys_kind kind, const char *path, int fd);

#ifdef RESUTIL_FAULT_POINTS
/** Passes a point; `path` may be NULL, then `fd` tells what it is about. */
enum fault fault_point(enum sys_kind kind, const char *path, int fd);
/** Ends what has to end when the call is done. */
void fault_after(enum fault fault);
/** Whether this allocation fails. */
bool fault_alloc(void);
#else
static inline enum fault fault_point(enum sys_kind kind UNUSED,
				     const char *path UNUSED, int fd UNUSED)
{
	return FAULT_NONE;
}

static inline void fault_after(enum fault fault UNUSED)
{
}

static inline bool fault_alloc(void)
{
	return false;
}
#endif

#endif
