/*
 * The load of `bench`: programs called again and again, by one worker or by
 * many at once, each call measured by itself. Nothing here knows of
 * experiments, and nothing prints.
 */
#ifndef BUILTIN_BENCH_LOAD_H
#define BUILTIN_BENCH_LOAD_H

#include "lib/base/compat.h"
#include "lib/base/launch.h"
#include "lib/base/strbuf.h"

#define BENCH_MAX_CALLS 10000000u	/* of one program */
#define BENCH_MAX_WORKERS 10000
#define BENCH_SAID 2048			/* bytes of stderr that are kept */

enum call_end {
	CALL_ENDED,		/* by itself; how, `status` says */
	CALL_TIMED_OUT,		/* we ended it */
	CALL_CUT,		/* so did we, since all was to end */
	CALL_NOT_STARTED	/* `error` says why */
};

struct bench_call {
	size_t program;		/* which */
	uint64_t turn;		/* of those that count, from 0 */
	bool warmup;		/* it is none of these */
	/* Seconds. */
	double begin;		/* since the load began */
	double late;		/* that it began after its time, with a rate */
	double spawn;		/* until it ran, as a part of: */
	double took;		/* until it had ended; of one that has */
	double user, sys;
	uint64_t max_rss;	/* bytes */

	enum call_end end;
	int status;		/* of wait(2) */
	int error;		/* errno */
	char *said;		/* the end of its stderr when it failed, with a
				 * NUL behind it; or NULL */
	size_t said_len;
};

/** Ended by itself, with the exit status 0. */
bool bench_call_is_good(const struct bench_call *call);

struct bench_load {
	/* Given; lent. */
	struct launch *const *program;
	size_t nr;		/* programs: each turn calls each of them once,
				 * and another one begins than in the turn
				 * before */
	uint64_t warmup;	/* turns that come before those that count */
	uint64_t number;	/* turns; 0: no limit */
	double seconds;		/* when no turn begins any more, but after */
	uint64_t least;		/* so many; 0 seconds: no limit */
	double rate;		/* turns a second, begun by the clock; 0: one
				 * begins when one has ended */
	double timeout;		/* of a call; 0: none */
	unsigned workers;
	bool strict;		/* the first that fails ends all */
	int out;		/* what is stdout of the programs; above 2 */
	int err_log;		/* where their stderr is kept, too; -1 */
	/** Each call that has ended, in the order in which they did, in the
	 *  thread that called bench_load_run(). What it points at may be
	 *  taken away (set to NULL). */
	void (*each)(struct bench_call *call, void *data);
	/** Some have been told, and there may be none for a while. NULL. */
	void (*pause)(void *data);
	void *data;

	/* Results. */
	double elapsed;		/* from the first turn that counts to the end of
				 * the last */
	int interrupted_by;	/* the signal; 0: none */
	bool full;		/* BENCH_MAX_CALLS ended it */
	bool coarse;		/* this kernel cannot tell the end of a program
				 * when it comes: times are a millisecond or so
				 * too long */
	int log_errno;		/* why err_log is not whole */
};

/**
 * Runs it. Signals that end programs are held back by the caller
 * (supervise_begin()), and one that comes ends the load.
 * Errors: ERR_USAGE (more workers than files can be open), ERR_FAILED (no
 * threads, no pipes).
 */
int bench_load_run(struct bench_load *load, struct strbuf *err);

#endif
