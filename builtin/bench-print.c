/*
 * What a person is told of a bench, in the words of votakvot-ab where it has
 * some, and tables for programs.
 */
#include "lib/base/compat.h"
#include "builtin/bench.h"
#include "command.h"

#include <math.h>

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/term.h"
#include "lib/wrap/json.h"

#define BAR 30			/* columns of the longest one */
#define TOLD_LINES 3		/* of a sample of stderr, the last ones */
#define LATE 0.001		/* seconds after its time is late */
#define FEW 10			/* calls */
#define SHORT 0.005		/* seconds: the empty program is a good part */

static const struct summary_unit ms = { 1000, 2, " ms" };

/* ---- the page -------------------------------------------------------------*/

static void add_samples(struct strbuf *out, const struct bench_outcome *o)
{
	size_t i, lines;
	const char *at, *end;

	for (i = 0; i < o->nr; i++) {
		at = end = o->sample[i].buf + o->sample[i].len;
		for (lines = 0; at > o->sample[i].buf; at--)
			if (at[-1] == '\n' && ++lines == TOLD_LINES)
				break;
		while (at < end) {
			const char *lf = memchr(at, '\n', (size_t)(end - at));

			lf = lf ? lf : end;
			strbuf_addstr(out, "      ");
			quote_terminal(out, at, (size_t)(lf - at));
			strbuf_addch(out, '\n');
			at = lf + (lf < end);
		}
	}
}

static void add_outcomes(struct strbuf *out, const struct bench_tally *t)
{
	size_t i;
	int errors;

	for (errors = 0; errors < 2; errors++) {
		if (!errors && t->calls)
			strbuf_addstr(out, "results:\n");
		else if (errors)
			strbuf_addstr(out, t->failed ? "errors:\n" :
						       "no errors\n");
		for (i = 0; i < t->nr_outcomes; i++) {
			const struct bench_outcome *o = &t->outcome[i];

			if (errors && bench_outcome_is_good(o))
				continue;
			strbuf_addf(out, "  %" PRIu64 " times \t ", o->count);
			if (errors || o->end != CALL_ENDED || o->number < 0)
				bench_outcome_format(out, o);
			else
				strbuf_addf(out, "%d", o->number);
			strbuf_addch(out, '\n');
			if (errors)
				add_samples(out, o);
		}
	}
}

static void add_program(struct strbuf *out, const struct bench *b,
			const struct bench_program *p)
{
	const struct bench_tally *t = &p->tally;
	double calls = (double)t->calls;

	strbuf_addf(out, "run '%s'\n", p->shown.buf);
	strbuf_addf(out, "was made  \t %" PRIu64 " runs\n", t->calls);
	if (p->took.stats.nr) {
		summary_add_text(out, &p->took, &ms, true);
		strbuf_addstr(out, "histogram:\n");
		summary_add_histogram(out, &p->took.histogram, &ms, BAR);
		if (b->load.rate > 0) {
			strbuf_addstr(out, "from the time when each was due "
				      "to its end:\n");
			summary_add_text(out, &p->response, &ms, true);
		}
	}
	if (t->calls) {
		if (b->nr == 1 && b->load.elapsed > 0)
			strbuf_addf(out, "throughput \t %.2f runs/s\n",
				    calls / b->load.elapsed);
		strbuf_addf(out, "user    \t %.2f ms\nsystem  \t %.2f ms\n",
			    1000 * t->user / calls, 1000 * t->sys / calls);
		strbuf_addstr(out, "memory  \t ");
		size_format(out, t->max_rss);
		strbuf_addstr(out, " at most\n");
	}
	add_outcomes(out, t);
}

/* What starting takes is part of all times above, and stays in them. */
static void add_overhead(struct strbuf *out, const struct bench *b)
{
	const struct summary *spawn = &b->program[0].spawn;

	if (spawn->stats.nr)
		strbuf_addf(out, "starting \t %.2f ms of each run, until the "
			    "program was there (median)\n",
			    1000 * spawn->median);
	if (b->empty.took.stats.nr)
		strbuf_addf(out, "'true'  \t %.2f ms for a program that does "
			    "nothing (median of %zu)\n",
			    1000 * b->empty.took.median,
			    b->empty.took.stats.nr);
	if (spawn->stats.nr)
		strbuf_addstr(out, "nothing was subtracted\n");
}

static void add_ratios(struct strbuf *out, const struct bench *b)
{
	static const struct summary_unit plain = { 1, 3, "" };
	size_t i;

	for (i = 1; i < b->nr; i++) {
		const struct bench_program *p = &b->program[i];
		const struct interval *in = &p->ratio_interval;

		if (!isfinite(p->ratio)) {
			strbuf_addf(out, "'%s' cannot be compared: no turn in "
				    "which both worked\n", p->shown.buf);
			continue;
		}
		strbuf_addf(out, "'%s' takes %.3f times as long as '%s'\t",
			    p->shown.buf, p->ratio, b->program[0].shown.buf);
		summary_add_interval(out, in, &plain);
		if (in->low <= 1 && in->high >= 1)
			strbuf_addstr(out, "\tno difference can be told");
		strbuf_addch(out, '\n');
	}
}

static void print_page(const struct bench *b)
{
	struct strbuf out = STRBUF_INIT, cwd = STRBUF_INIT;
	size_t i;

	for (i = 0; i < b->nr; i++) {
		if (i)
			strbuf_addch(&out, '\n');
		add_program(&out, b, &b->program[i]);
	}
	if (b->nr > 1)
		strbuf_addch(&out, '\n');
	add_ratios(&out, b);
	add_overhead(&out, b);
	strbuf_addstr(&out, "more info at\n  ");
	path_relative(&cwd, b->cwd.buf, b->rec.dir.buf);
	strbuf_addbuf(&out, &cwd);
	strbuf_addch(&out, '\n');
	out_text(out.buf, out.len);
	strbuf_release(&cwd);
	strbuf_release(&out);
}

/* ---- tables ---------------------------------------------------------------*/

static struct value *seconds(double x)
{
	return isfinite(x) ? value_new_float(round(x * 1e9) / 1e9) :
			     value_new_null();
}

#define FIELD(name, expression)						\
	static struct value *get_##name(const void *row, void *data UNUSED) \
	{								\
		const struct bench_row *r = row;			\
		const struct bench_program *p UNUSED = r->program;	\
									\
		return expression;					\
	}

static double percentile(const struct bench_program *p, double percent)
{
	size_t i;

	for (i = 0; i < p->took.nr; i++)
		if (p->took.percentile[i].percent == percent)
			return p->took.percentile[i].value;
	return NAN;
}

static struct value *throughput(const struct bench *b,
				const struct bench_program *p)
{
	if (b->nr > 1 || b->load.elapsed <= 0)
		return value_new_null();
	return value_new_float((double)p->tally.calls / b->load.elapsed);
}

FIELD(name, value_new_str(r->b->rec.name.buf))
FIELD(command, value_new_text(p->shown.buf, p->shown.len))
FIELD(count, value_new_int((int64_t)p->tally.calls))
FIELD(failed, value_new_int((int64_t)p->tally.failed))
FIELD(average, seconds(p->took.stats.mean))
FIELD(average_low, seconds(p->took.mean.low))
FIELD(average_high, seconds(p->took.mean.high))
FIELD(std_dev, seconds(p->took.population_sd))
FIELD(minimum, seconds(p->took.stats.min))
FIELD(median, seconds(p->took.median))
FIELD(maximum, seconds(p->took.stats.max))
FIELD(p90, seconds(percentile(p, 90)))
FIELD(p95, seconds(percentile(p, 95)))
FIELD(p99, seconds(percentile(p, 99)))
FIELD(rps, throughput(r->b, p))
FIELD(user, seconds(p->tally.user / (double)p->tally.calls))
FIELD(sys, seconds(p->tally.sys / (double)p->tally.calls))
FIELD(max_rss, value_new_int((int64_t)p->tally.max_rss))
FIELD(spawn, seconds(p->spawn.median))
FIELD(ratio, seconds(p->ratio))
FIELD(ratio_low, seconds(p->ratio_interval.low))
FIELD(ratio_high, seconds(p->ratio_interval.high))

#define COLUMN(field, text) \
	{ .name = #field, .help = (text), .right = true, .get = get_##field }
#define HIDDEN(field, text) \
	{ .name = #field, .help = (text), .get = get_##field, .hidden = true }

const struct row_field bench_fields[] = {
	{ .name = "command", .help = "the program and its words",
	  .get = get_command },
	COLUMN(count, "calls"),
	COLUMN(failed, "of these"),
	COLUMN(average, "seconds"),
	COLUMN(average_low, "lower end of its interval"),
	COLUMN(average_high, "upper end"),
	COLUMN(std_dev, "standard deviation, seconds"),
	COLUMN(minimum, "seconds"),
	COLUMN(median, "seconds"),
	COLUMN(maximum, "seconds"),
	COLUMN(p90, "percentile, seconds"),
	COLUMN(p95, "percentile, seconds"),
	COLUMN(p99, "percentile, seconds"),
	COLUMN(rps, "calls a second"),
	COLUMN(user, "seconds of a processor a call"),
	COLUMN(sys, "the same in the kernel"),
	COLUMN(max_rss, "bytes, of the largest"),
	COLUMN(spawn, "seconds until it was there, median"),
	COLUMN(ratio, "to the first command"),
	COLUMN(ratio_low, "lower end of its interval"),
	COLUMN(ratio_high, "upper end"),
	HIDDEN(name, "of the experiment"),
	ROW_FIELD_END
};

static void print_table(struct bench *b)
{
	size_t i;

	for (i = 0; i < b->nr; i++) {
		const struct bench_row row = { b, &b->program[i] };

		rows_add(&b->rows, &row);
	}
	rows_end(&b->rows);
}

static void print_json(const struct bench *b, const struct value *result)
{
	struct value *map = value_new_map();
	struct strbuf out = STRBUF_INIT;

	value_map_set_str(map, "name", b->rec.name.buf);
	value_map_set_str(map, "state", bench_end_state(b));
	value_map_set(map, "command", value_new_text(
		b->program[0].shown.buf, b->program[0].shown.len));
	value_map_set(map, "result", value_copy(result));
	json_write(&out, map);
	strbuf_addch(&out, '\n');
	out_text(out.buf, out.len);
	strbuf_release(&out);
	value_free(map);
}

void bench_print(struct bench *b, const struct value *result)
{
	if (b->rows.json)
		print_json(b, result);
	else if (b->rows.format)
		print_table(b);
	else
		print_page(b);
}

/* ---- warnings -------------------------------------------------------------*/

static void warn_late(const struct bench *b)
{
	const struct bench_tally *t = &b->program[0].tally;
	size_t late = 0, i;
	double most = 0;

	for (i = 0; i < t->nr; i++) {
		double by = t->response[i] - t->took[i];

		late += by > LATE;
		most = by > most ? by : most;
	}
	if (late)
		warning(_("%zu of %" PRIu64 " calls began more than %g ms "
			  "after their time, the last by %.0f ms; with more "
			  "workers (-c) more of them can go on at once"), late,
			t->calls, LATE * 1000, most * 1000);
}

static void warn_of_program(const struct bench *b,
			    const struct bench_program *p)
{
	const struct summary *s = &p->took;
	size_t far = s->mild + s->severe;

	if (s->stats.nr && s->stats.nr < FEW)
		warning(_("%zu calls are few: intervals are wide, and hold "
			  "only if times vary evenly"), s->stats.nr);
	if (p->tally.nr && !b->load.warmup && s->severe &&
	    p->tally.took[0] == s->stats.max)
		warning(_("the first call of '%s' took the longest, %.2f ms: "
			  "perhaps files were not in memory yet; -w leaves "
			  "the first calls out"), p->shown.buf,
			1000 * s->stats.max);
	else if (far)
		warning(_("%zu of %zu calls of '%s' are outliers, %zu of "
			  "them far out: something else may have run beside "
			  "them"), far, s->stats.nr, p->shown.buf, s->severe);
}

void bench_warn(const struct bench *b)
{
	size_t i;

	if (verbosity < 0)
		return;
	for (i = 0; i < b->nr; i++)
		warn_of_program(b, &b->program[i]);
	if (b->load.rate > 0)
		warn_late(b);
	if (b->program[0].took.stats.nr &&
	    b->program[0].took.median < SHORT)
		warning(_("calls are so short that starting a program is a "
			  "good part of them"));
	if (b->load.coarse)
		warning(_("this kernel does not tell the end of a program at "
			  "once (pidfd_open): times are a millisecond or so "
			  "too long"));
	if (b->load.full)
		warning(_("%u calls were made, which is as many as are "
			  "counted; the rest was left out"), BENCH_MAX_CALLS);
}
