/*
 * SQLite does its own system calls. In a build with fault points those that
 * change something pass them, as ours do (sys.h), so that tests can end a
 * process at each of them, or have it fail.
 */
#include "lib/base/compat.h"
#include "lib/base/fault.h"
#include "lib/wrap/db-internal.h"

#ifdef RESUTIL_FAULT_POINTS

static int fault_open(const char *path, int flags, int mode)
{
	enum fault fault = FAULT_NONE;
	int fd;

	if (flags & O_CREAT)
		fault = sys_enter(SYS_OPEN, path, -1);
	if (fault == FAULT_ERROR)
		return -1;
	fd = open(path, flags, mode);
	fault_after(fault);
	return fd;
}

static ssize_t fault_write(int fd, const void *data, size_t len)
{
	enum fault fault = sys_enter(SYS_WRITE, NULL, fd);
	ssize_t ret;

	if (fault == FAULT_ERROR)
		return -1;
	ret = write(fd, data, fault == FAULT_SHORT && len > 1 ? len / 2 : len);
	fault_after(fault);
	return ret;
}

static ssize_t fault_pwrite(int fd, const void *data, size_t len, off_t at)
{
	enum fault fault = sys_enter(SYS_WRITE, NULL, fd);
	ssize_t ret;

	if (fault == FAULT_ERROR)
		return -1;
	ret = pwrite(fd, data, fault == FAULT_SHORT && len > 1 ? len / 2 : len,
		     at);
	fault_after(fault);
	return ret;
}

static int fault_ftruncate(int fd, off_t len)
{
	enum fault fault = sys_enter(SYS_TRUNCATE, NULL, fd);
	int ret;

	if (fault == FAULT_ERROR)
		return -1;
	ret = ftruncate(fd, len);
	fault_after(fault);
	return ret;
}

static int fault_unlink(const char *path)
{
	enum fault fault = sys_enter(SYS_UNLINK, path, -1);
	int ret;

	if (fault == FAULT_ERROR)
		return -1;
	ret = unlink(path);
	fault_after(fault);
	return ret;
}

/* Locks alone. */
static int fault_fcntl(int fd, int cmd, ...)
{
	enum fault fault = FAULT_NONE;
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (cmd == F_SETLK)
		fault = sys_enter(SYS_LOCK, NULL, fd);
	if (fault == FAULT_ERROR)
		return -1;
	ret = fcntl(fd, cmd, arg);
	fault_after(fault);
	return ret;
}

#define CALL(name, fn) { name, (sqlite3_syscall_ptr)(fn) }

void db_set_faults(void)
{
	static const struct {
		const char *name;
		sqlite3_syscall_ptr fn;
	} calls[] = {
		CALL("open", fault_open),
		CALL("write", fault_write),
		CALL("pwrite", fault_pwrite),
		CALL("pwrite64", fault_pwrite),
		CALL("ftruncate", fault_ftruncate),
		CALL("unlink", fault_unlink),
		CALL("fcntl", fault_fcntl)
	};
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		vfs->xSetSystemCall(vfs, calls[i].name, calls[i].fn);
}

#else

void db_set_faults(void)
{
}

#endif
