/*
 * A store that is a bucket of Google Cloud Storage.
 * Source: Cloud Storage JSON API v1.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/store-conf.h"
#include "transport/object.h"
#include "transport/gcs/gcs-internal.h"

#define API_ROOT "https://storage.googleapis.com"
/* Somebody else changes an object as often while it is removed. */
#define REMOVE_TRIES 8

struct gcs_store *gcs_store_of(struct transport *t)
{
	return (struct gcs_store *)t;
}

/* ---- settings ----------------------------------------------------------- */

static int find_bucket(struct gcs_store *s, const struct transport_config *c,
		       struct strbuf *err)
{
	s->bucket_key = "backet_name";
	s->bucket = store_conf_text(c->config, s->bucket_key);
	if (!s->bucket) {
		s->bucket_key = "bucket_name";
		s->bucket = store_conf_text(c->config, s->bucket_key);
	}
	if (!s->bucket)
		return fail(err, ERR_USAGE, "storage_config lacks "
			    "'backet_name', which storage_type 'gcs' needs");
	return gcs_check_bucket(s->bucket, err);
}

/* Without slashes at its end, and without what other tools want behind it. */
static void trim_root(char *url)
{
	static const char path[] = "/storage/v1";
	const size_t path_len = sizeof(path) - 1;
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		url[--len] = '\0';
	if (len > path_len && !strcmp(url + len - path_len, path))
		url[len - path_len] = '\0';
}

/* "http://HOST:PORT", or without the scheme, as the client libraries take it.
 * It is somebody's own server, which is told nothing that is secret. */
static int use_emulator(struct gcs_store *s, const char *text,
			struct strbuf *err)
{
	const char *host = strstr(text, "://");

	s->api.root = xstrfmt("%s%s", host ? "" : "http://", text);
	trim_root(s->api.root);
	host = host ? host + 3 : text;
	if ((!strncmp(s->api.root, "http://", 7) ||
	     !strncmp(s->api.root, "https://", 8)) &&
	    store_conf_is_authority(host, strcspn(host, "/")))
		return 0;
	return fail(err, ERR_USAGE, "STORAGE_EMULATOR_HOST is no URL of "
		    "http:// or https://, nor HOST:PORT");
}

/* Where the requests go, and whether what lets us in may go there. */
static int find_root(struct gcs_store *s, const struct transport_config *c,
		     bool *anonymous, struct strbuf *err)
{
	char *root = store_conf_text(c->config, "api_root");
	const char *emulator = getenv("STORAGE_EMULATOR_HOST");

	if (root) {
		trim_root(root);
		s->api.root = root;
		return *anonymous ? 0 :
			google_check_trusted(c->google_hosts, root,
					     "api_root", err);
	}
	if (emulator && *emulator) {
		*anonymous = true;
		return use_emulator(s, emulator, err);
	}
	s->api.root = xstrdup(API_ROOT);
	return 0;
}

static void set_prefix(struct gcs_store *s, char *prefix)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addstr(&path, prefix ? prefix + strspn(prefix, "/") : "");
	while (path.len && path.buf[path.len - 1] == '/')
		strbuf_setlen(&path, path.len - 1);
	s->base.url = xstrfmt("gs://%s%s%s", s->bucket, path.len ? "/" : "",
			      path.buf);
	strbuf_complete_slash(&path);
	s->prefix = strbuf_detach(&path, NULL);
	free(prefix);
}

static void gcs_release(struct transport *t)
{
	struct gcs_store *s = gcs_store_of(t);

	google_credentials_free(s->api.credentials);
	pthread_mutex_destroy(&s->asking);
	http_close(s->api.http);
	free(s->api.root);
	free(s->base.url);
	free(s->bucket);
	free(s->prefix);
	free(s->user_project);
	free(s);
}

static int configure(struct gcs_store *s, const struct transport_config *c,
		     struct strbuf *err)
{
	struct http_options options = c->http;
	char *key_file = store_conf_text(c->config, "key_file_path");
	struct google_source source = {
		.base_dir = c->base_dir, .key_file = key_file,
		.scope = GOOGLE_SCOPE_GCS, .trusted = c->google_hosts,
		.patience = c->patience,
		.anonymous = store_conf_truth(c->config, "anonymous"),
	};
	int ret;

	options.patience = c->patience;
	ret = gcs_conf_check(c->config, err);
	if (!ret)
		ret = find_bucket(s, c, err);
	if (!ret)
		ret = find_root(s, c, &source.anonymous, err);
	if (!ret)
		ret = http_open(&s->api.http, &options, err);
	if (ret)
		goto cleanup;
	s->user_project = store_conf_text(c->config, "user_project");
	set_prefix(s, store_conf_text(c->config, "prefix"));
	s->api.patience = c->patience;
	s->api.store = s->base.url;
	s->api.explain = gcs_explain;
	s->api.data = s;
	source.store = s->base.url;
	source.http = s->api.http;
	google_credentials_new(&s->api.credentials, &source);

cleanup:
	free(key_file);
	return ret;
}

static int gcs_open(struct transport **out, const struct transport_config *c,
		    struct strbuf *err)
{
	struct gcs_store *s = xcalloc(1, sizeof(*s));
	int ret;

	s->base.ops = &transport_gcs;
	s->base.caps = transport_gcs.caps;
	pthread_mutex_init(&s->asking, NULL);
	ret = configure(s, c, err);
	if (ret) {
		gcs_release(&s->base);
		return ret;
	}
	*out = &s->base;
	return 0;
}

/* ---- addresses ---------------------------------------------------------- */

void gcs_path_in(const struct gcs_store *s, const char *key,
		 struct strbuf *path)
{
	strbuf_addstr(path, "/b/");
	http_escape(path, s->bucket, strlen(s->bucket), false);
	strbuf_addstr(path, "/o");
	if (!key)
		return;
	strbuf_addch(path, '/');
	http_escape(path, s->prefix, strlen(s->prefix), false);
	http_escape(path, key, strlen(key), false);
}

void gcs_path(const struct gcs_store *s, const char *key, struct strbuf *path)
{
	strbuf_addstr(path, "/storage/v1");
	gcs_path_in(s, key, path);
}

void gcs_query(const struct gcs_store *s, struct strvec *query)
{
	if (s->user_project)
		strvec_pushf(query, "userProject=%s", s->user_project);
}

/* ---- stat, remove ------------------------------------------------------- */

int gcs_stat(struct transport *t, const char *key, struct object *out,
	     struct strbuf *err)
{
	struct gcs_store *s = gcs_store_of(t);
	struct google_call c = GOOGLE_CALL_INIT("GET", NULL);
	struct strbuf path = STRBUF_INIT;
	struct object o = OBJECT_INIT, old;
	int ret;

	gcs_path(s, key, &path);
	c.path = path.buf;
	c.about = key;
	c.what = "look at";
	strvec_push(&c.query, "projection=noAcl");
	strvec_push(&c.query, "fields=" GCS_FIELDS);
	gcs_query(s, &c.query);
	ret = google_call(&s->api, &c, err);
	if (!ret)
		ret = gcs_object_read(s, c.json, &o, err);
	if (!ret && strcmp(o.key, key))
		ret = fail(err, ERR_CONTENT, "'%s' was asked for '%s' and "
			   "tells of '%s'", s->base.url, key, o.key);
	if (!ret) {
		old = *out;
		*out = o;
		o = old;
	}
	object_release(&o);
	google_call_release(&c);
	strbuf_release(&path);
	return ret;
}

/* ERR_CONFLICT: it is not that generation (any more). flags: of the request. */
static int remove_generation(struct gcs_store *s, const char *key,
			     const char *generation, unsigned flags,
			     struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("DELETE", NULL);
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	int ret;

	gcs_path(s, key, &path);
	c.path = path.buf;
	c.about = key;
	strvec_pushf(&c.query, "ifGenerationMatch=%s", generation);
	gcs_query(s, &c.query);
	c.flags = flags;
	ret = google_call(&s->api, &c, &why);
	if (c.answer.status == 412 && ret == ERR_CONFLICT)
		object_fail_changed(&s->base, key, err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	google_call_release(&c);
	strbuf_release(&path);
	strbuf_release(&why);
	return ret;
}

/* What was there a moment ago, whatever it is. */
static int remove_any(struct gcs_store *s, const char *key,
		      const char *version, struct strbuf *err)
{
	struct object there = OBJECT_INIT;
	int ret = gcs_stat(&s->base, key, &there, err);

	if (!ret && version)
		/* that of another kind of store */
		ret = object_fail_changed(&s->base, key, err);
	else if (!ret)
		/* No other object can be hit by a second try. */
		ret = remove_generation(s, key, there.version,
					HTTP_REPEATABLE, err);
	/* Gone since then: by the first of two tries, or by somebody else. */
	if (ret == ERR_NOT_FOUND && there.key)
		ret = 0;
	object_release(&there);
	return ret;
}

/*
 * By its generation in any case, so that a request that was sent twice does not
 * hit what somebody has put in between. With a version, with-retry.c looks what
 * became of it.
 */
static int gcs_remove(struct transport *t, const char *key,
		      const char *version, struct strbuf *err)
{
	struct gcs_store *s = gcs_store_of(t);
	struct strbuf why = STRBUF_INIT;
	unsigned tries = 0;
	int ret;

	if (version && gcs_is_generation(version))
		return remove_generation(s, key, version, 0, err);
	do {
		strbuf_reset(&why);
		ret = remove_any(s, key, version, &why);
	} while (ret == ERR_CONFLICT && !version && ++tries < REMOVE_TRIES);
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

const struct transport_ops transport_gcs = {
	.type = "gcs",
	.caps = TRANSPORT_CAN_COPY | TRANSPORT_CAN_PRESIGN |
		TRANSPORT_CAN_CREATE | TRANSPORT_CAN_COMPARE |
		TRANSPORT_CAN_RESUME | TRANSPORT_CAN_META |
		TRANSPORT_CAN_SUMS | TRANSPORT_IS_FAR,
	.open = gcs_open,
	.list = gcs_list,
	.stat = gcs_stat,
	.get = gcs_get,
	.put = gcs_put,
	.withdraw = gcs_withdraw,
	.remove = gcs_remove,
	.remove_many = gcs_remove_many,
	.copy = gcs_copy,
	.presign = gcs_presign,
	.release = gcs_release,
};
