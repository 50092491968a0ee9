#include "lib/base/compat.h"
#include "lib/exp/store/store-find.h"

#include "lib/base/alloc.h"
#include "lib/base/env-file.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/s3-conf.h"
#include "lib/base/secret.h"
#include "lib/exp/conf/store-url.h"
#include "lib/exp/store/trust.h"

#define BUCKET_VARIABLE "S3_BUCKET_NAME"

/* Of two lines the last one counts. */
static int take_bucket(const char *key, const char *value,
		       unsigned line UNUSED, void *data)
{
	struct strbuf *bucket = data;

	if (!strcmp(key, BUCKET_VARIABLE)) {
		strbuf_reset(bucket);
		strbuf_addstr(bucket, value);
	}
	return 0;
}

/* Leaves `bucket` empty when nothing names one. */
static int bucket_of_env(struct strbuf *bucket, const char *dir,
			 struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf why = STRBUF_INIT;
	const char *value = getenv(BUCKET_VARIABLE);
	int ret = 0;

	if (value && *value) {
		strbuf_addstr(bucket, value);
		goto cleanup;
	}
	path_absolute(&path, dir, ".env");
	/* Of a program's environment there is one without, too. */
	if (path_is_dir(path.buf))
		goto cleanup;
	ret = secret_read_file(&text, path.buf, ENV_FILE_MAX, &why);
	if (ret == ERR_NOT_FOUND) {
		ret = 0;
		goto cleanup;
	}
	if (ret) {
		fail(err, ret, "%s", why.buf);
		goto cleanup;
	}
	ret = env_file_parse(text.buf, text.len, take_bucket, bucket, &why);
	if (ret)
		fail(err, ret, "cannot read '%s': %s", path.buf, why.buf);

cleanup:
	secret_release(&text);
	strbuf_release(&why);
	strbuf_release(&path);
	return ret;
}

/* The endpoint, the region and the keys are found by transport/s3, which looks
 * in the same two places. */
static int store_of_env(struct remote_conf *out, const char *dir, bool asked,
			struct strbuf *err)
{
	struct strbuf bucket = STRBUF_INIT;
	int ret = bucket_of_env(&bucket, dir, err);

	if (!ret && !bucket.len)
		ret = asked ?
			fail(err, ERR_NOT_FOUND, "no bucket is named: "
			     BUCKET_VARIABLE " is neither in the environment "
			     "nor in '.env' here") :
			fail(err, ERR_FAILED, "no project here; go into one, "
			     "name a store by its URL, or a bucket by "
			     BUCKET_VARIABLE " in the environment or in "
			     "'.env'");
	if (!ret)
		ret = s3_check_bucket(bucket.buf, err);
	if (!ret) {
		out->type = xstrdup("s3");
		out->config = value_new_map();
		value_map_set_str(out->config, "bucket_name", bucket.buf);
	}
	strbuf_release(&bucket);
	return ret;
}

int store_find(struct remote_conf *out, struct strbuf *base,
	       const struct project *project, const char *name,
	       struct strbuf *err)
{
	bool asks_env = name && !strcmp(name, STORE_OF_ENV);
	int ret;

	if (project && !asks_env && !(name && store_url_looks(name))) {
		strbuf_addstr(base, project->root);
		ret = remotes_find(out, project, name, err);
		return ret ? ret : trust_check_store(project, name, out->type,
						     out->config, err);
	}
	/* What is typed counts from where it is typed. */
	ret = path_cwd(base, err);
	if (ret)
		return ret;
	if (!name || asks_env)
		return store_of_env(out, base->buf, asks_env, err);
	if (!store_url_looks(name))
		return fail(err, ERR_FAILED, "no project here, and so no "
			    "remote '%s'; go into one, or name a store by its "
			    "URL", name);
	return store_url_parse(name, &out->type, &out->config, NULL, err);
}

void store_find_format(struct strbuf *out, const struct remote_conf *store)
{
	struct strbuf url = STRBUF_INIT;

	/* How it is spoken with (?endpoint_url=...) names no other store. */
	if (store->name)
		strbuf_addstr(&url, store->name);
	else
		store_url_format(store->type, store->config, &url);
	strbuf_add(out, url.buf, strcspn(url.buf, "?"));
	strbuf_release(&url);
}
