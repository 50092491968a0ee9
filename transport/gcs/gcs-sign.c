/*
 * URLs that read an object without credentials, for a time: signatures of
 * version 4 by the key of a service account, for the XML API.
 * Source: cloud.google.com/storage/docs/authentication/canonical-requests.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest.h"
#include "transport/gcs/gcs-internal.h"

#define ALGORITHM "GOOG4-RSA-SHA256"
#define STAMP_LEN 16	/* 20130524T000000Z */
#define DAY_LEN 8

static int make_stamp(char *stamp, struct strbuf *err)
{
	time_t now = (time_t)moment_now().sec;
	struct tm tm;

	/* four digits of a year are all that it has room for */
	if (!gmtime_r(&now, &tm) || tm.tm_year < 70 || tm.tm_year > 9999 - 1900)
		return fail(err, ERR_FAILED, "cannot sign a URL by this clock: "
			    "set it");
	strftime(stamp, STAMP_LEN + 1, "%Y%m%dT%H%M%SZ", &tm);
	return 0;
}

/* Who signs: a part of what is signed. */
static int find_signer(struct gcs_store *s, char **email, struct strbuf *err)
{
	struct strbuf bearer = STRBUF_INIT;
	int ret = 0;

	*email = google_credentials_account(s->api.credentials);
	if (*email)
		return 0;
	/* It is known when they have been found. */
	ret = google_credentials_get(s->api.credentials, &bearer, err);
	secret_release(&bearer);
	if (!ret)
		*email = google_credentials_account(s->api.credentials);
	if (!ret && !*email)
		ret = fail(err, ERR_USAGE, "cannot sign a URL: these "
			   "credentials do not say whose they are; use the key "
			   "file of a service account");
	return ret;
}

/* Parameters in the order in which they are signed: that of their bytes. */
static void make_query(const struct gcs_store *s, const char *email,
		       const char *stamp, unsigned seconds,
		       struct strbuf *query)
{
	struct strbuf credential = STRBUF_INIT;

	strbuf_addf(&credential, "%s/%.*s/auto/storage/goog4_request", email,
		    DAY_LEN, stamp);
	strbuf_addstr(query, "X-Goog-Algorithm=" ALGORITHM
		      "&X-Goog-Credential=");
	http_escape(query, credential.buf, credential.len, false);
	strbuf_addf(query, "&X-Goog-Date=%s&X-Goog-Expires=%u"
		    "&X-Goog-SignedHeaders=host", stamp, seconds);
	if (s->user_project) {
		strbuf_addstr(query, "&userProject=");
		http_escape(query, s->user_project, strlen(s->user_project),
			    false);
	}
	strbuf_release(&credential);
}

static int sign(struct gcs_store *s, const char *host, const char *path,
		const char *query, const char *stamp, struct strbuf *hex,
		struct strbuf *err)
{
	struct strbuf request = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf raw = STRBUF_INIT;
	int ret;

	strbuf_addf(&request, "GET\n%s\n%s\nhost:%s\n\nhost\n"
		    "UNSIGNED-PAYLOAD", path, query, host);
	strbuf_addf(&text, ALGORITHM "\n%s\n%.*s/auto/storage/goog4_request\n",
		    stamp, DAY_LEN, stamp);
	ret = digest_memory(&text, request.buf, request.len, err);
	if (!ret)
		ret = google_credentials_sign(s->api.credentials, &raw,
					      text.buf, text.len, err);
	if (!ret)
		digest_hex_of(hex, (const unsigned char *)raw.buf, raw.len);
	strbuf_release(&request);
	strbuf_release(&text);
	strbuf_release(&raw);
	return ret;
}

/* The root of the API is that of objects, too: "/BUCKET/KEY" below it. */
static void make_place(const struct gcs_store *s, const char *key,
		       struct strbuf *host, struct strbuf *path)
{
	const char *at = strstr(s->api.root, "://");
	size_t len;

	at = at ? at + 3 : s->api.root;
	len = strcspn(at, "/");
	strbuf_add(host, at, len);
	strbuf_addf(path, "%s/", at + len);
	http_escape(path, s->bucket, strlen(s->bucket), false);
	strbuf_addch(path, '/');
	http_escape(path, s->prefix, strlen(s->prefix), true);
	http_escape(path, key, strlen(key), true);
}

static int add_signature(struct gcs_store *s, const char *host,
			 const char *path, unsigned seconds,
			 struct strbuf *query, struct strbuf *err)
{
	struct strbuf hex = STRBUF_INIT;
	char stamp[STAMP_LEN + 1];
	char *email = NULL;
	int ret = make_stamp(stamp, err);

	if (!ret)
		ret = find_signer(s, &email, err);
	if (ret)
		goto cleanup;
	make_query(s, email, stamp, seconds, query);
	ret = sign(s, host, path, query->buf, stamp, &hex, err);
	if (!ret)
		strbuf_addf(query, "&X-Goog-Signature=%s", hex.buf);

cleanup:
	strbuf_release(&hex);
	free(email);
	return ret;
}

int gcs_presign(struct transport *t, const char *key, unsigned seconds,
		struct strbuf *url, struct strbuf *err)
{
	struct gcs_store *s = gcs_store_of(t);
	struct strbuf host = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf query = STRBUF_INIT;
	int ret = 0;

	make_place(s, key, &host, &path);
	/* What everybody may read needs no signature. */
	if (!google_credentials_is_anonymous(s->api.credentials))
		ret = add_signature(s, host.buf, path.buf, seconds, &query,
				    err);
	if (!ret)
		strbuf_addf(url, "%.*s%s%s%s%s",
			    (int)(strlen(s->api.root) -
				  strlen(strstr(s->api.root, "://") + 3)),
			    s->api.root, host.buf, path.buf,
			    query.len ? "?" : "", query.buf);
	strbuf_release(&query);
	strbuf_release(&path);
	strbuf_release(&host);
	return ret;
}
