/*
 * AWS Signature Version 4: in a header, and in the query of a URL.
 * Source: AWS General Reference, "Signature Version 4 signing process"; Amazon
 * S3 API Reference, "Authenticating Requests".
 */
#ifndef TRANSPORT_SIGV4_H
#define TRANSPORT_SIGV4_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "transport/aws/aws-credentials.h"

#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"
#define SIGV4_EXPIRES_MAX 604800	/* seconds: a week */

struct sigv4 {
	const char *region;
	const char *service;	/* "s3", "sts" */
	int64_t now;		/* seconds since 1970 */
};

struct sigv4_request {
	const char *method;
	const char *host;	/* with the port where it is not the usual */
	const char *path;	/* escaped as it is sent, begins with '/' */
	/* "name=value", not escaped; sorted and escaped here. "uploads=". */
	const struct strvec *query;
	/* "Name: value" that are to be signed, host excluded; may be NULL. */
	const struct strvec *headers;
	const char *payload;	/* SHA-256 in hex, or SIGV4_UNSIGNED */
};

/** Adds x-amz-date, x-amz-content-sha256, x-amz-security-token (of a session)
 *  and Authorization to `out`, as "Name: value". ERR_FAILED: no libcrypto. */
int sigv4_headers(struct strvec *out, const struct sigv4 *s,
		  const struct aws_keys *k, const struct sigv4_request *r,
		  struct strbuf *err);

/** Adds the escaped, sorted query that the URL is to have; it holds for
 *  `seconds` (at most SIGV4_EXPIRES_MAX: ERR_USAGE). */
int sigv4_query(struct strbuf *out, const struct sigv4 *s,
		const struct aws_keys *k, const struct sigv4_request *r,
		unsigned seconds, struct strbuf *err);

/** Adds "name=value" pairs as they stand in a URL: escaped, sorted. */
void sigv4_join_query(struct strbuf *out, const struct strvec *query);

#endif
