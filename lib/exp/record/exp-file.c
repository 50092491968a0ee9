#include "lib/base/compat.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/exp/record/exp-file.h"

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define MAX_DEPTH 64	/* of directories that are counted; bounds the stack */

static bool has_dotdot(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && !memcmp(path, "..", 2))
			return true;
		path += len;
		path += strspn(path, "/");
	}
	return false;
}

/*
 * A link may be followed to where it stays inside. Not on a kernel before 5.6,
 * or in a sandbox that forbids openat2(2): there none is.
 */
static int open_inside(int dirfd, const char *path)
{
	struct open_how how = {
		.flags = OPEN_FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS
	};
	long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_beneath(dirfd, path, OPEN_FLAGS);
	return (int)fd;
}

int exp_file_open(int *fd, const char *dir, const char *path,
		  struct strbuf *err)
{
	struct stat st;
	int dirfd;

	*fd = -1;
	if (*path == '/' || has_dotdot(path))
		return fail(err, ERR_USAGE, "'%s' is not a path inside the "
			    "experiment", path);
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return fail_errno(err, "cannot open '%s'", dir);
	*fd = open_inside(dirfd, *path ? path : ".");
	if (*fd < 0) {
		int ret;

		if (errno == EXDEV || errno == ELOOP)
			ret = fail(err, ERR_FAILED, "'%s' leads out of the "
				   "experiment by a link", path);
		else
			ret = fail_errno(err, "cannot open '%s/%s'", dir, path);
		close(dirfd);
		return ret;
	}
	close(dirfd);
	if (fstat(*fd, &st) < 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
		close(*fd);
		*fd = -1;
		return fail(err, ERR_FAILED, "'%s/%s' is neither a file nor a "
			    "directory", dir, path);
	}
	return 0;
}

static bool is_directory(int dirfd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return !fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(st.st_mode);
}

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

int exp_file_list(struct strvec *out, int fd, struct strbuf *err)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int ret = 0;

	if (!dir) {
		ret = fail_errno(err, "cannot read the directory");
		close(fd);
		return ret;
	}
	while (errno = 0, (entry = readdir(dir)))
		if (!is_dot(entry->d_name))
			strvec_pushf(out, "%s%s", entry->d_name,
				     is_directory(fd, entry) ? "/" : "");
	if (errno)
		ret = fail_errno(err, "cannot read the directory");
	closedir(dir);
	strvec_sort(out, false);
	return ret;
}

static void add_usage(struct exp_usage *usage, int dirfd, const char *name,
		      int depth)
{
	const struct dirent *entry;
	struct stat st;
	DIR *dir;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (!S_ISDIR(st.st_mode)) {
		usage->files++;
		if (S_ISREG(st.st_mode))
			usage->bytes += (uint64_t)st.st_size;
		return;
	}
	fd = depth ? openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			    O_CLOEXEC) : -1;
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (!is_dot(entry->d_name))
			add_usage(usage, fd, entry->d_name, depth - 1);
	closedir(dir);
}

void exp_file_usage(struct exp_usage *usage, int dirfd, const char *name)
{
	add_usage(usage, dirfd, name, MAX_DEPTH);
}
