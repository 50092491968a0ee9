/*
 * Pages of objects. Files of one name may be anywhere in a folder, so it is
 * received whole before anything of it is told: a page of this listing is a
 * path, with all folders that it means. The cursor is the paths that are still
 * to be listed, each with a NUL behind it; of a page that failed nothing was
 * told, and it can be asked for again.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/gdrive/gdrive-internal.h"

/* Drive takes 500,000 in a folder. */
#define ENTRIES_MAX 2000000
#define NEAR 1000

struct entry {
	char *name;
	char *version;		/* of a folder: its id */
	uint64_t size;
	int64_t time;		/* of a folder: when it was made */
	unsigned sums;
	unsigned char md5[16];
	bool folder, has_revision;
};

struct level {
	struct gdrive_store *store;
	const char *prefix;
	unsigned flags;
	struct strbuf path;	/* with '/' behind it, or "" */
	uint64_t asked, changes;
	struct entry *entry;
	size_t nr, alloc;
	struct strbuf why;	/* it could not be listed */
};

static void level_release(struct level *l)
{
	size_t i;

	for (i = 0; i < l->nr; i++) {
		free(l->entry[i].name);
		free(l->entry[i].version);
	}
	free(l->entry);
	strbuf_release(&l->path);
	strbuf_release(&l->why);
}

/* What no key can be called, or nothing that is asked for, is passed over. */
static bool is_wanted(const struct level *l, const char *name)
{
	size_t path = l->path.len, prefix = strlen(l->prefix);

	if (!*name || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return false;
	return prefix <= path ||
	       !strncmp(name, l->prefix + path, prefix - path);
}

static int keep(struct gdrive_file *f, void *data)
{
	struct level *l = data;
	struct entry *e;

	if (f->trashed || f->pending || !(f->folder || f->has_bytes) ||
	    !is_wanted(l, f->name))
		return 0;
	if (l->nr == ENTRIES_MAX)
		return fail(&l->why, ERR_CONTENT, "'%s' has more than %d files "
			    "in one folder", l->store->base.url, ENTRIES_MAX);
	ARRAY_GROW(l->entry, l->nr + 1, l->alloc);
	e = &l->entry[l->nr++];
	memset(e, 0, sizeof(*e));
	e->folder = f->folder;
	e->has_revision = f->revision != NULL;
	e->name = f->name;
	f->name = NULL;
	e->time = f->folder ? f->created : f->modified;
	e->version = f->folder ? f->id : f->object.version;
	*(f->folder ? &f->id : &f->object.version) = NULL;
	e->size = f->object.size;
	e->sums = f->object.sums;
	memcpy(e->md5, f->object.md5, sizeof(e->md5));
	return 0;
}

/* Folders behind files, by name; of one name the newest file and the oldest
 * folder first. A version begins with the id. */
static int by_name(const void *a, const void *b)
{
	const struct entry *e = a, *f = b;
	int order;

	if (e->folder != f->folder)
		return e->folder ? 1 : -1;
	order = strcmp(e->name, f->name);
	if (order)
		return order;
	if (e->time != f->time)
		return (e->time > f->time) == e->folder ? 1 : -1;
	order = strcmp(e->version, f->version);
	return e->folder ? order : -order;
}

/* Of those with one name: whether it was told already. What is changed while
 * its folder is listed may be on two pages. */
static bool is_repeated(const struct level *l, size_t first, size_t i)
{
	size_t k, len = strcspn(l->entry[i].version, ".");

	/* Not all of a hundred thousand. */
	for (k = i > first + NEAR ? i - NEAR : first; k < i; k++)
		if (!strncmp(l->entry[k].version, l->entry[i].version, len) &&
		    strcspn(l->entry[k].version, ".") == len)
			return true;
	return false;
}

static void saw(const struct level *l, const struct entry *e,
		const struct object *o)
{
	char *id = xmemdupz(e->version, strcspn(e->version, "."));

	gdrive_saw(l->store, o->key, id, e->has_revision, o, l->asked,
		   l->changes);
	free(id);
}

static int tell_file(const struct level *l, const struct entry *e,
		     object_fn fn, void *data)
{
	struct object o = OBJECT_INIT;
	int ret;

	o.key = xstrfmt("%s%s", l->path.buf, e->name);
	o.version = e->version;
	o.size = e->size;
	o.modified = e->time / 1000;
	o.sums = e->sums;
	memcpy(o.md5, e->md5, sizeof(o.md5));
	saw(l, e, &o);
	ret = fn(&o, data);
	free(o.key);
	return ret;
}

static int tell_level(const struct level *l, const struct entry *e,
		      object_fn fn, void *data)
{
	char none[] = "";
	struct object o = OBJECT_INIT;
	int ret;

	o.key = xstrfmt("%s%s/", l->path.buf, e->name);
	o.version = l->flags & LIST_SHADOWED ? e->version : none;
	ret = fn(&o, data);
	free(o.key);
	return ret;
}

/* Where the files of one name end that begin at `first`. */
static size_t end_of_name(const struct level *l, size_t first)
{
	size_t i = first + 1;

	while (i < l->nr && l->entry[i].folder == l->entry[first].folder &&
	       !strcmp(l->entry[i].name, l->entry[first].name))
		i++;
	return i;
}

/* All folders of one name are listed as one, later. */
static void add_path(const struct level *l, size_t first, size_t end,
		     struct strbuf *todo)
{
	struct strvec ids = STRVEC_INIT;
	char *path = xstrfmt("%s%s", l->path.buf, l->entry[first].name);
	size_t i;

	for (i = first; i < end; i++)
		if (!is_repeated(l, first, i))
			strvec_push(&ids, l->entry[i].version);
	/* No key is longer. */
	if (strlen(path) < OBJECT_KEY_MAX) {
		gdrive_remember_folder(l->store, path, &ids, l->asked);
		strbuf_add(todo, path, strlen(path) + 1);
	}
	strvec_release(&ids);
	free(path);
}

static int tell_one(const struct level *l, const struct entry *e,
		    object_fn fn, void *data)
{
	if (!e->folder)
		return tell_file(l, e, fn, data);
	return l->flags & LIST_ONE_LEVEL ? tell_level(l, e, fn, data) : 0;
}

static int tell_all(const struct level *l, object_fn fn, void *data)
{
	size_t first, end, i;
	int ret = 0;

	for (first = 0; first < l->nr && !ret; first = end) {
		end = end_of_name(l, first);
		ret = tell_one(l, &l->entry[first], fn, data);
		if (!(l->flags & LIST_SHADOWED))
			continue;
		for (i = first + 1; i < end && !ret; i++)
			if (!is_repeated(l, first, i))
				ret = tell_one(l, &l->entry[i], fn, data);
	}
	return ret;
}

static void add_paths(const struct level *l, struct strbuf *todo)
{
	size_t first, end;

	for (first = 0; first < l->nr; first = end) {
		end = end_of_name(l, first);
		if (l->entry[first].folder)
			add_path(l, first, end, todo);
	}
}

/* A folder that went away meanwhile holds nothing. */
static int list_folders(struct level *l, const struct strvec *ids,
			struct strbuf *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < ids->nr && !ret; i++) {
		ret = gdrive_children(l->store, ids->v[i], keep, l, &l->why);
		if (ret == ERR_NOT_FOUND) {
			strbuf_reset(&l->why);
			ret = 0;
		}
	}
	if (ret)
		fail(err, ret, "%s", l->why.buf);
	if (l->nr)
		qsort(l->entry, l->nr, sizeof(*l->entry), by_name);
	return ret;
}

/* The path of this page: of the first one the folder that the prefix names,
 * which is asked for anew; later the last of the cursor. */
static int next_path(struct level *l, struct strbuf *todo,
		     struct strvec *ids, struct strbuf *err)
{
	bool first = !todo->len;
	size_t start = todo->len;
	char *path;
	int ret;

	if (first) {
		path = gdrive_dirname(l->prefix);
	} else {
		for (start--; start && todo->buf[start - 1]; start--)
			;
		path = xstrdup(todo->buf + start);
		strbuf_setlen(todo, start);
	}
	l->asked = gdrive_ticks();
	l->changes = gdrive_changes(l->store);
	ret = gdrive_folders(l->store, path, first, ids, err);
	strbuf_addstr(&l->path, path);
	strbuf_complete_slash(&l->path);
	free(path);
	return ret;
}

int gdrive_list(struct transport *t, const char *prefix, unsigned flags,
		struct strbuf *cursor, object_fn fn, void *data,
		struct strbuf *err)
{
	struct level l = {
		.store = gdrive_store_of(t), .prefix = prefix, .flags = flags,
		.path = STRBUF_INIT, .why = STRBUF_INIT,
	};
	struct strbuf todo = STRBUF_INIT, why = STRBUF_INIT;
	struct strvec ids = STRVEC_INIT;
	int ret;

	strbuf_addbuf(&todo, cursor);
	ret = next_path(&l, &todo, &ids, &why);
	if (ret == ERR_NOT_FOUND)
		ret = 0;
	else if (ret)
		fail(err, ret, "%s", why.buf);
	else
		ret = list_folders(&l, &ids, err);
	if (ret)
		goto cleanup;
	if (!(flags & LIST_ONE_LEVEL))
		add_paths(&l, &todo);
	strbuf_reset(cursor);
	strbuf_addbuf(cursor, &todo);
	ret = tell_all(&l, fn, data);

cleanup:
	strvec_release(&ids);
	strbuf_release(&why);
	strbuf_release(&todo);
	level_release(&l);
	return ret;
}
