/*
 * `run --collect`: taking what a program left elsewhere into its experiment.
 */
#ifndef LIB_EXP_RECORDING_COLLECT_H
#define LIB_EXP_RECORDING_COLLECT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

struct collect;

/**
 * Notes which regular files match before the program starts. Patterns (of
 * lib/base/glob.h) are relative to `base` (absolute) and stay inside it; a
 * pattern that names a directory means all below it. The results directory,
 * .resutil and .git are never entered, links never followed.
 * Errors: ERR_USAGE for an absolute pattern or one with "..".
 */
int collect_start(struct collect **out, const struct project *p,
		  const char *base, const struct strvec *patterns,
		  struct strbuf *err);

/**
 * After the program: matching files that were not there before are moved to
 * the same path below `exp_dir`, changed ones copied; what git tracks, and
 * what would hit an existing or a reserved name there, is left alone.
 * `taken`: a list of {path, how: moved|copied}, for the record.
 * `left`: sentences for the user about matching files that were left.
 * Errors: ERR_PARTLY when a file could not be taken (err names the first).
 */
int collect_finish(struct collect *c, const char *exp_dir,
		   struct value **taken, struct strvec *left,
		   struct strbuf *err);

void collect_free(struct collect *c);	/* NULL is fine */

/** True for a path (relative to an experiment) that resutil itself writes. */
bool exp_path_is_reserved(const char *path);

#endif
