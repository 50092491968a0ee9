#include "lib/base/compat.h"
#include "lib/sync/read-ahead.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"

/* Requests that fit into the memory at least. */
#define REQUESTS 8
#define REQUEST_MIN ((size_t)256 << 10)

enum chunk_state { CHUNK_IDLE, CHUNK_LOADING, CHUNK_READY, CHUNK_FAILED,
		   CHUNK_GONE };

/* One request. */
struct chunk {
	uint64_t at;
	size_t len;
	bool is_part;		/* of one long range, which has others */
	bool begun;		/* its first byte was taken */
	size_t ranges;		/* in it that are not done with */
	enum chunk_state state;
	unsigned readers;	/* that copy out of it */
	unsigned char *buf;	/* of a ready one */
};

/* The chunks of one range follow each other. */
struct span {
	size_t first, nr;
};

struct read_ahead {
	read_ahead_fn get;
	void *data;
	size_t memory, request;
	struct span *span;	/* of each range */
	struct chunk *chunk;	/* as their turn comes */
	size_t nr, alloc;
	size_t *by_at;		/* in the order of offsets */
	pthread_t *thread;
	unsigned nr_threads;

	pthread_mutex_t lock;	/* of chunks and what follows */
	pthread_cond_t loaded, room;
	size_t next;		/* the first that may have to be loaded */
	size_t held;		/* bytes, also of what is being loaded */
	bool stop;
	int code;		/* of the first failure */
	struct strbuf why;
};

static uint64_t chunk_end(const struct chunk *c)
{
	return c->at + c->len;
}

/* ---- the plan ------------------------------------------------------------ */

static struct chunk *add_chunk(struct read_ahead *a, uint64_t at, size_t len)
{
	struct chunk *c;

	ARRAY_GROW(a->chunk, a->nr + 1, a->alloc);
	c = &a->chunk[a->nr++];
	memset(c, 0, sizeof(*c));
	c->at = at;
	c->len = len;
	c->ranges = 1;
	return c;
}

/* Whether the last chunk can take the range, too; then it does. */
static bool join_last(struct read_ahead *a, const struct pack_range *r)
{
	struct chunk *c = a->nr ? &a->chunk[a->nr - 1] : NULL;

	if (!c || c->is_part || r->offset < c->at ||
	    r->offset > chunk_end(c) + READ_AHEAD_GAP ||
	    r->offset + r->len - c->at > a->request)
		return false;
	c->len = (size_t)(MAXIMUM(chunk_end(c), r->offset + r->len) - c->at);
	c->ranges++;
	return true;
}

static void add_range(struct read_ahead *a, const struct pack_range *r,
		      struct span *span)
{
	uint64_t left = r->len, at = r->offset;

	span->first = a->nr;
	if (!r->len)
		return;
	span->nr = 1;
	if (join_last(a, r)) {
		span->first--;
	} else if (r->len <= a->request) {
		add_chunk(a, at, (size_t)left);
	} else {
		for (; left; left -= a->chunk[a->nr - 1].len) {
			size_t len = (size_t)MINIMUM(left, a->request);

			add_chunk(a, at, len)->is_part = true;
			at += len;
		}
		span->nr = a->nr - span->first;
	}
}

struct place {
	uint64_t at;
	size_t nr;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static void sort_chunks(struct read_ahead *a)
{
	struct place *place = xcalloc(a->nr + 1, sizeof(*place));
	size_t i;

	for (i = 0; i < a->nr; i++) {
		place[i].at = a->chunk[i].at;
		place[i].nr = i;
	}
	qsort(place, a->nr, sizeof(*place), compare_places);
	a->by_at = xcalloc(a->nr + 1, sizeof(*a->by_at));
	for (i = 0; i < a->nr; i++)
		a->by_at[i] = place[i].nr;
	free(place);
}

/* Two may overlap by a few bytes: the one that begins last. */
static struct chunk *find_chunk(const struct read_ahead *a, uint64_t offset)
{
	size_t low = 0, high = a->nr;
	struct chunk *c;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (a->chunk[a->by_at[middle]].at <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	c = low ? &a->chunk[a->by_at[low - 1]] : NULL;
	return c && offset < chunk_end(c) ? c : NULL;
}

/* ---- loading ------------------------------------------------------------- */

/* Called and left with the lock held, as what follows. */
static void drop(struct read_ahead *a, struct chunk *c)
{
	if (c->state == CHUNK_READY) {
		free(c->buf);
		c->buf = NULL;
		a->held -= c->len;
		pthread_cond_broadcast(&a->room);
	}
	c->state = CHUNK_GONE;
}

static void drop_if_done(struct read_ahead *a, struct chunk *c)
{
	if (!c->ranges && !c->readers && (c->state == CHUNK_READY ||
					  c->state == CHUNK_IDLE))
		drop(a, c);
}

static void note_failure(struct read_ahead *a, struct chunk *c, int code,
			 const struct strbuf *why)
{
	c->state = CHUNK_FAILED;
	free(c->buf);
	c->buf = NULL;
	a->held -= c->len;
	if (!a->code) {
		a->code = code;
		strbuf_addbuf(&a->why, why);
	}
	pthread_cond_broadcast(&a->room);
}

static void load(struct read_ahead *a, struct chunk *c)
{
	struct strbuf why = STRBUF_INIT;
	int ret;

	c->state = CHUNK_LOADING;
	a->held += c->len;
	pthread_mutex_unlock(&a->lock);
	c->buf = xmalloc(c->len);
	ret = a->get(a->data, c->buf, c->len, c->at, &why);
	pthread_mutex_lock(&a->lock);
	if (ret) {
		note_failure(a, c, ret, &why);
	} else {
		c->state = CHUNK_READY;
		drop_if_done(a, c);
	}
	pthread_cond_broadcast(&a->loaded);
	strbuf_release(&why);
}

/* The next whose turn it is; waits for room for it. NULL: that was all. */
static struct chunk *next_chunk(struct read_ahead *a)
{
	struct chunk *c;

	for (;;) {
		while (a->next < a->nr &&
		       a->chunk[a->next].state != CHUNK_IDLE)
			a->next++;
		/* After a failure nobody wants the rest. */
		if (a->stop || a->code || a->next == a->nr)
			return NULL;
		c = &a->chunk[a->next];
		if (!a->held || a->held + c->len <= a->memory)
			return c;
		pthread_cond_wait(&a->room, &a->lock);
	}
}

static void *load_ahead(void *data)
{
	struct read_ahead *a = data;
	struct chunk *c;

	pthread_mutex_lock(&a->lock);
	while ((c = next_chunk(a)))
		load(a, c);
	/* Others may wait for room that they do not need any more. */
	pthread_cond_broadcast(&a->room);
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

static void start_threads(struct read_ahead *a, unsigned jobs)
{
	sigset_t all, before;

	a->thread = xcalloc(jobs + 1, sizeof(*a->thread));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; a->nr_threads < jobs; a->nr_threads++)
		if (pthread_create(&a->thread[a->nr_threads], NULL, load_ahead,
				   a))
			break;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct read_ahead *read_ahead_start(const struct pack_range *range, size_t nr,
				    size_t memory, unsigned jobs,
				    read_ahead_fn get, void *data)
{
	struct read_ahead *a = xcalloc(1, sizeof(*a));
	size_t i;

	a->get = get;
	a->data = data;
	a->memory = memory;
	a->request = MINIMUM(READ_AHEAD_REQUEST,
			     MAXIMUM(memory / REQUESTS, REQUEST_MIN));
	a->span = xcalloc(nr + 1, sizeof(*a->span));
	for (i = 0; i < nr; i++)
		add_range(a, &range[i], &a->span[i]);
	sort_chunks(a);
	strbuf_init(&a->why);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->loaded, NULL);
	pthread_cond_init(&a->room, NULL);
	start_threads(a, (unsigned)MINIMUM((size_t)jobs, a->nr));
	return a;
}

void read_ahead_stop(struct read_ahead *a)
{
	size_t i;

	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->room);
	pthread_mutex_unlock(&a->lock);
	for (i = 0; i < a->nr_threads; i++)
		pthread_join(a->thread[i], NULL);
	pthread_cond_destroy(&a->room);
	pthread_cond_destroy(&a->loaded);
	pthread_mutex_destroy(&a->lock);
	for (i = 0; i < a->nr; i++)
		free(a->chunk[i].buf);
	strbuf_release(&a->why);
	free(a->thread);
	free(a->by_at);
	free(a->chunk);
	free(a->span);
	free(a);
}

/* ---- reading ------------------------------------------------------------- */

static void copy_out(struct read_ahead *a, struct chunk *c, void *buf,
		     size_t len, uint64_t offset)
{
	c->readers++;
	pthread_mutex_unlock(&a->lock);
	memcpy(buf, c->buf + (offset - c->at), len);
	pthread_mutex_lock(&a->lock);
	c->readers--;
	/* Who reads a long range reads on; but its end may be looked at
	 * before. */
	c->begun |= offset == c->at;
	if (c->is_part && c->begun && offset + len == chunk_end(c))
		c->ranges = 0;
	drop_if_done(a, c);
}

int read_ahead_read(struct read_ahead *a, void *buf, size_t len,
		    uint64_t offset, size_t *got, struct strbuf *err)
{
	struct chunk *c = find_chunk(a, offset);
	int ret = 0;

	*got = 0;
	if (!c)
		return 0;
	pthread_mutex_lock(&a->lock);
	/* There is always room for what somebody waits for: what is kept may
	 * be what others only wait for room to go on with. */
	if (c->state == CHUNK_IDLE)
		load(a, c);
	while (c->state == CHUNK_LOADING)
		pthread_cond_wait(&a->loaded, &a->lock);
	if (c->state == CHUNK_FAILED) {
		ret = fail(err, a->code, "%s", a->why.buf);
	} else if (c->state == CHUNK_READY) {
		*got = (size_t)MINIMUM((uint64_t)len, chunk_end(c) - offset);
		copy_out(a, c, buf, *got, offset);
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}

void read_ahead_done(struct read_ahead *a, size_t nr)
{
	size_t i;

	pthread_mutex_lock(&a->lock);
	for (i = 0; i < a->span[nr].nr; i++) {
		struct chunk *c = &a->chunk[a->span[nr].first + i];

		if (c->ranges)
			c->ranges--;
		drop_if_done(a, c);
	}
	pthread_mutex_unlock(&a->lock);
}
