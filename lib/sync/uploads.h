/*
 * Notes of uploads that are not done, so that one that was interrupted is gone
 * on with.
 * Source: resutilformat-upload(5).
 */
#ifndef LIB_SYNC_UPLOADS_H
#define LIB_SYNC_UPLOADS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/sync/compare.h"
#include "lib/sync/remote-list.h"
#include "transport/transport.h"

#define UPLOAD_NOTE_MAX_BYTES (8u << 20)
#define UPLOAD_STATE_MAX_BYTES (4u << 20)
/* By then the store has other things to keep. */
#define UPLOAD_AGE_MAX (7 * 24 * 60 * 60)

/* What a note says. */
struct upload_note {
	char *name, *key, *store, *id, *build, *state;
	int64_t revision, level;
	unsigned char tree[FINGERPRINT_RAWSZ];
	int64_t begun;		/* seconds since 1970 */
};

#define UPLOAD_NOTE_INIT { 0 }
/** Errors: ERR_CONTENT (not JSON, another version, a key that is missing or is
 *  no such thing). Then there is nothing to release. */
int upload_note_parse(struct upload_note *out, const char *text, size_t len,
		      struct strbuf *err);
void upload_note_write(struct strbuf *out, const struct upload_note *note);
void upload_note_release(struct upload_note *note);

struct upload_claim;

/**
 * Takes the note of `here` for an upload to `r`, with what an earlier one left.
 * NULL: this upload has none, and cannot be gone on with: the store cannot do
 * that, or the experiment is small; another process is at it; there is no
 * place for notes.
 */
struct upload_claim *upload_begin(struct remote *r, const char *name,
			    const struct local_exp *here, int level);
/** For transport_put(); NULL for NULL. */
struct put_resume *upload_resume(struct upload_claim *u);
/** Bytes that the store had already, by the latest put. */
uint64_t upload_held(const struct upload_claim *u);
/** Lets go of the note, and frees it. done: the store has the object, so the
 *  note goes. NULL is fine. */
void upload_end(struct upload_claim *u, bool done);

/** The store has what is here: what is left of an upload of it is withdrawn; by
 *  gc where that fails now. Costs a stat(2) when there is no note. */
void upload_forget(struct remote *r, const char *name);

/* For gc: */

/** A note that nobody is at; until it is closed it stays so. */
struct upload_left {
	char *path;
	int lock;		/* a descriptor */
	uint64_t bytes;		/* of the note on the disk */
	int64_t modified;
	bool usable;		/* `note` can be read and is of this store */
	struct upload_note note;
};

#define UPLOAD_LEFT_INIT { .lock = -1 }
/** The names of which there are notes for `r`, sorted. */
void uploads_list(const struct remote *r, struct strvec *names);
/** False: somebody is at it, or it has gone. */
bool upload_look(struct upload_left *left, const struct remote *r,
		 const char *name);
/** 0: the store has withdrawn the upload, and the note has gone. */
int upload_remove(struct upload_left *left, struct remote *r,
		  struct strbuf *err);
void upload_left_release(struct upload_left *left);
/** "TREE" of what is there by now is not that of the note, or other bytes would
 *  be made of it: the upload cannot be gone on with. */
bool upload_is_stale(const struct upload_note *note,
		     const struct exp_tree_sign *sign);

#endif
