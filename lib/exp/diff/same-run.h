/*
 * One run under two names: it was renamed here by somebody else meanwhile.
 */
#ifndef LIB_EXP_DIFF_SAME_RUN_H
#define LIB_EXP_DIFF_SAME_RUN_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/project.h"

/**
 * Adds the name, other than `name`, that the run `id` has among the experiments
 * here with the same PREFIX_TIMESTAMP, which no comment changes.
 *
 * names: of experiments here, sorted, as listed a moment ago; one of them that
 * is no longer there has them listed anew. NULL: lists them.
 * Returns whether there is one. Only what holds the writer's lock of `id`
 * (live.h) can rely on the answer: renames here hold it.
 */
bool same_run_here(const struct project *p, const struct strvec *names,
		   const char *name, const char *id, struct strbuf *out);

#endif
