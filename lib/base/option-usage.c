#include "lib/base/compat.h"
#include "lib/base/option-usage.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"

#define HELP_COLUMN 28
#define MAX_COLUMN 79

bool option_takes_arg(const struct option *opt)
{
	switch (opt->type) {
	case OPTION_STRING:
	case OPTION_INT:
	case OPTION_SIZE:
	case OPTION_LIST:
		return true;
	case OPTION_CALLBACK:
		return opt->argh != NULL;
	default:
		return false;
	}
}

bool option_is_negatable(const struct option *opt)
{
	return opt->name && !(opt->flags & OPT_NO_NEG);
}

static void add_column(struct strbuf *out, size_t *column, const char *text)
{
	strbuf_addstr(out, text);
	*column += utf8_width(text, strlen(text));
}

/* Words of `help` from HELP_COLUMN on, as many lines as that takes. */
static void add_help(struct strbuf *out, size_t column, const char *help)
{
	bool first = true;

	if (column >= HELP_COLUMN) {
		strbuf_addch(out, '\n');
		column = 0;
	}
	while (*help) {
		size_t len = strcspn(help, " ");
		size_t width = utf8_width(help, len);

		if (first || column + 1 + width > MAX_COLUMN) {
			if (!first) {
				strbuf_addch(out, '\n');
				column = 0;
			}
			strbuf_addf(out, "%*s", (int)(HELP_COLUMN - column),
				    "");
			column = HELP_COLUMN;
		} else {
			strbuf_addch(out, ' ');
			column++;
		}
		first = false;
		strbuf_add(out, help, len);
		column += width;
		help += len;
		help += strspn(help, " ");
	}
	strbuf_addch(out, '\n');
}

static void add_option(struct strbuf *out, const struct option *opt)
{
	size_t column = 0;
	char letter[] = "-x";
	bool optional = opt->flags & OPT_OPTIONAL_ARG;

	add_column(out, &column, "    ");
	if (opt->letter) {
		letter[1] = opt->letter;
		add_column(out, &column, letter);
		add_column(out, &column, opt->name ? ", " : "");
	}
	if (opt->name) {
		const char *name = opt->name;

		add_column(out, &column, "--");
		if (option_is_negatable(opt)) {
			add_column(out, &column, "[no-]");
			if (!strncmp(name, "no-", 3))
				name += 3;
		}
		add_column(out, &column, name);
	}
	if (option_takes_arg(opt)) {
		const char *argh = opt->argh ? opt->argh : "ARG";

		if (optional)
			add_column(out, &column, opt->name ? "[=" : "[");
		else
			add_column(out, &column, " ");
		add_column(out, &column, argh);
		if (optional)
			add_column(out, &column, "]");
		if (opt->flags & OPT_GREEDY)
			add_column(out, &column, "...");
	}
	add_help(out, column, opt->help ? translation_of(opt->help) : "");
}

/* The length of what may not be broken: to a blank outside of brackets. */
static size_t unit_length(const char *text)
{
	size_t len;
	int depth = 0;

	for (len = 0; text[len]; len++) {
		if (text[len] == '[' || text[len] == '(')
			depth++;
		else if (text[len] == ']' || text[len] == ')')
			depth--;
		else if (text[len] == ' ' && depth <= 0)
			break;
	}
	return len;
}

/* What does not fit goes below the first word behind the command's name. */
static void add_usage_line(struct strbuf *out, const char *lead,
			   const char *line)
{
	size_t indent = strlen(lead) + strlen(" resutil ");
	size_t column = indent;

	if (*line != '[')
		indent += strcspn(line, " ") + 1;
	strbuf_addf(out, "%s resutil ", lead);
	while (*line) {
		size_t len = unit_length(line);
		size_t width = utf8_width(line, len);

		if (column > indent && column + width > MAX_COLUMN) {
			strbuf_setlen(out, out->len - 1);
			strbuf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		strbuf_add(out, line, len);
		strbuf_addch(out, ' ');
		column += width + 1;
		line += len;
		line += strspn(line, " ");
	}
	strbuf_setlen(out, out->len - 1);
	strbuf_addch(out, '\n');
}

void option_usage(struct strbuf *out, const char *const *usage,
		  const struct option *options)
{
	const struct option *opt;
	size_t i;
	bool any = false;

	for (i = 0; usage[i]; i++)
		add_usage_line(out, i ? "   or:" : "usage:", usage[i]);
	for (opt = options; opt->type != OPTION_END; opt++) {
		if (opt->flags & OPT_HIDDEN)
			continue;
		if (!any || opt->type == OPTION_GROUP)
			strbuf_addch(out, '\n');
		any = true;
		if (opt->type == OPTION_GROUP)
			strbuf_addf(out, "%s\n", translation_of(opt->help));
		else
			add_option(out, opt);
	}
}

static const char *arg_kind(const struct option *opt)
{
	static const struct { const char *argh, *kind; } known[] = {
		{ "FILE", "file" }, { "DIR", "dir" }, { "EXP", "exp" },
		{ "REMOTE", "remote" }, { "R", "remote" },
		{ "FIELD", "field" }, { "FIELDS", "field" },
		{ "[-]FIELD", "field" },
	};
	size_t i;

	switch (opt->arg) {
	case ARG_FILE:		return "file";
	case ARG_DIR:		return "dir";
	case ARG_EXP:		return "exp";
	case ARG_COMMAND:	return "command";
	case ARG_KEY:		return "key";
	case ARG_WORDS:		return "words=";
	case ARG_ITEMS:		return "items=";
	default:		break;
	}
	for (i = 0; opt->argh && i < ARRAY_SIZE(known); i++)
		if (!strcmp(opt->argh, known[i].argh))
			return known[i].kind;
	return "other";
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(text, word, len);
}

/*
 * The words of one usage line that are no options: what stands in brackets
 * with an option is the option's. Each is handed to `word` without brackets,
 * dots and what follows a colon.
 */
struct usage_words {
	struct strbuf literals;	/* first words in lower case, by blanks */
	const char *kind;
};

/* Two usage lines may begin with the same word. */
static bool has_word(const char *list, const char *word, size_t len)
{
	while (*list) {
		size_t n = strcspn(list, " ");

		if (n == len && !memcmp(list, word, n))
			return true;
		list += n + (list[n] == ' ');
	}
	return false;
}

static void note_word(struct usage_words *u, const char *text, size_t len,
		      bool is_first)
{
	static const struct { const char *word, *kind; } known[] = {
		{ "FILE|EXP", "pack" }, { "EXP", "exp" }, { "A", "exp" },
		{ "NAME", "exp" }, { "OLD", "exp" }, { "CMD", "command" },
		{ "FILE", "file" }, { "DIR", "dir" }, { "PATH", "file" },
		{ "WORD", "file" }, { "COMMAND", "resutil" },
	};
	size_t i;

	if (is_first && len && islower((unsigned char)text[0])) {
		if (has_word(u->literals.buf, text, len))
			return;
		if (u->literals.len)
			strbuf_addch(&u->literals, ' ');
		for (i = 0; i < len; i++)
			strbuf_addch(&u->literals,
				     text[i] == '|' ? ' ' : text[i]);
		return;
	}
	/* of "EXP|DIR" the first counts */
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!u->kind && (is_word(text, len, known[i].word) ||
				 is_word(text, strcspn(text, "|"),
					 known[i].word)))
			u->kind = known[i].kind;
}

static void read_usage_line(struct usage_words *u, const char *line)
{
	const char *p = line;
	bool is_command = !(*p == '[' || *p == '-'), is_first = true;
	int option_depth = 0;

	while (*p) {
		size_t len;

		p += strspn(p, " ");
		while (*p == '[' || *p == '(') {
			if (option_depth || p[1] == '-')
				option_depth++;
			p++;
		}
		len = strcspn(p, " []():.=");
		if (!option_depth && len && *p != '-') {
			if (is_command) {
				is_command = false;
			} else {
				note_word(u, p, len, is_first);
				is_first = false;
			}
		}
		/* a bare `-x WORD` or `--x=WORD`, as in `name-exp --decode
		 * NAME`: the word is the option's */
		if (!option_depth && *p == '-' && p[len] == ' ' &&
		    isupper((unsigned char)p[len + 1]))
			len += 1 + strcspn(p + len + 1, " []()");
		p += len;
		while (*p && *p != ' ' && *p != '[' && *p != '(') {
			if ((*p == ']' || *p == ')') && option_depth)
				option_depth--;
			p++;
		}
	}
}

static void add_words_line(struct strbuf *out, const char *const *usage)
{
	struct usage_words u = { STRBUF_INIT, NULL };
	size_t i;

	for (i = 0; usage[i]; i++)
		read_usage_line(&u, usage[i]);
	strbuf_addstr(out, "\t\t0\t");
	if (u.literals.len)
		strbuf_addf(out, "words=%s", u.literals.buf);
	else
		strbuf_addstr(out, u.kind ? u.kind : "other");
	strbuf_addstr(out, "\t\n");
	strbuf_release(&u.literals);
}

void option_completion_table(struct strbuf *out, const char *const *usage,
			     const struct option *options)
{
	const struct option *opt;

	add_words_line(out, usage);
	for (opt = options; opt->type != OPTION_END; opt++) {
		if (opt->type == OPTION_GROUP || (opt->flags & OPT_HIDDEN))
			continue;
		if (opt->letter)
			strbuf_addch(out, opt->letter);
		strbuf_addf(out, "\t%s\t%d\t", opt->name ? opt->name : "",
			    option_is_negatable(opt));
		if (!option_takes_arg(opt)) {
			strbuf_addstr(out, "none");
		} else {
			strbuf_addstr(out, arg_kind(opt));
			if (opt->arg == ARG_WORDS || opt->arg == ARG_ITEMS)
				strbuf_addstr(out, opt->words);
			if (opt->flags & OPT_OPTIONAL_ARG)
				strbuf_addch(out, '?');
		}
		strbuf_addf(out, "\t%s\n", opt->help ? opt->help : "");
	}
	strbuf_addstr(out, "h\thelp\t0\tnone\tshow usage\n");
}
