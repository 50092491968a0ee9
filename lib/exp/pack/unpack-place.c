/*
 * The target of unpacking. It appears by one rename: of a directory that was
 * built beside it, onto nothing or onto an empty directory, which rename(2)
 * replaces in one step.
 */
#include "lib/base/compat.h"
#include "lib/exp/pack/unpack-internal.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/exp/record/exp-remove.h"

#include <dirent.h>
#include <sys/statvfs.h>

#define MAX_TRIES 1000

/* "." and ".." are no names that something can be renamed to. */
static int add_target(struct strbuf *out, const char *dir, struct strbuf *err)
{
	size_t len = strlen(dir);
	const char *base;
	char *real;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	strbuf_add(out, dir, len);
	base = path_basename(out->buf);
	if (*base && strcmp(base, ".") && strcmp(base, ".."))
		return 0;
	real = realpath(out->buf, NULL);
	if (!real)
		return fail_errno(err, "cannot unpack into '%s'", dir);
	strbuf_reset(out);
	strbuf_addstr(out, real);
	free(real);
	return 0;
}

static int check_empty(const char *dir, struct strbuf *err)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	int ret = 0;

	if (!stream)
		return fail_errno(err, "cannot read directory '%s'", dir);
	errno = 0;
	while (!ret && (entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			ret = fail(err, ERR_CONFLICT, "'%s' is not empty", dir);
	if (!ret && errno)
		ret = fail_errno(err, "cannot read directory '%s'", dir);
	closedir(stream);
	return ret;
}

static int check_existing(struct unpack_place *place, const struct stat *st,
			  struct strbuf *err)
{
	const char *dir = place->dir.buf;
	struct stat here, above;

	if (S_ISLNK(st->st_mode))
		return fail(err, ERR_CONFLICT, "'%s' is a symbolic link, name "
			    "the directory itself", dir);
	if (!S_ISDIR(st->st_mode))
		return fail(err, ERR_CONFLICT, "'%s' is there and is no "
			    "directory", dir);
	if (!place->replace && check_empty(dir, err))
		return ERR_CONFLICT;
	if (!stat(place->parent.buf, &above) && above.st_dev != st->st_dev)
		return fail(err, ERR_CONFLICT, "'%s' is a mount point, which "
			    "cannot be replaced; name a directory in it", dir);
	/* Whoever works in a directory that is replaced does not see it. */
	if (!stat(".", &here) && here.st_dev == st->st_dev &&
	    here.st_ino == st->st_ino)
		return fail(err, ERR_CONFLICT, "'%s' is the working directory, "
			    "which cannot be replaced; go elsewhere, or name "
			    "another one", dir);
	place->exists = true;
	place->mode = st->st_mode & 07777;
	return 0;
}

int unpack_place_look(struct unpack_place *place, const char *dir,
		      struct strbuf *err)
{
	const char *base;
	struct stat st;
	int ret;

	ret = add_target(&place->dir, dir, err);
	if (ret)
		return ret;
	base = path_basename(place->dir.buf);
	if (base == place->dir.buf)
		strbuf_addstr(&place->parent, ".");
	else	/* with its slash: "/" stays what it is */
		strbuf_add(&place->parent, place->dir.buf,
			   (size_t)(base - place->dir.buf));
	if (stat(place->parent.buf, &st))
		return fail_errno(err, "cannot make '%s' in '%s'", base,
				  place->parent.buf);
	if (place->beside)
		return 0;
	if (!lstat(place->dir.buf, &st))
		return check_existing(place, &st, err);
	if (errno != ENOENT)
		return fail_errno(err, "cannot unpack into '%s'", dir);
	return 0;
}

int unpack_place_has_room(const struct unpack_place *place, uint64_t size,
			  struct strbuf *err)
{
	struct strbuf need = STRBUF_INIT, room = STRBUF_INIT;
	struct statvfs fs;
	uint64_t left;
	int ret;

	/* Some file systems without a size of their own have 0 blocks. */
	if (statvfs(place->parent.buf, &fs) || !fs.f_blocks)
		return 0;
	if (__builtin_mul_overflow((uint64_t)fs.f_bavail,
				   (uint64_t)fs.f_frsize, &left) ||
	    size <= left)
		return 0;
	size_format(&need, size);
	size_format(&room, left);
	ret = fail(err, ERR_FAILED, "no room in '%s': %s are needed, %s are "
		   "free; sparse files may need less, --no-space-check tries",
		   place->parent.buf, need.buf, room.buf);
	strbuf_release(&need);
	strbuf_release(&room);
	return ret;
}

/* ".NAME" and `end`; a name that leaves no room for that is cut. */
static void make_hidden(struct strbuf *out, const struct unpack_place *place,
			const char *end)
{
	const char *base = path_basename(place->dir.buf);
	size_t keep = strlen(base);

	if (1 + keep + strlen(end) > NAME_MAX)
		keep = NAME_MAX - 1 - strlen(end);
	strbuf_reset(out);
	if (base != place->dir.buf)
		strbuf_addbuf(out, &place->parent);
	strbuf_addf(out, ".%.*s%s", (int)keep, base, end);
}

static void add_hidden(struct unpack_place *place, int nr)
{
	char end[64];

	if (nr)
		snprintf(end, sizeof(end), ".%ld.%d.tmp", (long)getpid(), nr);
	else
		snprintf(end, sizeof(end), ".%ld.tmp", (long)getpid());
	make_hidden(&place->hidden, place, end);
}

int unpack_place_make(struct unpack_place *place, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = ERR_CONFLICT, nr;

	/* What lies there was left by a dead process of this number. */
	for (nr = 0; ret == ERR_CONFLICT && nr < MAX_TRIES; nr++) {
		add_hidden(place, nr);
		strbuf_reset(&why);
		ret = tempfile_create_private_dir(&place->temp,
						  place->hidden.buf, &why);
	}
	if (ret) {
		ret = fail(err, ret, "%s", why.buf);
		goto cleanup;
	}
	place->fd = open(place->hidden.buf, O_RDONLY | O_DIRECTORY |
			 O_NOFOLLOW | O_CLOEXEC);
	if (place->fd < 0)
		ret = fail_errno(err, "cannot open '%s'", place->hidden.buf);

cleanup:
	strbuf_release(&why);
	return ret;
}

/* Onto nothing, or over an empty directory. */
static int claim_empty(struct unpack_place *place, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret;

	ret = tempfile_commit(&place->temp, place->dir.buf, place->exists ? 0 :
			      TEMPFILE_NOREPLACE, &why);
	if (ret == ERR_CONFLICT ||
	    (ret && place->exists && check_empty(place->dir.buf, NULL)))
		ret = fail(err, ERR_CONFLICT, "'%s' was made by another while "
			   "this was unpacked", place->dir.buf);
	else if (ret)
		ret = fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

/*
 * What is replaced is held under its hidden name as well: until the syncs are
 * done it may have to come back.
 */
static void hold_old(struct unpack_place *place)
{
	place->old_fd = open(place->dir.buf, O_RDONLY | O_DIRECTORY |
			     O_NOFOLLOW | O_CLOEXEC);
	if (place->old_fd >= 0)
		hold_take(place->old_fd, AT_FDCWD, place->dir.buf);
}

/* ".NAME.PID.old": who finds that without a NAME gives it back. */
static int put_aside(struct unpack_place *place, struct strbuf *err)
{
	char end[64];

	snprintf(end, sizeof(end), ".%ld.old", (long)getpid());
	make_hidden(&place->old, place, end);
	if (!sys_rename_noreplace(place->dir.buf, place->old.buf))
		return 0;
	strbuf_reset(&place->old);
	return fail_errno(err, "cannot replace '%s'", place->dir.buf);
}

/*
 * The temporary directory stays registered: what lies there from now on is
 * the old one, which goes as well when a signal comes.
 */
static int claim_replacing(struct unpack_place *place, struct strbuf *err)
{
	int ret;

	hold_old(place);
	if (!tempfile_exchange(place->temp, place->dir.buf)) {
		strbuf_addbuf(&place->old, &place->hidden);
		return 0;
	}
	if (errno == ENOENT)
		return fail(err, ERR_CONFLICT, "'%s' was removed by another "
			    "while this was unpacked", place->dir.buf);
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return fail_errno(err, "cannot replace '%s'", place->dir.buf);
	ret = put_aside(place, err);
	if (ret)
		return ret;
	place->exists = false;
	ret = claim_empty(place, err);
	if (ret && !sys_rename_noreplace(place->old.buf, place->dir.buf))
		strbuf_reset(&place->old);
	place->exists = true;
	return ret;
}

int unpack_place_claim(struct unpack_place *place, struct strbuf *err)
{
	return place->replace && place->exists ? claim_replacing(place, err) :
						 claim_empty(place, err);
}

static void undo_replacing(struct unpack_place *place)
{
	/* Exchanged: the temporary directory is the new one again. */
	if (place->temp) {
		tempfile_exchange(place->temp, place->dir.buf);
	} else if (!sys_rename_noreplace(place->dir.buf, place->hidden.buf)) {
		sys_rename_noreplace(place->old.buf, place->dir.buf);
		sys_remove_tree(place->hidden.buf);
	}
	strbuf_reset(&place->old);
}

void unpack_place_undo(struct unpack_place *place)
{
	if (place->old.len) {
		undo_replacing(place);
		return;
	}
	/* Where even that fails the whole tree stays, which is no harm. */
	if (sys_rename_noreplace(place->dir.buf, place->hidden.buf))
		return;
	sys_remove_tree(place->hidden.buf);
	if (place->exists && !sys_mkdir(place->dir.buf, 0700)) {
		int fd = open(place->dir.buf, O_RDONLY | O_DIRECTORY |
			      O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0) {
			sys_fchmod(fd, place->mode);
			close(fd);
		}
	}
}

void unpack_place_release(struct unpack_place *place)
{
	if (place->fd >= 0)
		close(place->fd);
	if (place->old.len) {
		/* Large trees are not removed under the registry's lock. */
		tempfile_forget(&place->temp);
		exp_remove_tree(place->old.buf);
	}
	tempfile_delete(&place->temp);
	if (place->old_fd >= 0)
		close(place->old_fd);
	strbuf_release(&place->old);
	strbuf_release(&place->dir);
	strbuf_release(&place->parent);
	strbuf_release(&place->hidden);
}
