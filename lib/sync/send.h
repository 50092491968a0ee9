/*
 * Experiments into a store: compared, packed into the upload, noted.
 * Source: Documentation/technical/durability.adoc, "push".
 */
#ifndef LIB_SYNC_SEND_H
#define LIB_SYNC_SEND_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/sync/compare.h"

struct send_options {
	unsigned jobs;		/* transfers at once; 0: the default */
	int level;		/* of packs */
	bool force;		/* also over a conflict */
	bool rename;		/* a conflict is sent under a free name */
	bool dry_run;
	bool quiet;		/* no progress */
};

/* What became of one experiment; `status` is a word of send-pack(1): new grown
 * same renamed conflict newer missing failed. */
struct sync_result {
	const char *name;
	const char *status;
	const char *other;	/* of renamed; else "" */
	uint64_t bytes;		/* of the pack; of a dry run: of its files */
	uint64_t held;		/* of these, those that an interrupted upload
				 * had put there already */
	int code;		/* 0, or of the failure */
	const char *message;	/* of the failure, or a warning; "" */
};

/** Called for each name as it is done, one at a time, in any thread. */
typedef void (*sync_result_fn)(const struct sync_result *result, void *data);

/**
 * names: exact names of experiments here, each once.
 * Returns 0 when all ended well, else ERR_* when none could be tried, with
 * err; what failed for one name is in its result.
 */
int sync_send(struct remote *r, const struct strvec *names,
	      const struct send_options *options, sync_result_fn fn,
	      void *data, struct strbuf *err);

#endif
