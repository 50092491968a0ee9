/*
 * What `hooks:` has run before and after a run.
 * Source: resutilformat-conf(5), "HOOKS".
 */
#ifndef BUILTIN_RUN_HOOKS_H
#define BUILTIN_RUN_HOOKS_H

#include "lib/base/compat.h"
#include "builtin/run-parts.h"
#include "lib/exp/own-hooks.h"

/**
 * pre-run, before anything is claimed: with the record as far as it can be
 * told. What they change in the code is recorded, for it is looked at again
 * when they have ended. Any failure: nothing is run.
 */
int run_pre_hooks(struct run *r, const struct own_hooks *h,
		  struct strbuf *err);

/** The note of the commit, when the setting `notes` asks for it. */
void run_note_commit(const struct run *r);

/** post-run, when the end is recorded: what they add is pushed. Failures are
 *  told. */
void run_post_hooks(const struct run *r);

#endif
