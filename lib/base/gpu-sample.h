/*
 * What the graphics processors of this machine do, as nvidia-smi(1) tells it.
 * One process of it is started and prints again and again; nobody ever waits
 * for it, so one that hangs costs nothing but its numbers.
 */
#ifndef LIB_BASE_GPU_SAMPLE_H
#define LIB_BASE_GPU_SAMPLE_H

#include "lib/base/compat.h"

#define GPU_MAX 64

struct gpu_sample {
	bool known;		/* it has been told at all */
	double load;		/* percent; negative: it cannot tell */
	int64_t memory;		/* bytes in use; negative: it cannot tell */
};

struct gpu_watch;

/** Begins to watch those that CUDA_VISIBLE_DEVICES names (not set: all).
 *  seconds: how often. NULL where there is no nvidia-smi. */
struct gpu_watch *gpu_watch_start(double seconds);

/** What was told last, by the number of the processor. Returns how many of
 *  `out` (GPU_MAX) have something to say: all from that one on are unknown. */
unsigned gpu_watch_read(struct gpu_watch *g, struct gpu_sample *out);

/** Ends the process; sets `*g` to NULL, which is fine. */
void gpu_watch_stop(struct gpu_watch **g);

#endif
