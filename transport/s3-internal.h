/*
 * What the files of the S3 backend share; nobody else includes this.
 *
 *	s3.c		the store: settings, addresses, stat, get, remove
 *	s3-call.c	one signed request: regions, expired keys, errors
 *	s3-list.c	pages of objects
 *	s3-put.c	an object in one request
 *	s3-upload.c	an object in parts, also those of a dead process
 *	s3-copy.c	copies made by the server
 *	s3-rest.c	what dead uploads left; many removals at once
 */
#ifndef TRANSPORT_S3_INTERNAL_H
#define TRANSPORT_S3_INTERNAL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/http.h"
#include "transport/aws-credentials.h"
#include "transport/transport-ops.h"

/* What fits is put by one request; parts are no smaller. */
#define S3_PART_MIN (8u << 20)
#define S3_PARTS_MAX 10000
/* Beyond it a copy needs parts. */
#define S3_COPY_MAX ((uint64_t)5 << 30)
#define S3_REMOVE_MAX 1000

struct s3_store {
	struct transport base;
	struct http *http;
	struct aws_credentials *credentials;
	char *bucket;
	char *prefix;		/* "" or "a/b/" */
	char *scheme;		/* "https" */
	char *host;		/* of the endpoint, with its port */
	char *base_path;	/* of the endpoint, "" or "/x" */
	bool path_style;

	pthread_mutex_t lock;	/* of what follows */
	char *region;
	int64_t skew;		/* the server's clock less ours, seconds */
	/* It answered 501, or took no notice: looked at before and after. */
	bool no_if_none_match, no_if_match;
};

struct s3_store *s3_store_of(struct transport *t);

/* A request about an object, or (key NULL) about the bucket. */
struct s3_call {
	const char *method;
	const char *key;	/* as callers say it, without the prefix */
	struct strvec query;	/* "name=value", not escaped */
	struct strvec headers;	/* all of them are signed */
	const void *body;
	size_t body_len;
	const char *sha256;	/* of the body, hex; NULL: computed here, or
				 * unsigned over TLS */
	unsigned flags;		/* enum http_flags */
	int (*head)(void *data, const struct http_answer *a,
		    struct strbuf *err);
	int (*write)(void *data, const void *buf, size_t len,
		     struct strbuf *err);
	void *data;
	struct http_answer answer;
	char code[64];		/* of an S3 error: "NoSuchKey"; "" */
};

#define S3_CALL_INIT(m, k) \
	{ .method = (m), .key = (k), .query = STRVEC_INIT, \
	  .headers = STRVEC_INIT, .answer = HTTP_ANSWER_INIT }
void s3_call_release(struct s3_call *c);

/**
 * Signs and sends it; follows the bucket to its region; renews keys that
 * expired. 0: the status is 2xx (or 304). Else ERR_*, with the service's own
 * reason, the key, and what to do: ERR_NOT_FOUND (no such key),
 * ERR_UNREACHABLE (no such bucket, says so), ERR_CONFLICT (409, 412),
 * ERR_CREDENTIALS (403, also a clock that is wrong, says by how much),
 * ERR_TRANSIENT; c->answer and c->code are filled as far as known.
 */
int s3_call(struct s3_store *s, struct s3_call *c, struct strbuf *err);

/** Path and query as they are sent for `key` (NULL: the bucket), and the host
 *  for it. */
void s3_address(const struct s3_store *s, const char *key, struct strbuf *host,
		struct strbuf *path);

/** An ETag without its quotes, checked: printable, at most
 *  OBJECT_VERSION_MAX. ERR_CONTENT. */
int s3_etag(struct strbuf *out, const char *text, struct strbuf *err);

/* Members of the table, by file. */
int s3_list(struct transport *t, const char *prefix, unsigned flags,
	    struct strbuf *cursor, object_fn fn, void *data,
	    struct strbuf *err);
int s3_stat(struct transport *t, const char *key, struct object *out,
	    struct strbuf *err);
int s3_put(struct transport *t, const struct put_request *r,
	   struct object *out, struct strbuf *err);
int s3_copy(struct transport *t, const char *from, const char *to,
	    const char *version, struct strbuf *err);
int s3_rests(struct transport *t, const char *prefix, struct strbuf *cursor,
	     object_fn fn, void *data, struct strbuf *err);
int s3_prune(struct transport *t, const char *key, const char *version,
	     struct strbuf *err);
int s3_withdraw(struct transport *t, const char *key, const char *state,
		struct strbuf *err);
int s3_remove_many(struct transport *t, const struct strvec *keys,
		   removed_fn fn, void *data, struct strbuf *err);

/**
 * The body of s3_put() for what does not fit into one request: `first` holds
 * the S3_PART_MIN bytes that were read of the source already.
 */
int s3_upload(struct s3_store *s, const struct put_request *r,
	      const void *first, size_t first_len, struct object *out,
	      struct strbuf *err);

#endif
