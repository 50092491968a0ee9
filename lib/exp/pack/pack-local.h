/*
 * Local headers and data descriptors, checked against the central directory.
 * Only for what reads packs.
 */
#ifndef LIB_EXP_PACK_PACK_LOCAL_H
#define LIB_EXP_PACK_PACK_LOCAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-read.h"

/* What one entry takes in the file, from e->offset to e->limit. */
struct pack_local {
	size_t header_len;	/* with name and extra field */
	uint64_t data;		/* offset of the compressed content */
	size_t descriptor_len;
	size_t have;		/* bytes that are in the buffer */
};

/**
 * Reads up to `room` bytes from e->offset on into `buf` (which so holds all of
 * a small entry) and checks the local header and the descriptor. room: at
 * least 30. Where the header does not fit, it is read apart.
 * Errors: ERR_CONTENT, those of the source.
 */
int pack_local_read(struct pack_local *l, const struct pack *p,
		    const struct pack_entry *e, unsigned char *buf,
		    size_t room, struct strbuf *err);

#endif
