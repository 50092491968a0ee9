/*
 * Changes are merged into the blocks whose ranges they fall into; a block that
 * gets too heavy is cut. All of it is one transaction, and what is in memory
 * follows when it is committed.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/runs/index-internal.h"

/* Entries of some neighbouring blocks and the changes in their range. */
struct merge {
	struct index_entry *entry;
	size_t nr, alloc;
	struct strbuf *rows;		/* texts that rows are lent from */
	size_t rows_nr, rows_alloc;
	size_t weight;
	bool appended;		/* all changes lie behind what was there */
};

struct writing {
	struct index *ix;
	const struct index_change *change;
	size_t nr, at;			/* the next change */
	struct stored_block *block;	/* as they will be */
	size_t blocks, alloc;
	size_t runs;
	struct db_stmt *put_keys, *put_rows, *drop_keys, *drop_rows;
	struct strbuf *err;
};

static void merge_reset(struct merge *m)
{
	size_t i;

	for (i = 0; i < m->rows_nr; i++) {
		strbuf_release(m->rows + i);
	}
	m->rows_nr = m->nr = m->weight = 0;
	m->appended = true;
}

static void merge_release(struct merge *m)
{
	merge_reset(m);
	free(m->rows);
	free(m->entry);
}

static struct strbuf *merge_text(struct merge *m)
{
	ARRAY_GROW(m->rows, m->rows_nr + 1, m->rows_alloc);
	strbuf_init(&m->rows[m->rows_nr]);
	return &m->rows[m->rows_nr++];
}

static void merge_add(struct merge *m, const struct index_entry *entry)
{
	ARRAY_GROW(m->entry, m->nr + 1, m->alloc);
	m->entry[m->nr++] = *entry;
	m->weight += entry->row_len + INDEX_RUN_WEIGHT;
}

/* In numbers of the file. */
static int merge_change(struct writing *w, struct merge *m,
			const struct index_change *change)
{
	struct index_entry entry = change->entry;
	struct run_row row = { .name = entry.name, .data = entry.row,
			       .len = entry.row_len };
	struct strbuf *text;

	if (change->gone)
		return 0;
	if (!w->ix->map.same) {
		text = merge_text(m);
		if (!index_row_to_file(w->ix, &row, text))
			BUG("a row of fields that were not saved");
		entry.row = row.data;
		entry.row_len = row.len;
	}
	merge_add(m, &entry);
	return 0;
}

/* A block with the changes before `end` (a name; NULL: all). */
static int merge_block(struct writing *w, struct merge *m, size_t nr,
		       struct index_reader *reader, const char *end)
{
	const struct index_block *block = &w->ix->block[nr].block;
	struct index_entry entry = { 0 };
	const unsigned char *rows, *kept;
	size_t at = 0, len;
	struct strbuf *text;
	int ret = index_reader_rows(reader, nr, &rows, &len, w->err);

	if (ret)
		return ret;
	text = merge_text(m);
	strbuf_add(text, rows, len);
	/* the struct moves when there are more of them */
	kept = (const unsigned char *)text->buf;
	while (index_block_next(block, &at, &entry)) {
		int order = 1;

		while (w->at < w->nr && (order = strcmp(
				w->change[w->at].entry.name, entry.name)) < 0) {
			m->appended = false;
			merge_change(w, m, &w->change[w->at++]);
		}
		if (w->at < w->nr && !order) {
			merge_change(w, m, &w->change[w->at++]);
			continue;
		}
		entry.row = kept + entry.row_at;
		merge_add(m, &entry);
	}
	while (w->at < w->nr &&
	       (!end || strcmp(w->change[w->at].entry.name, end) < 0))
		merge_change(w, m, &w->change[w->at++]);
	return 0;
}

static int run_with(struct db_stmt *stmt, int64_t id,
		    const struct strbuf *data, struct strbuf *err)
{
	db_bind_int(stmt, 1, id);
	if (data)
		db_bind_blob(stmt, 2, data->buf, data->len);
	return db_run(stmt, err);
}

static void keep_block(struct writing *w, const struct stored_block *block)
{
	ARRAY_GROW(w->block, w->blocks + 1, w->alloc);
	w->block[w->blocks++] = *block;
	w->runs += block->block.nr;
}

static int put_block(struct writing *w, int64_t id,
		     const struct index_entry *entry, size_t nr)
{
	struct strbuf keys = STRBUF_INIT, rows = STRBUF_INIT;
	struct stored_block block = { .id = id };
	struct index_fields fields;
	int ret;

	index_map_state(&w->ix->map, &fields);
	index_block_pack(&keys, &rows, entry, nr, &fields);
	ret = run_with(w->put_keys, id, &keys, w->err);
	if (!ret)
		ret = run_with(w->put_rows, id, &rows, w->err);
	if (!ret) {
		if (!index_block_read(&block.block, index_keep_keys(
				w->ix, keys.buf, keys.len), keys.len))
			BUG("a block that we packed is none");
		keep_block(w, &block);
	}
	strbuf_release(&keys);
	strbuf_release(&rows);
	return ret;
}

static int drop_block(struct writing *w, int64_t id)
{
	int ret = run_with(w->drop_keys, id, NULL, w->err);

	return ret ? ret : run_with(w->drop_rows, id, NULL, w->err);
}

/* How heavy a piece may be: full ones where names only grow, as those of new
 * runs do; otherwise equal ones, so that the next change finds room. */
static size_t piece_weight(const struct merge *m, bool is_last)
{
	size_t pieces = (m->weight + INDEX_BLOCK_WEIGHT - 1) /
			INDEX_BLOCK_WEIGHT;

	if (pieces < 2 || (is_last && m->appended))
		return INDEX_BLOCK_WEIGHT;
	return m->weight / pieces + 1;
}

/* The merged entries take the place of block `id` (0: of none). */
static int put_pieces(struct writing *w, const struct merge *m, int64_t id,
		      bool is_last)
{
	size_t limit = piece_weight(m, is_last), from = 0, i, weight = 0;
	int ret = 0;

	if (id && !m->nr)
		return drop_block(w, id);
	for (i = 0; !ret && i < m->nr; i++) {
		weight += m->entry[i].row_len + INDEX_RUN_WEIGHT;
		if (weight < limit && i + 1 < m->nr)
			continue;
		if (!id)
			id = ++w->ix->last_id;
		ret = put_block(w, id, m->entry + from, i + 1 - from);
		from = i + 1;
		weight = 0;
		id = 0;
	}
	return ret;
}

static const char *first_name(const struct index *ix, size_t block)
{
	return block < ix->nr ? ix->block[block].block.first : NULL;
}

/* Light ones are joined with what follows them. */
static bool is_light(const struct merge *m)
{
	return m->nr && m->weight < INDEX_BLOCK_WEIGHT / 4;
}

static int merge_all(struct writing *w, struct index_reader *reader)
{
	struct merge m = { .appended = true };
	struct index *ix = w->ix;
	size_t nr = ix->nr, i;
	int ret = 0;

	for (i = 0; !ret && i < nr; i++) {
		const char *end = first_name(ix, i + 1);
		int64_t id = ix->block[i].id;

		if (w->at == w->nr || (end && strcmp(
				w->change[w->at].entry.name, end) >= 0)) {
			keep_block(w, &ix->block[i]);
			continue;
		}
		ret = merge_block(w, &m, i, reader, end);
		if (!ret && is_light(&m) && i + 1 < nr) {
			ret = drop_block(w, id);
			id = ix->block[++i].id;
			end = first_name(ix, i + 1);
			if (!ret)
				ret = merge_block(w, &m, i, reader, end);
		}
		if (!ret)
			ret = put_pieces(w, &m, id, i + 1 == nr);
		merge_reset(&m);
	}
	for (; !nr && w->at < w->nr; w->at++)
		merge_change(w, &m, &w->change[w->at]);
	if (!ret && !nr)
		ret = put_pieces(w, &m, 0, true);
	merge_release(&m);
	return ret;
}

static int prepare(struct writing *w)
{
	struct db *db = w->ix->db;
	int ret = db_prepare(&w->put_keys, db, "INSERT OR REPLACE INTO keys"
			     "(block, data) VALUES(?, ?)", w->err);

	if (!ret)
		ret = db_prepare(&w->put_rows, db, "INSERT OR REPLACE INTO "
				 "rows(block, data) VALUES(?, ?)", w->err);
	if (!ret)
		ret = db_prepare(&w->drop_keys, db,
				 "DELETE FROM keys WHERE block = ?", w->err);
	if (!ret)
		ret = db_prepare(&w->drop_rows, db,
				 "DELETE FROM rows WHERE block = ?", w->err);
	return ret;
}

static void unprepare(struct writing *w)
{
	db_finish(w->put_keys);
	db_finish(w->put_rows);
	db_finish(w->drop_keys);
	db_finish(w->drop_rows);
	w->put_keys = w->put_rows = w->drop_keys = w->drop_rows = NULL;
}

/* Within a transaction. */
static int write_changes(struct writing *w)
{
	struct index_reader *reader = NULL;
	int64_t generation = 0;
	int ret = index_read_generation(w->ix, &generation, w->err);

	if (!ret && generation != w->ix->generation)
		ret = index_load(w->ix, w->err);
	if (!ret)
		ret = index_save_fields(w->ix, w->err);
	if (!ret)
		ret = prepare(w);
	if (!ret)
		ret = index_reader_open(&reader, w->ix, false, w->err);
	if (!ret)
		ret = merge_all(w, reader);
	index_reader_close(reader);
	unprepare(w);
	if (!ret)
		ret = db_exec(w->ix->db,
			      "UPDATE state SET number = number + 1", w->err);
	return ret;
}

/* What the file holds again, after a transaction that was taken back: the
 * fields that it was going to get are forgotten. */
static void reload(struct index *ix)
{
	struct field_names *names = ix->map.names;
	bool changed;

	index_map_release(&ix->map);
	index_map_init(&ix->map, names);
	ix->generation = 0;
	if (index_begin_read(ix, &changed, NULL)) {
		ix->nr = ix->runs = 0;
		return;
	}
	index_end_read(ix);
}

int index_write(struct index *ix, const struct index_change *change,
		size_t nr, struct strbuf *err)
{
	struct writing w = { .ix = ix, .change = change, .nr = nr,
			     .err = err };
	int ret;

	if (!nr)
		return 0;
	/* readers are in nobody's way until all of it is written */
	ret = db_exec(ix->db, "PRAGMA cache_size = -131072;"
		      "PRAGMA cache_spill = OFF;"
		      "BEGIN IMMEDIATE", err);
	if (ret)
		return ret;
	ret = write_changes(&w);
	if (!ret)
		ret = db_exec(ix->db, "COMMIT", err);
	/* the next one takes the same memory again */
	if (!ret)
		db_exec(ix->db, "PRAGMA shrink_memory", NULL);
	if (ret) {
		db_exec(ix->db, "ROLLBACK", NULL);
		free(w.block);
		reload(ix);
		return ret;
	}
	free(ix->block);
	ix->block = w.block;
	ix->nr = w.blocks;
	ix->alloc = w.alloc;
	ix->runs = w.runs;
	ix->generation++;
	return 0;
}
