/*
 * Where git looks for hooks, and what it is at when it runs one. Nothing of
 * git's is changed here.
 * Source: githooks(5), git-config(1) core.hooksPath, gitrepository-layout(5);
 * resutilformat-hook(5).
 */
#ifndef LIB_EXP_GIT_GIT_HOOKS_H
#define LIB_EXP_GIT_GIT_HOOKS_H

#include "lib/base/compat.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

enum git_hooks_kind {
	GIT_HOOKS_OWN,		/* in the repository, of all its work trees */
	GIT_HOOKS_TREE,		/* in the work tree: files that git may track */
	GIT_HOOKS_SHARED	/* elsewhere: other repositories may use it */
};

struct git_hooks {
	struct strbuf top;	/* of the work tree; all paths are absolute */
	struct strbuf git_dir;	/* of this work tree */
	struct strbuf common;	/* what all work trees share */
	struct strbuf hooks;	/* where the hooks are; not of git_event() */
	struct strbuf head;	/* the commit; "": none yet, or not asked */
	enum git_hooks_kind kind;
};

#define GIT_HOOKS_INIT { STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, \
			 STRBUF_INIT, GIT_HOOKS_OWN }
void git_hooks_release(struct git_hooks *g);

/** Of the work tree that `dir` is in. ERR_NOT_FOUND: it is in none, or in a
 *  repository without one; ERR_FAILED. */
int git_hooks_find(struct git_hooks *g, const char *dir, struct strbuf *err);

/** For who was started by a hook: of the repository that git's environment
 *  names, with HEAD. Errors: as above. */
int git_event_find(struct git_hooks *g, struct strbuf *err);

/**
 * What git is in the middle of: "rebase", "cherry-pick", "revert", "merge",
 * "bisect", "am"; NULL: nothing. An event that is the point of such a thing
 * (post-merge; post-rewrite at the end of a rebase) is not in the middle of
 * it. event, args: as git runs the hook.
 */
const char *git_event_within(const struct git_hooks *g, const char *event,
			     const char *const *args);

/** Takes away from the child what git gives to a hook alone: which repository
 *  and index, whose commit, which editor. */
void git_event_clean(struct child_process *child);

#endif
