/*
 * What the message Event of TensorBoard says of a run.
 * Source: event.proto, summary.proto, tensor.proto of TensorFlow, and
 * plugin_data.proto of TensorBoard's plugin hparams.
 */
#ifndef LIB_EXP_IMPORT_IMPORT_EVENTS_H
#define LIB_EXP_IMPORT_IMPORT_EVENTS_H

#include "lib/base/compat.h"
#include "lib/exp/import/importing.h"

struct event_reader;

struct event_reader *event_reader_new(struct import_sink *sink);
void event_reader_free(struct event_reader *r);	/* NULL is fine */

/** One message: its scalars are points, its hparams params, its texts texts,
 *  its images files. series: of the file. False: it is none. */
bool event_read(struct event_reader *r, const void *data, size_t len,
		const char *series);

/** Times of the run, and what was passed over. */
void event_reader_end(struct event_reader *r);

#endif
