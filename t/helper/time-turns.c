/*
 * Times commands in turn, so that what disturbs the machine disturbs all of
 * them: time-turns [OPTION...] ROUNDS NAME=COMMAND...
 * Each COMMAND is split at blanks ('...' quotes); its output goes to /dev/null.
 * A word `||` parts commands that run at once; the last to end counts.
 * Prints, a line each: NAME TAB median TAB minimum TAB maximum, in
 * microseconds, TAB the largest memory that one of its processes ever held, in
 * KiB, TAB the rounds that count, TAB the bytes of what -o names. One round
 * before the first does not count.
 *
 *	-C DIR		run all there
 *	-o FILE		what each command makes; removed before each
 *	-b COMMAND	runs before each of the others, and is not timed
 *	-s SECONDS	one that takes longer than that is not run again; then
 *			its first round counts
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
	long nr;	/* of took */
	long max_rss;
	off_t size;	/* of `made` */
};

static const char *made;	/* -o, or NULL */

static posix_spawn_file_actions_t actions;

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

static void timed_init(struct timed *t, const char *name, const char *command,
		       long rounds)
{
	struct strbuf err = STRBUF_INIT;

	memset(t, 0, sizeof(*t));
	t->name = name;
	strvec_init(&t->argv);
	if (unquote_shell(&t->argv, command, &err) || !t->argv.nr)
		die("bad command '%s'", command);
	t->took = xcalloc((size_t)rounds, sizeof(double));
}

/* Starts what stands before the next `||`; returns what stands behind it. */
static char **start(char **argv)
{
	char **end = argv, *word;
	pid_t pid;

	while (*end && strcmp(*end, "||"))
		end++;
	word = *end;
	*end = NULL;
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ))
		die("cannot run '%s'", argv[0]);
	*end = word;
	return word ? end + 1 : end;
}

static double run_once(struct timed *t)
{
	char **argv = (char **)t->argv.v;
	struct rusage usage;
	double before, took;
	struct stat st;
	int status, nr;

	if (made && unlink(made) && errno != ENOENT)
		die("cannot remove '%s'", made);
	before = microseconds();
	for (nr = 0; *argv; nr++)
		argv = start(argv);
	for (; nr; nr--) {
		if (wait4(-1, &status, 0, &usage) < 0 || status)
			die("'%s' failed", t->name);
		if (usage.ru_maxrss > t->max_rss)
			t->max_rss = usage.ru_maxrss;
	}
	took = microseconds() - before;
	if (made && !stat(made, &st))
		t->size = st.st_size;
	return took;
}

static void print_one(struct timed *t)
{
	qsort(t->took, (size_t)t->nr, sizeof(*t->took), compare_doubles);
	printf("%s\t%.0f\t%.0f\t%.0f\t%ld\t%ld\t%jd\n", t->name,
	       t->took[t->nr / 2], t->took[0], t->took[t->nr - 1], t->max_rss,
	       t->nr, (intmax_t)t->size);
}

static void open_null(void)
{
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
}

static void take_turns(struct timed *timed, int nr, struct timed *before,
		       long rounds, double slow)
{
	long round;
	int i;

	for (round = -1; round < rounds; round++)
		for (i = 0; i < nr; i++) {
			struct timed *t = &timed[i];
			double took;

			if (t->nr && t->took[0] > slow)
				continue;
			if (before)
				run_once(before);
			took = run_once(t);
			if (round >= 0 || took > slow)
				t->took[t->nr++] = took;
		}
}

int main(int argc, char **argv)
{
	struct timed before, *timed;
	bool has_before = false;
	double slow = 1e15;
	long rounds;
	int i, nr, c;

	while ((c = getopt(argc, argv, "+C:b:o:s:")) != -1) {
		if (c == 'C' && chdir(optarg))
			die("cannot change to '%s'", optarg);
		else if (c == 'b')
			timed_init(&before, "-b", optarg, 1);
		else if (c == 'o')
			made = optarg;
		else if (c == 's')
			slow = strtod(optarg, NULL) * 1e6;
		else if (c == '?')
			argc = 0;
		has_before |= c == 'b';
	}
	argv += optind;
	nr = argc - optind - 1;
	if (nr < 1 || (rounds = strtol(argv[0], NULL, 10)) < 1)
		die("usage: time-turns [-C DIR] [-o FILE] [-b COMMAND] "
		    "[-s SECONDS] ROUNDS NAME=COMMAND...");
	timed = xcalloc((size_t)nr, sizeof(*timed));
	for (i = 0; i < nr; i++) {
		const char *eq = strchr(argv[i + 1], '=');

		if (!eq)
			die("no '=' in '%s'", argv[i + 1]);
		timed_init(&timed[i],
			   xmemdupz(argv[i + 1], (size_t)(eq - argv[i + 1])),
			   eq + 1, rounds + 1);
	}
	open_null();
	take_turns(timed, nr, has_before ? &before : NULL, rounds, slow);
	for (i = 0; i < nr; i++)
		print_one(&timed[i]);
	return 0;
}
