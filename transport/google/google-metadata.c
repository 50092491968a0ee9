/*
 * The account of the machine: what answers at the address that every network of
 * Google's clouds has for it. That it is theirs is told by a header field.
 * Plain HTTP, since it does not leave the machine; nothing secret is sent.
 * Source: cloud.google.com/compute/docs/metadata/overview.
 */
#include "lib/base/compat.h"
#include "transport/google/google-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/store-conf.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/http.h"
#include "lib/wrap/json.h"

/* By its number: a name may be somebody else's in a network that is not
 * Google's, and asking for one takes long where there is no server for it. */
#define HOST "169.254.169.254"
#define ACCOUNT_PATH "/computeMetadata/v1/instance/service-accounts/default/"
#define EMAIL_MAX 256

static int ask(struct google_search *s, const char *path,
	       struct http_answer *a, struct strbuf *err)
{
	struct http_request r = HTTP_REQUEST_INIT;
	const char *host = google_env("GCE_METADATA_HOST"), *flavor;
	char *url;
	int ret = 0;

	if (!host)
		host = HOST;
	if (!store_conf_is_authority(host, strlen(host)))
		return fail(err, ERR_CREDENTIALS, "GCE_METADATA_HOST is no "
			    "host");
	url = xstrfmt("http://%s%s%s", host, ACCOUNT_PATH, path);
	r.method = "GET";
	r.url = url;
	r.flags = HTTP_REPEATABLE | HTTP_SECRET_ANSWER | HTTP_LOCAL_LINK;
	strvec_push(&r.headers, "Metadata-Flavor: Google");
	ret = http_do(s->source->http, &r, a, err);
	flavor = ret ? NULL : http_field(a, "metadata-flavor");
	if (!ret && (!flavor || strcmp(flavor, "Google")))
		ret = fail(err, ERR_NOT_FOUND, "what answers there is not "
			   "Google's");
	if (!ret && a->body.len > GOOGLE_ANSWER_MAX)
		ret = fail(err, ERR_CONTENT, "it answers more than %u bytes",
			   GOOGLE_ANSWER_MAX);
	http_request_release(&r);
	free(url);
	return ret;
}

static void answer_release(struct http_answer *a)
{
	secret_reset(&a->body);
	http_answer_release(a);
}

static int read_token(struct google_token *out, struct http_answer *a,
		      struct strbuf *err)
{
	static const char who[] = "the account of this machine";
	struct value *json = NULL;
	int ret;

	if (a->status == 404)
		return fail(err, ERR_CREDENTIALS, "no service account is "
			    "attached to this machine; attach one, or name "
			    "credentials as resutil-google(7) says");
	if (a->status != 200)
		return fail(err, a->status == 429 || a->status >= 500 ?
			    ERR_UNREACHABLE : ERR_CREDENTIALS,
			    "the metadata server of this machine gives no "
			    "token: it answers with status %d", a->status);
	if (json_parse(&json, a->body.buf, a->body.len, "", NULL))
		return fail(err, ERR_CONTENT, "the metadata server of this "
			    "machine answers no JSON");
	ret = google_token_read(out, json, who, err);
	secret_free_value(json);
	return ret;
}

int google_metadata_token(struct google_search *s, const char *scope,
			  struct google_token *out, struct strbuf *err)
{
	struct http_answer a = HTTP_ANSWER_INIT;
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	const char *off = google_env("NO_GCE_CHECK");
	int ret;

	if (off && !strcasecmp(off, "true")) {
		google_looked(s, "NO_GCE_CHECK is true");
		ret = ERR_NOT_FOUND;
	} else {
		strbuf_addstr(&path, "token?scopes=");
		http_escape(&path, scope, strlen(scope), false);
		ret = ask(s, path.buf, &a, &why);
		if (ret)
			google_looked(s, "no metadata server of Google (%s)",
				      why.buf);
	}
	/* most machines have none, which is not why there is no token */
	if (ret)
		ret = fail(err, ERR_CREDENTIALS, "no credentials for Google: "
			   "%s; see resutil-google(7), CREDENTIALS",
			   s->looked.buf);
	else
		ret = read_token(out, &a, err);
	answer_release(&a);
	strbuf_release(&path);
	strbuf_release(&why);
	return ret;
}

char *google_metadata_account(struct google_search *s)
{
	struct http_answer a = HTTP_ANSWER_INIT;
	char *account = NULL;

	if (!ask(s, "email", &a, NULL) && a.status == 200) {
		strbuf_trim(&a.body);
		if (google_is_token(a.body.buf) && a.body.len <= EMAIL_MAX &&
		    strchr(a.body.buf, '@'))
			account = xstrdup(a.body.buf);
	}
	answer_release(&a);
	return account;
}
