/*
 * Cells as people read them, and tables that are known whole before any of
 * them is printed.
 */
#include "lib/base/compat.h"
#include "lib/exp/sheet/sheet.h"

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/quote.h"
#include "lib/base/utf8.h"
#include "lib/exp/sheet/exp-fields.h"
#include "lib/exp/sheet/sheet-internal.h"

#define DIGITS 6u
#define BRIEF_DIGITS 3u		/* of less than a second */

/* Columns of a cell where nobody says how much room there is. */
#define WIDEST 200u

/* From here on numbers are written with an exponent. */
#define LARGE 1e15

/*
 * Rounded to so many digits, but what stands before the point is never lost:
 * 1720087.25 is 1720087.2 and no 1.72e+06. Whoever needs all of it asks for a
 * form that programs read.
 */
static double rounded(double real, unsigned digits)
{
	const double size = real < 0 ? -real : real;
	double limit = 1;
	char text[64];
	unsigned i;

	if (real - real != 0)	/* NaN, infinite */
		return real;
	for (i = 0; i < digits; i++)
		limit *= 10;
	if (size >= limit && size < LARGE)
		snprintf(text, sizeof(text), "%.1f", real);
	else
		snprintf(text, sizeof(text), "%.*e", (int)digits - 1, real);
	return strtod(text, NULL);
}

static void show_number(struct strbuf *out, const struct sheet *sheet,
			const struct sheet_col *col, const struct cell *cell,
			double number)
{
	const char *unit = col->column.unit;
	const unsigned digits = sheet->options.digits;
	const bool scaled = sheet_col_has_scale(col) && number >= 0 &&
			    number < LARGE;

	if (scaled && !strcmp(unit, "B")) {
		size_format(out, (uint64_t)number);
	} else if (scaled && number >= 1) {
		duration_format(out, number);
	} else if (scaled) {
		value_format_float(out, rounded(number, BRIEF_DIGITS));
		strbuf_addstr(out, " s");
	} else if (cell->type == CELL_FLOAT) {
		value_format_float(out, rounded(number, digits ?
						MINIMUM(digits, 17u) : DIGITS));
	} else {
		cell_format(out, cell);
	}
}

bool sheet_show(struct strbuf *out, const struct sheet *sheet,
		const struct sheet_col *col, const struct cell *cell,
		bool lines)
{
	struct strbuf text = STRBUF_INIT;
	double number;

	if (cell_number(cell, &number)) {
		show_number(out, sheet, col, cell, number);
		return true;
	}
	if (cell->type == CELL_TIME) {
		exp_date_text(out, &cell->u.time);
		return false;
	}
	cell_format(&text, cell);
	if (lines)
		quote_terminal_lines(out, text.buf, text.len);
	else
		quote_terminal(out, text.buf, text.len);
	strbuf_release(&text);
	return false;
}

/* Columns that stand before the point, the exponent or the unit. */
static uint32_t whole_of(const struct sheet_col *col, const char *text,
			 size_t len)
{
	size_t i;

	if (sheet_col_has_scale(col))
		return (uint32_t)utf8_width(text, len);
	for (i = 0; i < len && text[i] != '.' && text[i] != 'e'; i++)
		;
	return (uint32_t)i;
}

static void measure(struct sheet_col *col, struct sheet_cell *cell,
		    const char *text)
{
	cell->width = (uint32_t)utf8_width(text, cell->len);
	if (cell->number) {
		cell->whole = whole_of(col, text, cell->len);
		col->numbers++;
		col->whole = MAXIMUM(col->whole, cell->whole);
		col->part = MAXIMUM(col->part, cell->width - cell->whole);
	} else if (cell->len) {
		col->texts++;
		col->text_width = MAXIMUM(col->text_width, cell->width);
		if (cell->time)
			col->time_width = MAXIMUM(col->time_width,
						  cell->width);
	}
}

/* An experiment's, which is cut in its middle. */
#define LONGEST_NAME 255

/* What no terminal has room for need not be kept; and no file of text is
 * better for one cell that makes all of its lines a megabyte long. */
static void keep_in_width(struct sheet *sheet, size_t at)
{
	const size_t len = sheet->text.len - at;
	const size_t most = sheet->width ? MAXIMUM(sheet->width, LONGEST_NAME) :
			    WIDEST;

	if (len <= most || sheet->options.format != SHEET_TABLE)
		return;
	if (utf8_width(sheet->text.buf + at, len) <= most)
		return;
	strbuf_setlen(&sheet->text, at + sheet_fit(sheet->text.buf + at, len,
						   most - 1));
	strbuf_addstr(&sheet->text, "\342\200\246");
}

void sheet_gather(struct sheet *sheet, const struct cell *cells)
{
	size_t i;

	ARRAY_GROW(sheet->cell, sheet->cells + sheet->nr, sheet->cells_alloc);
	for (i = 0; i < sheet->nr; i++) {
		struct sheet_cell *cell = &sheet->cell[sheet->cells++];
		const size_t at = sheet->text.len;

		memset(cell, 0, sizeof(*cell));
		cell->at = at;
		cell->time = cells[i].type == CELL_TIME;
		cell->number = sheet_show(&sheet->text, sheet, &sheet->col[i],
					  &cells[i], false);
		keep_in_width(sheet, at);
		cell->len = (uint32_t)(sheet->text.len - at);
		measure(&sheet->col[i], cell, sheet->text.buf + at);
	}
}
