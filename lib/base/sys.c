#include "lib/base/compat.h"
#include "lib/base/sys.h"
#include "lib/base/fault.h"
#include "lib/base/sys-journal.h"
#include "lib/base/trace.h"

#include <poll.h>

static unsigned counts[SYS_KIND_NR];

enum fault sys_enter(enum sys_kind kind, const char *path, int fd)
{
	__atomic_add_fetch(&counts[kind], 1, __ATOMIC_RELAXED);
	return fault_point(kind, path, fd);
}

/*
 * One call that returns -1 and errno, with its fault point: `expr` is done
 * again when a signal came in between. "short" means nothing here. The journal
 * sees the call as `note`.
 */
#define NOTED_DOOR(ret, kind, note, path, fd, expr)                           \
	do {                                                                  \
		enum fault fault_ = sys_enter((kind), (path), (fd));          \
		bool noted_;                                                  \
		if (fault_ == FAULT_ERROR) {                                  \
			(ret) = -1;                                           \
			break;                                                \
		}                                                             \
		noted_ = journal_enter((note), (fd));                         \
		do {                                                          \
			(ret) = (expr);                                       \
		} while ((ret) < 0 && errno == EINTR);                        \
		journal_leave(noted_, (note), (fd), (ret) >= 0);              \
		fault_after(fault_);                                          \
	} while (0)

#define DOOR(ret, kind, path, fd, expr)                                       \
	NOTED_DOOR(ret, kind, JOURNAL_CHANGE, path, fd, expr)

unsigned sys_count(enum sys_kind kind)
{
	return __atomic_load_n(&counts[kind], __ATOMIC_RELAXED);
}

int sys_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	/* What has no name yet is nothing that could be found again. */
	enum journal_call note = flags & (O_CREAT | O_TRUNC) ?
				 JOURNAL_CHANGE : JOURNAL_NOTHING;
	int ret;

	NOTED_DOOR(ret, SYS_OPEN, note, path, -1,
		   openat(dirfd, path, flags | O_CLOEXEC, mode));
	return ret;
}

int sys_open(const char *path, int flags, mode_t mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

ssize_t sys_write(int fd, const void *data, size_t len)
{
	enum fault fault = sys_enter(SYS_WRITE, NULL, fd);
	ssize_t ret;
	bool noted;

	if (fault == FAULT_ERROR)
		return -1;
	if (fault == FAULT_SHORT && len > 1)
		len /= 2;
	noted = journal_enter(JOURNAL_WRITE, fd);
	do {
		ret = write(fd, data, len);
	} while (ret < 0 && errno == EINTR);
	journal_leave(noted, JOURNAL_WRITE, fd, ret > 0);
	fault_after(fault);
	return ret;
}

int sys_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = sys_write(fd, at, len);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			if (poll(&wait, 1, -1) < 0 && errno != EINTR)
				return -1;
			continue;
		}
		if (n < 0)
			return -1;
		if (!n) {
			errno = ENOSPC;
			return -1;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int sys_pwrite_all(int fd, const void *data, size_t len, off_t offset)
{
	const char *at = data;

	while (len) {
		enum fault fault = sys_enter(SYS_WRITE, NULL, fd);
		size_t want = fault == FAULT_SHORT && len > 1 ? len / 2 : len;
		ssize_t n;
		bool noted;

		if (fault == FAULT_ERROR)
			return -1;
		noted = journal_enter(JOURNAL_WRITE, fd);
		do {
			n = pwrite(fd, at, want, offset);
		} while (n < 0 && errno == EINTR);
		journal_leave(noted, JOURNAL_WRITE, fd, n > 0);
		fault_after(fault);
		if (n < 0)
			return -1;
		if (!n) {
			errno = ENOSPC;
			return -1;
		}
		at += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}

static void trace_sync(const char *call, int fd)
{
	char self[64], path[PATH_MAX];
	ssize_t len;

	if (!trace_wanted())
		return;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	len = readlink(self, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	trace_printf("sys: %s %s", call, path);
}

int sys_fsync(int fd)
{
	int ret;

	trace_sync("fsync", fd);
	NOTED_DOOR(ret, SYS_SYNC, JOURNAL_SYNC, NULL, fd, fsync(fd));
	return ret;
}

int sys_fsync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret, saved;

	if (fd < 0)
		return -1;
	trace_sync("fsync", fd);
	NOTED_DOOR(ret, SYS_SYNC, JOURNAL_SYNC, path, fd, fsync(fd));
	if (ret < 0 && errno == EINVAL)
		ret = 0;
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}

int sys_syncfs(int fd)
{
	int ret;

	trace_sync("syncfs", fd);
	NOTED_DOOR(ret, SYS_SYNC, JOURNAL_SYNCFS, NULL, fd, syncfs(fd));
	return ret;
}

int sys_rename(const char *from, const char *to)
{
	int ret;

	DOOR(ret, SYS_RENAME, to, -1, rename(from, to));
	return ret;
}

static bool exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/*
 * Where the file system has no RENAME_NOREPLACE (NFS, 9p, some FUSE). What is
 * already there is never lost: link(2) refuses, and of directories rename(2)
 * replaces only an empty one.
 */
static int rename_careful(const char *from, const char *to)
{
	struct stat st;
	int fd;

	if (lstat(from, &st))
		return -1;
	if (exists(to)) {
		errno = EEXIST;
		return -1;
	}
	if (S_ISDIR(st.st_mode)) {
		if (!rename(from, to))
			return 0;
		if (errno == ENOTEMPTY || errno == ENOTDIR)
			errno = EEXIST;
		return -1;
	}
	if (!link(from, to))
		return unlink(from);
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS &&
	    errno != EMLINK)
		return -1;
	/* No links either (FAT): an empty file claims the name. */
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	close(fd);
	return rename(from, to);
}

static int rename_noreplace(const char *from, const char *to)
{
	int ret = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

	if (ret < 0 && (errno == EINVAL || errno == ENOSYS ||
			errno == EOPNOTSUPP))
		ret = rename_careful(from, to);
	return ret;
}

int sys_rename_noreplace(const char *from, const char *to)
{
	int ret;

	DOOR(ret, SYS_RENAME, to, -1, rename_noreplace(from, to));
	return ret;
}

int sys_renameat(int from_dir, const char *from, int to_dir, const char *to,
		 unsigned flags)
{
	int ret;

	/* Without flags the older call, which every kernel has. */
	DOOR(ret, SYS_RENAME, to, -1,
	     flags ? renameat2(from_dir, from, to_dir, to, flags) :
		     renameat(from_dir, from, to_dir, to));
	return ret;
}

int sys_mkdirat(int dirfd, const char *path, mode_t mode)
{
	int ret;

	DOOR(ret, SYS_MKDIR, path, -1, mkdirat(dirfd, path, mode));
	return ret;
}

int sys_mkdir(const char *path, mode_t mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int sync_above(const char *path)
{
	char dir[PATH_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len && path[len - 1] != '/')
		len--;
	if (!len)
		return sys_fsync_dir(".");
	memcpy(dir, path, len);
	dir[len] = '\0';
	return sys_fsync_dir(dir);
}

/* One level; somebody else may have made it in between. */
static int mkdir_once(const char *path, mode_t mode, bool sync)
{
	if (is_dir(path))
		return 0;
	if (!sys_mkdir(path, mode))
		return sync ? sync_above(path) : 0;
	if (errno != EEXIST)
		return -1;
	if (is_dir(path))
		return 0;
	errno = ENOTDIR;
	return -1;
}

static int mkdir_all(const char *path, mode_t mode, bool sync)
{
	char part[PATH_MAX];
	size_t len = strlen(path), i;

	if (!len || len >= sizeof(part)) {
		errno = len ? ENAMETOOLONG : ENOENT;
		return -1;
	}
	if (is_dir(path))
		return 0;
	memcpy(part, path, len + 1);
	for (i = 1; i < len; i++) {
		if (part[i] != '/' || part[i - 1] == '/')
			continue;
		part[i] = '\0';
		if (mkdir_once(part, mode, sync))
			return -1;
		part[i] = '/';
	}
	return mkdir_once(part, mode, sync);
}

int sys_mkdir_all(const char *path, mode_t mode)
{
	return mkdir_all(path, mode, false);
}

int sys_mkdir_all_synced(const char *path, mode_t mode)
{
	return mkdir_all(path, mode, true);
}

int sys_unlinkat(int dirfd, const char *path, int flags)
{
	int ret;

	DOOR(ret, SYS_UNLINK, path, -1, unlinkat(dirfd, path, flags));
	return ret;
}

int sys_unlink(const char *path)
{
	return sys_unlinkat(AT_FDCWD, path, 0);
}

int sys_rmdir(const char *path)
{
	return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int sys_linkat(int from_dir, const char *from, int to_dir, const char *to)
{
	int ret;

	DOOR(ret, SYS_LINK, to, -1, linkat(from_dir, from, to_dir, to, 0));
	return ret;
}

int sys_symlinkat(const char *target, int dirfd, const char *path)
{
	int ret;

	DOOR(ret, SYS_LINK, path, -1, symlinkat(target, dirfd, path));
	return ret;
}

int sys_ftruncate(int fd, off_t len)
{
	int ret;

	NOTED_DOOR(ret, SYS_TRUNCATE, JOURNAL_WRITE, NULL, fd,
		   ftruncate(fd, len));
	return ret;
}

/* fchmod(2) takes no O_PATH descriptor, but the way by /proc does. */
static int change_mode(int fd, mode_t mode)
{
	char self[64];

	if (!fchmod(fd, mode))
		return 0;
	if (errno != EBADF || fcntl(fd, F_GETFD) < 0)
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return chmod(self, mode);
}

int sys_fchmod(int fd, mode_t mode)
{
	int ret;

	DOOR(ret, SYS_CHMOD, NULL, fd, change_mode(fd, mode));
	return ret;
}

int sys_futimens(int fd, const struct timespec times[2])
{
	int ret;

	DOOR(ret, SYS_CHMOD, NULL, fd, futimens(fd, times));
	return ret;
}

int sys_utimensat(int dirfd, const char *path, const struct timespec times[2],
		  int flags)
{
	int ret;

	DOOR(ret, SYS_CHMOD, path, -1, utimensat(dirfd, path, times, flags));
	return ret;
}

int sys_lock(int fd, int cmd, struct flock *lock)
{
	int ret;

	NOTED_DOOR(ret, SYS_LOCK, JOURNAL_NOTHING, NULL, fd,
		   fcntl(fd, cmd, lock));
	return ret;
}

int sys_spawn_point(const char *program)
{
	enum fault fault = sys_enter(SYS_SPAWN, program, -1);

	fault_after(fault);
	return fault == FAULT_ERROR ? -1 : 0;
}

int sys_spawn(pid_t *pid, const char *program,
	      const posix_spawn_file_actions_t *actions,
	      const posix_spawnattr_t *attr, const char *const *argv,
	      const char *const *env)
{
	enum fault fault = sys_enter(SYS_SPAWN, program, -1);
	int ret;

	if (fault == FAULT_ERROR)
		return errno;
	ret = posix_spawn(pid, program, actions, attr, (char *const *)argv,
			  (char *const *)env);
	fault_after(fault);
	return ret;
}
