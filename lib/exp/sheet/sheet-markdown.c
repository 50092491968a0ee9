/*
 * A table of GitHub Flavored Markdown, aligned so that it can be read as it
 * is.
 */
#include "lib/base/compat.h"
#include "lib/exp/sheet/sheet.h"

#include "lib/base/alloc.h"
#include "lib/base/utf8.h"
#include "lib/exp/sheet/sheet-internal.h"

#define LEAST_WIDTH 3u	/* of the dashes below a title */

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/*
 * Only what means something inside a line: nothing here begins one. Between
 * letters `_` means nothing, and names are full of it.
 */
static void add_escaped(struct strbuf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		const char c = text[i];

		if (c == '_' && i && i + 1 < len && in_word(text[i - 1]) &&
		    in_word(text[i + 1]))
			strbuf_addch(out, c);
		else if (c && strchr("\\`*_[]<>|~&$", c))
			strbuf_addf(out, "\\%c", c);
		else
			strbuf_addch(out, c);
	}
}

struct field {
	struct strbuf text;
	size_t width;
};

static void field_set(struct field *field, const char *text, size_t len)
{
	strbuf_reset(&field->text);
	add_escaped(&field->text, text, len);
	field->width = utf8_width(field->text.buf, field->text.len);
}

static void add_field(struct strbuf *out, const struct field *field,
		      size_t width, bool right)
{
	const size_t blanks = width - field->width;

	strbuf_addf(out, "| %*s", right ? (int)blanks : 0, "");
	strbuf_addbuf(out, &field->text);
	strbuf_addf(out, "%*s ", right ? 0 : (int)blanks, "");
}

static void set_cell(struct field *field, const struct sheet *sheet,
		     size_t row, size_t col)
{
	const struct sheet_cell *cell;
	const char *text = sheet_cell_text(sheet, row, col, &cell);

	field_set(field, text, cell->len);
}

/* The widest field of each column; titles count. */
static size_t *measure(const struct sheet *sheet, struct field *titles)
{
	size_t *width = xcalloc(sheet->nr, sizeof(*width));
	struct field field = { STRBUF_INIT, 0 };
	const size_t rows = sheet_rows(sheet);
	size_t i, row;

	for (i = 0; i < sheet->nr; i++) {
		struct strbuf title = STRBUF_INIT;

		sheet_col_title(&title, &sheet->col[i]);
		strbuf_init(&titles[i].text);
		field_set(&titles[i], title.buf, title.len);
		strbuf_release(&title);
		width[i] = MAXIMUM(titles[i].width, LEAST_WIDTH);
	}
	for (row = 0; row < rows; row++)
		for (i = 0; i < sheet->nr; i++) {
			set_cell(&field, sheet, row, i);
			width[i] = MAXIMUM(width[i], field.width);
		}
	strbuf_release(&field.text);
	return width;
}

static void add_head(struct sheet *sheet, const struct field *titles,
		     const size_t *width)
{
	struct strbuf *out = &sheet->out;
	size_t i, j;

	for (i = 0; i < sheet->nr; i++)
		add_field(out, &titles[i], width[i],
			  sheet_col_is_number(&sheet->col[i]));
	strbuf_addstr(out, "|\n");
	for (i = 0; i < sheet->nr; i++) {
		const bool right = sheet_col_is_number(&sheet->col[i]);

		strbuf_addstr(out, "| ");
		for (j = right; j < width[i]; j++)
			strbuf_addch(out, '-');
		strbuf_addstr(out, right ? ": " : " ");
	}
	strbuf_addstr(out, "|\n");
}

static void markdown_end(struct sheet *sheet)
{
	struct field *titles = xcalloc(sheet->nr, sizeof(*titles));
	size_t *width = measure(sheet, titles);
	struct field field = { STRBUF_INIT, 0 };
	const size_t rows = sheet_rows(sheet);
	size_t i, row;

	if (sheet->nr)
		add_head(sheet, titles, width);
	for (row = 0; row < rows; row++) {
		for (i = 0; i < sheet->nr; i++) {
			const struct sheet_col *col = &sheet->col[i];

			set_cell(&field, sheet, row, i);
			add_field(&sheet->out, &field, width[i],
				  sheet_col_is_number(col));
		}
		strbuf_addstr(&sheet->out, "|\n");
		sheet_flush(sheet, false);
	}
	strbuf_release(&field.text);
	for (i = 0; i < sheet->nr; i++)
		strbuf_release(&titles[i].text);
	free(titles);
	free(width);
}

const struct sheet_ops sheet_markdown = {
	.gathers = true,
	.end = markdown_end,
};
