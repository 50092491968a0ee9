/*
 * A program gets a session of its own: what it has started is ended with it,
 * and a Ctrl-C is ours alone. Its end is seen by a descriptor (pidfd_open(2)),
 * so that one poll(2) waits for it, for its stderr, for its time to be over,
 * and for the end of all.
 */
#include "lib/base/compat.h"
#include "builtin/bench-call.h"

#include <math.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/sys.h"

#define PATIENCE 1.0	/* seconds from SIGTERM to SIGKILL */
#define LAST_PATIENCE 5.0	/* and from there until we leave it behind */
#define COARSE 0.001
#define READ_BYTES 16384
#define DRAIN_BYTES (1u << 20)	/* of what others still write into it */

bool bench_call_is_good(const struct bench_call *call)
{
	return call->end == CALL_ENDED && WIFEXITED(call->status) &&
	       !WEXITSTATUS(call->status);
}

double bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int open_pipe(struct bench_worker *w)
{
	int i, moved;

	if (pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK)) {
		w->pipe[0] = w->pipe[1] = -1;
		return errno;
	}
	/* Theirs waits for us as any pipe does. */
	if (fcntl(w->pipe[1], F_SETFL, 0))
		return errno;
	for (i = 0; i < 2; i++)
		if (w->pipe[i] <= STDERR_FILENO) {
			moved = fcntl(w->pipe[i], F_DUPFD_CLOEXEC,
				      STDERR_FILENO + 1);
			if (moved < 0)
				return errno;
			close(w->pipe[i]);
			w->pipe[i] = moved;
		}
	return 0;
}

int bench_worker_begin(struct bench_worker *w)
{
	int ret;

	w->pipe[0] = w->pipe[1] = -1;
	ret = open_pipe(w);
	if (ret)
		bench_worker_end(w);
	return ret;
}

void bench_worker_end(struct bench_worker *w)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (w->pipe[i] >= 0)
			close(w->pipe[i]);
		w->pipe[i] = -1;
	}
}

/* The last bytes stay; what the user wants to keep goes to its file. */
static void take_text(struct bench_worker *w, const char *text, size_t len)
{
	size_t at, piece;

	if (w->load->err_log >= 0 && !w->log_errno &&
	    sys_write_all(w->load->err_log, text, len))
		w->log_errno = errno;
	while (len) {
		at = w->said % sizeof(w->tail);
		piece = MINIMUM(len, sizeof(w->tail) - at);
		memcpy(w->tail + at, text, piece);
		w->said += piece;
		text += piece;
		len -= piece;
	}
}

/* False: there is nothing more for now. */
static bool read_some(struct bench_worker *w, size_t *len)
{
	char buf[READ_BYTES];
	ssize_t n = read(w->pipe[0], buf, sizeof(buf));

	if (n <= 0)
		return false;
	take_text(w, buf, (size_t)n);
	*len += (size_t)n;
	return true;
}

static void keep_said(struct bench_worker *w, struct bench_call *call)
{
	size_t at = w->said % sizeof(w->tail), rest = sizeof(w->tail) - at;

	if (!w->said)
		return;
	call->said_len = (size_t)MINIMUM(w->said, sizeof(w->tail));
	call->said = xmemdupz(w->tail, call->said_len);
	if (w->said > sizeof(w->tail)) {
		memcpy(call->said, w->tail + at, rest);
		memcpy(call->said + rest, w->tail, at);
	}
}

static struct timespec until(double when)
{
	double left = when - bench_now();
	struct timespec ts = { 0, 0 };

	if (left > 0) {
		ts.tv_sec = (time_t)left;
		ts.tv_nsec = (long)((left - floor(left)) * 1e9);
	}
	return ts;
}

/* A zombie, until we wait for it. */
static bool has_ended(pid_t pid)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	return !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid == pid;
}

enum stage { GOING, ASKED, KILLED };

/* What is due to a program that shall end. False: it does not, ever. */
static bool push_on(enum stage *stage, pid_t pid, double now, double *deadline)
{
	if (*stage == KILLED)
		return false;
	*deadline = now + (*stage == GOING ? PATIENCE : LAST_PATIENCE);
	/* It led its session, so that is all that it has started, but for what
	 * has left on purpose. */
	kill(-pid, *stage == GOING ? SIGTERM : SIGKILL);
	++*stage;
	return true;
}

/* Until it has ended: true. It may be past all killing: false. */
static bool wait_for_end(struct bench_worker *w, struct bench_call *call,
			 pid_t pid, int pidfd, double begin)
{
	double deadline = w->load->timeout > 0 ? begin + w->load->timeout :
						 INFINITY;
	enum stage stage = GOING;
	size_t len = 0;

	for (;;) {
		struct pollfd fds[3] = {
			{ .fd = pidfd, .events = POLLIN },
			{ .fd = w->pipe[0], .events = POLLIN },
			{ .fd = stage == GOING ? w->stop : -1,
			  .events = POLLIN }
		};
		double next = deadline, now;
		struct timespec ts;

		if (pidfd < 0)
			next = MINIMUM(next, bench_now() + COARSE);
		ts = until(next);
		ppoll(fds, 3, isinf(next) ? NULL : &ts, NULL);
		now = bench_now();
		if (fds[0].revents || (pidfd < 0 && has_ended(pid))) {
			call->took = now - begin;
			if (stage != GOING)
				kill(-pid, SIGKILL);
			return true;
		}
		if (fds[1].revents)
			read_some(w, &len);
		if (fds[2].revents) {
			call->end = CALL_CUT;
			push_on(&stage, pid, now, &deadline);
		} else if (now >= deadline) {
			if (stage == GOING)
				call->end = CALL_TIMED_OUT;
			if (!push_on(&stage, pid, now, &deadline))
				return false;
		}
	}
}

static double seconds_of(const struct timeval *tv)
{
	return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

/* What a call before has left behind may have written in between. */
static void forget_said(struct bench_worker *w)
{
	size_t len = 0;

	while (len < DRAIN_BYTES && read_some(w, &len))
		;
	w->said = 0;
}

void bench_worker_call(struct bench_worker *w, struct bench_call *call)
{
	const struct launch *launch = w->load->program[call->program];
	struct rusage ru;
	size_t len = 0;
	double begin;
	pid_t pid;
	int pidfd;

	if (w->said)
		forget_said(w);
	begin = bench_now();
	call->begin = begin - w->origin;
	call->error = launch_start(launch, w->load->out, w->pipe[1], &pid);
	call->spawn = bench_now() - begin;
	if (call->error) {
		call->end = CALL_NOT_STARTED;
		return;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	w->coarse |= pidfd < 0;
	memset(&ru, 0, sizeof(ru));
	if (wait_for_end(w, call, pid, pidfd, begin))
		while (wait4(pid, &call->status, 0, &ru) < 0 && errno == EINTR)
			;
	if (pidfd >= 0)
		close(pidfd);
	call->user = seconds_of(&ru.ru_utime);
	call->sys = seconds_of(&ru.ru_stime);
	call->max_rss = (uint64_t)ru.ru_maxrss * 1024;
	while (len < DRAIN_BYTES && read_some(w, &len))
		;
	if (!bench_call_is_good(call))
		keep_said(w, call);
}
