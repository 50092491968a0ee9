/*
 * Which providers are asked: all that resutil has and all that `meta:` of the
 * settings adds, but for those it switches off. What a project's conf adds
 * counts only where the project is trusted (lib/exp/store/trust.h); the user's
 * own file and -c always count.
 * Source: resutilformat-conf(5), "meta".
 */
#ifndef LIB_EXP_RECORDING_META_PLAN_H
#define LIB_EXP_RECORDING_META_PLAN_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

#define META_TIMEOUT 10000	/* milliseconds, of a command */

struct meta_command {
	char *name;
	struct strvec argv;
	unsigned limit;		/* milliseconds */
	char *bad;		/* why it cannot be asked; NULL: it can */
	/** What its output means, instead of text; NULL: nothing. */
	struct value *(*parse)(const struct strbuf *out);
};

struct meta_plan {
	struct strvec names;	/* of providers without a process, in order */
	bool packages;
	struct strvec env;	/* patterns of the provider `env` */
	struct meta_command *command;
	size_t nr, alloc;
	struct strvec untrusted;	/* "meta.nvcc" ...: not asked */
	struct strvec bad_names;	/* of the settings: none can be */
	bool changed;		/* it was trusted before it was edited */
};

#define META_PLAN_INIT { .names = STRVEC_INIT, .env = STRVEC_INIT, \
			 .untrusted = STRVEC_INIT, \
			 .bad_names = STRVEC_INIT }
void meta_plan_release(struct meta_plan *plan);

/**
 * By the settings as they are loaded. names NULL: all that are not switched
 * off; else those, also when they are. `gpu` without a program to ask is left
 * out. ERR_USAGE: an unknown name.
 */
int meta_plan_make(struct meta_plan *plan, const struct project *p,
		   const struct strvec *names, struct strbuf *err);

/** Seconds, or a text with its unit (500ms, 10s, 2m), at most an hour. */
bool meta_parse_time(const struct value *value, unsigned *msec);

/** As a command, or a provider without one. */
bool meta_plan_has(const struct meta_plan *plan, const char *name);

/** The sentence about plan->untrusted and bad_names; nothing when these are
 *  empty. */
void meta_plan_notice(const struct meta_plan *plan, const struct project *p,
		      struct strbuf *out);

#endif
