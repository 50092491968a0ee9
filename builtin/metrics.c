/*
 * metrics: series of runs as tables. The reading is lib/exp/series/series.h's.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/metrics-parts.h"

#include "lib/base/alloc.h"
#include "lib/base/age.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/process.h"
#include "lib/base/term.h"
#include "lib/exp/conf/settings.h"

static const char *const usage[] = {
	"metrics [-s SERIES] [--columns COLUMNS] [--every N|TIME] "
	"[--by COLUMN] [--stacked] [--format FORMAT] [-A] [--where EXPR] "
	"[EXP...]",
	"metrics (--last | --reduce FUNCTIONS | --list) [-s SERIES] "
	"[--columns COLUMNS] [--format FORMAT] [-A] [--where EXPR] [EXP...]",
	NULL
};

bool metrics_for_people(const struct metrics_job *job)
{
	return job->sheet.format == SHEET_TABLE ||
	       job->sheet.format == SHEET_MARKDOWN ||
	       job->sheet.format == SHEET_LATEX ||
	       job->sheet.format == SHEET_HTML;
}

void metrics_failed(struct metrics_job *job, int code, const char *why)
{
	if (!job->failed++)
		job->code = code;
	error("%s", why);
}

void metrics_left_out(struct metrics_job *job, const struct series_run *run,
		      const char *why)
{
	job->partly = true;
	warning("%s: %s", run->name, why);
}

/* "100" rows, or "30s", "5m", ...: what has a letter is a time. */
static int parse_every(struct series_thin *thin, const char *text,
		       struct strbuf *err)
{
	unsigned seconds;
	char *end;

	errno = 0;
	if (text[0] && !text[strspn(text, "0123456789")]) {
		thin->rows = strtoull(text, &end, 10);
		if (!errno && thin->rows)
			return 0;
	} else if (!age_parse(&seconds, text, NULL) && seconds) {
		thin->seconds = seconds;
		return 0;
	}
	return fail(err, ERR_USAGE, "--every takes a number of rows (100) or "
		    "a time (30s, 5m, 1h), not '%s'", text);
}

struct words {
	const char *columns, *every, *reduce, *format;
	int json, list;
};

static int read_words(struct metrics_job *job, const struct words *words,
		      struct strbuf *err)
{
	const char *format = words->format;
	int ret = 0;

	if (words->columns)
		series_split(&job->columns, words->columns);
	if (!!job->last + !!words->reduce + words->list > 1 &&
	    (job->last || words->list))
		return fail(err, ERR_USAGE, "--last, --reduce and --list are "
			    "three different things");
	if (words->every && (job->last || words->list))
		return fail(err, ERR_USAGE, "--every goes with rows, or with "
			    "--reduce");
	if (words->every)
		ret = parse_every(&job->thin, words->every, err);
	if (!ret && words->reduce)
		ret = series_functions_parse(&job->thin.functions,
					     words->reduce, err);
	if (words->list) {
		series_functions_parse(&job->thin.functions,
				       "count,last,min,max", NULL);
		job->all_series = 1;
	}
	if (words->json && format && strcmp(format, "json"))
		ret = fail(err, ERR_USAGE, "--json is --format=json");
	if (words->json)
		format = "json";
	job->sheet.format = out_is_for_person() ? SHEET_TABLE : SHEET_CSV;
	if (!ret && format)
		ret = sheet_format_parse(&job->sheet.format, format, err);
	if (!ret && job->by && (job->last || job->thin.functions.nr) &&
	    !words->every)
		ret = fail(err, ERR_USAGE, "--by joins rows");
	return ret;
}

static void print(struct metrics_job *job, bool pieces)
{
	if (job->last) {
		metrics_last(job);
	} else if (job->thin.functions.nr && !pieces) {
		metrics_reduce(job);
	} else {
		if (job->runs->nr > 1 && !job->stacked && !job->by)
			job->by = series_step_column(job->runs, job->series);
		if (job->by && !strcmp(job->by, "row"))
			job->by = NULL;
		metrics_rows(job);
	}
}

int cmd_metrics(int argc, const char **argv)
{
	struct series_runs runs = SERIES_RUNS_INIT;
	struct metrics_job job = { .runs = &runs, .columns = STRVEC_INIT };
	struct words words = { NULL, NULL, NULL, NULL, 0, 0 };
	struct strbuf err = STRBUF_INIT;
	int status;
	const struct option options[] = {
		OPT_STRING('s', "series", &job.series, "SERIES",
			   "the series (default: the one without a name, or "
			   "the only one)"),
		OPT_STRING(0, "columns", &words.columns, "COLUMNS",
			   "only these, with commas between (default: all)"),
		OPT_GROUP("What is shown"),
		OPT_STRING(0, "every", &words.every, "N|TIME", "the last row "
			   "of each N, or of each TIME; with --reduce what "
			   "they come to"),
		OPT_BOOL(0, "last", &job.last, "a row for each run: the last "
			 "value of each column"),
		{ .type = OPTION_STRING, .name = "reduce",
		  .value = &words.reduce, .argh = "FUNCTIONS", .arg = ARG_ITEMS,
		  .words = "count first last min max mean sum std median",
		  .help = "what each column comes to: count, first, last,"
			  " min, max, mean, sum, std, median" },
		OPT_BOOL(0, "list", &words.list,
			 "the series and columns that there are"),
		OPT_STRING(0, "by", &job.by, "COLUMN", "join the rows of "
			   "several runs by COLUMN, or by \"row\" (default: "
			   "step, epoch or the like)"),
		OPT_BOOL(0, "stacked", &job.stacked,
			 "several runs below each other, not side by side"),
		OPT_SHEET_FORMAT(&words.format),
		OPT_BOOL(0, "json", &words.json, "the same as --format=json"),
		OPT_BOOL(0, "no-header", &job.sheet.no_header,
			 "only the rows"),
		OPT_GROUP("Which runs"),
		OPT_SERIES_RUNS(&runs),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (read_words(&job, &words, &err))
		usage_with_options(usage, options, "%s", err.buf);
	if (!argc && !runs.all && !runs.where)
		usage_with_options(usage, options, "which experiments?");
	runs.series = job.series;
	status = series_runs_choose(&runs, argv, true);
	if (words.format == NULL && !words.json)
		pager_start(settings_get_str("core.pager", NULL));
	if (runs.nr)
		print(&job, words.every != NULL);
	if (!status && job.failed == runs.nr)
		status = exit_status_of(job.code);
	else if (!status && (job.failed || job.partly))
		status = EXIT_PARTLY;
	process_end_stdout();
	series_runs_release(&runs);
	strvec_release(&job.columns);
	strbuf_release(&err);
	return status;
}
