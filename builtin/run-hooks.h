/*
 * What `hooks:` has run before a run of `run` and `rerun`.
 * Source: resutilformat-conf(5), "HOOKS".
 */
#ifndef BUILTIN_RUN_HOOKS_H
#define BUILTIN_RUN_HOOKS_H

#include "lib/base/compat.h"
#include "builtin/run-parts.h"
#include "lib/exp/git/own-hooks.h"

/** pre-run: run_call_pre() (around-run.h) with the record as far as it can be
 *  told; of a run that goes on, with its record. */
int run_pre_hooks(struct run *r, const struct own_hooks *h,
		  struct strbuf *err);

#endif
