/*
 * What the files of remote-list.h share. Only for these.
 */
#ifndef LIB_SYNC_REMOTE_INTERNAL_H
#define LIB_SYNC_REMOTE_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/sync/known.h"
#include "lib/sync/remote-list.h"

/** Puts what the cache has into a listed one. */
void remote_from_known(struct remote_exp *e, const struct known_exp *k);

struct pack_limits;

/* remote-record.c */

/** Reads the comment of the version that `e` tells of, unless it is known.
 *  ERR_CONFLICT: there is another version. */
int remote_read_info(struct remote *r, struct remote_exp *e,
		     struct strbuf *err);
/** The same, and adds its record to `text`; nothing: it has none. */
int remote_read_record(struct remote *r, struct remote_exp *e,
		       const struct pack_limits *limits, struct strbuf *text,
		       struct strbuf *err);

/** Stats it again: size, version and what the cache has of that version.
 *  ERR_NOT_FOUND: it has gone. */
int remote_look_again(struct remote *r, struct remote_exp *e,
		      struct strbuf *err);

#endif
