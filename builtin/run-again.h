/*
 * run --id: the second start of a run goes on in its experiment, or gives what
 * the first one had.
 */
#ifndef BUILTIN_RUN_AGAIN_H
#define BUILTIN_RUN_AGAIN_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/record/tids.h"

struct run;

enum run_again_kind {
	RUN_FIRST,	/* nobody began it */
	RUN_RESUME,	/* it was begun, is not done, and nobody is at it */
	RUN_STORED	/* it is done */
};

struct run_again {
	const char *tid;	/* NULL: without --id nothing below is used */
	enum run_again_kind kind;
	struct strbuf name;	/* of the experiment */
	struct value *record;	/* as the last start left it */
	struct tid_lock *lock;	/* from before the claim until it is made */
};

#define RUN_AGAIN_INIT { .name = STRBUF_INIT }
void run_again_release(struct run_again *again);

/**
 * What the start will be. Returns 0, or EXIT_CONFLICT with the reason: it runs
 * (here or on another machine), has other parameters, or cannot be continued
 * here; EXIT_USAGE: --id is none. Needs r->argv.
 */
int run_again_look(struct run *r, struct strbuf *err);

/** Takes the lock and looks again; released by run_again_settled(). */
int run_again_claim(struct run *r, struct strbuf *err);
/** The run has its experiment, `name`, or has failed to get one (NULL). */
void run_again_settled(struct run_again *again, const char *name);

/** RUN_RESUME in the place of the claim of a name: the lock of the run, and
 *  its record, which says `resumed`. Signals are held back as by run_claim().
 *  Returns 0, EXIT_CONFLICT or a negative code. */
int run_resume(struct run *r, struct strbuf *err);
/** The program of a resumed run could not be started. */
void run_resume_failed(struct run *r, const char *why);

/** RUN_STORED: what the program had printed. Returns the exit status. */
int run_again_print(const struct run *r);

#endif
