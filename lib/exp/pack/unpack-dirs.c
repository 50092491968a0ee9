/*
 * Directories first, links last. In between every name below the temporary
 * directory is a directory or a file that we made, and no link leads anywhere.
 *
 * Entries are taken by path, so what lies in one directory comes together and
 * its descriptor is kept from one to the next. Nothing is ever opened by more
 * than one step without open_beneath().
 */
#include "lib/base/compat.h"
#include "lib/exp/pack/unpack-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/sys.h"

#define LINK_MAX_TARGET 4095	/* resutilformat-pack(5), "The kinds" */
#define MAX_FSYNC_DIRS 4	/* more: one syncfs */

/* ---- the cursor --------------------------------------------------------- */

void dir_cursor_init(struct dir_cursor *c, int root)
{
	c->root = c->fd = root;
	c->path = "";
	c->len = 0;
}

void dir_cursor_release(struct dir_cursor *c)
{
	if (c->fd >= 0 && c->fd != c->root)
		close(c->fd);
	dir_cursor_init(c, c->root);
}

/* From the open directory where the path goes on there, else from the root. */
static int move_to(struct dir_cursor *c, const char *path, size_t len)
{
	bool on = len > c->len && !memcmp(path, c->path, c->len);
	size_t from = on ? c->len : 0;
	char *rest = NULL;
	int fd = c->root;

	if (len) {
		rest = xmemdupz(path + from, len - from - 1);
		fd = open_beneath(on ? c->fd : c->root, rest,
				  O_PATH | O_DIRECTORY);
		free(rest);
	}
	if (fd < 0)
		return -1;
	dir_cursor_release(c);
	c->fd = fd;
	c->path = path;
	c->len = len;
	return 0;
}

int dir_cursor_go(struct dir_cursor *c, const char *path, size_t len)
{
	size_t parent = len - (path[len - 1] == '/');
	size_t end = parent;

	while (parent && path[parent - 1] != '/')
		parent--;
	if (end - parent > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if ((parent != c->len || memcmp(path, c->path, parent)) &&
	    move_to(c, path, parent))
		return -1;
	memcpy(c->base, path + parent, end - parent);
	c->base[end - parent] = '\0';
	return 0;
}

/* ---- errors -------------------------------------------------------------- */

int unpack_errno(const struct unpack *u, const char *path, size_t len,
		 const char *what, struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT;
	int error = errno, ret;

	quote_c(&name, path, len);
	if (error == EEXIST)
		ret = fail(err, ERR_CONFLICT, "'%s': '%s' and another entry "
			   "have one name in this file system",
			   u->p->source->name, name.buf);
	else
		ret = fail(err, ERR_FAILED, "cannot %s '%s': %s", what,
			   name.buf, strerror(error));
	strbuf_release(&name);
	return ret;
}

/* ---- directories -------------------------------------------------------- */

struct dir_walk {
	struct unpack *u;
	struct strbuf *err;
	struct dir_cursor at;
};

static mode_t wanted_mode(const struct unpack *u, const struct pack_entry *e)
{
	if (!e || e->mode_unknown)
		return 0777 & ~u->mask;
	return e->mode & 0777;
}

/* While we work in it its owner must be able to. */
static mode_t working_mode(const struct unpack *u, const struct pack_entry *e)
{
	return wanted_mode(u, e) | 0700;
}

static int chmod_beneath(int dirfd, const char *path, mode_t mode)
{
	int fd = open_beneath(dirfd, path, O_PATH | O_DIRECTORY);
	int ret, saved;

	if (fd < 0)
		return -1;
	ret = sys_fchmod(fd, mode);
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}

static int make_dir(const char *path, uint32_t len, const struct pack_entry *e,
		    size_t pos UNUSED, void *data)
{
	struct dir_walk *walk = data;
	struct unpack *u = walk->u;
	mode_t mode = working_mode(u, e);

	if (e && !S_ISDIR(e->mode))
		return 0;
	if (dir_cursor_go(&walk->at, path, len) ||
	    sys_mkdirat(walk->at.fd, walk->at.base, mode))
		return unpack_errno(u, path, len, "make directory",
				    walk->err);
	if ((mode & u->mask) &&
	    chmod_beneath(walk->at.fd, walk->at.base, mode | u->dir_bits))
		return unpack_errno(u, path, len, "set the mode of",
				    walk->err);
	return 0;
}

static int walk_dirs(struct unpack *u, pack_walk_fn fn, struct strbuf *err)
{
	struct dir_walk walk = { .u = u, .err = err };
	int ret;

	dir_cursor_init(&walk.at, u->root);
	ret = pack_walk(u->p, fn, &walk);
	dir_cursor_release(&walk.at);
	return ret;
}

int unpack_make_dirs(struct unpack *u, struct strbuf *err)
{
	return walk_dirs(u, make_dir, err);
}

static void note_odd(struct unpack *u, const char *path, uint32_t len,
		     mode_t mode)
{
	struct odd_dir *odd;

	if ((mode & 0700) == 0700)
		return;
	ARRAY_GROW(u->odd, u->nr_odd + 1, u->alloc_odd);
	odd = &u->odd[u->nr_odd++];
	odd->path = xmemdupz(path, len ? len - 1 : 0);
	odd->mode = mode;
}

/*
 * Modes were given when they were made, as far as their owner can still work
 * there; so this only has the times of those that have one.
 */
static int finish_dir(const char *path, uint32_t len,
		      const struct pack_entry *e, size_t pos UNUSED, void *data)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = e ? e->mtime : 0 }
	};
	struct dir_walk *walk = data;
	struct unpack *u = walk->u;

	if (e && !S_ISDIR(e->mode))
		return 0;
	note_odd(u, path, len, wanted_mode(u, e) | u->dir_bits);
	if (!e)
		return 0;
	if (dir_cursor_go(&walk->at, path, len) ||
	    sys_utimensat(walk->at.fd, walk->at.base, times,
			  AT_SYMLINK_NOFOLLOW))
		return unpack_errno(u, path, len, "set the time of",
				    walk->err);
	unpack_count(u, 1, 0);
	return 0;
}

int unpack_finish_dirs(struct unpack *u, struct strbuf *err)
{
	int ret;

	note_odd(u, "", 0, u->root_mode);
	ret = walk_dirs(u, finish_dir, err);
	if (ret)
		return ret;
	if ((u->root_mode & 0700) == 0700 && sys_fchmod(u->root, u->root_mode))
		return fail_errno(err, "cannot set the mode of the directory");
	return 0;
}

/* ---- directories that their owner cannot use ---------------------------- */

static int open_odd(const struct unpack *u, const struct odd_dir *odd,
		    int flags)
{
	return open_beneath(u->root, odd->path, flags | O_DIRECTORY);
}

static int close_dir(struct unpack *u, const struct odd_dir *odd, bool sync,
		     struct strbuf *err)
{
	int fd = open_odd(u, odd, O_RDONLY);
	int ret = 0;

	if (fd < 0 || sys_fchmod(fd, odd->mode) || (sync && sys_fsync(fd)))
		ret = unpack_errno(u, odd->path, strlen(odd->path),
				   "set the mode of", err);
	if (fd >= 0)
		close(fd);
	return ret;
}

int unpack_close_dirs(struct unpack *u, struct strbuf *err)
{
	bool each = u->nr_odd <= MAX_FSYNC_DIRS;
	size_t i;
	int ret;

	/* Those that lie in others first: afterwards there is no way in. */
	for (i = u->nr_odd; i-- > 0;) {
		ret = close_dir(u, &u->odd[i], each, err);
		if (ret)
			return ret;
	}
	if (!each && sys_syncfs(u->root))
		return fail_errno(err, "cannot sync what was unpacked");
	return 0;
}

void unpack_reopen_dirs(struct unpack *u)
{
	size_t i;
	int fd;

	for (i = 0; i < u->nr_odd; i++) {
		fd = open_odd(u, &u->odd[i], O_PATH);
		if (fd >= 0) {
			sys_fchmod(fd, 0700);
			close(fd);
		}
	}
}

/* ---- links -------------------------------------------------------------- */

struct link_target {
	char text[LINK_MAX_TARGET + 1];
	size_t len;
};

static int take_target(const unsigned char *buf, size_t len, uint64_t offset,
		       void *data)
{
	struct link_target *target = data;

	assert(offset == target->len && len <= LINK_MAX_TARGET - target->len);
	memcpy(target->text + target->len, buf, len);
	target->len += len;
	return 0;
}

static int hash_target(unsigned char *raw, const struct link_target *target,
		       struct strbuf *err)
{
	struct digest *digest;
	int ret = digest_start(&digest, err);

	if (ret)
		return ret;
	digest_add(digest, target->text, target->len);
	digest_finish(&digest, raw);
	return 0;
}

static int make_link(struct unpack *u, struct dir_cursor *at, size_t pos,
		     struct strbuf *err)
{
	const struct pack_entry *e = unpack_at(u, pos);
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT }, { .tv_sec = e->mtime }
	};
	struct link_target target = { .len = 0 };
	int ret;

	ret = pack_read_entry(u->p, e, u->reader[0], take_target, &target, err);
	if (ret)
		return ret;
	target.text[target.len] = '\0';
	/* The reader has refused these: they would make another link. */
	if (!target.len || strlen(target.text) != target.len)
		return pack_entry_fail(u->p, e, ERR_CONTENT, err,
				       "no target that a link can have");
	if (u->digest)
		ret = hash_target(u->digest + pos * DIGEST_RAWSZ, &target, err);
	if (ret)
		return ret;
	if (dir_cursor_go(at, e->path, e->path_len) ||
	    sys_symlinkat(target.text, at->fd, at->base))
		return unpack_errno(u, e->path, e->path_len, "make link", err);
	if (sys_utimensat(at->fd, at->base, times, AT_SYMLINK_NOFOLLOW))
		return unpack_errno(u, e->path, e->path_len, "set the time of",
				    err);
	unpack_count(u, 1, target.len);
	return 0;
}

int unpack_make_links(struct unpack *u, struct strbuf *err)
{
	struct dir_cursor at;
	size_t pos;
	int ret = 0;

	dir_cursor_init(&at, u->root);
	for (pos = 0; !ret && pos < u->p->nr; pos++)
		if (S_ISLNK(unpack_at(u, pos)->mode))
			ret = make_link(u, &at, pos, err);
	dir_cursor_release(&at);
	return ret;
}
