/*
 * Objects that are put: a new file, which gdrive-claim.c makes the object, or
 * new content for the file that is it. Up to 8 MiB go in one request, more by
 * google-upload.h.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/value.h"
#include "lib/wrap/digest-md5.h"
#include "lib/wrap/json.h"
#include "transport/gdrive/gdrive-internal.h"
#include "transport/google/google-upload.h"
#include "transport/object.h"

/* One that is removed, or appears, each time that we look. */
#define TRIES_MAX 5
#define BYTES "application/octet-stream"

/* One object while it is put. */
struct putting {
	struct gdrive_store *s;
	const struct put_request *r;
	struct strbuf first;
	const char *data;		/* all of it; NULL: it is larger */
	size_t len;
	unsigned char md5[MD5_RAWSZ];
	bool has_md5;

	char *folder;			/* that of the key, as a path */
	struct strbuf parent;		/* where a new file goes */
	struct strbuf id;		/* of the new file; of the old one */
	const struct gdrive_file *old;	/* what is replaced, or NULL */
	struct strbuf turn;		/* who is about to do that; or "" */
	bool resumed;			/* a dead process began it */
	uint64_t made;			/* before the new file was sent */
	struct gdrive_file put;		/* as the answer says */
	struct google_upload upload;
};

/* ---- what is said of a file ---------------------------------------------- */

static bool has_key(const struct strvec *meta, const char *pair)
{
	size_t len = strcspn(pair, "="), i;

	for (i = 0; meta && i < meta->nr; i++)
		if (!strncmp(meta->v[i], pair, len + 1))
			return true;
	return false;
}

static void add_pair(struct value *map, const char *pair, bool remove)
{
	size_t len = strcspn(pair, "=");
	char *key = xmemdupz(pair, len);

	value_map_set(map, key, value_new_str(remove ? NULL : pair + len + 1));
	free(key);
}

/* Metadata are those of the new content alone. */
static struct value *make_properties(const struct putting *p)
{
	struct value *map = value_new_map();
	const struct strvec *meta = p->r->meta;
	struct strbuf turn = STRBUF_INIT;
	size_t i;

	for (i = 0; p->old && i < p->old->object.meta.nr; i++)
		if (!has_key(meta, p->old->object.meta.v[i]))
			add_pair(map, p->old->object.meta.v[i], true);
	for (i = 0; meta && i < meta->nr; i++)
		add_pair(map, meta->v[i], false);
	if (p->turn.len)
		value_map_set(map, p->turn.buf, value_new_null());
	if (p->old)
		return map;
	gdrive_add_chance(&turn);
	value_map_set_str(map, GDRIVE_STATE, GDRIVE_PENDING);
	value_map_set_str(map, GDRIVE_TURN, turn.buf);
	strbuf_release(&turn);
	return map;
}

static void make_metadata(const struct putting *p, struct strbuf *out)
{
	struct value *json = value_new_map(), *parents;

	if (!p->old) {
		parents = value_new_list();
		value_list_add(parents, value_new_str(p->parent.buf));
		value_map_set_str(json, "id", p->id.buf);
		value_map_set_str(json, "name", gdrive_basename(p->r->key));
		value_map_set_str(json, "mimeType", BYTES);
		value_map_set(json, "parents", parents);
	}
	value_map_set(json, GDRIVE_PROPERTIES, make_properties(p));
	json_write(out, json);
	value_free(json);
}

static void fill_call(struct google_call *c, const struct putting *p,
		      struct strbuf *path, const char *type)
{
	strbuf_addstr(path, "/upload/drive/v3/files");
	if (p->old)
		strbuf_addf(path, "/%s", p->id.buf);
	c->method = p->old ? "PATCH" : "POST";
	c->path = path->buf;
	c->what = "put";
	c->about = p->r->key;
	strvec_pushf(&c->query, "uploadType=%s", type);
	strvec_push(&c->query, "fields=" GDRIVE_FIELDS);
	gdrive_query(p->s, &c->query);
}

/* ---- one request --------------------------------------------------------- */

/* It may have been made by a try whose answer was lost. */
static int take_made(struct putting *p, struct strbuf *err)
{
	int ret = gdrive_by_id(p->s, p->r->key, p->id.buf, &p->put, err);

	return ret == ERR_NOT_FOUND ? ERR_TRANSIENT : ret;
}

static void make_body(const struct putting *p, struct google_call *c,
		      struct strbuf *body)
{
	struct strbuf boundary = STRBUF_INIT;

	gdrive_add_chance(&boundary);
	gdrive_add_chance(&boundary);
	strvec_pushf(&c->headers, "Content-Type: multipart/related; "
		     "boundary=%s", boundary.buf);
	strbuf_grow(body, p->len + 4096);
	strbuf_addf(body, "--%s\r\nContent-Type: application/json; "
		    "charset=UTF-8\r\n\r\n", boundary.buf);
	make_metadata(p, body);
	strbuf_addf(body, "\r\n--%s\r\nContent-Type: " BYTES "\r\n\r\n",
		    boundary.buf);
	strbuf_add(body, p->data, p->len);
	strbuf_addf(body, "\r\n--%s--\r\n", boundary.buf);
	strbuf_release(&boundary);
}

static int send_small(struct putting *p, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT(NULL, NULL);
	struct strbuf path = STRBUF_INIT, body = STRBUF_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret;

	p->has_md5 = !md5_memory(p->md5, p->data, p->len, NULL);
	fill_call(&c, p, &path, "multipart");
	make_body(p, &c, &body);
	c.body = body.buf;
	c.body_len = body.len;
	/* A second new file would have the same id, and is refused. */
	if (!p->old || p->r->expect == EXPECT_ANY)
		c.flags = HTTP_REPEATABLE;
	ret = google_call(&p->s->api, &c, &why);
	if (!ret)
		ret = gdrive_file_read(&p->put, c.json, err);
	else if (!p->old && c.answer.status == 409)
		ret = take_made(p, err);
	else
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	strbuf_release(&body);
	strbuf_release(&path);
	google_call_release(&c);
	return ret;
}

/* ---- a session ----------------------------------------------------------- */

static int begin_session(struct google_upload *u, struct strbuf *session,
			 struct strbuf *extra, struct strbuf *err)
{
	struct putting *p = u->data;
	struct google_call c = GOOGLE_CALL_INIT(NULL, NULL);
	struct strbuf path = STRBUF_INIT, body = STRBUF_INIT;
	const char *url;
	int ret = 0;

	/* What a session before this one may have made is nobody's. */
	if (!p->old && p->id.len) {
		gdrive_give_up(p->s, p->id.buf);
		gdrive_delete(p->s, p->r->key, p->id.buf, NULL);
	}
	p->resumed = false;
	if (!p->old) {
		strbuf_reset(&p->id);
		ret = gdrive_new_id(p->s, &p->id, err);
	}
	if (ret)
		return ret;
	fill_call(&c, p, &path, "resumable");
	make_metadata(p, &body);
	c.body = body.buf;
	c.body_len = body.len;
	/* A session that nobody knows of ends by itself. */
	c.flags = HTTP_REPEATABLE;
	strvec_push(&c.headers, "Content-Type: application/json; "
		    "charset=UTF-8");
	strvec_push(&c.headers, "X-Upload-Content-Type: " BYTES);
	ret = google_call(&p->s->api, &c, err);
	url = ret ? NULL : http_field(&c.answer, "location");
	if (!ret && !url)
		ret = google_fail_call(&p->s->api, &c, ERR_CONTENT,
				       "the answer names no session", err);
	if (!ret)
		strbuf_addstr(session, url);
	strbuf_addstr(extra, p->old ? p->old->object.version : p->id.buf);
	strbuf_release(&body);
	strbuf_release(&path);
	google_call_release(&c);
	return ret;
}

/* A version has a dot, and an id has none. */
static int resume_session(struct google_upload *u, const char *extra,
			  struct strbuf *err UNUSED)
{
	struct putting *p = u->data;
	bool is_new = !strchr(extra, '.');

	if (is_new == (p->old != NULL) ||
	    (p->old && strcmp(extra, p->old->object.version)))
		return ERR_NO;
	p->resumed = true;
	if (is_new) {
		strbuf_reset(&p->id);
		strbuf_addstr(&p->id, extra);
	}
	return 0;
}

/* What a dead process has sent may be in the trash by now, or replaced. */
static int found_session(struct google_upload *u, struct strbuf *err UNUSED)
{
	struct putting *p = u->data;
	struct gdrive_file told = GDRIVE_FILE_INIT, now = GDRIVE_FILE_INIT;
	bool there;

	there = !gdrive_file_read(&told, u->json, NULL) &&
		!gdrive_by_id(p->s, p->r->key, told.id, &now, NULL) &&
		now.object.version && told.object.version &&
		!strcmp(now.object.version, told.object.version);
	gdrive_file_release(&told);
	gdrive_file_release(&now);
	return there ? 0 : ERR_NO;
}

/* What takes effect with the last piece replaces what is there then. */
static int before_last(struct google_upload *u, struct strbuf *err)
{
	struct putting *p = u->data;

	return p->turn.len ? gdrive_enter(p->s, p->r->key, p->old,
					  p->turn.buf, err) : 0;
}

static int send_large(struct putting *p, struct strbuf *err)
{
	struct google_upload *u = &p->upload;
	int ret;

	u->api = &p->s->api;
	u->request = p->r;
	u->first = &p->first;
	u->want_md5 = true;
	u->keep_note = true;
	u->data = p;
	u->begin = begin_session;
	u->resume = resume_session;
	u->found = found_session;
	u->last = before_last;
	ret = google_upload(u, err);
	if (!ret)
		ret = gdrive_file_read(&p->put, u->json, err);
	value_free(u->json);
	u->json = NULL;
	p->len = (size_t)u->sums.size;
	p->has_md5 = u->sums.has_md5;
	memcpy(p->md5, u->sums.md5, sizeof(p->md5));
	return ret;
}

/* ---- both ---------------------------------------------------------------- */

static int verify(const struct putting *p, struct strbuf *err)
{
	const struct object *o = &p->put.object;

	if (o->size != p->len)
		return fail(err, ERR_CONTENT, "'%s' holds %" PRIu64 " bytes of "
			    "'%s', not the %zu that were sent", p->s->base.url,
			    o->size, p->r->key, p->len);
	if (p->has_md5 && (o->sums & OBJECT_HAS_MD5) &&
	    memcmp(o->md5, p->md5, sizeof(p->md5)))
		return fail(err, ERR_CONTENT, "'%s' holds other bytes of '%s' "
			    "than were sent", p->s->base.url, p->r->key);
	return 0;
}

static int send(struct putting *p, struct strbuf *err)
{
	gdrive_file_release(&p->put);
	p->put = (struct gdrive_file)GDRIVE_FILE_INIT;
	return p->data ? send_small(p, err) : send_large(p, err);
}

/* There is nothing to go on with. */
static void forget_upload(struct putting *p)
{
	if (!p->data)
		google_upload_done(&p->upload);
}

/* ---- a new file ---------------------------------------------------------- */

/* Bytes that are not wanted are not sent. */
static int look_before(const struct putting *p, struct strbuf *err)
{
	struct gdrive_file there = GDRIVE_FILE_INIT;
	int ret = gdrive_find(p->s, p->r->key, &there, NULL);

	if (!ret)
		ret = object_fail_exists(&p->s->base, p->r->key, err);
	else
		ret = 0;
	gdrive_file_release(&there);
	return ret;
}

static int send_new(struct putting *p, struct strbuf *err)
{
	struct strvec ids = STRVEC_INIT;
	int ret;

	p->made = gdrive_ticks();
	p->resumed = false;
	strbuf_reset(&p->id);
	if (p->data)
		ret = gdrive_new_id(p->s, &p->id, err);
	else
		ret = look_before(p, err);
	if (!ret)
		ret = send(p, err);
	/* The folder has gone: the next try finds, or makes, another one. */
	if (ret == ERR_NOT_FOUND) {
		gdrive_folders(p->s, p->folder, true, &ids, NULL);
		strvec_release(&ids);
		ret = ERR_TRANSIENT;
	}
	return ret;
}

/* What may still become something stays for a later process. */
static void end_new(struct putting *p, int ret, bool damaged)
{
	struct gdrive_file there = GDRIVE_FILE_INIT;
	bool keep = !damaged && !p->data && p->r->resume &&
		    (ret == ERR_TRANSIENT || ret == ERR_UNREACHABLE);

	if (keep && gdrive_by_id(p->s, p->r->key, p->id.buf, &there, NULL) ==
	    ERR_NOT_FOUND && p->put.id)
		keep = false;
	if (ret && !keep && p->id.len) {
		gdrive_give_up(p->s, p->id.buf);
		gdrive_delete(p->s, p->r->key, p->id.buf, NULL);
	}
	if (!keep)
		forget_upload(p);
	gdrive_file_release(&there);
}

static int put_new(struct putting *p, struct strbuf *err)
{
	bool damaged;
	int ret;

	strbuf_reset(&p->parent);
	ret = gdrive_make_folder(p->s, p->folder, &p->parent, err);
	if (ret)
		return ret;
	ret = send_new(p, err);
	/* Damaged on its way, it is thrown away and sent again. */
	damaged = !ret && verify(p, err);
	if (damaged)
		ret = ERR_TRANSIENT;
	if (!ret)
		ret = gdrive_claim(p->s, p->r->key, p->id.buf,
				   p->resumed ? 0 : p->made, &p->put, err);
	end_new(p, ret, damaged);
	return ret;
}

/* ---- new content --------------------------------------------------------- */

/* Under another name, or in the trash, it is not what was put. */
static bool is_in_place(const struct putting *p)
{
	return !p->put.trashed &&
	       !strcmp(p->put.name, gdrive_basename(p->r->key));
}

/*
 * The answer may be lost: the history tells then. Whatever was replaced and was
 * not to be, is put back.
 */
static int check_old(struct putting *p, int sent, struct strbuf *err)
{
	const char *key = p->r->key, *id = p->old->id;
	int ret = 0;

	if (p->r->expect == EXPECT_VERSION && p->has_md5)
		ret = gdrive_check_history(p->s, key, id, p->old->revision,
					   sent ? NULL : p->put.revision,
					   p->md5, err);
	else if (sent)
		ret = ERR_NO;
	if (!ret && sent)
		ret = gdrive_by_id(p->s, key, id, &p->put, err);
	if (!ret && !is_in_place(p)) {
		gdrive_put_back(p->s, key, id, p->old->revision, NULL);
		ret = object_fail_changed(&p->s->base, p->r->key, err);
	}
	return ret;
}

/* A large one takes it when all but its last piece is there. */
static int take_turn(struct putting *p, struct strbuf *err)
{
	struct strbuf turn = STRBUF_INIT;
	int ret = 0;

	strbuf_reset(&p->turn);
	if (p->r->expect != EXPECT_VERSION)
		return 0;
	gdrive_add_chance(&turn);
	strbuf_addf(&p->turn, GDRIVE_TURN_OF "%.8s", turn.buf);
	if (p->data)
		ret = gdrive_enter(p->s, p->r->key, p->old, p->turn.buf, err);
	if (ret)
		strbuf_reset(&p->turn);
	strbuf_release(&turn);
	return ret;
}

/* The new content has taken it away, if it came. */
static void end_turn(struct putting *p)
{
	bool gone = p->put.id != NULL;
	size_t i;

	for (i = 0; i < p->put.turns.nr; i++)
		gone &= strncmp(p->put.turns.v[i], p->turn.buf, p->turn.len);
	if (p->turn.len && !gone)
		gdrive_leave(p->s, p->r->key, p->old->id, p->turn.buf);
}

static int put_old(struct putting *p, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int sent, ret;

	strbuf_reset(&p->id);
	strbuf_addstr(&p->id, p->old->id);
	ret = take_turn(p, &why);
	sent = ret ? ret : send(p, &why);
	if (sent == ERR_CREDENTIALS)
		gdrive_tell_owner(p->s, p->r->key, p->old->id, &why);
	if (sent && (sent != ERR_TRANSIENT || !p->data))
		ret = ERR_NO;
	else
		ret = check_old(p, sent, err);
	if (ret == ERR_NO)
		ret = fail(err, sent, "%s", why.buf);
	if (!sent && !ret)
		ret = verify(p, err);
	if (!sent && ret == ERR_CONTENT)
		gdrive_put_back(p->s, p->r->key, p->old->id, p->old->revision,
				NULL);
	end_turn(p);
	if (sent != ERR_TRANSIENT && sent != ERR_UNREACHABLE)
		forget_upload(p);
	strbuf_release(&why);
	return ret;
}

/* From the beginning once more. */
static int read_first(struct putting *p, struct strbuf *err)
{
	const struct put_request *r = p->r;
	int ret;

	if (r->source->bytes && r->source->size < GOOGLE_UPLOAD_MIN) {
		p->data = r->source->bytes;
		p->len = (size_t)r->source->size;
		return 0;
	}
	strbuf_reset(&p->first);
	ret = put_source_begin(&p->first, r, GOOGLE_UPLOAD_MIN, err);
	if (!ret && p->first.len < GOOGLE_UPLOAD_MIN) {
		p->data = p->first.buf;
		p->len = p->first.len;
	}
	return ret;
}

int gdrive_replace(struct gdrive_store *s, const struct put_request *r,
		   const char *id, struct strbuf *err)
{
	struct putting p = { .s = s, .r = r, .first = STRBUF_INIT,
			     .parent = STRBUF_INIT, .id = STRBUF_INIT,
			     .turn = STRBUF_INIT,
			     .put = GDRIVE_FILE_INIT };
	struct gdrive_file old = GDRIVE_FILE_INIT;
	int ret;

	ret = gdrive_look_at(s, r->key, id, &old, err);
	if (!ret)
		ret = read_first(&p, err);
	if (!ret) {
		p.old = &old;
		strbuf_addstr(&p.id, id);
		ret = send(&p, err);
	}
	if (!ret)
		ret = verify(&p, err);
	gdrive_file_release(&p.put);
	gdrive_file_release(&old);
	strbuf_release(&p.turn);
	strbuf_release(&p.id);
	strbuf_release(&p.parent);
	strbuf_release(&p.first);
	return ret;
}

/* ---- put ----------------------------------------------------------------- */

static int put_version(struct putting *p, struct strbuf *err)
{
	struct gdrive_file old = GDRIVE_FILE_INIT;
	int ret = gdrive_find(p->s, p->r->key, &old, err);

	if (ret == ERR_NOT_FOUND) {
		if (err)
			strbuf_reset(err);
		ret = object_fail_changed(&p->s->base, p->r->key, err);
	} else if (!ret && strcmp(old.object.version, p->r->version)) {
		ret = object_fail_changed(&p->s->base, p->r->key, err);
	} else if (!ret) {
		p->old = &old;
		ret = put_old(p, err);
		p->old = NULL;
	}
	gdrive_file_release(&old);
	return ret;
}

/* Whatever is there, or comes into being meanwhile, is replaced. */
static int put_any(struct putting *p, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	unsigned tries = 0;
	int ret;

	do {
		struct gdrive_file old = GDRIVE_FILE_INIT;

		strbuf_reset(&why);
		ret = tries && !p->data ? read_first(p, &why) : 0;
		if (ret)
			break;
		ret = gdrive_find(p->s, p->r->key, &old, &why);
		if (ret == ERR_NOT_FOUND) {
			strbuf_reset(&why);
			ret = put_new(p, &why);
		} else if (!ret) {
			p->old = &old;
			ret = put_old(p, &why);
			p->old = NULL;
		}
		gdrive_file_release(&old);
	} while (ret == ERR_CONFLICT && ++tries < TRIES_MAX &&
		 (p->data || p->r->source->open));
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

static void give(struct putting *p, struct object *out)
{
	object_release(out);
	*out = p->put.object;
	out->key = xstrdup(p->r->key);
	p->put.object = (struct object)OBJECT_INIT;
}

int gdrive_put(struct transport *t, const struct put_request *r,
	       struct object *out, struct strbuf *err)
{
	struct putting p = {
		.s = gdrive_store_of(t), .r = r, .first = STRBUF_INIT,
		.parent = STRBUF_INIT, .id = STRBUF_INIT,
		.turn = STRBUF_INIT, .put = GDRIVE_FILE_INIT
	};
	int ret;

	p.folder = gdrive_dirname(r->key);
	ret = read_first(&p, err);
	if (ret)
		;
	else if (r->expect == EXPECT_ABSENT)
		ret = put_new(&p, err);
	else if (r->expect == EXPECT_VERSION)
		ret = put_version(&p, err);
	else
		ret = put_any(&p, err);
	if (!ret && out)
		give(&p, out);
	gdrive_file_release(&p.put);
	strbuf_release(&p.turn);
	strbuf_release(&p.id);
	strbuf_release(&p.parent);
	strbuf_release(&p.first);
	free(p.folder);
	return ret;
}

/* ---- withdraw ------------------------------------------------------------ */

/* The session ends; of a new file that was whole already only the mark tells
 * that nobody wants it. */
int gdrive_withdraw(struct transport *t, const char *key, const char *state,
		    struct strbuf *err)
{
	struct gdrive_store *s = gdrive_store_of(t);
	struct gdrive_file there = GDRIVE_FILE_INIT;
	struct strbuf extra = STRBUF_INIT, why = STRBUF_INIT;
	int ret = google_upload_extra(&extra, key, state, err);

	if (!ret)
		ret = google_upload_withdraw(&s->api, key, state, err);
	if (ret || strchr(extra.buf, '.'))
		goto cleanup;
	ret = gdrive_by_id(s, key, extra.buf, &there, &why);
	if (ret == ERR_NOT_FOUND)
		ret = 0;
	else if (ret)
		fail(err, ret, "%s", why.buf);
	else if (there.pending)
		ret = gdrive_delete(s, key, extra.buf, err);

cleanup:
	strbuf_release(&why);
	strbuf_release(&extra);
	gdrive_file_release(&there);
	return ret;
}
