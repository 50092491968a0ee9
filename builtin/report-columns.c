/*
 * Which fields are columns: those that a list of paths and patterns means, or
 * those that whoever compares runs wants to see.
 */
#include "lib/base/compat.h"
#include "builtin/report.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/field-path.h"

/* Bytes up to the next comma that is not in quotes. */
static size_t item_span(const char *text)
{
	bool quoted = false;
	size_t at;

	for (at = 0; text[at] && (quoted || text[at] != ','); at++) {
		if (text[at] == '"')
			quoted = !quoted;
		else if (quoted && text[at] == '\\' && text[at + 1])
			at++;
	}
	return at;
}

static int add_item(struct field_list *list, const char *text, size_t len,
		    struct strbuf *err)
{
	struct strbuf item = STRBUF_INIT;
	struct strvec parts = STRVEC_INIT;
	const char *path;
	int ret = 0;

	strbuf_add(&item, text, len);
	strbuf_trim(&item);
	path = item.buf + (*item.buf == '!' || *item.buf == '-');
	if (!*path)
		ret = fail(err, ERR_USAGE, "a field is missing in '%s'", text);
	else if (!field_glob_is_pattern(path))
		ret = field_path_split(&parts, path, err);
	if (!ret)
		strvec_push(&list->item, item.buf);
	strvec_release(&parts);
	strbuf_release(&item);
	return ret;
}

int field_list_parse(struct field_list *list, const char *text,
		     struct strbuf *err)
{
	int ret;

	if (*text == '+') {
		list->adds = true;
		text++;
	}
	for (;;) {
		size_t len = item_span(text);

		ret = add_item(list, text, len, err);
		if (ret || !text[len])
			return ret;
		text += len + 1;
	}
}

void field_list_release(struct field_list *list)
{
	strvec_release(&list->item);
}

void report_columns_release(struct report_columns *columns)
{
	free(columns->column);
	strmap_release(&columns->have);
	strvec_release(&columns->paths);
}

void report_columns_filter(struct report_columns *columns,
			   bool (*keep)(const struct report_column *column,
					void *data), void *data)
{
	size_t i, nr = 0;

	for (i = 0; i < columns->nr; i++) {
		struct report_column *column = &columns->column[i];

		if (keep(column, data))
			columns->column[nr++] = *column;
		else
			strmap_put(&columns->have, column->path, NULL);
	}
	columns->nr = nr;
}

bool report_columns_have(const struct report_columns *columns,
			 const char *path)
{
	return strmap_get(&columns->have, path) != NULL;
}

/* NULL: it is there already. */
static struct report_column *add_column(struct report_columns *columns,
					const struct field_names *names,
					const char *path)
{
	struct report_column *column;

	if (report_columns_have(columns, path))
		return NULL;
	ARRAY_GROW(columns->column, columns->nr + 1, columns->alloc);
	column = &columns->column[columns->nr++];
	memset(column, 0, sizeof(*column));
	column->path = strvec_push(&columns->paths, path);
	column->known = field_names_find(names, path, &column->id);
	strmap_put(&columns->have, column->path, (void *)column->path);
	return column;
}

/* `layer2` before `layer10`. Never by locale, nor by who was read first. */
static int compare_paths(const void *a, const void *b)
{
	return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

static void find_matches(struct strvec *out, const struct field_names *names,
			 const char *pattern)
{
	size_t nr = field_names_nr(names), i;

	for (i = 0; i < nr; i++) {
		const char *path = field_names_path(names, (unsigned)i);

		if (field_glob_match(pattern, path))
			strvec_push(out, path);
	}
	if (out->nr)
		qsort(out->v, out->nr, sizeof(*out->v), compare_paths);
}

/* As for a single field, what stands before most words may be left out. */
static void find_short_matches(struct strvec *out,
			       const struct field_names *names,
			       const char *pattern)
{
	static const char *const places[] = {
		"params.%s", "info.%s", "result.%s", "metrics.%s.last"
	};
	size_t i;

	find_matches(out, names, pattern);
	if (out->nr)
		return;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct strvec more = STRVEC_INIT;
		struct strbuf longer = STRBUF_INIT;

		strbuf_addf(&longer, places[i], pattern);
		find_matches(&more, names, longer.buf);
		strvec_pushv(out, more.v);
		strbuf_release(&longer);
		strvec_release(&more);
	}
}

static void add_pattern(struct report_columns *columns,
			const struct field_names *names, const char *pattern,
			bool varying)
{
	struct strvec paths = STRVEC_INIT;
	size_t i;

	find_matches(&paths, names, pattern);
	for (i = 0; i < paths.nr; i++) {
		struct report_column *column = add_column(columns, names,
							  paths.v[i]);

		if (column)
			column->varying = varying;
	}
	strvec_release(&paths);
}

/* The paths that an item means, patterns and short names among them. */
static void find_paths(struct strvec *out, const struct field_names *names,
		       const char *item)
{
	struct strbuf path = STRBUF_INIT;

	if (field_glob_is_pattern(item))
		find_short_matches(out, names, item);
	else if (field_resolve(names, item, &path))
		strvec_push(out, path.buf);
	strbuf_release(&path);
}

static bool is_not_among(const struct report_column *column, void *data)
{
	return !strmap_get(data, column->path);
}

static void take_out(struct report_columns *columns,
		     const struct strvec *paths)
{
	struct strmap gone = STRMAP_INIT;
	size_t i;

	for (i = 0; i < paths->nr; i++)
		strmap_put(&gone, paths->v[i], (void *)paths->v[i]);
	report_columns_filter(columns, is_not_among, &gone);
	strmap_release(&gone);
}

void report_columns_resolve(struct report_columns *out,
			    const struct field_list *list,
			    const struct field_names *names,
			    struct strvec *missing)
{
	size_t i, j;

	for (i = 0; i < list->item.nr; i++) {
		const char *item = list->item.v[i];
		bool removes = *item == '!';
		struct strvec paths = STRVEC_INIT;

		item += removes;
		find_paths(&paths, names, item);
		if (!paths.nr && !removes) {
			strvec_push(missing, item);
			if (!field_glob_is_pattern(item))
				strvec_push(&paths, item);
		}
		if (removes)
			take_out(out, &paths);
		for (j = 0; !removes && j < paths.nr; j++) {
			struct report_column *column;

			column = add_column(out, names, paths.v[j]);
			if (column)
				column->named = !field_glob_is_pattern(item);
		}
		strvec_release(&paths);
	}
}

static void add_named(struct report_columns *columns,
		      const struct field_names *names, const char *path)
{
	struct report_column *column = add_column(columns, names, path);

	if (column)
		column->named = true;
}

void report_columns_default(struct report_columns *out,
			    const struct field_names *names, bool people)
{
	struct strvec system = STRVEC_INIT;

	add_named(out, names, "name");
	add_named(out, names, "state");
	add_named(out, names, "date");
	add_named(out, names, "duration");
	/* which stands in the name */
	if (!people)
		add_named(out, names, "comment");
	add_pattern(out, names, "params.**", people);
	add_pattern(out, names, "info.**", false);
	add_column(out, names, "result");
	add_pattern(out, names, "result.**", false);
	add_pattern(out, names, "metrics.**.last", false);
	/* what a run used of its machine is no result */
	find_matches(&system, names, "metrics.system.**");
	take_out(out, &system);
	strvec_release(&system);
}

const char *report_unit(const char *path)
{
	static const struct {
		const char *path, *unit;
	} units[] = {
		{ "duration", "s" }, { "usage.wall", "s" },
		{ "usage.user", "s" }, { "usage.sys", "s" },
		{ "usage.max_rss", "B" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(units[i].path, path))
			return units[i].unit;
	return NULL;
}

bool report_is_number(const char *path)
{
	return report_unit(path) || !strcmp(path, "exit_code") ||
	       !strncmp(path, "metrics.", strlen("metrics."));
}
