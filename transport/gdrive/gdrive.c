/*
 * A store that is a folder of Google Drive.
 * Source: Drive API v3.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/quote.h"
#include "lib/base/store-conf.h"
#include "lib/base/value.h"
#include "transport/gdrive/gdrive-internal.h"

#define API_ROOT "https://www.googleapis.com"
#define SHORTCUT "application/vnd.google-apps.shortcut"

struct gdrive_store *gdrive_store_of(struct transport *t)
{
	return (struct gdrive_store *)t;
}

/* ---- settings ----------------------------------------------------------- */

static int find_folder_id(struct gdrive_store *s,
			  const struct transport_config *c, struct strbuf *err)
{
	char *text = store_conf_text(c->config, "base_folder_id");
	struct strbuf id = STRBUF_INIT;
	int ret;

	if (!text)
		return fail(err, ERR_USAGE, "storage_config lacks "
			    "'base_folder_id', which storage_type 'gdrive' "
			    "needs: the id of a folder, or its URL as a "
			    "browser shows it");
	ret = gdrive_folder_id(&id, text, err);
	free(text);
	s->root_id = strbuf_detach(&id, NULL);
	s->base.url = xstrfmt("gdrive://%s", s->root_id);
	return ret;
}

static int find_api_root(struct gdrive_store *s,
			 const struct transport_config *c, struct strbuf *err)
{
	char *url = store_conf_text(c->config, "api_root");
	size_t len;
	int ret = 0;

	if (url) {
		ret = google_check_api_root(url, err);
		if (!ret)
			ret = google_check_trusted(c->google_hosts, url,
						   "api_root", err);
	}
	s->api.root = url ? url : xstrdup(API_ROOT);
	len = strlen(s->api.root);
	while (len && s->api.root[len - 1] == '/')
		s->api.root[--len] = '\0';
	return ret;
}

static void gdrive_release(struct transport *t)
{
	struct gdrive_store *s = gdrive_store_of(t);

	google_credentials_free(s->api.credentials);
	http_close(s->api.http);
	gdrive_forget_folders(s);
	gdrive_forget_seen(s);
	strvec_release(&s->ids);
	strvec_release(&s->given_up);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->finding);
	pthread_mutex_destroy(&s->asking);
	free(s->base.url);
	free(s->api.root);
	free(s->root_id);
	free(s->drive_id);
	free(s);
}

static int configure(struct gdrive_store *s, const struct transport_config *c,
		     struct strbuf *err)
{
	struct http_options options = c->http;
	char *key_file = store_conf_text(c->config, "key_file_path");
	struct google_source source = {
		.base_dir = c->base_dir, .key_file = key_file,
		.scope = GOOGLE_SCOPE_DRIVE, .trusted = c->google_hosts,
		.patience = c->patience,
	};
	int ret;

	options.patience = s->api.patience = c->patience;
	ret = gdrive_conf_check(c->config, err);
	if (!ret)
		ret = find_folder_id(s, c, err);
	if (!ret)
		ret = find_api_root(s, c, err);
	if (!ret)
		ret = http_open(&s->api.http, &options, err);
	if (ret)
		goto cleanup;
	s->acknowledge_abuse = store_conf_truth(c->config,
						"acknowledge_abuse");
	s->api.store = source.store = s->base.url;
	s->api.explain = gdrive_explain;
	s->api.data = s;
	source.http = s->api.http;
	google_credentials_new(&s->api.credentials, &source);

cleanup:
	free(key_file);
	return ret;
}

static int gdrive_open(struct transport **out,
		       const struct transport_config *c, struct strbuf *err)
{
	struct gdrive_store *s = xcalloc(1, sizeof(*s));
	int ret;

	s->base.ops = &transport_gdrive;
	s->base.caps = transport_gdrive.caps;
	strvec_init(&s->ids);
	strvec_init(&s->given_up);
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->finding, NULL);
	pthread_mutex_init(&s->asking, NULL);
	ret = configure(s, c, err);
	if (ret) {
		gdrive_release(&s->base);
		return ret;
	}
	*out = &s->base;
	return 0;
}

/* ---- the base folder ---------------------------------------------------- */

void gdrive_query(const struct gdrive_store *s UNUSED, struct strvec *query)
{
	strvec_push(query, "supportsAllDrives=true");
}

static bool is_true(const struct value *map, const char *key)
{
	const struct value *value = value_map_get(map, key);

	return value && value->type == VALUE_BOOL && value->u.truth;
}

/* Adds the name that people know it by, " ('NAME')", as a terminal may see
 * it. */
static void add_name(struct strbuf *out, const struct value *json)
{
	const char *name = google_text(json, "name");

	if (!name)
		return;
	strbuf_addstr(out, " ('");
	quote_terminal(out, name, strnlen(name, 100));
	strbuf_addstr(out, "')");
}

static int fail_missing(struct gdrive_store *s, struct strbuf *err)
{
	struct strbuf whom = STRBUF_INIT;
	int ret;

	gdrive_add_whom(s, &whom);
	ret = fail(err, ERR_UNREACHABLE, "there is no folder '%s' on Google "
		   "Drive, or it is not shared with %s; check "
		   "'base_folder_id', and share the folder with that address "
		   "as 'Editor' (a shared drive: as 'Content manager')",
		   s->root_id, whom.buf);
	strbuf_release(&whom);
	return ret;
}

static int fail_other_kind(struct gdrive_store *s, const struct value *json,
			   const char *kind, const char *name,
			   struct strbuf *err)
{
	const char *target = google_text(value_map_get(json,
						       "shortcutDetails"),
					 "targetId");

	if (kind && !strcmp(kind, SHORTCUT) && target &&
	    gdrive_is_id(target))
		return fail(err, ERR_UNREACHABLE, "'%s'%s is a shortcut and "
			    "no folder; give the id of what it leads to, '%s', "
			    "as 'base_folder_id'", s->root_id, name, target);
	return fail(err, ERR_UNREACHABLE, "'%s'%s is a file and no folder; "
		    "open the folder in a browser, and give the id at the end "
		    "of its URL as 'base_folder_id'", s->root_id, name);
}

static int check_base(struct gdrive_store *s, const struct value *json,
		      struct strbuf *err)
{
	const char *kind = google_text(json, "mimeType");
	const char *drive = google_text(json, "driveId");
	const char *id = google_text(json, "id");
	struct strbuf name = STRBUF_INIT;
	int ret = 0;

	add_name(&name, json);
	if (!id || !gdrive_is_id(id) || (drive && !gdrive_is_id(drive)))
		ret = fail(err, ERR_CONTENT, "cannot look at '%s': the answer "
			   "is of no file", s->base.url);
	else if (!kind || strcmp(kind, GDRIVE_FOLDER))
		ret = fail_other_kind(s, json, kind, name.buf, err);
	else if (is_true(json, "trashed"))
		ret = fail(err, ERR_UNREACHABLE, "the folder '%s'%s is in the "
			   "trash of Google Drive; restore it there, or give "
			   "another one as 'base_folder_id'", s->root_id,
			   name.buf);
	if (!ret && drive)
		s->drive_id = xstrdup(drive);
	/* 'root' is the folder that holds all. */
	if (!ret && strcmp(id, s->root_id)) {
		free(s->root_id);
		s->root_id = xstrdup(id);
	}
	strbuf_release(&name);
	return ret;
}

static int look(struct gdrive_store *s, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("GET", NULL);
	char *path = xstrfmt("/drive/v3/files/%s", s->root_id);
	struct strbuf why = STRBUF_INIT;
	int ret;

	c.path = path;
	c.what = "look at";
	strvec_push(&c.query, "fields=id,name,mimeType,trashed,driveId,"
		    "shortcutDetails(targetId)");
	gdrive_query(s, &c.query);
	ret = google_call(&s->api, &c, &why);
	if (ret == ERR_NOT_FOUND)
		ret = fail_missing(s, err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	else
		ret = check_base(s, c.json, err);
	google_call_release(&c);
	strbuf_release(&why);
	free(path);
	return ret;
}

int gdrive_look(struct gdrive_store *s, struct strbuf *err)
{
	int ret = 0;

	if (__atomic_load_n(&s->looked, __ATOMIC_ACQUIRE))
		return 0;
	pthread_mutex_lock(&s->finding);
	if (!s->looked)
		ret = look(s, err);
	if (!ret)
		__atomic_store_n(&s->looked, true, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&s->finding);
	return ret;
}

/* ---- members ------------------------------------------------------------ */

int gdrive_stat(struct transport *t, const char *key, struct object *out,
		struct strbuf *err)
{
	struct gdrive_store *s = gdrive_store_of(t);
	struct gdrive_file f = GDRIVE_FILE_INIT;
	int ret;

	ret = gdrive_find(s, key, &f, err);
	if (!ret) {
		object_release(out);
		*out = f.object;
		out->key = xstrdup(key);
		f.object = (struct object)OBJECT_INIT;
	}
	gdrive_file_release(&f);
	return ret;
}

/* What a get has seen is no more what is there. */
static int put_and_forget(struct transport *t, const struct put_request *r,
			  struct object *out, struct strbuf *err)
{
	int ret;

	gdrive_forget_seen(gdrive_store_of(t));
	ret = gdrive_put(t, r, out, err);
	gdrive_forget_seen(gdrive_store_of(t));
	return ret;
}

static int remove_and_forget(struct transport *t, const char *key,
			     const char *version, struct strbuf *err)
{
	int ret;

	gdrive_forget_seen(gdrive_store_of(t));
	ret = gdrive_remove(t, key, version, err);
	gdrive_forget_seen(gdrive_store_of(t));
	return ret;
}

static int rename_and_forget(struct transport *t, const char *from,
			     const char *to, const char *version,
			     struct strbuf *err)
{
	int ret;

	gdrive_forget_seen(gdrive_store_of(t));
	ret = gdrive_rename(t, from, to, version, err);
	gdrive_forget_seen(gdrive_store_of(t));
	return ret;
}

const struct transport_ops transport_gdrive = {
	.type = "gdrive",
	.caps = TRANSPORT_CAN_RENAME | TRANSPORT_CAN_RESUME |
		TRANSPORT_CAN_META | TRANSPORT_CAN_SUMS |
		TRANSPORT_CAN_PRUNE | TRANSPORT_IS_FAR |
		TRANSPORT_HAS_SHADOWS,
	.open = gdrive_open,
	.list = gdrive_list,
	.stat = gdrive_stat,
	.get = gdrive_get,
	.put = put_and_forget,
	.withdraw = gdrive_withdraw,
	.remove = remove_and_forget,
	.rename = rename_and_forget,
	.rests = gdrive_rests,
	.prune = gdrive_prune,
	.release = gdrive_release,
};
