#include "lib/base/compat.h"
#include "lib/base/run-command.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "t/unit/unit.h"

#include <dirent.h>
#include <pthread.h>

static struct strbuf out = STRBUF_INIT, err_out = STRBUF_INIT;
static struct strbuf err = STRBUF_INIT;

static void reset(void)
{
	strbuf_reset(&out);
	strbuf_reset(&err_out);
	strbuf_reset(&err);
}

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int nr = 0;

	while (dir && readdir(dir))
		nr++;
	if (dir)
		closedir(dir);
	return nr;
}

/* The status of `sh -c script`, its output in out. */
static int shell(const char *script)
{
	struct child_process child = CHILD_PROCESS_INIT;

	reset();
	strvec_pushl(&child.args, "sh", "-c", script, NULL);
	return pipe_command(&child, NULL, 0, &out, &err_out, 1 << 20, &err);
}

static void script(const char *path, const char *text, mode_t mode)
{
	int fd = sys_open(path, O_WRONLY | O_CREAT, 0600);

	check(fd >= 0 && !sys_write_all(fd, text, strlen(text)) &&
	      !sys_fchmod(fd, mode) && !close(fd), "setup");
}

static void test_status(void)
{
	check(shell("exit 0") == 0, "status 0");
	check(shell("exit 42") == 42, "another status");
	check(shell("kill -TERM $$") == 128 + SIGTERM, "death by a signal");
	check(shell("echo out; echo err >&2; printf x") == 0 &&
	      !strcmp(out.buf, "out\nx") && !strcmp(err_out.buf, "err\n"),
	      "stdout and stderr are collected");
	check(shell("cat") == 0 && !out.len, "without input stdin is empty");
}

static void test_not_found(void)
{
	struct child_process child = CHILD_PROCESS_INIT;
	int fds = open_fds();

	reset();
	strvec_push(&child.args, "no-such-program-here");
	child.in = child.out = child.err = -1;
	check(start_command(&child, &err) == ERR_NOT_FOUND, "no such program");
	check(!strncmp(err.buf, "cannot run 'no-such-program-here': ", 35),
	      "is named");
	check(open_fds() == fds, "nothing is left open after failure");

	reset();
	strvec_push(&child.args, "./not-executable");
	script("not-executable", "#!/bin/sh\n", 0644);
	child.out = sys_open("given", O_WRONLY | O_CREAT, 0666);
	check(start_command(&child, &err) == ERR_FAILED, "may not be run");
	check(open_fds() == fds, "what was given is closed");

	reset();
	child_process_init(&child);
	strvec_push(&child.args, "true");
	child.dir = "missing";
	check(start_command(&child, &err) < 0 && open_fds() == fds,
	      "a missing directory is a failure");
	check_str(err.buf, "cannot run 'true': no directory 'missing'",
		  "which says so");
}

static void test_run_status(void)
{
	struct child_process child = CHILD_PROCESS_INIT;
	int saved = fcntl(2, F_DUPFD_CLOEXEC, 3), fd;
	struct strbuf text = STRBUF_INIT;

	fd = sys_open("talk", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	dup2(fd, 2);
	strvec_push(&child.args, "no-such-program-here");
	check(run_command(&child) == 127, "run_command: 127");
	child_process_init(&child);
	strvec_push(&child.args, "./not-executable");
	check(run_command(&child) == 126, "run_command: 126");
	child_process_init(&child);
	strvec_push(&child.args, "no-such-silent-program");
	child.silent_fail = 1;
	check(run_command(&child) == 127, "run_command: silent 127");
	dup2(saved, 2);
	close(saved);
	close(fd);
	read_file(&text, "talk", 1 << 20, NULL);
	check(strstr(text.buf, "resutil: ") == text.buf &&
	      strstr(text.buf, "'no-such-program-here'") &&
	      strstr(text.buf, "'./not-executable'"), "both are printed");
	check(!strstr(text.buf, "silent"), "the silent one is not");
	strbuf_release(&text);
}

static void test_env_and_dir(void)
{
	struct child_process child = CHILD_PROCESS_INIT;

	reset();
	setenv("T_GONE", "1", 1);
	setenv("T_CHANGED", "old", 1);
	setenv("GIT_DIR", "/somewhere", 1);
	setenv("GIT_CONFIG_KEY_0", "a.b", 1);
	setenv("GIT_CEILING_DIRECTORIES", "/top", 1);
	strvec_pushl(&child.args, "sh", "-c",
		     "echo ${T_GONE-unset} $T_CHANGED $T_NEW ${GIT_DIR-no} "
		     "${GIT_CONFIG_KEY_0-no} $GIT_CEILING_DIRECTORIES; pwd -P",
		     NULL);
	strvec_pushl(&child.env, "T_GONE", "T_CHANGED=new", "T_NEW=a=b", NULL);
	child.clean_git_env = 1;
	child.dir = "/";
	check(!pipe_command(&child, NULL, 0, &out, NULL, 1000, &err), "runs");
	check_str(out.buf, "unset new a=b no no /top\n/\n",
		  "environment and directory are as asked");
	unsetenv("GIT_DIR");
	unsetenv("GIT_CONFIG_KEY_0");

	reset();
	script("here.sh", "#!/bin/sh\necho \"$0\"; pwd -P\n", 0755);
	strvec_push(&child.args, "./here.sh");
	child.clean_git_env = 0;
	child.dir = "/";
	check(!pipe_command(&child, NULL, 0, &out, NULL, 1000, &err) &&
	      strstr(out.buf, "here.sh\n/\n"),
	      "a relative program is found from here, not from there");
}

static void test_big_talk(void)
{
	struct child_process child = CHILD_PROCESS_INIT;
	size_t len = 3 << 20, i;
	char *big = malloc(len);
	int fds = open_fds();

	if (!big)
		return;
	for (i = 0; i < len; i++)
		big[i] = (char)(i % 253);
	reset();
	strvec_push(&child.args, "cat");
	check(!pipe_command(&child, big, len, &out, NULL, 4 << 20, &err) &&
	      out.len == len && !memcmp(out.buf, big, len),
	      "much goes in and out at once");
	reset();
	child_process_init(&child);
	strvec_pushl(&child.args, "sh", "-c",
		     "head -c 200000 /dev/zero >&2; cat >/dev/null; "
		     "head -c 200000 /dev/zero", NULL);
	check(!pipe_command(&child, big, len, &out, &err_out, 1 << 20, &err) &&
	      out.len == 200000 && err_out.len == 200000,
	      "and stderr meanwhile");
	reset();
	child_process_init(&child);
	strvec_pushl(&child.args, "sh", "-c", "exec <&-; exit 3", NULL);
	check(pipe_command(&child, big, len, &out, NULL, 1000, &err) == 3,
	      "a child that does not read is no error and no SIGPIPE");
	reset();
	child_process_init(&child);
	strvec_push(&child.args, "yes");
	check(pipe_command(&child, NULL, 0, &out, NULL, 5000, &err) ==
	      ERR_CONTENT, "endless output is stopped");
	check_str(err.buf, "'yes' wrote more than 5000 bytes", "and told");
	reset();
	child_process_init(&child);
	strvec_push(&child.args, "cat");
	check(!pipe_command(&child, "", 0, &out, NULL, 10, &err) && !out.len,
	      "empty input");
	check(open_fds() == fds, "no descriptor is left");
	free(big);
}

static void test_descriptors(void)
{
	int leak = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf text = STRBUF_INIT;

	check(!shell("for i in 3 4 5 6 7 8 9; do "
		     "test -e /proc/$$/fd/$i && echo $i; done; true") &&
	      !out.len, "a child gets no descriptor of ours but 0, 1, 2");
	close(leak);
	child.out = sys_open("o", O_WRONLY | O_CREAT, 0666);
	child.err = fcntl(child.out, F_DUPFD_CLOEXEC, 3);
	child.no_stdin = 1;
	strvec_pushl(&child.args, "sh", "-c",
		     "cat; echo a; echo b >&2; echo c", NULL);
	check(!start_command(&child, &err) && !finish_command(&child) &&
	      !read_file(&text, "o", 100, NULL), "descriptors can be given");
	check_str(text.buf, "a\nb\nc\n", "and are used");
	strbuf_release(&text);
	child_process_init(&child);
	child.no_stdout = child.no_stderr = 1;
	strvec_pushl(&child.args, "sh", "-c",
		     "readlink /proc/$$/fd/1 | grep null && "
		     "readlink /proc/$$/fd/2 | grep null", NULL);
	check(!run_command(&child), "no_stdout, no_stderr are /dev/null");
}

/* With 0 and 2 closed, our pipe ends would get their numbers. */
static void test_closed_stdio(void)
{
	int in = fcntl(0, F_DUPFD_CLOEXEC, 3), e = fcntl(2, F_DUPFD_CLOEXEC, 3);
	int ret;

	close(0);
	close(2);
	ret = shell("cat; echo out; echo err >&2");
	dup2(in, 0);
	dup2(e, 2);
	close(in);
	close(e);
	check(!ret && !strcmp(out.buf, "out\n") &&
	      !strcmp(err_out.buf, "err\n"),
	      "also when our own stdin and stderr are closed");
}

static void test_signals(void)
{
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	/* Signals 1 to 28: two higher ones are the C library's own. */
	check(!shell("sed -n 's/^Sig\\(Blk\\|Ign\\):.*\\(.\\{7\\}\\)$/\\2/p' "
		     "/proc/self/status"), "runs");
	check_str(out.buf, "0000000\n0000000\n",
		  "what we block and ignore is not inherited");
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void ignore_alarm(int signo)
{
	(void)signo;
}

/* Handlers without SA_RESTART interrupt every call that blocks. */
static void test_interrupted(void)
{
	struct sigaction action = { .sa_handler = ignore_alarm };
	timer_t timer;
	struct itimerspec spec = { { 0, 2000000 }, { 0, 2000000 } };

	sigaction(SIGALRM, &action, NULL);
	if (timer_create(CLOCK_MONOTONIC, NULL, &timer))
		return;
	timer_settime(timer, 0, &spec, NULL);
	check(shell("sleep 0.1; echo a; sleep 0.1; exit 5") == 5 &&
	      !strcmp(out.buf, "a\n"), "signals that are handled do no harm");
	timer_delete(timer);
}

static void *talk(void *data)
{
	int *bad = data, i;

	for (i = 0; i < 20; i++) {
		struct child_process child = CHILD_PROCESS_INIT;
		struct strbuf got = STRBUF_INIT;

		strvec_push(&child.args, i % 2 ? "cat" : "true");
		if (pipe_command(&child, "text", 4, &got, NULL, 100, NULL) ||
		    strcmp(got.buf, i % 2 ? "text" : ""))
			*bad = 1;
		strbuf_release(&got);
	}
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[4];
	int bad[4] = { 0 }, i;

	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, talk, &bad[i]);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	check(!bad[0] && !bad[1] && !bad[2] && !bad[3],
	      "threads talk to children of their own");
}

int main(void)
{
	struct tempfile *scratch;

	if (tempfile_scratch_dir(&scratch, NULL) ||
	    chdir(tempfile_path(scratch)))
		return 1;
	signal(SIGPIPE, SIG_DFL);
	test_status();
	test_not_found();
	test_run_status();
	test_env_and_dir();
	test_big_talk();
	test_descriptors();
	test_closed_stdio();
	test_signals();
	test_interrupted();
	test_threads();
	check(*resutil_program() == '/' && *resutil_libexec() == '/',
	      "our own places are absolute");
	strbuf_release(&out);
	strbuf_release(&err_out);
	strbuf_release(&err);
	return unit_done();
}
