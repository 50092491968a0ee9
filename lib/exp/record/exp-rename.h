/*
 * Giving an experiment here another name.
 */
#ifndef LIB_EXP_RECORD_EXP_RENAME_H
#define LIB_EXP_RECORD_EXP_RENAME_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/project.h"

/**
 * Renames the directory in one step, durably. Nothing in it changes: `name` and
 * `result_dir` of a record are hints. What says that it is only partly here
 * goes with it.
 * from, to: names as name_parse() takes them; anything else is a BUG.
 * Errors: ERR_NOT_FOUND (no such experiment); ERR_CONFLICT (`to` is taken;
 * `from` runs, and writes by its path); ERR_FAILED.
 */
int exp_rename_local(const struct project *p, const char *from,
		     const char *to, struct strbuf *err);

#endif
