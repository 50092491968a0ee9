/*
 * Both directions of a child's pipes at once.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"

#include <poll.h>

#define READ_ROOM 65536

struct talk {
	struct pollfd fds[3];	/* in, out, err; fd -1: closed */
	const char *in;
	size_t in_len;
	struct strbuf *out[3];
	size_t max;
};

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

/* Until the child has closed its ends. */
static int talk(struct talk *t)
{
	int nr;

	while (t->fds[0].fd >= 0 || t->fds[1].fd >= 0 || t->fds[2].fd >= 0) {
		if (poll(t->fds, 3, -1) < 0) {
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

int pipe_command(struct child_process *child, const char *in, size_t in_len,
		 struct strbuf *out, struct strbuf *err_out, size_t max,
		 struct strbuf *err)
{
	struct talk t = { .in = in, .in_len = in_len, .max = max };
	struct strbuf name = STRBUF_INIT;
	struct no_sigpipe sigpipe;
	int ret, status, saved, nr;

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
	no_sigpipe_begin(&sigpipe);
	ret = talk(&t);
	saved = errno;
	no_sigpipe_end(&sigpipe);
	for (nr = 0; nr < 3; nr++)
		close_slot(&t.fds[nr]);
	child->in = child->out = child->err = 0;
	if (ret)
		kill(child->pid, SIGKILL);
	status = finish_command(child);
	errno = saved;
	if (!ret)
		ret = status;
	else if (saved == EFBIG)
		ret = fail(err, ERR_CONTENT,
			   "'%s' wrote more than %zu bytes", name.buf, max);
	else
		ret = fail_errno(err, "cannot read from '%s'", name.buf);

cleanup:
	strbuf_release(&name);
	return ret;
}
