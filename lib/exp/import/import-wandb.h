/*
 * What the message Record of W&B says of a run.
 * Source: proto/wandb_internal.proto of wandb.
 */
#ifndef LIB_EXP_IMPORT_IMPORT_WANDB_H
#define LIB_EXP_IMPORT_IMPORT_WANDB_H

#include "lib/base/compat.h"
#include "lib/exp/import/importing.h"

struct wandb_reader;

struct wandb_reader *wandb_reader_new(struct import_sink *sink);
void wandb_reader_free(struct wandb_reader *r);	/* NULL is fine */

/** One message: config becomes params, summary info, history a series and
 *  system statistics another; false: it is none. */
bool wandb_read(struct wandb_reader *r, const void *data, size_t len);

/** What is known only when all is read: the end of the run. */
void wandb_reader_end(struct wandb_reader *r);

#endif
