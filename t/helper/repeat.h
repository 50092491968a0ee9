/*
 * One question asked many times, one after the other or by many threads at
 * once: for helpers that ask for credentials.
 */
#ifndef T_HELPER_REPEAT_H
#define T_HELPER_REPEAT_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/error.h"

#define REPEAT_THREADS_MAX 64

/* Asks, and shows what came; an error code is the end. */
typedef int (*repeat_fn)(void);

static inline int repeat_in_turn(repeat_fn fn, const char *times,
				 unsigned seconds)
{
	long nr = times ? strtol(times, NULL, 10) : 1;
	int ret = 0;

	for (; nr > 0 && !ret; nr--) {
		ret = fn();
		if (seconds && nr > 1)
			sleep(seconds);
	}
	return ret;
}

struct repeat_thread {
	pthread_t id;
	repeat_fn fn;
	int ret;
};

static inline void *repeat_run(void *data)
{
	struct repeat_thread *t = data;

	t->ret = t->fn();
	return NULL;
}

static inline int repeat_at_once(repeat_fn fn, const char *text)
{
	struct repeat_thread thread[REPEAT_THREADS_MAX];
	long nr = strtol(text, NULL, 10), i;
	int ret = 0;

	if (nr < 1 || nr > REPEAT_THREADS_MAX)
		die("1 to %d threads", REPEAT_THREADS_MAX);
	for (i = 0; i < nr; i++) {
		thread[i].fn = fn;
		if (pthread_create(&thread[i].id, NULL, repeat_run,
				   &thread[i]))
			die("cannot start a thread");
	}
	for (i = 0; i < nr; i++) {
		pthread_join(thread[i].id, NULL);
		if (thread[i].ret)
			ret = thread[i].ret;
	}
	return ret;
}

#endif
