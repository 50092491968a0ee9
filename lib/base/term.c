#include "lib/base/compat.h"
#include "lib/base/term.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"

#include <sys/ioctl.h>

static bool no_interactive;
static enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } color_when;

bool env_is_true(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0") &&
	       strcasecmp(value, "no") && strcasecmp(value, "off") &&
	       strcasecmp(value, "false");
}

void term_set_no_interactive(void)
{
	no_interactive = true;
}

bool term_is_interactive(void)
{
	return !no_interactive && !env_is_true("RESUTIL_NO_INTERACTIVE") &&
	       isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool term_has_person(void)
{
	int fd;

	if (no_interactive || env_is_true("RESUTIL_NO_INTERACTIVE") ||
	    !isatty(STDERR_FILENO))
		return false;
	fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int color_set(const char *when)
{
	if (!strcmp(when, "auto") || !strcmp(when, "true"))
		color_when = COLOR_AUTO;
	else if (!strcmp(when, "always"))
		color_when = COLOR_ALWAYS;
	else if (!strcmp(when, "never") || !strcmp(when, "false"))
		color_when = COLOR_NEVER;
	else
		return ERR_USAGE;
	return 0;
}

bool term_is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || !*term || !strcmp(term, "dumb");
}

bool color_wanted(int fd)
{
	const char *no_color = getenv("NO_COLOR");

	if (color_when != COLOR_AUTO)
		return color_when == COLOR_ALWAYS;
	if (no_color && *no_color)
		return false;
	if (term_is_dumb())
		return false;
	return isatty(fd) || pager_shows(fd);
}

const char *color_on(int fd, enum color color)
{
	static const char *const codes[] = {
		[COLOR_PLAIN] = "\033[m",
		[COLOR_BOLD] = "\033[1m",
		[COLOR_DIM] = "\033[2m",
		[COLOR_RED] = "\033[31m",
		[COLOR_GREEN] = "\033[32m",
		[COLOR_YELLOW] = "\033[33m",
		[COLOR_BLUE] = "\033[34m",
		[COLOR_CYAN] = "\033[36m",
	};

	return color_wanted(fd) ? codes[color] : "";
}

const char *color_off(int fd)
{
	return color_on(fd, COLOR_PLAIN);
}

unsigned term_width(void)
{
	static const int fds[] = { STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO };
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	unsigned long n;
	char *end;
	size_t i;

	if (columns && isdigit((unsigned char)*columns)) {
		n = strtoul(columns, &end, 10);
		if (!*end && n > 0 && n <= 10000)
			return (unsigned)n;
	}
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (!ioctl(fds[i], TIOCGWINSZ, &size) && size.ws_col)
			return size.ws_col;
	return 80;
}

void term_add_line_rest(struct strbuf *sb, size_t used)
{
	size_t width;

	if (!term_is_dumb()) {
		strbuf_addstr(sb, "\033[K");
		return;
	}
	/* Not the last column: it would take some to the next line. */
	for (width = term_width(); used + 1 < width; used++)
		strbuf_addch(sb, ' ');
}

void term_add_line_start(struct strbuf *sb)
{
	strbuf_addch(sb, '\r');
	term_add_line_rest(sb, 0);
	if (term_is_dumb())
		strbuf_addch(sb, '\r');
}

void term_take_line(void)
{
	struct strbuf start = STRBUF_INIT;

	if (!isatty(STDOUT_FILENO) || !isatty(STDERR_FILENO))
		return;
	term_add_line_start(&start);
	fputs(start.buf, stdout);
	strbuf_release(&start);
}

/* The first letter of the next line that is no blank; 0: an empty line, EOF:
 * the end of input. */
static int read_answer(void)
{
	int first = 0, c;

	while ((c = getchar()) != EOF && c != '\n')
		if (!first && !isspace(c))
			first = c;
	return c == EOF && !first ? EOF : first;
}

bool ask_yes_no(const char *question, bool otherwise)
{
	struct strbuf safe = STRBUF_INIT;
	bool yes = otherwise;
	int tries, answer;

	if (!term_is_interactive())
		return otherwise;
	quote_terminal_lines(&safe, question, strlen(question));
	for (tries = 0; tries < 3; tries++) {
		fprintf(stderr, "%s [%s] ", safe.buf,
			otherwise ? "Y/n" : "y/N");
		fflush(stderr);
		answer = tolower(read_answer());
		if (answer == EOF)
			fputc('\n', stderr);
		yes = answer == 'y' || (otherwise && answer != 'n');
		if (answer == EOF || !answer || answer == 'y' || answer == 'n')
			break;
	}
	strbuf_release(&safe);
	return yes;
}
