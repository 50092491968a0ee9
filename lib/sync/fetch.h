/*
 * Experiments out of a store: fetched, checked, and claimed whole.
 * Source: Documentation/technical/durability.adoc, "pull".
 */
#ifndef LIB_SYNC_FETCH_H
#define LIB_SYNC_FETCH_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/sync/send.h"

struct fetch_options {
	unsigned jobs;		/* transfers at once; 0: the default */
	bool force;		/* replace what is here */
	bool rename;		/* a run that is here under another name gets
				 * the name that it has there */
	bool dry_run;
	bool quiet;		/* no progress */
	/* Only files that match one of these (paths, globs, directories), into
	 * an experiment that is here or is made incomplete; NULL: all. */
	const struct strvec *paths;
};

/** names: exact names in the store, each once. Statuses: new grown same
 *  newer renamed conflict missing failed. Else as sync_send(). */
int sync_fetch(struct remote *r, const struct strvec *names,
	       const struct fetch_options *options, sync_result_fn fn,
	       void *data, struct strbuf *err);

#endif
