/*
 * What the files behind google-credentials.h share; nobody else includes this.
 *
 *	google-credentials.c	tokens kept and renewed
 *	google-find.c		where is looked, in which order
 *	google-file.c		files of credentials, by their `type`
 *	google-key.c		keys of service accounts
 *	google-token.c		asking a token service
 *	google-metadata.c	what the machine says (GCE, GKE)
 *	google-external.c	identities of others (workload identity)
 *	google-iam.c		acting as a service account; signatures
 *	google-login.c		tokens by a login; where its file is
 *	google-login-file.c	files of logins
 *	google-consent.c	asking a person for one
 */
#ifndef TRANSPORT_GOOGLE_GOOGLE_INTERNAL_H
#define TRANSPORT_GOOGLE_GOOGLE_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/http.h"
#include "transport/google/google-credentials.h"
#include "transport/google/google-login.h"

#define GOOGLE_FILE_MAX (256u << 10)
#define GOOGLE_ANSWER_MAX (256u << 10)
#define GOOGLE_TOKEN_MAX (32u << 10)
#define GOOGLE_TOKEN_URI "https://oauth2.googleapis.com/token"
#define GOOGLE_SCOPE_CLOUD "https://www.googleapis.com/auth/cloud-platform"
#define GOOGLE_FORM "Content-Type: application/x-www-form-urlencoded"

/* What lets us in. */
struct google_token {
	char *text;		/* secret; NULL: nothing is sent */
	int64_t expires;	/* seconds since 1970 */
};

void google_token_release(struct google_token *t);

enum google_kind {
	GOOGLE_NOBODY, GOOGLE_SERVICE, GOOGLE_USER, GOOGLE_EXTERNAL,
	GOOGLE_IMPERSONATED, GOOGLE_METADATA
};

/* Where there are credentials. */
struct google_place {
	enum google_kind kind;
	struct value *json;	/* of a file: secret */
	char *path;		/* of it; NULL: no file */
	char *origin;		/* "the key file 'key.json'" */
	bool login;		/* of `resutil remote login` */
};

#define GOOGLE_PLACE_INIT { GOOGLE_NOBODY, NULL, NULL, NULL, false }
void google_place_release(struct google_place *p);

/* One search for credentials and one token. */
struct google_search {
	const struct google_source *source;
	int64_t skew;		/* of our clock: to be added */
	struct strbuf looked;	/* "; "-separated: what had none */
	struct strbuf warning;
};

void google_search_init(struct google_search *s,
			const struct google_source *source);
void google_search_release(struct google_search *s);
/** Notes where nothing was found. */
void google_looked(struct google_search *s, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

/** The value of a variable of the environment; NULL when empty, too. */
const char *google_env(const char *name);

/** Finds the place to ask, which is the metadata server when there is no other.
 *  Errors: ERR_CREDENTIALS, ERR_CONTENT, as google_credentials_get(). */
int google_find(struct google_search *s, struct google_place *out,
		struct strbuf *err);

/** A token of a place. */
int google_place_token(struct google_search *s, const struct google_place *p,
		       const char *scope, struct google_token *out,
		       struct strbuf *err);
/** client_email or the like; NULL. The caller frees. */
char *google_place_account(struct google_search *s,
			   const struct google_place *p);

/*
 * Files of credentials.
 */

/** Reads `path` and finds its kind. ERR_NOT_FOUND; ERR_CREDENTIALS: it cannot
 *  be read; ERR_CONTENT: it is none, and what is wrong with it. */
int google_file_read(struct google_place *out, const char *path,
		     struct strbuf *err);
/** The same of its text; where: "'FILE'". out is to be released anyway. */
int google_file_parse(struct google_place *out, const struct strbuf *text,
		      const char *where, struct strbuf *err);
/** The same for an object inside of one (source_credentials). */
int google_file_kind(const struct value *json, const char *where,
		     enum google_kind *out, struct strbuf *err);
/** A token by what such an object says; where: "'FILE'". */
int google_file_token(struct google_search *s, enum google_kind kind,
		      const struct value *json, const char *where,
		      const char *scope, struct google_token *out,
		      struct strbuf *err);
/** A text that must be there. ERR_CONTENT. */
int google_need(const char **out, const struct value *json, const char *key,
		const char *where, struct strbuf *err);
/* What lets a person in, of a file of type authorized_user; lent. */
struct google_user {
	const char *id, *secret;	/* of the client */
	const char *refresh;		/* the token */
};
int google_need_user(struct google_user *out, const struct value *json,
		     const char *where, struct strbuf *err);

/* The kinds of it. */
int google_key_token(struct google_search *s, const struct value *json,
		     const char *where, const char *scope,
		     struct google_token *out, struct strbuf *err);
int google_key_sign(const struct value *json, const char *where,
		    struct strbuf *signature, const void *data, size_t len,
		    struct strbuf *err);
int google_user_token(struct google_search *s, const struct value *json,
		      const char *where, struct google_token *out,
		      struct strbuf *err);
int google_external_token(struct google_search *s, const struct value *json,
			  const char *where, const char *scope,
			  struct google_token *out, struct strbuf *err);
/** Without acting as a service account, where it says so. */
int google_external_source(struct google_search *s, const struct value *json,
			   const char *where, const char *scope,
			   struct google_token *out, struct strbuf *err);
int google_impersonated_token(struct google_search *s,
			      const struct value *json, const char *where,
			      const char *scope, struct google_token *out,
			      struct strbuf *err);

/*
 * Token services.
 */

/* What is asked of one. Strings are lent. */
struct google_grant {
	const char *url;
	const char *what;	/* "the token_uri of 'FILE'" */
	const char *who;	/* "the service account 'x@y'": for messages */
	const char *authorization;	/* the value of that field, or NULL */
	struct strbuf form;	/* secret */
	const char *secret[3];	/* what is in it, and in no message */
	bool once;		/* a code: never sent twice */
	/* Added where the answer is that this is not valid any more. */
	const char *way_out;
	/* Makes the form anew for another time of day; or NULL. */
	int (*again)(struct google_search *s, struct google_grant *g,
		     struct strbuf *err);
	void *data;
};

#define GOOGLE_GRANT_INIT { .form = STRBUF_INIT }
void google_grant_release(struct google_grant *g);
/** base64url without padding (RFC 7515). */
void google_base64url(struct strbuf *out, const void *data, size_t len);
void google_form_add(struct strbuf *form, const char *name, const char *value);

/** 0: the answer, a map that the caller frees by secret_free_value(). */
int google_grant_ask(struct google_search *s, struct google_grant *g,
		     struct value **out, struct strbuf *err);
/** The same of one that gives an access token. */
int google_grant_token(struct google_search *s, struct google_grant *g,
		       struct google_token *out, struct strbuf *err);
/** Takes access_token and expires_in of a map. */
int google_token_read(struct google_token *out, const struct value *json,
		      const char *who, struct strbuf *err);
/** Whether it can stand in a header field: printable ASCII, no blanks. */
bool google_is_token(const char *text);

/** A JSON body to an API of Google with a token; 0: the map of the answer.
 *  who: "the service account 'x'". */
int google_post_json(struct google_search *s, const char *url,
		     const char *what, const char *who, const char *token,
		     const struct value *body, struct value **out,
		     struct strbuf *err);

/** What an answer says is wrong, escaped and cut: words of OAuth, of the APIs,
 *  or the status. secret: NULL-terminated. */
void google_reason(struct strbuf *out, const struct http_answer *a,
		   const char *const *secret);

/*
 * Logins.
 */

/** What the files of google-login.h say. ERR_CONTENT. */
int google_client_take(struct google_client *out, const struct value *json,
		       const char *where, struct strbuf *err);
int google_login_take(struct google_login *out, const struct value *json,
		      const char *where, struct strbuf *err);
/** Whose an id_token is (or NULL); NULL: it does not say. The caller frees. */
char *google_id_account(const char *id_token);

/*
 * The machine.
 */
int google_metadata_token(struct google_search *s, const char *scope,
			  struct google_token *out, struct strbuf *err);
char *google_metadata_account(struct google_search *s);

/*
 * Acting as a service account: IAM credentials API.
 */
/** seconds: that the token is to hold; 0: as usual. */
int google_iam_token(struct google_search *s, const char *url,
		     const char *where, const struct value *delegates,
		     int64_t seconds, const char *scope,
		     const struct google_token *with, struct google_token *out,
		     struct strbuf *err);
int google_place_sign(struct google_search *s, const struct google_place *p,
		      struct strbuf *signature, const void *data, size_t len,
		      struct strbuf *err);
/** "x@y" of ".../serviceAccounts/x@y:generateAccessToken"; NULL. The caller
 *  frees. */
char *google_iam_account(const char *url);

#endif
