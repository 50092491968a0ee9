/*
 * Options, as git's users know them: -x, -xARG, -x ARG, --long, --long=ARG,
 * --long ARG, unique prefixes of long names, --no-long, bundled letters, `--`,
 * and -NUM where there is an option --max-count.
 * One table gives parsing, usage (-h), SYNOPSIS and completion.
 */
#ifndef LIB_BASE_PARSE_OPTIONS_H
#define LIB_BASE_PARSE_OPTIONS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

enum option_type {
	OPTION_END, OPTION_GROUP, OPTION_BOOL, OPTION_COUNT, OPTION_STRING,
	OPTION_INT, OPTION_SIZE, OPTION_LIST, OPTION_CALLBACK
};

/** What an argument is, for completion (and only for that). */
enum option_arg {
	ARG_OTHER,		/* what argh says, if it is FILE, DIR, EXP,
				 * REMOTE or FIELDS */
	ARG_FILE, ARG_DIR, ARG_EXP, ARG_COMMAND, ARG_KEY, ARG_WORDS,
	ARG_ITEMS		/* some of `words`, with commas between */
};

enum option_flags {
	OPT_NO_NEG = 1 << 0,	/* there is no --no-x */
	OPT_HIDDEN = 1 << 1,	/* not in usage; accepted */
	OPT_OPTIONAL_ARG = 1 << 2, /* --x or --x=ARG */
	OPT_GREEDY = 1 << 3,	/* LIST: takes words up to the next option; what
				 * is joined to the option stands alone */
	OPT_NATURAL = 1 << 4	/* INT: from 0 on */
};

struct option;
/** arg NULL: none given, or `unset` by --no-x. Returns 0, or a negative code
 *  with a sentence in err (then usage is printed, exit 129). */
typedef int (*option_fn)(const struct option *opt, const char *arg, bool unset,
			 struct strbuf *err);

struct option {
	enum option_type type;
	char letter;		/* 0: none */
	const char *name;	/* long name, or NULL; "no-x" is undone by
				 * --x */
	void *value;		/* int* (BOOL, COUNT, INT), const char**,
				 * uint64_t* (SIZE), struct strvec* (LIST).
				 * STRING with OPTIONAL_ARG: "" for no ARG. */
	const char *argh;	/* "FILE"; shown in usage */
	const char *help;
	unsigned flags;
	enum option_arg arg;
	const char *words;	/* ARG_WORDS: "auto always never" */
	option_fn callback;
};

#define OPT_END_OF_TABLE { .type = OPTION_END }
#define OPT_GROUP(h) { .type = OPTION_GROUP, .help = (h) }
#define OPT_BOOL(l, n, v, h) \
	{ .type = OPTION_BOOL, .letter = (l), .name = (n), .value = (v), \
	  .help = (h) }
#define OPT_STRING(l, n, v, a, h) \
	{ .type = OPTION_STRING, .letter = (l), .name = (n), .value = (v), \
	  .argh = (a), .help = (h) }
#define OPT_INTEGER(l, n, v, a, h) \
	{ .type = OPTION_INT, .letter = (l), .name = (n), .value = (v), \
	  .argh = (a), .help = (h) }
#define OPT_NUMBER(l, n, v, a, h) \
	{ .type = OPTION_INT, .letter = (l), .name = (n), .value = (v), \
	  .argh = (a), .help = (h), .flags = OPT_NATURAL }
#define OPT_LIST(l, n, v, a, h) \
	{ .type = OPTION_LIST, .letter = (l), .name = (n), .value = (v), \
	  .argh = (a), .help = (h) }
/* What commands of one record a line have alike. */
#define OPT_NUL(v) \
	OPT_BOOL('z', NULL, v, "end records with NUL, quote nothing")
#define OPT_JSON_LINES(v) OPT_BOOL(0, "json", v, "one JSON object a line")

enum parse_flags {
	/* Stop at the first word that is no option (it begins a CMD). A `--`
	 * before it is taken away. */
	PARSE_STOP_AT_WORD = 1 << 0,
	PARSE_KEEP_DASHDASH = 1 << 1	/* leave `--` in argv for the caller */
};

/**
 * Reads and removes options from argv (argv[0] is the command's name and is
 * removed too); what is left stands at argv[0..return-1], NULL after it.
 * usage: NULL-terminated lines, each without "usage: resutil " ("rm [-l] [-r]
 * EXP..."). -h/--help prints usage on stdout and exits 0; bad usage prints the
 * reason and usage on stderr and exits 129.
 * Then calls the function given to parse_options_then(), once.
 */
int parse_options(int argc, const char **argv, const struct option *options,
		  const char *const *usage, unsigned flags);

/** Set by the dispatcher: project set-up that must come after parsing. */
void parse_options_then(void (*done)(void));

/** Prints reason (unless NULL) and usage on stderr, exits 129. */
void usage_with_options(const char *const *usage, const struct option *options,
			const char *reason_fmt, ...)
	NORETURN PRINTF_LIKE(3, 4);

/*
 * `resutil CMD --completion-table` (CMD may be missing: the global options)
 * prints one line an option: letter TAB name TAB negatable (0 or 1) TAB kind
 * TAB help. kind is what the argument is: none, other, file, dir, exp, pack
 * (a file or an experiment), remote, field (with commas between several),
 * command, key, words=a b c, items=a b c (with commas between several); a `?`
 * at its end says that the argument may be missing. The first line has neither
 * letter nor name: its kind says what the words are that are no options, as far
 * as the usage lines tell it (EXP, CMD, FILE, DIR, or a first word in lower
 * case). tools/make-completion reads it.
 */

#endif
