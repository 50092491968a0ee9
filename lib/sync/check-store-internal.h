/*
 * What the files behind store-check.h share, and nobody else includes.
 *
 *	check-store-all.c	all packs, and the order of what was found
 *	check-store-pack.c	one pack: read, and judged
 *	check-store-links.c	what packs say of each other, and the ledger
 *	check-store-doubles.c	several objects under one key
 *	check-store-rests.c	what interrupted uploads and tests left
 *	check-store-uploads.c	interrupted uploads that were noted here
 *	check-store-repair.c	what --repair does to a pack
 *	check-subset.c		which packs are read whole
 *
 * Threads: each worker has the pack that it was given; found_add() takes a
 * lock. All else is done by the thread that called check_store().
 */
#ifndef LIB_SYNC_CHECK_STORE_INTERNAL_H
#define LIB_SYNC_CHECK_STORE_INTERNAL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/exp/check/finding-list.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/sync/store-check.h"
#include "lib/sync/remote-list.h"

struct store_check;

/* A pack that replaces itself again and again is looked at so often. */
#define CHECK_TRIES 5

enum pack_verdict {
	PACK_GOOD,
	PACK_BAD,		/* not as promised */
	PACK_NO_RECORD,
	PACK_UNREADABLE,	/* the store does not give it */
	PACK_BEYOND,		/* not for this program: a later format, or
				 * beyond the limits */
	PACK_GONE		/* removed, or replaced, while we looked */
};

/* One pack. */
struct checked {
	struct work work;
	struct store_check *check;
	struct remote_exp *exp;		/* as listed; no summary is kept */
	bool chosen;			/* of those that are to be read whole */
	bool whole;			/* is read whole, also because it is
					 * no more than the end of others */
	enum pack_verdict verdict;
	bool has_info;			/* its comment could be read */
	struct pack_info info;
	struct strvec deps, dep_ids;	/* side by side; id "": not known */
	struct strbuf why;		/* unless it is good or gone */
};

struct store_check {
	struct remote *r;
	const struct check_options *options;
	struct pack_limits limits;
	struct remote_list list;
	struct checked *pack;		/* one for each of the list */
	struct remote_list again;	/* listed once more, when something
					 * seemed to be missing */
	bool listed_again;
	struct strvec here;		/* names here, sorted */

	pthread_mutex_t lock;		/* of what follows */
	struct finding_list found;
	struct progress *progress;
	uint64_t done;
	int code;			/* the store is out of reach */
	struct strbuf why;
};

/** Copies it. f->where NULL: the key of the experiment f->name. */
void found_add(struct store_check *c, const struct finding *f);

/** Lists the store once more, once, into c->again. */
int check_list_again(struct store_check *c, struct strbuf *err);

/** Adds "'resutil COMMAND --remote[=NAME] REST'". */
void check_add_command(const struct store_check *c, struct strbuf *out,
		       const char *command, const char *rest);

bool check_is_here(const struct store_check *c, const char *name);

/* ---- check-store-pack.c -------------------------------------------------- */

/* Up to this a pack that is read whole is read by one request. */
#define CHECK_SMALL (8u << 20)

/** Reads it as far as p->whole says, and sets what follows that. threads: for
 *  one that is read whole and is not small. Errors: of a store that is out of
 *  reach. */
int check_pack(struct checked *p, unsigned threads, struct strbuf *err);
/** Whether the store still has it in the version that was looked at. */
bool check_is_current(const struct checked *p);

/* ---- check-store-links.c ------------------------------------------------- */

/** Dependencies, ids and what the ledger says of the store. */
int check_links(struct store_check *c, struct strbuf *err);

/* ---- check-store-doubles.c ----------------------------------------------- */

int check_doubles(struct store_check *c, struct strbuf *err);

/* ---- check-store-rests.c ------------------------------------------------- */

int check_rests(struct store_check *c, struct strbuf *err);

/* ---- check-store-uploads.c ----------------------------------------------- */

/** Tells of each note of an upload, and withdraws those that are not wanted. */
void check_upload_notes(struct store_check *c);
/** The same for uploads of copies out of other stores. */
void check_copy_notes(struct store_check *c);
/** Whether the upload `id` of an object is one that was noted, and so may be
 *  gone on with. */
bool check_is_noted(struct store_check *c, const char *key, const char *id);

/* ---- check-store-repair.c ------------------------------------------------ */

/**
 * Sends the experiment again in the place of its damaged pack, when nothing is
 * guessed by that. Returns FINDING_MENDED or FINDING_WOULD, or FINDING_OPEN
 * with the reason in `why`.
 */
enum finding_state repair_pack(struct checked *p, struct strbuf *why);

/**
 * Removes `old`, which is the same run as `kept` and has its bytes, when this
 * clone knows that `kept` is the name. Else as repair_pack().
 */
enum finding_state repair_twin(struct checked *kept, struct checked *old,
			       struct strbuf *why);

/* ---- check-subset.c ------------------------------------------------------ */

/** Sets `chosen` of those that are to be read whole. */
int subset_choose(const struct check_subset *subset, struct checked *pack,
		  size_t nr, struct strbuf *err);

#endif
