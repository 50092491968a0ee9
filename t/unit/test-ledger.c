#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/sync/ledger.h"
#include "t/unit/unit.h"

#include <pthread.h>
#include <sys/wait.h>

#define FILE_PATH ".resutil/remotes/origin.log"
#define ONE "aapfup_20240704T191555_one"
#define TWO "aapfup_20240704T191556_two"
#define SIX "aapfup_20240704T191600"

static struct project project;
static struct strbuf err = STRBUF_INIT;

static const char id_one[] = "11111111-2222-4333-8444-000000000001";
static const char id_two[] = "11111111-2222-4333-8444-000000000002";

static struct ledger *open_it(void)
{
	struct ledger *l = NULL;

	if (ledger_open(&l, &project, "origin", &err))
		printf("# %s\n", err.buf);
	return l;
}

static struct pack_info make_info(const char *id, unsigned char tree)
{
	struct pack_info info = { .version = PACK_FORMAT, .revision = 7,
				  .has_record = true };

	snprintf(info.id, sizeof(info.id), "%s", id);
	memset(info.tree, tree, sizeof(info.tree));
	memset(info.record, tree + 1, sizeof(info.record));
	return info;
}

static int note(struct ledger *l, const char *name, const char *id,
		unsigned char tree, const char *version)
{
	struct ledger_note n = {
		.name = (char *)name, .info = make_info(id, tree),
		.version = (char *)version
	};

	return ledger_note(l, &n, &err);
}

static void put_file(const char *text, size_t len)
{
	sys_mkdir_all(".resutil/remotes", 0777);
	write_file_atomic(FILE_PATH, text, len, 0666, 0, NULL);
}

static size_t count_lines(void)
{
	struct strbuf text = STRBUF_INIT;
	size_t nr = 0, i;

	read_file(&text, FILE_PATH, 1u << 26, NULL);
	for (i = 0; i < text.len; i++)
		nr += text.buf[i] == '\n';
	strbuf_release(&text);
	return nr;
}

static void test_notes(void)
{
	struct pack_info first = make_info(id_one, 1);
	struct pack_info later = make_info(id_one, 2);
	struct pack_info other = make_info(id_one, 3);
	struct ledger *l = open_it();
	const struct ledger_note *n;

	check(l && !ledger_done(l, ONE) && !ledger_intent(l, ONE),
	      "a missing ledger is an empty one");
	check(!path_exists(".resutil"), "and reading makes none");
	check(!note(l, ONE, id_one, 1, ""), "an intent is noted");
	check(!ledger_done(l, ONE) && ledger_intent(l, ONE),
	      "it is no more than that");
	check(ledger_knows(l, ONE, "v1", &first) &&
	      !ledger_knows(l, ONE, "v1", &later) &&
	      !ledger_knows(l, ONE, "v1", NULL),
	      "what was sent is known by the intent's hashes");
	note(l, ONE, id_one, 2, "");
	check(ledger_knows(l, ONE, NULL, &first) &&
	      ledger_knows(l, ONE, NULL, &later),
	      "an older intent counts for as long as none was done");
	check(!note(l, ONE, id_one, 2, "v1") && !ledger_intent(l, ONE),
	      "what is done ends the intents");
	n = ledger_done(l, ONE);
	check(n && !strcmp(n->version, "v1") && !strcmp(n->name, ONE) &&
	      n->info.revision == 7 && !strcmp(n->info.id, id_one) &&
	      !memcmp(n->info.tree, later.tree, DIGEST_RAWSZ) &&
	      !memcmp(n->info.record, later.record, DIGEST_RAWSZ),
	      "and all of it is kept");
	check(ledger_knows(l, ONE, "v1", NULL) &&
	      ledger_knows(l, ONE, "v9", &later) &&
	      !ledger_knows(l, ONE, "v9", &first) &&
	      !ledger_knows(l, ONE, "v9", &other),
	      "known by version or by hashes");
	note(l, ONE, id_one, 3, "v2");
	check(!strcmp(n->version, "v1"), "what was lent stays");
	check_str(ledger_name_of(l, id_one), ONE, "by its id");
	ledger_close(l);
	l = open_it();
	n = ledger_done(l, ONE);
	check(n && !strcmp(n->version, "v2"), "read again, the last counts");
	ledger_close(l);
}

static void test_names(void)
{
	struct strvec names = STRVEC_INIT;
	struct ledger *l = open_it();

	note(l, TWO, id_two, 5, "v5");
	note(l, SIX, "", 6, "");
	ledger_names(l, &names);
	check(names.nr == 2 && !strcmp(names.v[0], ONE) &&
	      !strcmp(names.v[1], TWO), "names of what is done");
	check(!ledger_rename(l, TWO, SIX, &err) && !ledger_done(l, TWO) &&
	      !strcmp(ledger_done(l, SIX)->version, "v5") &&
	      !strcmp(ledger_done(l, SIX)->name, SIX),
	      "a rename takes the notes along");
	check_str(ledger_name_of(l, id_two), SIX, "and the id");
	check(!ledger_drop(l, ONE, &err) && !ledger_done(l, ONE),
	      "what was dropped is not known");
	check_str(ledger_name_of(l, id_one), ONE, "but that it was");
	check(!ledger_drop(l, TWO, &err), "nor is what never was");
	ledger_close(l);
	l = open_it();
	check(!ledger_done(l, ONE) && !ledger_done(l, TWO) &&
	      ledger_done(l, SIX), "read again it is the same");
	check(note(l, "no name", id_one, 1, "v") == ERR_FAILED &&
	      note(l, ONE, id_one, 1, "two words") == ERR_FAILED &&
	      ledger_drop(l, "a\nb", &err) == ERR_FAILED &&
	      ledger_rename(l, ONE, "../x", &err) == ERR_FAILED,
	      "what cannot be a line is refused");
	ledger_close(l);
	strvec_release(&names);
}

static void test_foreign(void)
{
	struct ledger_note n = { .name = (char *)ONE, .version = (char *)"v" };
	struct pack_info none = { 0 };
	struct ledger *l = open_it();

	n.info = none;
	check(!ledger_note(l, &n, &err) && !ledger_knows(l, ONE, "w", &none) &&
	      ledger_knows(l, ONE, "v", &none),
	      "without hashes only the version tells");
	check(!ledger_done(NULL, ONE) && !ledger_knows(NULL, ONE, "v", NULL) &&
	      !ledger_note(NULL, &n, &err) && !ledger_sync(NULL, &err) &&
	      !ledger_drop(NULL, ONE, &err), "no ledger is no failure");
	ledger_close(l);
}

static void test_bad_lines(void)
{
	static const char text[] =
		"resutil-ledger 1\n"
		"done\t" ONE "\t-\t0\t-\t-\tv1\n"
		"done\t" ONE "\t-\t0\t-\t-\n"
		"done\t" ONE "\t-\t0\t-\t-\tv 2\n"
		"done\t" ONE "\t-\t-1\t-\t-\tv3\n"
		"done\t" ONE "\tid\t0\t-\t-\tv4\n"
		"done\t" ONE "\t-\t0\tabc\t-\tv5\n"
		"done\t../x\t-\t0\t-\t-\tv6\n"
		"done\t" ONE "\t-\t0\t-\t-\tv\0007\n"
		"done\t" ONE "\t-\t0\t-\t-\tv8\tmore\n"
		"drop\t" ONE "\tmore\n" "drop\n" "\n" "what\t" ONE "\n"
		"rename\t" ONE "\t..\n"
		"done\t" TWO "\t-\t0\t-\t-\tw1\n"
		"done\t" ONE "\t-\t0\t-\t-\tv9";
	struct ledger *l;

	put_file(text, sizeof(text) - 1);
	l = open_it();
	check(l && ledger_done(l, ONE) &&
	      !strcmp(ledger_done(l, ONE)->version, "v1"),
	      "lines that cannot be read say nothing, nor does a torn one");
	check(ledger_done(l, TWO) != NULL, "those after them do");
	check(!note(l, SIX, "", 1, "x1") && ledger_done(l, SIX),
	      "a note after a torn line");
	ledger_close(l);
	l = open_it();
	check(ledger_done(l, SIX) && ledger_done(l, TWO), "is read again");
	ledger_close(l);

	put_file("resutil-led", 11);
	l = open_it();
	check(l && !note(l, SIX, "", 1, "x2"), "a torn first line");
	ledger_close(l);
	l = open_it();
	check(ledger_done(l, SIX) && count_lines() == 2, "is written again");
	ledger_close(l);

	put_file("resutil-ledger 2\n", 17);
	check(ledger_open(&l, &project, "origin", &err) == ERR_FAILED &&
	      strstr(err.buf, "newer"), "a later version is refused");
	strbuf_reset(&err);
	sys_unlink(FILE_PATH);
}

static void test_compaction(void)
{
	struct ledger *l = open_it(), *other;
	struct strbuf version = STRBUF_INIT;
	struct stat before, after;
	bool good = true;
	int i;

	note(l, TWO, id_two, 1, "w");
	note(l, SIX, "", 4, "");
	note(l, SIX, "", 5, "");
	for (i = 0; i < 999; i++) {
		strbuf_reset(&version);
		strbuf_addf(&version, "v%d", i);
		good = good && !note(l, ONE, id_one, 1, version.buf);
	}
	check(good, "many notes");
	other = open_it();
	stat(FILE_PATH, &before);
	check(!ledger_sync(l, &err) && count_lines() == 5,
	      "lines that say nothing any more go at a sync");
	stat(FILE_PATH, &after);
	check(before.st_ino != after.st_ino, "the file is another one");
	check(!strcmp(ledger_done(l, ONE)->version, "v998") &&
	      ledger_done(l, TWO), "what counts is still known");
	check(!note(other, TWO, id_two, 2, "w2") &&
	      !strcmp(ledger_done(other, ONE)->version, "v998"),
	      "who had the old file open writes to the new one");
	check(!note(l, SIX, "", 9, "s9") &&
	      !strcmp(ledger_done(l, TWO)->version, "w2"),
	      "and is heard by who wrote it");
	ledger_close(l);
	ledger_close(other);
	l = open_it();
	check(!strcmp(ledger_done(l, ONE)->version, "v998") &&
	      !strcmp(ledger_done(l, TWO)->version, "w2") &&
	      !strcmp(ledger_done(l, SIX)->version, "s9") &&
	      !strcmp(ledger_name_of(l, id_one), ONE), "read again");
	ledger_close(l);
	strbuf_release(&version);
	sys_unlink(FILE_PATH);
}

/* ---- many at once -------------------------------------------------------- */

#define WRITERS 8
#define NOTES 200

static void make_name(struct strbuf *out, int writer, int nr)
{
	strbuf_reset(out);
	strbuf_addf(out, "aapfup_20240704T19%02d%02d_n%d", writer, nr % 60,
		    nr);
}

/* Enough lines that say nothing for the file to be written anew meanwhile. */
static int write_some(struct ledger *l, int writer)
{
	struct strbuf name = STRBUF_INIT;
	int i, ret = 0;

	for (i = 0; i < NOTES && !ret; i++) {
		make_name(&name, writer, i);
		ret = note(l, name.buf, "", 1, "") ||
		      note(l, name.buf, "", 1, "") ||
		      note(l, name.buf, "", 1, "v") ||
		      (i % 10 == 0 && ledger_sync(l, NULL));
	}
	strbuf_release(&name);
	return ret;
}

static bool has_all(struct ledger *l)
{
	struct strbuf name = STRBUF_INIT;
	int writer, i;
	bool good = true;

	for (writer = 0; writer < WRITERS; writer++)
		for (i = 0; i < NOTES; i++) {
			make_name(&name, writer, i);
			good = good && ledger_done(l, name.buf) &&
			       !ledger_intent(l, name.buf);
		}
	strbuf_release(&name);
	return good;
}

static void test_processes(void)
{
	pid_t pid[WRITERS];
	int i, status;
	bool good = true;
	struct ledger *l;

	fflush(stdout);
	for (i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			l = open_it();
			_exit(!l || write_some(l, i));
		}
	}
	for (i = 0; i < WRITERS; i++)
		good = good && waitpid(pid[i], &status, 0) == pid[i] &&
		       WIFEXITED(status) && !WEXITSTATUS(status);
	check(good, "many processes write at once");
	l = open_it();
	check(has_all(l), "and none of their notes is lost");
	check(count_lines() < WRITERS * NOTES * 3, "nor is the file kept long");
	ledger_close(l);
	sys_unlink(FILE_PATH);
}

/* Another process wrote it anew, and the new file has the number of the old
 * one, as file systems like to do. */
static void test_same_number(void)
{
	struct strbuf text = STRBUF_INIT;
	struct stat old, now;
	struct ledger *l, *other;
	int i, tries = 0;

	sys_unlink(FILE_PATH);
	other = open_it();
	note(other, ONE, "", 1, "v");
	ledger_close(other);
	l = open_it();
	check(ledger_done(l, ONE) && !stat(FILE_PATH, &old), "it was read");

	sys_unlink(FILE_PATH);
	other = open_it();
	for (i = 0; i < 3; i++)
		note(other, TWO, "", 1, "v");
	ledger_close(other);
	read_file(&text, FILE_PATH, 1 << 16, &err);
	do {
		put_file(text.buf, text.len);
		check(!stat(FILE_PATH, &now), "another is there");
	} while (now.st_ino != old.st_ino && ++tries < 20);

	check(!note(l, SIX, "", 1, "v") && ledger_done(l, TWO) &&
	      !ledger_done(l, ONE), "what is in the new one is known");
	check(now.st_ino != old.st_ino, "it has a number of its own");
	ledger_close(l);
	strbuf_release(&text);
	sys_unlink(FILE_PATH);
}

struct writer {
	struct ledger *l;
	pthread_t thread;
	int nr, ret;
};

static void *run_writer(void *data)
{
	struct writer *w = data;

	w->ret = write_some(w->l, w->nr);
	return NULL;
}

static void test_threads(void)
{
	struct writer w[WRITERS];
	struct ledger *l = open_it();
	bool good = true;
	int i;

	for (i = 0; i < WRITERS; i++) {
		w[i].l = l;
		w[i].nr = i;
		if (pthread_create(&w[i].thread, NULL, run_writer, &w[i]))
			abort();
	}
	for (i = 0; i < WRITERS; i++) {
		pthread_join(w[i].thread, NULL);
		good = good && !w[i].ret;
	}
	check(good && has_all(l), "many threads write at once");
	ledger_close(l);
	l = open_it();
	check(has_all(l), "and all is in the file");
	ledger_close(l);
	sys_unlink(FILE_PATH);
}

/* Says which notes are there, and is killed at any moment. */
static void write_until_killed(int fd)
{
	struct ledger *l = open_it();
	struct strbuf name = STRBUF_INIT;
	unsigned char nr;

	for (nr = 0; nr < 255; nr++) {
		make_name(&name, 1, nr);
		if (note(l, name.buf, "", nr, "v") ||
		    sys_write_all(fd, &nr, 1))
			_exit(1);
	}
	for (;;)
		pause();
}

static bool survives_kill(int after)
{
	struct strbuf name = STRBUF_INIT;
	int fds[2], i, said = 0;
	struct ledger *l;
	bool good = true;
	char byte;
	pid_t pid;

	sys_unlink(FILE_PATH);
	if (pipe2(fds, O_CLOEXEC))
		return false;
	fflush(stdout);
	pid = fork();
	if (!pid)
		write_until_killed(fds[1]);
	close(fds[1]);
	while (said < after && read(fds[0], &byte, 1) == 1)
		said++;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	while (read(fds[0], &byte, 1) == 1)
		said++;
	close(fds[0]);
	l = open_it();
	for (i = 0; i < said; i++) {
		make_name(&name, 1, i);
		good = good && ledger_done(l, name.buf);
	}
	good = good && !note(l, SIX, "", 1, "after") && ledger_done(l, SIX);
	ledger_close(l);
	strbuf_release(&name);
	return good;
}

static void test_kill(void)
{
	bool good = true;
	int i;

	for (i = 1; i < 60; i += 3)
		good = good && survives_kill(i);
	check(good, "a note that was taken survives kill -9");
	sys_unlink(FILE_PATH);
}

int main(void)
{
	struct strbuf cwd = STRBUF_INIT;
	struct tempfile *scratch;

	if (tempfile_scratch_dir(&scratch, &err) ||
	    chdir(tempfile_path(scratch)) || path_cwd(&cwd, &err))
		return 1;
	project.root = cwd.buf;
	test_notes();
	test_names();
	test_foreign();
	test_bad_lines();
	test_compaction();
	test_processes();
	test_same_number();
	test_threads();
	test_kill();
	tempfile_delete(&scratch);
	strbuf_release(&cwd);
	strbuf_release(&err);
	return unit_done();
}
