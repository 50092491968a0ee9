/*
 * Acting as a service account without its key: the IAM credentials API gives
 * tokens, and signatures, to who may act as it. Signing with a key that is
 * here, too.
 * Source: cloud.google.com/iam/docs/reference/credentials/rest.
 */
#include "lib/base/compat.h"
#include "transport/google/google-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/http.h"
#include "lib/wrap/json.h"

#define IAM "https://iamcredentials.googleapis.com/v1/projects/-/" \
	"serviceAccounts/"
#define TOKEN_VERB ":generateAccessToken"
#define SIGN_VERB ":signBlob"
/* Seconds of a token; longer ones are for organizations that allow them. */
#define LIFE 3600
#define LIFE_MIN 600
#define LIFE_MAX 43200

char *google_iam_account(const char *url)
{
	static const char mark[] = "/serviceAccounts/";
	const char *at = strstr(url, mark), *end;

	if (!at)
		return NULL;
	at += strlen(mark);
	end = strstr(at, TOKEN_VERB);
	if (!end || end == at || memchr(at, '/', (size_t)(end - at)))
		return NULL;
	return xmemdupz(at, (size_t)(end - at));
}

/* ---- requests ----------------------------------------------------------- */

static int read_answer(struct http_answer *a, const char *what,
		       const char *who, const char *token, struct value **out,
		       struct strbuf *err)
{
	const char *const secret[] = { token, NULL };
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	if (a->status != 200) {
		google_reason(&why, a, secret);
		ret = a->status == 429 || a->status >= 500 ? ERR_UNREACHABLE :
							     ERR_CREDENTIALS;
		fail(err, ret, "cannot act as %s: %s%s", who, why.buf,
		     a->status == 403 ? "; whoever asks needs the role "
		     "'Service Account Token Creator' on it" : "");
	} else if (a->body.len > GOOGLE_ANSWER_MAX ||
		   json_parse(out, a->body.buf, a->body.len, "", NULL)) {
		ret = fail(err, ERR_CONTENT, "%s answers no JSON", what);
	}
	strbuf_release(&why);
	return ret;
}

int google_post_json(struct google_search *s, const char *url,
		     const char *what, const char *who, const char *token,
		     const struct value *body, struct value **out,
		     struct strbuf *err)
{
	struct http_request r = HTTP_REQUEST_INIT;
	struct http_answer a = HTTP_ANSWER_INIT;
	struct strbuf text = STRBUF_INIT, field = STRBUF_INIT,
		      why = STRBUF_INIT;
	int ret = google_check_trusted(s->source->trusted, url, what, err);

	if (ret)
		return ret;
	json_write(&text, body);
	strbuf_grow(&field, strlen(token) + 32);
	strbuf_addf(&field, "Authorization: Bearer %s", token);
	r.method = "POST";
	r.url = url;
	r.body = text.buf;
	r.body_len = text.len;
	/* a token or a signature more does no harm */
	r.flags = HTTP_REPEATABLE | HTTP_SECRET_ANSWER;
	strvec_push(&r.headers, "Content-Type: application/json");
	strvec_push(&r.headers, field.buf);
	ret = http_do(s->source->http, &r, &a, &why);
	if (ret)
		fail(err, ret, "cannot act as %s: %s", who, why.buf);
	else
		ret = read_answer(&a, what, who, token, out, err);
	secret_release(&field);
	http_request_release(&r);
	secret_reset(&a.body);
	http_answer_release(&a);
	strbuf_release(&text);
	strbuf_release(&why);
	return ret;
}

/* ---- tokens ------------------------------------------------------------- */

static int read_token(struct google_token *out, const struct value *json,
		      const char *who, struct strbuf *err)
{
	const char *text = value_text(value_map_get(json, "accessToken"));
	const char *expires = value_text(value_map_get(json, "expireTime"));
	struct moment m;

	if (!text || !google_is_token(text) || !expires ||
	    !moment_parse(&m, expires))
		return fail(err, ERR_CONTENT, "the answer to a request of a "
			    "token for %s has none", who);
	google_token_release(out);
	out->text = xstrdup(text);
	out->expires = m.sec;
	return 0;
}

static struct value *token_body(const struct value *delegates,
				int64_t seconds, const char *scope)
{
	struct value *body = value_new_map(), *scopes = value_new_list();
	char *life = xstrfmt("%" PRId64 "s", seconds ? seconds : LIFE);

	value_list_add(scopes, value_new_str(scope));
	value_map_set(body, "scope", scopes);
	value_map_set_str(body, "lifetime", life);
	if (delegates && delegates->type == VALUE_LIST && delegates->u.list.nr)
		value_map_set(body, "delegates", value_copy(delegates));
	free(life);
	return body;
}

int google_iam_token(struct google_search *s, const char *url,
		     const char *where, const struct value *delegates,
		     int64_t seconds, const char *scope,
		     const struct google_token *with, struct google_token *out,
		     struct strbuf *err)
{
	struct value *body = token_body(delegates, seconds, scope);
	struct value *json = NULL;
	char *account = google_iam_account(url), *who = NULL, *what;
	int ret;

	what = xstrfmt("the service_account_impersonation_url in %s", where);
	if (!account) {
		ret = fail(err, ERR_CONTENT, "%s does not end in "
			   "'/serviceAccounts/EMAIL" TOKEN_VERB "'", what);
		goto cleanup;
	}
	if (seconds && (seconds < LIFE_MIN || seconds > LIFE_MAX)) {
		ret = fail(err, ERR_CONTENT, "token_lifetime_seconds in %s is "
			   "not from %d to %d", where, LIFE_MIN, LIFE_MAX);
		goto cleanup;
	}
	who = xstrfmt("the service account '%s'", account);
	ret = google_post_json(s, url, what, who, with->text, body, &json,
			       err);
	if (!ret)
		ret = read_token(out, json, who, err);

cleanup:
	secret_free_value(json);
	value_free(body);
	free(account);
	free(what);
	free(who);
	return ret;
}

/* The token of who acts as another. */
static int source_token(struct google_search *s, const struct value *json,
			const char *where, struct google_token *out,
			struct strbuf *err)
{
	const struct value *source = value_map_get(json, "source_credentials");
	char *inside = xstrfmt("source_credentials in %s", where);
	enum google_kind kind = GOOGLE_NOBODY;
	int ret;

	if (!source || source->type != VALUE_MAP)
		ret = fail(err, ERR_CONTENT, "%s has no source_credentials",
			   where);
	else
		ret = google_file_kind(source, inside, &kind, err);
	if (!ret && kind == GOOGLE_IMPERSONATED)
		ret = fail(err, ERR_CONTENT, "%s act as another account "
			   "again; name it in 'delegates'", inside);
	if (!ret)
		ret = google_file_token(s, kind, source, inside,
					GOOGLE_SCOPE_CLOUD, out, err);
	free(inside);
	return ret;
}

int google_impersonated_token(struct google_search *s,
			      const struct value *json, const char *where,
			      const char *scope, struct google_token *out,
			      struct strbuf *err)
{
	struct google_token with = { NULL, 0 };
	const char *url;
	int ret = google_need(&url, json, "service_account_impersonation_url",
			      where, err);

	if (!ret)
		ret = source_token(s, json, where, &with, err);
	if (!ret)
		ret = google_iam_token(s, url, where,
				       value_map_get(json, "delegates"), 0,
				       scope, &with, out, err);
	google_token_release(&with);
	return ret;
}

/* ---- signatures --------------------------------------------------------- */

static int sign_blob(struct google_search *s, const char *url,
		     const char *account, const struct value *delegates,
		     const struct google_token *with,
		     struct strbuf *signature, const void *data, size_t len,
		     struct strbuf *err)
{
	static const char what[] = "the IAM credentials API";
	struct value *body = value_new_map(), *json = NULL;
	struct strbuf payload = STRBUF_INIT;
	char *who = xstrfmt("the service account '%s'", account);
	const char *text;
	int ret;

	base64_encode(&payload, data, len);
	value_map_set_str(body, "payload", payload.buf);
	if (delegates && delegates->type == VALUE_LIST && delegates->u.list.nr)
		value_map_set(body, "delegates", value_copy(delegates));
	ret = google_post_json(s, url, what, who, with->text, body, &json,
			       err);
	text = value_text(value_map_get(json, "signedBlob"));
	if (!ret && (!text || !*text ||
		     !base64_decode(signature, text, strlen(text))))
		ret = fail(err, ERR_CONTENT, "%s answers without a signature",
			   what);
	value_free(json);
	value_free(body);
	strbuf_release(&payload);
	free(who);
	return ret;
}

/* A file that says as whom it acts. */
static int sign_as(struct google_search *s, const struct google_place *p,
		   const char *where, struct strbuf *signature,
		   const void *data, size_t len, struct strbuf *err)
{
	const char *url = value_text(value_map_get(p->json,
				     "service_account_impersonation_url"));
	struct google_token with = { NULL, 0 };
	char *account = url ? google_iam_account(url) : NULL, *sign_url = NULL;
	int ret;

	if (!account) {
		ret = fail(err, ERR_USAGE, "%s acts as no service account, so "
			   "it cannot sign URLs; see "
			   "service_account_impersonation_url", p->origin);
		goto cleanup;
	}
	sign_url = xstrfmt("%.*s" SIGN_VERB,
			   (int)(strstr(url, TOKEN_VERB) - url), url);
	if (p->kind == GOOGLE_EXTERNAL)
		ret = google_external_source(s, p->json, where,
					     GOOGLE_SCOPE_CLOUD, &with, err);
	else
		ret = source_token(s, p->json, where, &with, err);
	if (!ret)
		ret = sign_blob(s, sign_url, account,
				value_map_get(p->json, "delegates"), &with,
				signature, data, len, err);

cleanup:
	google_token_release(&with);
	free(account);
	free(sign_url);
	return ret;
}

static int sign_by_machine(struct google_search *s, struct strbuf *signature,
			   const void *data, size_t len, struct strbuf *err)
{
	struct google_token with = { NULL, 0 };
	char *account = NULL, *url = NULL;
	int ret = google_metadata_token(s, GOOGLE_SCOPE_CLOUD, &with, err);

	if (ret)
		goto cleanup;
	account = google_metadata_account(s);
	if (!account) {
		ret = fail(err, ERR_CREDENTIALS, "the metadata server of this "
			   "machine does not say which account it has");
		goto cleanup;
	}
	url = xstrfmt(IAM "%s" SIGN_VERB, account);
	ret = sign_blob(s, url, account, NULL, &with, signature, data, len,
			err);

cleanup:
	google_token_release(&with);
	free(account);
	free(url);
	return ret;
}

int google_place_sign(struct google_search *s, const struct google_place *p,
		      struct strbuf *signature, const void *data, size_t len,
		      struct strbuf *err)
{
	static const char who_can[] = "a key file of a service account can";
	char *where = xstrfmt("'%s'", p->path ? p->path : "");
	int ret = 0;

	switch (p->kind) {
	case GOOGLE_SERVICE:
		ret = google_key_sign(p->json, where, signature, data, len,
				      err);
		break;
	case GOOGLE_EXTERNAL:
	case GOOGLE_IMPERSONATED:
		ret = sign_as(s, p, where, signature, data, len, err);
		break;
	case GOOGLE_METADATA:
		ret = sign_by_machine(s, signature, data, len, err);
		break;
	case GOOGLE_USER:
		ret = fail(err, ERR_USAGE, "a login, as %s is, cannot sign "
			   "URLs; %s", p->origin, who_can);
		break;
	case GOOGLE_NOBODY:
		ret = fail(err, ERR_USAGE, "who is anonymous cannot sign "
			   "URLs; %s", who_can);
		break;
	}
	free(where);
	return ret;
}
