/*
 * How send-pack, fetch-exp and copy-pack tell what became of an experiment: a
 * record on stdout, and a sentence on stderr where it failed, or was not plain.
 */
#ifndef PLUMBING_SYNC_PRINT_H
#define PLUMBING_SYNC_PRINT_H

#include "lib/base/compat.h"
#include "lib/base/items.h"
#include "lib/sync/sync-result.h"

/** Counts it in `items`, too. */
void sync_print(const struct sync_result *result, bool json, bool nul,
		struct items *items);
/** Tells how much had been done ("sent") before, if any. */
void sync_print_resumed(const struct sync_result *result, const char *done);

#endif
