/*
 * Shared by the files behind index.h and by nobody else.
 *
 *	index.c		the file: opening, loading, throwing away
 *	index-fields.c	its dictionary, and ours
 *	index-write.c	laying changes over it
 *	index-rows.c	reading rows
 *	index-block.c	what a block looks like
 */
#ifndef LIB_EXP_RUNS_INDEX_INTERNAL_H
#define LIB_EXP_RUNS_INDEX_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/fingerprint.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/runs/index.h"
#include "lib/exp/runs/index-block.h"
#include "lib/wrap/db.h"

/* The numbers of fields in the file, which never change there, and ours. */
struct index_map {
	struct field_names *names;	/* lent */
	struct fingerprint sum;		/* over the paths of the file */
	uint64_t *sums;			/* of the first N of them */
	unsigned *ours;			/* of a number in the file */
	size_t nr, alloc;		/* in the file */
	uint32_t *theirs;		/* of one of ours, plus 1; 0: none */
	size_t theirs_nr;
	bool same;			/* numbers in the file are ours */
};

struct stored_block {
	int64_t id;
	struct index_block block;	/* of text that lives in `keys` */
};

struct index {
	char *path;
	struct db *db;
	struct index_map map;
	int64_t generation;
	struct stored_block *block;	/* by their first names */
	size_t nr, alloc;
	size_t runs;
	int64_t last_id;
	struct strvec keys;	/* of all blocks that there ever were */
};

/** Opens a connection to the file that is there. */
int index_connect(struct db **out, const char *path, unsigned flags,
		  struct strbuf *err);
/** Reads keys and dictionary anew, within a transaction. ERR_CONTENT. */
int index_load(struct index *ix, struct strbuf *err);
int index_read_generation(struct index *ix, int64_t *out, struct strbuf *err);
/** Keeps the text of a block; lent. */
const unsigned char *index_keep_keys(struct index *ix, const void *data,
				     size_t len);
/** ERR_CONTENT, with the sentence. */
int index_damaged(const struct index *ix, struct strbuf *err);

/* index-fields.c */

void index_map_init(struct index_map *m, struct field_names *names);
void index_map_release(struct index_map *m);
/** The next path of the file. */
void index_map_add(struct index_map *m, const char *path, size_t len);
/** Whether a block's dictionary is the beginning of that one. */
bool index_map_has(const struct index_map *m, const struct index_fields *f);
/** Reads what the file has more; ERR_CONTENT. */
int index_load_fields(struct index *ix, struct strbuf *err);
/** Puts ours, as far as they are not in the file, into it. */
int index_save_fields(struct index *ix, struct strbuf *err);
void index_map_state(const struct index_map *m, struct index_fields *out);
/** The row with numbers of the file; `room` as of index_row(). */
bool index_row_to_file(const struct index *ix, struct run_row *row,
		       struct strbuf *room);

#endif
