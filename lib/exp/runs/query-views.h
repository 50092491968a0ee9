/*
 * Runs as tables for SQL: `runs`, one row a run, with each field that a query
 * names as a column; `params`, `info`, `results`, `metrics`, `fields`,
 * `dependencies`, one row a field.
 * Source: resutil-query(1), "TABLES".
 */
#ifndef LIB_EXP_RUNS_QUERY_VIEWS_H
#define LIB_EXP_RUNS_QUERY_VIEWS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/runs/runs.h"
#include "lib/wrap/db-view.h"

struct query_views;

/**
 * The tables over `runs`, which live on until query_views_free(), as the query
 * `sql` needs them, added to `q`. memory: bytes that columns may take.
 * ERR_USAGE: it names fields that SQL cannot tell apart.
 */
int query_views_add(struct query_views **out, struct db_query *q,
		    struct runs *runs, const char *sql, size_t len,
		    uint64_t memory, struct strbuf *err);
/** After db_query_free(). NULL is fine. */
void query_views_free(struct query_views *views);

/** What is to be said when a query has no such column: the field that might be
 *  meant; adds nothing when there is none. */
void query_views_hint(struct strbuf *out, const struct runs *runs,
		      const char *column);

/** Each table and its columns, for a list. fn returns non-zero to stop. */
typedef int (*query_column_fn)(const char *table, const char *column,
			       const char *help, void *data);
int query_views_each(query_column_fn fn, void *data);

#endif
