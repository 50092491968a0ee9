#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/utf8.h"

/* Characters that no shell gives a meaning to, wherever they stand. */
static bool is_plain_in_shell(unsigned char c)
{
	return isalnum(c) || c >= 0x80 || (c && strchr("_-./,:@%+=", c));
}

void quote_shell(struct strbuf *out, const char *word)
{
	const char *s;

	for (s = word; *s && is_plain_in_shell((unsigned char)*s); s++)
		;
	if (*word && !*s) {
		strbuf_addstr(out, word);
		return;
	}
	strbuf_addch(out, '\'');
	for (s = word; *s; s++) {
		if (*s == '\'')
			strbuf_addstr(out, "'\\''");
		else
			strbuf_addch(out, *s);
	}
	strbuf_addch(out, '\'');
}

/* The first word of a command may not look like an assignment (`A=1 prog`). */
static bool is_assignment(const char *word)
{
	const char *s = word;

	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return s > word && !isdigit((unsigned char)*word) &&
	       (*s == '=' || (*s == '+' && s[1] == '='));
}

void quote_shell_argv(struct strbuf *out, const char *const *argv)
{
	size_t i;

	for (i = 0; argv[i]; i++) {
		size_t start;

		if (i)
			strbuf_addch(out, ' ');
		start = out->len;
		quote_shell(out, argv[i]);
		if (!i && is_assignment(argv[0]) && out->buf[start] != '\'') {
			strbuf_insert(out, start, "'", 1);
			strbuf_addch(out, '\'');
		}
	}
}

/* One word into `word`; returns behind it, or NULL for an open quote. */
static const char *next_shell_word(struct strbuf *word, const char *s,
				   bool *is_word)
{
	char quote = 0;

	*is_word = false;
	for (; *s; s++) {
		if (!quote && strchr(" \t\n", *s))
			break;
		*is_word = true;
		if (quote == '\'') {
			if (*s == '\'')
				quote = 0;
			else
				strbuf_addch(word, *s);
		} else if (*s == '\\') {
			s++;
			if (!*s)
				return NULL;
			/* In "..." a backslash quotes only these. */
			if (quote && !strchr("$`\"\\\n", *s))
				strbuf_addch(word, '\\');
			if (*s != '\n')
				strbuf_addch(word, *s);
		} else if (*s == quote) {
			quote = 0;
		} else if (!quote && (*s == '\'' || *s == '"')) {
			quote = *s;
		} else {
			strbuf_addch(word, *s);
		}
	}
	return quote ? NULL : s;
}

int unquote_shell(struct strvec *out, const char *text, struct strbuf *err)
{
	struct strbuf word = STRBUF_INIT;
	const char *s = text;
	int ret = 0;

	for (;;) {
		bool is_word;

		s += strspn(s, " \t\n");
		if (!*s)
			break;
		strbuf_reset(&word);
		s = next_shell_word(&word, s, &is_word);
		if (!s) {
			ret = fail(err, ERR_USAGE,
				   "a quote is not closed in '%s'", text);
			break;
		}
		if (is_word)
			strvec_push(out, word.buf);
	}
	strbuf_release(&word);
	return ret;
}

static const char c_escape_letters[] = "abtnvfr";	/* \a is 7, in order */

static bool needs_c_quotes(const char *text, size_t len)
{
	while (len) {
		int32_t c = utf8_next(&text, &len);

		if (c < 0 || utf8_is_control(c) || c == '"' || c == '\\')
			return true;
	}
	return false;
}

void quote_c(struct strbuf *out, const char *text, size_t len)
{
	if (!needs_c_quotes(text, len)) {
		strbuf_add(out, text, len);
		return;
	}
	strbuf_addch(out, '"');
	while (len) {
		const char *start = text;
		int32_t c = utf8_next(&text, &len);

		if (c >= 7 && c <= 13)
			strbuf_addf(out, "\\%c", c_escape_letters[c - 7]);
		else if (c == '"' || c == '\\')
			strbuf_addf(out, "\\%c", (int)c);
		else if (c < 0 || utf8_is_control(c))
			for (; start < text; start++)
				strbuf_addf(out, "\\%03o",
					    (unsigned char)*start);
		else
			strbuf_add(out, start, (size_t)(text - start));
	}
	strbuf_addch(out, '"');
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* `s` stands behind the backslash; returns behind the escape, or NULL. */
static const char *unquote_c_escape(struct strbuf *out, const char *s)
{
	const char *letter;

	if (*s == '"' || *s == '\\') {
		strbuf_addch(out, *s);
		return s + 1;
	}
	if (*s >= '0' && *s <= '3' && is_octal(s[1]) && is_octal(s[2])) {
		strbuf_addch(out, (s[0] - '0') << 6 | (s[1] - '0') << 3 |
				  (s[2] - '0'));
		return s + 3;
	}
	letter = *s ? strchr(c_escape_letters, *s) : NULL;
	if (!letter)
		return NULL;
	strbuf_addch(out, 7 + (int)(letter - c_escape_letters));
	return s + 1;
}

int unquote_c(struct strbuf *out, const char *text, struct strbuf *err)
{
	const char *s = text;

	if (*s != '"') {
		strbuf_addstr(out, text);
		return 0;
	}
	s++;
	while (*s && *s != '"') {
		if (*s == '\\') {
			s = unquote_c_escape(out, s + 1);
			if (!s)
				return fail(err, ERR_CONTENT,
					    "bad escape in %s", text);
		} else {
			strbuf_addch(out, *s++);
		}
	}
	if (*s != '"' || s[1])
		return fail(err, ERR_CONTENT, "bad quotes around %s", text);
	return 0;
}

void quote_terminal(struct strbuf *out, const char *text, size_t len)
{
	while (len) {
		const char *start = text;
		int32_t c = utf8_next(&text, &len);

		if (c < 0 || (c < 0x80 && utf8_is_control(c)))
			strbuf_addf(out, "\\x%02x", (unsigned char)*start);
		else if (utf8_is_control(c))
			strbuf_addf(out, "\\u{%x}", (unsigned)c);
		else
			strbuf_add(out, start, (size_t)(text - start));
	}
}

static void quote_lines(struct strbuf *out, const char *text, size_t len,
			bool two_bytes)
{
	const char *end = text + len, *s;

	while (text < end) {
		bool crlf;

		for (s = text; s < end && *s != '\n' && *s != '\t'; s++)
			;
		crlf = two_bytes && s < end && *s == '\n' && s > text &&
		       s[-1] == '\r';
		quote_terminal(out, text, (size_t)(s - text) - crlf);
		if (crlf)
			strbuf_addch(out, '\r');
		if (s < end)
			strbuf_addch(out, *s++);
		text = s;
	}
}

void quote_terminal_lines(struct strbuf *out, const char *text, size_t len)
{
	quote_lines(out, text, len, false);
}

void quote_terminal_text(struct strbuf *out, const char *text, size_t len)
{
	quote_lines(out, text, len, true);
}

void quote_double(struct strbuf *out, const char *text, size_t len)
{
	size_t i;

	strbuf_addch(out, '"');
	for (i = 0; i < len; i++) {
		if (text[i] == '"')
			strbuf_addch(out, '"');
		strbuf_addch(out, text[i]);
	}
	strbuf_addch(out, '"');
}

static void add_reference(struct strbuf *out, char c)
{
	switch (c) {
	case '&':
		strbuf_addstr(out, "&amp;");
		break;
	case '<':
		strbuf_addstr(out, "&lt;");
		break;
	case '>':
		strbuf_addstr(out, "&gt;");
		break;
	case '"':
		strbuf_addstr(out, "&quot;");
		break;
	default:
		strbuf_addf(out, "&#%u;", (unsigned)(unsigned char)c);
	}
}

void quote_markup(struct strbuf *out, const char *text, size_t len,
		  const char *specials)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] && strchr(specials, text[i]))
			add_reference(out, text[i]);
		else
			strbuf_addch(out, text[i]);
	}
}
