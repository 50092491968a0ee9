/*
 * What the files of the S3 backend share; nobody else includes this.
 *
 *	s3.c		the store: settings, addresses, stat, remove, URLs
 *	s3-call.c	one signed request: regions, expired keys, errors
 *	s3-fields.c	ETags, checksums, metadata
 *	s3-error.c	what answers say went wrong
 *	s3-list.c	pages of objects
 *	s3-get.c	ranges of an object
 *	s3-put.c	an object in one request
 *	s3-probe.c	whether conditions are taken notice of
 *	s3-upload*.c	an object in parts, also those of a dead process: see
 *			s3-upload.h
 *	s3-copy.c	copies made by the server
 *	s3-rest.c	what dead uploads left
 *	s3-remove-many.c	a thousand keys by one request
 */
#ifndef TRANSPORT_S3_INTERNAL_H
#define TRANSPORT_S3_INTERNAL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/http.h"
#include "lib/wrap/xml.h"
#include "transport/aws/aws-credentials.h"
#include "transport/transport-ops.h"

/* What fits is put by one request; parts are no smaller. */
#define S3_PART_MIN (8u << 20)
#define S3_PARTS_MAX 10000
/* Beyond it a copy needs parts. */
#define S3_COPY_MAX ((uint64_t)5 << 30)

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
	unsigned patience;	/* seconds */
	bool is_aws;		/* no endpoint was given: `host` is the domain,
				 * and the region stands before it */

	pthread_mutex_t probing;	/* who holds it finds out */
	pthread_mutex_t lock;	/* of what follows */
	char *region;
	int64_t skew;		/* the server's clock less ours, seconds */
	bool seen;		/* the bucket is there */
	/* It answered 501, or took no notice: looked at before and after. */
	bool no_if_none_match, no_if_match;
	bool conditions_known;	/* what it does of them, by what it is or by
				 * a probe */
	bool bare_match;	/* it wants no quotes in If-Match of a PUT */
	bool no_sums;		/* it refuses x-amz-checksum-* */
	bool has_sums;		/* it keeps them, and can be asked for them */
	bool odd_etags;		/* they look like MD5, and are none */
};

struct s3_store *s3_store_of(struct transport *t);

/* A request about an object, or (key NULL) about the bucket. */
struct s3_call {
	const char *method;
	const char *key;	/* as callers say it, without the prefix */
	const char *what;	/* "copy", for messages; NULL: by the method */
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
 * expired; corrects our clock by the server's. 0: the status is 2xx (or 304),
 * and no error stands in the body that was kept. Else ERR_*, with the
 * service's own reason, the key, and what to do: ERR_NOT_FOUND (no such key),
 * ERR_UNREACHABLE (no such bucket, says so; no S3 service), ERR_CONFLICT (409,
 * 412), ERR_CREDENTIALS (403, also a clock that is wrong, says by how much),
 * ERR_TRANSIENT; what c->head and c->write returned. c->answer and c->code are
 * filled as far as known.
 */
int s3_call(struct s3_store *s, struct s3_call *c, struct strbuf *err);

/** Walks over the XML of an answer. ERR_CONTENT, ERR_UNREACHABLE: it is a web
 *  page; what fn returned. */
int s3_walk(struct s3_store *s, const struct s3_call *c, xml_element_fn fn,
	    void *data, struct strbuf *err);

/** Host and path as they are sent for `key` (NULL: the bucket). region: where
 *  the bucket is. */
void s3_address(const struct s3_store *s, const char *region, const char *key,
		struct strbuf *host, struct strbuf *path);
/** A copy of the region of now, and (or NULL) the time by the server's clock;
 *  the caller frees. */
char *s3_region(struct s3_store *s, int64_t *now);

/** An ETag without its quotes, checked: printable, at most
 *  OBJECT_VERSION_MAX. ERR_CONTENT. */
int s3_etag(struct strbuf *out, const char *text, struct strbuf *err);
/** Whether it is the MD5 of the content: 32 digits, of an object that is not
 *  encrypted with keys of its own, as the fields tell (NULL: not known). */
bool s3_etag_md5(unsigned char *raw, const char *etag,
		 const struct http_answer *a);

/** A CRC32C as fields and listings have it. False: it is none, or that of the
 *  checksums of parts. */
bool s3_crc32c(uint32_t *out, const char *text);

/** Whether it was refused since it held a field that the service does not
 *  know. */
bool s3_is_unsupported(const struct s3_call *c);

/** Adds "NAME: "VERSION"". */
void s3_add_match(struct strvec *headers, const char *name,
		  const char *version);
/** Adds what the service is to compare the body with; NULL: not that. */
void s3_add_sums(struct strvec *headers, const unsigned char *md5,
		 const uint32_t *crc32c);
/** Adds what a new object is: its type and its metadata. */
void s3_add_content(struct strvec *headers, const char *key,
		    const struct strvec *meta);
/** Puts a copy in the place of what stood there: what an answer says last
 *  counts. */
void s3_set_text(char **out, const char *text, size_t len);
/** Takes the escapes out of a key as a listing has it, in place. False: it has
 *  a NUL, so it is no key. */
bool s3_unescape(char *text);
/** This server does not decide it by itself; transport_caps() says so from now
 *  on. */
void s3_lacks(struct s3_store *s, unsigned cap);
/** Finds out, once, whether the service takes notice of conditions at all;
 *  `key` is about to be put with some. */
void s3_learn_conditions(struct s3_store *s, const char *key);
/** Knows it by an answer of the services that are known to. */
void s3_recognize(struct s3_store *s, const struct http_answer *a);

/**
 * Looks whether what r expects to replace is what is there. ours: or what we
 * have put meanwhile (its version; NULL). ERR_CONFLICT.
 */
int s3_look(struct s3_store *s, const struct put_request *r, const char *ours,
	    struct strbuf *err);

/* Members of the table, by file. */
int s3_list(struct transport *t, const char *prefix, unsigned flags,
	    struct strbuf *cursor, object_fn fn, void *data,
	    struct strbuf *err);
/** Tells what the answer `c` lists; the cursor goes on by it. */
int s3_list_read(struct s3_store *s, const struct s3_call *c,
		 struct strbuf *cursor, object_fn fn, void *data,
		 struct strbuf *err);
/** What the answer to a HEAD tells, into `o`, which is empty. */
int s3_stat_read(const struct s3_store *s, const struct s3_call *c,
		 struct object *o, struct strbuf *err);
int s3_stat(struct transport *t, const char *key, struct object *out,
	    struct strbuf *err);
int s3_get(struct transport *t, const char *key, const struct object_range *r,
	   const struct object_sink *sink, struct strbuf *version,
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
 * the S3_PART_MIN bytes that were read of the source already; it is emptied as
 * they are used. Four parts are sent at once. Memory: all uploads of a process
 * together take 40 MiB for parts, or one part where that is larger (of what has
 * more than 370 GB).
 */
int s3_upload(struct s3_store *s, const struct put_request *r,
	      struct strbuf *first, struct object *out, struct strbuf *err);

#endif
