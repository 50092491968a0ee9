#include "lib/base/compat.h"
#include "lib/exp/recording/meta-slow.h"

#include <poll.h>
#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/sys.h"
#include "lib/exp/recording/meta-commands.h"
#include "lib/exp/recording/python-freeze.h"

#define FREEZE_TIMEOUT 30000	/* milliseconds */
#define GIVE_UP_MSEC 100	/* for it to notice that its time is over */

/* Of a thread, which may outlive who waits for it: then it is never freed. */
struct freeze {
	const struct project *p;
	struct python py;
	int64_t end;
	struct value *packages;
	struct strbuf err;
	int done_fd;		/* gets a byte when the rest is set */
};

static int64_t msec_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *freeze_thread(void *data)
{
	struct freeze *f = data;

	python_freeze(f->p, &f->py, f->end, &f->packages, &f->err);
	sys_write_all(f->done_fd, "", 1);
	return NULL;
}

static void freeze_free(struct freeze *f)
{
	python_release(&f->py);
	value_free(f->packages);
	strbuf_release(&f->err);
	if (f->done_fd >= 0)
		close(f->done_fd);
	free(f);
}

static struct freeze *freeze_new(const struct project *p,
				 const struct python *py)
{
	struct python blank = PYTHON_INIT;
	struct freeze *f = xcalloc(1, sizeof(*f));
	struct strbuf flags = STRBUF_INIT;

	f->p = p;
	f->py = blank;
	f->end = msec_now() + FREEZE_TIMEOUT;
	f->done_fd = -1;
	strbuf_init(&f->err);
	python_flags(py, &flags);
	python_look_at(&f->py, py->path.buf, flags.buf);
	strbuf_release(&flags);
	return f;
}

/* Whether the byte came, before the end or stop_fd. */
static bool wait_for(int fd, int stop_fd, int64_t end)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
				 { .fd = stop_fd, .events = POLLIN } };

	for (;;) {
		int64_t left = end - msec_now();

		if (poll(fds, 2, left > 0 ? (int)left : 0) < 0 &&
		    errno == EINTR)
			continue;
		if (fds[0].revents)
			return true;
		if (fds[1].revents || left <= 0)
			return false;
	}
}

static void take_answer(struct freeze *f, bool packages, struct value *meta)
{
	struct value *python = value_new_map();

	if (f->py.version.len) {
		value_map_set(python, "version",
			      value_new_text(f->py.version.buf,
					     f->py.version.len));
		value_map_set(meta, "python", python);
	} else {
		value_free(python);
	}
	if (packages && f->packages)
		value_map_set(meta, "packages", value_copy(f->packages));
	else if (packages)
		value_map_set(meta, "packages", meta_error(f->err.buf));
}

void meta_ask_slow(const struct meta_plan *plan, const struct project *p,
		   const struct python *py, int stop_fd, struct value *meta)
{
	struct freeze *f = NULL;
	pthread_t thread;
	sigset_t all, before;
	int ends[2];
	bool started = false;

	if (py && !pipe2(ends, O_CLOEXEC)) {
		f = freeze_new(p, py);
		f->done_fd = ends[1];
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		started = !pthread_create(&thread, NULL, freeze_thread, f);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	meta_commands_run(plan, p ? p->root : NULL, stop_fd, meta);
	if (!py)
		return;
	if (started && wait_for(ends[0], stop_fd, f->end + GIVE_UP_MSEC)) {
		pthread_join(thread, NULL);
		take_answer(f, plan->packages, meta);
		freeze_free(f);
		close(ends[0]);
		return;
	}
	if (plan->packages)
		value_map_set(meta, "packages",
			      meta_error("could not be listed before the run "
					 "ended"));
	if (started) {
		pthread_detach(thread);
	} else if (f) {
		freeze_free(f);
		close(ends[0]);
	}
}
