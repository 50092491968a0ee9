/*
 * Files here: nothing is opened, made or replaced through a link, and a file
 * has its name when it is whole.
 *
 * A temporary file has a name made of that of its file, and is held while
 * somebody is at it: so what a killed process left is found, and replaced, by
 * the next one that gets the same key.
 */
#include "lib/base/compat.h"
#include "lib/sync/keys-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"

/* No store takes keys with such a component, and no pattern means them. */
#define TEMPORARY ".resutil-get-"

#define TRIES 5
#define OPEN_DIR (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int keys_fail_errno(struct keys_item *item, const char *what,
		    struct strbuf *err)
{
	bool full = errno == ENOSPC || errno == EDQUOT || errno == EROFS;
	struct strbuf why = STRBUF_INIT;
	int ret;

	ret = fail_errno(&why, "cannot %s '%s'", what, item->key);
	if (full)
		keys_stop(item->run, ERR_FAILED, why.buf);
	fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	/* It was here a moment ago. */
	return ret == ERR_NOT_FOUND ? ERR_CONFLICT : ret;
}

/* ---- directories --------------------------------------------------------- */

static void close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* The directory `name` in `at`, made when missing. */
static int open_or_make(int at, const char *name, bool *made)
{
	int fd = openat(at, name, O_PATH | OPEN_DIR);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (!sys_mkdirat(at, name, 0777))
		*made = true;
	else if (errno != EEXIST)
		return -1;
	return openat(at, name, O_PATH | OPEN_DIR);
}

/* Each directory on the way; -1 and errno. */
static int make_dirs(struct keys_item *item, const char *parent)
{
	struct keys_run *run = item->run;
	size_t done = 0, len;
	int at = openat(run->root, ".", O_PATH | OPEN_DIR), next;
	bool made = false;
	char *name;

	item->temp.had_len = 0;
	while (at >= 0 && parent[done]) {
		len = strcspn(parent + done, "/");
		name = xmemdupz(parent + done, len);
		next = open_or_make(at, name, &made);
		free(name);
		close_keeping_errno(at);
		at = next;
		done += len;
		if (!made)
			item->temp.had_len = done;
		done += parent[done] == '/';
	}
	if (made) {
		pthread_mutex_lock(&run->lock);
		run->made_dirs = true;
		pthread_mutex_unlock(&run->lock);
	}
	if (at < 0)
		return -1;
	next = openat(at, ".", O_RDONLY | OPEN_DIR);
	if (next < 0 && errno == EACCES)
		return at;
	close_keeping_errno(at);
	return next;
}

static int open_parent(struct keys_item *item, struct strbuf *err)
{
	const char *base = path_basename(item->key);
	size_t len = (size_t)(base - item->key);
	char *parent = xmemdupz(item->key, len ? len - 1 : 0);
	struct keys_temp *t = &item->temp;

	t->had_len = strlen(parent);
	t->dir = open_beneath(item->run->root, parent,
			      O_RDONLY | O_DIRECTORY);
	if (t->dir < 0 && (errno == ENOENT || errno == EACCES))
		t->dir = make_dirs(item, parent);
	free(parent);
	if (t->dir >= 0)
		return 0;
	if (errno == ENOTDIR || errno == ELOOP || errno == EXDEV)
		return fail(err, ERR_CONFLICT, "cannot write '%s': what is "
			    "here on the way is no directory but a file or a "
			    "link, and stays", item->key);
	return keys_fail_errno(item, "make a directory for", err);
}

void keys_prune_dirs(struct keys_run *run, const char *dir, size_t keep_len)
{
	char *path = xstrdup(dir), *slash;
	const char *base;
	int fd, ret;

	while (*path && strlen(path) > keep_len) {
		fd = open_parent_beneath(run->root, path, &base);
		if (fd < 0)
			break;
		ret = sys_unlinkat(fd, base, AT_REMOVEDIR);
		close_keeping_errno(fd);
		if (ret && errno != ENOENT)
			break;
		slash = strrchr(path, '/');
		*(slash ? slash : path) = '\0';
	}
	free(path);
}

/* ---- the temporary file -------------------------------------------------- */

/* Something has the name of a file that was not here. */
static int fail_in_the_way(struct keys_item *item, const struct stat *st,
			   struct strbuf *err)
{
	const char *what = "something else, which is no file";

	if (S_ISDIR(st->st_mode))
		what = "a directory";
	else if (S_ISLNK(st->st_mode))
		what = "a link, which is not written through";
	else if (S_ISREG(st->st_mode))
		what = "a file of that name, or of one that the file system "
		       "takes for the same";
	return fail(err, ERR_CONFLICT, "cannot write '%s': there is %s",
		    item->key, what);
}

/* FNV-1a: as long a name as that of its file could not have a prefix. */
static void set_name(struct keys_item *item, bool of_process)
{
	const char *base = path_basename(item->key);
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *base; base++)
		hash = (hash ^ (unsigned char)*base) * 0x100000001b3u;
	free(item->temp.name);
	item->temp.name = of_process ?
		xstrfmt(TEMPORARY "%016" PRIx64 "-%ld", hash, (long)getpid()) :
		xstrfmt(TEMPORARY "%016" PRIx64, hash);
}

/* Somebody has made it before: 0 when it is out of the way. */
static int clear_name(struct keys_item *item, struct strbuf *err)
{
	struct keys_temp *t = &item->temp;
	enum hold_state state = HOLD_HELD;
	struct stat st;
	int fd;

	fd = openat(t->dir, t->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd >= 0 && !fstat(fd, &st)) {
		state = hold_probe(fd);
		if (state == HOLD_UNKNOWN &&
		    st.st_mtim.tv_sec < time(NULL) - HOLD_BLIND_AGE)
			state = HOLD_FREE;
	}
	if (state == HOLD_FREE && hold_has_name(fd, t->dir, t->name))
		sys_unlinkat(t->dir, t->name, 0);
	if (fd >= 0)
		close(fd);
	if (state == HOLD_HELD)
		return fail(err, ERR_CONFLICT, "another process is "
			    "downloading '%s', or '%s' beside it is in the way",
			    item->key, t->name);
	if (state == HOLD_UNKNOWN)
		set_name(item, true);
	return 0;
}

/* *again: the name or the directory went meanwhile. */
static int make_file(struct keys_item *item, bool *again, struct strbuf *err)
{
	struct keys_temp *t = &item->temp;

	*again = false;
	t->fd = sys_openat(t->dir, t->name,
			   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
	if (t->fd < 0) {
		*again = errno == EEXIST || errno == ENOENT;
		if (errno == EEXIST)
			return clear_name(item, err);
		return *again ? 0 : keys_fail_errno(item, "write", err);
	}
	if (hold_take(t->fd, t->dir, t->name)) {
		*again = errno == EEXIST;
		close_keeping_errno(t->fd);
		t->fd = -1;
		return *again ? 0 : keys_fail_errno(item, "lock", err);
	}
	tempfile_register_at(&t->registered, t->dir, t->name);
	return 0;
}

int keys_temp_make(struct keys_item *item, struct strbuf *err)
{
	struct keys_temp *t = &item->temp;
	bool again = true;
	struct stat st;
	int ret = 0, tries;

	set_name(item, false);
	for (tries = 0; !ret && again && tries < TRIES; tries++) {
		if (t->dir >= 0)
			close(t->dir);
		ret = open_parent(item, err);
		/* Better found out before all is read. */
		if (!ret && !item->here &&
		    !fstatat(t->dir, path_basename(item->key), &st,
			     AT_SYMLINK_NOFOLLOW))
			ret = fail_in_the_way(item, &st, err);
		if (!ret)
			ret = make_file(item, &again, err);
	}
	if (!ret && again)
		ret = fail(err, ERR_CONFLICT, "cannot write '%s': its "
			   "directory is removed again and again", item->key);
	if (!ret)
		ret = keys_check_case(item, err);
	if (!ret && item->here && sys_fchmod(t->fd, item->st.st_mode & 07777))
		ret = keys_fail_errno(item, "set the mode of", err);
	return ret;
}

static bool cannot_exclude(int error)
{
	return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

static bool has_no_links(int error)
{
	return error == EPERM || error == EOPNOTSUPP || error == ENOSYS;
}

/* Onto nothing: in one step wherever the file system can. */
static int rename_to_new(struct keys_item *item, const char *base,
			 struct strbuf *err)
{
	struct keys_temp *t = &item->temp;
	struct stat st;

	if (!sys_renameat(t->dir, t->name, t->dir, base, RENAME_NOREPLACE))
		return 0;
	if (cannot_exclude(errno)) {
		if (!sys_linkat(t->dir, t->name, t->dir, base)) {
			sys_unlinkat(t->dir, t->name, 0);
			return 0;
		}
		if (has_no_links(errno) &&
		    fstatat(t->dir, base, &st, AT_SYMLINK_NOFOLLOW) &&
		    errno == ENOENT &&
		    !sys_renameat(t->dir, t->name, t->dir, base, 0))
			return 0;
	}
	if (!fstatat(t->dir, base, &st, AT_SYMLINK_NOFOLLOW))
		return fail_in_the_way(item, &st, err);
	return keys_fail_errno(item, "write", err);
}

int keys_temp_show(struct keys_item *item, struct strbuf *err)
{
	const char *base = path_basename(item->key);
	struct keys_temp *t = &item->temp;
	struct stat st;
	int ret = 0;

	if (!item->here)
		ret = rename_to_new(item, base, err);
	else if (fstatat(t->dir, base, &st, AT_SYMLINK_NOFOLLOW) ||
		 !keys_unchanged(&st, &item->st))
		ret = fail(err, ERR_CONFLICT, "'%s' was changed here while it "
			   "was downloaded, and stays", item->key);
	else if (sys_renameat(t->dir, t->name, t->dir, base, 0))
		ret = keys_fail_errno(item, "replace", err);
	if (!ret)
		tempfile_forget(&t->registered);
	return ret;
}

void keys_temp_release(struct keys_item *item)
{
	const char *base = path_basename(item->key);
	size_t len = (size_t)(base - item->key);
	struct keys_temp *t = &item->temp;
	char *parent;

	tempfile_delete(&t->registered);
	if (t->fd >= 0)
		close(t->fd);
	if (t->dir >= 0)
		close(t->dir);
	t->fd = t->dir = -1;
	free(t->name);
	t->name = NULL;
	if (item->code && len && t->had_len < len - 1) {
		parent = xmemdupz(item->key, len - 1);
		keys_prune_dirs(item->run, parent, t->had_len);
		free(parent);
	}
}
