/*
 * What the commands for use inside of a run share: finding it, and what they
 * do outside of any.
 */
#ifndef BUILTIN_ENTER_RUN_H
#define BUILTIN_ENTER_RUN_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "lib/exp/recording/run-place.h"

struct run_choice {
	const char *exp;	/* --exp, or NULL */
	int quiet;		/* --quiet-outside */
};

#define OPT_RUN_EXP(choice) \
	{ .type = OPTION_STRING, .name = "exp", .value = &(choice).exp, \
	  .argh = "EXP", .arg = ARG_EXP, \
	  .help = "an experiment, or the directory of a trial, instead of " \
		  "this run" }
#define OPT_RUN_QUIET(choice) \
	OPT_BOOL(0, "quiet-outside", &(choice).quiet, \
		 "outside of a run do nothing, and do not fail")

/** Whether this is not a run, and that shall be no failure. Then a caller that
 *  was to read its standard input calls skip_stdin(), so that who writes there
 *  is not killed by a broken pipe. */
bool run_is_outside(const struct run_choice *choice);
void skip_stdin(void);

/** run_place_find(); prints what is wrong. Returns the exit status. */
int enter_run(struct run_place *place, const struct run_choice *choice);

#endif
