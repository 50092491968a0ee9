/*
 * What fsck and gc find: one broken rule, one thing that may be lost, or one
 * thing that a crash left. Each kind has an id that scripts may rely on.
 * Source: resutil-fsck(1), "FINDINGS".
 */
#ifndef LIB_EXP_CHECK_FINDING_H
#define LIB_EXP_CHECK_FINDING_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

enum finding_level {
	FINDING_ERROR,		/* a rule of durability.adoc is broken */
	FINDING_WARNING,	/* something is lost, or may be */
	FINDING_NOTE,		/* nothing is wrong, and yet it is told */
	FINDING_LEFTOVER,	/* of a crash: harmless, gc removes it */
	FINDING_LEVEL_NR
};

enum finding_state {
	FINDING_OPEN,		/* it is there */
	FINDING_WOULD,		/* -n: it would be mended or removed */
	FINDING_MENDED,
	FINDING_REMOVED,
	FINDING_STATE_NR
};

/* All strings are lent. */
struct finding {
	enum finding_level level;
	enum finding_state state;
	const char *id;		/* "record-missing" */
	const char *where;	/* a path, from the project's root when it lies
				 * below it; in a store the object's key */
	const char *name;	/* of the experiment; NULL: none */
	uint64_t bytes;		/* on the disk, of a leftover; else 0 */
	const char *text;	/* a sentence: what is wrong, the way out */
};

/** Returns 0 to go on; anything else ends the check with that value. */
typedef int (*finding_fn)(const struct finding *f, void *data);

enum check_flags {
	CHECK_REPAIR = 1 << 0,	/* mend what needs no guess */
	CHECK_PRUNE = 1 << 1,	/* remove leftovers that nobody holds */
	CHECK_DRY_RUN = 1 << 2,	/* of these two: say what would be done */
	CHECK_READ_DATA = 1 << 3	/* read all content, not only heads */
};

struct check_options {
	unsigned flags;
	unsigned older_than;	/* seconds: younger leftovers stay */
	unsigned keep;		/* leftovers that stay: finding_keep_add() */
	unsigned jobs;		/* threads; 0: as many as make sense */
	/* Whether a store has an experiment of that name, as far as it is
	 * known here without asking one; NULL: nothing is known. */
	bool (*is_in_store)(const char *name, void *data);
	void *store_data;	/* for that */
};

/** Adds leftovers of that id to those that stay. Errors: ERR_USAGE: there are
 *  none of that id; err lists those that there are. */
int finding_keep_add(unsigned *keep, const char *id, struct strbuf *err);
/** Whether leftovers of that id stay. */
bool finding_is_kept(const struct check_options *o, const char *id);

/** "error", "warning", "note", "leftover". */
const char *finding_level_name(enum finding_level level);

/** An error or a warning that is still there: what fsck exits 1 for. */
bool finding_is_bad(const struct finding *f);

/**
 * One record: LEVEL TAB ID TAB STATE TAB WHERE TAB NAME TAB BYTES TAB TEXT,
 * ended by LF, where WHERE and NAME are C-quoted if they must be, and NAME is
 * "-" when there is none; with `z` ended by NUL and not quoted; with `json` one
 * object with the keys level, id, state, where, name, bytes, text and LF.
 */
void finding_print(struct strbuf *out, const struct finding *f, bool z,
		   bool json);

/** That object, to add more to; the caller frees. */
struct value *finding_value(const struct finding *f);

/** Reads such a line (of the first form, without its end) into `f`, whose
 *  strings then point into `line`, which is changed. False: it is none. */
bool finding_parse(struct finding *f, char *line);

#endif
