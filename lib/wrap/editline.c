#include "lib/base/compat.h"
#include "lib/wrap/editline.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <termios.h>
#include <wchar.h>

#define SHOWN_MAX 20	/* candidates that Tab lists */

struct asking {
	const char *prompt;
	const struct strvec *candidates;
	bool interrupted;
};

/*
 * libedit reads bytes by the locale's rules. Comments are UTF-8 whatever the
 * locale is, so a locale that is not gives way.
 */
static void use_utf8(void)
{
	if (setlocale(LC_CTYPE, "") &&
	    !strcmp(nl_langinfo(CODESET), "UTF-8"))
		return;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "en_US.UTF-8");
}

/*
 * libedit would put the terminal back when a signal comes (EL_SIGNAL), but it
 * then sends that signal to the whole process group: to whoever runs us.
 */
static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
static struct sigaction before[ARRAY_SIZE(deadly)];
static struct termios as_it_was;

static void put_terminal_back(int signo)
{
	size_t i;

	tcsetattr(STDIN_FILENO, TCSADRAIN, &as_it_was);
	for (i = 0; i < ARRAY_SIZE(deadly); i++)
		if (deadly[i] == signo)
			sigaction(signo, &before[i], NULL);
	raise(signo);	/* comes when this handler has returned */
}

static void guard_terminal(void)
{
	struct sigaction act = { 0 };
	size_t i;

	act.sa_handler = put_terminal_back;
	sigfillset(&act.sa_mask);
	tcgetattr(STDIN_FILENO, &as_it_was);
	for (i = 0; i < ARRAY_SIZE(deadly); i++) {
		sigaction(deadly[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(deadly[i], &act, NULL);
	}
}

static void end_guard(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(deadly); i++)
		sigaction(deadly[i], &before[i], NULL);
}

static struct asking *asking_of(EditLine *el)
{
	void *data = NULL;

	el_get(el, EL_CLIENTDATA, &data);
	return data;
}

static char *show_prompt(EditLine *el)
{
	return (char *)asking_of(el)->prompt;
}

/* Ctrl-C, which the terminal is told to pass on as a character. */
static unsigned char interrupt(EditLine *el, wint_t c UNUSED)
{
	asking_of(el)->interrupted = true;
	return CC_EOF;
}

/* The bytes that `a` and `b` begin with alike, cut between characters. */
static size_t common_prefix(const char *a, const char *b, size_t max)
{
	size_t len = 0;

	while (len < max && a[len] && a[len] == b[len])
		len++;
	while (len && ((unsigned char)a[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static void list_candidates(const struct strvec *fitting)
{
	struct strbuf line = STRBUF_INIT;
	size_t i;

	fputc('\n', stderr);
	for (i = 0; i < fitting->nr && i < SHOWN_MAX; i++) {
		strbuf_reset(&line);
		quote_terminal(&line, fitting->v[i], strlen(fitting->v[i]));
		fprintf(stderr, "  %s\n", line.buf);
	}
	if (fitting->nr > SHOWN_MAX)
		fprintf(stderr, "  and %zu more\n", fitting->nr - SHOWN_MAX);
	fflush(stderr);
	strbuf_release(&line);
}

/* Tab: as much of the line as all candidates agree on; then, what there is. */
static unsigned char complete(EditLine *el, wint_t c UNUSED)
{
	const struct strvec *all = asking_of(el)->candidates;
	const LineInfo *line = el_line(el);
	size_t typed = line->lastchar - line->buffer, common = 0, i;
	struct strvec fitting = STRVEC_INIT;
	struct strbuf more = STRBUF_INIT;
	unsigned char ret = CC_REFRESH_BEEP;

	if (line->cursor != line->lastchar || !all)
		return CC_REFRESH_BEEP;
	for (i = 0; i < all->nr; i++) {
		if (strncmp(all->v[i], line->buffer, typed))
			continue;
		common = fitting.nr ? common_prefix(fitting.v[0], all->v[i],
						    common)
				    : strlen(all->v[i]);
		strvec_push(&fitting, all->v[i]);
	}
	if (fitting.nr && common > typed) {
		strbuf_add(&more, fitting.v[0] + typed, common - typed);
		if (!el_insertstr(el, more.buf))
			ret = CC_REFRESH;
	} else if (fitting.nr > 1) {
		list_candidates(&fitting);
		ret = CC_REDISPLAY;
	}
	strvec_release(&fitting);
	strbuf_release(&more);
	return ret;
}

/* Up shows the first candidate, so the last is entered first. */
static History *fill_history(const struct strvec *candidates)
{
	History *past = history_init();
	HistEvent event;
	size_t i;

	if (!past || !candidates)
		return past;
	history(past, &event, H_SETSIZE,
		(int)MINIMUM(candidates->nr + 1, (size_t)INT_MAX));
	for (i = candidates->nr; i-- > 0; )
		history(past, &event, H_ENTER, candidates->v[i]);
	return past;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static EditLine *set_up(struct asking *asking, History *past,
			const char *initial)
{
	EditLine *el = el_init("resutil", stdin, stderr, stderr);

	if (!el)
		return NULL;
	el_set(el, EL_CLIENTDATA, asking);
	el_set(el, EL_PROMPT, show_prompt);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_SETTY, "-d", "-isig", NULL);
	/* before the prompt, or a Ctrl-D that follows it at once is lost */
	el_set(el, EL_PREP_TERM, 1);
	if (past)
		el_set(el, EL_HIST, history, past);
	/* the wide form, for the other keeps copies that nobody frees */
	el_wset(el, EL_ADDFN, L"resutil-complete", L"complete the line",
		complete);
	el_set(el, EL_BIND, "^I", "resutil-complete", NULL);
	el_wset(el, EL_ADDFN, L"resutil-interrupt", L"give up", interrupt);
	el_set(el, EL_BIND, "^C", "resutil-interrupt", NULL);
	/* typed for the person, so no control character may be in it */
	if (initial && *initial && is_printable(initial))
		el_push(el, initial);
	return el;
}

int editline_ask(struct strbuf *out, const char *prompt, const char *initial,
		 const struct strvec *candidates, struct strbuf *err)
{
	struct asking asking = { prompt, candidates, false };
	History *past;
	EditLine *el;
	const char *line;
	int count = 0, ret;

	if (!isatty(STDIN_FILENO))
		return fail(err, ERR_FAILED,
			    "standard input is not a terminal");
	use_utf8();
	guard_terminal();
	past = fill_history(candidates);
	el = set_up(&asking, past, initial);
	if (!el) {
		ret = fail(err, ERR_FAILED, "cannot use the terminal");
		goto cleanup;
	}

	line = el_gets(el, &count);
	if (asking.interrupted) {
		ret = ERR_NO;
	} else if (!line && count < 0) {
		ret = fail_errno(err, "cannot read from the terminal");
	} else if (!line || count <= 0) {
		ret = 0;
	} else {
		if (line[count - 1] == '\n')
			count--;
		strbuf_add(out, line, count);
		ret = 1;
	}
	if (ret <= 0)
		fputc('\n', stderr);

cleanup:
	if (el)
		el_end(el);
	if (past)
		history_end(past);
	end_guard();
	return ret;
}
