/*
 * Runs that agree in some fields become one row, with statistics of the others.
 * Rows are unpacked twice: once to sort them, once group by group; so only the
 * numbers of one group are in memory as numbers.
 */
#include "lib/base/compat.h"
#include "builtin/report.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/stats.h"

#include <math.h>

enum stat_type {
	STAT_COUNT, STAT_MEAN, STAT_STD, STAT_MIN, STAT_MAX, STAT_SUM,
	STAT_QUANTILE, STAT_INTERVAL
};

struct statistic {
	char *name;		/* behind the field: ".p95" */
	enum stat_type type;
	double part;		/* of a quantile; the level of an interval */
};

struct report_stats {
	struct statistic *stat;
	size_t nr, alloc;
};

/* The numbers of a column in one group. */
struct numbers {
	double *x;
	size_t nr, alloc;
	bool sorted;
	struct stats stats;
};

/* A column that is not one of those that make groups. */
struct summed {
	const struct report_column *column;
	bool has_numbers;	/* in any run */
	size_t first;		/* its first column of the table */
	struct numbers numbers;
	struct cell common;	/* what all of the group have */
	bool differ;
};

struct grouping {
	struct report_table *out;
	const struct report_rows *rows;
	const struct report_columns *by;
	const struct report_stats *stats;
	struct summed *summed;
	size_t nr;
	struct cell *cells;	/* of one row, by slot */
	size_t slots;
	struct cell *keys;	/* of all rows */
	size_t *order;		/* of rows, by keys */
};

/* ---- which statistics ---- */

/* "95" or "99.9" of "p95", "ci99.9": a percentage. */
static bool read_percent(double *part, const char *text)
{
	char *end;
	double percent;

	if (!isdigit((unsigned char)*text) ||
	    text[strspn(text, "0123456789.")])
		return false;
	percent = strtod(text, &end);
	*part = percent / 100;
	return !*end && percent <= 100;
}

static bool read_stat(struct statistic *stat, const char *name)
{
	static const struct {
		const char *name;
		enum stat_type type;
		double part;
	} known[] = {
		{ "count", STAT_COUNT, 0 }, { "mean", STAT_MEAN, 0 },
		{ "std", STAT_STD, 0 }, { "min", STAT_MIN, 0 },
		{ "max", STAT_MAX, 0 }, { "sum", STAT_SUM, 0 },
		{ "median", STAT_QUANTILE, 0.5 },
		{ "ci", STAT_INTERVAL, 0.95 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, name)) {
			stat->type = known[i].type;
			stat->part = known[i].part;
			return true;
		}
	if (*name == 'p') {
		stat->type = STAT_QUANTILE;
		return read_percent(&stat->part, name + 1);
	}
	stat->type = STAT_INTERVAL;
	return !strncmp(name, "ci", 2) &&
	       read_percent(&stat->part, name + 2) && stat->part > 0 &&
	       stat->part < 1;
}

int report_stats_parse(struct report_stats **out, const char *text,
		       struct strbuf *err)
{
	struct report_stats *stats = xcalloc(1, sizeof(*stats));
	int ret = 0;

	*out = NULL;
	while (!ret) {
		size_t len = strcspn(text, ",");
		struct statistic stat = { .name = xmemdupz(text, len) };

		if (!read_stat(&stat, stat.name)) {
			ret = fail(err, ERR_USAGE, "there is no statistic "
				   "'%s'; there are mean, std, min, max, sum, "
				   "count, median, pN (as p95) and ciN (as "
				   "ci95)", stat.name);
			free(stat.name);
			break;
		}
		ARRAY_GROW(stats->stat, stats->nr + 1, stats->alloc);
		stats->stat[stats->nr++] = stat;
		if (!text[len]) {
			*out = stats;
			return 0;
		}
		text += len + 1;
	}
	report_stats_free(stats);
	return ret;
}

void report_stats_free(struct report_stats *stats)
{
	size_t i;

	if (!stats)
		return;
	for (i = 0; i < stats->nr; i++)
		free(stats->stat[i].name);
	free(stats->stat);
	free(stats);
}

const char *report_stats_first(const struct report_stats *stats)
{
	return stats->stat[0].name;
}

/* ---- numbers ---- */

/* Truths are counted as well: their mean is a rate. */
static bool read_number(const struct cell *cell, double *out)
{
	if (cell->type == CELL_BOOL) {
		*out = cell->u.truth;
		return true;
	}
	return cell_number(cell, out);
}

static void add_value(struct summed *s, const struct cell *cell, bool first)
{
	struct numbers *n = &s->numbers;
	double x;

	if (first)
		s->common = *cell;
	else if (!cell_equal(&s->common, cell))
		s->differ = true;
	if (!s->has_numbers || !read_number(cell, &x) || isnan(x))
		return;
	ARRAY_GROW(n->x, n->nr + 1, n->alloc);
	n->x[n->nr++] = x;
}

static void set_real(struct cell *cell, double x)
{
	cell->type = isnan(x) ? CELL_NONE : CELL_FLOAT;
	cell->u.real = x;
}

/* Writes one or, of an interval, two cells. What a sample is too small to say
 * stays absent. */
static size_t set_stat(struct cell *out, const struct statistic *stat,
		       struct numbers *n)
{
	struct interval interval;

	if (stat->type == STAT_QUANTILE && !n->sorted) {
		stats_sort(n->x, n->nr);
		n->sorted = true;
	}
	switch (stat->type) {
	case STAT_COUNT:
		out->type = CELL_INT;
		out->u.number = (int64_t)n->nr;
		return 1;
	case STAT_MEAN:
		set_real(out, n->nr ? n->stats.mean : NAN);
		return 1;
	case STAT_STD:
		set_real(out, n->nr > 1 ? n->stats.sd : NAN);
		return 1;
	case STAT_MIN:
		set_real(out, n->nr ? n->stats.min : NAN);
		return 1;
	case STAT_MAX:
		set_real(out, n->nr ? n->stats.max : NAN);
		return 1;
	case STAT_SUM:
		set_real(out, n->nr ? n->stats.sum : NAN);
		return 1;
	case STAT_QUANTILE:
		set_real(out, stats_quantile(n->x, n->nr, stat->part));
		return 1;
	case STAT_INTERVAL:
		break;
	}
	interval = stats_mean_interval(&n->stats, stat->part);
	set_real(&out[0], interval.low);
	set_real(&out[1], interval.high);
	return 2;
}

/* ---- the table ---- */

static void add_title(struct report_table *out, const char *path,
		      const char *stat, const char *end, const char *unit)
{
	strvec_pushf(&out->title, "%s%s%s%s", path, stat ? "." : "",
		     stat ? stat : "", end);
	out->unit = xrealloc_array(out->unit, out->title.nr,
				   sizeof(*out->unit));
	out->unit[out->title.nr - 1] = unit;
	out->number = xrealloc_array(out->number, out->title.nr,
				     sizeof(*out->number));
	out->number[out->title.nr - 1] = stat || report_is_number(path);
}

static void add_summed_titles(struct grouping *g, struct summed *s)
{
	const char *path = s->column->path, *unit = report_unit(path);
	size_t i;

	s->first = g->out->title.nr;
	if (!s->has_numbers) {
		if (s->column->named)
			add_title(g->out, path, NULL, "", unit);
		return;
	}
	for (i = 0; i < g->stats->nr; i++) {
		const struct statistic *stat = &g->stats->stat[i];

		if (stat->type == STAT_INTERVAL) {
			add_title(g->out, path, stat->name, ".low", unit);
			add_title(g->out, path, stat->name, ".high", unit);
		} else {
			add_title(g->out, path, stat->name, "",
				  stat->type == STAT_COUNT ? NULL : unit);
		}
	}
}

static void add_titles(struct grouping *g)
{
	size_t i;

	for (i = 0; i < g->by->nr; i++)
		add_title(g->out, g->by->column[i].path, NULL, "",
			  report_unit(g->by->column[i].path));
	g->out->keys = g->by->nr;
	add_title(g->out, "count", NULL, "", NULL);
	for (i = 0; i < g->nr; i++)
		add_summed_titles(g, &g->summed[i]);
}

static void unpack(struct grouping *g, size_t row)
{
	report_row_cells(&g->rows->row[row], g->cells, g->slots);
}

/* Keys of all rows, and which columns have numbers. */
static void look_at_rows(struct grouping *g)
{
	const size_t width = g->by->nr;
	size_t row, i;
	double x;

	g->keys = xcalloc(g->rows->nr * width + 1, sizeof(*g->keys));
	for (row = 0; row < g->rows->nr; row++) {
		unpack(g, row);
		for (i = 0; i < width; i++)
			g->keys[row * width + i] =
				g->cells[g->by->column[i].slot];
		for (i = 0; i < g->nr; i++) {
			struct summed *s = &g->summed[i];

			if (!s->has_numbers)
				s->has_numbers = read_number(
					&g->cells[s->column->slot], &x);
		}
	}
}

static void sort_by_keys(struct grouping *g)
{
	struct sort_keys keys = SORT_KEYS_INIT;
	size_t i;

	keys.nr = g->by->nr;
	keys.key = xcalloc(keys.nr + 1, sizeof(*keys.key));
	for (i = 0; i < keys.nr; i++)
		keys.key[i].column = i;
	g->order = sort_rows(&keys, g->keys, g->rows->nr, keys.nr);
	free(keys.key);
}

static bool is_same_group(const struct grouping *g, size_t a, size_t b)
{
	const size_t width = g->by->nr;
	size_t i;

	for (i = 0; i < width; i++)
		if (!cell_equal(&g->keys[a * width + i],
				&g->keys[b * width + i]))
			return false;
	return true;
}

static void fill_summed(struct grouping *g, struct summed *s,
			struct cell *row)
{
	struct cell *out = row + s->first;
	size_t i;

	if (!s->has_numbers) {
		if (s->column->named && !s->differ)
			*out = s->common;
		return;
	}
	stats_of(&s->numbers.stats, s->numbers.x, s->numbers.nr);
	for (i = 0; i < g->stats->nr; i++)
		out += set_stat(out, &g->stats->stat[i], &s->numbers);
}

/* The rows order[from..to) are one group. */
static void add_group(struct grouping *g, size_t from, size_t to)
{
	struct report_table *out = g->out;
	const size_t width = out->title.nr, keys = g->by->nr;
	struct cell *row = out->cell + out->nr++ * width;
	size_t i, j;

	for (j = 0; j < g->nr; j++) {
		g->summed[j].differ = g->summed[j].numbers.sorted = false;
		g->summed[j].numbers.nr = 0;
	}
	for (i = from; i < to; i++) {
		unpack(g, g->order[i]);
		for (j = 0; j < g->nr; j++)
			add_value(&g->summed[j],
				  &g->cells[g->summed[j].column->slot],
				  i == from);
	}
	for (i = 0; i < keys; i++)
		row[i] = g->keys[g->order[from] * keys + i];
	row[keys].type = CELL_INT;
	row[keys].u.number = (int64_t)(to - from);
	for (j = 0; j < g->nr; j++)
		fill_summed(g, &g->summed[j], row);
}

static void add_groups(struct grouping *g)
{
	size_t from, to, nr = 0, i;

	for (i = 0; i < g->rows->nr; i++)
		nr += !i || !is_same_group(g, g->order[i - 1], g->order[i]);
	g->out->cell = xcalloc(nr * g->out->title.nr + 1,
			       sizeof(*g->out->cell));
	for (from = 0; from < g->rows->nr; from = to) {
		for (to = from + 1; to < g->rows->nr; to++)
			if (!is_same_group(g, g->order[from], g->order[to]))
				break;
		add_group(g, from, to);
	}
}

void report_groups(struct report_table *out, const struct report_rows *rows,
		   size_t slots, const struct report_columns *by,
		   const struct report_columns *columns,
		   const struct report_stats *stats)
{
	struct grouping g = { .out = out, .rows = rows, .by = by,
			      .stats = stats, .slots = slots };
	size_t i;

	g.cells = xcalloc(slots + 1, sizeof(*g.cells));
	g.summed = xcalloc(columns->nr + 1, sizeof(*g.summed));
	for (i = 0; i < columns->nr; i++)
		if (!report_columns_have(by, columns->column[i].path))
			g.summed[g.nr++].column = &columns->column[i];
	look_at_rows(&g);
	add_titles(&g);
	sort_by_keys(&g);
	add_groups(&g);
	for (i = 0; i < g.nr; i++)
		free(g.summed[i].numbers.x);
	free(g.summed);
	free(g.cells);
	free(g.keys);
	free(g.order);
}

void report_table_release(struct report_table *table)
{
	strvec_release(&table->title);
	free(table->unit);
	free(table->number);
	free(table->cell);
}
