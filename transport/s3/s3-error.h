/*
 * What an answer of S3 says went wrong. For s3-call.c and s3-error.c.
 */
#ifndef TRANSPORT_S3_ERROR_H
#define TRANSPORT_S3_ERROR_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "transport/s3/s3-internal.h"

/* Of the service's own words a message repeats so many bytes. */
#define S3_MESSAGE_MAX 300
#define S3_REGION_MAX 63

struct s3_error {
	char code[64];			/* "NoSuchKey"; "" */
	struct strbuf message;		/* as it came */
	char region[S3_REGION_MAX + 1];	/* where the bucket is; "" */
	int64_t date;			/* of the answer; 0 */
	bool is_page;			/* the body is something else */
	struct strbuf unread;		/* why it could not be read, by us */
};

#define S3_ERROR_INIT { .message = STRBUF_INIT, .unread = STRBUF_INIT }
void s3_error_release(struct s3_error *e);

/** False: it is no error. */
bool s3_error_read(struct s3_error *e, const struct s3_call *c);
bool s3_error_is_expired(const struct s3_error *e);
bool s3_error_is_skew(const struct s3_error *e);

/** The sentence about an answer; returns its code. */
int s3_fail_answer(struct s3_store *s, const struct s3_call *c,
		   const struct s3_error *e, bool anonymous,
		   struct strbuf *err);
/** "cannot put 'KEY' in 'URL': WHY"; returns `code`. */
int s3_fail_call(const struct s3_store *s, const struct s3_call *c, int code,
		 const char *why, struct strbuf *err);

#endif
