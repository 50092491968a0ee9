/*
 * The directory backend, for its own files alone.
 * Source: Documentation/technical/store-contract.adoc, "The directory backend".
 */
#ifndef TRANSPORT_DIR_INTERNAL_H
#define TRANSPORT_DIR_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "transport/transport-ops.h"

#include <pthread.h>

/* A component that begins so is the store's own business. */
#define DIR_PRIVATE ".resutil-"
#define DIR_LOCK_FILE ".resutil-lock"
#define DIR_TEMPORARY ".resutil-put-"

struct dir_store {
	struct transport base;
	char *path;		/* absolute */
	pthread_mutex_t mutex;	/* of all below */
	bool seen;		/* the directory was there once */
	/* Directories that are known to be durable, with all above them. */
	struct strvec durable;
	/* Directories that changed and could not be synced. */
	struct strvec unsynced;
};

struct dir_store *dir_store_of(struct transport *t);

/** Opens the directory of the store, anew for each request: it may have been
 *  unmounted and mounted again. */
int dir_open_root(struct dir_store *s, int *fd, struct strbuf *err);

/** 0, or ERR_USAGE: a component is private to the store. */
int dir_check_key(const struct dir_store *s, const char *key,
		  struct strbuf *err);

/** "cannot WHAT 'KEY' in 'URL': REASON" for errno, and the code for it. */
int dir_fail(const struct dir_store *s, const char *what, const char *key,
	     struct strbuf *err);
/** ERR_NOT_FOUND for what says that there is no such object, also a link in
 *  the way; else as dir_fail(). */
int dir_fail_reading(const struct dir_store *s, const char *what,
		     const char *key, struct strbuf *err);

uint64_t dir_mtime(const struct stat *st);	/* nanoseconds since 1970 */
void dir_add_version(struct strbuf *out, uint64_t ino, uint64_t size,
		     uint64_t mtime);
bool dir_is_version(const struct stat *st, const char *version);
void dir_fill(struct object *out, const char *key, const struct stat *st);

/* The directory that will hold an object, or holds one. */
struct dir_place {
	int root, dir;		/* -1: not open */
	char *parent;		/* "" for the store's directory */
	const char *base;	/* into the key */
};

#define DIR_PLACE_INIT { -1, -1, NULL, NULL }
/** `place` is released by the caller also after failure. make: directories
 *  are made as needed, and are durable then. ERR_NOT_FOUND without. */
int dir_place_open(struct dir_place *place, struct dir_store *s,
		   const char *key, bool make, struct strbuf *err);
void dir_place_release(struct dir_place *place);
/** Opens only the directory again, which somebody removed as empty. */
int dir_place_reopen(struct dir_place *place, struct dir_store *s,
		     const char *key, struct strbuf *err);
/** Makes what changed in the directory durable. */
int dir_place_sync(struct dir_place *place, struct dir_store *s,
		   const char *key, struct strbuf *err);
/** Removes the directory and those above it as far as they are empty. */
void dir_place_prune(struct dir_place *place, struct dir_store *s);
/** Regular files only; ERR_NOT_FOUND. */
int dir_place_stat(struct dir_place *place, struct dir_store *s,
		   const char *key, struct stat *st, struct strbuf *err);
/** What is made in a store is open to whom its directory is open to. */
mode_t dir_mode(int root, mode_t mask);

/**
 * Locks the keys (`other` may be NULL) against every writer that obeys the
 * same rule. *fd: to be closed; -1 when there are no locks on this file system
 * and `need` is false.
 */
int dir_lock(struct dir_store *s, int root, const char *key,
	     const char *other, bool need, int *fd, struct strbuf *err);

int dir_list(struct transport *t, const char *prefix, unsigned flags,
	     struct strbuf *cursor, object_fn fn, void *data,
	     struct strbuf *err);
int dir_put(struct transport *t, const struct put_request *r,
	    struct object *out, struct strbuf *err);
int dir_remove(struct transport *t, const char *key, const char *version,
	       struct strbuf *err);
int dir_rename(struct transport *t, const char *from, const char *to,
	       const char *version, struct strbuf *err);

/** A temporary by its name, in any directory; one that nobody is at. */
bool dir_is_temporary(const char *name);
bool dir_is_rest(int dir, const char *name, struct stat *st);

int dir_rests(struct transport *t, const char *prefix, struct strbuf *cursor,
	      object_fn fn, void *data, struct strbuf *err);
int dir_prune(struct transport *t, const char *key, const char *version,
	      struct strbuf *err);

#endif
