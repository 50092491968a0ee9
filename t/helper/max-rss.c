/*
 * max-rss FILE COMMAND...: runs a command and writes into FILE the most memory,
 * in KiB, that it (or a child it waited for) ever held. Ends as the command
 * did.
 */
#include "lib/base/compat.h"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lib/base/error.h"

extern char **environ;

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	FILE *out;
	pid_t pid;

	if (argc < 3)
		die_status(EXIT_USAGE, "usage: max-rss FILE COMMAND...");
	if (posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ))
		die("cannot run '%s'", argv[2]);
	if (wait4(pid, &status, 0, &usage) != pid)
		die("cannot wait for '%s'", argv[2]);
	out = fopen(argv[1], "w");
	if (!out || fprintf(out, "%ld\n", usage.ru_maxrss) < 0 || fclose(out))
		die("cannot write '%s'", argv[1]);
	if (WIFSIGNALED(status))
		die_status(128 + WTERMSIG(status), "'%s' got signal %d",
			   argv[2], WTERMSIG(status));
	return WEXITSTATUS(status);
}
