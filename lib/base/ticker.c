#include "lib/base/compat.h"
#include "lib/base/ticker.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"

/* Reads a directory and small files; the default would be megabytes. */
#define STACK_BYTES (512 * 1024)

struct ticker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	double first, seconds;
	void (*fn)(void *data);
	void *data;
	bool stop;		/* under the lock */
};

static struct timespec later(struct timespec from, double seconds)
{
	int64_t nsec = (int64_t)((seconds - (double)(int64_t)seconds) * 1e9) +
		       from.tv_nsec;

	from.tv_sec += (time_t)seconds + (time_t)(nsec / 1000000000);
	from.tv_nsec = (long)(nsec % 1000000000);
	return from;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	       (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* The next moment of the schedule that is still to come: a machine that slept
 * for a night does not do a thousand at once. */
static struct timespec next_of(struct timespec due, double seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	due = later(due, seconds);
	return is_before(&due, &now) ? later(now, seconds) : due;
}

static void *run(void *data)
{
	struct ticker *t = data;
	struct timespec due;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &due);
	due = later(due, t->first);
	pthread_mutex_lock(&t->lock);
	while (!t->stop) {
		ret = pthread_cond_timedwait(&t->wake, &t->lock, &due);
		if (t->stop || ret != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&t->lock);
		t->fn(t->data);
		due = next_of(due, t->seconds);
		pthread_mutex_lock(&t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static int start_thread(struct ticker *t)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&t->thread, &attr, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return ret;
}

static void release(struct ticker *t)
{
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

int ticker_start(struct ticker **out, double first, double seconds,
		 void (*fn)(void *data), void *data, struct strbuf *err)
{
	struct ticker *t = xcalloc(1, sizeof(*t));
	pthread_condattr_t attr;
	int ret;

	t->first = first;
	t->seconds = seconds;
	t->fn = fn;
	t->data = data;
	pthread_mutex_init(&t->lock, NULL);
	/* A clock that somebody sets is no measure of time. */
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	ret = start_thread(t);
	if (ret) {
		release(t);
		return fail(err, ERR_FAILED, "cannot start a thread: %s",
			    strerror(ret));
	}
	*out = t;
	return 0;
}

void ticker_stop(struct ticker **t)
{
	if (!*t)
		return;
	pthread_mutex_lock(&(*t)->lock);
	(*t)->stop = true;
	pthread_cond_signal(&(*t)->wake);
	pthread_mutex_unlock(&(*t)->lock);
	pthread_join((*t)->thread, NULL);
	release(*t);
	*t = NULL;
}
