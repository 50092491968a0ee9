/*
 * Drawn by whoever reports: no thread and no timer of its own, so a stalled
 * transfer costs nothing and shows by standing still.
 */
#include "lib/base/compat.h"
#include "lib/base/progress.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/term.h"
#include "lib/base/utf8.h"

#include <pthread.h>

#define FIRST_AFTER 0.5		/* seconds: shorter work shows nothing */
#define REDRAW_AFTER 0.1
#define RATE_MEMORY 3.0		/* seconds that the rate looks back on */

struct progress {
	struct progress *whole;	/* of a part, which has no more than bytes */
	pthread_mutex_t lock;
	char *title;
	uint64_t total_items, total_bytes;
	uint64_t items, bytes;
	bool wanted;
	bool drawn;
	double started, redraw_at;
	double rate, rate_at;		/* bytes (else items) a second */
	uint64_t rate_from;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A job in the background must not write over the foreground's screen. */
static bool in_foreground(void)
{
	pid_t owner = tcgetpgrp(STDERR_FILENO);

	return owner < 0 || owner == getpgrp();
}

struct progress *progress_start(const char *title, uint64_t total_items,
				uint64_t total_bytes)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	p->title = xstrdup(title);
	p->total_items = total_items;
	p->total_bytes = total_bytes;
	p->wanted = verbosity >= 0 && isatty(STDERR_FILENO);
	p->started = p->rate_at = seconds();
	p->redraw_at = p->started + FIRST_AFTER;
	return p;
}

struct progress *progress_part(struct progress *whole)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	p->whole = whole;
	return p;
}

static void update_rate(struct progress *p, double now)
{
	bool bytes = p->total_bytes || p->bytes;
	uint64_t done = bytes ? p->bytes : p->items;
	double passed = now - p->rate_at, fresh, weight;

	if (passed <= 0 || done < p->rate_from)
		return;
	fresh = (double)(done - p->rate_from) / passed;
	weight = passed / (passed + RATE_MEMORY);
	/* At first there is nothing to look back on. */
	if (p->rate_at == p->started)
		weight = 1;
	p->rate += weight * (fresh - p->rate);
	p->rate_at = now;
	p->rate_from = done;
}

static void add_left(struct strbuf *line, const struct progress *p)
{
	uint64_t total = p->total_bytes ? p->total_bytes : p->total_items;
	uint64_t done = p->total_bytes ? p->bytes : p->items;
	double left;
	long sec;

	if (!total || done >= total || p->rate <= 0)
		return;
	left = (double)(total - done) / p->rate;
	if (left > 359999)	/* "99:59:59 left" says nothing */
		return;
	sec = (long)(left + 0.5);
	if (sec >= 3600)
		strbuf_addf(line, ", %ld:%02ld:%02ld left", sec / 3600,
			    sec / 60 % 60, sec % 60);
	else
		strbuf_addf(line, ", %ld:%02ld left", sec / 60, sec % 60);
}

static void add_items(struct strbuf *line, const struct progress *p)
{
	if (p->total_items)
		strbuf_addf(line, " %" PRIu64 "/%" PRIu64, p->items,
			    p->total_items);
	else if (p->items || !p->total_bytes)
		strbuf_addf(line, " %" PRIu64, p->items);
}

static void add_share(struct strbuf *line, const struct progress *p)
{
	uint64_t total = p->total_bytes ? p->total_bytes : p->total_items;
	uint64_t done = p->total_bytes ? p->bytes : p->items;
	double share;

	if (!total)
		return;
	share = 100.0 * (double)done / (double)total;
	strbuf_addf(line, " (%d%%)", share > 100 ? 100 : (int)share);
}

static void describe(struct strbuf *line, const struct progress *p)
{
	strbuf_addf(line, "%s:", p->title);
	add_items(line, p);
	add_share(line, p);
	if (p->total_bytes || p->bytes) {
		strbuf_addstr(line, line->buf[line->len - 1] == ':' ? " " :
								      ", ");
		size_format(line, p->bytes);
		if (p->rate > 0) {
			strbuf_addstr(line, " | ");
			size_format(line, (uint64_t)p->rate);
			strbuf_addstr(line, "/s");
		}
	}
	add_left(line, p);
}

/* A line that wraps could not be drawn over. */
static void cut_to_width(struct strbuf *line, unsigned width)
{
	size_t len = line->len;

	while (len && utf8_width(line->buf, len) >= width) {
		len--;
		while (len && (line->buf[len] & 0xc0) == 0x80)
			len--;
	}
	strbuf_setlen(line, len);
}

/* Talk: when the terminal does not take it, it is lost. */
static void put(const struct strbuf *line)
{
	ssize_t n UNUSED;

	do {
		n = write(STDERR_FILENO, line->buf, line->len);
	} while (n < 0 && errno == EINTR);
}

static void draw(struct progress *p, bool last)
{
	struct strbuf text = STRBUF_INIT, line = STRBUF_INIT;

	describe(&text, p);
	cut_to_width(&text, term_width());
	strbuf_addch(&line, '\r');
	strbuf_addbuf(&line, &text);
	term_add_line_rest(&line, utf8_width(text.buf, text.len));
	if (last)
		strbuf_addch(&line, '\n');
	put(&line);
	error_set_open_line(!last);
	p->drawn = true;
	strbuf_release(&text);
	strbuf_release(&line);
}

/* Called with the lock held. */
static void maybe_draw(struct progress *p)
{
	double now;

	if (!p->wanted)
		return;
	now = seconds();
	if (now < p->redraw_at)
		return;
	update_rate(p, now);
	p->redraw_at = now + REDRAW_AFTER;
	if (in_foreground())
		draw(p, false);
}

void progress_items(struct progress *p, uint64_t done)
{
	if (p->whole)
		return;
	pthread_mutex_lock(&p->lock);
	p->items = done;
	maybe_draw(p);
	pthread_mutex_unlock(&p->lock);
}

void progress_bytes(struct progress *p, uint64_t done)
{
	struct progress *shown = p->whole ? p->whole : p;

	pthread_mutex_lock(&shown->lock);
	if (p->whole)
		shown->bytes += done - p->bytes;
	p->bytes = done;
	maybe_draw(shown);
	pthread_mutex_unlock(&shown->lock);
}

uint64_t progress_told(struct progress *p)
{
	struct progress *shown = p->whole ? p->whole : p;
	uint64_t bytes;

	pthread_mutex_lock(&shown->lock);
	bytes = p->bytes;
	pthread_mutex_unlock(&shown->lock);
	return bytes;
}

void progress_stop(struct progress **pp)
{
	struct progress *p = *pp;
	double passed;

	if (!p)
		return;
	*pp = NULL;
	if (p->drawn && in_foreground()) {
		/* The last line tells the rate of the whole. */
		passed = seconds() - p->started;
		p->rate = (double)(p->total_bytes || p->bytes ? p->bytes :
								p->items) /
			  passed;
		draw(p, true);
	}
	pthread_mutex_destroy(&p->lock);
	free(p->title);
	free(p);
}
