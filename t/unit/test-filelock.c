#include "lib/base/compat.h"
#include "lib/base/filelock.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "t/unit/unit.h"

#include <sys/wait.h>

static int open_again(void)
{
	return sys_open("lock", O_RDWR | O_CREAT, 0666);
}

static void test_one_process(void)
{
	int a = open_again(), b = open_again();
	int reader = open("lock", O_RDONLY | O_CLOEXEC);

	check(filelock_is_held(a, 0) == 0, "nobody holds a new file");
	check(!filelock_take(a, 0, false), "a byte is taken");
	check(filelock_take(b, 0, false) < 0 && errno == EWOULDBLOCK,
	      "another descriptor of this process is refused");
	check(filelock_is_held(b, 0) == 1 && filelock_is_held(reader, 0) == 1,
	      "and sees it held, also when read only");
	check(filelock_is_held(a, 0) == 0, "the holder sees nobody else");
	check(!filelock_take(b, 1, false), "bytes are independent");
	close(reader);
	check(filelock_is_held(b, 0) == 1,
	      "closing another descriptor of the file releases nothing");
	check(!filelock_release(a, 0) && !filelock_take(b, 0, false),
	      "released, it can be taken");
	close(b);
	check(filelock_is_held(a, 0) == 0 && filelock_is_held(a, 1) == 0,
	      "closing the descriptor releases");
	close(a);
	check(filelock_is_held(-1, 0) < 0 && errno == EBADF, "bad descriptor");
}

/* A holder that is killed holds nothing; one that waits gets it then. */
static void test_death(void)
{
	int ready[2], fd, status;
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		fd = open_again();
		if (filelock_take(fd, 0, true) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	fd = open_again();
	check(read(ready[0], &byte, 1) == 1 && filelock_is_held(fd, 0) == 1,
	      "another process holds it");
	kill(pid, SIGKILL);
	check(!filelock_take(fd, 0, true), "who waits gets it at its death");
	waitpid(pid, &status, 0);
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

/* Ten processes add one to a number, a hundred times each. */
static void test_serialises(void)
{
	int i, n, fd, value;

	fflush(stdout);
	fd = sys_open("counter", O_RDWR | O_CREAT, 0666);
	value = 0;
	check(pwrite(fd, &value, sizeof(value), 0) == sizeof(value), "setup");
	for (i = 0; i < 10; i++) {
		if (fork())
			continue;
		close(fd);
		fd = open_again();
		n = open("counter", O_RDWR | O_CLOEXEC);
		for (i = 0; i < 100; i++) {
			if (filelock_take(fd, 1, true) ||
			    pread(n, &value, sizeof(value), 0) < 0)
				_exit(1);
			value++;
			if (pwrite(n, &value, sizeof(value), 0) < 0 ||
			    filelock_release(fd, 1))
				_exit(1);
		}
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	check(pread(fd, &value, sizeof(value), 0) == sizeof(value) &&
	      value == 1000, "holders do their work one after the other");
	close(fd);
}

int main(void)
{
	struct tempfile *scratch;

	if (tempfile_scratch_dir(&scratch, NULL) ||
	    chdir(tempfile_path(scratch)))
		return 1;
	test_one_process();
	test_death();
	test_serialises();
	return unit_done();
}
