#include "lib/base/compat.h"
#include "lib/base/dir-names.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "t/unit/unit.h"

#include <dirent.h>

static char scratch[] = "/tmp/resutil-unit-XXXXXX";

static void absolute_is(const char *base, const char *path, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	path_absolute(&sb, base, path);
	check_str(sb.buf, want, want);
	strbuf_release(&sb);
}

static void relative_is(const char *from, const char *to, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	path_relative(&sb, from, to);
	check_str(sb.buf, want, want);
	strbuf_release(&sb);
}

static void test_text(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct strbuf cwd = STRBUF_INIT;

	absolute_is("/a/b", "c", "/a/b/c");
	absolute_is("/a/b", "../c/./d//e/", "/a/c/d/e");
	absolute_is("/a/b", "../../../..", "/");
	absolute_is("/a", "/x/../y", "/y");
	absolute_is("/a/", "", "/a");
	absolute_is("/a/", "..b/...", "/a/..b/...");
	absolute_is("/", ".", "/");
	check(!path_cwd(&cwd, NULL), "there is a working directory");
	path_absolute(&sb, NULL, ".");
	check_str(sb.buf, cwd.buf, "relative to the working directory");
	strbuf_reset(&sb);
	strbuf_addstr(&sb, "/keep");
	path_absolute(&sb, "/", "../x");
	check_str(sb.buf, "/keep/x", "what is there already is not touched");

	relative_is("/a/b", "/a/b", ".");
	relative_is("/a/b", "/a/b/c/d", "c/d");
	relative_is("/a/b", "/a/bc", "../bc");
	relative_is("/a/b", "/a", "..");
	relative_is("/a/b", "/x", "../../x");
	relative_is("/", "/x/y", "x/y");
	relative_is("/x", "/", "..");
	relative_is("/", "/", ".");

	check_str(path_below("/a/b/c", "/a"), "b/c", "below");
	check_str(path_below("/a/b", "/a/b"), "", "the directory itself");
	check_str(path_below("/a/b", "/"), "a/b", "below the root");
	check_str(path_below("/a/b", "/a/"), "b", "a slash at the end");
	check(!path_below("/ab", "/a"), "a longer name is not below");
	check(!path_below("/a", "/a/b"), "above is not below");
	check_str(path_basename("/a/b"), "b", "the last component");
	check_str(path_basename("b"), "b", "the only component");
	strbuf_release(&sb);
	strbuf_release(&cwd);
}

static void put_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);
	ssize_t put = fd < 0 ? -1 : write(fd, text, strlen(text));

	check(put == (ssize_t)strlen(text), "setup: a file");
	if (fd >= 0)
		close(fd);
}

static void test_files(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	struct strbuf want = STRBUF_INIT;

	put_file("file", "0123456789", 0666);
	check(!mkdir("dir", 0777) && !symlink("dir", "link") &&
	      !symlink("gone", "dangling") && !mkfifo("fifo", 0666), "setup");
	check(!read_file(&sb, "file", 10, &err), "a file is read");
	check_str(sb.buf, "0123456789", "all of it");
	check(read_file(&sb, "file", 9, &err) == ERR_CONTENT,
	      "a larger one is refused");
	check_str(err.buf, "'file' is larger than 9 bytes", "with the reason");
	check(read_file(&sb, "none", 9, NULL) == ERR_NOT_FOUND, "none");
	check(read_file(&sb, "dir", 9, NULL) == ERR_FAILED, "a directory");
	strbuf_reset(&err);
	check(read_file(&sb, "/proc/self/mem", 9, &err) == ERR_FAILED &&
	      strstr(err.buf, "cannot read '/proc/self/mem'"),
	      "one that gives no bytes");
	check(read_file(&sb, "fifo", 9, NULL) == ERR_FAILED,
	      "a FIFO does not hang");

	check(path_is_dir("link") && !path_is_dir("file") &&
	      !path_is_dir("dangling"), "directories through links");
	check(path_exists("dangling") && !path_exists("gone"), "links count");

	strbuf_reset(&sb);
	path_real(&sb, "link/../link/x//y/../z");
	path_real(&want, ".");
	strbuf_addstr(&want, "/dir/x/z");
	check_str(sb.buf, want.buf, "as far as it exists, the rest as text");
	strbuf_reset(&sb);
	path_real(&sb, "/");
	check_str(sb.buf, "/", "the root");
	strbuf_release(&sb);
	strbuf_release(&err);
	strbuf_release(&want);
}

static void test_xdg(void)
{
	struct strbuf sb = STRBUF_INIT;

	setenv("HOME", "/h", 1);
	setenv("XDG_CACHE_HOME", "/c/", 1);
	check(!path_xdg(&sb, "XDG_CACHE_HOME", ".cache", NULL), "given");
	check_str(sb.buf, "/c/resutil", "the variable");
	strbuf_reset(&sb);
	setenv("XDG_CACHE_HOME", "relative", 1);
	check(!path_xdg(&sb, "XDG_CACHE_HOME", ".cache", NULL), "relative");
	check_str(sb.buf, "/h/.cache/resutil", "a relative one is ignored");
	unsetenv("HOME");
	check(path_xdg(&sb, "XDG_CACHE_HOME", ".cache", NULL) == ERR_FAILED,
	      "there is no such place");
	strbuf_release(&sb);
}

static void program_is(const char *name, int want, const char *what)
{
	struct strbuf path = STRBUF_INIT;
	struct strbuf why = STRBUF_INIT;
	int got = path_find_program(&path, name, &why);

	check(got == want, what);
	check(want ? !path.len && why.len : path.len && !why.len,
	      "a path, or a reason");
	strbuf_release(&path);
	strbuf_release(&why);
}

static void test_programs(void)
{
	setenv("PATH", "/nowhere:bin:/usr/bin:/bin", 1);
	check(!mkdir("bin", 0777) && !mkdir("bin/sh", 0777), "setup");
	put_file("bin/noexec", "#!/bin/sh\n", 0644);
	put_file("bin/script", "#! /bin/sh -e\n", 0755);
	put_file("bin/lost", "#!/no/such/interpreter x\n", 0755);
	put_file("bin/odd", "#!/tmp\n", 0755);
	put_file("bin/bare", "#! \n", 0755);
	put_file("bin/text", "echo hi\n", 0755);
	program_is("sh", 0, "a directory in PATH is passed over");
	program_is("script", 0, "a script");
	program_is("./bin/script", 0, "by its path");
	program_is("noexec", 126, "one that may not be run");
	program_is("lost", 127, "one whose interpreter is missing");
	program_is("odd", 126, "one whose interpreter is a directory");
	program_is("bare", 126, "one that names no interpreter");
	program_is("text", 126, "one without a known form");
	program_is("bin", 127, "no directory by name");
	program_is("./bin", 126, "a directory by path");
	program_is("no-such-program", 127, "unknown");
	program_is("./no-such-program", 127, "unknown by path");
	program_is("", 127, "the empty name");
}

/* More of them than are read at once. */
static void test_names(void)
{
	size_t others = 0, nr = 0, i;
	struct dir_names names;
	unsigned char type;
	const char *name;
	bool seen[300] = { false };
	char path[32];
	int fd;

	mkdir("many", 0700);
	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		snprintf(path, sizeof(path), "many/%zu", i);
		close(open(path, O_WRONLY | O_CREAT, 0600));
	}
	fd = open("many", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir_names_begin(&names, fd);
	while ((name = dir_names_next(&names, &type))) {
		if (*name == '.') {
			others++;
			continue;
		}
		i = strtoul(name, NULL, 10);
		if (i < ARRAY_SIZE(seen) && !seen[i] &&
		    (type == DT_REG || type == DT_UNKNOWN))
			nr++;
		if (i < ARRAY_SIZE(seen))
			seen[i] = true;
	}
	check(!errno && nr == ARRAY_SIZE(seen) && others == 2,
	      "each name of a directory once");
	close(fd);
	check(!dir_names_next(&names, NULL) && errno == EBADF,
	      "a directory that cannot be read");
	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		snprintf(path, sizeof(path), "many/%zu", i);
		unlink(path);
	}
	rmdir("many");
}

int main(void)
{
	test_text();
	check(mkdtemp(scratch) && !chdir(scratch), "setup: a scratch place");
	test_files();
	test_names();
	test_programs();
	test_xdg();
	unlink("file");
	unlink("link");
	unlink("dangling");
	unlink("fifo");
	rmdir("dir");
	rmdir("bin/sh");
	unlink("bin/noexec");
	unlink("bin/script");
	unlink("bin/lost");
	unlink("bin/odd");
	unlink("bin/bare");
	unlink("bin/text");
	check(!rmdir("bin") && !chdir("/") && !rmdir(scratch),
	      "nothing is left behind");
	return unit_done();
}
