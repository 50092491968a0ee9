/*
 * What the files of a run look like to stat(2): its record, its directory and
 * its metrics. As long as that is the same, a row that was made of them is.
 * Source: resutilformat-index(5), "SIGNATURE".
 */
#ifndef LIB_EXP_RUNS_RUN_LOOK_H
#define LIB_EXP_RUNS_RUN_LOOK_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/fingerprint.h"
#include "lib/base/strbuf.h"
#include "lib/exp/runs/index-block.h"

struct run_look {
	struct fingerprint sum;
	struct timespec newest;		/* of all times */
	unsigned flags;			/* INDEX_VOTAKVOT, INDEX_NO_RECORD */
	struct strbuf files;		/* of metrics, each with its NUL */
	unsigned nr_files;
	struct strbuf text;		/* of the record */
	bool has_text;			/* false: read it by record.h, also to
					 * learn why it cannot be */
};

#define RUN_LOOK_INIT { .sum = FINGERPRINT_INIT, .files = STRBUF_INIT,        \
			.text = STRBUF_INIT }

/** All that there is, before any of it is read; and the record, when that is a
 *  plain file of no uncommon size, by the same calls. at: an open directory, or
 *  AT_FDCWD; `dir` lies in it. False: it is no directory, or cannot be read;
 *  errno. Empty it first. */
bool run_look(struct run_look *out, int at, const char *dir);
void run_look_reset(struct run_look *look);
void run_look_release(struct run_look *look);

/** Its signature, for a row with these flags (those of `look` and
 *  INDEX_LOCAL_TIME). sign: INDEX_SIGN_LEN bytes. */
void run_look_sign(const struct run_look *look, unsigned flags,
		   unsigned char *sign);

/** Whether all of it is old enough that it cannot change any more and look the
 *  same. opened: a moment before run_look(). */
bool run_look_is_settled(const struct run_look *look,
			 const struct moment *opened);

enum run_change { RUN_SAME, RUN_CHANGED, RUN_GONE };

/** The same files as those of an entry, by as few calls as can be. */
enum run_change run_look_again(const struct index_entry *entry, int at);

#endif
