#include "lib/base/compat.h"
#include "lib/exp/pack/pack-source.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"

void pack_source_expect(struct pack_source *s, const struct pack_range *range,
			size_t nr)
{
	if (s->expect)
		s->expect(s, range, nr);
}

void pack_source_done(struct pack_source *s, size_t nr)
{
	if (s->done)
		s->done(s, nr);
}

/* ---- a file ------------------------------------------------------------- */

#define SPOOL_PIECE (256u << 10)

struct file_source {
	struct pack_source base;
	char *name;
	int fd;
	bool lent;	/* the descriptor is not ours to close */
};

static int file_read(struct pack_source *s, void *buf, size_t len,
		     uint64_t offset, struct strbuf *err)
{
	const struct file_source *f = (const struct file_source *)s;
	char *to = buf;

	while (len) {
		ssize_t got = pread(f->fd, to, len, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			fail_errno(err, "cannot read '%s'", s->name);
			return ERR_FAILED;
		}
		if (!got)
			return fail(err, ERR_CONTENT,
				    "'%s' became shorter while it was read",
				    s->name);
		to += got;
		len -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

static void file_release(struct pack_source *s)
{
	struct file_source *f = (struct file_source *)s;

	if (!f->lent)
		close(f->fd);
	free(f->name);
	free(f);
}

static struct pack_source *file_source(int fd, bool lent, const char *name,
				       uint64_t size)
{
	struct file_source *f = xcalloc(1, sizeof(*f));

	f->fd = fd;
	f->lent = lent;
	f->name = xstrdup(name);
	f->base.name = f->name;
	f->base.size = size;
	f->base.read = file_read;
	f->base.release = file_release;
	return &f->base;
}

/* ---- a pipe ------------------------------------------------------------- */

static int spool(int to, int from, uint64_t max, uint64_t *size,
		 struct strbuf *err)
{
	char *buf = xmalloc(SPOOL_PIECE);
	int ret = 0;

	*size = 0;
	for (;;) {
		ssize_t got = read(from, buf, SPOOL_PIECE);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			fail_errno(err, "cannot read the standard input");
			ret = ERR_FAILED;
		}
		if (got <= 0)
			break;
		*size += (uint64_t)got;
		if (max && *size > max) {
			ret = fail(err, ERR_CONTENT,
				   "the standard input gives more than %" PRIu64
				   " bytes; raise unpack.max-size", max);
			break;
		}
		if (sys_write_all(to, buf, (size_t)got) < 0) {
			fail_errno(err, "cannot spool the standard input");
			ret = ERR_FAILED;
			break;
		}
	}
	free(buf);
	return ret;
}

static int open_stdin(struct pack_source **out, const char *spool_dir,
		      uint64_t max_spool, struct strbuf *err)
{
	const char *name = "standard input";
	struct stat st;
	uint64_t size;
	int fd, ret;

	if (fstat(STDIN_FILENO, &st) < 0) {
		fail_errno(err, "cannot read the standard input");
		return ERR_FAILED;
	}
	if (S_ISREG(st.st_mode)) {
		*out = file_source(STDIN_FILENO, true, name,
				   (uint64_t)st.st_size);
		return 0;
	}
	ret = tempfile_unnamed(&fd, spool_dir, err);
	if (ret)
		return ret;
	ret = spool(fd, STDIN_FILENO, max_spool, &size, err);
	if (ret)
		close(fd);
	else
		*out = file_source(fd, false, name, size);
	return ret;
}

int pack_source_open(struct pack_source **out, const char *path,
		     const char *spool_dir, uint64_t max_spool,
		     struct strbuf *err)
{
	struct stat st;
	int fd, ret;

	if (!strcmp(path, "-"))
		return open_stdin(out, spool_dir, max_spool, err);
	/* a FIFO is refused below, not waited for */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0) {
		ret = fail_errno(err, "cannot look at '%s'", path);
	} else if (!S_ISREG(st.st_mode)) {
		ret = fail(err, ERR_FAILED, "'%s' is no regular file; give a "
			   "pipe as '-'", path);
	} else {
		*out = file_source(fd, false, path, (uint64_t)st.st_size);
		return 0;
	}
	close(fd);
	return ret;
}

/* ---- memory ------------------------------------------------------------- */

struct memory_source {
	struct pack_source base;
	const char *data;
};

static int memory_read(struct pack_source *s, void *buf, size_t len,
		       uint64_t offset, struct strbuf *err)
{
	const struct memory_source *m = (const struct memory_source *)s;

	if (offset > s->size || len > s->size - offset)
		return fail(err, ERR_CONTENT, "'%s' ends early", s->name);
	if (len)
		memcpy(buf, m->data + offset, len);
	return 0;
}

static void memory_release(struct pack_source *s)
{
	free(s);
}

struct pack_source *pack_source_memory(const void *data, size_t len)
{
	struct memory_source *m = xcalloc(1, sizeof(*m));

	m->data = data;
	m->base.name = "memory";
	m->base.size = len;
	m->base.read = memory_read;
	m->base.release = memory_release;
	return &m->base;
}
