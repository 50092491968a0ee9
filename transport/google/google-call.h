/*
 * One request to an API of Google (JSON, OAuth), for the backends gcs and
 * gdrive. Each try carries a token; a 401 gets one new token. What the answer
 * says is wrong is told with the service's own reason.
 * Source: cloud.google.com/storage/docs/json_api/v1/status-codes,
 * developers.google.com/drive/api/guides/handle-errors.
 */
#ifndef TRANSPORT_GOOGLE_GOOGLE_CALL_H
#define TRANSPORT_GOOGLE_GOOGLE_CALL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/wrap/http.h"
#include "transport/google/google-credentials.h"

struct google_call;

struct google_api {
	struct http *http;
	struct google_credentials *credentials;
	char *root;		/* "https://storage.googleapis.com", no '/' */
	unsigned patience;	/* seconds */
	/* For messages: the store's URL, lent. */
	const char *store;
	/*
	 * What a refusal means here, and what to do: called with c->answer,
	 * c->reason and c->message filled for what is no success of the
	 * service's own; the rest of the sentence is made by google-error.c.
	 * Adds to `advice` ("share it with ..."), and returns ERR_* or 0 (by
	 * reason and status). May be NULL.
	 */
	int (*explain)(struct google_api *api, const struct google_call *c,
		       struct strbuf *advice);
	void *data;		/* of explain */
};

struct google_call {
	const char *method;
	const char *path;	/* "/storage/v1/b/...", escaped already; or an
				 * absolute URL: a token goes to the place of
				 * api->root, and to Google's own by https */
	const char *what;	/* "list", for messages; NULL: by the method */
	const char *about;	/* the key it is about; NULL: the store */
	struct strvec query;	/* "name=value", not escaped */
	struct strvec headers;
	const void *body;
	size_t body_len;
	unsigned flags;		/* enum http_flags; GET and HEAD are repeatable
				 * anyway */
	bool no_token;		/* the URL itself lets us in (a session), so
				 * HTTP_SECRET_QUERY and _ANSWER hold too */
	bool take_308;		/* "Resume Incomplete" is a success */
	int (*head)(void *data, const struct http_answer *a,
		    struct strbuf *err);
	int (*write)(void *data, const void *buf, size_t len,
		     struct strbuf *err);
	void *data;

	struct http_answer answer;
	char reason[64];	/* "userRateLimitExceeded"; "" */
	struct strbuf message;	/* the service's words on it, for a person:
				 * escaped, bounded, without our secrets */
	struct value *json;	/* of a success with a JSON body; NULL */
};

#define GOOGLE_CALL_INIT(m, p) \
	{ .method = (m), .path = (p), .query = STRVEC_INIT, \
	  .headers = STRVEC_INIT, .answer = HTTP_ANSWER_INIT, \
	  .message = STRBUF_INIT }
void google_call_release(struct google_call *c);

/**
 * 0: the status is 2xx (or 308 where it is taken). Rate limits (403 with
 * rateLimitExceeded, userRateLimitExceeded; 429) are waited for as 503 is.
 * Else ERR_*: ERR_NOT_FOUND (404), ERR_CONFLICT (409, 412), ERR_CREDENTIALS
 * (401, 403), ERR_CONTENT (an answer that is no JSON, 416, a wrong checksum),
 * ERR_UNREACHABLE (a web page of somebody else; patience ended),
 * ERR_TRANSIENT (not to be repeated blindly); what head and write returned;
 * what `explain` said. answer and reason are filled as far as known.
 */
int google_call(struct google_api *api, struct google_call *c,
		struct strbuf *err);

/** Adds "cannot VERB 'ABOUT' in 'STORE': WHY", and returns `code`: for what is
 *  wrong with a success. */
int google_fail_call(const struct google_api *api, const struct google_call *c,
		     int code, const char *why, struct strbuf *err);

/** Members of an answer: NULL, or a default, where there is none of that kind.
 *  Sizes and generations are texts of digits in these APIs. */
const char *google_text(const struct value *map, const char *key);
bool google_number(uint64_t *out, const struct value *map, const char *key);
/** A time of RFC 3339 as seconds since 1970; 0: none. */
int64_t google_time(const struct value *map, const char *key);
/** base64 of exactly `len` bytes. */
bool google_bytes(unsigned char *raw, size_t len, const char *base64);

#endif
