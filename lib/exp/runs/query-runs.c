/*
 * The table `runs`. A query names the fields that it wants, so only these are
 * columns (SQLite has no table of ten thousand), and they are taken out of all
 * rows at once, by all threads, when the first row is asked for.
 */
#include "lib/base/compat.h"
#include "lib/exp/runs/query-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strvec.h"
#include "lib/exp/runs/sql-words.h"

const struct query_column query_run_columns[] = {
	{ "name", "name", "of the experiment" },
	{ "comment", "comment", "that its name ends in" },
	{ "state", "state", "done, fail, running, lost, ..." },
	{ "exit_code", "exit_code", "status of the program" },
	{ "created", "date", "when it was made, UTC" },
	{ "started", "at.started", "when the program began, UTC" },
	{ "finished", "at.finished", "when it ended, UTC" },
	{ "duration", "duration", "seconds" },
	{ "user", "user", "who ran it" },
	{ "host", "host", "where" },
	{ "cmd", "cmd", "the command line" },
	{ "commit_hash", "git.commit_hash", "commit of the code" },
	{ "branch", "git.branch", "and its branch" },
	{ NULL, NULL, NULL }
};

static void add_column(struct query_views *views, const char *name,
		       const char *path)
{
	struct run_column *column;

	ARRAY_GROW(views->column, views->nr + 1, views->alloc);
	column = &views->column[views->nr++];
	memset(column, 0, sizeof(*column));
	column->path = xstrdup(path);
	column->name = xstrdup(name);
	column->known = field_names_find(runs_names(views->runs), path,
					 &column->id);
}

static const struct run_column *find_column(const struct query_views *views,
					    const char *name)
{
	size_t i;

	for (i = 0; i < views->nr; i++)
		if (!strcasecmp(views->column[i].name, name))
			return &views->column[i];
	return NULL;
}

/* What a query may call a column of another table is no field of a run, or a
 * join of both would not know which is meant. */
static bool is_taken(const char *word)
{
	const struct query_table *table;
	const struct query_column *column;

	for (table = query_tables; table->name; table++)
		for (column = table->columns; column->name; column++)
			if (!strcasecmp(column->name, word))
				return true;
	return false;
}

static int add_field(struct query_views *views, const char *word,
		     struct strbuf *err)
{
	const struct run_column *other = find_column(views, word);
	unsigned id;

	if (is_taken(word) ||
	    !field_names_find(runs_names(views->runs), word, &id))
		return 0;
	if (!other) {
		add_column(views, word, word);
		return 0;
	}
	if (!strcmp(other->name, word) || strcmp(other->name, other->path))
		return 0;
	return fail(err, ERR_USAGE, "SQL does not tell '%s' and '%s' apart; "
		    "the table 'fields' has both", other->path, word);
}

/* The view's `want`. */
static void want_column(void *data, unsigned nr)
{
	struct query_views *views = data;

	views->column[nr].wanted = true;
}

/* ---- the cells ----------------------------------------------------------- */

struct loading {
	struct query_views *views;
	const size_t *column;	/* that are taken */
	size_t nr;
	size_t used;		/* bytes, by all threads */
};

static int load_row(const struct run_row *row, size_t nr, unsigned worker,
		    void *data)
{
	struct loading *l = data;
	struct query_views *views = l->views;
	struct strbuf *packed = &views->packed[worker];
	const size_t before = packed->len;
	size_t i, used;

	for (i = 0; i < l->nr; i++) {
		const struct run_column *column = &views->column[l->column[i]];
		struct run_cell *place = &views->cell[l->column[i]][nr];
		struct cell cell = CELL_INIT;

		if (!run_row_get(row, column->id, &cell))
			continue;
		place->worker = worker + 1;
		place->at = packed->len;
		cell_pack(packed, &cell);
	}
	used = __atomic_add_fetch(&l->used, packed->len - before,
				  __ATOMIC_RELAXED);
	if (used > views->memory)
		return ERR_PARTLY;
	return db_query_stopped(views->query) ? ERR_NO : 0;
}

static int load_columns(struct query_views *views, struct strbuf *err)
{
	const size_t runs = runs_nr(views->runs);
	size_t *list = xcalloc(views->nr, sizeof(*list)), i;
	struct loading l = { views, list, 0, 0 };
	int ret = 0;

	for (i = 0; i < views->nr; i++) {
		struct run_column *column = &views->column[i];

		if (!column->wanted || column->loaded)
			continue;
		column->loaded = true;
		if (!column->known)
			continue;
		views->cell[i] = xcalloc(runs, sizeof(**views->cell));
		l.used += runs * sizeof(**views->cell);
		list[l.nr++] = i;
	}
	if (l.nr)
		ret = runs_each(views->runs, load_row, &l, err);
	free(list);
	if (ret == ERR_PARTLY) {
		struct strbuf size = STRBUF_INIT;

		size_format(&size, views->memory);
		ret = fail(err, ERR_FAILED, "the query needs more than %s of "
			   "memory", size.buf);
		strbuf_release(&size);
	}
	return ret;
}

/* ---- the view ------------------------------------------------------------ */

struct runs_cursor {
	struct query_views *views;
	size_t next, end;	/* the row that it stands on is before next */
};

static int open_runs(void **cursor, void *data, const struct db_wish *wishes,
		     size_t nr, struct strbuf *err)
{
	struct query_views *views = data;
	struct runs_cursor *c = xcalloc(1, sizeof(*c));
	size_t i;

	c->views = views;
	*cursor = c;
	c->end = runs_nr(views->runs);
	for (i = 0; i < nr; i++)	/* all of them: name = '...' */
		query_wish_run(views->runs, &wishes[i].value, &c->next,
			       &c->end);
	return load_columns(views, err);
}

static int next_run(void *cursor, struct strbuf *err UNUSED)
{
	struct runs_cursor *c = cursor;

	if (c->next >= c->end)
		return 0;
	c->next++;
	return 1;
}

static void get_column(struct cell *out, void *cursor, unsigned column)
{
	const struct runs_cursor *c = cursor;
	const struct query_views *views = c->views;
	const struct run_cell *place;
	const unsigned char *at, *end;

	out->type = CELL_NONE;
	if (!views->cell[column])
		return;
	place = &views->cell[column][c->next - 1];
	if (!place->worker)
		return;
	at = (const unsigned char *)views->packed[place->worker - 1].buf;
	end = at + views->packed[place->worker - 1].len;
	at += place->at;
	if (!cell_unpack(out, &at, end))
		out->type = CELL_NONE;
}

static int64_t number_run(void *cursor)
{
	const struct runs_cursor *c = cursor;

	return (int64_t)c->next;
}

int query_runs_init(struct query_views *views, const char *sql, size_t len,
		    struct strbuf *err)
{
	const struct query_column *fixed;
	struct strvec words = STRVEC_INIT;
	size_t i, visible;
	int ret = 0;

	for (fixed = query_run_columns; fixed->name; fixed++)
		add_column(views, fixed->name, fixed->path);
	visible = views->nr;
	sql_words(&words, sql, len);
	for (i = 0; !ret && i < words.nr; i++)
		ret = add_field(views, words.v[i], err);
	strvec_release(&words);
	if (!ret && views->nr > DB_VIEW_MAX_COLUMNS)
		ret = fail(err, ERR_USAGE, "a query can name %u fields",
			   DB_VIEW_MAX_COLUMNS);
	if (ret)
		return ret;
	views->names = xcalloc(views->nr, sizeof(*views->names));
	for (i = 0; i < views->nr; i++) {
		views->names[i].name = views->column[i].name;
		views->names[i].hidden = i >= visible;
	}
	views->names[0].key = true;	/* `name` */
	views->cell = xcalloc(views->nr, sizeof(*views->cell));
	views->workers = runs_workers(views->runs);
	views->packed = xcalloc(views->workers, sizeof(*views->packed));
	for (i = 0; i < views->workers; i++)
		strbuf_init(&views->packed[i]);
	views->runs_view = (struct db_view){
		.name = "runs", .columns = views->names, .nr = views->nr,
		.rows = runs_nr(views->runs), .data = views,
		.want = want_column, .open = open_runs, .next = next_run,
		.get = get_column, .number = number_run, .close = free,
	};
	return 0;
}

void query_runs_release(struct query_views *views)
{
	size_t i;

	for (i = 0; i < views->nr; i++) {
		free(views->column[i].path);
		free(views->column[i].name);
		if (views->cell)
			free(views->cell[i]);
	}
	for (i = 0; views->packed && i < views->workers; i++)
		strbuf_release(&views->packed[i]);
	free(views->packed);
	free(views->cell);
	free(views->names);
	free(views->column);
}
