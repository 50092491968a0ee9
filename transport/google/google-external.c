/*
 * Identities that another provider vouches for (workload identity federation):
 * a token of it, out of a file or from a URL, is changed for one of Google's;
 * with that, where the file says so, we act as a service account.
 * Source: google.aip.dev/auth/4117; RFC 8693.
 */
#include "lib/base/compat.h"
#include "transport/google/google-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/http.h"
#include "lib/wrap/json.h"

#define GRANT_EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"
#define TOKEN_TYPE "urn:ietf:params:oauth:token-type:access_token"
#define SUBJECT_MAX (64u << 10)
#define HEADERS_MAX 20
/* What answers there stays on the machine: clouds say who it is. */
#define LINK "http://169.254.169.254/"

/* ---- the token of the provider ------------------------------------------ */

/* As it is, or a field of JSON. `text` is wiped. */
static int take_subject(struct strbuf *out, struct strbuf *text,
			const struct value *source, const char *place,
			struct strbuf *err)
{
	const struct value *format = value_map_get(source, "format");
	const char *type = value_text(value_map_get(format, "type"));
	const char *field = value_text(value_map_get(format,
					"subject_token_field_name"));
	struct value *json = NULL;
	const char *token = text->buf;
	int ret = 0;

	if (type && !strcmp(type, "json")) {
		if (!field || json_parse(&json, text->buf, text->len, "", NULL))
			token = NULL;
		else
			token = value_text(value_map_get(json, field));
	} else {
		strbuf_trim(text);
	}
	/* whatever else somebody named by that path is not sent anywhere */
	if (!token || strlen(token) > SUBJECT_MAX || !google_is_token(token))
		ret = fail(err, ERR_CREDENTIALS, "%s holds no token of an "
			   "identity provider", place);
	else
		strbuf_addstr(out, token);
	secret_free_value(json);
	secret_reset(text);
	return ret;
}

static int subject_of_file(struct strbuf *out, const struct value *source,
			   const char *file, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, path = STRBUF_INIT,
		      why = STRBUF_INIT;
	char *place;
	int ret;

	/* read each time: whoever put it there renews it */
	path_absolute(&path, NULL, file);
	place = xstrfmt("'%s'", path.buf);
	ret = secret_read_file(&text, path.buf, SUBJECT_MAX, &why);
	if (ret)
		ret = fail(err, ERR_CREDENTIALS, "cannot read the token of an "
			   "identity provider: %s", why.buf);
	else
		ret = take_subject(out, &text, source, place, err);
	secret_release(&text);
	strbuf_release(&path);
	strbuf_release(&why);
	free(place);
	return ret;
}

static int add_headers(struct strvec *out, const struct value *source,
		       const char *where, struct strbuf *err)
{
	const struct value *map = value_map_get(source, "headers");
	size_t i;

	if (!map)
		return 0;
	if (map->type != VALUE_MAP || map->u.map.nr > HEADERS_MAX)
		return fail(err, ERR_CONTENT, "'headers' in %s are no map of "
			    "at most %d texts", where, HEADERS_MAX);
	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];
		const char *text = value_text(pair->value);

		if (!text || strpbrk(text, "\r\n") ||
		    !google_is_token(pair->key) || strchr(pair->key, ':'))
			return fail(err, ERR_CONTENT, "'headers' in %s are no "
				    "header fields", where);
		strvec_pushf(out, "%s: %s", pair->key, text);
	}
	return 0;
}

/* Headers may be secret; they stand beside the URL that they are for, so that
 * TLS is enough. Plain HTTP is for who is trusted, and for the link. */
static int check_url(struct google_search *s, const char *url,
		     const char *where, struct strbuf *err)
{
	char *what;
	int ret;

	if (!strncmp(url, "https://", 8) || !strncmp(url, LINK, strlen(LINK)))
		return 0;
	what = xstrfmt("the url of credential_source in %s", where);
	ret = google_check_trusted(s->source->trusted, url, what, err);
	free(what);
	return ret;
}

static int subject_of_url(struct google_search *s, struct strbuf *out,
			  const struct value *source, const char *url,
			  const char *where, struct strbuf *err)
{
	struct http_request r = HTTP_REQUEST_INIT;
	struct http_answer a = HTTP_ANSWER_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret = check_url(s, url, where, err);

	if (!ret)
		ret = add_headers(&r.headers, source, where, err);
	if (ret)
		goto cleanup;
	r.method = "GET";
	r.url = url;
	r.flags = HTTP_REPEATABLE | HTTP_SECRET_ANSWER | HTTP_SECRET_QUERY;
	if (!strncmp(url, LINK, strlen(LINK)))
		r.flags |= HTTP_LOCAL_LINK;
	ret = http_do(s->source->http, &r, &a, &why);
	if (ret)
		fail(err, ret, "cannot ask the identity provider of %s: %s",
		     where, why.buf);
	else if (a.status != 200)
		ret = fail(err, a.status == 429 || a.status >= 500 ?
			   ERR_UNREACHABLE : ERR_CREDENTIALS,
			   "the identity provider of %s gives no token: it "
			   "answers with status %d", where, a.status);
	else
		ret = take_subject(out, &a.body, source,
				   "the answer of the identity provider", err);

cleanup:
	secret_reset(&a.body);
	http_answer_release(&a);
	http_request_release(&r);
	strbuf_release(&why);
	return ret;
}

static int find_subject(struct google_search *s, struct strbuf *out,
			const struct value *json, const char *where,
			struct strbuf *err)
{
	const struct value *source = value_map_get(json, "credential_source");
	const char *file = value_text(value_map_get(source, "file"));
	const char *url = value_text(value_map_get(source, "url"));

	if (file && *file)
		return subject_of_file(out, source, file, err);
	if (url && *url && !value_map_get(source, "environment_id"))
		return subject_of_url(s, out, source, url, where, err);
	return fail(err, ERR_CREDENTIALS, "the credential_source in %s is "
		    "neither a file nor a url; programs, certificates and AWS "
		    "are not asked: use 'gcloud auth print-access-token' or a "
		    "key file there", where);
}

/* ---- the exchange ------------------------------------------------------- */

static void add_options(struct strbuf *form, const char *project)
{
	struct value *map;
	struct strbuf text = STRBUF_INIT;

	if (!project || !*project)
		return;
	map = value_new_map();
	value_map_set_str(map, "userProject", project);
	json_write(&text, map);
	google_form_add(form, "options", text.buf);
	strbuf_release(&text);
	value_free(map);
}

/* "Basic ..." of a client that is known to the service; or nothing. */
static void add_client(struct strbuf *out, const struct value *json)
{
	const char *id = value_text(value_map_get(json, "client_id"));
	const char *secret = value_text(value_map_get(json, "client_secret"));
	char *both;

	if (!id || !secret || !*id)
		return;
	both = xstrfmt("%s:%s", id, secret);
	strbuf_grow(out, 2 * strlen(both) + 16);
	strbuf_addstr(out, "Basic ");
	base64_encode(out, both, strlen(both));
	secret_free(both);
}

static int fill_grant(struct google_search *s, struct google_grant *g,
		      const struct value *json, const char *where,
		      const char *scope, struct strbuf *subject,
		      struct strbuf *err)
{
	const char *audience, *type;
	int ret = google_need(&audience, json, "audience", where, err);

	if (!ret)
		ret = google_need(&type, json, "subject_token_type", where,
				  err);
	if (!ret)
		ret = google_need(&g->url, json, "token_url", where, err);
	/* before anything is asked or read for it */
	if (!ret)
		ret = google_check_trusted(s->source->trusted, g->url, g->what,
					   err);
	if (!ret)
		ret = find_subject(s, subject, json, where, err);
	if (ret)
		return ret;
	strbuf_grow(&g->form, 3 * subject->len + 4096);
	google_form_add(&g->form, "grant_type", GRANT_EXCHANGE);
	google_form_add(&g->form, "audience", audience);
	google_form_add(&g->form, "scope", scope);
	google_form_add(&g->form, "requested_token_type", TOKEN_TYPE);
	google_form_add(&g->form, "subject_token_type", type);
	google_form_add(&g->form, "subject_token", subject->buf);
	add_options(&g->form, value_text(value_map_get(json,
				"workforce_pool_user_project")));
	g->secret[0] = subject->buf;
	return 0;
}

int google_external_source(struct google_search *s, const struct value *json,
			   const char *where, const char *scope,
			   struct google_token *out, struct strbuf *err)
{
	struct google_grant g = GOOGLE_GRANT_INIT;
	struct strbuf subject = STRBUF_INIT, client = STRBUF_INIT;
	char *what = xstrfmt("the token_url in %s", where);
	char *who = xstrfmt("the identity in %s", where);
	int ret;

	g.what = what;
	g.who = who;
	add_client(&client, json);
	if (client.len) {
		g.authorization = client.buf;
		g.secret[1] = client.buf + strlen("Basic ");
		g.secret[2] = value_text(value_map_get(json,
						       "client_secret"));
	}
	ret = fill_grant(s, &g, json, where, scope, &subject, err);
	if (!ret)
		ret = google_grant_token(s, &g, out, err);
	google_grant_release(&g);
	secret_release(&subject);
	secret_release(&client);
	free(what);
	free(who);
	return ret;
}

int google_external_token(struct google_search *s, const struct value *json,
			  const char *where, const char *scope,
			  struct google_token *out, struct strbuf *err)
{
	const char *url = value_text(value_map_get(json,
				     "service_account_impersonation_url"));
	struct google_token with = { NULL, 0 };
	int64_t seconds = 0;
	int ret;

	if (!url || !*url)
		return google_external_source(s, json, where, scope, out, err);
	value_get_int(json, "service_account_impersonation."
		      "token_lifetime_seconds", &seconds);
	ret = google_external_source(s, json, where, GOOGLE_SCOPE_CLOUD, &with,
				     err);
	if (!ret)
		ret = google_iam_token(s, url, where, NULL, seconds, scope,
				       &with, out, err);
	google_token_release(&with);
	return ret;
}
