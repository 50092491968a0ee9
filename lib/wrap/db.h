/*
 * The door to SQLite: a file of tables that survives kill -9, and is read and
 * written by many processes at once. No type of it leaves this room.
 *
 * A connection is used by one thread at a time; several threads open one each.
 */
#ifndef LIB_WRAP_DB_H
#define LIB_WRAP_DB_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct db;
struct db_stmt;

enum db_flags {
	DB_CREATE = 1 << 0,	/* made when missing, for its owner alone */
	DB_READ_ONLY = 1 << 1,
	DB_MEMORY = 1 << 2	/* path: NULL; of this connection alone */
};

/*
 * Errors of all of these: ERR_CONTENT (the file is damaged, or none of
 * SQLite's), ERR_CONFLICT (another process holds it for longer than is waited),
 * ERR_NOT_FOUND (there is no such file), ERR_USAGE (the SQL is wrong), ERR_NO
 * (interrupted), ERR_FAILED.
 */

/** wait_ms: how long others are waited for. A file that SQLite would have to
 *  repair first is repaired. */
int db_open(struct db **out, const char *path, unsigned flags,
	    unsigned wait_ms, struct strbuf *err);
void db_close(struct db *db);			/* NULL is fine */

/** One or more statements whose rows nobody wants. */
int db_exec(struct db *db, const char *sql, struct strbuf *err);

/** One statement. */
int db_prepare(struct db_stmt **out, struct db *db, const char *sql,
	       struct strbuf *err);
void db_finish(struct db_stmt *stmt);		/* NULL is fine */

/** For its parameter `nr`, from 1. Data is lent until db_reset(). */
void db_bind_int(struct db_stmt *stmt, int nr, int64_t number);
void db_bind_text(struct db_stmt *stmt, int nr, const char *text, size_t len);
void db_bind_blob(struct db_stmt *stmt, int nr, const void *data, size_t len);

/** 1: there is a row; 0: that was all. */
int db_step(struct db_stmt *stmt, struct strbuf *err);
/** To be run again, with nothing bound. */
void db_reset(struct db_stmt *stmt);
/** db_step() for what has no rows, and db_reset(). */
int db_run(struct db_stmt *stmt, struct strbuf *err);

/** Of the row, column from 0. Lent until the next step. */
int64_t db_column_int(struct db_stmt *stmt, int column);
const void *db_column_blob(struct db_stmt *stmt, int column, size_t *len);
const char *db_column_text(struct db_stmt *stmt, int column, size_t *len);

/** From any thread: what runs on it ends with ERR_NO. */
void db_interrupt(struct db *db);

#endif
