/*
 * What is at work is told from what is left over by locks of open files, so one
 * process can be both here.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/base/tempfile.h"
#include "lib/exp/check/check.h"
#include "lib/exp/check/finding-list.h"
#include "lib/exp/record/leftovers.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/conf/project.h"
#include "t/unit/unit.h"

#include <dirent.h>
#include <sys/file.h>

#define ONE "aapfcd_20240704T111555_one"
#define ID "11111111-2222-4333-8444-555555555555"
#define NO_PROCESS INT_MAX

static struct project project = PROJECT_INIT;
static struct strbuf err = STRBUF_INIT;

static void test_hidden_names(void)
{
	static const struct {
		const char *entry;
		enum hidden_kind kind;
		const char *name;
		pid_t pid;
	} names[] = {
		{ "." ONE ".12.tmp", HIDDEN_TMP, ONE, 12 },
		{ "." ONE ".12.3.tmp", HIDDEN_TMP, ONE, 12 },
		{ "." ONE ".12.rm", HIDDEN_RM, ONE, 12 },
		{ "." ONE ".12.old", HIDDEN_OLD, ONE, 12 },
		{ "._debug.4194304.rm", HIDDEN_RM, "_debug", 4194304 },
		{ ".aapfcd_20240704T111555.1.tmp", HIDDEN_TMP,
		  "aapfcd_20240704T111555", 1 },
		/* comments that end in numbers */
		{ "." ONE ".5.12345.tmp", HIDDEN_TMP, ONE ".5", 12345 },
		{ "." ONE ".5.12345.2.tmp", HIDDEN_TMP, ONE ".5", 12345 },
		{ "." ONE ".5.12345.old", HIDDEN_OLD, ONE ".5", 12345 },
		{ "." ONE ".12.3.old", HIDDEN_OLD, ONE ".12", 3 },
		/* of the user */
		{ "", HIDDEN_NONE, "", 0 },
		{ ".", HIDDEN_NONE, "", 0 },
		{ ".tmp", HIDDEN_NONE, "", 0 },
		{ ONE ".12.tmp", HIDDEN_NONE, "", 0 },
		{ "." ONE ".tmp", HIDDEN_NONE, "", 0 },
		{ "." ONE "..tmp", HIDDEN_NONE, "", 0 },
		{ "." ONE ".012.tmp", HIDDEN_NONE, "", 0 },
		{ "." ONE ".-1.tmp", HIDDEN_NONE, "", 0 },
		{ "." ONE ".0.tmp", HIDDEN_NONE, "", 0 },
		{ "." ONE ".12.tmpx", HIDDEN_NONE, "", 0 },
		{ "." ONE ".99999999999.tmp", HIDDEN_NONE, "", 0 },
		{ ".notes.12.tmp", HIDDEN_NONE, "", 0 },
		{ ".12.tmp", HIDDEN_NONE, "", 0 },
		{ ".aapfcd_20240704T991555_x.12.tmp", HIDDEN_NONE, "", 0 }
	};
	struct strbuf name = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		pid_t pid = 0;

		strbuf_reset(&name);
		check(hidden_parse(names[i].entry, &name, &pid) ==
		      names[i].kind, names[i].entry);
		check_str(name.buf, names[i].name, "  its name");
		check(pid == names[i].pid, "  its process");
	}
	strbuf_release(&name);
}

static void test_temp_names(void)
{
	pid_t pid = 0;

	check(temp_name_parse("x.yaml.12.3.tmp", "x.yaml", &pid) && pid == 12,
	      "FILE.PID.N.tmp");
	check(temp_name_parse("x.yaml.12.3.tmp", NULL, &pid), "of any file");
	check(!temp_name_parse("x.yaml.12.3.tmp", "y.yaml", &pid) &&
	      !temp_name_parse("ax.yaml.12.3.tmp", "x.yaml", &pid) &&
	      !temp_name_parse("x.yaml.12.tmp", "x.yaml", &pid) &&
	      !temp_name_parse("x.yaml.tmp", "x.yaml", &pid) &&
	      !temp_name_parse("x.yaml.12.x.tmp", "x.yaml", &pid) &&
	      !temp_name_parse("x.yaml.12.03.tmp", "x.yaml", &pid) &&
	      !temp_name_parse(".12.3.tmp", NULL, &pid) &&
	      !temp_name_parse("12.3.tmp", NULL, &pid) &&
	      !temp_name_parse(".tmp", NULL, &pid) &&
	      !temp_name_parse("", NULL, &pid), "and nothing else");
}

static bool is_left(const char *path, bool dir)
{
	struct leftover l;
	bool left = leftover_look(&l, path, NO_PROCESS, dir);

	if (left)
		leftover_release(&l);
	return left;
}

static void test_tempfiles(void)
{
	struct tempfile *t = NULL;
	char *path;

	check(!tempfile_create_dir(&t, "dir", &err) && !is_left("dir", true),
	      "a directory is held while it is made");
	tempfile_forget(&t);
	check(is_left("dir", true), "and left over when nobody is at it");
	check(!is_left("dir", false), "but it is no file");
	check(!symlink("dir", "link") && !is_left("link", true),
	      "a link is never followed");
	check(!is_left("missing", true), "what is not there is not left over");

	check(!tempfile_create(&t, "file", 0666, &err), "a file is made");
	path = strdup(tempfile_path(t));
	check(!is_left(path, false), "it is held");
	check(sys_mkdir("file", 0777) == 0 &&
	      tempfile_commit(&t, "file", 0, &err) && !is_left(path, false),
	      "also when it is closed and not renamed yet");
	strbuf_reset(&err);
	tempfile_forget(&t);
	check(is_left(path, false), "and left over when nobody is at it");
	free(path);
}

/* Somebody removes what we have just made, or looks at it. */
static void test_race(void)
{
	int fd, other;

	check(!sys_mkdir("race", 0777), "a directory is made");
	fd = open("race", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	other = open("race", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(fd >= 0 && other >= 0 && hold_probe(other) == HOLD_FREE,
	      "gc is faster than its maker");
	check(hold_take(fd, AT_FDCWD, "race") && errno == EEXIST,
	      "who then makes another one");
	close(other);
	check(!sys_rmdir("race") && hold_take(fd, AT_FDCWD, "race") &&
	      errno == EEXIST, "also when it is gone already");
	check(!sys_mkdir("race", 0777) && hold_take(fd, AT_FDCWD, "race") &&
	      errno == EEXIST, "or when there is another one by now");
	close(fd);
	fd = open("race", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	other = open("race", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(!hold_take(fd, AT_FDCWD, "race") &&
	      hold_probe(other) == HOLD_HELD, "the maker is faster");
	close(fd);
	check(hold_probe(other) == HOLD_FREE, "and ends");
	close(other);
}

static bool is_found(struct finding_list *list, const char *id)
{
	static const struct check_options all = {
		.flags = CHECK_PRUNE | CHECK_REPAIR
	};
	size_t i;

	finding_list_release(list);
	if (check_project(&project, &all, finding_list_take, list, &err))
		die("%s", err.buf);
	for (i = 0; i < list->nr; i++)
		if (!strcmp(list->finding[i].id, id))
			return true;
	return false;
}

static void test_marks(void)
{
	struct finding_list list = FINDING_LIST_INIT;
	struct live *live = NULL;
	int held;

	check(!partial_mark(&project, ONE, &held, &err) &&
	      !is_found(&list, "partial-mark"),
	      "the mark of what a pull is just making stays");
	close(held);
	check(is_found(&list, "partial-mark") && !partial_is(&project, ONE),
	      "that of a pull that died goes");
	check(!live_start(&live, &project, ID, &err) &&
	      !is_found(&list, "live-file"),
	      "the live file of a run without a record yet stays");
	live_end(&live);
	check(!live_lock_writer(&live, &project, ID, &err) &&
	      !is_found(&list, "live-file"), "and that of a writer");
	live_unlock_writer(&live);
	check(!path_exists(".resutil/live/" ID), "who removes it");
	finding_list_release(&list);
}

static void test_birth(void)
{
	struct finding_list list = FINDING_LIST_INIT;
	struct tempfile *t = NULL;

	check(!tempfile_create_dir(&t, "results/." ONE ".1.tmp", &err) &&
	      !is_found(&list, "hidden-dir") &&
	      path_is_dir("results/." ONE ".1.tmp"),
	      "an experiment that is being made stays");
	tempfile_forget(&t);
	check(is_found(&list, "hidden-dir") &&
	      !path_exists("results/." ONE ".1.tmp"),
	      "one whose maker died goes");
	finding_list_release(&list);
}

int main(void)
{
	static const char conf[] = "project_name: p\nresults_dir: results\n"
		"storage_type: dir\nstorage_config:\n  path: store\n";
	struct tempfile *scratch;

	if (tempfile_scratch_dir(&scratch, &err) ||
	    chdir(tempfile_path(scratch)) || sys_mkdir("results", 0777) ||
	    setenv("XDG_CACHE_HOME", tempfile_path(scratch), 1) ||
	    write_file_atomic("resutil-conf.yaml", conf, strlen(conf), 0666, 0,
			      &err) ||
	    project_open(&project, NULL, &err))
		die("%s", err.buf);
	test_hidden_names();
	test_temp_names();
	test_tempfiles();
	test_race();
	test_marks();
	test_birth();
	project_release(&project);
	strbuf_release(&err);
	if (chdir("/"))
		die("cannot leave the scratch directory");
	tempfile_delete(&scratch);
	return unit_done();
}
