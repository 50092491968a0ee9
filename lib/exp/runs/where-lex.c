#include "lib/base/compat.h"
#include "lib/exp/runs/where-internal.h"

#include "lib/base/error.h"
#include "lib/base/utf8.h"

/* How much of a long expression is shown on both sides of the caret. */
#define SHOWN_BEFORE 48
#define SHOWN_AFTER 24

/* What ends a bare word. */
static bool is_special(char c)
{
	return (unsigned char)c <= ' ' || strchr("()=<>!~,\"'", c);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The start of the character that is `nr` of them before (or after) `at`. */
static size_t step_back(const char *text, size_t at, size_t nr)
{
	while (at && nr--)
		do
			at--;
		while (at && ((unsigned char)text[at] & 0xc0) == 0x80);
	return at;
}

static size_t step_forward(const char *text, size_t at, size_t len, size_t nr)
{
	while (at < len && nr--)
		do
			at++;
		while (at < len && ((unsigned char)text[at] & 0xc0) == 0x80);
	return at;
}

/* One line of it, which moves no terminal. */
static void add_shown(struct strbuf *out, const char *text, size_t len)
{
	while (len) {
		const char *start = text;
		int32_t c = utf8_next(&text, &len);

		if (c < 0)
			strbuf_addch(out, '?');
		else if (utf8_is_control(c))
			strbuf_addch(out, ' ');
		else
			strbuf_add(out, start, (size_t)(text - start));
	}
}

int lex_error(struct lexer *lex, size_t at, const char *fmt, ...)
{
	struct strbuf what = STRBUF_INIT, sentence = STRBUF_INIT;
	struct strbuf before = STRBUF_INIT, after = STRBUF_INIT;
	size_t from = step_back(lex->text, at, SHOWN_BEFORE);
	size_t to = step_forward(lex->text, at, lex->len, SHOWN_AFTER);
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&what, fmt, ap);
	va_end(ap);
	add_shown(&sentence, what.buf, what.len);
	strbuf_addstr(&before, from ? "..." : "");
	add_shown(&before, lex->text + from, at - from);
	add_shown(&after, lex->text + at, to - at);
	strbuf_addstr(&after, to < lex->len ? "..." : "");
	fail(lex->err, ERR_USAGE, "%s\n  %s%s\n  %*s", sentence.buf, before.buf,
	     after.buf, (int)utf8_width(before.buf, before.len) + 1, "^");
	strbuf_release(&what);
	strbuf_release(&sentence);
	strbuf_release(&before);
	strbuf_release(&after);
	return ERR_USAGE;
}

static int lex_quoted(struct lexer *lex)
{
	char quote = lex->text[lex->start];
	size_t at;

	for (at = lex->start + 1; at < lex->len; at++) {
		if (lex->text[at] == quote) {
			lex->type = TOKEN_QUOTED;
			lex->end = at + 1;
			return 0;
		}
		if (lex->text[at] == '\\')
			at++;
	}
	return lex_error(lex, lex->start,
			 "the text that begins here has no second %c", quote);
}

/* Operators of two characters before those of one. */
static int lex_operator(struct lexer *lex)
{
	static const struct {
		const char *text;
		enum token_type type;
		const char *meant;	/* it is none, but this is */
	} operators[] = {
		{ "=>", TOKEN_END, ">=" }, { "=<", TOKEN_END, "<=" },
		{ "<>", TOKEN_END, "!=" }, { "=~", TOKEN_END, "~" },
		{ "~=", TOKEN_END, "~" }, { "===", TOKEN_END, "=" },
		{ "==", TOKEN_EQ, NULL }, { "!=", TOKEN_NE, NULL },
		{ "<=", TOKEN_LE, NULL }, { ">=", TOKEN_GE, NULL },
		{ "!~", TOKEN_NO_MATCH, NULL }, { "=", TOKEN_EQ, NULL },
		{ "<", TOKEN_LT, NULL }, { ">", TOKEN_GT, NULL },
		{ "~", TOKEN_MATCH, NULL }, { "!", TOKEN_END, "not" },
		{ "(", TOKEN_OPEN, NULL }, { ")", TOKEN_CLOSE, NULL },
		{ ",", TOKEN_COMMA, NULL },
	};
	const char *at = lex->text + lex->start;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operators); i++) {
		size_t len = strlen(operators[i].text);

		if (strncmp(at, operators[i].text, len))
			continue;
		if (operators[i].meant)
			return lex_error(lex, lex->start,
					 "'%s' is written '%s' here",
					 operators[i].text,
					 operators[i].meant);
		lex->type = operators[i].type;
		lex->end = lex->start + len;
		return 0;
	}
	return lex_error(lex, lex->start, "a control character stands here");
}

int lex_from(struct lexer *lex, size_t from)
{
	const char *text = lex->text;

	while (from < lex->len && is_blank(text[from]))
		from++;
	lex->start = lex->end = from;
	if (from == lex->len) {
		lex->type = TOKEN_END;
		return 0;
	}
	if (text[from] == '"' || text[from] == '\'')
		return lex_quoted(lex);
	if (is_special(text[from]))
		return lex_operator(lex);
	lex->type = TOKEN_WORD;
	while (lex->end < lex->len && !is_special(text[lex->end]))
		lex->end++;
	return 0;
}

int lex_next(struct lexer *lex)
{
	return lex_from(lex, lex->end);
}

bool lex_is_word(const struct lexer *lex, const char *word)
{
	size_t len = lex->end - lex->start;

	return lex->type == TOKEN_WORD && strlen(word) == len &&
	       !strncasecmp(lex->text + lex->start, word, len);
}

void lex_unquote(struct strbuf *out, const struct lexer *lex)
{
	size_t at;

	for (at = lex->start + 1; at + 1 < lex->end; at++) {
		char next = lex->text[at + 1];

		/* Other backslashes stay: "\.csv$" is a pattern. */
		if (lex->text[at] == '\\' && at + 2 < lex->end &&
		    (next == '\\' || next == '"' || next == '\''))
			at++;
		strbuf_addch(out, lex->text[at]);
	}
}
