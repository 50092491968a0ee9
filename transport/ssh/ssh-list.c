/*
 * Listing: one find there, whose records can hold any name. All of it is
 * received before anything is told: a listing that was cut can begin again,
 * and no session is held while the caller does something with what it is told.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "transport/ssh/ssh-internal.h"

/* Each record ends so. No path that find prints has an empty component. */
#define RECORD_END "//\n"
#define RECORD_END_LEN (sizeof(RECORD_END) - 1)
/* Paths there may be longer than any key; nothing is as long as this. */
#define RECORD_MAX ((size_t)1 << 20)
#define READ_AT_ONCE ((size_t)64 << 10)
/* More than so much is kept in a file without a name: about 20,000 objects. */
#define MEMORY_MAX ((size_t)2 << 20)
/* An object that went away in between may have got a name that was passed
 * already: then it would be listed under neither. */
#define WALKS 3

struct listing {
	struct ssh_store *store;
	const char *prefix;
	bool one_level;
	struct strbuf text;	/* records; those of the file come before */
	int fd;			/* -1: all of them are in memory */
	bool missed;		/* something went away while it was looked at */
	object_fn fn;
	void *data;
};

/* The record at *pos, which it goes behind; NULL: it is not whole yet. */
static char *next_record(const struct strbuf *text, size_t *pos, size_t *len)
{
	char *begin = text->buf + *pos;
	const char *end = memmem(begin, text->len - *pos, RECORD_END,
				 RECORD_END_LEN);

	if (!end)
		return NULL;
	*len = (size_t)(end - begin);
	*pos += *len + RECORD_END_LEN;
	return begin;
}

static void drop_begin(struct strbuf *text, size_t *len)
{
	strbuf_splice(text, 0, *len, "", 0);
	*len = 0;
}

/* ---- receiving ---------------------------------------------------------- */

/* Only whole records go there. */
static int keep_in_file(struct listing *l, size_t *whole, struct strbuf *err)
{
	int ret = 0;

	if (l->fd < 0)
		ret = tempfile_unnamed(&l->fd, NULL, err);
	if (!ret && sys_write_all(l->fd, l->text.buf, *whole))
		ret = fail_errno(err, "cannot keep a listing in the directory "
				 "for temporary files");
	drop_begin(&l->text, whole);
	return ret;
}

/* All records there are in what was received; 1: that was the last. */
static int split(struct listing *l, struct ssh_call *c, size_t *whole,
		 struct strbuf *err)
{
	size_t at = *whole, len = 1;

	while (len && next_record(&l->text, &at, &len))
		if (len)
			*whole = at;
	if (!len) {
		ssh_call_unread(c, l->text.buf + at, l->text.len - at);
		strbuf_setlen(&l->text, *whole);
		return 1;
	}
	if (l->text.len - *whole > RECORD_MAX)
		return fail(err, ERR_CONTENT, "the listing of '%s' in '%s' "
			    "cannot be understood", l->prefix,
			    l->store->base.url);
	return *whole > MEMORY_MAX ? keep_in_file(l, whole, err) : 0;
}

static int receive(struct listing *l, struct ssh_call *c, struct strbuf *err)
{
	size_t whole = 0, got;
	int ret = 0;

	while (!ret) {
		strbuf_grow(&l->text, READ_AT_ONCE);
		ret = ssh_call_read_some(c, l->text.buf + l->text.len,
					 READ_AT_ONCE, &got, err);
		if (ret)
			break;
		strbuf_setlen(&l->text, l->text.len + got);
		ret = split(l, c, &whole, err);
	}
	if (ret < 0)
		c->broken = true;
	return ret < 0 ? ret : 0;
}

/* For find -path, where these mean something. */
static void add_pattern(struct strbuf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (strchr("*?[\\", text[i]))
			strbuf_addch(out, '\\');
		strbuf_addch(out, text[i]);
	}
}

/* The innermost directory that all keys with the prefix lie in, and what their
 * paths begin with. */
static void ask_for(struct listing *l, struct ssh_call *c)
{
	const char *slash = strrchr(l->prefix, '/');
	size_t len = slash ? (size_t)(slash - l->prefix) : 0;
	char *dir = xmemdupz(l->prefix, len);
	struct strbuf pattern = STRBUF_INIT;

	if (slash)
		ssh_call_key(c, dir);
	else
		ssh_call_word(c, ".");
	strbuf_addstr(&pattern, slash ? "./" : ".");
	add_pattern(&pattern, dir, len);
	ssh_call_word(c, pattern.buf);

	strbuf_reset(&pattern);
	if (slash ? slash[1] : *l->prefix) {
		strbuf_addstr(&pattern, "./");
		add_pattern(&pattern, l->prefix, strlen(l->prefix));
		strbuf_addch(&pattern, '*');
	}
	ssh_call_word(c, pattern.buf);
	ssh_call_word(c, l->one_level ? "level" : "all");
	strbuf_release(&pattern);
	free(dir);
}

static int walk(struct listing *l, struct strbuf *err)
{
	struct ssh_call c;
	const char *rest;
	int ret;

	l->missed = false;
	strbuf_reset(&l->text);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	ret = ssh_call_begin(&c, l->store, "list", "list", l->prefix, err);
	if (ret)
		return ret;
	ask_for(l, &c);
	ret = ssh_call_ask(&c, &rest, err);
	if (!ret)
		ret = receive(l, &c, err);
	if (!ret)
		ret = ssh_call_answer(&c, &rest, err);
	if (!ret)
		l->missed = !strcmp(rest, "missed");
	return ssh_call_end(&c, ret);
}

/* ---- telling ------------------------------------------------------------ */

/* "INODE SIZE MTIME ./KEY", or of a level "0 0 0 ./KEY/". */
static int tell_one(struct listing *l, char *record, size_t len,
		    struct strbuf *err)
{
	struct object o = OBJECT_INIT;
	char level[] = "";
	char *path;
	int ret = 0;

	record[len] = '\0';
	path = strstr(record, " ./");
	if (!path)
		return fail(err, ERR_CONTENT, "the listing of '%s' in '%s' "
			    "has something that is no path", l->prefix,
			    l->store->base.url);
	*path = '\0';
	o.key = path + 3;
	len = strlen(o.key);
	/* No key can be as long; what is private is not there. */
	if (!len || len > OBJECT_KEY_MAX ||
	    ssh_check_key(l->store, o.key, NULL))
		return 0;
	if (o.key[len - 1] == '/') {
		o.version = level;
		return l->fn(&o, l->data);
	}
	ret = ssh_read_stat(&o, record, err);
	if (!ret)
		ret = l->fn(&o, l->data);
	free(o.version);
	return ret;
}

static int tell_records(struct listing *l, struct strbuf *text, size_t *pos,
			struct strbuf *err)
{
	size_t len;
	char *record;
	int ret = 0;

	while (!ret && (record = next_record(text, pos, &len)))
		ret = tell_one(l, record, len, err);
	return ret;
}

static int tell_file(struct listing *l, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	size_t pos = 0;
	off_t at = 0;
	ssize_t n = 1;
	int ret = 0;

	while (!ret && n) {
		drop_begin(&text, &pos);
		strbuf_grow(&text, READ_AT_ONCE);
		n = pread(l->fd, text.buf + text.len, READ_AT_ONCE, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ret = fail_errno(err, "cannot read a listing that was "
					 "kept in a file");
			break;
		}
		at += n;
		strbuf_setlen(&text, text.len + (size_t)n);
		ret = tell_records(l, &text, &pos, err);
	}
	strbuf_release(&text);
	return ret;
}

int ssh_list(struct transport *t, const char *prefix, unsigned flags,
	     struct strbuf *cursor, object_fn fn, void *data,
	     struct strbuf *err)
{
	struct listing l = {
		.store = ssh_store_of(t), .prefix = prefix,
		.one_level = flags & LIST_ONE_LEVEL, .text = STRBUF_INIT,
		.fd = -1, .fn = fn, .data = data
	};
	size_t pos = 0;
	int ret = 0, walks = 0;

	strbuf_reset(cursor);
	if (ssh_check_key(l.store, prefix, NULL))
		return 0;
	do {
		ret = walk(&l, err);
	} while (!ret && l.missed && ++walks < WALKS);
	if (!ret && l.fd >= 0)
		ret = tell_file(&l, err);
	if (!ret)
		ret = tell_records(&l, &l.text, &pos, err);
	if (l.fd >= 0)
		close(l.fd);
	strbuf_release(&l.text);
	return ret;
}
