/*
 * What answers of S3 say went wrong. The service's own code decides, the status
 * only where there is none; its words are repeated, bounded and escaped.
 * Source: Amazon S3 API Reference, "Error responses".
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "transport/s3/s3-error.h"

/* An error is shorter; what is longer is another thing. */
#define ERROR_BODY_MAX (64u << 10)
/* A body of these many bytes says what it is. */
#define BEGINNING 512

static const struct {
	const char *code;
	int ret;
} meanings[] = {
	{ "AccessDenied", ERR_CREDENTIALS },
	{ "AuthorizationHeaderMalformed", ERR_CREDENTIALS },
	{ "BadDigest", ERR_TRANSIENT },
	{ "BucketAlreadyExists", ERR_CONFLICT },
	{ "ConditionalRequestConflict", ERR_TRANSIENT },
	{ "ExpiredToken", ERR_CREDENTIALS },
	{ "IncompleteBody", ERR_TRANSIENT },
	{ "InternalError", ERR_TRANSIENT },
	{ "InvalidAccessKeyId", ERR_CREDENTIALS },
	{ "InvalidObjectState", ERR_FAILED },	/* archived */
	{ "InvalidRange", ERR_CONTENT },
	{ "InvalidToken", ERR_CREDENTIALS },
	{ "MissingSecurityHeader", ERR_CREDENTIALS },
	{ "NoSuchBucket", ERR_UNREACHABLE },
	{ "NoSuchKey", ERR_NOT_FOUND },
	{ "NoSuchUpload", ERR_NOT_FOUND },
	{ "NotFound", ERR_NOT_FOUND },
	{ "OperationAborted", ERR_TRANSIENT },
	{ "PreconditionFailed", ERR_CONFLICT },
	{ "QuotaExceeded", ERR_FAILED },
	{ "RequestTimeTooSkewed", ERR_CREDENTIALS },
	{ "RequestTimeout", ERR_TRANSIENT },
	{ "ServiceUnavailable", ERR_TRANSIENT },
	{ "SignatureDoesNotMatch", ERR_CREDENTIALS },
	{ "SlowDown", ERR_TRANSIENT },
	{ "TokenRefreshRequired", ERR_CREDENTIALS },
	{ "XAmzContentSHA256Mismatch", ERR_TRANSIENT },
};

/* ---- reading ------------------------------------------------------------ */

void s3_error_release(struct s3_error *e)
{
	strbuf_release(&e->message);
	strbuf_release(&e->unread);
}

/* A word of these characters, or nothing: it becomes a part of host names and
 * of messages. */
static void keep_word(char *out, size_t room, const char *text, size_t len,
		      const char *chars)
{
	if (!len || len >= room || strspn(text, chars) < len)
		return;
	memcpy(out, text, len);
	out[len] = '\0';
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static void keep_region(struct s3_error *e, const char *text)
{
	keep_word(e->region, sizeof(e->region), text, strlen(text),
		  LOWER DIGITS "-");
}

static int read_element(const char *path, const char *text, size_t len,
			void *data, struct strbuf *err UNUSED)
{
	struct s3_error *e = data;

	if (!strcmp(path, "Error/Code"))
		keep_word(e->code, sizeof(e->code), text, len,
			  LOWER UPPER DIGITS ".-_");
	else if (!strcmp(path, "Error/Message") && !e->message.len)
		strbuf_add(&e->message, text,
			   MINIMUM(len, (size_t)S3_MESSAGE_MAX));
	else if (!strcmp(path, "Error/Region") && !e->region[0])
		keep_region(e, text);
	return 0;
}

/* A success may turn out to be none while it is under way (a copy). */
static bool holds_error(const struct http_answer *a)
{
	size_t len = MINIMUM(a->body.len, (size_t)BEGINNING);

	return len && memmem(a->body.buf, len, "<Error", 6);
}

/* False: it is something else. */
static bool read_body(struct s3_error *e, const struct strbuf *body)
{
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	if (!body->len)
		return true;
	if (body->len <= ERROR_BODY_MAX)
		ret = xml_walk(body->buf, body->len, read_element, e, &why);
	/* Not the fault of the body. */
	if (ret == ERR_FAILED)
		strbuf_addbuf(&e->unread, &why);
	strbuf_release(&why);
	return (!ret && e->code[0]) || e->unread.len;
}

bool s3_error_read(struct s3_error *e, const struct s3_call *c)
{
	const struct http_answer *a = &c->answer;
	bool success = (a->status >= 200 && a->status < 300) ||
		       a->status == 304;
	const char *field;

	if (success && (c->write || !holds_error(a)))
		return false;
	e->is_page = !read_body(e, &a->body);
	if (success && !e->code[0])
		return false;
	field = http_field(a, "x-amz-bucket-region");
	if (field)
		keep_region(e, field);
	field = http_field(a, "date");
	if (field && !http_date(&e->date, field))
		e->date = 0;
	return true;
}

static bool is_code(const struct s3_error *e, const char *code)
{
	return !strcmp(e->code, code);
}

bool s3_error_is_expired(const struct s3_error *e)
{
	return is_code(e, "ExpiredToken") || is_code(e, "RequestExpired") ||
	       is_code(e, "ExpiredTokenException") ||
	       is_code(e, "TokenRefreshRequired");
}

bool s3_error_is_skew(const struct s3_error *e)
{
	return is_code(e, "RequestTimeTooSkewed");
}

/* ---- sentences ---------------------------------------------------------- */

static const char *verb_of(const struct s3_call *c)
{
	if (c->what)
		return c->what;
	if (!strcmp(c->method, "HEAD"))
		return "look at";
	if (!strcmp(c->method, "GET"))
		return c->key ? "read" : "list";
	return !strcmp(c->method, "DELETE") ? "remove" : "put";
}

int s3_fail_call(const struct s3_store *s, const struct s3_call *c, int code,
		 const char *why, struct strbuf *err)
{
	if (!c->key)
		return fail(err, code, "cannot %s '%s': %s", verb_of(c),
			    s->base.url, why);
	return fail(err, code, "cannot %s '%s' in '%s': %s", verb_of(c),
		    c->key, s->base.url, why);
}

static int code_of(const struct s3_call *c, const struct s3_error *e)
{
	const struct http_answer *a = &c->answer;
	int ret = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(meanings); i++)
		if (is_code(e, meanings[i].code))
			ret = meanings[i].ret;
	if (!ret && s3_error_is_expired(e))
		ret = ERR_CREDENTIALS;
	if (!ret && a->status >= 200 && a->status < 300)
		ret = ERR_FAILED;
	if (!ret)
		ret = http_status_error(a);
	if (ret == ERR_TRANSIENT && a->gave_up)
		ret = ERR_UNREACHABLE;
	return ret;
}

static void add_endpoint(struct strbuf *out, struct s3_store *s)
{
	char *region = s3_region(s, NULL);
	struct strbuf host = STRBUF_INIT, path = STRBUF_INIT;

	s3_address(s, region, NULL, &host, &path);
	strbuf_addf(out, "%s://%s%s", s->scheme, host.buf, s->base_path);
	strbuf_release(&host);
	strbuf_release(&path);
	free(region);
}

static int fail_page(struct s3_store *s, const struct s3_call *c, int code,
		     struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	const char *type = http_field(&c->answer, "content-type");
	bool html = type && !strncmp(type, "text/html", 9);

	add_endpoint(&why, s);
	strbuf_addf(&why, " answers with status %d and %s, not as S3 does; "
		    "is 'endpoint_url' right, and no proxy in between?",
		    c->answer.status, html ? "a web page" :
					     "something that is no S3 error");
	code = s3_fail_call(s, c, code, why.buf, err);
	strbuf_release(&why);
	return code;
}

static int fail_no_bucket(struct s3_store *s, struct strbuf *err)
{
	struct strbuf at = STRBUF_INIT;
	int ret;

	add_endpoint(&at, s);
	ret = fail(err, ERR_UNREACHABLE, "no bucket '%s' at '%s'; make it, or "
		   "correct 'bucket_name' or 'endpoint_url'", s->bucket,
		   at.buf);
	strbuf_release(&at);
	return ret;
}

static int fail_skew(struct s3_store *s, const struct s3_call *c,
		     const struct s3_error *e, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int64_t ahead = e->date ? (int64_t)time(NULL) - e->date : 0;
	int ret;

	strbuf_addstr(&why, "the service refuses the time of the request");
	if (ahead)
		strbuf_addf(&why, ": the clock of this machine is %" PRId64
			    " seconds %s the service's",
			    ahead < 0 ? -ahead : ahead,
			    ahead < 0 ? "behind" : "ahead of");
	strbuf_addstr(&why, "; set the clock");
	ret = s3_fail_call(s, c, ERR_CREDENTIALS, why.buf, err);
	strbuf_release(&why);
	return ret;
}

/* What decides whether the keys are to blame: where they came from. */
static void add_origin(struct strbuf *why, struct s3_store *s, bool anonymous)
{
	if (anonymous)
		strbuf_addstr(why, " (the request was not signed)");
	else
		strbuf_addf(why, " (signed with keys of %s)",
			    aws_credentials_origin(s->credentials));
}

/* What to do about a refusal. */
static void add_advice(struct strbuf *why, const struct s3_error *e,
		       bool anonymous)
{
	static const struct {
		const char *code, *advice;
	} known[] = {
		{ "AccessDenied", "they lack a permission, see resutil-s3(7)" },
		{ "ExpiredToken", "get new ones" },
		{ "InvalidAccessKeyId", "are they of this service?" },
		{ "InvalidToken", "get new ones" },
		{ "SignatureDoesNotMatch",
		  "is the secret whole, and of this service?" },
	};
	const char *advice = "see resutil-s3(7)";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (is_code(e, known[i].code))
			advice = known[i].advice;
	strbuf_addf(why, "; %s", anonymous ?
		    "give credentials, see resutil-s3(7)" : advice);
}

static void add_reason(struct strbuf *why, const struct s3_call *c,
		       const struct s3_error *e)
{
	const char *place = http_field(&c->answer, "location");

	if (e->code[0])
		strbuf_addstr(why, e->code);
	else
		strbuf_addf(why, "status %d", c->answer.status);
	if (e->message.len) {
		strbuf_addstr(why, ": ");
		quote_terminal(why, e->message.buf, e->message.len);
	}
	if (c->answer.gave_up)
		strbuf_addf(why, " (tried %u times)", c->answer.tries);
	if (c->answer.status < 300 || c->answer.status >= 400)
		return;
	if (place) {
		strbuf_addstr(why, "; it redirects to '");
		quote_terminal(why, place, strcspn(place, "?"));
		strbuf_addstr(why, "', which is not followed");
	}
	strbuf_addf(why, "%s correct 'endpoint_url' or 'region'",
		    place ? ":" : ";");
}

int s3_fail_answer(struct s3_store *s, const struct s3_call *c,
		   const struct s3_error *e, bool anonymous,
		   struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = code_of(c, e);

	if (e->unread.len)
		return s3_fail_call(s, c, ERR_FAILED, e->unread.buf, err);
	if (is_code(e, "NoSuchBucket") ||
	    (!c->key && ret == ERR_NOT_FOUND && !e->is_page))
		return fail_no_bucket(s, err);
	if (s3_error_is_skew(e))
		return fail_skew(s, c, e, err);
	/* A web server that knows no such page has not looked for the key. */
	if (e->is_page)
		return fail_page(s, c, ret == ERR_NOT_FOUND ? ERR_UNREACHABLE :
				 ret, err);
	if (ret == ERR_NOT_FOUND && !is_code(e, "NoSuchUpload"))
		return fail(err, ret, "no '%s' in '%s'", c->key, s->base.url);
	add_reason(&why, c, e);
	if (ret == ERR_CREDENTIALS) {
		add_origin(&why, s, anonymous);
		add_advice(&why, e, anonymous);
	}
	ret = s3_fail_call(s, c, ret, why.buf, err);
	strbuf_release(&why);
	return ret;
}

int s3_walk(struct s3_store *s, const struct s3_call *c, xml_element_fn fn,
	    void *data, struct strbuf *err)
{
	const char *type = http_field(&c->answer, "content-type");
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (type && !strncmp(type, "text/html", 9))
		return fail_page(s, c, ERR_UNREACHABLE, err);
	ret = xml_walk(c->answer.body.buf, c->answer.body.len, fn, data, &why);
	if (ret)
		ret = s3_fail_call(s, c, ret, why.buf, err);
	strbuf_release(&why);
	return ret;
}
