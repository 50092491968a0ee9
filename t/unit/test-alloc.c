#include "lib/base/compat.h"
#include "t/unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/arena.h"
#include "lib/base/strbuf.h"
#include "lib/base/tempfile.h"

#define DIR_NAME "unit-alloc.dir"

static struct strbuf said = STRBUF_INIT;

/* Runs `fn` in a child; its exit status, and in `said` what it printed. */
static int status_of(void (*fn)(void))
{
	char buf[1024];
	int fds[2], status;
	ssize_t len;
	pid_t pid;

	strbuf_reset(&said);
	fflush(stdout);
	if (pipe(fds))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		fn();
		_exit(0);
	}
	close(fds[1]);
	while ((len = read(fds[0], buf, sizeof(buf))) > 0)
		strbuf_add(&said, buf, (size_t)len);
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void ask_too_much(void)
{
	free(xrealloc_array(NULL, SIZE_MAX, 2));
}

static void first(void)
{
	fputs("first\n", stdout);
}

static void second(void)
{
	fputs("second\n", stdout);
}

static void in_order(void)
{
	alloc_at_end(first);
	alloc_at_end(second);
	alloc_failed(0);
}

static void fail_again(void)
{
	alloc_failed(7);
}

static void again(void)
{
	alloc_at_end(first);
	alloc_at_end(fail_again);
	alloc_failed(3);
}

static void *fail_in_thread(void *data)
{
	(void)data;
	alloc_failed(5);
}

/* One of them ends the program, the main thread waits for something else. */
static void in_threads(void)
{
	pthread_t id;
	int i;

	alloc_at_end(first);
	for (i = 0; i < 8; i++)
		if (pthread_create(&id, NULL, fail_in_thread, NULL))
			return;
	for (;;)
		pause();
}

/* A thread goes on to write where everything is about to be removed. */
static void *keep_writing(void *data)
{
	char path[64];
	int nr;

	(void)data;
	for (nr = 0; !tempfile_is_dying(); nr++) {
		snprintf(path, sizeof(path), DIR_NAME "/%d", nr);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	}
	return NULL;
}

static void with_directory(void)
{
	struct tempfile *t = NULL;
	struct stat st;
	pthread_t id;

	if (tempfile_create_dir(&t, DIR_NAME, NULL) ||
	    pthread_create(&id, NULL, keep_writing, NULL))
		return;
	while (stat(DIR_NAME "/9", &st))
		sched_yield();
	if (!pthread_create(&id, NULL, fail_in_thread, NULL))
		for (;;)
			pause();
}

/* Pieces of all sizes, each filled to its end, and none written over. */
static void test_arena(void)
{
	struct arena arena = ARENA_INIT;
	unsigned char *piece[200];
	size_t i, k, bad = 0;
	int round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(piece); i++) {
			piece[i] = arena_alloc(&arena, i * i);
			bad += (uintptr_t)piece[i] % sizeof(double) != 0;
			memset(piece[i], (int)i, i * i);
		}
		for (i = 0; i < ARRAY_SIZE(piece); i++)
			for (k = 0; k < i * i; k++)
				bad += piece[i][k] != i;
		arena_clear(&arena);
	}
	check(!bad, "pieces of an arena are apart, and aligned");
	check_str(arena_memdupz(&arena, "abc", 2), "ab", "copies end in a NUL");
	arena_release(&arena);
	arena_clear(&arena);
	check(!arena.chunk, "a released arena is an empty one");
}

int main(void)
{
	struct stat st;

	test_arena();
	check(status_of(ask_too_much) == 128, "too much is out of memory");
	check(!strncmp(said.buf, "resutil: out of memory (", 24) &&
	      strchr(said.buf, '\n') == said.buf + said.len - 1,
	      "one line says so");
	check(status_of(in_order) == 128, "a library has no memory");
	check_str(said.buf, "resutil: out of memory\nsecond\nfirst\n",
		  "what is to be done is done, the last one first, and shown");
	check(status_of(again) == 128, "no memory while it ends");
	check(strstr(said.buf, "(3 bytes asked)") &&
	      !strstr(said.buf, "(7 bytes asked)"), "is not told again");
	check(status_of(in_threads) == 128, "no memory in many threads");
	check_str(said.buf, "resutil: out of memory (5 bytes asked)\nfirst\n",
		  "is told by one, and ended by one");
	check(status_of(with_directory) == 128,
	      "no memory while another thread writes");
	check(stat(DIR_NAME, &st) && errno == ENOENT,
	      "no temporary directory stays");
	strbuf_release(&said);
	return unit_done();
}
