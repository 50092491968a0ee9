/*
 * Experiments out of a store: fetched, checked, and claimed whole.
 * Source: Documentation/technical/durability.adoc, "pull".
 */
#ifndef LIB_SYNC_FETCH_H
#define LIB_SYNC_FETCH_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/sync/send.h"

/* Smaller packs are read by one request, into memory. */
#define FETCH_SMALL (8u << 20)
/* One that is replaced while it is fetched is begun again so often. */
#define FETCH_TRIES 5

struct fetch_options {
	unsigned jobs;		/* transfers at once; 0: remote_jobs() */
	bool force;		/* replace what is here, but no live run */
	bool rename;		/* a run that is here under another name gets
				 * the name that it has there */
	bool dry_run;
	bool quiet;		/* no progress */
	bool ignore_space;	/* do not ask for room first */
	struct pack_limits limits;	/* as pack_limits_fill() makes them */
	/* Only files that match one of these (paths, globs, directories), into
	 * an experiment that is here in part or is made so; NULL: all. */
	const struct strvec *paths;
};

/**
 * names: exact names in the store, each once; NULL: all that it holds, by one
 * listing. Statuses: new grown same newer
 * renamed conflict missing failed; `bytes` of what was or would be read, and
 * `other` the name that a run has, or had, here. Else as sync_send().
 * Memory: 64 MiB, and 2 MiB for each processor and each transfer of a pack that
 * is not small.
 */
int sync_fetch(struct remote *r, const struct strvec *names,
	       const struct fetch_options *options, sync_result_fn fn,
	       void *data, struct strbuf *err);

#endif
