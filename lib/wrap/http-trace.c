#include "lib/base/compat.h"
#include "lib/base/hex.h"
#include "lib/base/redact.h"
#include "lib/base/trace.h"
#include "lib/wrap/http-internal.h"

#define REDACTED "<redacted>"
/* Of what a server says to a request that it refuses. */
#define BODY_MAX 1000
/* A shorter value of a secret field may be a word by chance. */
#define SECRET_MIN 8

bool http_trace_wanted(void)
{
	return trace_wanted_in(TRACE_HTTP);
}

unsigned long http_trace_number(struct http *h)
{
	return __atomic_add_fetch(&h->serial, 1, __ATOMIC_RELAXED);
}

/* ---- what is secret ----------------------------------------------------- */

static bool is_in(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcasecmp(*names, name))
			return true;
	return false;
}

static bool is_secret_field(const char *name)
{
	static const char *const names[] = {
		"authorization", "proxy-authorization", "cookie", "set-cookie",
		"x-amz-security-token", "x-aws-ec2-metadata-token",
		"x-amz-server-side-encryption-customer-key",
		"x-amz-copy-source-server-side-encryption-customer-key",
		"x-guploader-uploadid", NULL
	};

	return is_in(names, name) || redact_is_secret_name(name);
}

static bool is_secret_parameter(const char *name)
{
	static const char *const names[] = {
		"x-amz-signature", "x-amz-credential", "x-amz-security-token",
		"signature", "sig", "awsaccesskeyid", "access_token",
		"webidentitytoken", "upload_token", "upload_id",
		"x-goog-signature", NULL
	};

	return is_in(names, name) || redact_is_secret_name(name);
}

/* A name in a query, without its %XX. */
static void decode(struct strbuf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		int c = (unsigned char)text[i];

		if (c == '%' && len - i > 2 && hex_digit(text[i + 1]) >= 0 &&
		    hex_digit(text[i + 2]) >= 0) {
			c = hex_digit(text[i + 1]) * 16 +
			    hex_digit(text[i + 2]);
			i += 2;
		}
		strbuf_addch(out, c);
	}
}

/* "name=value" of a query. */
static void add_parameter(struct strbuf *out, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	struct strbuf name = STRBUF_INIT;

	decode(&name, text, equals ? (size_t)(equals - text) : len);
	if (equals && is_secret_parameter(name.buf)) {
		strbuf_add(out, text, (size_t)(equals + 1 - text));
		strbuf_addstr(out, REDACTED);
	} else {
		strbuf_add(out, text, len);
	}
	strbuf_release(&name);
}

void http_trace_url(struct strbuf *out, const char *url, bool secret_query)
{
	const char *host = strstr(url, "://"), *query = strchr(url, '?');
	size_t len;

	http_place(out, url);
	host = host ? host + 3 : url;
	host += strcspn(host, "/?#");
	strbuf_add(out, host, query && query >= host ? (size_t)(query - host) :
						       strlen(host));
	if (!query || query < host)
		return;
	strbuf_addch(out, '?');
	if (secret_query) {
		strbuf_addstr(out, REDACTED);
		return;
	}
	for (query++; *query; query += len) {
		len = strcspn(query, "&");
		add_parameter(out, query, len);
		if (query[len]) {
			strbuf_addch(out, '&');
			len++;
		}
	}
}

void http_trace_field(struct strbuf *out, const char *field)
{
	const char *colon = strchr(field, ':');
	struct strbuf name = STRBUF_INIT;

	if (!colon) {
		strbuf_addstr(out, field);
		return;
	}
	strbuf_add(&name, field, (size_t)(colon - field));
	if (is_secret_field(name.buf)) {
		strbuf_addf(out, "%s: " REDACTED, name.buf);
	} else if (!strcasecmp(name.buf, "location")) {
		strbuf_addf(out, "%s: ", name.buf);
		http_trace_url(out, colon + 1 + strspn(colon + 1, " "), false);
	} else {
		strbuf_addstr(out, field);
	}
	strbuf_release(&name);
}

void http_trace_without(struct strbuf *text, const char *field)
{
	const char *colon = strchr(field, ':'), *value, *at;
	struct strbuf name = STRBUF_INIT;
	size_t len;

	if (!colon)
		return;
	strbuf_add(&name, field, (size_t)(colon - field));
	value = colon + 1 + strspn(colon + 1, " ");
	/* The scheme says nothing, and is not repeated with it. */
	if (!strncmp(value, "Bearer ", 7))
		value += 7;
	len = strlen(value);
	while (is_secret_field(name.buf) && len >= SECRET_MIN &&
	       (at = memmem(text->buf, text->len, value, len)))
		strbuf_splice(text, (size_t)(at - text->buf), len, REDACTED,
			      strlen(REDACTED));
	strbuf_release(&name);
}

/* ---- lines -------------------------------------------------------------- */

static void trace_field(unsigned long nr, char mark, const char *field)
{
	struct strbuf text = STRBUF_INIT;

	http_trace_field(&text, field);
	trace_http("#%lu %c %s", nr, mark, text.buf);
	strbuf_release(&text);
}

void http_trace_request(unsigned long nr, const struct http_request *r)
{
	struct strbuf url = STRBUF_INIT;
	size_t i;

	http_trace_url(&url, r->url, r->flags & HTTP_SECRET_QUERY);
	if (r->read && r->body_size == UINT64_MAX)
		trace_http("#%lu > %s %s, in chunks", nr, r->method, url.buf);
	else if (r->read || r->body_len)
		trace_http("#%lu > %s %s, %" PRIu64 " bytes", nr, r->method,
			   url.buf, r->read ? r->body_size :
					      (uint64_t)r->body_len);
	else
		trace_http("#%lu > %s %s", nr, r->method, url.buf);
	for (i = 0; i < r->headers.nr; i++)
		trace_field(nr, '>', r->headers.v[i]);
	strbuf_release(&url);
}

/*
 * A store that finds a signature wrong sends back what it signed itself, tokens
 * included.
 */
static size_t harmless_part(const struct strbuf *body)
{
	static const char *const secret[] = {
		"<AWSAccessKeyId", "<StringToSign", "<SignatureProvided",
		"<CanonicalRequest"
	};
	size_t len = MINIMUM(body->len, BODY_MAX), i;

	for (i = 0; i < ARRAY_SIZE(secret); i++) {
		const char *at = strstr(body->buf, secret[i]);

		if (at)
			len = MINIMUM(len, (size_t)(at - body->buf));
	}
	return len;
}

/* Others say in a message what they were sent. */
static void trace_body(unsigned long nr, const struct http_request *r,
		       const struct http_answer *a)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	/* all of it, so that none is cut and not found */
	strbuf_addbuf(&text, &a->body);
	for (i = 0; i < r->headers.nr; i++)
		http_trace_without(&text, r->headers.v[i]);
	trace_http("#%lu < %.*s", nr, (int)harmless_part(&text), text.buf);
	strbuf_release(&text);
}

void http_trace_answer(unsigned long nr, const struct call *call,
		       const struct http_answer *a, uint64_t began)
{
	const struct http_curl *curl = call->http->curl;
	bool secret = call->r->flags & HTTP_SECRET_ANSWER;
	double ms = (double)(http_now() - began) / 1e6;
	long port = 0, new_connections = 0;
	size_t i;

	curl->easy_getinfo(call->easy, CURLINFO_LOCAL_PORT, &port);
	curl->easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS,
			   &new_connections);
	trace_http("#%lu < %d HTTP/%d.%d after %.3f ms, from port %ld%s", nr,
		   a->status, a->version / 10, a->version % 10, ms, port,
		   new_connections ? " (connected)" : "");
	if (secret)
		return;
	for (i = 0; i < a->fields.nr; i++)
		trace_field(nr, '<', a->fields.v[i]);
	if (a->status >= 300 && a->body.len)
		trace_body(nr, call->r, a);
}

void http_trace_failure(unsigned long nr, const char *why)
{
	trace_http("#%lu ! %s", nr, why);
}
