/*
 * Series of measurements: files of rows in an experiment.
 * Source: resutilformat-metrics(5).
 */
#ifndef LIB_EXP_SERIES_METRICS_FILE_H
#define LIB_EXP_SERIES_METRICS_FILE_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

#define METRICS_MAX_SERIES 100		/* bytes of a series' name */
#define METRICS_MAX_COLUMN 1024		/* bytes of a column's name */
#define METRICS_MAX_COLUMNS 10000
#define METRICS_MAX_ROW (16u << 20)	/* bytes of a line */

enum metrics_format { METRICS_CSV, METRICS_JSONL };

/** 0, or ERR_USAGE with the reason. "" is the series without a name. */
int metrics_check_series(const char *series, struct strbuf *err);
int metrics_check_column(const char *name, size_t len, struct strbuf *err);

/** Whether that is the name of such a file; `series` points into it, `len`
 *  bytes long (0: none). */
bool metrics_parse_name(const char *file, enum metrics_format *format,
			uint64_t *number, const char **series, size_t *len);

/** Adds the line of a row: `row` is a map of checked columns, `columns` their
 *  order (NULL: its own); without its LF. */
void metrics_add_csv(struct strbuf *out, const struct moment *at,
		     const struct value *row, const struct strvec *columns);
void metrics_add_jsonl(struct strbuf *out, const struct moment *at,
		       const struct value *row);

/** The header for the columns of `row`, or back from one: names without "at".
 *  False: it is none. */
void metrics_add_header(struct strbuf *out, const struct value *row);
bool metrics_parse_header(struct strvec *columns, const char *line,
			  size_t len);

struct metrics;

/**
 * To write rows of one series into the directory of an experiment. Files are
 * chosen when rows come: the first with its columns that nobody else owns, or
 * a new one; they are owned until metrics_close(). Whoever has the writer's
 * lock of the run meanwhile can be sure that no other who has it is in the way.
 * Errors: ERR_USAGE (series), ERR_NOT_FOUND (no such directory).
 */
int metrics_open(struct metrics **out, const char *dir, const char *series,
		 enum metrics_format format, struct strbuf *err);

/**
 * One row, kept until metrics_flush(), or until there is a good deal.
 * Errors: ERR_USAGE (a name of a column, or too many or too much of them: the
 * row is left out); those of metrics_flush().
 */
int metrics_add(struct metrics *m, const struct moment *at,
		const struct value *row, struct strbuf *err);

/**
 * Hands all rows to the kernel, whole lines by one write(2) a file. Rows that
 * cannot be written are dropped, and what is there of them is taken back; how
 * many, metrics_lost() says. Errors: ERR_FAILED, ERR_NOT_FOUND (the directory
 * is gone).
 */
int metrics_flush(struct metrics *m, struct strbuf *err);
uint64_t metrics_lost(const struct metrics *m);

/** Flushes, and lets go of the files. NULL is fine. */
int metrics_close(struct metrics **m, struct strbuf *err);

#endif
