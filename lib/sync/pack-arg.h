/*
 * The argument FILE|EXP of commands that read packs: a file, or an experiment
 * in a store, of which only the needed ranges are read.
 */
#ifndef LIB_SYNC_PACK_ARG_H
#define LIB_SYNC_PACK_ARG_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/remote-list.h"

struct pack_arg {
	const struct project *project;	/* NULL: there are only files */
	const char *remote_name;	/* of --remote, or NULL */
	struct pack_limits limits;
	/* set by pack_arg_open() */
	struct strbuf name;		/* the file as given, or the
					 * experiment's name */
	bool is_remote;
	/* private */
	struct remote *remote;
	struct remote_list list;
	bool listed;
};

#define PACK_ARG_INIT { .limits = PACK_LIMITS_INIT, .name = STRBUF_INIT, \
			.list = REMOTE_LIST_INIT }

/**
 * Opens the pack that `word` means. Without remote_name it is a file when it
 * is "-", holds a '/' (but REMOTE/@), ends in ".zip", or is there as a file;
 * anything else is an experiment in the store: exact name, unique prefix or
 * comment there, `@`. Experiments here have no packs, and are not looked at.
 * A pack that is replaced while it is opened is opened again. At most one is
 * open at a time, and none when the struct is released.
 * Errors: of pack_open_path(), remote_open() and remote_find().
 */
int pack_arg_open(struct pack **out, struct pack_arg *a, const char *word,
		  struct strbuf *err);
void pack_arg_release(struct pack_arg *a);

#endif
