/*
 * Progress on a terminal's stderr: "title: 12/40 (30%), 1.2 GiB | 34 MiB/s,
 * 0:12 left". Nothing under -q, when stderr is no terminal, or for the first
 * half second.
 */
#ifndef LIB_BASE_PROGRESS_H
#define LIB_BASE_PROGRESS_H

#include "lib/base/compat.h"

struct progress;

/** total 0: unknown. Never NULL. */
struct progress *progress_start(const char *title, uint64_t total_items,
				uint64_t total_bytes);
/** A piece of `whole`: what is told of its bytes is added to those of the
 *  whole, also when it begins again with less. It draws nothing itself. whole
 *  NULL: what is told of it is for progress_told() alone. */
struct progress *progress_part(struct progress *whole);
/** The bytes that were told last. */
uint64_t progress_told(struct progress *p);
void progress_items(struct progress *p, uint64_t done);	/* thread-safe */
void progress_bytes(struct progress *p, uint64_t done);
void progress_stop(struct progress **p);	/* clears or ends the line */

#endif
