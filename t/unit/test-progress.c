#include "lib/base/compat.h"
#include "lib/base/progress.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "t/unit/unit.h"
#include "t/unit/pty.h"

#include <pthread.h>

static struct strbuf shown = STRBUF_INIT;

static void nap(void)
{
	struct timespec t = { 0, 30000000 };

	nanosleep(&t, NULL);
}

static void count(void *data)
{
	struct progress *p = progress_start(data, 40, 4000000);
	unsigned i;

	for (i = 0; i <= 40; i++) {
		progress_items(p, i);
		progress_bytes(p, i * 100000);
		nap();
	}
	progress_stop(&p);
	if (p)
		_exit(1);
}

static void quiet(void *data)
{
	verbosity = -1;
	count(data);
}

static void quick(void *data)
{
	struct progress *p = progress_start(data, 2, 0);

	progress_items(p, 1);
	progress_items(p, 2);
	progress_stop(&p);
}

static void unknown(void *data)
{
	struct progress *p = progress_start(data, 0, 0);
	unsigned i;

	for (i = 0; i < 25; i++) {
		progress_items(p, i);
		nap();
	}
	progress_stop(&p);
}

static void interrupted(void *data)
{
	struct progress *p = progress_start(data, 40, 0);
	unsigned i;

	warning("before");
	for (i = 0; i < 25; i++) {
		progress_items(p, i);
		nap();
	}
	warning("between");
	warning("again");
	progress_items(p, 40);
	progress_stop(&p);
	warning("behind");
}

static void parts(void *data)
{
	struct progress *p = progress_start(data, 0, 1000), *one, *two;
	struct progress *nowhere = progress_part(NULL);
	unsigned i;

	one = progress_part(p);
	two = progress_part(p);
	for (i = 0; i <= 20; i++) {
		progress_bytes(one, i * 25);
		progress_bytes(two, i * 25);
		progress_items(two, i);
		nap();
	}
	progress_bytes(one, 100);	/* it begins again */
	progress_bytes(one, 200);
	progress_bytes(nowhere, 700);
	if (progress_told(one) != 200 || progress_told(nowhere) != 700)
		_exit(1);
	progress_stop(&nowhere);
	progress_stop(&one);
	progress_stop(&two);
	progress_stop(&p);
	if (one || two)
		_exit(1);
}

static void *report(void *data)
{
	unsigned i;

	for (i = 0; i < 20000; i++) {
		progress_items(data, i);
		progress_bytes(data, i);
	}
	return NULL;
}

static void threads(void *data)
{
	struct progress *p = progress_start(data, 20000, 0);
	pthread_t thread[4];
	int i;

	for (i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, report, p);
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	progress_stop(&p);
}

/* The longest piece that is drawn in one line. */
static size_t longest(const char *text)
{
	size_t max = 0, len;

	while (*text) {
		len = strcspn(text, "\r\n\033");
		if (len > max)
			max = len;
		text += len + (text[len] != '\0');
	}
	return max;
}

/* What is to be read in the line that has `word`, at last. */
static void read_line(struct strbuf *line, const char *word)
{
	const char *text = strstr(shown.buf, word);
	size_t at = 0;

	strbuf_reset(line);
	if (!text)
		return;
	while (text > shown.buf && text[-1] != '\n')
		text--;
	for (; *text && *text != '\n'; text++) {
		if (*text == '\r') {
			at = 0;
			continue;
		}
		if (at == line->len)
			strbuf_addch(line, ' ');
		line->buf[at++] = *text;
	}
	while (line->len && line->buf[line->len - 1] == ' ')
		strbuf_setlen(line, line->len - 1);
}

static void test_dumb(void)
{
	struct strbuf line = STRBUF_INIT;

	setenv("TERM", "dumb", 1);
	on_pty(interrupted, (void *)"Sending", NULL, &shown);
	check(!strchr(shown.buf, '\033') && longest(shown.buf) == 59,
	      "blanks instead of escapes on a dumb terminal");
	read_line(&line, "between");
	check_str(line.buf, "resutil: warning: between", "a message alone");
	on_pty(count, (void *)"Sending", NULL, &shown);
	read_line(&line, "40/40");
	check(!strncmp(line.buf, "Sending: 40/40 (100%), 3.8 MiB | ", 33) &&
	      !strstr(line.buf, "left"), "what was longer is gone");
	unsetenv("TERM");
	on_pty(interrupted, (void *)"Sending", NULL, &shown);
	check(!strchr(shown.buf, '\033'), "so where TERM says nothing");
	strbuf_release(&line);
}

int main(void)
{
	const char *last;
	int status;

	setenv("TERM", "xterm", 1);
	unsetenv("COLUMNS");
	status = on_pty(count, (void *)"Sending", NULL, &shown);
	check(WIFEXITED(status) && !WEXITSTATUS(status), "it ends and frees");
	check(strstr(shown.buf, "\rSending: "), "the line is drawn");
	check(strstr(shown.buf, "/s, 0:0") && strstr(shown.buf, " left"),
	      "with rate and time left");
	last = strrchr(shown.buf, '\r');
	while (last > shown.buf && last[1] != 'S')
		for (last--; last > shown.buf && *last != '\r'; last--)
			;
	check(!strncmp(last, "\rSending: 40/40 (100%), 3.8 MiB | ", 34) &&
	      !strstr(last, "left") && strstr(last, "\n"),
	      "the last line tells the whole and stays");
	check(!strstr(shown.buf, "Sending: 0/40"), "not at once");
	on_pty(count, (void *)"A title that is far too long for a terminal of "
	       "sixty columns", NULL, &shown);
	check(longest(shown.buf) == 59, "the line is cut to the terminal");
	on_pty(unknown, (void *)"Looking", NULL, &shown);
	check(strstr(shown.buf, "\rLooking: 24\033[K") &&
	      !strstr(shown.buf, "%") && !strstr(shown.buf, "left"),
	      "without a total there is no share and no time left");
	on_pty(interrupted, (void *)"Sending", NULL, &shown);
	check(strstr(shown.buf, "\033[K\r\033[Kresutil: warning: between") &&
	      strstr(shown.buf, "\nresutil: warning: again"),
	      "a message takes the place of the line");
	check(!strncmp(shown.buf, "resutil: warning: before", 24) &&
	      strstr(shown.buf, "\nresutil: warning: behind"),
	      "but not where there is none");
	status = on_pty(parts, (void *)"Sending", NULL, &shown);
	check(WIFEXITED(status) && !WEXITSTATUS(status) &&
	      strstr(shown.buf, "\rSending: (70%), 700 B"),
	      "parts are added, and one may begin again");
	on_pty(quiet, (void *)"Sending", NULL, &shown);
	check(!shown.len, "nothing under -q");
	on_pty(quick, (void *)"Sending", NULL, &shown);
	check(!shown.len, "nothing for what is done at once");
	status = on_pty(threads, (void *)"Sending", NULL, &shown);
	check(WIFEXITED(status), "threads report at once");
	test_dumb();
	strbuf_release(&shown);
	return unit_done();
}
