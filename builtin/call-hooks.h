/*
 * The commands of `hooks:` in the settings, as `run`, `push` and `pull` run
 * them: with records on their standard input, one line of JSON each.
 * Source: resutilformat-conf(5), "HOOKS".
 */
#ifndef BUILTIN_CALL_HOOKS_H
#define BUILTIN_CALL_HOOKS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/git/own-hooks.h"

/** own_hooks_find() for the_project; tells of those that are not trusted. */
int call_hooks_find(struct own_hooks *h, const char *moment,
		    struct strbuf *err);

/** Adds the record of an experiment here, as `read-exp --json` prints it; of
 *  one that cannot be read only the name. */
void call_hooks_add_record(struct strbuf *in, const char *name);

/**
 * Runs them, one after the other, in the project's directory; what they print
 * goes to our standard error. env: more for their environment; may be NULL.
 * signo: gets the signal that came meanwhile, which they got too; then no more
 * are run.
 * before: the first that fails is the last, and ERR_NO with a sentence. Else
 * each failure is a warning.
 */
int call_hooks(const struct own_hooks *h, const struct strbuf *in,
	       const struct strvec *env, bool before, int *signo,
	       struct strbuf *err);

/** All of that for experiments here, by their names; nothing when there are no
 *  names, and nothing is read when there are no commands. */
int call_hooks_about(const char *moment, const struct strvec *names,
		     bool before, int *signo, struct strbuf *err);

#endif
