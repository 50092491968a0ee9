#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/live.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "t/unit/unit.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#define ID "11111111-2222-4333-8444-555555555555"
#define LIVE_FILE ".resutil/live/" ID

static struct project project = PROJECT_INIT;
static struct strbuf err = STRBUF_INIT;

static struct value *record_of(const char *state)
{
	struct value *record = value_new_map();

	value_map_set_str(record, "id", ID);
	value_map_set_str(record, "host", record_host());
	if (state)
		value_map_set_str(record, "state", state);
	return record;
}

static void process(struct value *record, pid_t pid, uint64_t start,
		    const char *boot)
{
	value_set(record, "meta.process.pid", value_new_int(pid));
	value_set(record, "meta.process.start", value_new_int((int64_t)start));
	value_set(record, "meta.process.boot_id", value_new_str(boot));
}

static void text_is(const struct value *record, const char *want,
		    const char *what)
{
	struct strbuf text = STRBUF_INIT;

	live_state_text(&project, record, &text);
	check_str(text.buf, want, what);
	strbuf_release(&text);
}

static void test_ticks(void)
{
	pid_t pid;
	int tries, status;

	check(process_start_ticks(getpid()) > 0, "we have a start time");
	check(process_start_ticks(0) == 0 && process_start_ticks(-1) == 0,
	      "no process has none");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_NAME, ") Z 1 2 (");
		for (;;)
			pause();
	}
	check(process_start_ticks(pid) >= process_start_ticks(getpid()),
	      "a child has a later one");
	/* Its name is set at some moment soon. */
	for (tries = 0; tries < 200; tries++) {
		struct strbuf stat = STRBUF_INIT;
		char path[64];
		bool odd;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		odd = !read_file(&stat, path, 4096, NULL) &&
		      strstr(stat.buf, "() Z 1 2 ()");
		strbuf_release(&stat);
		if (odd)
			break;
		usleep(5000);
	}
	check(tries < 200 && process_start_ticks(pid) >=
	      process_start_ticks(getpid()), "whatever its name is");
	kill(pid, SIGKILL);
	for (tries = 0; tries < 1000 && process_start_ticks(pid); tries++)
		usleep(1000);
	check(tries < 1000, "a zombie has none");
	waitpid(pid, &status, 0);
	check(process_start_ticks(pid) == 0, "nor has what is gone");
}

static void test_texts(void)
{
	struct value *record = record_of("done");

	check(live_state_of(&project, record) == LIVE_FINAL, "done is final");
	text_is(record, "done", "and is told as it is");
	value_map_set_str(record, "state", "paused-by-future");
	text_is(record, "paused-by-future", "so is a state we do not know");
	value_map_remove(record, "state");
	text_is(record, "-", "a record without a state");
	value_map_set_str(record, "state", "running");
	text_is(record, "lost", "running, but nobody runs it");
	value_map_set_str(record, "host", "elsewhere.example");
	text_is(record, "running on elsewhere.example", "on another host");
	value_map_remove(record, "host");
	text_is(record, "running elsewhere", "nobody says where");
	value_free(record);
	check(record_state_is_final("done") && record_state_is_final("lost") &&
	      record_state_is_final("added") && !record_state_is_final("") &&
	      !record_state_is_final("running") &&
	      !record_state_is_final("started"), "what is final");
}

static void test_recorder(void)
{
	struct value *record = record_of("started");
	struct live *live = NULL, *again = NULL;
	unsigned syncs = sys_count(SYS_SYNC);
	struct strbuf text = STRBUF_INIT;
	struct stat st;
	char want[200];

	check(!live_start(&live, &project, ID, NULL), "a recorder starts");
	check(!stat(LIVE_FILE, &st) && st.st_size == 16384 &&
	      st.st_blocks * 512 >= st.st_size, "room for its end is taken");
	check(live_start(&again, &project, ID, &err) == ERR_CONFLICT,
	      "a second one is refused");
	check_str(err.buf, "run '" ID "' is being recorded already", "why");
	strbuf_reset(&err);
	text_is(record, "running", "the run is seen running");
	check(!live_note_program(live, getpid(), NULL) &&
	      !read_file(&text, LIVE_FILE, 100000, NULL),
	      "the program is noted");
	snprintf(want, sizeof(want), "%ld %" PRIu64 " %s\n", (long)getpid(),
		 process_start_ticks(getpid()), record_boot_id());
	check_str(text.buf, want, "in the promised form");
	live_free_reserve(live);
	strbuf_reset(&text);
	check(!read_file(&text, LIVE_FILE, 1000, NULL) &&
	      !strcmp(text.buf, want), "and stays when the room is given back");
	check(sys_count(SYS_SYNC) <= syncs + 2,
	      "nothing of it is synced but .resutil/.gitignore");
	live_end(&live);
	check(!live && !path_exists(LIVE_FILE), "its end removes the file");
	live_end(&live);
	text_is(record, "lost", "then nobody runs it");
	strbuf_release(&text);
	value_free(record);
}

static void test_by_process(void)
{
	struct value *record = record_of("running");
	uint64_t start = process_start_ticks(getpid());

	process(record, getpid(), start, record_boot_id());
	text_is(record, "running", "without the file the process tells");
	process(record, getpid(), start + 1, record_boot_id());
	text_is(record, "lost", "unless it is another of that number");
	process(record, getpid(), start, "another-boot");
	text_is(record, "lost", "or of another boot");
	value_free(record);
}

static void test_bad_ids(void)
{
	static const char *const ids[] = { "", ".", "..", "../x", "a/b",
					   "/etc/passwd", ".hidden" };
	struct value *record = record_of("running");
	struct live *live = NULL;
	bool good = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		value_map_set_str(record, "id", ids[i]);
		good &= live_start(&live, &project, ids[i], NULL) ==
				ERR_CONTENT &&
			live_lock_writer(&live, &project, ids[i], NULL) ==
				ERR_CONTENT &&
			live_state_of(&project, record) == LIVE_LOST;
	}
	check(good, "an id that leads elsewhere is refused");
	value_free(record);
}

/* The recorder is a child that is killed; its program another that lives. */
static void test_unattended(void)
{
	struct value *record = record_of("running");
	struct live *live = NULL;
	pid_t program, recorder;
	int ready[2], status;
	char byte;

	fflush(stdout);
	program = fork();
	if (!program)
		for (;;)
			pause();
	if (pipe2(ready, O_CLOEXEC))
		return;
	recorder = fork();
	if (!recorder) {
		if (live_start(&live, &project, ID, NULL) ||
		    live_note_program(live, program, NULL) ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	check(read(ready[0], &byte, 1) == 1, "setup");
	process(record, recorder, process_start_ticks(recorder),
		record_boot_id());
	text_is(record, "running", "both live");
	kill(recorder, SIGKILL);
	waitpid(recorder, &status, 0);
	text_is(record, "running, unattended", "the recorder was killed");
	check(!live_lock_writer(&live, &project, ID, NULL), "a writer comes");
	live_unlock_writer(&live);
	text_is(record, "running, unattended", "and leaves what tells so");
	kill(program, SIGKILL);
	waitpid(program, &status, 0);
	text_is(record, "lost", "both were killed");
	check(path_exists(LIVE_FILE), "the file is left over");
	check(!live_lock_writer(&live, &project, ID, NULL), "a writer comes");
	live_unlock_writer(&live);
	check(!live && !path_exists(LIVE_FILE), "and takes it away");
	close(ready[0]);
	close(ready[1]);
	value_free(record);
}

/*
 * Writers read, add one and write back, while recorders come and go and the
 * file is made and removed all the time: not one addition may be lost.
 */
static void test_writers(void)
{
	struct strbuf text = STRBUF_INIT;
	struct live *live;
	int i, n, status, bad = 0;
	char number[32];

	check(!write_file_atomic("counter", "0", 1, 0666, 0, NULL), "setup");
	fflush(stdout);
	for (i = 0; i < 6; i++) {
		if (fork())
			continue;
		for (n = 0; n < 60; n++) {
			if (i == 5) {
				if (live_start(&live, &project, ID, NULL))
					_exit(1);
				live_end(&live);
				continue;
			}
			strbuf_reset(&text);
			if (live_lock_writer(&live, &project, ID, NULL) ||
			    read_file(&text, "counter", 100, NULL))
				_exit(1);
			snprintf(number, sizeof(number), "%ld",
				 strtol(text.buf, NULL, 10) + 1);
			if (write_file_atomic("counter", number,
					      strlen(number), 0666, 0, NULL))
				_exit(1);
			live_unlock_writer(&live);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		bad |= status;
	strbuf_reset(&text);
	check(!bad && !read_file(&text, "counter", 100, NULL), "all end well");
	check_str(text.buf, "300", "writers are serialised");
	check(!path_exists(LIVE_FILE), "and the file is gone");
	strbuf_release(&text);
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
	test_ticks();
	test_texts();
	test_recorder();
	test_by_process();
	test_bad_ids();
	test_unattended();
	test_writers();
	project_release(&project);
	strbuf_release(&err);
	return unit_done();
}
