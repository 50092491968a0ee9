#include "lib/base/compat.h"
#include "lib/base/run-command.h"
#include "lib/base/command-internal.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/trace.h"

#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

/*
 * What describes a repository, or would change what git answers about one.
 * GIT_CEILING_DIRECTORIES stays: it is set on purpose, to keep git from
 * looking upwards. So do GIT_TRACE*, which only add to stderr.
 */
const char *const local_git_env[] = {
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_ATTR_SOURCE", "GIT_COMMON_DIR",
	"GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_DIR",
	"GIT_DIFF_OPTS", "GIT_EXTERNAL_DIFF", "GIT_GLOB_PATHSPECS",
	"GIT_GRAFT_FILE", "GIT_ICASE_PATHSPECS", "GIT_IMPLICIT_WORK_TREE",
	"GIT_INDEX_FILE", "GIT_INDEX_VERSION", "GIT_INTERNAL_SUPER_PREFIX",
	"GIT_LITERAL_PATHSPECS", "GIT_NAMESPACE", "GIT_NOGLOB_PATHSPECS",
	"GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
	"GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE",
	"GIT_WORK_TREE", NULL
};

/*
 * How this program itself was started. A signal ignored then (nohup, `&` in a
 * script) stays ignored in children; one that we ignore does not, nor does
 * what we block. Asked before main() because later nobody can tell.
 */
static sigset_t initially_ignored, initial_mask;
static const int maybe_ignored[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD,
	SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGXFSZ, SIGWINCH
};

static bool is_ignored(int signo)
{
	struct sigaction action;

	return !sigaction(signo, NULL, &action) &&
	       action.sa_handler == SIG_IGN;
}

__attribute__((constructor)) static void note_signals(void)
{
	size_t i;

	sigemptyset(&initially_ignored);
	for (i = 0; i < ARRAY_SIZE(maybe_ignored); i++)
		if (is_ignored(maybe_ignored[i]))
			sigaddset(&initially_ignored, maybe_ignored[i]);
	pthread_sigmask(SIG_SETMASK, NULL, &initial_mask);
}

void child_process_init(struct child_process *child)
{
	struct child_process blank = CHILD_PROCESS_INIT;

	*child = blank;
}

void child_process_release(struct child_process *child)
{
	strvec_clear(&child->args);
	strvec_clear(&child->env);
}

/* One of the three streams while a child is started. */
struct stream {
	int *given;		/* the member of struct child_process */
	int theirs;		/* becomes 0, 1 or 2; -1: inherited */
	int ours;		/* our end of a pipe, or -1 */
};

/* A descriptor below 3 would be overwritten by one of the dup2s. */
static int above_stdio(int fd)
{
	int moved, saved;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	saved = errno;
	close(fd);
	errno = saved;
	return moved;
}

static int open_stream(struct stream *s, int nr, bool null)
{
	int ends[2];

	if (*s->given > 0) {
		s->theirs = above_stdio(*s->given);
		*s->given = 0;
		return s->theirs < 0 ? -1 : 0;
	}
	if (null) {
		s->theirs = above_stdio(open("/dev/null", O_CLOEXEC |
					     (nr ? O_WRONLY : O_RDONLY)));
		return s->theirs < 0 ? -1 : 0;
	}
	if (*s->given != -1)
		return 0;
	if (pipe2(ends, O_CLOEXEC))
		return -1;
	s->theirs = above_stdio(ends[nr ? 1 : 0]);
	s->ours = above_stdio(ends[nr ? 0 : 1]);
	return s->theirs < 0 || s->ours < 0 ? -1 : 0;
}

static bool env_has_name(const char *entry, const char *name)
{
	size_t len = strcspn(name, "=");

	return !strncmp(entry, name, len) && entry[len] == '=';
}

static bool env_is_local_git(const char *entry)
{
	const char *const *name;

	/* GIT_CONFIG_KEY_0 and the like mean nothing without the count, but
	 * a count that a program sets itself would bring them back. */
	if (!strncmp(entry, "GIT_CONFIG_KEY_", 15) ||
	    !strncmp(entry, "GIT_CONFIG_VALUE_", 17))
		return true;
	for (name = local_git_env; *name; name++)
		if (env_has_name(entry, *name))
			return true;
	return false;
}

void command_make_env(struct strvec *env, const struct child_process *child)
{
	char **entry;
	size_t i, j;

	for (entry = environ; entry && *entry; entry++)
		if (!child->clean_git_env || !env_is_local_git(*entry))
			strvec_push(env, *entry);
	for (i = 0; i < child->env.nr; i++) {
		const char *change = child->env.v[i];

		for (j = env->nr; j--;)
			if (env_has_name(env->v[j], change))
				strvec_remove(env, j);
		if (strchr(change, '='))
			strvec_push(env, change);
	}
}

/* 0, or the status (126, 127) of a program that cannot be run. */
static int find_program(struct strbuf *path, const struct child_process *child,
			struct strbuf *why)
{
	struct strbuf found = STRBUF_INIT;
	int status;

	status = path_find_program(&found, child->program ? child->program :
							    child->args.v[0],
				   why);
	/* Found from here, but executed from the child's directory. */
	if (!status && child->dir)
		path_absolute(path, NULL, found.buf);
	else
		strbuf_addbuf(path, &found);
	strbuf_release(&found);
	return status;
}

int command_set_attributes(posix_spawnattr_t *attr, bool new_session)
{
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	sigset_t reset;
	size_t i;

	sigemptyset(&reset);
	for (i = 0; i < ARRAY_SIZE(maybe_ignored); i++)
		if (is_ignored(maybe_ignored[i]) &&
		    !sigismember(&initially_ignored, maybe_ignored[i]))
			sigaddset(&reset, maybe_ignored[i]);
	posix_spawnattr_setsigdefault(attr, &reset);
	posix_spawnattr_setsigmask(attr, &initial_mask);
	if (new_session)
		flags |= POSIX_SPAWN_SETSID;
	return posix_spawnattr_setflags(attr, flags);
}

/* 0, or an errno. */
static int spawn(struct child_process *child, const char *path,
		 const char *const *argv, const struct stream *streams)
{
	struct strvec env = STRVEC_INIT;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int nr, ret;

	command_make_env(&env, child);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	ret = command_set_attributes(&attr, child->new_session);
	for (nr = 0; nr < 3 && !ret; nr++)
		if (streams[nr].theirs >= 0)
			ret = posix_spawn_file_actions_adddup2(
				&actions, streams[nr].theirs, nr);
	if (child->dir && !ret)
		ret = posix_spawn_file_actions_addchdir_np(&actions,
							   child->dir);
	if (!ret)
		ret = sys_spawn(&child->pid, path, &actions, &attr, argv,
				env.v);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	strvec_release(&env);
	return ret;
}

/* Finds and spawns; `*status` is 126 or 127 when it fails. */
static int start_found(struct child_process *child,
		       const struct stream *streams, int *status,
		       struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	struct strvec argv = STRVEC_INIT;
	const char *name;
	int code = ERR_FAILED, error;

	if (child->resutil_cmd) {
		strvec_push(&argv, "resutil");
		strbuf_addstr(&path, resutil_program_of(&why,
							child->args.v[0]));
		strbuf_reset(&why);
	}
	strvec_pushv(&argv, child->args.v);
	name = argv.nr ? argv.v[0] : "";
	*status = EXIT_CANNOT_RUN;
	if (!child->resutil_cmd) {
		*status = find_program(&path, child, &why);
		if (*status) {
			if (*status == EXIT_NO_PROGRAM)
				code = ERR_NOT_FOUND;
			code = fail(err, code, "cannot run '%s': %s", name,
				    why.buf);
			goto cleanup;
		}
		*status = EXIT_CANNOT_RUN;
	}
	if (child->dir && !path_is_dir(child->dir)) {
		code = fail(err, ERR_FAILED,
			    "cannot run '%s': no directory '%s'", name,
			    child->dir);
		goto cleanup;
	}
	trace_argv("run", argv.v);
	error = spawn(child, path.buf, argv.v, streams);
	if (error) {
		code = fail(err, ERR_FAILED, "cannot run '%s': %s", name,
			    strerror(error));
		goto cleanup;
	}
	trace_printf("pid: %ld", (long)child->pid);
	*status = code = 0;

cleanup:
	strvec_release(&argv);
	strbuf_release(&path);
	strbuf_release(&why);
	return code;
}

static int start(struct child_process *child, int *status, struct strbuf *err)
{
	struct stream streams[3] = {
		{ &child->in, -1, -1 },
		{ &child->out, -1, -1 },
		{ &child->err, -1, -1 },
	};
	const bool null[3] = { child->no_stdin, child->no_stdout,
			       child->no_stderr };
	int nr, ret = 0;

	*status = EXIT_CANNOT_RUN;
	for (nr = 0; nr < 3; nr++)
		if (open_stream(&streams[nr], nr, null[nr]) && !ret)
			ret = fail_errno(err, "cannot run '%s'",
					 child->args.nr ? child->args.v[0] :
							  "");
	if (!ret)
		ret = start_found(child, streams, status, err);
	for (nr = 0; nr < 3; nr++) {
		if (streams[nr].theirs >= 0)
			close(streams[nr].theirs);
		if (streams[nr].ours < 0)
			continue;
		if (ret)
			close(streams[nr].ours);
		else
			*streams[nr].given = streams[nr].ours;
	}
	if (ret)
		child_process_release(child);
	return ret;
}

int start_command(struct child_process *child, struct strbuf *err)
{
	int status;

	return start(child, &status, err);
}

/* A zombie, until we wait for it. */
bool command_has_ended(const struct child_process *child)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	return !waitid(P_PID, (id_t)child->pid, &info,
		       WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid == child->pid;
}

int finish_command(struct child_process *child)
{
	int status;
	pid_t pid;

	do {
		pid = waitpid(child->pid, &status, 0);
	} while (pid < 0 && errno == EINTR);
	trace_printf("end of %ld: status 0x%x", (long)child->pid,
		     pid < 0 ? 0xffffu : (unsigned)status);
	child_process_release(child);
	if (pid < 0)
		return EXIT_FAILED;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

int run_command(struct child_process *child)
{
	struct strbuf err = STRBUF_INIT;
	bool silent = child->silent_fail;
	int status;

	if (start(child, &status, &err)) {
		if (!silent || status != EXIT_NO_PROGRAM)
			error("%s", err.buf);
		strbuf_release(&err);
		return status;
	}
	return finish_command(child);
}
