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
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return (int)fd;
}

static bool is_dot_dot(const char *name)
{
	return name[0] == '.' && name[1] == '.' && !name[2];
}

/* openat(2) of a single component. */
static int open_one(int dirfd, const char *name, int flags)
{
	if (is_dot_dot(name)) {
		errno = EXDEV;
		return -1;
	}
	return openat(dirfd, name, flags);
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
	if (*path == '/') {
		errno = EXDEV;
		return -1;
	}
	if (strlen(path) <= PART_MAX) {
		fd = open_by_kernel(dirfd, path, flags);
		if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
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
