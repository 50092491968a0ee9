/*
 * `run --capture`: what the program records by other means belongs to its run.
 */
#ifndef BUILTIN_RUN_CAPTURE_H
#define BUILTIN_RUN_CAPTURE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct run_capture {
	const char *formats;	/* NULL: not asked for; "": all; else words
				 * split by commas */
	struct strbuf before;	/* what was there at the start */
	bool failed;		/* that is not known, so nothing is taken */
};

#define RUN_CAPTURE_INIT { .before = STRBUF_INIT }
void run_capture_release(struct run_capture *c);

/** Before the program starts, in `cwd`. */
void run_capture_start(struct run_capture *c, const char *cwd);
/** When it has ended; false: something could not be taken, which was told. */
bool run_capture_end(struct run_capture *c, const char *cwd, const char *name);

#endif
