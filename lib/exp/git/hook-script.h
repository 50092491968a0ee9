/*
 * The scripts of ours that git runs, and what was in their place before: kept
 * beside them, unchanged, run first, and put back by who takes ours away.
 * Source: resutilformat-hook(5), "THE SCRIPT".
 */
#ifndef LIB_EXP_GIT_HOOK_SCRIPT_H
#define LIB_EXP_GIT_HOOK_SCRIPT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/git/git-hooks.h"
#include "lib/exp/git/hook-table.h"

#define HOOK_SCRIPT_VERSION 1
#define HOOK_SCRIPT_MAX_BYTES (1u << 20)
#define HOOK_KEPT_SUFFIX ".resutil-kept"

enum hook_script_state {
	HOOK_SCRIPT_NONE,	/* nothing is there */
	HOOK_SCRIPT_OTHER,	/* somebody else's hook, and none of ours */
	HOOK_SCRIPT_OURS,
	HOOK_SCRIPT_EDITED	/* ours, with what we did not write */
};

struct hook_script {
	const struct hook_event *event;
	enum hook_script_state state;
	struct strbuf path;	/* of ours, or where it would be: EVENT; or
				 * EVENT.legacy, where pre-commit(1) puts what
				 * it found, and runs it */
	struct strbuf kept;	/* EVENT.resutil-kept */
	bool has_kept;		/* and is there */
	struct strvec repositories;	/* that it is for, where several may
					 * share it */
};

#define HOOK_SCRIPT_INIT { NULL, HOOK_SCRIPT_NONE, STRBUF_INIT, STRBUF_INIT, \
			   false, STRVEC_INIT }
void hook_script_release(struct hook_script *s);

/** Takes away what writers of scripts have left that were killed. */
void hook_script_sweep(const struct git_hooks *g);

/** What is there. ERR_FAILED: it cannot be read. */
int hook_script_look(struct hook_script *s, const struct git_hooks *g,
		     const struct hook_event *event, struct strbuf *err);

/** Puts ours there, after hook_script_look(). At no moment neither hook is
 *  there. Does nothing when it is there already. ERR_CONFLICT: a kept one of
 *  another time is in the way, or ours was edited. */
int hook_script_install(struct hook_script *s, const struct git_hooks *g,
			struct strbuf *err);

/** Takes it away for this repository, and puts back what was kept: the same
 *  file. Ours stays where other repositories use it. force: also when it was
 *  edited, else ERR_CONFLICT. */
int hook_script_remove(struct hook_script *s, const struct git_hooks *g,
		       bool force, struct strbuf *err);

/** Whether the kept one asks by what name it was started, which is another one
 *  now. */
bool hook_script_kept_asks_name(const struct hook_script *s);

/** The script's whole text. repositories: NULL: it is of one alone. */
void hook_script_text(struct strbuf *out, const struct hook_event *event,
		      const struct strvec *repositories);

/** Whether the text is that of a script of ours; of which repositories. */
bool hook_script_parse(const char *text, size_t len,
		       struct strvec *repositories);

#endif
