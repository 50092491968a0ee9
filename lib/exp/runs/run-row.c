/*
 * A row, numbers little-endian: a byte that says how wide numbers are (1: 2
 * bytes, 2: 4 bytes); how many fields there are; their numbers, ascending; for
 * each where its cell begins behind all these; the cells.
 */
#include "lib/base/compat.h"
#include "lib/exp/runs/run-row.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/runs/run-row-internal.h"

/* Room that is taken at once. */
#define USUAL_FIELDS 96
#define USUAL_BYTES 2048

enum row_width {
	ROW_NARROW = 1,
	ROW_WIDE = 2
};

struct layout {
	unsigned width;			/* bytes of a number */
	size_t nr;
	const unsigned char *ids, *offsets, *cells, *end;
};

static size_t get_number(const unsigned char *at, unsigned width)
{
	if (width == 2)
		return (size_t)(at[0] | at[1] << 8);
	return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 |
	       (size_t)at[3] << 24;
}

/* Where there is room for it; gives what is behind it. */
static char *put_number(char *at, size_t number, unsigned width)
{
	unsigned i;

	for (i = 0; i < width; i++)
		*at++ = (char)(number >> 8 * i & 0xff);
	return at;
}

static bool read_layout(struct layout *l, const struct run_row *row)
{
	size_t left;

	if (!row->len || (*row->data != ROW_NARROW && *row->data != ROW_WIDE))
		return false;
	l->width = *row->data == ROW_NARROW ? 2 : 4;
	if (row->len < 1 + (size_t)l->width)
		return false;
	l->nr = get_number(row->data + 1, l->width);
	l->ids = row->data + 1 + l->width;
	left = row->len - 1 - l->width;
	if (l->nr > left / (2 * (size_t)l->width))
		return false;
	l->offsets = l->ids + l->nr * l->width;
	l->cells = l->offsets + l->nr * l->width;
	l->end = row->data + row->len;
	return true;
}

static bool get_cell(const struct layout *l, size_t nr, struct cell *out)
{
	size_t offset = get_number(l->offsets + nr * l->width, l->width);
	const unsigned char *at;

	if (offset >= (size_t)(l->end - l->cells))
		return false;
	at = l->cells + offset;
	return cell_unpack(out, &at, l->end);
}

bool run_row_get(const struct run_row *row, unsigned id, struct cell *out)
{
	size_t low = 0, high;
	struct layout l;

	if (!read_layout(&l, row))
		return false;
	high = l.nr;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		size_t there = get_number(l.ids + middle * l.width, l.width);

		if (there == id)
			return get_cell(&l, middle, out);
		if (there < id)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

int run_row_each(const struct run_row *row, run_row_fn fn, void *data)
{
	size_t last = 0, i;
	struct layout l;

	if (!read_layout(&l, row))
		return ERR_CONTENT;
	for (i = 0; i < l.nr; i++) {
		size_t id = get_number(l.ids + i * l.width, l.width);
		struct cell cell;
		int ret;

		if ((i && id <= last) || !get_cell(&l, i, &cell))
			return ERR_CONTENT;
		ret = fn((unsigned)id, &cell, data);
		if (ret)
			return ret;
		last = id;
	}
	return 0;
}

static int compare_fields(const void *a, const void *b)
{
	const struct packed_field *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Fields come in order mostly: that of the dictionary is their first one. */
static bool are_sorted(const struct row_builder *b)
{
	size_t i;

	for (i = 1; i < b->nr; i++)
		if (b->field[i - 1].id >= b->field[i].id)
			return false;
	return true;
}

/* Of those with one number the first one that was added. */
static size_t sort_fields(struct row_builder *b)
{
	size_t nr = 0, i;

	if (are_sorted(b))
		return b->nr;
	qsort(b->field, b->nr, sizeof(*b->field), compare_fields);
	for (i = 0; i < b->nr; i++)
		if (!nr || b->field[nr - 1].id != b->field[i].id)
			b->field[nr++] = b->field[i];
	return nr;
}

void row_builder_begin(struct row_builder *b)
{
	ARRAY_GROW(b->field, USUAL_FIELDS, b->alloc);
	strbuf_grow(&b->cells, USUAL_BYTES);
}

void row_builder_add(struct row_builder *b, unsigned id)
{
	ARRAY_GROW(b->field, b->nr + 1, b->alloc);
	b->field[b->nr++] = (struct packed_field){ id, b->cells.len };
}

void row_builder_finish(struct row_builder *b, struct strbuf *out)
{
	size_t nr = sort_fields(b), len, i;
	unsigned width = 2;
	char *at;

	if (nr > UINT16_MAX || b->cells.len > UINT16_MAX ||
	    (nr && b->field[nr - 1].id > UINT16_MAX))
		width = 4;
	len = 1 + width + 2 * nr * width;
	strbuf_grow(out, len + b->cells.len);
	at = out->buf + out->len;
	*at++ = width == 2 ? ROW_NARROW : ROW_WIDE;
	at = put_number(at, nr, width);
	for (i = 0; i < nr; i++)
		at = put_number(at, b->field[i].id, width);
	for (i = 0; i < nr; i++)
		at = put_number(at, b->field[i].offset, width);
	strbuf_setlen(out, out->len + len);
	strbuf_addbuf(out, &b->cells);
}

void row_builder_reset(struct row_builder *b)
{
	strbuf_reset(&b->cells);
	b->nr = 0;
}

void row_builder_release(struct row_builder *b)
{
	strbuf_release(&b->cells);
	free(b->field);
}

struct patching {
	struct row_builder builder;
	const struct run_patch *patch;
	size_t nr;
};

static int copy_field(unsigned id, const struct cell *cell, void *data)
{
	struct patching *p = data;
	size_t i;

	for (i = 0; i < p->nr; i++)
		if (p->patch[i].id == id)
			return 0;
	row_builder_add(&p->builder, id);
	cell_pack(&p->builder.cells, cell);
	return 0;
}

int run_row_patch(struct strbuf *out, const struct run_row *row,
		  const struct run_patch *patch, size_t nr)
{
	struct patching p = { .builder = ROW_BUILDER_INIT, .patch = patch,
			      .nr = nr };
	int ret = run_row_each(row, copy_field, &p);
	size_t i;

	if (!ret) {
		for (i = 0; i < nr; i++) {
			if (patch[i].cell.type == CELL_NONE)
				continue;
			row_builder_add(&p.builder, patch[i].id);
			cell_pack(&p.builder.cells, &patch[i].cell);
		}
		row_builder_finish(&p.builder, out);
	}
	row_builder_release(&p.builder);
	return ret;
}
