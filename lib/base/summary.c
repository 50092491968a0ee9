#include "lib/base/compat.h"
#include "lib/base/summary.h"

#include <math.h>

#include "lib/base/alloc.h"

/* Those of votakvot-ab, and how many values each takes. */
static const double usual[] = {
	5, 10, 25, 50, 75, 90, 95, 97, 98, 99, 99.5, 99.9
};
#define TELLING 500	/* more than this by its distance from an end */

static bool tells(double percent, size_t nr)
{
	double distance = percent < 50 ? percent : 100 - percent;

	return (double)nr * distance > TELLING;
}

static void add_percentile(struct summary *s, const double *x, size_t nr,
			   double percent, bool interpolate)
{
	struct percentile *p = &s->percentile[s->nr++];

	p->percent = percent;
	p->value = interpolate ? stats_quantile(x, nr, percent / 100) :
				 stats_quantile_of_sample(x, nr, percent / 100);
	p->interval = stats_quantile_interval(x, nr, percent / 100, s->level);
}

void summary_make(struct summary *out, double *x, size_t nr,
		  const struct summary_options *options)
{
	static const struct summary_options none;
	size_t numbers = stats_sort(x, nr), i;

	memset(out, 0, sizeof(*out));
	if (!options)
		options = &none;
	out->level = options->level > 0 ? options->level : SUMMARY_LEVEL;
	out->missing = nr - numbers;
	stats_of(&out->stats, x, numbers);
	out->population_sd = out->stats.sd == 0 || numbers == 1 ? 0 :
		sqrt(out->stats.squares / (double)numbers);
	out->median = stats_median(x, numbers);
	out->mean = stats_mean_interval(&out->stats, out->level);
	out->percentile = xcalloc(options->nr + ARRAY_SIZE(usual),
				  sizeof(*out->percentile));
	for (i = 0; options->percent && i < options->nr && numbers; i++)
		add_percentile(out, x, numbers, options->percent[i],
			       options->interpolate);
	for (i = 0; !options->percent && i < ARRAY_SIZE(usual); i++)
		if (tells(usual[i], numbers))
			add_percentile(out, x, numbers, usual[i],
				       options->interpolate);
	stats_outliers(x, numbers, &out->mild, &out->severe);
	histogram_make(&out->histogram, x, numbers);
}

void summary_release(struct summary *s)
{
	free(s->percentile);
	s->percentile = NULL;
	histogram_release(&s->histogram);
}

static struct value *number(double x, double grain)
{
	double rounded = grain > 0 ? round(x / grain) : x;

	if (!isfinite(x))
		return value_new_null();
	/* A decimal fraction comes from a division, not from its inverse. */
	return value_new_float(grain > 0 ? rounded / round(1 / grain) : x);
}

static struct value *interval_value(const struct interval *i, double grain)
{
	struct value *list = value_new_list();

	value_list_add(list, number(i->low, grain));
	value_list_add(list, number(i->high, grain));
	return list;
}

static struct value *histogram_value(const struct histogram *h, double grain)
{
	struct value *map = value_new_map(), *edges = value_new_list();
	struct value *counts = value_new_list();
	size_t i;

	for (i = 0; i < h->nr; i++) {
		value_list_add(edges, number(h->edge[i], grain));
		value_list_add(counts, value_new_int((int64_t)h->count[i]));
	}
	if (h->nr)
		value_list_add(edges, number(h->edge[h->nr], grain));
	value_map_set(map, "edges", edges);
	value_map_set(map, "counts", counts);
	return map;
}

static void set_percentiles(struct value *map, const struct summary *s,
			    double grain)
{
	struct value *values = value_new_map(), *intervals = value_new_map();
	struct strbuf key = STRBUF_INIT;
	size_t i;

	for (i = 0; i < s->nr; i++) {
		const struct percentile *p = &s->percentile[i];

		strbuf_reset(&key);
		strbuf_addf(&key, "%.10g", p->percent);
		value_map_set(values, key.buf, number(p->value, grain));
		value_map_set(intervals, key.buf,
			      interval_value(&p->interval, grain));
	}
	value_map_set(map, "percentiles", values);
	value_map_set(map, "percentile_intervals", intervals);
	strbuf_release(&key);
}

struct value *summary_value(const struct summary *s, double grain)
{
	struct value *map = value_new_map(), *outliers = value_new_map();

	value_map_set_int(map, "count", (int64_t)s->stats.nr);
	value_map_set_int(map, "missing", (int64_t)s->missing);
	value_map_set(map, "sum", number(s->stats.sum, grain));
	value_map_set(map, "average", number(s->stats.mean, grain));
	value_map_set(map, "average_interval",
		      interval_value(&s->mean, grain));
	value_map_set(map, "sd", number(s->stats.sd, grain));
	value_map_set(map, "std_dev", number(s->population_sd, grain));
	value_map_set(map, "minimum", number(s->stats.min, grain));
	value_map_set(map, "median", number(s->median, grain));
	value_map_set(map, "maximum", number(s->stats.max, grain));
	set_percentiles(map, s, grain);
	value_map_set(map, "level", value_new_float(s->level));
	value_map_set_int(outliers, "mild", (int64_t)s->mild);
	value_map_set_int(outliers, "severe", (int64_t)s->severe);
	value_map_set(map, "outliers", outliers);
	value_map_set(map, "histogram", histogram_value(&s->histogram, grain));
	return map;
}

static void add_number(struct strbuf *out, double x,
		       const struct summary_unit *unit)
{
	if (isfinite(x))
		strbuf_addf(out, "%.*f", unit->digits, x * unit->scale);
	else
		strbuf_addch(out, '?');
}

void summary_add_interval(struct strbuf *out, const struct interval *i,
			  const struct summary_unit *unit)
{
	strbuf_addch(out, '(');
	add_number(out, i->low, unit);
	strbuf_addstr(out, " .. ");
	add_number(out, i->high, unit);
	strbuf_addf(out, "%s)", unit->unit);
}

static void add_line(struct strbuf *out, const char *name, double x,
		     const struct interval *i, const struct summary_unit *unit)
{
	strbuf_addf(out, "%s \t ", name);
	add_number(out, x, unit);
	strbuf_addstr(out, unit->unit);
	if (i) {
		strbuf_addch(out, '\t');
		summary_add_interval(out, i, unit);
	}
	strbuf_addch(out, '\n');
}

void summary_add_text(struct strbuf *out, const struct summary *s,
		      const struct summary_unit *unit, bool intervals)
{
	char name[32];
	size_t i;

	add_line(out, "average", s->stats.mean, intervals ? &s->mean : NULL,
		 unit);
	add_line(out, "std_dev", s->population_sd, NULL, unit);
	add_line(out, "minimum", s->stats.min, NULL, unit);
	add_line(out, "maximum", s->stats.max, NULL, unit);
	strbuf_addstr(out, "percentiles:\n");
	for (i = 0; i < s->nr; i++) {
		const struct percentile *p = &s->percentile[i];

		snprintf(name, sizeof(name), "  pct %s%.10g  ",
			 p->percent < 10 ? "0" : "", p->percent);
		add_line(out, name, p->value, intervals ? &p->interval : NULL,
			 unit);
	}
}

/* Edges are round numbers, so few digits are all of them. */
static void add_edge(struct strbuf *out, double edge,
		     const struct summary_unit *unit)
{
	strbuf_addf(out, "%.6g%s", edge * unit->scale, unit->unit);
}

void summary_add_histogram(struct strbuf *out, const struct histogram *h,
			   const struct summary_unit *unit, unsigned width)
{
	struct strbuf line = STRBUF_INIT;
	uint64_t most = 1;
	size_t i, columns = 0, bar;
	int pass;

	for (i = 0; i < h->nr; i++)
		most = MAXIMUM(most, h->count[i]);
	/* Once for the widest label, once for good. */
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < h->nr; i++) {
			strbuf_reset(&line);
			add_edge(&line, h->edge[i], unit);
			strbuf_addstr(&line, " .. ");
			add_edge(&line, h->edge[i + 1], unit);
			if (!pass) {
				columns = MAXIMUM(columns, line.len);
				continue;
			}
			bar = (size_t)((double)h->count[i] * width /
				       (double)most + 0.5);
			if (h->count[i] && !bar)
				bar = 1;
			strbuf_addf(out, "  %*s  %7" PRIu64 "%s",
				    (int)columns, line.buf, h->count[i],
				    bar ? "  " : "");
			while (bar--)
				strbuf_addch(out, '#');
			strbuf_addch(out, '\n');
		}
	strbuf_release(&line);
}
