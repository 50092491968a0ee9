#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/term.h"

int verbosity;

static bool open_line;

void error_set_open_line(bool open)
{
	__atomic_store_n(&open_line, open, __ATOMIC_RELAXED);
}

/*
 * A second sentence starts a line of its own, unless the text so far was left
 * open on purpose ("cannot do it: ").
 */
static void add_sentence(struct strbuf *err, const char *fmt, va_list ap)
{
	if (err->len && err->buf[err->len - 1] != ' ' &&
	    err->buf[err->len - 1] != '\n')
		strbuf_addch(err, '\n');
	strbuf_vaddf(err, translation_of(fmt), ap);
}

int fail(struct strbuf *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	add_sentence(err, fmt, ap);
	va_end(ap);
	return code;
}

int fail_errno(struct strbuf *err, const char *fmt, ...)
{
	int saved = errno;
	char room[128];
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		add_sentence(err, fmt, ap);
		va_end(ap);
		strbuf_addf(err, ": %s", strerror_r(saved, room, sizeof(room)));
	}
	errno = saved;
	return saved == ENOENT || saved == ENOTDIR ? ERR_NOT_FOUND : ERR_FAILED;
}

int exit_status_of(int code)
{
	switch (code) {
	case 0:
		return 0;
	case ERR_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case ERR_CREDENTIALS:
		return EXIT_CREDENTIALS;
	case ERR_UNREACHABLE:
	case ERR_TRANSIENT:
		return EXIT_UNREACHABLE;
	case ERR_CONTENT:
		return EXIT_CONTENT;
	case ERR_CONFLICT:
		return EXIT_CONFLICT;
	case ERR_USAGE:
		return EXIT_USAGE;
	case ERR_NO:
		return EXIT_NO;
	case ERR_PARTLY:
		return EXIT_PARTLY;
	default:
		return EXIT_FAILED;
	}
}

int error_of_exit_status(int status)
{
	int code;

	if (!status)
		return 0;
	/* Downwards: where two codes have one status, the lasting one is
	 * first. */
	for (code = ERR_FAILED; code >= ERR_PARTLY; code--)
		if (exit_status_of(code) == status)
			return code;
	return ERR_FAILED;
}

/*
 * Names of files, and what a store or a record says, stand in messages; none
 * of it may reach the terminal as an escape sequence. Lines stay lines.
 * stderr is unbuffered, so one fwrite() is one write(2).
 */
static void put_message(const char *prefix, const char *text, size_t len)
{
	struct strbuf line = STRBUF_INIT;
	const char *end = text + len;

	if (__atomic_exchange_n(&open_line, false, __ATOMIC_RELAXED))
		term_add_line_start(&line);
	strbuf_addstr(&line, prefix);
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;

		quote_terminal(&line, text, (size_t)(stop - text));
		if (nl)
			strbuf_addch(&line, '\n');
		text = nl ? nl + 1 : end;
	}
	if (!line.len || line.buf[line.len - 1] != '\n')
		strbuf_addch(&line, '\n');
	fwrite(line.buf, 1, line.len, stderr);
	strbuf_release(&line);
}

static void put_formatted(const char *prefix, const char *fmt, va_list ap)
{
	struct strbuf text = STRBUF_INIT;
	int saved = errno;

	strbuf_vaddf(&text, translation_of(fmt), ap);
	put_message(prefix, text.buf, text.len);
	strbuf_release(&text);
	errno = saved;
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_formatted("resutil: ", fmt, ap);
	va_end(ap);
	exit(EXIT_FAILED);
}

void die_code(int code, const struct strbuf *err)
{
	if (err && err->len)
		put_message("resutil: ", err->buf, err->len);
	exit(exit_status_of(code));
}

void die_status(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_formatted("resutil: ", fmt, ap);
	va_end(ap);
	exit(status);
}

int error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_formatted("resutil: ", fmt, ap);
	va_end(ap);
	return -1;
}

void warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_formatted(_("resutil: warning: "), fmt, ap);
	va_end(ap);
}

static void (*tell_notice)(const char *text);

void notice_to(void (*tell)(const char *text))
{
	tell_notice = tell;
}

void notice(const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	if (!tell_notice)
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&text, translation_of(fmt), ap);
	va_end(ap);
	tell_notice(text.buf);
	strbuf_release(&text);
}

void say(const char *fmt, ...)
{
	va_list ap;

	if (verbosity < 0)
		return;
	va_start(ap, fmt);
	put_formatted("", fmt, ap);
	va_end(ap);
}

void bug_at(const char *file, int line, const char *fmt, ...)
{
	struct strbuf prefix = STRBUF_INIT;
	va_list ap;

	strbuf_addf(&prefix, "resutil: BUG: %s:%d: ", file, line);
	va_start(ap, fmt);
	put_formatted(prefix.buf, fmt, ap);
	va_end(ap);
	abort();
}
