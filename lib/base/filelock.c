#include "lib/base/compat.h"
#include "lib/base/filelock.h"
#include "lib/base/sys.h"

static struct flock one_byte(short type, off_t byte)
{
	struct flock lock;

	memset(&lock, 0, sizeof(lock));	/* l_pid must be 0 */
	lock.l_type = type;
	lock.l_whence = SEEK_SET;
	lock.l_start = byte;
	lock.l_len = 1;
	return lock;
}

int filelock_take(int fd, off_t byte, bool wait)
{
	struct flock lock = one_byte(F_WRLCK, byte);

	if (!sys_lock(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock))
		return 0;
	if (errno == EACCES)
		errno = EWOULDBLOCK;
	return -1;
}

int filelock_release(int fd, off_t byte)
{
	struct flock lock = one_byte(F_UNLCK, byte);

	return sys_lock(fd, F_OFD_SETLK, &lock);
}

int filelock_is_held(int fd, off_t byte)
{
	struct flock lock = one_byte(F_WRLCK, byte);

	if (sys_lock(fd, F_OFD_GETLK, &lock))
		return -1;
	return lock.l_type != F_UNLCK;
}

bool filelock_is_unsupported(int error)
{
	return error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP ||
	       error == EINVAL;
}

int filelock_take_if_any(int fd, off_t byte, bool wait)
{
	return !filelock_take(fd, byte, wait) ||
	       filelock_is_unsupported(errno) ? 0 : -1;
}

int filelock_open(const char *path, mode_t mode)
{
	int fd = sys_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode);
	int saved;

	if (fd >= 0 && filelock_take_if_any(fd, 0, true)) {
		saved = errno;
		close(fd);
		errno = saved;
		fd = -1;
	}
	return fd;
}
