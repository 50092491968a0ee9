/*
 * Packs from one store to another, through this machine.
 *
 * A pack is read from `from` at one version, verified as a whole (every file's
 * CRC-32, its record and its comment), and put into `to` with the rules of a
 * push: the same content is not sent again; what is there is replaced only by
 * a later state of the same run; all else is a conflict.
 * What was fetched and not yet put outlives a kill (.resutil/copies/), and so
 * do the parts of a large upload: the next copy goes on with both.
 * Source: resutil-copy-pack(1), resutil-remote(1).
 */
#ifndef LIB_SYNC_COPY_H
#define LIB_SYNC_COPY_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/sync/remote-list.h"
#include "lib/sync/sync-result.h"

struct copy_options {
	bool all;		/* every experiment of `from` */
	bool exact;		/* words are names, whole */
	bool no_dependency;	/* only the given ones */
	bool force;		/* replace whatever is there */
	bool dry_run;
	bool progress;
	unsigned jobs;		/* 0: as many as suit */
	struct pack_limits limits;
};

/**
 * words: EXP arguments as `from` knows them. Statuses: new grown same newer
 * conflict missing failed, as in send-pack(1); `bytes` of packs, and `held`
 * those that an interrupted copy had fetched or sent already.
 * others: gets the number of objects beside the experiments of `from`, which
 * stay where they are; or NULL.
 * Memory: 64 MiB for small packs, 32 MiB for each of up to four large ones, and
 * some hundred bytes for each experiment of both stores. Disk: 4 GiB for large
 * packs on their way, or as much as one that is larger.
 * Errors: of the listings; ERR_USAGE (one store is both). Names are told by fn
 * each.
 */
int copy_packs(struct remote *from, struct remote *to,
	       const struct strvec *words, const struct copy_options *o,
	       sync_result_fn fn, void *data, size_t *others,
	       struct strbuf *err);

#endif
