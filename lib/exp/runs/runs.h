/*
 * Many runs, to be read by fields: those of a project, by its index, or
 * records in trees of directories (trials, or another project's results).
 */
#ifndef LIB_EXP_RUNS_RUNS_H
#define LIB_EXP_RUNS_RUNS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/runs/run-row.h"

struct runs;

enum runs_flags {
	RUNS_NO_REFRESH = 1 << 0	/* as the index has them, unasked */
};

/**
 * The runs of a project, refreshed first. Without a place for an index they
 * are read from the files each time. remote: NULL: those here; else those that
 * are known of that remote (update-index --remote has learnt them).
 * Threads work on it; memory does not grow with the number of runs but by
 * their names.
 * Errors: those of index.h.
 */
int runs_open(struct runs **out, const struct project *p, const char *remote,
	      unsigned flags, struct strbuf *err);

/** Those below paths or patterns (trial-find.h), each once. Nothing found is no
 *  error. ERR_PARTLY: some directories cannot be read; `problems` names
 *  them. */
int runs_open_paths(struct runs **out, const struct strvec *paths,
		    struct strvec *problems, struct strbuf *err);

size_t runs_nr(const struct runs *runs);
/** By place; lent. In byte order, but those of paths, which are in the order of
 *  their paths. */
const char *runs_name(const struct runs *runs, size_t nr);
/** All fields that any of them has had; it may know more. */
const struct field_names *runs_names(const struct runs *runs);
/** Whoever the records were of that could not be read, or what else was found:
 *  a sentence each. Lent. */
const struct strvec *runs_problems(const struct runs *runs);

/**
 * Calls fn for each run, from several threads at once (worker: below
 * runs_workers()), in no order; `nr` is the run's place in the order of names
 * (of paths), so that who fills a table by it needs no lock. The state of a run
 * that has not ended is what it is now: `state` is live_state_text(). The row
 * is lent until fn returns; non-zero stops all, and is returned.
 */
typedef int (*runs_fn)(const struct run_row *row, size_t nr, unsigned worker,
		       void *data);
int runs_each(struct runs *runs, runs_fn fn, void *data, struct strbuf *err);
unsigned runs_workers(const struct runs *runs);

/**
 * One run by its place; the row may lie in `room`, which is emptied. By one
 * thread at a time, and not from runs_each(). ERR_NOT_FOUND: it is gone
 * meanwhile.
 */
int runs_row(struct runs *runs, size_t nr, struct strbuf *room,
	     struct run_row *row, struct strbuf *err);

/** Whether they come from an index; where there can be none they do not. */
bool runs_are_indexed(const struct runs *runs);
/** How many were read from their files to open it. */
size_t runs_nr_read(const struct runs *runs);

void runs_close(struct runs *runs);	/* NULL is fine */

#endif
