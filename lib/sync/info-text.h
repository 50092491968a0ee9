/*
 * What a pack says of itself, as fields of a line: ID, REVISION, TREE, RECORD.
 * Only for what keeps such lines.
 * Source: resutilformat-remote(5), "THE LEDGER".
 */
#ifndef LIB_SYNC_INFO_TEXT_H
#define LIB_SYNC_INFO_TEXT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-comment.h"

#define INFO_FIELDS 4

/** Adds the four, a TAB between them. */
void info_text_write(struct strbuf *out, const struct pack_info *info);

/** field: INFO_FIELDS of them. false when one of them is malformed. Without a
 *  tree hash the version is 0. */
bool info_text_read(struct pack_info *info, const char *const *field);

/** Cuts `line` at its TABs into `max` fields at most; returns how many there
 *  are, or max + 1 when there are more. */
size_t info_text_split(char *line, const char **field, size_t max);

/** 1 to 18 digits, no zero before others. */
bool info_text_number(uint64_t *out, const char *text);

/** Printable ASCII without blanks, 1 to OBJECT_VERSION_MAX bytes: what a
 *  version of an object may be. */
bool info_text_is_version(const char *text);

#endif
