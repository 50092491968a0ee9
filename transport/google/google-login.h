/*
 * Logins of people: asking for one in a browser, its file, and taking it back.
 * Source: resutilformat-login(5); RFC 8252, RFC 7636; developers.google.com/
 * identity/protocols/oauth2/native-app.
 */
#ifndef TRANSPORT_GOOGLE_GOOGLE_LOGIN_H
#define TRANSPORT_GOOGLE_GOOGLE_LOGIN_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/http.h"

/* The application in whose name a login is asked for. */
struct google_client {
	char *id, *secret, *auth_uri, *token_uri;
};

#define GOOGLE_CLIENT_INIT { NULL, NULL, NULL, NULL }
void google_client_release(struct google_client *c);
/** As the console of Google Cloud writes it, of type "Desktop app".
 *  ERR_NOT_FOUND, ERR_CREDENTIALS (unreadable), ERR_CONTENT. */
int google_client_read(struct google_client *out, const char *path,
		       struct strbuf *err);

struct google_login {
	char *store;		/* its URL */
	char *account;		/* or NULL */
	char *refresh_token;
	char *scope;
	struct google_client client;
};

void google_login_release(struct google_login *l);
/** ERR_NOT_FOUND: there is none for that store. ERR_CONTENT. */
int google_login_read(struct google_login *out, const char *store,
		      struct strbuf *err);
/** Durably, for its owner alone. path: gets where. */
int google_login_save(const struct google_login *l, struct strbuf *path,
		      struct strbuf *err);

/* What asks and who is asked. */
struct google_login_call {
	struct http *http;
	const struct strvec *trusted;	/* as of google_source; or NULL */
	unsigned patience;		/* seconds a request is tried for */
	unsigned port;			/* to come back to; 0: a free one */
	unsigned seconds;		/* a person is waited for */
	int asker;			/* as of loopback_wait() */
	const char *scope;
	/* Brings `url` before a person, in a browser of this machine. port: to
	 * which it leads back. */
	int (*show)(void *data, const char *url, unsigned port,
		    struct strbuf *err);
	void *data;
};

/**
 * Asks for a login with l->client (account, when it is there, is who is
 * expected), and fills in the rest. Errors: ERR_USAGE (a host that is not
 * trusted), ERR_CREDENTIALS (denied; refused; less was allowed than is
 * needed), ERR_UNREACHABLE (nobody came back in time; no service), ERR_CONFLICT
 * (the port is in use), ERR_CONTENT.
 */
int google_login_ask(const struct google_login_call *c, struct google_login *l,
		     struct strbuf *err);

/** Takes it back at Google. 0 also when it did not count any more. */
int google_login_revoke(const struct google_login_call *c,
			const struct google_login *l, struct strbuf *err);
/** Removes its file. ERR_NOT_FOUND. */
int google_login_remove(const char *store, struct strbuf *err);

#endif
