/*
 * A pack that is written while it is read: the source of an upload.
 *
 * A small tree, and one that still changes, is packed first: into memory, or
 * beyond some megabytes into a file without a name. So its size and its hashes
 * are known, and it can be begun again at any offset. A larger one is packed by
 * a thread while it is sent. Begun again, it is packed again: the same bytes,
 * which is checked by checksums of all that was packed before.
 */
#ifndef LIB_SYNC_PACK_STREAM_H
#define LIB_SYNC_PACK_STREAM_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-write.h"
#include "transport/transport.h"

/* Trees of fewer bytes are packed into memory, by one thread unless
 * options->jobs says more. */
#define PACK_STREAM_SMALL (8u << 20)

struct pack_stream;

/**
 * dir: the experiment's directory, lent. bytes: of its files, as far as known.
 * options: lent until release. Memory: 16 MiB for a tree that is packed first,
 * else 4 MiB, and what pack_write() needs.
 * Errors: those of pack_write(), for a tree that is packed first; ERR_FAILED
 * (no room for it). Then there is no stream.
 */
int pack_stream_open(struct pack_stream **out, const char *dir,
		     uint64_t bytes, const struct pack_options *options,
		     struct strbuf *err);
struct put_source *pack_stream_source(struct pack_stream *s);

/** What was packed; NULL before the last byte of it was. For a tree that was
 *  packed first that is at once. */
const struct pack_result *pack_stream_result(const struct pack_stream *s);

/** How many bytes of this time were read so far. Thread-safe. */
uint64_t pack_stream_given(const struct pack_stream *s);

/** 0, or why there is no pack: what the source then returned was no failure of
 *  the store. */
int pack_stream_failed(const struct pack_stream *s);

/** Also ends an upload that stopped in the middle. NULL is fine. */
void pack_stream_release(struct pack_stream *s);

#endif
