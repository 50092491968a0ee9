/*
 * plot: measurements as lines, or runs as points, in the terminal or as SVG.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/plot-parts.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-number.h"
#include "lib/base/parse-options.h"
#include "lib/base/process.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/base/term.h"

#include <math.h>

#define MIN_WIDTH 12
#define MAX_SIZE 10000

static const char *const usage[] = {
	"plot [-s SERIES] [--x COLUMN] [--y COLUMNS] [--log AXES] [--smooth N] "
	"[-o FILE] [-A] [--where EXPR] [EXP...]",
	"plot --scatter --x FIELD --y FIELD [--group FIELD] [--log AXES] "
	"[-o FILE] [-A] [--where EXPR] [EXP...]",
	NULL
};

struct words {
	const char *y, *log, *x_range, *y_range, *out, *style, *title;
	int smooth, width, height, scatter;
};

void plot_failed(struct plot_job *job, int code, const char *why)
{
	if (!job->failed++)
		job->code = code;
	error("%s", why);
}

struct plot_panel *plot_job_panel(struct plot_job *job, const char *label)
{
	struct plot_panel *panel = plot_add_panel(job->plot, label);

	panel->y.log = job->log_y;
	panel->y.min = job->y_min;
	panel->y.max = job->y_max;
	return panel;
}

/* "A:B", of which one may be missing. */
static int parse_range(double *min, double *max, const char *text,
		       const char *option, bool log, struct strbuf *err)
{
	const char *colon = text ? strchr(text, ':') : NULL;
	struct number a = { .real = (double)NAN }, b = { .real = (double)NAN };
	bool ok = true;

	*min = *max = (double)NAN;
	if (!text)
		return 0;
	if (!colon)
		ok = false;
	if (ok && colon > text)
		ok = number_parse(&a, text, (size_t)(colon - text));
	if (ok && colon[1])
		ok = number_parse(&b, colon + 1, strlen(colon + 1));
	if (!ok || a.real >= b.real)
		return fail(err, ERR_USAGE, "%s is FROM:TO, two numbers of "
			    "which the first is smaller and one may be "
			    "missing, not '%s'", option, text);
	if (log && (a.real <= 0 || b.real <= 0))
		return fail(err, ERR_USAGE, "a logarithmic axis has nothing "
			    "at 0 or below; see %s", option);
	*min = a.real;
	*max = b.real;
	return 0;
}

static bool is_utf8_locale(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") ||
			       strcasestr(value, "utf8");
	}
	return false;
}

/* The Linux console has half blocks, but no braille. */
static int choose_style(enum plot_style *out, const char *word,
			struct strbuf *err)
{
	const char *term = getenv("TERM");

	if (!word && !is_utf8_locale())
		*out = PLOT_ASCII;
	else if (!word && term && !strcmp(term, "linux"))
		*out = PLOT_BLOCKS;
	else if (!word || !strcmp(word, "braille"))
		*out = PLOT_BRAILLE;
	else if (!strcmp(word, "blocks"))
		*out = PLOT_BLOCKS;
	else if (!strcmp(word, "ascii"))
		*out = PLOT_ASCII;
	else
		return fail(err, ERR_USAGE, "--style is braille, blocks or "
			    "ascii, not '%s'", word);
	return 0;
}

static int read_words(struct plot_job *job, const struct words *w,
		      enum plot_style *style, struct strbuf *err)
{
	int ret = 0;

	if (w->log && strcmp(w->log, "x") && strcmp(w->log, "y") &&
	    strcmp(w->log, "xy"))
		return fail(err, ERR_USAGE, "--log takes x, y or xy, not '%s'",
			    w->log);
	job->log_x = w->log && strchr(w->log, 'x');
	job->log_y = w->log && strchr(w->log, 'y');
	if (w->y)
		series_split(&job->y, w->y);
	if (w->scatter && (!job->x || job->y.nr != 1))
		return fail(err, ERR_USAGE, "--scatter needs --x FIELD and one "
			    "--y FIELD");
	if (w->scatter && (w->smooth || job->series))
		return fail(err, ERR_USAGE, "--scatter shows a point for each "
			    "run: there is nothing to smooth, and no series");
	if (job->group && !w->scatter)
		return fail(err, ERR_USAGE, "--group goes with --scatter");
	if (w->smooth < 0 || w->smooth > (int)PLOT_MAX_WINDOW)
		return fail(err, ERR_USAGE, "--smooth takes 1 to %u rows",
			    PLOT_MAX_WINDOW);
	if ((w->width && (w->width < MIN_WIDTH || w->width > MAX_SIZE)) ||
	    w->height < 0 || w->height > MAX_SIZE)
		return fail(err, ERR_USAGE, "a width is from %d to %d, a "
			    "height up to that", MIN_WIDTH, MAX_SIZE);
	job->window = w->smooth;
	ret = parse_range(&job->x_min, &job->x_max, w->x_range, "--x-range",
			  job->log_x, err);
	if (!ret)
		ret = parse_range(&job->y_min, &job->y_max, w->y_range,
				  "--y-range", job->log_y, err);
	return ret ? ret : choose_style(style, w->style, err);
}

static void print_text(const struct plot *plot, const struct words *w,
		       enum plot_style style)
{
	struct plot_text_options options = {
		.style = style, .width = (unsigned)w->width,
		.height = (unsigned)w->height, .fd = STDOUT_FILENO
	};
	struct strbuf page = STRBUF_INIT;

	if (!options.width)
		options.width = term_width();
	plot_text(&page, plot, &options);
	out_safe(&page);
	strbuf_release(&page);
}

/* Whole or not at all; but a pipe or a device is written to, and a link stays
 * one. */
static int write_file(const char *path, const struct strbuf *text,
		      struct strbuf *err)
{
	char *real = realpath(path, NULL);
	struct stat st;
	int fd, ret = 0;

	if (!real || stat(real, &st) || S_ISREG(st.st_mode)) {
		ret = write_file_atomic(real ? real : path, text->buf,
					text->len, 0666, 0, err);
	} else {
		fd = sys_open(path, O_WRONLY | O_NOCTTY, 0);
		if (fd < 0 || sys_write_all(fd, text->buf, text->len) < 0)
			ret = fail_errno(err, "cannot write '%s'", path);
		if (fd >= 0)
			close(fd);
	}
	free(real);
	return ret;
}

static void write_svg(const struct plot *plot, const struct words *w)
{
	const struct plot_svg_options options = {
		.width = (unsigned)w->width, .height = (unsigned)w->height
	};
	struct strbuf svg = STRBUF_INIT, err = STRBUF_INIT;
	int ret = 0;

	plot_svg(&svg, plot, &options);
	if (!strcmp(w->out, "-"))
		out_text(svg.buf, svg.len);
	else
		ret = write_file(w->out, &svg, &err);
	if (ret)
		die("%s", err.buf);
	strbuf_release(&svg);
	strbuf_release(&err);
}

static int plot_status(const struct plot_job *job, int status)
{
	const size_t runs = MAXIMUM(job->runs->nr, 1);

	if (!status && job->failed >= runs)
		return exit_status_of(job->code);
	if (!status && (job->failed || job->partly))
		return EXIT_PARTLY;
	return status;
}

static void draw(struct plot_job *job, const struct words *w,
		 enum plot_style style)
{
	size_t i, drawn = 0;

	if (w->scatter)
		plot_scatter(job);
	else
		plot_lines(job);
	for (i = 0; i < job->plot->nr; i++)
		drawn += job->plot->panel[i].nr;
	if (!drawn || job->failed >= MAXIMUM(job->runs->nr, 1))
		return;
	if (w->title)
		job->plot->title = xstrdup(w->title);
	else if (job->runs->nr == 1 && !w->scatter)
		job->plot->title = xstrdup(job->runs->run[0].name);
	if (w->out)
		write_svg(job->plot, w);
	else
		print_text(job->plot, w, style);
}

static int plot_runs(struct plot_job *job, const struct words *w,
		     enum plot_style style, const char **argv)
{
	struct series_runs *runs = job->runs;
	struct plot plot;
	int status;

	plot_init(&plot);
	/* cppcheck-suppress autoVariables */
	job->plot = &plot;
	runs->series = job->series;
	runs->unmeasured = w->scatter;
	status = series_runs_choose(runs, argv, true);
	if (runs->nr || (w->scatter && !*argv && !runs->where))
		draw(job, w, style);
	process_end_stdout();
	status = plot_status(job, status);
	job->plot = NULL;
	plot_release(&plot);
	series_runs_release(runs);
	strvec_release(&job->y);
	return status;
}

int cmd_plot(int argc, const char **argv)
{
	struct series_runs runs = SERIES_RUNS_INIT;
	struct plot_job job = { .runs = &runs, .y = STRVEC_INIT };
	struct words w = { NULL };
	enum plot_style style = PLOT_ASCII;
	struct strbuf err = STRBUF_INIT;
	const struct option options[] = {
		OPT_STRING('s', "series", &job.series, "SERIES",
			   "the series (default: the one without a name, or "
			   "the only one)"),
		OPT_STRING(0, "x", &job.x, "COLUMN", "along the axis below: "
			   "a column, at, time or row (default: step, epoch "
			   "or the like, else time)"),
		OPT_STRING(0, "y", &w.y, "COLUMNS", "a panel for each, with "
			   "commas between (default: all with numbers)"),
		OPT_BOOL(0, "scatter", &w.scatter, "a point for each run: --x "
			 "and --y are fields, as in report"),
		OPT_STRING(0, "group", &job.group, "FIELD",
			   "with --scatter: a colour for each value of FIELD"),
		OPT_GROUP("How it is shown"),
		{ .type = OPTION_STRING, .name = "log", .value = &w.log,
		  .argh = "AXES", .arg = ARG_WORDS,
		  .words = "x y xy",
		  .help = "logarithmic axes: x, y or xy" },
		OPT_INTEGER(0, "smooth", &w.smooth, "N",
			    "the mean of N rows around each point, the rows "
			    "faintly behind"),
		OPT_STRING(0, "x-range", &w.x_range, "FROM:TO",
			   "show only that part; one may be missing"),
		OPT_STRING(0, "y-range", &w.y_range, "FROM:TO", "the same"),
		OPT_STRING(0, "label", &runs.label, "FIELD", "call runs by a "
			   "field of their records, such as params.lr"),
		OPT_STRING(0, "title", &w.title, "TEXT", "above it"),
		OPT_STRING('o', NULL, &w.out, "FILE",
			   "write an SVG file; -: to standard output"),
		{ .type = OPTION_STRING, .name = "style", .value = &w.style,
		  .argh = "STYLE", .arg = ARG_WORDS,
		  .words = "braille blocks ascii",
		  .help = "of the terminal: braille, blocks or ascii" },
		OPT_INTEGER(0, "width", &w.width, "N",
			    "columns, or units of an SVG file"),
		OPT_INTEGER(0, "height", &w.height, "N", "rows, or units"),
		OPT_GROUP("Which runs"),
		OPT_SERIES_RUNS(&runs),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (read_words(&job, &w, &style, &err))
		usage_with_options(usage, options, "%s", err.buf);
	if (!argc && !runs.all && !runs.where && !w.scatter)
		usage_with_options(usage, options, "which experiments?");
	strbuf_release(&err);
	return plot_runs(&job, &w, style, argv);
}
