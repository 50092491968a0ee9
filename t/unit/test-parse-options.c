#include "lib/base/compat.h"
#include "lib/base/option-usage.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "t/unit/unit.h"

static int flag, count, calls;
static const char *text;
static struct strvec list = STRVEC_INIT;

static const struct option options[] = {
	OPT_BOOL('f', "flag", &flag, "a flag"),
	{ .type = OPTION_COUNT, .letter = 'v', .value = &count,
	  .help = "a letter alone" },
	OPT_STRING('t', "text", &text, "TEXT", "a text"),
	OPT_LIST(0, "list", &list, "WORD", "a list"),
	OPT_END_OF_TABLE
};

static const char *const usage[] = { "unit [-f] [WORD...]", NULL };

static void note_call(void)
{
	calls++;
}

static void test_parse(void)
{
	const char *argv[] = { "unit", "one", "-fvv", "--list=a", "-t", "-x",
			       "two", "--list", "b", "--", "-f", NULL };
	int argc;

	argc = parse_options(ARRAY_SIZE(argv) - 1, argv, options, usage, 0);
	check(argc == 3, "three words are left");
	check_str(argv[0], "one", "the first");
	check_str(argv[1], "two", "the second");
	check_str(argv[2], "-f", "what stands behind --");
	check(!argv[3], "NULL ends them");
	check(flag == 1 && count == 2, "bundled letters");
	check_str(text, "-x", "a value may look like an option");
	check(list.nr == 2 && !strcmp(list.v[0], "a") &&
	      !strcmp(list.v[1], "b"), "a list in its order");
}

static void test_then(void)
{
	const char *once[] = { "unit", NULL }, *again[] = { "unit", NULL };

	parse_options_then(note_call);
	parse_options(1, once, options, usage, 0);
	check(calls == 1, "set-up comes after parsing");
	parse_options(1, again, options, usage, 0);
	check(calls == 1, "and once only");
}

/* What the first line of the table says that the words are. */
static void check_words(const char *line, const char *kind)
{
	static const struct option none[] = { OPT_END_OF_TABLE };
	const char *const lines[] = { line, NULL };
	struct strbuf out = STRBUF_INIT;
	char *end;

	option_completion_table(&out, lines, none);
	end = strstr(out.buf, "\t\n");
	if (end)
		*end = '\0';
	check_str(strrchr(out.buf, '\t') + 1, kind, line);
	strbuf_release(&out);
}

static void test_words(void)
{
	check_words("show EXP[:PATH]", "exp");
	check_words("rm [-l] [-y] EXP...", "exp");
	check_words("run [-d EXP]... [--name-file=FILE] [--] CMD...",
		    "command");
	check_words("add [-d EXP...] [COMMENT]", "other");
	check_words("read-exp EXP|DIR|FILE...", "exp");
	check_words("name-exp --decode NAME", "other");
	check_words("send --to FILE", "other");
	check_words("remote add NAME URL", "words=add");
	check_words("campaign init|clone URL", "words=init clone");
	check_words("[-C DIR] COMMAND [ARG...]", "resutil");
	check_words("version", "other");
}

static void check_usage(const char *line, const char *want)
{
	static const struct option none[] = { OPT_END_OF_TABLE };
	const char *const lines[] = { line, NULL };
	struct strbuf out = STRBUF_INIT;

	option_usage(&out, lines, none);
	check_str(out.buf, want, "usage is broken between its units");
	strbuf_release(&out);
}

static void test_usage(void)
{
	check_usage("unit", "usage: resutil unit\n");
	check_usage("unit [-m COMMENT] [--a-long-option=WITH VALUE] "
		    "[--another-option] CMD...",
		    "usage: resutil unit [-m COMMENT] "
		    "[--a-long-option=WITH VALUE]\n"
		    "                    [--another-option] CMD...\n");
	check_usage("unit a-word-that-is-longer-than-a-line-of-a-terminal-has-"
		    "room-for-in-eighty-columns",
		    "usage: resutil unit a-word-that-is-longer-than-a-line-of-"
		    "a-terminal-has-room-for-in-eighty-columns\n");
}

int main(void)
{
	test_parse();
	test_then();
	test_words();
	test_usage();
	strvec_release(&list);
	return unit_done();
}
