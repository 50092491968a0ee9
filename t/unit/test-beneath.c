#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "t/unit/unit.h"


/* A path that no system call takes at once: 60 times 100 bytes. */
#define DEEP 60
#define DEEP_NAME 100

static int root;

static int closed(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd;
}

static bool opens(const char *path, int flags)
{
	return closed(open_beneath(root, path, flags)) >= 0;
}

/* Whether it is refused with that error. */
static bool refused(const char *path, int flags, int error)
{
	errno = 0;
	return closed(open_beneath(root, path, flags)) < 0 && errno == error;
}

static void make_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

/*
 *	dir/sub/file  dir/link -> sub  dir/broken -> nowhere
 *	dir/out -> ..  dir/file-link -> sub/file
 */
static void set_up(void)
{
	if (mkdir("dir", 0700) || mkdir("dir/sub", 0700) ||
	    symlink("sub", "dir/link") || symlink("nowhere", "dir/broken") ||
	    symlink("..", "dir/out") || symlink("sub/file", "dir/file-link"))
		abort();
	root = open("dir", O_RDONLY | O_DIRECTORY);
	make_file(root, "sub/file", "inside");
	make_file(AT_FDCWD, "outside", "outside");
}

static int fd_is_closed_on_exec(const char *path)
{
	int fd = open_beneath(root, path, O_RDONLY);
	int flags = fcntl(fd, F_GETFD);

	closed(fd);
	return flags & FD_CLOEXEC;
}

/* `before` is "", or so long that the kernel is asked for each part alone. */
static void test_paths(const char *before, const char *what)
{
	struct strbuf p = STRBUF_INIT, title = STRBUF_INIT;

#define AT(path)                                                              \
	(strbuf_reset(&p), strbuf_addf(&p, "%s%s", before, path), p.buf)
#define TITLE(text)                                                           \
	(strbuf_reset(&title), strbuf_addf(&title, "%s: %s", what, text),     \
	 title.buf)
	check(opens(AT("sub/file"), O_RDONLY) &&
	      opens(AT("sub//file"), O_RDONLY) &&
	      opens(AT("./sub/./file"), O_RDONLY) &&
	      opens(AT("sub/"), O_PATH) && opens(AT(""), O_RDONLY),
	      TITLE("what is there is opened"));
	check(fd_is_closed_on_exec(AT("sub/file")),
	      TITLE("no program inherits it"));
	check(refused(AT("missing"), O_RDONLY, ENOENT) &&
	      refused(AT("missing/file"), O_RDONLY, ENOENT),
	      TITLE("what is missing is not there"));
	check(refused(AT("sub/file/"), O_RDONLY, ENOTDIR) &&
	      refused(AT("sub/file/x"), O_RDONLY, ENOTDIR) &&
	      refused(AT("sub/file"), O_RDONLY | O_DIRECTORY, ENOTDIR),
	      TITLE("a file is no directory"));
	check(refused(AT("link/file"), O_RDONLY, ELOOP) &&
	      refused(AT("link/"), O_RDONLY, ELOOP) &&
	      refused(AT("link"), O_RDONLY | O_DIRECTORY, ELOOP) &&
	      refused(AT("link"), O_PATH | O_DIRECTORY, ELOOP) &&
	      refused(AT("file-link"), O_RDONLY, ELOOP) &&
	      refused(AT("broken"), O_RDONLY, ELOOP) &&
	      refused(AT("out/outside"), O_RDONLY, ELOOP),
	      TITLE("no link is followed"));
	check(opens(AT("link"), O_PATH), TITLE("a link can be looked at"));
	check(refused(AT(".."), O_RDONLY, EXDEV) &&
	      refused(AT("../outside"), O_RDONLY, EXDEV) &&
	      refused(AT("sub/.."), O_RDONLY, EXDEV) &&
	      refused(AT("sub/../sub/file"), O_RDONLY, EXDEV),
	      TITLE("'..' is refused, even where it stays beneath"));
	check(refused(AT("..x"), O_RDONLY, ENOENT) &&
	      refused(AT("x.."), O_RDONLY, ENOENT) &&
	      refused(AT("..."), O_RDONLY, ENOENT),
	      TITLE("names with two dots are names"));
#undef AT
#undef TITLE
	strbuf_release(&p);
	strbuf_release(&title);
}

static void test_edges(void)
{
	char name[NAME_MAX + 2];
	struct strbuf p = STRBUF_INIT;
	int i, before = closed(dup(root));

	check(refused("/etc", O_RDONLY, EXDEV), "an absolute path is refused");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	check(refused(name, O_RDONLY, ENAMETOOLONG), "a name of 256 bytes");
	for (i = 0; i < 3000; i++)
		strbuf_addstr(&p, "./");
	strbuf_addstr(&p, name);
	check(refused(p.buf, O_RDONLY, ENAMETOOLONG), "the same, by parts");
	check(closed(dup(root)) == before, "nothing was left open");
	strbuf_release(&p);
}

/* Names of the length DEEP_NAME, DEEP of them, and a file "end". */
static void test_deep(void)
{
	struct strbuf path = STRBUF_INIT;
	char name[DEEP_NAME + 1];
	const char *base;
	int at = dup(root), next, fd, i, before;
	struct stat a, b;

	memset(name, 'd', DEEP_NAME);
	name[DEEP_NAME] = '\0';
	for (i = 0; i < DEEP; i++) {
		if (mkdirat(at, name, 0700))
			abort();
		next = openat(at, name, O_RDONLY | O_DIRECTORY);
		close(at);
		at = next;
		strbuf_addf(&path, "%s/", name);
	}
	make_file(at, "end", "of a long path");
	if (symlinkat(".", at, "here") || fstat(at, &a))
		abort();
	close(at);
	strbuf_addstr(&path, "end");
	before = closed(dup(root));
	check(path.len > PATH_MAX && opens(path.buf, O_RDONLY),
	      "a path of more than 4096 bytes");
	fd = open_parent_beneath(root, path.buf, &base);
	check(fd >= 0 && !fstat(fd, &b) && a.st_ino == b.st_ino &&
	      base == path.buf + path.len - 3, "and its parent");
	closed(fd);
	strbuf_addstr(&path, "/x");
	check(refused(path.buf, O_RDONLY, ENOTDIR), "a file in its middle");
	strbuf_setlen(&path, path.len - 5);
	strbuf_addstr(&path, "here/end");
	check(refused(path.buf, O_RDONLY, ELOOP), "a link in its middle");
	check(closed(dup(root)) == before, "nothing was left open");
	strbuf_release(&path);
}

static void test_parent(void)
{
	static const struct { const char *path, *parent, *base; } part[] = {
		{ "sub/file", "dir/sub", "file" }, { "sub", "dir", "sub" },
		{ "sub/", "dir", "sub/" }, { "sub//file", "dir/sub", "file" },
		{ "missing", "dir", "missing" }, { "", "dir", "" },
		{ "sub/new/", "dir/sub", "new/" }
	};
	const char *base;
	struct stat a, b;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(part); i++) {
		char *what = xstrfmt("parent of '%s'", part[i].path);

		fd = open_parent_beneath(root, part[i].path, &base);
		check(fd >= 0 && !fstat(fd, &a) && !stat(part[i].parent, &b) &&
		      a.st_ino == b.st_ino && a.st_dev == b.st_dev &&
		      !strcmp(base, part[i].base), what);
		closed(fd);
		free(what);
	}
	check(open_parent_beneath(root, "missing/x", &base) < 0 &&
	      errno == ENOENT, "parent: missing");
	check(open_parent_beneath(root, "link/x", &base) < 0 &&
	      errno == ELOOP, "parent: a link");
	check(open_parent_beneath(root, "sub/../x", &base) < 0 &&
	      errno == EXDEV, "parent: '..'");
	check(open_parent_beneath(root, "/x", &base) < 0, "parent: absolute");
}

int main(void)
{
	char scratch[] = "/tmp/resutil-beneath-XXXXXX";
	struct strbuf dots = STRBUF_INIT;
	int i;

	if (!mkdtemp(scratch) || chdir(scratch))
		return 1;
	set_up();
	for (i = 0; i < PATH_MAX / 2; i++)
		strbuf_addstr(&dots, "./");
	test_paths("", "at once");
	test_paths(dots.buf, "by parts");
	test_edges();
	test_deep();
	test_parent();
	close(root);
	strbuf_release(&dots);
	if (chdir("/") || sys_remove_tree(scratch))
		return 1;
	return unit_done();
}
