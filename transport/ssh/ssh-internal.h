/*
 * The ssh backend, for its own files alone: a directory of another host, by
 * nothing but a POSIX shell there.
 *
 *	ssh-store.c	the table, opening, the pool of sessions
 *	ssh-call.c	one request on a session, and its answer
 *	ssh-list.c ssh-get.c	reading
 *	ssh-put.c ssh-group.c	putting what is small, and many of it
 *	ssh-upload.c		putting what is large, resuming
 *	ssh-change.c ssh-rest.c	removing, renaming, copying; rests
 *	ssh-base.sh ssh-read.sh	what runs there, as functions: answers, facts,
 *			looks; reading
 *	ssh-write.sh ssh-lock.sh ssh-put.sh ssh-change.sh	changing
 *			(all made into const char ssh_script[] by the Makefile)
 *
 * A request is one line that the shell there evaluates: the name of a function
 * and its words, quoted by ssh_call_word(). An answer begins with a line
 * "TOKEN CODE REST": the token of the session (16 hex digits of chance), so
 * that nothing else is taken for one; CODE is ok, or what failed:
 *	gone exists changed content full denied readonly busy away nowhere
 *	usage failed
 * (away: what holds the store has gone for now; nowhere: there is no directory
 * of the store) and REST is what the request gives, or the reason there, on one
 * line.
 * Source: Documentation/technical/store-contract.adoc, "The ssh backend".
 */
#ifndef TRANSPORT_SSH_INTERNAL_H
#define TRANSPORT_SSH_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/openssh.h"
#include "transport/transport-ops.h"

#include <pthread.h>

/* A component that begins so is the store's own business, as it is of the
 * directory backend: both may look at one directory. */
#define SSH_PRIVATE ".resutil-"
/* ... and what it is putting; others than dir's, whose rest rules differ. */
#define SSH_TEMPORARY ".resutil-ssh-"

/* What the shell there found out about its host; see ssh-base.sh, "facts". */
struct ssh_facts {
	bool known;
	char sum[16];		/* sha256 md5 cksum: the best hash there;
				 * "": none works */
	char tools[64];		/* all, as later sessions are told them */
};

/* A session of the pool. */
struct ssh_seat {
	struct ssh_seat *next;
	struct ssh_session *session;
	char token[17];
};

/* Small objects that wait to be put together; see ssh-group.c. */
struct ssh_member;
struct ssh_group {
	pthread_mutex_t lock;	/* of all below */
	pthread_cond_t done, come;
	struct ssh_member *first, **last;
	size_t waiting, last_nr;	/* of the group that was done last */
	unsigned sending;
	bool off;		/* the host lacks what it takes */
};
void ssh_group_init(struct ssh_group *g);
void ssh_group_release(struct ssh_group *g);

struct ssh_store {
	struct transport base;
	struct ssh *ssh;
	char *path;		/* as configured; relative: of the home there */
	pthread_mutex_t lock;	/* of all below */
	pthread_cond_t left;	/* somebody left a seat */
	bool seen;		/* the directory was there once */
	struct ssh_seat *idle;
	unsigned nr, max;	/* sessions; max sinks when the server refuses
				 * one more */
	struct ssh_facts facts;
	struct ssh_group group;	/* has a lock of its own */
};

struct ssh_store *ssh_store_of(struct transport *t);
/** 16 hex digits of chance. */
int ssh_random_hex(char hex[17], struct strbuf *err);
/** 0, or ERR_USAGE: a component is private to the store. */
int ssh_check_key(const struct ssh_store *s, const char *key,
		  struct strbuf *err);

extern const char ssh_script[];

/** An idle session, a new one, or after a wait one that somebody leaves. */
int ssh_seat_take(struct ssh_store *s, struct ssh_seat **out,
		  struct strbuf *err);
void ssh_seat_leave(struct ssh_store *s, struct ssh_seat *seat, bool broken);

/* ---- one request -------------------------------------------------------- */

struct ssh_call {
	struct ssh_store *store;
	struct ssh_seat *seat;
	const char *what, *key;	/* for messages: "cannot WHAT 'KEY' in 'URL'" */
	struct strbuf line;	/* the request as it grows; later the answer */
	struct strbuf ahead;	/* read, and not taken by anybody */
	bool broken;		/* the session cannot be used again */
};

/** Takes a session, making one or waiting for one. After failure there is
 *  nothing to end. function: of the script. */
int ssh_call_begin(struct ssh_call *c, struct ssh_store *s,
		   const char *function, const char *what, const char *key,
		   struct strbuf *err);
/** The same for a request about one object, whose key is checked and is its
 *  first word. */
int ssh_call_object(struct ssh_call *c, struct ssh_store *s,
		    const char *function, const char *what, const char *key,
		    struct strbuf *err);
/** Any bytes but NUL; as one word of the request. */
void ssh_call_word(struct ssh_call *c, const char *word);
void ssh_call_key(struct ssh_call *c, const char *key);	/* "./KEY" */
void ssh_call_number(struct ssh_call *c, uint64_t n);
/** As $is of the script has it; '' for NULL. */
void ssh_call_version(struct ssh_call *c, const char *version);
/** Sends the request's line; data may follow it (ssh_call_data()). */
int ssh_call_send(struct ssh_call *c, struct strbuf *err);
int ssh_call_data(struct ssh_call *c, const void *buf, size_t len,
		  struct strbuf *err);
int ssh_call_read(struct ssh_call *c, void *buf, size_t len,
		  struct strbuf *err);
/** At least one byte; the end is an error here. */
int ssh_call_read_some(struct ssh_call *c, void *buf, size_t len, size_t *got,
		       struct strbuf *err);
/** Gives back what was read behind the end of something. */
void ssh_call_unread(struct ssh_call *c, const void *buf, size_t len);
/** An answer is there already, before all data was sent. */
bool ssh_call_is_answered(struct ssh_call *c);
/** Waits for the answer: 0 and *rest (lent until the next answer), or its code
 *  as an error with a sentence. */
int ssh_call_answer(struct ssh_call *c, const char **rest, struct strbuf *err);
/** The same behind bytes whose number was told before. When it begins within
 *  them, or behind more, it is found, and never 0 (ERR_CONTENT). bytes: the
 *  last that came; they are taken. */
int ssh_call_answer_behind(struct ssh_call *c, struct strbuf *bytes,
			   const char **rest, struct strbuf *err);
/** Sends the request's line, and waits for the answer. */
int ssh_call_ask(struct ssh_call *c, const char **rest, struct strbuf *err);
/** Gives the session back, or ends it when it is broken; returns ret. */
int ssh_call_end(struct ssh_call *c, int ret);

/** "INODE SIZE MTIME", as there, into `o` (size, modified, version). The
 *  version is what the directory backend gives such a file. ERR_CONTENT. */
int ssh_read_stat(struct object *o, const char *text, struct strbuf *err);
/** The reverse of it: adds that text. ERR_CONFLICT: no version of ours. */
int ssh_add_stat(struct strbuf *out, const char *version);

/* ---- members ------------------------------------------------------------ */

int ssh_list(struct transport *t, const char *prefix, unsigned flags,
	     struct strbuf *cursor, object_fn fn, void *data,
	     struct strbuf *err);
int ssh_stat(struct transport *t, const char *key, struct object *out,
	     struct strbuf *err);
int ssh_get(struct transport *t, const char *key,
	    const struct object_range *r, const struct object_sink *sink,
	    struct strbuf *version, struct strbuf *err);
int ssh_sum(struct transport *t, const char *key, const char *version,
	    struct object *out, struct strbuf *err);
int ssh_put(struct transport *t, const struct put_request *r,
	    struct object *out, struct strbuf *err);
int ssh_withdraw(struct transport *t, const char *key, const char *state,
		 struct strbuf *err);
int ssh_remove(struct transport *t, const char *key, const char *version,
	       struct strbuf *err);
int ssh_remove_many(struct transport *t, const struct strvec *keys,
		    removed_fn fn, void *data, struct strbuf *err);
int ssh_rename(struct transport *t, const char *from, const char *to,
	       const char *version, struct strbuf *err);
int ssh_copy(struct transport *t, const char *from, const char *to,
	     const char *version, struct strbuf *err);
int ssh_rests(struct transport *t, const char *prefix, struct strbuf *cursor,
	      object_fn fn, void *data, struct strbuf *err);
int ssh_prune(struct transport *t, const char *key, const char *version,
	      struct strbuf *err);

#endif
