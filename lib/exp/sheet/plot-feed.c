/*
 * Points on their way to a line, in bounded memory: neighbours become a piece
 * that knows its first, last, least and greatest point. When there are too many
 * pieces, each two become one. And the moving mean: by two stacks, so that no
 * number is ever taken away from a sum again. A difference of large numbers
 * would stay in all that comes after a spike.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/exp/sheet/plotting.h"

#include <math.h>

#define MAX_PIECES 4096		/* four for each column of a large picture */

struct point {
	double x, y;
};

struct piece {
	struct point first, last, least, greatest;
	bool least_first;
	bool gap;		/* before it */
};

struct thinner {
	struct piece *piece;
	size_t nr;
	uint64_t each, in_last;	/* points of a piece; of the last one */
	bool gap;
};

/* The last rows of a window. */
struct window {
	struct point *row;	/* a ring */
	double *behind;		/* front half: the sum from there on */
	unsigned size;		/* rows in a window, odd */
	uint64_t begin, middle, end; /* rows: [begin, middle) have sums */
	uint64_t next;		/* row whose mean comes next */
	double sum;		/* of [middle, end) */
};

struct plot_feed {
	struct plot_line *line;
	bool log_x, log_y;
	struct thinner points, raw;
	struct window w;
};

/* ---- pieces -------------------------------------------------------------- */

static void join(struct piece *to, const struct piece *other)
{
	const bool to_least = !(other->least.y < to->least.y);
	const bool to_greatest = !(other->greatest.y > to->greatest.y);

	if (to_least != to_greatest)
		to->least_first = to_least;
	else if (!to_least)
		to->least_first = other->least_first;
	if (!to_least)
		to->least = other->least;
	if (!to_greatest)
		to->greatest = other->greatest;
	to->last = other->last;
}

static void halve(struct thinner *t)
{
	size_t i;

	for (i = 0; i < t->nr / 2; i++) {
		struct piece one = t->piece[2 * i];

		join(&one, &t->piece[2 * i + 1]);
		t->piece[i] = one;
	}
	t->nr /= 2;
	t->each *= 2;
	t->in_last = t->each;
}

static void thin_add(struct thinner *t, double x, double y)
{
	const struct point p = { x, y };
	const struct piece one = { p, p, p, p, true, t->gap };

	if (!t->piece) {
		t->piece = xcalloc(MAX_PIECES, sizeof(*t->piece));
		t->each = 1;
	}
	if (t->nr && t->in_last < t->each && !t->gap) {
		join(&t->piece[t->nr - 1], &one);
		t->in_last++;
		return;
	}
	if (t->nr == MAX_PIECES)
		halve(t);
	t->piece[t->nr++] = one;
	t->in_last = 1;
	t->gap = false;
}

static void add_point(struct plot_points *out, const struct point *p)
{
	if (out->nr && out->x[out->nr - 1] == p->x &&
	    out->y[out->nr - 1] == p->y)
		return;
	plot_points_add(out, p->x, p->y);
}

static void thin_end(struct thinner *t, struct plot_points *out)
{
	size_t i;

	for (i = 0; i < t->nr; i++) {
		const struct piece *p = &t->piece[i];

		if (p->gap && out->nr)
			plot_points_add(out, p->first.x, (double)NAN);
		add_point(out, &p->first);
		add_point(out, p->least_first ? &p->least : &p->greatest);
		add_point(out, p->least_first ? &p->greatest : &p->least);
		add_point(out, &p->last);
	}
	free(t->piece);
}

/* ---- the mean ------------------------------------------------------------ */

static void window_init(struct window *w, unsigned size)
{
	memset(w, 0, sizeof(*w));
	if (size < 2)
		return;
	w->size = size | 1;
	w->row = xcalloc(w->size + 1, sizeof(*w->row));
	w->behind = xcalloc(w->size + 1, sizeof(*w->behind));
}

static struct point *row_of(const struct window *w, uint64_t nr)
{
	return &w->row[nr % (w->size + 1)];
}

/* The oldest row goes. */
static void forget_row(struct window *w)
{
	double sum = 0;
	uint64_t i;

	if (w->begin == w->middle) {
		for (i = w->end; i > w->begin; i--) {
			sum += row_of(w, i - 1)->y;
			w->behind[(i - 1) % (w->size + 1)] = sum;
		}
		w->middle = w->end;
		w->sum = 0;
	}
	w->begin++;
}

static void give_mean(struct plot_feed *feed)
{
	struct window *w = &feed->w;
	double sum = w->sum;

	if (w->begin < w->middle)
		sum += w->behind[w->begin % (w->size + 1)];
	thin_add(&feed->points, row_of(w, w->next)->x,
		 sum / (double)(w->end - w->begin));
	w->next++;
}

static void window_add(struct plot_feed *feed, double x, double y)
{
	struct window *w = &feed->w;
	const uint64_t half = w->size / 2;

	row_of(w, w->end)->x = x;
	row_of(w, w->end)->y = y;
	w->end++;
	w->sum += y;
	if (w->end - w->begin > w->size)
		forget_row(w);
	if (w->end - w->next > half)
		give_mean(feed);
}

/* At a gap and at the end: the last ones have fewer rows after them. */
static void window_flush(struct plot_feed *feed)
{
	struct window *w = &feed->w;
	const uint64_t half = w->size / 2;

	while (w->next < w->end) {
		while (w->next - w->begin > half)
			forget_row(w);
		give_mean(feed);
	}
	w->begin = w->middle = w->next = w->end;
	w->sum = 0;
}

/* ---- the feed ------------------------------------------------------------ */

struct plot_feed *plot_feed_new(struct plot_line *line, unsigned window,
				bool log_x, bool log_y)
{
	struct plot_feed *feed = xcalloc(1, sizeof(*feed));

	feed->line = line;
	feed->log_x = log_x;
	feed->log_y = log_y;
	window_init(&feed->w, MINIMUM(window, PLOT_MAX_WINDOW));
	return feed;
}

static void note_value(struct plot_line *line, double x, double y)
{
	line->last = y;
	if (y != y) {
		line->not_numbers++;
	} else if (y - y != 0) {
		line->infinite++;
	} else {
		line->count++;
		if (!(y >= line->min)) {
			line->min = y;
			line->min_x = x;
		}
		if (!(y <= line->max)) {
			line->max = y;
			line->max_x = x;
		}
	}
}

void plot_feed_add(struct plot_feed *feed, double x, double y)
{
	bool hidden;

	if (x - x != 0)
		return;
	note_value(feed->line, x, y);
	hidden = (feed->log_x && x <= 0) || (feed->log_y && y <= 0);
	if (hidden && y - y == 0)
		feed->line->hidden++;
	if (y - y != 0 || hidden) {
		if (feed->w.size)
			window_flush(feed);
		feed->points.gap = feed->raw.gap = true;
		return;
	}
	if (!feed->w.size) {
		thin_add(&feed->points, x, y);
		return;
	}
	thin_add(&feed->raw, x, y);
	window_add(feed, x, y);
}

void plot_feed_end(struct plot_feed *feed)
{
	if (feed->w.size)
		window_flush(feed);
	thin_end(&feed->points, &feed->line->points);
	thin_end(&feed->raw, &feed->line->raw);
	free(feed->w.row);
	free(feed->w.behind);
	free(feed);
}
