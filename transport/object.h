/*
 * Objects and what belongs to them, for the files of this room.
 */
#ifndef TRANSPORT_OBJECT_H
#define TRANSPORT_OBJECT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "transport/transport.h"

/** 0, or ERR_USAGE: metadata that not every store takes. */
int object_meta_check(const struct strvec *meta, struct strbuf *err);

/** ERR_CONFLICT: somebody else changed it. */
int object_fail_changed(const struct transport *t, const char *key,
			struct strbuf *err);
/** ERR_CONFLICT: it is there already. */
int object_fail_exists(const struct transport *t, const char *key,
		       struct strbuf *err);
/** Either of them, by what `r` expects. */
int object_fail_conflict(const struct transport *t,
			 const struct put_request *r, struct strbuf *err);

/** The write of a sink whose data is a struct digest: hashes what comes. */
int object_hash_sink(void *digest, const void *buf, size_t len,
		     struct strbuf *err);

/** ERR_CONTENT: the source gives `len` bytes (or more than that, before it
 *  ends), which are not as many as it promised. */
int put_source_fail_size(const struct put_request *r, uint64_t len, bool ends,
			 struct strbuf *err);
/** What one request takes: reads up to `max` bytes, from the beginning; when
 *  these are so many, more may be behind them. Errors: those of the source;
 *  ERR_CONTENT: there are fewer or more than it promised. */
int put_source_begin(struct strbuf *first, const struct put_request *r,
		     size_t max, struct strbuf *err);

#endif
