/*
 * Where an object lies: the directory that holds it, opened without following
 * a link, made where it is missing, and durable before anything in it is.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"
#include "transport/dir/dir-internal.h"

/* Rarely more than one or two: a project has one directory. */
#define DURABLE_MAX 64

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

mode_t dir_mode(int root, mode_t mask)
{
	struct stat st;

	return fstat(root, &st) ? mask & 0755 : st.st_mode & mask;
}

static bool is_in(struct dir_store *s, const struct strvec *list,
		  const char *parent)
{
	bool found = false;
	size_t i;

	pthread_mutex_lock(&s->mutex);
	for (i = 0; i < list->nr && !found; i++)
		found = !strcmp(list->v[i], parent);
	pthread_mutex_unlock(&s->mutex);
	return found;
}

static void keep_in(struct dir_store *s, struct strvec *list,
		    const char *parent)
{
	if (is_in(s, list, parent))
		return;
	pthread_mutex_lock(&s->mutex);
	if (list == &s->durable && list->nr >= DURABLE_MAX)
		strvec_clear(list);
	strvec_push(list, parent);
	pthread_mutex_unlock(&s->mutex);
}

static void drop_from(struct dir_store *s, struct strvec *list,
		      const char *parent)
{
	size_t i;

	pthread_mutex_lock(&s->mutex);
	for (i = list->nr; i > 0; i--)
		if (!strcmp(list->v[i - 1], parent))
			strvec_remove(list, i - 1);
	pthread_mutex_unlock(&s->mutex);
}

/* A file system that cannot sync a directory needs no such call. */
static int sync_dir(int fd)
{
	return sys_fsync(fd) && errno != EINVAL ? -1 : 0;
}

/* The directory `name` in `at`, made when missing. */
static int open_or_make(int root, int at, const char *name)
{
	mode_t mode = dir_mode(root, 07777);
	int fd = openat(at, name, OPEN_DIR);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (sys_mkdirat(at, name, mode & 0777)) {
		if (errno != EEXIST)
			return -1;
		return openat(at, name, OPEN_DIR);
	}
	fd = openat(at, name, OPEN_DIR);
	/* Of a directory whose files belong to a group, so are those below. */
	if (fd >= 0)
		sys_fchmod(fd, mode);
	return fd;
}

/*
 * Somebody else may have made a directory a moment ago and not have synced
 * it, so each one on the way is synced, once for each handle.
 */
static int open_making(struct dir_place *place, struct dir_store *s)
{
	bool durable = is_in(s, &s->durable, place->parent);
	const char *rest = place->parent;
	int at = openat(place->root, ".", OPEN_DIR), next, saved;

	while (at >= 0 && *rest) {
		size_t len = strcspn(rest, "/");
		char *name = xmemdupz(rest, len);

		next = open_or_make(place->root, at, name);
		free(name);
		if (next >= 0 && !durable && sync_dir(at)) {
			saved = errno;
			close(next);
			errno = saved;
			next = -1;
		}
		saved = errno;
		close(at);
		errno = saved;
		at = next;
		rest += len + (rest[len] == '/');
	}
	if (at >= 0 && !durable)
		keep_in(s, &s->durable, place->parent);
	return at;
}

static int open_dir(struct dir_place *place, struct dir_store *s,
		    const char *key, bool make, struct strbuf *err)
{
	int tries;

	if (!make) {
		place->dir = open_beneath(place->root, place->parent,
					  O_RDONLY | O_DIRECTORY);
		/* One that cannot be listed may still be gone through. */
		if (place->dir < 0 && errno == EACCES)
			place->dir = open_beneath(place->root, place->parent,
						  O_PATH | O_DIRECTORY);
		return place->dir < 0 ?
			dir_fail_reading(s, "find", key, err) : 0;
	}
	/* Whoever removes empty directories may be faster than we make them. */
	for (tries = 0; tries < 100; tries++) {
		place->dir = open_making(place, s);
		if (place->dir >= 0 || errno != ENOENT)
			break;
		drop_from(s, &s->durable, place->parent);
	}
	if (place->dir >= 0)
		return 0;
	if (errno == ENOTDIR || errno == ELOOP)
		return fail(err, ERR_FAILED, "cannot put '%s' into '%s': "
			    "something that is no directory is in the way",
			    key, s->base.url);
	return dir_fail(s, "make the directory of", key, err);
}

int dir_place_open(struct dir_place *place, struct dir_store *s,
		   const char *key, bool make, struct strbuf *err)
{
	const char *slash = strrchr(key, '/');
	int ret = dir_open_root(s, &place->root, err);

	if (ret)
		return ret;
	place->base = slash ? slash + 1 : key;
	place->parent = xmemdupz(key, slash ? (size_t)(slash - key) : 0);
	return open_dir(place, s, key, make, err);
}

int dir_place_reopen(struct dir_place *place, struct dir_store *s,
		     const char *key, struct strbuf *err)
{
	close(place->dir);
	place->dir = -1;
	drop_from(s, &s->durable, place->parent);
	return open_dir(place, s, key, true, err);
}

void dir_place_release(struct dir_place *place)
{
	if (place->dir >= 0)
		close(place->dir);
	if (place->root >= 0)
		close(place->root);
	free(place->parent);
}

/*
 * What could not be synced is visible but may not last. It is remembered, so
 * that the next look at the directory, by which a repeated put learns that it
 * had worked, does not call it done before it is.
 */
int dir_place_sync(struct dir_place *place, struct dir_store *s,
		   const char *key, struct strbuf *err)
{
	if (!sync_dir(place->dir)) {
		drop_from(s, &s->unsynced, place->parent);
		return 0;
	}
	keep_in(s, &s->unsynced, place->parent);
	dir_fail(s, "make durable", key, err);
	return ERR_TRANSIENT;
}

void dir_place_prune(struct dir_place *place, struct dir_store *s)
{
	char *path = xstrdup(place->parent), *slash;
	const char *base;
	bool gone = true;
	int fd;

	while (gone && *path) {
		fd = open_parent_beneath(place->root, path, &base);
		gone = fd >= 0 && !sys_unlinkat(fd, base, AT_REMOVEDIR);
		if (fd >= 0)
			close(fd);
		if (gone)
			drop_from(s, &s->durable, path);
		slash = strrchr(path, '/');
		*(slash ? slash : path) = '\0';
	}
	free(path);
}

int dir_place_stat(struct dir_place *place, struct dir_store *s,
		   const char *key, struct stat *st, struct strbuf *err)
{
	if (is_in(s, &s->unsynced, place->parent)) {
		int ret = dir_place_sync(place, s, key, err);

		if (ret)
			return ret;
	}
	if (fstatat(place->dir, place->base, st, AT_SYMLINK_NOFOLLOW))
		return dir_fail_reading(s, "look at", key, err);
	if (!S_ISREG(st->st_mode))
		return fail(err, ERR_NOT_FOUND, "'%s' in '%s' is no regular "
			    "file", key, s->base.url);
	return 0;
}
