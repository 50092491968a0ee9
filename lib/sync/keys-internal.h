/*
 * Shared by the files behind keys.h and by nobody else.
 *
 *	keys.c		the order of things
 *	keys-stream.c	both sides as sorted streams, merged
 *	keys-queue.c	pieces of work, threads, and telling what became of them
 *	keys-same.c	whether a file and an object hold the same
 *	keys-place.c	directories and temporary files here
 *	keys-case.c	file systems that fold case
 *	keys-get.c	downloads, which are shown in batches
 *	keys-put.c	uploads
 *	keys-remove.c	removals, there in batches, and here
 */
#ifndef LIB_SYNC_KEYS_INTERNAL_H
#define LIB_SYNC_KEYS_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/tempfile.h"
#include "lib/base/workers.h"
#include "lib/sync/keys.h"

#include <pthread.h>

/* Read and hashed at once. */
#define KEYS_BUFFER ((size_t)256 << 10)

struct keys_run;
struct keys_item;

typedef void (*keys_work_fn)(struct keys_item *item);

/* A file that waits to be shown under its key. */
struct keys_temp {
	int dir, fd;		/* -1: not open */
	char *name;		/* in that directory */
	struct tempfile *registered;
	/* The first bytes of the key that were a directory before; more of
	 * them were made for it. */
	size_t had_len;
};

/* What is to be done about a key, and what became of it. */
struct keys_item {
	struct work work;	/* must be the first */
	struct keys_run *run;
	struct keys_item *next;		/* in the queue */
	struct keys_item *waiting;	/* the next that waits with it */
	struct keys_item *more;	/* done by the same work, and freed with it */
	unsigned weight;	/* how much of the queue it takes */
	keys_work_fn fn;	/* NULL: there is nothing to be done */
	bool finished;		/* atomic: told, or (in order) to be told */

	char *key;
	bool here, there;
	struct stat st;		/* of what is here */
	struct object object;	/* what is there; without a key */

	const char *status;	/* NULL: not tried */
	uint64_t bytes;
	int code;
	struct strbuf why;
	struct progress *progress;
	struct keys_temp temp;
};

struct keys_run {
	struct transport *t;
	int root;
	dev_t device;		/* of the root */
	const struct key_scope *scope;
	const struct sync_keys_options *o;
	sync_keys_fn fn;
	void *data;
	bool ordered;		/* results are told in the order of keys */
	struct workers *workers;
	struct progress *progress;	/* or NULL */

	/* The queue: of the thread that merges alone. */
	struct keys_item *first, **last;
	size_t weight;		/* of them */
	struct keys_item *batch, **batch_last;	/* not given to workers yet */
	size_t batch_nr;
	char *emptied;		/* the directory that a file went from last */

	pthread_mutex_t lock;	/* of what follows */
	int code;		/* why nothing more is begun */
	struct strbuf why;
	struct keys_item *shown, **shown_last;	/* wait to be shown */
	size_t shown_nr, shown_max;
	time_t shown_since;
	bool made_dirs;		/* since the latest sync of all */
	char *exact;		/* a directory that has this very name */

	pthread_mutex_t showing;	/* one batch at a time */
	pthread_mutex_t telling;
	uint64_t items_done;
};

/* ---- keys-queue.c -------------------------------------------------------- */

struct keys_item *keys_item_new(struct keys_run *run, const char *key);
void keys_item_free(struct keys_item *item);

/** Gives it to a worker, or (item->fn NULL) tells it in its turn. Takes it.
 *  Waits while too many are under way. */
void keys_add(struct keys_run *run, struct keys_item *item);
/** Until all are done and told. */
void keys_drain(struct keys_run *run);

/** Notes a failure of the item, which returns `code`; `why` may be NULL. */
int keys_fail(struct keys_item *item, int code, const struct strbuf *why);
/** Notes that nothing more is to be begun. */
void keys_stop(struct keys_run *run, int code, const char *why);
bool keys_stopped(struct keys_run *run);
/** Tells what became of it, by any thread. */
void keys_tell(struct keys_item *item);
/** It is told, and may be freed once its work has ended. */
void keys_finish(struct keys_item *item);

/* ---- keys-stream.c ------------------------------------------------------- */

typedef void (*keys_see_fn)(struct keys_run *run, struct keys_item *item);

/** Gives both sides, as far as the action needs them, in byte order; see()
 *  takes the item. */
int keys_merge(struct keys_run *run, keys_see_fn see, struct strbuf *err);

/* ---- keys-same.c --------------------------------------------------------- */

/** *same: the file here holds what the object does. Both are there. Errors:
 *  ERR_CONFLICT (one of them changed meanwhile), or it cannot be read. */
int keys_compare(struct keys_item *item, bool *same, struct strbuf *err);
/** Begins with an item: there is something on the side that it would replace
 *  (else nothing is compared, and nothing is the same). */
int keys_begin(struct keys_item *item, bool there_is, bool *same,
	       struct strbuf *err);

/** Opens the file of the item for reading, and looks at it again. */
int keys_open_file(struct keys_item *item, int *fd, struct stat *st,
		   struct strbuf *err);
/** Of one file: neither written nor replaced in between. */
bool keys_unchanged(const struct stat *a, const struct stat *b);

/* ---- keys-place.c -------------------------------------------------------- */

#define KEYS_TEMP_INIT { -1, -1, NULL, NULL, 0 }

/** Makes the temporary file beside the key, and the directories on the way.
 *  Errors: ERR_CONFLICT: something is in the way that is not written through
 *  or over; another process is at it. */
int keys_temp_make(struct keys_item *item, struct strbuf *err);
/** It gets its name: over what was compared, or over nothing. Not synced. */
int keys_temp_show(struct keys_item *item, struct strbuf *err);
/** Removes what was not shown, and directories that were made for it. */
void keys_temp_release(struct keys_item *item);
/** Removes the directory `dir` of the run's root, and those above it, as far as
 *  they are empty; not the first `keep_len` bytes of it. */
void keys_prune_dirs(struct keys_run *run, const char *dir, size_t keep_len);
/** For what errno says about the file of the item; a full disk stops the run.
 *  The code is never ERR_NOT_FOUND. */
int keys_fail_errno(struct keys_item *item, const char *what,
		    struct strbuf *err);

/* ---- keys-case.c --------------------------------------------------------- */

/** The temporary file was made. ERR_CONFLICT: it lies in a directory whose name
 *  the key has in another case. */
int keys_check_case(struct keys_item *item, struct strbuf *err);

/* ---- the actions --------------------------------------------------------- */

void keys_download(struct keys_item *item);	/* work */
/** Shows what waits for it. */
void keys_show_all(struct keys_run *run);
/** The same when it has waited too long: called now and then by who works. */
void keys_show_old(struct keys_run *run);

void keys_upload(struct keys_item *item);	/* work */

/** Takes the item; works when there are enough for one request. */
void keys_remove(struct keys_run *run, struct keys_item *item);
void keys_remove_rest(struct keys_run *run);
/** At once, by this thread; takes the item. */
void keys_delete(struct keys_run *run, struct keys_item *item);
void keys_delete_end(struct keys_run *run);

#endif
