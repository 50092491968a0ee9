/*
 * What is on its way from one store to another, so that a copy that was
 * interrupted is gone on with: the first bytes of a large pack, and a note.
 * Source: resutilformat-copy(5).
 */
#ifndef LIB_SYNC_COPY_REST_H
#define LIB_SYNC_COPY_REST_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/sync/remote-list.h"
#include "transport/transport.h"

#define COPY_NOTE_MAX_BYTES (8u << 20)
#define COPY_STATE_MAX_BYTES (4u << 20)

/* What a note says. */
struct copy_note {
	char *name, *key;	/* the key is the same in both stores */
	char *from, *to;	/* their URLs */
	char *version;		/* of the object in `from` */
	char *state;		/* of an upload into `to`; NULL: none */
	int64_t size;
	int64_t begun;		/* seconds since 1970 */
};

#define COPY_NOTE_INIT { 0 }
/** Errors: ERR_CONTENT (not JSON, another version, a key that is missing or is
 *  no such thing). Then there is nothing to release. */
int copy_note_parse(struct copy_note *out, const char *text, size_t len,
		    struct strbuf *err);
void copy_note_write(struct strbuf *out, const struct copy_note *note);
void copy_note_release(struct copy_note *note);

struct copy_claim;

/**
 * Takes what an earlier copy of that pack left, or begins. `exp`: as `from`
 * lists it. NULL: another process is at it, or there is no place for such
 * files or no lock for them; then the pack goes without.
 */
struct copy_claim *copy_claim_take(const struct remote *from,
				   const struct remote *to,
				   const struct remote_exp *exp);
int copy_claim_fd(const struct copy_claim *c);
/** Bytes of the pack that are there already, from its first one. */
uint64_t copy_claim_held(const struct copy_claim *c);
/** What is there is of no use: it begins anew, and so does the upload. */
int copy_claim_restart(struct copy_claim *c, struct strbuf *err);
/** For transport_put(). */
struct put_resume *copy_claim_resume(struct copy_claim *c);
/** Lets go of it, and frees it. done: nothing has to be kept. NULL is fine. */
void copy_claim_end(struct copy_claim *c, bool done);

/** A file without a name, for a pack that goes without a claim. */
int copy_unnamed(int *fd, const struct project *p, struct strbuf *err);

/** What there is of all copies: for copy_rest_has() and copy_rest_open(). */
void copy_rests_list(const struct project *p, struct strvec *out);
/** Whether one of them is of that name. */
bool copy_rest_has(const struct strvec *rests, const struct remote *from,
		   const struct remote *to, const char *name);
/** One of them, which nobody is at as long as it is open; NULL: somebody is,
 *  or it has gone, or its note says nothing. */
struct copy_claim *copy_rest_open(const struct project *p, const char *rest);
/** What its note says, with `state`; lent. */
const struct copy_note *copy_rest_note(struct copy_claim *c);
/** Withdraws what is left of an upload. After that nothing has to be kept. */
int copy_rest_withdraw(struct copy_claim *c, struct remote *to,
		       struct strbuf *err);

/** `to` has it by now: withdraws what is left of an upload, and removes the
 *  rest; gc does so where that fails now. */
void copy_rest_forget(const struct remote *from, struct remote *to,
		      const char *name);

#endif
