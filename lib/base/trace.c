#include "lib/base/compat.h"
#include "lib/base/trace.h"
#include "lib/base/quote.h"
#include "lib/base/redact.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

#include <pthread.h>

static int trace_fds[TRACE_CHANNELS];
static pthread_once_t trace_once = PTHREAD_ONCE_INIT;

/* What was taken out of the lines of this process: a value that was seen in a
 * command line is known in what comes after it. */
static struct redaction taken = REDACTION_INIT;
static pthread_mutex_t taken_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * The trace does not pass the door of sys.h: it tells what goes through, and
 * must not change the count of fault points by being on.
 */
static int trace_open(const char *where)
{
	char *end;
	long fd;

	if (!where || !*where || !strcmp(where, "0"))
		return -1;
	if (*where == '/')
		return open(where, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
			    0666);
	if (!strcasecmp(where, "true"))
		return STDERR_FILENO;
	fd = strtol(where, &end, 10);
	/* Never stdout: it is the product. 1 is on, as in git. */
	if (fd == 1)
		fd = STDERR_FILENO;
	if (*end || fd < 2 || fd > INT_MAX || fcntl((int)fd, F_GETFD) < 0)
		return -1;
	return (int)fd;
}

static void trace_open_all(void)
{
	trace_fds[TRACE_RUN] = trace_open(getenv("RESUTIL_TRACE"));
	trace_fds[TRACE_HTTP] = trace_open(getenv("RESUTIL_TRACE_HTTP"));
}

bool trace_wanted_in(enum trace_channel channel)
{
	pthread_once(&trace_once, trace_open_all);
	return trace_fds[channel] >= 0;
}

bool trace_wanted(void)
{
	return trace_wanted_in(TRACE_RUN);
}

static void trace_begin(struct strbuf *line, const char *file, int nr)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strbuf_addf(line, "%02d:%02d:%02d.%06ld %s:%d ", tm.tm_hour, tm.tm_min,
		    tm.tm_sec, now.tv_nsec / 1000, file, nr);
}

/* One write, so that lines of many processes do not mix; a full disk or a
 * closed pipe costs the line, never the work. A trace is read on a terminal,
 * sooner or later, and what it tells of came from anywhere. */
static void trace_end(enum trace_channel channel, struct strbuf *text)
{
	struct strbuf line = STRBUF_INIT;
	int saved = errno;
	ssize_t n;

	quote_terminal(&line, text->buf, text->len);
	strbuf_addch(&line, '\n');
	do {
		n = write(trace_fds[channel], line.buf, line.len);
	} while (n < 0 && errno == EINTR);
	strbuf_release(&line);
	strbuf_release(text);
	errno = saved;
}

static void trace_text(enum trace_channel channel, const char *file, int line,
		       const char *fmt, va_list ap)
{
	struct strbuf line_text = STRBUF_INIT, text = STRBUF_INIT;
	int saved = errno;

	if (!trace_wanted_in(channel))
		return;
	trace_begin(&line_text, file, line);
	strbuf_vaddf(&text, fmt, ap);
	pthread_mutex_lock(&taken_lock);
	redact_text(&taken, text.buf, &line_text);
	pthread_mutex_unlock(&taken_lock);
	strbuf_release(&text);
	errno = saved;
	trace_end(channel, &line_text);
}

void trace_printf_in(enum trace_channel channel, const char *file, int line,
		     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trace_text(channel, file, line, fmt, ap);
	va_end(ap);
}

void trace_printf_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trace_text(TRACE_RUN, file, line, fmt, ap);
	va_end(ap);
}

void trace_argv_at(const char *file, int line, const char *what,
		   const char *const *argv)
{
	struct strbuf text = STRBUF_INIT;
	struct strvec words = STRVEC_INIT;
	int saved = errno;

	if (!trace_wanted())
		return;
	trace_begin(&text, file, line);
	strbuf_addf(&text, "%s: ", what);
	pthread_mutex_lock(&taken_lock);
	redact_argv(&taken, argv, &words);
	pthread_mutex_unlock(&taken_lock);
	quote_shell_argv(&text, words.v);
	strvec_release(&words);
	errno = saved;
	trace_end(TRACE_RUN, &text);
}
