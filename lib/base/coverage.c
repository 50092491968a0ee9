#include "lib/base/compat.h"
#include "lib/base/coverage.h"

#ifdef RESUTIL_COVERAGE
#define PATIENCE_SECONDS 10

static volatile sig_atomic_t dying_of;

static void die_uncounted(int alarm_signo UNUSED)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, dying_of);
	kill(getpid(), dying_of);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void coverage_dump_dying(int signo)
{
	struct sigaction action;
	sigset_t set;

	memset(&action, 0, sizeof(action));
	action.sa_handler = die_uncounted;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	dying_of = signo;
	alarm(PATIENCE_SECONDS);
	coverage_dump();
	alarm(0);
}
#endif
