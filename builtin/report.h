/*
 * The parts of `report`: what is collected of the runs, which columns there
 * are, and groups of runs.
 */
#ifndef BUILTIN_REPORT_H
#define BUILTIN_REPORT_H

#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/exp/runs/runs.h"
#include "lib/exp/sheet/sheet.h"
#include "lib/exp/runs/where.h"

/* ---- order (report-sort.c) ---- */

struct sort_key {
	char *field;	/* as it was written, without the sign */
	size_t column;	/* a slot, or a column: of what is sorted */
	bool descending;
};

struct sort_keys {
	struct sort_key *key;
	size_t nr, alloc;
};

#define SORT_KEYS_INIT { NULL, 0, 0 }

/** Each word is a list `FIELD,-FIELD`. ERR_USAGE. */
int sort_keys_parse(struct sort_keys *keys, const struct strvec *words,
		    struct strbuf *err);
void sort_keys_release(struct sort_keys *keys);
/** Two rows of cells by the keys: below, equal to or above 0. What is absent,
 *  null or NaN comes last in both directions. */
int sort_compare(const struct sort_keys *keys, const struct cell *a,
		 const struct cell *b);
/** The places of `nr` rows of `width` cells each, sorted by the keys. Stable.
 *  The caller frees. */
size_t *sort_rows(const struct sort_keys *keys, const struct cell *cells,
		  size_t nr, size_t width);

/* ---- what is collected (report-rows.c) ---- */

/* Fields that are kept of each run; each has a slot. */
struct wanted {
	unsigned *id;
	size_t nr, alloc;
	size_t *slot;	/* by id, plus 1; 0: it is not wanted */
	size_t ids;
};

#define WANTED_INIT { NULL, 0, 0, NULL, 0 }

/** The slot of a field, which it gets if it has none. */
size_t wanted_add(struct wanted *wanted, unsigned id);
/** A slot of a field that no run has. */
size_t wanted_add_absent(struct wanted *wanted);
void wanted_release(struct wanted *wanted);

struct report_row {
	size_t place;		/* of the run among the runs */
	unsigned char *data;	/* cells that are wanted and there, packed */
	size_t len;
};

struct report_rows {
	struct report_row *row;
	size_t nr;
};

#define REPORT_ROWS_INIT { NULL, 0 }

/* Which rows are of interest, where not all are. */
struct report_few {
	const struct sort_keys *keys;	/* of slots */
	size_t nr;			/* that many of them: at least ... */
	bool last;			/* ... the last by these keys */
};

/** The runs for which `where` (NULL: all) holds, by place, in their order, with
 *  the cells of `wanted`. few: those that are among its first (or last) `nr` by
 *  its keys are there, others may be missing; NULL: all. */
int report_rows_collect(struct report_rows *out, struct runs *runs,
			const struct wanted *wanted, const struct where *where,
			const struct report_few *few, struct strbuf *err);
void report_rows_release(struct report_rows *rows);
/** All cells of a row, by slot; lent. `cells` has room for wanted->nr. */
void report_row_cells(const struct report_row *row, struct cell *cells,
		      size_t nr);

/* ---- the first few of many (report-few.c) ---- */

struct few_rows;

/** Nothing in it yet. few: of rows with that many slots; lent. */
struct few_rows *few_rows_new(const struct report_few *few, size_t slots);
/** Whether a run at that place, with these cells, one for each key, is one of
 *  them as far as is known. */
bool few_rows_want(const struct few_rows *rows, const struct cell *cells,
		   size_t place);
/** Takes one that it wants, and frees one that it wants no more. */
void few_rows_add(struct few_rows *rows, const struct report_row *row);
size_t few_rows_nr(const struct few_rows *rows);
/** Moves them to `out`, in no order, and frees itself. */
void few_rows_take(struct few_rows *rows, struct report_row *out);

/* ---- lists of fields (report-columns.c) ---- */

/* What a list of fields said: paths and patterns in order. */
struct field_list {
	struct strvec item;	/* with `!` before what is taken out again */
	bool adds;		/* it began with `+`: to the default */
};

#define FIELD_LIST_INIT { STRVEC_INIT, false }

/** Adds the items of `A,B.*,!C`; commas in quotes are text. ERR_USAGE. */
int field_list_parse(struct field_list *list, const char *text,
		     struct strbuf *err);
void field_list_release(struct field_list *list);

struct report_column {
	const char *path;	/* lent by the columns, also when taken out */
	bool known;		/* some run has had it */
	bool named;		/* by itself, not by a pattern */
	bool varying;		/* shown only if runs differ in it */
	unsigned id;
	size_t slot;
};

struct report_columns {
	struct report_column *column;
	size_t nr, alloc;
	struct strmap have;	/* by path */
	struct strvec paths;	/* of all that were ever there */
};

#define REPORT_COLUMNS_INIT { NULL, 0, 0, STRMAP_INIT, STRVEC_INIT }

void report_columns_release(struct report_columns *columns);
/** Takes those out that `keep` says no to. */
void report_columns_filter(struct report_columns *columns,
			   bool (*keep)(const struct report_column *column,
					void *data), void *data);
/** The columns that a list means; what means none is named in `missing`. */
void report_columns_resolve(struct report_columns *out,
			    const struct field_list *list,
			    const struct field_names *names,
			    struct strvec *missing);
/** Those of a report for which none were asked. people: parameters only where
 *  runs differ in them, and no comment, which stands in the name. */
void report_columns_default(struct report_columns *out,
			    const struct field_names *names, bool people);
bool report_columns_have(const struct report_columns *columns,
			 const char *path);
/** What its numbers are counted in; NULL: unknown. */
const char *report_unit(const char *path);
/** Whether nothing but numbers can stand there. */
bool report_is_number(const char *path);

/* ---- groups (report-groups.c) ---- */

struct report_stats;

/** "mean,std,p95,ci95". ERR_USAGE. */
int report_stats_parse(struct report_stats **out, const char *text,
		       struct strbuf *err);
void report_stats_free(struct report_stats *stats);
/** The name of the first of them; lent. */
const char *report_stats_first(const struct report_stats *stats);

/* A table of cells that it owns: what is printed of groups. */
struct report_table {
	struct strvec title;
	size_t keys;		/* so many columns say which group it is */
	const char **unit;
	bool *number;		/* nothing but numbers can stand there */
	struct cell *cell;	/* nr * title.nr */
	size_t nr;
};

/**
 * One row a group: the fields that make it, `count`, and for each column its
 * statistics, where any run has a number in it; a column that was named and has
 * other values shows what all of the group have in common. Cells of texts are
 * lent by the rows.
 */
void report_groups(struct report_table *out, const struct report_rows *rows,
		   size_t slots, const struct report_columns *by,
		   const struct report_columns *columns,
		   const struct report_stats *stats);
void report_table_release(struct report_table *table);

#endif
