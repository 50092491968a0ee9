/*
 * A table for a terminal: it fits, numbers stand at the point, nothing of a
 * number is ever cut off.
 */
#include "lib/base/compat.h"
#include "lib/exp/sheet/sheet.h"

#include "lib/base/alloc.h"
#include "lib/base/output.h"
#include "lib/base/term.h"
#include "lib/base/utf8.h"
#include "lib/exp/sheet/sheet-internal.h"

#define BETWEEN 2u

/* What texts keep when there is no room: names their first letters, by which
 * they are told apart. */
#define LEAST_NAME 12u
#define LEAST_TEXT 8u
#define LEAST_NUMBER 3u

#define ELLIPSIS "\342\200\246"

/* How a column is printed. */
struct shape {
	struct strbuf title;
	uint32_t title_width;
	uint32_t least, full;	/* widths that it can have */
	uint32_t width;		/* that it has; 0: it is not shown */
	bool number;
};

static void shape_init(struct shape *shape, const struct sheet *sheet,
		       const struct sheet_col *col)
{
	const uint32_t numbers = col->whole + col->part;
	uint32_t least;

	strbuf_init(&shape->title);
	if (!sheet->options.no_header)
		sheet_col_title(&shape->title, col);
	shape->title_width = (uint32_t)utf8_width(shape->title.buf,
						  shape->title.len);
	shape->number = sheet_col_is_number(col);
	shape->full = MAXIMUM(shape->title_width,
			      MAXIMUM(numbers, col->text_width));
	if (shape->number)
		least = MAXIMUM(numbers, LEAST_NUMBER);
	else
		least = MAXIMUM(numbers, col->column.role == SHEET_NAME ?
				LEAST_NAME : LEAST_TEXT);
	least = MAXIMUM(least, col->time_width);
	shape->least = MINIMUM(least, shape->full);
	shape->width = shape->full;
}

/* Columns of the terminal that the first `nr` take, none wider than `most`
 * but where it has to be. */
static size_t width_at(const struct shape *shapes, size_t nr, uint32_t most)
{
	size_t i, width = nr ? BETWEEN * (nr - 1) : 0;

	for (i = 0; i < nr; i++)
		width += MINIMUM(shapes[i].full,
				 MAXIMUM(shapes[i].least, most));
	return width;
}

/*
 * The widest are cut, and all of them alike; when that is not enough, the last
 * columns are left out, but never the first.
 */
static void fit(struct shape *shapes, size_t nr, unsigned room)
{
	uint32_t low = 0, high = room;
	size_t shown = nr, i;

	if (!room || width_at(shapes, nr, UINT32_MAX) <= room)
		return;
	while (shown > 1 && width_at(shapes, shown, 0) > room)
		shown--;
	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;

		if (width_at(shapes, shown, middle) <= room)
			low = middle;
		else
			high = middle - 1;
	}
	for (i = 0; i < nr; i++)
		shapes[i].width = i >= shown ? 0 :
			MINIMUM(shapes[i].full, MAXIMUM(shapes[i].least, low));
	shapes[0].width = MINIMUM(shapes[0].width, room);
}

static void add_blanks(struct strbuf *out, size_t nr)
{
	while (nr--)
		strbuf_addch(out, ' ');
}

/* Where a text that is too wide is cut: of a path the last component says most,
 * of an experiment's name the minute and the comment. */
enum cut { CUT_END, CUT_FRONT, CUT_NAME };

#define NAME_MINUTE 6	/* letters that count the minutes */

static void add_cut(struct strbuf *out, const char *text, size_t len,
		    size_t width, enum cut cut)
{
	size_t full = utf8_width(text, len), from = 0;

	if (full <= width) {
		strbuf_add(out, text, len);
		return;
	}
	if (!width)
		return;
	if (cut == CUT_NAME && width > NAME_MINUTE + 1 &&
	    sheet_fit(text, len, NAME_MINUTE) == NAME_MINUTE) {
		strbuf_add(out, text, NAME_MINUTE);
		add_cut(out, text + NAME_MINUTE, len - NAME_MINUTE,
			width - NAME_MINUTE, CUT_FRONT);
		return;
	}
	if (cut != CUT_FRONT) {
		strbuf_add(out, text, sheet_fit(text, len, width - 1));
		strbuf_addstr(out, ELLIPSIS);
		return;
	}
	while (utf8_width(text + from, len - from) > width - 1) {
		const char *next = text + from;
		size_t rest = len - from;

		utf8_next(&next, &rest);
		from = (size_t)(next - text);
	}
	strbuf_addstr(out, ELLIPSIS);
	strbuf_add(out, text + from, len - from);
}

/* `text`, cut and with blanks, as wide as the column. */
static void add_padded(struct strbuf *out, const char *text, size_t len,
		       uint32_t width, bool right, enum cut cut)
{
	struct strbuf field = STRBUF_INIT;
	size_t used;

	add_cut(&field, text, len, width, cut);
	used = MINIMUM(utf8_width(field.buf, field.len), width);
	if (right)
		add_blanks(out, width - used);
	strbuf_addbuf(out, &field);
	if (!right)
		add_blanks(out, width - used);
	strbuf_release(&field);
}

/* At the point, and the numbers together at the right of the column. */
static void add_number(struct strbuf *out, const struct sheet_col *col,
		       const struct sheet_cell *cell, const char *text,
		       uint32_t width, bool right)
{
	const uint32_t numbers = col->whole + col->part;
	uint32_t before = col->whole - cell->whole;

	if (right && width > numbers)
		before += width - numbers;
	if (before + cell->width > width)	/* the first, in no room */
		before = 0;
	add_blanks(out, before);
	if (cell->width > width) {
		add_cut(out, text, cell->len, width, CUT_END);
		return;
	}
	strbuf_add(out, text, cell->len);
	add_blanks(out, width - before - cell->width);
}

static const char *color_of(const struct sheet_col *col,
			    const struct sheet_cell *cell, const char *text)
{
	static const struct {
		const char *word;
		enum color color;
	} colors[] = {
		{ "done", COLOR_GREEN }, { "fail", COLOR_RED },
		{ "lost", COLOR_YELLOW }, { "interrupted", COLOR_YELLOW },
		{ "running", COLOR_CYAN },
	};
	const char *word;
	size_t i;

	if (col->column.role == SHEET_NAME)
		return color_on(STDOUT_FILENO, COLOR_BOLD);
	if (col->column.role != SHEET_STATE)
		return "";
	word = sheet_state_word(text, cell->len);
	for (i = 0; word && i < ARRAY_SIZE(colors); i++)
		if (!strcmp(word, colors[i].word))
			return color_on(STDOUT_FILENO, colors[i].color);
	return "";
}

static void trim_blanks(struct strbuf *line)
{
	while (line->len && line->buf[line->len - 1] == ' ')
		strbuf_setlen(line, line->len - 1);
}

static void print_titles(struct sheet *sheet, const struct shape *shapes)
{
	struct strbuf line = STRBUF_INIT;
	size_t i;

	for (i = 0; i < sheet->nr && shapes[i].width; i++) {
		if (i)
			add_blanks(&line, BETWEEN);
		add_padded(&line, shapes[i].title.buf, shapes[i].title.len,
			   shapes[i].width, shapes[i].number, CUT_FRONT);
	}
	trim_blanks(&line);
	strbuf_addf(&sheet->out, "%s%s%s\n",
		    color_on(STDOUT_FILENO, COLOR_BOLD), line.buf,
		    color_off(STDOUT_FILENO));
	strbuf_release(&line);
}

/* Colour is put around what stands there, never around blanks at the end of a
 * line. */
static void print_row(struct sheet *sheet, const struct shape *shapes,
		      size_t row)
{
	struct strbuf *out = &sheet->out;
	size_t i, blanks = 0;

	for (i = 0; i < sheet->nr && shapes[i].width; i++) {
		const struct sheet_col *col = &sheet->col[i];
		const struct sheet_cell *cell;
		const char *text = sheet_cell_text(sheet, row, i, &cell);
		struct strbuf field = STRBUF_INIT;
		const char *color = color_of(col, cell, text);
		size_t shown;

		if (cell->number)
			add_number(&field, col, cell, text, shapes[i].width,
				   shapes[i].number);
		else
			add_padded(&field, text, cell->len, shapes[i].width,
				   shapes[i].number,
				   col->column.role == SHEET_NAME ? CUT_NAME :
				   CUT_END);
		shown = field.len;
		trim_blanks(&field);
		if (i)
			blanks += BETWEEN;
		if (field.len) {
			add_blanks(out, blanks);
			strbuf_addf(out, "%s%s%s", color, field.buf,
				    *color ? color_off(STDOUT_FILENO) : "");
			blanks = 0;
		}
		blanks += shown - field.len;
		strbuf_release(&field);
	}
	strbuf_addch(out, '\n');
}

static void say_hidden(struct sheet *sheet, const struct shape *shapes)
{
	struct strbuf titles = STRBUF_INIT, line = STRBUF_INIT;
	size_t i, hidden = 0;

	for (i = 0; i < sheet->nr; i++) {
		if (shapes[i].width)
			continue;
		strbuf_addstr(&titles, hidden++ ? ", " : " ");
		sheet_col_title(&titles, &sheet->col[i]);
	}
	if (hidden) {
		strbuf_addf(&line, "+ %zu:", hidden);
		strbuf_insert(&titles, 0, line.buf, line.len);
		strbuf_reset(&line);
		add_cut(&line, titles.buf, titles.len, sheet->width, CUT_END);
		trim_blanks(&line);
		strbuf_addf(&sheet->out, "%s%s%s\n",
			    color_on(STDOUT_FILENO, COLOR_DIM), line.buf,
			    color_off(STDOUT_FILENO));
	}
	strbuf_release(&titles);
	strbuf_release(&line);
}

static void text_end(struct sheet *sheet)
{
	struct shape *shapes = xcalloc(sheet->nr, sizeof(*shapes));
	const size_t rows = sheet_rows(sheet);
	size_t i;

	for (i = 0; i < sheet->nr; i++)
		shape_init(&shapes[i], sheet, &sheet->col[i]);
	fit(shapes, sheet->nr, sheet->width);
	if (!sheet->options.no_header && sheet->nr)
		print_titles(sheet, shapes);
	for (i = 0; i < rows; i++) {
		print_row(sheet, shapes, i);
		sheet_flush(sheet, false);
	}
	say_hidden(sheet, shapes);
	for (i = 0; i < sheet->nr; i++)
		strbuf_release(&shapes[i].title);
	free(shapes);
}

const struct sheet_ops sheet_text = {
	.gathers = true,
	.end = text_end,
};
