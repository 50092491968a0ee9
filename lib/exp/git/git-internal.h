/*
 * Shared by the files behind git-state.h and by nobody else.
 *
 *	git-find.c	the repository above a directory; how git is called
 *	git-state.c	the questions, asked all at once
 *	git-raw.c	reading the list of changes and the patch
 *	git-patch.c	keeping the patch, in memory or on disk
 *	git-changes.c	what is captured and what is left out
 *	git-secret.c	what must never be captured
 *	git-capture.c	copying, and the record's map
 *	git-hashes.c	hashes of what is left out, remembered
 *	git-tree.c	the tree that the work tree would be
 *	git-files.c	what git tracks
 *	git-restore.c	a place for objects of ours; comparing trees
 *	git-rebuild.c	a recorded state as a tree
 *	git-worktree.c	a recorded state as files
 *	git-worktree-copy.c	the recorded copies into them
 */
#ifndef LIB_EXP_GIT_GIT_INTERNAL_H
#define LIB_EXP_GIT_GIT_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/git/git-raw.h"
#include "lib/exp/git/git-state.h"

/* Answers that are one line or a few; more is not what was asked for. */
#define GIT_MAX_ANSWER (16u << 20)
/* Names of untracked files. */
#define GIT_MAX_LIST (512u << 20)

/* What a record can hold, whatever the limits in bytes are. */
#define GIT_MAX_CAPTURED 100000		/* files */
#define GIT_MAX_LEFT_OUT 10000		/* named one by one */

/* Reasons, so that they can be compared by address. */
extern const char left_out_large[];	/* "too large" */
extern const char left_out_run[];	/* "run limit" */
extern const char left_out_secret[];	/* "secret" */
extern const char left_out_submodule[];	/* "submodule" */
extern const char left_out_nested[];	/* "nested repository" */
extern const char left_out_unreadable[]; /* "unreadable" */
extern const char left_out_changed[];	/* "changed while read" */
extern const char left_out_special[];	/* "special file" */
extern const char left_out_private[];	/* never named: not listed at all */

/* git-find.c */

/** The directory, at or above absolute `dir`, that git would find a
 *  repository in (GIT_CEILING_DIRECTORIES is obeyed); false: none. */
bool git_find_top(struct strbuf *top, const char *dir);

/** Whether `top`, which git takes for no repository, was one: an empty .git
 *  is nothing, one with a HEAD was meant. */
bool git_is_broken(const char *top);

/** `git` with the options that keep it from writing, running hooks, asking
 *  the network or following anybody's settings, working in `dir`. git_dir
 *  NULL: as git finds it from there. */
void git_child(struct child_process *child, const char *dir,
	       const char *git_dir);

/* git-patch.c: bytes that may be cut at their end. */

#define GIT_PATCH_IN_MEMORY (4u << 20)

struct git_patch {
	struct strbuf text;	/* the end of it, at most that long */
	int fd;			/* what comes before; -1: nothing */
	uint64_t len;		/* of both */
};

int git_patch_add(struct git_patch *patch, const char *text, size_t len,
		  struct strbuf *err);
int git_patch_cut(struct git_patch *patch, uint64_t len, struct strbuf *err);
/** Writes all of it to `path`, a new file. */
int git_patch_write(const struct git_patch *patch, const char *path,
		    struct strbuf *err);
void git_patch_clear(struct git_patch *patch);

/* git-state.c */

enum git_question {
	ASK_DIFF,	/* what changed, and the patch */
	ASK_UNTRACKED,
	ASK_HEAD,	/* where the repository is, commit, branch */
	ASK_DESCRIBE,
	ASK_CONFIG,	/* remotes */
	ASK_NR
};

struct git_ask {
	struct child_process child;
	bool running;
	int fd;			/* its output; -1: not asked, or at its end */
	int status;		/* of the process; -1: not run */
	struct strbuf text;	/* what it said (not of ASK_DIFF) */
	size_t max;		/* bytes of it */
	int failed;		/* reading it: a negative code */
};

struct git_item {
	struct git_change change;
	char *subproject;	/* of a submodule: the commit it is at */
};

struct git_state {
	const struct git_state_options *opts;
	char *top;		/* absolute, real; NULL: no repository */
	char *git_dir;		/* NULL: found from there */
	int top_fd;
	struct strbuf seen_dir;	/* looked at last: has it a trial's record? */
	bool seen_trial;
	struct strvec private_dirs;	/* from the top; never captured */
	struct strvec private_files;	/* likewise, but named */
	struct strvec secret_files;	/* patterns: secrets.files */
	struct strvec allowed_files;	/* secrets.allow-files */
	struct git_ask ask[ASK_NR];
	int err_fd;		/* what the processes complain of */
	struct strbuf complaint;
	struct git_raw raw;
	struct git_patch patch;
	/* the part of the patch that is being read */
	struct git_raw_entry *part;
	uint64_t part_start;
	bool part_dropped;	/* too large, or with a secret in it */
	bool part_allowed;	/* is not looked through for secrets */
	struct strbuf part_held;	/* the end of it, when within a line */
	bool patch_too_large;	/* more than a run may hold */
	uint64_t patch_size;	/* that it would have had, as far as read */
	bool again;		/* git must not read some of these files */
	bool asked_again;
	bool list_failed, patch_failed;
	/* answers */
	bool gathered;
	bool bare;
	const char *against;	/* HEAD, or the empty tree */
	const char *format;	/* sha1, sha256 */
	char *commit;		/* NULL: none yet */
	char *ref;		/* "refs/heads/main"; NULL: detached */
	char *describe;
	char *remote;
	struct strbuf error;	/* for the record */
	struct git_item *item;	/* what was found, in no order */
	size_t nr, alloc;
	struct git_change *list; /* what git_state_changes() lends */
	bool changed;		/* something tracked differs */
};

/** Waits for all answers; a second call does nothing. */
void git_gather(struct git_state *state);

/** Notes what went wrong for the record's `error`, the first only. */
void git_note_error(struct git_state *state, const char *text);

/* git-answer.c: what the short answers mean. */

/** The answer of ASK_HEAD; false: git sees another top (then `top` is set). */
bool git_answer_head(struct git_state *state, struct strbuf *top);
/** The remote that the branch follows, else origin, else the first. */
void git_answer_remote(struct git_state *state);
/** A URL without what must not be recorded. */
void git_redact_url(struct strbuf *out, const char *url);

/* git-changes.c */

/** Works out what to do with each entry; the `listed` of git_raw. ERR_NO:
 *  git must be stopped before it reads what is there. */
int git_changes_listed(struct git_raw *raw, void *data);
/** Adds what git_raw found; `left_out`: only what is left out. */
void git_changes_add_tracked(struct git_state *state, bool left_out);
/** Adds an untracked path, as `git ls-files -o` gave it. */
void git_changes_add_untracked(struct git_state *state, const char *path);
/** Forgets all, and the top that paths are read from. */
void git_changes_clear(struct git_state *state);
/** Sorts, and spends what a run may hold. */
void git_changes_finish(struct git_state *state);

/* git-secret.c */

/** By its name alone: `.env`, `id_rsa` ... */
bool git_secret_name(const char *path);
/** Bytes that hold a token or a private key. */
bool git_secret_text(const char *text, size_t len);
/** The same of an open regular file, all of it; -1 with errno. */
int git_secret_file(int fd);

/** Takes the patterns of `secrets.files` and `secrets.allow-files`. */
void git_secret_rules(struct git_state *state);
/** Whatever the file looks like, it is none. */
bool git_secret_is_allowed(const struct git_state *state, const char *path);
/** By its path: the name, the patterns, a token in it. */
bool git_secret_path(const struct git_state *state, const char *path);
/** Bytes of the part of the patch that is being read, in any pieces. */
bool git_secret_part(struct git_state *state, const char *text, size_t len);

/* git-hashes.c */

struct git_hashes;

/** Never fails: without a cache everything is hashed. */
struct git_hashes *git_hashes_open(const struct project *project);
/** The hash of a regular file as hex; remembered. */
int git_hashes_get(struct git_hashes *hashes, int dirfd, const char *path,
		   struct strbuf *hex, struct strbuf *err);
/** Writes what is new (never fails) and frees. */
void git_hashes_close(struct git_hashes *hashes);

/* git-tree.c */

/** The id of the tree: the commit with the captured changes put in. */
int git_treeish(const struct git_state *state, struct strbuf *hex,
		struct strbuf *err);

/** The same, once the state is gathered, with its objects in the directory
 *  `scratch`/objects, which is there. */
int git_write_tree(const struct git_state *state, const char *scratch,
		   struct strbuf *hex, struct strbuf *err);

/* git-restore.c */

struct tempfile;

struct git_scratch {
	struct tempfile *dir;	/* holds objects/ and an index */
	char *top;		/* a directory that git finds it from */
	char *git_dir;
	char *lent;		/* the repository's objects, as a variable of
				 * the environment names them */
	const char *format;	/* sha1, sha256 */
};

enum git_scratch_flags {
	GIT_SCRATCH_OWN = 1 << 0,	/* what is written goes to ours */
	GIT_SCRATCH_LENT = 1 << 1	/* those of the repository can be read,
					 * too: not for what writes, for git
					 * would set their times again */
};

/** `git`, with our index; the words of its command follow. */
void git_scratch_child(struct child_process *child,
		       const struct git_scratch *s, unsigned flags);

/** Runs it to its end; `in` may be NULL. What git complains of follows `what`
 *  in the message, whose code is `code`. */
int git_run_child(struct child_process *child, const struct strbuf *in,
		  struct strbuf *out, const char *what, int code,
		  struct strbuf *err);

/** "the commit X is not in this repository", and how to get it: with what
 *  `git` of a record says. Returns ERR_NOT_FOUND. */
int git_say_how_to_get(const struct value *git, struct strbuf *err);

/** Only hexadecimal digits, as many as ids have. */
bool git_is_id(const char *text);

/* git-worktree-copy.c */

/** Puts the copies in `exp_dir` that the map names over the work tree `top`,
 *  and takes away what was removed without being kept. */
int git_worktree_copy(const char *top, const struct value *git,
		      const char *exp_dir, struct strbuf *err);

#endif
