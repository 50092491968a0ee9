/*
 * A pack that is written while it is read: the source of an upload.
 *
 * A small tree is packed into memory first, so that size and hash are known and
 * it is one request; a larger one is packed by a thread into a ring of buffers.
 * Begun again at an offset, it is packed again: the same bytes, which is
 * checked by the hash of those that are passed over.
 */
#ifndef LIB_SYNC_PACK_STREAM_H
#define LIB_SYNC_PACK_STREAM_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack-write.h"
#include "transport/transport.h"

/* Trees of fewer bytes are packed into memory. */
#define PACK_STREAM_SMALL (8u << 20)

struct pack_stream;

/**
 * dir: the experiment's directory. bytes: of its files, as far as known.
 * options: lent until release. Memory: bytes and 1 MiB, or 16 MiB and what
 * pack_write() needs.
 * Errors of a small one: those of pack_write().
 */
int pack_stream_open(struct pack_stream **out, const char *dir,
		     uint64_t bytes, const struct pack_options *options,
		     struct strbuf *err);
struct put_source *pack_stream_source(struct pack_stream *s);
/** What was packed; only after the source has come to its end. NULL before. */
const struct pack_result *pack_stream_result(const struct pack_stream *s);
/** Also ends an upload that stopped in the middle. NULL is fine. */
void pack_stream_release(struct pack_stream *s);

#endif
