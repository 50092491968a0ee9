/*
 * What became of an experiment, as send-pack(1) and fetch-exp(1) print it.
 */
#ifndef LIB_SYNC_SYNC_RESULT_H
#define LIB_SYNC_SYNC_RESULT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/sync/send.h"

/** Adds STATUS TAB NAME TAB BYTES TAB OTHER, OTHER `-` when there is none, and
 *  LF, or with `nul` a NUL. */
void sync_result_line(struct strbuf *out, const struct sync_result *result,
		      bool nul);
/** Adds the same as a JSON object with `message`, and null for none. */
void sync_result_json(struct strbuf *out, const struct sync_result *result,
		      bool nul);

#endif
