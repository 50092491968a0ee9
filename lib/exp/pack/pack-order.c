#include "lib/base/compat.h"
#include "lib/exp/pack/pack-order.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/pack/zip-format.h"

/* The longest extra field and descriptor that a local header can have. */
/*
 * A name of 64 KiB implies 32,000 directories, whose paths together are a
 * gigabyte: a few kilobytes of zip would make every reader of the tree work for
 * minutes. Real trees do not come near this.
 */
#define IMPLIED_MAX_BYTES (64u << 20)

#define EXTRA_MAX 65535
#define DESCRIPTOR_MIN 12
#define DESCRIPTOR_MAX 24

/* ---- paths -------------------------------------------------------------- */

static int compare_paths(const void *va, const void *vb)
{
	const struct pack_entry *a = *(const struct pack_entry *const *)va;
	const struct pack_entry *b = *(const struct pack_entry *const *)vb;
	int diff = memcmp(a->path, b->path,
			  MINIMUM(a->path_len, b->path_len));

	if (diff)
		return diff;
	return (a->path_len > b->path_len) - (a->path_len < b->path_len);
}

static int compare_offsets(const void *va, const void *vb)
{
	const struct pack_entry *a = *(const struct pack_entry *const *)va;
	const struct pack_entry *b = *(const struct pack_entry *const *)vb;

	return (a->offset > b->offset) - (a->offset < b->offset);
}

/* All entries in order; most are in order already, and then it costs little. */
static const struct pack_entry **
sorted(const struct pack *p, int (*compare)(const void *, const void *))
{
	const struct pack_entry **list;
	bool in_order = true;
	size_t i;

	list = xcalloc(p->nr + 1, sizeof(*list));
	for (i = 0; i < p->nr; i++) {
		list[i] = &p->entry[i];
		if (i && in_order)
			in_order = compare(&list[i - 1], &list[i]) <= 0;
	}
	if (!in_order)
		qsort(list, p->nr, sizeof(*list), compare);
	return list;
}

static bool begins_with(const struct pack_entry *e,
			const struct pack_entry *start)
{
	return e->path_len >= start->path_len &&
	       !memcmp(e->path, start->path, start->path_len);
}

/*
 * Between a file "a" and what lies below "a/" stand only paths that begin with
 * "a": a stack of the files that the path at hand begins with holds each that
 * matters. It has no more of them than the path has bytes, so that all of this
 * costs no more than to read the paths.
 */
static int check_parents(const struct pack *p, const struct pack_entry **list,
			 struct strbuf *err)
{
	const struct pack_entry **open = NULL;
	size_t i, k, nr = 0, alloc = 0;
	int ret = 0;

	for (i = 0; i < p->nr && !ret; i++) {
		const struct pack_entry *e = list[i];

		while (nr && !begins_with(e, open[nr - 1]))
			nr--;
		for (k = 0; k < nr && !ret; k++)
			if (e->path[open[k]->path_len] == '/')
				ret = pack_entry_fail(p, open[k], ERR_CONTENT,
						      err, "it is a file or "
						      "link, and also a "
						      "directory");
		if (S_ISDIR(e->mode))
			continue;
		ARRAY_GROW(open, nr + 1, alloc);
		open[nr++] = e;
	}
	free(open);
	return ret;
}

/* The length of the directories that `a` and `b` both lie in. */
static size_t same_dirs(const struct pack_entry *a, const struct pack_entry *b)
{
	size_t len = MINIMUM(a->path_len, b->path_len), same = 0, i;

	for (i = 0; i < len && a->path[i] == b->path[i]; i++)
		if (a->path[i] == '/')
			same = i + 1;
	return same;
}

/*
 * All that lies in a directory stands together, its own entry first: a
 * directory is new where the path before does not lie in it.
 */
int pack_walk(const struct pack *p, pack_walk_fn fn, void *data)
{
	const struct pack_entry *e, *last = NULL;
	size_t pos, i;
	int ret;

	for (pos = 0; pos < p->nr; pos++, last = e) {
		e = &p->entry[p->by_path[pos]];
		i = last ? same_dirs(last, e) : 0;
		for (; i + 1 < e->path_len; i++) {
			if (e->path[i] != '/')
				continue;
			ret = fn(e->path, (uint32_t)i + 1, NULL, pos, data);
			if (ret)
				return ret;
		}
		ret = fn(e->path, e->path_len, e, pos, data);
		if (ret)
			return ret;
	}
	return 0;
}

struct implied {
	uint64_t nr, bytes;
};

static int count_implied(const char *path UNUSED, uint32_t len,
			 const struct pack_entry *e, size_t pos UNUSED,
			 void *data)
{
	struct implied *implied = data;

	if (e)
		return 0;
	implied->nr++;
	implied->bytes += len;
	return implied->bytes > IMPLIED_MAX_BYTES ? ERR_CONTENT : 0;
}

int pack_order_paths(struct pack *p, struct strbuf *err)
{
	const struct pack_entry **list = sorted(p, compare_paths);
	struct implied implied = { 0, 0 };
	size_t i;
	int ret = 0;

	for (i = 1; i < p->nr && !ret; i++)
		if (!compare_paths(&list[i - 1], &list[i]))
			ret = pack_entry_fail(p, list[i], ERR_CONTENT, err,
					      "it is there twice");
	if (!ret)
		ret = check_parents(p, list, err);
	if (!ret) {
		p->by_path = xcalloc(p->nr + 1, sizeof(*p->by_path));
		for (i = 0; i < p->nr; i++)
			p->by_path[i] = (uint32_t)(list[i] - p->entry);
		ret = pack_walk(p, count_implied, &implied);
		p->implied = implied.nr;
		if (ret)
			fail(err, ret, "'%s': the directories that its names "
			     "imply have paths of more than %u MiB together",
			     p->source->name, IMPLIED_MAX_BYTES >> 20);
	}
	free(list);
	return ret;
}

/* ---- parts -------------------------------------------------------------- */

/*
 * The extra field of the local header is not known yet, so this allows a range;
 * pack_check_local() looks that nothing is left.
 */
static int check_room(const struct pack *p, const struct pack_entry *e,
		      struct strbuf *err)
{
	uint64_t least = ZIP_LOCAL_LEN + (uint64_t)e->name_len;
	uint64_t room = e->limit - e->offset;

	if (e->flags & ZIP_FLAG_DESCRIPTOR)
		least += DESCRIPTOR_MIN;
	if (room < least || room - least < e->packed)
		return pack_entry_fail(p, e, ERR_CONTENT, err,
				       "it overlaps what follows it");
	if (room - least - e->packed >
	    EXTRA_MAX + DESCRIPTOR_MAX - DESCRIPTOR_MIN)
		return pack_entry_fail(p, e, ERR_CONTENT, err,
				       "bytes follow it that belong to "
				       "nothing");
	return 0;
}

int pack_order_parts(struct pack *p, struct strbuf *err)
{
	const struct pack_entry **list = sorted(p, compare_offsets);
	size_t i;
	int ret = 0;

	if (p->nr ? list[0]->offset : p->central)
		ret = fail(err, ERR_CONTENT, "'%s': bytes before the first "
			   "entry belong to nothing", p->source->name);
	for (i = 0; i < p->nr && !ret; i++) {
		struct pack_entry *e = &p->entry[list[i] - p->entry];

		e->limit = i + 1 < p->nr ? list[i + 1]->offset : p->central;
		if (e->offset >= e->limit)
			ret = pack_entry_fail(p, e, ERR_CONTENT, err,
					      "it does not begin at a place of "
					      "its own before the central "
					      "directory");
		else
			ret = check_room(p, e, err);
	}
	free(list);
	return ret;
}
