/*
 * Folders that are made once, also by many machines at once, and ids for what
 * is new.
 *
 * A folder begins as a pending one, in which nobody puts anything: so who loses
 * may delete his own. Whoever finds one that is complete takes that. Of pending
 * ones the smallest id goes on when the others are gone; their makers see it,
 * withdraw and wait. One that was made some seconds ago belongs to somebody who
 * died. Should he live, there are two of one name, which is nothing bad.
 */
#include "lib/base/compat.h"
#include "lib/base/again.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"
#include "transport/gdrive/gdrive-internal.h"

#define IDS_AT_ONCE "20"
/* Milliseconds, by the service's clock. */
#define ABANDONED 5000

/* ---- ids ---------------------------------------------------------------- */

static bool take_id(struct gdrive_store *s, struct strbuf *id)
{
	bool had;

	pthread_mutex_lock(&s->lock);
	had = s->ids.nr > 0;
	if (had) {
		strbuf_addstr(id, s->ids.v[s->ids.nr - 1]);
		strvec_remove(&s->ids, s->ids.nr - 1);
	}
	pthread_mutex_unlock(&s->lock);
	return had;
}

static bool keep_ids(struct gdrive_store *s, const struct value *list)
{
	size_t i;
	bool good = list && list->type == VALUE_LIST && list->u.list.nr;

	pthread_mutex_lock(&s->lock);
	for (i = 0; good && i < list->u.list.nr; i++) {
		const char *id = value_text(list->u.list.item[i]);

		good = id && gdrive_is_id(id);
		if (good)
			strvec_push(&s->ids, id);
	}
	pthread_mutex_unlock(&s->lock);
	return good;
}

static int ask_for_ids(struct gdrive_store *s, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("GET",
						"/drive/v3/files/generateIds");
	int ret;

	c.what = "put into";
	strvec_push(&c.query, "count=" IDS_AT_ONCE);
	strvec_push(&c.query, "space=drive");
	strvec_push(&c.query, "fields=ids");
	ret = google_call(&s->api, &c, err);
	if (!ret && !keep_ids(s, value_map_get(c.json, "ids")))
		ret = fail(err, ERR_CONTENT, "'%s' gives no ids for new files",
			   s->base.url);
	google_call_release(&c);
	return ret;
}

/* Many threads that find none left ask once. */
int gdrive_new_id(struct gdrive_store *s, struct strbuf *id,
		  struct strbuf *err)
{
	int ret = 0;

	if (take_id(s, id))
		return 0;
	pthread_mutex_lock(&s->asking);
	while (!ret && !take_id(s, id))
		ret = ask_for_ids(s, err);
	pthread_mutex_unlock(&s->asking);
	return ret;
}

/* ---- one folder --------------------------------------------------------- */

struct making {
	struct gdrive_store *s;
	const char *path;	/* of the folder */
	const char *name;
	const struct strvec *parents;	/* oldest first */
	struct strbuf mine;	/* the id of a pending one of ours, or "" */
	/* When the first of ours was made, by the service's clock, and here. */
	int64_t made;
	uint64_t made_here;
	struct gdrive_files there;
};

static int change(struct gdrive_store *s, const char *method, const char *id,
		  const char *body, const char *about, struct google_call *c,
		  struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	strbuf_addstr(&path, "/drive/v3/files");
	if (id)
		strbuf_addf(&path, "/%s", id);
	c->method = method;
	c->path = path.buf;
	c->about = about;
	c->flags = HTTP_REPEATABLE;
	gdrive_query(s, &c->query);
	if (body) {
		strvec_push(&c->headers, "Content-Type: application/json; "
			    "charset=UTF-8");
		c->body = body;
		c->body_len = strlen(body);
	}
	ret = google_call(&s->api, c, err);
	c->path = NULL;
	c->body = NULL;
	strbuf_release(&path);
	return ret;
}

static void describe(struct strbuf *body, const struct making *m)
{
	struct value *map = value_new_map(), *state = value_new_map();
	struct value *parents = value_new_list();

	value_map_set_str(map, "id", m->mine.buf);
	value_map_set_str(map, "name", m->name);
	value_map_set_str(map, "mimeType", GDRIVE_FOLDER);
	value_list_add(parents, value_new_str(m->parents->v[0]));
	value_map_set(map, "parents", parents);
	value_map_set_str(state, GDRIVE_STATE, GDRIVE_PENDING);
	value_map_set(map, GDRIVE_PROPERTIES, state);
	json_write(body, map);
	value_free(map);
}

/* What the service's clock says, which a search may not show yet. */
static void keep_time(struct making *m, const struct gdrive_file *f)
{
	if (m->made)
		return;
	m->made = f->created;
	m->made_here = gdrive_ticks();
}

static void read_time(struct making *m, const struct value *json)
{
	struct gdrive_file f = GDRIVE_FILE_INIT;

	if (json && !gdrive_file_read(&f, json, NULL))
		keep_time(m, &f);
	gdrive_file_release(&f);
}

/* An id makes one folder: that it is used says that a lost answer was a good
 * one. */
static int make_pending(struct making *m, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("POST", NULL);
	struct strbuf body = STRBUF_INIT, why = STRBUF_INIT;
	int ret;

	ret = gdrive_new_id(m->s, &m->mine, err);
	if (ret)
		goto cleanup;
	describe(&body, m);
	c.what = "make the folder";
	strvec_push(&c.query, "fields=" GDRIVE_FIELDS);
	ret = change(m->s, "POST", NULL, body.buf, m->path, &c, &why);
	if (ret == ERR_CONFLICT && c.answer.status == 409)
		ret = 0;
	else if (ret)
		fail(err, ret, "%s", why.buf);
	else
		read_time(m, c.json);

cleanup:
	strbuf_release(&why);
	strbuf_release(&body);
	google_call_release(&c);
	return ret;
}

static int take_mark_away(struct making *m, const char *id,
			  struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("PATCH", NULL);
	int ret;

	c.what = "make the folder";
	strvec_push(&c.query, "fields=id");
	ret = change(m->s, "PATCH", id, "{\"" GDRIVE_PROPERTIES
		     "\":{\"" GDRIVE_STATE "\":null}}", m->path, &c, err);
	google_call_release(&c);
	return ret;
}

/* Best effort: one that stays is pruned some day, and nobody uses it. */
static void withdraw(struct making *m)
{
	if (m->mine.len)
		gdrive_delete(m->s, m->path, m->mine.buf, NULL);
	strbuf_reset(&m->mine);
}

static int look_around(struct making *m, struct strbuf *err)
{
	size_t i;
	int ret = 0;

	gdrive_files_release(&m->there);
	for (i = 0; i < m->parents->nr && !ret; i++)
		ret = gdrive_subfolders(m->s, m->parents->v[i], m->name,
					&m->there, err);
	for (i = 0; i < m->there.nr; i++)
		if (!strcmp(m->there.v[i].id, m->mine.buf))
			keep_time(m, &m->there.v[i]);
	return ret;
}

/* The oldest complete one, or NULL. */
static const struct gdrive_file *complete_one(const struct making *m)
{
	const struct gdrive_file *best = NULL, *f;
	size_t i;

	for (i = 0; i < m->there.nr; i++) {
		f = &m->there.v[i];
		if (!f->pending && (!best || f->created < best->created ||
				    (f->created == best->created &&
				     strcmp(f->id, best->id) < 0)))
			best = f;
	}
	return best;
}

static bool is_abandoned(const struct making *m, const struct gdrive_file *f)
{
	int64_t age = m->made + (int64_t)(gdrive_ticks() - m->made_here) -
		      f->created;

	return m->made && age > MINIMUM(ABANDONED,
					(int64_t)gdrive_claim_max());
}

/* <0: somebody else goes on; >0: we do, when the others are gone; 0: now. */
static int compare_pending(const struct making *m)
{
	int result = 0;
	size_t i;

	for (i = 0; i < m->there.nr && result >= 0; i++) {
		const struct gdrive_file *f = &m->there.v[i];

		if (!f->pending || !strcmp(f->id, m->mine.buf) ||
		    is_abandoned(m, f))
			continue;
		result = !m->mine.len || strcmp(f->id, m->mine.buf) < 0 ?
			-1 : 1;
	}
	return result;
}

/* *done: `id` is that of the folder. ERR_TRANSIENT: somebody else is at it. */
static int look_for_others(struct making *m, bool *done, struct strbuf *id,
			   struct strbuf *err)
{
	const struct gdrive_file *best;
	int ret, rival;

	*done = false;
	ret = look_around(m, err);
	if (ret)
		return ret;
	best = complete_one(m);
	rival = best ? -1 : compare_pending(m);
	if (best)
		strbuf_addstr(id, best->id);
	if (rival < 0)
		withdraw(m);
	*done = best != NULL;
	if (*done || !rival)
		return 0;
	return fail(err, ERR_TRANSIENT, "the folder '%s' in '%s' is being "
		    "made by somebody else", m->path, m->s->base.url);
}

/* ERR_TRANSIENT: once more, later. Who has withdrawn waits for the other one,
 * and makes another one when nothing is there. */
static int try_once(struct making *m, struct strbuf *id, struct strbuf *err)
{
	bool done = false;
	int ret = 0;

	if (!m->mine.len) {
		/* Nothing was there when it was asked for. */
		if (m->made)
			ret = look_for_others(m, &done, id, err);
		if (!ret && !done)
			ret = make_pending(m, err);
	}
	if (!ret && !done)
		ret = look_for_others(m, &done, id, err);
	if (ret || done)
		return ret;
	/* From here on somebody may use it: it stays, whatever comes. */
	strbuf_addbuf(id, &m->mine);
	strbuf_reset(&m->mine);
	return take_mark_away(m, id->buf, err);
}

static int make_one(struct gdrive_store *s, const char *path,
		    const struct strvec *parents, struct strbuf *id,
		    struct strbuf *err)
{
	const char *slash = strrchr(path, '/');
	struct making m = {
		.s = s, .path = path, .name = slash ? slash + 1 : path,
		.parents = parents, .mine = STRBUF_INIT,
	};
	struct again again;
	int ret;

	again_init(&again, s->api.patience);
	do {
		strbuf_reset(id);
		ret = try_once(&m, id, &again.why);
	} while (again_wait(&again, ret));
	withdraw(&m);
	gdrive_files_release(&m.there);
	strbuf_release(&m.mine);
	return again_end(&again, ret, err);
}

/* ---- paths -------------------------------------------------------------- */

/* s->finding is held. */
static int make_path(struct gdrive_store *s, const char *path,
		     struct strvec *ids, struct strbuf *err)
{
	struct strvec parents = STRVEC_INIT;
	struct strbuf id = STRBUF_INIT;
	char *parent;
	int ret;

	ret = gdrive_folders_held(s, path, ids, err);
	if (ret || ids->nr)
		return ret;
	parent = gdrive_dirname(path);
	ret = make_path(s, parent, &parents, err);
	if (!ret)
		ret = make_one(s, path, &parents, &id, err);
	if (!ret) {
		strvec_push(ids, id.buf);
		gdrive_remember_folder(s, path, ids, gdrive_ticks());
	}
	free(parent);
	strbuf_release(&id);
	strvec_release(&parents);
	return ret;
}

/* What is remembered of a folder above it may not be there any more. */
int gdrive_make_folder(struct gdrive_store *s, const char *path,
		       struct strbuf *id, struct strbuf *err)
{
	struct strvec ids = STRVEC_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret;

	ret = gdrive_look(s, err);
	if (ret)
		return ret;
	pthread_mutex_lock(&s->finding);
	ret = make_path(s, path, &ids, &why);
	if (ret == ERR_NOT_FOUND) {
		strbuf_reset(&why);
		pthread_mutex_lock(&s->lock);
		gdrive_forget_folders(s);
		pthread_mutex_unlock(&s->lock);
		ret = make_path(s, path, &ids, &why);
	}
	pthread_mutex_unlock(&s->finding);
	if (ret)
		fail(err, ret, "%s", why.buf);
	else
		strbuf_addstr(id, ids.v[0]);
	strbuf_release(&why);
	strvec_release(&ids);
	return ret;
}

/* ---- away with it ------------------------------------------------------- */

int gdrive_delete(struct gdrive_store *s, const char *key, const char *id,
		  struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("DELETE", NULL);
	struct strbuf why = STRBUF_INIT;
	int ret;

	c.what = "remove";
	ret = change(s, "DELETE", id, NULL, key, &c, &why);
	/* In a shared drive only a manager deletes for ever. */
	if (ret == ERR_CREDENTIALS && c.answer.status == 403) {
		google_call_release(&c);
		c = (struct google_call)GOOGLE_CALL_INIT("PATCH", NULL);
		c.what = "remove";
		strbuf_reset(&why);
		ret = change(s, "PATCH", id, "{\"trashed\":true}", key, &c,
			     &why);
	}
	if (ret == ERR_NOT_FOUND)
		ret = 0;
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	google_call_release(&c);
	return ret;
}
