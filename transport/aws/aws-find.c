/* What the environment, .env and a profile say of a store. */
#include "lib/base/compat.h"
#include "transport/aws/aws-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/env-file.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/s3-conf.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"

const char *aws_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

struct wanted {
	struct aws_want *want;
	size_t nr;
};

static int keep_wanted(const char *key, const char *value,
		       unsigned line UNUSED, void *data)
{
	struct wanted *w = data;
	size_t i;

	for (i = 0; i < w->nr; i++) {
		if (strcmp(w->want[i].name, key))
			continue;
		secret_free(w->want[i].value);
		w->want[i].value = *value ? xstrdup(value) : NULL;
	}
	return 0;
}

void aws_env_file_path(struct strbuf *out, const struct aws_source *s)
{
	path_absolute(out, s->base_dir, ".env");
}

int aws_env_file(const struct aws_source *s, struct aws_want *want, size_t nr,
		 struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT,
		      why = STRBUF_INIT;
	struct wanted w = { want, nr };
	int ret = 0;

	if (!s->base_dir)
		return 0;
	aws_env_file_path(&path, s);
	ret = secret_read_file(&text, path.buf, AWS_FILE_MAX, &why);
	if (ret == ERR_NOT_FOUND) {
		ret = 0;
		goto cleanup;
	}
	if (!ret)
		ret = env_file_parse(text.buf, text.len, keep_wanted, &w, &why);
	if (ret)
		fail(err, ret, "cannot read '%s': %s", path.buf, why.buf);

cleanup:
	secret_release(&text);
	strbuf_release(&why);
	strbuf_release(&path);
	return ret;
}

void aws_want_release(struct aws_want *want, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		secret_free(want[i].value);
		want[i].value = NULL;
	}
}

/* The first of `names` that the environment has, then the first that .env
 * has; *out stays NULL without. */
static int find_variable(const struct aws_source *s, const char *const *names,
			 size_t nr, char **out, struct strbuf *err)
{
	struct aws_want want[4] = { { NULL, NULL } };
	const char *value;
	size_t i;
	int ret;

	*out = NULL;
	for (i = 0; i < nr; i++) {
		value = aws_env(names[i]);
		if (value) {
			*out = xstrdup(value);
			return 0;
		}
		want[i].name = names[i];
	}
	ret = aws_env_file(s, want, nr, err);
	for (i = 0; !ret && !*out && i < nr; i++) {
		*out = want[i].value;
		want[i].value = NULL;
	}
	aws_want_release(want, nr);
	return ret;
}

int aws_profile_name(const struct aws_source *s, char **out, bool *named,
		     struct strbuf *err)
{
	static const char *const names[] = { "AWS_PROFILE",
					     "AWS_DEFAULT_PROFILE" };
	int ret = 0;

	*out = s->profile && *s->profile ? xstrdup(s->profile) : NULL;
	if (!*out)
		ret = find_variable(s, names, ARRAY_SIZE(names), out, err);
	*named = *out != NULL;
	if (!ret && !*out)
		*out = xstrdup("default");
	return ret;
}

/* Requests, and tokens with them, go to a host that has it in its name. */
int aws_check_region(const char *region, struct strbuf *err)
{
	if (!s3_check_region(region, NULL))
		return 0;
	return fail(err, ERR_USAGE, "AWS_REGION, AWS_DEFAULT_REGION or the "
		    "'region' of a profile is none: letters, digits and '-'");
}

int aws_find_region(const struct aws_source *s, char **out,
		    struct strbuf *err)
{
	static const char *const names[] = { "AWS_REGION",
					     "AWS_DEFAULT_REGION" };
	int ret = find_variable(s, names, ARRAY_SIZE(names), out, err);

	if (!ret && !*out)
		ret = aws_profile_setting(s, "region", out, err);
	if (!ret && *out)
		ret = aws_check_region(*out, err);
	if (ret) {
		free(*out);
		*out = NULL;
	}
	return ret;
}

int aws_find_endpoint(const struct aws_source *s, char **out,
		      struct strbuf *err)
{
	static const char *const names[] = { "AWS_ENDPOINT_URL_S3",
					     "AWS_ENDPOINT_URL",
					     "S3_ENDPOINT_URL" };
	int ret = find_variable(s, names, ARRAY_SIZE(names), out, err);

	if (!ret && !*out)
		ret = aws_profile_endpoint(s, out, err);
	return ret;
}

int aws_find_bucket(const struct aws_source *s, char **out,
		    struct strbuf *err)
{
	static const char *const names[] = { "S3_BUCKET_NAME" };

	return find_variable(s, names, ARRAY_SIZE(names), out, err);
}

static int partial(const char *where, const char *missing, struct strbuf *err)
{
	return fail(err, ERR_CREDENTIALS, "%s has an access key without the "
		    "other half: '%s' is not set", where, missing);
}

int aws_from_environment(struct aws_search *s, struct aws_keys *out,
			 struct strbuf *err)
{
	const char *id = aws_env("AWS_ACCESS_KEY_ID");
	const char *secret = aws_env("AWS_SECRET_ACCESS_KEY");

	if (!id && !secret) {
		aws_looked(s, "AWS_ACCESS_KEY_ID is not set");
		return AWS_NOT_HERE;
	}
	if (!id || !secret)
		return partial("the environment", id ? "AWS_SECRET_ACCESS_KEY" :
			       "AWS_ACCESS_KEY_ID", err);
	strbuf_addstr(&s->origin, "the environment");
	return aws_keys_set(out, id, secret, aws_env("AWS_SESSION_TOKEN"),
			    "the environment", err);
}

int aws_from_env_file(struct aws_search *s, struct aws_keys *out,
		      struct strbuf *err)
{
	struct aws_want want[] = { { "AWS_ACCESS_KEY_ID", NULL },
				   { "AWS_SECRET_ACCESS_KEY", NULL },
				   { "AWS_SESSION_TOKEN", NULL } };
	struct strbuf path = STRBUF_INIT, where = STRBUF_INIT;
	int ret;

	if (!s->source->base_dir)
		return AWS_NOT_HERE;
	aws_env_file_path(&path, s->source);
	strbuf_addf(&where, "'%s'", path.buf);
	ret = aws_env_file(s->source, want, ARRAY_SIZE(want), err);
	if (ret)
		goto cleanup;
	if (!want[0].value && !want[1].value) {
		aws_looked(s, "no keys in %s", where.buf);
		ret = AWS_NOT_HERE;
		goto cleanup;
	}
	if (!want[0].value || !want[1].value) {
		ret = partial(where.buf, want[want[0].value ? 1 : 0].name, err);
		goto cleanup;
	}
	strbuf_addbuf(&s->origin, &where);
	s->renewable = true;
	aws_warn_readable(s, path.buf);
	ret = aws_keys_set(out, want[0].value, want[1].value, want[2].value,
			   where.buf, err);

cleanup:
	aws_want_release(want, ARRAY_SIZE(want));
	strbuf_release(&where);
	strbuf_release(&path);
	return ret;
}
