#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/birth.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "t/unit/unit.h"

#include <dirent.h>
#include <sys/wait.h>

static struct project project = PROJECT_INIT;
static struct strbuf err = STRBUF_INIT;
static const struct moment created = { 1720088155, 0, 32400 };

static void names_in_results(struct strvec *names)
{
	DIR *dir = opendir("results");
	struct dirent *entry;

	strvec_clear(names);
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			strvec_push(names, entry->d_name);
	if (dir)
		closedir(dir);
	strvec_sort(names, false);
}

static void put(const struct birth *b, const char *name)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addf(&path, "%s/%s", birth_dir(b), name);
	check(!write_file_atomic(path.buf, "data", 4, 0666, 0, NULL), "setup");
	strbuf_release(&path);
}

/* Makes one; its name in `name`. Returns the number of syncs, or -1. */
static int make(const char *comment, struct strbuf *name)
{
	unsigned syncs = sys_count(SYS_SYNC);
	struct value *record;
	struct birth *b = NULL;
	int ret = -1;

	strbuf_reset(name);
	if (birth_start(&b, &project, &created, comment, NULL))
		return -1;
	record = record_new(&project, birth_name(b), NULL, NULL, "added",
			    &created);
	if (!birth_claim(b, record, 0, NULL)) {
		strbuf_addstr(name, birth_name(b));
		ret = (int)(sys_count(SYS_SYNC) - syncs);
	}
	birth_end(&b);
	value_free(record);
	return ret;
}

static void test_one(void)
{
	struct strvec names = STRVEC_INIT;
	struct value *record, *back = NULL;
	struct birth *b = NULL;
	unsigned syncs;

	check(!birth_start(&b, &project, &created, "first", &err), "starts");
	check_str(birth_name(b), "aapfup_20240704T191555_first", "its name");
	names_in_results(&names);
	check(names.nr == 1 && *names.v[0] == '.' &&
	      strstr(names.v[0], ".aapfup_20240704T191555_first.") &&
	      strstr(names.v[0], ".tmp"), "it is built hidden");
	put(b, "kept.txt");
	record = record_new(&project, birth_name(b), NULL, NULL, "running",
			    &created);
	syncs = sys_count(SYS_SYNC);
	check(!birth_claim(b, record, 1, &err), "is claimed");
	check(sys_count(SYS_SYNC) - syncs == 5, "with five syncs: record, "
	      "file, directory, results_dir, and that results_dir is new");
	names_in_results(&names);
	check(names.nr == 1, "nothing hidden is left");
	check_str(names.nr ? names.v[0] : "", "aapfup_20240704T191555_first",
		  "it is there by its name");
	check(!record_read(&back, birth_dir(b), &err), "with its record");
	check_str(value_get_text(back, "name"), birth_name(b), "which says so");
	check(path_exists("results/aapfup_20240704T191555_first/kept.txt"),
	      "and its files");
	birth_end(&b);
	check(!b && path_is_dir("results/aapfup_20240704T191555_first"),
	      "the end of the birth leaves it");
	value_free(record);
	value_free(back);
	strvec_release(&names);
}

static void test_given_up(void)
{
	struct strvec before = STRVEC_INIT, after = STRVEC_INIT;
	struct value *record;
	struct birth *b = NULL;

	names_in_results(&before);
	check(!birth_start(&b, &project, &created, "gone", &err), "starts");
	put(b, "file");
	birth_end(&b);
	names_in_results(&after);
	check(after.nr == before.nr, "given up, nothing is left");

	check(!birth_start(&b, &project, &created, "undo", &err), "starts");
	record = record_new(&project, birth_name(b), NULL, NULL, "running",
			    &created);
	check(!birth_claim(b, record, 0, &err) && !birth_undo(b, &err),
	      "claimed and taken back");
	birth_end(&b);
	names_in_results(&after);
	check(after.nr == before.nr, "nothing is left");
	value_free(record);
	strvec_release(&before);
	strvec_release(&after);
}

static void test_clash(void)
{
	struct strbuf name = STRBUF_INIT;
	struct value *record, *back = NULL;
	struct birth *b = NULL;
	unsigned syncs;

	check(make("twice", &name) == 3 &&
	      !strcmp(name.buf, "aapfup_20240704T191555_twice"),
	      "a record alone is three syncs");
	check(make("twice", &name) == 3, "the second one syncs no more");
	check_str(name.buf, "aapfup_20240704T191556_twice",
		  "it takes the next second");
	check(make(NULL, &name) == 3 && !strcmp(name.buf,
	      "aapfup_20240704T191555"), "without a comment");
	check(make("", &name) == 3 && !strcmp(name.buf,
	      "aapfup_20240704T191556"), "an empty comment is none");

	/* Somebody who knows nothing of our locks takes the name. */
	check(!birth_start(&b, &project, &created, "stolen", &err), "starts");
	check(!mkdir("results/aapfup_20240704T191555_stolen", 0777) &&
	      !mkdir("results/aapfup_20240704T191556_stolen", 0777), "setup");
	record = record_new(&project, birth_name(b), NULL, NULL, "running",
			    &created);
	syncs = sys_count(SYS_SYNC);
	check(!birth_claim(b, record, 0, &err) &&
	      sys_count(SYS_SYNC) - syncs == 3,
	      "a taken name is seen before anything is synced");
	check_str(birth_name(b), "aapfup_20240704T191557_stolen",
		  "and the next one free is taken");
	check(!record_read(&back, birth_dir(b), &err) &&
	      !strcmp(value_get_text(back, "name"), birth_name(b)),
	      "the record follows");
	birth_end(&b);
	value_free(record);
	value_free(back);
	strbuf_release(&name);
}

static void test_refused(void)
{
	struct birth *b = NULL;

	check(birth_start(&b, &project, &created, "a/b", &err) == ERR_USAGE &&
	      !b && err.len, "a bad comment is refused with a reason");
	strbuf_reset(&err);
	if (geteuid()) {
		check(!chmod("results", 0555) &&
		      birth_start(&b, &project, &created, "x", &err) < 0 && !b,
		      "results_dir is not writable");
		strbuf_reset(&err);
		chmod("results", 0755);
	}
}

/* Many files, or deep ones, are one syncfs. */
static void test_many_files(void)
{
	struct strbuf path = STRBUF_INIT;
	struct birth *b = NULL;
	struct value *record;
	unsigned syncs;
	int i;

	check(!birth_start(&b, &project, &created, "many", &err), "starts");
	record = record_new(&project, birth_name(b), NULL, NULL, "running",
			    &created);
	syncs = sys_count(SYS_SYNC);
	check(!birth_claim(b, record, 50, &err) &&
	      sys_count(SYS_SYNC) - syncs == 2, "many files: two syncs");
	birth_end(&b);
	check(!birth_start(&b, &project, &created, "deep", &err), "starts");
	strbuf_addstr(&path, birth_dir(b));
	for (i = 0; i < 30; i++)
		strbuf_addstr(&path, "/d");
	check(!sys_mkdir_all(path.buf, 0777), "setup");
	strbuf_addstr(&path, "/f");
	check(!write_file_atomic(path.buf, "x", 1, 0666, 0, NULL), "setup");
	syncs = sys_count(SYS_SYNC);
	check(!birth_claim(b, record, 1, &err) &&
	      sys_count(SYS_SYNC) - syncs == 2, "a deep tree: two syncs");
	birth_end(&b);
	value_free(record);
	strbuf_release(&path);
}

/* A leftover of a process of our number, as another machine may have. */
static void test_leftover(void)
{
	struct strbuf name = STRBUF_INIT;
	char path[200];

	snprintf(path, sizeof(path),
		 "results/.aapfup_20240704T191555_left.%ld.tmp",
		 (long)getpid());
	check(!mkdir(path, 0777) && make("left", &name) == 3, "a leftover");
	check_str(name.buf, "aapfup_20240704T191555_left", "is no obstacle");
	check(path_is_dir(path), "and is not touched");
	rmdir(path);
	strbuf_release(&name);
}

/* A hundred processes, one moment, one comment: as many experiments, and each
 * syncs what it would have synced alone. */
static void test_hundred(void)
{
	struct strvec names = STRVEC_INIT;
	struct strbuf name = STRBUF_INIT, dir = STRBUF_INIT;
	int gate[2], i, status, bad = 0, good = 0;
	char byte;
	size_t n;

	if (pipe2(gate, O_CLOEXEC))
		return;
	fflush(stdout);
	for (i = 0; i < 100; i++) {
		if (fork())
			continue;
		close(gate[1]);
		_exit(read(gate[0], &byte, 1) || make("same", &name) != 3);
	}
	close(gate[1]);
	while (wait(&status) > 0)
		bad += status != 0;
	check(!bad, "a hundred births at once, three syncs each");
	names_in_results(&names);
	for (n = 0; n < names.nr; n++) {
		struct value *record = NULL;

		strbuf_reset(&dir);
		strbuf_addf(&dir, "results/%s", names.v[n]);
		if (!strstr(names.v[n], "_same"))
			continue;
		if (!record_read(&record, dir.buf, NULL) &&
		    !strcmp(value_get_text(record, "name"), names.v[n]) &&
		    name_is_valid(names.v[n]))
			good++;
		value_free(record);
	}
	check(good == 100, "give a hundred experiments");
	close(gate[0]);
	strvec_release(&names);
	strbuf_release(&name);
	strbuf_release(&dir);
}

/* Killed at any moment: what is visible is whole. */
static void test_killed(void)
{
	struct strvec names = STRVEC_INIT;
	struct strbuf name = STRBUF_INIT, dir = STRBUF_INIT;
	int round, status;
	size_t n, bad = 0;

	fflush(stdout);
	for (round = 0; round < 40; round++) {
		pid_t pid = fork();

		if (!pid)
			for (;;)
				make("killed", &name);
		usleep((unsigned)(500 + 211 * round));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	names_in_results(&names);
	for (n = 0; n < names.nr; n++) {
		struct value *record = NULL;

		strbuf_reset(&dir);
		strbuf_addf(&dir, "results/%s", names.v[n]);
		if (*names.v[n] == '.') {
			sys_remove_tree(dir.buf);
			continue;
		}
		if (!strstr(names.v[n], "_killed"))
			continue;
		if (record_read(&record, dir.buf, NULL) ||
		    strcmp(value_get_text(record, "name"), names.v[n]))
			bad++;
		value_free(record);
	}
	check(!bad, "killed at any moment, every visible name has its record");
	check(make("killed", &name) == 3, "and nothing is in the way after");
	strvec_release(&names);
	strbuf_release(&name);
	strbuf_release(&dir);
}

int main(void)
{
	static const char conf[] = "project_name: p\nresults_dir: results\n"
				   "storage_type: dir\n"
				   "storage_config:\n  path: /nowhere\n";
	struct tempfile *scratch;

	if (tempfile_scratch_dir(&scratch, NULL) ||
	    chdir(tempfile_path(scratch)) ||
	    write_file_atomic(CONF_FILE, conf, strlen(conf), 0666, 0, NULL) ||
	    project_open(&project, NULL, &err)) {
		printf("Bail out! %s\n", err.buf);
		return 1;
	}
	test_one();
	test_given_up();
	test_clash();
	test_refused();
	test_many_files();
	test_leftover();
	test_hundred();
	test_killed();
	project_release(&project);
	strbuf_release(&err);
	return unit_done();
}
