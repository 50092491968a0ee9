/*
 * What comes before and after a run, whether `run`, `rerun` or `bench` records
 * it: the commands of `hooks:`, and the note of the commit.
 * Source: resutilformat-conf(5), "HOOKS"; resutil-run(1), "NOTES".
 */
#ifndef BUILTIN_AROUND_RUN_H
#define BUILTIN_AROUND_RUN_H

#include "lib/base/compat.h"
#include "builtin/run-deps.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/git/git-state.h"
#include "lib/exp/git/own-hooks.h"
#include "lib/exp/recording/recording.h"

/** What is known of a run that is not there yet; all lent. */
struct run_preview {
	const char **argv;
	const char *cwd;
	const char *comment, *tid;	/* may be NULL */
	const struct value *params;	/* NULL: those of argv */
	const struct value *more;	/* keys besides; or NULL */
	struct run_deps *deps;
	const struct git_state_options *git_options;
};

/** Its record, as far as it can be told, for pre-run; a line of JSON. */
int run_preview_add(struct strbuf *in, const struct run_preview *p,
		    struct strbuf *err);

/**
 * pre-run, before anything is claimed: with `in`. What they change in the code
 * is recorded, for it is looked at again when they have ended. Any failure:
 * nothing is run.
 */
int run_call_pre(const struct own_hooks *h, const struct strbuf *in,
		 struct strbuf *err);

/** The note of the commit, when the setting `notes` asks for it. code_dir:
 *  where the repository is; NULL: around the project. A failure is told. */
void run_note_commit(const struct recording *rec, const char *code_dir);

/** post-run, when the end is recorded: what they add is pushed. Failures are
 *  told. */
void run_post_hooks(const struct recording *rec);

#endif
