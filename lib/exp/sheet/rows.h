/*
 * One field table gives text columns, --json, --format and -z. A field, its
 * JSON key and its column have one name.
 */
#ifndef LIB_EXP_SHEET_ROWS_H
#define LIB_EXP_SHEET_ROWS_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

struct row_field {
	const char *name;
	const char *help;	/* for the page and for %(x) errors */
	bool right;		/* aligned right in text */
	/** A cell for JSON and templates; NULL or VALUE_NULL: nothing. The
	 *  caller frees. */
	struct value *(*get)(const void *row, void *data);
	/** What the text table shows instead (a duration in words, a date);
	 *  NULL: as value_format() does. */
	void (*text)(struct strbuf *out, const void *row, void *data);
	bool hidden;		/* only by %(name) and --json, no column */
};

#define ROW_FIELD_END { .name = NULL }

struct rows {
	const struct row_field *fields;
	void *data;		/* given to the getters */
	const char *format;	/* --format: NULL, "table", "json", "csv",
				 * "tsv", or a template with %( */
	int json, nul;		/* --json, -z */
	bool no_header;
	const char *between;	/* the columns of a table; NULL: blanks */
	const char *spare;	/* columns that a terminal too narrow for all
				 * goes without, the first one first; not
				 * with --format=table. By blanks, NULL-able */
	/* private */
	struct row_state *state;
};

/** --json, --format, -z for a command's option table. */
#define OPT_ROWS(r) \
	OPT_BOOL(0, "json", &(r)->json, "one JSON object a line"), \
	{ .type = OPTION_STRING, .name = "format", .value = &(r)->format, \
	  .argh = "FORMAT", .arg = ARG_WORDS, .words = "table json csv tsv", \
	  .help = "table, json, csv, tsv, or a template with %(field)" }, \
	OPT_BOOL('z', NULL, &(r)->nul, "end records with NUL, quote nothing")

/** Checks the format (unknown field: ERR_USAGE with the names). */
int rows_begin(struct rows *r, struct strbuf *err);
/** Prints (or, for a table, gathers) one row. */
void rows_add(struct rows *r, const void *row);
/** Prints the gathered table; releases. */
void rows_end(struct rows *r);

/** A template into `out`: %(field), %%, %n, %t, %xNN. Fields as `row` gives
 *  them; for commands that print one thing. */
int rows_expand(struct strbuf *out, const struct rows *r, const char *format,
		const void *row, struct strbuf *err);

#endif
