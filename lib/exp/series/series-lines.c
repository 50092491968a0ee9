#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/exp/series/series-lines.h"

static int open_file(struct series_lines *l, const char *name,
		     struct stat *st, struct strbuf *err)
{
	l->fd = openat(l->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		       O_NOCTTY | O_CLOEXEC);
	if (l->fd < 0)
		return fail_errno(err, "cannot open '%s'", name);
	if (!fstat(l->fd, st) && S_ISREG(st->st_mode))
		return 0;
	close(l->fd);
	l->fd = -1;
	return fail(err, ERR_FAILED, "'%s' is no regular file", name);
}

static void let_go(struct series_lines *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

int series_lines_open(struct series_lines *l, int dirfd, const char *name,
		      size_t room, bool keep_open, struct strbuf *err)
{
	struct stat st;
	int ret;

	memset(l, 0, sizeof(*l));
	l->dirfd = dirfd;
	l->keep_open = keep_open;
	ret = open_file(l, name, &st, err);
	if (ret)
		return ret;
	l->name = xstrdup(name);
	l->size = st.st_size;
	if ((uint64_t)st.st_size < room)
		room = (size_t)st.st_size;
	l->alloc = room + 1;
	l->buf = xcalloc(1, l->alloc + SERIES_LINES_PADDING);
	if (!keep_open)
		let_go(l);
	return 0;
}

void series_lines_close(struct series_lines *l)
{
	let_go(l);
	free(l->name);
	free(l->buf);
	l->name = l->buf = NULL;
}

static int read_more(struct series_lines *l, size_t room, struct strbuf *err)
{
	struct stat st;
	ssize_t got;
	int ret;

	if (l->fd < 0) {
		ret = open_file(l, l->name, &st, err);
		if (ret)
			return ret;
	}
	do
		got = pread(l->fd, l->buf + l->end, room, l->offset);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return fail_errno(err, "cannot read '%s'", l->name);
	if (!l->keep_open)
		let_go(l);
	l->offset += got;
	l->end += (size_t)got;
	return got > 0;
}

/* More bytes behind those that are there: 1; 0: there are none. */
static int fill(struct series_lines *l, struct strbuf *err)
{
	size_t room;

	if (l->start) {
		memmove(l->buf, l->buf + l->start, l->end - l->start);
		l->end -= l->start;
		l->start = 0;
	}
	if (l->end + 1 >= l->alloc) {
		l->alloc = 2 * l->alloc + 64;
		l->buf = xrealloc(l->buf, l->alloc + SERIES_LINES_PADDING);
	}
	room = l->alloc - l->end - 1;
	if (l->size - l->offset < (off_t)room)
		room = (size_t)(l->size - l->offset);
	return room ? read_more(l, room, err) : 0;
}

static int too_long(struct series_lines *l, struct strbuf *err)
{
	l->start = l->end = 0;
	l->skipping = true;
	return fail(err, ERR_CONTENT, "'%s', line %" PRIu64 ": longer than "
		    "%u MiB", l->name, l->line + 1, METRICS_MAX_ROW >> 20);
}

/* Until there is a whole line; `*lf` is the last that is there. */
static int need_line(struct series_lines *l, const char **lf,
		     struct strbuf *err)
{
	size_t seen = l->start;
	const char *first;
	int ret;

	for (;;) {
		if (l->skipping) {
			first = memchr(l->buf + l->start, '\n',
				       l->end - l->start);
			l->start = first ? (size_t)(first + 1 - l->buf) :
					   l->end;
			l->line += first != NULL;
			l->skipping = !first;
			seen = l->start;
		}
		*lf = l->skipping ? NULL :
		      memrchr(l->buf + seen, '\n', l->end - seen);
		if (*lf)
			return 1;
		if (l->end - l->start > METRICS_MAX_ROW)
			return too_long(l, err);
		seen = l->end - l->start;
		ret = fill(l, err);
		if (ret <= 0)
			return ret;
	}
}

int series_lines_block(struct series_lines *l, const char **at,
		       const char **end, struct strbuf *err)
{
	const char *lf;
	int ret = need_line(l, &lf, err);

	if (ret <= 0)
		return ret;
	*at = l->buf + l->start;
	*end = lf + 1;
	l->start = (size_t)(*end - l->buf);
	return 1;
}

int series_lines_next(struct series_lines *l, const char **line, size_t *len,
		      struct strbuf *err)
{
	const char *lf = l->skipping ? NULL :
			 memchr(l->buf + l->start, '\n', l->end - l->start);
	int ret;

	if (!lf) {
		ret = need_line(l, &lf, err);
		if (ret <= 0)
			return ret;
		lf = memchr(l->buf + l->start, '\n', l->end - l->start);
	}
	*line = l->buf + l->start;
	*len = (size_t)(lf - *line);
	l->start = (size_t)(lf + 1 - l->buf);
	l->line++;
	if (*len && (*line)[*len - 1] == '\r')
		--*len;
	return 1;
}
