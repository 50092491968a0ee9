/*
 * A fixed number of threads that do pieces of work in the order in which they
 * were given.
 *
 * With one worker there is no thread: the work is done by whoever waits for
 * it. Signals are blocked in the threads, so that the program's handlers run
 * where they always do.
 */
#ifndef LIB_BASE_WORKERS_H
#define LIB_BASE_WORKERS_H

#include "lib/base/compat.h"

#define WORKERS_MAX 256

struct workers;

/** Begins a struct of the caller's; fn gets it back. */
struct work {
	/* worker: below workers_nr(), for scratch that each has once. */
	void (*fn)(struct work *work, unsigned worker);
	struct work *next;	/* private */
	bool done;		/* private */
};

/** Processors that this process may use, at least 1. */
unsigned workers_default(void);

/** As many of `nr` as can each have `files` files open at once (RLIMIT_NOFILE),
 *  at least 1. */
unsigned workers_with_files(unsigned nr, unsigned files);

/**
 * For work that opens files by the thousand: from here on the worker has file
 * descriptors of its own, a copy of those that there are, so that threads need
 * not wait for each other at each. It does not see what others open later, and
 * what it leaves open is closed when it ends. Not in threads that do something
 * else later: libraries (SQLite) pass descriptors from one to another. Does
 * nothing where there is no thread, or where the system refuses.
 */
void workers_own_files(void);

/** nr 0: workers_default(); more than WORKERS_MAX is that. Where the system
 *  refuses a thread there are fewer. Never NULL. */
struct workers *workers_start(unsigned nr);
unsigned workers_nr(const struct workers *w);

/** Gives work; returns at once. It must stay where it is until it is done.
 *  Work may give more work, but never waits for any. */
void workers_add(struct workers *w, struct work *work);

/** Until that piece is done. Only the thread that started the workers waits,
 *  and what the worker wrote is then seen by it. */
void workers_wait(struct workers *w, struct work *work);

/** Until all that was given is done. */
void workers_wait_all(struct workers *w);

/** Waits for all, ends the threads; sets `*w` to NULL. NULL is fine. */
void workers_stop(struct workers **w);

#endif
