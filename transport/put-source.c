/*
 * The sources that everybody needs: bytes in memory, and a file; and the
 * beginning of any source.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "transport/object.h"

/* Most objects are small; the room for the rest grows. */
#define FIRST_ROOM ((size_t)64 << 10)

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

int put_source_fail_size(const struct put_request *r, uint64_t len, bool ends,
			 struct strbuf *err)
{
	return fail(err, ERR_CONTENT, "the content of '%s' has %s%" PRIu64
		    " bytes, and %" PRIu64 " were promised", r->key,
		    ends ? "" : "at least ", len, r->source->size);
}

int put_source_begin(struct strbuf *first, const struct put_request *r,
		     size_t max, struct strbuf *err)
{
	struct put_source *source = r->source;
	bool known = source->size != OBJECT_SIZE_UNKNOWN;
	size_t room = FIRST_ROOM, got = 0;
	int ret = 0;

	/* One more, which must not come. */
	if (known)
		room = (size_t)MINIMUM(source->size + 1, max);
	else if (source->bound)
		room = (size_t)MINIMUM(source->bound + 1, max);
	if (source->open)
		ret = source->open(source, 0, err);
	while (!ret && first->len < max) {
		if (first->len == room)
			room = MINIMUM(room * 4, max);
		strbuf_grow(first, room - first->len);
		ret = source->read(source, first->buf + first->len,
				   room - first->len, &got, err);
		if (ret || !got)
			break;
		strbuf_setlen(first, first->len + got);
	}
	if (!ret && known && (first->len > source->size ||
			      (first->len < source->size && first->len < max)))
		ret = put_source_fail_size(r, first->len, first->len < max,
					   err);
	return ret;
}
