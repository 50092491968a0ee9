#include "lib/base/compat.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/term.h"

#include <stdio_ext.h>

static int first_problem;

static void note_problem(void)
{
	int none = 0;

	__atomic_compare_exchange_n(&first_problem, &none, errno, false,
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

int out_problem(void)
{
	return __atomic_load_n(&first_problem, __ATOMIC_RELAXED);
}

static void put(const char *text, size_t len)
{
	errno = 0;
	if (fwrite(text, 1, len, stdout) < len)
		note_problem();
}

void out_flush(void)
{
	errno = 0;
	if (fflush(stdout))
		note_problem();
}

bool out_is_for_person(void)
{
	return isatty(STDOUT_FILENO) || pager_shows(STDOUT_FILENO);
}

/* Whether all of it was written is asked once, at the end of the process. */
void out_text(const char *text, size_t len)
{
	struct strbuf safe = STRBUF_INIT;

	if (!out_is_for_person()) {
		put(text, len);
		return;
	}
	quote_terminal_text(&safe, text, len);
	put(safe.buf, safe.len);
	strbuf_release(&safe);
}

void out_printf(const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	out_text(text.buf, text.len);
	strbuf_release(&text);
}

void out_safe(const struct strbuf *page)
{
	put(page->buf, page->len);
}

/* Otherwise it would be tried again, and told again, at the end. */
int out_now(const struct strbuf *page)
{
	int problem;

	errno = 0;
	if (fwrite(page->buf, 1, page->len, stdout) == page->len &&
	    !fflush(stdout))
		return 0;
	problem = errno ? errno : EIO;
	__fpurge(stdout);
	clearerr(stdout);
	return problem;
}
