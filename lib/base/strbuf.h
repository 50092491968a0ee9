/*
 * A string that grows. `buf` is never NULL and always NUL-terminated at
 * buf[len]; it may hold NULs before that.
 */
#ifndef LIB_BASE_STRBUF_H
#define LIB_BASE_STRBUF_H

#include "lib/base/compat.h"

struct strbuf {
	char *buf;
	size_t len;	/* bytes in use, without the NUL */
	size_t alloc;	/* 0: buf is the shared empty string */
};

extern char strbuf_slopbuf[];
#define STRBUF_INIT { strbuf_slopbuf, 0, 0 }

void strbuf_init(struct strbuf *sb);
void strbuf_release(struct strbuf *sb);

/** Empties the string and keeps its room. */
void strbuf_reset(struct strbuf *sb);

/** Gives the text away (the caller frees); `sb` is empty and usable after. */
char *strbuf_detach(struct strbuf *sb, size_t *len);

/** Makes room for `extra` more bytes (and the NUL). */
void strbuf_grow(struct strbuf *sb, size_t extra);

/** Cuts to `len`, which is at most sb->len; or claims bytes written by hand. */
void strbuf_setlen(struct strbuf *sb, size_t len);

void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_addstr(struct strbuf *sb, const char *text);
void strbuf_addch(struct strbuf *sb, int c);
void strbuf_addbuf(struct strbuf *sb, const struct strbuf *other);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap);

/** Puts `data` at `pos`, moving what is behind it. */
void strbuf_insert(struct strbuf *sb, size_t pos, const void *data, size_t len);

/** Replaces `len` bytes at `pos` by `data`. */
void strbuf_splice(struct strbuf *sb, size_t pos, size_t len,
		   const void *data, size_t data_len);

/** Cuts white space (isspace) from both ends. */
void strbuf_trim(struct strbuf *sb);

/** Ends the text with '/', unless it is empty or ends so already. */
void strbuf_complete_slash(struct strbuf *sb);

/**
 * Adds what fd still holds, to its end, but at most `max` bytes.
 * Returns 0, or -1 with errno (EFBIG: there was more than max).
 */
int strbuf_read_fd(struct strbuf *sb, int fd, size_t max);

/**
 * The next record of `stream` up to `term` ('\n' or '\0'), without it.
 * Returns 1, 0 at the end, -1 with errno (EFBIG: longer than 16 MiB).
 */
int strbuf_getdelim(struct strbuf *sb, FILE *stream, int term);

#endif
