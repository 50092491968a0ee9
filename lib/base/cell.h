/*
 * One plain value of a table of runs: what stands where a row and a field
 * meet. It owns nothing: texts and lists are lent by whoever gave the cell.
 */
#ifndef LIB_BASE_CELL_H
#define LIB_BASE_CELL_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

enum cell_type {
	CELL_NONE,	/* the run has no such field */
	CELL_NULL,	/* it has, and it says null */
	CELL_BOOL,
	CELL_INT,
	CELL_FLOAT,
	CELL_TIME,	/* a moment */
	CELL_TEXT,	/* UTF-8 */
	CELL_BYTES,	/* other bytes */
	CELL_LIST	/* packed cells, see cell_list_next() */
};

struct cell {
	enum cell_type type;
	union {
		bool truth;
		int64_t number;
		double real;
		struct moment time;
		struct { const char *data; size_t len; } text;	/* TEXT, BYTES;
						 * not NUL-ended */
		struct { const unsigned char *data; size_t len; } list;
	} u;
};

#define CELL_INIT { .type = CELL_NONE }

/** Whether it is a number (INT or FLOAT); then its value in `out`. */
bool cell_number(const struct cell *cell, double *out);

/**
 * A total order, for sorting and grouping: absent, null, booleans, numbers by
 * value whatever their type (NaN after all others), times, texts and bytes by
 * bytes, lists. Never by locale.
 */
int cell_compare(const struct cell *a, const struct cell *b);
bool cell_equal(const struct cell *a, const struct cell *b);

/** One line for a table of text: numbers as value_format() has them, times in
 *  RFC 3339 with their offset, lists as compact JSON. Not escaped for
 *  terminals. Absent and null add nothing. */
void cell_format(struct strbuf *out, const struct cell *cell);

/** The same as plain data, which the caller frees; absent and null: null. */
struct value *cell_value(const struct cell *cell);

/**
 * Packs it behind what is in `out`, and reads it back from there: `*at` moves
 * behind it. False: what is there is no cell (a damaged row); nothing beyond
 * `end` is ever read. A value (no map) packs as what it says; lists nest up to
 * CELL_MAX_DEPTH, maps inside of lists become their JSON text.
 */
#define CELL_MAX_DEPTH 16
void cell_pack(struct strbuf *out, const struct cell *cell);
void cell_pack_value(struct strbuf *out, const struct value *value);
bool cell_unpack(struct cell *out, const unsigned char **at,
		 const unsigned char *end);

/** The members of a CELL_LIST: `*at` begins as cell->u.list.data. False: that
 *  was all. */
bool cell_list_next(const struct cell *list, const unsigned char **at,
		    struct cell *member);

#endif
