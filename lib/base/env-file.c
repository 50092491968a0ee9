#include "lib/base/compat.h"
#include "lib/base/env-file.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"

#define EXPORT "export"
#define UTF8_BOM "\xef\xbb\xbf"

struct reader {
	const char *p, *end;
	unsigned line;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static const char *line_end(const char *p, const char *end)
{
	const char *q = memchr(p, '\n', (size_t)(end - p));

	return q ? q : end;
}

/* A name with a blank or a quote in it is a line of another form. */
static bool is_key(const char *key, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (is_blank(key[i]) || strchr("\"'#", key[i]))
			return false;
	return len > 0;
}

static void add_escaped(struct strbuf *out, char c)
{
	switch (c) {
	case 'n':
		strbuf_addch(out, '\n');
		break;
	case 't':
		strbuf_addch(out, '\t');
		break;
	case '"':
	case '\\':
	case '$':
		strbuf_addch(out, c);
		break;
	default:
		strbuf_addch(out, '\\');
		strbuf_addch(out, c);
	}
}

/*
 * At a quote. Returns what is behind the quote that closes it, or NULL: it is
 * never closed, or something but a comment stands behind it.
 */
static const char *read_quoted(struct strbuf *out, const char *p,
			       const char *end)
{
	char quote = *p++;

	for (; p < end && *p != quote; p++) {
		if (quote == '"' && *p == '\\' && p + 1 < end)
			add_escaped(out, *++p);
		else
			strbuf_addch(out, *p);
	}
	if (p == end)
		return NULL;
	p = skip_blanks(p + 1, end);
	return p == end || *p == '\n' || *p == '#' ? p : NULL;
}

static void read_plain(struct strbuf *out, const char *p, const char *end)
{
	const char *q;

	for (q = p; q < end; q++)
		if (*q == '#' && is_blank(q[-1]))
			break;
	while (q > p && is_blank(q[-1]))
		q--;
	strbuf_add(out, p, (size_t)(q - p));
}

static void count_lines(struct reader *r, const char *to)
{
	for (; r->p < to; r->p++)
		r->line += *r->p == '\n';
}

static void wipe(struct strbuf *sb)
{
	explicit_bzero(sb->buf, sb->len);
	strbuf_reset(sb);
}

/* One line, or the several of a quoted value; r->p is behind it then. */
static int read_line(struct reader *r, struct strbuf *value, env_file_fn fn,
		     void *data)
{
	const char *stop = line_end(r->p, r->end), *key, *equals, *p;
	unsigned line = r->line;
	char *name;
	size_t len;
	int ret = 0;

	key = skip_blanks(r->p, stop);
	len = strlen(EXPORT);
	if ((size_t)(stop - key) > len && !memcmp(key, EXPORT, len) &&
	    is_blank(key[len]))
		key = skip_blanks(key + len, stop);
	equals = memchr(key, '=', (size_t)(stop - key));
	if (!equals)
		goto done;
	for (len = (size_t)(equals - key); len && is_blank(key[len - 1]); len--)
		;
	if (!is_key(key, len))
		goto done;

	wipe(value);
	p = skip_blanks(equals + 1, stop);
	if (p < stop && (*p == '"' || *p == '\'')) {
		p = read_quoted(value, p, r->end);
		if (!p)
			goto done;
		stop = line_end(p, r->end);
	} else {
		read_plain(value, p, stop);
	}
	name = xmemdupz(key, len);
	ret = fn(name, value->buf, line, data);
	free(name);

done:
	count_lines(r, stop < r->end ? stop + 1 : stop);
	return ret;
}

int env_file_parse(const char *text, size_t len, env_file_fn fn, void *data,
		   struct strbuf *err)
{
	struct reader r = { text, text + len, 1 };
	struct strbuf value = STRBUF_INIT;
	int ret = 0;

	if (len > ENV_FILE_MAX)
		return fail(err, ERR_CONTENT, "it is larger than %u bytes",
			    ENV_FILE_MAX);
	if (len && memchr(text, '\0', len))
		return fail(err, ERR_CONTENT, "there is a NUL byte in it");
	if (len >= strlen(UTF8_BOM) &&
	    !memcmp(text, UTF8_BOM, strlen(UTF8_BOM)))
		r.p += strlen(UTF8_BOM);

	/* as much as the longest needs: it is never moved, and so leaves no
	 * copies of secrets behind */
	strbuf_grow(&value, len);
	while (!ret && r.p < r.end)
		ret = read_line(&r, &value, fn, data);
	wipe(&value);
	strbuf_release(&value);
	return ret;
}
