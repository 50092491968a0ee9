/*
 * Shared by the files behind runs.h and by nobody else.
 *
 *	runs.c		opening, closing, one run
 *	runs-each.c	all runs, by threads
 *	runs-read.c	rows made from the files, in memory
 *	runs-looking.c	what changed since the index was written
 *	runs-refresh.c	reading that, and writing it
 *	runs-early.c	reading some of it while names are listed
 *	runs-live.c	what a run that goes on is now
 */
#ifndef LIB_EXP_RUNS_RUNS_INTERNAL_H
#define LIB_EXP_RUNS_RUNS_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/exp/runs/index.h"
#include "lib/exp/runs/run-look.h"
#include "lib/exp/runs/runs.h"

/* One that was read from its files. */
struct read_run {
	char *name;		/* run_row.name */
	char *dir;		/* of a trial; NULL: an experiment of the
				 * project */
	struct strbuf row;
	char *problem;		/* NULL: none */
	unsigned char sign[INDEX_SIGN_LEN];
	unsigned flags;		/* of its entry in an index */
	char *files;		/* of metrics, as in an entry */
	size_t files_len;
	unsigned nr_files;
	bool seen;		/* its files; so it may be kept */
	bool read;		/* already, by runs-early.c */
};

#define NOT_READ UINT32_MAX

/* Where the row of a run is. */
struct run_place {
	const char *name;	/* lent from the index, or of `run` */
	uint32_t read;		/* which of `run`; NOT_READ: in the index */
	uint32_t block;		/* NOT_READ: not there (any more) */
	uint32_t row_at, row_len;
};

struct runs {
	const struct project *project;	/* NULL: of paths */
	const char *remote;		/* NULL: those here */
	struct field_names *names;
	struct strvec problems;
	struct moment now;
	struct workers *pool;		/* NULL: none yet, or none needed */
	unsigned workers;		/* who make runs_each(), at most */
	struct index *ix;		/* NULL: all are in memory */
	bool damaged;			/* the index, as it turned out */
	struct strbuf block_rows;	/* what runs_row() read last */
	size_t block_read;		/* of that block; SIZE_MAX: none */
	struct strvec written;		/* names of what was put into it */
	struct read_run *run;		/* in memory */
	size_t read_nr, read_alloc;
	struct run_place *place;	/* in order */
	size_t nr;
	size_t *first;			/* of a block, in place_of */
	uint32_t *place_of;		/* of an entry; NOT_READ: of none */
};

/** How many threads it takes for `nr` things of that kind. */
unsigned runs_threads(size_t nr, size_t per_worker);

/* Below that a thread costs more than it saves. */
#define ROWS_PER_WORKER 512	/* of runs_each() */

/**
 * Threads that help this one with `nr` things of that kind; once there are
 * some, they stay, and are those of all later uses. NULL: it is not worth it.
 */
struct workers *runs_pool(struct runs *runs, size_t nr, size_t per_worker);
/** How many they are, this thread among them. */
unsigned runs_pool_nr(const struct runs *runs);

/* runs-read.c */

void read_run_release(struct read_run *run);

struct reading;
/** Begins to make rows of what is in `run[]`, whose names or directories are
 *  known; by threads. results: results_dir, open, or -1. */
struct reading *reading_start(struct runs *runs, struct workers *workers,
			      struct read_run *run, size_t nr, int results);
void reading_wait(struct reading **r, struct workers *workers);
/** Whether all of it is read, or being read. */
bool reading_is_taken(const struct reading *r);

/** Reads all of `runs->run`. */
void runs_read_all(struct runs *runs);
/** Reads one experiment into memory, for what the index lost. */
void runs_read_one(struct runs *runs, struct read_run *run);

/** Takes over what was read; gives its place in `run`. */
uint32_t runs_keep(struct runs *runs, struct read_run *run);

/* runs-early.c */

struct early_piece;

struct early {
	struct runs *runs;
	int results;
	struct workers *workers;	/* NULL: there are not so many */
	struct early_piece **piece;	/* in the order of the directory */
	size_t nr, alloc;
	struct read_run **done;		/* by their names */
	size_t done_nr, taken;
};

/** A name that is in results_dir and not in the index; it is read at once if a
 *  thread has nothing else to do. */
void early_offer(struct early *e, const char *name);
/** Waits for what was begun. */
void early_finish(struct early *e);
/** The run of that name, if it was read; names are asked for in byte order. */
bool early_take(struct early *e, const char *name, struct read_run *out);
/** Also the workers, which the caller may use until then. */
void early_release(struct early *e);

/* runs-looking.c */

struct looking {
	struct runs *runs;
	int results;		/* results_dir, open */
	size_t *first;		/* of each block, in status */
	unsigned char *status;	/* enum run_change, of each entry */
	size_t changed;		/* entries that are not as they were */
	struct strvec new_names;	/* in order */
	struct early early;		/* some of them */
	size_t next;		/* piece of a block */
};

/** Looks at all; gives 0 or, results_dir cannot be read, errno. */
int looking_do(struct looking *l);
void looking_release(struct looking *l);

/* runs-refresh.c */

/** The runs here by the index, which is brought up to date. ERR_FAILED:
 *  results_dir cannot be read. */
int runs_refresh(struct runs *runs, struct strbuf *err);
/** All that the index holds. */
void runs_take_known(struct runs *runs);

/* runs.c */

/** Finds the rows of all places in the index as it is now. */
void runs_bind(struct runs *runs);

/* Numbers of the fields that tell whether a run goes on. */
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
