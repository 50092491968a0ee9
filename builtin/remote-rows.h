/*
 * What a store holds, as `list-remote --json` tells it: run once, as a child
 * with a time limit, for list, show, rm and comment.
 */
#ifndef BUILTIN_REMOTE_ROWS_H
#define BUILTIN_REMOTE_ROWS_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

struct remote_row {
	char *name;		/* name_is_valid() takes it */
	struct value *fields;	/* of list-remote --json */
};

struct remote_rows {
	struct remote_row *row;	/* by name, in byte order */
	size_t nr, alloc;
	bool has_seen;
	struct moment seen;	/* when the store said so */
};

#define REMOTE_ROWS_INIT { NULL, 0, 0, false, { 0, 0, 0 } }

enum remote_rows_flags {
	REMOTE_ROWS_LONG = 1 << 0,	/* also what the records say */
	REMOTE_ROWS_CACHED = 1 << 1	/* as last seen, nothing is asked */
};

/**
 * remote: a name or URL; NULL: origin.
 * seconds: that the store has to answer; 0: as long as retries take. A child
 * that does not keep to it is killed.
 * Errors: ERR_UNREACHABLE (also when the time is over), ERR_CREDENTIALS,
 * ERR_NOT_FOUND (no such remote; with CACHED: never seen), ERR_CONTENT,
 * ERR_FAILED. `err` gets one sentence. Safe for a thread of its own.
 */
int remote_rows_read(struct remote_rows *out, const char *remote,
		     unsigned flags, unsigned seconds, struct strbuf *err);
void remote_rows_release(struct remote_rows *rows);

/** NULL: it is not there. */
const struct remote_row *remote_rows_find(const struct remote_rows *rows,
					  const char *name);

/**
 * The name of the experiment there that `arg` means: exact name, `@`, `@~N`
 * (by at.created, so with REMOTE_ROWS_LONG), a tag (with it, too), unique
 * prefix, unique whole comment. Errors as of exp_find().
 */
int remote_rows_choose(const struct remote_rows *rows, const char *remote,
		       const char *arg, struct strbuf *name,
		       struct strbuf *err);

/** As much of the record as a row tells, in the record's own shape. */
struct value *remote_row_record(const struct remote_row *row);

/** When the run was made: as exp_load() knows it. */
struct moment remote_row_created(const struct remote_row *row);

/** A run that only a store has may go on wherever it does: nothing that lies
 *  here tells of it. Corrects what exp_row_init() made of its record. */
struct exp_row;
void remote_row_live(struct exp_row *row, const struct moment *now);

/** What a child said last on its stderr, without "resutil: ". */
const char *last_words(struct strbuf *said);

#endif
