/*
 * One request to the shell there, and its answer.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "lib/base/quote.h"
#include "transport/object.h"
#include "transport/ssh/ssh-internal.h"

/* An answer is one line; what else comes is nobody's, and not for ever. */
#define LINE_MAX_LEN ((size_t)8 << 10)
#define STRAY_MAX ((size_t)64 << 10)
/* Of the reasons that programs there give. */
#define REASON_MAX 300
#define NANOSECONDS 1000000000u

/* ---- the request -------------------------------------------------------- */

int ssh_call_begin(struct ssh_call *c, struct ssh_store *s,
		   const char *function, const char *what, const char *key,
		   struct strbuf *err)
{
	struct strbuf old = STRBUF_INIT;
	int ret;

	memset(c, 0, sizeof(*c));
	ret = ssh_seat_take(s, &c->seat, err);
	if (ret)
		return ret;
	c->store = s;
	c->what = what;
	c->key = key;
	strbuf_init(&c->line);
	strbuf_init(&c->ahead);
	strbuf_addstr(&c->line, function);
	/* What is said from here on belongs to this request. */
	ssh_session_take_errors(c->seat->session, &old);
	strbuf_release(&old);
	return 0;
}

/* Nothing in '...' means anything to a shell; a newline would end the line. */
static void add_quoted(struct strbuf *line, const char *word)
{
	strbuf_addch(line, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			strbuf_addstr(line, "'\\''");
		else if (*word == '\n')
			strbuf_addstr(line, "'\"$nl\"'");
		else
			strbuf_addch(line, *word);
	}
	strbuf_addch(line, '\'');
}

void ssh_call_word(struct ssh_call *c, const char *word)
{
	strbuf_addch(&c->line, ' ');
	add_quoted(&c->line, word);
}

void ssh_call_key(struct ssh_call *c, const char *key)
{
	strbuf_addstr(&c->line, " ./");
	add_quoted(&c->line, key);
}

int ssh_call_object(struct ssh_call *c, struct ssh_store *s,
		    const char *function, const char *what, const char *key,
		    struct strbuf *err)
{
	int ret = ssh_check_key(s, key, err);

	if (!ret)
		ret = ssh_call_begin(c, s, function, what, key, err);
	if (!ret)
		ssh_call_key(c, key);
	return ret;
}

void ssh_call_number(struct ssh_call *c, uint64_t n)
{
	strbuf_addf(&c->line, " %" PRIu64, n);
}

/* As $is is written there. What is no version of ours is nothing's. */
void ssh_call_version(struct ssh_call *c, const char *version)
{
	struct strbuf is = STRBUF_INIT;

	if (version && ssh_add_stat(&is, version))
		strbuf_addstr(&is, "none");
	ssh_call_word(c, is.buf);
	strbuf_release(&is);
}

/* What the session said of its end is a whole sentence. */
static int lost(struct ssh_call *c, int code)
{
	c->broken = true;
	return code;
}

int ssh_call_send(struct ssh_call *c, struct strbuf *err)
{
	int ret;

	strbuf_addch(&c->line, '\n');
	ret = ssh_session_write(c->seat->session, c->line.buf, c->line.len,
				err);
	return ret ? lost(c, ret) : 0;
}

int ssh_call_data(struct ssh_call *c, const void *buf, size_t len,
		  struct strbuf *err)
{
	int ret = ssh_session_write(c->seat->session, buf, len, err);

	return ret ? lost(c, ret) : 0;
}

void ssh_call_unread(struct ssh_call *c, const void *buf, size_t len)
{
	strbuf_insert(&c->ahead, 0, buf, len);
}

/* Of what was read and not taken; `len` at most. */
static size_t read_ahead(struct ssh_call *c, void *buf, size_t len)
{
	len = MINIMUM(len, c->ahead.len);
	if (len) {
		memcpy(buf, c->ahead.buf, len);
		strbuf_splice(&c->ahead, 0, len, "", 0);
	}
	return len;
}

int ssh_call_read(struct ssh_call *c, void *buf, size_t len,
		  struct strbuf *err)
{
	size_t got = read_ahead(c, buf, len);
	int ret = ssh_session_read(c->seat->session, (char *)buf + got,
				   len - got, err);

	return ret ? lost(c, ret) : 0;
}

int ssh_call_read_some(struct ssh_call *c, void *buf, size_t len, size_t *got,
		       struct strbuf *err)
{
	int ret;

	*got = read_ahead(c, buf, len);
	if (*got)
		return 0;
	ret = ssh_session_read_some(c->seat->session, buf, len, got, err);
	if (!ret && !*got)
		ret = fail(err, ERR_TRANSIENT, "cannot %s '%s' in '%s': the "
			   "shell there has ended", c->what, c->key,
			   c->store->base.url);
	return ret ? lost(c, ret) : 0;
}

bool ssh_call_is_answered(struct ssh_call *c)
{
	return c->ahead.len || ssh_session_has_input(c->seat->session);
}

/* ---- the answer --------------------------------------------------------- */

static int fail_with(struct ssh_call *c, int code, const char *reason,
		     const char *way_out, struct strbuf *err)
{
	struct strbuf said = STRBUF_INIT;

	quote_terminal(&said, reason, strnlen(reason, REASON_MAX));
	fail(err, code, "cannot %s '%s' in '%s'%s%s%s", c->what, c->key,
	     c->store->base.url, said.len ? ": " : "", said.buf, way_out);
	strbuf_release(&said);
	return code;
}

/*
 * The directory that is missing from the start is a wrong path, or one that
 * nobody mounted; one that was there will perhaps come back.
 */
static int fail_nowhere(struct ssh_call *c, struct strbuf *err)
{
	struct ssh_store *s = c->store;
	bool seen;

	pthread_mutex_lock(&s->lock);
	seen = s->seen;
	pthread_mutex_unlock(&s->lock);
	return fail(err, seen ? ERR_TRANSIENT : ERR_UNREACHABLE,
		    "no directory '%s' on '%s'; make it there, or mount what "
		    "holds it", s->path, ssh_name(s->ssh));
}

static int fail_by_code(struct ssh_call *c, const char *code,
			const char *rest, struct strbuf *err)
{
	const struct transport *t = &c->store->base;

	if (!strcmp(code, "gone"))
		return fail(err, ERR_NOT_FOUND, "no '%s' in '%s'", c->key,
			    t->url);
	if (!strcmp(code, "exists"))
		return object_fail_exists(t, c->key, err);
	if (!strcmp(code, "changed"))
		return object_fail_changed(t, c->key, err);
	if (!strcmp(code, "content"))
		return fail_with(c, ERR_CONTENT, rest, "", err);
	if (!strcmp(code, "full"))
		return fail_with(c, ERR_FAILED, rest,
				 "; free some space there", err);
	if (!strcmp(code, "denied") || !strcmp(code, "readonly"))
		return fail_with(c, ERR_CREDENTIALS, rest, "", err);
	if (!strcmp(code, "busy") || !strcmp(code, "away"))
		return fail_with(c, ERR_TRANSIENT, rest, "", err);
	if (!strcmp(code, "nowhere"))
		return fail_nowhere(c, err);
	if (!strcmp(code, "usage"))
		return fail_with(c, ERR_USAGE, rest, "", err);
	return fail_with(c, ERR_FAILED, rest, "", err);
}

/* "TOKEN CODE REST" in c->line is an answer: where CODE begins, or NULL. */
static char *code_in(struct ssh_call *c)
{
	const size_t len = strlen(c->seat->token);

	/* A NUL would hide what is behind it. */
	if (strlen(c->line.buf) != c->line.len ||
	    strncmp(c->line.buf, c->seat->token, len) ||
	    c->line.buf[len] != ' ')
		return NULL;
	return c->line.buf + len + 1;
}

/* Without a reason of its own, what a program there wrote last. */
static void add_errors(struct ssh_call *c, struct strbuf *said)
{
	const char *end;

	ssh_session_take_errors(c->seat->session, said);
	strbuf_trim(said);
	end = strrchr(said->buf, '\n');
	if (end)
		strbuf_splice(said, 0, (size_t)(end + 1 - said->buf), "", 0);
}

static int take_code(struct ssh_call *c, char *code, const char **rest,
		     struct strbuf *err)
{
	struct strbuf said = STRBUF_INIT;
	char *blank = strchr(code, ' ');
	const char *reason = blank ? blank + 1 : "";
	int ret;

	if (blank)
		*blank = '\0';
	if (!strcmp(code, "ok")) {
		*rest = reason;
		return 0;
	}
	if (!*reason) {
		add_errors(c, &said);
		reason = said.buf;
	}
	ret = fail_by_code(c, code, reason, err);
	strbuf_release(&said);
	return ret;
}

static int read_line(struct ssh_call *c, struct strbuf *err)
{
	const char *end = memchr(c->ahead.buf, '\n', c->ahead.len);
	struct strbuf rest = STRBUF_INIT;
	int ret;

	strbuf_reset(&c->line);
	if (end) {
		size_t len = (size_t)(end - c->ahead.buf);

		strbuf_add(&c->line, c->ahead.buf, len);
		strbuf_splice(&c->ahead, 0, len + 1, "", 0);
		return 0;
	}
	ret = ssh_session_read_line(c->seat->session, &rest, LINE_MAX_LEN,
				    err);
	strbuf_addbuf(&c->line, &c->ahead);
	strbuf_addbuf(&c->line, &rest);
	strbuf_reset(&c->ahead);
	strbuf_release(&rest);
	return ret;
}

/* The same of an answer that began in the bytes before the line, or that stands
 * behind others in the line. */
static char *code_within(struct ssh_call *c, struct strbuf *before)
{
	const char *token = c->seat->token, *begin;

	strbuf_insert(&c->line, 0, before->buf, before->len);
	strbuf_reset(before);
	begin = memmem(c->line.buf, c->line.len, token, strlen(token));
	if (!begin)
		return NULL;
	strbuf_splice(&c->line, 0, (size_t)(begin - c->line.buf), "", 0);
	return code_in(c);
}

int ssh_call_answer_behind(struct ssh_call *c, struct strbuf *bytes,
			   const char **rest, struct strbuf *err)
{
	size_t stray = 0;
	char *code;
	int ret;

	while (stray <= STRAY_MAX) {
		ret = read_line(c, err);
		if (ret)
			return lost(c, ret);
		code = code_in(c);
		if (code)
			return take_code(c, code, rest, err);
		stray += c->line.len + 1;
		code = bytes ? code_within(c, bytes) : NULL;
		ret = code ? take_code(c, code, rest, err) : 0;
		if (ret)
			return lost(c, ret);
		if (code)
			break;
	}
	return lost(c, fail_with(c, ERR_CONTENT, "what came is no answer",
				 "", err));
}

int ssh_call_answer(struct ssh_call *c, const char **rest, struct strbuf *err)
{
	return ssh_call_answer_behind(c, NULL, rest, err);
}

int ssh_call_ask(struct ssh_call *c, const char **rest, struct strbuf *err)
{
	int ret = ssh_call_send(c, err);

	return ret ? ret : ssh_call_answer(c, rest, err);
}

int ssh_call_end(struct ssh_call *c, int ret)
{
	ssh_seat_leave(c->store, c->seat, c->broken);
	strbuf_release(&c->line);
	strbuf_release(&c->ahead);
	return ret;
}

/* ---- versions ----------------------------------------------------------- */

/* A number at *p, and what is behind it. */
static bool take_number(const char **p, uint64_t *out)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*out = strtoull(*p, &end, 10);
	*p = end;
	return !errno;
}

/* Up to nine digits behind a point; finer ones are let go. */
static uint64_t take_fraction(const char **p)
{
	uint64_t n = 0;
	int digits = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		if (digits == 9)
			continue;
		n = n * 10 + (uint64_t)(**p - '0');
		digits++;
	}
	for (; digits < 9; digits++)
		n *= 10;
	return n;
}

/* stat has the fraction in the second time: "DATE HH:MM:SS.NNN ZONE". */
static uint64_t fraction_in(const char *p)
{
	const char *point = strchr(p, '.');

	if (*p != ' ' || !point)
		return 0;
	point++;
	return take_fraction(&point);
}

int ssh_read_stat(struct object *o, const char *text, struct strbuf *err)
{
	struct strbuf version = STRBUF_INIT;
	uint64_t ino, size, sec, nsec = 0, time;
	const char *p = text;
	bool before_1970, good;

	good = take_number(&p, &ino) && *p++ == ' ' &&
	       take_number(&p, &size) && *p++ == ' ';
	before_1970 = good && *p == '-';
	p += before_1970;
	good = good && take_number(&p, &sec) && sec <= INT64_MAX / NANOSECONDS;
	if (!good || (*p && *p != '.' && *p != ' '))
		return fail(err, ERR_CONTENT, "what the host says of a file "
			    "cannot be understood");
	if (*p == '.') {
		p++;
		nsec = take_fraction(&p);
	} else {
		nsec = fraction_in(p);
	}
	/* Programs do not agree on what a fraction is then. */
	time = before_1970 ? -(sec * NANOSECONDS) : sec * NANOSECONDS + nsec;
	strbuf_addf(&version, "%" PRIx64 "-%" PRIx64 "-%" PRIx64, ino, size,
		    time);
	free(o->version);
	o->version = strbuf_detach(&version, NULL);
	o->size = size;
	o->modified = before_1970 ? -(int64_t)sec : (int64_t)sec;
	return 0;
}

static bool take_hex(const char **p, uint64_t *out)
{
	char *end;

	if (hex_digit(**p) < 0)
		return false;
	errno = 0;
	*out = strtoull(*p, &end, 16);
	*p = end;
	return !errno;
}

int ssh_add_stat(struct strbuf *out, const char *version)
{
	uint64_t ino, size, time;
	const char *p = version;
	bool before_1970;

	if (!take_hex(&p, &ino) || *p++ != '-' || !take_hex(&p, &size) ||
	    *p++ != '-' || !take_hex(&p, &time) || *p)
		return ERR_CONFLICT;
	before_1970 = time > INT64_MAX;
	if (before_1970)
		time = -time;
	strbuf_addf(out, "%" PRIu64 " %" PRIu64 " %s%" PRIu64 ".%09" PRIu64,
		    ino, size, before_1970 ? "-" : "", time / NANOSECONDS,
		    time % NANOSECONDS);
	return 0;
}
