/*
 * Asking a person, in a browser, to let us in. The page at the end leads back
 * to a port of this machine with a code, which is changed for a refresh token.
 * Whoever else is on the machine may see the code, or send one of their own:
 * the state tells that it is the answer to our question, and the verifier
 * (PKCE) that it was we who asked.
 */
#include "lib/base/compat.h"
#include "transport/google/google-login.h"

#include <sys/random.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "lib/base/loopback.h"
#include "lib/base/quote.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/http.h"
#include "lib/wrap/json.h"
#include "transport/google/google-internal.h"

#define RANDOM_BYTES 32
#define SCOPES_ABOUT " openid email"
#define ACCOUNT_MAX 256
#define WORD_MAX 64

struct consent {
	struct strbuf state, verifier;	/* random */
	struct strbuf redirect;		/* "http://127.0.0.1:PORT" */
	struct strbuf code, error;	/* what came back */
};

#define CONSENT_INIT { STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, \
		       STRBUF_INIT }

static void consent_release(struct consent *c)
{
	secret_release(&c->state);
	secret_release(&c->verifier);
	secret_release(&c->code);
	strbuf_release(&c->redirect);
	strbuf_release(&c->error);
}

static int add_random(struct strbuf *out, struct strbuf *err)
{
	unsigned char raw[RANDOM_BYTES];

	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return fail_errno(err, "cannot get random bytes");
	google_base64url(out, raw, sizeof(raw));
	explicit_bzero(raw, sizeof(raw));
	return 0;
}

/* ---- the question ------------------------------------------------------- */

static int add_challenge(struct strbuf *url, const struct consent *c,
			 struct strbuf *err)
{
	unsigned char raw[DIGEST_RAWSZ];
	struct strbuf text = STRBUF_INIT;
	struct digest *d;
	int ret = digest_start(&d, err);

	if (ret)
		return ret;
	digest_add(d, c->verifier.buf, c->verifier.len);
	digest_finish(&d, raw);
	google_base64url(&text, raw, sizeof(raw));
	google_form_add(url, "code_challenge", text.buf);
	google_form_add(url, "code_challenge_method", "S256");
	strbuf_release(&text);
	return 0;
}

static int make_url(struct strbuf *url, const struct consent *c,
		    const struct google_login *l, const char *scope,
		    struct strbuf *err)
{
	struct strbuf form = STRBUF_INIT;
	char *scopes = xstrfmt("%s" SCOPES_ABOUT, scope);
	int ret;

	google_form_add(&form, "client_id", l->client.id);
	google_form_add(&form, "redirect_uri", c->redirect.buf);
	google_form_add(&form, "response_type", "code");
	google_form_add(&form, "scope", scopes);
	/* a refresh token, also for who said yes before */
	google_form_add(&form, "access_type", "offline");
	google_form_add(&form, "prompt", "consent");
	google_form_add(&form, "state", c->state.buf);
	if (l->account && *l->account)
		google_form_add(&form, "login_hint", l->account);
	ret = add_challenge(&form, c, err);
	strbuf_addf(url, "%s%c%s", l->client.auth_uri,
		    strchr(l->client.auth_uri, '?') ? '&' : '?', form.buf);
	strbuf_release(&form);
	free(scopes);
	return ret;
}

/* ---- what comes back ---------------------------------------------------- */

static void decode(struct strbuf *out, const char *text, size_t len)
{
	size_t i;
	int c;

	for (i = 0; i < len; i++) {
		c = (unsigned char)text[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%' && len - i > 2 &&
			   hex_digit(text[i + 1]) >= 0 &&
			   hex_digit(text[i + 2]) >= 0) {
			c = hex_digit(text[i + 1]) * 16 +
			    hex_digit(text[i + 2]);
			i += 2;
		}
		strbuf_addch(out, c);
	}
}

/* Adds the value of a parameter of a query. */
static void take_parameter(struct strbuf *out, const char *query,
			   const char *name)
{
	size_t name_len = strlen(name), len;

	for (; *query; query += len + (query[len] == '&')) {
		len = strcspn(query, "&");
		if (len > name_len && query[name_len] == '=' &&
		    !strncmp(query, name, name_len)) {
			decode(out, query + name_len + 1, len - name_len - 1);
			return;
		}
	}
}

#define PAGE "<!DOCTYPE html><html lang=en><title>resutil</title>" \
	"<body style=\"font-family:sans-serif;margin:4em\">"

static bool take_query(void *data, const char *query, struct strbuf *page)
{
	struct consent *c = data;
	struct strbuf state = STRBUF_INIT;
	bool ours;

	take_parameter(&state, query, "state");
	ours = state.len == c->state.len && !strcmp(state.buf, c->state.buf);
	secret_release(&state);
	if (!ours) {
		strbuf_addstr(page, PAGE "<p>This is not the answer that "
			      "resutil waits for.");
		return false;
	}
	take_parameter(&c->code, query, "code");
	take_parameter(&c->error, query, "error");
	strbuf_addstr(page, c->code.len ?
		      PAGE "<h1>Thank you</h1><p>resutil goes on in the "
		      "terminal. This page can be closed." :
		      PAGE "<h1>Not logged in</h1><p>resutil was not let in. "
		      "This page can be closed.");
	return true;
}

static int check_answer(const struct consent *c, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;

	if (c->code.len && strlen(c->code.buf) == c->code.len)
		return 0;
	quote_terminal(&why, c->error.buf, MINIMUM(c->error.len, WORD_MAX));
	fail(err, ERR_CREDENTIALS, "the login was refused in the browser%s%s%s",
	     why.len ? " (" : "", why.buf, why.len ? ")" : "");
	strbuf_release(&why);
	return ERR_CREDENTIALS;
}

/* ---- the tokens --------------------------------------------------------- */

/*
 * Who somebody is, out of the claims of an id_token. It came from the service
 * itself by TLS, so its signature need not be looked at.
 */
char *google_id_account(const char *id_token)
{
	const char *claims = id_token ? strchr(id_token, '.') : NULL;
	struct strbuf text = STRBUF_INIT, raw = STRBUF_INIT;
	struct value *json = NULL;
	const char *email = NULL;
	char *account = NULL;
	size_t i;

	if (!claims)
		return NULL;
	strbuf_add(&text, claims + 1, strcspn(claims + 1, "."));
	for (i = 0; i < text.len; i++) {
		if (text.buf[i] == '-')
			text.buf[i] = '+';
		else if (text.buf[i] == '_')
			text.buf[i] = '/';
	}
	while (text.len % 4)
		strbuf_addch(&text, '=');
	if (base64_decode(&raw, text.buf, text.len) &&
	    !json_parse(&json, raw.buf, raw.len, "", NULL))
		email = value_text(value_map_get(json, "email"));
	if (email && strlen(email) <= ACCOUNT_MAX && google_is_token(email))
		account = xstrdup(email);
	value_free(json);
	strbuf_release(&text);
	strbuf_release(&raw);
	return account;
}

/* People may take the hook away from what we need. */
static bool has_scope(const char *scopes, const char *scope)
{
	size_t len = strlen(scope);
	const char *p = scopes;

	while ((p = strstr(p, scope))) {
		if ((p == scopes || p[-1] == ' ') &&
		    (p[len] == ' ' || !p[len]))
			return true;
		p += len;
	}
	return false;
}

static int take_tokens(struct google_login *l, const struct value *json,
		       const char *scope, struct strbuf *err)
{
	const char *refresh = value_text(value_map_get(json, "refresh_token"));
	const char *scopes = value_text(value_map_get(json, "scope"));
	char *account;

	if (scopes && !has_scope(scopes, scope))
		return fail(err, ERR_CREDENTIALS, "what resutil needs was not "
			    "allowed in the browser: log in again, and leave "
			    "the hook at it ('%s')", scope);
	if (!refresh || !google_is_token(refresh))
		return fail(err, ERR_CREDENTIALS, "the token service gave no "
			    "refresh token; take resutil's access away at "
			    "https://myaccount.google.com/connections, and "
			    "log in again");
	account = google_id_account(value_text(value_map_get(json,
							     "id_token")));
	if (account) {
		free(l->account);
		l->account = account;
	}
	secret_free(l->refresh_token);
	l->refresh_token = xstrdup(refresh);
	free(l->scope);
	l->scope = xstrdup(scope);
	return 0;
}

static void fill_source(struct google_source *source,
			const struct google_login_call *call)
{
	memset(source, 0, sizeof(*source));
	source->http = call->http;
	source->trusted = call->trusted;
	source->patience = call->patience;
}

static int change_code(const struct google_login_call *call,
		       const struct consent *c, struct google_login *l,
		       struct strbuf *err)
{
	struct google_grant g = GOOGLE_GRANT_INIT;
	struct google_source source;
	struct google_search s;
	struct value *json = NULL;
	int ret;

	fill_source(&source, call);
	google_search_init(&s, &source);
	g.url = l->client.token_uri;
	g.what = "the token_uri of the client";
	g.who = "this login";
	g.way_out = "is the client's file the one that was downloaded?";
	g.once = true;
	g.secret[0] = c->code.buf;
	g.secret[1] = c->verifier.buf;
	g.secret[2] = l->client.secret;
	strbuf_grow(&g.form, 4096 + 3 * c->code.len);
	google_form_add(&g.form, "grant_type", "authorization_code");
	google_form_add(&g.form, "code", c->code.buf);
	google_form_add(&g.form, "client_id", l->client.id);
	google_form_add(&g.form, "client_secret", l->client.secret);
	google_form_add(&g.form, "code_verifier", c->verifier.buf);
	google_form_add(&g.form, "redirect_uri", c->redirect.buf);
	ret = google_grant_ask(&s, &g, &json, err);
	if (!ret)
		ret = take_tokens(l, json, call->scope, err);
	secret_free_value(json);
	google_grant_release(&g);
	google_search_release(&s);
	return ret;
}

/* Before anything is opened or asked. */
static int check_client(const struct google_login_call *call,
			const struct google_client *c, struct strbuf *err)
{
	int ret = google_check_trusted(call->trusted, c->auth_uri,
				       "the auth_uri of the client", err);

	if (!ret)
		ret = google_check_trusted(call->trusted, c->token_uri,
					   "the token_uri of the client", err);
	return ret;
}

int google_login_ask(const struct google_login_call *call,
		     struct google_login *l, struct strbuf *err)
{
	struct consent c = CONSENT_INIT;
	struct strbuf url = STRBUF_INIT;
	struct loopback *loopback = NULL;
	int ret;

	secret_hide();
	ret = check_client(call, &l->client, err);
	if (!ret)
		ret = add_random(&c.state, err);
	if (!ret)
		ret = add_random(&c.verifier, err);
	if (!ret)
		ret = loopback_open(&loopback, call->port, err);
	if (ret)
		goto cleanup;
	strbuf_addf(&c.redirect, "http://127.0.0.1:%u",
		    loopback_port(loopback));
	ret = make_url(&url, &c, l, call->scope, err);
	if (!ret)
		ret = call->show(call->data, url.buf, loopback_port(loopback),
				 err);
	if (!ret)
		ret = loopback_wait(loopback, call->seconds, call->asker,
				    take_query, &c, err);
	if (ret == ERR_TRANSIENT)
		ret = ERR_UNREACHABLE;
	if (!ret)
		ret = check_answer(&c, err);
	if (!ret)
		ret = change_code(call, &c, l, err);

cleanup:
	loopback_close(loopback);
	strbuf_release(&url);
	consent_release(&c);
	return ret;
}

/* ---- taking it back ----------------------------------------------------- */

/* ".../token" has ".../revoke" beside it. */
static char *revoke_url(const char *token_uri)
{
	const char *slash = strrchr(token_uri, '/');

	return xstrfmt("%.*s/revoke", (int)(slash - token_uri), token_uri);
}

int google_login_revoke(const struct google_login_call *call,
			const struct google_login *l, struct strbuf *err)
{
	const char *const secret[] = { l->refresh_token, NULL };
	struct http_request r = HTTP_REQUEST_INIT;
	struct http_answer a = HTTP_ANSWER_INIT;
	struct strbuf form = STRBUF_INIT, why = STRBUF_INIT;
	char *url = NULL;
	int ret = google_check_trusted(call->trusted, l->client.token_uri,
				       "the token_uri of the login", err);

	if (ret)
		return ret;
	url = revoke_url(l->client.token_uri);
	google_form_add(&form, "token", l->refresh_token);
	r.method = "POST";
	r.url = url;
	r.body = form.buf;
	r.body_len = form.len;
	r.flags = HTTP_REPEATABLE | HTTP_SECRET_ANSWER;
	strvec_push(&r.headers, GOOGLE_FORM);
	ret = http_do(call->http, &r, &a, &why);
	if (!ret && a.status != 200) {
		google_reason(&why, &a, secret);
		/* it did not count any more */
		if (!strstr(why.buf, "invalid_token"))
			ret = a.status >= 500 || a.status == 429 ?
			      ERR_UNREACHABLE : ERR_CREDENTIALS;
	}
	if (ret)
		fail(err, ret, "the login was not taken back at Google: %s; "
		     "do it at https://myaccount.google.com/connections",
		     why.buf);
	http_request_release(&r);
	http_answer_release(&a);
	secret_release(&form);
	strbuf_release(&why);
	free(url);
	return ret;
}
