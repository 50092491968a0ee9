/*
 * The larger pieces behind the door of sys.h: copying a file, removing a tree.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/fault.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/sys-journal.h"

#include <dirent.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#define COPY_CHUNK (8u << 20)
#define COPY_BUFFER (256u << 10)

/*
 * All of `in` shared with an empty `out`, in no time and no space. Returns
 * the bytes, or -1 when the file system cannot.
 */
static int64_t copy_reflink(int in, int out)
{
	struct stat st;

	if (lseek(in, 0, SEEK_CUR) || lseek(out, 0, SEEK_CUR) ||
	    fstat(out, &st) || st.st_size || !S_ISREG(st.st_mode))
		return -1;
	if (ioctl(out, FICLONE, in))
		return -1;
	if (fstat(out, &st) || lseek(in, st.st_size, SEEK_SET) < 0 ||
	    lseek(out, st.st_size, SEEK_SET) < 0)
		return -1;
	return st.st_size;
}

/* What copy_file_range(2) says when read and write would still do. */
static bool range_is_refused(int error)
{
	return error == EXDEV || error == EINVAL || error == ENOSYS ||
	       error == EOPNOTSUPP || error == EBADF || error == EPERM ||
	       error == ETXTBSY;
}

static int64_t copy_range(int in, int out, int64_t len)
{
	size_t want = len < 0 || len > COPY_CHUNK ? COPY_CHUNK : (size_t)len;
	ssize_t n;

	do {
		n = copy_file_range(in, NULL, out, NULL, want, 0);
	} while (n < 0 && errno == EINTR);
	return n;
}

static int64_t copy_plain(int in, int out, int64_t len)
{
	char *buf = xmalloc(COPY_BUFFER);
	int64_t done = 0;
	int saved;

	while (len < 0 || done < len) {
		size_t want = COPY_BUFFER;
		ssize_t n;

		if (len >= 0 && len - done < (int64_t)want)
			want = (size_t)(len - done);
		do {
			n = read(in, buf, want);
		} while (n < 0 && errno == EINTR);
		if (!n)
			break;
		if (n < 0 || sys_write_all(out, buf, (size_t)n)) {
			done = -1;
			break;
		}
		done += n;
	}
	saved = errno;
	free(buf);
	errno = saved;
	return done;
}

int64_t sys_copy(int in, int out, int64_t len)
{
	enum fault fault = sys_enter(SYS_WRITE, NULL, out);
	int64_t done = 0, n;
	bool noted;

	if (fault == FAULT_ERROR)
		return -1;
	if (len < 0) {
		noted = journal_enter(JOURNAL_WRITE, out);
		n = copy_reflink(in, out);
		journal_leave(noted, JOURNAL_WRITE, out, n >= 0);
		if (n >= 0) {
			fault_after(fault);
			return n;
		}
	}
	while (len < 0 || done < len) {
		noted = journal_enter(JOURNAL_WRITE, out);
		n = copy_range(in, out, len < 0 ? -1 : len - done);
		journal_leave(noted, JOURNAL_WRITE, out, n > 0);
		if (n < 0 && !range_is_refused(errno))
			return -1;
		/*
		 * Some kernels answer 0 for files of /proc and of FUSE that
		 * read well, so the end is what read(2) says it is.
		 */
		if (n <= 0) {
			n = copy_plain(in, out, len < 0 ? -1 : len - done);
			done = n < 0 ? -1 : done + n;
			break;
		}
		done += n;
		if (fault == FAULT_KILL_AFTER || fault == FAULT_KILL_ALL_AFTER)
			break;
	}
	fault_after(fault);
	return done;
}

/*
 * Each level keeps a descriptor open, and a tree may be deeper than there are
 * descriptors. What lies too deep is first moved to the top of the tree.
 */
#define MAX_LEVELS 64

struct removal {
	int top;		/* the first directory; -1: not there yet */
	int levels;
	unsigned moved;		/* how many came to the top */
};

static int remove_at(struct removal *r, int dirfd, const char *name);

/*
 * A directory lists its entries in an order of its own, and the disk has their
 * inodes in that of their numbers: of 300,000 files that are not in memory any
 * more, going through the disk back and forth takes half as long again.
 */
#define NAMES_AT_ONCE ((size_t)256 << 10)

struct name {
	ino_t inode;
	size_t at;		/* in `text` */
};

struct names {
	struct name *name;
	size_t nr, alloc;
	struct strbuf text;
};

static int compare_inodes(const void *a, const void *b)
{
	const struct name *one = a, *two = b;

	return (one->inode > two->inode) - (one->inode < two->inode);
}

/* The next ones, sorted; fewer than NAMES_AT_ONCE: these are the last. */
static int read_names(struct names *n, DIR *dir)
{
	const struct dirent *entry;

	n->nr = 0;
	strbuf_reset(&n->text);
	while (n->nr < NAMES_AT_ONCE && (errno = 0, entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		ARRAY_GROW(n->name, n->nr + 1, n->alloc);
		n->name[n->nr].inode = entry->d_ino;
		n->name[n->nr++].at = n->text.len;
		strbuf_add(&n->text, entry->d_name, strlen(entry->d_name) + 1);
	}
	if (n->nr < NAMES_AT_ONCE && errno)
		return -1;
	if (n->nr)
		qsort(n->name, n->nr, sizeof(*n->name), compare_inodes);
	return 0;
}

static int remove_all(struct removal *r, DIR *dir)
{
	struct names names = { .text = STRBUF_INIT };
	int ret, saved;
	size_t i;

	do {
		ret = read_names(&names, dir);
		for (i = 0; !ret && i < names.nr; i++)
			ret = remove_at(r, dirfd(dir),
					names.text.buf + names.name[i].at);
	} while (!ret && names.nr == NAMES_AT_ONCE);
	saved = errno;
	free(names.name);
	strbuf_release(&names.text);
	errno = saved;
	return ret;
}

/* All that is in the open directory; closes `fd`. */
static int remove_inside(struct removal *r, int fd)
{
	DIR *dir = fdopendir(fd);
	unsigned before;
	int ret, saved;

	if (!dir) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	if (r->top < 0)
		r->top = fd;
	r->levels++;
	do {
		before = r->moved;
		rewinddir(dir);
		ret = remove_all(r, dir);
	} while (!ret && r->moved != before && r->top == fd);
	r->levels--;
	saved = errno;
	closedir(dir);
	errno = saved;
	return ret;
}

static int move_to_top(struct removal *r, int at, const char *name)
{
	enum fault fault = sys_enter(SYS_RENAME, name, -1);
	char to[64];
	bool noted;
	int ret;

	if (fault == FAULT_ERROR)
		return -1;
	noted = journal_enter(JOURNAL_CHANGE, -1);
	do {
		snprintf(to, sizeof(to), ".resutil-removed-%u",
			 ++r->moved);
		ret = renameat2(at, name, r->top, to, RENAME_NOREPLACE);
		/* not every file system has that; a directory that is not
		 * empty is not replaced either */
		if (ret && errno == EINVAL)
			ret = renameat(at, name, r->top, to);
	} while (ret && (errno == EEXIST || errno == ENOTEMPTY));
	journal_leave(noted, JOURNAL_CHANGE, -1, !ret);
	fault_after(fault);
	return ret;
}

/*
 * Links are unlinked, never followed: unlink first, and go in only where the
 * kernel says that it is a directory, which is opened with O_NOFOLLOW.
 */
static int remove_at(struct removal *r, int at, const char *name)
{
	int fd, error;

	if (!sys_unlinkat(at, name, 0) || errno == ENOENT)
		return 0;
	error = errno;
	if (error != EISDIR && error != EPERM)
		return -1;
	/* Most often it is empty. */
	if (r->levels >= MAX_LEVELS &&
	    (!sys_unlinkat(at, name, AT_REMOVEDIR) ||
	     !move_to_top(r, at, name)))
		return 0;
	fd = openat(at, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOTDIR || errno == ELOOP)
			errno = error;
		return -1;
	}
	if (remove_inside(r, fd))
		return -1;
	if (!sys_unlinkat(at, name, AT_REMOVEDIR) || errno == ENOENT)
		return 0;
	return -1;
}

int sys_remove_tree(const char *path)
{
	struct removal r = { .top = -1 };

	return remove_at(&r, AT_FDCWD, path);
}
