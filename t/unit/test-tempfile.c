#include "lib/base/compat.h"
#include "lib/base/tempfile.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "t/unit/unit.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

static struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;

static const char *content_of(const char *path)
{
	strbuf_reset(&text);
	return read_file(&text, path, 1 << 20, NULL) ? NULL : text.buf;
}

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int nr = 0;

	while (dir && (entry = readdir(dir)))
		nr += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	if (dir)
		closedir(dir);
	return nr;
}

static void test_write(void)
{
	struct stat st;
	unsigned syncs;

	check(!write_file_atomic("f", "one\n", 4, 0640, 0, NULL) &&
	      !strcmp(content_of("f"), "one\n"), "a file is written");
	check(!stat("f", &st) && (st.st_mode & 0777) == 0640, "with its mode");
	syncs = sys_count(SYS_SYNC);
	check(!write_file_atomic("f", "two\n", 4, 0666, TEMPFILE_SYNC, NULL) &&
	      !strcmp(content_of("f"), "two\n") &&
	      sys_count(SYS_SYNC) == syncs + 2,
	      "replaced, with one sync of the file and one of the directory");
	check(write_file_atomic("f", "three\n", 6, 0666, TEMPFILE_NOREPLACE,
				&err) == ERR_CONFLICT &&
	      !strcmp(content_of("f"), "two\n"), "or kept, when asked");
	check_str(err.buf, "'f' exists already", "the reason is told");
	strbuf_reset(&err);
	check(write_file_atomic("no/f", "x", 1, 0666, 0, &err) ==
	      ERR_NOT_FOUND, "a missing directory is an error");
	strbuf_reset(&err);
	check(!mkdir("d", 0777) &&
	      write_file_atomic("d", "x", 1, 0666, 0, &err) < 0,
	      "a directory is not replaced");
	strbuf_reset(&err);
	check(entries(".") == 2, "nothing else is left behind");
}

static void test_names(void)
{
	struct tempfile *a = NULL, *b = NULL, *c = NULL;
	char want[100], name[NAME_MAX + 1];

	check(!tempfile_create(&a, "d/x", 0666, NULL) &&
	      !tempfile_create(&b, "d/x", 0666, NULL), "two of one path");
	snprintf(want, sizeof(want), "d/x.%ld.", (long)getpid());
	check(!strncmp(tempfile_path(a), want, strlen(want)) &&
	      strcmp(tempfile_path(a), tempfile_path(b)) &&
	      !strcmp(tempfile_path(a) + strlen(tempfile_path(a)) - 4, ".tmp"),
	      "lie beside it under names of their own");
	check(fcntl(tempfile_fd(a), F_GETFD) & FD_CLOEXEC,
	      "and are not inherited");
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	check(!tempfile_create(&c, name, 0666, NULL) &&
	      !tempfile_commit(&c, name, 0, NULL) && path_exists(name),
	      "the longest name has room for a temporary one");
	unlink(name);
	tempfile_delete(&a);
	check(!a && entries("d") == 1, "delete removes one");
	tempfile_delete(&a);
	tempfile_forget(&b);
	check(!b && entries("d") == 1, "forget leaves it");
	sys_remove_tree("d");
}

static void test_dir(void)
{
	struct tempfile *t = NULL, *again = NULL;
	struct stat st;
	mode_t mask;

	check(!tempfile_create_dir(&t, "made", NULL) && path_is_dir("made"),
	      "a directory");
	check(tempfile_create_dir(&again, "made", &err) == ERR_CONFLICT,
	      "which exists once");
	strbuf_reset(&err);
	check(!sys_mkdir_all("made/sub/deep", 0777) &&
	      !write_file_atomic("made/sub/f", "", 0, 0666, 0, NULL),
	      "is filled");
	tempfile_delete(&t);
	check(!path_exists("made"), "and removed with all that is in it");
	mask = umask(0);
	check(!tempfile_create_private_dir(&t, "own", NULL) &&
	      !stat("own", &st) && (st.st_mode & 07777) == 0700,
	      "one that is for its owner alone");
	umask(mask);
	tempfile_delete(&t);
}

/* More levels than there are descriptors. */
static void make_deep(const char *path, int levels)
{
	const struct rlimit few = { 100, 100 };
	int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;

	while (levels-- && at >= 0) {
		if (mkdirat(at, "x", 0777) || symlinkat("x", at, "l"))
			_exit(1);
		next = openat(at, "x", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	if (at < 0 || close(at) || setrlimit(RLIMIT_NOFILE, &few))
		_exit(1);
}

/* Puts files there until it sees that the program dies. */
static void *fill(void *data)
{
	char path[64];
	int i;

	for (i = 0; !tempfile_is_dying(); i++) {
		snprintf(path, sizeof(path), "c/dir/%d-%d", *(int *)data, i);
		close(sys_open(path, O_WRONLY | O_CREAT, 0666));
	}
	return NULL;
}

/* What a child has registered; it ends in the way of `how`. */
enum how {
	EXIT_PLAIN, EXIT_DEEP, EXIT_FORKED,
	DIE_OF_TERM, DIE_IN_OTHER_THREAD, DIE_DEEP, DIE_WHILE_FILLED
};

static void *stay(void *data)
{
	(void)data;
	for (;;)
		pause();
	return NULL;
}

static void child(enum how how)
{
	struct tempfile *a, *b;
	int writer[2] = { 1, 2 }, i;
	pthread_t thread;
	sigset_t set;
	char path[64];

	tempfile_on_signals();
	if (tempfile_create(&a, "c/file", 0666, NULL) ||
	    tempfile_create_dir(&b, "c/dir", NULL))
		_exit(1);
	for (i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "c/dir/%d/sub", i);
		if (sys_mkdir_all(path, 0777))
			_exit(1);
		snprintf(path, sizeof(path), "c/dir/%d/file", i);
		close(sys_open(path, O_WRONLY | O_CREAT, 0666));
	}
	if (symlink("../../kept", "c/dir/link"))
		_exit(1);
	switch (how) {
	case EXIT_PLAIN:
		exit(7);
	case EXIT_DEEP:
		make_deep("c/dir", 2000);
		exit(7);
	case DIE_OF_TERM:
		raise(SIGTERM);
		break;
	case DIE_DEEP:
		make_deep("c/dir", 2000);
		raise(SIGTERM);
		break;
	case DIE_WHILE_FILLED:
		sigfillset(&set);
		pthread_sigmask(SIG_BLOCK, &set, NULL);
		if (pthread_create(&thread, NULL, fill, &writer[0]) ||
		    pthread_create(&thread, NULL, fill, &writer[1]))
			_exit(1);
		usleep(20000);	/* only makes it likelier that some are there */
		kill(getpid(), SIGTERM);
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		break;
	case DIE_IN_OTHER_THREAD:
		pthread_create(&thread, NULL, stay, NULL);
		sigfillset(&set);
		pthread_sigmask(SIG_BLOCK, &set, NULL);
		kill(getpid(), SIGTERM);
		pthread_join(thread, NULL);
		break;
	case EXIT_FORKED:
		if (!fork())
			exit(0);
		wait(NULL);
		_exit(entries("c") == 2 ? 7 : 1);
	}
	_exit(1);
}

static int run_child(enum how how)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	sys_remove_tree("c");
	if (mkdir("c", 0777))
		return -1;
	pid = fork();
	if (!pid)
		child(how);
	waitpid(pid, &status, 0);
	return status;
}

static void test_ends(void)
{
	int status;

	check(!mkdir("kept", 0777) &&
	      !write_file_atomic("kept/f", "", 0, 0666, 0, NULL), "setup");
	status = run_child(EXIT_PLAIN);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7, "a process exits");
	check(!entries("c"), "and leaves nothing");
	status = run_child(DIE_OF_TERM);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM,
	      "a process dies of the signal that it got");
	check(!entries("c"), "and leaves nothing");
	status = run_child(DIE_IN_OTHER_THREAD);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM &&
	      !entries("c"), "nor when another thread takes the signal");
	status = run_child(EXIT_DEEP);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7 && !entries("c"),
	      "a tree goes that is deeper than there are descriptors");
	status = run_child(DIE_DEEP);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM &&
	      !entries("c"), "also on a signal");
	status = run_child(DIE_WHILE_FILLED);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM &&
	      !entries("c"), "and one that other threads still write to");
	status = run_child(EXIT_FORKED);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7,
	      "a forked child that exits leaves its parent's files");
	check(entries("kept") == 1, "links were not followed");
}

/*
 * Killed at random moments while it makes, renames and removes: whenever the
 * handler runs, nothing temporary stays.
 */
static void churn(void)
{
	unsigned nr;

	tempfile_on_signals();
	for (nr = 0;; nr++) {
		struct tempfile *t = NULL, *d = NULL;
		char path[64];

		if (tempfile_create(&t, "c/x", 0666, NULL) ||
		    tempfile_create_dir(&d, "c/d", NULL))
			_exit(1);
		snprintf(path, sizeof(path), "c/d/%u", nr);
		if (write_file_atomic(path, "", 0, 0666, 0, NULL))
			_exit(1);
		if (tempfile_commit(&t, "done", 0, NULL))
			_exit(1);
		tempfile_delete(&d);
	}
}

static void test_random_moments(void)
{
	int round, status, bad = 0;

	fflush(stdout);
	for (round = 0; round < 60; round++) {
		pid_t pid;

		sys_remove_tree("c");
		if (mkdir("c", 0777))
			break;
		pid = fork();
		if (!pid)
			churn();
		usleep((unsigned)(1500 + 137 * round));
		kill(pid, SIGINT);
		waitpid(pid, &status, 0);
		bad += entries("c");
		if (WIFEXITED(status) && WEXITSTATUS(status))
			bad++;
	}
	check(round == 60 && !bad,
	      "killed at any moment, nothing temporary stays");
}

static void *many(void *data)
{
	int *bad = data, i;

	for (i = 0; i < 200; i++) {
		struct tempfile *t = NULL;

		if (tempfile_create(&t, "c/thread", 0666, NULL))
			*bad = 1;
		else
			tempfile_delete(&t);
	}
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[4];
	int bad[4] = { 0 }, i;

	sys_remove_tree("c");
	check(!mkdir("c", 0777), "setup");
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, many, &bad[i]);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	check(!bad[0] && !bad[1] && !bad[2] && !bad[3] && !entries("c"),
	      "threads make and remove their own at once");
}

static struct tempfile *exchanged;
static bool began;

/* As whoever replaces a directory does: signals go to another thread. */
static void *exchange_while_dying(void *data UNUSED)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	__atomic_store_n(&began, true, __ATOMIC_RELEASE);
	while (!tempfile_is_dying())
		;
	tempfile_exchange(exchanged, "whole");
	return NULL;
}

static void make_files(const char *dir, int nr)
{
	struct strbuf path = STRBUF_INIT;
	int i;

	for (i = 0; i < nr; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%d", dir, i);
		close(open(path.buf, O_CREAT | O_WRONLY, 0666));
	}
	strbuf_release(&path);
}

/* What is half removed must not get a name that somebody reads. */
static void test_exchange(void)
{
	pthread_t thread;
	int status = 0;
	pid_t pid;

	check(!mkdir("whole", 0777), "setup");
	make_files("whole", 3000);
	pid = fork();
	if (!pid) {
		tempfile_on_signals();
		if (tempfile_create_dir(&exchanged, "new", NULL))
			_exit(1);
		make_files("new", 3000);
		pthread_create(&thread, NULL, exchange_while_dying, NULL);
		while (!__atomic_load_n(&began, __ATOMIC_ACQUIRE))
			;
		raise(SIGTERM);
	}
	check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status),
	      "a process ends while it makes two directories change places");
	check(entries("whole") == 3000 && access("new", F_OK),
	      "the one that stays is whole, the other one is gone");
	check(!tempfile_create_dir(&exchanged, "new", NULL) &&
	      !tempfile_exchange(exchanged, "whole") &&
	      !entries("whole") && entries("new") == 3000,
	      "two directories change places");
	tempfile_delete(&exchanged);
	check(access("new", F_OK) && !entries("whole"),
	      "then the old one is the temporary one");
	sys_remove_tree("whole");
}

int main(void)
{
	struct tempfile *scratch;

	if (tempfile_scratch_dir(&scratch, NULL) ||
	    chdir(tempfile_path(scratch)))
		return 1;
	test_write();
	test_names();
	test_dir();
	test_ends();
	test_random_moments();
	test_threads();
	test_exchange();
	strbuf_release(&text);
	strbuf_release(&err);
	return unit_done();
}
