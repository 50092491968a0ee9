/*
 * Recording one experiment from its birth to the claim of its name: what `run`
 * and record-runs have in common. The order of writes is that of "A birth" in
 * Documentation/technical/durability.adoc: nothing can be seen before the
 * claim.
 */
#ifndef LIB_EXP_RECORDING_RECORDING_H
#define LIB_EXP_RECORDING_RECORDING_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/birth.h"
#include "lib/exp/git/git-state.h"
#include "lib/exp/record/live.h"
#include "lib/exp/conf/project.h"

struct recording {
	/* Given; lent. */
	const struct project *project;
	const char *comment;		/* NULL: none; nor with debug */
	int debug;	/* true: the directory _debug, used again */

	struct value *record;
	struct birth *birth;		/* NULL with debug */
	struct live *live;
	struct strbuf name, dir;	/* the name is final after the claim */
	size_t nr_files;		/* put in besides the record */
};

#define RECORDING_INIT { .name = STRBUF_INIT, .dir = STRBUF_INIT }

/** Makes the directory, hidden as yet, and chooses a first name. _debug is
 *  emptied of what another run recorded, and locked: ERR_CONFLICT when
 *  another debug run has it. */
int recording_open(struct recording *r, const struct moment *created,
		   struct strbuf *err);

/** The code state into the directory, and `git` into the record, which the
 *  caller has made. What git could not tell is its key `git.error`. */
int recording_add_code(struct recording *r, struct git_state *state,
		       struct strbuf *err);

/** Takes the lock that says that the recorder lives; before the claim. */
int recording_lock(struct recording *r, struct strbuf *err);

/** The record, without secrets since record_redact_new(), is written, and the
 *  directory gets its name. */
int recording_claim(struct recording *r, struct strbuf *err);

/** What was not claimed is removed. The lock is given back. */
void recording_release(struct recording *r);

#endif
