/*
 * What puts left in a directory when their process died: temporaries that
 * nobody holds. The walk is that of dir-list.c.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "transport/dir/dir-internal.h"
#include "transport/object.h"

bool dir_is_temporary(const char *name)
{
	return !strncmp(name, DIR_TEMPORARY, strlen(DIR_TEMPORARY));
}

static bool is_old(const struct stat *st)
{
	return st->st_mtim.tv_sec < time(NULL) - HOLD_BLIND_AGE;
}

/* The descriptor keeps the lock that says so; -1: there is none. */
static bool is_rest(int dir, const char *name, int *fd, struct stat *st)
{
	enum hold_state state = HOLD_UNKNOWN;

	*fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		     O_CLOEXEC);
	if (*fd < 0 ? fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) :
		      fstat(*fd, st))
		return false;
	if (!S_ISREG(st->st_mode))
		return false;
	if (*fd >= 0)
		state = hold_probe(*fd);
	return state == HOLD_FREE || (state == HOLD_UNKNOWN && is_old(st));
}

bool dir_is_rest(int dir, const char *name, struct stat *st)
{
	int fd;
	bool rest = is_rest(dir, name, &fd, st);

	if (fd >= 0)
		close(fd);
	return rest;
}

static int fail_no_rest(struct dir_store *s, const char *key,
			struct strbuf *err)
{
	return fail(err, ERR_NOT_FOUND, "no rest of an upload '%s' in '%s'",
		    key, s->base.url);
}

/* Not one that others would understand as a key. */
static int check_rest_key(struct dir_store *s, const char *key,
			  struct strbuf *err)
{
	const char *slash = strrchr(key, '/');
	struct strbuf parent = STRBUF_INIT;
	bool good = dir_is_temporary(slash ? slash + 1 : key);

	strbuf_add(&parent, key, slash ? (size_t)(slash - key) : 0);
	good = good && !dir_check_key(s, parent.buf, NULL);
	strbuf_release(&parent);
	return good ? 0 : fail_no_rest(s, key, err);
}

static int remove_rest(struct dir_store *s, struct dir_place *place,
		       const char *key, const char *version,
		       struct strbuf *err)
{
	struct stat st;
	int fd, ret = 0;

	if (!is_rest(place->dir, place->base, &fd, &st))
		ret = fstatat(place->dir, place->base, &st,
			      AT_SYMLINK_NOFOLLOW) ?
			fail_no_rest(s, key, err) :
			fail(err, ERR_CONFLICT, "somebody is at '%s' in '%s'",
			     key, s->base.url);
	else if (version && !dir_is_version(&st, version))
		ret = object_fail_changed(&s->base, key, err);
	else if (fd >= 0 && !hold_has_name(fd, place->dir, place->base))
		ret = fail_no_rest(s, key, err);	/* whole by now */
	else if (sys_unlinkat(place->dir, place->base, 0))
		ret = dir_fail_reading(s, "remove", key, err);
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Not synced: one that comes back after a power failure is pruned again. */
int dir_prune(struct transport *t, const char *key, const char *version,
	      struct strbuf *err)
{
	struct dir_store *s = dir_store_of(t);
	struct dir_place place = DIR_PLACE_INIT;
	int ret;

	ret = check_rest_key(s, key, err);
	if (!ret)
		ret = dir_place_open(&place, s, key, false, err);
	if (!ret)
		ret = remove_rest(s, &place, key, version, err);
	if (!ret)
		dir_place_prune(&place, s);
	dir_place_release(&place);
	return ret;
}
