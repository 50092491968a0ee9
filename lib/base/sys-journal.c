/*
 * After each call the whole directory is looked at, rather than what the call
 * has done worked out: so every way to change a file is noted alike, also by
 * programs that know nothing of the door. A record has all names, and the
 * content of what is new lies in a file beside the journal. The head of
 * t/helper/power-loss.py says how it is written.
 *
 * Allocates by malloc(3), for what a test looks with must be no fault point.
 */
#include "lib/base/compat.h"
#include "lib/base/sys-journal.h"

#ifdef RESUTIL_FAULT_POINTS

#include <dirent.h>
#include <pthread.h>
#include <sys/file.h>

struct node_id {
	uint64_t ino;
	int64_t sec;		/* of its birth: numbers are used again */
	uint32_t nsec;
};

static struct {
	char path[PATH_MAX], blobs[PATH_MAX], root[PATH_MAX];
	dev_t dev;		/* of the root */
	int fd;
	pid_t pid;		/* who opened it */
	char *text;		/* the record so far */
	size_t len, alloc;
	sigset_t before;	/* the signals of who has the lock */
} journal = { .fd = -1 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A journal with a hole would let a test pass unharmed. */
static void NORETURN give_up(const char *what)
{
	fprintf(stderr, "resutil: RESUTIL_TEST_JOURNAL: %s: %s\n", what,
		strerror(errno));
	abort();
}

static void read_environment(void)
{
	const char *path = getenv("RESUTIL_TEST_JOURNAL");
	const char *root = getenv("RESUTIL_TEST_JOURNAL_ROOT");
	struct stat st;

	if (!path || !*path)
		return;
	if (!root || !realpath(root, journal.root) ||
	    stat(journal.root, &st) || !S_ISDIR(st.st_mode))
		give_up("RESUTIL_TEST_JOURNAL_ROOT");
	journal.dev = st.st_dev;
	if (*path != '/' || strlen(path) > PATH_MAX / 2)
		give_up("not an absolute path");
	snprintf(journal.path, sizeof(journal.path), "%s", path);
	snprintf(journal.blobs, sizeof(journal.blobs), "%s.blobs", path);
	if (mkdir(journal.blobs, 0777) && errno != EEXIST)
		give_up(journal.blobs);
}

static void PRINTF_LIKE(1, 2) put(const char *fmt, ...)
{
	va_list ap;
	int len;

	for (;;) {
		size_t room = journal.alloc - journal.len;

		va_start(ap, fmt);
		len = vsnprintf(journal.text + journal.len, room, fmt, ap);
		va_end(ap);
		if (len < 0)
			give_up("vsnprintf");
		if ((size_t)len < room)
			break;
		journal.alloc += (size_t)len + (64 << 10);
		journal.text = realloc(journal.text, journal.alloc);
		if (!journal.text)
			give_up("realloc");
	}
	journal.len += (size_t)len;
}

/* What could be taken for the end of a field, and '%', by their numbers. */
static void put_name(const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c <= ' ' || c >= 0x7f || c == '%')
			put("%%%02X", c);
		else
			put("%c", c);
	}
}

static struct node_id id_of(const struct statx *st)
{
	struct node_id id = { .ino = st->stx_ino };

	if (st->stx_mask & STATX_BTIME) {
		id.sec = st->stx_btime.tv_sec;
		id.nsec = st->stx_btime.tv_nsec;
	}
	return id;
}

static void print_id(char *out, size_t size, struct node_id id)
{
	snprintf(out, size, "%" PRIu64 ".%" PRId64 ".%09" PRIu32, id.ino,
		 id.sec, id.nsec);
}

static void write_whole(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			give_up("write");
		data += n;
		len -= (size_t)n;
	}
}

/* A blob that is there is whole: it may be the last thing that is done. */
static void keep_blob(int in, const char *blob)
{
	char path[PATH_MAX + 256], temp[PATH_MAX + 256], buf[64 << 10];
	off_t offset = 0;
	ssize_t n;
	int out;

	snprintf(path, sizeof(path), "%s/%s", journal.blobs, blob);
	snprintf(temp, sizeof(temp), "%s/new", journal.blobs);
	out = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (out < 0)
		give_up(temp);
	while ((n = pread(in, buf, sizeof(buf), offset)) > 0) {
		write_whole(out, buf, (size_t)n);
		offset += n;
	}
	close(out);
	if (n < 0 || rename(temp, path))
		give_up(path);
}

static bool has_blob(const char *blob)
{
	char path[PATH_MAX + 256];

	snprintf(path, sizeof(path), "%s/%s", journal.blobs, blob);
	return !access(path, F_OK);
}

/* The name of a content that is known by its times and its size. */
static void name_blob(char *out, size_t size, const struct statx *st)
{
	char id[64];

	print_id(id, sizeof(id), id_of(st));
	snprintf(out, size, "%s-%" PRIu64 "-%" PRId64 ".%09" PRIu32 "-%" PRId64
		 ".%09" PRIu32, id, (uint64_t)st->stx_size,
		 (int64_t)st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec,
		 (int64_t)st->stx_ctime.tv_sec, st->stx_ctime.tv_nsec);
}

static int stat_fd(int fd, struct statx *st)
{
	return statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
		     st);
}

/*
 * Times are not fine enough to tell one write from the next, so what a call
 * was about is kept once more in any case.
 */
static void put_content(int fd)
{
	char self[64], blob[256], id[64], plain[256];
	char from[PATH_MAX + 256], to[PATH_MAX + 256];
	struct statx st;
	int in;

	if (stat_fd(fd, &st) || !S_ISREG(st.stx_mode))
		return;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	in = open(self, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		give_up("cannot read again what was written");
	print_id(id, sizeof(id), id_of(&st));
	snprintf(blob, sizeof(blob), "%s-at-%jd", id,
		 (intmax_t)lseek(journal.fd, 0, SEEK_END));
	keep_blob(in, blob);
	close(in);
	name_blob(plain, sizeof(plain), &st);
	if (!has_blob(plain)) {
		snprintf(from, sizeof(from), "%s/%s", journal.blobs, blob);
		snprintf(to, sizeof(to), "%s/%s", journal.blobs, plain);
		if (link(from, to))
			give_up(to);
	}
	put("content\t%s\t%s\n", id, blob);
}

static void put_attributes(char type, const struct statx *st)
{
	char id[64];

	print_id(id, sizeof(id), id_of(st));
	put("%c\t%s\t%o\t%" PRId64 ".%09" PRIu32 "\t", type, id,
	    st->stx_mode & 07777, (int64_t)st->stx_mtime.tv_sec,
	    st->stx_mtime.tv_nsec);
}

static void put_path(const char *dir, const char *name)
{
	put_name(dir);
	if (*dir)
		put("/");
	put_name(name);
}

static void put_file(int at, const char *dir, const char *name,
		     const struct statx *st)
{
	char blob[256];
	int in;

	put_attributes('f', st);
	name_blob(blob, sizeof(blob), st);
	if (!has_blob(blob)) {
		in = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
			    O_CLOEXEC);
		if (in < 0 && errno != ENOENT && errno != ELOOP)
			give_up(name);
		if (in >= 0) {
			keep_blob(in, blob);
			close(in);
		}
	}
	put("%s\t", blob);
	put_path(dir, name);
	put("\n");
}

static void put_link(int at, const char *dir, const char *name,
		     const struct statx *st)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(at, name, target, sizeof(target) - 1);

	put_attributes('l', st);
	target[MAXIMUM(len, 0)] = '\0';
	put_name(target);
	put("\t");
	put_path(dir, name);
	put("\n");
}

static void put_tree(int fd, const char *dir);

static void put_entry(int at, const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct statx st;
	int fd;

	/* What programs do that we do not wait for may come in between. */
	if (statx(at, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS |
		  STATX_BTIME, &st))
		return;
	if (S_ISREG(st.stx_mode)) {
		put_file(at, dir, name, &st);
	} else if (S_ISLNK(st.stx_mode)) {
		put_link(at, dir, name, &st);
	} else if (S_ISDIR(st.stx_mode)) {
		put_attributes('d', &st);
		put("-\t");
		put_path(dir, name);
		put("\n");
		fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			    O_CLOEXEC);
		if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
			give_up(name);
		if (fd < 0)
			return;
		snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "",
			 name);
		put_tree(fd, path);
	}
}

/* Closes `fd`. */
static void put_tree(int fd, const char *dir)
{
	DIR *stream = fdopendir(fd);
	struct dirent *entry;

	if (!stream)
		give_up(dir);
	while ((entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			put_entry(dirfd(stream), dir, entry->d_name);
	closedir(stream);
}

/* All that is there, and the record is in the journal. */
static void put_all(void)
{
	int fd = open(journal.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statx st;

	if (fd < 0 || stat_fd(fd, &st))
		give_up(journal.root);
	put_attributes('d', &st);
	put("-\t\n");
	put_tree(fd, "");
	put("end\n");
	write_whole(journal.fd, journal.text, journal.len);
	journal.len = 0;
}

/* A lock belongs to who opened the file: a child made by fork(2) is another. */
static void open_journal(void)
{
	struct stat st;

	if (journal.fd >= 0 && journal.pid == getpid())
		return;
	journal.fd = open(journal.path, O_RDWR | O_APPEND | O_CREAT |
			  O_CLOEXEC, 0666);
	journal.pid = getpid();
	if (journal.fd < 0 || flock(journal.fd, LOCK_EX) ||
	    fstat(journal.fd, &st))
		give_up(journal.path);
	/* What was there before the first call. */
	if (!st.st_size) {
		put("\nrecord\t%ld\n", (long)getpid());
		put_all();
	}
}

/* Whether the descriptor is of a file or directory in the root. */
static bool is_ours(int fd)
{
	char self[64], path[PATH_MAX];
	size_t root_len = strlen(journal.root);
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st) || st.st_dev != journal.dev ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return false;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	len = readlink(self, path, sizeof(path) - 1);
	if (len < 0)
		return false;
	path[len] = '\0';
	return !strncmp(path, journal.root, root_len) &&
	       (path[root_len] == '/' || !path[root_len]);
}

bool journal_enter(enum journal_call call, int fd)
{
	sigset_t all, before;

	pthread_once(&once, read_environment);
	if (!*journal.path || call == JOURNAL_NOTHING ||
	    (fd >= 0 && !is_ours(fd)))
		return false;
	/* A handler that waits for another thread, which waits for this one,
	 * would wait for ever. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_mutex_lock(&lock);
	journal.before = before;
	open_journal();
	if (flock(journal.fd, LOCK_EX))
		give_up("flock");
	return true;
}

void journal_leave(bool entered, enum journal_call call, int fd, bool done)
{
	int saved = errno;
	sigset_t before;
	struct statx st;
	char id[64];

	if (!entered)
		return;
	if (done) {
		put("\nrecord\t%ld\n", (long)getpid());
		if (fd >= 0 && stat_fd(fd, &st))
			give_up("statx");
		if (call == JOURNAL_SYNCFS) {
			put("syncfs\n");
		} else if (call == JOURNAL_SYNC) {
			print_id(id, sizeof(id), id_of(&st));
			put("sync\t%s\n", id);
		}
		/* What has no name (yet) is not found in the tree. */
		if (fd >= 0 && (call == JOURNAL_SYNC ? !st.stx_nlink :
				call == JOURNAL_WRITE && st.stx_nlink))
			put_content(fd);
		put_all();
	}
	before = journal.before;
	flock(journal.fd, LOCK_UN);
	pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
}

#endif
