/*
 * A run as one packed row of fields, and the dictionary of fields that rows
 * share. Rows know fields by number; the dictionary has their paths.
 * Source: resutilformat-index(5), "ROW"; resutil-fields(7).
 */
#ifndef LIB_EXP_RUNS_RUN_ROW_H
#define LIB_EXP_RUNS_RUN_ROW_H

#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/* What is beyond is left out, and the row has the field `fields_left_out`. */
#define RUN_ROW_MAX_FIELDS 20000u
#define RUN_ROW_MAX_BYTES (16u << 20)

/** Paths to numbers and back; numbers begin at 0 and are dense. */
struct field_names;

struct field_names *field_names_new(void);
void field_names_free(struct field_names *names);	/* NULL is fine */
size_t field_names_nr(const struct field_names *names);
/** Lent, NUL-ended, for as long as the names live. */
const char *field_names_path(const struct field_names *names, unsigned id);
/** Its number, given one if it has none. Thread-safe. */
unsigned field_names_add(struct field_names *names, const char *path,
			 size_t len);
/** False: no row ever had it. Thread-safe. */
bool field_names_find(const struct field_names *names, const char *path,
		      unsigned *id);

/** A packed row, lent. */
struct run_row {
	const char *name;		/* of the experiment; a trial's tid */
	const unsigned char *data;
	size_t len;
};

/** What goes into a row besides the record. */
struct run_facts {
	const char *name;
	const char *dir;	/* of a trial, else NULL */
	const char *remote;	/* where it is only known to be; NULL: here */
	/* Series: a map SERIES -> COLUMN -> {count, last, min, max, mean}, or
	 * NULL; the series without a name is "". */
	const struct value *metrics;
	const char *problem;	/* the record cannot be read: why */
};

/**
 * The fields of a normalized record (NULL: it cannot be read), each map
 * flattened by field-path.h, times as moments, and those that are made of it:
 * name, comment, duration, metrics.COLUMN.last (of a series: metrics.SERIES.
 * COLUMN.last), problem ... all of them in resutil-fields(7). Appends to `out`.
 */
void run_row_build(struct strbuf *out, struct field_names *names,
		   const struct value *record, const struct run_facts *facts);

/** False: the row has no such field (or is damaged there). */
bool run_row_get(const struct run_row *row, unsigned id, struct cell *out);

/** Every field, in order of numbers; fn returns non-zero to stop, which is
 *  returned. ERR_CONTENT: the row is damaged. */
typedef int (*run_row_fn)(unsigned id, const struct cell *cell, void *data);
int run_row_each(const struct run_row *row, run_row_fn fn, void *data);

/* What takes the place of a field; CELL_NONE takes it out. */
struct run_patch {
	unsigned id;
	struct cell cell;
};

/** The row with other fields, appended to `out`. patch: each id once.
 *  ERR_CONTENT: the row is damaged; then `out` is as it was. */
int run_row_patch(struct strbuf *out, const struct run_row *row,
		  const struct run_patch *patch, size_t nr);

/**
 * The path of the field that a person means by `text`: it itself where a run
 * has it, else `params.TEXT`, `info.TEXT`, `result.TEXT`, `metrics.TEXT.last`,
 * the first of them that one has. False: no run has any of these (or `text` is
 * no path); then `path` is as it was. Source: resutil-fields(7), "SHORT NAMES".
 */
bool field_resolve(const struct field_names *names, const char *text,
		   struct strbuf *path);

#endif
