/*
 * What run has to do with stores: what is needed comes before, what was made
 * goes after.
 */
#ifndef BUILTIN_RUN_STORE_H
#define BUILTIN_RUN_STORE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/** Whether stores may be asked at all: RESUTIL_NO_REMOTE. */
bool run_may_ask_stores(void);

/** Pulls `exps`, EXPs that are not here, with what they need. Why one cannot
 *  be had is told. The caller looks what came. */
void run_pull(const struct strvec *exps);

enum run_push { RUN_PUSH_NO, RUN_PUSH_YES, RUN_PUSH_BACKGROUND, RUN_PUSH_ASK };

/**
 * How to push at the end: by --push or --no-push (option 1, 0; -1: not given),
 * else by RESUTIL_NO_REMOTE, else by push.auto. ERR_CONTENT: push.auto is none
 * of its words.
 */
int run_push_choose(enum run_push *out, int option, struct strbuf *err);

/**
 * Pushes the run `name`, which has ended, and what it needs; a failure is told
 * with the way to try it again. wait: not in the background, whatever `how`
 * says. stopped: gets the signal that ended the upload, if one did.
 * Returns whether the store has it, or may have.
 */
bool run_push(const char *name, enum run_push how, bool wait, int *stopped);

/**
 * The log of uploads that nobody watches, .resutil/FILE, with a line that says
 * what begins; an old one is no reason to fill a disk. Returns a descriptor, or
 * -1: there is none.
 */
int run_store_log(const char *file, const char *verb, const char *name);

#endif
