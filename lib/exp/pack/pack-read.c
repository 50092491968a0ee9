#include "lib/base/compat.h"
#include "lib/exp/pack/pack-read.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/pack/pack-end.h"
#include "lib/exp/pack/pack-entry.h"
#include "lib/exp/pack/pack-order.h"
#include "lib/exp/pack/zip-format.h"

#define PIECE (1u << 20)

/* ---- what stays --------------------------------------------------------- */

#define BLOCK_MIN (4u << 10)
#define BLOCK_MAX (1u << 20)

struct block {
	struct block *next;
	size_t size, used;
	unsigned char bytes[];
};

void *pack_keep(struct pack *p, const void *data, size_t len)
{
	struct block *b = p->arena;
	void *kept;

	if (!b || b->size - b->used < len) {
		size_t size = b ? MINIMUM(b->size * 2, BLOCK_MAX) : BLOCK_MIN;

		size = MAXIMUM(size, len);
		b = xmalloc(sizeof(*b) + size);
		b->size = size;
		b->used = 0;
		b->next = p->arena;
		p->arena = b;
	}
	kept = b->bytes + b->used;
	b->used += len;
	return len ? memcpy(kept, data, len) : kept;
}

void pack_close(struct pack *p)
{
	struct block *b, *next;

	if (!p)
		return;
	for (b = p->arena; b; b = next) {
		next = b->next;
		free(b);
	}
	free(p->entry);
	free(p->by_path);
	p->source->release(p->source);
	free(p);
}

/* ---- the central directory ---------------------------------------------- */

/* A piece of the central directory. */
struct window {
	unsigned char *buf;
	size_t len;
	uint64_t offset;	/* of buf[0], in the file */
};

/* Makes what lies from `at` on the start of the window. */
static int window_move(struct window *w, struct pack_source *s, uint64_t at,
		       uint64_t end, struct strbuf *err)
{
	w->len = (size_t)MINIMUM(end - at, (uint64_t)PIECE);
	w->offset = at;
	return s->read(s, w->buf, w->len, at, err);
}

static int add_size(struct pack *p, const struct pack_entry *e,
		    const struct pack_limits *limits, struct strbuf *err)
{
	if (e->size > UINT64_MAX - p->size)
		return fail(err, ERR_CONTENT, "'%s': its sizes have no sum",
			    p->source->name);
	p->size += e->size;
	if (limits->max_size && p->size > limits->max_size)
		return fail(err, ERR_CONTENT, "'%s': it holds more than %"
			    PRIu64 " bytes; raise unpack.max-size or give "
			    "--max-size", p->source->name, limits->max_size);
	return 0;
}

static int read_entries(struct pack *p, struct window *w, uint64_t end,
			const struct pack_limits *limits, struct strbuf *err)
{
	struct strbuf scratch = STRBUF_INIT;
	uint64_t at = p->central;
	size_t i = 0, used;
	int ret = 0;

	while (i < p->nr && !ret) {
		size_t from = (size_t)(at - w->offset);
		size_t len = (size_t)MINIMUM(end - at, w->len - from);

		ret = pack_entry_read(p, &p->entry[i], w->buf + from, len,
				      &used, &scratch, err);
		if (ret)
			break;
		if (used > len && used > end - at) {
			ret = fail(err, ERR_CONTENT, "'%s': its central "
				   "directory ends within an entry",
				   p->source->name);
		} else if (used > len) {
			ret = window_move(w, p->source, at, end, err);
		} else {
			at += used;
			ret = add_size(p, &p->entry[i++], limits, err);
		}
	}
	if (!ret && at != end)
		ret = fail(err, ERR_CONTENT, "'%s': its central directory has "
			   "another number of entries than it says",
			   p->source->name);
	strbuf_release(&scratch);
	return ret;
}

/* The tail of the file often holds all of the directory. */
static int read_central(struct pack *p, const struct pack_end *tail,
			const struct pack_limits *limits, struct strbuf *err)
{
	uint64_t end = tail->central + tail->central_len;
	struct window w = { 0 };
	unsigned char *own = NULL;
	int ret = 0;

	if (p->source->size - tail->central <= tail->tail_len) {
		w.buf = tail->tail;
		w.len = tail->tail_len;
		w.offset = p->source->size - tail->tail_len;
	} else {
		w.buf = own = xmalloc(PIECE);
		ret = window_move(&w, p->source, tail->central, end, err);
	}
	if (!ret)
		ret = read_entries(p, &w, end, limits, err);
	free(own);
	return ret;
}

static int check_count(const struct pack *p, uint64_t entries,
		       const struct pack_limits *limits, struct strbuf *err)
{
	uint64_t max = limits->max_entries;

	if (max && entries > max)
		return fail(err, ERR_CONTENT, "'%s': it has %" PRIu64
			    " entries or directories, more than %" PRIu64
			    "; raise unpack.max-entries or give --max-entries",
			    p->source->name, entries, max);
	if (entries > UINT32_MAX - 1)
		return fail(err, ERR_CONTENT, "'%s': it has too many entries",
			    p->source->name);
	return 0;
}

static int read_info(struct pack *p, const struct pack_end *end,
		     struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = pack_info_read(&p->info, end->comment, end->comment_len,
				 &why);

	if (ret)
		fail(err, ret, "'%s': %s", p->source->name, why.buf);
	strbuf_release(&why);
	return ret;
}

int pack_open(struct pack **out, struct pack_source *source,
	      const struct pack_limits *limits, struct strbuf *err)
{
	static const struct pack_limits none;
	struct pack *p = xcalloc(1, sizeof(*p));
	struct pack_end end = { 0 };
	int ret;

	*out = NULL;
	p->source = source;
	if (!limits)
		limits = &none;
	ret = pack_end_read(&end, source, err);
	if (!ret)
		ret = read_info(p, &end, err);
	if (!ret)
		ret = check_count(p, end.entries, limits, err);
	if (ret)
		goto cleanup;

	/* pack_end_read() has seen that the directory is 46 times as long */
	p->nr = (size_t)end.entries;
	p->entry = xcalloc(p->nr + 1, sizeof(*p->entry));
	p->central = end.central;
	ret = read_central(p, &end, limits, err);
	if (!ret)
		ret = pack_order_paths(p, err);
	if (!ret)
		ret = check_count(p, end.entries + p->implied, limits, err);
	if (!ret)
		ret = pack_order_parts(p, err);

cleanup:
	free(end.tail);
	if (ret)
		pack_close(p);
	else
		*out = p;
	return ret;
}

/* ---- looking for paths -------------------------------------------------- */

/* The first whose path is not before the text and, if that is not 0, `last`
 * behind it. */
static size_t lower_bound(const struct pack *p, const char *path, size_t len,
			  char last)
{
	size_t low = 0, high = p->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct pack_entry *e = &p->entry[p->by_path[mid]];
		int diff = memcmp(e->path, path, MINIMUM(len, e->path_len));

		if (!diff && e->path_len < len)
			diff = -1;
		else if (!diff && last)	/* NUL at its end: before all */
			diff = (unsigned char)e->path[len] <
			       (unsigned char)last ? -1 : 0;
		if (diff < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct pack_entry *pack_find(const struct pack *p, const char *path)
{
	size_t len = strlen(path), i = lower_bound(p, path, len, '\0');
	const struct pack_entry *e;

	if (!len)
		return NULL;
	if (i < p->nr) {
		e = &p->entry[p->by_path[i]];
		if (e->path_len == len && !memcmp(e->path, path, len))
			return e;
	}
	i = lower_bound(p, path, len, '/');
	if (i == p->nr)
		return NULL;
	e = &p->entry[p->by_path[i]];
	return e->path_len == len + 1 && e->path[len] == '/' &&
	       !memcmp(e->path, path, len) ? e : NULL;
}

bool pack_has_below(const struct pack *p, const char *path)
{
	size_t len = strlen(path), i = lower_bound(p, path, len, '/');
	const struct pack_entry *e;

	if (i == p->nr)
		return false;
	e = &p->entry[p->by_path[i]];
	if (e->path_len == len + 1 && S_ISDIR(e->mode) && i + 1 < p->nr &&
	    !memcmp(e->path, path, len))
		e = &p->entry[p->by_path[i + 1]];
	return e->path_len > len + 1 && e->path[len] == '/' &&
	       !memcmp(e->path, path, len);
}
