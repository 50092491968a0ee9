/*
 * Keys of service accounts: a claim signed by the key is changed for a token.
 * Source: RFC 7523, RFC 7515; developers.google.com/identity/protocols/oauth2/
 * service-account.
 */
#include "lib/base/compat.h"
#include "transport/google/google-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/digest-rsa.h"
#include "lib/wrap/json.h"

#define GRANT_JWT "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define LIFE 3600	/* seconds; more is refused */
#define EMAIL_MAX 256

/* What a file of a key says; lent. */
struct key {
	const char *where;	/* "'FILE'" */
	const char *email, *pem, *id, *token_uri;
	const char *scope;
	struct strbuf assertion;
};

static int read_key(struct key *k, const struct value *json, const char *where,
		    struct strbuf *err)
{
	int ret = google_need(&k->email, json, "client_email", where, err);

	k->where = where;
	k->id = value_text(value_map_get(json, "private_key_id"));
	k->token_uri = value_text(value_map_get(json, "token_uri"));
	if (!k->token_uri || !*k->token_uri)
		k->token_uri = GOOGLE_TOKEN_URI;
	if (!ret && strlen(k->email) > EMAIL_MAX)
		ret = fail(err, ERR_CONTENT, "the client_email in %s is longer "
			   "than %d bytes", where, EMAIL_MAX);
	if (!ret)
		ret = google_need(&k->pem, json, "private_key", where, err);
	return ret;
}

static void add_json(struct strbuf *out, struct value *map)
{
	struct strbuf text = STRBUF_INIT;

	json_write(&text, map);
	google_base64url(out, text.buf, text.len);
	strbuf_release(&text);
	value_free(map);
}

static void add_claims(struct strbuf *out, const struct key *k, int64_t now)
{
	struct value *head = value_new_map(), *claims = value_new_map();

	value_map_set_str(head, "alg", "RS256");
	value_map_set_str(head, "typ", "JWT");
	if (k->id && *k->id)
		value_map_set_str(head, "kid", k->id);
	add_json(out, head);
	strbuf_addch(out, '.');
	value_map_set_str(claims, "iss", k->email);
	value_map_set_str(claims, "scope", k->scope);
	value_map_set_str(claims, "aud", k->token_uri);
	value_map_set_int(claims, "iat", now);
	value_map_set_int(claims, "exp", now + LIFE);
	add_json(out, claims);
}

static int sign_key(const struct key *k, struct strbuf *out, const void *data,
		    size_t len, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = rsa_sha256_sign(out, k->pem, strlen(k->pem), data, len,
				  &why);

	if (ret)
		fail(err, ret, "cannot sign with the private_key in %s: %s",
		     k->where, why.buf);
	strbuf_release(&why);
	return ret;
}

static int make_form(struct google_search *s, struct google_grant *g,
		     struct strbuf *err)
{
	struct key *k = g->data;
	struct strbuf raw = STRBUF_INIT;
	int ret;

	secret_reset(&k->assertion);
	secret_reset(&g->form);
	strbuf_grow(&k->assertion, 4096);
	add_claims(&k->assertion, k, (int64_t)time(NULL) + s->skew);
	ret = sign_key(k, &raw, k->assertion.buf, k->assertion.len, err);
	if (!ret) {
		strbuf_addch(&k->assertion, '.');
		google_base64url(&k->assertion, raw.buf, raw.len);
		google_form_add(&g->form, "grant_type", GRANT_JWT);
		google_form_add(&g->form, "assertion", k->assertion.buf);
		g->secret[0] = k->assertion.buf;
	}
	strbuf_release(&raw);
	return ret;
}

int google_key_token(struct google_search *s, const struct value *json,
		     const char *where, const char *scope,
		     struct google_token *out, struct strbuf *err)
{
	struct key k = { .scope = scope, .assertion = STRBUF_INIT };
	struct google_grant g = GOOGLE_GRANT_INIT;
	struct strbuf email = STRBUF_INIT;
	char *what = NULL, *who = NULL, *way_out = NULL;
	int ret = read_key(&k, json, where, err);

	if (ret)
		goto cleanup;
	quote_terminal(&email, k.email, strlen(k.email));
	g.url = k.token_uri;
	g.what = what = xstrfmt("the token_uri in %s", where);
	g.who = who = xstrfmt("the service account '%s'", email.buf);
	g.way_out = way_out = xstrfmt("is the account deleted, or the key in "
				      "%s? make a new one", where);
	g.again = make_form;
	g.data = &k;
	/* before the key is touched */
	ret = google_check_trusted(s->source->trusted, g.url, what, err);
	if (!ret)
		ret = make_form(s, &g, err);
	if (!ret)
		ret = google_grant_token(s, &g, out, err);

cleanup:
	google_grant_release(&g);
	secret_release(&k.assertion);
	strbuf_release(&email);
	free(what);
	free(who);
	free(way_out);
	return ret;
}

int google_key_sign(const struct value *json, const char *where,
		    struct strbuf *signature, const void *data, size_t len,
		    struct strbuf *err)
{
	struct key k = { .assertion = STRBUF_INIT };
	int ret = read_key(&k, json, where, err);

	return ret ? ret : sign_key(&k, signature, data, len, err);
}
