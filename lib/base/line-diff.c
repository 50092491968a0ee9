/*
 * The greedy algorithm of Myers ("An O(ND) Difference Algorithm and Its
 * Variations", 1986), in linear space: a box of lines of both texts is split
 * where a shortest path from its beginning meets one from its end. When that
 * takes more than MAX_COST steps, the box is split where the path has come
 * farthest, which may show more changes than there need be.
 */
#include "lib/base/compat.h"
#include "lib/base/line-diff.h"

#include "lib/base/alloc.h"

#define BINARY_LOOKED_AT 8000
#define MAX_COST 1024

struct text {
	const char *bytes;
	size_t len;
	size_t *start;		/* of each line; one more: the end */
	uint32_t *id;		/* equal lines have equal ids */
	bool *changed;
	long nr;
	size_t alloc;
};

/* Every line of both texts once, by its bytes. */
struct line_ids {
	struct { const char *line; size_t len; uint32_t id; } *slot;
	size_t slots;
	uint32_t nr;
};

struct search {
	const uint32_t *a, *b;
	bool *changed_a, *changed_b;
	long *forward, *backward;	/* by diagonal; room on both sides */
};

struct box {
	long a, a_end, b, b_end;
};

bool line_diff_is_binary(const char *text, size_t len)
{
	return memchr(text, '\0', MINIMUM(len, (size_t)BINARY_LOOKED_AT));
}

static void text_init(struct text *t, const char *bytes, size_t len)
{
	size_t at = 0;

	memset(t, 0, sizeof(*t));
	t->bytes = bytes;
	t->len = len;
	for (;;) {
		const char *nl;

		ARRAY_GROW(t->start, (size_t)t->nr + 1, t->alloc);
		t->start[t->nr] = at;
		if (at == len)
			break;
		t->nr++;
		nl = memchr(bytes + at, '\n', len - at);
		at = nl ? (size_t)(nl - bytes) + 1 : len;
	}
	t->id = xcalloc((size_t)t->nr + 1, sizeof(*t->id));
	t->changed = xcalloc((size_t)t->nr + 1, sizeof(*t->changed));
}

static void text_release(struct text *t)
{
	free(t->start);
	free(t->id);
	free(t->changed);
}

static uint64_t hash_line(const char *line, size_t len)
{
	uint64_t hash = 14695981039346656037u;	/* FNV-1a */
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)line[i]) * 1099511628211u;
	return hash ^ hash >> 29;
}

static void number_lines(struct line_ids *ids, struct text *t)
{
	long i;

	for (i = 0; i < t->nr; i++) {
		const char *line = t->bytes + t->start[i];
		size_t len = t->start[i + 1] - t->start[i];
		size_t at = hash_line(line, len) & (ids->slots - 1);

		while (ids->slot[at].line &&
		       (ids->slot[at].len != len ||
			memcmp(ids->slot[at].line, line, len)))
			at = (at + 1) & (ids->slots - 1);
		if (!ids->slot[at].line) {
			ids->slot[at].line = line;
			ids->slot[at].len = len;
			ids->slot[at].id = ids->nr++;
		}
		t->id[i] = ids->slot[at].id;
	}
}

static void number_both(struct text *a, struct text *b)
{
	struct line_ids ids = { NULL, 16, 0 };

	while (ids.slots < 2 * (size_t)(a->nr + b->nr))
		ids.slots *= 2;
	ids.slot = xcalloc(ids.slots, sizeof(*ids.slot));
	number_lines(&ids, a);
	number_lines(&ids, b);
	free(ids.slot);
}

/* One end of a search: the diagonals that it has reached. */
struct front {
	long low, high;
};

/* A diagonal more on each side, or one less where the box ends; what lies
 * beyond is as far away as can be. */
static void widen(struct front *f, const struct box *box, long *reach,
		  long beyond)
{
	if (f->low > box->a - box->b_end)
		reach[--f->low - 1] = beyond;
	else
		f->low++;
	if (f->high < box->a_end - box->b)
		reach[++f->high + 1] = beyond;
	else
		f->high--;
}

/* One step of the path from the beginning. True: it has met the other. */
static bool step_forward(const struct search *s, const struct box *box,
			 struct front *f, const struct front *other,
			 bool may_meet, long *meet_a, long *meet_b)
{
	long d;

	widen(f, box, s->forward, -1);
	for (d = f->high; d >= f->low; d -= 2) {
		long i = s->forward[d - 1] >= s->forward[d + 1] ?
			 s->forward[d - 1] + 1 : s->forward[d + 1];
		long j = i - d;

		while (i < box->a_end && j < box->b_end && s->a[i] == s->b[j])
			i++, j++;
		s->forward[d] = i;
		if (may_meet && d >= other->low && d <= other->high &&
		    s->backward[d] <= i) {
			*meet_a = i;
			*meet_b = j;
			return true;
		}
	}
	return false;
}

static bool step_backward(const struct search *s, const struct box *box,
			  struct front *f, const struct front *other,
			  bool may_meet, long *meet_a, long *meet_b)
{
	long d;

	widen(f, box, s->backward, LONG_MAX);
	for (d = f->high; d >= f->low; d -= 2) {
		long i = s->backward[d - 1] < s->backward[d + 1] ?
			 s->backward[d - 1] : s->backward[d + 1] - 1;
		long j = i - d;

		while (i > box->a && j > box->b &&
		       s->a[i - 1] == s->b[j - 1])
			i--, j--;
		s->backward[d] = i;
		if (may_meet && d >= other->low && d <= other->high &&
		    i <= s->forward[d]) {
			*meet_a = i;
			*meet_b = j;
			return true;
		}
	}
	return false;
}

/* Where the path from the beginning has come farthest. */
static void farthest(const struct search *s, const struct box *box,
		     const struct front *f, long *meet_a, long *meet_b)
{
	long best = -1, d;

	for (d = f->high; d >= f->low; d -= 2) {
		long i = MINIMUM(s->forward[d], box->a_end), j = i - d;

		if (j > box->b_end) {
			j = box->b_end;
			i = j + d;
		}
		if (i + j > best) {
			best = i + j;
			*meet_a = i;
			*meet_b = j;
		}
	}
}

/* A place through which a shortest path goes. Neither text is empty, and
 * they begin and end differently. */
static void split(const struct search *s, const struct box *box, long *meet_a,
		  long *meet_b)
{
	const long first = box->a - box->b, last = box->a_end - box->b_end;
	const bool odd = (first - last) & 1;
	struct front forward = { first, first }, backward = { last, last };
	long cost;

	s->forward[first] = box->a;
	s->backward[last] = box->a_end;
	for (cost = 1; ; cost++) {
		if (step_forward(s, box, &forward, &backward, odd, meet_a,
				 meet_b) ||
		    step_backward(s, box, &backward, &forward, !odd, meet_a,
				  meet_b))
			return;
		if (cost >= MAX_COST) {
			farthest(s, box, &forward, meet_a, meet_b);
			return;
		}
	}
}

static void mark(bool *changed, long from, long to)
{
	while (from < to)
		changed[from++] = true;
}

static void compare(const struct search *s, struct box box)
{
	for (;;) {
		struct box first, second;
		long at_a = box.a, at_b = box.b;

		while (box.a < box.a_end && box.b < box.b_end &&
		       s->a[box.a] == s->b[box.b])
			box.a++, box.b++;
		while (box.a < box.a_end && box.b < box.b_end &&
		       s->a[box.a_end - 1] == s->b[box.b_end - 1])
			box.a_end--, box.b_end--;
		if (box.a == box.a_end || box.b == box.b_end) {
			mark(s->changed_a, box.a, box.a_end);
			mark(s->changed_b, box.b, box.b_end);
			return;
		}
		split(s, &box, &at_a, &at_b);
		first = second = box;
		first.a_end = second.a = at_a;
		first.b_end = second.b = at_b;
		/* Only the smaller part takes stack. */
		if (at_a - box.a + at_b - box.b <
		    box.a_end - at_a + box.b_end - at_b) {
			compare(s, first);
			box = second;
		} else {
			compare(s, second);
			box = first;
		}
	}
}

static void find_changes(struct text *a, struct text *b)
{
	const size_t diagonals = (size_t)(a->nr + b->nr) + 3;
	struct box box = { 0, a->nr, 0, b->nr };
	struct search s = { a->id, b->id, a->changed, b->changed, NULL, NULL };
	long *room = xcalloc(2 * diagonals, sizeof(*room));

	s.forward = room + b->nr + 1;
	s.backward = room + diagonals + (size_t)b->nr + 1;
	compare(&s, box);
	free(room);
}

/* Of equal lines it is the last that was added, which is how people see it:
 * the end of a function, not of the one before it. */
static void slide(struct text *t, const struct text *other)
{
	long i = 0, j = 0;

	while (i < t->nr) {
		long from, to;

		if (!t->changed[i]) {
			while (other->changed[j])
				j++;
			i++, j++;
			continue;
		}
		for (from = to = i; to < t->nr && t->changed[to]; to++)
			;
		if (!other->changed[j])
			while (to < t->nr && !t->changed[to] &&
			       !other->changed[j + 1] &&
			       t->id[from] == t->id[to]) {
				t->changed[from++] = false;
				t->changed[to++] = true;
				j++;
			}
		i = to;
	}
}

/* A run of changed lines on both sides. */
struct change {
	long a, a_end, b, b_end;
};

static bool next_change(const struct text *a, const struct text *b,
			struct change *c)
{
	long i = c->a_end, j = c->b_end;

	while (i < a->nr && j < b->nr && !a->changed[i] && !b->changed[j])
		i++, j++;
	if (i == a->nr && j == b->nr)
		return false;
	c->a = i;
	c->b = j;
	while (i < a->nr && a->changed[i])
		i++;
	while (j < b->nr && b->changed[j])
		j++;
	c->a_end = i;
	c->b_end = j;
	return true;
}

struct writer {
	const struct text *a, *b;
	const struct line_diff_options *options;
	struct line_diff_sum *sum;
	struct strbuf *out;
	size_t written;		/* lines of whole hunks */
};

static void add_range(struct strbuf *out, char sign, long from, long to)
{
	strbuf_addf(out, " %c%ld", sign, from == to ? from : from + 1);
	if (to - from != 1)
		strbuf_addf(out, ",%ld", to - from);
}

static void add_lines(struct strbuf *out, char sign, const struct text *t,
		      long from, long to)
{
	for (; from < to; from++) {
		size_t at = t->start[from], len = t->start[from + 1] - at;

		strbuf_addch(out, sign);
		strbuf_add(out, t->bytes + at, len);
		if (t->bytes[at + len - 1] != '\n')
			strbuf_addstr(out, "\n\\ No newline at end of file\n");
	}
}

static void cut_lines(struct strbuf *text, size_t lines)
{
	size_t at = 0;

	while (lines-- && at < text->len)
		at = (size_t)((char *)memchr(text->buf + at, '\n',
					     text->len - at) - text->buf) + 1;
	strbuf_setlen(text, at);
}

/* The changes from the one at `c` on that lie near enough to each other. */
static struct change write_hunk(struct writer *w, struct change c)
{
	const long context = (long)w->options->context;
	struct change next = c, last = c;
	const long before = MINIMUM(context, c.a);
	struct strbuf body = STRBUF_INIT;
	long after, at = c.a - before;
	size_t lines, room;

	for (;;) {
		add_lines(&body, ' ', w->a, at, next.a);
		add_lines(&body, '-', w->a, next.a, next.a_end);
		add_lines(&body, '+', w->b, next.b, next.b_end);
		last = next;
		at = next.a_end;
		if (!next_change(w->a, w->b, &next) ||
		    next.a - last.a_end > 2 * context)
			break;
	}
	after = MINIMUM(context, w->a->nr - last.a_end);
	add_lines(&body, ' ', w->a, last.a_end, last.a_end + after);
	lines = (size_t)(last.a_end + after - (c.a - before) + last.b_end -
			 c.b);
	room = w->options->max_lines ? w->options->max_lines - w->written :
				       lines;
	if (lines > room && !w->written) {
		cut_lines(&body, room);
		w->sum->left_out += lines - room;
		lines = room;
	}
	if (lines > room) {
		w->sum->left_out += lines;
	} else {
		strbuf_addstr(w->out, "@@");
		add_range(w->out, '-', c.a - before, last.a_end + after);
		add_range(w->out, '+', c.b - before, last.b_end + after);
		strbuf_addstr(w->out, " @@\n");
		strbuf_addbuf(w->out, &body);
		w->written += lines;
	}
	strbuf_release(&body);
	return last;
}

static void count(const struct text *t, size_t *changed)
{
	long i;

	for (i = 0; i < t->nr; i++)
		*changed += t->changed[i];
}

void line_diff(struct strbuf *out, const char *a, size_t a_len, const char *b,
	       size_t b_len, const struct line_diff_options *options,
	       struct line_diff_sum *sum)
{
	struct text old, new;
	struct change c = { 0, 0, 0, 0 };
	struct writer w = { &old, &new, options, sum, out, 0 };

	memset(sum, 0, sizeof(*sum));
	text_init(&old, a, a_len);
	text_init(&new, b, b_len);
	number_both(&old, &new);
	find_changes(&old, &new);
	slide(&old, &new);
	slide(&new, &old);
	count(&old, &sum->removed);
	count(&new, &sum->added);
	while (out && next_change(&old, &new, &c))
		c = write_hunk(&w, c);
	text_release(&new);
	text_release(&old);
}
