/*
 * The verbs of `hook`, and what they are told.
 *
 *	hook.c		list; which option is for which verb
 *	hook-install.c	install, remove
 *	hook-event.c	run: what the scripts call, and the worker
 */
#ifndef BUILTIN_HOOK_VERBS_H
#define BUILTIN_HOOK_VERBS_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/git/git-hooks.h"
#include "lib/exp/git/hook-table.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/sheet/rows.h"

struct hook_options {
	struct strvec on;
	const char *name;
	int async, each, during;
	const char *comment;
	struct strvec needs, globs;	/* -d, --collect */
	int push;			/* -1: as push.auto says */
	int all, force, dry_run, worker;
	struct rows rows;
	const struct option *options;
};

extern const char *const hook_usage[];

#define HOOK_BAD_USAGE(o, ...)						\
	usage_with_options(hook_usage, (o)->options, __VA_ARGS__)

/** The project here, the repository it is in, and from the top of its work
 *  tree the path of the project ("." for the top). */
struct hook_place {
	struct project project;
	struct git_hooks git;
	struct strbuf below;
	struct hook_table table;
};

#define HOOK_PLACE_INIT { PROJECT_INIT, GIT_HOOKS_INIT, STRBUF_INIT, \
			  HOOK_TABLE_INIT }
int hook_place_open(struct hook_place *place, struct strbuf *err);
void hook_place_release(struct hook_place *place);

/* Each returns the exit status. argv: the words behind the verb. */
int hook_install(const struct hook_options *o, const char **argv);
int hook_remove(const struct hook_options *o);
int hook_run(const struct hook_options *o, const char **argv);

#endif
