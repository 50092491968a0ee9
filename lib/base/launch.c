#include "lib/base/compat.h"
#include "lib/base/launch.h"

#include "lib/base/alloc.h"
#include "lib/base/command-internal.h"
#include "lib/base/sys.h"

struct launch {
	char *program, *input;
	struct strvec args, env;
	posix_spawnattr_t attr;
	int error;		/* of the attributes */
};

struct launch *launch_new(const char *program,
			  const struct child_process *child, const char *input)
{
	static const struct strvec none = STRVEC_INIT;
	struct launch *l = xcalloc(1, sizeof(*l));

	l->args = l->env = none;
	l->program = xstrdup(program);
	l->input = xstrdup(input ? input : "/dev/null");
	strvec_pushv(&l->args, child->args.v);
	command_make_env(&l->env, child);
	posix_spawnattr_init(&l->attr);
	l->error = command_set_attributes(&l->attr, child->new_session);
	return l;
}

void launch_free(struct launch *l)
{
	if (!l)
		return;
	posix_spawnattr_destroy(&l->attr);
	strvec_release(&l->args);
	strvec_release(&l->env);
	free(l->program);
	free(l->input);
	free(l);
}

int launch_start(const struct launch *l, int out, int err, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int ret = l->error;

	if (ret)
		return ret;
	posix_spawn_file_actions_init(&actions);
	ret = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
					       l->input, O_RDONLY, 0);
	if (!ret)
		ret = posix_spawn_file_actions_adddup2(&actions, out,
						       STDOUT_FILENO);
	if (!ret)
		ret = posix_spawn_file_actions_adddup2(&actions, err,
						       STDERR_FILENO);
	if (!ret)
		ret = sys_spawn(pid, l->program, &actions, &l->attr,
				l->args.v, l->env.v);
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}
