/* Keys as text: checked when they come in, wiped when they go. */
#include "lib/base/compat.h"
#include "transport/aws/aws-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"
#include "transport/credentials.h"

#define ID_MAX 256
#define SECRET_MAX 1024
#define TOKEN_MAX 32768

void aws_keys_release(struct aws_keys *k)
{
	static const struct aws_keys none = AWS_KEYS_INIT;

	secret_free(k->id);
	secret_free(k->secret);
	secret_free(k->token);
	*k = none;
}

void aws_keys_take_out(const struct aws_keys *k, struct strbuf *text)
{
	secret_take_out(text, k->secret);
	secret_take_out(text, k->token);
}

/* They go into header fields, where a line end would begin another. */
static int check_part(const char *text, size_t max, const char *what,
		      const char *where, struct strbuf *err)
{
	const char *p;

	for (p = text; *p; p++)
		if (*p <= ' ' || *p > '~')
			return fail(err, ERR_CONTENT,
				    "the %s of %s holds a blank, a control "
				    "character or a letter that is not ASCII",
				    what, where);
	if ((size_t)(p - text) > max)
		return fail(err, ERR_CONTENT,
			    "the %s of %s is longer than %zu bytes", what,
			    where, max);
	return 0;
}

int aws_keys_set(struct aws_keys *out, const char *id, const char *secret,
		 const char *token, const char *where, struct strbuf *err)
{
	int ret = check_part(id, ID_MAX, "access key id", where, err);

	/* it stands in a list with these between */
	if (!ret && strpbrk(id, "/,"))
		ret = fail(err, ERR_CONTENT,
			   "the access key id of %s is none", where);
	if (!ret)
		ret = check_part(secret, SECRET_MAX, "secret access key",
				 where, err);
	if (!ret && token)
		ret = check_part(token, TOKEN_MAX, "session token", where,
				 err);
	if (ret)
		return ret;
	aws_keys_release(out);
	out->id = xstrdup(id);
	out->secret = xstrdup(secret);
	if (token && *token)
		out->token = xstrdup(token);
	return 0;
}

int aws_keys_expire(struct aws_keys *out, const char *text, const char *where,
		    struct strbuf *err)
{
	struct moment m;

	if (!moment_parse(&m, text) || m.sec <= 0)
		return fail(err, ERR_CONTENT,
			    "%s says no time at which the keys expire", where);
	out->expires = m.sec;
	return 0;
}

int aws_keys_from_json(struct aws_keys *out, struct strbuf *text,
		       const char *token_name, const char *where,
		       struct strbuf *err)
{
	struct value *v = NULL;
	const char *id, *secret, *expires;
	int ret;

	/* what a parser says of a text may show a piece of it */
	ret = json_parse(&v, text->buf, text->len, "", NULL);
	if (ret || v->type != VALUE_MAP) {
		ret = fail(err, ERR_CONTENT, "%s answered no JSON object",
			   where);
		goto cleanup;
	}
	id = value_text(value_map_get(v, "AccessKeyId"));
	secret = value_text(value_map_get(v, "SecretAccessKey"));
	if (!id || !*id || !secret || !*secret) {
		ret = fail(err, ERR_CONTENT, "%s answered without keys", where);
		goto cleanup;
	}
	ret = aws_keys_set(out, id, secret,
			   value_text(value_map_get(v, token_name)), where,
			   err);
	expires = value_text(value_map_get(v, "Expiration"));
	if (!ret && expires)
		ret = aws_keys_expire(out, expires, where, err);
	if (ret)
		aws_keys_release(out);

cleanup:
	secret_free_value(v);
	secret_reset(text);
	return ret;
}

void aws_warn_readable(struct aws_search *s, const char *path)
{
	credentials_check_mode(&s->warning, "the keys", path);
}

void aws_looked(struct aws_search *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	credentials_looked(&s->looked, fmt, ap);
	va_end(ap);
}
