#include "lib/base/compat.h"
#include "lib/base/beneath.h"

#include <linux/openat2.h>
#include <sys/syscall.h>

/* One part of a path that one system call takes, always at a slash. */
#define PART_MAX (PATH_MAX - 1)

/*
 * Kernels before 5.6 and some sandboxes have no openat2(2). There each
 * component is opened by itself.
 */
static int open_by_kernel(int dirfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS
	};
	long fd;

	do {
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	} while (fd < 0 && errno == EINTR);
	return (int)fd;
}

/* The kernel would let one pass that stays beneath. */
static bool has_dot_dot(const char *path)
{
	const char *p = path;

	while ((p = strstr(p, ".."))) {
		if ((p == path || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
		p += 2;
	}
	return false;
}

/* openat(2) of a single component. A link where a directory is wanted is said
 * to be one, which openat(2) does not. */
static int open_one(int dirfd, const char *name, int flags)
{
	int fd = openat(dirfd, name, flags);
	struct stat st;

	if (fd >= 0 || errno != ENOTDIR)
		return fd;
	errno = !fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) &&
		S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
	return -1;
}

static int open_by_parts(int dirfd, const char *path, int flags)
{
	const int step = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	char name[NAME_MAX + 1];
	int at = dirfd, next = -1, saved;

	for (;;) {
		size_t len = strcspn(path, "/");
		const char *rest = path + len;

		rest += strspn(rest, "/");
		if (len > NAME_MAX) {
			errno = ENAMETOOLONG;
			next = -1;
		} else {
			memcpy(name, path, len);
			name[len] = '\0';
			next = open_one(at, name, *rest ? step : flags |
					(path[len] ? O_DIRECTORY : 0));
		}
		if (at != dirfd) {
			saved = errno;
			close(at);
			errno = saved;
		}
		if (next < 0 || !*rest)
			return next;
		at = next;
		path = rest;
	}
}

int open_beneath(int dirfd, const char *path, int flags)
{
	int fd;

	flags |= O_CLOEXEC | O_NOFOLLOW;
	if (!*path)
		path = ".";
	if (*path == '/' || has_dot_dot(path)) {
		errno = EXDEV;
		return -1;
	}
	if (strlen(path) <= PART_MAX) {
		fd = open_by_kernel(dirfd, path, flags);
		/* ENOTDIR: looked at by parts, it may be a link. */
		if (fd >= 0 || (errno != ENOSYS && errno != EPERM &&
				errno != ENOTDIR))
			return fd;
	}
	return open_by_parts(dirfd, path, flags);
}

int open_parent_beneath(int dirfd, const char *path, const char **base)
{
	size_t len = strlen(path);
	char *parent;
	int fd, saved;

	while (len && path[len - 1] == '/')
		len--;
	while (len && path[len - 1] != '/')
		len--;
	*base = path + len;
	if (*path == '/') {
		errno = EXDEV;
		return -1;
	}
	if (!len)
		return open_beneath(dirfd, "", O_PATH | O_DIRECTORY);

	parent = strndup(path, len - 1);
	if (!parent)
		return -1;
	fd = open_beneath(dirfd, parent, O_PATH | O_DIRECTORY);
	saved = errno;
	free(parent);
	errno = saved;
	return fd;
}
