/*
 * What a report keeps of its runs. Threads bring the rows in no order; each
 * puts its own at the run's place.
 */
#include "lib/base/compat.h"
#include "builtin/report.h"

#include "lib/base/alloc.h"

/* So few fields are found faster one by one than by passing all of a row. */
#define FEW 6

/* What a worker has for itself. */
struct collector {
	struct strbuf room;
	struct cell *keys;	/* of a row, by which few are chosen */
	struct few_rows *few;	/* NULL: all */
};

struct collecting {
	const struct wanted *wanted;
	const struct where *where;
	const struct report_few *few;
	bool *is_known;		/* of the expression's fields, by slot */
	unsigned *field;	/* their numbers */
	struct collector *by;	/* worker */
	struct report_row *row;	/* by place; those without data are out. NULL:
				 * few are wanted */
};

/* A row while its expression is evaluated. */
struct looking {
	const struct collecting *c;
	const struct run_row *row;
};

size_t wanted_add(struct wanted *wanted, unsigned id)
{
	if (id >= wanted->ids) {
		size_t ids = MAXIMUM((size_t)id + 1, 2 * wanted->ids);

		wanted->slot = xrealloc_array(wanted->slot, ids,
					      sizeof(*wanted->slot));
		memset(wanted->slot + wanted->ids, 0,
		       (ids - wanted->ids) * sizeof(*wanted->slot));
		wanted->ids = ids;
	}
	if (!wanted->slot[id]) {
		ARRAY_GROW(wanted->id, wanted->nr + 1, wanted->alloc);
		wanted->id[wanted->nr] = id;
		wanted->slot[id] = ++wanted->nr;
	}
	return wanted->slot[id] - 1;
}

size_t wanted_add_absent(struct wanted *wanted)
{
	ARRAY_GROW(wanted->id, wanted->nr + 1, wanted->alloc);
	wanted->id[wanted->nr] = UINT_MAX;
	return wanted->nr++;
}

void wanted_release(struct wanted *wanted)
{
	free(wanted->id);
	free(wanted->slot);
}

static void get_field(struct cell *out, size_t slot, void *data)
{
	const struct looking *l = data;

	if (l->c->is_known[slot])
		run_row_get(l->row, l->c->field[slot], out);
}

static void keep_cell(struct strbuf *room, size_t slot,
		      const struct cell *cell)
{
	const uint32_t number = (uint32_t)slot;

	strbuf_add(room, &number, sizeof(number));
	cell_pack(room, cell);
}

struct keeping {
	const struct wanted *wanted;
	struct strbuf *room;
};

static int keep_wanted(unsigned id, const struct cell *cell, void *data)
{
	const struct keeping *k = data;

	if (id < k->wanted->ids && k->wanted->slot[id])
		keep_cell(k->room, k->wanted->slot[id] - 1, cell);
	return 0;
}

static void keep_few(const struct wanted *wanted, const struct run_row *row,
		     struct strbuf *room)
{
	struct cell cell;
	size_t i;

	for (i = 0; i < wanted->nr; i++)
		if (run_row_get(row, wanted->id[i], &cell))
			keep_cell(room, i, &cell);
}

static bool is_one_of_few(const struct collecting *c, struct collector *own,
			  const struct run_row *row, size_t place)
{
	const struct sort_keys *keys = c->few->keys;
	size_t i;

	for (i = 0; i < keys->nr; i++) {
		own->keys[i].type = CELL_NONE;
		run_row_get(row, c->wanted->id[keys->key[i].column],
			    &own->keys[i]);
	}
	return few_rows_want(own->few, own->keys, place);
}

static int collect_row(const struct run_row *row, size_t place,
		       unsigned worker, void *data)
{
	const struct collecting *c = data;
	struct collector *own = &c->by[worker];
	struct keeping keeping = { c->wanted, &own->room };
	struct looking looking = { c, row };
	struct report_row kept = { .place = place };

	if (c->where && !where_match(c->where, get_field, &looking))
		return 0;
	if (own->few && !is_one_of_few(c, own, row, place))
		return 0;
	strbuf_reset(&own->room);
	if (c->wanted->nr <= FEW)
		keep_few(c->wanted, row, &own->room);
	else
		run_row_each(row, keep_wanted, &keeping);
	kept.len = own->room.len;
	kept.data = (unsigned char *)xmemdupz(own->room.buf, own->room.len);
	if (own->few)
		few_rows_add(own->few, &kept);
	else
		c->row[place] = kept;
	return 0;
}

/* Short names are what they mean in these runs. */
static void find_fields(struct collecting *c, const struct runs *runs)
{
	size_t nr = c->where ? where_fields_nr(c->where) : 0, i;
	struct strbuf path = STRBUF_INIT;

	c->is_known = xcalloc(nr + 1, sizeof(*c->is_known));
	c->field = xcalloc(nr + 1, sizeof(*c->field));
	for (i = 0; i < nr; i++) {
		strbuf_reset(&path);
		c->is_known[i] = field_resolve(runs_names(runs),
					       where_field(c->where, i),
					       &path) &&
			field_names_find(runs_names(runs), path.buf,
					 &c->field[i]);
	}
	strbuf_release(&path);
}

static void collecting_start(struct collecting *c, const struct runs *runs)
{
	unsigned workers = runs_workers(runs), w;

	c->by = xcalloc(workers, sizeof(*c->by));
	for (w = 0; w < workers; w++) {
		strbuf_init(&c->by[w].room);
		if (!c->few)
			continue;
		c->by[w].keys = xcalloc(c->few->keys->nr + 1,
					sizeof(*c->by[w].keys));
		c->by[w].few = few_rows_new(c->few, c->wanted->nr);
	}
	if (!c->few)
		c->row = xcalloc(runs_nr(runs) + 1, sizeof(*c->row));
	find_fields(c, runs);
}

static int compare_places(const void *a, const void *b)
{
	const struct report_row *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

static void take_few(struct report_rows *out, struct collecting *c,
		     unsigned workers)
{
	unsigned w;
	size_t nr = 0;

	for (w = 0; w < workers; w++)
		nr += few_rows_nr(c->by[w].few);
	out->row = xcalloc(nr + 1, sizeof(*out->row));
	for (w = 0; w < workers; w++) {
		nr = few_rows_nr(c->by[w].few);
		few_rows_take(c->by[w].few, out->row + out->nr);
		out->nr += nr;
	}
	if (out->nr)
		qsort(out->row, out->nr, sizeof(*out->row), compare_places);
}

static void collecting_end(struct collecting *c, struct runs *runs,
			   struct report_rows *out)
{
	unsigned workers = runs_workers(runs), w;
	size_t nr = runs_nr(runs), i;

	out->nr = 0;
	if (c->few) {
		take_few(out, c, workers);
	} else {
		out->row = c->row;
		for (i = 0; i < nr; i++)
			if (c->row[i].data)
				out->row[out->nr++] = c->row[i];
	}
	for (w = 0; w < workers; w++) {
		strbuf_release(&c->by[w].room);
		free(c->by[w].keys);
	}
	free(c->by);
	free(c->is_known);
	free(c->field);
}

int report_rows_collect(struct report_rows *out, struct runs *runs,
			const struct wanted *wanted, const struct where *where,
			const struct report_few *few, struct strbuf *err)
{
	struct collecting c = { .wanted = wanted, .where = where, .few = few };
	int ret;

	collecting_start(&c, runs);
	ret = runs_each(runs, collect_row, &c, err);
	collecting_end(&c, runs, out);
	return ret;
}

void report_rows_release(struct report_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->nr; i++)
		free(rows->row[i].data);
	free(rows->row);
	rows->row = NULL;
	rows->nr = 0;
}

void report_row_cells(const struct report_row *row, struct cell *cells,
		      size_t nr)
{
	const unsigned char *at = row->data, *end = row->data + row->len;
	size_t i;

	for (i = 0; i < nr; i++)
		cells[i].type = CELL_NONE;
	while (at < end) {
		uint32_t slot;

		memcpy(&slot, at, sizeof(slot));
		at += sizeof(slot);
		cell_unpack(&cells[slot], &at, end);
	}
}
