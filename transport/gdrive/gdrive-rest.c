/*
 * What puts left whose process died, and nobody noted: pending files and
 * folders that nothing happened to for a day; and the folders of a test of the
 * store (test-store) when no file is in them any more. Their version is the id.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "transport/gdrive/gdrive-internal.h"

#define TEST_PREFIX "resutil-test-"
#define TEST_DIGITS 8
/* A test makes objects all the time. In milliseconds. */
#define TEST_AGE (60 * 60 * 1000)
#define DAY ((int64_t)GDRIVE_PENDING_MAX * 1000)
/* Nobody has folders in folders deeper than that, nor does a test. */
#define DEPTH_MAX 16

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

static bool is_test(const char *key)
{
	size_t len = strlen(TEST_PREFIX);

	return !strncmp(key, TEST_PREFIX, len) &&
	       strspn(key + len, "0123456789abcdef") == TEST_DIGITS &&
	       !key[len + TEST_DIGITS];
}

struct emptiness {
	bool has_file;
	struct strvec folders;
};

static int note_child(struct gdrive_file *f, void *data)
{
	struct emptiness *e = data;

	if (f->folder)
		strvec_push(&e->folders, f->id);
	else
		e->has_file = true;
	return 0;
}

/* Folders alone are nobody's. */
static int look_for_files(struct gdrive_store *s, const char *id,
			  unsigned depth, bool *empty, struct strbuf *err)
{
	struct emptiness e = { false, STRVEC_INIT };
	size_t i;
	int ret = gdrive_children(s, id, note_child, &e, err);

	*empty = !e.has_file && (!e.folders.nr || depth < DEPTH_MAX);
	for (i = 0; i < e.folders.nr && !ret && *empty; i++)
		ret = look_for_files(s, e.folders.v[i], depth + 1, empty, err);
	strvec_release(&e.folders);
	return ret;
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

/* One that is asked for by its name has come to its end. */
static bool is_old_test(const struct looking *l, const struct gdrive_file *f,
			const char *key)
{
	return f->folder && !f->pending && is_test(key) &&
	       (!strcmp(key, l->prefix) ||
		(!strncmp(key, l->prefix, strlen(l->prefix)) &&
		 f->modified < l->before + DAY - TEST_AGE));
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
	else if (is_old_test(l, f, key))
		add_rest(l, f, key);
	else if (f->folder && !f->pending && strlen(key) < OBJECT_KEY_MAX)
		strvec_push(&l->paths, key);
	free(key);
	return 0;
}

/* Of folders of tests, those in which files are stay. */
static int drop_used(struct gdrive_store *s, struct looking *l,
		     struct strbuf *err)
{
	size_t i, kept = 0;
	bool empty;
	int ret = 0;

	for (i = 0; i < l->nr; i++) {
		empty = true;
		if (!ret && is_test(l->rest[i].key))
			ret = look_for_files(s, l->rest[i].version, 0, &empty,
					     err);
		if (empty)
			l->rest[kept++] = l->rest[i];
		else
			object_release(&l->rest[i]);
	}
	l->nr = kept;
	return ret;
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
	if (!ret)
		ret = drop_used(gdrive_store_of(t), &l, err);
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

static int fail_none(const struct gdrive_store *s, const char *key,
		     struct strbuf *err)
{
	return fail(err, ERR_NOT_FOUND, "no rest of an upload '%s' in '%s'",
		    key, s->base.url);
}

/* 0: nobody is at it. */
static int check_rest(struct gdrive_store *s, const char *key,
		      const struct gdrive_file *f, struct strbuf *err)
{
	bool is_old = f->folder && !f->pending && is_test(key);
	bool empty = true;
	int ret = 0;

	if (f->trashed || strcmp(f->name, gdrive_basename(key)) ||
	    !(f->pending || is_old))
		return fail_none(s, key, err);
	if (f->pending && !is_rest(f, a_day_ago()))
		return fail(err, ERR_CONFLICT, "somebody is at '%s' in '%s'",
			    key, s->base.url);
	if (f->folder)
		ret = look_for_files(s, f->id, 0, &empty, err);
	if (!ret && !empty)
		ret = fail(err, ERR_CONFLICT, "something is in the folder "
			   "'%s' in '%s'", key, s->base.url);
	return ret;
}

int gdrive_prune(struct transport *t, const char *key, const char *version,
		 struct strbuf *err)
{
	struct gdrive_store *s = gdrive_store_of(t);
	struct gdrive_file f = GDRIVE_FILE_INIT;
	int ret;

	if (!version || !gdrive_is_id(version))
		return fail_none(s, key, err);
	ret = gdrive_look_at(s, key, version, &f, err);
	if (!ret)
		ret = check_rest(s, key, &f, err);
	if (!ret)
		ret = gdrive_delete(s, key, version, err);
	gdrive_file_release(&f);
	return ret;
}
