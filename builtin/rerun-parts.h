/*
 * What the parts of `rerun` share: one run that is done again.
 */
#ifndef BUILTIN_RERUN_PARTS_H
#define BUILTIN_RERUN_PARTS_H

#include "lib/base/compat.h"
#include "builtin/run-parts.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/tempfile.h"
#include "lib/base/value.h"
#include "lib/exp/git/git-worktree.h"

struct rerun {
	/* Options. */
	const char *comment;
	int in_place, as_me, keep, verify, script, dry_run, push, json;
	const char *rtol, *atol, *compare;
	struct strvec lend, globs, ignore, ignore_lines;
	struct strbuf chosen;	/* the comment without one */
	const char **cmd;	/* behind `--`; NULL: the recorded command */

	/* The run that is done again. */
	struct strbuf name, dir;
	struct value *record;
	struct strvec words;	/* of the command, not yet mapped */
	struct strvec deps;	/* names here of what it needs */
	struct strvec renamed;	/* pairs: as recorded, as it is called now */
	struct strvec missing;	/* sentences: what is not as it was */

	/* Where. Absolute; "" is none. */
	struct strbuf origin;	/* top of the project's work tree */
	struct strbuf prefix;	/* of the project in it, "sub" */
	struct strbuf old_top;	/* top of the work tree of that run */
	struct strbuf old_results;	/* its results directory, where that
					 * lay elsewhere */
	struct strbuf tree;	/* top of the new one */
	struct strbuf cwd;	/* where the command is run */
	struct tempfile *place;	/* what holds the new one */
	struct git_worktree *worktree;
	struct strvec lent;	/* in the new one, and no code */
};

#define RERUN_INIT {							\
	.push = -1, .lend = STRVEC_INIT, .globs = STRVEC_INIT,		\
	.ignore = STRVEC_INIT, .ignore_lines = STRVEC_INIT,		\
	.name = STRBUF_INIT, .dir = STRBUF_INIT, .words = STRVEC_INIT,	\
	.deps = STRVEC_INIT, .renamed = STRVEC_INIT,			\
	.missing = STRVEC_INIT, .origin = STRBUF_INIT,			\
	.prefix = STRBUF_INIT, .old_top = STRBUF_INIT,			\
	.old_results = STRBUF_INIT, .tree = STRBUF_INIT,		\
	.cwd = STRBUF_INIT, .chosen = STRBUF_INIT,			\
	.lent = STRVEC_INIT						\
}

/* rerun-look.c: nothing is made yet. */

/** The record of what EXP names, pulled when it is not here. */
int rerun_find(struct rerun *r, const char *exp, struct strbuf *err);
/** Whether its command may be run, as whom it ran; and its words. */
int rerun_check_command(struct rerun *r, struct strbuf *err);
/** What it needs is here, as it was: pulled, or an error that names it. */
int rerun_check_inputs(struct rerun *r, struct strbuf *err);

/* rerun-place.c */

/** Where the project and that run were. ERR_NOT_FOUND: it cannot be told where
 *  to run it. */
int rerun_find_places(struct rerun *r, struct strbuf *err);
/** The work tree, with what is lent to it; with --in-place none. */
int rerun_make_place(struct rerun *r, struct strbuf *err);
/** Takes it away again, or says where it stays. */
void rerun_leave_place(struct rerun *r);
/** A word of the command with what is elsewhere now. tree: the top in the
 *  place of the old one; results: likewise. */
void rerun_map_word(const struct rerun *r, const char *word, const char *tree,
		    const char *results, struct strbuf *out);
/** Looks for words that name what is not in the work tree. */
void rerun_doubt_words(struct rerun *r);

/* rerun-script.c */

int rerun_print_script(struct rerun *r, struct strbuf *err);

/* rerun-verify.c */

/** Compares what the run `dir` left, whose record is its; prints the verdict.
 *  Returns 0, EXIT_NO or a status of ours. */
int rerun_verify(const struct rerun *r, const char *name, const char *dir);
/** The options are as they must be. */
int rerun_check_verify(const struct rerun *r, struct strbuf *err);

#endif
