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
 *	gdrive-seen.c	what was seen of files
 *	gdrive-put.c	new files; new content for those that are there
 *	gdrive-claim.c	of several new files of one name, which one stays
 *	gdrive-watch.c	waiting for others who may be dead
 *	gdrive-turn.c	of several who replace one content, who does
 *	gdrive-history.c	whether a replaced content was the expected one
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
 *   maker does not take its mark away later than a quarter of that after it
 *   last changed it (resutil-turn).
 * - Another content is a new revision of the same file. Who replaces a version
 *   says so before, in a property of his own: whose answer shows another one's
 *   steps back, so one at a time does. Other programs take no notice of that;
 *   so afterwards the revision before it must be the one that was to be
 *   replaced.
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
/* Begins the property of who is about to replace the content of a file. */
#define GDRIVE_TURN_OF "resutil-by-"
/* Seconds without one, after which who watches takes the maker for dead. */
#define GDRIVE_CLAIM_MAX 120
#define GDRIVE_ID_MAX 128
/* A pending file that nothing happened to for so long has no maker any more. */
#define GDRIVE_PENDING_MAX (24 * 60 * 60)

#define GDRIVE_FIELDS \
	"id,name,mimeType,size,md5Checksum,headRevisionId,createdTime," \
	"modifiedTime,properties,parents,trashed"

/* A version is "ID.REVISION": that file, with that content. Where a file has no
 * headRevisionId, the MD5 stands for it. */

/* Of a shared drive. */
enum gdrive_membership {
	GDRIVE_MAY_BE_MEMBER, GDRIVE_MEMBER, GDRIVE_NO_MEMBER
};

struct gdrive_store {
	struct transport base;
	struct google_api api;
	char *root_id;		/* base_folder_id */
	bool acknowledge_abuse;
	bool no_revisions;	/* we may not read them: files alone */
	int membership;		/* enum gdrive_membership */
	/* Held while folders are looked for or made, before `lock`. */
	pthread_mutex_t finding;
	bool looked;		/* the base folder was looked at */
	char *drive_id;		/* of a shared drive; NULL: My Drive */
	pthread_mutex_t asking;	/* held while ids are asked for */
	pthread_mutex_t lock;	/* of what follows; held for moments */
	struct strmap folders;	/* path -> struct gdrive_folder */
	struct strmap seen;	/* id -> struct gdrive_seen */
	uint64_t changes;	/* that were made by this handle */
	struct strvec ids;	/* for what is new, not used yet */
	struct strvec given_up;	/* see gdrive_give_up() */
};

struct gdrive_store *gdrive_store_of(struct transport *t);

/* A file or folder as an answer tells it. */
struct gdrive_file {
	char *id, *name, *revision;
	char *state, *turn;	/* resutil-state, resutil-turn; NULL: none */
	struct strvec turns;	/* of those who are about to replace it */
	bool folder, pending;	/* pending: it has a state, whatever that is */
	bool has_bytes;		/* false: a shortcut, a document of Google's */
	bool trashed;
	int64_t created, modified;	/* milliseconds since 1970 */
	struct strvec parents;
	struct object object;	/* key is not set; meta is without the state */
};

#define GDRIVE_FILE_INIT \
	{ .parents = STRVEC_INIT, .turns = STRVEC_INIT, .object = OBJECT_INIT }
/** ERR_CONTENT: it has no id, or is a file without a size or a revision. */
int gdrive_file_read(struct gdrive_file *f, const struct value *json,
		     struct strbuf *err);
void gdrive_file_release(struct gdrive_file *f);

struct gdrive_files {
	struct gdrive_file *v;
	size_t nr, alloc;
};
void gdrive_files_release(struct gdrive_files *f);
/** <0: `a` is newer: by modifiedTime, then by id. */
int gdrive_newer(const struct gdrive_file *a, const struct gdrive_file *b);
/** Whether it can be an id, and so a part of an address. */
bool gdrive_is_id(const char *text);

/** May take parts of `f` away, leaving NULL. Non-zero ends with that code. */
typedef int (*gdrive_file_fn)(struct gdrive_file *f, void *data);
/** All that a query finds, page by page. about: a key, for messages; or NULL.
 *  ERR_NOT_FOUND: a folder in the query is none. */
int gdrive_search(struct gdrive_store *s, const char *q, const char *about,
		  gdrive_file_fn fn, void *data, struct strbuf *err);
/** An answer to that: tells its files; token: where the next page begins, if
 *  there is *more. */
int gdrive_page_read(const struct gdrive_store *s, const struct value *json,
		     struct strbuf *token, bool *more, gdrive_file_fn fn,
		     void *data, struct strbuf *err);
/** What is in a folder and not in the trash. */
int gdrive_children(struct gdrive_store *s, const char *parent,
		    gdrive_file_fn fn, void *data, struct strbuf *err);
/** Adds the folders of that name in it, pending ones too; `out` is sorted by
 *  age. */
int gdrive_subfolders(struct gdrive_store *s, const char *parent,
		      const char *name, struct gdrive_files *out,
		      struct strbuf *err);

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
/** The same for who holds s->finding and has looked; none is no error. */
int gdrive_folders_held(struct gdrive_store *s, const char *path,
			struct strvec *ids, struct strbuf *err);
/** What a path means, as was asked at that time. */
void gdrive_remember_folder(struct gdrive_store *s, const char *path,
			    const struct strvec *ids, uint64_t asked);
/** s->lock is held, or nobody else is there. */
void gdrive_forget_folders(struct gdrive_store *s);
/** Milliseconds of a clock that nobody sets, and that goes on while the machine
 *  sleeps. */
uint64_t gdrive_ticks(void);
/** "A/B" of "A/B/NAME", "" of "NAME". The caller frees. */
char *gdrive_dirname(const char *key);
/** "NAME" of it; lent. */
const char *gdrive_basename(const char *key);
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

/** What was seen of files is asked for anew: this handle changes something. */
void gdrive_forget_seen(struct gdrive_store *s);
/** How often that was. */
uint64_t gdrive_changes(struct gdrive_store *s);
/** That `o` is the object of `key`, or was. asked, changes: of before it was
 *  asked for. */
void gdrive_saw(struct gdrive_store *s, const char *key, const char *id,
		bool has_revision, const struct object *o, uint64_t asked,
		uint64_t changes);
/** Whether it was so a moment ago; fills what a get needs. */
bool gdrive_was_seen(struct gdrive_store *s, const char *key,
		     const char *version, struct gdrive_file *out);

int gdrive_fail_missing(const struct gdrive_store *s, const char *key,
			struct strbuf *err);
/** "'NAME@PROJECT.iam.gserviceaccount.com'": whom to share with. */
void gdrive_add_whom(struct gdrive_store *s, struct strbuf *out);
/* What a refusal means: google_api.explain; its data is the store. */
int gdrive_explain(struct google_api *api, const struct google_call *c,
		   struct strbuf *advice);

/* A change of what a file is called, lies in or is marked with (files.update
 * without content). */
struct gdrive_change {
	const char *what;	/* "mark", for messages */
	const char *key, *id;
	struct value *json;	/* the members that change */
	struct strvec query;	/* addParents and the like */
	unsigned flags;		/* enum http_flags */
};

#define GDRIVE_CHANGE_INIT(k, i) \
	{ .key = (k), .id = (i), .query = STRVEC_INIT, \
	  .flags = HTTP_REPEATABLE }
void gdrive_change_release(struct gdrive_change *c);
/** Sends it. out (or NULL): what the file is then. ERR_NOT_FOUND; in the trash
 *  is no error, out->trashed says so. */
int gdrive_change(struct gdrive_store *s, const struct gdrive_change *c,
		  struct gdrive_file *out, struct strbuf *err);
/** The file or folder of that id, wherever it is and whatever it is called,
 *  also in the trash. ERR_NOT_FOUND. */
int gdrive_look_at(struct gdrive_store *s, const char *key, const char *id,
		   struct gdrive_file *f, struct strbuf *err);
/** Adds whose file it is, and what that means, to the sentence of a refusal. */
void gdrive_tell_owner(struct gdrive_store *s, const char *key, const char *id,
		       struct strbuf *err);

/* Others who are about to do what we want to do, while we wait for them. */
struct gdrive_watch {
	struct gdrive_rival *rival;
	size_t nr, alloc;
	uint64_t end;		/* of gdrive_ticks(): nobody waits longer */
	unsigned looks;		/* since something happened */
};

void gdrive_watch_init(struct gdrive_watch *w);
void gdrive_watch_release(struct gdrive_watch *w);
/** Whether `mark` of `who` is what it was for GDRIVE_CLAIM_MAX, as seen
 *  here. */
bool gdrive_is_silent(struct gdrive_watch *w, const char *who,
		      const char *mark);
/** Waits between two looks, longer each time. */
void gdrive_watch_pause(struct gdrive_watch *w);
/** ERR_CONFLICT: somebody is about to put it. */
int gdrive_fail_busy(const struct gdrive_store *s, const char *key,
		     struct strbuf *err);
/** GDRIVE_CLAIM_MAX in milliseconds. */
uint64_t gdrive_claim_max(void);
/** Remembers a pending file, or a turn, of a try that ended: that it may still
 *  be there, or even come, is no reason for the next one to wait. */
void gdrive_give_up(struct gdrive_store *s, const char *what);
bool gdrive_is_given_up(struct gdrive_store *s, const char *what);
/** Adds 16 digits that nobody else has. */
void gdrive_add_chance(struct strbuf *out);

/**
 * The pending file `id` of `key`, which is ours, becomes the object.
 * made: gdrive_ticks() before it was made; 0: some time ago.
 * 0: it is; *out is what it is then. ERR_CONFLICT: another one is the object.
 * ERR_TRANSIENT: nobody knows, or it is gone. It is left there.
 */
int gdrive_claim(struct gdrive_store *s, const char *key, const char *id,
		 uint64_t made, struct gdrive_file *out, struct strbuf *err);
/**
 * Nobody else replaces the content of `f` from here on: the file has a property
 * `turn`, which gdrive_leave() takes away, or what comes with the new content.
 * ERR_CONFLICT: it is not the file that was looked at any more, or that takes
 * too long.
 */
int gdrive_enter(struct gdrive_store *s, const char *key,
		 const struct gdrive_file *f, const char *turn,
		 struct strbuf *err);
void gdrive_leave(struct gdrive_store *s, const char *key, const char *id,
		  const char *turn);
/** Waits until nobody is about to put `key`, but for the file `id`, which is
 *  ours (NULL: none). 0: nothing else is there; ERR_CONFLICT: an object is, or
 *  that takes too long. */
int gdrive_await(struct gdrive_store *s, const char *key, const char *id,
		 struct strbuf *err);

/**
 * Compares the history of a file whose content was replaced: `old` must be the
 * revision before `mine` (NULL: the answer was lost; the one with these bytes
 * then). ERR_NO: it was not replaced. ERR_CONFLICT: somebody else replaced it
 * in between; their content has been put back if that could be.
 */
int gdrive_check_history(struct gdrive_store *s, const char *key,
			 const char *id, const char *old, const char *mine,
			 const unsigned char *md5, struct strbuf *err);
/** Gives a file the content of an older revision of it again. */
int gdrive_put_back(struct gdrive_store *s, const char *key, const char *id,
		    const char *revision, struct strbuf *err);
/** The content of a file is what r->source gives, whatever it was; metadata
 *  that it had are gone. */
int gdrive_replace(struct gdrive_store *s, const struct put_request *r,
		   const char *id, struct strbuf *err);

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
