/*
 * Something that is done again and again beside the main work, in a thread of
 * its own. Signals are blocked in it, so that the program's handlers run where
 * they always do.
 */
#ifndef LIB_BASE_TICKER_H
#define LIB_BASE_TICKER_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct ticker;

/**
 * Calls fn(data) when `first` seconds have passed, and from then on every
 * `seconds` (both more than 0). A call that takes longer than that swallows
 * those that it lets pass: they are never made up for. What fn prints or
 * changes is its own affair; it must not end the program.
 * Errors: ERR_FAILED (no thread to be had).
 */
int ticker_start(struct ticker **out, double first, double seconds,
		 void (*fn)(void *data), void *data, struct strbuf *err);

/** No further call begins; waits for one that goes on. Sets `*t` to NULL, and
 *  NULL is fine. What fn wrote is then seen by the caller. */
void ticker_stop(struct ticker **t);

#endif
