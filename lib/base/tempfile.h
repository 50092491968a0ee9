/*
 * Files that are not there until they are whole. A temporary file or directory
 * is registered and removed when the program exits or dies of a signal that
 * can be caught, unless it was renamed or given up before. Safe for threads
 * only when each works on its own.
 */
#ifndef LIB_BASE_TEMPFILE_H
#define LIB_BASE_TEMPFILE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct tempfile;

/** Makes `path` + ".PID.N.tmp" (mode 0666 & ~umask, O_EXCL) beside `path`. */
int tempfile_create(struct tempfile **out, const char *path, mode_t mode,
		    struct strbuf *err);
/** Makes the directory `path` itself (0777 & ~umask) and registers it. */
int tempfile_create_dir(struct tempfile **out, const char *path,
			struct strbuf *err);
/** The same for its owner alone (0700). */
int tempfile_create_private_dir(struct tempfile **out, const char *path,
				struct strbuf *err);
/** Makes an anonymous scratch directory below $TMPDIR. */
int tempfile_scratch_dir(struct tempfile **out, struct strbuf *err);

/**
 * Registers `name` in the open directory `dirfd` (lent, until it is deleted or
 * forgotten), to be removed like the others, whether it is there by then or
 * not: for a name that nobody else can have. No lock is held while the caller
 * makes it, so any number of threads can; who has just made it looks at
 * tempfile_is_dying().
 */
void tempfile_register_at(struct tempfile **out, int dirfd, const char *name);

/** Registers a directory, which is there already, to be removed with all that
 *  is in it like the others. It is not held. */
void tempfile_register_dir(struct tempfile **out, const char *path);

/** A file without a name in `dir` (NULL: $TMPDIR or /tmp), gone with its
 *  descriptor, which the caller closes. */
int tempfile_unnamed(int *fd, const char *dir, struct strbuf *err);

int tempfile_fd(const struct tempfile *t);		/* files only */
const char *tempfile_path(const struct tempfile *t);	/* lent */

enum tempfile_flags {
	TEMPFILE_SYNC = 1 << 0,		/* fsync file before, directory after */
	TEMPFILE_NOREPLACE = 1 << 1,	/* ERR_CONFLICT when `path` exists */
	TEMPFILE_SYNC_FILE = 1 << 2	/* only the file: after a power failure
					 * the old one or the new one */
};
/** Renames to `path`; frees `*t` and sets it to NULL when it succeeds. On
 *  failure the temporary stays registered. */
int tempfile_commit(struct tempfile **t, const char *path, unsigned flags,
		    struct strbuf *err);
/**
 * A temporary directory and the directory `path` change places in one step, as
 * renameat2(RENAME_EXCHANGE) does; what lies at the temporary path then is
 * registered. Not while a signal removes what is registered: it would go on
 * with what has the other name by then. Returns 0, or -1 and errno.
 */
int tempfile_exchange(struct tempfile *t, const char *path);

/** Removes it now; NULL is fine. */
void tempfile_delete(struct tempfile **t);
/** Forgets it without removing. */
void tempfile_forget(struct tempfile **t);

/** Writes `len` bytes to `path`, whole or not at all (temp, rename). */
int write_file_atomic(const char *path, const void *data, size_t len,
		      mode_t mode, unsigned flags, struct strbuf *err);

/** True when a signal has come of which the program dies as soon as everything
 *  is removed: other threads put nothing more into temporary directories. */
bool tempfile_is_dying(void);

/** Removes everything still registered; called at exit and on signals. */
void tempfile_remove_all(void);

/** Installs the handlers for SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGXCPU
 *  and SIGXFSZ that remove and die of the same signal. The dispatcher does it
 *  once; `run` replaces them by its own. */
void tempfile_on_signals(void);

#endif
