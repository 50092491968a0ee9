#include "lib/base/compat.h"
#include "builtin/store-extract.h"
#include "builtin/remote-rows.h"

#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/sys.h"

/* What one command line may hold, on every system. */
#define BATCH_FILES 500
#define BATCH_BYTES 65536
#define READ_ROOM 65536

const char *store_entry_next(const char *at, const char *end,
			     struct store_entry *entry)
{
	const char *stop = at < end ? memchr(at, '\0', (size_t)(end - at)) :
				      NULL;
	int tabs;

	if (!stop)
		return NULL;
	memset(entry, 0, sizeof(*entry));
	entry->mode = (unsigned)strtoul(at, NULL, 8);
	for (tabs = 0; tabs < 5; tabs++) {
		at = memchr(at, '\t', (size_t)(stop - at));
		if (!at)
			return NULL;
		at++;
		if (!tabs)
			entry->size = strtoull(at, NULL, 10);
		else if (tabs == 2)
			entry->crc = (uint32_t)strtoul(at, NULL, 16);
	}
	entry->path = at;
	return stop + 1;
}

struct batch {
	struct store_entry item[BATCH_FILES];
	size_t nr, bytes;	/* bytes: of paths */
	uint64_t left;		/* that may still be asked for */
	int dirfd;
};

/* The directory that holds `path`, made where it is missing; -1 and errno. */
static int make_parent(int dirfd, const char *path, const char **base)
{
	const char *slash = strchr(path, '/');
	int fd = open_beneath(dirfd, "", O_RDONLY | O_DIRECTORY);

	for (; fd >= 0 && slash; slash = strchr(path, '/')) {
		char *part = xmemdupz(path, (size_t)(slash - path));
		int next = -1;

		if (!sys_mkdirat(fd, part, 0700) || errno == EEXIST)
			next = open_beneath(fd, part,
					    O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
		free(part);
		path = slash + 1;
	}
	*base = path;
	return fd;
}

/* Exactly as many bytes as the directory of the pack promises. */
static int pass_bytes(int from, uint64_t size, struct strbuf *text, int to,
		      struct strbuf *err)
{
	char *room = xmalloc(READ_ROOM);
	int ret = 0;

	while (size && !ret) {
		ssize_t got = read(from, room, (size_t)MINIMUM(size,
				   (uint64_t)READ_ROOM));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			ret = fail(err, ERR_CONTENT, "the pack ended early");
			break;
		}
		size -= (uint64_t)got;
		if (text)
			strbuf_add(text, room, (size_t)got);
		else if (sys_write_all(to, room, (size_t)got))
			ret = fail_errno(err, "cannot write a copy");
	}
	free(room);
	return ret;
}

static int take_one(struct batch *b, const struct store_entry *entry, int from,
		    struct strbuf *err)
{
	struct strbuf target = STRBUF_INIT;
	const char *base;
	int parent = make_parent(b->dirfd, entry->path, &base);
	int fd = -1, ret = 0;

	if (parent < 0)
		return fail_errno(err, "cannot make a directory for '%s'",
				  entry->path);
	if (S_ISLNK(entry->mode)) {
		ret = pass_bytes(from, entry->size, &target, -1, err);
		if (!ret && sys_symlinkat(target.buf, parent, base))
			ret = fail_errno(err, "cannot make '%s'",
					 entry->path);
		strbuf_release(&target);
	} else {
		fd = sys_openat(parent, base, O_WRONLY | O_CREAT | O_EXCL |
				O_NOFOLLOW | O_CLOEXEC,
				entry->mode & S_IXUSR ? 0700 : 0600);
		if (fd < 0)
			ret = fail_errno(err, "cannot make '%s'",
					 entry->path);
		else
			ret = pass_bytes(from, entry->size, NULL, fd, err);
		if (fd >= 0)
			close(fd);
	}
	close(parent);
	return ret;
}

/* One child for many files: it prints them one behind the other. */
static int take_batch(struct batch *b, const char *remote, const char *name,
		      struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf why = STRBUF_INIT;
	size_t i;
	int ret, fd, status;

	if (!b->nr)
		return 0;
	child.resutil_cmd = 1;
	child.no_stdin = 1;
	child.out = -1;
	strvec_push(&child.args, "cat-pack");
	strvec_pushf(&child.args, "--remote=%s", remote);
	strvec_pushl(&child.args, "--", name, NULL);
	for (i = 0; i < b->nr; i++)
		strvec_push(&child.args, b->item[i].path);
	ret = start_command(&child, err);
	if (ret)
		return ret;
	fd = child.out;
	for (i = 0; i < b->nr && !ret; i++)
		ret = take_one(b, &b->item[i], fd, &why);
	close(fd);
	status = finish_command(&child);
	/* Its own reason stands on stderr, and is the better one. */
	if (status && status != 128 + SIGPIPE)
		ret = fail(err, status == EXIT_PARTLY ? ERR_CONTENT :
			   error_of_exit_status(status), "files of '%s' in "
			   "'%s' cannot be read", name, remote);
	else if (ret)
		strbuf_addbuf(err, &why);
	strbuf_release(&why);
	b->nr = b->bytes = 0;
	return ret;
}

static bool is_there(const struct batch *b, const char *path)
{
	int fd = open_beneath(b->dirfd, path, O_PATH);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int store_extract(const char *dir, const char *remote, const char *name,
		  const struct strbuf *listing, uint64_t max,
		  store_wanted_fn wanted, void *data, struct strbuf *err)
{
	const char *at = listing->buf, *end = at + listing->len;
	struct batch *b = xcalloc(1, sizeof(*b));
	struct store_entry entry;
	int ret = 0;

	b->left = max;
	b->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->dirfd < 0)
		ret = fail_errno(err, "cannot open '%s'", dir);
	while (!ret && (at = store_entry_next(at, end, &entry))) {
		size_t len = strlen(entry.path) + 1;

		if ((!S_ISREG(entry.mode) && !S_ISLNK(entry.mode)) ||
		    !wanted(&entry, data) || entry.size > b->left ||
		    len > BATCH_BYTES || is_there(b, entry.path))
			continue;
		if (b->nr == BATCH_FILES || b->bytes + len > BATCH_BYTES)
			ret = take_batch(b, remote, name, err);
		b->left -= entry.size;
		b->bytes += len;
		b->item[b->nr++] = entry;
	}
	if (!ret)
		ret = take_batch(b, remote, name, err);
	if (b->dirfd >= 0)
		close(b->dirfd);
	free(b);
	return ret;
}
