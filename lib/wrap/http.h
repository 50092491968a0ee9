/*
 * The door to libcurl, opened at the first use (dlopen): commands about a
 * directory never load it.
 *
 * One thread runs all transfers of an `http` (curl's multi interface): it
 * keeps connections, speaks HTTP/2 where the server does, and never waits for
 * a disk. http_do() blocks the thread that called it; any number may.
 *
 * What may be sent again is sent again in here: after 408, 429, 500, 502, 503,
 * 504, a connection that was refused, reset or stalled, and a body that was
 * cut. Waits grow by chance as those of again.h, within options.patience, and
 * are as long as Retry-After says. RESUTIL_TRACE_HTTP writes each request down,
 * without what is secret.
 * Source: Documentation/technical/http.adoc.
 */
#ifndef LIB_WRAP_HTTP_H
#define LIB_WRAP_HTTP_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

#define HTTP_STALL_DEFAULT 60
/* A response that nobody streams: all of it, at most. */
#define HTTP_BODY_MAX (16u << 20)
/* Header fields of a response together. */
#define HTTP_HEADERS_MAX (64u << 10)

struct http;
struct http_answer;

struct http_options {
	const char *ca_file;	/* PEM; NULL: what the environment names
				 * (SSL_CERT_FILE, CURL_CA_BUNDLE), or the
				 * system's */
	uint64_t rate;		/* bytes a second, each way, of all transfers
				 * together; 0: as fast as it goes */
	unsigned stall;		/* seconds without a byte; 0: the default */
	unsigned patience;	/* seconds that a failing request is tried for;
				 * 0: it is tried once */
};

/** ERR_FAILED: libcurl cannot be loaded. ERR_USAGE: ca_file is unreadable.
 *  Strings of `o` are copied. Proxies are those of the environment. */
int http_open(struct http **out, const struct http_options *o,
	      struct strbuf *err);
/** Nobody may be in http_do(). NULL is fine. */
void http_close(struct http *h);

enum http_flags {
	/* To do it twice is to do it once (or a precondition sees to that):
	 * it is sent again also when nobody knows whether it worked. */
	HTTP_REPEATABLE = 1 << 0,
	/* Parts of the URL behind '?' are secret: not in the trace. */
	HTTP_SECRET_QUERY = 1 << 1,
	/* Neither are header fields and the body of the answer. */
	HTTP_SECRET_ANSWER = 1 << 2,
	/* A server on the local link (169.254.169.254): no proxy, one second
	 * to connect, two to say something, no more than two tries. */
	HTTP_LOCAL_LINK = 1 << 3
};

struct http_request {
	const char *method;	/* GET HEAD PUT POST DELETE */
	const char *url;	/* escaped; sent as it is, dots included */
	struct strvec headers;	/* "Name: value", as sent */
	unsigned flags;

	/* The body: bytes that stay where they are until the end... */
	const void *body;
	size_t body_len;
	/* ... or, when set, what this gives: less than `len` only at the end,
	 * *got 0: the end. Called by the thread in http_do(). A failure ends
	 * the request with its code and sentence. body_size: its length, or
	 * UINT64_MAX (sent in chunks). Begun again by `rewind`; NULL: never
	 * sent twice. */
	int (*read)(void *data, void *buf, size_t len, size_t *got,
		    struct strbuf *err);
	int (*rewind)(void *data, struct strbuf *err);
	uint64_t body_size;

	/* Before each try: may rewrite url and headers (signatures hold a
	 * time). Called by the thread in http_do(), with prepare_data. */
	int (*prepare)(struct http_request *r, void *data, struct strbuf *err);
	void *prepare_data;

	/* Where the body of an answer 200 or 206 goes; other answers are kept.
	 * Called by the thread in http_do(), after `head` (may be NULL), which
	 * looks at status and fields and may refuse it. After the first byte
	 * nothing is sent again: a body that is cut is ERR_TRANSIENT. */
	int (*head)(void *data, const struct http_answer *a,
		    struct strbuf *err);
	int (*write)(void *data, const void *buf, size_t len,
		     struct strbuf *err);
	void *data;
};

struct http_answer {
	int status;
	struct strvec fields;	/* "name: value", names in lower case */
	struct strbuf body;	/* of what nobody streamed */
	unsigned tries;
	bool gave_up;		/* tried again until the patience ended */
	bool own;		/* the failure is that of read, rewind, head,
				 * write or prepare */
	int version;		/* 10, 11, 20 */
	uint64_t retry_after;	/* seconds; 0: not said */
};

#define HTTP_REQUEST_INIT { .headers = STRVEC_INIT }
#define HTTP_ANSWER_INIT { .fields = STRVEC_INIT, .body = STRBUF_INIT }
void http_request_release(struct http_request *r);
void http_answer_release(struct http_answer *a);

/**
 * 0: there is an answer, whatever its status. Redirects are answers.
 * Errors: ERR_UNREACHABLE (no answer, and trying again is over or is no use:
 * TLS that does not verify, a proxy that refuses); ERR_TRANSIENT (no whole
 * answer, and it must not simply be sent again: somebody has to look whether it
 * worked; after a Retry-After it returns when that is over); ERR_CONTENT (an
 * answer beyond the maxima, or that is no HTTP; a body that ends before
 * body_size); ERR_USAGE (no URL of http:// or https://; certificates that
 * cannot be read); what read, write, head and prepare returned.
 */
int http_do(struct http *h, struct http_request *r, struct http_answer *a,
	    struct strbuf *err);

/** The value of a field (name in lower case), lent; NULL: there is none. */
const char *http_field(const struct http_answer *a, const char *name);

/** What a status means when it is no success: ERR_TRANSIENT for what is worth
 *  another try (ERR_UNREACHABLE when a->gave_up), 401 and 403
 *  ERR_CREDENTIALS, 404 ERR_NOT_FOUND, 409 and 412 ERR_CONFLICT, else
 *  ERR_FAILED. */
int http_status_error(const struct http_answer *a);

/** A date in any of the three forms of RFC 9110, as seconds since 1970. */
bool http_date(int64_t *sec, const char *text);

/** Adds "https://host:port" of a URL: where it leads, without who asks. */
void http_place(struct strbuf *out, const char *url);

/** Adds `text` with all but A-Za-z0-9-._~ (and, in a path, '/') as %XX. */
void http_escape(struct strbuf *out, const char *text, size_t len,
		 bool is_path);

#endif
