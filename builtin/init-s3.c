#include "lib/base/compat.h"
#include "builtin/init-s3.h"

#include "lib/base/env-file.h"
#include "lib/base/path.h"

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

void init_s3_default(const char *root, const char *key, struct strbuf *out)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(variables) && !out->len; i++) {
		const char *value = getenv(variables[i][1]);

		if (!strcmp(variables[i][0], key) && value)
			strbuf_addstr(out, value);
	}
	strbuf_addf(&path, "%s/.env", root);
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
}
