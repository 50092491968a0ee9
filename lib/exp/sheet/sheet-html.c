/*
 * A page of HTML that needs no other file and asks nobody for anything: its
 * own style, and a few lines of script that sort by a click on a title. What
 * else might be script is refused by the page itself, which says by hashes
 * what belongs to it (t4901 holds them).
 */
#include "lib/base/compat.h"
#include "lib/exp/sheet/sheet.h"

#include "lib/base/quote.h"
#include "lib/exp/sheet/sheet-internal.h"

static const char style[] =
	"\n"
	":root{color-scheme:light dark}\n"
	"body{font:14px/1.4 system-ui,sans-serif;margin:1.5em}\n"
	"table{border-collapse:collapse}\n"
	"caption{text-align:left;font-weight:bold;margin-bottom:.5em}\n"
	"th,td{padding:.2em .8em;text-align:left;vertical-align:top;\n"
	" white-space:pre-wrap;border-bottom:1px solid #8886}\n"
	"thead th{position:sticky;top:0;background:Canvas;\n"
	" border-bottom:2px solid #888}\n"
	"tbody th{font-family:monospace}\n"
	".n{text-align:right;font-variant-numeric:tabular-nums}\n"
	"button{all:unset;cursor:pointer;font-weight:bold}\n"
	"button:focus-visible{outline:2px solid Highlight}\n"
	"[aria-sort=ascending] button::after{content:\" \\25B2\"}\n"
	"[aria-sort=descending] button::after{content:\" \\25BC\"}\n"
	".done{color:#1a7f37}.fail{color:#cf222e}.running{color:#0969da}\n"
	".lost,.interrupted{color:#9a6700}\n"
	"tbody tr:hover{background:#8882}\n";

/* Numbers before texts, what is empty always last; a tie keeps the order. */
static const char script[] =
	"\n"
	"document.querySelectorAll('thead th').forEach(function (th, i) {\n"
	"  th.querySelector('button').onclick = function () {\n"
	"    var down = th.getAttribute('aria-sort') === 'ascending';\n"
	"    var body = document.querySelector('tbody');\n"
	"    var key = function (tr) {\n"
	"      var td = tr.cells[i], v = td.dataset.v;\n"
	"      return v === undefined ? td.textContent : +v;\n"
	"    };\n"
	"    var rows = Array.from(body.rows).map(function (tr, nr) {\n"
	"      return {tr: tr, key: key(tr), nr: nr};\n"
	"    });\n"
	"    rows.sort(function (a, b) {\n"
	"      if (a.key === b.key) return a.nr - b.nr;\n"
	"      if (a.key === '') return 1;\n"
	"      if (b.key === '') return -1;\n"
	"      var order = typeof a.key !== typeof b.key ?\n"
	"        (typeof a.key === 'number' ? -1 : 1) :\n"
	"        (a.key < b.key ? -1 : 1);\n"
	"      return down ? -order : order;\n"
	"    });\n"
	"    rows.forEach(function (row) { body.appendChild(row.tr); });\n"
	"    document.querySelectorAll('thead th').forEach(function (other) {\n"
	"      other.removeAttribute('aria-sort');\n"
	"    });\n"
	"    th.setAttribute('aria-sort', down ? 'descending' : 'ascending');\n"
	"  };\n"
	"});\n";

/* Of the two texts above, for the page's own policy. */
#define STYLE_SHA256 "e6qv7x3AzLiQnFY8iXc6wztXztYdCvBEPzdW+O0JT2M="
#define SCRIPT_SHA256 "2iD1CJEfAi4FQsocCmvIEWu4qE9Taj3gqIXH6nS6FqQ="

static void add_escaped(struct strbuf *out, const char *text, size_t len)
{
	quote_markup(out, text, len, "&<>\"'");
}

static void add_title(struct strbuf *out, const struct sheet *sheet)
{
	const char *title = sheet->options.title;
	struct strbuf safe = STRBUF_INIT;

	quote_terminal(&safe, title ? title : "runs",
		       strlen(title ? title : "runs"));
	add_escaped(out, safe.buf, safe.len);
	strbuf_release(&safe);
}

static void html_begin(struct sheet *sheet)
{
	struct strbuf *out = &sheet->out, title = STRBUF_INIT;
	size_t i;

	strbuf_addstr(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		      "<meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\""
		      "default-src 'none'; "
		      "style-src 'sha256-" STYLE_SHA256 "'; "
		      "script-src 'sha256-" SCRIPT_SHA256 "'\">\n"
		      "<meta name=\"viewport\" "
		      "content=\"width=device-width\">\n"
		      "<title>");
	add_title(out, sheet);
	strbuf_addf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n"
		    "<table>\n", style);
	if (sheet->options.title) {
		strbuf_addstr(out, "<caption>");
		add_title(out, sheet);
		strbuf_addstr(out, "</caption>\n");
	}
	if (!sheet->options.no_header)
		strbuf_addstr(out, "<thead>\n<tr>");
	for (i = 0; !sheet->options.no_header && i < sheet->nr; i++) {
		strbuf_reset(&title);
		sheet_col_title(&title, &sheet->col[i]);
		strbuf_addstr(out, "<th scope=\"col\"><button>");
		add_escaped(out, title.buf, title.len);
		strbuf_addstr(out, "</button></th>");
	}
	if (!sheet->options.no_header)
		strbuf_addstr(out, "</tr>\n</thead>\n");
	strbuf_addstr(out, "<tbody>\n");
	strbuf_release(&title);
}

/* What it is sorted by, when that is no text: data-v. */
static void add_sort_key(struct strbuf *out, const struct cell *cell)
{
	double number;

	if (cell->type == CELL_TIME) {
		strbuf_addf(out, " data-v=\"%" PRId64 ".%06d\"",
			    cell->u.time.sec, (int)cell->u.time.usec);
	} else if (cell_number(cell, &number) && number - number == 0) {
		strbuf_addstr(out, " class=\"n\" data-v=\"");
		cell_format(out, cell);
		strbuf_addch(out, '"');
	} else if (cell_number(cell, &number)) {
		strbuf_addf(out, " class=\"n\"%s", number != number ? "" :
			    number > 0 ? " data-v=\"Infinity\"" :
			    " data-v=\"-Infinity\"");
	}
}

static void add_cell(struct sheet *sheet, const struct sheet_col *col,
		     const struct cell *cell)
{
	struct strbuf *out = &sheet->out, text = STRBUF_INIT;
	const bool name = col->column.role == SHEET_NAME;
	const char *word = NULL;

	sheet_show(&text, sheet, col, cell, true);
	if (col->column.role == SHEET_STATE)
		word = sheet_state_word(text.buf, text.len);
	strbuf_addstr(out, name ? "<th scope=\"row\"" : "<td");
	if (word)
		strbuf_addf(out, " class=\"%s\"", word);
	else
		add_sort_key(out, cell);
	strbuf_addch(out, '>');
	add_escaped(out, text.buf, text.len);
	strbuf_addstr(out, name ? "</th>" : "</td>");
	strbuf_release(&text);
}

static void html_row(struct sheet *sheet, const struct cell *cells)
{
	size_t i;

	strbuf_addstr(&sheet->out, "<tr>");
	for (i = 0; i < sheet->nr; i++)
		add_cell(sheet, &sheet->col[i], &cells[i]);
	strbuf_addstr(&sheet->out, "</tr>\n");
}

static void html_end(struct sheet *sheet)
{
	strbuf_addf(&sheet->out, "</tbody>\n</table>\n<script>%s</script>\n"
		    "</body>\n</html>\n", script);
}

const struct sheet_ops sheet_html = {
	.begin = html_begin,
	.row = html_row,
	.end = html_end,
};
