/*
 * One byte of one file is the lock of a key. It lies at the top of the store,
 * because a directory below may be removed when it is empty.
 */
#include "lib/base/compat.h"
#include "lib/base/filelock.h"
#include "lib/base/sys.h"
#include "transport/dir/dir-internal.h"

/* FNV-1a; two keys on one byte wait for each other, and nothing else. */
static off_t byte_of(const char *key)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
	return (off_t)((hash ^ hash >> 32) & 0x3fffffff);
}

/*
 * Each request has a descriptor of its own: the locks belong to it, and so
 * hold between threads as well as between processes and hosts.
 */
static int open_lock_file(int root)
{
	const int flags = O_RDWR | O_NOFOLLOW;
	mode_t mode;
	int fd, tries;

	for (tries = 0; tries < 3; tries++) {
		fd = sys_openat(root, DIR_LOCK_FILE, flags, 0);
		if (fd >= 0 || errno != ENOENT)
			return fd;
		mode = dir_mode(root, 0666);
		fd = sys_openat(root, DIR_LOCK_FILE, flags | O_CREAT | O_EXCL,
				mode);
		if (fd >= 0) {
			/* Not by the umask: who may write in the store takes
			 * this lock. */
			sys_fchmod(fd, mode);
			return fd;
		}
		if (errno != EEXIST)
			return fd;
	}
	return -1;
}

int dir_lock(struct dir_store *s, int root, const char *key,
	     const char *other, bool need, int *fd, struct strbuf *err)
{
	off_t first = byte_of(key), second = other ? byte_of(other) : first;
	off_t swap;
	int saved;

	/* Always the lower one first, or two would wait for each other. */
	if (second < first) {
		swap = first;
		first = second;
		second = swap;
	}
	*fd = open_lock_file(root);
	if (*fd < 0)
		return dir_fail(s, "lock", key, err);
	if (!filelock_take(*fd, first, true) &&
	    (second == first || !filelock_take(*fd, second, true)))
		return 0;
	saved = errno;
	close(*fd);
	*fd = -1;
	errno = saved;
	return !need && filelock_is_unsupported(saved) ? 0 :
					      dir_fail(s, "lock", key, err);
}
