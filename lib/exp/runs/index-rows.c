#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/exp/runs/index-internal.h"

struct index_reader {
	struct index *ix;
	struct db *own;			/* NULL: that of the index */
	struct db_stmt *stmt;
};

int index_reader_open(struct index_reader **out, struct index *ix, bool own,
		      struct strbuf *err)
{
	struct index_reader *r = xcalloc(1, sizeof(*r));
	int ret = 0;

	r->ix = ix;
	if (own)
		ret = index_connect(&r->own, ix->path, DB_READ_ONLY, err);
	/* otherwise each block locks the file, and looks for a journal */
	if (!ret && own)
		ret = db_exec(r->own, "BEGIN", err);
	if (!ret)
		ret = db_prepare(&r->stmt, own ? r->own : ix->db,
				 "SELECT data FROM rows WHERE block = ?", err);
	if (ret)
		index_reader_close(r);
	else
		*out = r;
	return ret;
}

int index_reader_rows(struct index_reader *r, size_t block,
		      const unsigned char **rows, size_t *len,
		      struct strbuf *err)
{
	const struct stored_block *b = &r->ix->block[block];
	int ret;

	db_reset(r->stmt);
	db_bind_int(r->stmt, 1, b->id);
	ret = db_step(r->stmt, err);
	if (ret < 0)
		return ret;
	if (!ret)
		return index_damaged(r->ix, err);
	*rows = db_column_blob(r->stmt, 0, len);
	if (!index_block_has_rows(&b->block, *rows, *len))
		return index_damaged(r->ix, err);
	return 0;
}

void index_reader_close(struct index_reader *r)
{
	if (!r)
		return;
	db_finish(r->stmt);
	db_close(r->own);
	free(r);
}
