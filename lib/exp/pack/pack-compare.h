/*
 * Whether a pack that resutil did not write, and that so has no hashes, holds
 * what a directory does.
 * Source: resutilformat-remote(5), "WHAT IS THE SAME, AND WHAT HAS GROWN".
 */
#ifndef LIB_EXP_PACK_PACK_COMPARE_H
#define LIB_EXP_PACK_PACK_COMPARE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-read.h"

/**
 * Compares paths, then sizes, then CRC-32 by the pack's directory, and stops at
 * the first that differs: so nothing is read when a size does. Directories do
 * not count. A link here is a link in the pack to the same place, or a file in
 * the pack that is what it leads to; one to a directory may be missing there.
 * same: and when not, `why` (or NULL) gets what differs, as "'PATH' has another
 * size".
 * Errors: those of exp_tree_read(); ERR_FAILED (a file cannot be read).
 */
int pack_compare_dir(const struct pack *p, const char *dir, bool *same,
		     struct strbuf *why, struct strbuf *err);

#endif
