/*
 * The record of a pack that resutil wrote, by the first bytes of it alone: the
 * directory of a pack of many files is long, and whoever only wants to know
 * what ran need not read it. The record is believed because its hash stands in
 * the comment.
 */
#ifndef LIB_EXP_PACK_PACK_FIRST_H
#define LIB_EXP_PACK_PACK_FIRST_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/pack/pack-source.h"

/**
 * Adds the record to `text`. info: what the comment says. Reads 16 KiB, and
 * then what is missing of the record.
 * Errors: ERR_NO without a sentence when it must be looked for by the
 * directory: the comment names no record, or what the pack begins with is not
 * that one. Those of the source.
 */
int pack_first_record(struct strbuf *text, struct pack_source *s,
		      const struct pack_info *info, struct strbuf *err);

#endif
