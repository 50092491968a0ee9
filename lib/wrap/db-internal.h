/*
 * Shared by the files behind db*.h and by nobody else (a third-party type
 * stays in this room).
 */
#ifndef LIB_WRAP_DB_INTERNAL_H
#define LIB_WRAP_DB_INTERNAL_H

#include "lib/base/compat.h"

#include <sqlite3.h>

#include "lib/base/strbuf.h"
#include "lib/wrap/db.h"

struct db {
	sqlite3 *handle;
	char *path;
};

struct db_stmt {
	struct db *db;
	sqlite3_stmt *handle;
};

/** For a build with fault points, see db-faults.c. */
void db_set_faults(void);

/** Functions for whoever asks questions, see db-stats.c; a status of
 *  SQLite's. */
int db_add_statistics(sqlite3 *handle);

/** The code and the sentence for a status of SQLite's. */
int db_fail(struct db *db, int status, struct strbuf *err);

#endif
