/*
 * How the entries of a pack lie beside each other, in the tree and in the
 * file. Only for what reads packs.
 */
#ifndef LIB_EXP_PACK_PACK_ORDER_H
#define LIB_EXP_PACK_PACK_ORDER_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-read.h"

/** Sets p->by_path and p->implied. ERR_CONTENT: a path stands twice, or lies
 *  below a file or link. */
int pack_order_paths(struct pack *p, struct strbuf *err);

/** Sets each limit. ERR_CONTENT: entries that overlap, or leave room between
 *  them that no header fills. */
int pack_order_parts(struct pack *p, struct strbuf *err);

#endif
