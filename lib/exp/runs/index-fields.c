/*
 * The file numbers fields by itself, and several processes add to it. As long
 * as nobody else added one since we read it, its numbers are ours; otherwise
 * rows are written in its numbers and read in ours.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/field-path.h"
#include "lib/exp/runs/index-internal.h"
#include "lib/exp/runs/run-row-internal.h"

void index_map_init(struct index_map *m, struct field_names *names)
{
	memset(m, 0, sizeof(*m));
	m->names = names;
	m->same = true;
	m->sums = xcalloc(1, sizeof(*m->sums));
}

void index_map_release(struct index_map *m)
{
	free(m->sums);
	free(m->ours);
	free(m->theirs);
}

static void note_theirs(struct index_map *m, unsigned ours, size_t theirs)
{
	size_t nr = m->theirs_nr;

	if (ours >= nr) {
		m->theirs_nr = MAXIMUM((size_t)ours + 1, 2 * nr + 64);
		m->theirs = xrealloc_array(m->theirs, m->theirs_nr,
					   sizeof(*m->theirs));
		memset(m->theirs + nr, 0,
		       (m->theirs_nr - nr) * sizeof(*m->theirs));
	}
	m->theirs[ours] = (uint32_t)theirs + 1;
}

void index_map_add(struct index_map *m, const char *path, size_t len)
{
	unsigned char raw[FINGERPRINT_RAWSZ];
	unsigned ours = field_names_add(m->names, path, len);

	if (m->nr == m->alloc) {
		m->alloc = 2 * m->alloc + 64;
		m->ours = xrealloc_array(m->ours, m->alloc, sizeof(*m->ours));
		m->sums = xrealloc_array(m->sums, m->alloc + 1,
					 sizeof(*m->sums));
	}
	fingerprint_add(&m->sum, path, len);
	fingerprint_finish(&m->sum, raw);
	m->ours[m->nr] = ours;
	note_theirs(m, ours, m->nr);
	if (ours != m->nr)
		m->same = false;
	m->nr++;
	memcpy(&m->sums[m->nr], raw, sizeof(m->sums[0]));
}

bool index_map_has(const struct index_map *m, const struct index_fields *f)
{
	return f->nr <= m->nr && m->sums[f->nr] == f->sum;
}

void index_map_state(const struct index_map *m, struct index_fields *out)
{
	out->nr = (uint32_t)m->nr;
	out->sum = m->sums[m->nr];
}

int index_load_fields(struct index *ix, struct strbuf *err)
{
	struct db_stmt *stmt;
	int ret = db_prepare(&stmt, ix->db, "SELECT id, path FROM fields "
			     "WHERE id >= ? ORDER BY id", err);

	if (ret)
		return ret;
	db_bind_int(stmt, 1, (int64_t)ix->map.nr);
	while ((ret = db_step(stmt, err)) > 0) {
		size_t len;
		const char *path = db_column_text(stmt, 1, &len);

		if (db_column_int(stmt, 0) != (int64_t)ix->map.nr ||
		    !len || memchr(path, '\0', len)) {
			ret = index_damaged(ix, err);
			break;
		}
		index_map_add(&ix->map, path, len);
	}
	db_finish(stmt);
	return ret;
}

static int insert_field(struct index *ix, struct db_stmt *stmt, unsigned ours,
			struct strbuf *err)
{
	const char *path = field_names_path(ix->map.names, ours);
	int ret;

	db_bind_int(stmt, 1, (int64_t)ix->map.nr);
	db_bind_text(stmt, 2, path, strlen(path));
	ret = db_run(stmt, err);
	if (!ret)
		index_map_add(&ix->map, path, strlen(path));
	return ret;
}

int index_save_fields(struct index *ix, struct strbuf *err)
{
	size_t nr = field_names_nr(ix->map.names), i;
	struct db_stmt *stmt = NULL;
	int ret = 0;

	for (i = 0; !ret && i < nr; i++) {
		if (i < ix->map.theirs_nr && ix->map.theirs[i])
			continue;
		if (!stmt)
			ret = db_prepare(&stmt, ix->db, "INSERT INTO fields"
					 "(id, path) VALUES(?, ?)", err);
		if (!ret)
			ret = insert_field(ix, stmt, (unsigned)i, err);
	}
	db_finish(stmt);
	return ret;
}

struct renumbering {
	const struct index_map *m;
	bool to_file;
	struct row_builder builder;
};

static int renumber_field(unsigned id, const struct cell *cell, void *data)
{
	struct renumbering *t = data;

	if (t->to_file) {
		if (id >= t->m->theirs_nr || !t->m->theirs[id])
			return -1;
		id = t->m->theirs[id] - 1;
	} else {
		if (id >= t->m->nr)
			return -1;
		id = t->m->ours[id];
	}
	row_builder_add(&t->builder, id);
	cell_pack(&t->builder.cells, cell);
	return 0;
}

static bool renumber(const struct index *ix, struct run_row *row,
		     struct strbuf *room, bool to_file)
{
	struct renumbering t = { .m = &ix->map, .to_file = to_file,
				 .builder = ROW_BUILDER_INIT };
	bool done;

	if (ix->map.same)
		return true;
	strbuf_reset(room);
	done = !run_row_each(row, renumber_field, &t);
	if (done) {
		row_builder_finish(&t.builder, room);
		row->data = (const unsigned char *)room->buf;
		row->len = room->len;
	}
	row_builder_release(&t.builder);
	return done;
}

bool index_row(const struct index *ix, struct run_row *row,
	       struct strbuf *room)
{
	return renumber(ix, row, room, false);
}

bool index_row_to_file(const struct index *ix, struct run_row *row,
		       struct strbuf *room)
{
	return renumber(ix, row, room, true);
}
