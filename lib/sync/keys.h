/*
 * A directory here and a store, compared and made alike for the keys of one
 * pattern. Both sides are read as sorted streams (lib/base/key-sort.h), so
 * memory is bounded for any number of keys; of the store only what begins as
 * the pattern does is listed.
 *
 * What is the same is not moved: by size, then by the checksums that the store
 * has; where it has none, by those that it can make (transport_sum()).
 * Source: resutil-sync-keys(1), resutil-bucket(1).
 */
#ifndef LIB_SYNC_KEYS_H
#define LIB_SYNC_KEYS_H

#include "lib/base/compat.h"
#include "lib/base/key-sort.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/store/key-scope.h"
#include "transport/transport.h"

enum sync_keys_action {
	SYNC_KEYS_COMPARE,	/* only say what is where */
	SYNC_KEYS_DOWNLOAD,
	SYNC_KEYS_UPLOAD,
	SYNC_KEYS_REMOVE,	/* from the store */
	SYNC_KEYS_DELETE	/* here */
};

struct sync_keys_options {
	enum sync_keys_action action;
	bool dry_run;
	bool keep;		/* what is there already is left, whatever it
				 * holds */
	unsigned jobs;		/* transfers at once; 0: as many as suit */
	bool progress;
	/* Of the keys that are meant only these, in any order; NULL: all. */
	struct key_sort *only;
	/* Keys of what is not meant here, with all that is below: the store's
	 * own directory, when it lies in the root; or NULL. */
	const struct strvec *without;
	struct local_keys_left *left;	/* of local_keys(); or NULL */
};

/* What became of one key; lent. */
struct sync_keys_result {
	const char *key;
	/*
	 * compare: here, there, same, differs. Else: downloaded, uploaded,
	 * removed, deleted, same, kept, failed; with dry_run would-download,
	 * would-upload, would-remove, would-delete. "odd": a key that the store
	 * lists and no call takes ("../x"); its code is 0 for compare and for
	 * dry_run, its message says what is wrong with it.
	 */
	const char *status;
	uint64_t size_here, size_there;	/* OBJECT_SIZE_UNKNOWN: not there */
	uint64_t bytes;		/* moved */
	int code;		/* failed: ERR_*, and why */
	const char *message;
};

/** By one thread at a time, not always the same; in byte order for COMPARE and
 *  dry_run, else as they end. Non-zero ends all with that code. */
typedef int (*sync_keys_fn)(const struct sync_keys_result *r, void *data);

/**
 * Tells of each key what became of it: for a download and a removal those that
 * the store has, for an upload and a deletion those that are here.
 *
 * t: may be NULL for DELETE, which asks no store.
 * root: an open directory; files in it are replaced whole or not at all, and
 * nothing is written through a link. Keys that differ only in case where the
 * file system folds it, a key that is a file and a directory of another key,
 * and what is no regular file here fail each by themselves.
 * Puts expect what was listed, so what somebody else changes meanwhile is a
 * conflict of that key. A file that changes while it is sent is tried once
 * more, and fails then; nothing half is ever seen.
 * Memory: twice KEY_SORT_MEMORY at most for keys that wait, and what transfers
 * buffer.
 * Errors: of the listing; ERR_UNREACHABLE when the store is gone meanwhile;
 * ERR_FAILED when the disk is full. What was not tried then is not told.
 */
int sync_keys(struct transport *t, int root, const struct key_scope *scope,
	      const struct sync_keys_options *o, sync_keys_fn fn, void *data,
	      struct strbuf *err);

#endif
