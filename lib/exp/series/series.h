/*
 * Reading series of measurements back: all files of a series of one run as one
 * sequence of rows, and what a column's last, least and greatest values are.
 * Source: resutilformat-metrics(5), also as votakvot writes them.
 */
#ifndef LIB_EXP_SERIES_SERIES_H
#define LIB_EXP_SERIES_SERIES_H

#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

/** Names of the series of an experiment in `dir`, sorted; "" is the one
 *  without a name. ERR_NOT_FOUND: no such directory. */
int series_list(struct strvec *out, const char *dir, struct strbuf *err);

struct series;

/** All files of that series. columns: NULL: all; else only these (and `at`) are
 *  parsed, which is much faster. ERR_NOT_FOUND: no such series. */
int series_open(struct series **out, const char *dir, const char *name,
		const struct strvec *columns, struct strbuf *err);
/** Of all files, in the order in which they first appear; "at" first. */
const struct strvec *series_columns(const struct series *s);
/** Rows in order of `at` (files are merged; within a file as they stand). The
 *  cells, one a column, are lent until the next call; what a row does not have
 *  is CELL_NONE; lists and maps are texts of JSON. 1: a row; 0: the end;
 *  ERR_CONTENT: a line that is none (file and line; it may be passed over by
 *  going on). A last line without its end is no row yet. */
int series_next(struct series *s, const struct cell **cells,
		struct strbuf *err);
void series_close(struct series *s);	/* NULL is fine */

/** What a column comes to. */
struct series_sum {
	size_t count;		/* numbers; NaN is none */
	double first, last;	/* these may be NaN, if that was written, or
				 * there is no number at all */
	double min, max, sum;	/* NaN without numbers; sum: 0 */
	double min_at, max_at, last_at;	/* `at` of these (of several the first
				 * one's); NaN when unknown */
	bool whole;		/* each number was written as an integer */
	bool seen;		/* there is a number, or a NaN */
};

/** One pass, columns in the order of `columns` (which gets all when it is
 *  empty, without "at"); `out` has room for as many, allocated; the caller
 *  frees it, also after an error. Thread-safe.
 *  ERR_PARTLY: lines, or files, are no rows and left out; `err` names the
 *  first. ERR_NOT_FOUND: no such directory; no such series. */
int series_sums(struct series_sum **out, struct strvec *columns,
		const char *dir, const char *name, struct strbuf *err);

/** As struct run_facts wants it: SERIES -> COLUMN -> {count, last, min, max,
 *  mean}; NULL: there are none. A column has no place in it if it never had a
 *  number; one that only had NaN has `count` 0 and `last`. What cannot be read
 *  is left out, and named in `problems`. Thread-safe. */
struct value *series_facts(const char *dir, struct strvec *problems);

#endif
