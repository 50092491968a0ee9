/*
 * A table whose columns are known only when it is asked for, and the forms in
 * which it is printed: text that fits the terminal, CSV, TSV, JSON lines,
 * Markdown, LaTeX, HTML. Tables with fixed fields are rows.h.
 * Source: resutil-report(1), "OUTPUT".
 */
#ifndef LIB_EXP_SHEET_SHEET_H
#define LIB_EXP_SHEET_SHEET_H

#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"

enum sheet_format {
	SHEET_TABLE,
	SHEET_CSV,	/* RFC 4180, but lines end in LF */
	SHEET_TSV,
	SHEET_JSON,	/* an object a line */
	SHEET_MARKDOWN,
	SHEET_LATEX,
	SHEET_HTML	/* one file that needs no other */
};

enum sheet_role {
	SHEET_PLAIN,
	SHEET_NAME,	/* links and bold where there are such */
	SHEET_STATE	/* coloured by its first word */
};

struct sheet_column {
	char *title;		/* the field's path */
	const char *unit;	/* NULL: none. In what people read (table,
				 * markdown, latex, html) "s" gives durations
				 * and "B" sizes as people write them, another
				 * one stands behind the title; programs (csv,
				 * tsv, json) get bare numbers */
	enum sheet_role role;
	bool number;		/* numbers belong there: it is aligned as they
				 * are, also where there are none */
};

/** Names of formats, for usage: "table, csv, tsv, json, markdown, latex, html".
 *  ERR_USAGE names them. */
int sheet_format_parse(enum sheet_format *out, const char *text,
		       struct strbuf *err);
extern const char sheet_format_names[];

/** --format for an option table; v: const char **. */
#define OPT_SHEET_FORMAT(v)						\
	{ .type = OPTION_STRING, .name = "format", .value = (v),	\
	  .argh = "FORMAT", .arg = ARG_WORDS,				\
	  .words = "table csv tsv json markdown latex html",		\
	  .help = "table, csv, tsv, json, markdown, latex, html" }

struct sheet_options {
	enum sheet_format format;
	bool no_header;		/* Markdown has one all the same */
	const char *title;	/* of HTML, caption of LaTeX; NULL */
	unsigned digits;	/* of floating point numbers that people read:
				 * at least as many, then rounded; 0: six */
	unsigned width;		/* of a table: 0: that of the terminal, or no
				 * limit without one */
};

struct sheet;

struct sheet *sheet_new(const struct sheet_options *options);
/** Columns first; the title is copied. */
void sheet_column(struct sheet *sheet, const struct sheet_column *column);
/** A row: as many cells as columns; what they lend is copied, or printed at
 *  once where the format needs no look ahead (CSV, TSV, JSON). */
void sheet_row(struct sheet *sheet, const struct cell *cells);
/** Bytes that rows take which wait for others: none where the format needs no
 *  look ahead. */
uint64_t sheet_memory(const struct sheet *sheet);
/** Prints what is left, through output.h, and frees. */
void sheet_end(struct sheet *sheet);
/** Frees without that: the rows that were to come did not. */
void sheet_free(struct sheet *sheet);

#endif
