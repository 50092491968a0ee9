/*
 * While results_dir is being listed there is nothing that threads could do,
 * since runs are read in the order in which they are written: by names, which
 * are not known before the end. So some of the first names are read at once,
 * as many as threads take meanwhile; they wait in memory for their turn. That
 * is done where the index is empty, so that every name is a new one.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/exp/runs/runs-internal.h"

/* Names that are given to threads at once; fewer new ones are no hurry. */
#define PIECE 64

struct early_piece {
	struct reading *reading;	/* NULL: not begun, or done */
	size_t nr;
	struct read_run run[PIECE];
};

static struct early_piece *last_piece(const struct early *e)
{
	return e->piece[e->nr - 1];
}

static void add_piece(struct early *e)
{
	ARRAY_GROW(e->piece, e->nr + 1, e->alloc);
	e->piece[e->nr++] = xcalloc(1, sizeof(**e->piece));
}

/* One piece waits while another is read. */
static bool is_enough(const struct early *e)
{
	return e->nr > 1 && !last_piece(e)->nr &&
	       e->piece[e->nr - 2]->reading &&
	       !reading_is_taken(e->piece[e->nr - 2]->reading);
}

static void begin_piece(struct early *e)
{
	struct early_piece *p = last_piece(e);

	if (!e->workers)
		e->workers = workers_start(0);
	p->reading = reading_start(e->runs, e->workers, p->run, p->nr,
				   e->results);
	add_piece(e);
}

void early_offer(struct early *e, const char *name)
{
	struct early_piece *p;

	if (!e->nr)
		add_piece(e);
	if (is_enough(e))
		return;
	p = last_piece(e);
	p->run[p->nr].name = xstrdup(name);
	strbuf_init(&p->run[p->nr].row);
	if (++p->nr == PIECE)
		begin_piece(e);
}

static int compare_runs(const void *a, const void *b)
{
	const struct read_run *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* A piece that was not begun is forgotten: its names are read as others. */
void early_finish(struct early *e)
{
	size_t i, k;

	e->done = xcalloc(e->nr * PIECE + 1, sizeof(*e->done));
	for (i = 0; i < e->nr; i++) {
		struct early_piece *p = e->piece[i];

		if (!p->reading)
			continue;
		reading_wait(&p->reading, e->workers);
		for (k = 0; k < p->nr; k++)
			e->done[e->done_nr++] = &p->run[k];
	}
	if (e->done_nr)
		qsort(e->done, e->done_nr, sizeof(*e->done), compare_runs);
}

bool early_take(struct early *e, const char *name, struct read_run *out)
{
	struct read_run *run;
	int order = -1;

	while (e->taken < e->done_nr &&
	       (order = strcmp(e->done[e->taken]->name, name)) < 0)
		e->taken++;
	if (e->taken == e->done_nr || order)
		return false;
	run = e->done[e->taken++];
	*out = *run;
	out->read = true;
	memset(run, 0, sizeof(*run));
	strbuf_init(&run->row);
	return true;
}

void early_release(struct early *e)
{
	size_t i, k;

	for (i = 0; i < e->nr; i++) {
		if (e->piece[i]->reading)
			reading_wait(&e->piece[i]->reading, e->workers);
		for (k = 0; k < e->piece[i]->nr; k++)
			read_run_release(&e->piece[i]->run[k]);
		free(e->piece[i]);
	}
	free(e->piece);
	free(e->done);
	workers_stop(&e->workers);
}
