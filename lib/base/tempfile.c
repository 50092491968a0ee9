/*
 * The registry of what must not stay behind.
 *
 * A signal may come at any moment, in any thread, and its handler walks the
 * list. So whoever changes the list, or makes, renames or removes what is on
 * it, does that with all signals blocked in its own thread and a spin lock
 * taken. The handler takes the same lock: the thread it interrupted cannot be
 * the holder, another holder goes on and lets go after one system call. The
 * handler never gives the lock back; it ends by dying.
 *
 * In the handler only async-signal-safe calls are made: unlink(2), and for
 * trees openat(2), unlinkat(2) and getdents64 by syscall(2), with buffers on
 * the stack; readdir(3) and malloc(3) are not safe there. They do not pass the
 * door of sys.h, whose trace is no business of a dying program.
 *
 * Each entry knows its process: a child that was made by fork(2) and exits
 * leaves its parent's files alone.
 */
#include "lib/base/compat.h"
#include "lib/base/tempfile.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/signals.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"

#include <sched.h>
#include <sys/syscall.h>

struct tempfile {
	struct tempfile *prev, *next;
	char *path;
	pid_t owner;
	int dirfd;		/* where `path` begins; AT_FDCWD */
	int fd;			/* of a file; it is held by that */
	int hold;		/* of a directory, and of a file that is closed
				 * and not renamed yet; or -1 */
	bool is_dir;
};

static struct tempfile *first;
static char list_lock;
static bool dying;
static bool exit_registered, end_registered;
static unsigned last_number;

static void list_enter(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
	while (__atomic_test_and_set(&list_lock, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void list_leave(const sigset_t *before)
{
	int saved = errno;

	__atomic_clear(&list_lock, __ATOMIC_RELEASE);
	pthread_sigmask(SIG_SETMASK, before, NULL);
	errno = saved;
}

static void list_add(struct tempfile *t)
{
	t->owner = getpid();
	t->prev = NULL;
	t->next = first;
	if (first)
		first->prev = t;
	first = t;
}

static void list_take(struct tempfile *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		first = t->next;
	if (t->next)
		t->next->prev = t->prev;
}

static void remove_without_memory(void);

/* Also a program that has nothing yet is closed to its other threads by it:
 * they would make something while it ends. */
static void register_end(void)
{
	if (!__atomic_exchange_n(&end_registered, true, __ATOMIC_RELAXED))
		alloc_at_end(remove_without_memory);
}

static struct tempfile *entry_new(void)
{
	struct tempfile *t = xcalloc(1, sizeof(*t));

	t->dirfd = AT_FDCWD;
	t->fd = -1;
	t->hold = -1;
	if (!__atomic_exchange_n(&exit_registered, true, __ATOMIC_RELAXED))
		atexit(tempfile_remove_all);
	register_end();
	return t;
}

static void entry_free(struct tempfile *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (t->hold >= 0)
		close(t->hold);
	free(t->path);
	free(t);
}

void tempfile_forget(struct tempfile **t)
{
	sigset_t before;

	if (!*t)
		return;
	list_enter(&before);
	list_take(*t);
	list_leave(&before);
	entry_free(*t);
	*t = NULL;
}

/* "PATH.PID.N.tmp"; a base that leaves no room for that is cut. */
static char *temporary_path(const char *path)
{
	unsigned nr = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
	const char *base = path_basename(path);
	char *end = xstrfmt(".%ld.%u.tmp", (long)getpid(), nr);
	size_t keep = strlen(base);
	char *ret;

	if (keep + strlen(end) > NAME_MAX)
		keep = NAME_MAX - strlen(end);
	ret = xstrfmt("%.*s%s", (int)((size_t)(base - path) + keep), path, end);
	free(end);
	return ret;
}

static int make_held(struct tempfile *t, mode_t mode)
{
	int *fd = t->is_dir ? &t->hold : &t->fd;

	if (t->is_dir) {
		if (sys_mkdir(t->path, mode))
			return -1;
		*fd = open(t->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			   O_CLOEXEC);
	} else {
		*fd = sys_open(t->path, O_RDWR | O_CREAT | O_EXCL, mode);
		if (*fd < 0)
			return -1;
	}
	/* A directory that its owner may not read (umask) is not held; one
	 * that is gone was taken for a leftover, as below. */
	if (*fd < 0 && errno != ENOENT)
		return 0;
	if (*fd >= 0 && !hold_take(*fd, AT_FDCWD, t->path))
		return 0;
	if (*fd >= 0 && hold_has_name(*fd, AT_FDCWD, t->path))
		sys_unlinkat(AT_FDCWD, t->path, t->is_dir ? AT_REMOVEDIR : 0);
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = EEXIST;
	return -1;
}

/* Makes and registers in one step as signals see it. */
static int make_entry(struct tempfile *t, mode_t mode)
{
	sigset_t before;
	int ret;

	list_enter(&before);
	ret = make_held(t, mode);
	if (!ret)
		list_add(t);
	list_leave(&before);
	return ret;
}

int tempfile_create(struct tempfile **out, const char *path, mode_t mode,
		    struct strbuf *err)
{
	struct tempfile *t = entry_new();
	int tries, ret = -1;

	/* A process of this number on another machine may have left one. */
	for (tries = 0; ret && tries < 1000; tries++) {
		free(t->path);
		t->path = temporary_path(path);
		ret = make_entry(t, mode);
		if (ret && errno != EEXIST)
			break;
	}
	if (ret) {
		ret = fail_errno(err, "cannot create '%s'", t->path);
		entry_free(t);
		return ret;
	}
	*out = t;
	return 0;
}

static int create_dir(struct tempfile **out, const char *path, mode_t mode,
		      struct strbuf *err)
{
	struct tempfile *t = entry_new();
	int ret;

	t->is_dir = true;
	t->path = xstrdup(path);
	if (!make_entry(t, mode)) {
		*out = t;
		return 0;
	}
	if (errno == EEXIST)
		ret = fail(err, ERR_CONFLICT, "'%s' exists already", path);
	else
		ret = fail_errno(err, "cannot make directory '%s'", path);
	entry_free(t);
	return ret;
}

int tempfile_create_dir(struct tempfile **out, const char *path,
			struct strbuf *err)
{
	return create_dir(out, path, 0777, err);
}

int tempfile_create_private_dir(struct tempfile **out, const char *path,
				struct strbuf *err)
{
	return create_dir(out, path, 0700, err);
}

int tempfile_scratch_dir(struct tempfile **out, struct strbuf *err)
{
	const char *tmpdir = getenv("TMPDIR");
	struct tempfile *t = entry_new();
	int tries, ret = -1;

	if (!tmpdir || *tmpdir != '/')
		tmpdir = "/tmp";
	t->is_dir = true;
	for (tries = 0; ret && tries < 1000; tries++) {
		unsigned nr = __atomic_add_fetch(&last_number, 1,
						 __ATOMIC_RELAXED);

		free(t->path);
		t->path = xstrfmt("%s/resutil.%ld.%u.tmp", tmpdir,
				  (long)getpid(), nr);
		/* Others share this place: it is nobody else's to read. */
		ret = make_entry(t, 0700);
		if (ret && errno != EEXIST)
			break;
	}
	if (ret) {
		ret = fail_errno(err, "cannot make a scratch directory in '%s'",
				 tmpdir);
		entry_free(t);
		return ret;
	}
	*out = t;
	return 0;
}

void tempfile_register_at(struct tempfile **out, int dirfd, const char *name)
{
	struct tempfile *t = entry_new();
	sigset_t before;

	t->dirfd = dirfd;
	t->path = xstrdup(name);
	list_enter(&before);
	list_add(t);
	list_leave(&before);
	*out = t;
}

void tempfile_register_dir(struct tempfile **out, const char *path)
{
	struct tempfile *t = entry_new();
	sigset_t before;

	t->is_dir = true;
	t->path = xstrdup(path);
	list_enter(&before);
	list_add(t);
	list_leave(&before);
	*out = t;
}

int tempfile_unnamed(int *out, const char *dir, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	struct tempfile *temp = NULL;
	int fd;

	if (!dir)
		dir = getenv("TMPDIR");
	if (!dir || !*dir)
		dir = "/tmp";
	fd = sys_open(dir, O_TMPFILE | O_RDWR, 0600);
	/* Not every file system knows O_TMPFILE. */
	if (fd < 0) {
		strbuf_addf(&path, "%s/resutil-spool", dir);
		if (!tempfile_create(&temp, path.buf, 0600, err)) {
			fd = fcntl(tempfile_fd(temp), F_DUPFD_CLOEXEC, 3);
			if (fd < 0)
				fail_errno(err, "cannot spool in '%s'", dir);
			tempfile_delete(&temp);
		}
		strbuf_release(&path);
	}
	*out = fd;
	return fd < 0 ? ERR_FAILED : 0;
}

int tempfile_fd(const struct tempfile *t)
{
	return t->fd;
}

const char *tempfile_path(const struct tempfile *t)
{
	return t->path;
}

static int sync_directory_of(const char *path, struct strbuf *err)
{
	const char *base = path_basename(path);
	char *dir = base == path ? xstrdup(".") :
				   xmemdupz(path, (size_t)(base - path));
	int ret = 0;

	if (sys_fsync_dir(dir))
		ret = fail_errno(err, "cannot sync directory '%s'", dir);
	free(dir);
	return ret;
}

/*
 * What was written is known to be taken only when close(2) says so (NFS). It
 * is held until it has its name.
 */
static int close_file(struct tempfile *t, unsigned flags, struct strbuf *err)
{
	int ret = 0;

	if (t->fd < 0)
		return 0;
	if ((flags & (TEMPFILE_SYNC | TEMPFILE_SYNC_FILE)) && sys_fsync(t->fd))
		return fail_errno(err, "cannot sync '%s'", t->path);
	t->hold = fcntl(t->fd, F_DUPFD_CLOEXEC, 3);
	if (close(t->fd) && errno != EINTR)
		ret = fail_errno(err, "cannot write '%s'", t->path);
	t->fd = -1;
	return ret;
}

int tempfile_commit(struct tempfile **tp, const char *path, unsigned flags,
		    struct strbuf *err)
{
	struct tempfile *t = *tp;
	sigset_t before;
	int ret;

	ret = close_file(t, flags, err);
	if (ret)
		return ret;
	list_enter(&before);
	if (flags & TEMPFILE_NOREPLACE)
		ret = sys_rename_noreplace(t->path, path);
	else
		ret = sys_rename(t->path, path);
	if (!ret)
		list_take(t);
	list_leave(&before);
	if (ret) {
		if ((flags & TEMPFILE_NOREPLACE) && errno == EEXIST)
			return fail(err, ERR_CONFLICT, "'%s' exists already",
				    path);
		return fail_errno(err, "cannot rename '%s' to '%s'", t->path,
				  path);
	}
	entry_free(t);
	*tp = NULL;
	return flags & TEMPFILE_SYNC ? sync_directory_of(path, err) : 0;
}

int tempfile_exchange(struct tempfile *t, const char *path)
{
	sigset_t before;
	int ret;

	list_enter(&before);
	ret = sys_renameat(AT_FDCWD, t->path, AT_FDCWD, path, RENAME_EXCHANGE);
	list_leave(&before);
	return ret;
}

void tempfile_delete(struct tempfile **t)
{
	int saved = errno;

	if (!*t)
		return;
	/* Forgotten only when gone: a signal in between finds it again. */
	if ((*t)->is_dir)
		sys_remove_tree((*t)->path);
	else
		sys_unlinkat((*t)->dirfd, (*t)->path, 0);
	tempfile_forget(t);
	errno = saved;
}

int write_file_atomic(const char *path, const void *data, size_t len,
		      mode_t mode, unsigned flags, struct strbuf *err)
{
	struct tempfile *t = NULL;
	int ret;

	ret = tempfile_create(&t, path, mode, err);
	if (ret)
		return ret;
	if (sys_write_all(t->fd, data, len))
		ret = fail_errno(err, "cannot write '%s'", path);
	else
		ret = tempfile_commit(&t, path, flags, err);
	tempfile_delete(&t);
	return ret;
}

void tempfile_remove_all(void)
{
	pid_t me = getpid();
	struct tempfile *t, *next;

	for (t = first; t; t = next) {
		next = t->next;
		if (t->owner == me)
			tempfile_delete(&t);
	}
}

/* As the kernel lays it out; glibc's struct dirent64 is the same. */
struct kernel_dirent {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

#define HANDLER_MAX_LEVELS 64	/* times about 1200 bytes of stack */
#define HANDLER_MAX_WAITS 500	/* milliseconds */

/* As in sys-tree.c: what lies too deep comes to the top first. */
static bool move_to_top(int top, int at, const char *name)
{
	static unsigned last_moved;
	char to[] = ".resutil-removed-          ";
	unsigned nr;
	size_t pos;
	int ret;

	do {
		pos = sizeof(to) - 1;
		for (nr = ++last_moved; nr; nr /= 10)
			to[--pos] = (char)('0' + nr % 10);
		ret = renameat2(at, name, top, to, RENAME_NOREPLACE);
	} while (ret && errno == EEXIST);
	return !ret;
}

static bool remove_in_handler(int top, int at, const char *name, int levels);

/* One pass over the directory; whether anything went. */
static bool remove_pass(int top, int fd, int levels)
{
	union {
		struct kernel_dirent entry;
		char bytes[1024];
	} buf;
	bool any = false;
	long len, pos;

	lseek(fd, 0, SEEK_SET);
	while ((len = syscall(SYS_getdents64, fd, &buf, sizeof(buf))) > 0) {
		for (pos = 0; pos < len;) {
			struct kernel_dirent *entry =
				(void *)(buf.bytes + pos);

			pos += entry->reclen;
			if (strcmp(entry->name, ".") &&
			    strcmp(entry->name, ".."))
				any |= remove_in_handler(top, fd, entry->name,
							 levels + 1);
		}
	}
	return any;
}

/*
 * Whether it went, or something in it. Some file systems skip entries when a
 * directory changes while it is read, so it is read again for as long as
 * something goes.
 */
static bool remove_in_handler(int top, int at, const char *name, int levels)
{
	bool any = false;
	int fd;

	if (!unlinkat(at, name, 0) || !unlinkat(at, name, AT_REMOVEDIR))
		return true;
	if (levels > HANDLER_MAX_LEVELS)
		return move_to_top(top, at, name);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (remove_pass(top, fd, levels))
		any = true;
	close(fd);
	return !unlinkat(at, name, AT_REMOVEDIR) || any;
}

/*
 * Other threads may be about to put one more file there before they see that
 * the program dies; then it is tried again.
 */
static void remove_tree_in_handler(const char *path)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int fd, waits;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (waits = 0; waits < HANDLER_MAX_WAITS; waits++) {
		while (fd >= 0 && remove_pass(fd, fd, 0))
			;
		if (!unlinkat(AT_FDCWD, path, AT_REMOVEDIR) ||
		    (errno != ENOTEMPTY && errno != EEXIST))
			break;
		nanosleep(&pause, NULL);
	}
}

bool tempfile_is_dying(void)
{
	return __atomic_load_n(&dying, __ATOMIC_RELAXED);
}

/* All that is registered; the lock stays taken, for this is the end. */
static void remove_at_end(void)
{
	pid_t me = getpid();
	struct tempfile *t;

	__atomic_store_n(&dying, true, __ATOMIC_RELAXED);
	while (__atomic_test_and_set(&list_lock, __ATOMIC_ACQUIRE))
		sched_yield();
	for (t = first; t; t = t->next) {
		if (t->owner != me)
			continue;
		if (t->is_dir)
			remove_tree_in_handler(t->path);
		else
			unlinkat(t->dirfd, t->path, 0);
	}
}

static void remove_and_die(int signo)
{
	remove_at_end();
	signal_die_of(signo);
}

/* A handler in this thread would wait for the lock for ever. */
static void remove_without_memory(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	remove_at_end();
}

void tempfile_on_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE,
				       SIGQUIT, SIGXCPU, SIGXFSZ };
	struct sigaction action, before;
	size_t i;

	register_end();
	memset(&action, 0, sizeof(action));
	action.sa_handler = remove_and_die;
	/* No second signal may interrupt the one that removes. */
	sigfillset(&action.sa_mask);
	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		/* What nohup(1) or a shell's `&` set to be ignored stays so. */
		if (!sigaction(signals[i], NULL, &before) &&
		    before.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
	}
}
