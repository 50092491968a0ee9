/*
 * What `run` does beside its program: checkpoints by the clock, and the series
 * of what the machine does. Each has a thread of its own; neither ever keeps
 * the program, its output or a signal waiting.
 */
#ifndef BUILTIN_RUN_BESIDE_H
#define BUILTIN_RUN_BESIDE_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"

struct monitor;
struct ticker;

struct run_beside {
	/* Options; 0: not given, -1: with --no-. */
	double every, monitor;		/* seconds */

	/* What goes on. */
	struct ticker *checkpoints;
	struct monitor *watch;
	char *name;			/* of the experiment */
	unsigned asked, failed;		/* checkpoints */
	struct strbuf why;		/* of the first that failed */
	struct strbuf lost;		/* rows of the series: a sentence */
};

#define RUN_BESIDE_INIT { .why = STRBUF_INIT, .lost = STRBUF_INIT }

#define RUN_BESIDE_OPTIONS(b)						\
	{ .type = OPTION_CALLBACK, .name = "checkpoint-every",		\
	  .value = &(b)->every, .argh = "DURATION",			\
	  .callback = run_beside_every,					\
	  .help = "send a checkpoint again and again, as every 10m" },	\
	{ .type = OPTION_CALLBACK, .name = "monitor",			\
	  .value = &(b)->monitor, .argh = "SECONDS",			\
	  .callback = run_beside_monitor, .flags = OPT_OPTIONAL_ARG,	\
	  .help = "keep what the processes use of the machine" }

int run_beside_every(const struct option *opt, const char *arg, bool unset,
		     struct strbuf *err);
int run_beside_monitor(const struct option *opt, const char *arg, bool unset,
		       struct strbuf *err);

/** run.checkpoint-every and run.monitor, where no option was given. Errors:
 *  ERR_CONTENT. */
int run_beside_configure(struct run_beside *b, struct strbuf *err);

/** The program `pid` runs. What cannot be begun is told, and left.
 *  debug: nothing is sent of such a run. */
void run_beside_start(struct run_beside *b, pid_t pid, const char *name,
		      const char *dir, const char *id, bool debug);

/** The program has ended, and nobody has waited for it yet. */
void run_beside_stop(struct run_beside *b);

/** Tells what was lost. */
void run_beside_tell(const struct run_beside *b);

void run_beside_release(struct run_beside *b);

#endif
