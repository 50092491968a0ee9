#include "lib/base/compat.h"
#include "lib/exp/runs/query-views.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/runs/query-internal.h"

static int add_tables(struct query_views *views, struct strbuf *err)
{
	int ret = db_query_add(views->query, &views->runs_view, err);
	size_t i;

	for (i = 0; !ret && i < views->tables; i++)
		ret = query_fields_add(views, i, err);
	return ret;
}

int query_views_add(struct query_views **out, struct db_query *q,
		    struct runs *runs, const char *sql, size_t len,
		    uint64_t memory, struct strbuf *err)
{
	struct query_views *views = xcalloc(1, sizeof(*views));
	int ret;

	views->runs = runs;
	views->query = q;
	views->memory = memory;
	*out = views;
	ret = query_runs_init(views, sql, len, err);
	if (ret)
		return ret;
	query_fields_init(views);
	return add_tables(views, err);
}

static int compare_name(const struct cell *name, const char *there)
{
	const size_t len = strlen(there);
	int order = memcmp(name->u.text.data, there,
			   MINIMUM(len, name->u.text.len));

	if (order || len == name->u.text.len)
		return order;
	return name->u.text.len < len ? -1 : 1;
}

void query_wish_run(const struct runs *runs, const struct cell *name,
		    size_t *next, size_t *end)
{
	size_t low = *next, high = *end;

	while (name->type == CELL_TEXT && low < high) {
		const size_t middle = low + (high - low) / 2;
		int order = compare_name(name, runs_name(runs, middle));

		if (!order) {
			*next = middle;
			*end = middle + 1;
			return;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*next = *end;
}

void query_views_hint(struct strbuf *out, const struct runs *runs,
		      const char *column)
{
	struct strbuf path = STRBUF_INIT;

	if (field_resolve(runs_names(runs), column, &path)) {
		const char *s;

		strbuf_addstr(out, "; the field is \"");
		for (s = path.buf; *s; s++) {
			if (*s == '"')
				strbuf_addch(out, '"');
			strbuf_addch(out, *s);
		}
		strbuf_addstr(out, "\", in double quotes");
	}
	strbuf_release(&path);
}

static int each_column(const char *table, const struct query_column *columns,
		       query_column_fn fn, void *data)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && columns[i].name; i++)
		ret = fn(table, columns[i].name, columns[i].help, data);
	return ret;
}

int query_views_each(query_column_fn fn, void *data)
{
	size_t i;
	int ret = each_column("runs", query_run_columns, fn, data);

	for (i = 0; !ret && query_tables[i].name; i++)
		ret = each_column(query_tables[i].name,
				  query_tables[i].columns, fn, data);
	return ret;
}

void query_views_free(struct query_views *views)
{
	if (!views)
		return;
	query_fields_release(views);
	query_runs_release(views);
	free(views);
}
