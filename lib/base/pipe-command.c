/*
 * Both directions of a child's pipes at once.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"

#include <poll.h>
#include <sys/wait.h>

#define READ_ROOM 65536
/* A killed child that hangs in the kernel (a dead NFS server) never ends. */
#define DEATH_MSEC 500
#define DEATH_STEP_MSEC 10

struct talk {
	struct pollfd fds[3];	/* in, out, err; fd -1: closed */
	const char *in;
	size_t in_len;
	struct strbuf *out[3];
	size_t max;
	int64_t end;		/* of the patience, msec_now(); 0: none */
};

static int64_t msec_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * A child that does not read what it is fed is no error here; its status is
 * what counts. The SIGPIPE is for this thread alone, so it is held back and
 * taken in it, and threads that talk to other children are not disturbed.
 */
struct no_sigpipe {
	sigset_t set, before;
	bool was_pending;
};

static void no_sigpipe_begin(struct no_sigpipe *s)
{
	sigset_t pending;

	sigemptyset(&pending);
	sigpending(&pending);
	s->was_pending = sigismember(&pending, SIGPIPE) == 1;
	sigemptyset(&s->set);
	sigaddset(&s->set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &s->set, &s->before);
}

static void no_sigpipe_end(struct no_sigpipe *s)
{
	const struct timespec now = { 0, 0 };

	if (!s->was_pending)
		while (sigtimedwait(&s->set, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}

static void close_slot(struct pollfd *slot)
{
	if (slot->fd >= 0)
		close(slot->fd);
	slot->fd = -1;
}

static void feed(struct talk *t)
{
	ssize_t n = write(t->fds[0].fd, t->in, t->in_len);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			close_slot(&t->fds[0]);
		return;
	}
	t->in += n;
	t->in_len -= (size_t)n;
	if (!t->in_len)
		close_slot(&t->fds[0]);
}

static int collect(struct talk *t, int nr)
{
	struct strbuf *out = t->out[nr];
	ssize_t n;

	strbuf_grow(out, READ_ROOM);
	n = read(t->fds[nr].fd, out->buf + out->len, READ_ROOM);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (!n) {
		close_slot(&t->fds[nr]);
		return 0;
	}
	strbuf_setlen(out, out->len + (size_t)n);
	if (out->len > t->max) {
		errno = EFBIG;
		return -1;
	}
	return 0;
}

/* Until the child has closed its ends; -1 with ETIMEDOUT: it has not. */
static int talk(struct talk *t)
{
	int64_t left = -1;
	int nr;

	while (t->fds[0].fd >= 0 || t->fds[1].fd >= 0 || t->fds[2].fd >= 0) {
		if (t->end) {
			left = t->end - msec_now();
			if (left <= 0) {
				errno = ETIMEDOUT;
				return -1;
			}
		}
		if (poll(t->fds, 3, (int)MINIMUM(left, INT_MAX)) < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		/* A closed slot has revents 0. */
		if (t->fds[0].revents)
			feed(t);
		for (nr = 1; nr < 3; nr++)
			if (t->fds[nr].revents && collect(t, nr))
				return -1;
	}
	return 0;
}

static void set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* For a child that was killed because it is not waited for any longer. */
static void bury(struct child_process *child)
{
	int msec = 0, status;

	while (!waitpid(child->pid, &status, WNOHANG) && msec < DEATH_MSEC) {
		poll(NULL, 0, DEATH_STEP_MSEC);
		msec += DEATH_STEP_MSEC;
	}
	child_process_release(child);
}

static int tell_of_failure(const char *name, const struct talk *t, int saved,
			   unsigned limit, struct strbuf *err)
{
	if (saved == EFBIG)
		return fail(err, ERR_CONTENT, "'%s' wrote more than %zu bytes",
			    name, t->max);
	if (saved == ETIMEDOUT)
		return fail(err, ERR_TRANSIENT,
			    "'%s' did not end within %u.%03u s", name,
			    limit / 1000, limit % 1000);
	errno = saved;
	return fail_errno(err, "cannot read from '%s'", name);
}

int pipe_command(struct child_process *child, const char *in, size_t in_len,
		 struct strbuf *out, struct strbuf *err_out, size_t max,
		 struct strbuf *err)
{
	struct talk t = { .in = in, .in_len = in_len, .max = max };
	struct strbuf name = STRBUF_INIT;
	struct no_sigpipe sigpipe;
	const unsigned limit = child->limit;
	int ret, status = 0, saved, nr;

	if (in)
		child->in = -1;
	else if (!child->in)
		child->no_stdin = 1;
	child->out = -1;
	if (err_out)
		child->err = -1;
	strbuf_addstr(&name, child->args.nr ? child->args.v[0] : "");
	ret = start_command(child, err);
	if (ret)
		goto cleanup;
	t.fds[0] = (struct pollfd){ in ? child->in : -1, POLLOUT, 0 };
	t.fds[1] = (struct pollfd){ child->out, POLLIN, 0 };
	t.fds[2] = (struct pollfd){ err_out ? child->err : -1, POLLIN, 0 };
	t.out[1] = out;
	t.out[2] = err_out;
	if (in && !in_len)
		close_slot(&t.fds[0]);
	if (t.fds[0].fd >= 0)
		set_nonblocking(t.fds[0].fd);
	t.end = limit ? msec_now() + limit : 0;
	no_sigpipe_begin(&sigpipe);
	ret = talk(&t);
	saved = errno;
	no_sigpipe_end(&sigpipe);
	for (nr = 0; nr < 3; nr++)
		close_slot(&t.fds[nr]);
	child->in = child->out = child->err = 0;
	if (ret)
		kill(child->pid, SIGKILL);
	if (ret && saved == ETIMEDOUT)
		bury(child);
	else
		status = finish_command(child);
	ret = ret ? tell_of_failure(name.buf, &t, saved, limit, err) : status;

cleanup:
	strbuf_release(&name);
	return ret;
}
