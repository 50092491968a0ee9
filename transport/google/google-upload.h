/*
 * Resumable uploads, which Cloud Storage and Drive have in common: a session
 * (a URL that lets in whoever has it) takes the bytes one behind the other, in
 * pieces of a multiple of 256 KiB, and says how far it came. A connection that
 * breaks, a session that ended (404, 410) and a process that died cost what was
 * not acknowledged, and no more.
 *
 * The state that is saved (put_resume) is JSON: the session, and how far it had
 * come with the CRC32C of the bytes up to there. A later put makes these bytes
 * again, compares, and goes on; with others it begins anew.
 * Source: cloud.google.com/storage/docs/performing-resumable-uploads,
 * developers.google.com/drive/api/guides/manage-uploads;
 * Documentation/technical/store-contract.adoc, "Resumable uploads of Google".
 */
#ifndef TRANSPORT_GOOGLE_GOOGLE_UPLOAD_H
#define TRANSPORT_GOOGLE_GOOGLE_UPLOAD_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "transport/google/google-call.h"
#include "transport/transport.h"

/* What fits is put by one request, without a session. */
#define GOOGLE_UPLOAD_MIN (8u << 20)
/* Of a session; kept in memory until they are acknowledged. All uploads of a
 * process together: 64 MiB, or one piece each where there are more of them. */
#define GOOGLE_UPLOAD_PIECE (8u << 20)
#define GOOGLE_UPLOAD_GRANULE (256u << 10)

/* What the bytes were, as they were read of the source. */
struct google_sums {
	uint64_t size;
	uint32_t crc32c;
	unsigned char md5[16];
	bool has_md5;		/* it was wanted, and FIPS does not forbid it */
};

struct google_upload {
	struct google_api *api;
	const struct put_request *request;
	struct strbuf *first;	/* what was read of the source already */
	bool want_md5;		/* sums.md5 is needed (Drive) */
	bool last_hash;		/* X-Goog-Hash goes with the last piece */
	bool keep_note;		/* the saved state stays when all was sent: the
				 * backend has more to do before it is done,
				 * and then calls google_upload_done() */
	void *data;
	/* Makes a session: adds its URL. What the backend wants to find again
	 * in the state (an id), it adds to `extra`, which is kept with it.
	 * Called again when a session has come to nothing. */
	int (*begin)(struct google_upload *u, struct strbuf *session,
		     struct strbuf *extra, struct strbuf *err);
	/* May what an earlier process began go on? extra: of begin. NULL: yes.
	 * ERR_NO: anew. */
	int (*resume)(struct google_upload *u, const char *extra,
		      struct strbuf *err);
	/* The session was done before we came to its end, by an earlier process
	 * or another one: is what u->json tells of there yet? NULL: yes.
	 * ERR_NO: anew. */
	int (*found)(struct google_upload *u, struct strbuf *err);
	/* Called each time before the last piece is sent, which shows the
	 * object; by any thread. An error of it ends the upload; ERR_CONFLICT:
	 * there is nothing to go on with. NULL: nothing. */
	int (*last)(struct google_upload *u, struct strbuf *err);
	struct google_sums sums;	/* set when it is done */
	struct value *json;	/* the answer to the last piece; the caller
				 * frees */
};

/**
 * Sends all of the source. 0: the service has taken it whole, and u->json says
 * as what; sums are not compared yet. Errors: those of google_call(); of the
 * source; ERR_TRANSIENT: request->resume has what a later put goes on with.
 */
int google_upload(struct google_upload *u, struct strbuf *err);
/** There is nothing to go on with any more: the saved state is taken away. */
void google_upload_done(struct google_upload *u);

/** Ends the session of a saved state (DELETE); one that has gone or is done is
 *  fine. ERR_CONTENT: that is no such state, or one of another key. */
int google_upload_withdraw(struct google_api *api, const char *key,
			   const char *state, struct strbuf *err);
/** Adds what `begin` kept in a saved state. ERR_CONTENT as above. */
int google_upload_extra(struct strbuf *extra, const char *key,
			const char *state, struct strbuf *err);

#endif
