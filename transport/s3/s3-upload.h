/*
 * Uploads in parts, for the files of the S3 backend that make them:
 *
 *	s3-upload.c		begin, go on with one, complete, withdraw
 *	s3-upload-send.c	parts out of the source, by a few threads
 *	s3-upload-state.c	what a dead process left: its note, and what
 *				the server holds
 *	s3-rest.c		the same of whom nobody knows
 *
 * Source: Documentation/technical/store-contract.adoc, "S3".
 */
#ifndef TRANSPORT_S3_UPLOAD_H
#define TRANSPORT_S3_UPLOAD_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/strbuf.h"
#include "lib/wrap/digest-md5.h"
#include "transport/s3/s3-internal.h"

/* Longer ones are no upload ids of any server. */
#define S3_UPLOAD_ID_MAX 2048

/* A part as the server holds it. */
struct s3_part {
	char *etag;		/* NULL: it does not */
	uint64_t size;
	bool has_md5, has_crc32c;
	unsigned char md5[MD5_RAWSZ];
	uint32_t crc32c;
};

struct s3_upload {
	struct s3_store *store;
	const struct put_request *request;
	struct strbuf *first;		/* what was read of the source, and was
					 * not taken yet */

	char *id;
	uint64_t part_size;
	bool crc32c;		/* the server was told to keep them */
	bool keep;		/* it failed, and may be gone on with */

	pthread_mutex_t lock;	/* of what follows, while parts are sent */
	struct s3_part *part;	/* that of number n is part[n - 1] */
	size_t parts, alloc;	/* numbers that are known of */
	size_t nr;		/* parts of the whole */
	uint64_t bytes;		/* of the whole */
	uint64_t held;		/* of these, not sent again */
	uint64_t stored;	/* of these, there by now */
	size_t news;		/* parts that were not noted yet */
};

/* s3-upload-send.c */

/** Bytes of each part but the last, for what has at most `bound`. */
uint64_t s3_part_size(uint64_t bound);
/** Reads the source to its end; sends what the server does not hold. */
int s3_upload_send(struct s3_upload *u, struct strbuf *err);

/* s3-upload-state.c */

/** Part `number`, made when it is not known of. */
struct s3_part *s3_upload_part(struct s3_upload *u, unsigned number);
void s3_part_release(struct s3_part *p);

/** The upload that `state` tells of, as it was noted: id, part size, parts.
 *  ERR_CONTENT: it tells of none, or of none of this key. */
int s3_state_read(struct s3_upload *u, const char *state, const char *key,
		  struct strbuf *err);
/** Notes it for whoever goes on with it. When that cannot be, nobody will:
 *  `keep` is then false. */
void s3_state_save(struct s3_upload *u);
/** There is nothing to go on with any more. */
int s3_state_drop(struct s3_upload *u, struct strbuf *err);

struct s3_listed_part {
	unsigned number;
	uint64_t size;
	int64_t modified;
	const char *etag;	/* without quotes, checked */
	const char *crc32c;	/* in base 64, or "" */
};

typedef int (*s3_part_fn)(const struct s3_listed_part *p, void *data,
			  struct strbuf *err);

/** What the server holds of an upload, by pages of 1000. ERR_NOT_FOUND: there
 *  is no such upload. */
int s3_list_parts(struct s3_store *s, const char *key, const char *id,
		  s3_part_fn fn, void *data, struct strbuf *err);
/** What is held is what the server says, not what was noted. */
int s3_upload_look(struct s3_upload *u, struct strbuf *err);

/* s3-upload.c */

/** AbortMultipartUpload; one that has gone is fine. */
int s3_abort(struct s3_store *s, const char *key, const char *id,
	     struct strbuf *err);

#endif
