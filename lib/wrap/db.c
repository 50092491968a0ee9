#include "lib/base/compat.h"
#include "lib/wrap/db.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/db-internal.h"

#include <pthread.h>

/*
 * Before its first use: it need not count its memory, which takes a lock that
 * all threads share; and its messages are ours to print.
 */
static void set_up(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_LOG, NULL, NULL);
	sqlite3_initialize();
	db_set_faults();
}

static int code_of(int status)
{
	switch (status & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return ERR_CONTENT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return ERR_CONFLICT;
	case SQLITE_INTERRUPT:
		return ERR_NO;
	case SQLITE_ERROR:
	case SQLITE_AUTH:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
		return ERR_USAGE;
	}
	return ERR_FAILED;
}

int db_fail(struct db *db, int status, struct strbuf *err)
{
	const char *text = db->handle && sqlite3_errcode(db->handle) != 0 ?
			   sqlite3_errmsg(db->handle) : sqlite3_errstr(status);

	if ((status & 0xff) == SQLITE_NOMEM)
		alloc_failed(0);
	if (!db->path)
		return fail(err, code_of(status), "%s", text);
	return fail(err, code_of(status), "'%s': %s", db->path, text);
}

static int flags_of(unsigned flags)
{
	int out = SQLITE_OPEN_NOMUTEX;

	if (flags & DB_MEMORY)
		out |= SQLITE_OPEN_MEMORY;
	if (flags & DB_READ_ONLY)
		return out | SQLITE_OPEN_READONLY;
	out |= SQLITE_OPEN_READWRITE;
	return flags & (DB_CREATE | DB_MEMORY) ? out | SQLITE_OPEN_CREATE : out;
}

int db_open(struct db **out, const char *path, unsigned flags,
	    unsigned wait_ms, struct strbuf *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct db *db = xcalloc(1, sizeof(*db));
	int status, ret = 0;

	pthread_once(&once, set_up);
	if (path)
		db->path = xstrdup(path);
	status = sqlite3_open_v2(path ? path : ":memory:", &db->handle,
				 flags_of(flags), NULL);
	if (status == SQLITE_CANTOPEN && path && access(path, F_OK))
		ret = fail_errno(err, "cannot open '%s'", path);
	else if (status)
		ret = db_fail(db, status, err);
	if (ret) {
		db_close(db);
		return ret;
	}
	sqlite3_busy_timeout(db->handle, (int)MINIMUM(wait_ms, 3600000u));
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	*out = db;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	sqlite3_close(db->handle);
	free(db->path);
	free(db);
}

int db_exec(struct db *db, const char *sql, struct strbuf *err)
{
	int status = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return status ? db_fail(db, status, err) : 0;
}

int db_prepare(struct db_stmt **out, struct db *db, const char *sql,
	       struct strbuf *err)
{
	struct db_stmt *stmt = xcalloc(1, sizeof(*stmt));
	int status = sqlite3_prepare_v2(db->handle, sql, -1, &stmt->handle,
					NULL);

	stmt->db = db;
	if (status) {
		db_finish(stmt);
		return db_fail(db, status, err);
	}
	*out = stmt;
	return 0;
}

void db_finish(struct db_stmt *stmt)
{
	if (!stmt)
		return;
	sqlite3_finalize(stmt->handle);
	free(stmt);
}

void db_bind_int(struct db_stmt *stmt, int nr, int64_t number)
{
	if (sqlite3_bind_int64(stmt->handle, nr, number))
		BUG("no parameter %d", nr);
}

/* SQLITE_STATIC is a null pointer: the data outlives the statement's run. */
void db_bind_text(struct db_stmt *stmt, int nr, const char *text, size_t len)
{
	if (sqlite3_bind_text64(stmt->handle, nr, text, len, SQLITE_STATIC,
				SQLITE_UTF8))
		BUG("no parameter %d", nr);
}

void db_bind_blob(struct db_stmt *stmt, int nr, const void *data, size_t len)
{
	if (sqlite3_bind_blob64(stmt->handle, nr, data ? data : "", len,
				SQLITE_STATIC))
		BUG("no parameter %d", nr);
}

int db_step(struct db_stmt *stmt, struct strbuf *err)
{
	int status = sqlite3_step(stmt->handle);

	if (status == SQLITE_ROW)
		return 1;
	return status == SQLITE_DONE ? 0 : db_fail(stmt->db, status, err);
}

void db_reset(struct db_stmt *stmt)
{
	sqlite3_reset(stmt->handle);
	sqlite3_clear_bindings(stmt->handle);
}

int db_run(struct db_stmt *stmt, struct strbuf *err)
{
	int ret = db_step(stmt, err);

	db_reset(stmt);
	return ret < 0 ? ret : 0;
}

int64_t db_column_int(struct db_stmt *stmt, int column)
{
	return sqlite3_column_int64(stmt->handle, column);
}

const void *db_column_blob(struct db_stmt *stmt, int column, size_t *len)
{
	const void *data = sqlite3_column_blob(stmt->handle, column);

	*len = (size_t)sqlite3_column_bytes(stmt->handle, column);
	return data ? data : "";
}

const char *db_column_text(struct db_stmt *stmt, int column, size_t *len)
{
	const unsigned char *text = sqlite3_column_text(stmt->handle, column);

	*len = (size_t)sqlite3_column_bytes(stmt->handle, column);
	return text ? (const char *)text : "";
}

void db_interrupt(struct db *db)
{
	sqlite3_interrupt(db->handle);
}
