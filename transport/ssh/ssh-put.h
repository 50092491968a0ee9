/*
 * What the files that write have in common: ssh-put.c, ssh-upload.c,
 * ssh-upload-state.c, ssh-group.c, ssh-change.c, ssh-rest.c, ssh-hash.c.
 */
#ifndef TRANSPORT_SSH_SSH_PUT_H
#define TRANSPORT_SSH_SSH_PUT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "transport/ssh/ssh-internal.h"

/* From here on a put is one of pieces, and can be gone on with. */
#define SSH_UPLOAD_MIN ((size_t)8 << 20)
/* Bytes that are hashed there as one, and are kept or sent again as one. */
#define SSH_UPLOAD_PIECE ((size_t)8 << 20)

/* The 16 hex digits in the name of a temporary there. */
struct ssh_temporary {
	char hex[17];
};

int ssh_temporary_make(struct ssh_temporary *t, struct strbuf *err);
bool ssh_temporary_read(struct ssh_temporary *t, const char *hex);

/** What sessions have found out; after one was begun. */
void ssh_get_facts(struct ssh_store *s, struct ssh_facts *out);

/** Adds the hash of the bytes as `hash_of` of the script writes it; nothing
 *  where the host has none. */
int ssh_hash(struct strbuf *out, const struct ssh_facts *facts,
	     const void *bytes, size_t len, struct strbuf *err);

/** The words of a request that say what it expects: KEY EXPECT VERSION. */
void ssh_call_expect(struct ssh_call *c, const struct put_request *r);
/** Fills `out` (or NULL) from what an answer says of the object that was put;
 *  ERR_CONTENT when that has another size. */
int ssh_put_done(struct ssh_call *c, const char *rest, uint64_t size,
		 struct object *out, struct strbuf *err);

/** In a request of its own. */
int ssh_put_once(struct ssh_store *s, const struct put_request *r,
		 const void *bytes, size_t len, struct object *out,
		 struct strbuf *err);
/** Together with others that come at the same time; for those that it takes.
 *  ERR_NO: it is to be put by itself. */
bool ssh_group_takes(struct ssh_store *s, const struct put_request *r,
		     size_t len);
int ssh_group_put(struct ssh_store *s, const struct put_request *r,
		  const void *bytes, size_t len, struct object *out,
		  struct strbuf *err);

/**
 * Puts what the source gives, of which `first` was read already, and is taken;
 * parts that were sent stay for r->resume.
 */
int ssh_upload(struct ssh_store *s, const struct put_request *r,
	       struct strbuf *first, struct object *out, struct strbuf *err);

/* ---- what is noted of an upload ----------------------------------------- */

struct ssh_noted {
	struct ssh_temporary temporary;
	uint64_t segment;	/* bytes */
	char sum[16];		/* as in ssh_facts */
};

/** ERR_CONTENT: that is no such state of `key`. */
int ssh_state_read(struct ssh_noted *n, const char *key, const char *state,
		   struct strbuf *err);
/** Keeps it for whoever goes on with it. */
int ssh_state_save(const struct ssh_noted *n, const struct put_request *r,
		   struct strbuf *err);

#endif
