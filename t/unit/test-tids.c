/*
 * The run of a tid is found by what records say, whatever stands in hints and
 * in the cache.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/tids.h"
#include "t/unit/unit.h"

#include <sys/wait.h>

#define NR 40		/* enough for the cache to be worth writing */

static struct project project = PROJECT_INIT;
static struct strbuf err = STRBUF_INIT;

static void write_text(const char *path, const char *text, size_t len)
{
	if (write_file_atomic(path, text, len, 0666, 0, &err))
		die("%s", err.buf);
}

static const char *name_of(int nr)
{
	static char name[64];

	snprintf(name, sizeof(name), "aapfcd_20240704T1115%02d_n", nr);
	return name;
}

static void make_exp(int nr, const char *tid)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;

	project_exp_path(&project, name_of(nr), &path);
	sys_mkdir_all(path.buf, 0777);
	strbuf_addstr(&path, "/resutil-exp.yaml");
	strbuf_addf(&text, "resutil: 1\nrevision: 1\ntid: \"%s\"\n", tid);
	write_text(path.buf, text.buf, text.len);
	strbuf_release(&text);
	strbuf_release(&path);
}

/* "": not found; "!": several. */
static const char *find(const char *tid)
{
	static struct strbuf name = STRBUF_INIT;
	struct value *record = NULL;
	int ret;

	strbuf_reset(&name);
	strbuf_reset(&err);
	if (!tid) {
		strbuf_release(&name);
		return NULL;
	}
	ret = tid_find(&project, tid, &name, &record, &err);
	if (ret == ERR_CONFLICT)
		strbuf_addch(&name, '!');
	else if (ret && ret != ERR_NOT_FOUND)
		die("%s", err.buf);
	else if (!ret && strcmp(value_get_text(record, "tid"), tid))
		die("another record was given");
	value_free(record);
	return name.buf;
}

static void test_check(void)
{
	char longest[TID_MAX_BYTES + 2];

	check(!tid_check("a", &err) && !tid_check(" \n\t/..\"", &err),
	      "any text is an id");
	memset(longest, 'x', sizeof(longest));
	longest[TID_MAX_BYTES] = '\0';
	check(!tid_check(longest, &err), "up to a length");
	longest[TID_MAX_BYTES] = 'x';
	longest[TID_MAX_BYTES + 1] = '\0';
	check(tid_check(longest, NULL) == ERR_USAGE, "and no longer");
	check(tid_check("", NULL) == ERR_USAGE, "nothing is none");
	check(tid_check("\xff", NULL) == ERR_USAGE, "nor is what is no UTF-8");
	check(!err.len, "success says nothing");
}

static void test_found(void)
{
	int nr;

	check_str(find("t0"), "", "nothing is there at first");
	for (nr = 0; nr < NR; nr++) {
		char tid[16];

		snprintf(tid, sizeof(tid), "t%d", nr);
		make_exp(nr, tid);
	}
	check_str(find("t7"), name_of(7), "found among all");
	check_str(find("t39"), name_of(39), "and by the cache");
	check_str(find("t"), "", "no part of it is enough");
	make_exp(7, "other");
	check_str(find("t7"), "", "a record that was changed is read anew");
	check_str(find("other"), name_of(7), "with what it says now");
	make_exp(8, "other");
	check_str(find("other"), "!", "two of them are a conflict");
	make_exp(7, "t7");
	make_exp(8, "t8");
	check_str(find("t8"), name_of(8), "and none any more");
}

static void test_hint(void)
{
	struct tid_lock *lock;

	check(!tid_lock(&lock, &project, "t3", &err), "an id is locked");
	tid_note(lock, name_of(5));
	tid_unlock(&lock);
	check(!lock, "and given back");
	tid_unlock(&lock);
	check_str(find("t3"), name_of(3), "a wrong hint does not matter");
	check(!tid_lock(&lock, &project, "t3", &err), "locked again");
	tid_note(lock, "../../../etc");
	tid_unlock(&lock);
	check_str(find("t3"), name_of(3), "nor does one that is no name");
}

static void test_lock(void)
{
	struct tid_lock *lock = NULL;
	int ends[2], status = 0;
	char byte = 0;
	pid_t child;

	if (pipe(ends) || tid_lock(&lock, &project, "t9", &err))
		die("cannot lock");
	child = fork();
	if (!child) {
		struct tid_lock *mine = NULL;

		/* the parent's descriptor holds the lock here, too */
		close(ends[0]);
		if (tid_lock(&mine, &project, "t9", NULL) ||
		    write(ends[1], "2", 1) != 1)
			_exit(1);
		_exit(0);
	}
	usleep(50000);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	check(child > 0 && read(ends[0], &byte, 1) < 0 && errno == EAGAIN,
	      "another process waits for the lock");
	fcntl(ends[0], F_SETFL, 0);
	tid_unlock(&lock);
	/* that of the child is still the same open file: it goes with it */
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	check(!tid_lock(&lock, &project, "t9", &err),
	      "the lock of a process that was killed is free");
	tid_unlock(&lock);
	close(ends[0]);
	close(ends[1]);
}

static void find_cache(struct strbuf *path)
{
	if (project_cache_path(&project, path, &err))
		die("%s", err.buf);
	strbuf_complete_slash(path);
	strbuf_addstr(path, "tids");
}

static void test_damaged_cache(void)
{
	struct strbuf path = STRBUF_INIT, whole = STRBUF_INIT;
	struct strbuf bad = STRBUF_INIT;
	bool good = true;
	size_t i;

	find_cache(&path);
	if (read_file(&whole, path.buf, 1 << 20, &err))
		die("%s", err.buf);
	for (i = 0; i < whole.len && good; i += 13) {
		strbuf_reset(&bad);
		strbuf_addbuf(&bad, &whole);
		bad.buf[i] ^= 0x5a;
		write_text(path.buf, bad.buf, bad.len);
		good = !strcmp(find("t20"), name_of(20));
	}
	check(good, "a damaged cache does not matter");
	for (i = 0; i < whole.len && good; i += 29) {
		write_text(path.buf, whole.buf, i);
		good = !strcmp(find("t21"), name_of(21));
	}
	check(good, "nor does one that was cut off");
	strbuf_release(&bad);
	strbuf_release(&whole);
	strbuf_release(&path);
}

static void test_remove(void)
{
	static const char at[] = ".resutil/tids/0000000000000001";
	struct strbuf name = STRBUF_INIT;

	write_text(at, name_of(4), strlen(name_of(4)));
	tid_read_hint(at, &name);
	check_str(name.buf, "", "a hint without its end is none");
	strbuf_addf(&name, "%s\n", name_of(4));
	write_text(at, name.buf, name.len);
	strbuf_reset(&name);
	tid_read_hint(at, &name);
	check_str(name.buf, name_of(4), "a whole one is read");
	check(tid_remove_hint(&project, at) < 0 && path_exists(at),
	      "it stays while the experiment is here");
	write_text(at, "aapfcd_20240704T111555_gone\n", 28);
	check(!tid_remove_hint(&project, at) && !path_exists(at),
	      "and goes with it");
	check(!tid_remove_hint(&project, at), "gone is fine");
	strbuf_release(&name);
}

int main(void)
{
	static const char conf[] = "project_name: p\nresults_dir: results\n"
				   "storage_type: dir\nstorage_config:\n"
				   "  path: store\n";
	struct tempfile *scratch;

	if (tempfile_scratch_dir(&scratch, &err) ||
	    chdir(tempfile_path(scratch)))
		die("%s", err.buf);
	setenv("XDG_CACHE_HOME", tempfile_path(scratch), 1);
	write_text("resutil-conf.yaml", conf, sizeof(conf) - 1);
	if (project_open(&project, NULL, &err))
		die("%s", err.buf);
	test_check();
	test_found();
	test_hint();
	test_lock();
	test_damaged_cache();
	test_remove();
	find(NULL);
	project_release(&project);
	strbuf_release(&err);
	if (chdir("/"))
		die("cannot leave the scratch directory");
	tempfile_delete(&scratch);
	return unit_done();
}
