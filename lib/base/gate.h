/*
 * An amount of something (memory, processors, connections) that threads take
 * parts of. Who finds too little left waits, behind those that came before.
 */
#ifndef LIB_BASE_GATE_H
#define LIB_BASE_GATE_H

#include "lib/base/compat.h"

#include <pthread.h>

struct gate_waiter;

struct gate {
	pthread_mutex_t lock;	/* of what follows */
	uint64_t total, taken;
	struct gate_waiter *first, **last;
};

/* For one that lasts as long as the process. */
#define GATE_INIT(gate, n) \
	{ .lock = PTHREAD_MUTEX_INITIALIZER, .total = (n), \
	  .last = &(gate).first }

void gate_init(struct gate *g, uint64_t total);
/** Nobody may be in it. */
void gate_release(struct gate *g);

/** Takes `n`. More than there is at all passes alone. 0 passes at once. */
void gate_enter(struct gate *g, uint64_t n);
/** The same, unless it would have to wait; false: nothing was taken. */
bool gate_try(struct gate *g, uint64_t n);
/** Gives as much back, by any thread. */
void gate_leave(struct gate *g, uint64_t n);

#endif
