/*
 * One header of the central directory, read into one struct pack_entry.
 * Only for what reads packs.
 */
#ifndef LIB_EXP_PACK_PACK_ENTRY_H
#define LIB_EXP_PACK_PACK_ENTRY_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-read.h"

/** Memory that lives as long as the pack. */
void *pack_keep(struct pack *p, const void *data, size_t len);

/**
 * Reads the header at `h`, of which `len` bytes are there; sets *used to its
 * length, or to what is needed when that is more than len; then nothing else
 * was done. scratch: for names.
 * Errors: ERR_CONTENT.
 */
int pack_entry_read(struct pack *p, struct pack_entry *e,
		    const unsigned char *h, size_t len, size_t *used,
		    struct strbuf *scratch, struct strbuf *err);

/** "'PACK': 'NAME': why", for an entry whose path is not known yet. */
int pack_name_fail(const struct pack *p, const unsigned char *name,
		   size_t len, struct strbuf *err, const char *why);

#endif
