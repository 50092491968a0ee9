#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"

#define RECORD_LIMIT (16u << 20)

/* Shared by all empty strings; stays a NUL for ever. */
char strbuf_slopbuf[1];

void strbuf_init(struct strbuf *sb)
{
	sb->buf = strbuf_slopbuf;
	sb->len = 0;
	sb->alloc = 0;
}

void strbuf_release(struct strbuf *sb)
{
	if (sb->alloc)
		free(sb->buf);
	strbuf_init(sb);
}

void strbuf_reset(struct strbuf *sb)
{
	strbuf_setlen(sb, 0);
}

char *strbuf_detach(struct strbuf *sb, size_t *len)
{
	char *text;

	if (!sb->alloc)
		strbuf_grow(sb, 0);
	text = sb->buf;
	if (len)
		*len = sb->len;
	strbuf_init(sb);
	return text;
}

void strbuf_grow(struct strbuf *sb, size_t extra)
{
	size_t want, room;

	if (extra > SIZE_MAX - sb->len - 1)
		xrealloc_array(NULL, SIZE_MAX, 2);	/* ends the program */
	want = sb->len + extra + 1;
	if (want <= sb->alloc)
		return;
	room = sb->alloc < SIZE_MAX / 2 ? sb->alloc + sb->alloc / 2 + 16 : want;
	if (room < want)
		room = want;
	if (sb->alloc) {
		sb->buf = xrealloc(sb->buf, room);
	} else {
		sb->buf = xmalloc(room);
		sb->buf[0] = '\0';
	}
	sb->alloc = room;
}

void strbuf_setlen(struct strbuf *sb, size_t len)
{
	assert(len < sb->alloc || (!len && !sb->alloc));
	sb->len = len;
	/* The shared empty string is read by all threads; none writes it. */
	if (sb->alloc)
		sb->buf[len] = '\0';
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	strbuf_grow(sb, len);
	if (len)
		memcpy(sb->buf + sb->len, data, len);
	strbuf_setlen(sb, sb->len + len);
}

void strbuf_addstr(struct strbuf *sb, const char *text)
{
	strbuf_add(sb, text, strlen(text));
}

void strbuf_addch(struct strbuf *sb, int c)
{
	strbuf_grow(sb, 1);
	sb->buf[sb->len] = (char)c;
	strbuf_setlen(sb, sb->len + 1);
}

void strbuf_addbuf(struct strbuf *sb, const struct strbuf *other)
{
	/* `other` may be `sb`: take its text's place after growing. */
	strbuf_grow(sb, other->len);
	strbuf_add(sb, other->buf, other->len);
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	int len;

	strbuf_grow(sb, 64);
	va_copy(again, ap);
	len = vsnprintf(sb->buf + sb->len, sb->alloc - sb->len, fmt, ap);
	assert(len >= 0);
	if ((size_t)len >= sb->alloc - sb->len) {
		strbuf_grow(sb, (size_t)len);
		vsnprintf(sb->buf + sb->len, sb->alloc - sb->len, fmt, again);
	}
	va_end(again);
	strbuf_setlen(sb, sb->len + (size_t)len);
}

void strbuf_insert(struct strbuf *sb, size_t pos, const void *data, size_t len)
{
	strbuf_splice(sb, pos, 0, data, len);
}

void strbuf_splice(struct strbuf *sb, size_t pos, size_t len,
		   const void *data, size_t data_len)
{
	assert(pos <= sb->len && len <= sb->len - pos);
	if (data_len > len)
		strbuf_grow(sb, data_len - len);
	memmove(sb->buf + pos + data_len, sb->buf + pos + len,
		sb->len - pos - len);
	if (data_len)
		memcpy(sb->buf + pos, data, data_len);
	strbuf_setlen(sb, sb->len + data_len - len);
}

void strbuf_trim(struct strbuf *sb)
{
	size_t end = sb->len, start = 0;

	while (end > 0 && isspace((unsigned char)sb->buf[end - 1]))
		end--;
	strbuf_setlen(sb, end);
	while (start < end && isspace((unsigned char)sb->buf[start]))
		start++;
	if (start)
		strbuf_splice(sb, 0, start, NULL, 0);
}

void strbuf_complete_slash(struct strbuf *sb)
{
	if (sb->len && sb->buf[sb->len - 1] != '/')
		strbuf_addch(sb, '/');
}

int strbuf_read_fd(struct strbuf *sb, int fd, size_t max)
{
	size_t total = 0;

	for (;;) {
		ssize_t got;
		char probe;

		if (total == max) {
			/* Is it the end, or is there more than allowed? */
			do
				got = read(fd, &probe, 1);
			while (got < 0 && errno == EINTR);
			if (got > 0)
				errno = EFBIG;
			return got ? -1 : 0;
		}
		strbuf_grow(sb, MINIMUM(max - total, (size_t)8192));
		got = read(fd, sb->buf + sb->len,
			   MINIMUM(max - total, sb->alloc - sb->len - 1));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			return 0;
		strbuf_setlen(sb, sb->len + (size_t)got);
		total += (size_t)got;
	}
}

int strbuf_getdelim(struct strbuf *sb, FILE *stream, int term)
{
	int c, ret = 1;

	strbuf_reset(sb);
	flockfile(stream);
	while ((c = getc_unlocked(stream)) != EOF && c != term) {
		if (sb->len >= RECORD_LIMIT) {
			errno = EFBIG;
			ret = -1;
			break;
		}
		strbuf_addch(sb, c);
	}
	if (c == EOF) {
		if (ferror(stream))
			ret = -1;
		else if (!sb->len)
			ret = 0;
	}
	funlockfile(stream);
	return ret;
}
