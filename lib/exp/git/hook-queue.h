/*
 * Events whose runs nobody waits for: PROJECT/.resutil/hooks/queue.json, which
 * one worker at a time works off. Byte 0 of queue.lock is held by the worker
 * for as long as it lives, byte 1 by who reads and changes the queue; a crash
 * leaves a queue, and the next event starts a worker for it.
 * Source: resutilformat-hook(5), "THE QUEUE".
 */
#ifndef LIB_EXP_GIT_HOOK_QUEUE_H
#define LIB_EXP_GIT_HOOK_QUEUE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/git/hook-table.h"
#include "lib/exp/conf/project.h"

#define HOOK_QUEUE_VERSION 1
#define HOOK_QUEUE_MAX_BYTES (32u << 20)
#define HOOK_QUEUE_MAX_EACH 1000	/* runs of one hook that wait */
#define HOOK_QUEUE_MAX_COMMITS 1000	/* that one run names */

/** What a run was started for: the key `hook` of its record. */
struct hook_cause {
	const char *event, *name;
	const char *commit;		/* NULL: there was none */
	const char *const *args;	/* of git for the hook; NULL: none */
};
struct value *hook_cause_value(const struct hook_cause *cause);

/** What RESUTIL_GIT_CAUSE says, for the record of the run that this process
 *  is; NULL: nothing, or nothing that can be. */
struct value *hook_cause_from_env(void);

struct hook_queue;

/** Makes the directory. ERR_FAILED. */
int hook_queue_open(struct hook_queue **out, const struct project *p,
		    struct strbuf *err);
void hook_queue_free(struct hook_queue *q);	/* NULL is fine */

/**
 * Adds an event. each: it gets a run of its own, as long as fewer than
 * HOOK_QUEUE_MAX_EACH of that hook wait; else it joins the last that waits.
 * idle: nobody works, so a worker has to be started.
 */
int hook_queue_add(struct hook_queue *q, const struct hook_cause *cause,
		   bool each, bool *idle, struct strbuf *err);

/** For the worker: from now on it is the one. ERR_CONFLICT: another is. */
int hook_queue_work(struct hook_queue *q, struct strbuf *err);

/** What has waited longest, a copy, which stays in the queue; NULL: nothing
 *  does, and by the same step this process is the worker no more. */
int hook_queue_first(struct hook_queue *q, struct value **cause,
		     struct strbuf *err);

/** The run for `cause`, as hook_queue_first() gave it, is recorded, or cannot
 *  be: takes away what it stood for. What has joined it since stays. */
int hook_queue_done(struct hook_queue *q, const struct value *cause,
		    struct strbuf *err);

/** How many events of a hook wait, and whether a worker lives; nothing is
 *  made. */
size_t hook_queue_count(const struct project *p, const char *event,
			const char *name, bool *works);

/** The queue from its text. ERR_CONTENT. */
int hook_queue_parse(struct value **out, const char *text, size_t len,
		     const char *name, struct strbuf *err);

#endif
