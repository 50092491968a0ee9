/*
 * Shared by the tables of query-views.h.
 */
#ifndef LIB_EXP_RUNS_QUERY_INTERNAL_H
#define LIB_EXP_RUNS_QUERY_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/exp/runs/query-views.h"
#include "lib/exp/runs/runs.h"
#include "lib/wrap/db-view.h"

/* A column of `runs`. */
struct run_column {
	char *path;
	char *name;		/* in SQL; its own when it is the path */
	unsigned id;		/* of the field */
	bool known;		/* some run has it */
	bool wanted;
	bool loaded;
};

/* Where the cells of a run lie; one for each column that was loaded. */
struct run_cell {
	uint32_t worker;	/* 0: none; else its number + 1 */
	size_t at;
};

struct query_views {
	struct runs *runs;
	struct db_query *query;
	uint64_t memory;
	/* `runs` */
	struct run_column *column;
	struct db_column *names;
	size_t nr, alloc;
	struct run_cell **cell;		/* of each column, NULL or one a run */
	struct strbuf *packed;		/* of each worker */
	unsigned workers;
	struct db_view runs_view;
	/* the tables of fields */
	struct field_table *table;
	size_t tables;
	struct field_place *place;	/* of each field */
	size_t places;
};

int query_runs_init(struct query_views *views, const char *sql, size_t len,
		    struct strbuf *err);
void query_runs_release(struct query_views *views);

void query_fields_init(struct query_views *views);
int query_fields_add(struct query_views *views, size_t nr, struct strbuf *err);
void query_fields_release(struct query_views *views);

/** Of the places from `next` to `end`, leaves that of the run of that name, or
 *  none. */
void query_wish_run(const struct runs *runs, const struct cell *name,
		    size_t *next, size_t *end);

struct query_column {
	const char *name, *path, *help;
};
/** Those that `runs` always has; the last has no name. */
extern const struct query_column query_run_columns[];

/** A table of fields. */
struct query_table {
	const char *name;
	const struct query_column *columns;	/* path is not used */
};
extern const struct query_table query_tables[];

#endif
