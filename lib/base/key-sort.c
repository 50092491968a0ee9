#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/key-sort.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"

/*
 * Records are gathered in one piece of memory. When it is full they are written
 * in their order as a run to the file of level 0; when that holds FAN runs,
 * these are merged to one run of level 1, and so on. So each record is written
 * once a level, few runs are ever read at once, and a file is emptied as soon
 * as it was merged. At the end the runs of all levels are merged.
 *
 * Memory and files hold the same: a head, the key and its NUL, the data; each
 * padded to ALIGN. Of two records of one key the one that came first lies
 * before in memory, or in a run of a higher level or that was written before.
 */

#define ALIGN 16
#define FAN 32
#define LEVELS 8
#define WRITE_SIZE ((size_t)256 << 10)
#define READ_MIN ((size_t)16 << 10)
#define READ_MAX ((size_t)1 << 20)

struct head {
	uint64_t key_len;
	uint64_t data_len;
};

struct run {
	off_t at, end;
};

struct level {
	int fd;			/* -1: none yet */
	off_t end;
	struct run run[FAN];
	unsigned nr;
};

/* Where a merge is in one run. */
struct cursor {
	int fd;
	off_t at, end;		/* of what is not in buf yet */
	char *buf;		/* begins at a record */
	size_t pos, len, alloc;
	unsigned age;		/* smaller: was added before */
};

/* A heap: the least record is that of cursor[0]. */
struct merge {
	struct cursor *cursor[FAN * LEVELS];
	unsigned nr;
	bool begun;
};

struct key_sort {
	size_t memory;
	char *buf;
	size_t len, alloc, held;	/* held: records in buf */
	const struct head **sorted;
	size_t next;			/* of sorted */
	struct level level[LEVELS];
	bool is_spilled, is_read;
	struct merge merge;
};

/* ---- records ------------------------------------------------------------- */

static size_t padded(size_t len)
{
	return (len + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t record_size(const struct head *h)
{
	return sizeof(*h) + padded(h->key_len + 1) + padded(h->data_len);
}

static const char *record_key(const struct head *h)
{
	return (const char *)(h + 1);
}

static void record_tell(const struct head *h, struct key_record *out)
{
	out->key = record_key(h);
	out->key_len = h->key_len;
	out->data = record_key(h) + padded(h->key_len + 1);
	out->data_len = h->data_len;
}

static int compare_keys(const struct head *a, const struct head *b)
{
	size_t len = MINIMUM(a->key_len, b->key_len);
	int ret = memcmp(record_key(a), record_key(b), len);

	if (!ret)
		ret = (a->key_len > b->key_len) - (a->key_len < b->key_len);
	return ret;
}

static int by_key(const void *a, const void *b)
{
	const struct head *x = *(const struct head *const *)a;
	const struct head *y = *(const struct head *const *)b;
	int ret = compare_keys(x, y);

	return ret ? ret : (x > y) - (x < y);
}

struct key_sort *key_sort_new(size_t memory)
{
	struct key_sort *s = xcalloc(1, sizeof(*s));
	size_t i;

	s->memory = memory ? memory : KEY_SORT_MEMORY;
	for (i = 0; i < LEVELS; i++)
		s->level[i].fd = -1;
	return s;
}

static void merge_clear(struct merge *m)
{
	unsigned i;

	for (i = 0; i < m->nr; i++) {
		free(m->cursor[i]->buf);
		free(m->cursor[i]);
	}
	m->nr = 0;
	m->begun = false;
}

void key_sort_free(struct key_sort *s)
{
	size_t i;

	if (!s)
		return;
	merge_clear(&s->merge);
	for (i = 0; i < LEVELS; i++)
		if (s->level[i].fd >= 0)
			close(s->level[i].fd);
	free(s->sorted);
	free(s->buf);
	free(s);
}

/* Stores that list in order need no sorting. */
static void sort_held(struct key_sort *s)
{
	bool in_order = true;
	size_t at = 0, i;

	free(s->sorted);
	s->sorted = xmalloc((s->held + 1) * sizeof(*s->sorted));
	for (i = 0; i < s->held; i++) {
		s->sorted[i] = (const struct head *)(const void *)(s->buf + at);
		at += record_size(s->sorted[i]);
		if (i && compare_keys(s->sorted[i - 1], s->sorted[i]) > 0)
			in_order = false;
	}
	if (!in_order)
		qsort(s->sorted, s->held, sizeof(*s->sorted), by_key);
	s->next = 0;
}

/* ---- files --------------------------------------------------------------- */

static int level_file(struct level *l, struct strbuf *err)
{
	return l->fd < 0 ? tempfile_unnamed(&l->fd, NULL, err) : 0;
}

/* A run on its way into a file. */
struct run_writer {
	struct level *level;
	off_t begin;
	char *buf;
	size_t len;
};

static int write_out(struct run_writer *w, const void *data, size_t len,
		     struct strbuf *err)
{
	if (sys_pwrite_all(w->level->fd, data, len, w->level->end)) {
		fail_errno(err, "cannot keep a long list of keys; TMPDIR must "
			   "be a directory with more room");
		return ERR_FAILED;
	}
	w->level->end += (off_t)len;
	return 0;
}

static int write_record(struct run_writer *w, const struct head *h,
			struct strbuf *err)
{
	size_t size = record_size(h);
	int ret = 0;

	if (w->len && w->len + size > WRITE_SIZE) {
		ret = write_out(w, w->buf, w->len, err);
		w->len = 0;
	}
	if (!ret && size > WRITE_SIZE)
		return write_out(w, h, size, err);
	if (!ret) {
		memcpy(w->buf + w->len, h, size);
		w->len += size;
	}
	return ret;
}

static int begin_run(struct run_writer *w, struct level *l, struct strbuf *err)
{
	int ret = level_file(l, err);

	w->level = l;
	w->begin = l->end;
	w->len = 0;
	w->buf = ret ? NULL : xmalloc(WRITE_SIZE);
	return ret;
}

static int end_run(struct run_writer *w, int ret, struct strbuf *err)
{
	if (!ret && w->len)
		ret = write_out(w, w->buf, w->len, err);
	if (!ret) {
		struct run *run = &w->level->run[w->level->nr++];

		run->at = w->begin;
		run->end = w->level->end;
	}
	free(w->buf);
	return ret;
}

/* ---- merging ------------------------------------------------------------- */

static const struct head *cursor_head(const struct cursor *c)
{
	return (const struct head *)(const void *)(c->buf + c->pos);
}

/* At least `want` bytes from the record on in memory. */
static int cursor_fill(struct cursor *c, size_t want, struct strbuf *err)
{
	c->len -= c->pos;
	memmove(c->buf, c->buf + c->pos, c->len);
	c->pos = 0;
	if (want > c->alloc) {
		c->buf = xrealloc(c->buf, want);
		c->alloc = want;
	}
	while (c->len < want) {
		size_t room = c->alloc - c->len;
		ssize_t n;

		if ((off_t)room > c->end - c->at)
			room = (size_t)(c->end - c->at);
		n = pread(c->fd, c->buf + c->len, room, c->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail_errno(err, "cannot read a long list of keys in "
				   "TMPDIR again");
			return ERR_FAILED;
		}
		if (!n)
			return fail(err, ERR_FAILED, "a long list of keys in "
				    "TMPDIR was cut by somebody");
		c->len += (size_t)n;
		c->at += n;
	}
	return 0;
}

/* Makes the record at pos readable; 1, or 0 when there is none. */
static int cursor_load(struct cursor *c, struct strbuf *err)
{
	size_t size;

	if (c->pos == c->len && c->at == c->end)
		return 0;
	if (c->len - c->pos < sizeof(struct head) &&
	    cursor_fill(c, sizeof(struct head), err))
		return ERR_FAILED;
	size = record_size(cursor_head(c));
	if (c->len - c->pos < size && cursor_fill(c, size, err))
		return ERR_FAILED;
	return 1;
}

static bool cursor_before(const struct cursor *a, const struct cursor *b)
{
	int ret = compare_keys(cursor_head(a), cursor_head(b));

	return ret ? ret < 0 : a->age < b->age;
}

static void sift_down(struct merge *m, unsigned i)
{
	for (;;) {
		unsigned least = i, child = 2 * i + 1, last = child + 1;
		struct cursor *c;

		for (; child <= last && child < m->nr; child++)
			if (cursor_before(m->cursor[child], m->cursor[least]))
				least = child;
		if (least == i)
			return;
		c = m->cursor[i];
		m->cursor[i] = m->cursor[least];
		m->cursor[least] = c;
		i = least;
	}
}

/* The runs of levels [from, to), the highest first: they are the oldest. */
static int merge_begin(struct key_sort *s, size_t from, size_t to,
		       struct strbuf *err)
{
	struct merge *m = &s->merge;
	size_t room = 0, l;
	unsigned i;

	for (l = from; l < to; l++)
		room += s->level[l].nr;
	room = s->memory / (room + 1);
	room = padded(MINIMUM(MAXIMUM(room, READ_MIN), READ_MAX));
	for (l = to; l-- > from;)
		for (i = 0; i < s->level[l].nr; i++) {
			struct cursor *c = xcalloc(1, sizeof(*c));

			c->fd = s->level[l].fd;
			c->at = s->level[l].run[i].at;
			c->end = s->level[l].run[i].end;
			c->age = m->nr;
			c->alloc = room;
			c->buf = xmalloc(room);
			m->cursor[m->nr++] = c;
			if (cursor_load(c, err) < 0)
				return ERR_FAILED;
		}
	for (i = m->nr / 2; i-- > 0;)
		sift_down(m, i);
	return 0;
}

/* 1 with the next record, 0 at the end. */
static int merge_next(struct merge *m, const struct head **out,
		      struct strbuf *err)
{
	struct cursor *c = m->nr ? m->cursor[0] : NULL;
	int ret;

	if (c && m->begun) {
		c->pos += record_size(cursor_head(c));
		ret = cursor_load(c, err);
		if (ret < 0)
			return ret;
		if (!ret) {
			m->cursor[0] = m->cursor[--m->nr];
			free(c->buf);
			free(c);
		}
		sift_down(m, 0);
	}
	m->begun = true;
	if (!m->nr)
		return 0;
	*out = cursor_head(m->cursor[0]);
	return 1;
}

/* All runs of a level become one of the next. */
static int merge_up(struct key_sort *s, size_t l, struct strbuf *err)
{
	struct run_writer w;
	const struct head *h;
	int ret;

	if (l + 1 == LEVELS)
		return fail(err, ERR_FAILED, "too many keys to sort");
	ret = begin_run(&w, &s->level[l + 1], err);
	if (!ret)
		ret = merge_begin(s, l, l + 1, err);
	while (!ret) {
		ret = merge_next(&s->merge, &h, err);
		if (ret <= 0)
			break;
		ret = write_record(&w, h, err);
	}
	merge_clear(&s->merge);
	ret = end_run(&w, ret, err);
	if (ret)
		return ret;
	s->level[l].nr = 0;
	s->level[l].end = 0;
	if (sys_ftruncate(s->level[l].fd, 0)) {
		fail_errno(err, "cannot empty a file in TMPDIR");
		return ERR_FAILED;
	}
	return 0;
}

/* What is in memory goes into a file. */
static int spill(struct key_sort *s, struct strbuf *err)
{
	struct run_writer w;
	size_t l, i;
	int ret = 0;

	for (l = 0; l < LEVELS && !ret && s->level[l].nr == FAN; l++)
		;
	while (l-- > 0 && !ret)
		ret = merge_up(s, l, err);
	if (ret)
		return ret;
	sort_held(s);
	ret = begin_run(&w, &s->level[0], err);
	for (i = 0; i < s->held && !ret; i++)
		ret = write_record(&w, s->sorted[i], err);
	ret = end_run(&w, ret, err);
	free(s->sorted);
	s->sorted = NULL;
	s->held = s->len = 0;
	s->is_spilled = true;
	return ret;
}

/* ---- what callers see ---------------------------------------------------- */

static void make_room(struct key_sort *s, size_t size)
{
	size_t want = s->len + size;

	if (want <= s->alloc)
		return;
	if (want < 2 * s->alloc)
		want = 2 * s->alloc;
	if (want > s->memory && s->len + size <= s->memory)
		want = s->memory;
	s->buf = xrealloc(s->buf, want);
	s->alloc = want;
}

int key_sort_add(struct key_sort *s, const char *key, size_t key_len,
		 const void *data, size_t data_len, struct strbuf *err)
{
	struct head head = { key_len, data_len }, *h;
	size_t size = record_size(&head);
	char *at;

	if (s->is_read)
		BUG("a key is added after keys were read");
	/* the list of records takes memory too, and twice while it is sorted */
	if (s->held && s->len + size +
	    2 * (s->held + 1) * sizeof(*s->sorted) > s->memory) {
		int ret = spill(s, err);

		if (ret)
			return ret;
	}
	make_room(s, size);
	h = (struct head *)(void *)(s->buf + s->len);
	memset(h, 0, size);
	*h = head;
	at = (char *)(h + 1);
	memcpy(at, key, key_len);
	if (data_len)
		memcpy(at + padded(key_len + 1), data, data_len);
	s->len += size;
	s->held++;
	return 0;
}

static int begin_reading(struct key_sort *s, struct strbuf *err)
{
	s->is_read = true;
	if (!s->is_spilled) {
		sort_held(s);
		return 0;
	}
	if (s->held) {
		int ret = spill(s, err);

		if (ret)
			return ret;
	}
	free(s->buf);
	s->buf = NULL;
	s->alloc = 0;
	return merge_begin(s, 0, LEVELS, err);
}

int key_sort_next(struct key_sort *s, struct key_record *out,
		  struct strbuf *err)
{
	const struct head *h;
	int ret = s->is_read ? 0 : begin_reading(s, err);

	if (ret)
		return ret;
	if (s->is_spilled) {
		ret = merge_next(&s->merge, &h, err);
		if (ret <= 0)
			return ret;
	} else {
		if (s->next == s->held)
			return 0;
		h = s->sorted[s->next++];
	}
	record_tell(h, out);
	return 1;
}
