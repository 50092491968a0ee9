/*
 * What the parts of `run` share: one run from its options to its end.
 */
#ifndef BUILTIN_RUN_PARTS_H
#define BUILTIN_RUN_PARTS_H

#include "lib/base/compat.h"
#include "builtin/run-again.h"
#include "builtin/run-beside.h"
#include "builtin/run-capture.h"
#include "builtin/run-deps.h"
#include "builtin/run-store.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/supervise.h"
#include "lib/exp/recording/collect.h"
#include "lib/exp/git/git-state.h"
#include "lib/exp/recording/meta-run.h"
#include "lib/exp/recording/recording.h"

struct run {
	/* Options. */
	const char *name_file;
	const char *params_file;
	struct run_deps deps;
	struct strvec globs;
	int subst, debug, dry_run, treeish, push;
	enum run_push how;		/* to push at the end */
	struct run_beside beside;
	struct run_capture capture;	/* --capture */
	struct run_again again;		/* --id */

	/* What will run. */
	const char **argv;
	struct strbuf cwd, program;
	struct strbuf asked_comment;
	struct value *file_params;	/* of --params-file, or NULL */
	/* For who runs it elsewhere than in the project; may be NULL. */
	const char *code_dir;		/* a directory of the code's work tree;
					 * lent */
	const struct strvec *lent;	/* paths in it that are no code */
	bool stays;			/* nobody is asked whether it goes */
	struct value *more;		/* keys that the record gets as well */

	/* What is gathered before the claim. */
	struct git_state_options git_options;
	struct git_state *git;
	struct meta_run *meta;
	struct collect *collect;	/* patterns of the command line */
	struct collect *collect_conf;	/* patterns of run.collect */

	/* The experiment. */
	struct recording rec;
	struct supervise sup;
	struct moment started;		/* the program */
	double wall;
	bool incomplete;		/* its end or a file is not recorded */
	bool moved;			/* out of the project, by the program */
	bool ended;			/* the program ran to its end, and the
					 * record says how it was */
};

#define RUN_INIT {							\
	.deps = RUN_DEPS_INIT, .sup = SUPERVISE_INIT,			\
	.globs = STRVEC_INIT, .cwd = STRBUF_INIT,			\
	.program = STRBUF_INIT, .asked_comment = STRBUF_INIT,		\
	.rec = RECORDING_INIT, .again = RUN_AGAIN_INIT,			\
	.beside = RUN_BESIDE_INIT, .capture = RUN_CAPTURE_INIT,		\
	.push = -1							\
}
void run_release(struct run *r);

/** Records a run of r->argv in the working directory, as the options say;
 *  tells of what fails. Returns the exit status. */
int run_from_start_to_end(struct run *r);

/** Whether the program was ended by Ctrl-C: who waits for us has to see it. */
bool run_was_interrupted(const struct run *r);

/** Whether the story is told: to a terminal, so that scripts see the program
 *  alone, or with -v. */
bool run_is_telling(void);
/** A line of it. */
void run_tell(const char *fmt, ...) PRINTF_LIKE(1, 2);

/** The parameters that the record of this run gets. */
struct value *run_params(const struct run *r);

/** Asks what is known at once of machine and program; the rest is asked beside
 *  the program, and stands in the record at its end. */
int run_start_meta(struct run *r, struct value **meta, struct strbuf *err);

/** Looks at what --collect and run.collect name, before the program runs. */
int run_start_collecting(struct run *r, struct strbuf *err);

/**
 * The experiment, with code state and record, under its name; or _debug. From
 * then on the run can be seen: so its lock is held before, and the signals that
 * would end us are held back (supervise_begin()) until the program gets them.
 */
int run_claim(struct run *r, struct strbuf *err);

/** Starts the program and waits for its end. Nothing ran when it fails. */
int run_execute(struct run *r, struct strbuf *err);

/** How it ended. The program may have changed the record meanwhile, so this is
 *  an update, and what cannot be written is told: the old record stays. */
void run_finish(struct run *r);

/** Pushes; then asks whether to delete what failed. */
void run_push_and_ask(struct run *r);

/** The state that the record gets at the end. */
const char *run_end_state(const struct run *r);
void run_tell_end(const struct run *r);
/** The exit status; 0 says that all is well, also with the record. */
int run_status(const struct run *r);

#endif
