/*
 * The records at the end of a zip. Only for what reads packs.
 */
#ifndef LIB_EXP_PACK_PACK_END_H
#define LIB_EXP_PACK_PACK_END_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-source.h"

/* The longest comment, and the record before it. */
#define PACK_TAIL_MAX (22 + 65535)

struct pack_end {
	uint64_t entries;
	uint64_t central;	/* offset of the central directory */
	uint64_t central_len;
	unsigned char *tail;	/* the last bytes of the file; to free */
	size_t tail_len;
	const char *comment;	/* in tail */
	size_t comment_len;
};

/** Errors: ERR_CONTENT, those of the source; `end->tail` may be set then. */
int pack_end_read(struct pack_end *end, struct pack_source *s,
		  struct strbuf *err);

#endif
