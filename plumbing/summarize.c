/*
 * summarize: what there is to say of a sample of numbers.
 */
#include "lib/base/compat.h"
#include "command.h"

#include <math.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/summary.h"
#include "lib/base/value.h"
#include "lib/exp/sheet/sample-read.h"
#include "lib/wrap/json.h"

#define MAX_PERCENTILES 1000
#define BAR 40			/* columns of the longest one */

static const char *const usage[] = {
	"summarize [--column=NAME] [--input=INPUT] [--format=FORMAT] [--json] "
	"[--level=LEVEL] [--percentiles=LIST] [--interpolate] [FILE...]",
	NULL
};

struct summarizing {
	const char *column, *input, *format, *level, *percentiles;
	int json, interpolate;

	enum sample_format in;
	struct summary_options options;
	double *percent;
	struct sample sample;
};

static bool parse_double(double *out, const char *text, const char *stop)
{
	char *end;

	if (text == stop || strspn(text, "0123456789.") <
			    (size_t)(stop - text))
		return false;
	*out = strtod(text, &end);
	return end == stop;
}

static int read_percentiles(struct summarizing *s, struct strbuf *err)
{
	const char *text = s->percentiles, *stop;
	size_t nr = 0;
	double p;

	if (!text)
		return 0;
	s->percent = xcalloc(MAX_PERCENTILES, sizeof(*s->percent));
	for (;; text = stop + 1) {
		stop = text + strcspn(text, ",");
		if (!parse_double(&p, text, stop) || p > 100)
			return fail(err, ERR_USAGE, "percentiles are numbers "
				    "from 0 to 100 with commas between them, "
				    "not '%s'", s->percentiles);
		if (nr == MAX_PERCENTILES)
			return fail(err, ERR_USAGE, "at most %d percentiles",
				    MAX_PERCENTILES);
		s->percent[nr++] = p;
		if (!*stop)
			break;
	}
	s->options.percent = s->percent;
	s->options.nr = nr;
	return 0;
}

static int read_words(struct summarizing *s, struct strbuf *err)
{
	static const char *const formats[] = { "lines", "json", "votakvot" };
	size_t i;

	if (s->json)
		s->format = "json";
	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(s->format, formats[i]))
			break;
	if (i == ARRAY_SIZE(formats))
		return fail(err, ERR_USAGE, "the format '%s' is none of "
			    "lines, json, votakvot", s->format);
	if (!sample_format_parse(&s->in, s->input))
		return fail(err, ERR_USAGE, "the input '%s' is none of auto, "
			    "numbers, csv, tsv, json", s->input);
	if (s->level && (!parse_double(&s->options.level, s->level,
				       s->level + strlen(s->level)) ||
			 s->options.level <= 0 || s->options.level >= 1))
		return fail(err, ERR_USAGE, "a level lies between 0 and 1, as "
			    "0.95 does, not '%s'", s->level);
	s->options.interpolate = s->interpolate;
	return read_percentiles(s, err);
}

static int read_file(struct summarizing *s, const char *path,
		     struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT;
	int fd, ret;

	if (!strcmp(path, "-"))
		return sample_read(&s->sample, STDIN_FILENO, "standard input",
				   s->in, s->column, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "cannot read '%s'", path);
	strbuf_addf(&name, "'%s'", path);
	ret = sample_read(&s->sample, fd, name.buf, s->in, s->column, err);
	strbuf_release(&name);
	close(fd);
	return ret;
}

static void add_float(struct strbuf *out, double x)
{
	strbuf_addch(out, '\t');
	if (isfinite(x))
		value_format_float(out, x);
	else
		strbuf_addch(out, '-');
}

static void add_line(struct strbuf *out, const char *name, double x,
		     const struct interval *i)
{
	strbuf_addstr(out, name);
	add_float(out, x);
	if (i) {
		add_float(out, i->low);
		add_float(out, i->high);
	}
	strbuf_addch(out, '\n');
}

static void add_lines(struct strbuf *out, const struct summary *s)
{
	const struct histogram *h = &s->histogram;
	char name[64];
	size_t i;

	strbuf_addf(out, "count\t%zu\nmissing\t%" PRIu64 "\n", s->stats.nr,
		    s->missing);
	add_line(out, "sum", s->stats.sum, NULL);
	add_line(out, "average", s->stats.mean, &s->mean);
	add_line(out, "sd", s->stats.sd, NULL);
	add_line(out, "std_dev", s->population_sd, NULL);
	add_line(out, "minimum", s->stats.min, NULL);
	add_line(out, "median", s->median, NULL);
	add_line(out, "maximum", s->stats.max, NULL);
	for (i = 0; i < s->nr; i++) {
		snprintf(name, sizeof(name), "percentiles.%.10g",
			 s->percentile[i].percent);
		add_line(out, name, s->percentile[i].value,
			 &s->percentile[i].interval);
	}
	add_line(out, "level", s->level, NULL);
	strbuf_addf(out, "outliers.mild\t%zu\noutliers.severe\t%zu\n",
		    s->mild, s->severe);
	for (i = 0; i < h->nr; i++) {
		strbuf_addstr(out, "histogram");
		add_float(out, h->edge[i]);
		add_float(out, h->edge[i + 1]);
		strbuf_addf(out, "\t%" PRIu64 "\n", h->count[i]);
	}
}

static void print(const struct summarizing *s, const struct summary *summary)
{
	/* votakvot-ab shows seconds as milliseconds */
	static const struct summary_unit ms = { 1000, 2, " ms" };
	struct strbuf out = STRBUF_INIT;
	struct value *value;

	if (!strcmp(s->format, "json")) {
		value = summary_value(summary, 0);
		json_write(&out, value);
		strbuf_addch(&out, '\n');
		value_free(value);
	} else if (!strcmp(s->format, "votakvot")) {
		if (summary->stats.nr)
			summary_add_text(&out, summary, &ms, true);
		if (summary->stats.nr) {
			strbuf_addstr(&out, "histogram:\n");
			summary_add_histogram(&out, &summary->histogram, &ms,
					      BAR);
		}
	} else {
		add_lines(&out, summary);
	}
	out_text(out.buf, out.len);
	strbuf_release(&out);
}

int cmd_summarize(int argc, const char **argv)
{
	static const char *standard_input[] = { "-", NULL };
	struct summarizing s = { .input = "auto", .format = "lines",
				 .sample = SAMPLE_INIT };
	struct summary summary = SUMMARY_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret;
	const struct option options[] = {
		OPT_STRING(0, "column", &s.column, "NAME",
			   "the column of a table, or the member of objects"),
		{ .type = OPTION_STRING, .name = "input", .value = &s.input,
		  .argh = "INPUT", .arg = ARG_WORDS,
		  .words = "auto numbers csv tsv json",
		  .help = "auto, numbers, csv, tsv or json (auto)" },
		{ .type = OPTION_STRING, .name = "format", .value = &s.format,
		  .argh = "FORMAT", .arg = ARG_WORDS,
		  .words = "lines json votakvot",
		  .help = "lines, json or votakvot (lines)" },
		OPT_BOOL(0, "json", &s.json, "the same as --format=json"),
		OPT_STRING(0, "level", &s.level, "LEVEL",
			   "how sure intervals are (0.95)"),
		OPT_STRING(0, "percentiles", &s.percentiles, "LIST",
			   "which percentiles, as 50,99.9"),
		OPT_BOOL(0, "interpolate", &s.interpolate,
			 "percentiles between two values, as R and numpy"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	ret = read_words(&s, &err);
	if (ret)
		usage_with_options(usage, options, "%s", err.buf);
	if (!argc)
		argv = standard_input;
	for (; *argv && !ret; argv++)
		ret = read_file(&s, *argv, &err);
	if (ret) {
		error("%s", err.buf);
	} else {
		summary_make(&summary, s.sample.x, s.sample.nr, &s.options);
		print(&s, &summary);
		summary_release(&summary);
	}
	sample_release(&s.sample);
	free(s.percent);
	strbuf_release(&err);
	return exit_status_of(ret);
}
