/*
 * Readers ask for the end of a pack first, and then for its entries: small
 * ones whole, long ones by pieces of 256 KiB, several threads each in a region
 * of its own. A request to a store costs as much time as 1 MiB or more, so what
 * lies behind a small read is read with it: the more, the longer somebody has
 * read on and on there. A single small read takes 64 KiB. Of a store that is
 * far whoever says before what he is going to read finds it read already.
 */
#include "lib/base/compat.h"
#include "lib/sync/remote-pack.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-end.h"
#include "lib/exp/pack/pack-source.h"
#include "lib/sync/read-ahead.h"
#include "lib/sync/remote-list.h"
#include "transport/transport.h"

#define TAIL ((uint64_t)PACK_TAIL_MAX)
#define WINDOW_MIN ((size_t)64 << 10)
#define WINDOW_MAX ((size_t)1 << 20)
/* As many as there are threads at most that verify or unpack. */
#define WINDOWS 32
#define WINDOWS_MIN 4
/* What is read ahead when nobody said how much. */
#define MEMORY_DEFAULT ((size_t)16 << 20)
#define JOBS_DEFAULT 8

struct window {
	unsigned char *buf;
	size_t room;
	uint64_t at;
	size_t len;		/* 0: nothing is in it */
	unsigned readers;	/* that copy out of it */
	bool loading;
	uint64_t used;		/* when it was used last, in reads */
};

struct remote_source {
	struct pack_source base;
	struct remote *remote;
	char *name, *key, *version;
	bool whole;		/* somebody is going to read all of it */
	size_t memory;		/* to read ahead */
	unsigned jobs;
	struct gate *gate;	/* of requests, or NULL */
	struct read_ahead *ahead;	/* or NULL */
	size_t windows;		/* that may be used */
	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t loaded;
	struct window tail;	/* is kept */
	struct window window[WINDOWS];
	uint64_t reads;
};

static uint64_t window_end(const struct window *w)
{
	return w->at + w->len;
}

static bool holds(const struct window *w, uint64_t offset, size_t len)
{
	return w->len && offset >= w->at && offset <= window_end(w) &&
	       len <= window_end(w) - offset;
}

/* The one that is loaded, or is just being loaded, with these bytes. */
static struct window *find_window(struct remote_source *s, uint64_t offset,
				  size_t len)
{
	size_t i;

	if (holds(&s->tail, offset, len))
		return &s->tail;
	for (i = 0; i < WINDOWS; i++)
		if (holds(&s->window[i], offset, len))
			return &s->window[i];
	return NULL;
}

/* Where all is read, by many threads, windows begin at multiples of their
 * length, so that what one of them loads is what the next one wants. */
static uint64_t choose_start(const struct remote_source *s, uint64_t offset)
{
	return s->whole ? offset - offset % WINDOW_MAX : offset;
}

/* Whoever goes on where a window ends gets one twice as long. */
static size_t choose_length(const struct remote_source *s, uint64_t offset,
			    size_t len)
{
	size_t want = WINDOW_MIN, i;

	if (s->whole) {
		offset = choose_start(s, offset);
		return (size_t)MINIMUM((uint64_t)WINDOW_MAX,
				       s->base.size - offset);
	}
	for (i = 0; i < WINDOWS; i++) {
		const struct window *w = &s->window[i];

		if (w->len && offset > w->at && offset <= window_end(w))
			want = MAXIMUM(want, MINIMUM(2 * w->len, WINDOW_MAX));
	}
	want = MAXIMUM(want, len);
	return (size_t)MINIMUM((uint64_t)want, s->base.size - offset);
}

/* The one that nobody has used for longest; NULL: all are in use. */
static struct window *choose_window(struct remote_source *s)
{
	struct window *oldest = NULL;
	size_t i;

	for (i = 0; i < s->windows; i++) {
		struct window *w = &s->window[i];

		if (!w->loading && !w->readers &&
		    (!oldest || w->used < oldest->used))
			oldest = w;
	}
	return oldest;
}

static int get(struct remote_source *s, void *buf, size_t len, uint64_t offset,
	       struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (s->gate)
		gate_enter(s->gate, 1);
	ret = transport_read(s->remote->transport, s->key, s->version, buf,
			     len, offset, &why);
	if (s->gate)
		gate_leave(s->gate, 1);
	if (ret)
		fail(err, ret, "'%s': %s", s->name, why.buf);
	strbuf_release(&why);
	return ret;
}

/* Called and left with the lock held. */
static int load(struct remote_source *s, struct window *w, uint64_t offset,
		size_t len, struct strbuf *err)
{
	int ret;

	w->at = offset;
	w->len = len;
	w->loading = true;
	pthread_mutex_unlock(&s->lock);
	if (w->room < len) {
		free(w->buf);
		w->buf = xmalloc(len);
		w->room = len;
	}
	ret = get(s, w->buf, len, offset, err);
	pthread_mutex_lock(&s->lock);
	w->loading = false;
	w->used = ++s->reads;
	if (ret)
		w->len = 0;
	pthread_cond_broadcast(&s->loaded);
	return ret;
}

static void copy_out(struct remote_source *s, struct window *w, void *buf,
		     size_t len, uint64_t offset)
{
	w->used = ++s->reads;
	w->readers++;
	pthread_mutex_unlock(&s->lock);
	memcpy(buf, w->buf + (offset - w->at), len);
	pthread_mutex_lock(&s->lock);
	w->readers--;
}

/* With the lock; *direct: there is no window for it. */
static int read_by_window(struct remote_source *s, void *buf, size_t len,
			  uint64_t offset, bool *direct, struct strbuf *err)
{
	uint64_t tail_at = s->base.size > TAIL ? s->base.size - TAIL : 0;
	int ret = 0;

	while (!ret) {
		struct window *w = find_window(s, offset, len);

		if (w && w->loading) {
			pthread_cond_wait(&s->loaded, &s->lock);
		} else if (w) {
			copy_out(s, w, buf, len, offset);
			return 0;
		} else if (offset >= tail_at && !s->tail.loading) {
			ret = load(s, &s->tail, tail_at,
				   (size_t)(s->base.size - tail_at), err);
		} else {
			w = choose_window(s);
			*direct = !w;
			if (!w)
				return 0;
			ret = load(s, w, choose_start(s, offset),
				   choose_length(s, offset, len), err);
		}
	}
	return ret;
}

/* What lies in one window, where these do not overlap. */
static size_t choose_piece(const struct remote_source *s, size_t len,
			   uint64_t offset)
{
	uint64_t left = WINDOW_MAX - offset % WINDOW_MAX;

	return s->whole && len < WINDOW_MAX ?
	       (size_t)MINIMUM((uint64_t)len, left) : len;
}

static int read_piece(struct remote_source *s, void *buf, size_t len,
		      uint64_t offset, struct strbuf *err)
{
	bool direct = len >= WINDOW_MAX;
	int ret = 0;

	if (!direct) {
		pthread_mutex_lock(&s->lock);
		ret = read_by_window(s, buf, len, offset, &direct, err);
		pthread_mutex_unlock(&s->lock);
	}
	return direct ? get(s, buf, len, offset, err) : ret;
}

static bool is_in_tail(struct remote_source *s, uint64_t offset, size_t len)
{
	bool ret;

	pthread_mutex_lock(&s->lock);
	ret = holds(&s->tail, offset, len) && !s->tail.loading;
	pthread_mutex_unlock(&s->lock);
	return ret;
}

/* How much of it lies before what was read with the end of the pack. */
static size_t before_tail(struct remote_source *s, uint64_t offset, size_t len)
{
	pthread_mutex_lock(&s->lock);
	if (s->tail.len && !s->tail.loading && offset < s->tail.at)
		len = (size_t)MINIMUM((uint64_t)len, s->tail.at - offset);
	pthread_mutex_unlock(&s->lock);
	return len;
}

static int get_ahead(void *data, void *buf, size_t len, uint64_t offset,
		     struct strbuf *err)
{
	return get(data, buf, len, offset, err);
}

/* *piece: how much of it was read. */
static int read_some(struct remote_source *s, void *buf, size_t len,
		     uint64_t offset, size_t *piece, struct strbuf *err)
{
	int ret = 0;

	*piece = 0;
	len = before_tail(s, offset, len);
	if (s->ahead && !is_in_tail(s, offset, len))
		ret = read_ahead_read(s->ahead, buf, len, offset, piece, err);
	if (ret || *piece)
		return ret;
	*piece = choose_piece(s, len, offset);
	return read_piece(s, buf, *piece, offset, err);
}

static int remote_read(struct pack_source *source, void *buf, size_t len,
		       uint64_t offset, struct strbuf *err)
{
	struct remote_source *s = (struct remote_source *)source;
	unsigned char *to = buf;
	int ret = 0;

	if (offset > source->size || len > source->size - offset)
		return fail(err, ERR_CONTENT, "'%s' ends early", s->name);
	while (len && !ret) {
		size_t piece;

		ret = read_some(s, to, len, offset, &piece, err);
		to += piece;
		offset += piece;
		len -= piece;
	}
	return ret;
}

static void remote_release(struct pack_source *source)
{
	struct remote_source *s = (struct remote_source *)source;
	size_t i;

	read_ahead_stop(s->ahead);
	for (i = 0; i < WINDOWS; i++)
		free(s->window[i].buf);
	free(s->tail.buf);
	pthread_cond_destroy(&s->loaded);
	pthread_mutex_destroy(&s->lock);
	free(s->version);
	free(s->key);
	free(s->name);
	free(s);
}

static void remote_expect(struct pack_source *source,
			  const struct pack_range *range, size_t nr)
{
	struct remote_source *s = (struct remote_source *)source;
	struct pack_range *wanted = xcalloc(nr + 1, sizeof(*wanted));
	size_t i;

	/* What was read with the end of the pack is here already. */
	for (i = 0; i < nr; i++)
		if (!is_in_tail(s, range[i].offset, (size_t)range[i].len))
			wanted[i] = range[i];
	read_ahead_stop(s->ahead);
	s->ahead = read_ahead_start(wanted, nr, s->memory, s->jobs, get_ahead,
				    s);
	free(wanted);
}

static void remote_done(struct pack_source *source, size_t nr)
{
	read_ahead_done(((struct remote_source *)source)->ahead, nr);
}

struct pack_source *remote_pack_source(struct remote *r,
				       const struct remote_exp *exp)
{
	struct remote_source *s = xcalloc(1, sizeof(*s));
	struct strbuf key = STRBUF_INIT;

	remote_key(r, exp->name, &key);
	s->key = strbuf_detach(&key, NULL);
	s->name = xstrfmt("%s:%s", r->name, exp->name);
	s->version = xstrdup(exp->version);
	s->remote = r;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->loaded, NULL);
	s->base.name = s->name;
	s->base.size = exp->size;
	s->base.read = remote_read;
	s->base.release = remote_release;
	s->windows = WINDOWS;
	s->memory = MEMORY_DEFAULT;
	s->jobs = JOBS_DEFAULT;
	if (transport_caps(r->transport) & TRANSPORT_IS_FAR) {
		s->base.expect = remote_expect;
		s->base.done = remote_done;
	}
	return &s->base;
}

void remote_pack_read_all(struct pack_source *source)
{
	((struct remote_source *)source)->whole = true;
}

void remote_pack_read_ahead(struct pack_source *source, bool whole,
			    size_t memory, unsigned jobs, struct gate *gate)
{
	struct remote_source *s = (struct remote_source *)source;
	size_t windows = memory / WINDOW_MAX;

	s->whole = whole && !source->expect;
	s->memory = memory;
	s->jobs = jobs;
	s->gate = gate;
	s->windows = MINIMUM(MAXIMUM(windows, WINDOWS_MIN), WINDOWS);
}
