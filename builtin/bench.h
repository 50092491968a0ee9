/*
 * What the parts of `bench` share: one bench from its options to its end.
 *
 *	bench.c		options, the story
 *	bench-load.c	calls, again and again (bench-call.c: one of them)
 *	bench-record.c	the experiment
 *	bench-tally.c	what came of the calls
 *	bench-result.c	what there is to say of it: the result of the record
 *	bench-print.c	and what a person is told
 */
#ifndef BUILTIN_BENCH_H
#define BUILTIN_BENCH_H

#include "lib/base/compat.h"
#include "builtin/bench-load.h"
#include "builtin/run-deps.h"
#include "builtin/run-store.h"
#include "lib/base/date.h"
#include "lib/base/redact.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/summary.h"
#include "lib/base/value.h"
#include "lib/exp/git/git-state.h"
#include "lib/exp/recording/meta-run.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/exp/recording/recording.h"
#include "lib/exp/sheet/rows.h"

#define BENCH_MAX_PROGRAMS 16
#define BENCH_SAMPLES 3		/* of stderr, for each way to fail */

/* A way in which calls ended, and how many did. */
struct bench_outcome {
	enum call_end end;
	int number;		/* exit status; negative: signal; errno */
	uint64_t count;
	struct strbuf sample[BENCH_SAMPLES];	/* without secrets */
	size_t nr;
};

/* What came of the calls of one program. */
struct bench_tally {
	/* Seconds, by turn: of a call that failed or never was, NaN. */
	double *took, *response;
	size_t nr, alloc;
	double *spawn;		/* one each, in any order */
	size_t nr_spawn, alloc_spawn;
	uint64_t calls, failed;
	double user, sys;
	uint64_t max_rss;
	struct bench_outcome *outcome;
	size_t nr_outcomes, alloc_outcomes;
};

struct bench_program {
	struct strvec argv;
	struct strbuf path;
	struct strbuf shown;	/* the command, without secrets */
	struct launch *launch;
	struct bench_tally tally;
	/* Of the tally, when all has ended. */
	struct summary took, response, spawn;
	double ratio;		/* to the first program; NaN: not known */
	struct interval ratio_interval;
};

struct bench {
	/* Options. */
	int number, concurrency, warmup, overhead;
	const char *seconds, *rate, *timeout, *level, *input, *output;
	struct strvec compare;
	int strict, push, dry_run;
	struct rows rows;	/* --format and what goes with it */
	struct run_deps deps;

	/* What they say. */
	struct bench_load load;
	double sure;		/* the level of intervals */
	enum run_push how;
	bool keeps_output;

	/* What is called. */
	struct strvec words;	/* of this very command */
	struct bench_program program[BENCH_MAX_PROGRAMS];
	size_t nr;
	struct strbuf cwd;

	/* The experiment. */
	struct strbuf asked_comment;
	struct git_state_options git_options;
	struct git_state *git;
	struct meta_run *meta;
	struct recording rec;
	struct value *changes;		/* of its record, at the end */
	struct redaction taken;		/* what is secret in it */
	struct metrics *metrics;
	bool rows_lost;
	int out_log, err_log;		/* -1: none */
	struct moment started;
	bool incomplete;		/* its end is not recorded */

	/* What starting an empty program takes. */
	struct bench_program empty;
	bool has_empty;
};

/* ---- bench-record.c ---- */

/** The parameters of the program, and below `bench` those of us. */
struct value *bench_params(const struct bench *b);
/** The experiment, with code state and record, under its name. */
int bench_claim(struct bench *b, struct strbuf *err);
/** Opens what calls are written to, prepares their start, and asks for the
 *  metadata that takes longer. */
int bench_prepare_calls(struct bench *b, struct strbuf *err);
/** A row of metrics. */
void bench_add_row(struct bench *b, const struct bench_call *call);
/** What was added survives the end of this process. */
void bench_flush_rows(struct bench *b);
/** How it ended, with the result. */
void bench_finish(struct bench *b, const struct value *result);
/** The state that the record gets at the end. */
const char *bench_end_state(const struct bench *b);

/* ---- bench-tally.c ---- */

void bench_tally_release(struct bench_tally *t);
/** Counts a call; secrets are taken out of what it said. */
void bench_tally_add(struct bench_tally *t, struct bench_call *call,
		     struct redaction *taken);
/** "exit status 3", "SIGSEGV", "timeout", "Cannot allocate memory". */
void bench_outcome_format(struct strbuf *out, const struct bench_outcome *o);
bool bench_outcome_is_good(const struct bench_outcome *o);

/* ---- bench-result.c ---- */

/** Computes what there is to say of the tallies. */
void bench_summarize(struct bench *b);
/** The result of the record. */
struct value *bench_result(const struct bench *b);

/* ---- bench-print.c ---- */

/** The fields of --format and of templates, a row a program. */
extern const struct row_field bench_fields[];

struct bench_row {
	const struct bench *b;
	const struct bench_program *program;
};

void bench_print(struct bench *b, const struct value *result);
/** What to think of when reading the numbers. */
void bench_warn(const struct bench *b);

#endif
