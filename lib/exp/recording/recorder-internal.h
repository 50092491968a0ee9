/*
 * Shared by the files behind recorder.h and by nobody else.
 *
 *	recorder.c		requests in, answers out; hello
 *	recorder-begin.c	begin of an experiment
 *	recorder-trial.c	begin of a trial
 *	recorder-runs.c		join, adopt, update, finish, drop; lost runs
 *	recorder-place.c	what was moved or removed meanwhile
 *	recorder-about.c	what is asked once for many runs: the project,
 *				the machine
 *	recorder-git.c		where the code stands, for trials
 */
#ifndef LIB_EXP_RECORDING_RECORDER_INTERNAL_H
#define LIB_EXP_RECORDING_RECORDER_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/recording/meta-run.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/recording/recorder.h"
#include "lib/exp/recording/recording.h"
#include "lib/exp/record/trial-roots.h"
#include "lib/exp/record/trial.h"

struct recorded {
	int64_t nr;
	bool is_trial;
	bool joined;		/* its recorder is another process */
	bool fresh;		/* begun here, not resumed or adopted */
	struct project project;	/* of an experiment */
	struct recording rec;	/* of an experiment; dir and live of all */
	struct trial trial;
	struct meta_run *meta;	/* of an experiment: what takes longer */
	bool lacks_late;	/* a trial that began before all was known */
	struct value *late;	/* metadata for the end of the record */
	struct strbuf id;
	struct timespec begun;
	int held;		/* its directory, wherever that is; or -1 */
	struct value *kept;	/* its record, as it was last known here */
};

struct recorder {
	pid_t program;
	int64_t last_nr;
	struct noted_roots roots;	/* of trials */
	struct recorded **run;
	size_t nr, alloc;
	struct about *about;
	struct code *code;
};

/* One request, and what is going to be said. */
struct exchange {
	struct recorder *r;
	const struct value *request;
	struct value *answer;		/* a map; begins with ok */
	struct strvec warnings;
	struct strbuf err;
};

/* recorder.c: members of a request. ERR_USAGE names the member. */

/** NULL: it is not there (or null). */
int get_text(struct exchange *x, const char *key, bool needed,
	     const char **out);
int get_map(struct exchange *x, const char *key, const struct value **out);
int get_bool(struct exchange *x, const char *key, bool *out);
/** The list of words, lent; NULL-terminated. */
int get_words(struct exchange *x, const char *key, struct strvec *out,
	      bool *given);
/** `cwd`, absolute, or the working directory. */
int get_cwd(struct exchange *x, struct strbuf *out);

/** A sentence for `warnings`. */
void warn(struct exchange *x, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* recorder-runs.c */

struct recorded *recorded_new(void);
void recorded_free(struct recorded *run);
/** Gives it its number and keeps it. */
void recorded_keep(struct recorder *r, struct recorded *run);
/** The directory of it. */
const char *recorded_dir(const struct recorded *run);
/** The project for record_update_at(): NULL for a trial. */
const struct project *recorded_project(const struct recorded *run);

int answer_join(struct exchange *x);
int answer_adopt(struct exchange *x);
int answer_update(struct exchange *x);
int answer_finish(struct exchange *x);
int answer_drop(struct exchange *x);
int recorded_lose(struct recorder *r, struct recorded *run,
		  struct strbuf *err);

/* recorder-place.c */

/** Keeps hold of its directory, which is there. */
void recorded_hold(struct recorded *run);
/** Follows it when it was moved; at the end of a run, puts the record back when
 *  it was removed. What was done is a warning (x NULL: to nobody). */
void recorded_find(struct exchange *x, struct recorded *run, bool at_end);

/* recorder-begin.c, recorder-trial.c */

int answer_begin(struct exchange *x);
int begin_trial(struct exchange *x);

/** Lays what the request says of the program over a new record: params,
 *  function, state, executor, the moment of the start. */
int add_request(struct exchange *x, struct value *record,
		const struct moment *created);

/* recorder-about.c */

struct about *about_new(void);
void about_free(struct about *a);

/** Makes the settings of `p` (NULL: of no project) those of this process. */
int about_use(struct recorder *r, const struct project *p, struct strbuf *err);

/** The settings for a trial in `cwd`: those of the project around it. A bad
 *  conf is a warning. */
void about_use_dir(struct exchange *x, const char *cwd);

/** The interpreter that runs the program, as it says itself. */
void about_set_interpreter(struct recorder *r, const char *path);

/** `meta` of an experiment, by `providers` of the request, but for git; what
 *  takes longer is in `run`, not asked yet. */
int about_experiment(struct exchange *x, const struct project *p,
		     const char *cwd, struct meta_run **run,
		     struct value **meta);
void about_add_git(struct exchange *x, struct value *meta,
		   const struct value *git, const char *repo);

/** `meta` of a trial; `git` may be NULL. What does not change is asked once;
 *  what takes longer, beside the first trial. */
int about_trial(struct exchange *x, const struct value *git, const char *repo,
		const char *cwd, struct value **out);
/** Whether a trial that begins now gets all of it at once. */
bool about_is_complete(const struct recorder *r);
/** For the end of one that did not: `meta` of `changes`. Waits a little. */
void about_late(struct recorder *r, struct value *changes);

/** Whether the request wants `provider` or a part of it. */
bool about_wants(struct exchange *x, const char *provider);

/** Whether what was found out at that moment (monotonic) may still hold. */
bool is_fresh(const struct timespec *since);

/* recorder-git.c */

struct code *code_new(void);
void code_free(struct code *c);
/** `git` of a trial in `cwd`, lent; NULL: not wanted. */
int code_git(struct exchange *x, const char *cwd, const struct value **git,
	     const char **repo);

#endif
