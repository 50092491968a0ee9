#include "lib/base/compat.h"
#include "lib/exp/runs/run-row.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/field-path.h"
#include "lib/base/utf8.h"
#include "lib/exp/record/name.h"
#include "lib/exp/runs/run-row-internal.h"

struct building {
	struct row_builder b;
	struct field_names *names;
	struct strbuf path;
	size_t left_out;
};

/* A cell for the field at the path follows; false: there is no room. Only
 * what comes from a record is counted. */
static bool begin_field(struct building *x)
{
	if (x->b.nr >= RUN_ROW_MAX_FIELDS ||
	    x->b.cells.len >= RUN_ROW_MAX_BYTES ||
	    x->path.len > FIELD_PATH_MAX) {
		x->left_out++;
		return false;
	}
	row_builder_add(&x->b, field_names_add(x->names, x->path.buf,
					       x->path.len));
	return true;
}

static void add_cell(struct building *x, const char *path,
		     const struct cell *cell)
{
	row_builder_add(&x->b, field_names_add(x->names, path, strlen(path)));
	cell_pack(&x->b.cells, cell);
}

static void add_text(struct building *x, const char *path, const char *text)
{
	struct cell cell = { .type = CELL_TEXT };

	cell.u.text.data = text;
	cell.u.text.len = strlen(text);
	if (!utf8_is_valid(text, cell.u.text.len))
		cell.type = CELL_BYTES;
	add_cell(x, path, &cell);
}

static void add_real(struct building *x, const char *path, double real)
{
	struct cell cell = { .type = CELL_FLOAT };

	cell.u.real = real;
	add_cell(x, path, &cell);
}

static void add_time(struct building *x, const char *path,
		     const struct moment *m)
{
	struct cell cell = { .type = CELL_TIME };

	cell.u.time = *m;
	add_cell(x, path, &cell);
}

/* What is too long for a row is left out as a whole. */
static void add_packed(struct building *x, const struct value *value)
{
	size_t from = x->b.cells.len;

	if (!begin_field(x))
		return;
	cell_pack_value(&x->b.cells, value);
	if (x->b.cells.len > RUN_ROW_MAX_BYTES) {
		strbuf_setlen(&x->b.cells, from);
		x->b.nr--;
		x->left_out++;
	}
}

static void add_value(struct building *x, const struct value *value,
		      unsigned depth);

static void add_map(struct building *x, const struct value *map,
		    unsigned depth)
{
	size_t i;

	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];
		size_t len = x->path.len;

		field_path_add(&x->path, pair->key, pair->key_len);
		add_value(x, pair->value, depth + 1);
		strbuf_setlen(&x->path, len);
	}
}

static void add_value(struct building *x, const struct value *value,
		      unsigned depth)
{
	if (value->type == VALUE_MAP && depth < FIELD_PATH_DEPTH)
		add_map(x, value, depth);
	else if (value->type == VALUE_MAP)
		x->left_out++;
	else
		add_packed(x, value);
}

/* `at`: texts that are times become times. */
static void add_times(struct building *x, const struct value *at)
{
	size_t i;

	for (i = 0; i < at->u.map.nr; i++) {
		const struct value_pair *pair = &at->u.map.pair[i];
		const char *text = value_text(pair->value);
		size_t len = x->path.len;
		struct cell cell = { .type = CELL_TIME };

		field_path_add(&x->path, pair->key, pair->key_len);
		if (!text || !moment_parse(&cell.u.time, text))
			add_value(x, pair->value, 2);
		else if (begin_field(x))
			cell_pack(&x->b.cells, &cell);
		strbuf_setlen(&x->path, len);
	}
}

/* Fields that are made; a record's own keys of that name say something else,
 * and would make one field of two. */
static bool is_made(const char *key)
{
	static const char *const made[] = {
		"comment", "date", "dir", "duration", "fields_left_out",
		"metrics", "name", "problem", "remote"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(made); i++)
		if (*key == *made[i] && !strcmp(key, made[i]))
			return true;
	return false;
}

static void add_record(struct building *x, const struct value *record)
{
	size_t i;

	for (i = 0; i < record->u.map.nr; i++) {
		const struct value_pair *pair = &record->u.map.pair[i];

		if (is_made(pair->key))
			continue;
		strbuf_reset(&x->path);
		field_path_add(&x->path, pair->key, pair->key_len);
		if (!strcmp(pair->key, "at") && pair->value->type == VALUE_MAP)
			add_times(x, pair->value);
		else
			add_value(x, pair->value, 1);
	}
}

static bool get_moment(const struct value *record, const char *path,
		       struct moment *m)
{
	const char *text = value_get_text(record, path);

	return text && moment_parse(m, text);
}

/* As `list` has it, but that of a run that goes on, which is another each time
 * that somebody asks. */
static void add_duration(struct building *x, const struct value *record)
{
	struct moment started, finished;
	double wall;

	if (value_get_float(record, "usage.wall", &wall) && wall >= 0)
		add_real(x, "duration", wall);
	else if (get_moment(record, "at.started", &started) &&
		 get_moment(record, "at.finished", &finished))
		add_real(x, "duration",
			 MAXIMUM(moment_diff(&finished, &started), 0));
}

static void add_date(struct building *x, const struct value *record,
		     const char *name)
{
	struct moment created;

	if (get_moment(record, "at.created", &created)) {
		add_time(x, "date", &created);
		return;
	}
	created = name_moment(name);
	if (created.sec)
		add_time(x, "date", &created);
}

/* SERIES -> COLUMN -> what it comes to; the series without a name has no
 * component of its own. */
static void add_metrics(struct building *x, const struct value *metrics)
{
	size_t i;

	if (!metrics || metrics->type != VALUE_MAP)
		return;
	for (i = 0; i < metrics->u.map.nr; i++) {
		const struct value_pair *series = &metrics->u.map.pair[i];

		strbuf_reset(&x->path);
		strbuf_addstr(&x->path, "metrics");
		if (series->key_len)
			field_path_add(&x->path, series->key,
				       series->key_len);
		add_value(x, series->value, 1);
	}
}

static void add_facts(struct building *x, const struct value *record,
		      const struct run_facts *facts)
{
	struct name_parts parts;

	add_text(x, "name", facts->name);
	if (name_parse(&parts, facts->name) && parts.comment)
		add_text(x, "comment", parts.comment);
	add_date(x, record, facts->name);
	add_duration(x, record);
	if (facts->dir)
		add_text(x, "dir", facts->dir);
	if (facts->remote)
		add_text(x, "remote", facts->remote);
	if (facts->problem)
		add_text(x, "problem", facts->problem);
}

void run_row_build(struct strbuf *out, struct field_names *names,
		   const struct value *record, const struct run_facts *facts)
{
	struct building x = { .b = ROW_BUILDER_INIT, .names = names,
			      .path = STRBUF_INIT };
	struct cell cell = { .type = CELL_INT };

	row_builder_begin(&x.b);
	add_facts(&x, record, facts);
	add_metrics(&x, facts->metrics);
	if (record && record->type == VALUE_MAP)
		add_record(&x, record);
	if (x.left_out) {
		cell.u.number = (int64_t)x.left_out;
		add_cell(&x, "fields_left_out", &cell);
	}
	row_builder_finish(&x.b, out);
	strbuf_release(&x.path);
	row_builder_release(&x.b);
}

/* The path in the one form in which the dictionary has it. */
static bool find_below(const struct field_names *names, const char *above,
		       const struct strvec *parts, const char *last,
		       struct strbuf *path)
{
	size_t from = path->len, i;
	unsigned id;
	struct strbuf try = STRBUF_INIT;
	bool found;

	if (above)
		strbuf_addstr(&try, above);
	for (i = 0; i < parts->nr; i++)
		field_path_add(&try, parts->v[i], strlen(parts->v[i]));
	if (last)
		field_path_add(&try, last, strlen(last));
	found = field_names_find(names, try.buf, &id);
	if (found)
		strbuf_insert(path, from, try.buf, try.len);
	strbuf_release(&try);
	return found;
}

bool field_resolve(const struct field_names *names, const char *text,
		   struct strbuf *path)
{
	static const char *const above[] = { NULL, "params", "info", "result" };
	struct strvec parts = STRVEC_INIT;
	bool found = false;
	size_t i;

	if (!field_path_split(&parts, text, NULL)) {
		for (i = 0; !found && i < ARRAY_SIZE(above); i++)
			found = find_below(names, above[i], &parts, NULL, path);
		if (!found)
			found = find_below(names, "metrics", &parts, "last",
					   path);
	}
	strvec_release(&parts);
	return found;
}
