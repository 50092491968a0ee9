#include "lib/base/compat.h"
#include "lib/base/supervise.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>

#include "lib/base/alloc.h"
#include "lib/base/coverage.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"

#define RELAY_BYTES (64 * 1024)

/* One stream of the program on its way to ours. */
struct relay {
	struct supervise_log *log;
	bool *mid_line;		/* of the terminal */
	int from;		/* pipe or pty master; -1: closed */
	int to;			/* our stdout or stderr */
	bool reopened;		/* `to` is ours to close, and never blocks */
	char *buf;		/* RELAY_BYTES, of which at..len are to go */
	size_t at, len;
	bool is_pty;
	bool moded;		/* the program changed the terminal's mode */
	struct termios ours;	/* of our terminal, before */
	struct termios last;	/* of the pty, as last seen */
};

/* What asks a program to end, and what it asked before supervise_begin(). */
static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static struct sigaction ending_before[ARRAY_SIZE(ending)];
static volatile sig_atomic_t ending_told[ARRAY_SIZE(ending)];

static sigset_t held, held_before;
static struct sigaction pipe_before, child_before;

void supervise_begin(void)
{
	struct sigaction action;
	size_t i;

	sigemptyset(&held);
	sigaddset(&held, SIGCHLD);
	sigaddset(&held, SIGWINCH);
	for (i = 0; i < ARRAY_SIZE(ending); i++) {
		sigaction(ending[i], NULL, &ending_before[i]);
		/* Ignored (nohup, `&` in a script): by us as by the program.
		 * Held back it would come out of the signalfd. */
		if (ending_before[i].sa_handler != SIG_IGN)
			sigaddset(&held, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &held, &held_before);

	/* Our reader may go away (| head): that must end in EPIPE, not us. */
	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, &pipe_before);

	/* Who started us may have it ignored, and then nobody is waited for. */
	action.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &action, &child_before);
}

static void end_when_told_twice(int signo)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ending); i++)
		if (ending[i] == signo && ending_told[i]++) {
			sigaction(signo, &ending_before[i], NULL);
			coverage_dump_dying(signo);
			raise(signo);	/* comes when this handler returns */
		}
}

/* Recording the end may wait, for a lock or a slow disk. */
void supervise_be_patient(void)
{
	struct sigaction action;
	size_t i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = end_when_told_twice;
	action.sa_flags = SA_RESTART;
	sigemptyset(&action.sa_mask);
	for (i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigismember(&held, ending[i])) {
			ending_told[i] = 0;
			sigaction(ending[i], &action, NULL);
		}
	sigprocmask(SIG_SETMASK, &held_before, NULL);
}

void supervise_end(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigismember(&held, ending[i]))
			sigaction(ending[i], &ending_before[i], NULL);
	sigaction(SIGPIPE, &pipe_before, NULL);
	sigaction(SIGCHLD, &child_before, NULL);
	sigprocmask(SIG_SETMASK, &held_before, NULL);
}

static void copy_window_size(int from, int to)
{
	struct winsize size;

	if (!ioctl(from, TIOCGWINSZ, &size))
		ioctl(to, TIOCSWINSZ, &size);
}

/*
 * The pty gets our terminal's mode but for output processing, which our own
 * terminal does: so the bytes in the log are those that the program wrote.
 */
static int open_pty(struct relay *r, int *program_end, struct strbuf *err)
{
	int master, slave;

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0)
		return fail_errno(err, "cannot open a pseudo-terminal");
	if (grantpt(master) || unlockpt(master)) {
		fail_errno(err, "cannot set up a pseudo-terminal");
		close(master);
		return ERR_FAILED;
	}
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0) {
		fail_errno(err, "cannot open a pseudo-terminal");
		close(master);
		return ERR_FAILED;
	}
	if (!tcgetattr(r->to, &r->ours)) {
		r->last = r->ours;
		r->last.c_oflag &= ~(tcflag_t)OPOST;
		tcsetattr(slave, TCSANOW, &r->last);
		tcgetattr(slave, &r->last);
	}
	copy_window_size(r->to, slave);
	r->is_pty = true;
	r->from = master;
	*program_end = slave;
	return 0;
}

/*
 * A reader that is slow, or a terminal that Ctrl-S has stopped, must not keep
 * signals from the program. Our stream itself is shared with others, who may
 * not expect O_NONBLOCK, so it is opened again. Where that cannot be (sockets,
 * another user's terminal) writing waits, and a file never waits.
 */
static void open_again(struct relay *r)
{
	char path[64];
	struct stat st;
	int fd;

	if (fstat(r->to, &st) || !(S_ISFIFO(st.st_mode) || isatty(r->to)))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->to);
	fd = sys_open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return;
	r->to = fd;
	r->reopened = true;
}

static int open_relay(struct relay *r, struct supervise_log *log, int to,
		      int *program_end, struct strbuf *err)
{
	int fd[2];

	memset(r, 0, sizeof(*r));
	r->log = log;
	r->to = to;
	r->from = -1;
	r->buf = xmalloc(RELAY_BYTES);
	open_again(r);
	if (isatty(to))
		return open_pty(r, program_end, err);
	if (pipe2(fd, O_CLOEXEC))
		return fail_errno(err, "cannot make a pipe");
	r->from = fd[0];
	*program_end = fd[1];
	return 0;
}

static void close_relay(struct relay *r)
{
	if (r->from >= 0)
		close(r->from);
	r->from = -1;
	r->at = r->len = 0;
}

static void release_relay(struct relay *r)
{
	close_relay(r);
	if (r->reopened)
		close(r->to);
	free(r->buf);
}

/*
 * Programs that take over the terminal set its mode through whichever stream
 * they hold, here the pty: what they set there has to reach the terminal
 * itself. Only from the foreground, since else the kernel would stop us.
 */
static void follow_mode(struct relay *r)
{
	struct termios now, mode;

	if (!r->is_pty || tcgetattr(r->from, &now))
		return;
	if (now.c_iflag == r->last.c_iflag && now.c_lflag == r->last.c_lflag &&
	    !memcmp(now.c_cc, r->last.c_cc, sizeof(now.c_cc)))
		return;
	r->last = now;
	if (tcgetpgrp(r->to) != getpgrp())
		return;
	mode = r->ours;
	mode.c_iflag = now.c_iflag;
	mode.c_lflag = now.c_lflag;
	memcpy(mode.c_cc, now.c_cc, sizeof(mode.c_cc));
	if (!tcsetattr(r->to, TCSADRAIN, &mode))
		r->moded = true;
}

static void restore_mode(struct relay *r)
{
	if (r->moded && tcgetpgrp(r->to) == getpgrp())
		tcsetattr(r->to, TCSADRAIN, &r->ours);
}

/* The log comes first: what the terminal showed is then in it, too. */
static void keep(struct supervise_log *log, const char *data, size_t len)
{
	log->len += len;
	if (log->fd < 0)
		return;
	if (!log->lost && !sys_write_all(log->fd, data, len))
		return;
	if (!log->lost) {
		struct stat st;
		uint64_t kept = 0;

		log->lost_errno = errno;
		if (!fstat(log->fd, &st))
			kept = (uint64_t)st.st_size;
		log->lost = log->len > kept ? log->len - kept : 0;
		return;
	}
	/* Once bytes are missing the log stays a prefix of the output. */
	log->lost += len;
}

static bool has_more_to_go(const struct relay *r)
{
	return r->at < r->len;
}

/* As much as goes without waiting; what stays is tried again. */
static void pass_on(struct relay *r)
{
	ssize_t done;

	while (has_more_to_go(r)) {
		done = sys_write(r->to, r->buf + r->at, r->len - r->at);
		if (done < 0 && errno == EAGAIN)
			return;
		if (done <= 0) {
			/* The program shall notice, as it would without us. */
			r->log->stream_errno = done ? errno : EIO;
			close_relay(r);
			return;
		}
		r->at += (size_t)done;
	}
}

/* Returns false when there is nothing more to read now. */
static bool relay_once(struct relay *r)
{
	ssize_t got = read(r->from, r->buf, RELAY_BYTES);

	if (got < 0 && (errno == EINTR))
		return true;
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got <= 0) {	/* EIO: the last holder of the pty closed it */
		close_relay(r);
		return false;
	}
	keep(r->log, r->buf, (size_t)got);
	if (r->is_pty)
		*r->mid_line = r->buf[got - 1] != '\n';
	follow_mode(r);
	r->at = 0;
	r->len = (size_t)got;
	pass_on(r);
	return r->from >= 0;
}

/* Nothing is read before all that was read has gone: so the program waits for
 * the reader as it would without us. Closed: fd -1, which poll() skips. */
static struct pollfd next_event(const struct relay *r)
{
	struct pollfd fd = { .fd = r->from, .events = POLLIN };

	if (has_more_to_go(r)) {
		fd.fd = r->to;
		fd.events = POLLOUT;
	}
	return fd;
}

static void note_end(struct supervise *s, int status, const struct rusage *ru)
{
	if (WIFSIGNALED(status)) {
		s->exit_code = -1;
		s->signo = WTERMSIG(status);
	} else {
		s->exit_code = WEXITSTATUS(status);
		s->signo = 0;
	}
	s->user = (double)ru->ru_utime.tv_sec + ru->ru_utime.tv_usec / 1e6;
	s->sys = (double)ru->ru_stime.tv_sec + ru->ru_stime.tv_usec / 1e6;
	s->max_rss = (uint64_t)ru->ru_maxrss * 1024;
}

/*
 * What the terminal sends went to the whole group, the program too; but that
 * it went away is told to the leader of its session alone.
 */
static bool program_was_told(const struct signalfd_siginfo *si)
{
	return si->ssi_code == SI_KERNEL &&
	       (si->ssi_signo != SIGHUP || getsid(0) != getpid());
}

/* Returns true when the program has ended. */
static bool take_signal(struct supervise *s, const struct signalfd_siginfo *si,
			struct relay relays[2])
{
	int signo = (int)si->ssi_signo, status, i;
	struct rusage ru;

	switch (signo) {
	case SIGCHLD:
		if (s->ended && command_has_ended(&s->child))
			s->ended(s->data);
		if (wait4(s->child.pid, &status, WNOHANG, &ru) !=
		    s->child.pid)
			return false;
		note_end(s, status, &ru);
		return true;
	case SIGWINCH:
		for (i = 0; i < 2; i++)
			if (relays[i].is_pty && relays[i].from >= 0)
				copy_window_size(relays[i].to, relays[i].from);
		/* It was told at the same time as we, so tell it again. */
		kill(s->child.pid, SIGWINCH);
		return false;
	default:
		if (!s->interrupted_by)
			s->interrupted_by = signo;
		if (!program_was_told(si))
			kill(s->child.pid, signo);
		return false;
	}
}

/* A signal to the whole group may end the program before we hear of it. */
static void take_last_signals(struct supervise *s, int signal_fd)
{
	struct pollfd fd = { .fd = signal_fd, .events = POLLIN };
	struct signalfd_siginfo si;

	while (poll(&fd, 1, 0) == 1 &&
	       read(signal_fd, &si, sizeof(si)) == sizeof(si))
		if (!s->interrupted_by && si.ssi_signo != SIGCHLD &&
		    si.ssi_signo != SIGWINCH)
			s->interrupted_by = (int)si.ssi_signo;
}

static void relay_loop(struct supervise *s, struct relay relays[2],
		       int signal_fd)
{
	bool ended = false;

	while (!ended) {
		struct pollfd fds[3];
		struct signalfd_siginfo si;
		int i;

		fds[0].fd = signal_fd;
		fds[0].events = POLLIN;
		for (i = 0; i < 2; i++)
			fds[i + 1] = next_event(&relays[i]);
		if (poll(fds, 3, -1) < 0)
			continue;	/* EINTR; nothing else can be */
		for (i = 0; i < 2; i++)
			if (fds[i + 1].revents && has_more_to_go(&relays[i]))
				pass_on(&relays[i]);
			else if (fds[i + 1].revents)
				relay_once(&relays[i]);
		if (fds[0].revents &&
		    read(signal_fd, &si, sizeof(si)) == sizeof(si))
			ended = take_signal(s, &si, relays);
	}
	take_last_signals(s, signal_fd);
}

/* What the program had written when it ended, and no more. */
static void drain(struct relay *r)
{
	struct pollfd fd;
	int flags;

	if (r->from < 0)
		return;
	flags = fcntl(r->from, F_GETFL);
	fcntl(r->from, F_SETFL, flags | O_NONBLOCK);
	do {
		while (has_more_to_go(r)) {
			fd = next_event(r);
			poll(&fd, 1, -1);
			pass_on(r);
		}
	} while (r->from >= 0 && relay_once(r));
}

int supervise_run(struct supervise *s, struct strbuf *err)
{
	struct relay relays[2] = { { .from = -1 }, { .from = -1 } };
	int ends[2] = { -1, -1 }, signal_fd = -1, ret, i;

	signal_fd = signalfd(-1, &held, SFD_CLOEXEC);
	if (signal_fd < 0)
		return fail_errno(err, "cannot wait for signals");
	s->mid_line = false;
	ret = open_relay(&relays[0], &s->out, STDOUT_FILENO, &ends[0], err);
	if (!ret)
		ret = open_relay(&relays[1], &s->err, STDERR_FILENO, &ends[1],
				 err);
	if (ret)
		goto cleanup;
	relays[0].mid_line = relays[1].mid_line = &s->mid_line;

	s->child.out = ends[0];
	s->child.err = ends[1];
	ends[0] = ends[1] = -1;	/* start_command closes them */
	ret = start_command(&s->child, err);
	if (ret)
		goto cleanup;
	if (s->started)
		s->started(s->child.pid, s->data);

	relay_loop(s, relays, signal_fd);
	supervise_be_patient();
	for (i = 0; i < 2; i++) {
		drain(&relays[i]);
		restore_mode(&relays[i]);
	}

cleanup:
	for (i = 0; i < 2; i++) {
		release_relay(&relays[i]);
		if (ends[i] >= 0)
			close(ends[i]);
	}
	close(signal_fd);
	return ret;
}

void supervise_release(struct supervise *s)
{
	child_process_release(&s->child);
}
