/*
 * report: runs as a table. What is asked for is collected from all runs at once
 * by threads (report-rows.c), sorted, and printed as a sheet.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/open-runs.h"
#include "builtin/report.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/similar.h"
#include "lib/exp/conf/project.h"

#define SAME_TOLD 8

static const char *const usage[] = {
	"report [--where EXPR]... [--columns FIELDS] [--drop FIELDS]... "
	"[--only-changed] [--sort [-]FIELD]... [-n N] [--group-by FIELDS] "
	"[--stats STATS] [--format FORMAT] [--json] [--no-header] "
	"[--digits N] [--title TEXT] [--remote R] [--no-refresh] [PATH...]",
	NULL
};

struct report {
	/* what was asked for */
	struct strvec where_texts, drop_texts, sort_texts;
	const char *columns_text, *group_text, *stats_text;
	const char *format_text, *remote;
	int json, only_changed, no_header, no_refresh, digits, limit;
	struct sheet_options sheet;
	bool people;		/* the format is one for them */
	/* what that means */
	struct where *where;
	struct field_list columns_list, drop_list, group_list;
	struct sort_keys sort;
	struct report_stats *stats;
	/* of these runs */
	struct runs *runs;
	struct strvec told;	/* fields that no run has */
	struct report_columns columns, groups;
	struct wanted wanted;
	struct report_rows rows;
	size_t *order;		/* rows, as they are shown */
	size_t first, shown;	/* order[first], so many of them */
	size_t state_slot, problem_slot;
	struct strbuf same;	/* what is the same in all */
	size_t same_nr;
};

/* ---- what was asked for ---- */

static int read_where(struct report *r, struct strbuf *err)
{
	const struct moment now = moment_now();
	struct strbuf all = STRBUF_INIT;
	size_t i;
	int ret = 0;

	/* Each by itself, so that a caret stands where it was written. */
	for (i = 0; !ret && i < r->where_texts.nr; i++) {
		struct where *one;

		ret = where_parse(&one, r->where_texts.v[i], &now, err);
		where_free(one);
		strbuf_addf(&all, "%s(%s)", i ? " and " : "",
			    r->where_texts.v[i]);
	}
	if (!ret && i)
		ret = where_parse(&r->where, all.buf, &now, err);
	strbuf_release(&all);
	return ret;
}

static int read_drops(struct report *r, struct strbuf *err)
{
	struct strbuf item = STRBUF_INIT;
	struct field_list list = FIELD_LIST_INIT;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < r->drop_texts.nr; i++)
		ret = field_list_parse(&list, r->drop_texts.v[i], err);
	for (i = 0; !ret && i < list.item.nr; i++) {
		strbuf_reset(&item);
		strbuf_addf(&item, "!%s", list.item.v[i]);
		strvec_push(&r->drop_list.item, item.buf);
	}
	field_list_release(&list);
	strbuf_release(&item);
	return ret;
}

static int read_words(struct report *r, struct strbuf *err)
{
	int ret = 0;

	if (r->json)
		r->format_text = "json";
	if (r->format_text)
		ret = sheet_format_parse(&r->sheet.format, r->format_text,
					 err);
	r->people = r->sheet.format != SHEET_CSV &&
		    r->sheet.format != SHEET_TSV &&
		    r->sheet.format != SHEET_JSON;
	if (!ret && r->columns_text)
		ret = field_list_parse(&r->columns_list, r->columns_text, err);
	if (!ret && r->group_text)
		ret = field_list_parse(&r->group_list, r->group_text, err);
	if (!ret)
		ret = read_drops(r, err);
	if (!ret)
		ret = sort_keys_parse(&r->sort, &r->sort_texts, err);
	if (!ret && (r->group_text || r->stats_text))
		ret = report_stats_parse(&r->stats, r->stats_text ?
					 r->stats_text : "mean,std", err);
	return ret ? ret : read_where(r, err);
}

/* ---- the runs ---- */

/* Trees of trials, which have no index. */
static int open_paths(struct report *r, const struct strvec *paths)
{
	struct strvec problems = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret = runs_open_paths(&r->runs, paths, &problems, &err);
	size_t i;

	if (ret && ret != ERR_PARTLY)
		die_code(ret, &err);
	for (i = 0; i < problems.nr; i++)
		warning("%s", problems.v[i]);
	if (!ret && !runs_nr(r->runs))
		warning(_("no run is recorded below '%s'%s"), paths->v[0],
			paths->nr > 1 ? _(" and the other paths") : "");
	strvec_release(&problems);
	strbuf_release(&err);
	return ret ? EXIT_PARTLY : 0;
}

static int open_all(struct report *r, const struct strvec *paths)
{
	int status = 0, told;

	if (paths->nr)
		status = open_paths(r, paths);
	else
		r->runs = open_runs_or_die(r->remote, r->no_refresh);
	told = warn_of_runs(r->runs);
	/* A store is others' as well: what is bad there is no failure here. */
	return told && !r->remote ? told : status;
}

/* ---- columns ---- */

/* The path, and what it may be shortened to. */
static void add_spellings(struct strvec *out, const char *path)
{
	const char *dot = strchr(path, '.');
	size_t len = strlen(path);

	strvec_push(out, path);
	if (!dot)
		return;
	if (!strncmp(path, "metrics.", strlen("metrics."))) {
		if (len > strlen("metrics..last") &&
		    !strcmp(path + len - strlen(".last"), ".last"))
			strvec_pushn(out, dot + 1, len - strlen(".last") -
				     strlen("metrics."));
	} else {
		strvec_push(out, dot + 1);
	}
}

/* A field that no run has is no failure: it may be another day. But most often
 * it is a slip. */
static void warn_missing(struct report *r, const char *field)
{
	const struct field_names *names = runs_names(r->runs);
	size_t nr = field_names_nr(names), i;
	struct strvec near = STRVEC_INIT, all = STRVEC_INIT;

	if (strvec_index(&r->told, field) >= 0)
		return;
	strvec_push(&r->told, field);
	for (i = 0; i < nr; i++)
		add_spellings(&all, field_names_path(names, (unsigned)i));
	strvec_sort(&all, true);
	similar_find(&near, field, all.v);
	if (!runs_nr(r->runs))
		;
	else if (r->remote && !strncmp(field, "metrics.", strlen("metrics.")))
		warning(_("of a store no measurements are known, so no run "
			  "has a field '%s'"), field);
	else if (near.nr)
		warning(_("no run has a field '%s'; is '%s' meant?"), field,
			near.v[0]);
	else
		warning(_("no run has a field '%s'; 'resutil show --json' "
			  "shows which a run has"), field);
	strvec_release(&near);
	strvec_release(&all);
}

static void warn_all_missing(struct report *r, const struct strvec *missing)
{
	size_t i;

	for (i = 0; i < missing->nr; i++)
		warn_missing(r, missing->v[i]);
}

/* One that asks for what there is not holds for no run. */
static void warn_where(struct report *r)
{
	const size_t nr = r->where ? where_fields_nr(r->where) : 0;
	struct strbuf path = STRBUF_INIT;
	size_t i;

	for (i = 0; i < nr; i++)
		if (!field_resolve(runs_names(r->runs),
				   where_field(r->where, i), &path))
			warn_missing(r, where_field(r->where, i));
	strbuf_release(&path);
}

static void choose_columns(struct report *r)
{
	const struct field_names *names = runs_names(r->runs);
	struct strvec missing = STRVEC_INIT;

	if (!r->columns_text || r->columns_list.adds)
		report_columns_default(&r->columns, names,
				       r->people && !r->group_text);
	report_columns_resolve(&r->columns, &r->columns_list, names,
			       &missing);
	report_columns_resolve(&r->columns, &r->drop_list, names, &missing);
	report_columns_resolve(&r->groups, &r->group_list, names, &missing);
	warn_all_missing(r, &missing);
	strvec_release(&missing);
}

static bool is_no_parameter(const struct report_column *column,
			    void *data UNUSED)
{
	return column->named ? !strcmp(column->path, "duration") :
	       strncmp(column->path, "params.", strlen("params."));
}

/* What the default of a report without groups has and that says nothing of
 * many runs: who they were, and what they were told. */
static void choose_for_groups(struct report *r)
{
	size_t i;

	if (!r->group_text || r->columns_text)
		return;
	report_columns_filter(&r->columns, is_no_parameter, NULL);
	for (i = 0; i < r->columns.nr; i++)
		r->columns.column[i].named = false;
}

static size_t want_path(struct report *r, const char *path)
{
	const struct field_names *names = runs_names(r->runs);
	unsigned id;

	if (!field_names_find(names, path, &id))
		return wanted_add_absent(&r->wanted);
	return wanted_add(&r->wanted, id);
}

static void want_columns(struct report *r, struct report_columns *columns)
{
	size_t i;

	for (i = 0; i < columns->nr; i++) {
		struct report_column *column = &columns->column[i];

		column->slot = want_path(r, column->path);
	}
}

/* By date where nothing was said: the newest stands last, as in `list`. */
static void want_sorted(struct report *r)
{
	const struct field_names *names = runs_names(r->runs);
	struct strbuf path = STRBUF_INIT;
	size_t i;

	if (!r->sort.nr) {
		r->sort.key = xcalloc(1, sizeof(*r->sort.key));
		r->sort.key[r->sort.nr++].field = xstrdup("date");
		r->sort.key[0].column = want_path(r, "date");
		return;
	}
	for (i = 0; i < r->sort.nr; i++) {
		struct sort_key *key = &r->sort.key[i];

		strbuf_reset(&path);
		if (!field_resolve(names, key->field, &path)) {
			warn_missing(r, key->field);
			strbuf_addstr(&path, key->field);
		}
		key->column = want_path(r, path.buf);
	}
	strbuf_release(&path);
}

/* ---- rows ---- */

static void collect(struct report *r, const struct report_few *few)
{
	struct strbuf err = STRBUF_INIT;
	int ret = report_rows_collect(&r->rows, r->runs, &r->wanted, r->where,
				      few, &err);

	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
}

/* r->order by the keys; shown are the first of them, or without --sort the
 * newest. */
static void sort_collected(struct report *r)
{
	const size_t nr = r->rows.nr, width = r->sort.nr;
	struct cell *cells = xcalloc(nr * width + 1, sizeof(*cells));
	struct cell *row = xcalloc(r->wanted.nr + 1, sizeof(*row));
	struct sort_keys keys = r->sort;
	size_t i, j;

	keys.key = xcalloc(width + 1, sizeof(*keys.key));
	for (j = 0; j < width; j++) {
		keys.key[j] = r->sort.key[j];
		keys.key[j].column = j;
	}
	for (i = 0; i < nr; i++) {
		report_row_cells(&r->rows.row[i], row, r->wanted.nr);
		for (j = 0; j < width; j++)
			cells[i * width + j] = row[r->sort.key[j].column];
	}
	free(r->order);
	r->order = sort_rows(&keys, cells, nr, width);
	r->shown = nr;
	if (r->limit >= 0)
		r->shown = MINIMUM(nr, (size_t)r->limit);
	r->first = r->sort_texts.nr ? 0 : nr - r->shown;
	free(keys.key);
	free(cells);
	free(row);
}

static void collect_some(struct report *r)
{
	struct report_few few = { .keys = &r->sort,
				  .last = !r->sort_texts.nr };

	want_sorted(r);
	want_columns(r, &r->columns);
	r->state_slot = want_path(r, "state");
	r->problem_slot = want_path(r, "problem");
	if (r->limit >= 0)
		few.nr = (size_t)r->limit;
	collect(r, r->limit >= 0 ? &few : NULL);
	sort_collected(r);
}

/* ---- what is the same in all ---- */

struct facts {
	struct report *r;
	struct cell *first;	/* by slot */
	bool *is_there, *differs;
};

static void find_facts(struct facts *f)
{
	const struct report *r = f->r;
	const size_t slots = r->wanted.nr;
	struct cell *row = xcalloc(slots + 1, sizeof(*row));
	size_t i, slot;

	f->first = xcalloc(slots + 1, sizeof(*f->first));
	f->is_there = xcalloc(slots + 1, sizeof(*f->is_there));
	f->differs = xcalloc(slots + 1, sizeof(*f->differs));
	for (i = r->first; i < r->first + r->shown; i++) {
		report_row_cells(&r->rows.row[r->order[i]], row, slots);
		for (slot = 0; slot < slots; slot++) {
			f->is_there[slot] |= row[slot].type != CELL_NONE;
			if (i == r->first)
				f->first[slot] = row[slot];
			else if (!f->differs[slot])
				f->differs[slot] = !cell_equal(
					&f->first[slot], &row[slot]);
		}
	}
	free(row);
}

static void note_same(struct report *r, const char *path,
		      const struct cell *cell)
{
	if (r->same_nr++ >= SAME_TOLD)
		return;
	strbuf_addf(&r->same, "%s%s = ", r->same.len ? ", " : "", path);
	cell_format(&r->same, cell);
}

static bool says_something(const struct report_column *column, void *data)
{
	const struct facts *f = data;
	const bool several = f->r->shown > 1;

	if (!f->is_there[column->slot])
		return column->named && !f->r->only_changed;
	if (!several || f->differs[column->slot])
		return true;
	if (column->varying ||
	    (f->r->only_changed && strcmp(column->path, "name"))) {
		note_same(f->r, column->path, &f->first[column->slot]);
		return false;
	}
	return true;
}

static void drop_columns(struct report *r)
{
	struct facts facts = { .r = r };

	find_facts(&facts);
	report_columns_filter(&r->columns, says_something, &facts);
	free(facts.first);
	free(facts.is_there);
	free(facts.differs);
}

/* For who looks at a table, beside it. */
static void tell_same(const struct report *r)
{
	if (!r->same_nr || !r->people || !out_is_for_person())
		return;
	if (r->same_nr > SAME_TOLD)
		say(_("The same in all: %s and %zu more"), r->same.buf,
		    r->same_nr - SAME_TOLD);
	else
		say(_("The same in all: %s"), r->same.buf);
}

/* ---- printing ---- */

static struct sheet *begin_sheet(const struct report *r)
{
	struct sheet_options options = r->sheet;

	options.no_header = r->no_header;
	options.digits = (unsigned)r->digits;
	if (!options.title && options.format == SHEET_HTML)
		options.title = the_project ? the_project->name : "report";
	return sheet_new(&options);
}

static void add_sheet_column(struct sheet *sheet, const char *path,
			     const char *unit, bool number)
{
	struct sheet_column column = { .title = (char *)path, .unit = unit,
				       .number = number };

	if (!strcmp(path, "name"))
		column.role = SHEET_NAME;
	else if (!strcmp(path, "state"))
		column.role = SHEET_STATE;
	sheet_column(sheet, &column);
}

static void print_row(const struct report *r, struct sheet *sheet,
		      struct cell *row, struct cell *out)
{
	static const struct cell unknown = {
		.type = CELL_TEXT, .u.text = { "?", 1 }
	};
	size_t i;

	/* One that cannot be read has no state, and is not to be missed. */
	if (row[r->state_slot].type == CELL_NONE &&
	    row[r->problem_slot].type != CELL_NONE)
		row[r->state_slot] = unknown;
	for (i = 0; i < r->columns.nr; i++)
		out[i] = row[r->columns.column[i].slot];
	sheet_row(sheet, out);
}

static void print_rows(struct report *r)
{
	struct sheet *sheet;
	struct cell *row, *out;
	size_t i;

	collect_some(r);
	drop_columns(r);
	sheet = begin_sheet(r);
	for (i = 0; i < r->columns.nr; i++)
		add_sheet_column(sheet, r->columns.column[i].path,
				 report_unit(r->columns.column[i].path),
				 report_is_number(r->columns.column[i].path));
	row = xcalloc(r->wanted.nr + 1, sizeof(*row));
	out = xcalloc(r->columns.nr + 1, sizeof(*out));
	for (i = r->first; i < r->first + r->shown; i++) {
		report_row_cells(&r->rows.row[r->order[i]], row,
				 r->wanted.nr);
		print_row(r, sheet, row, out);
	}
	sheet_end(sheet);
	tell_same(r);
	free(row);
	free(out);
}

/* ---- groups ---- */

static ssize_t find_title(const struct report_table *table, const char *title)
{
	size_t i;

	for (i = 0; i < table->title.nr; i++)
		if (!strcmp(table->title.v[i], title))
			return (ssize_t)i;
	return -1;
}

/* `acc` is `info.acc.mean`, where this is a column; `acc.max` likewise. */
static ssize_t find_group_column(const struct report *r,
				 const struct report_table *table,
				 const char *field)
{
	const struct field_names *names = runs_names(r->runs);
	struct strbuf path = STRBUF_INIT;
	const char *dot = strrchr(field, '.');
	ssize_t found = find_title(table, field);

	if (found < 0 && field_resolve(names, field, &path)) {
		found = find_title(table, path.buf);
		strbuf_addf(&path, ".%s", report_stats_first(r->stats));
		if (found < 0)
			found = find_title(table, path.buf);
	}
	if (found < 0 && dot) {
		char *above = xmemdupz(field, (size_t)(dot - field));

		strbuf_reset(&path);
		if (field_resolve(names, above, &path)) {
			strbuf_addstr(&path, dot);
			found = find_title(table, path.buf);
		}
		free(above);
	}
	strbuf_release(&path);
	return found;
}

static void sort_groups(struct report *r, const struct report_table *table)
{
	size_t i, nr = 0;

	for (i = 0; i < r->sort.nr; i++) {
		struct sort_key *key = &r->sort.key[i];
		ssize_t column = find_group_column(r, table, key->field);

		if (column < 0) {
			warning(_("no column of the groups is '%s'"),
				key->field);
			free(key->field);
			continue;
		}
		key->column = (size_t)column;
		r->sort.key[nr++] = *key;
	}
	r->sort.nr = nr;
	r->order = sort_rows(&r->sort, table->cell, table->nr,
			     table->title.nr);
	r->shown = table->nr;
	if (r->limit >= 0)
		r->shown = MINIMUM(r->shown, (size_t)r->limit);
}

/* Statistics hide who is in them. */
static void tell_unfinished(const struct report *r)
{
	struct cell *row = xcalloc(r->wanted.nr + 1, sizeof(*row));
	size_t i, nr = 0;

	for (i = 0; i < r->rows.nr; i++) {
		const struct cell *state = &row[r->state_slot];

		report_row_cells(&r->rows.row[i], row, r->wanted.nr);
		nr += state->type != CELL_TEXT || state->u.text.len != 4 ||
		      memcmp(state->u.text.data, "done", 4) != 0;
	}
	if (nr && r->people && out_is_for_person())
		say(_("%zu of these %zu runs have not ended as done; --where "
		      "'state = done' leaves them out"), nr, r->rows.nr);
	free(row);
}

static void print_groups(struct report *r)
{
	struct report_table table = { .title = STRVEC_INIT };
	struct sheet *sheet;
	size_t i;

	choose_for_groups(r);
	want_columns(r, &r->groups);
	want_columns(r, &r->columns);
	r->state_slot = want_path(r, "state");
	collect(r, NULL);
	report_groups(&table, &r->rows, r->wanted.nr, &r->groups, &r->columns,
		      r->stats);
	sort_groups(r, &table);
	sheet = begin_sheet(r);
	for (i = 0; i < table.title.nr; i++)
		add_sheet_column(sheet, table.title.v[i], table.unit[i],
				 table.number[i]);
	for (i = 0; i < r->shown; i++)
		sheet_row(sheet, table.cell + r->order[i] * table.title.nr);
	sheet_end(sheet);
	tell_unfinished(r);
	report_table_release(&table);
}

/* ---- the command ---- */

static void report_release(struct report *r)
{
	strvec_release(&r->where_texts);
	strvec_release(&r->drop_texts);
	strvec_release(&r->sort_texts);
	strvec_release(&r->told);
	where_free(r->where);
	field_list_release(&r->columns_list);
	field_list_release(&r->drop_list);
	field_list_release(&r->group_list);
	sort_keys_release(&r->sort);
	report_stats_free(r->stats);
	report_columns_release(&r->columns);
	report_columns_release(&r->groups);
	wanted_release(&r->wanted);
	report_rows_release(&r->rows);
	free(r->order);
	strbuf_release(&r->same);
	runs_close(r->runs);
}

static int report(struct report *r, const char *const *words)
{
	struct strvec paths = STRVEC_INIT;
	int status;

	strvec_pushv(&paths, words);
	status = open_all(r, &paths);
	strvec_release(&paths);
	warn_where(r);
	choose_columns(r);
	if (r->group_text)
		print_groups(r);
	else
		print_rows(r);
	return status;
}

static void check_usage(const struct report *r, const struct option *options,
			int argc)
{
	if (argc && r->remote)
		usage_with_options(usage, options, "a PATH is here, and "
				   "--remote is elsewhere: give one of them");
	if (argc && r->no_refresh)
		usage_with_options(usage, options, "what is below a PATH has "
				   "no index: --no-refresh means nothing");
	if (!argc && !the_project)
		usage_with_options(usage, options, "this is no project: give "
				   "a PATH, or go to one");
	if (r->stats_text && !r->group_text)
		usage_with_options(usage, options, "--stats is of groups: "
				   "give --group-by");
	if (r->group_text && r->only_changed)
		usage_with_options(usage, options, "--only-changed is of "
				   "runs, not of groups");
	if (r->json && r->format_text && strcmp(r->format_text, "json"))
		usage_with_options(usage, options, "--json is --format=json");
}

int cmd_report(int argc, const char **argv)
{
	struct report r = {
		.where_texts = STRVEC_INIT, .drop_texts = STRVEC_INIT,
		.sort_texts = STRVEC_INIT, .told = STRVEC_INIT,
		.columns_list = FIELD_LIST_INIT,
		.drop_list = FIELD_LIST_INIT, .group_list = FIELD_LIST_INIT,
		.sort = SORT_KEYS_INIT, .columns = REPORT_COLUMNS_INIT,
		.groups = REPORT_COLUMNS_INIT, .wanted = WANTED_INIT,
		.rows = REPORT_ROWS_INIT, .same = STRBUF_INIT, .limit = -1
	};
	const struct option options[] = {
		OPT_LIST(0, "where", &r.where_texts, "EXPR",
			 "only runs for which EXPR holds (repeated: all of "
			 "them), see resutil-where(7)"),
		OPT_STRING(0, "columns", &r.columns_text, "FIELDS",
			   "these columns: fields and patterns, split by "
			   "commas; beginning with +: besides the default"),
		OPT_LIST(0, "drop", &r.drop_texts, "FIELDS",
			 "without these columns (may be repeated)"),
		OPT_BOOL(0, "only-changed", &r.only_changed,
			 "only columns in which the runs differ"),
		OPT_LIST(0, "sort", &r.sort_texts, "[-]FIELD",
			 "sort by FIELD, with - the greatest first (may be "
			 "repeated, or split by commas)"),
		OPT_NUMBER('n', "limit", &r.limit, "N",
			   "the first N with --sort, else the N latest"),
		OPT_STRING(0, "group-by", &r.group_text, "FIELDS",
			   "a row for all runs that agree in FIELDS"),
		{ .type = OPTION_STRING, .name = "stats",
		  .value = &r.stats_text, .argh = "STATS", .arg = ARG_ITEMS,
		  .words = "mean std min max sum count median p90 ci95",
		  .help = "of groups: mean, std, min, max, sum, count, "
			  "median, pN, ciN (default: mean,std)" },
		OPT_SHEET_FORMAT(&r.format_text),
		OPT_BOOL(0, "json", &r.json, "one JSON object a line"),
		OPT_BOOL(0, "no-header", &r.no_header,
			 "print no titles of columns"),
		OPT_NUMBER(0, "digits", &r.digits, "N",
			   "so many digits of numbers in what people read "
			   "(default: 6)"),
		OPT_STRING(0, "title", &r.sheet.title, "TEXT",
			   "of an HTML page, the caption in LaTeX"),
		OPT_STRING(0, "remote", &r.remote, "R",
			   "the experiments in a store"),
		OPT_BOOL(0, "no-refresh", &r.no_refresh,
			 "as the index has them, looking at no run"),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	check_usage(&r, options, argc);
	if (read_words(&r, &err))
		die_code(ERR_USAGE, &err);
	ret = report(&r, argv);
	report_release(&r);
	strbuf_release(&err);
	return ret;
}
