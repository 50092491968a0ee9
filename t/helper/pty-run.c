/*
 * Runs a program on a terminal of its own, and plays the person before it.
 *
 *	pty-run [OPTION | STEP]... [--] CMD [ARG]...
 *
 * CMD is the leader of a new session with a new pseudo-terminal as its
 * controlling one, which is its stdin, stdout and stderr unless said
 * otherwise. All that the terminal shows goes to pty-run's stdout. The exit
 * status is CMD's (128+n for signal n); 124 when a step waited too long (CMD
 * is killed then); 125 when pty-run itself fails; 127 when CMD cannot be run.
 *
 *	--screen=FILE	what the terminal shows goes to FILE instead
 *	--size=RxC	rows and columns, 24x80 if not given
 *	--in=FILE	CMD's stdin, stdout, stderr is FILE; `inherit`
 *	--out=FILE	stands for that of pty-run itself
 *	--err=FILE
 *	--raw		the terminal does not echo and leaves bytes alone
 *	--timeout=SEC	how long a step may wait (default 20)
 *
 * Steps are done in the order in which they are given, after what they wait
 * for; when all are done, pty-run waits for CMD to end (as long as it takes).
 *
 *	--expect=TEXT	wait until the terminal shows TEXT (behind what was
 *			expected before)
 *	--send=TEXT	type it; \r \n \t \e \\ \xNN are understood
 *			(Enter is \r, Ctrl-C is \x03, Ctrl-D \x04, Tab \t)
 *	--file=PATH	wait until PATH exists
 *	--resize=RxC	give the terminal another size (SIGWINCH)
 *	--signal=N	send signal number N to CMD itself
 *	--hangup	take the terminal away (SIGHUP); steps behind it that
 *			need it are not possible
 *
 * For example, with an answer and a completion:
 *
 *	pty-run --expect="Comment" --send="a\t" --expect="again" --send="\r" \
 *		resutil run true >screen
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

enum step_type { STEP_EXPECT, STEP_SEND, STEP_FILE, STEP_RESIZE, STEP_SIGNAL,
		 STEP_HANGUP };

struct step {
	enum step_type type;
	const char *arg;
};

static struct step *steps;
static size_t steps_nr, steps_alloc, step_at;
static struct winsize size = { .ws_row = 24, .ws_col = 80 };
static const char *given[3];	/* --in, --out, --err */
static const char *screen_path;
static bool raw;
static double timeout_sec = 20;

static struct strbuf screen = STRBUF_INIT;
static size_t seen;		/* of the screen, by --expect */
static struct strbuf typing = STRBUF_INIT;	/* not yet taken by the pty */
static int master = -1, screen_fd = 1;
static pid_t child;

static void NORETURN trouble(const char *what)
{
	fprintf(stderr, "pty-run: %s: %s\n", what, strerror(errno));
	if (child > 0)
		kill(child, SIGKILL);
	exit(125);
}

static void NORETURN wrong_usage(const char *arg)
{
	fprintf(stderr, "pty-run: what is '%s'?\n", arg);
	exit(125);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void parse_size(struct winsize *out, const char *text)
{
	char *end;

	out->ws_row = strtoul(text, &end, 10);
	if (*end != 'x')
		wrong_usage(text);
	out->ws_col = strtoul(end + 1, &end, 10);
	if (*end)
		wrong_usage(text);
}

static bool option_is(const char *word, const char *name, const char **arg)
{
	size_t len = strlen(name);

	if (strncmp(word, name, len))
		return false;
	*arg = word + len;
	return name[len - 1] == '=' || !word[len];
}

static bool take_step(const char *word)
{
	static const struct {
		const char *name;
		enum step_type type;
	} known[] = {
		{ "--expect=", STEP_EXPECT }, { "--send=", STEP_SEND },
		{ "--file=", STEP_FILE }, { "--resize=", STEP_RESIZE },
		{ "--signal=", STEP_SIGNAL }, { "--hangup", STEP_HANGUP },
	};
	const char *arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (!option_is(word, known[i].name, &arg))
			continue;
		ARRAY_GROW(steps, steps_nr + 1, steps_alloc);
		steps[steps_nr].type = known[i].type;
		steps[steps_nr++].arg = arg;
		return true;
	}
	return false;
}

static char **take_options(char **argv)
{
	const char *arg;

	for (argv++; *argv && !strncmp(*argv, "--", 2); argv++) {
		if (!strcmp(*argv, "--"))
			return argv + 1;
		if (take_step(*argv))
			continue;
		if (option_is(*argv, "--screen=", &arg))
			screen_path = arg;
		else if (option_is(*argv, "--size=", &arg))
			parse_size(&size, arg);
		else if (option_is(*argv, "--in=", &arg))
			given[0] = arg;
		else if (option_is(*argv, "--out=", &arg))
			given[1] = arg;
		else if (option_is(*argv, "--err=", &arg))
			given[2] = arg;
		else if (option_is(*argv, "--timeout=", &arg))
			timeout_sec = strtod(arg, NULL);
		else if (option_is(*argv, "--raw", &arg))
			raw = true;
		else
			wrong_usage(*argv);
	}
	return argv;
}

/* The child's descriptor `fd`: the terminal, a file, or ours. */
static void give(int fd, int slave)
{
	static const int flags[] = {
		O_RDONLY, O_WRONLY | O_CREAT | O_TRUNC,
		O_WRONLY | O_CREAT | O_TRUNC
	};
	int from = slave;

	if (given[fd] && !strcmp(given[fd], "inherit"))
		return;
	if (given[fd])
		from = open(given[fd], flags[fd], 0666);
	if (from < 0 || dup2(from, fd) < 0)
		trouble(given[fd] ? given[fd] : "dup2");
}

static void NORETURN become(char **argv, const char *slave_name)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE,
				       SIGTERM };
	struct termios mode;
	int fd, slave;
	size_t i;

	/* a shell cannot undo what it was given to ignore in the background */
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_DFL);
	setsid();
	slave = open(slave_name, O_RDWR);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		trouble(slave_name);
	if (raw && !tcgetattr(slave, &mode)) {
		cfmakeraw(&mode);
		tcsetattr(slave, TCSANOW, &mode);
	}
	for (fd = 0; fd <= 2; fd++)
		give(fd, slave);
	if (slave > 2)
		close(slave);
	execvp(argv[0], argv);
	fprintf(stderr, "pty-run: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void start(char **argv)
{
	const char *slave_name;

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		trouble("posix_openpt");
	slave_name = ptsname(master);
	if (!slave_name || ioctl(master, TIOCSWINSZ, &size) < 0)
		trouble("ptsname");
	child = fork();
	if (child < 0)
		trouble("fork");
	if (!child)
		become(argv, slave_name);
	if (fcntl(master, F_SETFL, O_NONBLOCK) < 0)
		trouble("fcntl");
}

static void type(const char *text)
{
	for (; *text; text++) {
		char hex[3] = { 0 };

		if (*text != '\\' || !text[1]) {
			strbuf_addch(&typing, *text);
			continue;
		}
		switch (*++text) {
		case 'r': strbuf_addch(&typing, '\r'); break;
		case 'n': strbuf_addch(&typing, '\n'); break;
		case 't': strbuf_addch(&typing, '\t'); break;
		case 'e': strbuf_addch(&typing, '\033'); break;
		case 'x':
			if (!isxdigit((unsigned char)text[1]) ||
			    !isxdigit((unsigned char)text[2]))
				wrong_usage(text - 1);
			hex[0] = *++text;
			hex[1] = *++text;
			strbuf_addch(&typing, strtol(hex, NULL, 16));
			break;
		default: strbuf_addch(&typing, *text);
		}
	}
}

/* Returns false when the step must wait still. */
static bool do_step(const struct step *step)
{
	struct winsize other = { 0 };
	const char *found;

	switch (step->type) {
	case STEP_EXPECT:
		found = memmem(screen.buf + seen, screen.len - seen, step->arg,
			       strlen(step->arg));
		if (!found)
			return false;
		seen = found - screen.buf + strlen(step->arg);
		break;
	case STEP_FILE:
		return !access(step->arg, F_OK);
	case STEP_SEND:
		type(step->arg);
		break;
	case STEP_RESIZE:
		parse_size(&other, step->arg);
		if (ioctl(master, TIOCSWINSZ, &other) < 0)
			trouble("TIOCSWINSZ");
		break;
	case STEP_SIGNAL:
		kill(child, (int)strtol(step->arg, NULL, 10));
		break;
	case STEP_HANGUP:
		close(master);
		master = -1;
		break;
	}
	return true;
}

static void show(const char *data, size_t len)
{
	strbuf_add(&screen, data, len);
	while (len) {
		ssize_t done = write(screen_fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			trouble("write");
		data += done;
		len -= done;
	}
}

/* Waits for the terminal at most `ms`; false when there was nothing. */
static bool exchange(int ms)
{
	struct pollfd pfd = { .fd = master, .events = POLLIN };
	char buf[4096];
	ssize_t len;

	if (master >= 0 && typing.len)
		pfd.events |= POLLOUT;
	if (poll(&pfd, 1, ms) <= 0)
		return false;
	if (pfd.revents & POLLOUT) {
		len = write(master, typing.buf, typing.len);
		if (len > 0)
			strbuf_splice(&typing, 0, len, "", 0);
	}
	if (!(pfd.revents & (POLLIN | POLLHUP)))
		return true;
	len = read(master, buf, sizeof(buf));
	if (len > 0)
		show(buf, len);
	else if (len == 0 || (errno != EAGAIN && errno != EINTR))
		return false;	/* EIO: no one has the other end */
	return true;
}

static void NORETURN too_long(const struct step *step)
{
	fprintf(stderr, "pty-run: waited too long at step %zu: '%s'\n",
		step_at + 1, step->arg);
	kill(child, SIGKILL);
	exit(124);
}

static int play(void)
{
	double deadline = now() + timeout_sec;
	int status;

	for (;;) {
		bool moved = exchange(20);

		while (step_at < steps_nr && do_step(&steps[step_at])) {
			step_at++;
			deadline = now() + timeout_sec;
		}
		if (waitpid(child, &status, WNOHANG) == child)
			break;
		if (step_at < steps_nr && now() > deadline)
			too_long(&steps[step_at]);
		if (!moved && master >= 0) {
			/* POLLHUP comes at once: do not spin */
			struct timespec nap = { 0, 5000000 };

			nanosleep(&nap, NULL);
		}
	}
	while (master >= 0 && exchange(0))
		;
	while (step_at < steps_nr && steps[step_at].type == STEP_EXPECT &&
	       do_step(&steps[step_at]))
		step_at++;
	if (step_at < steps_nr) {
		fprintf(stderr, "pty-run: the program ended before step %zu: "
			"'%s'\n", step_at + 1, steps[step_at].arg);
		return 124;
	}
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	int status;

	argv = take_options(argv);
	if (!argc || !*argv)
		wrong_usage("no CMD");
	if (screen_path) {
		screen_fd = open(screen_path, O_WRONLY | O_CREAT | O_TRUNC |
				 O_CLOEXEC, 0666);
		if (screen_fd < 0)
			trouble(screen_path);
	}
	start(argv);
	status = play();
	free(steps);
	strbuf_release(&screen);
	strbuf_release(&typing);
	return status;
}
