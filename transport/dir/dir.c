/*
 * A store that is a directory: a disk, NFS, a mounted share.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/wrap/digest.h"
#include "transport/dir/dir-internal.h"
#include "transport/object.h"

#define READ_AT_ONCE ((size_t)1 << 20)

struct dir_store *dir_store_of(struct transport *t)
{
	return (struct dir_store *)t;
}

/* ---- errors ------------------------------------------------------------- */

/* EIO and the like: what a share says while its server is away. */
static int code_of(int error)
{
	switch (error) {
	case EACCES: case EPERM: case EROFS:
		return ERR_CREDENTIALS;
	case EAGAIN: case EHOSTDOWN: case EHOSTUNREACH: case EIO:
	case ENODEV: case ENOTCONN: case ENXIO: case EREMOTEIO:
	case ESTALE: case ETIMEDOUT:
		return ERR_TRANSIENT;
	default:
		return ERR_FAILED;
	}
}

int dir_fail(const struct dir_store *s, const char *what, const char *key,
	     struct strbuf *err)
{
	int saved = errno;

	fail_errno(err, "cannot %s '%s' in '%s'", what, key, s->base.url);
	return code_of(saved);
}

int dir_fail_reading(const struct dir_store *s, const char *what,
		     const char *key, struct strbuf *err)
{
	switch (errno) {
	case ENOENT: case ENOTDIR: case ELOOP: case EXDEV: case ENAMETOOLONG:
		return fail(err, ERR_NOT_FOUND, "no '%s' in '%s'", key,
			    s->base.url);
	default:
		return dir_fail(s, what, key, err);
	}
}

/* ---- versions ----------------------------------------------------------- */

uint64_t dir_mtime(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000u +
	       (uint64_t)st->st_mtim.tv_nsec;
}

void dir_add_version(struct strbuf *out, uint64_t ino, uint64_t size,
		     uint64_t mtime)
{
	strbuf_addf(out, "%" PRIx64 "-%" PRIx64 "-%" PRIx64, ino, size, mtime);
}

static void add_version_of(struct strbuf *out, const struct stat *st)
{
	dir_add_version(out, st->st_ino, (uint64_t)st->st_size, dir_mtime(st));
}

bool dir_is_version(const struct stat *st, const char *version)
{
	struct strbuf is = STRBUF_INIT;
	bool same;

	add_version_of(&is, st);
	same = !strcmp(is.buf, version);
	strbuf_release(&is);
	return same;
}

void dir_fill(struct object *out, const char *key, const struct stat *st)
{
	struct strbuf version = STRBUF_INIT;

	object_release(out);
	memset(out, 0, sizeof(*out));
	strvec_init(&out->meta);
	add_version_of(&version, st);
	out->key = xstrdup(key);
	out->size = (uint64_t)st->st_size;
	out->version = strbuf_detach(&version, NULL);
	out->modified = st->st_mtim.tv_sec;
}

/* ---- the store ---------------------------------------------------------- */

static void dir_release(struct transport *t)
{
	struct dir_store *s = dir_store_of(t);

	pthread_mutex_destroy(&s->mutex);
	strvec_release(&s->durable);
	strvec_release(&s->unsynced);
	free(s->base.url);
	free(s->path);
	free(s);
}

static int dir_open(struct transport **out, const struct transport_config *c,
		    struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	const char *text;
	struct dir_store *s;
	int ret;

	ret = transport_config_text(c, "path", &text, err);
	if (ret)
		return ret;
	path_absolute(&path, c->base_dir, text);
	s = xcalloc(1, sizeof(*s));
	s->base.ops = &transport_dir;
	s->base.caps = transport_dir.caps;
	s->base.url = xstrfmt("dir:%s", path.buf);
	s->path = strbuf_detach(&path, NULL);
	pthread_mutex_init(&s->mutex, NULL);
	strvec_init(&s->durable);
	strvec_init(&s->unsynced);
	*out = &s->base;
	return 0;
}

/*
 * A directory that is missing from the start is a wrong path or a share that
 * nobody mounted, and waiting helps with neither. One that was there will
 * perhaps come back.
 */
static int fail_missing(struct dir_store *s, struct strbuf *err)
{
	bool seen;

	pthread_mutex_lock(&s->mutex);
	seen = s->seen;
	pthread_mutex_unlock(&s->mutex);
	return fail(err, seen ? ERR_TRANSIENT : ERR_UNREACHABLE,
		    "no directory '%s'; make it, or mount what holds it",
		    s->path);
}

int dir_open_root(struct dir_store *s, int *fd, struct strbuf *err)
{
	*fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* One that cannot be listed may still be gone through. */
	if (*fd < 0 && errno == EACCES)
		*fd = open(s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return fail_missing(s, err);
	if (*fd < 0) {
		int code = code_of(errno);

		fail_errno(err, "cannot open '%s'", s->path);
		return code;
	}
	pthread_mutex_lock(&s->mutex);
	s->seen = true;
	pthread_mutex_unlock(&s->mutex);
	return 0;
}

int dir_check_key(const struct dir_store *s, const char *key,
		  struct strbuf *err)
{
	const char *at = key;

	for (; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (!strncmp(at, DIR_PRIVATE, strlen(DIR_PRIVATE)))
			return fail(err, ERR_USAGE, "'%s' is no key for '%s', "
				    "which keeps names with '%s' for itself",
				    key, s->base.url, DIR_PRIVATE);
	}
	return 0;
}

/* ---- stat and get ------------------------------------------------------- */

static int dir_stat(struct transport *t, const char *key, struct object *out,
		    struct strbuf *err)
{
	struct dir_store *s = dir_store_of(t);
	struct dir_place place = DIR_PLACE_INIT;
	struct stat st;
	int ret;

	ret = dir_check_key(s, key, err);
	if (!ret)
		ret = dir_place_open(&place, s, key, false, err);
	if (!ret)
		ret = dir_place_stat(&place, s, key, &st, err);
	if (!ret)
		dir_fill(out, key, &st);
	dir_place_release(&place);
	return ret;
}

/* Opens the object; a FIFO of its name must not stop anybody. */
static int open_object(struct dir_store *s, const char *key, int *fd,
		       struct stat *st, struct strbuf *err)
{
	int root, ret;

	*fd = -1;
	ret = dir_check_key(s, key, err);
	if (!ret)
		ret = dir_open_root(s, &root, err);
	if (ret)
		return ret;
	*fd = open_beneath(root, key, O_RDONLY | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, st)) {
		/* ENXIO: a socket, which is no object */
		ret = *fd < 0 && errno == ENXIO ?
			fail(err, ERR_NOT_FOUND, "no '%s' in '%s'", key,
			     s->base.url) :
			dir_fail_reading(s, "read", key, err);
	} else if (!S_ISREG(st->st_mode)) {
		ret = fail(err, ERR_NOT_FOUND, "'%s' in '%s' is no regular "
			   "file", key, s->base.url);
	}
	close(root);
	return ret;
}

static int copy_range(struct dir_store *s, const char *key, int fd,
		      uint64_t offset, uint64_t len,
		      const struct object_sink *sink, struct strbuf *err)
{
	size_t room = (size_t)MINIMUM(len, READ_AT_ONCE);
	char *buf = xmalloc(room ? room : 1);
	ssize_t n;
	int ret = 0;

	while (len && !ret) {
		n = pread(fd, buf, (size_t)MINIMUM(len, room), (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			ret = dir_fail(s, "read", key, err);
		else if (!n)
			/* It was longer a moment ago. */
			ret = object_fail_changed(&s->base, key, err);
		else
			ret = sink->write(sink->data, buf, (size_t)n, err);
		if (ret)
			break;
		offset += (uint64_t)n;
		len -= (uint64_t)n;
	}
	free(buf);
	return ret;
}

/* Whether the file was written into since it was opened. */
static int check_unchanged(struct dir_store *s, const char *key, int fd,
			   const struct stat *before, struct strbuf *err)
{
	struct stat after;

	if (fstat(fd, &after))
		return dir_fail(s, "read", key, err);
	if (after.st_size != before->st_size ||
	    after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    after.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		return object_fail_changed(&s->base, key, err);
	return 0;
}

/*
 * The open file is what is compared and read: a put meanwhile makes another
 * one. Only something that is not resutil writes into a file in place, which
 * its size or time then tells.
 */
static int dir_get(struct transport *t, const char *key,
		   const struct object_range *r, const struct object_sink *sink,
		   struct strbuf *version, struct strbuf *err)
{
	struct dir_store *s = dir_store_of(t);
	struct stat before;
	uint64_t size;
	int fd, ret;

	ret = open_object(s, key, &fd, &before, err);
	if (ret)
		goto cleanup;
	size = (uint64_t)before.st_size;
	if (r->version && !dir_is_version(&before, r->version)) {
		ret = object_fail_changed(&s->base, key, err);
		goto cleanup;
	}
	if (r->offset > size) {
		ret = fail(err, ERR_CONTENT, "'%s' in '%s' has %" PRIu64
			   " bytes, none at %" PRIu64, key, s->base.url, size,
			   r->offset);
		goto cleanup;
	}
	if (version) {
		strbuf_reset(version);
		add_version_of(version, &before);
	}
	ret = copy_range(s, key, fd, r->offset,
			 MINIMUM(r->len, size - r->offset), sink, err);
	if (!ret)
		ret = check_unchanged(s, key, fd, &before, err);

cleanup:
	if (fd >= 0)
		close(fd);
	return ret;
}

static int dir_sum(struct transport *t, const char *key, const char *version,
		   struct object *out, struct strbuf *err)
{
	struct dir_store *s = dir_store_of(t);
	struct object_sink sink = { object_hash_sink, NULL };
	struct digest *d = NULL;
	struct stat st;
	int fd, ret;

	ret = open_object(s, key, &fd, &st, err);
	if (!ret && version && !dir_is_version(&st, version))
		ret = object_fail_changed(&s->base, key, err);
	if (!ret)
		ret = digest_start(&d, err);
	sink.data = d;
	if (!ret)
		ret = copy_range(s, key, fd, 0, (uint64_t)st.st_size, &sink,
				 err);
	if (!ret)
		ret = check_unchanged(s, key, fd, &st, err);
	if (!ret) {
		dir_fill(out, key, &st);
		out->sums = OBJECT_HAS_SHA256;
		digest_finish(&d, out->sha256);
	}
	digest_drop(&d);
	if (fd >= 0)
		close(fd);
	return ret;
}

const struct transport_ops transport_dir = {
	.type = "dir",
	.caps = TRANSPORT_CAN_RENAME | TRANSPORT_CAN_CREATE |
		TRANSPORT_CAN_COMPARE | TRANSPORT_CAN_PRUNE |
		TRANSPORT_CAN_SUM,
	.open = dir_open,
	.list = dir_list,
	.stat = dir_stat,
	.get = dir_get,
	.sum = dir_sum,
	.put = dir_put,
	.remove = dir_remove,
	.rename = dir_rename,
	.rests = dir_rests,
	.prune = dir_prune,
	.release = dir_release,
};
