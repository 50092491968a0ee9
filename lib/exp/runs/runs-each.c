/*
 * Rows for who wants them. What lies in the index is read by blocks, by several
 * threads: this one has the first connection, in a transaction that keeps the
 * file as it is, and each other one a connection of its own. What somebody else
 * changed in it since it was opened is found again by name.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/runs/runs-internal.h"

/* Runs in memory that a thread takes at once. */
#define ROWS_TAKEN 64

struct passing {
	struct runs *runs;
	struct live_fields fields;
	runs_fn fn;
	void *data;
	size_t next_block, next_read;	/* of all threads */
	struct run_place **read;	/* those in memory */
	size_t read_nr;
	int code;			/* non-zero stops all */
};

struct pass_work {
	struct work work;
	struct passing *p;
	unsigned nr;		/* below runs_workers() */
	struct index_reader *reader;
	struct strbuf room, live_room;
	struct strbuf err;
	int code;
};

/* A row of memory. */
static void get_read(const struct runs *runs, const struct live_fields *fields,
		     const struct read_run *run, struct run_row *row,
		     struct strbuf *room)
{
	row->name = run->name;
	row->data = (const unsigned char *)run->row.buf;
	row->len = run->row.len;
	runs_live_row(runs, fields, run->dir, row, room);
}

/* A row of a block. */
static int get_indexed(const struct runs *runs,
		       const struct live_fields *fields,
		       const struct run_place *place,
		       const unsigned char *rows, struct run_row *row,
		       struct strbuf *room, struct strbuf *live_room)
{
	row->name = place->name;
	row->data = rows + place->row_at;
	row->len = place->row_len;
	if (!index_row(runs->ix, row, room))
		return ERR_CONTENT;
	runs_live_row(runs, fields, NULL, row, live_room);
	return 0;
}

static void run_here(struct runs *runs, const char *name, struct read_run *run)
{
	struct run_facts facts = { .name = name, .remote = runs->remote };

	memset(run, 0, sizeof(*run));
	strbuf_init(&run->row);
	run->name = xstrdup(name);
	if (runs->remote)
		run_row_build(&run->row, runs->names, NULL, &facts);
	else
		runs_read_one(runs, run);
}

/* What the index lost is read from its files; of a remote only the name is
 * left. */
static int pass_without(struct pass_work *w, struct run_place *place,
			unsigned worker)
{
	struct passing *p = w->p;
	struct read_run run;
	struct run_row row;
	int ret;

	run_here(p->runs, place->name, &run);
	get_read(p->runs, &p->fields, &run, &row, &w->live_room);
	ret = p->fn(&row, (size_t)(place - p->runs->place), worker, p->data);
	read_run_release(&run);
	return ret;
}

static int pass_block(struct pass_work *w, size_t nr, unsigned worker)
{
	struct passing *p = w->p;
	struct runs *runs = p->runs;
	const unsigned char *rows = NULL;
	size_t len, i;
	int ret = 0;

	if (!w->reader)
		ret = index_reader_open(&w->reader, runs->ix, worker > 0,
					NULL);
	if (!ret)
		ret = index_reader_rows(w->reader, nr, &rows, &len, NULL);
	if (ret == ERR_CONTENT)
		__atomic_store_n(&runs->damaged, true, __ATOMIC_RELAXED);
	if (ret && runs->remote)
		return fail(&w->err, ret, "the index of '%s' cannot be read: "
			    "'resutil update-index --remote %s' makes it anew",
			    runs->remote, runs->remote);
	for (i = runs->first[nr]; i < runs->first[nr + 1]; i++) {
		struct run_place *place;
		struct run_row row;
		int code;

		if (runs->place_of[i] == NOT_READ)
			continue;
		place = &runs->place[runs->place_of[i]];
		if (ret || get_indexed(runs, &p->fields, place, rows, &row,
				       &w->room, &w->live_room))
			code = pass_without(w, place, worker);
		else
			code = p->fn(&row, runs->place_of[i], worker, p->data);
		if (code)
			return code;
	}
	return 0;
}

static int pass_read(struct pass_work *w, size_t nr, unsigned worker)
{
	struct passing *p = w->p;
	struct run_place *place = p->read[nr];
	struct run_row row;

	if (place->read == NOT_READ)
		return pass_without(w, place, worker);
	get_read(p->runs, &p->fields, &p->runs->run[place->read], &row,
		 &w->live_room);
	return p->fn(&row, (size_t)(place - p->runs->place), worker, p->data);
}

/*
 * From both ends in turn. Names begin with a time, so that whoever wants but
 * the newest or the oldest few meets them first, and need not keep and drop
 * all that come nearer and nearer to these.
 */
static size_t block_in_turn(size_t turn, size_t blocks)
{
	return turn % 2 ? turn / 2 : blocks - 1 - turn / 2;
}

static void pass_some(struct work *work, unsigned thread UNUSED)
{
	struct pass_work *w = (struct pass_work *)work;
	const unsigned worker = w->nr;
	struct passing *p = w->p;
	size_t blocks = p->runs->ix ? index_nr_blocks(p->runs->ix) : 0;
	int ret = 0;

	while (!ret && !__atomic_load_n(&p->code, __ATOMIC_RELAXED)) {
		size_t i = __atomic_fetch_add(&p->next_block, 1,
					      __ATOMIC_RELAXED), end;

		if (i < blocks) {
			ret = pass_block(w, block_in_turn(i, blocks), worker);
			continue;
		}
		i = __atomic_fetch_add(&p->next_read, ROWS_TAKEN,
				       __ATOMIC_RELAXED);
		end = MINIMUM(i + ROWS_TAKEN, p->read_nr);
		if (i >= end)
			break;
		for (; !ret && i < end; i++)
			ret = pass_read(w, i, worker);
	}
	w->code = ret;
	if (ret)
		__atomic_store_n(&p->code, ret, __ATOMIC_RELAXED);
	index_reader_close(w->reader);
}

/* What is not in the index (any more). */
static void list_read(struct passing *p)
{
	struct runs *runs = p->runs;
	size_t i;

	p->read = xcalloc(runs->nr + 1, sizeof(*p->read));
	for (i = 0; i < runs->nr; i++)
		if (runs->place[i].read != NOT_READ ||
		    runs->place[i].block == NOT_READ)
			p->read[p->read_nr++] = &runs->place[i];
}

/* This thread is the first worker. */
static int pass_all(struct passing *p, struct strbuf *err)
{
	struct workers *pool = runs_pool(p->runs, p->runs->nr,
					 ROWS_PER_WORKER);
	unsigned nr = runs_pool_nr(p->runs), i;
	struct pass_work *work = xcalloc(nr, sizeof(*work));
	int ret = 0;

	for (i = 0; i < nr; i++) {
		work[i].work.fn = pass_some;
		work[i].p = p;
		strbuf_init(&work[i].room);
		strbuf_init(&work[i].live_room);
		strbuf_init(&work[i].err);
		work[i].nr = i;
		if (i)
			workers_add(pool, &work[i].work);
	}
	pass_some(&work[0].work, 0);
	if (pool)
		workers_wait_all(pool);
	for (i = 0; i < nr; i++) {
		if (work[i].code && !ret) {
			ret = work[i].code;
			if (work[i].err.len)
				fail(err, ret, "%s", work[i].err.buf);
		}
		strbuf_release(&work[i].room);
		strbuf_release(&work[i].live_room);
		strbuf_release(&work[i].err);
	}
	free(work);
	return ret;
}

/* The file stays as it is until runs_release(); where it has changed, rows are
 * found again. It cannot be read at all: everything is read from the files. */
static bool hold(struct runs *runs)
{
	bool changed;
	size_t i;

	if (!runs->ix)
		return false;
	if (!index_begin_read(runs->ix, &changed, NULL)) {
		if (changed)
			runs_bind(runs);
		return true;
	}
	for (i = 0; i < runs->nr; i++)
		runs->place[i].block = NOT_READ;
	return false;
}

int runs_each(struct runs *runs, runs_fn fn, void *data, struct strbuf *err)
{
	struct passing p = { .runs = runs, .fn = fn, .data = data };
	bool held = hold(runs);
	int ret;

	if (!held)
		p.next_block = SIZE_MAX / 2;
	runs_live_fields(&p.fields, runs->names);
	list_read(&p);
	ret = pass_all(&p, err);
	if (held)
		index_end_read(runs->ix);
	free(p.read);
	return ret;
}

/* The block's rows are kept: the next one asked for is often its neighbour. */
static int load_block(struct runs *runs, size_t block, struct strbuf *err)
{
	struct index_reader *reader = NULL;
	const unsigned char *rows;
	size_t len;
	int ret;

	if (runs->block_read == block)
		return 0;
	ret = index_reader_open(&reader, runs->ix, false, err);
	if (!ret)
		ret = index_reader_rows(reader, block, &rows, &len, err);
	if (ret == ERR_CONTENT)
		runs->damaged = true;
	if (!ret) {
		strbuf_reset(&runs->block_rows);
		strbuf_add(&runs->block_rows, rows, len);
		runs->block_read = block;
	}
	index_reader_close(reader);
	return ret;
}

static int row_of_files(struct runs *runs, const struct live_fields *fields,
			size_t nr, struct strbuf *room, struct run_row *row,
			struct strbuf *err)
{
	struct strbuf live = STRBUF_INIT;
	struct read_run run;

	if (runs->remote)
		return fail(err, ERR_NOT_FOUND, "'%s' is not known any more",
			    runs->place[nr].name);
	run_here(runs, runs->place[nr].name, &run);
	get_read(runs, fields, &run, row, &live);
	strbuf_reset(room);
	strbuf_add(room, row->data, row->len);
	row->name = runs->place[nr].name;
	row->data = (const unsigned char *)room->buf;
	read_run_release(&run);
	strbuf_release(&live);
	return 0;
}

int runs_row(struct runs *runs, size_t nr, struct strbuf *room,
	     struct run_row *row, struct strbuf *err)
{
	const struct run_place *place = &runs->place[nr];
	struct strbuf other = STRBUF_INIT;
	struct live_fields fields;
	bool held;
	int ret = ERR_NOT_FOUND;

	strbuf_reset(room);
	runs_live_fields(&fields, runs->names);
	if (place->read != NOT_READ) {
		get_read(runs, &fields, &runs->run[place->read], row, room);
		return 0;
	}
	held = hold(runs);
	if (held && place->block != NOT_READ)
		ret = load_block(runs, place->block, NULL);
	if (!ret)
		ret = get_indexed(runs, &fields, place, (const unsigned char *)
				  runs->block_rows.buf, row, &other, room);
	if (!ret && row->data == (const unsigned char *)other.buf) {
		strbuf_reset(room);
		strbuf_addbuf(room, &other);
		row->data = (const unsigned char *)room->buf;
	}
	if (ret)
		ret = row_of_files(runs, &fields, nr, room, row, err);
	if (held)
		index_end_read(runs->ix);
	strbuf_release(&other);
	return ret;
}
