/*
 * Tables for programs: CSV, TSV, JSON lines. Values as they are, none rounded,
 * none with a unit.
 */
#include "lib/base/compat.h"
#include "lib/exp/sheet/sheet.h"

#include "lib/base/alloc.h"
#include "lib/base/quote.h"
#include "lib/base/strmap.h"
#include "lib/base/value.h"
#include "lib/exp/sheet/sheet-internal.h"
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
	if (needs_csv_quotes(text, len))
		quote_double(out, text, len);
	else
		strbuf_add(out, text, len);
}

typedef void (*add_fn)(struct strbuf *out, const char *text, size_t len);

static void begin(struct sheet *sheet, char between, add_fn add)
{
	size_t i;

	if (sheet->options.no_header)
		return;
	for (i = 0; i < sheet->nr; i++) {
		const char *title = sheet->col[i].column.title;

		if (i)
			strbuf_addch(&sheet->out, between);
		add(&sheet->out, title, strlen(title));
	}
	strbuf_addch(&sheet->out, '\n');
}

/* plain: no list needs to be quoted. */
static void add_row(struct sheet *sheet, const struct cell *cells, char between,
		    add_fn add, bool plain)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < sheet->nr; i++) {
		if (i)
			strbuf_addch(&sheet->out, between);
		if (cells[i].type == CELL_TEXT) {
			add(&sheet->out, cells[i].u.text.data,
			    cells[i].u.text.len);
			continue;
		}
		strbuf_reset(&text);
		cell_format(&text, &cells[i]);
		if (cells[i].type == CELL_BYTES ||
		    (!plain && (cells[i].type == CELL_LIST || sheet->nr == 1)))
			add(&sheet->out, text.buf, text.len);
		else
			strbuf_addbuf(&sheet->out, &text);
	}
	strbuf_addch(&sheet->out, '\n');
	strbuf_release(&text);
}

static void csv_begin(struct sheet *sheet)
{
	begin(sheet, ',', add_csv);
}

static void csv_row(struct sheet *sheet, const struct cell *cells)
{
	add_row(sheet, cells, ',', add_csv, false);
}

const struct sheet_ops sheet_csv = {
	.begin = csv_begin,
	.row = csv_row,
};

static void tsv_begin(struct sheet *sheet)
{
	begin(sheet, '\t', quote_c);
}

/* A list is JSON, in which nothing has to be quoted again. */
static void tsv_row(struct sheet *sheet, const struct cell *cells)
{
	add_row(sheet, cells, '\t', quote_c, true);
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
