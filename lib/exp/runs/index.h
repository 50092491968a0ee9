/*
 * The index: a file that holds the rows of many runs, so that they need not be
 * read from their records again. It is a cache, and may vanish at any time;
 * any number of processes read and write it at once.
 * Source: resutilformat-index(5).
 */
#ifndef LIB_EXP_RUNS_INDEX_H
#define LIB_EXP_RUNS_INDEX_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/runs/index-block.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/runs/run-row.h"

#define INDEX_FORMAT 1

struct index;

/** Where the index of the runs here is (remote NULL), or of those that are
 *  known of a remote. make: also the directory. ERR_FAILED: no such place. */
int index_path(struct strbuf *out, const struct project *p,
	       const char *remote, bool make, struct strbuf *err);

/**
 * Opens it, makes it when it is missing, and loads the keys. names: empty, gets
 * the dictionary; lent until index_close(). One that is damaged is thrown away
 * and begun anew, with one notice(); one of another version without a word.
 * Errors: ERR_FAILED, ERR_CONFLICT: there can be none now; callers go on
 * without.
 */
int index_open(struct index **out, const char *path,
	       struct field_names *names, struct strbuf *err);
void index_close(struct index *ix);		/* NULL is fine */

/** The runs that it holds, in byte order of their names over all blocks. */
size_t index_nr_runs(const struct index *ix);
size_t index_nr_blocks(const struct index *ix);
/** Lent, as what its entries lend, until index_close(), also when another
 *  takes its place. */
const struct index_block *index_block_at(const struct index *ix, size_t nr);

struct index_change {
	struct index_entry entry;	/* of lent texts */
	bool gone;			/* take it out */
};

/**
 * Lays changes, in byte order of their names, each once, over what is in the
 * file now, as a whole or not at all. The blocks are those of the file
 * afterwards, also those that others wrote meanwhile. Rows have numbers of
 * `names`. Errors: ERR_CONTENT: the index is damaged (index_discard()); others:
 * it cannot be written now.
 */
int index_write(struct index *ix, const struct index_change *change,
		size_t nr, struct strbuf *err);

/** Nobody changes the file from here to index_end_read(). changed: somebody has
 *  since it was last read; the blocks are new ones then. Errors as above. */
int index_begin_read(struct index *ix, bool *changed, struct strbuf *err);
void index_end_read(struct index *ix);

/* What reads rows, in one thread. */
struct index_reader;

/** own: by a connection of its own, so that several read at once. */
int index_reader_open(struct index_reader **out, struct index *ix, bool own,
		      struct strbuf *err);
/** The rows of a block, checked; lent until the next call. ERR_CONTENT: they
 *  are not those that the keys tell of. */
int index_reader_rows(struct index_reader *r, size_t block,
		      const unsigned char **rows, size_t *len,
		      struct strbuf *err);
void index_reader_close(struct index_reader *r);	/* NULL is fine */

/** A row of a block in numbers of `names`: `row` itself, or another, which lies
 *  in `room`. False: it is damaged. */
bool index_row(const struct index *ix, struct run_row *row,
	       struct strbuf *room);

/** Throws the file away, because it is damaged, with one notice(), unless
 *  somebody else has done so; the next one to open it makes another. */
void index_discard(struct index *ix);
/** The same of a file that is not open, without a word. No file is fine. */
void index_remove(const char *path);

/** Notes kept with it: a text by a word (what the runs of a remote were last
 *  known by). NULL: there is none; the caller frees. */
char *index_note(struct index *ix, const char *word);
int index_set_note(struct index *ix, const char *word, const char *text,
		   struct strbuf *err);

#endif
