/*
 * Which run a program is in, wherever it has gone since, for what it says
 * about itself (inform, meter, attach, checkpoint, tid); or the one that
 * `--exp` names. An experiment of a project, or the directory of a trial.
 */
#ifndef LIB_EXP_RECORDING_RUN_PLACE_H
#define LIB_EXP_RECORDING_RUN_PLACE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/record/live.h"
#include "lib/exp/conf/project.h"

struct run_place {
	struct project *project;	/* around it; NULL: a trial in none */
	char *name;			/* of the experiment; NULL: a trial */
	struct strbuf dir;		/* of it, absolute */
	struct project own;		/* private: what `project` points to */
};

#define RUN_PLACE_INIT { NULL, NULL, STRBUF_INIT, PROJECT_INIT }

/** RESUTIL_EX_DIR when it can be one, lent; or NULL: this is not a run. */
const char *run_place_env(void);

/**
 * exp: an EXP of the project around the working directory, or the path of a
 * trial's directory; NULL: what RESUTIL_EX_DIR names. The settings of the
 * project around it are loaded.
 * Errors: ERR_NO (outside of a run), ERR_NOT_FOUND (none of that name, or its
 * directory is gone), ERR_USAGE (ambiguous); those of project_open().
 */
int run_place_find(struct run_place *place, const char *exp,
		   struct strbuf *err);
void run_place_release(struct run_place *place);

/** The record as record_read() gives it. */
int run_place_read(const struct run_place *place, struct value **record,
		   struct strbuf *err);

/**
 * Lays `changes` over the record. After a power failure the old or the new one
 * is there; whoever says something often shall not wait for more. NULL: the
 * revision is raised, nothing else, and for good.
 */
int run_place_update(const struct run_place *place,
		     const struct value *changes, struct strbuf *err);

/** The writer's lock of the run; live_unlock_writer() gives it back. */
int run_place_lock(const struct run_place *place, struct live **lock,
		   struct strbuf *err);

/**
 * The same for a run that goes on here, as RESUTIL_EX_DIR and RESUTIL_ID tell
 * it, and without opening a project or reading a record. Returns the directory,
 * lent; NULL (and no lock): ask run_place_find().
 */
const char *run_place_lock_live(struct live **lock);

/** Before something is added to it: raises the revision of a run that has
 *  ended, so that what comes is seen to have grown. */
int run_place_before_adding(const struct run_place *place, struct strbuf *err);

#endif
