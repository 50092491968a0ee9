/*
 * Keys that the machine hands out: to a container (ECS, EKS), to an instance
 * (EC2, IMDSv2 only: what answers without a token may be somebody else's
 * request that was bent). Only where this cannot be anybody's but the
 * machine's own service is plain HTTP spoken.
 * Source: AWS SDKs and Tools Reference Guide, "Container credential provider",
 * "IMDS credential provider".
 */
#include "lib/base/compat.h"
#include "transport/aws/aws-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/http.h"

#define CONTAINER_HOST "http://169.254.170.2"
#define INSTANCE_HOST "http://169.254.169.254"
#define INSTANCE_HOST_6 "http://[fd00:ec2::254]"
#define INSTANCE_ROLES "/latest/meta-data/iam/security-credentials/"
#define TOKEN_SECONDS "21600"
#define TOKEN_MAX 16384
#define ROLE_MAX 256

/* One request to such a service; the answer's status is in a. */
static int ask(struct aws_search *s, const char *method, const char *url,
	       const char *header, unsigned flags, struct http_answer *a,
	       struct strbuf *err)
{
	struct http_request r = HTTP_REQUEST_INIT;
	int ret;

	r.method = method;
	r.url = url;
	r.flags = HTTP_REPEATABLE | HTTP_SECRET_ANSWER | flags;
	strvec_push(&r.headers, "Accept: application/json");
	if (header)
		strvec_push(&r.headers, header);
	ret = http_do(s->source->http, &r, a, err);
	if (!ret && a->body.len > AWS_ANSWER_MAX)
		ret = fail(err, ERR_CONTENT, "'%s' answers more than %u bytes",
			   url, AWS_ANSWER_MAX);
	http_request_release(&r);
	return ret;
}

static void answer_release(struct http_answer *a)
{
	explicit_bzero(a->body.buf, a->body.len);
	http_answer_release(a);
}

/* Printable, on one line: it goes into a header field or a URL. */
static bool is_token(const char *text, size_t max)
{
	const char *p;

	for (p = text; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return p > text && (size_t)(p - text) <= max;
}

/*
 * The host of a URL in lower case without brackets and port; false: user info,
 * or no host.
 */
static bool host_of(const char *url, struct strbuf *host)
{
	const char *p = strstr(url, "://"), *end;

	if (!p)
		return false;
	p += 3;
	end = p + strcspn(p, "/?#");
	if (p == end || memchr(p, '@', (size_t)(end - p)) ||
	    memchr(p, '\\', (size_t)(end - p)))
		return false;
	if (*p == '[') {
		const char *close = memchr(p, ']', (size_t)(end - p));

		if (!close)
			return false;
		for (p++; p < close; p++)
			strbuf_addch(host, tolower((unsigned char)*p));
		return true;
	}
	for (; p < end && *p != ':'; p++)
		strbuf_addch(host, tolower((unsigned char)*p));
	return host->len > 0;
}

/* 127.0.0.0/8, written with four numbers. */
static bool is_loopback_4(const char *host)
{
	unsigned a, b, c, d;
	char rest;

	return sscanf(host, "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &rest) == 4 &&
	       a == 127 && b < 256 && c < 256 && d < 256;
}

bool aws_is_near(const char *url)
{
	static const char *const near[] = { "localhost", "::1",
					    "169.254.170.2", "169.254.170.23",
					    "fd00:ec2::23" };
	struct strbuf host = STRBUF_INIT;
	bool is = false;
	size_t i;

	if (host_of(url, &host)) {
		is = is_loopback_4(host.buf);
		for (i = 0; !is && i < ARRAY_SIZE(near); i++)
			is = !strcmp(host.buf, near[i]);
	}
	strbuf_release(&host);
	return is;
}

/* Where the container's keys are; NULL: it has none. */
static char *container_url(struct strbuf *err, int *ret)
{
	const char *full = aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	const char *relative =
		aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");

	*ret = 0;
	if (relative) {
		if (*relative == '/' && is_token(relative, 2048))
			return xstrfmt(CONTAINER_HOST "%s", relative);
		*ret = fail(err, ERR_CREDENTIALS,
			    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not "
			    "begin with '/'");
		return NULL;
	}
	if (!full)
		return NULL;
	if (is_token(full, 2048) &&
	    (!strncmp(full, "https://", 8) ||
	     (!strncmp(full, "http://", 7) && aws_is_near(full))))
		return xstrdup(full);
	*ret = fail(err, ERR_CREDENTIALS,
		    "AWS_CONTAINER_CREDENTIALS_FULL_URI names a place that is "
		    "not asked for keys: https://, or http:// on this machine");
	return NULL;
}

/* "Authorization: ..." or "" */
static int container_header(struct strbuf *out, struct strbuf *err)
{
	const char *path = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	int ret = 0;

	if (path) {
		ret = secret_read_file(&text, path, AWS_FILE_MAX, &why);
		if (ret) {
			fail(err, ERR_CREDENTIALS, "cannot read what "
			     "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names: %s",
			     why.buf);
			ret = ERR_CREDENTIALS;
			goto cleanup;
		}
		strbuf_trim(&text);
		token = text.buf;
	}
	if (!token)
		goto cleanup;
	/* "Bearer x" has a blank in it, a line end has no place */
	if (strpbrk(token, "\r\n") || strlen(token) > TOKEN_MAX) {
		ret = fail(err, ERR_CREDENTIALS, "the authorization token of "
			   "the container is none: a line end is in it, or it "
			   "is too long");
		goto cleanup;
	}
	strbuf_addf(out, "Authorization: %s", token);

cleanup:
	secret_release(&text);
	strbuf_release(&why);
	return ret;
}

static int refused(const char *who, const struct http_answer *a,
		   struct strbuf *err)
{
	return fail(err, a->status == 429 || a->status >= 500 ?
		    ERR_UNREACHABLE : ERR_CREDENTIALS,
		    "%s gives no keys: it answers with status %d", who,
		    a->status);
}

int aws_from_container(struct aws_search *s, struct aws_keys *out,
		       struct strbuf *err)
{
	static const char who[] = "the container's credentials service";
	struct http_answer a = HTTP_ANSWER_INIT;
	struct strbuf header = STRBUF_INIT, why = STRBUF_INIT;
	char *url;
	int ret;

	url = container_url(err, &ret);
	if (!url)
		return ret ? ret : AWS_NOT_HERE;
	ret = container_header(&header, err);
	if (ret)
		goto cleanup;
	ret = ask(s, "GET", url, header.len ? header.buf : NULL,
		  aws_is_near(url) ? HTTP_LOCAL_LINK : 0, &a, &why);
	if (ret) {
		fail(err, ret, "cannot ask %s: %s", who, why.buf);
		goto cleanup;
	}
	if (a.status != 200) {
		ret = refused(who, &a, err);
		goto cleanup;
	}
	ret = aws_keys_from_json(out, &a.body, "Token", who, err);
	if (ret)
		goto cleanup;
	strbuf_addstr(&s->origin, who);
	s->renewable = true;

cleanup:
	answer_release(&a);
	secret_release(&header);
	strbuf_release(&why);
	free(url);
	return ret;
}

static char *instance_host(void)
{
	const char *host = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	size_t len;

	if (!host)
		host = mode && !strcasecmp(mode, "IPv6") ? INSTANCE_HOST_6 :
		       INSTANCE_HOST;
	for (len = strlen(host); len && host[len - 1] == '/'; len--)
		;
	return xmemdupz(host, len);
}

/* The first role that the instance has; its name is added to `url`. */
static int instance_role(struct aws_search *s, struct strbuf *url,
			 const char *token, struct strbuf *err)
{
	struct http_answer a = HTTP_ANSWER_INIT;
	int ret;

	ret = ask(s, "GET", url->buf, token, HTTP_LOCAL_LINK, &a, err);
	if (ret)
		goto cleanup;
	if (a.status != 200) {
		ret = fail(err, ERR_NOT_FOUND, "the instance has no role");
		goto cleanup;
	}
	strbuf_setlen(&a.body, strcspn(a.body.buf, "\n"));
	strbuf_trim(&a.body);
	if (!is_token(a.body.buf, ROLE_MAX)) {
		ret = fail(err, ERR_CONTENT,
			   "the name of the instance's role is none");
		goto cleanup;
	}
	http_escape(url, a.body.buf, a.body.len, false);

cleanup:
	answer_release(&a);
	return ret;
}

static int instance_token(struct aws_search *s, const char *host,
			  struct strbuf *header, struct strbuf *err)
{
	struct http_answer a = HTTP_ANSWER_INIT;
	char *url = xstrfmt("%s/latest/api/token", host);
	int ret;

	ret = ask(s, "PUT", url,
		  "x-aws-ec2-metadata-token-ttl-seconds: " TOKEN_SECONDS,
		  HTTP_LOCAL_LINK, &a, err);
	if (!ret && (a.status != 200 || !is_token(a.body.buf, TOKEN_MAX)))
		ret = fail(err, ERR_NOT_FOUND, "no instance of EC2 answers");
	if (!ret)
		strbuf_addf(header, "x-aws-ec2-metadata-token: %s",
			    a.body.buf);
	answer_release(&a);
	free(url);
	return ret;
}

static int instance_keys(struct aws_search *s, const char *host,
			 struct aws_keys *out, struct strbuf *err)
{
	static const char who[] = "the instance's metadata service";
	struct strbuf url = STRBUF_INIT, header = STRBUF_INIT;
	struct http_answer a = HTTP_ANSWER_INIT;
	int ret;

	ret = instance_token(s, host, &header, err);
	if (ret)
		goto cleanup;
	strbuf_addf(&url, "%s" INSTANCE_ROLES, host);
	ret = instance_role(s, &url, header.buf, err);
	if (ret)
		goto cleanup;
	ret = ask(s, "GET", url.buf, header.buf, HTTP_LOCAL_LINK, &a, err);
	if (!ret && a.status != 200)
		ret = refused(who, &a, err);
	if (!ret)
		ret = aws_keys_from_json(out, &a.body, "Token", who, err);
	if (ret)
		goto cleanup;
	strbuf_addf(&s->origin, "the role of this instance, '%s'",
		    strrchr(url.buf, '/') + 1);
	s->renewable = true;

cleanup:
	answer_release(&a);
	secret_release(&header);
	strbuf_release(&url);
	return ret;
}

/*
 * The last place: most machines are no instances, and something else answers
 * there, or nobody. That is not why there are no keys.
 */
int aws_from_instance(struct aws_search *s, struct aws_keys *out,
		      struct strbuf *err UNUSED)
{
	const char *off = aws_env("AWS_EC2_METADATA_DISABLED");
	struct strbuf why = STRBUF_INIT;
	char *host;
	int ret;

	if (off && !strcasecmp(off, "true")) {
		aws_looked(s, "AWS_EC2_METADATA_DISABLED is true");
		return AWS_NOT_HERE;
	}
	host = instance_host();
	ret = instance_keys(s, host, out, &why);
	if (ret) {
		aws_looked(s, "no keys of an instance at '%s' (%s)", host,
			   why.buf);
		ret = AWS_NOT_HERE;
	}
	free(host);
	strbuf_release(&why);
	return ret;
}
