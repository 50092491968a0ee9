/*
 * What the files behind copy.h share, and nobody else includes.
 *
 *	copy.c		names: listed, compared, decided, given to workers
 *	copy-deps.c	what is meant by words, and what that needs
 *	copy-compare.c	one pack here and there
 *	copy-get.c	a pack out of the one store, checked as a whole
 *	copy-put.c	the same into the other one, and what is noted of it
 *	copy-rest.c	what is on its way outlives a kill
 *
 * Threads: workers compare and copy; each has the items that it was given.
 * All else is done by the thread that called copy_packs(), when no worker is
 * busy.
 */
#ifndef LIB_SYNC_COPY_INTERNAL_H
#define LIB_SYNC_COPY_INTERNAL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/gate.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/sync/compare.h"
#include "lib/sync/copy.h"
#include "lib/sync/copy-rest.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote-list.h"
#include "transport/transport.h"

/* Smaller packs are read by one request, into memory. */
#define COPY_SMALL (8u << 20)

struct copy {
	struct remote *from, *to;
	const struct project *project;
	const struct copy_options *options;
	struct remote_list list;	/* all that `from` holds */
	struct remote_list there;	/* all that `to` holds */
	struct strmap ids;		/* of `there`, as far as known: names */
	struct ledger *copied;	/* what this clone ever copied into `to` */
	struct strvec rests;		/* of copies that were interrupted */
	sync_result_fn fn;
	void *data;

	struct copy_item *item;		/* of this batch */
	size_t nr;
	struct workers *workers;	/* while they copy */
	unsigned jobs;			/* packs at once */
	struct gate memory;		/* bytes of small packs */
	struct gate disk;		/* bytes of the others */
	struct gate requests;		/* that read ahead */
	struct gate processors;		/* who checks a pack that is large */
	struct copy_item **big;		/* waiting for their turn */
	size_t big_nr, big_next;

	pthread_mutex_t lock;		/* of what follows, and of fn */
	struct progress *progress;
	bool single;			/* one is copied: none are counted */
	uint64_t items_done;
	bool noted;			/* a ledger is to be synced */
	int gone;			/* try no more: what a store said */
	const struct remote *gone_store;
};

struct copy_item {
	struct work work;		/* first */
	struct copy *c;
	const char *name;		/* lent of the list, or of the caller */
	struct remote_exp *from;	/* NULL: it is not there */
	struct remote_exp *to;		/* NULL: it is not there */
	struct remote_list from_again, to_again;	/* asked once more */
	enum sync_relation relation;
	struct strbuf why;		/* of SYNC_CONFLICT */
	bool to_copy, forced;
	struct progress *progress;	/* its part, or NULL */

	/* the result */
	const char *status;
	uint64_t bytes;
	uint64_t held;			/* of these, fetched or sent before */
	int code;
	struct strbuf message;
};

/* A pack that was read. */
struct copy_pack {
	unsigned char *buf;		/* of a small one; else NULL */
	int fd;				/* of a large one; else -1 */
	uint64_t size;
	struct copy_claim *claim;	/* or NULL: the file has no name */
	bool useless;			/* nothing of it is to be kept */
	struct object sums;		/* what is known of all its bytes */
	struct pack_info info;
	struct value *summary;		/* of its record, or NULL */
};

#define COPY_PACK_INIT { .fd = -1, .sums = OBJECT_INIT }

/* copy.c */
void copy_fail(struct copy_item *item, const char *status, int code,
	       const char *fmt, ...) PRINTF_LIKE(4, 5);
/* One of the stores cannot be used: the others are not tried. */
void copy_note_gone(struct copy *c, const struct remote *r, int code);

/* copy-deps.c */
/* Names in c->list that `words` mean and, unless they are to go alone, what
 * these need, sorted. What cannot be found is told. */
int copy_choose(struct copy *c, const struct strvec *words,
		struct strvec *out, struct strbuf *err);

/* copy-compare.c: fills in relation and why. */
int copy_compare(struct copy_item *item, struct strbuf *err);
/* Whether this project knows what `to` has: it copied, sent or fetched it. */
bool copy_is_noted(const struct copy_item *item);

/* copy-get.c */
/* The pack as it was listed, sound as a whole. ERR_CONFLICT, ERR_NOT_FOUND: it
 * is another one by now, or has gone; ERR_CONTENT: it is damaged there. After
 * any of them there is something to release. */
int copy_get(struct copy_pack *out, struct copy_item *item,
	     struct strbuf *err);
/* done: it is in `to`, so nothing has to be kept. */
void copy_pack_release(struct copy_pack *p, struct copy_item *item, bool done);

/* copy-put.c */
/* ERR_CONFLICT: `to` has something else by now. */
int copy_put(struct copy_item *item, struct copy_pack *p, struct strbuf *err);
/* `to` has what `from` has. */
int copy_note_same(struct copy_item *item, const struct pack_info *info,
		   const char *version, struct strbuf *err);

#endif
