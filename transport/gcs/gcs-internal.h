/*
 * What the files of the Cloud Storage backend share; nobody else includes this.
 *
 *	gcs.c		the store: settings, addresses, stat, remove
 *	gcs-object.c	what answers say of an object
 *	gcs-error.c	what refusals mean, and what to do
 *	gcs-list.c	pages of objects
 *	gcs-get.c	ranges of an object
 *	gcs-put.c	an object in one request, or by google-upload.h
 *	gcs-copy.c	copies made by the server (rewrite)
 *	gcs-remove-many.c	many removals at once
 *	gcs-sign.c	URLs that are signed (V4)
 *
 * Source: Cloud Storage JSON API v1. The roles Storage Object User and Storage
 * Legacy Bucket Reader suffice for all of it: objects.{create,delete,get,list}.
 */
#ifndef TRANSPORT_GCS_GCS_INTERNAL_H
#define TRANSPORT_GCS_GCS_INTERNAL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/strbuf.h"
#include "transport/google/google-call.h"
#include "transport/transport-ops.h"

/* A version is a generation, in digits. */

struct gcs_store {
	struct transport base;
	struct google_api api;
	char *bucket;
	const char *bucket_key;	/* what names it in the conf, for messages */
	char *prefix;		/* "" or "a/b/" */
	char *user_project;	/* "requester pays"; or NULL */
	pthread_mutex_t asking;	/* who holds it finds out */
	bool seen;		/* the bucket is there; atomic */
};

struct gcs_store *gcs_store_of(struct transport *t);

/* The fields of an object that are asked for. */
#define GCS_FIELDS \
	"name,size,generation,updated,crc32c,md5Hash,metadata,contentEncoding"

/** "/storage/v1/b/BUCKET/o/KEY"; key NULL: "/storage/v1/b/BUCKET/o". */
void gcs_path(const struct gcs_store *s, const char *key, struct strbuf *path);
/** The same from "/b/" on, for what stands behind others ("/upload/storage/v1",
 *  "/rewriteTo"). */
void gcs_path_in(const struct gcs_store *s, const char *key,
		 struct strbuf *path);
/** Adds what each request carries (userProject). */
void gcs_query(const struct gcs_store *s, struct strvec *query);
/** Fills `o`, which is empty, by the JSON of an object. ERR_CONTENT. */
int gcs_object_read(const struct gcs_store *s, const struct value *json,
		    struct object *o, struct strbuf *err);
/** Tells what a page of a listing holds; the cursor goes on by it. */
int gcs_list_read(const struct gcs_store *s, const struct value *json,
		  struct strbuf *cursor, object_fn fn, void *data,
		  struct strbuf *err);
/** Whether `text` can be a version of an object here. */
bool gcs_is_generation(const char *text);
/** The store's google_api.explain. */
int gcs_explain(struct google_api *api, const struct google_call *c,
		struct strbuf *advice);

/* Members of the table, by file. */
int gcs_stat(struct transport *t, const char *key, struct object *out,
	     struct strbuf *err);
int gcs_remove_many(struct transport *t, const struct strvec *keys,
		    removed_fn fn, void *data, struct strbuf *err);
int gcs_list(struct transport *t, const char *prefix, unsigned flags,
	     struct strbuf *cursor, object_fn fn, void *data,
	     struct strbuf *err);
int gcs_stat(struct transport *t, const char *key, struct object *out,
	     struct strbuf *err);
int gcs_get(struct transport *t, const char *key, const struct object_range *r,
	    const struct object_sink *sink, struct strbuf *version,
	    struct strbuf *err);
int gcs_put(struct transport *t, const struct put_request *r,
	    struct object *out, struct strbuf *err);
int gcs_withdraw(struct transport *t, const char *key, const char *state,
		 struct strbuf *err);
int gcs_copy(struct transport *t, const char *from, const char *to,
	     const char *version, struct strbuf *err);
int gcs_presign(struct transport *t, const char *key, unsigned seconds,
		struct strbuf *url, struct strbuf *err);

#endif
