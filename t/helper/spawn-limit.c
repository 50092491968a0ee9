/*
 * spawn-limit COUNT PROGRAM: the least that calling a program COUNT times can
 * take, which `resutil bench` is measured against: posix_spawn(3) and
 * waitpid(2) in a loop, with a clock read before and after each. Prints the
 * microseconds a call: of the whole loop, and the median of single calls.
 */
#include "lib/base/compat.h"

#include <spawn.h>
#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"

extern char **environ;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	char *words[] = { NULL, NULL };
	double *took, began, all;
	long nr, i;
	int status;
	pid_t pid;

	nr = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
	if (nr < 1)
		die("usage: spawn-limit COUNT PROGRAM");
	words[0] = argv[2];
	took = xcalloc((size_t)nr, sizeof(*took));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	all = now();
	for (i = 0; i < nr; i++) {
		began = now();
		if (posix_spawn(&pid, argv[2], &actions, NULL, words, environ))
			die("cannot run '%s'", argv[2]);
		waitpid(pid, &status, 0);
		took[i] = now() - began;
	}
	all = now() - all;
	posix_spawn_file_actions_destroy(&actions);
	qsort(took, (size_t)nr, sizeof(*took), compare);
	printf("%.1f\t%.1f\n", all / (double)nr, took[nr / 2]);
	free(took);
	return 0;
}
