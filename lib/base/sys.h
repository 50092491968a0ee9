/*
 * The one door for system calls that change something. Everything else calls
 * these (tools/check-layers greps), so that a test build can make each of
 * them fail, be short, or be the last before SIGKILL, and so that syncs can be
 * counted.
 *
 * Each call returns what the plain call returns (-1 and errno); EINTR is
 * retried here. `*at` forms take AT_FDCWD.
 *
 * With FAULTS=1 at build time (RESUTIL_FAULT_POINTS defined) every call first
 * passes a fault point, and so do each allocation (alloc.h), each request to
 * a store, and each try of a request by HTTP. The environment says what happens
 * there:
 *
 * RESUTIL_TEST_FAULT=KIND:N:ACTION acts on the N-th (from 1) point of KIND:
 * open write sync rename mkdir unlink link truncate chmod spawn lock request
 * http alloc, or "any", which counts all but alloc. ACTION: the name of an
 * errno (ENOSPC, EIO, ...; an allocation just fails, a request is
 * ERR_TRANSIENT), "short" (half of a write is done), "kill" (SIGKILL before the
 * call), "kill-after", "kill-all" and "kill-all-after" (the same for the whole
 * process group). KIND:N+:ACTION acts on all later ones, too. A request also
 * takes the errors of transport/with-faults.c (request:2:lost), and so does one
 * by HTTP: there "transient" is no connection, "half" a body that is cut,
 * "refused" the status 403, "conflict" 412.
 *
 * RESUTIL_TEST_FAULT_SHARED=FILE: N counts the points of all processes
 * together, in FILE (8 bytes, made when missing; a number that stands there is
 * counted on). Without it each process counts its own, also a child.
 *
 * RESUTIL_TEST_FAULT_LOG=FILE appends one line "KIND TAB path" for each point
 * passed but allocations, of all processes.
 *
 * RESUTIL_TEST_JOURNAL=/FILE appends a record after each of the calls that
 * worked (of all processes, in one order): all that lies below
 * RESUTIL_TEST_JOURNAL_ROOT=DIR by then, and what was synced. From it
 * t/helper/power-loss.py builds what a power failure after any of these calls
 * leaves of DIR. FILE and FILE.blobs/ lie outside of DIR.
 *
 * Each sync is a line of the trace.
 */
#ifndef LIB_BASE_SYS_H
#define LIB_BASE_SYS_H

#include "lib/base/compat.h"

#include <spawn.h>

enum sys_kind {
	SYS_OPEN, SYS_WRITE, SYS_SYNC, SYS_RENAME, SYS_MKDIR, SYS_UNLINK,
	SYS_LINK, SYS_TRUNCATE, SYS_CHMOD, SYS_SPAWN, SYS_LOCK,
	SYS_REQUEST, SYS_HTTP, SYS_ALLOC,
	SYS_KIND_NR
};

/** Opens for writing (O_CLOEXEC is added). Plain reading needs no door. */
int sys_openat(int dirfd, const char *path, int flags, mode_t mode);
int sys_open(const char *path, int flags, mode_t mode);

/** One write(2); may be short. */
ssize_t sys_write(int fd, const void *data, size_t len);
/** All of it, or -1. On a nonblocking fd waits with poll(2). */
int sys_write_all(int fd, const void *data, size_t len);
/** All of it at `offset` of a file, whose own position stays; or -1. */
int sys_pwrite_all(int fd, const void *data, size_t len, off_t offset);

int sys_fsync(int fd);
/** fsync of a directory by path; a file system that cannot (EINVAL) is fine. */
int sys_fsync_dir(const char *path);
/** syncfs(2): all of the file system that `fd` lies on. */
int sys_syncfs(int fd);

int sys_rename(const char *from, const char *to);
/** Fails with EEXIST when `to` exists; falls back where the file system has
 *  no RENAME_NOREPLACE (link+unlink for files, rename of a directory onto a
 *  non-empty one fails by itself). */
int sys_rename_noreplace(const char *from, const char *to);
/** renameat2(2); flags: 0 or RENAME_NOREPLACE, without any fall-back. */
int sys_renameat(int from_dir, const char *from, int to_dir, const char *to,
		 unsigned flags);
int sys_mkdir(const char *path, mode_t mode);
int sys_mkdirat(int dirfd, const char *path, mode_t mode);
/** mkdir -p; an existing directory (also through a link) is fine. */
int sys_mkdir_all(const char *path, mode_t mode);
/** The same; those that were made are there after a power failure. */
int sys_mkdir_all_synced(const char *path, mode_t mode);
int sys_unlink(const char *path);
int sys_unlinkat(int dirfd, const char *path, int flags);
int sys_rmdir(const char *path);
int sys_linkat(int from_dir, const char *from, int to_dir, const char *to);
int sys_symlinkat(const char *target, int dirfd, const char *path);
int sys_ftruncate(int fd, off_t len);
/** fd: also one of O_PATH, where /proc is there. */
int sys_fchmod(int fd, mode_t mode);
/** Sets both times of a file (nanoseconds). */
int sys_futimens(int fd, const struct timespec times[2]);
/** The same by path; flags: 0 or AT_SYMLINK_NOFOLLOW. */
int sys_utimensat(int dirfd, const char *path, const struct timespec times[2],
		  int flags);

/** Copies `len` bytes at most (or to the end when len < 0) from in to out by
 *  reflink, copy_file_range(2) or read/write. Returns bytes, or -1. */
int64_t sys_copy(int in, int out, int64_t len);

/** rm -rf below `path`, never following a link; ENOENT is fine. */
int sys_remove_tree(const char *path);

/** fcntl(2) with F_OFD_SETLK or F_OFD_SETLKW, for filelock.c. */
int sys_lock(int fd, int cmd, struct flock *lock);

/** Called before execve(2); 0, or -1 with errno. */
int sys_spawn_point(const char *program);
/** posix_spawn(3), for run-command.c: returns 0 or an errno. */
int sys_spawn(pid_t *pid, const char *program,
	      const posix_spawn_file_actions_t *actions,
	      const posix_spawnattr_t *attr, const char *const *argv,
	      const char *const *env);

/** How many calls of a kind this process made (for tests and the trace). */
unsigned sys_count(enum sys_kind kind);

#endif
