#include "lib/base/compat.h"
#include "lib/wrap/db-view.h"

#include <sqlite3.h>

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/utf8.h"
#include "lib/wrap/db-internal.h"
#include "lib/wrap/json.h"

/* Instructions of SQLite between two questions whether to stop: less than a
 * millisecond. */
#define STEPS_BETWEEN 2000

#define MAX_SQL_BYTES (1 << 20)
#define MAX_VALUE_BYTES (64 << 20)
#define MAX_SHOWN_WIDTH 72u

struct module {
	struct db_query *query;
	const struct db_view *view;
};

struct db_query {
	sqlite3 *db;
	sqlite3_stmt *statement;
	uint64_t memory;
	struct module **module;
	size_t nr, alloc;
	bool (*stop)(void *data);
	void *stop_data;
	bool stopped;
	bool opened;		/* the tables are made: now all is refused */
	const char *refused;	/* what the authorizer did not allow */
	int code;		/* of a view that failed */
	struct strbuf sentence;
};

/* ---- tables ------------------------------------------------------------- */

struct view_table {
	sqlite3_vtab base;	/* first */
	struct module *module;
};

struct view_cursor {
	sqlite3_vtab_cursor base;	/* first */
	void *cursor;
	bool at_row;
};

static int view_connect(sqlite3 *db, void *data, int argc UNUSED,
			const char *const *argv UNUSED, sqlite3_vtab **out,
			char **message)
{
	struct module *module = data;
	const struct db_view *view = module->view;
	struct strbuf sql = STRBUF_INIT;
	struct view_table *table;
	size_t i;
	int ret;

	strbuf_addstr(&sql, "CREATE TABLE x(");
	for (i = 0; i < view->nr; i++) {
		strbuf_addstr(&sql, i ? ", " : "");
		quote_double(&sql, view->columns[i].name,
			     strlen(view->columns[i].name));
		if (view->columns[i].hidden)
			strbuf_addstr(&sql, " HIDDEN");
	}
	strbuf_addch(&sql, ')');
	ret = sqlite3_declare_vtab(db, sql.buf);
	strbuf_release(&sql);
	if (ret) {
		*message = sqlite3_mprintf("%s", sqlite3_errmsg(db));
		return ret;
	}
	table = xcalloc(1, sizeof(*table));
	table->module = module;
	*out = &table->base;
	return SQLITE_OK;
}

static int view_disconnect(sqlite3_vtab *base)
{
	free(base);
	return SQLITE_OK;
}

/* Only what compares by bytes: `=` with another collation also means texts
 * that the view would not find. */
static bool is_wish(const struct db_view *view, sqlite3_index_info *info,
		    int i)
{
	const struct sqlite3_index_constraint *c = &info->aConstraint[i];

	return c->usable && c->op == SQLITE_INDEX_CONSTRAINT_EQ &&
	       c->iColumn >= 0 && (size_t)c->iColumn < view->nr &&
	       view->columns[c->iColumn].key &&
	       !strcmp(sqlite3_vtab_collation(info, i), "BINARY");
}

/* The columns of the wishes, as text, are all that is handed on. */
static int view_best(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct db_view *view = ((struct view_table *)base)->module->view;
	struct strbuf plan = STRBUF_INIT;
	double cost = (double)view->rows + 10;
	int i, nr = 0;

	for (i = 0; i < info->nConstraint; i++) {
		if (!is_wish(view, info, i))
			continue;
		info->aConstraintUsage[i].argvIndex = ++nr;
		strbuf_addf(&plan, "%d ", info->aConstraint[i].iColumn);
		cost /= 50;
	}
	info->idxNum = nr;
	info->idxStr = sqlite3_mprintf("%s", plan.buf);
	info->needToFreeIdxStr = 1;
	info->estimatedCost = cost < 1 ? 1 : cost;
	info->estimatedRows = cost < 1 ? 1 : (sqlite3_int64)cost;
	strbuf_release(&plan);
	return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

static int view_open(sqlite3_vtab *base UNUSED, sqlite3_vtab_cursor **out)
{
	struct view_cursor *cursor = xcalloc(1, sizeof(*cursor));

	*out = &cursor->base;
	return SQLITE_OK;
}

static const struct db_view *view_of(const struct view_cursor *cursor)
{
	return ((struct view_table *)cursor->base.pVtab)->module->view;
}

static void close_rows(struct view_cursor *cursor)
{
	if (cursor->cursor)
		view_of(cursor)->close(cursor->cursor);
	cursor->cursor = NULL;
}

static int view_close(sqlite3_vtab_cursor *base)
{
	close_rows((struct view_cursor *)base);
	free(base);
	return SQLITE_OK;
}

/* The code and the sentence are kept for who called db_query_step(). */
static int view_fails(struct view_cursor *cursor, int code)
{
	struct view_table *table = (struct view_table *)cursor->base.pVtab;
	struct db_query *q = table->module->query;

	cursor->at_row = false;
	if (q->stopped)
		return SQLITE_INTERRUPT;
	q->code = code;
	return SQLITE_ERROR;
}

static void cell_of_value(struct cell *out, sqlite3_value *value)
{
	switch (sqlite3_value_type(value)) {
	case SQLITE_INTEGER:
		out->type = CELL_INT;
		out->u.number = sqlite3_value_int64(value);
		break;
	case SQLITE_FLOAT:
		out->type = CELL_FLOAT;
		out->u.real = sqlite3_value_double(value);
		break;
	case SQLITE_TEXT:
		out->type = CELL_TEXT;
		out->u.text.data = (const char *)sqlite3_value_text(value);
		out->u.text.len = (size_t)sqlite3_value_bytes(value);
		break;
	case SQLITE_BLOB:
		out->type = CELL_BYTES;
		out->u.text.data = sqlite3_value_blob(value);
		out->u.text.len = (size_t)sqlite3_value_bytes(value);
		break;
	default:
		out->type = CELL_NULL;
	}
	/* No bytes have no address there. */
	if ((out->type == CELL_TEXT || out->type == CELL_BYTES) &&
	    !out->u.text.data) {
		out->u.text.data = "";
		out->u.text.len = 0;
	}
}

static int view_next(sqlite3_vtab_cursor *base)
{
	struct view_cursor *cursor = (struct view_cursor *)base;
	struct view_table *table = (struct view_table *)base->pVtab;
	int ret = view_of(cursor)->next(cursor->cursor,
					&table->module->query->sentence);

	if (ret < 0)
		return view_fails(cursor, ret);
	cursor->at_row = ret > 0;
	return SQLITE_OK;
}

static int view_filter(sqlite3_vtab_cursor *base, int nr, const char *plan,
		       int argc, sqlite3_value **argv)
{
	struct view_cursor *cursor = (struct view_cursor *)base;
	struct view_table *table = (struct view_table *)base->pVtab;
	const struct db_view *view = view_of(cursor);
	struct db_wish *wishes = xcalloc((size_t)argc, sizeof(*wishes));
	char *at = (char *)plan;
	int i, ret;

	close_rows(cursor);
	for (i = 0; i < argc && i < nr; i++) {
		wishes[i].column = (unsigned)strtoul(at, &at, 10);
		cell_of_value(&wishes[i].value, argv[i]);
	}
	ret = view->open(&cursor->cursor, view->data, wishes, (size_t)i,
			 &table->module->query->sentence);
	free(wishes);
	if (ret)
		return view_fails(cursor, ret);
	return view_next(base);
}

static int view_eof(sqlite3_vtab_cursor *base)
{
	return !((struct view_cursor *)base)->at_row;
}

static void give_text(sqlite3_context *context, const struct strbuf *text)
{
	sqlite3_result_text64(context, text->buf, text->len, SQLITE_TRANSIENT,
			      SQLITE_UTF8);
}

/* UTC, always with microseconds: texts then sort as times do, and SQLite's
 * functions of time read them. */
static void give_time(sqlite3_context *context, struct moment time)
{
	struct strbuf text = STRBUF_INIT;

	time.offset = 0;
	moment_format(&text, &time);
	if (text.len > 6 && !strcmp(text.buf + text.len - 6, "+00:00")) {
		strbuf_setlen(&text, text.len - 6);
		strbuf_addch(&text, 'Z');
	}
	give_text(context, &text);
	strbuf_release(&text);
}

/* As JSON, which json_each() takes apart. */
static void give_list(sqlite3_context *context, const struct cell *cell)
{
	struct value *value = cell_value(cell);
	struct strbuf text = STRBUF_INIT;

	json_write(&text, value);
	give_text(context, &text);
	sqlite3_result_subtype(context, 'J');
	strbuf_release(&text);
	value_free(value);
}

static int view_column(sqlite3_vtab_cursor *base, sqlite3_context *context,
		       int column)
{
	struct view_cursor *cursor = (struct view_cursor *)base;
	struct cell cell = CELL_INIT;

	view_of(cursor)->get(&cell, cursor->cursor, (unsigned)column);
	switch (cell.type) {
	case CELL_NONE:
	case CELL_NULL:
		sqlite3_result_null(context);
		break;
	case CELL_BOOL:
		sqlite3_result_int(context, cell.u.truth);
		break;
	case CELL_INT:
		sqlite3_result_int64(context, cell.u.number);
		break;
	case CELL_FLOAT:
		sqlite3_result_double(context, cell.u.real);
		break;
	case CELL_TIME:
		give_time(context, cell.u.time);
		break;
	case CELL_TEXT:
		sqlite3_result_text64(context, cell.u.text.data,
				      cell.u.text.len, SQLITE_TRANSIENT,
				      SQLITE_UTF8);
		break;
	case CELL_BYTES:
		sqlite3_result_blob64(context, cell.u.text.data,
				      cell.u.text.len, SQLITE_TRANSIENT);
		break;
	case CELL_LIST:
		give_list(context, &cell);
		break;
	}
	return SQLITE_OK;
}

static int view_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	struct view_cursor *cursor = (struct view_cursor *)base;

	*out = view_of(cursor)->number(cursor->cursor);
	return SQLITE_OK;
}

/* There so that it is the authorizer who says no, and why. */
static int view_update(sqlite3_vtab *base UNUSED, int argc UNUSED,
		       sqlite3_value **argv UNUSED, sqlite3_int64 *row UNUSED)
{
	return SQLITE_READONLY;
}

static const sqlite3_module view_module = {
	.iVersion = 1,
	.xCreate = view_connect,
	.xConnect = view_connect,
	.xBestIndex = view_best,
	.xDisconnect = view_disconnect,
	.xDestroy = view_disconnect,
	.xOpen = view_open,
	.xClose = view_close,
	.xFilter = view_filter,
	.xNext = view_next,
	.xEof = view_eof,
	.xColumn = view_column,
	.xRowid = view_rowid,
	.xUpdate = view_update,
};

/* ---- what is allowed ----------------------------------------------------- */

static void note_read(struct db_query *q, const char *table,
		      const char *column)
{
	size_t i, j;

	for (i = 0; table && column && i < q->nr; i++) {
		const struct db_view *view = q->module[i]->view;

		if (!view->want || strcasecmp(view->name, table))
			continue;
		for (j = 0; j < view->nr; j++)
			if (!strcasecmp(view->columns[j].name, column))
				view->want(view->data, (unsigned)j);
	}
}

static bool is_harmless_function(const char *name)
{
	return name && strcasecmp(name, "load_extension");
}

static bool is_harmless_pragma(const char *name, const char *argument)
{
	static const char *const known[] = {
		"table_info", "table_xinfo", "table_list", "function_list",
		"compile_options",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcasecmp(name, known[i]))
			return argument || i >= 2;
	return false;
}

/* What a statement is going to do, asked of each part of it. */
static int authorize(void *data, int action, const char *one, const char *two,
		     const char *database UNUSED, const char *by UNUSED)
{
	struct db_query *q = data;

	if (!q->opened)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_READ:
		note_read(q, one, two);
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		if (is_harmless_function(two))
			return SQLITE_OK;
		q->refused = "load extensions";
		break;
	case SQLITE_PRAGMA:
		if (is_harmless_pragma(one, two))
			return SQLITE_OK;
		q->refused = "set what SQLite does by a PRAGMA";
		break;
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
		q->refused = "attach other databases";
		break;
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
		q->refused = "begin or end transactions";
		break;
	default:
		q->refused = "make or change anything";
	}
	return SQLITE_DENY;
}

/* Threads of a view may ask, too. */
static int is_to_stop(void *data)
{
	struct db_query *q = data;

	if (!__atomic_load_n(&q->stopped, __ATOMIC_RELAXED) && q->stop &&
	    q->stop(q->stop_data))
		__atomic_store_n(&q->stopped, true, __ATOMIC_RELAXED);
	return __atomic_load_n(&q->stopped, __ATOMIC_RELAXED);
}

bool db_query_stopped(struct db_query *q)
{
	return is_to_stop(q);
}

void db_query_stop_if(struct db_query *q, bool (*stop)(void *data), void *data)
{
	q->stop = stop;
	q->stop_data = data;
}

/* ---- queries ------------------------------------------------------------- */

/* No names in "..." that are taken for texts when there is no such column: a
 * misspelt one would be compared with nothing. */
static int set_up(sqlite3 *db)
{
	static const struct { int limit, value; } limits[] = {
		{ SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES },
		{ SQLITE_LIMIT_SQL_LENGTH, MAX_SQL_BYTES },
		{ SQLITE_LIMIT_ATTACHED, 0 },
		{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 },
	};
	static const struct { int option, value; } options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	};
	size_t i;
	int ret = SQLITE_OK;

	for (i = 0; i < ARRAY_SIZE(limits); i++)
		sqlite3_limit(db, limits[i].limit, limits[i].value);
	for (i = 0; !ret && i < ARRAY_SIZE(options); i++)
		ret = sqlite3_db_config(db, options[i].option,
					options[i].value, NULL);
	/* What is sorted stays in memory, so that its bound holds. */
	if (!ret)
		ret = sqlite3_exec(db, "PRAGMA temp_store = 2", NULL, NULL,
				   NULL);
	return ret;
}

/* Tables of SQLite's own that are made when they are first named: made now,
 * since to make one is refused later. One that this SQLite lacks is none. */
static void make_own_tables(sqlite3 *db)
{
	static const char *const names[] = {
		"json_each", "json_tree", "pragma_table_info",
		"pragma_table_xinfo", "pragma_table_list",
		"pragma_function_list",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		char *sql = xstrfmt("SELECT 1 FROM %s", names[i]);
		sqlite3_stmt *statement = NULL;

		sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
		sqlite3_finalize(statement);
		free(sql);
	}
}

void db_query_set_up(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 1);
	sqlite3_config(SQLITE_CONFIG_LOG, NULL, NULL);
	sqlite3_initialize();
}

int db_query_new(struct db_query **out, uint64_t memory, struct strbuf *err)
{
	struct db_query *q = xcalloc(1, sizeof(*q));
	int ret;

	strbuf_init(&q->sentence);
	q->memory = memory;
	sqlite3_hard_heap_limit64((sqlite3_int64)memory);
	ret = sqlite3_open_v2(":memory:", &q->db, SQLITE_OPEN_READWRITE |
			      SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
			      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
			      NULL);
	if (!ret)
		ret = set_up(q->db);
	if (!ret)
		ret = db_add_statistics(q->db);
	if (ret) {
		fail(err, ERR_FAILED, "SQLite cannot begin: %s",
		     sqlite3_errstr(ret));
		db_query_free(q);
		return ERR_FAILED;
	}
	make_own_tables(q->db);
	sqlite3_set_authorizer(q->db, authorize, q);
	sqlite3_progress_handler(q->db, STEPS_BETWEEN, is_to_stop, q);
	*out = q;
	return 0;
}

void db_query_free(struct db_query *q)
{
	size_t i;

	if (!q)
		return;
	sqlite3_finalize(q->statement);
	sqlite3_close(q->db);
	sqlite3_hard_heap_limit64(0);
	for (i = 0; i < q->nr; i++)
		free(q->module[i]);
	free(q->module);
	strbuf_release(&q->sentence);
	free(q);
}

int db_query_add(struct db_query *q, const struct db_view *view,
		 struct strbuf *err)
{
	struct module *module = xcalloc(1, sizeof(*module));
	struct strbuf sql = STRBUF_INIT;
	int ret;

	module->query = q;
	module->view = view;
	ARRAY_GROW(q->module, q->nr + 1, q->alloc);
	q->module[q->nr++] = module;
	strbuf_addstr(&sql, "CREATE VIRTUAL TABLE ");
	quote_double(&sql, view->name, strlen(view->name));
	strbuf_addstr(&sql, " USING ");
	quote_double(&sql, view->name, strlen(view->name));
	q->opened = false;
	ret = sqlite3_create_module_v2(q->db, view->name, &view_module, module,
				       NULL);
	if (!ret)
		ret = sqlite3_exec(q->db, sql.buf, NULL, NULL, NULL);
	q->opened = true;
	if (ret)
		ret = fail(err, ERR_FAILED, "cannot make the table '%s': %s",
			   view->name, sqlite3_errmsg(q->db));
	strbuf_release(&sql);
	return ret;
}

/* The line of the statement that holds the place, or as much of it as a
 * terminal shows, and the caret. */
static void add_caret(struct strbuf *err, const char *sql, size_t len,
		      size_t at)
{
	struct strbuf line = STRBUF_INIT;
	size_t from = at, to = at, i;

	while (from && sql[from - 1] != '\n')
		from--;
	while (to < len && sql[to] != '\n')
		to++;
	strbuf_add(&line, sql + from, to - from);
	at -= from;
	for (i = 0; i < line.len; i++)		/* TAB has a width of its own */
		if (iscntrl((unsigned char)line.buf[i]))
			line.buf[i] = ' ';
	while (at && utf8_width(line.buf, at) > MAX_SHOWN_WIDTH / 2) {
		const char *next = line.buf;
		size_t rest = at, first;

		utf8_next(&next, &rest);
		first = (size_t)(next - line.buf);
		strbuf_splice(&line, 0, first, "", 0);
		at -= first;
	}
	while (line.len > at && (utf8_width(line.buf, line.len) >
				 MAX_SHOWN_WIDTH ||
				 !utf8_is_valid(line.buf, line.len)))
		strbuf_setlen(&line, line.len - 1);
	strbuf_addf(err, "\n  %s\n  %*s^", line.buf,
		    (int)utf8_width(line.buf, at), "");
	strbuf_release(&line);
}

static int refuse(struct db_query *q, const char *sql, size_t len,
		  struct strbuf *err)
{
	int at = -1;

	if (q->refused)
		return fail(err, ERR_USAGE, "a query reads; it may not %s",
			    q->refused);
#if SQLITE_VERSION_NUMBER >= 3038000
	at = sqlite3_error_offset(q->db);
#endif
	fail(err, ERR_USAGE, "SQL: %s", sqlite3_errmsg(q->db));
	if (err && at >= 0 && (size_t)at <= len)
		add_caret(err, sql, len, (size_t)at);
	return ERR_USAGE;
}

/* Blanks, ends of statements and comments. */
static bool is_nothing(sqlite3 *db, const char *sql, size_t len)
{
	sqlite3_stmt *statement = NULL;
	const char *end = sql;
	bool nothing = true;

	while (nothing && len && !sqlite3_prepare_v2(db, sql, (int)len,
						     &statement, &end)) {
		nothing = !statement;
		sqlite3_finalize(statement);
		if (end == sql)
			return nothing;
		len -= (size_t)(end - sql);
		sql = end;
	}
	return nothing && !len;
}

int db_query_prepare(struct db_query *q, const char *sql, size_t len,
		     struct strbuf *err)
{
	const char *end = sql;
	int ret;

	if (len > MAX_SQL_BYTES)
		return fail(err, ERR_USAGE, "a query has at most %d bytes",
			    MAX_SQL_BYTES);
	if (memchr(sql, '\0', len) || !utf8_is_valid(sql, len))
		return fail(err, ERR_USAGE, "a query is text in UTF-8");
	q->refused = NULL;
	ret = sqlite3_prepare_v2(q->db, sql, (int)len, &q->statement, &end);
	if (ret)
		return refuse(q, sql, len, err);
	if (!q->statement)
		return fail(err, ERR_USAGE, "there is no query in it");
	if (!is_nothing(q->db, end, len - (size_t)(end - sql)))
		return fail(err, ERR_USAGE, "there is more than one query; "
			    "ask one at a time");
	/* What gives no rows was no question. */
	if (!sqlite3_stmt_readonly(q->statement) ||
	    !sqlite3_column_count(q->statement))
		return fail(err, ERR_USAGE, "a query reads; it may not make "
			    "or change anything");
	if (sqlite3_bind_parameter_count(q->statement))
		return fail(err, ERR_USAGE, "nothing is given for the '%s' in "
			    "the query; write the value itself",
			    sqlite3_bind_parameter_name(q->statement, 1) ?
			    sqlite3_bind_parameter_name(q->statement, 1) :
			    "?");
	return 0;
}

size_t db_query_columns(const struct db_query *q)
{
	return (size_t)sqlite3_column_count(q->statement);
}

const char *db_query_column(const struct db_query *q, size_t nr)
{
	const char *name = sqlite3_column_name(q->statement, (int)nr);

	return name ? name : "";
}

static int step_failed(struct db_query *q, int ret, struct strbuf *err)
{
	if (q->stopped)
		return fail(err, ERR_NO, "the query was stopped");
	if (q->code)
		return fail(err, q->code, "%s", q->sentence.buf);
	if (ret == SQLITE_NOMEM) {
		struct strbuf size = STRBUF_INIT;

		size_format(&size, q->memory);
		fail(err, ERR_FAILED, "the query needs more than %s of memory",
		     size.buf);
		strbuf_release(&size);
		return ERR_FAILED;
	}
	return fail(err, ERR_FAILED, "SQL: %s", sqlite3_errmsg(q->db));
}

int db_query_step(struct db_query *q, struct cell *cells, struct strbuf *err)
{
	int ret, i, nr;

	if (is_to_stop(q))
		return step_failed(q, SQLITE_INTERRUPT, err);
	ret = sqlite3_step(q->statement);
	if (ret == SQLITE_DONE)
		return 0;
	if (ret != SQLITE_ROW)
		return step_failed(q, ret, err);
	nr = sqlite3_column_count(q->statement);
	for (i = 0; i < nr; i++) {
		struct cell *cell = &cells[i];

		cell_of_value(cell, sqlite3_column_value(q->statement, i));
		if (cell->type == CELL_TEXT &&
		    !utf8_is_valid(cell->u.text.data, cell->u.text.len))
			cell->type = CELL_BYTES;
	}
	return 1;
}

const char *db_version(void)
{
	return sqlite3_libversion();
}
