/*
 * One call of a program, from its start to its end, as a worker of the load
 * does it.
 */
#ifndef BUILTIN_BENCH_CALL_H
#define BUILTIN_BENCH_CALL_H

#include "lib/base/compat.h"
#include "builtin/bench-load.h"

/* What one worker has for all its calls. */
struct bench_worker {
	const struct bench_load *load;
	int stop;		/* can be read when all is to end */
	double origin;		/* when the load began, by bench_now() */
	int pipe[2];		/* stderr of the programs; ours is [0] */
	char tail[BENCH_SAID];	/* of what came through it, as a ring */
	uint64_t said;		/* bytes that came */
	bool coarse;		/* see struct bench_load */
	int log_errno;
};

int bench_worker_begin(struct bench_worker *w);	/* 0, or an errno */
void bench_worker_end(struct bench_worker *w);

/** Seconds of a clock that nobody sets. */
double bench_now(void);

/** Calls the program `call->program`, and fills in what came of it. */
void bench_worker_call(struct bench_worker *w, struct bench_call *call);

#endif
