/*
 * Code state: which commit a program ran from, and every change to it.
 * Source: resutilformat-code(5). The only users of the git program are
 * lib/exp/git/git-*.c; nothing is written into .git.
 */
#ifndef LIB_EXP_GIT_GIT_STATE_H
#define LIB_EXP_GIT_GIT_STATE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

struct git_state;

/** The last tree, for who asks for it again and again. Lent by the caller, who
 *  releases it. */
struct git_tree_memo {
	struct strbuf key;	/* what it was made from; empty: no tree */
	struct strbuf tree;
};

#define GIT_TREE_MEMO_INIT { STRBUF_INIT, STRBUF_INIT }

void git_tree_memo_release(struct git_tree_memo *memo);

struct git_state_options {
	const struct project *project;	/* NULL: nothing is excluded */
	const char *dir;		/* where to look; NULL: project root */
	uint64_t max_file;		/* bytes; code.max-file, 10 MiB */
	uint64_t max_run;		/* bytes; code.max-run, 100 MiB */
	bool treeish;			/* also write a tree (slow) */
	struct git_tree_memo *tree_memo; /* NULL: make it each time */
	const struct strvec *lent;	/* absolute paths that are no part of
					 * the code; NULL: none */
};

/** Defaults from the settings. ERR_CONTENT: a bad setting. */
int git_state_options_init(struct git_state_options *opts,
			   const struct project *p, struct strbuf *err);

/** Starts the git processes and returns at once. No repository: no process.
 *  Never fails for an odd repository. `opts` must live until finish/cancel. */
int git_state_start(struct git_state **out,
		    const struct git_state_options *opts, struct strbuf *err);

struct git_change {
	char *path;		/* from the repository's top */
	uint64_t size;
	bool untracked;
	bool deleted;
	const char *left_out;	/* NULL: captured; else the reason: "too
				 * large", "run limit", "secret", "submodule",
				 * "nested repository", "unreadable", "changed
				 * while read", "special file" */
};

/** Waits for the answers: what there is to capture, sorted by path. Lent. */
int git_state_changes(struct git_state *state, const struct git_change **list,
		      size_t *nr, struct strbuf *err);

/**
 * Copies the changed files to `dir`/uncommited_files/ and the patch to
 * `dir`/uncommited.patch (neither is made when there is nothing), and gives
 * the record's `git` map: commit_hash (null: none), branch, describe, remote,
 * treeish, uncommited_files, untracked_files, patch, left_out, left_out_more,
 * error; outside a repository commit_hash null and no uncommited_files.
 * dir NULL: copies nothing. `nr_files` counts what was written. Once only.
 * Errors: ERR_FAILED when something cannot be written to `dir`.
 */
int git_state_capture(struct git_state *state, const char *dir,
		      struct value **git, size_t *nr_files,
		      struct strbuf *err);

/** Also kills what still runs. NULL is fine. */
void git_state_free(struct git_state *state);

/** Paths below `dir` (absolute) that git tracks, relative to it, sorted; empty
 *  outside a repository. For --collect. */
int git_tracked_files(struct strvec *out, const char *dir, struct strbuf *err);

#endif
