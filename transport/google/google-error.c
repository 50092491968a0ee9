/*
 * What answers of Google say went wrong. There are four kinds: JSON of the
 * APIs, JSON of OAuth, plain text (of what is read as bytes), and pages of HTML
 * of what stands in between. The service's own reason decides, the status only
 * where there is none; its words are repeated, bounded and escaped.
 * Source: cloud.google.com/storage/docs/json_api/v1/status-codes,
 * developers.google.com/drive/api/guides/handle-errors, google.aip.dev/193.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/wrap/json.h"
#include "transport/google/google-error.h"

/* An error is shorter; what is longer is another thing. */
#define ERROR_BODY_MAX (64u << 10)
#define MESSAGE_MAX 300
/* Of a message that says that the bytes were damaged on their way. */
#define DAMAGED "doesn't match calculated"

static const struct {
	const char *reason;
	int ret;
	const char *advice;	/* NULL: none */
} meanings[] = {
	{ "ACCESS_TOKEN_SCOPE_INSUFFICIENT", ERR_CREDENTIALS,
	  "the token has too few scopes, see resutil-google(7)" },
	{ "RATE_LIMIT_EXCEEDED", ERR_TRANSIENT, NULL },
	{ "SERVICE_DISABLED", ERR_CREDENTIALS,
	  "enable this API for the project, see resutil-google(7)" },
	{ "accessNotConfigured", ERR_CREDENTIALS,
	  "enable this API for the project, see resutil-google(7)" },
	{ "accountDisabled", ERR_FAILED, NULL },
	{ "activeItemCreationLimitExceeded", ERR_FAILED, NULL },
	{ "authError", ERR_CREDENTIALS, "get new ones" },
	{ "backendError", ERR_TRANSIENT, NULL },
	{ "conditionNotMet", ERR_CONFLICT, NULL },
	{ "conflict", ERR_CONFLICT, NULL },
	{ "dailyLimitExceeded", ERR_FAILED,
	  "the requests of this day are used up" },
	{ "downloadQuotaExceeded", ERR_FAILED, NULL },
	{ "fileIdInUse", ERR_CONFLICT, NULL },
	{ "forbidden", ERR_CREDENTIALS,
	  "they lack a permission, see resutil-google(7)" },
	{ "insufficientFilePermissions", ERR_CREDENTIALS,
	  "they lack a permission, see resutil-google(7)" },
	{ "insufficientPermissions", ERR_CREDENTIALS,
	  "the token has too few scopes, see resutil-google(7)" },
	{ "internalError", ERR_TRANSIENT, NULL },
	{ "notFound", ERR_NOT_FOUND, NULL },
	{ "numChildrenInNonRootLimitExceeded", ERR_FAILED, NULL },
	{ "quotaExceeded", ERR_FAILED, NULL },
	{ "rateLimitExceeded", ERR_TRANSIENT, NULL },
	{ "requestedRangeNotSatisfiable", ERR_CONTENT, NULL },
	{ "storageQuotaExceeded", ERR_FAILED, NULL },
	{ "teamDriveFileLimitExceeded", ERR_FAILED, NULL },
	{ "uploadBrokenConnection", ERR_TRANSIENT, NULL },
	{ "userProjectMissing", ERR_CREDENTIALS,
	  "who asks is to pay: set 'user_project'" },
	{ "userRateLimitExceeded", ERR_TRANSIENT, NULL },
};

static bool is_reason(const struct google_call *c, const char *reason)
{
	return !strcmp(c->reason, reason);
}

/* ---- reading ------------------------------------------------------------ */

/* A word of these characters, or nothing: it becomes a part of messages. */
static void keep_reason(struct google_call *c, const char *text)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = text ? strlen(text) : 0;

	if (c->reason[0] || !len || len >= sizeof(c->reason) ||
	    text[strspn(text, chars)])
		return;
	memcpy(c->reason, text, len + 1);
}

static bool is_within_letter(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static void keep_message(struct google_call *c, const char *text, size_t len)
{
	bool cut = len > MESSAGE_MAX;

	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	if (cut) {
		len = MINIMUM(len, (size_t)MESSAGE_MAX);
		while (len && is_within_letter(text[len]))
			len--;
	}
	while (len && (isspace((unsigned char)text[len - 1]) ||
		       text[len - 1] == '.'))
		len--;
	quote_terminal(&c->message, text, len);
	if (cut)
		strbuf_addstr(&c->message, "...");
}

static void keep_text(struct google_call *c, const char *text)
{
	if (text && !c->message.len)
		keep_message(c, text, strlen(text));
}

/* {"error": {"message": .., "errors": [{"reason": ..}], "status": ..,
 *  "details": [{"reason": ..}]}} */
static void read_api_error(struct google_call *c, const struct value *error)
{
	const struct value *details = value_map_get(error, "details");
	size_t i;

	keep_text(c, value_get_text(error, "message"));
	keep_text(c, value_get_text(error, "errors.0.message"));
	keep_reason(c, value_get_text(error, "errors.0.reason"));
	if (details && details->type == VALUE_LIST)
		for (i = 0; i < details->u.list.nr; i++)
			keep_reason(c, value_get_text(details->u.list.item[i],
						      "reason"));
	keep_reason(c, value_get_text(error, "status"));
}

static bool read_json_error(struct google_call *c, const struct strbuf *body)
{
	struct value *root = NULL;
	const struct value *error;

	if (json_parse(&root, body->buf, body->len, "answer", NULL))
		return false;
	error = value_map_get(root, "error");
	if (value_text(error)) {
		keep_reason(c, value_text(error));
		keep_text(c, value_get_text(root, "error_description"));
	} else {
		read_api_error(c, error);
	}
	value_free(root);
	return true;
}

void google_error_read(struct google_call *c)
{
	const struct strbuf *body = &c->answer.body;
	const char *at = body->buf + strspn(body->buf, " \t\r\n");

	if (!body->len || body->len > ERROR_BODY_MAX ||
	    read_json_error(c, body))
		return;
	/* Errors of what is read as bytes are said to be HTML, and are text. */
	if (*at && *at != '<' && *at != '{')
		keep_message(c, body->buf, body->len);
}

bool google_error_is_limit(const struct google_call *c)
{
	return c->answer.status == 403 &&
	       (is_reason(c, "rateLimitExceeded") ||
		is_reason(c, "userRateLimitExceeded") ||
		is_reason(c, "RATE_LIMIT_EXCEEDED"));
}

int64_t google_clock_ahead(const struct http_answer *a)
{
	const char *field = http_field(a, "date");
	int64_t date, ahead;

	if (!field || !http_date(&date, field))
		return 0;
	ahead = (int64_t)time(NULL) - date;
	return ahead > GOOGLE_SKEW_MAX || ahead < -GOOGLE_SKEW_MAX ? ahead : 0;
}

/* ---- sentences ---------------------------------------------------------- */

static const char *verb_of(const struct google_call *c)
{
	if (c->what)
		return c->what;
	if (!strcmp(c->method, "GET"))
		return c->about ? "read" : "list";
	if (!strcmp(c->method, "DELETE"))
		return "remove";
	return !strcmp(c->method, "PATCH") ? "change" : "put";
}

int google_fail_call(const struct google_api *api, const struct google_call *c,
		     int code, const char *why, struct strbuf *err)
{
	if (!c->about)
		return fail(err, code, "cannot %s '%s': %s", verb_of(c),
			    api->store, why);
	return fail(err, code, "cannot %s '%s' in '%s': %s", verb_of(c),
		    c->about, api->store, why);
}

static bool is_page(const struct google_call *c)
{
	return c->answer.body.len && !c->message.len && !c->reason[0];
}

static int code_of(const struct google_call *c)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(meanings); i++)
		if (is_reason(c, meanings[i].reason))
			ret = meanings[i].ret;
	/* Nothing of it was taken; it is worth another try. */
	if (c->answer.status == 400 && strstr(c->message.buf, DAMAGED))
		ret = ERR_TRANSIENT;
	if (c->answer.status == 416)
		ret = ERR_CONTENT;
	if (!ret)
		ret = http_status_error(&c->answer);
	/* Somebody else does not know what is there, and the services do not
	 * send anybody elsewhere. */
	if ((is_page(c) || c->answer.status / 100 == 3) &&
	    ret != ERR_TRANSIENT)
		ret = ERR_UNREACHABLE;
	if (ret == ERR_TRANSIENT && c->answer.gave_up)
		ret = ERR_UNREACHABLE;
	return ret;
}

static int fail_page(const struct google_api *api, const struct google_call *c,
		     int code, struct strbuf *err)
{
	const struct strbuf *body = &c->answer.body;
	const char *at = body->buf + strspn(body->buf, " \t\r\n");
	struct strbuf why = STRBUF_INIT;

	http_place(&why, api->root);
	strbuf_addf(&why, " answers with status %d and %s, not as Google "
		    "does; is 'api_root' right, and no proxy in between?",
		    c->answer.status, *at == '<' ? "a web page" :
		    "something that is no answer of an API");
	code = google_fail_call(api, c, code, why.buf, err);
	strbuf_release(&why);
	return code;
}

static void add_redirection(struct strbuf *why, const struct google_call *c)
{
	const char *place = http_field(&c->answer, "location");
	size_t len;

	if (c->answer.status < 300 || c->answer.status >= 400)
		return;
	if (place) {
		/* What stands behind is somebody's session, perhaps. */
		len = strcspn(place, "?#");
		strbuf_addstr(why, "; it redirects to '");
		quote_terminal(why, place, MINIMUM(len, (size_t)MESSAGE_MAX));
		strbuf_addstr(why, "', which is not followed");
	}
	strbuf_addstr(why, "; is 'api_root' right, and no proxy in between?");
}

static void add_reason(struct strbuf *why, const struct google_call *c)
{
	if (c->reason[0])
		strbuf_addstr(why, c->reason);
	else
		strbuf_addf(why, "status %d", c->answer.status);
	if (c->message.len)
		strbuf_addf(why, ": %s", c->message.buf);
	if (c->answer.gave_up)
		strbuf_addf(why, " (tried %u times)", c->answer.tries);
	add_redirection(why, c);
}

/* What decides whether the credentials are to blame: where they came from. */
static bool add_origin(struct strbuf *why, struct google_api *api,
		       const struct google_call *c)
{
	bool anonymous = google_credentials_is_anonymous(api->credentials);
	char *origin;

	if (anonymous)
		strbuf_addstr(why, " (the request was anonymous)");
	if (anonymous || c->no_token)
		return anonymous;
	origin = google_credentials_origin(api->credentials);
	if (origin && *origin)
		strbuf_addf(why, " (with a token of %s)", origin);
	free(origin);
	return false;
}

static void add_advice(struct strbuf *why, const struct google_call *c,
		       int code, bool anonymous)
{
	const char *advice = NULL;
	int64_t ahead = google_clock_ahead(&c->answer);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(meanings); i++)
		if (is_reason(c, meanings[i].reason))
			advice = meanings[i].advice;
	if (code == ERR_CREDENTIALS && anonymous)
		advice = "give credentials, see resutil-google(7)";
	else if (code == ERR_CREDENTIALS && !advice)
		advice = "see resutil-google(7)";
	if (code == ERR_CREDENTIALS && c->answer.status == 401 && ahead)
		strbuf_addf(why, "; the clock of this machine is %" PRId64
			    " seconds %s the service's: set it",
			    ahead < 0 ? -ahead : ahead,
			    ahead < 0 ? "behind" : "ahead of");
	else if (advice)
		strbuf_addf(why, "; %s", advice);
}

int google_fail_answer(struct google_api *api, struct google_call *c,
		       struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT, advice = STRBUF_INIT;
	int ret = code_of(c), said = 0;
	bool anonymous = false;

	if (is_page(c))
		return fail_page(api, c, ret, err);
	if (api->explain && ret != ERR_TRANSIENT)
		said = api->explain(api, c, &advice);
	if (said)
		ret = said;
	if (ret == ERR_NOT_FOUND && c->about && !advice.len) {
		ret = fail(err, ret, "no '%s' in '%s'", c->about, api->store);
		goto cleanup;
	}
	add_reason(&why, c);
	if (ret == ERR_CREDENTIALS)
		anonymous = add_origin(&why, api, c);
	if (advice.len)
		strbuf_addf(&why, "; %s", advice.buf);
	else
		add_advice(&why, c, ret, anonymous);
	ret = google_fail_call(api, c, ret, why.buf, err);

cleanup:
	strbuf_release(&advice);
	strbuf_release(&why);
	return ret;
}

/* ---- successes ---------------------------------------------------------- */

int google_read_json(const struct google_api *api, struct google_call *c,
		     struct strbuf *err)
{
	const struct strbuf *body = &c->answer.body;
	const char *at = body->buf + strspn(body->buf, " \t\r\n");
	struct strbuf why = STRBUF_INIT, plain = STRBUF_INIT;
	int ret;

	if (!*at)
		return 0;
	/* Somebody wants to be logged in to, or paid, before. */
	if (*at == '<')
		return fail_page(api, c, ERR_UNREACHABLE, err);
	ret = json_parse(&c->json, body->buf, body->len, "the answer", &why);
	/* It repeats what it cannot read. */
	if (ret) {
		quote_terminal(&plain, why.buf, why.len);
		ret = google_fail_call(api, c, ret, plain.buf, err);
	}
	strbuf_release(&plain);
	strbuf_release(&why);
	return ret;
}
