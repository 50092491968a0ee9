/*
 * Files of logins, and of the clients that ask for them.
 * Source: resutilformat-login(5).
 */
#include "lib/base/compat.h"
#include "transport/google/google-login.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"
#include "transport/google/google-internal.h"

#define AUTH_URI "https://accounts.google.com/o/oauth2/auth"

void google_client_release(struct google_client *c)
{
	static const struct google_client none = GOOGLE_CLIENT_INIT;

	free(c->id);
	secret_free(c->secret);
	free(c->auth_uri);
	free(c->token_uri);
	*c = none;
}

void google_login_release(struct google_login *l)
{
	free(l->store);
	free(l->account);
	secret_free(l->refresh_token);
	free(l->scope);
	google_client_release(&l->client);
	memset(l, 0, sizeof(*l));
}

static char *text_or(const struct value *map, const char *key,
		     const char *otherwise)
{
	const char *text = value_text(value_map_get(map, key));

	return xstrdup(text && *text ? text : otherwise);
}

/* ---- clients ------------------------------------------------------------ */

int google_client_take(struct google_client *out, const struct value *json,
		       const char *where, struct strbuf *err)
{
	const struct value *map = value_map_get(json, "installed");
	const char *id, *secret;
	int ret;

	if (value_map_get(json, "web"))
		return fail(err, ERR_CONTENT, "%s is of a web application; "
			    "make a client of type 'Desktop app'", where);
	if (!map || map->type != VALUE_MAP)
		return fail(err, ERR_CONTENT, "%s is no file of an OAuth "
			    "client (it has no 'installed'); make one of type "
			    "'Desktop app' in the console of Google Cloud, "
			    "and download its JSON", where);
	ret = google_need(&id, map, "client_id", where, err);
	if (!ret)
		ret = google_need(&secret, map, "client_secret", where, err);
	if (ret)
		return ret;
	out->id = xstrdup(id);
	out->secret = xstrdup(secret);
	out->auth_uri = text_or(map, "auth_uri", AUTH_URI);
	out->token_uri = text_or(map, "token_uri", GOOGLE_TOKEN_URI);
	return 0;
}

/* The text of a file with secrets as a map; where: "'FILE'". */
static int read_map(struct value **out, const char *path, const char *where,
		    struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	int ret = secret_read_file(&text, path, GOOGLE_FILE_MAX, &why);

	if (ret == ERR_FAILED)
		ret = ERR_CREDENTIALS;
	if (ret)
		fail(err, ret, "%s", why.buf);
	else if (json_parse(out, text.buf, text.len, "", NULL) ||
		 (*out)->type != VALUE_MAP)
		ret = fail(err, ERR_CONTENT, "%s holds no JSON object", where);
	secret_release(&text);
	strbuf_release(&why);
	return ret;
}

int google_client_read(struct google_client *out, const char *path,
		       struct strbuf *err)
{
	char *where = xstrfmt("'%s'", path);
	struct value *json = NULL;
	int ret = read_map(&json, path, where, err);

	if (!ret)
		ret = google_client_take(out, json, where, err);
	secret_free_value(json);
	free(where);
	return ret;
}

/* ---- logins ------------------------------------------------------------- */

static void take_scope(struct google_login *l, const struct value *list)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++) {
		const char *one = value_text(list->u.list.item[i]);

		if (one)
			strbuf_addf(&text, "%s%s", text.len ? " " : "", one);
	}
	l->scope = strbuf_detach(&text, NULL);
}

int google_login_take(struct google_login *l, const struct value *json,
		      const char *where, struct strbuf *err)
{
	struct google_user user;
	enum google_kind kind;
	int ret = google_file_kind(json, where, &kind, err);

	if (!ret && kind != GOOGLE_USER)
		ret = fail(err, ERR_CONTENT, "%s is not of type "
			   "authorized_user, so it is no login", where);
	if (!ret)
		ret = google_need_user(&user, json, where, err);
	if (ret)
		return ret;
	l->client.id = xstrdup(user.id);
	l->client.secret = xstrdup(user.secret);
	l->client.auth_uri = text_or(json, "auth_uri", AUTH_URI);
	l->client.token_uri = text_or(json, "token_uri", GOOGLE_TOKEN_URI);
	l->refresh_token = xstrdup(user.refresh);
	if (value_text(value_map_get(json, "account")))
		l->account = text_or(json, "account", "");
	take_scope(l, value_map_get(json, "scopes"));
	return 0;
}

int google_login_read(struct google_login *out, const char *store,
		      struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	struct value *json = NULL;
	char *where = NULL;
	int ret = google_login_path(&path, store, err);

	if (ret)
		goto cleanup;
	if (!path_exists(path.buf)) {
		ret = fail(err, ERR_NOT_FOUND, "nobody is logged in to '%s' on "
			   "this machine", store);
		goto cleanup;
	}
	where = xstrfmt("'%s'", path.buf);
	ret = read_map(&json, path.buf, where, err);
	if (!ret)
		ret = google_login_take(out, json, where, err);
	if (!ret)
		out->store = xstrdup(store);

cleanup:
	secret_free_value(json);
	strbuf_release(&path);
	free(where);
	return ret;
}

static struct value *login_value(const struct google_login *l)
{
	struct value *map = value_new_map(), *scopes = value_new_list();
	const char *p = l->scope ? l->scope : "";
	size_t len;

	value_map_set_str(map, "type", "authorized_user");
	value_map_set_int(map, "resutil", 1);
	value_map_set_str(map, "store", l->store);
	if (l->account)
		value_map_set_str(map, "account", l->account);
	value_map_set_str(map, "client_id", l->client.id);
	value_map_set_str(map, "client_secret", l->client.secret);
	value_map_set_str(map, "refresh_token", l->refresh_token);
	for (; *p; p += len + (p[len] == ' ')) {
		len = strcspn(p, " ");
		if (len)
			value_list_add(scopes, value_new_text(p, len));
	}
	value_map_set(map, "scopes", scopes);
	value_map_set_str(map, "auth_uri", l->client.auth_uri);
	value_map_set_str(map, "token_uri", l->client.token_uri);
	return map;
}

int google_login_save(const struct google_login *l, struct strbuf *path,
		      struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, dir = STRBUF_INIT;
	struct value *map = NULL;
	int ret = google_login_path(path, l->store, err);

	if (ret)
		goto cleanup;
	strbuf_add(&dir, path->buf,
		   (size_t)(path_basename(path->buf) - path->buf));
	if (sys_mkdir_all_synced(dir.buf, 0700)) {
		ret = fail_errno(err, "cannot make the directory '%s'",
				 dir.buf);
		goto cleanup;
	}
	map = login_value(l);
	strbuf_grow(&text, GOOGLE_FILE_MAX);
	json_write(&text, map);
	strbuf_addch(&text, '\n');
	ret = write_file_atomic(path->buf, text.buf, text.len, 0600,
				TEMPFILE_SYNC, err);

cleanup:
	secret_free_value(map);
	secret_release(&text);
	strbuf_release(&dir);
	return ret;
}

int google_login_remove(const char *store, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = google_login_path(&path, store, err);

	if (!ret && sys_unlink(path.buf))
		ret = fail_errno(err, "cannot remove '%s'", path.buf);
	strbuf_release(&path);
	return ret;
}
