/*
 * Workers are threads, since each has to see the end of its program when it
 * comes. Calls go through a queue to the thread that began the load, so that
 * what is done with them (files are written) takes no time between two calls.
 */
#include "lib/base/compat.h"
#include "builtin/bench-load.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "builtin/bench-call.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"

#define TICK_MSEC 100
#define STACK_BYTES (256u << 10)
#define FILES_EACH 3	/* of a worker: a pipe and the program */
#define FILES_BESIDE 64

struct calls {
	struct bench_call *item;
	size_t nr, alloc;
};

/* What the workers share, under the lock. */
struct shared {
	struct bench_load *load;
	pthread_mutex_t lock;
	struct calls queue;
	uint64_t next;		/* turn */
	double origin;		/* when the load began */
	double started, ended;	/* of the turns that count */
	bool stopped;		/* no turn begins any more */
	unsigned alive;		/* workers */
	bool coarse;
	int log_errno, error;	/* of a worker that could not begin */
	int stop[2];		/* closing [1] ends the calls that go on */
	int done[2];		/* and closing this one says that all is over */
};

/* Whether one more turn begins, and which. */
static bool take_turn(struct shared *s, uint64_t *turn)
{
	const struct bench_load *load = s->load;
	uint64_t counted;
	double now = bench_now();
	bool more;

	pthread_mutex_lock(&s->lock);
	counted = s->next - MINIMUM(s->next, load->warmup);
	more = !s->stopped;
	if (s->next >= load->warmup) {
		if (!counted)
			s->started = now;
		if (load->number && counted >= load->number)
			more = false;
		if (load->seconds > 0 && counted >= load->least &&
		    (load->rate > 0 ? (double)counted / load->rate :
				      now - s->started) >= load->seconds)
			more = false;
		if (more && counted >= BENCH_MAX_CALLS) {
			more = false;
			s->load->full = true;
		}
	}
	*turn = s->next;
	if (more)
		s->next++;
	pthread_mutex_unlock(&s->lock);
	return more;
}

static void hand_over(struct shared *s, struct bench_call *call)
{
	double end = s->origin + call->begin + call->took;

	pthread_mutex_lock(&s->lock);
	if (call->end == CALL_NOT_STARTED)
		end = s->origin + call->begin + call->spawn;
	if (!call->warmup && end > s->ended)
		s->ended = end;
	if (s->load->strict && !bench_call_is_good(call))
		s->stopped = true;
	ARRAY_GROW(s->queue.item, s->queue.nr + 1, s->queue.alloc);
	s->queue.item[s->queue.nr++] = *call;
	pthread_mutex_unlock(&s->lock);
}

static bool has_stopped(struct shared *s)
{
	bool stopped;

	pthread_mutex_lock(&s->lock);
	stopped = s->stopped;
	pthread_mutex_unlock(&s->lock);
	return stopped;
}

/* False: all ends before. */
static bool wait_until(struct shared *s, double due)
{
	struct pollfd stop = { .fd = s->stop[0], .events = POLLIN };
	struct timespec ts = { 0, 0 };
	double left;

	while ((left = due - bench_now()) > 0) {
		ts.tv_sec = (time_t)left;
		ts.tv_nsec = (long)((left - floor(left)) * 1e9);
		if (ppoll(&stop, 1, &ts, NULL) > 0)
			return false;
	}
	return true;
}

static void one_turn(struct shared *s, struct bench_worker *w, uint64_t turn)
{
	const struct bench_load *load = s->load;
	double due = 0;
	size_t i;

	if (load->rate > 0) {
		due = s->origin + (double)turn / load->rate;
		if (!wait_until(s, due))
			return;
	}
	for (i = 0; i < load->nr; i++) {
		struct bench_call call = { .program = (turn + i) % load->nr };

		if (i && has_stopped(s))
			return;
		call.warmup = turn < load->warmup;
		call.turn = turn - (call.warmup ? 0 : load->warmup);
		bench_worker_call(w, &call);
		if (load->rate > 0)
			call.late = s->origin + call.begin - due;
		hand_over(s, &call);
	}
}

static void *work(void *data)
{
	struct shared *s = data;
	struct bench_worker w = { .load = s->load, .stop = s->stop[0],
				  .origin = s->origin };
	uint64_t turn;
	int error;

	/* Fifty microseconds more or less are a good part of a short call. */
	if (s->load->rate > 0)
		prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	error = bench_worker_begin(&w);
	while (!error && take_turn(s, &turn))
		one_turn(s, &w, turn);
	bench_worker_end(&w);
	pthread_mutex_lock(&s->lock);
	s->coarse |= w.coarse;
	s->error = error ? error : s->error;
	s->log_errno = w.log_errno ? w.log_errno : s->log_errno;
	if (!--s->alive) {
		close(s->done[1]);
		s->done[1] = -1;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void pass_on(struct shared *s)
{
	struct calls calls;
	size_t i;

	pthread_mutex_lock(&s->lock);
	calls = s->queue;
	memset(&s->queue, 0, sizeof(s->queue));
	pthread_mutex_unlock(&s->lock);
	for (i = 0; i < calls.nr; i++) {
		s->load->each(&calls.item[i], s->load->data);
		free(calls.item[i].said);
	}
	if (calls.nr && s->load->pause)
		s->load->pause(s->load->data);
	free(calls.item);
}

static void stop(struct shared *s, int signo)
{
	pthread_mutex_lock(&s->lock);
	s->stopped = true;
	pthread_mutex_unlock(&s->lock);
	if (!s->load->interrupted_by)
		s->load->interrupted_by = signo;
	if (s->stop[1] >= 0)
		close(s->stop[1]);
	s->stop[1] = -1;
}

/* Those that the caller holds back. */
static int open_signals(void)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t held, wanted;
	size_t i;

	pthread_sigmask(SIG_BLOCK, NULL, &held);
	sigemptyset(&wanted);
	for (i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigismember(&held, ending[i]))
			sigaddset(&wanted, ending[i]);
	return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void wait_for_all(struct shared *s, int signals)
{
	struct signalfd_siginfo si;
	bool done = false;

	while (!done) {
		struct pollfd fds[2] = {
			{ .fd = signals, .events = POLLIN },
			{ .fd = s->done[0], .events = POLLIN }
		};

		if (poll(fds, 2, TICK_MSEC) < 0)
			continue;
		while (read(signals, &si, sizeof(si)) == sizeof(si))
			stop(s, (int)si.ssi_signo);
		done = fds[1].revents;
		pass_on(s);
	}
}

static int check_files(const struct bench_load *load, struct strbuf *err)
{
	rlim_t need = (rlim_t)load->workers * FILES_EACH + FILES_BESIDE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return 0;
	return fail(err, ERR_USAGE, "%u calls at once need %lu open files, and "
		    "the limit is %lu; raise it with 'ulimit -n'",
		    load->workers, (unsigned long)need,
		    (unsigned long)limit.rlim_cur);
}

/* Returns how many there are. */
static unsigned start_workers(struct shared *s, pthread_t *thread)
{
	pthread_attr_t attr;
	unsigned i, nr = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_mutex_lock(&s->lock);
	for (i = 0; i < s->load->workers; i++)
		if (!pthread_create(&thread[nr], &attr, work, s))
			nr++;
	s->alive = nr;
	pthread_mutex_unlock(&s->lock);
	pthread_attr_destroy(&attr);
	return nr;
}

static void close_all(struct shared *s, int signals)
{
	int *fds[] = { &s->stop[0], &s->stop[1], &s->done[0], &s->done[1],
		       &signals };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
}

int bench_load_run(struct bench_load *load, struct strbuf *err)
{
	struct shared s = { .load = load, .stop = { -1, -1 },
			    .done = { -1, -1 } };
	pthread_t *thread = xcalloc(load->workers, sizeof(*thread));
	unsigned nr, i;
	int signals = -1, ret = check_files(load, err);

	pthread_mutex_init(&s.lock, NULL);
	if (!ret && (pipe2(s.stop, O_CLOEXEC) || pipe2(s.done, O_CLOEXEC) ||
		     (signals = open_signals()) < 0))
		ret = fail_errno(err, "cannot begin");
	if (ret)
		goto cleanup;
	s.origin = s.started = s.ended = bench_now();
	nr = start_workers(&s, thread);
	if (nr)
		wait_for_all(&s, signals);
	for (i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
	pass_on(&s);
	load->elapsed = s.ended > s.started ? s.ended - s.started : 0;
	load->coarse |= s.coarse;
	load->log_errno = s.log_errno;
	if (nr < load->workers)
		ret = fail(err, ERR_FAILED, "only %u of %u threads could be "
			   "started", nr, load->workers);
	else if (s.error)
		ret = fail(err, ERR_FAILED, "cannot make a pipe: %s",
			   strerror(s.error));

cleanup:
	close_all(&s, signals);
	pthread_mutex_destroy(&s.lock);
	free(thread);
	return ret;
}
