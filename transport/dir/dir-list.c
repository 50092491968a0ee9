/*
 * Listing a directory: one walk with the directories on the way open, and
 * never more than PAGE_MAX objects in memory.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "transport/dir/dir-internal.h"

#include <dirent.h>

/*
 * The objects are told when all of them are known, so that a walk which a
 * share's hiccup ends can begin again. Of more than so many the first are told
 * before the last are known, and such a walk is not repeated.
 */
#define PAGE_MAX 65536

/* An object that went away in between may have got a name that was passed
 * already: then it would be listed under neither, and so it is walked again. */
#define WALKS 3

struct entry {
	size_t key;		/* in walk.keys */
	uint64_t ino, size, mtime;
	int64_t modified;
	bool is_level;		/* a directory, cut behind its '/' */
};

/*
 * Names are read ahead of the looks at what has them: who renames an object
 * while a directory is read can make it appear under neither name, and the
 * looks would make that take a hundred times as long.
 */
#define AHEAD_MAX 16384

struct level {
	DIR *dir;
	size_t key_len;		/* of walk.key, with the slash */
	struct strbuf ahead;	/* of each entry its type, the name and a NUL */
	size_t at;		/* the next one there */
};

/* One of them, lent. */
struct name {
	unsigned char type;	/* DT_REG, ... */
	const char *text;
};

struct walk {
	struct dir_store *store;
	const char *begins;	/* how names on the first level begin */
	bool one_level;
	bool rests;		/* what puts left, and no object */
	struct strbuf key;
	struct level *level;
	size_t nr, alloc;
	/* What was found and not told yet. */
	struct entry *entry;
	size_t entry_nr, entry_alloc;
	struct strbuf keys;
	bool told;
	bool missed;		/* something went between its name and itself */
	object_fn fn;
	void *data;
};

static void pop_level(struct walk *w)
{
	struct level *l = &w->level[--w->nr];

	closedir(l->dir);
	strbuf_release(&l->ahead);
}

static void walk_release(struct walk *w)
{
	while (w->nr)
		pop_level(w);
	free(w->level);
	free(w->entry);
	strbuf_release(&w->keys);
	strbuf_release(&w->key);
}

/* Non-zero is what the caller's function said. */
static int tell(struct walk *w)
{
	struct strbuf version = STRBUF_INIT;
	struct object o = OBJECT_INIT;
	size_t i;
	int ret = 0;

	for (i = 0; i < w->entry_nr && !ret; i++) {
		const struct entry *e = &w->entry[i];

		strbuf_reset(&version);
		if (!e->is_level)
			dir_add_version(&version, e->ino, e->size, e->mtime);
		o.key = w->keys.buf + e->key;
		o.version = version.buf;
		o.size = e->size;
		o.modified = e->modified;
		ret = w->fn(&o, w->data);
	}
	w->told |= w->entry_nr > 0;
	w->entry_nr = 0;
	strbuf_reset(&w->keys);
	strbuf_release(&version);
	return ret;
}

static struct entry *add_entry(struct walk *w)
{
	struct entry *e;

	ARRAY_GROW(w->entry, w->entry_nr + 1, w->entry_alloc);
	e = &w->entry[w->entry_nr++];
	memset(e, 0, sizeof(*e));
	e->key = w->keys.len;
	strbuf_addbuf(&w->keys, &w->key);
	strbuf_addch(&w->keys, '\0');
	return e;
}

/* Takes `fd`. */
static int push_level(struct walk *w, int fd)
{
	DIR *dir = fdopendir(fd);

	if (!dir) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	ARRAY_GROW(w->level, w->nr + 1, w->alloc);
	w->level[w->nr].dir = dir;
	w->level[w->nr].at = 0;
	strbuf_init(&w->level[w->nr].ahead);
	w->level[w->nr++].key_len = w->key.len;
	return 0;
}

static int enter(struct walk *w, int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			O_CLOEXEC);

	return fd < 0 ? -1 : push_level(w, fd);
}

/* What went away, or is no directory any more, is not there. */
static bool is_gone(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

enum kind { KIND_OTHER, KIND_FILE, KIND_DIR };

/* st is filled for files alone, of which the version is needed. */
static int look(struct walk *w, int at, const struct name *d,
		enum kind *kind, struct stat *st)
{
	*kind = KIND_OTHER;
	if (d->type == DT_DIR)
		*kind = KIND_DIR;
	if (d->type != DT_REG && d->type != DT_UNKNOWN)
		return 0;
	if (fstatat(at, d->text, st, AT_SYMLINK_NOFOLLOW)) {
		w->missed |= is_gone(errno);
		return is_gone(errno) ? 0 : -1;
	}
	if (S_ISREG(st->st_mode))
		*kind = KIND_FILE;
	else if (S_ISDIR(st->st_mode))
		*kind = KIND_DIR;
	return 0;
}

static bool is_private(const char *name)
{
	return !strncmp(name, DIR_PRIVATE, strlen(DIR_PRIVATE));
}

static bool is_passed_over(const struct walk *w, const char *name)
{
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return true;
	return is_private(name) && !(w->rests && dir_is_temporary(name));
}

/* Some more names of a directory; none: it is at its end. */
static int read_ahead(const struct walk *w, struct level *l)
{
	const struct dirent *d;
	size_t nr = 0;

	strbuf_reset(&l->ahead);
	l->at = 0;
	while (nr < AHEAD_MAX) {
		errno = 0;
		d = readdir(l->dir);
		if (!d)
			return errno ? -1 : 0;
		if (is_passed_over(w, d->d_name))
			continue;
		if (w->nr == 1 && strncmp(d->d_name, w->begins,
					  strlen(w->begins)))
			continue;
		/* No key can be as long. */
		if (l->key_len + strlen(d->d_name) > OBJECT_KEY_MAX)
			continue;
		strbuf_addch(&l->ahead, (char)d->d_type);
		strbuf_add(&l->ahead, d->d_name, strlen(d->d_name) + 1);
		nr++;
	}
	return 0;
}

/*
 * The next entry of the innermost directory: 1 with `*d`, 0 at its end, -1.
 */
static int next_entry(struct walk *w, struct name *d)
{
	struct level *l = &w->level[w->nr - 1];

	if (l->at == l->ahead.len && read_ahead(w, l))
		return -1;
	if (l->at == l->ahead.len)
		return 0;
	d->type = (unsigned char)l->ahead.buf[l->at];
	d->text = l->ahead.buf + l->at + 1;
	l->at += 1 + strlen(d->text) + 1;
	strbuf_setlen(&w->key, l->key_len);
	strbuf_addstr(&w->key, d->text);
	return 1;
}

static void add_file(struct walk *w, const struct stat *st)
{
	struct entry *e = add_entry(w);

	e->ino = st->st_ino;
	e->size = (uint64_t)st->st_size;
	e->mtime = dir_mtime(st);
	e->modified = st->st_mtim.tv_sec;
}

/*
 * On one level, a directory counts when there is an object in it: that walk
 * ends at the first, and then everything opened for it is closed.
 */
static void add_level(struct walk *w)
{
	struct strbuf whole = STRBUF_INIT;
	size_t len = w->level[0].key_len;

	strbuf_addbuf(&whole, &w->key);
	len += strcspn(whole.buf + len, "/");
	strbuf_setlen(&w->key, len);
	strbuf_addch(&w->key, '/');
	add_entry(w)->is_level = true;
	while (w->nr > 1)
		pop_level(w);
	strbuf_release(&whole);
}

/* One entry more; -1 with errno. */
static int step(struct walk *w)
{
	enum kind kind;
	struct name d = { 0, NULL };
	struct stat st;
	int ret = next_entry(w, &d), at;

	if (!ret) {
		pop_level(w);
		return 0;
	}
	at = dirfd(w->level[w->nr - 1].dir);
	if (ret < 0 || look(w, at, &d, &kind, &st))
		return -1;
	if (w->rests && is_private(d.text)) {
		if (kind == KIND_FILE && dir_is_rest(at, d.text, &st))
			add_file(w, &st);
		return 0;
	}
	if (kind == KIND_DIR) {
		strbuf_addch(&w->key, '/');
		return enter(w, at, d.text) && !is_gone(errno) ? -1 : 0;
	}
	if (kind != KIND_FILE || w->rests)
		return 0;
	if (w->one_level && w->nr > 1)
		add_level(w);
	else
		add_file(w, &st);
	return 0;
}

/* Tells only a page that is full. */
static int walk_all(struct walk *w, const char *prefix, struct strbuf *err)
{
	int ret = 0;

	while (w->nr && !ret) {
		if (step(w)) {
			ret = dir_fail(w->store, "list", prefix, err);
			return ret == ERR_TRANSIENT && w->told ?
				ERR_UNREACHABLE : ret;
		}
		if (w->entry_nr >= PAGE_MAX)
			ret = tell(w);
	}
	return ret;
}

/* Opens the innermost directory that all keys with the prefix lie in. */
static int begin(struct walk *w, const char *prefix, struct strbuf *err)
{
	const char *slash = strrchr(prefix, '/');
	int root, fd, ret;

	w->begins = slash ? slash + 1 : prefix;
	strbuf_add(&w->key, prefix, slash ? (size_t)(slash - prefix) : 0);
	ret = dir_open_root(w->store, &root, err);
	if (ret)
		return ret;
	fd = open_beneath(root, w->key.buf, O_RDONLY | O_DIRECTORY);
	if (slash)
		strbuf_addch(&w->key, '/');
	if ((fd < 0 || push_level(w, fd)) && !is_gone(errno) &&
	    errno != ENAMETOOLONG)
		ret = dir_fail(w->store, "list", prefix, err);
	close(root);
	return ret;
}

static int walk_from(struct walk *w, const char *prefix,
		     struct strbuf *cursor, struct strbuf *err)
{
	bool valid = !dir_check_key(w->store, prefix, NULL);
	int ret = 0, walks;

	strbuf_reset(cursor);
	for (walks = 0; !ret && !w->told && walks < WALKS; walks++) {
		w->missed = false;
		w->entry_nr = 0;
		strbuf_reset(&w->keys);
		strbuf_reset(&w->key);
		/* What is private is not there. */
		if (valid)
			ret = begin(w, prefix, err);
		if (!ret)
			ret = walk_all(w, prefix, err);
		if (!w->missed)
			break;
	}
	if (!ret)
		ret = tell(w);
	walk_release(w);
	return ret;
}

int dir_list(struct transport *t, const char *prefix, unsigned flags,
	     struct strbuf *cursor, object_fn fn, void *data,
	     struct strbuf *err)
{
	struct walk w = {
		.store = dir_store_of(t), .key = STRBUF_INIT,
		.keys = STRBUF_INIT, .fn = fn, .data = data,
		.one_level = flags & LIST_ONE_LEVEL
	};

	return walk_from(&w, prefix, cursor, err);
}

int dir_rests(struct transport *t, const char *prefix, struct strbuf *cursor,
	      object_fn fn, void *data, struct strbuf *err)
{
	struct walk w = {
		.store = dir_store_of(t), .key = STRBUF_INIT,
		.keys = STRBUF_INIT, .fn = fn, .data = data, .rests = true
	};

	return walk_from(&w, prefix, cursor, err);
}
