/*
 * sys-calls <SCRIPT: makes calls of the door (lib/base/sys.h), one a line, and
 * stops at the first that fails. Words are split by blanks; TEXT goes on to the
 * end of the line. Built with fault points, for t0061.
 *
 *	write PATH TEXT		O_CREAT | O_TRUNC, then two writes
 *	append PATH TEXT
 *	pwrite PATH OFFSET TEXT
 *	truncate PATH LENGTH
 *	copy FROM TO		sys_copy() of all of it
 *	sync PATH		of a file or directory
 *	syncfs PATH
 *	rename FROM TO, noreplace FROM TO, exchange FROM TO
 *	link FROM TO, symlink TARGET PATH, unlink PATH
 *	mkdir PATH, rmdir PATH, remove-tree PATH
 *	chmod MODE PATH, times PATH SECONDS
 *	in DIR PATH TEXT	write below an open directory, which is renamed
 *				to DIR.moved and back meanwhile
 *	unnamed DIR PATH TEXT	O_TMPFILE, write, sync, and then a name for it
 *	threads N DIR		N threads write, sync and rename DIR/0 ..
 *	run COMMAND		by sh: what somebody else does
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"

#include <pthread.h>
#include <sys/wait.h>

/* The next word of *at. */
static char *word(char **at)
{
	char *text = strsep(at, " ");

	if (!text)
		die("a word is missing");
	return text;
}

static int open_to(const char *path, int flags)
{
	return sys_open(path, flags | O_CREAT, 0666);
}

static int write_and_close(int fd, const char *text)
{
	size_t half = strlen(text) / 2;
	int ret;

	if (fd < 0)
		return -1;
	ret = sys_write_all(fd, text, half);
	if (!ret)
		ret = sys_write_all(fd, text + half, strlen(text) - half);
	close(fd);
	return ret;
}

static int do_write(char *args)
{
	const char *path = word(&args);

	return write_and_close(open_to(path, O_WRONLY | O_TRUNC), args);
}

static int do_append(char *args)
{
	const char *path = word(&args);

	return write_and_close(open_to(path, O_WRONLY | O_APPEND), args);
}

static int do_pwrite(char *args)
{
	int fd = open_to(word(&args), O_WRONLY);
	off_t offset = (off_t)strtoll(word(&args), NULL, 10);
	int ret = sys_pwrite_all(fd, args, strlen(args), offset);

	close(fd);
	return ret;
}

static int do_truncate(char *args)
{
	int fd = open_to(word(&args), O_WRONLY);
	int ret = sys_ftruncate(fd, (off_t)strtoll(args, NULL, 10));

	close(fd);
	return ret;
}

static int do_copy(char *args)
{
	int in = open(word(&args), O_RDONLY | O_CLOEXEC);
	int out = open_to(args, O_WRONLY);
	int ret = sys_copy(in, out, -1) < 0 ? -1 : 0;

	close(in);
	close(out);
	return ret;
}

static int with_fd(const char *path, int (*fn)(int fd))
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret = fd < 0 ? -1 : fn(fd);

	close(fd);
	return ret;
}

static int do_sync(char *args)
{
	return with_fd(args, sys_fsync);
}

static int do_syncfs(char *args)
{
	return with_fd(args, sys_syncfs);
}

static int do_rename(char *args)
{
	const char *from = word(&args);

	return sys_rename(from, args);
}

static int do_noreplace(char *args)
{
	const char *from = word(&args);

	return sys_rename_noreplace(from, args);
}

static int do_exchange(char *args)
{
	const char *from = word(&args);

	return sys_renameat(AT_FDCWD, from, AT_FDCWD, args, RENAME_EXCHANGE);
}

static int do_link(char *args)
{
	const char *from = word(&args);

	return sys_linkat(AT_FDCWD, from, AT_FDCWD, args);
}

static int do_symlink(char *args)
{
	const char *target = word(&args);

	return sys_symlinkat(target, AT_FDCWD, args);
}

static int do_unlink(char *args)
{
	return sys_unlink(args);
}

static int do_mkdir(char *args)
{
	return sys_mkdir(args, 0777);
}

static int do_rmdir(char *args)
{
	return sys_rmdir(args);
}

static int do_remove_tree(char *args)
{
	return sys_remove_tree(args);
}

static int do_chmod(char *args)
{
	mode_t mode = (mode_t)strtoul(word(&args), NULL, 8);
	int fd = open(args, O_PATH | O_CLOEXEC);
	int ret = sys_fchmod(fd, mode);

	close(fd);
	return ret;
}

static int do_times(char *args)
{
	const char *path = word(&args);
	struct timespec times[2] = { { .tv_sec = strtoll(args, NULL, 10) } };

	times[1] = times[0];
	return sys_utimensat(AT_FDCWD, path, times, 0);
}

static int do_in(char *args)
{
	struct strbuf moved = STRBUF_INIT;
	const char *dir = word(&args), *path = word(&args);
	int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret;

	strbuf_addf(&moved, "%s.moved", dir);
	ret = sys_rename(dir, moved.buf);
	if (!ret)
		ret = write_and_close(sys_openat(at, path, O_WRONLY | O_CREAT,
						 0666), args);
	if (!ret)
		ret = sys_rename(moved.buf, dir);
	close(at);
	strbuf_release(&moved);
	return ret;
}

static int do_unnamed(char *args)
{
	const char *dir = word(&args), *path = word(&args);
	int fd = sys_open(dir, O_TMPFILE | O_RDWR, 0666);
	char self[64];
	int ret = sys_write_all(fd, args, strlen(args));

	if (!ret)
		ret = sys_fsync(fd);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (!ret)
		ret = linkat(AT_FDCWD, self, AT_FDCWD, path,
			     AT_SYMLINK_FOLLOW);
	close(fd);
	return ret;
}

struct job {
	pthread_t id;
	const char *dir;
	int nr;
};

static void *work(void *data)
{
	struct strbuf from = STRBUF_INIT, to = STRBUF_INIT;
	struct job *job = data;
	int fd;

	strbuf_addf(&from, "%s/.%d", job->dir, job->nr);
	strbuf_addf(&to, "%s/%d", job->dir, job->nr);
	fd = open_to(from.buf, O_WRONLY);
	if (sys_write_all(fd, to.buf, to.len) || sys_fsync(fd) ||
	    sys_rename(from.buf, to.buf) || sys_fsync_dir(job->dir))
		die("thread %d: %s", job->nr, strerror(errno));
	close(fd);
	strbuf_release(&from);
	strbuf_release(&to);
	return NULL;
}

static int do_threads(char *args)
{
	struct job jobs[32];
	int nr = (int)strtol(word(&args), NULL, 10), i;

	for (i = 0; i < nr && i < (int)ARRAY_SIZE(jobs); i++) {
		jobs[i].dir = args;
		jobs[i].nr = i;
		if (pthread_create(&jobs[i].id, NULL, work, &jobs[i]))
			die("cannot start a thread");
	}
	while (i)
		pthread_join(jobs[--i].id, NULL);
	return 0;
}

static int do_run(char *args)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", args, NULL };
	int status = -1;
	pid_t pid;

	if (!posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ))
		waitpid(pid, &status, 0);
	return status;
}

static const struct {
	const char *name;
	int (*fn)(char *args);
} calls[] = {
	{ "write", do_write }, { "append", do_append },
	{ "pwrite", do_pwrite }, { "truncate", do_truncate },
	{ "copy", do_copy }, { "sync", do_sync }, { "syncfs", do_syncfs },
	{ "rename", do_rename }, { "noreplace", do_noreplace },
	{ "exchange", do_exchange }, { "link", do_link },
	{ "symlink", do_symlink }, { "unlink", do_unlink },
	{ "mkdir", do_mkdir }, { "rmdir", do_rmdir },
	{ "remove-tree", do_remove_tree }, { "chmod", do_chmod },
	{ "times", do_times }, { "in", do_in }, { "unnamed", do_unnamed },
	{ "threads", do_threads }, { "run", do_run },
};

static int call(const char *name, char *args)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(name, calls[i].name))
			return calls[i].fn(args);
	die("no call '%s'", name);
}

int main(void)
{
	char *line = NULL;
	size_t alloc = 0;
	ssize_t len;

	while ((len = getline(&line, &alloc, stdin)) > 0) {
		char *args = line;
		const char *name;

		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		name = word(&args);
		if (call(name, args))
			die("%s %s: %s", name, args ? args : "",
			    strerror(errno));
	}
	free(line);
	return 0;
}
