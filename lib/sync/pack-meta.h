/*
 * What a pack's comment says, as metadata of its object, where the store keeps
 * such: resutil-tree, resutil-record, resutil-id, resutil-revision. The comment
 * is what counts.
 * Source: resutilformat-remote(5), "LAYOUT OF A STORE".
 */
#ifndef LIB_SYNC_PACK_META_H
#define LIB_SYNC_PACK_META_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"
#include "lib/exp/pack/pack-comment.h"

/** Makes `meta` ("key=value") of it; NULL: nothing is known yet. */
void pack_meta_make(struct strvec *meta, const struct pack_info *info);

/** The first key whose value is not what `info` says; NULL: none. Keys that
 *  are missing, and others, say nothing. */
const char *pack_meta_contradiction(const struct strvec *meta,
				    const struct pack_info *info);

#endif
