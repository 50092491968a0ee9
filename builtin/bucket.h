/*
 * The parts of `bucket`: what lies in a store for one pattern, what is done
 * with it, and the question what to do.
 */
#ifndef BUILTIN_BUCKET_H
#define BUILTIN_BUCKET_H

#include "lib/base/compat.h"
#include "lib/base/key-glob.h"
#include "lib/base/strbuf.h"
#include "lib/exp/store/key-scope.h"
#include "lib/exp/sheet/rows.h"

enum bucket_action {
	BUCKET_DOWNLOAD, BUCKET_UPLOAD, BUCKET_REMOVE, BUCKET_DELETE
};

struct bucket {
	const char *pattern;	/* "": all, of --list alone */
	struct key_glob *glob;	/* NULL without a pattern */
	struct key_scope scope;
	const char *remote;	/* NULL: the usual one */
	const char *root;	/* NULL: the working directory */
	const char *limit_rate;	/* NULL: as transfer.limit-rate says */
	int packs, keep, yes, dry_run, jobs;
	struct rows rows;
	struct strbuf where;	/* the store, for people: "origin" */
	struct strbuf results;	/* of the scope */
	const char *title;	/* its kind: "S3" */
	int signo;		/* of a signal that asked us to end */
};

/* An object, or a level of keys: "Data/". Lent. */
struct bucket_entry {
	const char *key;
	size_t key_len;
	bool is_level;
	uint64_t size;		/* not of a level */
	const char *version, *modified;	/* "": not known */
};

typedef void (*bucket_entry_fn)(const struct bucket_entry *e, void *data);

/** Splits a record of a child, "A TAB B TAB C TAB KEY", in place: three fields
 *  and the key, which may hold anything. false: it is none. */
bool bucket_split(struct strbuf *record, const char *field[3],
		  const char **key, size_t *key_len);
/** What the pattern means in the store, by the child list-objects, in byte
 *  order, as it comes. Returns 0 or the exit status; the child has told why. */
int bucket_read_store(struct bucket *b, bucket_entry_fn fn, void *data);
/** The same of what is here, by the child sync-keys: what it would delete.
 *  Nothing is no failure. */
int bucket_read_here(struct bucket *b, bucket_entry_fn fn, void *data);

/* These return the exit status. */
int bucket_list(struct bucket *b);		/* --list */
int bucket_find(struct bucket *b);		/* --find */
int bucket_act(struct bucket *b, enum bucket_action action);
int bucket_interactive(struct bucket *b);

/** Tells that nothing is matched, and what may have been meant. there: in the
 *  store has been looked; here: in the directory. Returns EXIT_NOT_FOUND. */
int bucket_tell_nothing(struct bucket *b, bool here, bool there);

/** A number of files and their bytes, without a name in memory: they wait in a
 *  file. What a person has seen is what is then asked for. */
struct bucket_keys {
	FILE *file;		/* each ends in NUL; NULL before the first */
	uint64_t nr, bytes;
};

/** key: with a NUL behind it. Dies when there is no room for it. */
void bucket_keys_add(struct bucket_keys *k, const char *key, size_t len,
		     uint64_t size);
void bucket_keys_release(struct bucket_keys *k);

/** The question before `remove` and `delete`; true for the others. */
bool bucket_confirm(const struct bucket *b, enum bucket_action action,
		    const struct bucket_keys *k);
/** The action itself, for these keys alone; NULL: for all that are meant. */
int bucket_run(struct bucket *b, enum bucket_action action,
	       struct bucket_keys *only);

#endif
