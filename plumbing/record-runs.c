/*
 * record-runs: records what a program does in its own process. Here are the
 * lines in and out; what they mean is in lib/exp/recording/recorder.h.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/process.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/live.h"
#include "lib/exp/recording/recorder.h"
#include "lib/wrap/json.h"
#include "command.h"

#include <poll.h>
#include <sys/syscall.h>

static const char *const usage[] = {
	"record-runs [--pid=PID] [--detach]",
	NULL
};

/* Where the kernel cannot tell when a process ends it is asked so often. */
#define ASK_MSEC 1000

/* More room is given back after a large request. */
#define KEEP_BYTES (1 << 20)

struct lines {
	struct strbuf buf;
	size_t searched;	/* no LF before that */
	bool skipping;		/* in a line that was too long */
	int muted;		/* errno: answers cannot be written any more */
};

struct watched {
	pid_t pid;
	int fd;			/* of the process; -1: it must be asked */
	uint64_t start;
};

static void watch(struct watched *w, pid_t pid)
{
	if (w->pid == pid)
		return;
	if (w->fd >= 0)
		close(w->fd);
	w->pid = pid;
	w->start = process_start_ticks(pid);
	w->fd = -1;
#ifdef SYS_pidfd_open
	w->fd = (int)syscall(SYS_pidfd_open, pid, 0);
#endif
}

static bool is_gone(const struct watched *w)
{
	return w->fd < 0 && w->start &&
	       process_start_ticks(w->pid) != w->start;
}

/* Waits for bytes or the program's end. 1: bytes (or the end of the input);
 * 0: the program is gone, and no bytes are left. */
static int wait_for_bytes(const struct watched *w)
{
	struct pollfd fd[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = w->fd, .events = POLLIN }
	};
	int nr;

	for (;;) {
		nr = poll(fd, w->fd >= 0 ? 2 : 1, w->fd >= 0 ? -1 : ASK_MSEC);
		if (nr < 0 && errno != EINTR)
			return 1;	/* read(2) will tell why */
		if (nr > 0 && fd[0].revents)
			return 1;
		if (nr > 0 || is_gone(w))
			return 0;
	}
}

/* When nobody reads the answers, what was asked is done all the same. */
static void write_answer(struct lines *in, const struct strbuf *answer)
{
	/* JSON escapes what a terminal would obey */
	if (!in->muted)
		in->muted = out_now(answer);
}

static void answer_line(struct recorder *r, struct lines *in, const char *line,
			size_t len)
{
	struct strbuf answer = STRBUF_INIT;

	recorder_answer(r, line, len, &answer);
	write_answer(in, &answer);
	strbuf_release(&answer);
}

/* All whole lines of what was read. */
static void answer_lines(struct recorder *r, struct lines *in)
{
	size_t begin = 0;

	for (;;) {
		const char *from = in->buf.buf + MAXIMUM(in->searched, begin);
		const char *lf = memchr(from, '\n', in->buf.buf + in->buf.len -
					from);
		size_t end;

		if (!lf)
			break;
		end = (size_t)(lf - in->buf.buf);
		if (!in->skipping && end > begin)
			answer_line(r, in, in->buf.buf + begin, end - begin);
		in->skipping = false;
		begin = end + 1;
	}
	strbuf_splice(&in->buf, 0, begin, "", 0);
	if (!in->buf.len && in->buf.alloc > KEEP_BYTES)
		strbuf_release(&in->buf);
	in->searched = in->buf.len;
}

/* The rest of it is not kept. The parser says what is wrong with it. */
static void refuse_long_line(struct recorder *r, struct lines *in)
{
	if (in->buf.len <= JSON_MAX_BYTES)
		return;
	if (!in->skipping)
		answer_line(r, in, in->buf.buf, in->buf.len);
	in->skipping = true;
	strbuf_release(&in->buf);
	in->searched = 0;
}

static int read_requests(struct recorder *r)
{
	struct lines in = { .buf = STRBUF_INIT };
	struct watched w = { .pid = 0, .fd = -1 };
	char chunk[65536];
	ssize_t got;
	int ret = 0;

	for (;;) {
		watch(&w, recorder_program(r));
		if (!wait_for_bytes(&w))
			break;
		got = read(STDIN_FILENO, chunk, sizeof(chunk));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			ret = error("cannot read the standard input: %s",
				    strerror(errno));
		if (got <= 0)
			break;
		strbuf_add(&in.buf, chunk, (size_t)got);
		answer_lines(r, &in);
		refuse_long_line(r, &in);
	}
	/* a reader that is gone has had enough; a full disk has not */
	if (in.muted && in.muted != EPIPE)
		ret = error("cannot write the answers: %s",
			    strerror(in.muted));
	if (w.fd >= 0)
		close(w.fd);
	strbuf_release(&in.buf);
	return ret;
}

/*
 * What a terminal or a scheduler sends goes to the program as well, and it
 * has something to record about that. git, which is asked meanwhile, would
 * die of it: so all this is a session of its own. That fails for the first of
 * a process group, as of a command typed at a terminal.
 */
static void stay_apart(void)
{
	static const struct sigaction ignore = { .sa_handler = SIG_IGN };
	static const int signals[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &ignore, NULL);
	(void)!setsid();
}

/*
 * No child of the program: some wait for all the children that they have, or
 * kill them, and know of none but their own.
 */
static void leave_parent(void)
{
	struct strbuf err = STRBUF_INIT;

	if (process_leave_parent(&err))
		warning("%s; going on as a child", err.buf);
	strbuf_release(&err);
}

int cmd_record_runs(int argc, const char **argv)
{
	int pid = 0, detach = 0, ret;
	const struct option options[] = {
		OPT_INTEGER(0, "pid", &pid, "PID",
			    "the process that asks; else the parent"),
		OPT_BOOL(0, "detach", &detach,
			 "be no child of the process that starts this"),
		OPT_END_OF_TABLE
	};
	struct strvec problems = STRVEC_INIT;
	struct recorder *r;
	size_t i;

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc || pid < 0)
		usage_with_options(usage, options, argc ?
				   "no arguments are taken" :
				   N_("PID must be a process"));
	if (!pid)
		pid = getppid();
	if (detach)
		leave_parent();
	stay_apart();
	r = recorder_new(pid);
	ret = read_requests(r);
	recorder_end(&r, &problems);
	for (i = 0; i < problems.nr; i++)
		error("%s", problems.v[i]);
	if (problems.nr && !ret)
		ret = ERR_PARTLY;
	strvec_release(&problems);
	return ret == ERR_PARTLY ? EXIT_PARTLY : ret ? EXIT_FAILED : 0;
}
