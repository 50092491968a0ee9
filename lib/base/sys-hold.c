/*
 * A maker makes, opens, takes a shared lock, and looks whether its name still
 * leads there. A remover opens, takes an exclusive lock, looks whether the
 * name still leads there, removes, closes. Whichever order the kernel gives
 * these steps, one of the two sees the other: a maker that comes too late
 * makes another one, a remover that comes too late leaves it.
 */
#include "lib/base/compat.h"
#include "lib/base/sys-hold.h"

#include "lib/base/fault.h"
#include "lib/base/sys.h"

#include <sys/file.h>
#include <sys/vfs.h>

#define OPEN_TRIES 2000		/* of 1 millisecond */

/*
 * File systems whose locks every process that can see a file agrees on: those
 * of one kernel. On others flock(2) may hold on this host alone (directories
 * of NFS, 9p, FUSE without locks), whatever it answers, and may forbid what
 * we do (a shared lock of SMB forbids its holder to write). There nothing is
 * asked of it.
 */
static const unsigned long local_file_systems[] = {
	0xEF53,		/* ext2, ext3, ext4 */
	0x58465342,	/* xfs */
	0x9123683E,	/* btrfs */
	0x01021994,	/* tmpfs */
	0x858458F6,	/* ramfs */
	0x794C7630,	/* overlayfs */
	0xF2F52010,	/* f2fs */
	0x2FC12FC1,	/* zfs */
	0xCA451A4E,	/* bcachefs */
	0x3434,		/* nilfs2 */
	0x3153464A,	/* jfs */
	0x52654973,	/* reiserfs */
	0x4D44,		/* fat */
	0x2011BAB0,	/* exfat */
	0x7366746E,	/* ntfs3 */
	0x482B,		/* hfs+ */
	0x15013346,	/* udf */
	0xF15F,		/* ecryptfs */
	0x73717368	/* squashfs */
};

static bool is_local(int fd)
{
	struct statfs fs;
	size_t i;

	if (fstatfs(fd, &fs))
		return false;
	for (i = 0; i < ARRAY_SIZE(local_file_systems); i++)
		if (((unsigned long)fs.f_type & 0xFFFFFFFF) ==
		    local_file_systems[i])
			return true;
	return false;
}

static int take(int fd, int operation)
{
	enum fault fault;
	int ret;

	if (!is_local(fd)) {
		errno = ENOLCK;
		return -1;
	}
	fault = sys_enter(SYS_LOCK, NULL, fd);
	if (fault == FAULT_ERROR)
		return -1;
	do {
		ret = flock(fd, operation | LOCK_NB);
	} while (ret && errno == EINTR);
	fault_after(fault);
	return ret;
}

bool hold_has_name(int fd, int dirfd, const char *name)
{
	struct stat ours, named;

	return !fstat(fd, &ours) &&
	       !fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int hold_take(int fd, int dirfd, const char *name)
{
	if (take(fd, LOCK_SH)) {
		/* Where there are no locks, age has to do. */
		if (errno != EWOULDBLOCK)
			return 0;
	} else if (hold_has_name(fd, dirfd, name)) {
		return 0;
	}
	errno = EEXIST;
	return -1;
}

int hold_open(const char *path, mode_t mode)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int fd, tries;

	for (tries = 0; tries < OPEN_TRIES; tries++) {
		fd = sys_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode);
		if (fd < 0 || !hold_take(fd, AT_FDCWD, path))
			return fd;
		close(fd);
		nanosleep(&nap, NULL);
	}
	errno = EBUSY;
	return -1;
}

enum hold_state hold_probe(int fd)
{
	if (!take(fd, LOCK_EX))
		return HOLD_FREE;
	return errno == EWOULDBLOCK ? HOLD_HELD : HOLD_UNKNOWN;
}
