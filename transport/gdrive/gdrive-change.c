/*
 * Changes that leave the bytes alone: to the trash, to another name. What
 * people remove can be taken out of the trash for 30 days.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/wrap/json.h"
#include "transport/gdrive/gdrive-internal.h"
#include "transport/object.h"

/* ---- one change ---------------------------------------------------------- */

void gdrive_change_release(struct gdrive_change *c)
{
	value_free(c->json);
	c->json = NULL;
	strvec_release(&c->query);
}

int gdrive_change(struct gdrive_store *s, const struct gdrive_change *c,
		  struct gdrive_file *out, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, body = STRBUF_INIT;
	struct google_call call = GOOGLE_CALL_INIT("PATCH", NULL);
	struct gdrive_file now = GDRIVE_FILE_INIT;
	size_t i;
	int ret;

	strbuf_addf(&path, "/drive/v3/files/%s", c->id);
	json_write(&body, c->json);
	call.path = path.buf;
	call.what = c->what;
	call.about = c->key;
	call.flags = c->flags;
	call.body = body.buf;
	call.body_len = body.len;
	strvec_push(&call.headers, "Content-Type: application/json");
	strvec_push(&call.query, "fields=" GDRIVE_FIELDS);
	gdrive_query(s, &call.query);
	for (i = 0; i < c->query.nr; i++)
		strvec_push(&call.query, c->query.v[i]);
	ret = google_call(&s->api, &call, err);
	if (!ret)
		ret = gdrive_file_read(&now, call.json, err);
	if (!ret && out) {
		gdrive_file_release(out);
		*out = now;
		now = (struct gdrive_file)GDRIVE_FILE_INIT;
	}
	gdrive_file_release(&now);
	google_call_release(&call);
	strbuf_release(&body);
	strbuf_release(&path);
	return ret;
}

int gdrive_look_at(struct gdrive_store *s, const char *key, const char *id,
		   struct gdrive_file *f, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("GET", NULL);
	struct strbuf path = STRBUF_INIT;
	int ret;

	strbuf_addf(&path, "/drive/v3/files/%s", id);
	c.path = path.buf;
	c.about = key;
	c.what = "look at";
	strvec_push(&c.query, "fields=" GDRIVE_FIELDS);
	gdrive_query(s, &c.query);
	ret = google_call(&s->api, &c, err);
	if (!ret)
		ret = gdrive_file_read(f, c.json, err);
	google_call_release(&c);
	strbuf_release(&path);
	return ret;
}

/* ---- remove -------------------------------------------------------------- */

static int move_to_trash(struct gdrive_store *s, const char *key,
			 const char *id, bool trashed,
			 struct gdrive_file *out, struct strbuf *err)
{
	struct gdrive_change c = GDRIVE_CHANGE_INIT(key, id);
	int ret;

	c.what = trashed ? "remove" : "put back";
	c.json = value_new_map();
	value_map_set(c.json, "trashed", value_new_bool(trashed));
	ret = gdrive_change(s, &c, out, err);
	if (ret == ERR_CREDENTIALS && trashed)
		gdrive_tell_owner(s, key, id, err);
	gdrive_change_release(&c);
	return ret;
}

/* version: as it was looked at. Who changes it between the look and this finds
 * it in the trash; so it is put back. */
static int remove_file(struct gdrive_store *s, const char *key,
		       const struct gdrive_file *f, struct strbuf *err)
{
	struct gdrive_file now = GDRIVE_FILE_INIT;
	int ret = move_to_trash(s, key, f->id, true, &now, err);

	if (!ret && strcmp(now.object.version, f->object.version)) {
		ret = move_to_trash(s, key, f->id, false, NULL, err);
		if (!ret)
			ret = object_fail_changed(&s->base, key, err);
	}
	gdrive_file_release(&now);
	return ret;
}

static const struct gdrive_file *find_version(const struct gdrive_files *files,
					      const char *version)
{
	size_t i;

	for (i = 0; i < files->nr; i++)
		if (!files->v[i].pending &&
		    (!version || !strcmp(files->v[i].object.version, version)))
			return &files->v[i];
	return NULL;
}

/*
 * The object is the newest of those that have the name. With it go those that
 * it hides, the oldest first, or an old one would be there in its place. One of
 * these that is named by its version goes alone.
 */
static int remove_named(struct gdrive_store *s, const char *key,
			const struct gdrive_files *files, const char *version,
			struct strbuf *err)
{
	const struct gdrive_file *object = find_version(files, NULL);
	const struct gdrive_file *wanted = find_version(files, version);
	size_t i;
	int ret = 0;

	if (!object)
		return gdrive_fail_missing(s, key, err);
	if (!wanted)
		return object_fail_changed(&s->base, key, err);
	if (wanted != object)
		return remove_file(s, key, wanted, err);
	for (i = files->nr; i-- && !ret;)
		if (!files->v[i].pending)
			ret = remove_file(s, key, &files->v[i], err);
	return ret;
}

int gdrive_remove(struct transport *t, const char *key, const char *version,
		  struct strbuf *err)
{
	struct gdrive_store *s = gdrive_store_of(t);
	struct gdrive_files files = { 0 };
	int ret = gdrive_named(s, key, &files, err);

	if (!ret)
		ret = remove_named(s, key, &files, version, err);
	gdrive_files_release(&files);
	return ret;
}

/* ---- rename -------------------------------------------------------------- */

/* What it was: another name makes nothing newer than what hides it. */
static void keep_time(struct value *json, int64_t modified)
{
	struct moment m = { modified / 1000, 0, 0 };
	struct strbuf text = STRBUF_INIT;

	moment_format_utc(&text, &m);
	/* "2024-07-04T10:15:55Z" */
	strbuf_setlen(&text, text.len - 1);
	strbuf_addf(&text, ".%03dZ", (int)(modified % 1000));
	if (modified > 0)
		value_map_set_str(json, "modifiedTime", text.buf);
	strbuf_release(&text);
}

/* parent NULL: it stays in its folder. */
static int move_file(struct gdrive_store *s, const struct gdrive_file *f,
		     const char *to, const char *parent,
		     struct gdrive_file *out, struct strbuf *err)
{
	struct gdrive_change c = GDRIVE_CHANGE_INIT(to, f->id);
	size_t i;
	int ret;

	c.what = "rename";
	c.json = value_new_map();
	value_map_set_str(c.json, "name", gdrive_basename(to));
	keep_time(c.json, f->modified);
	if (parent) {
		strvec_pushf(&c.query, "addParents=%s", parent);
		for (i = 0; i < f->parents.nr; i++)
			strvec_pushf(&c.query, "removeParents=%s",
				     f->parents.v[i]);
		/* To leave a folder twice is an error. */
		c.flags = 0;
	}
	ret = gdrive_change(s, &c, out, err);
	if (ret == ERR_CREDENTIALS)
		gdrive_tell_owner(s, to, f->id, err);
	gdrive_change_release(&c);
	return ret;
}

/* One folder may be there several times; what is in one of them stays there. */
static int find_parent(struct gdrive_store *s, const struct gdrive_file *f,
		       const char *to, struct strbuf *parent,
		       struct strbuf *err)
{
	char *path = gdrive_dirname(to);
	struct strvec ids = STRVEC_INIT;
	size_t i;
	int ret;

	ret = gdrive_make_folder(s, path, parent, err);
	if (!ret)
		ret = gdrive_folders(s, path, false, &ids, err);
	for (i = 0; i < ids.nr && f->parents.nr; i++)
		if (!strcmp(ids.v[i], f->parents.v[0]))
			strbuf_reset(parent);
	strvec_release(&ids);
	free(path);
	return ret;
}

/* Whoever puts `to` at this moment is waited for, or made to wait: it sees this
 * file there. */
static int rename_file(struct gdrive_store *s, const struct gdrive_file *f,
		       const char *from, const char *to, const char *parent,
		       struct strbuf *err)
{
	struct gdrive_file now = GDRIVE_FILE_INIT;
	const char *back = f->parents.nr ? f->parents.v[0] : NULL;
	struct strbuf why = STRBUF_INIT;
	int ret = move_file(s, f, to, parent, &now, err);

	if (ret)
		goto cleanup;
	ret = gdrive_await(s, to, f->id, &why);
	if (!ret && (now.trashed ||
		     strcmp(now.object.version, f->object.version)))
		ret = object_fail_changed(&s->base, from, &why);
	if (!ret)
		goto cleanup;
	fail(err, ret, "%s", why.buf);
	strbuf_reset(&why);
	if (move_file(s, &now, from, parent ? back : NULL, NULL, &why))
		ret = fail(err, ret, "; it is called '%s' now, since it could "
			   "not be put back: %s", to, why.buf);

cleanup:
	strbuf_release(&why);
	gdrive_file_release(&now);
	return ret;
}

/* Those that the object hides go along, behind it. */
static int rename_named(struct gdrive_store *s,
			const struct gdrive_files *files, const char *from,
			const char *to, struct strbuf *err)
{
	const struct gdrive_file *object = find_version(files, NULL);
	struct strbuf parent = STRBUF_INIT;
	size_t i;
	int ret;

	ret = gdrive_await(s, to, NULL, err);
	if (!ret)
		ret = find_parent(s, object, to, &parent, err);
	if (!ret)
		ret = rename_file(s, object, from, to,
				  parent.len ? parent.buf : NULL, err);
	for (i = 0; i < files->nr && !ret; i++)
		if (!files->v[i].pending && &files->v[i] != object)
			ret = move_file(s, &files->v[i], to,
					parent.len ? parent.buf : NULL, NULL,
					err);
	strbuf_release(&parent);
	return ret;
}

int gdrive_rename(struct transport *t, const char *from, const char *to,
		  const char *version, struct strbuf *err)
{
	struct gdrive_store *s = gdrive_store_of(t);
	struct gdrive_files files = { 0 };
	const struct gdrive_file *object;
	int ret = gdrive_named(s, from, &files, err);

	object = find_version(&files, NULL);
	if (ret)
		;
	else if (!object)
		ret = gdrive_fail_missing(s, from, err);
	else if (version && strcmp(version, object->object.version))
		ret = object_fail_changed(&s->base, from, err);
	else
		ret = rename_named(s, &files, from, to, err);
	gdrive_files_release(&files);
	return ret;
}

/* ---- whose file it is ---------------------------------------------------- */

void gdrive_tell_owner(struct gdrive_store *s, const char *key, const char *id,
		       struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	struct google_call c = GOOGLE_CALL_INIT("GET", NULL);
	const char *owner;

	if (!err)
		return;
	strbuf_addf(&path, "/drive/v3/files/%s", id);
	c.path = path.buf;
	c.about = key;
	strvec_push(&c.query, "fields=driveId,owners(emailAddress,"
		    "displayName)");
	gdrive_query(s, &c.query);
	if (google_call(&s->api, &c, NULL))
		goto cleanup;
	owner = value_get_text(c.json, "owners.0.emailAddress");
	if (!owner)
		owner = value_get_text(c.json, "owners.0.displayName");
	if (owner)
		strbuf_addf(err, "; it belongs to '%.200s', who can do "
			    "that",
			    owner);
	else if (google_text(c.json, "driveId"))
		strbuf_addstr(err, "; in a shared drive a content manager "
			      "can do that");

cleanup:
	google_call_release(&c);
	strbuf_release(&path);
}
