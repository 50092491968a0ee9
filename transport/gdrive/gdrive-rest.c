/*
 * What puts left whose process died, and nobody noted: pending files and
 * folders that nothing happened to for a day. Of these the version is the id.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "transport/gdrive/gdrive-internal.h"

/* One folder while it is looked through. */
struct looking {
	const char *prefix;
	struct strbuf path;	/* with '/' behind it, or "" */
	int64_t before;		/* in milliseconds: what is older is one */
	struct object *rest;
	size_t nr, alloc;
	struct strvec paths;	/* of folders to be looked through, too */
};

static int64_t a_day_ago(void)
{
	return (moment_now().sec - GDRIVE_PENDING_MAX) * 1000;
}

static bool is_rest(const struct gdrive_file *f, int64_t before)
{
	return f->pending && !f->trashed && (f->folder || f->has_bytes) &&
	       f->created < before && f->modified < before;
}

static void add_rest(struct looking *l, const struct gdrive_file *f,
		     const char *key)
{
	struct object *o;

	ARRAY_GROW(l->rest, l->nr + 1, l->alloc);
	o = &l->rest[l->nr++];
	*o = (struct object)OBJECT_INIT;
	o->key = xstrdup(key);
	o->version = xstrdup(f->id);
	o->size = f->object.size;
	o->modified = f->modified / 1000;
}

static int keep(struct gdrive_file *f, void *data)
{
	struct looking *l = data;
	char *key = xstrfmt("%s%s", l->path.buf, f->name);
	size_t len = MINIMUM(strlen(key), strlen(l->prefix));

	if (strchr(f->name, '/') || strncmp(key, l->prefix, len))
		;
	else if (is_rest(f, l->before) && len == strlen(l->prefix))
		add_rest(l, f, key);
	else if (f->folder && !f->pending && strlen(key) < OBJECT_KEY_MAX)
		strvec_push(&l->paths, key);
	free(key);
	return 0;
}

/* The paths that are still to be looked through, each with a NUL behind it. */
static char *take_path(struct strbuf *todo, const char *prefix)
{
	size_t start = todo->len;
	char *path;

	if (!todo->len)
		return gdrive_dirname(prefix);
	for (start--; start && todo->buf[start - 1]; start--)
		;
	path = xstrdup(todo->buf + start);
	strbuf_setlen(todo, start);
	return path;
}

static int look_through(struct gdrive_store *s, struct looking *l,
			const char *path, bool fresh, struct strbuf *err)
{
	struct strvec ids = STRVEC_INIT;
	struct strbuf why = STRBUF_INIT;
	size_t i;
	int ret = gdrive_folders(s, path, fresh, &ids, &why);

	strbuf_addstr(&l->path, path);
	strbuf_complete_slash(&l->path);
	for (i = 0; i < ids.nr && !ret; i++)
		ret = gdrive_children(s, ids.v[i], keep, l, &why);
	/* What went away meanwhile holds nothing. */
	if (ret == ERR_NOT_FOUND)
		ret = 0;
	else if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	strvec_release(&ids);
	return ret;
}

int gdrive_rests(struct transport *t, const char *prefix,
		 struct strbuf *cursor, object_fn fn, void *data,
		 struct strbuf *err)
{
	struct looking l = {
		.prefix = prefix, .path = STRBUF_INIT, .paths = STRVEC_INIT,
		.before = a_day_ago()
	};
	bool first = !cursor->len;
	struct strbuf todo = STRBUF_INIT;
	char *path;
	size_t i;
	int ret;

	strbuf_addbuf(&todo, cursor);
	path = take_path(&todo, prefix);
	ret = look_through(gdrive_store_of(t), &l, path, first, err);
	/* Folders of one name are looked through as one. */
	strvec_sort(&l.paths, true);
	for (i = 0; i < l.paths.nr; i++)
		strbuf_add(&todo, l.paths.v[i], strlen(l.paths.v[i]) + 1);
	if (!ret) {
		strbuf_reset(cursor);
		strbuf_addbuf(cursor, &todo);
	}
	for (i = 0; i < l.nr && !ret; i++)
		ret = fn(&l.rest[i], data);
	for (i = 0; i < l.nr; i++)
		object_release(&l.rest[i]);
	free(l.rest);
	free(path);
	strbuf_release(&todo);
	strvec_release(&l.paths);
	strbuf_release(&l.path);
	return ret;
}

/* ---- prune --------------------------------------------------------------- */

static int count_one(struct gdrive_file *f UNUSED, void *data)
{
	++*(size_t *)data;
	return 0;
}

static int fail_none(const struct gdrive_store *s, const char *key,
		     struct strbuf *err)
{
	return fail(err, ERR_NOT_FOUND, "no rest of an upload '%s' in '%s'",
		    key, s->base.url);
}

int gdrive_prune(struct transport *t, const char *key, const char *version,
		 struct strbuf *err)
{
	struct gdrive_store *s = gdrive_store_of(t);
	struct gdrive_file f = GDRIVE_FILE_INIT;
	size_t children = 0;
	int ret;

	if (!version || !gdrive_is_id(version))
		return fail_none(s, key, err);
	ret = gdrive_look_at(s, key, version, &f, err);
	if (!ret && (!f.pending || f.trashed ||
		     strcmp(f.name, gdrive_basename(key))))
		ret = fail_none(s, key, err);
	else if (!ret && !is_rest(&f, a_day_ago()))
		ret = fail(err, ERR_CONFLICT, "somebody is at '%s' in '%s'",
			   key, t->url);
	if (!ret && f.folder)
		ret = gdrive_children(s, version, count_one, &children, err);
	if (!ret && children)
		ret = fail(err, ERR_CONFLICT, "something is in the folder "
			   "'%s' in '%s'", key, t->url);
	if (!ret)
		ret = gdrive_delete(s, key, version, err);
	gdrive_file_release(&f);
	return ret;
}
