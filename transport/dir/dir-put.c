/*
 * Putting objects into a directory: a temporary file beside the target, made
 * durable, then made visible in one step.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/base/tempfile.h"
#include "transport/dir/dir-internal.h"
#include "transport/object.h"

#include <sys/random.h>

#define WRITE_AT_ONCE ((size_t)1 << 20)

struct putting {
	struct dir_store *store;
	const struct put_request *request;
	struct dir_place place;
	char name[sizeof(DIR_TEMPORARY) + 16];
	struct tempfile *temp;
	int fd;
	int hold;		/* says that somebody is at it */
	struct stat st;		/* of the temporary when it is whole */
};

static int random_name(struct putting *p, struct strbuf *err)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail_errno(err, "cannot get random bytes");
	snprintf(p->name, sizeof(p->name), DIR_TEMPORARY "%016" PRIx64, number);
	return 0;
}

/*
 * By a descriptor of its own, since the other one is closed before the name is
 * changed. false: somebody took it for a rest, in the moment before.
 */
static bool hold_temporary(struct putting *p)
{
	p->hold = openat(p->place.dir, p->name,
			 O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (p->hold < 0)
		return errno != ENOENT;
	if (!hold_take(p->hold, p->place.dir, p->name))
		return true;
	close(p->hold);
	p->hold = -1;
	return false;
}

static int make_temporary(struct putting *p, struct strbuf *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
	mode_t mode = dir_mode(p->place.root, 0666);
	const char *key = p->request->key;
	int tries, ret;

	for (tries = 0; tries < 100; tries++) {
		ret = random_name(p, err);
		if (ret)
			return ret;
		tempfile_register_at(&p->temp, p->place.dir, p->name);
		p->fd = sys_openat(p->place.dir, p->name, flags, mode);
		if (p->fd >= 0 && hold_temporary(p))
			break;
		if (p->fd >= 0) {
			close(p->fd);
			p->fd = -1;
			tempfile_delete(&p->temp);
			continue;
		}
		tempfile_forget(&p->temp);
		if (errno == ENOENT)
			/* Empty, it was removed in between. */
			ret = dir_place_reopen(&p->place, p->store, key, err);
		else if (errno != EEXIST)
			ret = dir_fail(p->store, "put", key, err);
		if (ret)
			return ret;
	}
	if (p->fd < 0) {
		errno = EEXIST;
		return dir_fail(p->store, "put", key, err);
	}
	/* The handler has been here already. */
	if (tempfile_is_dying())
		sys_unlinkat(p->place.dir, p->name, 0);
	/* Not every share has modes. */
	if (sys_fchmod(p->fd, mode) && errno != EPERM && errno != ENOSYS &&
	    errno != EOPNOTSUPP)
		return dir_fail(p->store, "put", key, err);
	return 0;
}

static int copy_source(struct putting *p, uint64_t *size, struct strbuf *err)
{
	struct put_source *source = p->request->source;
	char *buf = xmalloc(WRITE_AT_ONCE);
	size_t got;
	int ret = 0;

	*size = 0;
	if (source->open)
		ret = source->open(source, 0, err);
	while (!ret) {
		ret = source->read(source, buf, WRITE_AT_ONCE, &got, err);
		if (ret || !got)
			break;
		if (sys_write_all(p->fd, buf, got))
			ret = dir_fail(p->store, "put", p->request->key, err);
		*size += got;
	}
	free(buf);
	if (!ret && source->size != OBJECT_SIZE_UNKNOWN &&
	    source->size != *size)
		ret = fail(err, ERR_CONTENT, "the content of '%s' has %" PRIu64
			   " bytes, and %" PRIu64 " were promised",
			   p->request->key, *size, source->size);
	return ret;
}

/*
 * Its own time makes it another version than any before it that had the same
 * inode number. close(2) tells of what NFS could not store.
 */
static int finish_temporary(struct putting *p, uint64_t size,
			    struct strbuf *err)
{
	const char *key = p->request->key;
	struct timespec times[2];
	int ret;

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[1] = times[0];
	if (sys_futimens(p->fd, times) || sys_fsync(p->fd))
		return dir_fail(p->store, "put", key, err);
	ret = close(p->fd);
	p->fd = -1;
	if (ret && errno != EINTR)
		return dir_fail(p->store, "put", key, err);
	if (fstatat(p->place.dir, p->name, &p->st, AT_SYMLINK_NOFOLLOW))
		return dir_fail(p->store, "put", key, err);
	if (!S_ISREG(p->st.st_mode) || (uint64_t)p->st.st_size != size)
		return fail(err, ERR_CONTENT, "'%s' holds %jd bytes of '%s', "
			    "not the %" PRIu64 " that were written",
			    p->store->base.url, (intmax_t)p->st.st_size, key,
			    size);
	return 0;
}

static bool has_no_links(int error)
{
	return error == EPERM || error == EOPNOTSUPP || error == ENOSYS ||
	       error == EMLINK;
}

/* Looks, then renames: with the lock, nobody of ours comes in between. */
static int rename_with_look(struct dir_store *s, struct dir_place *from,
			    const char *name, struct dir_place *to,
			    const char *key, int lock, struct strbuf *err)
{
	struct stat st;
	int own = -1, ret = 0;

	if (lock < 0)
		ret = dir_lock(s, to->root, key, NULL, true, &own, err);
	if (ret)
		return ret;
	if (!fstatat(to->dir, to->base, &st, AT_SYMLINK_NOFOLLOW))
		ret = object_fail_exists(&s->base, key, err);
	else if (errno != ENOENT ||
		 sys_renameat(from->dir, name, to->dir, to->base, 0))
		ret = dir_fail(s, "put", key, err);
	if (own >= 0)
		close(own);
	return ret;
}

/*
 * `name` of one place becomes `key` in another, which must be absent. *linked:
 * the old name is still there, and to be removed. lock: held, or -1.
 */
static int appear(struct dir_store *s, struct dir_place *from,
		  const char *name, struct dir_place *to, const char *key,
		  int lock, bool *linked, struct strbuf *err)
{
	const int no_follow = AT_SYMLINK_NOFOLLOW;
	struct stat old, new;

	*linked = false;
	if (!sys_linkat(from->dir, name, to->dir, to->base)) {
		*linked = true;
		return 0;
	}
	if (errno == EEXIST) {
		/* NFS repeats a call whose answer was lost: that was us. */
		*linked = !fstatat(from->dir, name, &old, no_follow) &&
			  !fstatat(to->dir, to->base, &new, no_follow) &&
			  old.st_nlink > 1 && old.st_dev == new.st_dev &&
			  old.st_ino == new.st_ino;
		return *linked ? 0 : object_fail_exists(&s->base, key, err);
	}
	if (!has_no_links(errno))
		return dir_fail(s, "put", key, err);
	if (!sys_renameat(from->dir, name, to->dir, to->base, RENAME_NOREPLACE))
		return 0;
	if (errno == EEXIST)
		return object_fail_exists(&s->base, key, err);
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return dir_fail(s, "put", key, err);
	return rename_with_look(s, from, name, to, key, lock, err);
}

static int create(struct putting *p, struct strbuf *err)
{
	bool linked;
	int ret;

	ret = appear(p->store, &p->place, p->name, &p->place, p->request->key,
		     -1, &linked, err);
	if (ret)
		return ret;
	if (linked)
		tempfile_delete(&p->temp);
	else
		tempfile_forget(&p->temp);
	return 0;
}

/* What the request expects to replace is what is there. Under the lock. */
static int check_expected(struct putting *p, struct strbuf *err)
{
	const struct put_request *r = p->request;
	struct stat st;

	if (fstatat(p->place.dir, p->place.base, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			return dir_fail(p->store, "look at", r->key, err);
		return r->expect == EXPECT_ANY ? 0 :
			object_fail_changed(&p->store->base, r->key, err);
	}
	if (!S_ISREG(st.st_mode))
		return fail(err, ERR_FAILED, "cannot put '%s' into '%s': what "
			    "is there is no regular file", r->key,
			    p->store->base.url);
	if (r->expect == EXPECT_VERSION && !dir_is_version(&st, r->version))
		return object_fail_changed(&p->store->base, r->key, err);
	return 0;
}

static int replace(struct putting *p, struct strbuf *err)
{
	const struct put_request *r = p->request;
	int lock, ret;

	ret = dir_lock(p->store, p->place.root, r->key, NULL,
		       r->expect == EXPECT_VERSION, &lock, err);
	if (ret)
		return ret;
	ret = check_expected(p, err);
	if (!ret && sys_renameat(p->place.dir, p->name, p->place.dir,
				 p->place.base, 0))
		ret = dir_fail(p->store, "put", r->key, err);
	if (!ret)
		tempfile_forget(&p->temp);
	if (lock >= 0)
		close(lock);
	return ret;
}

int dir_put(struct transport *t, const struct put_request *r,
	    struct object *out, struct strbuf *err)
{
	struct putting p = {
		.store = dir_store_of(t), .request = r,
		.place = DIR_PLACE_INIT, .fd = -1, .hold = -1
	};
	uint64_t size;
	int ret;

	ret = dir_check_key(p.store, r->key, err);
	if (!ret)
		ret = dir_place_open(&p.place, p.store, r->key, true, err);
	if (!ret)
		ret = make_temporary(&p, err);
	if (!ret)
		ret = copy_source(&p, &size, err);
	if (!ret)
		ret = finish_temporary(&p, size, err);
	if (!ret)
		ret = r->expect == EXPECT_ABSENT ? create(&p, err) :
						   replace(&p, err);
	if (!ret)
		ret = dir_place_sync(&p.place, p.store, r->key, err);
	if (!ret && out)
		dir_fill(out, r->key, &p.st);

	if (p.fd >= 0)
		close(p.fd);
	tempfile_delete(&p.temp);
	if (p.hold >= 0)
		close(p.hold);
	if (ret && p.place.dir >= 0)
		dir_place_prune(&p.place, p.store);
	dir_place_release(&p.place);
	return ret;
}

/* ---- remove and rename -------------------------------------------------- */

int dir_remove(struct transport *t, const char *key, const char *version,
	       struct strbuf *err)
{
	struct dir_store *s = dir_store_of(t);
	struct dir_place place = DIR_PLACE_INIT;
	struct stat st;
	int lock = -1, ret;

	ret = dir_check_key(s, key, err);
	if (!ret)
		ret = dir_place_open(&place, s, key, false, err);
	/* Before the lock, which a store that is only read may not have. */
	if (!ret)
		ret = dir_place_stat(&place, s, key, &st, err);
	if (!ret)
		ret = dir_lock(s, place.root, key, NULL, version != NULL,
			       &lock, err);
	if (!ret)
		ret = dir_place_stat(&place, s, key, &st, err);
	if (!ret && version && !dir_is_version(&st, version))
		ret = object_fail_changed(&s->base, key, err);
	if (!ret && sys_unlinkat(place.dir, place.base, 0))
		ret = dir_fail_reading(s, "remove", key, err);
	if (lock >= 0)
		close(lock);
	if (!ret) {
		ret = dir_place_sync(&place, s, key, err);
		dir_place_prune(&place, s);
	}
	dir_place_release(&place);
	return ret;
}

/* The old name goes when the new one is durable. */
static int move(struct dir_store *s, struct dir_place *from,
		const char *from_key, struct dir_place *to, const char *to_key,
		int lock, struct strbuf *err)
{
	bool linked = false;
	int ret = 0;

	/* In one step where that can be done: nobody dies between two. */
	if (sys_renameat(from->dir, from->base, to->dir, to->base,
			 RENAME_NOREPLACE))
		ret = appear(s, from, from->base, to, to_key, lock, &linked,
			     err);
	if (!ret)
		ret = dir_place_sync(to, s, to_key, err);
	if (!ret && linked && sys_unlinkat(from->dir, from->base, 0))
		ret = dir_fail(s, "remove", from_key, err);
	if (!ret)
		ret = dir_place_sync(from, s, from_key, err);
	return ret;
}

int dir_rename(struct transport *t, const char *from, const char *to,
	       const char *version, struct strbuf *err)
{
	struct dir_store *s = dir_store_of(t);
	struct dir_place old = DIR_PLACE_INIT, new = DIR_PLACE_INIT;
	struct stat st;
	int lock = -1, ret;

	ret = dir_check_key(s, from, err);
	if (!ret)
		ret = dir_check_key(s, to, err);
	if (!ret)
		ret = dir_place_open(&old, s, from, false, err);
	if (!ret)
		ret = dir_place_stat(&old, s, from, &st, err);
	if (!ret && !strcmp(from, to))
		ret = object_fail_exists(&s->base, to, err);
	if (!ret)
		ret = dir_place_open(&new, s, to, true, err);
	if (!ret)
		ret = dir_lock(s, old.root, from, to, version != NULL, &lock,
			       err);
	if (!ret)
		ret = dir_place_stat(&old, s, from, &st, err);
	if (!ret && version && !dir_is_version(&st, version))
		ret = object_fail_changed(&s->base, from, err);
	if (!ret)
		ret = move(s, &old, from, &new, to, lock, err);
	if (lock >= 0)
		close(lock);
	if (new.dir >= 0)
		dir_place_prune(ret ? &new : &old, s);
	dir_place_release(&new);
	dir_place_release(&old);
	return ret;
}
