/*
 * What a pack says of itself in its archive comment.
 * Source: resutilformat-pack(5), "COMMENT".
 */
#ifndef LIB_EXP_PACK_PACK_COMMENT_H
#define LIB_EXP_PACK_PACK_COMMENT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest.h"

#define PACK_FORMAT 1
#define PACK_ID_LEN 36

struct pack_info {
	unsigned version;	/* 0: a zip that resutil did not write */
	unsigned char tree[DIGEST_RAWSZ];
	bool has_record;
	unsigned char record[DIGEST_RAWSZ];
	char id[PACK_ID_LEN + 1];	/* "": unknown */
	uint64_t revision;		/* 0: unknown */
};

/** Adds the comment, at most 300 bytes of printable ASCII. */
void pack_info_write(struct strbuf *out, const struct pack_info *info);

/**
 * Reads a comment. One that does not begin as ours leaves version 0 and is
 * fine; one that does must be whole.
 * Errors: ERR_CONTENT (malformed; a version after PACK_FORMAT: newer resutil
 * needed).
 */
int pack_info_read(struct pack_info *info, const char *text, size_t len,
		   struct strbuf *err);

#endif
