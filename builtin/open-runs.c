#include "lib/base/compat.h"
#include "command.h"
#include "builtin/open-runs.h"

#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/exp/conf/project.h"

/* More records that cannot be read are counted. */
#define TOLD 5

/* A child asks the store: a library for that would cost every command. True:
 * it is away. */
static bool learn(const char *remote)
{
	struct child_process child = CHILD_PROCESS_INIT;
	int status;

	child.resutil_cmd = 1;
	child.no_stdin = 1;
	strvec_pushl(&child.args, "update-index", "--remote", remote, NULL);
	status = run_command(&child);
	if (status == EXIT_UNREACHABLE)
		warning(_("shown is what '%s' held when it was last asked"),
			remote);
	else if (status && status != EXIT_PARTLY)
		exit(status);
	return status == EXIT_UNREACHABLE;
}

struct runs *open_runs_or_die(const char *remote, bool as_known)
{
	struct strbuf err = STRBUF_INIT;
	struct runs *runs = NULL;
	bool away = remote && !as_known && learn(remote);
	int ret;

	ret = runs_open(&runs, the_project, remote,
			as_known ? RUNS_NO_REFRESH : 0, &err);
	if (ret)	/* that it is away matters more than what that means */
		die_code(away ? ERR_UNREACHABLE : ret, &err);
	strbuf_release(&err);
	return runs;
}

int warn_of_runs(const struct runs *runs)
{
	const struct strvec *problems = runs_problems(runs);
	size_t i;

	for (i = 0; i < problems->nr && i < TOLD; i++)
		warning("%s", problems->v[i]);
	if (problems->nr > TOLD)
		warning("and so it is with %zu more", problems->nr - TOLD);
	return problems->nr ? EXIT_PARTLY : 0;
}
