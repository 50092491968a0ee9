/*
 * What came of two runs, and whether the change is more than what the same run
 * shows when it is repeated.
 */
#ifndef LIB_EXP_DIFF_DIFF_RESULTS_H
#define LIB_EXP_DIFF_DIFF_RESULTS_H

#include "lib/base/compat.h"
#include "lib/base/stats.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/diff/diff-findings.h"
#include "lib/exp/runs/runs.h"

/* Of this level; after Holm's correction for all that were compared. */
#define DIFF_SIGNIFICANT 0.05

/** The values of one result in a run and its repeats. */
struct diff_sample {
	double *x;
	size_t nr, alloc;
	struct stats stats;	/* set by diff_results_judge() */
};

void diff_sample_push(struct diff_sample *sample, double x);

struct diff_result {
	const char *path;	/* lent from the names */
	struct cell a, b;	/* lent from the rows */
	bool is_number;		/* both are; then: */
	double x, y;		/* of A and of B */
	struct diff_sample sample_a, sample_b;
	double p;		/* NaN: without repeats of both */
	struct interval change;	/* 95 % for the change of means; NaNs */
	bool significant;
};

struct diff_results {
	struct diff_result *item;	/* all that either has, by path */
	size_t nr, alloc;
	bool judged;		/* repeats were looked for */
	bool same_group;	/* A and B repeat each other */
	size_t repeats_a, repeats_b;	/* runs, with A and B themselves */
	struct strvec problems;
};

#define DIFF_RESULTS_INIT { .problems = STRVEC_INIT }

void diff_results(struct diff_results *out, const struct field_names *names,
		  const struct diff_run *a, const struct diff_run *b);
void diff_results_release(struct diff_results *r);

/** NULL: neither has it. */
const struct diff_result *diff_results_find(const struct diff_results *r,
					    const char *path);

bool diff_result_differs(const struct diff_result *r);
/** (y - x) / |x|; infinite when x is 0 and y is not. */
double diff_relative(double x, double y);

struct diff_repeat_options {
	const struct strvec *over;	/* parameters that repeats may differ
					 * in besides seeds; patterns */
	const struct findings *findings;	/* what acts and differs */
	const char *dir_a, *dir_b;	/* where the code of A and B lies */
	const struct project *project;
};

/**
 * Looks for repeats of both among `runs` and judges all results. Repeats have
 * the same command, parameters but for seeds, code and inputs, and what acts
 * of the environment where A and B differ in it; and are done.
 * Source: resutil-diff(1), "REPEATS".
 */
int diff_repeats(struct diff_results *r, struct runs *runs,
		 const struct diff_run *a, const struct diff_run *b,
		 const struct field_names *names,
		 const struct diff_repeat_options *options,
		 struct strbuf *err);

/** p, interval and significance of what the samples have. */
void diff_results_judge(struct diff_results *r);

#endif
