/*
 * Who we are for S3: keys from where the AWS tools look for them, renewed
 * before they expire. Thread-safe. Secrets are wiped when they are released,
 * and the process that has some leaves no core dump.
 * Source: resutil-s3(7), "CREDENTIALS"; the AWS SDKs and Tools Reference
 * Guide.
 */
#ifndef TRANSPORT_AWS_CREDENTIALS_H
#define TRANSPORT_AWS_CREDENTIALS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/http.h"

struct aws_keys {
	char *id, *secret;
	char *token;		/* of a session, or NULL */
	int64_t expires;	/* seconds since 1970; 0: never */
	bool anonymous;		/* nothing is signed */
};

#define AWS_KEYS_INIT { NULL, NULL, NULL, 0, false }
void aws_keys_release(struct aws_keys *k);
/** Takes what is secret of them out of a text that others wrote: some servers
 *  say in a refusal what they were sent. */
void aws_keys_take_out(const struct aws_keys *k, struct strbuf *text);

struct aws_source {
	const char *base_dir;	/* .env is there; key_file is relative to it */
	const char *key_file;	/* key_file_path, or NULL */
	const char *profile;	/* or NULL: AWS_PROFILE, then "default" */
	bool anonymous;
	struct http *http;	/* lent */
};

struct aws_credentials;

/** Reads nothing yet. */
void aws_credentials_new(struct aws_credentials **out,
			 const struct aws_source *s);
void aws_credentials_free(struct aws_credentials *c);

/**
 * The keys to sign with now, found and asked for when they are needed.
 * A file of keys that everybody can read is told by notice(), once.
 * Errors: ERR_CREDENTIALS (none; where was looked, and what to do);
 * ERR_CONTENT (a file is malformed: path and line); ERR_UNREACHABLE.
 */
int aws_credentials_get(struct aws_credentials *c, struct aws_keys *out,
			struct strbuf *err);
/** The server refused `k` as expired: the next get asks anew. Returns whether
 *  that is of any use. */
bool aws_credentials_expired(struct aws_credentials *c,
			     const struct aws_keys *k);
/** Where the keys came from, for messages ("profile 'x' of FILE"); lent. */
const char *aws_credentials_origin(struct aws_credentials *c);

/** AWS_REGION, AWS_DEFAULT_REGION, .env, the profile's `region`; NULL. */
int aws_find_region(const struct aws_source *s, char **out,
		    struct strbuf *err);
/** AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, S3_ENDPOINT_URL, .env, the profile's
 *  `endpoint_url`; NULL. */
int aws_find_endpoint(const struct aws_source *s, char **out,
		      struct strbuf *err);
/** S3_BUCKET_NAME of the environment or .env; NULL. */
int aws_find_bucket(const struct aws_source *s, char **out,
		    struct strbuf *err);

#endif
