#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/trial.h"
#include "t/unit/unit.h"

#include <sys/wait.h>

static char root[] = "/tmp/unit-trial-XXXXXX";

static bool there(const char *sub)
{
	struct strbuf path = STRBUF_INIT;
	bool ret;

	strbuf_addf(&path, "%s/%s", root, sub);
	ret = path_exists(path.buf);
	strbuf_release(&path);
	return ret;
}

static void test_tid(void)
{
	static const char *const good[] = {
		"a", "a/b/c", "26-11-20/23:03:52", "...", ".hidden", "a b",
		"\346\227\245/\346\234\254", "..a/b..", NULL
	};
	static const char *const bad[] = {
		"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a",
		"a/./b", "\377", RECORD_FILE, "a/" TRIAL_LIVE_FILE,
		"votakvot.yaml/x", NULL
	};
	struct strbuf err = STRBUF_INIT, longest = STRBUF_INIT;
	size_t i;

	for (i = 0; good[i]; i++)
		check(!trial_check_tid(good[i], strlen(good[i]), &err),
		      good[i]);
	check(!err.len, "nothing is said of those");
	for (i = 0; bad[i]; i++) {
		strbuf_reset(&err);
		check(trial_check_tid(bad[i], strlen(bad[i]), &err) ==
		      ERR_USAGE && err.len, bad[i]);
	}
	check(trial_check_tid("a\0b", 3, &err) == ERR_USAGE, "a NUL");
	for (i = 0; i < 255; i++)
		strbuf_addch(&longest, 'x');
	check(!trial_check_tid(longest.buf, longest.len, &err), "255 bytes");
	strbuf_addch(&longest, 'x');
	check(trial_check_tid(longest.buf, longest.len, &err), "256 bytes");
	strbuf_release(&longest);
	strbuf_release(&err);
}

static void test_open(void)
{
	struct trial one = TRIAL_INIT, two = TRIAL_INIT;
	struct strbuf err = STRBUF_INIT, deep = STRBUF_INIT;

	strbuf_addf(&deep, "%s/new/root", root);
	check(!trial_open(&one, deep.buf, "a/b", &err), "the root is made");
	check(one.made.nr == 4 && there("new/root/a/b"), "and what is below");
	check(!trial_lock(&one, "a/b", 0, &err), "its lock is taken");
	check(!trial_open(&two, deep.buf, "a/b", &err) && !two.made.nr,
	      "again: nothing is made");
	check(trial_lock(&two, "a/b", 0, &err) == ERR_CONFLICT,
	      "the lock is held");
	trial_release(&two);
	check(!trial_sync(&one, &err), "what was made is synced");

	check(!trial_open(&two, deep.buf, "a/c", &err) &&
	      !trial_lock(&two, "a/c", 0, &err), "another one beside it");
	check(there("new/root/a/c/" TRIAL_LIVE_FILE), "has its live file");
	trial_undo(&two);
	check(!there("new/root/a/c") && there("new/root/a/b"),
	      "only what was made for it goes");
	trial_undo(&one);
	check(!there("new"), "also the root");
	trial_release(&one);
	trial_release(&two);
	strbuf_release(&deep);
	strbuf_release(&err);
}

static void test_links(void)
{
	struct trial t = TRIAL_INIT;
	struct strbuf err = STRBUF_INIT, path = STRBUF_INIT;

	strbuf_addf(&path, "%s/link", root);
	check(!sys_symlinkat("/", AT_FDCWD, path.buf), "a link");
	check(trial_open(&t, root, "link/x", &err) == ERR_CONFLICT,
	      "is no way");
	check(trial_open(&t, root, "link", &err) == ERR_CONFLICT,
	      "and no end");
	check(!sys_unlink(path.buf), "removed");
	trial_release(&t);
	strbuf_release(&path);
	strbuf_release(&err);
}

/* A recorder that dies, whose program is this process. */
static void record_and_die(void)
{
	struct trial t = TRIAL_INIT;
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(trial_open(&t, root, "p", NULL) ||
		      trial_lock(&t, "p", getppid(), NULL));
	check(waitpid(pid, &status, 0) == pid && !status, "a recorder died");
}

static void test_program(void)
{
	struct trial t = TRIAL_INIT;
	struct strbuf err = STRBUF_INIT, path = STRBUF_INIT;

	record_and_die();
	strbuf_addf(&path, "%s/p/" TRIAL_LIVE_FILE, root);
	check(live_program_at(path.buf) == getpid(), "its program goes on");
	check(!live_is_left_at(path.buf), "so the file means something");
	check(!trial_open(&t, root, "p", &err), "the directory is there");
	check(trial_lock(&t, "p", getpid() + 1, &err) == ERR_CONFLICT &&
	      strstr(err.buf, "still runs"), "for nobody else");
	check(!trial_lock(&t, "p", getpid(), &err), "but for itself");
	check(!live_program_at(path.buf), "then it has a recorder");
	trial_release(&t);
	check(!path_exists(path.buf), "which takes the file away");
	strbuf_release(&path);
	strbuf_release(&err);
}

int main(void)
{
	check(mkdtemp(root) != NULL, "a directory");
	test_tid();
	test_open();
	test_links();
	test_program();
	check(!sys_remove_tree(root), "removed");
	return unit_done();
}
