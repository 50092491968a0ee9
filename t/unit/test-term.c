#include "lib/base/compat.h"
#include "lib/base/term.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/tempfile.h"
#include "lib/base/path.h"
#include "t/unit/unit.h"
#include "t/unit/pty.h"

static struct strbuf shown = STRBUF_INIT;

static void test_env(void)
{
	static const char *const no[] = { "", "0", "no", "off", "false", "OFF",
					  "False" };
	static const char *const yes[] = { "1", "yes", "true", "on", "2", "x" };
	bool good = true;
	size_t i;

	unsetenv("T_BOOL");
	check(!env_is_true("T_BOOL"), "unset is false");
	for (i = 0; i < ARRAY_SIZE(no); i++)
		good &= !setenv("T_BOOL", no[i], 1) && !env_is_true("T_BOOL");
	check(good, "empty, 0, no, off, false are false");
	for (i = 0; i < ARRAY_SIZE(yes); i++)
		good &= !setenv("T_BOOL", yes[i], 1) && env_is_true("T_BOOL");
	check(good, "all else is true");
}

static void test_no_terminal(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	unsetenv("COLUMNS");
	check(!color_wanted(fd), "a file gets no colour");
	check(color_set("purple") == ERR_USAGE, "an unknown word");
	check(!color_set("always") && color_wanted(fd), "but for always");
	check_str(color_on(fd, COLOR_RED), "\033[31m", "red");
	check_str(color_off(fd), "\033[m", "off");
	check(!color_set("never"), "never");
	check_str(color_on(fd, COLOR_RED), "", "gives nothing");
	check(!color_set("auto"), "auto again");
	setenv("COLUMNS", "132", 1);
	check(term_width() == 132, "COLUMNS is obeyed");
	setenv("COLUMNS", "0", 1);
	check(term_width() != 0, "unless it is nonsense");
	unsetenv("COLUMNS");
	close(fd);
}

static void ask(void *data)
{
	bool *otherwise = data, answer;

	answer = ask_yes_no("Delete?", *otherwise);
	printf("<%s>", answer ? "yes" : "no");
}

static bool answers(const char *typed, bool otherwise, const char *want)
{
	on_pty(ask, &otherwise, typed, &shown);
	if (strstr(shown.buf, want))
		return true;
	printf("# shown: %s\n", shown.buf);
	return false;
}

static void test_ask(void)
{
	check(answers("y\n", false, "<yes>"), "y");
	check(strstr(shown.buf, "Delete? [y/N] "), "the question is shown");
	check(answers("No\n", true, "<no>"), "No");
	check(strstr(shown.buf, "[Y/n]"), "with its default");
	check(answers("\n", true, "<yes>") && answers("\n", false, "<no>"),
	      "Enter is the default");
	check(answers("what\n  Y\n", false, "<yes>"), "asked again");
	check(answers("a\nb\nc\ny\n", false, "<no>"), "three times at most");
	check(answers("\004", true, "<yes>"), "end of input is the default");
	setenv("RESUTIL_NO_INTERACTIVE", "1", 1);
	check(answers("y\n", false, "<no>") && !strstr(shown.buf, "Delete"),
	      "nothing is asked without a person");
	unsetenv("RESUTIL_NO_INTERACTIVE");
}

static void color(void *data)
{
	(void)data;
	printf("<%sx%s %u %d>", color_on(1, COLOR_GREEN), color_off(1),
	       term_width(), term_is_interactive());
}

static void test_color(void)
{
	on_pty(color, NULL, NULL, &shown);
	check_str(shown.buf, "<\033[32mx\033[m 60 1>",
		  "a terminal has colour, width, a person");
	setenv("NO_COLOR", "1", 1);
	on_pty(color, NULL, NULL, &shown);
	check_str(shown.buf, "<x 60 1>", "NO_COLOR is obeyed");
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	on_pty(color, NULL, NULL, &shown);
	check_str(shown.buf, "<x 60 1>", "so is a dumb terminal");
	setenv("TERM", "xterm", 1);
}

static void page(void *data)
{
	const char *configured = data;

	pager_start(configured);
	printf("%sline%s\n", color_on(1, COLOR_RED), color_off(1));
	exit(0);
}

/* The terminal turns \n into \r\n. */
static void test_pager(void)
{
	int status;

	unsetenv("RESUTIL_PAGER");
	setenv("PAGER", "sed -e s/line/env/", 1);
	on_pty(page, NULL, NULL, &shown);
	check_str(shown.buf, "\033[31menv\033[m\r\n",
		  "PAGER, its words, and colour as on a terminal");
	on_pty(page, (void *)"sed -e s/line/conf/ | cat", NULL, &shown);
	check_str(shown.buf, "\033[31mconf\033[m\r\n",
		  "the setting comes first; a pipeline gets a shell");
	setenv("RESUTIL_PAGER", "sed 's/li/LI/'", 1);
	on_pty(page, (void *)"sed s/line/conf/", NULL, &shown);
	check_str(shown.buf, "\033[31mLIne\033[m\r\n", "RESUTIL_PAGER before");
	setenv("RESUTIL_PAGER", "", 1);
	on_pty(page, (void *)"sed s/line/conf/", NULL, &shown);
	check_str(shown.buf, "\033[31mline\033[m\r\n", "empty is none");
	setenv("RESUTIL_PAGER", "no-such-pager-here", 1);
	on_pty(page, NULL, NULL, &shown);
	check_str(shown.buf, "\033[31mline\033[m\r\n",
		  "a missing pager hides nothing");
	setenv("RESUTIL_PAGER", "sh -c 'sleep 0.3; cat; echo end'", 1);
	status = on_pty(page, NULL, NULL, &shown);
	check(strstr(shown.buf, "line") && strstr(shown.buf, "end") &&
	      WIFEXITED(status), "the pager is waited for");
	setenv("RESUTIL_PAGER", "true", 1);
	status = on_pty(page, NULL, NULL, &shown);
	check(status == 0 || (WIFSIGNALED(status) &&
			      WTERMSIG(status) == SIGPIPE),
	      "a pager that reads nothing ends us quietly");
	unsetenv("RESUTIL_PAGER");
}

static void interrupted_page(void *data)
{
	struct tempfile *t;

	(void)data;
	tempfile_on_signals();
	if (tempfile_create(&t, "paged", 0666, NULL))
		_exit(1);
	pager_start("sh -c 'trap : INT; cat; echo end'");
	printf("text\n");
	fflush(stdout);
	raise(SIGINT);
}

static void test_pager_interrupted(void)
{
	struct tempfile *scratch;
	int status;

	if (tempfile_scratch_dir(&scratch, NULL) ||
	    chdir(tempfile_path(scratch)))
		return;
	status = on_pty(interrupted_page, NULL, NULL, &shown);
	check_str(shown.buf, "text\r\nend\r\n",
		  "interrupted, we still wait for the pager");
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT,
	      "and die of the signal");
	check(!rmdir(tempfile_path(scratch)), "with temporary files removed");
}

int main(void)
{
	unsetenv("RESUTIL_NO_INTERACTIVE");
	test_env();
	test_no_terminal();
	test_ask();
	test_color();
	test_pager();
	test_pager_interrupted();
	strbuf_release(&shown);
	return unit_done();
}
