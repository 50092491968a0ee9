#include "lib/base/compat.h"
#include "lib/base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "lib/base/alloc.h"

/* What a process has open beside its work: the standard ones, locks, caches,
 * the pipes to a child. */
#define OTHER_FILES 16

struct thread {
	struct workers *pool;
	unsigned nr;
	pthread_t id;
};

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t more;	/* work was given, or the end has come */
	pthread_cond_t done;	/* what the one who waits is waiting for is */
	const struct work *awaited;
	bool all_awaited;
	struct work *first, **last;
	size_t open;		/* given and not done */
	bool end;
	unsigned nr;		/* workers, 1 at least */
	struct thread *thread;
	unsigned nr_threads;	/* 0: whoever waits does the work */
};

unsigned workers_default(void)
{
	cpu_set_t set;
	long nr;

	CPU_ZERO(&set);
	if (!sched_getaffinity(0, sizeof(set), &set))
		nr = CPU_COUNT(&set);
	else	/* more processors than a cpu_set_t has */
		nr = sysconf(_SC_NPROCESSORS_ONLN);
	return nr < 1 ? 1 : (unsigned)MINIMUM(nr, WORKERS_MAX);
}

unsigned workers_with_files(unsigned nr, unsigned files)
{
	struct rlimit limit;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY)
		return nr;
	most = limit.rlim_cur > OTHER_FILES ?
	       (limit.rlim_cur - OTHER_FILES) / files : 0;
	return most < nr ? MAXIMUM((unsigned)most, 1u) : nr;
}

/* Not in the first thread, which others rely on; and not where the thread
 * sanitizer looks, which takes one number in two tables for one file. */
void workers_own_files(void)
{
#ifdef __SANITIZE_THREAD__
	return;
#endif
	if (syscall(SYS_gettid) != getpid())
		unshare(CLONE_FILES);
}

/* With the lock held, and so on return; not while the work is done. */
static void do_first(struct workers *w, unsigned worker)
{
	struct work *work = w->first;

	w->first = work->next;
	if (!w->first)
		w->last = &w->first;
	pthread_mutex_unlock(&w->lock);
	work->fn(work, worker);
	pthread_mutex_lock(&w->lock);
	work->done = true;
	w->open--;
	/* Not for each: it would cost two changes of thread a piece. */
	if (work == w->awaited || (w->all_awaited && !w->open))
		pthread_cond_signal(&w->done);
}

static void *run_thread(void *data)
{
	struct thread *t = data;
	struct workers *w = t->pool;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->first && !w->end)
			pthread_cond_wait(&w->more, &w->lock);
		if (!w->first)
			break;
		do_first(w, t->nr);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void start_threads(struct workers *w, unsigned nr)
{
	sigset_t all, before;

	w->thread = xcalloc(nr, sizeof(*w->thread));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; w->nr_threads < nr; w->nr_threads++) {
		struct thread *t = &w->thread[w->nr_threads];

		t->pool = w;
		t->nr = w->nr_threads;
		if (pthread_create(&t->id, NULL, run_thread, t))
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct workers *workers_start(unsigned nr)
{
	struct workers *w = xcalloc(1, sizeof(*w));

	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	pthread_cond_init(&w->done, NULL);
	w->last = &w->first;
	if (!nr)
		nr = workers_default();
	nr = MINIMUM(nr, WORKERS_MAX);
	if (nr > 1)
		start_threads(w, nr);
	w->nr = MAXIMUM(w->nr_threads, 1u);
	return w;
}

unsigned workers_nr(const struct workers *w)
{
	return w->nr;
}

void workers_add(struct workers *w, struct work *work)
{
	pthread_mutex_lock(&w->lock);
	work->next = NULL;
	work->done = false;
	*w->last = work;
	w->last = &work->next;
	w->open++;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
}

void workers_wait(struct workers *w, struct work *work)
{
	pthread_mutex_lock(&w->lock);
	w->awaited = work;
	while (!work->done) {
		if (w->nr_threads)
			pthread_cond_wait(&w->done, &w->lock);
		else
			do_first(w, 0);
	}
	w->awaited = NULL;
	pthread_mutex_unlock(&w->lock);
}

void workers_wait_all(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->all_awaited = true;
	while (w->open) {
		if (w->nr_threads)
			pthread_cond_wait(&w->done, &w->lock);
		else
			do_first(w, 0);
	}
	w->all_awaited = false;
	pthread_mutex_unlock(&w->lock);
}

void workers_stop(struct workers **pool)
{
	struct workers *w = *pool;
	unsigned i;

	if (!w)
		return;
	workers_wait_all(w);
	pthread_mutex_lock(&w->lock);
	w->end = true;
	pthread_cond_broadcast(&w->more);
	pthread_mutex_unlock(&w->lock);
	for (i = 0; i < w->nr_threads; i++)
		pthread_join(w->thread[i].id, NULL);
	pthread_cond_destroy(&w->done);
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
	free(w->thread);
	free(w);
	*pool = NULL;
}
