/*
 * Shared by the files behind pack-unpack.h and by nobody else.
 *
 *	pack-unpack.c	the order of things
 *	unpack-place.c	the temporary directory, and how it becomes the target
 *	unpack-dirs.c	directories and links, one after another
 *	unpack-files.c	small files, many to a piece of work
 *	unpack-big.c	big files, and segments of these, in parallel
 */
#ifndef LIB_EXP_PACK_UNPACK_INTERNAL_H
#define LIB_EXP_PACK_UNPACK_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/tempfile.h"
#include "lib/base/workers.h"
#include "lib/exp/pack/pack-data.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/pack/pack-unpack.h"
#include "lib/wrap/digest.h"

#include <pthread.h>

/* Larger files are a piece of work each, or several. */
#define UNPACK_SMALL (1u << 20)

/* ---- the target --------------------------------------------------------- */

struct unpack_place {
	struct strbuf dir;	/* the target, no slash at its end */
	struct strbuf parent;
	bool exists;		/* an empty directory, or one to replace */
	bool replace;		/* it need not be empty */
	bool beside;		/* it is not to be replaced at all */
	mode_t mode;		/* of that */
	struct tempfile *temp;
	struct strbuf hidden;	/* where temp is, also after the claim */
	struct strbuf old;	/* where the replaced one is; "": none */
	int fd;			/* the new directory, readable */
	int old_fd;		/* holds the replaced one */
};

#define UNPACK_PLACE_INIT { .dir = STRBUF_INIT, .parent = STRBUF_INIT, \
			    .hidden = STRBUF_INIT, .old = STRBUF_INIT, \
			    .fd = -1, .old_fd = -1 }

/** Whether `dir` can be the target; `replace` is set before. ERR_CONFLICT,
 *  ERR_NOT_FOUND (no parent), ERR_FAILED. */
int unpack_place_look(struct unpack_place *place, const char *dir,
		      struct strbuf *err);
/** Whether its file system has room for `size` bytes. */
int unpack_place_has_room(const struct unpack_place *place, uint64_t size,
			  struct strbuf *err);
/** Makes the temporary directory beside it. */
int unpack_place_make(struct unpack_place *place, struct strbuf *err);
/** Renames it to the target; not synced. */
int unpack_place_claim(struct unpack_place *place, struct strbuf *err);
/** Takes the claim back: the target is as it was. */
void unpack_place_undo(struct unpack_place *place);
/** Removes what was not claimed, and what was replaced. */
void unpack_place_release(struct unpack_place *place);

/* ---- the work ----------------------------------------------------------- */

/* A directory that its owner cannot write or enter, in the end. */
struct odd_dir {
	char *path;		/* "": the root */
	mode_t mode;
};

struct unpack {
	const struct pack *p;	/* until all of it is there */
	struct progress *progress;	/* or NULL */
	int root;		/* the temporary directory */
	mode_t mask;		/* umask */
	mode_t root_mode;	/* in the end */
	mode_t dir_bits;	/* set-gid, as directories here inherit it */
	struct odd_dir *odd;
	size_t nr_odd, alloc_odd;

	struct pack_reader **reader;	/* of each worker */
	struct pack_range *range;	/* of each piece of work, in turn */
	size_t nr_ranges;
	/* SHA-256 by places in by_path; NULL: nothing to compare them with */
	unsigned char *digest;

	uint64_t items, bytes;	/* done; atomic */
	bool stop;		/* atomic */
	pthread_mutex_t lock;	/* for what follows */
	int code;		/* of the failure first in the pack */
	size_t bad;		/* its place */
	struct strbuf why;
};

/** Whether there is no point in going on. */
bool unpack_stops(const struct unpack *u);
/** Notes the failure of what is at `pos` in by_path, with its sentence. */
void unpack_fail(struct unpack *u, size_t pos, int code,
		 const struct strbuf *err);
/** For a call on an entry that failed with errno; EEXIST is ERR_CONFLICT. */
int unpack_errno(const struct unpack *u, const char *path, size_t len,
		 const char *what, struct strbuf *err);
void unpack_count(struct unpack *u, uint64_t items, uint64_t bytes);

/* ---- where things are --------------------------------------------------- */

/* A directory that is kept open, because what comes next is likely in it. */
struct dir_cursor {
	int root;
	int fd;			/* root, or its own */
	const char *path;	/* lent; with '/' at its end */
	size_t len;
	char base[NAME_MAX + 1];
};

void dir_cursor_init(struct dir_cursor *c, int root);
/** Moves to the directory that holds `path` and puts the last component into
 *  c->base. 0, or -1 and errno. */
int dir_cursor_go(struct dir_cursor *c, const char *path, size_t len);
void dir_cursor_release(struct dir_cursor *c);

/* ---- directories and links ---------------------------------------------- */

int unpack_make_dirs(struct unpack *u, struct strbuf *err);
int unpack_make_links(struct unpack *u, struct strbuf *err);
/** Modes and times, but directories stay usable for their owner. */
int unpack_finish_dirs(struct unpack *u, struct strbuf *err);
/** The modes that were left out, made durable. */
int unpack_close_dirs(struct unpack *u, struct strbuf *err);
/** Takes those back, so that all can be removed. */
void unpack_reopen_dirs(struct unpack *u);

/* ---- files -------------------------------------------------------------- */

/** Makes an empty file with its final mode. access: O_WRONLY or O_RDWR. */
int unpack_create(struct unpack *u, struct dir_cursor *c,
		  const struct pack_entry *e, int access, int *fd,
		  struct strbuf *err);
/** Sets its time and closes it. */
int unpack_close(struct unpack *u, const struct pack_entry *e, int *fd,
		 struct strbuf *err);

struct small_files;
struct big_files;

/** Cuts the work into pieces, whose number is added to *pieces; then puts them
 *  in order, each with its range of the pack; then gives them to workers; freed
 *  when they are done. */
struct small_files *unpack_small_plan(struct unpack *u, size_t *pieces);
void unpack_small_order(struct small_files *files, struct unpack *u);
void unpack_small_start(struct small_files *files, struct workers *workers);
void unpack_small_free(struct small_files *files);
struct big_files *unpack_big_plan(struct unpack *u, size_t *pieces);
void unpack_big_order(struct big_files *files, struct unpack *u,
		      unsigned workers);
void unpack_big_start(struct big_files *files, struct workers *workers);
void unpack_big_free(struct big_files *files);

static inline bool unpack_is_small(const struct pack_entry *e)
{
	return S_ISREG(e->mode) && e->size <= UNPACK_SMALL;
}

static inline bool unpack_is_big(const struct pack_entry *e)
{
	return S_ISREG(e->mode) && e->size > UNPACK_SMALL;
}

static inline const struct pack_entry *unpack_at(const struct unpack *u,
						 size_t pos)
{
	return &u->p->entry[u->p->by_path[pos]];
}

#endif
