/*
 * Parses its arguments with one option of each kind and prints what it got:
 *
 *	parse-options [--stop | --keep] [OPTION | WORD]...
 *
 * --stop and --keep, when first, stand for the flags of parse_options().
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/strvec.h"

static const char *const usage[] = {
	"parse-options [-l] [-m TEXT] [-d EXP...] [FILE...]",
	"parse-options --other [A B]",
	NULL
};

static int upper(const struct option *opt, const char *arg, bool unset,
		 struct strbuf *err)
{
	const char **value = opt->value;

	if (!unset && arg && !isupper((unsigned char)*arg))
		return fail(err, ERR_USAGE, "'%s' does not begin with a "
			    "capital letter", arg);
	*value = unset ? "(unset)" : arg ? arg : "(none)";
	return 0;
}

static void print_list(const char *name, const struct strvec *list)
{
	size_t i;

	printf("%s:", name);
	for (i = 0; i < list->nr; i++)
		printf(" [%s]", list->v[i]);
	putchar('\n');
}

static void set_up(void)
{
	puts("set up");
}

static int local, number = 7, level, no_push, secret;
static const char *text, *maybe, *other = "(default)";
static uint64_t size;
static struct strvec list = STRVEC_INIT, greedy = STRVEC_INIT;

static const struct option options[] = {
	OPT_BOOL('l', "local", &local, "remove here only"),
	{ .type = OPTION_COUNT, .letter = 'v', .name = "verbose",
	  .value = &level, .help = "more; may be repeated" },
	OPT_STRING('m', "message", &text, "TEXT", "take TEXT"),
	OPT_INTEGER('n', "number", &number, "N", "take N"),
	{ .type = OPTION_INT, .name = "natural", .value = &number,
	  .argh = "N", .flags = OPT_HIDDEN | OPT_NATURAL, .help = "hidden" },
	{ .type = OPTION_SIZE, .name = "limit", .value = &size,
	  .argh = "SIZE", .help = "take SIZE" },
	OPT_GROUP("More"),
	OPT_LIST('e', "each", &list, "WORD", "gather WORD"),
	{ .type = OPTION_LIST, .letter = 'd', .name = "dep",
	  .value = &greedy, .argh = "EXP", .arg = ARG_EXP,
	  .flags = OPT_GREEDY, .help = "gather all words" },
	{ .type = OPTION_STRING, .name = "maybe", .value = &maybe,
	  .argh = "WHEN", .flags = OPT_OPTIONAL_ARG, .arg = ARG_WORDS,
	  .words = "auto never", .help = "may have an argument" },
	{ .type = OPTION_BOOL, .name = "no-push", .value = &no_push,
	  .help = "do not push" },
	{ .type = OPTION_CALLBACK, .letter = 'C', .name = "capital",
	  .value = &other, .argh = "NAME", .callback = upper,
	  .help = "call back with a help text that is long enough to "
		  "need more than one line of the usage" },
	{ .type = OPTION_BOOL, .name = "secret", .value = &secret,
	  .flags = OPT_HIDDEN | OPT_NO_NEG, .help = "hidden" },
	{ .type = OPTION_BOOL, .name = "longer-name", .value = &secret,
	  .flags = OPT_NO_NEG, .help = "for prefixes" },
	{ .type = OPTION_BOOL, .name = "longer-tail", .value = &secret,
	  .flags = OPT_NO_NEG, .help = "for prefixes" },
	OPT_END_OF_TABLE
};

static void print_all(int argc, const char **argv)
{
	int i;

	printf("local: %d\nverbose: %d\nmessage: %s\nnumber: %d\n", local,
	       level, text ? text : "(null)", number);
	printf("limit: %" PRIu64 "\n", size);
	print_list("each", &list);
	print_list("dep", &greedy);
	printf("maybe: %s\nno-push: %d\ncapital: %s\nsecret: %d\n",
	       maybe ? maybe : "(null)", no_push, other, secret);
	printf("words:");
	for (i = 0; i < argc; i++)
		printf(" [%s]", argv[i]);
	printf("\nends in NULL: %s\n", argv[argc] ? "no" : "yes");
}

int main(int argc, const char **argv)
{
	unsigned flags = 0;

	if (argc > 1 && !strcmp(argv[1], "--stop"))
		flags = PARSE_STOP_AT_WORD;
	if (argc > 1 && !strcmp(argv[1], "--keep"))
		flags = PARSE_KEEP_DASHDASH;
	if (flags) {
		argc--;
		argv++;
	}
	parse_options_then(set_up);
	argc = parse_options(argc, argv, options, usage, flags);
	print_all(argc, argv);
	strvec_release(&list);
	strvec_release(&greedy);
	return 0;
}
