/*
 * Reads the numbers of a sample: bare, or one column of a table.
 * Source: resutil-summarize(1), "INPUT".
 */
#ifndef LIB_EXP_SHEET_SAMPLE_READ_H
#define LIB_EXP_SHEET_SAMPLE_READ_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define SAMPLE_MAX_LINE (16u << 20)	/* bytes of a line, or of a row */
#define SAMPLE_MAX 100000000u		/* numbers */

enum sample_format {
	SAMPLE_AUTO,		/* what the first line looks like */
	SAMPLE_NUMBERS,		/* between blanks and ends of lines */
	SAMPLE_CSV,		/* RFC 4180, the first row has the names */
	SAMPLE_TSV,		/* split by TAB, nothing quoted, with names */
	SAMPLE_JSON		/* a line: a number, some of them, an object */
};

struct sample {
	double *x;		/* NaN: missing */
	size_t nr, alloc;
};

#define SAMPLE_INIT { NULL, 0, 0 }

void sample_release(struct sample *s);

/** "auto", "numbers", "csv", "tsv", "json"; false: it is none of them. */
bool sample_format_parse(enum sample_format *out, const char *text);

/**
 * Adds what `fd` gives to the end, up to its end. name: what it is called in
 * messages. column: which one, a dotted path in JSON; NULL: the only one there
 * is. An empty cell, `nan`, null, and a row without the column are missing.
 * Errors: ERR_FAILED (cannot be read), ERR_CONTENT (no number, with its line;
 * too long, too many), ERR_NOT_FOUND (no such column, with those there are),
 * ERR_USAGE (a column of bare numbers, or none of several).
 */
int sample_read(struct sample *s, int fd, const char *name,
		enum sample_format format, const char *column,
		struct strbuf *err);

#endif
