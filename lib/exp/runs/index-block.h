/*
 * Blocks of the index: the runs whose names lie in a range, in byte order. A
 * block is two texts: what is known of each (keys), which is read at each use,
 * and their rows, which are read by who wants fields. Nothing here opens a
 * file. Source: resutilformat-index(5), "BLOCK".
 */
#ifndef LIB_EXP_RUNS_INDEX_BLOCK_H
#define LIB_EXP_RUNS_INDEX_BLOCK_H

#include "lib/base/compat.h"
#include "lib/base/fingerprint.h"
#include "lib/base/strbuf.h"

#define INDEX_SIGN_LEN FINGERPRINT_RAWSZ
/* A block weighs as much as its rows, and this for each; it is cut when it
 * weighs more than that. */
#define INDEX_RUN_WEIGHT ((size_t)1024)
#define INDEX_BLOCK_WEIGHT ((size_t)384 << 10)
#define INDEX_MAX_FILES 4096u	/* of metrics, of one run */

enum index_entry_flags {
	INDEX_PROBLEM = 1 << 0,		/* the row has the field `problem` */
	INDEX_VOTAKVOT = 1 << 1,	/* the record is votakvot.yaml */
	INDEX_NO_RECORD = 1 << 2,	/* there is none */
	INDEX_LOCAL_TIME = 1 << 3	/* a time of it is without a zone */
};

struct index_entry {
	const char *name;
	const unsigned char *sign;	/* INDEX_SIGN_LEN bytes */
	unsigned flags;
	unsigned nr_files;
	const char *files;	/* names of metrics files, each with its NUL */
	size_t files_len;
	const unsigned char *row;	/* when it is to be packed */
	size_t row_at, row_len;		/* in the rows */
};

/** How far the dictionary went when a block was written. */
struct index_fields {
	uint32_t nr;
	uint64_t sum;	/* of these paths */
};

/** Packs entries in byte order of their names, each once. `keys` and `rows` are
 *  empty. */
void index_block_pack(struct strbuf *keys, struct strbuf *rows,
		      const struct index_entry *entry, size_t nr,
		      const struct index_fields *fields);

struct index_block {
	const unsigned char *keys;	/* lent */
	size_t len;
	size_t nr;
	size_t rows_len;
	unsigned flags;			/* of all entries */
	const char *first, *last;	/* names */
	struct index_fields fields;
};

/** Looks at the keys as a whole, which is what the rest relies on. False: they
 *  are damaged. */
bool index_block_read(struct index_block *out, const unsigned char *keys,
		      size_t len);

/** One after the other; `*at` begins as 0. False: that was all. */
bool index_block_next(const struct index_block *block, size_t *at,
		      struct index_entry *out);

/** Whether these are the rows of that block. */
bool index_block_has_rows(const struct index_block *block,
			  const unsigned char *rows, size_t len);

#endif
