/*
 * Shared by the files behind runs.h and by nobody else.
 *
 *	runs.c		what users call; threads
 *	runs-read.c	rows made from the files, in memory
 *	runs-live.c	what a run that goes on is now
 */
#ifndef LIB_EXP_RUNS_INTERNAL_H
#define LIB_EXP_RUNS_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/runs.h"

/* One that was read from its files. */
struct read_run {
	char *name;		/* run_row.name */
	char *dir;		/* of a trial; NULL: an experiment of the
				 * project */
	struct strbuf row;
	char *problem;		/* NULL: none */
};

struct runs {
	const struct project *project;	/* NULL: of paths */
	struct field_names *names;
	struct strvec problems;
	struct read_run *run;		/* in memory */
	size_t nr;
	unsigned workers;
	struct moment now;
};

/** How many threads it takes for `nr` things of that kind. */
unsigned runs_threads(size_t nr, size_t per_worker);

/** Makes the rows of `run[]`, whose names and directories are known. */
void runs_read_all(struct runs *runs);

/** Numbers of the fields that tell whether a run goes on. */
struct live_fields {
	unsigned state, duration;
	bool known;		/* false: no run has a state */
};

void runs_live_fields(struct live_fields *fields, struct field_names *names);

/**
 * When the run of `row` has not ended: the row with what its state is now, and
 * how long it has taken, in `room`, and `row` is that one. dir: of a trial, or
 * NULL.
 */
void runs_live_row(const struct runs *runs, const struct live_fields *fields,
		   const char *dir, struct run_row *row, struct strbuf *room);

#endif
