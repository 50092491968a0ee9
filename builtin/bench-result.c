/*
 * The result of a bench, with the names that votakvot-ab has for what it has,
 * too. Source: resutil-bench(1), "RESULT".
 */
#include "lib/base/compat.h"
#include "builtin/bench.h"

#include <math.h>

#include "lib/base/alloc.h"

#define GRAIN 1e-9	/* seconds: what the clock says */
#define PER_SECOND 1e9

static void make(struct summary *out, const double *x, size_t nr,
		 const struct summary_options *options)
{
	double *copy = xcalloc(nr + 1, sizeof(*copy));

	if (nr)
		memcpy(copy, x, nr * sizeof(*x));
	summary_make(out, copy, nr, options);
	free(copy);
}

static void summarize(struct bench_program *p, double level)
{
	const struct summary_options options = { .level = level };
	const struct bench_tally *t = &p->tally;

	make(&p->took, t->took, t->nr, &options);
	make(&p->response, t->response, t->nr, &options);
	make(&p->spawn, t->spawn, t->nr_spawn, &options);
}

void bench_summarize(struct bench *b)
{
	const struct bench_tally *first = &b->program[0].tally;
	size_t i;

	for (i = 0; i < b->nr; i++) {
		struct bench_program *p = &b->program[i];
		size_t nr = MINIMUM(first->nr, p->tally.nr);

		summarize(p, b->sure);
		p->ratio = p->ratio_interval.low = p->ratio_interval.high = NAN;
		if (!i)
			continue;
		/* Turns where one of the two failed are NaN, which is not
		 * positive, and so no pair. */
		p->ratio_interval = stats_ratio_interval(first->took,
			p->tally.took, nr, b->sure, &p->ratio);
	}
	summarize(&b->empty, b->sure);
}

static struct value *rounded(double x)
{
	if (!isfinite(x))
		return value_new_null();
	return value_new_float(round(x * PER_SECOND) / PER_SECOND);
}

/* Numbers of a call, but what is of the whole sample is beside them. */
static struct value *times_value(const struct summary *s)
{
	struct value *map;

	if (!s->stats.nr)
		return value_new_null();
	map = summary_value(s, GRAIN);
	value_map_remove(map, "sum");
	value_map_remove(map, "missing");
	return map;
}

/* Of what is beside the matter: its middle and its width. */
static struct value *brief_value(const struct summary *s)
{
	struct value *map;

	if (!s->stats.nr)
		return value_new_null();
	map = value_new_map();
	value_map_set_int(map, "count", (int64_t)s->stats.nr);
	value_map_set(map, "average", rounded(s->stats.mean));
	value_map_set(map, "std_dev", rounded(s->population_sd));
	value_map_set(map, "minimum", rounded(s->stats.min));
	value_map_set(map, "median", rounded(s->median));
	value_map_set(map, "maximum", rounded(s->stats.max));
	return map;
}

static struct value *error_value(const struct bench_outcome *o)
{
	struct value *entry = value_new_map(), *samples = value_new_list();
	struct strbuf text = STRBUF_INIT;
	size_t i;

	bench_outcome_format(&text, o);
	value_map_set(entry, "error", value_new_text(text.buf, text.len));
	value_map_set_int(entry, "count", (int64_t)o->count);
	for (i = 0; i < o->nr; i++)
		value_list_add(samples, value_new_text(o->sample[i].buf,
						       o->sample[i].len));
	value_map_set(entry, "samples", samples);
	strbuf_release(&text);
	return entry;
}

static int more_often(const void *a, const void *b)
{
	const struct bench_outcome *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static void add_outcomes(struct value *map, const struct bench_tally *t)
{
	struct value *results = value_new_list(), *errors = value_new_list();
	struct value *entry;
	size_t i;

	if (t->nr_outcomes)
		qsort(t->outcome, t->nr_outcomes, sizeof(*t->outcome),
		      more_often);
	for (i = 0; i < t->nr_outcomes; i++) {
		const struct bench_outcome *o = &t->outcome[i];

		entry = value_new_map();
		value_map_set(entry, "result", o->end == CALL_ENDED &&
			      o->number >= 0 ? value_new_int(o->number) :
					       value_new_null());
		value_map_set_int(entry, "count", (int64_t)o->count);
		value_list_add(results, entry);
		if (!bench_outcome_is_good(o))
			value_list_add(errors, error_value(o));
	}
	value_map_set(map, "results", results);
	value_map_set_int(map, "errors_count", (int64_t)t->failed);
	value_map_set(map, "errors", errors);
}

static void add_program(struct value *map, const struct bench *b,
			const struct bench_program *p)
{
	const struct bench_tally *t = &p->tally;
	double calls = t->calls ? (double)t->calls : NAN;

	value_map_set_int(map, "total_count", (int64_t)t->calls);
	value_map_set(map, "total_time", rounded(p->took.stats.sum));
	/* In turns the time is that of all of them. */
	if (b->nr == 1)
		value_map_set(map, "real_rps", b->load.elapsed > 0 ?
			value_new_float((double)t->calls / b->load.elapsed) :
			value_new_null());
	value_map_set(map, "duration", times_value(&p->took));
	if (b->load.rate > 0)
		value_map_set(map, "response", times_value(&p->response));
	value_map_set(map, "spawn", brief_value(&p->spawn));
	value_map_set(map, "user", rounded(t->user / calls));
	value_map_set(map, "sys", rounded(t->sys / calls));
	value_map_set_int(map, "max_rss", (int64_t)t->max_rss);
	add_outcomes(map, t);
}

static void add_ratio(struct value *map, const struct bench_program *p)
{
	struct value *interval = value_new_list();

	value_list_add(interval, rounded(p->ratio_interval.low));
	value_list_add(interval, rounded(p->ratio_interval.high));
	value_map_set(map, "ratio", rounded(p->ratio));
	value_map_set(map, "ratio_interval", interval);
}

struct value *bench_result(const struct bench *b)
{
	struct value *result = value_new_map(), *compared, *entry;
	size_t i;

	add_program(result, b, &b->program[0]);
	value_map_set(result, "elapsed", rounded(b->load.elapsed));
	if (b->has_empty)
		value_map_set(result, "empty_program",
			      brief_value(&b->empty.took));
	if (b->nr > 1) {
		compared = value_new_list();
		for (i = 1; i < b->nr; i++) {
			const struct bench_program *p = &b->program[i];

			entry = value_new_map();
			value_map_set(entry, "command", value_new_text(
				p->shown.buf, p->shown.len));
			add_ratio(entry, p);
			add_program(entry, b, p);
			value_list_add(compared, entry);
		}
		value_map_set(result, "compared", compared);
	}
	return result;
}
