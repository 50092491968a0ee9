/*
 * How hard packs are compressed: the setting pack.level, and --level.
 */
#ifndef LIB_EXP_PACK_PACK_LEVEL_H
#define LIB_EXP_PACK_PACK_LEVEL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define PACK_LEVEL_NOT_GIVEN INT_MIN

/** given: of --level (checked by the caller), or PACK_LEVEL_NOT_GIVEN: the
 *  setting, else what is built in. ERR_CONTENT: the setting is no level. */
int pack_level_read(int given, int *level, struct strbuf *err);

#endif
