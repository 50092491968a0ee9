#include "lib/base/compat.h"
#include "lib/base/process-tree.h"
#include "t/unit/unit.h"

#include <sys/wait.h>

#define MARK "RESUTIL_ID=test-process-tree"
#define BURN_SECONDS 0.3

static double cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void burn(void)
{
	double end = cpu_now() + BURN_SECONDS;

	while (cpu_now() < end)
		;
}

/* Says one byte, and waits until the other end is closed. */
static void say_and_wait(int out, int in)
{
	char c = 'x';

	if (write(out, &c, 1) == 1)
		while (read(in, &c, 1) > 0)
			;
	_exit(0);
}

/* A program with a daemon of its own (whose parent has ended), a child that
 * burns and is waited for, and one that lives. */
static void program(int out, int in)
{
	pid_t pid = fork();

	if (!pid) {
		setsid();
		if (!fork())
			say_and_wait(out, in);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	pid = fork();
	if (!pid) {
		burn();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	if (!fork())
		say_and_wait(out, in);
	say_and_wait(out, in);
}

static void expect(int fd, int bytes)
{
	char c;

	while (bytes-- && read(fd, &c, 1) == 1)
		;
}

static void test_marked(void)
{
	int to[2], from[2];
	struct process_tree *t;
	const struct timespec moment = { 0, 10 * 1000 * 1000 };
	struct process_sums s, later;
	siginfo_t info;
	pid_t pid;
	int tries;

	check(!pipe2(to, O_CLOEXEC) && !pipe2(from, O_CLOEXEC), "pipes");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		char fds[2][16];

		close(to[1]);
		close(from[0]);
		fcntl(to[0], F_SETFD, 0);
		fcntl(from[1], F_SETFD, 0);
		snprintf(fds[0], sizeof(fds[0]), "%d", from[1]);
		snprintf(fds[1], sizeof(fds[1]), "%d", to[0]);
		/* Only a program that is begun has an environment. */
		putenv((char *)MARK);
		execl("/proc/self/exe", "test-process-tree", fds[0], fds[1],
		      (char *)NULL);
		_exit(1);
	}
	close(to[0]);
	close(from[1]);
	expect(from[0], 3);
	t = process_tree_new(pid, MARK);
	check(t != NULL, "there is /proc");
	if (!t)
		return;
	process_tree_look(t, &s);
	check(s.processes == 3 && s.threads >= 3,
	      "the program, its child, and its daemon by the mark");
	check(s.memory > 0, "which have memory");
	check(s.cpu >= BURN_SECONDS * 0.8,
	      "what a child that has ended used counts");

	close(to[1]);	/* all end */
	expect(from[0], 1);
	check(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT),
	      "the program ended");
	/* Who ends closes its files first, and only then is no process. */
	for (tries = 0; tries < 1000; tries++) {
		process_tree_look(t, &later);
		if (!later.processes)
			break;
		nanosleep(&moment, NULL);
	}
	check(later.processes == 0 && later.threads == 0 && !later.memory,
	      "nothing lives, though nobody waited for the program");
	check(later.cpu >= s.cpu, "and what was used is not forgotten");
	waitpid(pid, NULL, 0);
	process_tree_look(t, &s);
	check(s.cpu >= later.cpu, "nor when it is gone");
	close(from[0]);
	process_tree_free(t);
	process_tree_free(NULL);
}

static void test_others(void)
{
	struct process_tree *t;
	struct process_sums s;
	pid_t other, pid;
	int hold[2];
	char c;

	check(!pipe2(hold, O_CLOEXEC), "a pipe");
	fflush(stdout);
	other = fork();
	if (!other) {
		close(hold[1]);
		_exit(read(hold[0], &c, 1) > 0);
	}
	pid = fork();
	if (!pid) {
		close(hold[1]);
		_exit(read(hold[0], &c, 1) > 0);
	}
	t = process_tree_new(pid, "RESUTIL_ID=nobody has this");
	check(t != NULL, "there is /proc");
	if (!t)
		return;
	process_tree_look(t, &s);
	check(s.processes == 1, "neither we nor another child of ours");
	process_tree_look(t, &s);
	check(s.processes == 1, "also when looked at again");
	close(hold[1]);
	waitpid(pid, NULL, 0);
	waitpid(other, NULL, 0);
	process_tree_look(t, &s);
	check(s.processes == 0, "none when it is gone");
	close(hold[0]);
	process_tree_free(t);
}

int main(int argc, char **argv)
{
	if (argc == 3)
		program((int)strtol(argv[1], NULL, 10),
			(int)strtol(argv[2], NULL, 10));
	test_marked();
	test_others();
	return unit_done();
}
