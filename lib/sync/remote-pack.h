/*
 * A pack in a store as a source of ranges: the last 64 KiB are read at once and
 * kept, small reads are joined (64 KiB, and up to 1 MiB for who reads on).
 * Memory: 32 MiB at most, as many threads as have read at once, unless
 * remote_pack_read_ahead() says another number.
 */
#ifndef LIB_SYNC_REMOTE_PACK_H
#define LIB_SYNC_REMOTE_PACK_H

#include "lib/base/compat.h"
#include "lib/base/gate.h"
#include "lib/exp/pack/pack-source.h"
#include "lib/sync/remote-list.h"

/**
 * exp: as listed, and not needed longer than the call; its size and version
 * are asked for at each read. A pack that was replaced meanwhile gives
 * ERR_CONFLICT, one that was removed ERR_NOT_FOUND. Messages call it
 * "REMOTE:NAME". Lives no longer than `r`.
 */
struct pack_source *remote_pack_source(struct remote *r,
				       const struct remote_exp *exp);

/** For who is going to read all of a pack of that kind: each request is for 1
 *  MiB, and nearly nothing is asked for twice. Not while others read. */
void remote_pack_read_all(struct pack_source *source);

/**
 * For who is going to say what he expects (pack_source_expect()): if the store
 * is far it is read ahead, by `jobs` requests at once. whole: that is all of
 * the pack; where the store is near, it is read as by remote_pack_read_all().
 * memory: at most that many bytes are kept, and 1 MiB.
 * gate: each request passes through it; lent until release.
 */
void remote_pack_read_ahead(struct pack_source *source, bool whole,
			    size_t memory, unsigned jobs, struct gate *gate);

#endif
