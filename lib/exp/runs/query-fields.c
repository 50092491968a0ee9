/*
 * The tables that have one row a field: for questions about keys that are not
 * known, or that SQL cannot tell apart. Rows are unpacked one run after the
 * other, so a table of thirty million fields needs no room.
 */
#include "lib/base/compat.h"
#include "lib/exp/runs/query-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/field-path.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"

/* Runs between two questions whether to stop. */
#define RUNS_BETWEEN 64

enum table_kind {
	TABLE_PARAMS, TABLE_INFO, TABLE_RESULTS, TABLE_METRICS, TABLE_FIELDS,
	TABLE_DEPENDENCIES
};

static const struct query_column key_columns[] = {
	{ "run", NULL, "name of the experiment" },
	{ "key", NULL, "without what all of the table begin with" },
	{ "value", NULL, "as it is; a list as JSON" },
	{ NULL, NULL, NULL }
}, metric_columns[] = {
	{ "run", NULL, "name of the experiment" },
	{ "series", NULL, "name of the series, or empty" },
	{ "metric", NULL, "the column of its files" },
	{ "last", NULL, "value of the last row that has one" },
	{ "min", NULL, "the least" },
	{ "max", NULL, "the greatest" },
	{ "mean", NULL, "arithmetic mean" },
	{ "count", NULL, "how many numbers there are" },
	{ NULL, NULL, NULL }
}, field_columns[] = {
	{ "run", NULL, "name of the experiment" },
	{ "field", NULL, "whole path" },
	{ "value", NULL, "as it is; a list as JSON" },
	{ "type", NULL, "null, bool, integer, float, time, text, bytes, list" },
	{ NULL, NULL, NULL }
}, dependency_columns[] = {
	{ "run", NULL, "name of the experiment" },
	{ "needs", NULL, "name of the one that it reads" },
	{ "needs_id", NULL, "id of that, where it is recorded" },
	{ NULL, NULL, NULL }
};

const struct query_table query_tables[] = {
	[TABLE_PARAMS] = { "params", key_columns },
	[TABLE_INFO] = { "info", key_columns },
	[TABLE_RESULTS] = { "results", key_columns },
	[TABLE_METRICS] = { "metrics", metric_columns },
	[TABLE_FIELDS] = { "fields", field_columns },
	[TABLE_DEPENDENCIES] = { "dependencies", dependency_columns },
	{ NULL, NULL }
};

/* What the paths of a table begin with. */
static const char *const above[] = {
	[TABLE_PARAMS] = "params",
	[TABLE_INFO] = "info",
	[TABLE_RESULTS] = "result",
};

static const char *const stats[] = { "last", "min", "max", "mean", "count" };
#define STATS ARRAY_SIZE(stats)

/* Where a field stands in the tables of three; or in `metrics`. */
struct field_place {
	enum table_kind kind;	/* TABLE_FIELDS: nowhere else */
	const char *key;	/* lent */
	struct metric *metric;
	unsigned stat;
};

struct metric {
	char *series, *column;
};

struct field_table {
	enum table_kind kind;
	struct query_views *views;
	struct db_column column[ARRAY_SIZE(metric_columns)];
	struct db_view view;
	struct metric **metric;	/* of TABLE_METRICS */
	size_t nr, alloc;
};

struct entry {
	unsigned number;	/* among those of its run */
	const char *path;	/* of TABLE_FIELDS */
	const char *key;
	const struct metric *metric;
	struct cell cell[STATS];	/* the value; of metrics one each */
};

struct fields_cursor {
	const struct field_table *table;
	size_t next, end;	/* runs; that it stands in is before next */
	bool one_field;
	unsigned field;
	struct strbuf room;
	struct run_row row;
	struct entry *entry;
	size_t at, nr, alloc;	/* the entry that it stands on is before at */
	struct strbuf path;
};

/* ---- which field is what ------------------------------------------------- */

static struct metric *find_metric(struct field_table *table, struct strmap *map,
				  const char *path, size_t len,
				  const struct strvec *parts)
{
	char *key = xmemdupz(path, len);
	struct metric *metric = strmap_get(map, key);

	if (metric) {
		free(key);
		return metric;
	}
	metric = xcalloc(1, sizeof(*metric));
	metric->series = xstrdup(parts->nr == 4 ? parts->v[1] : "");
	metric->column = xstrdup(parts->v[parts->nr - 2]);
	ARRAY_GROW(table->metric, table->nr + 1, table->alloc);
	table->metric[table->nr++] = metric;
	strmap_put(map, key, metric);
	return metric;
}

/* metrics.COLUMN.last, metrics.SERIES.COLUMN.last */
static void place_metric(struct field_place *place, struct field_table *table,
			 struct strmap *map, const char *path)
{
	struct strvec parts = STRVEC_INIT;
	unsigned i;

	if (!field_path_split(&parts, path, NULL) &&
	    (parts.nr == 3 || parts.nr == 4))
		for (i = 0; i < STATS; i++) {
			const char *last = parts.v[parts.nr - 1];

			if (strcmp(last, stats[i]))
				continue;
			place->kind = TABLE_METRICS;
			place->stat = i;
			place->metric = find_metric(table, map, path,
						    strlen(path) -
						    strlen(last), &parts);
		}
	strvec_release(&parts);
}

static void place_field(struct field_place *place, const char *path)
{
	size_t i;

	place->kind = TABLE_FIELDS;
	for (i = 0; i < ARRAY_SIZE(above); i++) {
		const size_t len = strlen(above[i]);

		if (strncmp(path, above[i], len) ||
		    (path[len] && path[len] != '.'))
			continue;
		/* `params` itself would be no map: not a parameter. */
		if (!path[len] && i != TABLE_RESULTS)
			continue;
		place->kind = (enum table_kind)i;
		place->key = path[len] ? path + len + 1 : "";
	}
}

static void place_fields(struct query_views *views)
{
	const struct field_names *names = runs_names(views->runs);
	struct strmap map = STRMAP_INIT;
	size_t i;

	views->places = field_names_nr(names);
	views->place = xcalloc(views->places, sizeof(*views->place));
	for (i = 0; i < views->places; i++) {
		const char *path = field_names_path(names, (unsigned)i);

		place_field(&views->place[i], path);
		if (!strncmp(path, "metrics.", 8))
			place_metric(&views->place[i],
				     &views->table[TABLE_METRICS], &map, path);
	}
	for (i = 0; i < map.nr; i++)
		free((char *)map.item[i].key);
	strmap_release(&map);
}

/* ---- the rows of one run ------------------------------------------------- */

static struct entry *add_entry(struct fields_cursor *c)
{
	struct entry *entry;

	ARRAY_GROW(c->entry, c->nr + 1, c->alloc);
	entry = &c->entry[c->nr++];
	memset(entry, 0, sizeof(*entry));
	entry->number = (unsigned)c->nr;
	return entry;
}

static void add_stat(struct fields_cursor *c, const struct field_place *place,
		     const struct cell *cell)
{
	struct entry *entry = NULL;
	size_t i;

	for (i = c->nr; i; i--)		/* mostly the last */
		if (c->entry[i - 1].metric == place->metric) {
			entry = &c->entry[i - 1];
			break;
		}
	if (!entry) {
		entry = add_entry(c);
		entry->metric = place->metric;
	}
	entry->cell[place->stat] = *cell;
}

static int take_field(unsigned id, const struct cell *cell, void *data)
{
	struct fields_cursor *c = data;
	const struct query_views *views = c->table->views;
	const struct field_place *place;
	struct entry *entry;

	if (id >= views->places)	/* came to be after the query began */
		return 0;
	place = &views->place[id];
	if (c->table->kind == TABLE_METRICS) {
		if (place->kind == TABLE_METRICS)
			add_stat(c, place, cell);
		return 0;
	}
	if (c->table->kind != TABLE_FIELDS && place->kind != c->table->kind)
		return 0;
	entry = add_entry(c);
	entry->path = field_names_path(runs_names(views->runs), id);
	entry->key = place->key;
	entry->number = id;
	entry->cell[0] = *cell;
	return 0;
}

static void take_dependencies(struct fields_cursor *c)
{
	const struct field_names *names = runs_names(c->table->views->runs);
	struct cell list = CELL_INIT, member = CELL_INIT;
	const unsigned char *at;
	unsigned id;

	if (!field_names_find(names, "dependency", &id) ||
	    !run_row_get(&c->row, id, &list) || list.type != CELL_LIST)
		return;
	at = list.u.list.data;
	while (cell_list_next(&list, &at, &member)) {
		struct entry *entry = add_entry(c);

		entry->cell[0] = member;
		if (member.type != CELL_TEXT)
			continue;
		strbuf_reset(&c->path);
		field_path_add(&c->path, "dependency_ids", 14);
		field_path_add(&c->path, member.u.text.data,
			       member.u.text.len);
		if (field_names_find(names, c->path.buf, &id))
			run_row_get(&c->row, id, &entry->cell[1]);
	}
}

/* A run that is gone has no rows; of a damaged one, what can be read. */
static int take_run(struct fields_cursor *c, size_t nr, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	struct cell cell = CELL_INIT;
	int ret;

	c->at = c->nr = 0;
	ret = runs_row(c->table->views->runs, nr, &c->room, &c->row, &why);
	if (ret && ret != ERR_NOT_FOUND)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	if (ret)
		return ret == ERR_NOT_FOUND ? 0 : ret;
	if (c->table->kind == TABLE_DEPENDENCIES)
		take_dependencies(c);
	else if (!c->one_field)
		run_row_each(&c->row, take_field, c);
	else if (run_row_get(&c->row, c->field, &cell))
		take_field(c->field, &cell, c);
	return 0;
}

/* ---- the view ------------------------------------------------------------ */

/* key = '...': one field; there may be none. */
static bool wish_field(struct fields_cursor *c, const struct cell *key)
{
	const struct query_views *views = c->table->views;
	struct strbuf path = STRBUF_INIT;
	bool found;

	if (key->type != CELL_TEXT)
		return false;
	if (c->table->kind != TABLE_FIELDS) {
		strbuf_addstr(&path, above[c->table->kind]);
		if (key->u.text.len)
			strbuf_addch(&path, '.');
	}
	strbuf_add(&path, key->u.text.data, key->u.text.len);
	c->one_field = true;
	found = field_names_find(runs_names(views->runs), path.buf, &c->field);
	strbuf_release(&path);
	return found;
}

static int open_fields(void **cursor, void *data, const struct db_wish *wishes,
		       size_t nr, struct strbuf *err UNUSED)
{
	const struct field_table *table = data;
	struct fields_cursor *c = xcalloc(1, sizeof(*c));
	size_t i;

	*cursor = c;
	c->table = table;
	c->end = runs_nr(table->views->runs);
	strbuf_init(&c->room);
	strbuf_init(&c->path);
	for (i = 0; i < nr; i++)
		if (!wishes[i].column)
			query_wish_run(table->views->runs, &wishes[i].value,
				       &c->next, &c->end);
		else if (!c->one_field && !wish_field(c, &wishes[i].value))
			c->end = c->next;
	return 0;
}

static int next_field(void *cursor, struct strbuf *err)
{
	struct fields_cursor *c = cursor;

	while (c->at >= c->nr) {
		int ret;

		if (c->next >= c->end)
			return 0;
		if (!(c->next % RUNS_BETWEEN) &&
		    db_query_stopped(c->table->views->query))
			return ERR_NO;
		ret = take_run(c, c->next++, err);
		if (ret)
			return ret;
	}
	c->at++;
	return 1;
}

static void give_text(struct cell *out, const char *text)
{
	out->type = CELL_TEXT;
	out->u.text.data = text;
	out->u.text.len = strlen(text);
}

static const char *type_name(const struct cell *cell)
{
	static const char *const names[] = {
		[CELL_NONE] = "null", [CELL_NULL] = "null",
		[CELL_BOOL] = "bool", [CELL_INT] = "integer",
		[CELL_FLOAT] = "float", [CELL_TIME] = "time",
		[CELL_TEXT] = "text", [CELL_BYTES] = "bytes",
		[CELL_LIST] = "list",
	};

	return names[cell->type];
}

static void get_field(struct cell *out, void *cursor, unsigned column)
{
	const struct fields_cursor *c = cursor;
	const struct entry *entry = &c->entry[c->at - 1];

	if (!column) {
		give_text(out, runs_name(c->table->views->runs, c->next - 1));
		return;
	}
	switch (c->table->kind) {
	case TABLE_METRICS:
		if (column <= 2)
			give_text(out, column == 1 ? entry->metric->series :
				  entry->metric->column);
		else
			*out = entry->cell[column - 3];
		break;
	case TABLE_DEPENDENCIES:
		*out = entry->cell[column - 1];
		break;
	case TABLE_FIELDS:
		if (column == 2)
			*out = entry->cell[0];
		else
			give_text(out, column == 1 ? entry->path :
				  type_name(&entry->cell[0]));
		break;
	default:
		if (column == 1)
			give_text(out, entry->key);
		else
			*out = entry->cell[0];
	}
}

/* A field's number does not depend on which others were asked for. */
static int64_t number_field(void *cursor)
{
	const struct fields_cursor *c = cursor;

	return (int64_t)c->next << 32 | c->entry[c->at - 1].number;
}

static void close_fields(void *cursor)
{
	struct fields_cursor *c = cursor;

	strbuf_release(&c->room);
	strbuf_release(&c->path);
	free(c->entry);
	free(c);
}

static void table_init(struct field_table *table, struct query_views *views,
		       enum table_kind kind)
{
	const struct query_column *columns = query_tables[kind].columns;
	size_t i;

	table->kind = kind;
	table->views = views;
	for (i = 0; columns[i].name; i++) {
		table->column[i].name = columns[i].name;
		table->column[i].key = !i ||
			(i == 1 && kind != TABLE_METRICS &&
			 kind != TABLE_DEPENDENCIES);
	}
	table->view = (struct db_view){
		.name = query_tables[kind].name, .columns = table->column,
		.nr = i, .rows = runs_nr(views->runs) * 20, .data = table,
		.open = open_fields, .next = next_field, .get = get_field,
		.number = number_field, .close = close_fields,
	};
}

void query_fields_init(struct query_views *views)
{
	size_t i;

	views->tables = ARRAY_SIZE(query_tables) - 1;
	views->table = xcalloc(views->tables, sizeof(*views->table));
	for (i = 0; i < views->tables; i++)
		table_init(&views->table[i], views, (enum table_kind)i);
	place_fields(views);
}

int query_fields_add(struct query_views *views, size_t nr, struct strbuf *err)
{
	return db_query_add(views->query, &views->table[nr].view, err);
}

void query_fields_release(struct query_views *views)
{
	size_t i, j;

	for (i = 0; i < views->tables; i++) {
		struct field_table *table = &views->table[i];

		for (j = 0; j < table->nr; j++) {
			free(table->metric[j]->series);
			free(table->metric[j]->column);
			free(table->metric[j]);
		}
		free(table->metric);
	}
	free(views->table);
	free(views->place);
}
