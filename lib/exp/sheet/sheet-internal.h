/*
 * What the forms of a table share, and nobody else.
 */
#ifndef LIB_EXP_SHEET_SHEET_INTERNAL_H
#define LIB_EXP_SHEET_SHEET_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/strbuf.h"
#include "lib/exp/sheet/sheet.h"

/* A cell of a table that is printed when all of it is known: text that is safe
 * for a terminal, `at` in the sheet's text. */
struct sheet_cell {
	size_t at;
	uint32_t len;
	uint32_t width;		/* columns on a terminal */
	uint32_t whole;		/* as many of them stand before the point */
	bool number;
	bool time;
};

struct sheet_col {
	struct sheet_column column;	/* its title is ours */
	struct strbuf key;		/* JSON: `"title":` */
	/* what was gathered */
	size_t numbers, texts;		/* texts: no number, not empty */
	uint32_t whole, part;		/* widest of numbers, at the point */
	uint32_t text_width;		/* widest of the others */
	uint32_t time_width;		/* and of times, which are not cut */
};

struct sheet_ops {
	bool gathers;
	void (*begin)(struct sheet *sheet);
	/* Only without `gathers`. */
	void (*row)(struct sheet *sheet, const struct cell *cells);
	void (*end)(struct sheet *sheet);
};

struct sheet {
	struct sheet_options options;
	const struct sheet_ops *ops;
	bool begun;
	unsigned width;		/* of a table; 0: no limit */
	struct sheet_col *col;
	size_t nr, alloc;
	/* What waits to be printed: exact bytes, or made safe already. */
	struct strbuf out;
	bool exact;
	/* What was gathered, row after row. */
	struct sheet_cell *cell;
	size_t cells, cells_alloc;
	struct strbuf text;
};

extern const struct sheet_ops sheet_csv, sheet_tsv, sheet_json;
extern const struct sheet_ops sheet_text, sheet_markdown, sheet_latex;
extern const struct sheet_ops sheet_html;

/** Prints when much is there. At the end of a row only. */
void sheet_flush(struct sheet *sheet, bool all);

/** Whether its numbers are aligned: at least half of what is there. */
bool sheet_col_is_number(const struct sheet_col *col);
/** Whether people get its numbers as durations or sizes. */
bool sheet_col_has_scale(const struct sheet_col *col);
/** What a person reads at the top: with the unit, safe for a terminal. */
void sheet_col_title(struct strbuf *out, const struct sheet_col *col);

/** A cell for people, safe for a terminal, on one line (lines: on several).
 *  True: a number, so stand it right. */
bool sheet_show(struct strbuf *out, const struct sheet *sheet,
		const struct sheet_col *col, const struct cell *cell,
		bool lines);

/** Gathers a row, in cells that sheet_show() gives. */
void sheet_gather(struct sheet *sheet, const struct cell *cells);
/** Of the gathered: its text, lent until more is gathered. */
const char *sheet_cell_text(const struct sheet *sheet, size_t row, size_t col,
			    const struct sheet_cell **cell);
size_t sheet_rows(const struct sheet *sheet);

/** A state by its first word: "done", "fail", "lost", "interrupted",
 *  "running" (also of those that start); NULL: another. */
const char *sheet_state_word(const char *text, size_t len);

/** How many of the bytes fit into so many columns. */
size_t sheet_fit(const char *text, size_t len, size_t width);

#endif
