/*
 * Of a million runs of which ten are shown, ten are kept: a heap whose top is
 * the one that goes when a better one comes.
 */
#include "lib/base/compat.h"
#include "builtin/report.h"

#include "lib/base/alloc.h"

struct few_row {
	struct report_row row;
	struct cell *cells;	/* by key, lent by the row */
};

struct few_rows {
	struct sort_keys keys;	/* of cells by key */
	size_t *slot;		/* of each key */
	size_t slots;
	struct cell *unpacked;	/* room for one row */
	bool last;
	size_t most;
	struct few_row *heap;
	size_t nr, alloc;
};

struct few_rows *few_rows_new(const struct report_few *few, size_t slots)
{
	struct few_rows *rows = xcalloc(1, sizeof(*rows));
	size_t i;

	rows->keys.nr = few->keys->nr;
	rows->keys.key = xcalloc(rows->keys.nr + 1, sizeof(*rows->keys.key));
	rows->slot = xcalloc(rows->keys.nr + 1, sizeof(*rows->slot));
	for (i = 0; i < rows->keys.nr; i++) {
		rows->keys.key[i] = few->keys->key[i];
		rows->keys.key[i].column = i;
		rows->slot[i] = few->keys->key[i].column;
	}
	rows->slots = slots;
	rows->unpacked = xcalloc(slots + 1, sizeof(*rows->unpacked));
	rows->last = few->last;
	rows->most = few->nr;
	return rows;
}

/* Whether the first of the two goes before the other does. */
static bool is_worse(const struct few_rows *rows, const struct cell *a,
		     size_t place_a, const struct cell *b, size_t place_b)
{
	int order = sort_compare(&rows->keys, a, b);

	if (!order)
		order = place_a < place_b ? -1 : 1;
	return rows->last ? order < 0 : order > 0;
}

static bool is_worse_at(const struct few_rows *rows, size_t a, size_t b)
{
	const struct few_row *x = &rows->heap[a], *y = &rows->heap[b];

	return is_worse(rows, x->cells, x->row.place, y->cells, y->row.place);
}

bool few_rows_want(const struct few_rows *rows, const struct cell *cells,
		   size_t place)
{
	const struct few_row *top = rows->heap;

	if (rows->nr < rows->most)
		return true;
	return rows->nr && is_worse(rows, top->cells, top->row.place, cells,
				    place);
}

static void swap(struct few_rows *rows, size_t a, size_t b)
{
	struct few_row row = rows->heap[a];

	rows->heap[a] = rows->heap[b];
	rows->heap[b] = row;
}

static void go_up(struct few_rows *rows, size_t at)
{
	while (at && is_worse_at(rows, at, (at - 1) / 2)) {
		swap(rows, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void go_down(struct few_rows *rows, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < rows->nr &&
		    is_worse_at(rows, child + 1, child))
			child++;
		if (child >= rows->nr || !is_worse_at(rows, child, at))
			return;
		swap(rows, at, child);
		at = child;
	}
}

void few_rows_add(struct few_rows *rows, const struct report_row *row)
{
	struct few_row *at = rows->heap;
	size_t i;

	if (rows->nr == rows->most) {
		free(at->row.data);
	} else {
		ARRAY_GROW(rows->heap, rows->nr + 1, rows->alloc);
		at = &rows->heap[rows->nr++];
		at->cells = xcalloc(rows->keys.nr + 1, sizeof(*at->cells));
	}
	at->row = *row;
	report_row_cells(row, rows->unpacked, rows->slots);
	for (i = 0; i < rows->keys.nr; i++)
		at->cells[i] = rows->unpacked[rows->slot[i]];
	if (at == rows->heap)
		go_down(rows, 0);
	else
		go_up(rows, (size_t)(at - rows->heap));
}

size_t few_rows_nr(const struct few_rows *rows)
{
	return rows->nr;
}

void few_rows_take(struct few_rows *rows, struct report_row *out)
{
	size_t i;

	for (i = 0; i < rows->nr; i++) {
		out[i] = rows->heap[i].row;
		free(rows->heap[i].cells);
	}
	free(rows->heap);
	free(rows->unpacked);
	free(rows->slot);
	free(rows->keys.key);
	free(rows);
}
