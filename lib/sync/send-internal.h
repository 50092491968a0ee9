/*
 * What the files of the sender share; nobody else includes this.
 *
 *	send.c		all names: compared, noted, sent; batches and results
 *	send-put.c	one experiment into the store
 *	send-rename.c	--rename, and the same run under another name
 *
 * Threads: workers compare and send; each has the items that it was given.
 * All else is done by the thread that called sync_send(), when no worker is
 * busy.
 */
#ifndef LIB_SYNC_SEND_INTERNAL_H
#define LIB_SYNC_SEND_INTERNAL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/gate.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/exp/pack/exp-cache.h"
#include "lib/sync/compare.h"
#include "lib/sync/remote-list.h"
#include "lib/sync/send.h"

struct send_item {
	struct work work;		/* first; sends it */
	struct send *send;
	const char *asked;		/* the name that was given, lent */
	char *name;			/* of the experiment; after a rename
					 * another one */
	struct local_exp here;
	enum sync_relation relation;
	struct remote_exp *there;	/* lent of a list, or NULL */
	struct remote_list looked;	/* of this name alone, asked again */
	const struct remote_exp *other;	/* of SYNC_RENAMED */
	struct strbuf why;		/* of SYNC_CONFLICT */
	bool to_send;
	bool forced;			/* replaces what is there */
	struct progress *progress;	/* its part, or NULL */

	/* the result */
	const char *status;
	char *new_name;			/* "other" of the result, or NULL */
	uint64_t bytes;
	uint64_t held;			/* of these, there already */
	int code;
	struct strbuf message;
};

struct send {
	struct remote *r;
	const struct send_options *options;
	struct exp_cache *cache;
	struct remote_list list;	/* of the names, or of all */
	struct remote_list all;		/* listed later, where it was not */
	struct remote_list again;	/* all, a second time */
	struct remote_list *whole;	/* the one with all names, or NULL */
	bool asked;

	struct send_item *item;		/* of this batch */
	size_t nr;
	struct strmap ids;		/* of what is new in it: the name */
	bool single;			/* one is sent: none are counted */
	struct workers *workers;	/* while they send */
	unsigned jobs;			/* transfers at once */
	struct gate transfers, packers;	/* who is at it */
	struct gate memory;		/* bytes of packs that are in it */
	struct send_item **big;		/* waiting for their turn */
	size_t big_nr, big_next;
	unsigned big_jobs;		/* threads for each */

	sync_result_fn fn;
	void *data;
	bool noted;			/* the ledger is to be synced */
	pthread_mutex_t lock;		/* of what follows, and of fn */
	struct progress *progress;
	uint64_t items_done;
	int gone;			/* what the store said last: try no
					 * more */
};

/* send.c */
void send_fail(struct send_item *item, const char *status, int code,
	       const char *fmt, ...) PRINTF_LIKE(4, 5);
void send_note_gone(struct send *s, int code);
/* Lists all names, once, where only some were asked for. */
int send_list_all(struct send *s, struct strbuf *err);
/* Lists all names a second time, once. */
int send_list_again(struct send *s, struct strbuf *err);
/* Whether its pack is made while it is sent. */
bool send_is_big(const struct send_item *item);

/* send-put.c: in any thread; the item gets its result. */
void send_put(struct send_item *item);
/* Looks up what is there under the item's name, and compares anew. */
int send_compare_again(struct send_item *item, struct strbuf *err);

/* send-rename.c */
/* Of an item that is not there: whether the run is there under another name;
 * then relation and `other` say so. */
int send_find_other(struct send_item *item, struct strbuf *err);
/* Renames the experiment here to a name that is free here and there. */
void send_rename_here(struct send_item *item);
/* What was listed is gone: ERR_CONFLICT when it was renamed there. */
int send_check_absent(struct send_item *item, struct strbuf *err);
/* It was put. If it was renamed here meanwhile, what is there follows; that it
 * cannot is told as a warning. */
void send_follow_rename(struct send_item *item, const struct pack_info *info,
			const char *version);
/* Renames what is there to the name that it has here, in a worker; what is
 * left to do is compared again. 0, or the item has its result. */
int send_rename_there(struct send_item *item);
/* It is there, and may be there under its old name, too: a renaming in two
 * steps that was cut off between them is ended. */
void send_end_rename(struct send_item *item);

#endif
