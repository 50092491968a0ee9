/*
 * Tables for programs: CSV, TSV, JSON lines. Values as they are, none rounded,
 * none with a unit.
 */
#include "lib/base/compat.h"
#include "lib/exp/sheet.h"

#include "lib/base/alloc.h"
#include "lib/base/quote.h"
#include "lib/base/strmap.h"
#include "lib/base/value.h"
#include "lib/exp/sheet-internal.h"
#include "lib/wrap/json.h"

/* Texts that a reader would change or split; also a lone blank field, which
 * would be an empty line, and "", which is not the same as nothing. */
static bool needs_csv_quotes(const char *text, size_t len)
{
	size_t i;

	if (!len || text[0] == ' ' || text[len - 1] == ' ' ||
	    text[0] == '\t' || text[len - 1] == '\t')
		return true;
	for (i = 0; i < len; i++)
		if (!text[i] || strchr(",\"\r\n", text[i]))
			return true;
	return false;
}

/* RFC 4180. A text that begins with `=` stays as it is: what a spreadsheet
 * makes of it is the spreadsheet's, and other readers want the text. */
static void add_csv(struct strbuf *out, const char *text, size_t len)
{
	size_t i;

	if (!needs_csv_quotes(text, len)) {
		strbuf_add(out, text, len);
		return;
	}
	strbuf_addch(out, '"');
	for (i = 0; i < len; i++) {
		if (text[i] == '"')
			strbuf_addch(out, '"');
		strbuf_addch(out, text[i]);
	}
	strbuf_addch(out, '"');
}

static bool is_text(const struct cell *cell)
{
	return cell->type == CELL_TEXT || cell->type == CELL_BYTES ||
	       cell->type == CELL_LIST;
}

static void csv_begin(struct sheet *sheet)
{
	size_t i;

	if (sheet->options.no_header)
		return;
	for (i = 0; i < sheet->nr; i++) {
		const char *title = sheet->col[i].column.title;

		if (i)
			strbuf_addch(&sheet->out, ',');
		add_csv(&sheet->out, title, strlen(title));
	}
	strbuf_addch(&sheet->out, '\n');
}

static void csv_row(struct sheet *sheet, const struct cell *cells)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < sheet->nr; i++) {
		if (i)
			strbuf_addch(&sheet->out, ',');
		if (cells[i].type == CELL_TEXT) {
			add_csv(&sheet->out, cells[i].u.text.data,
				cells[i].u.text.len);
			continue;
		}
		strbuf_reset(&text);
		cell_format(&text, &cells[i]);
		if (is_text(&cells[i]) || sheet->nr == 1)
			add_csv(&sheet->out, text.buf, text.len);
		else
			strbuf_addbuf(&sheet->out, &text);
	}
	strbuf_addch(&sheet->out, '\n');
	strbuf_release(&text);
}

const struct sheet_ops sheet_csv = {
	.begin = csv_begin,
	.row = csv_row,
};

static void tsv_begin(struct sheet *sheet)
{
	size_t i;

	if (sheet->options.no_header)
		return;
	for (i = 0; i < sheet->nr; i++) {
		const char *title = sheet->col[i].column.title;

		if (i)
			strbuf_addch(&sheet->out, '\t');
		quote_c(&sheet->out, title, strlen(title));
	}
	strbuf_addch(&sheet->out, '\n');
}

static void tsv_row(struct sheet *sheet, const struct cell *cells)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < sheet->nr; i++) {
		strbuf_reset(&text);
		cell_format(&text, &cells[i]);
		if (i)
			strbuf_addch(&sheet->out, '\t');
		/* A list is JSON, in which nothing has to be quoted again. */
		if (cells[i].type == CELL_TEXT || cells[i].type == CELL_BYTES)
			quote_c(&sheet->out, text.buf, text.len);
		else
			strbuf_addbuf(&sheet->out, &text);
	}
	strbuf_addch(&sheet->out, '\n');
	strbuf_release(&text);
}

const struct sheet_ops sheet_tsv = {
	.begin = tsv_begin,
	.row = tsv_row,
};

/* Two columns may have one title (a query says what it likes), two members of
 * an object may not: the second `a` is `a:2`. */
static void json_begin(struct sheet *sheet)
{
	struct strmap seen = STRMAP_INIT;
	char **title = xcalloc(sheet->nr, sizeof(*title));
	size_t i;

	for (i = 0; i < sheet->nr; i++) {
		struct sheet_col *col = &sheet->col[i];
		unsigned nr = 1;

		title[i] = xstrdup(col->column.title);
		while (strmap_get(&seen, title[i])) {
			free(title[i]);
			title[i] = xstrfmt("%s:%u", col->column.title, ++nr);
		}
		strmap_put(&seen, title[i], col);
		json_add_string(&col->key, title[i], strlen(title[i]));
		strbuf_addch(&col->key, ':');
	}
	strmap_release(&seen);
	for (i = 0; i < sheet->nr; i++)
		free(title[i]);
	free(title);
}

static void add_json(struct strbuf *out, const struct cell *cell)
{
	struct value *value;

	switch (cell->type) {
	case CELL_NONE:
	case CELL_NULL:
		strbuf_addstr(out, "null");
		break;
	case CELL_INT:
		strbuf_addf(out, "%" PRId64, cell->u.number);
		break;
	case CELL_TEXT:
		json_add_string(out, cell->u.text.data, cell->u.text.len);
		break;
	default:
		value = cell_value(cell);
		json_write(out, value);
		value_free(value);
	}
}

static void json_row(struct sheet *sheet, const struct cell *cells)
{
	size_t i;

	strbuf_addch(&sheet->out, '{');
	for (i = 0; i < sheet->nr; i++) {
		if (i)
			strbuf_addch(&sheet->out, ',');
		strbuf_addbuf(&sheet->out, &sheet->col[i].key);
		add_json(&sheet->out, &cells[i]);
	}
	strbuf_addstr(&sheet->out, "}\n");
}

const struct sheet_ops sheet_json = {
	.begin = json_begin,
	.row = json_row,
};
