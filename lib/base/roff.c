#include "lib/base/compat.h"
#include "lib/base/roff.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/utf8.h"

#define BODY_INDENT 7
#define SUBSECTION_INDENT 3
#define MAX_NESTING 32

struct roff {
	struct strbuf *out;
	const char *pos, *end;	/* of the page, what is still to be read */
	size_t width;
	size_t indent;
	size_t saved[MAX_NESTING];	/* indents to go back to with .RE */
	size_t nesting;
	bool no_fill;		/* lines stay as they are */
	bool joined;		/* the last line ended in \c */
	bool want_blank;	/* before the next text */
	struct strbuf text;	/* the paragraph so far */
	struct strbuf label;	/* hangs to the left of its first line */
	size_t hang;		/* how far that line itself does */
};

static const struct {
	char name[3];
	const char *text;
} characters[] = {
	{ "aq", "'" }, { "rs", "\\" }, { "cq", "\xe2\x80\x99" },
	{ "oq", "\xe2\x80\x98" }, { "lq", "\xe2\x80\x9c" },
	{ "rq", "\xe2\x80\x9d" }, { "dq", "\"" }, { "em", "\xe2\x80\x94" },
	{ "en", "\xe2\x80\x93" }, { "bu", "\xe2\x80\xa2" },
	{ "co", "\xc2\xa9" }, { "rg", "\xc2\xae" }, { "tm", "\xe2\x84\xa2" },
	{ "->", "\xe2\x86\x92" }, { "<-", "\xe2\x86\x90" },
	{ "mu", "\xc3\x97" }, { "ti", "~" }, { "ha", "^" }, { "ga", "`" },
};

static void add_character(struct strbuf *out, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(characters); i++)
		if (len == 2 && !memcmp(characters[i].name, name, 2)) {
			strbuf_addstr(out, characters[i].text);
			return;
		}
}

/* The name after \f, \( and the like: `x`, `(xx` or `[xxx]`. */
static const char *read_name(const char *p, const char *end,
			     const char **name, size_t *len)
{
	*name = p;
	*len = 0;
	if (p == end)
		return p;
	if (*p == '(') {
		*name = p + 1;
		*len = MINIMUM(2, end - p - 1);
		return *name + *len;
	}
	if (*p == '[') {
		*name = p + 1;
		while (*name + *len < end && (*name)[*len] != ']')
			++*len;
		return MINIMUM(*name + *len + 1, end);
	}
	*len = 1;
	return p + 1;
}

/* \h'+03': that many blanks; a motion to the left is the caller's. */
static const char *expand_motion(struct strbuf *out, const char *p,
				 const char *end)
{
	const char *close;

	if (p == end || *p != '\'')
		return p;
	close = memchr(p + 1, '\'', end - p - 1);
	if (!close)
		return end;
	if (p[1] == '+')
		strbuf_addf(out, "%*s",
			    (int)MINIMUM(strtol(p + 2, NULL, 10), 40), "");
	return close + 1;
}

/* One escape, behind its backslash. */
static const char *expand_escape(struct roff *r, struct strbuf *out,
				 const char *p, const char *end)
{
	const char *name;
	size_t len;
	char c = *p++;

	switch (c) {
	case '-': case ' ': case '.': case '\'': case '`':
		strbuf_addch(out, c);
		break;
	case '~': case '0':
		strbuf_addch(out, ' ');
		break;
	case 'e': case '\\':
		strbuf_addch(out, '\\');
		break;
	case 'c':
		r->joined = true;
		break;
	case '(': case '[':
		p = read_name(p - 1, end, &name, &len);
		add_character(out, name, len);
		break;
	case '*':	/* only \*(Aq is a text */
		p = read_name(p, end, &name, &len);
		if (len == 2 && !memcmp(name, "Aq", 2))
			strbuf_addch(out, '\'');
		break;
	case 'f': case 'n':
		p = read_name(p, end, &name, &len);
		break;
	case 'h':
		p = expand_motion(out, p, end);
		break;
	default:	/* \& \: \% \| and the like have no width */
		break;
	}
	return p;
}

static void expand(struct roff *r, struct strbuf *out, const char *text,
		   size_t len)
{
	const char *p = text, *end = text + len;

	while (p < end) {
		if (*p == '\\' && p + 1 < end)
			p = expand_escape(r, out, p + 1, end);
		else
			strbuf_addch(out, *p++);
	}
}

static void begin_line(struct roff *r)
{
	size_t label = utf8_width(r->label.buf, r->label.len) + r->hang;

	if (r->want_blank && r->out->len)
		strbuf_addch(r->out, '\n');
	r->want_blank = false;
	strbuf_addf(r->out, "%*s",
		    (int)(r->indent > label ? r->indent - label : 0), "");
	strbuf_addbuf(r->out, &r->label);
	strbuf_reset(&r->label);
	r->hang = 0;
}

/* Sets the paragraph gathered so far. */
static void flush(struct roff *r)
{
	const char *p = r->text.buf + strspn(r->text.buf, " ");
	size_t column = 0;

	r->joined = false;
	if (!*p) {
		strbuf_reset(&r->text);
		return;
	}
	while (*p) {
		size_t len = strcspn(p, " "), width = utf8_width(p, len);

		if (!column || column + 1 + width > r->width) {
			if (column)
				strbuf_addch(r->out, '\n');
			begin_line(r);
			column = r->indent;
		} else {
			strbuf_addch(r->out, ' ');
			column++;
		}
		strbuf_add(r->out, p, len);
		column += width;
		p += len;
		p += strspn(p, " ");
	}
	strbuf_addch(r->out, '\n');
	strbuf_reset(&r->text);
}

static void add_text(struct roff *r, const char *line, size_t len)
{
	bool was_joined = r->joined;

	r->joined = false;
	if (r->no_fill) {
		if (!was_joined)
			begin_line(r);
		expand(r, r->out, line, len);
		if (!r->joined)
			strbuf_addch(r->out, '\n');
		return;
	}
	if (r->text.len && !was_joined)
		strbuf_addch(&r->text, ' ');
	expand(r, &r->text, line, len);
}

static bool next_line(struct roff *r, const char **line, size_t *len)
{
	const char *newline;

	if (r->pos >= r->end)
		return false;
	newline = memchr(r->pos, '\n', r->end - r->pos);
	*line = r->pos;
	*len = (newline ? newline : r->end) - r->pos;
	r->pos = newline ? newline + 1 : r->end;
	return true;
}

static bool line_is(const char *line, size_t len, const char *text)
{
	return strlen(text) == len && !memcmp(line, text, len);
}

static void skip_to(struct roff *r, const char *text)
{
	const char *line;
	size_t len;

	while (next_line(r, &line, &len))
		if (line_is(line, len, text))
			return;
}

/* The words of a request; "..." is one. */
static void split_words(struct roff *r, struct strvec *out, const char *p,
			const char *end)
{
	struct strbuf word = STRBUF_INIT;

	while (p < end) {
		const char *stop;

		while (p < end && *p == ' ')
			p++;
		if (p == end)
			break;
		if (*p == '"') {
			p++;
			stop = memchr(p, '"', end - p);
		} else {
			stop = memchr(p, ' ', end - p);
		}
		if (!stop)
			stop = end;
		strbuf_reset(&word);
		expand(r, &word, p, stop - p);
		strvec_push(out, word.buf);
		p = MINIMUM(stop + 1, end);
	}
	strbuf_release(&word);
}

static void add_heading(struct roff *r, const struct strvec *words,
			size_t indent)
{
	size_t i;

	flush(r);
	r->nesting = 0;
	r->no_fill = false;
	r->indent = indent;
	r->want_blank = true;
	for (i = 0; i < words->nr; i++)
		strbuf_addf(&r->text, "%s%s", i ? " " : "", words->v[i]);
	flush(r);
	r->indent = BODY_INDENT;
}

static void add_link(struct roff *r, const struct strvec *words)
{
	if (!words->nr)
		return;
	if (r->text.len && !r->joined)
		strbuf_addch(&r->text, ' ');
	r->joined = false;
	if (words->nr > 1 && *words->v[1])
		strbuf_addf(&r->text, "%s ", words->v[1]);
	strbuf_addf(&r->text, "<%s>%s", words->v[0],
		    words->nr > 2 ? words->v[2] : "");
}

static void shift_right(struct roff *r, const struct strvec *words)
{
	long by = words->nr ? strtol(words->v[0], NULL, 10) : 4;

	flush(r);
	if (r->nesting < MAX_NESTING)
		r->saved[r->nesting] = r->indent;
	r->nesting++;
	if (by > 0 && by <= 20 && r->indent < r->width / 2)
		r->indent += by;
}

static void shift_back(struct roff *r)
{
	flush(r);
	strbuf_reset(&r->label);
	if (r->nesting && --r->nesting < MAX_NESTING)
		r->indent = r->saved[r->nesting];
}

/* The texts of one row of a table: T{ lines T}:T{ lines T}. */
static bool read_row(struct roff *r, struct strvec *cells)
{
	struct strbuf cell = STRBUF_INIT;
	const char *line;
	size_t len;
	bool inside = false, more = false;

	while (next_line(r, &line, &len)) {
		if (line_is(line, len, ".TE"))
			break;
		if (line_is(line, len, "T{")) {
			inside = true;
		} else if (line_is(line, len, "T}:T{") ||
			   line_is(line, len, "T}")) {
			strvec_push(cells, cell.buf);
			strbuf_reset(&cell);
			if (len == 2) {
				more = true;
				break;
			}
		} else if (inside && len && line[0] != '.') {
			if (cell.len)
				strbuf_addch(&cell, ' ');
			expand(r, &cell, line, len);
		}
	}
	strbuf_release(&cell);
	return more;
}

/* Cells in columns are more than is needed here: the first is a term, the
 * others stand behind it, split by dashes. */
static void add_table(struct roff *r)
{
	struct strvec cells = STRVEC_INIT;
	size_t i, base = r->indent;

	flush(r);
	r->want_blank = true;
	while (read_row(r, &cells)) {
		for (i = 0; i < cells.nr; i++)
			strbuf_addf(&r->text, "%s%s", i < 1 ? "" : i == 1 ?
				    ": " : " \xe2\x80\x93 ", cells.v[i]);
		r->hang = 4;
		r->indent = base + r->hang;
		flush(r);
		r->indent = base;
		strvec_clear(&cells);
	}
	r->want_blank = true;
	strvec_release(&cells);
}

static void do_request(struct roff *r, const char *line, size_t len);

/* .if, .ie and .el: `n` (not a typesetter) is true, all else is not. */
static void do_condition(struct roff *r, const char *line, size_t len)
{
	bool truth = len > 5 && !memcmp(line + 3, " n ", 3);
	bool is_block = len > 2 && !memcmp(line + len - 3, "\\{\\", 3);
	const char *text;

	if (is_block && !truth) {
		skip_to(r, ".\\}");
	} else if (is_block) {
		/* what asciidoctor puts there is the mark of a list's item */
		if (next_line(r, &text, &len)) {
			flush(r);
			expand(r, &r->label, text, len);
			r->joined = false;
		}
		skip_to(r, ".\\}");
	} else if (truth && len > 6 && line[6] == '.') {
		do_request(r, line + 6, len - 6);
	}
}

static void do_request(struct roff *r, const char *line, size_t len)
{
	const char *name = line + 1;
	const char *end = line + len, *blank = memchr(line, ' ', len);
	size_t name_len = (blank ? blank : end) - name;
	struct strvec words = STRVEC_INIT;

	if (name_len == 2 && (!memcmp(name, "if", 2) ||
			      !memcmp(name, "ie", 2) ||
			      !memcmp(name, "el", 2))) {
		do_condition(r, line, len);
		return;
	}
	if (blank)
		split_words(r, &words, blank, end);

	if (line_is(name, name_len, "SH")) {
		add_heading(r, &words, 0);
	} else if (line_is(name, name_len, "SS")) {
		add_heading(r, &words, SUBSECTION_INDENT);
	} else if (line_is(name, name_len, "sp")) {
		flush(r);
		if (!r->label.len)
			r->want_blank = true;
	} else if (line_is(name, name_len, "br")) {
		flush(r);
	} else if (line_is(name, name_len, "nf")) {
		flush(r);
		r->no_fill = true;
	} else if (line_is(name, name_len, "fi")) {
		r->no_fill = false;
	} else if (line_is(name, name_len, "RS")) {
		shift_right(r, &words);
	} else if (line_is(name, name_len, "RE")) {
		shift_back(r);
	} else if (line_is(name, name_len, "B") ||
		   line_is(name, name_len, "I")) {
		if (blank)
			add_text(r, blank + 1, end - blank - 1);
	} else if (line_is(name, name_len, "URL") ||
		   line_is(name, name_len, "MTO")) {
		add_link(r, &words);
	} else if (line_is(name, name_len, "TS")) {
		add_table(r);
	} else if (line_is(name, name_len, "de") ||
		   line_is(name, name_len, "am")) {
		skip_to(r, "..");
	}
	strvec_release(&words);
}

void roff_to_text(struct strbuf *out, const char *page, size_t len,
		  size_t width)
{
	struct roff r = { .text = STRBUF_INIT, .label = STRBUF_INIT };
	const char *line;
	size_t line_len;

	r.out = out;
	r.pos = page;
	r.end = page + len;
	r.width = MAXIMUM(width, 40);
	r.indent = BODY_INDENT;
	while (next_line(&r, &line, &line_len)) {
		if (line_len && line[0] == '.')
			do_request(&r, line, line_len);
		else if (line_len && line[0] == '\'')
			continue;	/* asciidoctor has only a remark so */
		else
			add_text(&r, line, line_len);
	}
	flush(&r);
	strbuf_release(&r.text);
	strbuf_release(&r.label);
}
