/*
 * Recorded code states, made again as trees of git, without touching the
 * repository's index, work tree, refs or objects. (As files: git-worktree.h.)
 * Source: resutilformat-code(5).
 */
#ifndef LIB_EXP_GIT_GIT_RESTORE_H
#define LIB_EXP_GIT_GIT_RESTORE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

/** A place for objects of ours beside those of a repository; removed with all
 *  that is in it. For one thread. */
struct git_scratch;

/** repository: a directory inside of it. ERR_NOT_FOUND: it is in none. */
int git_scratch_open(struct git_scratch **out, const char *repository,
		     struct strbuf *err);
void git_scratch_close(struct git_scratch *s);	/* NULL is fine */

/**
 * The tree of the code state of a run: its commit, with what
 * `uncommited_files/` and `uncommited.patch` in `dir` say. dir NULL: the commit
 * alone. `missing` (NULL: not wanted) gets a sentence for each thing that could
 * not be restored (left out because of its size, a dirty submodule, a file that
 * is gone).
 * tree: the object's id is added.
 * Errors: ERR_NOT_FOUND: the run was recorded outside of a repository, or its
 * commit is not in this one (says how to get it, with the record's remote);
 * ERR_CONTENT: patch or files do not fit.
 */
int git_scratch_tree(struct git_scratch *s, const struct value *record,
		     const char *dir, struct strbuf *tree,
		     struct strvec *missing, struct strbuf *err);

/** The same for what is in the work tree of `p` now, without what is never
 *  captured. `p` need not lie in the repository of `s`. */
int git_scratch_work_tree(struct git_scratch *s, const struct project *p,
			  struct strbuf *tree, struct strbuf *err);

/**
 * What `git diff` says between two such trees, added to `out`; options: more
 * words for it ("--stat", "-z", paths behind "--"), NULL-ended, may be NULL.
 * Nobody's external diff programs run, renames are looked for only on request,
 * paths are quoted only where they must be.
 * Errors: ERR_CONTENT when it is more than `max` bytes (a part may be in
 * `out`).
 */
int git_scratch_diff(struct git_scratch *s, const char *tree_a,
		     const char *tree_b, const char *const *options,
		     size_t max, struct strbuf *out, struct strbuf *err);

/** Whether the record has a code state: a commit, or changes without one. */
bool git_record_has_code(const struct value *record);

#endif
