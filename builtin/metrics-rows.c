/*
 * Rows of one run as they come, of several below each other, or joined by what
 * counts them. Only the last needs all of them in memory.
 */
#include "lib/base/compat.h"
#include "builtin/metrics-parts.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strmap.h"

#include <math.h>

static void add_column(struct sheet *sheet, const char *title,
		       enum sheet_role role)
{
	struct strbuf text = STRBUF_INIT;
	struct sheet_column column = { .role = role };

	strbuf_addstr(&text, title);
	column.title = text.buf;
	sheet_column(sheet, &column);
	strbuf_release(&text);
}

/* NULL: said what is wrong. `more`: a column that is read, too. */
static struct thin *open_run(struct metrics_job *job,
			     const struct series_run *run, const char *more)
{
	struct strbuf err = STRBUF_INIT, name = STRBUF_INIT;
	struct strvec columns = STRVEC_INIT;
	struct series *series = NULL;
	struct thin *thin = NULL;
	int ret = series_choose(&name, run, job->series, &err);

	if (more && job->columns.nr)
		strvec_push(&columns, more);
	strvec_pushv(&columns, job->columns.v);
	if (!ret)
		ret = series_open(&series, run->dir, name.buf,
				  columns.nr ? &columns : NULL, &err);
	if (ret)
		metrics_failed(job, ret, err.buf);
	else
		thin_open(&thin, series, &job->thin);
	strvec_release(&columns);
	strbuf_release(&name);
	strbuf_release(&err);
	return thin;
}

/* The next row that is one. What is left out is told once a run. */
static bool next_row(struct metrics_job *job, const struct series_run *run,
		     struct thin *thin, const struct cell **cells, bool *told)
{
	struct strbuf err = STRBUF_INIT;
	int ret;

	while ((ret = thin_next(thin, cells, &err)) < 0) {
		if (!*told)
			metrics_left_out(job, run, err.buf);
		*told = true;
		strbuf_reset(&err);
	}
	strbuf_release(&err);
	return ret > 0;
}

/* For people, a date. */
static void show_time(const struct metrics_job *job, struct cell *cell)
{
	double at;

	if (!metrics_for_people(job) || !cell_number(cell, &at) ||
	    !(fabs(at) < 1e11))
		return;
	cell->type = CELL_TIME;
	cell->u.time = moment_now();
	cell->u.time.sec = (int64_t)floor(at);
	cell->u.time.usec = (int32_t)((at - floor(at)) * 1e6);
}

/* ---- below each other ---------------------------------------------------- */

static void print_run(struct metrics_job *job, const struct series_run *run,
		      struct thin *thin, struct sheet *sheet,
		      struct strmap *place, size_t nr)
{
	const struct strvec *columns = thin_columns(thin);
	size_t *to = xcalloc(columns->nr, sizeof(*to));
	struct cell *cell = xcalloc(nr + 1, sizeof(*cell));
	const struct cell *row;
	bool told = false;
	size_t i;

	for (i = 0; i < columns->nr; i++)
		to[i] = (size_t)(uintptr_t)strmap_get(place, columns->v[i]);
	while (next_row(job, run, thin, &row, &told)) {
		memset(cell, 0, nr * sizeof(*cell));
		if (job->stacked) {
			const char *name = metrics_for_people(job) ?
					   run->label : run->name;

			cell[0].type = CELL_TEXT;
			cell[0].u.text.data = name;
			cell[0].u.text.len = strlen(name);
		}
		for (i = 0; i < columns->nr; i++)
			if (to[i])
				cell[to[i] - 1] = row[i];
		show_time(job, &cell[job->stacked ? 1 : 0]);
		sheet_row(sheet, cell);
	}
	free(cell);
	free(to);
}

static void print_stacked(struct metrics_job *job)
{
	struct thin **thin = xcalloc(job->runs->nr + 1, sizeof(*thin));
	bool *good = xcalloc(job->runs->nr + 1, sizeof(*good));
	struct strmap place = STRMAP_INIT;
	struct strvec titles = STRVEC_INIT;
	struct sheet *sheet;
	size_t i, j;

	if (job->stacked)
		strvec_push(&titles, "name");
	for (i = 0; i < job->runs->nr; i++) {
		/* opened one at a time: there may be thousands */
		thin[i] = open_run(job, &job->runs->run[i], NULL);
		good[i] = thin[i] != NULL;
		for (j = 0; good[i] && j < thin_columns(thin[i])->nr; j++) {
			const char *name = thin_columns(thin[i])->v[j];

			if (strmap_get(&place, name))
				continue;
			strvec_push(&titles, name);
			strmap_put(&place, titles.v[titles.nr - 1],
				   (void *)(uintptr_t)titles.nr);
		}
		if (job->runs->nr > 1) {
			thin_close(thin[i]);
			thin[i] = NULL;
		}
	}
	/* at least a time, unless nothing can be read */
	if (titles.nr == (job->stacked ? 1 : 0))
		goto cleanup;
	sheet = sheet_new(&job->sheet);
	for (i = 0; i < titles.nr; i++)
		add_column(sheet, titles.v[i], !i && job->stacked ?
			   SHEET_NAME : SHEET_PLAIN);
	for (i = 0; i < job->runs->nr; i++) {
		if (!thin[i] && good[i])
			thin[i] = open_run(job, &job->runs->run[i], NULL);
		if (thin[i])
			print_run(job, &job->runs->run[i], thin[i], sheet,
				  &place, titles.nr);
		thin_close(thin[i]);
	}
	sheet_end(sheet);

cleanup:
	strmap_release(&place);
	strvec_release(&titles);
	free(good);
	free(thin);
}

/* ---- side by side -------------------------------------------------------- */

struct kept_row {
	double key;
	uint64_t turn;		/* of rows with the same key: which it is */
	size_t cells;		/* where they begin in side.cell */
};

/* The rows of one run. */
struct side {
	const struct series_run *run;
	struct strvec columns;		/* without the key, and without `at` */
	struct kept_row *row;
	size_t nr, alloc;
	struct cell *cell;
	size_t cells, cell_alloc;
	struct strvec texts;
	size_t at;			/* the next to be printed */
};

static void keep_cell(struct side *side, const struct cell *cell)
{
	struct cell *to;

	ARRAY_GROW(side->cell, side->cells + 1, side->cell_alloc);
	to = &side->cell[side->cells++];
	*to = *cell;
	if (cell->type == CELL_TEXT || cell->type == CELL_BYTES)
		to->u.text.data = strvec_pushn(&side->texts,
					       cell->u.text.data,
					       cell->u.text.len);
}

static int compare_keys(const void *a, const void *b)
{
	const struct kept_row *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->cells > y->cells) - (x->cells < y->cells);
}

static void number_keys(struct side *side)
{
	size_t i;

	if (side->nr)
		qsort(side->row, side->nr, sizeof(*side->row), compare_keys);
	for (i = 1; i < side->nr; i++)
		if (side->row[i].key == side->row[i - 1].key)
			side->row[i].turn = side->row[i - 1].turn + 1;
}

/* Where the key stands; with functions its first one does. */
static ssize_t key_column(const struct metrics_job *job,
			  const struct strvec *columns)
{
	size_t i, len = job->by ? strlen(job->by) : 0;

	for (i = 0; job->by && i < columns->nr; i++)
		if (!strncmp(columns->v[i], job->by, len) &&
		    (!columns->v[i][len] ||
		     (job->thin.functions.nr && columns->v[i][len] == '.')))
			return (ssize_t)i;
	return -1;
}

static void keep_run(struct metrics_job *job, struct side *side)
{
	struct thin *thin = open_run(job, side->run, job->by);
	const struct strvec *columns;
	const struct cell *cells;
	uint64_t left = 0, nr = 0;
	bool told = false;
	ssize_t key;
	size_t i;

	if (!thin)
		return;
	columns = thin_columns(thin);
	key = key_column(job, columns);
	for (i = 1; i < columns->nr; i++)
		if ((ssize_t)i != key)
			strvec_push(&side->columns, columns->v[i]);
	while (next_row(job, side->run, thin, &cells, &told)) {
		struct kept_row row = { .cells = side->cells };

		row.key = (double)++nr;
		if (job->by && (key < 0 || !cell_number(&cells[key],
							&row.key) ||
				row.key != row.key)) {
			left++;
			continue;
		}
		for (i = 1; i < columns->nr; i++)
			if ((ssize_t)i != key)
				keep_cell(side, &cells[i]);
		ARRAY_GROW(side->row, side->nr + 1, side->alloc);
		side->row[side->nr++] = row;
	}
	if (left)
		warning("%s: %" PRIu64 " rows have no '%s' and are left out",
			side->run->label, left, job->by);
	number_keys(side);
	thin_close(thin);
}

static const struct kept_row *first_row(const struct side *side, size_t nr)
{
	const struct kept_row *first = NULL, *row;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (side[i].at == side[i].nr)
			continue;
		row = &side[i].row[side[i].at];
		if (!first || row->key < first->key ||
		    (row->key == first->key && row->turn < first->turn))
			first = row;
	}
	return first;
}

static void print_joined(struct sheet *sheet, struct side *side, size_t nr,
			 struct cell *cell)
{
	const struct kept_row *first;
	size_t i, j, at;

	while ((first = first_row(side, nr))) {
		const double key = first->key;
		const uint64_t turn = first->turn;

		cell[0].type = CELL_FLOAT;
		cell[0].u.real = key;
		if (fabs(key) <= 9007199254740992.0 && floor(key) == key) {
			cell[0].type = CELL_INT;
			cell[0].u.number = (int64_t)key;
		}
		for (i = 0, at = 1; i < nr; i++) {
			const struct kept_row *row =
				side[i].at < side[i].nr ?
				&side[i].row[side[i].at] : NULL;
			bool has = row && row->key == key && row->turn == turn;

			for (j = 0; j < side[i].columns.nr; j++, at++)
				if (has)
					cell[at] = side[i].cell[row->cells +
								j];
				else
					cell[at].type = CELL_NONE;
			side[i].at += has;
		}
		sheet_row(sheet, cell);
	}
}

static void print_side_by_side(struct metrics_job *job)
{
	const size_t nr = job->runs->nr;
	struct side *side = xcalloc(nr + 1, sizeof(*side));
	struct strbuf title = STRBUF_INIT;
	struct sheet *sheet;
	struct cell *cell;
	size_t i, j, columns = 1;

	for (i = 0; i < nr; i++) {
		side[i].run = &job->runs->run[i];
		strvec_init(&side[i].columns);
		strvec_init(&side[i].texts);
		keep_run(job, &side[i]);
		columns += side[i].columns.nr;
	}
	cell = xcalloc(columns, sizeof(*cell));
	sheet = sheet_new(&job->sheet);
	add_column(sheet, job->by ? job->by : "row", SHEET_PLAIN);
	for (i = 0; i < nr; i++)
		for (j = 0; j < side[i].columns.nr; j++) {
			strbuf_reset(&title);
			strbuf_addf(&title, "%s:%s", metrics_for_people(job) ?
				    side[i].run->label : side[i].run->name,
				    side[i].columns.v[j]);
			add_column(sheet, title.buf, SHEET_PLAIN);
		}
	print_joined(sheet, side, nr, cell);
	sheet_end(sheet);
	for (i = 0; i < nr; i++) {
		strvec_release(&side[i].columns);
		strvec_release(&side[i].texts);
		free(side[i].row);
		free(side[i].cell);
	}
	free(cell);
	free(side);
	strbuf_release(&title);
}

void metrics_rows(struct metrics_job *job)
{
	if (job->stacked || job->runs->nr == 1)
		print_stacked(job);
	else
		print_side_by_side(job);
}
