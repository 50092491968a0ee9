/*
 * A session of a resumable upload, for google-upload*.c:
 *
 *	google-upload.c		the source in pieces, begun or gone on with
 *	google-session.c	what is said to the session, and how far it came
 *	google-upload-state.c	what a later process needs to know
 */
#ifndef TRANSPORT_GOOGLE_GOOGLE_SESSION_H
#define TRANSPORT_GOOGLE_GOOGLE_SESSION_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "transport/google/google-upload.h"

/* Longer ones are no sessions of any service. */
#define SESSION_URL_MAX 8192

struct google_session {
	struct google_upload *u;
	struct strbuf url;	/* a secret; "": none */
	struct strbuf extra;	/* of the backend, kept with it */
	uint64_t total;		/* OBJECT_SIZE_UNKNOWN until the end is seen */
	uint64_t acked;		/* bytes that the service has */
	bool done;		/* it has all of them: u->json */
	bool gone;		/* it is of no use any more */
	bool ended;		/* the service says that there is none */
	bool with_token;	/* it wants one all the same */
};

/* What is to be sent: `len` bytes of the whole from `offset`. */
struct google_piece {
	const unsigned char *bytes;
	uint64_t offset;
	size_t len;
	bool last;		/* nothing is behind it; s->total is known */
	uint32_t crc32c;	/* of the whole up to its end */
};

/** 0, or ERR_CONTENT: no URL of this service. */
int google_session_check(const struct google_session *s, struct strbuf *err);

/** Asks how far it came: s->acked, s->done. ERR_TRANSIENT with s->gone: it is
 *  no more. */
int google_session_look(struct google_session *s, struct strbuf *err);

/**
 * Sends what the service does not have, until it has all of the piece; but a
 * rest of less than GOOGLE_UPLOAD_GRANULE stays, for the next one, where the
 * piece is not the last. Errors as above; ERR_CONFLICT (an expectation).
 */
int google_session_send(struct google_session *s, const struct google_piece *p,
			struct strbuf *err);

/** DELETE; one that has gone, or is done, is fine. */
int google_session_end(struct google_session *s, struct strbuf *err);

/** What is noted of an earlier put. */
struct google_noted {
	uint64_t bytes;		/* that it had acknowledged at least */
	uint32_t crc32c;	/* of these */
};

/** Fills url and extra of `s`. ERR_CONTENT: that is no such state of `key`. */
int google_state_read(struct google_session *s, struct google_noted *noted,
		      const char *key, const char *state, struct strbuf *err);
/** Keeps it for whoever goes on with it. */
int google_state_save(const struct google_session *s,
		      const struct google_noted *noted, struct strbuf *err);

#endif
