#include "lib/base/compat.h"
#include "builtin/store-kind.h"

#include "lib/base/env-file.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/s3-conf.h"

/* In the order in which they count. */
static const char *const variables[][2] = {
	{ "bucket_name", "S3_BUCKET_NAME" },
	{ "endpoint_url", "AWS_ENDPOINT_URL_S3" },
	{ "endpoint_url", "AWS_ENDPOINT_URL" },
	{ "endpoint_url", "S3_ENDPOINT_URL" }
};

struct wanted {
	const char *name;
	struct strbuf *out;
};

/* Of two lines the last one counts. */
static int take(const char *key, const char *value, unsigned line UNUSED,
		void *data)
{
	struct wanted *w = data;

	if (!strcmp(key, w->name)) {
		strbuf_reset(w->out);
		strbuf_addstr(w->out, value);
	}
	return 0;
}

/*
 * What the environment says, or else the file .env of the project. A file that
 * cannot be read says nothing: who uses the store tells of it.
 */
static int find(struct init_plan *plan, const char *key, struct strbuf *out,
		struct strbuf *err UNUSED)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(variables) && !out->len; i++) {
		const char *value = getenv(variables[i][1]);

		if (!strcmp(variables[i][0], key) && value)
			strbuf_addstr(out, value);
	}
	strbuf_addf(&path, "%s/.env", plan->root.buf);
	if (!out->len && read_file(&text, path.buf, ENV_FILE_MAX, NULL))
		strbuf_reset(&text);
	for (i = 0; i < ARRAY_SIZE(variables) && !out->len; i++) {
		struct wanted wanted = { variables[i][1], out };

		if (!strcmp(variables[i][0], key))
			env_file_parse(text.buf, text.len, take, &wanted,
				       NULL);
	}
	/* keys stand there, too */
	if (text.len)
		explicit_bzero(text.buf, text.len);
	strbuf_release(&text);
	strbuf_release(&path);
	return 0;
}

static int check_bucket(const struct init_plan *plan UNUSED,
			struct strbuf *answer, struct strbuf *err)
{
	return s3_check_bucket(answer->buf, err);
}

static int check_endpoint(const struct init_plan *plan UNUSED,
			  struct strbuf *answer, struct strbuf *err)
{
	return s3_check_endpoint(answer->buf, err);
}

static int check_region(const struct init_plan *plan UNUSED,
			struct strbuf *answer, struct strbuf *err)
{
	return s3_check_region(answer->buf, err);
}

/* A misspelt endpoint would be one that is not there: a request to AWS. */
static int fit(struct value *settings, struct strbuf *err)
{
	int ret = store_kind_only(settings, "s3", s3_conf_keys, err);

	if (!ret)
		ret = s3_conf_check(settings, err);
	if (!ret && value_map_get(settings, "anonymous"))
		value_map_set(settings, "anonymous",
			value_new_bool(s3_conf_anonymous(settings)));
	return ret;
}

/* Only the bucket has to be told. */
static const struct store_setting settings[] = {
	{ .key = "bucket_name", .question = "Input bucket name",
	  .shown = "Bucket name", .check = check_bucket, .find = find },
	{ .key = "endpoint_url",
	  .question = "Input endpoint URL, nothing for AWS",
	  .shown = "Endpoint", .optional = true, .check = check_endpoint,
	  .find = find },
	{ .key = "region", .question = "Input region, nothing to ask for it",
	  .optional = true, .check = check_region },
	{ .key = "key_file_path", .question = "Input key file_path, nothing "
		"for the keys of the AWS tools",
	  .shown = "Key file", .optional = true, .is_key_file = true },
	{ .key = NULL }
};

const struct store_kind store_kind_s3 = {
	.type = "s3", .title = "S3", .settings = settings, .fit = fit,
	.page = "resutil-s3"
};
