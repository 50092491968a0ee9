#include "lib/base/compat.h"
#include "lib/base/sys.h"
#include "lib/base/path.h"
#include "lib/base/tempfile.h"
#include "lib/base/strbuf.h"
#include "t/unit/unit.h"

static struct strbuf content = STRBUF_INIT;

static const char *content_of(const char *path)
{
	strbuf_reset(&content);
	if (read_file(&content, path, 100 << 20, NULL))
		return NULL;
	return content.buf;
}

static void put(const char *path, const char *text)
{
	int fd = sys_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || sys_write_all(fd, text, strlen(text)) || close(fd))
		check(false, "a file for the test can be written");
}

static void test_open(void)
{
	int fd = sys_open("opened", O_WRONLY | O_CREAT, 0640);
	unsigned before = sys_count(SYS_WRITE);
	struct stat st;

	check(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC),
	      "what is opened is not inherited by programs");
	check(!fstat(fd, &st) && (st.st_mode & 0777) == 0640, "mode is given");
	check(!sys_write_all(fd, "abc", 3) &&
	      sys_count(SYS_WRITE) == before + 1, "a write is counted");
	before = sys_count(SYS_SYNC);
	check(!sys_fsync(fd) && !sys_fsync_dir(".") && !sys_syncfs(fd) &&
	      sys_count(SYS_SYNC) == before + 3, "syncs are counted");
	check(!sys_ftruncate(fd, 1) && !strcmp(content_of("opened"), "a"),
	      "ftruncate");
	check(!sys_fchmod(fd, 0600) && !fstat(fd, &st) &&
	      (st.st_mode & 0777) == 0600, "fchmod");
	close(fd);
	check(sys_open("no/such", O_WRONLY | O_CREAT, 0666) < 0 &&
	      errno == ENOENT, "a failure keeps errno");
	check(sys_fsync_dir("missing") < 0 && errno == ENOENT,
	      "sync of a missing directory fails");
}

/* A reader that is slow: the pipe is full, and the write end nonblocking. */
static void test_nonblocking(void)
{
	static char big[300000];
	char buf[4096];
	size_t got = 0;
	int ends[2], i, bad = 0;
	ssize_t n;
	pid_t pid;

	for (i = 0; i < (int)sizeof(big); i++)
		big[i] = (char)(i % 251);
	if (pipe2(ends, O_CLOEXEC))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(ends[0]);
		fcntl(ends[1], F_SETFL, O_NONBLOCK);
		_exit(sys_write_all(ends[1], big, sizeof(big)) ? 1 : 0);
	}
	close(ends[1]);
	usleep(20000);	/* only makes a full pipe more likely */
	while ((n = read(ends[0], buf, sizeof(buf))) > 0) {
		bad |= memcmp(buf, big + got, (size_t)n);
		got += (size_t)n;
	}
	close(ends[0]);
	check(got == sizeof(big) && !bad,
	      "write_all writes everything to a nonblocking pipe");
}

static void test_rename(void)
{
	put("one", "1");
	put("two", "2");
	check(sys_rename_noreplace("one", "two") < 0 && errno == EEXIST &&
	      !strcmp(content_of("two"), "2") && path_exists("one"),
	      "rename_noreplace keeps a file that is there");
	check(!sys_rename_noreplace("one", "three") && !path_exists("one") &&
	      !strcmp(content_of("three"), "1"), "and renames to a free name");
	check(!sys_mkdir("dir-a", 0777) && !sys_mkdir("dir-b", 0777) &&
	      sys_rename_noreplace("dir-a", "dir-b") < 0 && errno == EEXIST &&
	      path_is_dir("dir-a"),
	      "also an empty directory that is there is kept");
	check(!sys_rename_noreplace("dir-a", "dir-c"), "directories rename");
	check(symlink("nowhere", "dangling") == 0 &&
	      sys_rename_noreplace("three", "dangling") < 0 && errno == EEXIST,
	      "a dangling link counts as there");
	check(!sys_rename("three", "two") && !strcmp(content_of("two"), "1"),
	      "rename replaces");
}

static void test_places(void)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT }, { .tv_sec = 1720120554 }
	};
	unsigned before = sys_count(SYS_WRITE);
	int fd = sys_open("places", O_RDWR | O_CREAT, 0666), path_fd;
	struct stat st;

	check(fd >= 0 && !sys_write_all(fd, "0123", 4) &&
	      !sys_pwrite_all(fd, "xy", 2, 1) &&
	      !sys_pwrite_all(fd, "end", 3, 6) &&
	      sys_count(SYS_WRITE) == before + 3 &&
	      !sys_write_all(fd, "4", 1) &&
	      content_of("places") && content.len == 9 &&
	      !memcmp(content.buf, "0xy34\0end", 9),
	      "pwrite_all writes at a place, and the file's own stays");
	close(fd);
	check(sys_pwrite_all(fd, "x", 1, 0) < 0 && errno == EBADF,
	      "pwrite_all keeps errno");

	path_fd = open("places", O_PATH | O_CLOEXEC);
	check(path_fd >= 0 && !sys_fchmod(path_fd, 0) &&
	      !fstat(path_fd, &st) && !(st.st_mode & 07777) &&
	      !sys_fchmod(path_fd, 0640) && !fstat(path_fd, &st) &&
	      (st.st_mode & 07777) == 0640,
	      "fchmod takes an O_PATH descriptor");
	close(path_fd);
	check(sys_fchmod(path_fd, 0600) < 0 && errno == EBADF,
	      "but not one that is closed");

	check(!symlink("places", "to-places") &&
	      !sys_utimensat(AT_FDCWD, "to-places", times,
			     AT_SYMLINK_NOFOLLOW) &&
	      !lstat("to-places", &st) && st.st_mtime == times[1].tv_sec &&
	      !stat("to-places", &st) && st.st_mtime != times[1].tv_sec,
	      "utimensat sets the time of a link");
	check(!sys_utimensat(AT_FDCWD, "to-places", times, 0) &&
	      !stat("places", &st) && st.st_mtime == times[1].tv_sec,
	      "or of what it leads to");
	check(sys_utimensat(AT_FDCWD, "missing", times, 0) < 0 &&
	      errno == ENOENT, "and keeps errno");
}

static void test_mkdir_all(void)
{
	check(!sys_mkdir_all("a/b//c/", 0777) && path_is_dir("a/b/c"),
	      "mkdir_all makes all levels");
	check(!sys_mkdir_all("a/b/c", 0777), "and takes what is there");
	check(!sys_mkdir_all_synced("s/t//u/", 0777) && path_is_dir("s/t/u") &&
	      !sys_mkdir_all_synced("s", 0777), "also when it syncs");
	check(!symlink("a", "link") && !sys_mkdir_all("link/b/d", 0777) &&
	      path_is_dir("a/b/d"), "and goes through links");
	put("file", "");
	check(sys_mkdir_all("file/x", 0777) < 0 && errno == ENOTDIR,
	      "a file on the way is ENOTDIR");
	check(sys_mkdir_all("file", 0777) < 0 && errno == ENOTDIR,
	      "a file at the end is ENOTDIR");
	check(sys_mkdir_all("", 0777) < 0, "nothing is no directory");
}

static void test_remove_tree(void)
{
	put("keep", "kept");
	check(!sys_mkdir_all("tree/x/y", 0777) && !mkdir("other", 0777),
	      "setup");
	put("tree/x/y/file", "");
	put("other/file", "");
	check(!symlink("../other", "tree/link") &&
	      !symlink("../keep", "tree/x/link") && !sys_remove_tree("tree") &&
	      !path_exists("tree"), "a tree is removed");
	check(path_exists("other/file") && path_exists("keep"),
	      "links in it are not followed");
	check(!symlink("other", "to-other") && !sys_remove_tree("to-other") &&
	      !path_exists("to-other") && path_exists("other/file"),
	      "a link to a directory is only unlinked");
	check(!sys_remove_tree("tree"), "nothing there is fine");
	check(!sys_remove_tree("keep") && !path_exists("keep"),
	      "a file is removed too");
	if (geteuid()) {
		check(!mkdir("stuck", 0777) && !mkdir("stuck/in", 0777) &&
		      !chmod("stuck", 0555) && sys_remove_tree("stuck") < 0 &&
		      errno == EACCES, "what cannot be removed is an error");
		chmod("stuck", 0755);
	}
}

static int64_t copy(const char *from, const char *to, int64_t len, int flags)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = sys_open(to, O_WRONLY | O_CREAT | O_TRUNC | flags, 0666);
	int64_t ret = sys_copy(in, out, len);

	close(in);
	close(out);
	return ret;
}

static void test_copy(void)
{
	char *big = malloc(20 << 20);
	int fd, ends[2];
	size_t i;

	if (!big || pipe2(ends, O_CLOEXEC))
		return;
	for (i = 0; i < 20 << 20; i++)
		big[i] = (char)((i * 2654435761u) >> 13);
	fd = sys_open("big", O_WRONLY | O_CREAT, 0666);
	check(!sys_write_all(fd, big, 20 << 20) && !close(fd), "setup");
	check(copy("big", "big2", -1, 0) == 20 << 20 && content_of("big2") &&
	      content.len == 20 << 20 && !memcmp(content.buf, big, 20 << 20),
	      "a large file is copied whole");
	check(copy("big", "part", 10000001, 0) == 10000001 &&
	      content_of("part") && content.len == 10000001 &&
	      !memcmp(content.buf, big, 10000001), "a part is copied");
	check(copy("big", "more", 30 << 20, 0) == 20 << 20,
	      "the end of the file ends the copy");
	check(copy("big", "app", -1, O_APPEND) == 20 << 20 &&
	      content_of("app") && content.len == 20 << 20,
	      "to a file opened for appending");
	check(copy("/proc/self/stat", "stat", -1, 0) > 0 &&
	      content_of("stat") && content.len > 0,
	      "a file of /proc, whose size is 0");
	put("empty", "");
	check(copy("empty", "empty2", -1, 0) == 0, "an empty file");
	check(write(ends[1], "through a pipe", 14) == 14 && !close(ends[1]),
	      "setup");
	fd = sys_open("piped", O_WRONLY | O_CREAT, 0666);
	check(sys_copy(ends[0], fd, -1) == 14 &&
	      !strcmp(content_of("piped"), "through a pipe"), "from a pipe");
	close(fd);
	close(ends[0]);
	free(big);
}

int main(void)
{
	struct tempfile *scratch;

	if (tempfile_scratch_dir(&scratch, NULL) ||
	    chdir(tempfile_path(scratch)))
		return 1;
	test_open();
	test_nonblocking();
	test_rename();
	test_places();
	test_mkdir_all();
	test_remove_tree();
	test_copy();
	strbuf_release(&content);
	return unit_done();
}
