/*
 * stdout (and stderr, if it is the same terminal) through a pager.
 */
#include "lib/base/compat.h"
#include "lib/base/term.h"
#include "lib/base/alloc.h"
#include "lib/base/coverage.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"

#include <sys/wait.h>

static pid_t pager_pid;
static bool pager_has_stderr;

/* Signals that would end us before the pager has shown what it got. */
static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
static struct sigaction actions_before[ARRAY_SIZE(signals)];

bool pager_shows(int fd)
{
	return pager_pid && (fd == STDOUT_FILENO ||
			     (fd == STDERR_FILENO && pager_has_stderr));
}

/* Closing our end tells the pager that this is all. */
static void close_and_wait(void)
{
	close(STDOUT_FILENO);
	if (pager_has_stderr)
		close(STDERR_FILENO);
	while (waitpid(pager_pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void wait_at_exit(void)
{
	fflush(stdout);
	fflush(stderr);
	close_and_wait();
}

/*
 * The pager takes Ctrl-C for its own; until it ends, the terminal is its. Then
 * the handler that was there before goes on (it removes temporary files).
 */
static void wait_at_signal(int signo)
{
	size_t i;

	close_and_wait();
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i] == signo)
			sigaction(signo, &actions_before[i], NULL);
	coverage_dump_dying(signo);
	raise(signo);
}

static void wait_on_signals(void)
{
	struct sigaction action;
	size_t i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = wait_at_signal;
	sigemptyset(&action.sa_mask);
	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], NULL, &actions_before[i]);
		if (actions_before[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

static const char *choose(const char *configured)
{
	const char *pager = getenv("RESUTIL_PAGER");

	if (!pager)
		pager = configured;
	if (!pager)
		pager = getenv("PAGER");
	if (!pager)
		pager = "less";
	return *pager && strcmp(pager, "cat") ? pager : NULL;
}

/* Words by blanks; what needs a shell gets one. */
static void make_argv(struct strvec *args, const char *pager)
{
	if (strpbrk(pager, "|&;<>()$`\\\"'*?[]#~=%{}!\n")) {
		strvec_pushl(args, "sh", "-c", pager, NULL);
		return;
	}
	while (*pager) {
		size_t len = strcspn(pager, " \t");

		if (len)
			strvec_pushn(args, pager, len);
		pager += len;
		pager += strspn(pager, " \t");
	}
}

void pager_start(const char *configured)
{
	struct child_process child = CHILD_PROCESS_INIT;
	const char *pager;

	if (pager_pid || !isatty(STDOUT_FILENO))
		return;
	pager = choose(configured);
	if (!pager)
		return;
	make_argv(&child.args, pager);
	if (!child.args.nr)
		return;
	/* Short output stays on the screen, colour passes, -S is the user's. */
	if (!getenv("LESS"))
		strvec_push(&child.env, "LESS=FRX");
	if (!getenv("LV"))
		strvec_push(&child.env, "LV=-c");
	child.in = -1;
	if (start_command(&child, NULL))
		return;		/* no pager is no reason to show nothing */
	pager_pid = child.pid;
	fflush(stdout);
	pager_has_stderr = isatty(STDERR_FILENO);
	dup2(child.in, STDOUT_FILENO);
	if (pager_has_stderr)
		dup2(child.in, STDERR_FILENO);
	close(child.in);
	child_process_release(&child);
	wait_on_signals();
	atexit(wait_at_exit);
	alloc_at_end(wait_at_exit);
}
