/*
 * SQL over tables that are computed while they are read. Nothing is stored and
 * nothing can be changed: the database is empty, lives in memory, and refuses
 * all but SELECT. The door to SQLite for whoever asks questions; db.h is that
 * for whoever keeps something.
 */
#ifndef LIB_WRAP_DB_VIEW_H
#define LIB_WRAP_DB_VIEW_H

#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/strbuf.h"

/* SQLite has no table with more. */
#define DB_VIEW_MAX_COLUMNS 2000u

struct db_column {
	const char *name;	/* unique without regard to ASCII case */
	bool hidden;		/* `*` does not mean it */
	bool key;		/* `column = value` is handed down */
};

/* That only rows are asked for whose `column` is that value. */
struct db_wish {
	unsigned column;
	struct cell value;
};

/* A table. The functions fail as others do: a code, and a sentence in `err`. */
struct db_view {
	const char *name;
	const struct db_column *columns;
	size_t nr;
	size_t rows;		/* about as many it has */
	void *data;
	/** A query is going to read this column; NULL: it does not matter. */
	void (*want)(void *data, unsigned column);
	/** A cursor before the first row. Rows that were not wished for may
	 *  come all the same. Wishes are lent. */
	int (*open)(void **cursor, void *data, const struct db_wish *wishes,
		    size_t nr, struct strbuf *err);
	/** 1: it stands on a row; 0: that was all. */
	int (*next)(void *cursor, struct strbuf *err);
	/** What stands there, lent until the next next(). */
	void (*get)(struct cell *out, void *cursor, unsigned column);
	/** A number of this row that no other has, the same in each cursor: by
	 *  it SQLite knows which it met already. */
	int64_t (*number)(void *cursor);
	void (*close)(void *cursor);
};

struct db_query;

/** To be called before anything else in this process uses SQLite (db.h, too),
 *  so that it counts the memory that it takes: without that it has no bound. */
void db_query_set_up(void);

/** memory: as many bytes SQLite may have at most, in this process. */
int db_query_new(struct db_query **out, uint64_t memory, struct strbuf *err);
void db_query_free(struct db_query *q);		/* NULL is fine */

/** The view, and what it lends, lives on until db_query_free(). */
int db_query_add(struct db_query *q, const struct db_view *view,
		 struct strbuf *err);

/** Asked now and then, by any thread that works for the query: true ends it. */
void db_query_stop_if(struct db_query *q, bool (*stop)(void *data),
		      void *data);
/** Whether it does: for views that work for long. Thread-safe. */
bool db_query_stopped(struct db_query *q);

/**
 * One statement that reads. ERR_USAGE: it is wrong, or would change something;
 * where SQLite knows the place, the sentence is followed by the line of the
 * statement, and below it by a caret.
 */
int db_query_prepare(struct db_query *q, const char *sql, size_t len,
		     struct strbuf *err);
size_t db_query_columns(const struct db_query *q);
/** Its title, lent. */
const char *db_query_column(const struct db_query *q, size_t nr);

/** 1: a row, in `cells`, lent until the next call; 0: that was all. ERR_NO: it
 *  was stopped. ERR_FAILED, also for want of memory; what a view said. */
int db_query_step(struct db_query *q, struct cell *cells, struct strbuf *err);

/** "3.40.1" */
const char *db_version(void);

#endif
