/*
 * The index of the experiments that a store holds. Not a command.
 */
#ifndef PLUMBING_INDEX_REMOTE_H
#define PLUMBING_INDEX_REMOTE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/project.h"

/**
 * Lists the store and reads the records of versions that the index does not
 * have, by ranges. Adds to `read` how many these were. Errors: those of the
 * store; ERR_FAILED: there is no place for an index.
 */
int index_fill_remote(const struct project *p, const char *remote,
		      size_t *read, struct strbuf *err);

#endif
