/*
 * Renaming an experiment here and in a store as one step. What is about to be
 * renamed stands in .resutil/renames/OLD before the first of the two is; who
 * finds such a file that nobody holds finishes the rename, or undoes it where
 * that cannot be.
 * Source: resutilformat-remote(5), "RENAMES".
 */
#ifndef LIB_EXP_RECORD_RENAME_JOURNAL_H
#define LIB_EXP_RECORD_RENAME_JOURNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/project.h"

struct rename_plan {
	const char *from, *to;	/* names */
	bool here;		/* rename the experiment here */
	const char *remote;	/* and in this one, name or URL; NULL: not */
};

/**
 * Notes the plan, renames by the plumbing (in the store first), takes the note
 * away. The caller has looked that `to` is free.
 * Errors: ERR_CONFLICT (`to` was taken meanwhile, or another process renames
 * `from`; all is as it was), ERR_UNREACHABLE, ERR_CREDENTIALS, ERR_FAILED: the
 * note stays when one of the two has its new name, or may have.
 */
int rename_journal_run(const struct project *p,
		       const struct rename_plan *plan, struct strbuf *err);

struct rename_limits {
	unsigned patience;	/* milliseconds for each answer of a store; 0:
				 * no limit */
	const char *url;	/* that was typed: of those that notes have,
				 * only this one is followed. NULL: none */
};

/**
 * Finishes or undoes what was left by a process that died: for every command
 * about experiments, before it looks at any. One stat(2) when there is
 * nothing.
 * said: a line for each rename that was settled. `err`: why some are not.
 * Returns 0 or the code of the first that is not settled: a warning, callers
 * go on.
 */
int rename_journal_recover(const struct project *p,
			   const struct rename_limits *limits,
			   struct strbuf *said, struct strbuf *err);

enum rename_note {
	RENAME_NOTE_GOOD,	/* the next command about experiments ends it */
	RENAME_NOTE_URL,	/* only who types its URL can */
	RENAME_NOTE_NONE	/* it is none */
};
/** What the text of .resutil/renames/NAME says, which is cut. */
enum rename_note rename_journal_judge(struct strbuf *text, const char *name);
#define RENAME_NOTE_MAX_BYTES 8192

/** Whether a rename of this name was begun here and not finished: until it is,
 *  a store may show the run by both names. */
bool rename_journal_has(const struct project *p, const char *from);

#endif
