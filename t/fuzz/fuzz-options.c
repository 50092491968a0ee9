/*
 * Words from anywhere as options: they are taken, in order and each once, or
 * the status is that of wrong usage; only who asks for help gets 0.
 */
#include "lib/base/compat.h"
#include <dlfcn.h>
#include <setjmp.h>
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/option-usage.h"
#include "lib/base/parse-options.h"
#include "lib/base/strvec.h"
#include "t/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv);
const char *__asan_default_options(void);

static jmp_buf at_exit;
static bool parsing;
static volatile int status;

/* parse_options() ends the process: here it ends the input. */
void exit(int code)
{
	void (*real)(int) = (void (*)(int))(uintptr_t)dlsym(RTLD_NEXT, "exit");

	status = code;
	if (parsing)
		longjmp(at_exit, 1);
	real(code);
	abort();
}

/* Who exits frees nothing. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* Usage is for nobody here; libFuzzer has kept the real ones. */
int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
	stderr = fopen("/dev/null", "w");
	stdout = fopen("/dev/null", "w");
	return !stderr || !stdout;
}

static struct {
	int local, number, natural, level, no_push, secret;
	const char *text, *maybe, *call;
	uint64_t size;
	struct strvec list, greedy;
} got;

static const char *const usage[] = {
	"fuzz [-l] [-m TEXT] [-d EXP...] [FILE...]",
	NULL
};

static int note(const struct option *opt UNUSED, const char *arg, bool unset,
		struct strbuf *err)
{
	MUST(!arg || !unset);
	if (arg && *arg == '!')
		return fail(err, ERR_USAGE, "'%s' is refused", arg);
	got.call = arg;
	return 0;
}

static const struct option options[] = {
	OPT_BOOL('l', "local", &got.local, "remove here only"),
	{ .type = OPTION_COUNT, .letter = 'v', .name = "verbose",
	  .value = &got.level, .help = "more" },
	OPT_STRING('m', "message", &got.text, "TEXT", "take TEXT"),
	OPT_INTEGER('n', "number", &got.number, "N", "take N"),
	OPT_NUMBER(0, "natural", &got.natural, "N", "take N"),
	{ .type = OPTION_SIZE, .name = "limit", .value = &got.size,
	  .argh = "SIZE", .help = "take SIZE" },
	OPT_GROUP("More"),
	OPT_LIST('e', "each", &got.list, "WORD", "gather WORD"),
	{ .type = OPTION_LIST, .letter = 'd', .name = "dep",
	  .value = &got.greedy, .argh = "EXP", .arg = ARG_EXP,
	  .flags = OPT_GREEDY, .help = "gather all words" },
	{ .type = OPTION_STRING, .name = "maybe", .value = &got.maybe,
	  .argh = "WHEN", .flags = OPT_OPTIONAL_ARG, .arg = ARG_WORDS,
	  .words = "auto never", .help = "may have an argument" },
	OPT_BOOL(0, "no-push", &got.no_push, "do not push"),
	{ .type = OPTION_CALLBACK, .letter = 'C', .name = "call",
	  .argh = "NAME", .callback = note, .help = "call back" },
	{ .type = OPTION_BOOL, .name = "secret", .value = &got.secret,
	  .flags = OPT_HIDDEN | OPT_NO_NEG, .help = "hidden" },
	OPT_END_OF_TABLE
};

/* Whether `word` may ask for help, as letters or by name. */
static bool may_ask(const char *word)
{
	return *word == '-' &&
	       (word[1] == '-' ? !strcmp(word, "--help") ||
				 !strcmp(word, "--completion-table") :
				 strchr(word, 'h') != NULL);
}

/* Each word of `left` is one of `all`, behind the one before. */
static void check_order(const char **left, int nr, const struct strvec *all)
{
	size_t at = 1;
	int i;

	for (i = 0; i < nr; i++, at++) {
		while (at < all->nr && all->v[at] != left[i])
			at++;
		MUST(at < all->nr);
	}
	MUST(!left[nr]);
}

static void check_values(const struct strvec *words)
{
	MUST(got.natural >= 0 && got.level >= 0);
	MUST(got.local == 0 || got.local == 1);
	MUST(got.no_push == 0 || got.no_push == 1);
	MUST(got.secret == 0 || got.secret == 1);
	MUST(got.list.nr + got.greedy.nr < words->nr);
	MUST(!got.text || strlen(got.text) < 65536);
}

static void parse(const struct strvec *words, unsigned flags)
{
	const char **argv = xcalloc(words->nr + 1, sizeof(*argv));
	volatile bool asks = false;
	size_t i;
	int argc;

	for (i = 0; i < words->nr; i++) {
		argv[i] = words->v[i];
		asks |= i && may_ask(argv[i]);
	}
	memset(&got, 0, sizeof(got));
	parsing = true;
	if (!setjmp(at_exit)) {
		argc = parse_options((int)words->nr, argv, options, usage,
				     flags);
		parsing = false;
		MUST(argc >= 0 && (size_t)argc < words->nr);
		check_order(argv, argc, words);
		check_values(words);
	} else {
		parsing = false;
		MUST(status == EXIT_USAGE || (!status && asks));
	}
	strvec_release(&got.list);
	strvec_release(&got.greedy);
	free(argv);
}

/* A byte of flags, then words that end in NUL. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strvec words = STRVEC_INIT;
	const char *at, *end;
	char *text;

	if (!len)
		return 0;
	text = xmemdupz(data + 1, len - 1);
	strvec_push(&words, "fuzz");
	for (at = text, end = text + len - 1; at < end; at += strlen(at) + 1)
		strvec_push(&words, at);
	parse(&words, data[0] & (PARSE_STOP_AT_WORD | PARSE_KEEP_DASHDASH));
	strvec_release(&words);
	free(text);
	return 0;
}
