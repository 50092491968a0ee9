#include "lib/base/compat.h"
#include "lib/exp/sheet/sheet.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/term.h"
#include "lib/base/utf8.h"
#include "lib/exp/sheet/sheet-internal.h"

/* As much waits before it is printed. */
#define FLUSH_BYTES (64u << 10)

const char sheet_format_names[] =
	"table, csv, tsv, json, markdown, latex, html";

static const struct {
	const char *name;
	enum sheet_format format;
} formats[] = {
	{ "table", SHEET_TABLE }, { "csv", SHEET_CSV }, { "tsv", SHEET_TSV },
	{ "json", SHEET_JSON }, { "markdown", SHEET_MARKDOWN },
	{ "latex", SHEET_LATEX }, { "html", SHEET_HTML },
	/* as others call them */
	{ "md", SHEET_MARKDOWN }, { "tex", SHEET_LATEX },
	{ "jsonl", SHEET_JSON },
};

static const struct sheet_ops *const ops_of[] = {
	[SHEET_TABLE] = &sheet_text,
	[SHEET_CSV] = &sheet_csv,
	[SHEET_TSV] = &sheet_tsv,
	[SHEET_JSON] = &sheet_json,
	[SHEET_MARKDOWN] = &sheet_markdown,
	[SHEET_LATEX] = &sheet_latex,
	[SHEET_HTML] = &sheet_html,
};

int sheet_format_parse(enum sheet_format *out, const char *text,
		       struct strbuf *err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, text)) {
			*out = formats[i].format;
			return 0;
		}
	return fail(err, ERR_USAGE, "unknown format '%s'; there are %s", text,
		    sheet_format_names);
}

struct sheet *sheet_new(const struct sheet_options *options)
{
	struct sheet *sheet = xcalloc(1, sizeof(*sheet));

	sheet->options = *options;
	sheet->ops = ops_of[options->format];
	sheet->exact = options->format == SHEET_CSV ||
		       options->format == SHEET_TSV ||
		       options->format == SHEET_JSON;
	sheet->width = options->width;
	if (!sheet->width && out_is_for_person())
		sheet->width = term_width();
	strbuf_init(&sheet->out);
	strbuf_init(&sheet->text);
	return sheet;
}

void sheet_column(struct sheet *sheet, const struct sheet_column *column)
{
	struct sheet_col *col;

	if (sheet->begun)
		BUG("a column after the first row");
	ARRAY_GROW(sheet->col, sheet->nr + 1, sheet->alloc);
	col = &sheet->col[sheet->nr++];
	memset(col, 0, sizeof(*col));
	col->column = *column;
	col->column.title = xstrdup(column->title);
	strbuf_init(&col->key);
}

static void begin(struct sheet *sheet)
{
	if (sheet->begun)
		return;
	sheet->begun = true;
	if (sheet->ops->begin)
		sheet->ops->begin(sheet);
}

void sheet_row(struct sheet *sheet, const struct cell *cells)
{
	begin(sheet);
	if (sheet->ops->gathers) {
		sheet_gather(sheet, cells);
		return;
	}
	sheet->ops->row(sheet, cells);
	sheet_flush(sheet, false);
}

uint64_t sheet_memory(const struct sheet *sheet)
{
	return (uint64_t)sheet->cells * sizeof(*sheet->cell) + sheet->text.len;
}

void sheet_flush(struct sheet *sheet, bool all)
{
	if (sheet->out.len < FLUSH_BYTES && !all)
		return;
	if (sheet->exact)
		out_text(sheet->out.buf, sheet->out.len);
	else
		out_safe(&sheet->out);
	strbuf_reset(&sheet->out);
}

void sheet_end(struct sheet *sheet)
{
	begin(sheet);
	if (sheet->ops->end)
		sheet->ops->end(sheet);
	sheet_flush(sheet, true);
	sheet_free(sheet);
}

void sheet_free(struct sheet *sheet)
{
	size_t i;

	for (i = 0; i < sheet->nr; i++) {
		free(sheet->col[i].column.title);
		strbuf_release(&sheet->col[i].key);
	}
	free(sheet->col);
	free(sheet->cell);
	strbuf_release(&sheet->out);
	strbuf_release(&sheet->text);
	free(sheet);
}

bool sheet_col_is_number(const struct sheet_col *col)
{
	return (col->numbers || col->column.number) &&
	       col->numbers >= col->texts;
}

bool sheet_col_has_scale(const struct sheet_col *col)
{
	const char *unit = col->column.unit;

	return unit && (!strcmp(unit, "s") || !strcmp(unit, "B"));
}

void sheet_col_title(struct strbuf *out, const struct sheet_col *col)
{
	const char *unit = col->column.unit;

	quote_terminal(out, col->column.title, strlen(col->column.title));
	if (unit && *unit && !sheet_col_has_scale(col)) {
		strbuf_addstr(out, " [");
		quote_terminal(out, unit, strlen(unit));
		strbuf_addch(out, ']');
	}
}

const char *sheet_cell_text(const struct sheet *sheet, size_t row, size_t col,
			    const struct sheet_cell **cell)
{
	*cell = &sheet->cell[row * sheet->nr + col];
	return sheet->text.buf + (*cell)->at;
}

size_t sheet_rows(const struct sheet *sheet)
{
	return sheet->nr ? sheet->cells / sheet->nr : 0;
}

const char *sheet_state_word(const char *text, size_t len)
{
	static const struct {
		const char *state, *word;
	} words[] = {
		{ "done", "done" }, { "fail", "fail" }, { "lost", "lost" },
		{ "interrupted", "interrupted" }, { "running", "running" },
		{ "started", "running" }, { "resumed", "running" },
	};
	size_t i, first = 0;

	while (first < len && isalpha((unsigned char)text[first]))
		first++;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].state) == first &&
		    !memcmp(words[i].state, text, first))
			return words[i].word;
	return NULL;
}

size_t sheet_fit(const char *text, size_t len, size_t width)
{
	const char *s = text;
	size_t used = 0;

	while (len) {
		const char *from = s;

		utf8_next(&s, &len);
		used += utf8_width(from, (size_t)(s - from));
		if (used > width)
			return (size_t)(from - text);
	}
	return (size_t)(s - text);
}
