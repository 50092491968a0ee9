/*
 * What the files of the Drive backend share; nobody else includes this.
 *
 *	gdrive.c	the store: settings, the base folder, stat
 *	gdrive-error.c	what Drive's reasons mean, and what to do
 *	gdrive-file.c	what answers say of a file
 *	gdrive-find.c	keys to files: folders, names, those of one name
 *	gdrive-folder.c	folders made once, ids for what is new
 *	gdrive-list.c	pages of objects
 *	gdrive-get.c	ranges of a file
 *	gdrive-put.c	new files; new content for those that are there
 *	gdrive-claim.c	of several new files of one name, which one stays
 *	gdrive-change.c	remove, rename
 *	gdrive-rest.c	what dead puts left
 *
 * A key "A/B/NAME" is the file NAME in the folder B in the folder A in
 * base_folder_id. Drive takes any number of files and folders of one name in
 * one place. Rules:
 * - Trashed files, shortcuts and documents of Google's own (without bytes) are
 *   not there.
 * - Names are compared here, byte by byte: "name =" of a query does not tell
 *   A from a. What has '/' in its name, as Drive allows, is not there.
 * - Folders of one name in one place are one folder; what is new goes into the
 *   oldest (createdTime, then id). A pending folder is not there.
 * - No query asks for the children of two folders: Drive leaves some out of the
 *   answer then, and does not say so.
 * - Of files of one name the newest complete one (modifiedTime, then id) is the
 *   object; the others are told by LIST_SHADOWED alone. A file is complete
 *   unless its `properties` have resutil-state. (appProperties would be seen by
 *   those alone who go in by the same OAuth client.)
 * - A put of what must be absent makes a pending file under an id that was
 *   asked for before (files.generateIds), so that a lost answer makes no second
 *   one; lists the name; withdraws when a complete one is there; and else takes
 *   the mark away. Of two pending ones that see each other the one with the
 *   smaller id goes on and the other stands back (resutil-state=waiting); the
 *   smaller one waits until it does, so one of two machines loses, visibly,
 *   whatever the order of their requests. One that nothing happens to for
 *   GDRIVE_CLAIM_MAX, by the clock of who looks, has no maker any more; and a
 *   maker does not take its mark away later than half of that after he last
 *   changed it (resutil-turn counts the changes).
 * - Another content is a new revision of the same file; afterwards the revision
 *   before it must be the one that was to be replaced.
 * Source: Drive API v3; Documentation/technical/store-contract.adoc, "Drive".
 */
#ifndef TRANSPORT_GDRIVE_GDRIVE_INTERNAL_H
#define TRANSPORT_GDRIVE_GDRIVE_INTERNAL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "transport/google/google-call.h"
#include "transport/transport-ops.h"

#define GDRIVE_FOLDER "application/vnd.google-apps.folder"
/* Where metadata and the state lie. */
#define GDRIVE_PROPERTIES "properties"
#define GDRIVE_STATE "resutil-state"
#define GDRIVE_PENDING "pending"
#define GDRIVE_WAITING "waiting"	/* another one goes first */
/* Beside the state: another text with each sign of life. */
#define GDRIVE_TURN "resutil-turn"
/* Seconds without one, after which who watches takes the maker for dead. */
#define GDRIVE_CLAIM_MAX 120
/* A pending file that nothing happened to for so long has no maker any more. */
#define GDRIVE_PENDING_MAX (24 * 60 * 60)

#define GDRIVE_FIELDS \
	"id,name,mimeType,size,md5Checksum,headRevisionId,createdTime," \
	"modifiedTime,properties,parents,trashed"

/* A version is "ID.REVISION": that file, with that content. Where a file has no
 * headRevisionId, the MD5 stands for it. */

struct gdrive_store {
	struct transport base;
	struct google_api api;
	char *root_id;		/* base_folder_id */
	pthread_mutex_t lock;	/* of what follows */
	bool looked;		/* the base folder was looked at */
	char *drive_id;		/* of a shared drive; NULL: My Drive */
	struct strmap folders;	/* path -> struct gdrive_folder */
	struct strmap seen;	/* id -> struct gdrive_seen */
	struct strvec ids;	/* for what is new, not used yet */
	bool no_revisions;	/* we may not read them: files alone */
	bool acknowledge_abuse;	/* from here on nothing changes */
};

struct gdrive_store *gdrive_store_of(struct transport *t);

/* A file or folder as an answer tells it. */
struct gdrive_file {
	char *id, *name, *revision;
	char *state, *turn;	/* resutil-state, resutil-turn; NULL: none */
	bool folder, pending;	/* pending: it has a state, whatever that is */
	bool has_bytes;		/* false: a shortcut, a document of Google's */
	bool trashed;
	int64_t created, modified;	/* milliseconds since 1970 */
	struct strvec parents;
	struct object object;	/* key is not set; meta is without the state */
};

#define GDRIVE_FILE_INIT { .parents = STRVEC_INIT, .object = OBJECT_INIT }
/** ERR_CONTENT: it has no id, or is a file without a size or a revision. */
int gdrive_file_read(struct gdrive_file *f, const struct value *json,
		     struct strbuf *err);
void gdrive_file_release(struct gdrive_file *f);

struct gdrive_files {
	struct gdrive_file *v;
	size_t nr, alloc;
};
void gdrive_files_release(struct gdrive_files *f);

/** Adds "supportsAllDrives" and the like to a query. */
void gdrive_query(const struct gdrive_store *s, struct strvec *query);
/** Looks at the base folder once: ERR_UNREACHABLE (not there or not shared:
 *  with whom; trashed; a file), ERR_CREDENTIALS. */
int gdrive_look(struct gdrive_store *s, struct strbuf *err);
/** Adds the ids of the folders that `path` ("A/B", or "" for the base folder)
 *  means, oldest first. ERR_NOT_FOUND: none. fresh: what was remembered is not
 *  asked. */
int gdrive_folders(struct gdrive_store *s, const char *path, bool fresh,
		   struct strvec *ids, struct strbuf *err);
/** The same of the oldest, and makes what is missing. */
int gdrive_make_folder(struct gdrive_store *s, const char *path,
		       struct strbuf *id, struct strbuf *err);
/** All files (no folders) that key's name means, pending ones too, newest
 *  first. None is no error. */
int gdrive_named(struct gdrive_store *s, const char *key,
		 struct gdrive_files *out, struct strbuf *err);
/** The object of `key`. ERR_NOT_FOUND. */
int gdrive_find(struct gdrive_store *s, const char *key,
		struct gdrive_file *out, struct strbuf *err);
/** By its id; ERR_NOT_FOUND, also when it is in the trash. */
int gdrive_by_id(struct gdrive_store *s, const char *key, const char *id,
		 struct gdrive_file *out, struct strbuf *err);
/** Takes a version apart: false: it is none. */
bool gdrive_version(const char *version, struct strbuf *id,
		    struct strbuf *revision);
/** Adds `text` as a string of a query, with its quotes: \ and ' escaped. */
void gdrive_quote(struct strbuf *out, const char *text);
/** An id that nothing has, for what is new. */
int gdrive_new_id(struct gdrive_store *s, struct strbuf *id,
		  struct strbuf *err);
/** Deletes for ever, or moves to the trash where that is not allowed. That it
 *  is gone already is fine. */
int gdrive_delete(struct gdrive_store *s, const char *key, const char *id,
		  struct strbuf *err);

/* What a refusal of Drive means: google_api.explain, whose data is the store. */
int gdrive_explain(struct google_api *api, const struct google_call *c,
		   struct strbuf *advice);

/** Sets properties of a file ("KEY=VALUE"; "KEY": takes it away), and tells
 *  what it is afterwards (out: may be NULL). */
int gdrive_mark(struct gdrive_store *s, const char *key, const char *id,
		const struct strvec *properties, struct gdrive_file *out,
		struct strbuf *err);
/**
 * The pending file `id` of `key` becomes the object. 0: it is; *out is it.
 * ERR_CONFLICT: another one is there, or comes into being; the file is as it
 * was, pending. began: the monotonic time (seconds) before it was made.
 */
int gdrive_claim(struct gdrive_store *s, const char *key, const char *id,
		 int64_t began, struct gdrive_file *out, struct strbuf *err);
/** Seconds that pass also while the machine sleeps. */
int64_t gdrive_clock(void);

/* Members of the table, by file. */
int gdrive_list(struct transport *t, const char *prefix, unsigned flags,
		struct strbuf *cursor, object_fn fn, void *data,
		struct strbuf *err);
int gdrive_stat(struct transport *t, const char *key, struct object *out,
		struct strbuf *err);
int gdrive_get(struct transport *t, const char *key,
	       const struct object_range *r, const struct object_sink *sink,
	       struct strbuf *version, struct strbuf *err);
int gdrive_put(struct transport *t, const struct put_request *r,
	       struct object *out, struct strbuf *err);
int gdrive_withdraw(struct transport *t, const char *key, const char *state,
		    struct strbuf *err);
int gdrive_remove(struct transport *t, const char *key, const char *version,
		  struct strbuf *err);
int gdrive_rename(struct transport *t, const char *from, const char *to,
		  const char *version, struct strbuf *err);
int gdrive_rests(struct transport *t, const char *prefix,
		 struct strbuf *cursor, object_fn fn, void *data,
		 struct strbuf *err);
int gdrive_prune(struct transport *t, const char *key, const char *version,
		 struct strbuf *err);

#endif
