/*
 * Fewer rows out of many: of each so many rows, or seconds, the last one, or
 * what its columns come to.
 * Source: resutil-metrics(1), "FEWER ROWS".
 */
#ifndef LIB_EXP_SERIES_SERIES_THIN_H
#define LIB_EXP_SERIES_SERIES_THIN_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/series/series.h"

enum series_function {
	SERIES_COUNT, SERIES_FIRST, SERIES_LAST, SERIES_MIN, SERIES_MAX,
	SERIES_MEAN, SERIES_SUM, SERIES_STD, SERIES_MEDIAN,
	SERIES_FUNCTIONS
};

struct series_functions {
	enum series_function list[SERIES_FUNCTIONS];
	size_t nr;
	bool exact;	/* std or median: all numbers have to be seen */
};

extern const char *const series_function_names[];
/** "min,max"; ERR_USAGE names those there are. */
int series_functions_parse(struct series_functions *out, const char *text,
			   struct strbuf *err);

/** All numbers of a column. */
struct series_numbers {
	double *number;
	size_t nr, alloc;
	struct series_sum sum;
};

void series_numbers_clear(struct series_numbers *n);
void series_numbers_release(struct series_numbers *n);
void series_numbers_add(struct series_numbers *n, const struct cell *cell);
/** CELL_NULL where there is none. Sorts the numbers. */
void series_numbers_get(struct cell *out, struct series_numbers *n,
			enum series_function function);
/** The same of a sum alone, which has no std and no median. */
void series_sum_get(struct cell *out, const struct series_sum *sum,
		    enum series_function function);

struct series_thin {
	uint64_t rows;		/* of each so many; 0: see seconds */
	double seconds;		/* 0: every row */
	struct series_functions functions;	/* nr 0: the last row */
};

struct thin;

/** series: given away, closed by thin_close(). */
void thin_open(struct thin **out, struct series *series,
	       const struct series_thin *how);
/** "at" first; "COLUMN.FUNCTION" where there are functions. */
const struct strvec *thin_columns(const struct thin *t);
/** As series_next(). */
int thin_next(struct thin *t, const struct cell **cells, struct strbuf *err);
void thin_close(struct thin *t);	/* NULL is fine */

#endif
