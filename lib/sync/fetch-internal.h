/*
 * What the files behind fetch.h share, and nobody else includes.
 *
 *	fetch.c		names, and what is to become of each
 *	fetch-pack.c	a pack out of the store, beside its target
 *	fetch-some.c	some files of a pack
 *	fetch-commit.c	many at once: one sync, then the renames
 */
#ifndef LIB_SYNC_FETCH_INTERNAL_H
#define LIB_SYNC_FETCH_INTERNAL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/gate.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/exp/pack/exp-cache.h"
#include "lib/exp/pack/pack-unpack.h"
#include "lib/sync/compare.h"
#include "lib/sync/fetch.h"

struct fetch {
	struct remote *r;
	const struct project *project;
	const struct fetch_options *options;
	sync_result_fn fn;
	void *data;
	struct strvec here;	/* names here at the start, sorted */
	struct exp_cache *cache;
	struct progress *progress;	/* or NULL */
	unsigned jobs;		/* transfers at once */
	struct gate transfers, unpackers;	/* who is at it */
	struct gate memory;	/* bytes of packs that are in it */
	/* of a pack that is not small: threads; for reading ahead */
	unsigned pack_jobs, pack_requests;
	size_t pack_memory;
	/* the same of one of which only some files are read */
	unsigned some_requests;
	size_t some_memory;
	uint64_t bytes;		/* read; atomic */

	pthread_mutex_t lock;	/* of what follows, and of fn */
	uint64_t items;		/* done */
	int code;		/* the store is out of reach: that is all */
	struct strbuf why;
	struct fetch_item *ready, **ready_end;	/* wait for a sync */
	size_t nr_ready;
	bool committing;	/* somebody is at it */
	pthread_cond_t room;
};

/* What becomes of one name. */
struct fetch_item {
	struct work work;
	struct fetch *f;
	struct fetch_item *next;	/* in `ready` */
	const char *name;
	struct remote_exp *there;	/* NULL: the store has none */
	struct remote_list again;	/* it was looked up once more */
	struct strbuf dir;		/* the target */
	bool changed;		/* in the store, meanwhile; atomic */

	const char *status;
	struct strbuf other, message;
	int code;
	uint64_t bytes;

	struct unpack_stage *stage;	/* NULL: nothing to commit */
	struct pack_info info;		/* of the pack */
	struct value *summary;		/* of its record */
	bool replace;		/* what is here goes */
	bool copy;		/* ... which came from a store itself */
	bool beside;		/* it only gets more files */
	bool check;		/* ... if it still is `expect` */
	struct pack_info expect;
	bool some;		/* not all of the pack */
	bool marked;		/* partial, by us */
	int mark;		/* ... which this holds until it is told */
};

/** Notes how it ended; returns `code`. */
int fetch_end(struct fetch_item *item, const char *status, int code,
	      const struct strbuf *message);
/** Tells of it. Nobody touches it any more. */
void fetch_report(struct fetch_item *item);

/* ---- fetch-pack.c -------------------------------------------------------- */

/**
 * Opens the pack. whole: all of it will be read. Where it has no record it is
 * no experiment: ERR_CONTENT. Else errors of the store and of pack_open();
 * item->changed is set when the store has something else by now, also later,
 * while the pack is read.
 */
int fetch_open(struct pack **out, struct fetch_item *item, bool whole,
	       struct strbuf *err);
/** Unpacks it beside the target, as item->replace says. */
int fetch_stage(struct fetch_item *item, const struct pack *p,
		struct strbuf *err);

/* ---- fetch-some.c -------------------------------------------------------- */

/** Leaves in `p` what the pathspecs mean, the record and the directories above.
 *  *all: that is everything. ERR_NOT_FOUND: one of them means nothing. */
int fetch_select(struct pack *p, const struct strvec *paths, bool *all,
		 struct strbuf *err);
/** Whether each file here is in the pack as it is here; ERR_CONFLICT names
 *  the first that is not. */
int fetch_check_here(const struct pack *p, const char *dir,
		     struct strbuf *err);
/** Adds what `p` has, and the directory of the item does not, to that.
 *  *added: bytes of content. ERR_CONFLICT: a file here is another one. */
int fetch_add_missing(struct fetch_item *item, struct pack *p, size_t *added,
		      uint64_t *bytes, struct strbuf *err);

/* ---- fetch-commit.c ------------------------------------------------------ */

/** Takes an item with a stage. It is claimed, noted and reported by then, or
 *  soon, by some thread that is in here, or by fetch_commit_rest(). */
void fetch_commit(struct fetch_item *item);
/** What still waits when no thread will bring more. */
void fetch_commit_rest(struct fetch *f);

#endif
