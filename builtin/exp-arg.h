/*
 * An EXP argument of a command that reads: an experiment here, one that only a
 * store has, or the directory of a trial.
 */
#ifndef BUILTIN_EXP_ARG_H
#define BUILTIN_EXP_ARG_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/exp-load.h"

struct exp_arg {
	struct strbuf name;	/* of a trial: as it was asked for */
	struct strbuf remote;	/* that has it; "": it is here */
	struct strbuf trial;	/* its directory; "": it is an experiment */
};

#define EXP_ARG_INIT { STRBUF_INIT, STRBUF_INIT, STRBUF_INIT }

/**
 * Here first: what is here needs no store; then in `remote`. `REMOTE/@` is
 * looked for there alone.
 * Errors: ERR_NOT_FOUND, ERR_USAGE (ambiguous: candidates are listed), those
 * of the store.
 */
int exp_arg_find(struct exp_arg *found, const char *arg, const char *remote,
		 struct strbuf *err);
void exp_arg_release(struct exp_arg *found);

/** Whether `arg` is the path of a trial's directory, which is added to `dir`.
 *  A word without a slash is an experiment's. */
bool exp_arg_find_trial(struct strbuf *dir, const char *arg);

/** Adds the directory of what is here. */
void exp_arg_dir(struct strbuf *dir, const struct exp_arg *found);

/** The record, from here or from there; items of one. */
int exp_arg_load(struct exp_items *items, const struct exp_arg *found,
		 struct strbuf *err);

#endif
