/*
 * The runs whose series metrics and plot read: EXP arguments, those that an
 * expression chooses, or all. What only a store has is fetched to a scratch
 * directory, its measurements alone.
 */
#ifndef BUILTIN_SERIES_ARG_H
#define BUILTIN_SERIES_ARG_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/runs/runs.h"

struct series_run {
	char *name;	/* of the experiment; of a trial: as it was asked for */
	char *label;	/* short, and not another's */
	char *dir;
};

struct series_runs {
	struct series_run *run;
	size_t nr, alloc;
	/* options */
	const char *remote, *where, *label;
	int all;
	const char *series;	/* without it, what nobody named is passed
				 * over; NULL: any */
	bool unmeasured;	/* not even these are passed over */
	/* private */
	struct tempfile *scratch;
	size_t scratch_nr;
};

#define SERIES_RUNS_INIT { .remote = "origin" }

#define OPT_SERIES_RUNS(r) \
	OPT_STRING(0, "remote", &(r)->remote, "R", "the store to look in for " \
		   "what is not here (default: origin)"), \
	OPT_BOOL('A', "all", &(r)->all, "all experiments here"), \
	OPT_STRING(0, "where", &(r)->where, "EXPR", \
		   "those here for which EXPR holds, as in report")

/**
 * Adds the runs of the words and options, in their order; a word that means
 * none is told on stderr. Of those that nobody named, what has no measurements
 * is passed over. labels: make them. Returns the exit status so far;
 * ends the program where nothing can be done. Without any choice there are
 * none.
 */
int series_runs_choose(struct series_runs *runs, const char **argv,
		       bool labels);
void series_runs_release(struct series_runs *runs);

/** Opens the index, or reads what is here, for --where and fields; ends the
 *  program when it cannot. */
struct runs *series_open_runs(void);

/** The name of the series to read of that run, into `out`: `wish`, or for NULL
 *  the one without a name, else the only one but `system`. ERR_NOT_FOUND, with
 *  those that are there. */
int series_choose(struct strbuf *out, const struct series_run *run,
		  const char *wish, struct strbuf *err);

/** Splits "a,b" and adds each part; empty ones are left out. */
void series_split(struct strvec *out, const char *text);

/** What counts the rows of a program: the first of step, global_step, ... that
 *  all runs have. NULL: none. Lent for ever. */
const char *series_step_column(const struct series_runs *runs,
			       const char *series);

#endif
