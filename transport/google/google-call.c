/*
 * One request with a token. What the answer says is wrong is read by
 * google-error.c; here it is mended where that can be done: a token that is
 * refused is renewed, and a limit of rates is waited for. Such a request was
 * refused as a whole, so it is sent again whatever it is.
 */
#include "lib/base/compat.h"
#include "lib/base/again.h"
#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/secret.h"
#include "lib/base/trace.h"
#include "lib/wrap/gzip.h"
#include "transport/google/google-call.h"
#include "transport/google/google-error.h"

#define AUTHORIZATION "Authorization: "
/* Longer than that a server is not waited for, as in lib/wrap/http.h. */
#define WAIT_MAX 120
/* As often as google-auth does (DEFAULT_MAX_REFRESH_ATTEMPTS). */
#define RENEWALS_MAX 2

/* A call while it is made. */
struct sending {
	struct google_api *api;
	struct google_call *call;
	struct strbuf url;
	struct strbuf bearer;		/* of the latest try */
	bool token;			/* the URL may see one */
	int renewals;
};

static void wipe_headers(struct strvec *headers)
{
	size_t i;

	for (i = 0; i < headers->nr; i++)
		if (!strncmp(headers->v[i], AUTHORIZATION,
			     sizeof(AUTHORIZATION) - 1))
			explicit_bzero((char *)headers->v[i],
				       strlen(headers->v[i]));
	strvec_clear(headers);
}

static void forget_answer(struct google_call *c)
{
	http_answer_release(&c->answer);
	c->answer = (struct http_answer)HTTP_ANSWER_INIT;
	value_free(c->json);
	c->json = NULL;
	c->reason[0] = '\0';
	strbuf_reset(&c->message);
}

void google_call_release(struct google_call *c)
{
	forget_answer(c);
	strvec_release(&c->query);
	strvec_release(&c->headers);
	strbuf_release(&c->message);
}

/* ---- addresses ---------------------------------------------------------- */

static bool is_absolute(const char *path)
{
	return *path != '/';
}

static void add_query(struct strbuf *url, const struct strvec *query)
{
	size_t i, name;

	for (i = 0; i < query->nr; i++) {
		const char *text = query->v[i];

		strbuf_addch(url, strchr(url->buf, '?') ? '&' : '?');
		name = strcspn(text, "=");
		http_escape(url, text, name, false);
		strbuf_addch(url, '=');
		if (text[name])
			http_escape(url, text + name + 1,
				    strlen(text + name + 1), false);
	}
}

/*
 * Whoever answers a request may name another address for the next one, and a
 * token is for Google's own alone.
 */
static bool may_see_token(const struct sending *x)
{
	static const char https[] = "https://";
	struct strbuf place = STRBUF_INIT, root = STRBUF_INIT;
	bool may;

	if (x->call->no_token)
		return false;
	if (!is_absolute(x->call->path))
		return true;
	http_place(&place, x->call->path);
	http_place(&root, x->api->root);
	may = !strcmp(place.buf, root.buf) ||
	      (!strncmp(place.buf, https, sizeof(https) - 1) &&
	       google_host_is_own(place.buf + sizeof(https) - 1));
	strbuf_release(&place);
	strbuf_release(&root);
	return may;
}

/* ---- secrets ------------------------------------------------------------ */

/* Some refusals repeat what was sent: the token, the URL of a session. */
static void take_secrets_out(const struct sending *x, struct strbuf *text)
{
	static const char id[] = "upload_id=";
	const char *token = strchr(x->bearer.buf, ' '), *query, *at;
	struct strbuf secret = STRBUF_INIT;

	if (token)
		secret_take_out(text, token + 1);
	if (!(x->call->flags & HTTP_SECRET_QUERY))
		return;
	query = strchr(x->call->path, '?');
	at = query ? strstr(query, id) : NULL;
	if (at) {
		at += sizeof(id) - 1;
		strbuf_add(&secret, at, strcspn(at, "&"));
		secret_take_out(text, secret.buf);
	}
	secret_take_out(text, query ? query + 1 : x->call->path);
	secret_release(&secret);
}

/* ---- sending ------------------------------------------------------------ */

static bool names_payer(const struct google_call *c)
{
	size_t i;

	for (i = 0; i < c->query.nr; i++)
		if (!strncmp(c->query.v[i], "userProject=", 12))
			return true;
	return false;
}

/* Each try has its own: while a request is tried again a token may expire. */
static int add_token(struct http_request *r, void *data, struct strbuf *err)
{
	struct sending *x = data;
	struct google_credentials *credentials = x->api->credentials;
	char *project;
	int ret;

	wipe_headers(&r->headers);
	strvec_pushv(&r->headers, x->call->headers.v);
	if (!x->token)
		return 0;
	secret_reset(&x->bearer);
	ret = google_credentials_get(credentials, &x->bearer, err);
	if (ret || !x->bearer.len)
		return ret;
	strvec_pushf(&r->headers, AUTHORIZATION "%s", x->bearer.buf);
	project = names_payer(x->call) ? NULL :
		google_credentials_quota_project(credentials);
	if (project)
		strvec_pushf(&r->headers, "x-goog-user-project: %s", project);
	free(project);
	return 0;
}

static int send_once(struct sending *x, struct strbuf *err)
{
	struct google_call *c = x->call;
	struct http_request r = HTTP_REQUEST_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret;

	forget_answer(c);
	r.method = c->method;
	r.url = x->url.buf;
	r.flags = c->flags;
	if (!strcmp(c->method, "GET") || !strcmp(c->method, "HEAD"))
		r.flags |= HTTP_REPEATABLE;
	r.body = c->body;
	r.body_len = c->body_len;
	r.prepare = add_token;
	r.prepare_data = x;
	r.head = c->head;
	r.write = c->write;
	r.data = c->data;
	ret = http_do(x->api->http, &r, &c->answer, &why);
	if (ret && c->answer.own)
		fail(err, ret, "%s", why.buf);
	else if (ret)
		ret = google_fail_call(x->api, c, ret, why.buf, err);
	wipe_headers(&r.headers);
	http_request_release(&r);
	strbuf_release(&why);
	return ret;
}

/* ---- mending ------------------------------------------------------------ */

/* A code of 308 with a place to go to is a redirection, not an upload's. */
static bool is_success(const struct google_call *c)
{
	int status = c->answer.status;

	return (status >= 200 && status < 300) ||
	       (status == 308 && c->take_308 &&
		!http_field(&c->answer, "location"));
}

/* Whoever has a token that is refused by a clock will have another one. */
static void tell_clock(const struct sending *x)
{
	static bool told;
	int64_t ahead = google_clock_ahead(&x->call->answer);

	if (!ahead || __atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
		return;
	notice("the clock of this machine is %" PRId64 " seconds %s that of "
	       "'%s'; set it, or tokens are refused", ahead < 0 ? -ahead :
	       ahead, ahead < 0 ? "behind" : "ahead of", x->api->store);
}

static bool renew_token(struct sending *x)
{
	if (x->call->answer.status != 401 || !x->bearer.len ||
	    x->renewals == RENEWALS_MAX)
		return false;
	x->renewals++;
	tell_clock(x);
	return google_credentials_refused(x->api->credentials, x->bearer.buf);
}

/* Who says that it can read gzip, as one must who wants objects as they are
 * stored, gets refusals packed, too. */
static void unpack_body(struct http_answer *a)
{
	const char *encoding = http_field(a, "content-encoding");
	struct strbuf text = STRBUF_INIT;

	if (!encoding || strcasecmp(encoding, "gzip") ||
	    !gzip_unpack(&text, a->body.buf, a->body.len, HTTP_BODY_MAX)) {
		strbuf_release(&text);
		return;
	}
	strbuf_release(&a->body);
	a->body = text;
}

/* *again: with another token, at once. */
static int judge(struct sending *x, bool *again, struct strbuf *err)
{
	struct google_call *c = x->call;

	*again = false;
	unpack_body(&c->answer);
	if (is_success(c))
		return c->write || c->answer.status == 308 ? 0 :
			google_read_json(x->api, c, err);
	take_secrets_out(x, &c->answer.body);
	google_error_read(c);
	*again = renew_token(x);
	return *again ? 0 : google_fail_answer(x->api, c, err);
}

static int send_with_token(struct sending *x, struct strbuf *err)
{
	bool again = true;
	int ret = 0;

	while (!ret && again) {
		ret = send_once(x, err);
		if (ret)
			again = false;
		else
			ret = judge(x, &again, err);
	}
	return ret;
}

static bool is_limit(const struct sending *x, int ret)
{
	return ret == ERR_TRANSIENT && !x->call->answer.own &&
	       google_error_is_limit(x->call);
}

int google_call(struct google_api *api, struct google_call *c,
		struct strbuf *err)
{
	struct sending x = {
		.api = api, .call = c, .url = STRBUF_INIT,
		.bearer = STRBUF_INIT,
	};
	struct again again;
	bool limited;
	int ret;

	if (!is_absolute(c->path))
		strbuf_addstr(&x.url, api->root);
	strbuf_addstr(&x.url, c->path);
	add_query(&x.url, &c->query);
	x.token = may_see_token(&x);
	if (c->no_token)
		c->flags |= HTTP_SECRET_QUERY | HTTP_SECRET_ANSWER;
	again_init(&again, api->patience);
	do {
		ret = send_with_token(&x, &again.why);
		limited = is_limit(&x, ret);
	} while (limited && c->answer.retry_after <= WAIT_MAX &&
		 again_wait_for(&again, ret, c->answer.retry_after * 1000));
	ret = limited ? again_end(&again, ret, err) :
			again_give_up(&again, ret, err);
	secret_release(&x.bearer);
	secret_release(&x.url);
	return ret;
}
