/*
 * The code of two runs compared, through git where both commits are in the
 * repository here; else by the changes that lie in the experiments.
 */
#ifndef LIB_EXP_DIFF_DIFF_CODE_H
#define LIB_EXP_DIFF_DIFF_CODE_H

#include "lib/base/compat.h"
#include "lib/base/line-diff.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/diff/diff-findings.h"

struct diff_code;

/** A run, and where `uncommited_files/` and `uncommited.patch` of it lie; NULL:
 *  it has none. */
struct diff_code_side {
	const struct diff_run *run;
	const char *dir;
};

/**
 * Makes both code states again and adds what differs. Fields that are there
 * already and name variables of the environment become more likely when the
 * code uses them. repository: a directory in the one here. What could not be
 * compared is told in out->unknown; that is no error.
 */
int diff_code_open(struct diff_code **code, const char *repository,
		   const struct diff_code_side *a,
		   const struct diff_code_side *b, struct findings *out,
		   struct strbuf *err);
void diff_code_close(struct diff_code *code);	/* NULL is fine */

/** What is imported; NULL: the code is not here. Of both runs: B's first. */
const struct code_reach *diff_code_reach(const struct diff_code *code,
					 bool of_b);

/**
 * The patch from A's code to B's, what is known to run first. paths: only
 * these, NULL-ended; NULL: all. Longer than `max`: ERR_CONTENT.
 */
int diff_code_patch(struct diff_code *code, const struct findings *findings,
		    const char *const *paths,
		    const struct line_diff_options *options, size_t max,
		    struct strbuf *out, struct strbuf *err);

#endif
