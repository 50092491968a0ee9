/*
 * Times commands in turn, so that what disturbs the machine disturbs all of
 * them: time-turns [-C DIR] ROUNDS NAME=COMMAND... Each COMMAND is split at
 * blanks ('...' quotes); its output goes to /dev/null. Prints, a line each:
 * NAME TAB median TAB minimum TAB maximum, in microseconds, TAB the largest
 * memory that one of its processes ever held, in KiB. One round before the
 * first is not counted.
 */
#include "lib/base/compat.h"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strvec.h"

extern char **environ;

struct timed {
	const char *name;
	struct strvec argv;
	double *took;
	long max_rss;
};

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double microseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static double run_once(struct timed *t, posix_spawn_file_actions_t *actions)
{
	double before = microseconds();
	struct rusage usage;
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, t->argv.v[0], actions, NULL,
			 (char **)t->argv.v, environ))
		die("cannot run '%s'", t->argv.v[0]);
	if (wait4(pid, &status, 0, &usage) != pid || status)
		die("'%s' failed", t->name);
	if (usage.ru_maxrss > t->max_rss)
		t->max_rss = usage.ru_maxrss;
	return microseconds() - before;
}

int main(int argc, const char **argv)
{
	posix_spawn_file_actions_t actions;
	struct strbuf err = STRBUF_INIT;
	struct timed *timed;
	long rounds, round;
	int i, nr;

	if (argc > 2 && !strcmp(argv[1], "-C")) {
		if (chdir(argv[2]))
			die("cannot change to '%s'", argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc < 3 || (rounds = strtol(argv[1], NULL, 10)) < 1)
		die("usage: time-turns [-C DIR] ROUNDS NAME=COMMAND...");
	nr = argc - 2;
	timed = xcalloc((size_t)nr, sizeof(*timed));
	for (i = 0; i < nr; i++) {
		const char *eq = strchr(argv[i + 2], '=');

		if (!eq)
			die("no '=' in '%s'", argv[i + 2]);
		timed[i].name = xmemdupz(argv[i + 2],
					 (size_t)(eq - argv[i + 2]));
		strvec_init(&timed[i].argv);
		if (unquote_shell(&timed[i].argv, eq + 1, &err))
			die("%s", err.buf);
		timed[i].took = xcalloc((size_t)rounds, sizeof(double));
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	for (round = -1; round < rounds; round++)
		for (i = 0; i < nr; i++) {
			double took = run_once(&timed[i], &actions);

			if (round >= 0)
				timed[i].took[round] = took;
		}
	for (i = 0; i < nr; i++) {
		double *took = timed[i].took;

		qsort(took, (size_t)rounds, sizeof(*took), compare_doubles);
		printf("%s\t%.0f\t%.0f\t%.0f\t%ld\n", timed[i].name,
		       took[rounds / 2], took[0], took[rounds - 1],
		       timed[i].max_rss);
	}
	return 0;
}
