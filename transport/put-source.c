/*
 * The sources that everybody needs: bytes in memory, and a file.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "transport/transport.h"

static int memory_open(struct put_source *s, uint64_t offset,
		       struct strbuf *err)
{
	struct put_memory *m = (struct put_memory *)s;

	if (offset > m->len)
		return fail(err, ERR_FAILED, "a source of %zu bytes cannot "
			    "begin at %" PRIu64, m->len, offset);
	m->pos = (size_t)offset;
	return 0;
}

static int memory_read(struct put_source *s, void *buf, size_t len,
		       size_t *got, struct strbuf *err UNUSED)
{
	struct put_memory *m = (struct put_memory *)s;

	*got = MINIMUM(len, m->len - m->pos);
	if (*got)
		memcpy(buf, (const char *)m->data + m->pos, *got);
	m->pos += *got;
	return 0;
}

void put_memory_init(struct put_memory *m, const void *data, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->source.size = len;
	m->source.bytes = data;
	m->source.open = memory_open;
	m->source.read = memory_read;
	m->data = data;
	m->len = len;
}

static int file_open(struct put_source *s, uint64_t offset,
		     struct strbuf *err UNUSED)
{
	((struct put_file *)s)->pos = offset;
	return 0;
}

/* A file that grows is taken up to the size that was promised. */
static int file_read(struct put_source *s, void *buf, size_t len, size_t *got,
		     struct strbuf *err)
{
	struct put_file *f = (struct put_file *)s;
	uint64_t left = f->pos < s->size ? s->size - f->pos : 0;
	char *at = buf;
	ssize_t n;

	if (len > left)
		len = (size_t)left;
	*got = 0;
	while (*got < len) {
		n = pread(f->fd, at + *got, len - *got, (off_t)f->pos);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, "cannot read '%s'", f->name);
		if (!n)
			return fail(err, ERR_CONTENT, "'%s' became shorter "
				    "while it was read", f->name);
		*got += (size_t)n;
		f->pos += (uint64_t)n;
	}
	return 0;
}

int put_file_init(struct put_file *f, int fd, const char *name,
		  struct strbuf *err)
{
	struct stat st;

	memset(f, 0, sizeof(*f));
	if (fstat(fd, &st))
		return fail_errno(err, "cannot look at '%s'", name);
	if (!S_ISREG(st.st_mode))
		return fail(err, ERR_USAGE, "'%s' is no regular file", name);
	f->source.size = (uint64_t)st.st_size;
	f->source.open = file_open;
	f->source.read = file_read;
	f->fd = fd;
	f->name = name;
	return 0;
}
