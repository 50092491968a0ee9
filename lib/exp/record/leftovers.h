/*
 * What a crash left, told from what is being made, and removed exactly.
 * Source: resutil-gc(1), "WHAT IS REMOVED".
 */
#ifndef LIB_EXP_RECORD_LEFTOVERS_H
#define LIB_EXP_RECORD_LEFTOVERS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys-hold.h"

enum hidden_kind {
	HIDDEN_NONE,	/* not ours: the user's */
	HIDDEN_TMP,	/* .NAME.PID.tmp, .NAME.PID.N.tmp: was being made */
	HIDDEN_RM,	/* .NAME.PID.rm: was being removed */
	HIDDEN_OLD	/* .NAME.PID.old: was put aside to be replaced */
};

/** What an entry of results_dir is by its name. NAME is a valid name or
 *  NAME_DEBUG, and is added to `name`. */
enum hidden_kind hidden_parse(const char *entry, struct strbuf *name,
			      pid_t *pid);

/** BASE.PID.N.tmp, as tempfile_create() calls what is beside BASE. base: NULL:
 *  any. */
bool temp_name_parse(const char *entry, const char *base, pid_t *pid);

struct leftover {
	int fd;			/* of it; held by us while it is open; or -1 */
	enum hold_state hold;
	uint64_t bytes;		/* on the disk, with all below it */
	int64_t age;		/* seconds since anything of it changed */
};

/**
 * Looks at `path`. Returns true when nobody is at work on it: then
 * leftover_release() is due. False also when it is gone, or of another type
 * (`dir`: a directory, else a regular file), or a link.
 */
bool leftover_look(struct leftover *l, const char *path, pid_t pid, bool dir);
void leftover_release(struct leftover *l);

/** Removes BASE.PID.N.tmp from `dir`, what a writer that was killed has left
 *  there; for directories that gc does not know. */
void leftover_sweep(const char *dir, const char *base);

#endif
