/*
 * Who we are for Google: an access token from where Google's own tools look for
 * one, kept in memory and renewed five minutes before it expires. Thread-safe.
 * Secrets are wiped when they are released, and the process that has some
 * leaves no core dump.
 *
 * Order: anonymous, when the store says so (and for an emulator); the login
 * that `resutil remote login` kept for this store; key_file_path;
 * GOOGLE_APPLICATION_CREDENTIALS; the file of `gcloud auth application-default
 * login`; the metadata server of GCE and GKE. A file may be: service_account,
 * authorized_user, external_account (a subject from a file or a URL),
 * impersonated_service_account.
 *
 * What lets us in is shown to Google's hosts and to those of
 * google.trusted-hosts, and to nobody else: a conf or a key file that names
 * another token_uri or API root is refused with what to do.
 * Source: resutil-google(7), "CREDENTIALS"; RFC 7523, RFC 6749, RFC 8693;
 * google.aip.dev/auth.
 */
#ifndef TRANSPORT_GOOGLE_GOOGLE_CREDENTIALS_H
#define TRANSPORT_GOOGLE_GOOGLE_CREDENTIALS_H

#include "lib/base/compat.h"
#include "lib/base/google-conf.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/http.h"

#define GOOGLE_SCOPE_GCS \
	"https://www.googleapis.com/auth/devstorage.read_write"
#define GOOGLE_SCOPE_DRIVE "https://www.googleapis.com/auth/drive"

struct google_source {
	const char *base_dir;	/* key_file is relative to it */
	const char *key_file;	/* key_file_path, or NULL */
	const char *store;	/* its URL: names the file of a login */
	const char *scope;
	bool anonymous;		/* nothing is sent */
	const struct strvec *trusted;	/* hosts besides Google's, "HOST" or
					 * "HOST:PORT"; or NULL */
	unsigned patience;	/* seconds that a token is asked for */
	struct http *http;	/* lent */
};

struct google_credentials;

/** Reads nothing yet. What `s` points to is copied, but for http. */
void google_credentials_new(struct google_credentials **out,
			    const struct google_source *s);
void google_credentials_free(struct google_credentials *c);	/* NULL fine */

/**
 * Adds "Bearer TOKEN" to `out`, found and asked for when it is needed; nothing
 * when anonymous. The caller wipes it (secret_release).
 * A file of keys that everybody can read is told by notice(), once.
 * Errors: ERR_CREDENTIALS (none: where was looked, and what to do; refused,
 * with Google's reason: a deleted account, a wrong clock and by how much);
 * ERR_CONTENT (a file is malformed: path and what); ERR_USAGE (a host that is
 * not trusted); ERR_UNREACHABLE.
 */
int google_credentials_get(struct google_credentials *c, struct strbuf *out,
			   struct strbuf *err);
/** The server refused the token (401): the next get asks anew. Whether that is
 *  of any use: not when it is as young as `bearer` already. */
bool google_credentials_refused(struct google_credentials *c,
				const char *bearer);
/** Where they came from, for messages ("the key file 'key.json'"); "" before
 *  the first get. The caller frees. */
char *google_credentials_origin(struct google_credentials *c);
/** The address to share things with (client_email, or the account of a login);
 *  NULL: not known. The caller frees. */
char *google_credentials_account(struct google_credentials *c);
/** Whether they are a service account's: it owns no quota on My Drive. */
bool google_credentials_is_service(struct google_credentials *c);
bool google_credentials_is_anonymous(struct google_credentials *c);
/** A project to bill requests to (x-goog-user-project), of a login or
 *  GOOGLE_CLOUD_QUOTA_PROJECT; NULL. The caller frees. */
char *google_credentials_quota_project(struct google_credentials *c);

/**
 * Signs for a URL: raw RSA-SHA256 of `data` with the key of the service
 * account, or by iamcredentials' signBlob where there is no key here.
 * ERR_USAGE: these credentials cannot sign (a login), and which can.
 */
int google_credentials_sign(struct google_credentials *c,
			    struct strbuf *signature, const void *data,
			    size_t len, struct strbuf *err);

/** The file in which a login for the store with this URL is kept:
 *  $XDG_CONFIG_HOME/resutil/logins/NAME.json. ERR_FAILED: no HOME. */
int google_login_path(struct strbuf *path, const char *store,
		      struct strbuf *err);

#endif
