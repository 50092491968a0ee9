/*
 * A table for LaTeX with booktabs: a tabular, in a float with a caption when
 * there is a title.
 */
#include "lib/base/compat.h"
#include "lib/exp/sheet/sheet.h"

#include "lib/base/quote.h"
#include "lib/exp/sheet/sheet-internal.h"

/* What stands for an ASCII character that TeX obeys, or prints as another. */
static const char *escape_of(char c)
{
	static const char *const escapes[] = {
		"\\\\textbackslash{}", "{\\{", "}\\}", "$\\$", "&\\&", "#\\#",
		"%\\%", "_\\_", "^\\textasciicircum{}", "~\\textasciitilde{}",
		"<\\textless{}", ">\\textgreater{}", "|\\textbar{}",
		"`\\textasciigrave{}", "\"\\char34{}",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(escapes); i++)
		if (escapes[i][0] == c)
			return escapes[i] + 1;
	return NULL;
}

/*
 * Two dashes, quotes or commas would become one other character. Behind the
 * end of a row, `[` would be its height and `*` would forbid a page break.
 */
static void add_escaped(struct strbuf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		const char *escape = escape_of(text[i]);

		if (!i && (text[0] == '[' || text[0] == '*'))
			strbuf_addstr(out, "{}");
		if (i && text[i] == text[i - 1] && strchr("-',", text[i]))
			strbuf_addstr(out, "{}");
		if (escape)
			strbuf_addstr(out, escape);
		else
			strbuf_addch(out, text[i]);
	}
}

/* The exponent behind `e`; what follows the number is another cell's. */
static long exponent_of(const char *text, size_t len)
{
	char digits[8];

	snprintf(digits, sizeof(digits), "%.*s", (int)len, text);
	return strtol(digits, NULL, 10);
}

/* -1.5e-05 is $-1.5\times10^{-5}$; what has no sign and no exponent is as it
 * is. */
static void add_number(struct strbuf *out, const char *text, size_t len)
{
	const char *e = memchr(text, 'e', len);

	if (!len || (!e && text[0] != '-') || isalpha((unsigned char)text[0]) ||
	    (text[0] == '-' && len > 1 && isalpha((unsigned char)text[1]))) {
		add_escaped(out, text, len);
		return;
	}
	strbuf_addch(out, '$');
	if (e)
		strbuf_addf(out, "%.*s\\times10^{%ld}", (int)(e - text), text,
			    exponent_of(e + 1, (size_t)(text + len - e - 1)));
	else
		strbuf_add(out, text, len);
	strbuf_addch(out, '$');
}

static void add_begin(struct sheet *sheet)
{
	struct strbuf *out = &sheet->out, title = STRBUF_INIT;
	size_t i;

	strbuf_addstr(out, "% \\usepackage{booktabs}\n");
	if (sheet->options.title) {
		strbuf_addstr(out, "\\begin{table}\n\\centering\n\\caption{");
		quote_terminal(&title, sheet->options.title,
			       strlen(sheet->options.title));
		add_escaped(out, title.buf, title.len);
		strbuf_addstr(out, "}\n");
	}
	strbuf_addstr(out, "\\begin{tabular}{");
	for (i = 0; i < sheet->nr; i++)
		strbuf_addch(out, sheet_col_is_number(&sheet->col[i]) ? 'r' :
			     'l');
	strbuf_addstr(out, "}\n\\toprule\n");
	for (i = 0; !sheet->options.no_header && i < sheet->nr; i++) {
		strbuf_reset(&title);
		sheet_col_title(&title, &sheet->col[i]);
		strbuf_addstr(out, i ? " & " : "");
		add_escaped(out, title.buf, title.len);
	}
	if (!sheet->options.no_header)
		strbuf_addstr(out, " \\\\\n\\midrule\n");
	strbuf_release(&title);
}

static void latex_end(struct sheet *sheet)
{
	struct strbuf *out = &sheet->out;
	const size_t rows = sheet_rows(sheet);
	size_t i, row;

	if (!sheet->nr)
		return;
	add_begin(sheet);
	for (row = 0; row < rows; row++) {
		for (i = 0; i < sheet->nr; i++) {
			const struct sheet_cell *cell;
			const char *text = sheet_cell_text(sheet, row, i,
							   &cell);

			strbuf_addstr(out, i ? " & " : "");
			if (cell->number &&
			    !sheet_col_has_scale(&sheet->col[i]))
				add_number(out, text, cell->len);
			else
				add_escaped(out, text, cell->len);
		}
		strbuf_addstr(out, " \\\\\n");
		sheet_flush(sheet, false);
	}
	strbuf_addstr(out, "\\bottomrule\n\\end{tabular}\n");
	if (sheet->options.title)
		strbuf_addstr(out, "\\end{table}\n");
}

const struct sheet_ops sheet_latex = {
	.gathers = true,
	.end = latex_end,
};
