/*
 * The metadata of one run, from its beginning to its end: what is found at
 * once stands in the first record, and what takes longer (`gpu`, `packages` of
 * an interpreter not seen before, the commands of `meta:`) is asked for beside
 * the program, by one process of its own, and completes the record at the end.
 *
 *	meta_start(&m, &about, NULL, &meta, err);	asks no process
 *	meta_add_git(meta, git, repo);			when git has answered
 *	...						the record is written
 *	meta_go(m);					the program runs
 *	meta_finish(&m, changes, META_PATIENCE);	the last update
 *
 * Nothing here stops a run: what fails is noted as `meta.NAME: {error: ...}`.
 */
#ifndef LIB_EXP_RECORDING_META_RUN_H
#define LIB_EXP_RECORDING_META_RUN_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/recording/meta.h"

/** As long as the setting run.meta-wait says, or a second. */
#define META_PATIENCE UINT_MAX

struct meta_run;

/**
 * Asks the providers that start no process, by the settings as they are loaded
 * (names: only these). `about` and what it names is copied. `meta` becomes a
 * map, in which `git` is null until meta_add_git().
 * Errors: ERR_USAGE for an unknown name, ERR_CONTENT for a setting that is no
 * time; then nothing is given.
 */
int meta_start(struct meta_run **out, const struct meta_about *about,
	       const struct strvec *names, struct value **meta,
	       struct strbuf *err);

/** What of the conf was not asked since nobody trusts the project here: one
 *  sentence with the way out, or "" (as for NULL). Lent. */
const char *meta_notice(const struct meta_run *m);

/** Starts to ask the rest, if there is any. Returns at once; cannot fail. */
void meta_go(struct meta_run *m);

/**
 * Puts what the rest answered below `meta` of `changes` (a map to be laid over
 * the record), waiting at most `msec` milliseconds; what has not answered by
 * then is killed with its children and noted. changes NULL: nobody wants to
 * know, do not wait. Frees, and sets `*m` to NULL; NULL is fine.
 */
void meta_finish(struct meta_run **m, struct value *changes, unsigned msec);

/** Instead of meta_go() and meta_finish(): asks in this process, and waits for
 *  as long as it takes. For a process that does nothing else. */
void meta_finish_here(struct meta_run **m, const struct project *p,
		      struct value *changes);

/** What the process beside a run does with the request it gets: a map by
 *  provider, null for what has nothing to say. ERR_USAGE. */
int meta_answer(const struct value *request, const struct project *p,
		int stop_fd, struct value **answer, struct strbuf *err);

#endif
