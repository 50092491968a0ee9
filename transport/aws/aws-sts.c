/*
 * Roles, taken on by asking AWS's Security Token Service: with other keys, or
 * with a token of an identity provider (a pod's service account).
 * Source: AWS Security Token Service API Reference, "AssumeRole",
 * "AssumeRoleWithWebIdentity".
 */
#include "lib/base/compat.h"
#include "transport/aws/aws-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/http.h"
#include "lib/wrap/xml.h"
#include "transport/aws/sigv4.h"

#define STS_VERSION "2011-06-15"
#define SESSION_NAME "resutil"
#define TOKEN_MAX 20000
#define REASON_MAX 300
#define FORM "Content-Type: application/x-www-form-urlencoded; charset=utf-8"

struct sts {
	char *id, *secret, *token, *expires;
	char *code, *message;	/* of an error */
};

static void sts_release(struct sts *t)
{
	secret_free(t->id);
	secret_free(t->secret);
	secret_free(t->token);
	free(t->expires);
	free(t->code);
	free(t->message);
}

static void keep(char **slot, const char *text, size_t len)
{
	secret_free(*slot);
	*slot = xmemdupz(text, len);
}

static int take_element(const char *path, const char *text, size_t len,
			void *data, struct strbuf *err UNUSED)
{
	struct sts *t = data;
	const char *name = strrchr(path, '/');
	const char *above = strstr(path, "/Credentials/");

	if (!name)
		return 0;
	name++;
	if (above && above + strlen("/Credentials/") == name) {
		if (!strcmp(name, "AccessKeyId"))
			keep(&t->id, text, len);
		else if (!strcmp(name, "SecretAccessKey"))
			keep(&t->secret, text, len);
		else if (!strcmp(name, "SessionToken"))
			keep(&t->token, text, len);
		else if (!strcmp(name, "Expiration"))
			keep(&t->expires, text, len);
	} else if (!strcmp(path, "ErrorResponse/Error/Code")) {
		keep(&t->code, text, len);
	} else if (!strcmp(path, "ErrorResponse/Error/Message")) {
		keep(&t->message, text, len);
	}
	return 0;
}

static const char *partition_of(const char *region)
{
	return !strncmp(region, "cn-", 3) ? "amazonaws.com.cn" :
	       "amazonaws.com";
}

/* "https://sts.REGION.amazonaws.com", or what the environment says. */
static char *sts_url(const char *region)
{
	const char *url = aws_env("AWS_ENDPOINT_URL_STS");
	size_t len;

	if (!url)
		url = aws_env("AWS_ENDPOINT_URL");
	if (!url)
		return xstrfmt("https://sts.%s.%s", region,
			       partition_of(region));
	for (len = strlen(url); len && url[len - 1] == '/'; len--)
		;
	return xmemdupz(url, len);
}

static void add_form(struct strbuf *out, const char *name, const char *value)
{
	if (!value)
		return;
	if (out->len)
		strbuf_addch(out, '&');
	strbuf_addf(out, "%s=", name);
	http_escape(out, value, strlen(value), false);
}

static int sign_form(struct http_request *r, const char *base,
		     const char *region, const struct aws_keys *with,
		     const struct strbuf *form, struct strbuf *err)
{
	struct sigv4 s = { region, "sts", time(NULL) };
	struct strbuf sum = STRBUF_INIT;
	struct sigv4_request q = { .method = "POST" };
	const char *host = strstr(base, "://"), *path;
	char *name;
	int ret = digest_memory(&sum, form->buf, form->len, err);

	host = host ? host + 3 : base;
	path = host + strcspn(host, "/");
	name = xmemdupz(host, (size_t)(path - host));
	q.host = name;
	q.path = *path ? path : "/";
	q.headers = &r->headers;
	q.payload = sum.buf;
	if (!ret)
		ret = sigv4_headers(&r->headers, &s, with, &q, err);
	free(name);
	strbuf_release(&sum);
	return ret;
}

/* Why it was refused: by the service's own words, escaped and cut. */
static int sts_refused(const struct sts *t, const struct http_answer *a,
		       const char *arn, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int code = http_status_error(a);

	if (t->message)
		quote_terminal(&why, t->message,
			       MINIMUM(strlen(t->message), REASON_MAX));
	else
		strbuf_addf(&why, "status %d", a->status);
	if (t->code) {
		strbuf_addstr(&why, " (");
		quote_terminal(&why, t->code, MINIMUM(strlen(t->code), 64));
		strbuf_addch(&why, ')');
	}
	code = code == ERR_TRANSIENT || code == ERR_UNREACHABLE ?
	       ERR_UNREACHABLE : ERR_CREDENTIALS;
	fail(err, code, "cannot take on the role '%s': %s", arn, why.buf);
	strbuf_release(&why);
	return code;
}

static int take_answer(struct aws_search *s, struct http_answer *a,
		       const char *arn, struct aws_keys *out,
		       struct strbuf *err)
{
	struct sts t = { NULL };
	struct strbuf why = STRBUF_INIT;
	int ret = xml_walk(a->body.buf, a->body.len, take_element, &t, &why);

	if (a->status != 200) {
		ret = sts_refused(&t, a, arn, err);
	} else if (ret) {
		fail(err, ret, "the token service answers no XML: %s",
		     why.buf);
	} else if (!t.id || !t.secret || !t.token) {
		ret = fail(err, ERR_CONTENT,
			   "the token service answers without keys");
	} else {
		ret = aws_keys_set(out, t.id, t.secret, t.token,
				   "the token service", err);
		if (!ret && t.expires)
			ret = aws_keys_expire(out, t.expires,
					      "the token service", err);
	}
	if (!ret) {
		strbuf_reset(&s->origin);
		strbuf_addf(&s->origin, "the role '%s'", arn);
		s->renewable = true;
	}
	sts_release(&t);
	strbuf_release(&why);
	return ret;
}

/* with: NULL, the form has what it needs. */
static int ask_sts(struct aws_search *s, const struct aws_role *role,
		   const struct aws_keys *with, const struct strbuf *form,
		   struct aws_keys *out, struct strbuf *err)
{
	const char *region = role->region ? role->region : "us-east-1";
	struct http_request r = HTTP_REQUEST_INIT;
	struct http_answer a = HTTP_ANSWER_INIT;
	struct strbuf why = STRBUF_INIT;
	char *base = sts_url(region), *url = xstrfmt("%s/", base);
	int ret = 0;

	r.method = "POST";
	r.url = url;
	r.body = form->buf;
	r.body_len = form->len;
	/* the roles that it hands out are many: one more does no harm */
	r.flags = HTTP_REPEATABLE | HTTP_SECRET_ANSWER;
	strvec_push(&r.headers, FORM);
	if (with)
		ret = sign_form(&r, url, region, with, form, &why);
	if (!ret)
		ret = http_do(s->source->http, &r, &a, &why);
	if (!ret && with && a.status != 200)
		aws_keys_take_out(with, &a.body);
	if (ret)
		fail(err, ret, "cannot ask for the role '%s': %s", role->arn,
		     why.buf);
	else
		ret = take_answer(s, &a, role->arn, out, err);
	explicit_bzero(a.body.buf, a.body.len);
	http_answer_release(&a);
	http_request_release(&r);
	strbuf_release(&why);
	free(url);
	free(base);
	return ret;
}

int aws_assume_role(struct aws_search *s, const struct aws_role *role,
		    const struct aws_keys *with, struct aws_keys *out,
		    struct strbuf *err)
{
	struct strbuf form = STRBUF_INIT;
	int ret;

	add_form(&form, "Action", "AssumeRole");
	add_form(&form, "Version", STS_VERSION);
	add_form(&form, "RoleArn", role->arn);
	add_form(&form, "RoleSessionName",
		 role->session ? role->session : SESSION_NAME);
	add_form(&form, "DurationSeconds", role->duration);
	add_form(&form, "ExternalId", role->external_id);
	ret = ask_sts(s, role, with, &form, out, err);
	secret_release(&form);
	return ret;
}

int aws_assume_web_identity(struct aws_search *s, const struct aws_role *role,
			    const char *token_file, struct aws_keys *out,
			    struct strbuf *err)
{
	struct strbuf form = STRBUF_INIT, token = STRBUF_INIT,
		      why = STRBUF_INIT;
	int ret;

	/* read each time: whoever put it there renews it */
	ret = secret_read_file(&token, token_file, AWS_FILE_MAX, &why);
	if (!ret)
		strbuf_trim(&token);
	if (!ret && (!token.len || token.len > TOKEN_MAX))
		ret = fail(&why, ERR_CONTENT, "'%s' holds no token",
			   token_file);
	if (ret) {
		ret = fail(err, ERR_CREDENTIALS, "cannot take on the role '%s' "
			   "by web identity: %s", role->arn, why.buf);
		goto cleanup;
	}
	strbuf_grow(&form, 3 * token.len + 4096);
	add_form(&form, "Action", "AssumeRoleWithWebIdentity");
	add_form(&form, "Version", STS_VERSION);
	add_form(&form, "RoleArn", role->arn);
	add_form(&form, "RoleSessionName",
		 role->session ? role->session : SESSION_NAME);
	add_form(&form, "DurationSeconds", role->duration);
	add_form(&form, "WebIdentityToken", token.buf);
	ret = ask_sts(s, role, NULL, &form, out, err);

cleanup:
	secret_release(&form);
	secret_release(&token);
	strbuf_release(&why);
	return ret;
}

int aws_from_web_identity(struct aws_search *s, struct aws_keys *out,
			  struct strbuf *err)
{
	const char *file = aws_env("AWS_WEB_IDENTITY_TOKEN_FILE");
	struct aws_role role = { NULL };
	char *region = NULL;
	int ret;

	if (!file)
		return AWS_NOT_HERE;
	role.arn = aws_env("AWS_ROLE_ARN");
	role.session = aws_env("AWS_ROLE_SESSION_NAME");
	if (!role.arn)
		return fail(err, ERR_CREDENTIALS,
			    "AWS_WEB_IDENTITY_TOKEN_FILE is set but "
			    "AWS_ROLE_ARN is not");
	ret = aws_find_region(s->source, &region, err);
	role.region = region;
	if (!ret)
		ret = aws_assume_web_identity(s, &role, file, out, err);
	free(region);
	return ret;
}
