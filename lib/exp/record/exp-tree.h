/*
 * What a pack holds of a directory, in the pack's order: the record first,
 * then all other entries in byte order of their paths, where the path of a
 * directory ends in '/'. This is also the order of the tree hash.
 *
 * Left out: leftovers of an interrupted writer of the record
 * (resutil-exp.yaml.PID.N.tmp at the top), and, named in `skipped`, what is
 * no regular file, directory or link (FIFOs, sockets, devices). What is removed
 * while the tree is walked may be there or not.
 */
#ifndef LIB_EXP_RECORD_EXP_TREE_H
#define LIB_EXP_RECORD_EXP_TREE_H

#include "lib/base/compat.h"
#include "lib/base/fingerprint.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/* zip gives a name 16 bits. */
#define EXP_TREE_PATH_MAX 65535

struct exp_entry {
	const char *path;	/* relative; of a directory with '/' */
	uint32_t path_len;
	uint32_t mode;		/* S_IFREG, S_IFDIR or S_IFLNK, and 07777 */
	uint64_t size;		/* of a link: of its target; directory: 0 */
	int64_t mtime;		/* seconds since 1970 */
};

struct exp_tree {
	int fd;			/* the directory, O_PATH or readable */
	char *dir;		/* as given, for messages */
	struct exp_entry *entry;
	size_t nr;
	uint64_t bytes;		/* of regular files */
	bool has_record;	/* then it is entry[0] */
	struct strvec skipped;	/* "PATH (FIFO)", (socket), (device); PATH
				 * as quote_c() writes it */
	void *arena;		/* private: holds the paths */
};

#define EXP_TREE_INIT { .fd = -1, .skipped = STRVEC_INIT }

/**
 * Walks the tree below `dir` (which may itself be a link). Bounded by 64 bytes
 * and the path for each entry.
 * Errors: ERR_NOT_FOUND (no such directory), ERR_FAILED (a directory or file
 * that this user cannot read, named: so that nothing is half done; a path
 * longer than EXP_TREE_PATH_MAX).
 */
int exp_tree_read(struct exp_tree *tree, const char *dir, struct strbuf *err);

/** The same by up to `jobs` threads (0: one a processor), which are started
 *  when the tree is large enough for them to be worth it. */
int exp_tree_read_by(struct exp_tree *tree, const char *dir, unsigned jobs,
		     struct strbuf *err);

/** The same, by as many threads as are of use, also with files that this user
 *  cannot read: for who only looks, and tells of them when it comes to that. */
int exp_tree_read_any(struct exp_tree *tree, const char *dir,
		      struct strbuf *err);

/**
 * What stat(2) says of all that is below a directory and of itself, in one
 * number. While it is the same, and `newest` lay well before the walk that gave
 * it (as hash-cache.h explains), nothing there has changed: what is added or
 * removed leaves its time in the directory. The same tree may give another
 * number, which only costs time.
 */
struct exp_tree_sign {
	unsigned char raw[FINGERPRINT_RAWSZ];
	struct timespec newest;	/* of all times of change */
};

/** exp_tree_read() with the signature of what was walked. */
int exp_tree_read_signed(struct exp_tree *tree, const char *dir,
			 struct exp_tree_sign *sign, struct strbuf *err);
void exp_tree_release(struct exp_tree *tree);	/* makes it usable again */

/** Whether `path` in an experiment, of this st_mode, is its record, or a
 *  leftover as above: both are regular files at the top. */
bool exp_tree_is_record(const char *path, uint32_t mode);
bool exp_tree_is_leftover(const char *path, uint32_t mode);

#endif
