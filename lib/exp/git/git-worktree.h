/*
 * A recorded code state as files: a work tree of its own, linked to the
 * repository as `git worktree` does it, with what was uncommitted then. The
 * user's work tree, index, HEAD, refs, stash and config stay as they are.
 * Source: resutilformat-code(5), "REBUILDING THE WORK TREE".
 */
#ifndef LIB_EXP_GIT_GIT_WORKTREE_H
#define LIB_EXP_GIT_GIT_WORKTREE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

struct git_worktree;

/**
 * Makes the new directory `path` (absolute; the one above is there, and no
 * other work tree of the repository has its last component as a name) the code
 * state of `record`, whose files are in `exp_dir`. repository: a directory
 * inside of it.
 * Submodules come from those that are checked out in the repository's own work
 * tree. Nothing is fetched for that; but filters that the user has set up (Git
 * LFS) and partial clones may ask their servers.
 * missing: gets a sentence for each thing that could not be restored.
 * Errors: as git_scratch_tree(). Then, and when a signal ends the process,
 * nothing of it stays.
 */
int git_worktree_make(struct git_worktree **out, const char *path,
		      const char *repository, const struct value *record,
		      const char *exp_dir, struct strvec *missing,
		      struct strbuf *err);

/** Top of the repository's own work tree, lent; NULL: it has none. */
const char *git_worktree_origin(const struct git_worktree *w);

/** Removes it; what cannot be removed is an error that says what is left. */
int git_worktree_remove(struct git_worktree **w, struct strbuf *err);
/** Lets it stay. NULL is fine. */
void git_worktree_keep(struct git_worktree **w);

/** Removes one that a killed process left, whatever is left of it. Its
 *  directory need not be there. */
int git_worktree_remove_left(const char *path, const char *repository,
			     struct strbuf *err);

/** Work trees of the repository below `dir` (absolute) that it knows and that
 *  are not there: only their names are left. */
int git_worktree_list_gone(struct strvec *paths, const char *repository,
			   const char *dir, struct strbuf *err);

/** The top of the work tree that `dir` lies in; false: it lies in none. */
bool git_top_of(struct strbuf *top, const char *dir);

#endif
