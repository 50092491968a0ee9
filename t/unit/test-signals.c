#include "lib/base/compat.h"
#include "lib/base/signals.h"
#include "t/unit/unit.h"

#include <sys/wait.h>

static void handler(int signo)
{
	signal_die_of(signo);
}

/* mode: 0 plain, 1 from a handler, 2 ignored and blocked before */
static int die(int signo, int mode)
{
	int status = -1;
	sigset_t set;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (mode == 1) {
			signal(signo, handler);
			raise(signo);
		}
		if (mode == 2) {
			signal(signo, SIG_IGN);
			sigfillset(&set);
			sigprocmask(SIG_BLOCK, &set, NULL);
		}
		signal_die_of(signo);
	}
	waitpid(pid, &status, 0);
	return status;
}

int main(void)
{
	int status;

	check_str(signal_name(SIGINT), "SIGINT", "SIGINT");
	check_str(signal_name(SIGKILL), "SIGKILL", "SIGKILL");
	check_str(signal_name(SIGXCPU), "SIGXCPU", "SIGXCPU");
	check_str(signal_name(34), "SIG34", "a number without a name");
	check_str(signal_name(64), "SIG64", "the largest number");
	check_str(signal_name(64), "SIG64", "and again");
	check_str(signal_name(-1), "SIG?", "no number at all");
	status = die(SIGTERM, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM,
	      "the parent sees the signal");
	status = die(SIGINT, 1);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT,
	      "also from a handler");
	status = die(SIGHUP, 2);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP,
	      "also when it was ignored and blocked");
	status = die(SIGCHLD, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGCHLD,
	      "a signal that does not kill gives 128+n");
	return unit_done();
}
