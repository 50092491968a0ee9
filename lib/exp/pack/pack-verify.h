/*
 * Checking a pack without unpacking it.
 */
#ifndef LIB_EXP_PACK_PACK_VERIFY_H
#define LIB_EXP_PACK_PACK_VERIFY_H

#include "lib/base/compat.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-hash.h"
#include "lib/exp/pack/pack-read.h"

enum pack_verify_flags {
	PACK_VERIFY_QUICK = 1 << 0	/* headers only */
};

/**
 * Checks each entry: local header, descriptor, content, CRC; then the tree
 * hash and the record's, where the comment names them. All entries are
 * looked at, in parallel; findings come in byte order of the paths, and those
 * of the hashes last. Memory: 2 MiB a thread, or 12 MiB where a pack has a
 * large part of its content in one entry; 40 bytes an entry.
 * jobs: 0: one a processor.
 * tree: room for DIGEST_RAWSZ bytes, or NULL; set unless quick or bad.
 * Returns 0 or ERR_CONTENT when something was wrong; then nothing is in err.
 * Other errors: those of the source.
 */
int pack_verify(const struct pack *p, unsigned jobs, unsigned flags,
		unsigned char *tree, struct progress *progress,
		pack_bad_fn bad, void *data, struct strbuf *err);

#endif
