#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "t/unit/unit.h"

/* The same sequence everywhere, so that a failure can be repeated. */
static uint32_t random_state = 20240704;

static unsigned random_below(unsigned n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

/* Bytes that quoting cares about, more often than others; never NUL. */
static void random_word(struct strbuf *out)
{
	static const char special[] = "'\"\\ \t\n$`*?[]=#~!;&|<>(){}\033\177";
	unsigned len = random_below(12);

	strbuf_reset(out);
	while (len--) {
		if (random_below(2))
			strbuf_addch(out, special[random_below(
					sizeof(special) - 1)]);
		else
			strbuf_addch(out, 1 + (int)random_below(255));
	}
}

static void shell_is(const char *word, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	quote_shell(&sb, word);
	check_str(sb.buf, want, want);
	strbuf_release(&sb);
}

static void test_shell(void)
{
	static const char *const argv[] = { "A=1", "B=2", "a b", "", NULL };
	static const char *const plain[] = { "make", "A=1", NULL };
	struct strbuf sb = STRBUF_INIT;

	shell_is("plain", "plain");
	shell_is("--lr=0.1", "--lr=0.1");
	shell_is("results/x_2024,+@%", "results/x_2024,+@%");
	shell_is("", "''");
	shell_is("a b", "'a b'");
	shell_is("it's", "'it'\\''s'");
	shell_is("~", "'~'");
	shell_is("a;b", "'a;b'");
	shell_is("\343\201\202", "\343\201\202");
	quote_shell_argv(&sb, argv);
	check_str(sb.buf, "'A=1' B=2 'a b' ''", "a command is no assignment");
	strbuf_reset(&sb);
	quote_shell_argv(&sb, plain);
	check_str(sb.buf, "make A=1", "an argument may look like one");
	strbuf_release(&sb);
}

static void test_split(void)
{
	struct strvec v = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;

	check(!unquote_shell(&v, " a 'b c'\"d $x \\\" \\y\"e\\ f '' \n", &err),
	      "a line is split");
	check(v.nr == 3, "into three words");
	check_str(v.v[0], "a", "a bare one");
	check_str(v.v[1], "b cd $x \" \\ye f", "a mixed one");
	check_str(v.v[2], "", "an empty one");
	strvec_clear(&v);
	check(unquote_shell(&v, "a 'b", &err) == ERR_USAGE && err.len,
	      "an open quote is refused");
	strbuf_reset(&err);
	check(unquote_shell(&v, "a \"b", &err) == ERR_USAGE, "of both kinds");
	check(unquote_shell(&v, "a\\", &err) == ERR_USAGE,
	      "and a backslash at the end");
	strvec_clear(&v);
	check(!unquote_shell(&v, "  \t", &err) && !v.nr, "blanks are no words");
	strvec_release(&v);
	strbuf_release(&err);
}

static void test_shell_round_trip(void)
{
	struct strbuf word = STRBUF_INIT;
	struct strbuf line = STRBUF_INIT;
	struct strvec words = STRVEC_INIT;
	struct strvec back = STRVEC_INIT;
	int i, wrong = 0;

	for (i = 0; i < 5000; i++) {
		unsigned nr = 1 + random_below(4);
		size_t j;

		strvec_clear(&words);
		strvec_clear(&back);
		strbuf_reset(&line);
		while (nr--) {
			random_word(&word);
			strvec_push(&words, word.buf);
		}
		quote_shell_argv(&line, words.v);
		if (unquote_shell(&back, line.buf, NULL) ||
		    back.nr != words.nr) {
			wrong++;
			continue;
		}
		for (j = 0; j < words.nr; j++)
			wrong += !!strcmp(words.v[j], back.v[j]);
	}
	check(!wrong, "what is quoted for a shell is split back");
	strvec_release(&words);
	strvec_release(&back);
	strbuf_release(&line);
	strbuf_release(&word);
}

static void c_is(const char *text, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	quote_c(&sb, text, strlen(text));
	check_str(sb.buf, want, want);
	strbuf_release(&sb);
}

static void test_c(void)
{
	static const char *const bad[] = {
		"\"a", "\"a\"b", "\"\\q\"", "\"\\8\"", "\"\\400\"", "\"\\12\"",
		"\"\\",
	};
	struct strbuf sb = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	size_t i;

	c_is("a\xc2\x9b" "b", "\"a\\302\\233b\"");	/* C1: CSI */
	c_is("gpj.\342\200\256txt", "\"gpj.\\342\\200\\256txt\"");
	c_is("a\330\234", "\"a\\330\\234\"");	/* U+061C */
	c_is("a\342\201\251", "\"a\\342\\201\\251\"");	/* U+2069 */
	c_is("a b'c", "a b'c");
	c_is("a\tb", "\"a\\tb\"");
	c_is("\a\b\t\n\v\f\r", "\"\\a\\b\\t\\n\\v\\f\\r\"");
	c_is("\033\177", "\"\\033\\177\"");
	c_is("a\"b", "\"a\\\"b\"");
	c_is("a\\b", "\"a\\\\b\"");
	c_is("\343\201\202", "\343\201\202");
	c_is("\343\201\202\n", "\"\343\201\202\\n\"");
	c_is("\377x", "\"\\377x\"");
	c_is("", "");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		check(unquote_c(&sb, bad[i], &err) == ERR_CONTENT, bad[i]);
	strbuf_release(&sb);
	strbuf_release(&err);
}

static void test_c_round_trip(void)
{
	struct strbuf word = STRBUF_INIT;
	struct strbuf line = STRBUF_INIT;
	struct strbuf back = STRBUF_INIT;
	int i, wrong = 0, raw = 0;

	for (i = 0; i < 20000; i++) {
		size_t j;

		random_word(&word);
		strbuf_reset(&line);
		strbuf_reset(&back);
		quote_c(&line, word.buf, word.len);
		for (j = 0; j < line.len; j++)
			raw += (unsigned char)line.buf[j] < 0x20;
		if (unquote_c(&back, line.buf, NULL) ||
		    strcmp(back.buf, word.buf))
			wrong++;
	}
	check(!wrong, "what is C-quoted comes back");
	check(!raw, "and holds no control character");
	strbuf_release(&word);
	strbuf_release(&line);
	strbuf_release(&back);
}

static void terminal_is(const char *text, size_t len, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	quote_terminal(&sb, text, len);
	check_str(sb.buf, want, want);
	strbuf_release(&sb);
}

static void test_terminal(void)
{
	terminal_is("a b\\c\"", 6, "a b\\c\"");
	terminal_is("\033[31m", 5, "\\x1b[31m");
	terminal_is("a\tb\nc", 5, "a\\x09b\\x0ac");
	terminal_is("\0", 1, "\\x00");
	terminal_is("\302\233", 2, "\\u{9b}");		/* C1: CSI */
	terminal_is("\342\200\256x", 4, "\\u{202e}x");	/* turns text round */
	terminal_is("\377\346\227\245", 4, "\\xff\346\227\245");
}

static void lines_are(const char *text, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	quote_terminal_text(&sb, text, strlen(text));
	check_str(sb.buf, want, "ends of lines");
	strbuf_reset(&sb);
	quote_terminal_lines(&sb, "a\tb\r\n", 5);
	check_str(sb.buf, "a\tb\\x0d\n", "not where it is no file's text");
	strbuf_release(&sb);
}

/* What goes back to the beginning of its line could hide it. */
static void test_terminal_lines(void)
{
	lines_are("a\tb\nc\n", "a\tb\nc\n");
	lines_are("a,b\r\n\r\nc\r\n", "a,b\r\n\r\nc\r\n");
	lines_are("rm\rls\r\r\nx\r", "rm\\x0dls\\x0d\r\nx\\x0d");
	lines_are("\r\tx", "\\x0d\tx");
}

static void test_errors(void)
{
	struct strbuf err = STRBUF_INIT;

	check(fail(NULL, ERR_NO, "x") == ERR_NO, "nobody wants the sentence");
	check(fail(&err, ERR_USAGE, "no '%s'", "x") == ERR_USAGE, "the code");
	check_str(err.buf, "no 'x'", "the sentence");
	fail(&err, ERR_USAGE, "more");
	check_str(err.buf, "no 'x'\nmore", "a second one has its own line");
	strbuf_reset(&err);
	errno = ENOTDIR;
	check(fail_errno(&err, "cannot") == ERR_NOT_FOUND, "not found");
	check_str(err.buf, "cannot: Not a directory", "says why");
	errno = EACCES;
	check(fail_errno(NULL, "cannot") == ERR_FAILED && errno == EACCES,
	      "errno stays");
	check(exit_status_of(0) == 0 && exit_status_of(ERR_FAILED) == 128 &&
	      exit_status_of(ERR_NOT_FOUND) == 10 &&
	      exit_status_of(ERR_TRANSIENT) == 12 &&
	      exit_status_of(ERR_CONFLICT) == 14 &&
	      exit_status_of(ERR_USAGE) == 129 &&
	      exit_status_of(ERR_NO) == 1 && exit_status_of(ERR_PARTLY) == 3 &&
	      exit_status_of(-999) == 128, "codes have their exit status");
	check(error_of_exit_status(0) == 0 &&
	      error_of_exit_status(1) == ERR_NO &&
	      error_of_exit_status(3) == ERR_PARTLY &&
	      error_of_exit_status(12) == ERR_UNREACHABLE &&
	      error_of_exit_status(14) == ERR_CONFLICT &&
	      error_of_exit_status(128) == ERR_FAILED &&
	      error_of_exit_status(129) == ERR_USAGE &&
	      error_of_exit_status(130) == ERR_FAILED,
	      "and an exit status has its code");
	strbuf_release(&err);
}

static void test_double_and_markup(void)
{
	struct strbuf out = STRBUF_INIT;

	quote_double(&out, "", 0);
	quote_double(&out, "a\"b\"", 4);
	quote_double(&out, "\0\n", 2);
	check(out.len == 2 + 8 + 4 &&
	      !memcmp(out.buf, "\"\"\"a\"\"b\"\"\"\"\0\n\"", out.len),
	      "quotes are doubled, all else stays");
	strbuf_reset(&out);
	quote_markup(&out, "<a b=\"c\">&'\r\0\xc3\xa9", 15, "&<>\"'\r");
	check(out.len == 43 &&
	      !memcmp(out.buf, "&lt;a b=&quot;c&quot;&gt;&amp;&#39;&#13;"
		      "\0\xc3\xa9", 43),
	      "by name, by number, or not at all");
	strbuf_reset(&out);
	quote_markup(&out, "\"<'", 3, "<");
	check_str(out.buf, "\"&lt;'", "only what is asked for");
	strbuf_release(&out);
}

int main(void)
{
	test_shell();
	test_split();
	test_shell_round_trip();
	test_c();
	test_c_round_trip();
	test_terminal();
	test_terminal_lines();
	test_double_and_markup();
	test_errors();
	return unit_done();
}
