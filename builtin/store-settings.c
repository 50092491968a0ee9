#include "lib/base/compat.h"
#include "builtin/store-settings.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/s3-conf.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"

#define KEY_MAX 64

int store_settings_read(struct value *out, const struct strvec *pairs,
			struct strbuf *err)
{
	size_t i;

	for (i = 0; i < pairs->nr; i++) {
		const char *text = pairs->v[i];
		size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
		char key[KEY_MAX];

		if (!len || len >= sizeof(key) || text[len] != '=' ||
		    !text[len + 1])
			return fail(err, ERR_USAGE, "'-o %s' is no KEY=VALUE "
				    "(a key of small letters and '_')", text);
		memcpy(key, text, len);
		key[len] = '\0';
		text += len + 1;
		if (!utf8_is_valid(text, strlen(text)))
			return fail(err, ERR_USAGE, "what the conf holds must "
				    "be UTF-8");
		value_map_set_str(out, key, text);
	}
	return 0;
}

static int check_dir_keys(const struct value *settings, struct strbuf *err)
{
	size_t i;

	for (i = 0; i < settings->u.map.nr; i++)
		if (strcmp(settings->u.map.pair[i].key, "path"))
			return fail(err, ERR_USAGE, "a store of type 'dir' has "
				    "no '%s', only 'path'; another type is "
				    "chosen with --storage-type",
				    settings->u.map.pair[i].key);
	return 0;
}

/* A misspelt endpoint would be one that is not there: a request to AWS. */
static int check_s3_keys(struct value *settings, struct strbuf *err)
{
	struct strbuf known = STRBUF_INIT;
	const char *const *key;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < settings->u.map.nr; i++) {
		const char *given = settings->u.map.pair[i].key;

		for (key = s3_conf_keys; *key && strcmp(*key, given); key++)
			;
		if (*key)
			continue;
		for (key = s3_conf_keys; *key; key++)
			strbuf_addf(&known, "%s%s", known.len ? ", " : "",
				    *key);
		ret = fail(err, ERR_USAGE, "a store of type 's3' has no '%s'; "
			   "it has %s", given, known.buf);
	}
	if (!ret)
		ret = s3_conf_check(settings, err);
	if (!ret && value_map_get(settings, "anonymous"))
		value_map_set(settings, "anonymous",
			value_new_bool(s3_conf_anonymous(settings)));
	strbuf_release(&known);
	return ret;
}

/* The conf is read by many: no user:password@host. */
static int check_password(const struct value *settings, struct strbuf *err)
{
	const char *host = value_get_text(settings, "host");
	const char *user = value_get_text(settings, "user");
	const char *at = host ? strrchr(host, '@') : NULL;

	if ((user && strchr(user, ':')) ||
	    (at && memchr(host, ':', at - host)))
		return fail(err, ERR_USAGE, "a password cannot stand in the "
			    "conf of a project; let ssh use a key");
	return 0;
}

/* For gcs `backet_name` (sic) is what the Python tool reads. */
int store_settings_fit(struct value *settings, const char *type,
		       struct strbuf *err)
{
	const struct value *bucket = value_map_get(settings, "bucket_name");

	if (!strcmp(type, "dir"))
		return check_dir_keys(settings, err);
	if (!strcmp(type, "s3"))
		return check_s3_keys(settings, err);
	if (bucket && (!strcmp(type, "gcs") || !strcmp(type, "gs"))) {
		value_map_set(settings, "backet_name", value_copy(bucket));
		value_map_remove(settings, "bucket_name");
	}
	return check_password(settings, err);
}

/* A store among the experiments would be one itself, and one that is the
 * project would be packed into its own packs. */
int store_dir_check(const char *path, const char *root,
		    const char *results_dir, struct strbuf *err)
{
	struct strbuf store = STRBUF_INIT, results = STRBUF_INIT;
	int ret = 0;

	path_absolute(&store, root, path);
	path_absolute(&results, root, results_dir);
	if (!strcmp(store.buf, root))
		ret = fail(err, ERR_USAGE, "a store cannot be the project "
			   "itself; choose another directory with -o path=DIR");
	else if (path_below(store.buf, results.buf))
		ret = fail(err, ERR_USAGE, "the store '%s' lies in "
			   "results_dir; choose another directory with -o "
			   "path=DIR", path);
	else if (path_exists(store.buf) && !path_is_dir(store.buf))
		ret = fail(err, ERR_USAGE, "the store '%s' is not a directory; "
			   "choose another one with -o path=DIR", path);
	strbuf_release(&store);
	strbuf_release(&results);
	return ret;
}

/* A conf that is durable must not name a store whose directory is not. */
static int sync_parent(const struct strbuf *part, struct strbuf *err)
{
	size_t len = (size_t)(path_basename(part->buf) - part->buf);
	char *parent = xmemdupz(part->buf, len);
	int ret = 0;

	if (sys_fsync_dir(len ? parent : "."))
		ret = fail_errno(err, "cannot sync '%s'", len ? parent : ".");
	free(parent);
	return ret;
}

int store_dir_make(const char *path, struct strvec *made, struct strbuf *err)
{
	struct strbuf part = STRBUF_INIT;
	const char *end = path;
	int ret = 0;

	while (!ret && *end) {
		end = strchrnul(end + 1, '/');
		strbuf_reset(&part);
		strbuf_add(&part, path, end - path);
		if (path_is_dir(part.buf))
			continue;
		if (!sys_mkdir(part.buf, 0777)) {
			strvec_push(made, part.buf);
			ret = sync_parent(&part, err);
		} else if (errno != EEXIST || !path_is_dir(part.buf)) {
			ret = fail_errno(err, "cannot make the directory '%s'",
					 part.buf);
		}
	}
	strbuf_release(&part);
	return ret;
}

void store_dir_unmake(const struct strvec *made)
{
	size_t i;

	for (i = made->nr; i; i--)
		sys_rmdir(made->v[i - 1]);
}
