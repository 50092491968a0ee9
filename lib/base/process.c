#include "lib/base/compat.h"
#include "lib/base/process.h"
#include "lib/base/coverage.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/signals.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/trace.h"

#include <dirent.h>
#include <sys/prctl.h>

/* False after the one line that says that standard output failed. */
static bool stdout_is_well(void)
{
	static bool told;
	bool failed = ferror(stdout);
	int reason;

	errno = 0;
	if (fflush(stdout))
		failed = true;
	if (!failed || told)
		return !failed;
	told = true;
	reason = out_problem() ? out_problem() : errno;
	if (reason == EPIPE)
		signal_die_of(SIGPIPE);
	if (reason)
		error("cannot write to standard output: %s", strerror(reason));
	else
		error("cannot write to standard output");
	return false;
}

void process_end_stdout(void)
{
	if (!stdout_is_well())
		exit(EXIT_FAILED);
}

/*
 * Registered before all other exit handlers and so called after them: here
 * the status can still be changed, and nothing of theirs is left undone.
 */
static void check_stdout(void)
{
	if (!stdout_is_well()) {
		coverage_dump();
		_exit(EXIT_FAILED);
	}
}

void process_begin(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* the lowest free number is fd, for those below are open;
		 * no O_CLOEXEC: children want the three as well */
		if (open("/dev/null", fd == 2 ? O_RDWR : O_RDONLY) != fd)
			_exit(EXIT_FAILED);
	}
	signal(SIGPIPE, SIG_DFL);
	atexit(check_stdout);
}

void process_hide(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int process_leave_parent(struct strbuf *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return fail_errno(err, "cannot make a process");
	if (pid) {
		coverage_dump();
		_exit(0);
	}
	return 0;
}

int process_become(const char *path, const char *const *argv,
		   struct strbuf *err)
{
	trace_argv("exec", argv);
	fflush(stdout);
	if (!sys_spawn_point(path))
		execv(path, (char *const *)argv);
	fail(err, ERR_FAILED, "cannot run '%s': %s", path, strerror(errno));
	return errno == ENOENT ? EXIT_NO_PROGRAM : EXIT_CANNOT_RUN;
}

static void list_dir(struct strvec *out, const char *dir, const char *prefix)
{
	size_t prefix_len = strlen(prefix);
	struct strbuf path = STRBUF_INIT;
	struct dirent *entry;
	struct stat st;
	DIR *stream = opendir(dir);

	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		if (strncmp(entry->d_name, prefix, prefix_len) ||
		    !entry->d_name[prefix_len])
			continue;
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", dir, entry->d_name);
		if (!stat(path.buf, &st) && S_ISREG(st.st_mode) &&
		    !access(path.buf, X_OK))
			strvec_push(out, entry->d_name + prefix_len);
	}
	closedir(stream);
	strbuf_release(&path);
}

void process_list_programs(struct strvec *out, const char *prefix)
{
	const char *path = getenv("PATH");
	struct strbuf dir = STRBUF_INIT;

	while (path && *path) {
		size_t len = strcspn(path, ":");

		strbuf_reset(&dir);
		strbuf_add(&dir, path, len);
		list_dir(out, len ? dir.buf : ".", prefix);
		path += len + (path[len] == ':');
	}
	strbuf_release(&dir);
	strvec_sort(out, true);
}
