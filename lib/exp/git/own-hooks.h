/*
 * What `hooks:` of the settings has run before and after a run, a push, a
 * pull. What a project's conf names counts only where the project is trusted
 * (trust.h); the user's own file and -c always count.
 * Source: resutilformat-conf(5), "HOOKS".
 */
#ifndef LIB_EXP_GIT_OWN_HOOKS_H
#define LIB_EXP_GIT_OWN_HOOKS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/project.h"

#define OWN_HOOKS_MAX 64	/* commands at one moment */

struct own_hooks {
	const char *moment;	/* "pre-run" ...; lent */
	struct strvec *item;	/* the words of each command */
	size_t nr, alloc;
};

#define OWN_HOOKS_INIT { NULL, NULL, 0, 0 }
void own_hooks_release(struct own_hooks *h);

/**
 * By the settings as they are loaded. Within a hook there are none, so that
 * none can call itself. notice: gets a sentence when a project that is not
 * trusted names some.
 * moment: "pre-run", "post-run", "pre-push" or "post-pull".
 * Errors: ERR_CONTENT: what is set is no command.
 */
int own_hooks_find(struct own_hooks *h, const struct project *p,
		   const char *moment, struct strbuf *notice,
		   struct strbuf *err);

#endif
