/*
 * bench: how long a command takes, again and again, recorded as an experiment.
 * The story of cmd_bench() is that of run: prepare (nothing is visible), claim
 * (one rename), call, finish (one update of the record).
 *
 * Recording calls lib/exp where another porcelain command would run the
 * plumbing, as run does and for its reason.
 */
#include "lib/base/compat.h"
#include "builtin/bench.h"
#include "command.h"

#include <math.h>

#include "builtin/around-run.h"
#include "builtin/ask-comment.h"
#include "builtin/call-hooks.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/progress.h"
#include "lib/base/quote.h"
#include "lib/base/signals.h"
#include "lib/base/supervise.h"
#include "lib/exp/record/redact-record.h"

#define AT_LEAST_CALLS 10	/* where neither -n nor -d is given */
#define AT_LEAST_SECONDS 3.0
#define EMPTY_CALLS 30		/* of the program that does nothing */
#define EMPTY_SECONDS 1.0
#define RATE_WORKERS 64		/* with --rate and without -c */
#define MAX_RATE 1e6
#define MAX_SECONDS (366 * 86400.0)

static const char *const bench_usage[] = {
	"bench [-n N | -d DURATION] [-c N] [-w N] [--rate=R] "
	"[--timeout=DURATION] [--compare=CMD]... [--strict] [--stdin=FILE] "
	"[--output=WHERE] [--overhead=N] [--level=LEVEL] [-m COMMENT] "
	"[--dependency=EXP]... [--[no-]push] [--format=FORMAT] [--json] [-z] "
	"[--dry-run] [--] CMD...",
	NULL
};

static void program_release(struct bench_program *p)
{
	bench_tally_release(&p->tally);
	summary_release(&p->took);
	summary_release(&p->response);
	summary_release(&p->spawn);
	launch_free(p->launch);
	strvec_release(&p->argv);
	strbuf_release(&p->path);
	strbuf_release(&p->shown);
}

static void program_init(struct bench_program *p)
{
	static const struct bench_program blank = {
		.argv = STRVEC_INIT, .path = STRBUF_INIT,
		.shown = STRBUF_INIT
	};

	*p = blank;
}

static void bench_init(struct bench *b)
{
	static const struct bench blank = {
		.number = -1, .concurrency = -1, .overhead = -1,
		.push = -1, .output = "discard",
		.compare = STRVEC_INIT, .deps = RUN_DEPS_INIT,
		.words = STRVEC_INIT, .cwd = STRBUF_INIT,
		.asked_comment = STRBUF_INIT, .rec = RECORDING_INIT,
		.taken = REDACTION_INIT, .out_log = -1, .err_log = -1,
		.rows = { .fields = bench_fields }
	};
	size_t i;

	*b = blank;
	for (i = 0; i < BENCH_MAX_PROGRAMS; i++)
		program_init(&b->program[i]);
	program_init(&b->empty);
}

static void bench_release(struct bench *b)
{
	size_t i;

	for (i = 0; i < BENCH_MAX_PROGRAMS; i++)
		program_release(&b->program[i]);
	program_release(&b->empty);
	metrics_close(&b->metrics, NULL);
	if (b->out_log >= 0)
		close(b->out_log);
	if (b->err_log >= 0)
		close(b->err_log);
	run_deps_release(&b->deps);
	strvec_release(&b->compare);
	strvec_release(&b->words);
	strbuf_release(&b->cwd);
	strbuf_release(&b->asked_comment);
	git_state_free(b->git);
	meta_finish(&b->meta, NULL, 0);
	value_free(b->changes);
	recording_release(&b->rec);
	redaction_release(&b->taken);
}

/* ---- what the options say -------------------------------------------------*/

static bool read_number(double *out, const char *text, const char **rest)
{
	size_t len = strspn(text, "0123456789.");
	char *end;

	if (!len || !strcmp(text, "."))
		return false;
	*out = strtod(text, &end);
	*rest = text + len;
	return end == *rest;
}

/* "2", "0.5", "500ms", "2s", "5m" or "5min", "1h". */
static int read_seconds(double *out, const char *text, struct strbuf *err)
{
	static const struct { const char *name; double seconds; } units[] = {
		{ "", 1 }, { "s", 1 }, { "ms", 0.001 }, { "m", 60 },
		{ "min", 60 }, { "h", 3600 }
	};
	const char *rest;
	size_t i;

	if (read_number(out, text, &rest))
		for (i = 0; i < ARRAY_SIZE(units); i++)
			if (!strcmp(rest, units[i].name)) {
				*out *= units[i].seconds;
				if (*out > 0 && *out <= MAX_SECONDS)
					return 0;
			}
	return fail(err, ERR_USAGE, "'%s' is no time, such as 2, 0.5, 500ms, "
		    "5min or 1h", text);
}

static int read_level(struct bench *b, struct strbuf *err)
{
	const char *rest;

	b->sure = SUMMARY_LEVEL;
	if (!b->level || (read_number(&b->sure, b->level, &rest) && !*rest &&
			  b->sure > 0 && b->sure < 1))
		return 0;
	return fail(err, ERR_USAGE, "a level lies between 0 and 1, as 0.95 "
		    "does, not '%s'", b->level);
}

static int read_rate(struct bench *b, struct strbuf *err)
{
	const char *rest;

	if (!b->rate)
		return 0;
	if (!read_number(&b->load.rate, b->rate, &rest) || *rest ||
	    b->load.rate <= 0 || b->load.rate > MAX_RATE)
		return fail(err, ERR_USAGE, "'%s' is no number of calls a "
			    "second", b->rate);
	if (b->compare.nr)
		return fail(err, ERR_USAGE, "--compare takes turns, and "
			    "--rate begins calls by the clock");
	return 0;
}

static int read_amounts(struct bench *b, struct strbuf *err)
{
	struct bench_load *load = &b->load;

	if (!b->number || !b->concurrency)
		return fail(err, ERR_USAGE, "-%c counts from 1",
			    b->number ? 'c' : 'n');
	if (b->number > 0 && b->seconds)
		return fail(err, ERR_USAGE, "-n says how many, and -d for how "
			    "long; one of them is enough");
	if (b->number > (int)BENCH_MAX_CALLS ||
	    (uint64_t)b->warmup > BENCH_MAX_CALLS)
		return fail(err, ERR_USAGE, "at most %u calls",
			    BENCH_MAX_CALLS);
	if (b->concurrency > BENCH_MAX_WORKERS)
		return fail(err, ERR_USAGE, "at most %d calls at once",
			    BENCH_MAX_WORKERS);
	load->number = b->number > 0 ? (uint64_t)b->number : 0;
	load->warmup = (uint64_t)b->warmup;
	load->workers = b->concurrency > 0 ? (unsigned)b->concurrency :
			load->rate > 0 ? RATE_WORKERS : 1;
	if (b->seconds) {
		load->least = 1;
		return read_seconds(&load->seconds, b->seconds, err);
	}
	if (b->number < 0) {
		load->least = AT_LEAST_CALLS;
		load->seconds = AT_LEAST_SECONDS;
	}
	return 0;
}

static int read_words(struct bench *b, const char **argv, struct strbuf *err)
{
	size_t i;
	int ret = 0;

	strvec_pushv(&b->program[0].argv, argv);
	b->nr = 1;
	for (i = 0; i < b->compare.nr && !ret; i++) {
		if (b->nr == BENCH_MAX_PROGRAMS)
			return fail(err, ERR_USAGE, "at most %d commands",
				    BENCH_MAX_PROGRAMS);
		ret = unquote_shell(&b->program[b->nr].argv, b->compare.v[i],
				    err);
		if (!ret && !b->program[b->nr].argv.nr)
			ret = fail(err, ERR_USAGE,
				   "--compare needs a command");
		b->nr++;
	}
	if (ret)
		return ret;
	b->keeps_output = !strcmp(b->output, "keep");
	if (!b->keeps_output && strcmp(b->output, "discard"))
		return fail(err, ERR_USAGE, "--output is discard or keep, not "
			    "'%s'", b->output);
	if (b->timeout)
		ret = read_seconds(&b->load.timeout, b->timeout, err);
	if (!ret)
		ret = read_level(b, err);
	if (!ret)
		ret = read_rate(b, err);
	if (!ret)
		ret = read_amounts(b, err);
	b->load.strict = b->strict;
	/* The page is no table. */
	if (!ret && b->rows.format && !strcmp(b->rows.format, "text"))
		b->rows.format = NULL;
	else if (!ret && b->rows.format && !strcmp(b->rows.format, "json"))
		b->rows.json = 1;
	if (!ret && b->rows.format && !b->rows.json)
		ret = rows_begin(&b->rows, err);
	return ret;
}

static void read_options(struct bench *b, int argc, const char **argv)
{
	struct strbuf err = STRBUF_INIT;
	const struct option options[] = {
		OPT_NUMBER('n', "number", &b->number, "N", "how many calls"),
		OPT_STRING('d', "duration", &b->seconds, "DURATION",
			   "for how long, as 10 or 2min"),
		OPT_NUMBER('c', "concurrency", &b->concurrency, "N",
			   "how many calls at once (1)"),
		OPT_NUMBER('w', "warmup", &b->warmup, "N",
			   "make N calls more, and leave the first N out"),
		OPT_STRING(0, "rate", &b->rate, "R",
			   "begin R calls a second, by the clock"),
		OPT_STRING(0, "timeout", &b->timeout, "DURATION",
			   "end a call that takes longer; it has failed"),
		OPT_LIST(0, "compare", &b->compare, "CMD",
			 "a command to compare with, in turns"),
		OPT_BOOL(0, "strict", &b->strict,
			 "end with the first call that fails"),
		{ .type = OPTION_STRING, .name = "stdin", .value = &b->input,
		  .argh = "FILE", .arg = ARG_FILE,
		  .help = "what each call reads; nothing by itself" },
		{ .type = OPTION_STRING, .name = "output",
		  .value = &b->output, .argh = "WHERE", .arg = ARG_WORDS,
		  .words = "discard keep",
		  .help = "discard or keep what calls write (discard)" },
		{ .type = OPTION_INT, .name = "overhead",
		  .value = &b->overhead, .argh = "N", .flags = OPT_NATURAL,
		  .help = "so many calls of a program that does nothing (30)" },
		OPT_STRING(0, "level", &b->level, "LEVEL",
			   "how sure intervals are (0.95)"),
		OPT_STRING('m', "comment", &b->rec.comment, "COMMENT",
			   "the comment in the name; asked for on a terminal"),
		{ .type = OPTION_LIST, .name = "dependency",
		  .value = &b->deps.asked, .argh = "EXP", .arg = ARG_EXP,
		  .help = "an experiment that this one needs" },
		OPT_BOOL(0, "push", &b->push,
			 "push at the end, whatever push.auto says"),
		OPT_BOOL(0, "json", &b->rows.json, "the result, as one object"),
		{ .type = OPTION_STRING, .name = "format",
		  .value = &b->rows.format, .argh = "FORMAT", .arg = ARG_WORDS,
		  .words = "text json table csv tsv",
		  .help = "text, json, table, csv, tsv, or a template "
			  "with %(field)" },
		OPT_NUL(&b->rows.nul),
		OPT_BOOL(0, "dry-run", &b->dry_run,
			 "print what would be called, call nothing"),
		OPT_END_OF_TABLE
	};
	int ret;

	strvec_push(&b->words, "resutil");
	strvec_pushv(&b->words, argv);
	argc = parse_options(argc, argv, options, bench_usage,
			     PARSE_STOP_AT_WORD);
	if (!argc)
		usage_with_options(bench_usage, options,
				   "no command was given");
	ret = read_words(b, argv, &err);
	if (ret)
		usage_with_options(bench_usage, options, "%s", err.buf);
	strbuf_release(&err);
}

/* ---- before there is anything ---------------------------------------------*/

/* What is shown of a command has no secrets; the program gets its words. */
static void show_commands(struct bench *b)
{
	struct redaction taken = REDACTION_INIT;
	size_t i;

	for (i = 0; i < b->nr; i++) {
		struct strvec words = STRVEC_INIT;
		struct strbuf text = STRBUF_INIT;

		redact_argv(&taken, b->program[i].argv.v, &words);
		quote_shell_argv(&text, words.v);
		strbuf_addbuf(&b->program[i].shown, &text);
		strvec_release(&words);
		strbuf_release(&text);
	}
	redaction_release(&taken);
}

/* 0, 126, 127, or a negative code. */
static int find_programs(struct bench *b, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	size_t i;
	int ret = 0;

	for (i = 0; i < b->nr && !ret; i++)
		ret = path_find_program(&b->program[i].path,
					b->program[i].argv.v[0], err);
	if (!ret && b->input && access(b->input, R_OK))
		ret = fail_errno(err, "cannot read '%s'", b->input);
	if (!ret && b->overhead && !path_find_program(&b->empty.path, "true",
						      &why)) {
		strvec_push(&b->empty.argv, "true");
		b->has_empty = true;
	}
	strbuf_release(&why);
	return ret;
}

/* As before a run. They say no by a status that is none of ours. */
static int call_pre_run(struct bench *b, const struct own_hooks *h,
			struct strbuf *err)
{
	struct value *params = bench_params(b);
	const struct run_preview preview = {
		.argv = b->words.v, .cwd = b->cwd.buf,
		.comment = b->rec.comment, .params = params,
		.deps = &b->deps, .git_options = &b->git_options
	};
	struct strbuf in = STRBUF_INIT;
	int ret = run_preview_add(&in, &preview, err);

	if (!ret)
		ret = run_call_pre(h, &in, err);
	value_free(params);
	strbuf_release(&in);
	return ret == ERR_NO ? ERR_FAILED : ret;
}

static int prepare_all(struct bench *b, struct own_hooks *hooks,
		       struct strbuf *err)
{
	int ret;

	show_commands(b);
	ret = find_programs(b, err);
	if (!ret)
		ret = path_cwd(&b->cwd, err);
	if (!ret)
		ret = git_state_options_init(&b->git_options, the_project, err);
	if (!ret && !b->dry_run)
		ret = call_hooks_find(hooks, "pre-run", err);
	/* git answers while we go on, but what hooks change comes first. */
	if (!ret && !hooks->nr)
		ret = git_state_start(&b->git, &b->git_options, err);
	if (!ret)
		ret = run_push_choose(&b->how, b->push, err);
	if (!ret)
		ret = run_deps_find(&b->deps, b->cwd.buf, b->program[0].argv.v,
				    b->dry_run, err);
	if (!ret)
		ret = choose_comment(the_project, &b->rec.comment,
				     &b->asked_comment, err);
	if (ret || !hooks->nr)
		return ret;
	ret = call_pre_run(b, hooks, err);
	return ret ? ret : git_state_start(&b->git, &b->git_options, err);
}

static int prepare(struct bench *b, struct strbuf *err)
{
	struct own_hooks hooks = OWN_HOOKS_INIT;
	int ret = prepare_all(b, &hooks, err);

	own_hooks_release(&hooks);
	return ret;
}

static void print_plan(const struct bench *b)
{
	struct strbuf line = STRBUF_INIT;
	size_t i;

	for (i = 0; i < b->nr; i++)
		strbuf_addf(&line, "program\t%s\ncommand\t%s\n",
			    b->program[i].path.buf, b->program[i].shown.buf);
	strbuf_addf(&line, "concurrency\t%u\n", b->load.workers);
	if (b->load.number)
		strbuf_addf(&line, "number\t%" PRIu64 "\n", b->load.number);
	if (b->load.seconds > 0)
		strbuf_addf(&line, "duration\t%g\n", b->load.seconds);
	if (b->rec.comment && *b->rec.comment)
		strbuf_addf(&line, "comment\t%s\n", b->rec.comment);
	out_text(line.buf, line.len);
	strbuf_release(&line);
}

/* ---- calls ----------------------------------------------------------------*/

struct calling {
	struct bench *b;
	struct progress *progress;
	uint64_t done;
};

static void take_call(struct bench_call *call, void *data)
{
	struct calling *c = data;
	struct bench *b = c->b;

	progress_items(c->progress, ++c->done);
	if (call->warmup || call->end == CALL_CUT)
		return;
	bench_add_row(b, call);
	bench_tally_add(&b->program[call->program].tally, call, &b->taken);
}

static void pause_calls(void *data)
{
	struct calling *c = data;

	bench_flush_rows(c->b);
}

static void take_empty(struct bench_call *call, void *data)
{
	struct bench *b = data;

	bench_tally_add(&b->empty.tally, call, &b->taken);
}

/* With as many at once as there will be: they are in each other's way, too. */
static int measure_empty(struct bench *b, struct strbuf *err)
{
	struct launch *const program[] = { b->empty.launch };
	struct bench_load load = {
		.program = program, .nr = 1, .seconds = EMPTY_SECONDS,
		.number = b->overhead < 0 ? EMPTY_CALLS :
					    (uint64_t)b->overhead,
		.warmup = b->load.workers, .least = 1,
		.workers = b->load.workers, .out = b->out_log, .err_log = -1,
		.each = take_empty, .data = b
	};
	int ret;

	if (!b->has_empty)
		return 0;
	ret = bench_load_run(&load, err);
	b->load.interrupted_by = load.interrupted_by;
	return ret;
}

static int make_calls(struct bench *b, struct strbuf *err)
{
	struct launch *program[BENCH_MAX_PROGRAMS];
	struct calling calling = { .b = b };
	size_t i;
	int ret;

	for (i = 0; i < b->nr; i++)
		program[i] = b->program[i].launch;
	b->load.program = program;
	b->load.nr = b->nr;
	b->load.out = b->out_log;
	b->load.err_log = b->err_log;
	b->load.each = take_call;
	b->load.pause = pause_calls;
	b->load.data = &calling;
	calling.progress = progress_start(_("Calling"),
		b->load.number ? (b->load.number + b->load.warmup) * b->nr :
				 0, 0);
	b->started = moment_now();
	ret = bench_load_run(&b->load, err);
	progress_stop(&calling.progress);
	b->load.program = NULL;
	b->load.data = NULL;
	return ret;
}

/* All is recorded that there is, also where something ended it early. */
static int execute(struct bench *b, struct strbuf *err)
{
	int ret = bench_prepare_calls(b, err);

	b->started = moment_now();
	if (!ret)
		ret = measure_empty(b, err);
	if (!ret && !b->load.interrupted_by)
		ret = make_calls(b, err);
	supervise_be_patient();
	return ret;
}

static int exit_status(const struct bench *b)
{
	uint64_t calls = 0, failed = 0;
	size_t i;

	for (i = 0; i < b->nr; i++) {
		calls += b->program[i].tally.calls;
		failed += b->program[i].tally.failed;
	}
	if (b->load.interrupted_by)
		return 128 + b->load.interrupted_by;
	if (b->incomplete || b->rows_lost || b->load.log_errno)
		return EXIT_FAILED;
	return !failed ? 0 : failed == calls ? EXIT_NO : EXIT_PARTLY;
}

static void tell_begin(const struct bench *b)
{
	struct strbuf list = STRBUF_INIT;

	record_format_redacted(&list, b->rec.record);
	if (list.len && verbosity >= 0)
		warning(_("not recorded, for it looks secret: %s "
			  "('secrets.allow' exempts)"), list.buf);
	if (verbosity > 0 || (verbosity == 0 && isatty(STDERR_FILENO)))
		say(_("Experiment: %s"), b->rec.name.buf);
	strbuf_release(&list);
}

static void end(struct bench *b)
{
	struct value *result;
	int stopped = 0;

	bench_summarize(b);
	result = bench_result(b);
	bench_finish(b, result);
	supervise_end();
	bench_print(b, result);
	out_flush();
	bench_warn(b);
	value_free(result);
	run_note_commit(&b->rec, NULL);
	run_post_hooks(&b->rec);
	run_push(b->rec.name.buf, b->how, false, &stopped);
}

int cmd_bench(int argc, const char **argv)
{
	/* A limit on file sizes is a full disk for us: EFBIG, not our end. */
	static const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct bench b;
	struct strbuf err = STRBUF_INIT;
	int ret, status = 0, signo;

	bench_init(&b);
	sigaction(SIGXFSZ, &ignore, NULL);
	read_options(&b, argc, argv);
	ret = prepare(&b, &err);
	if (!ret && b.dry_run) {
		print_plan(&b);
		goto cleanup;
	}
	if (!ret)
		ret = bench_claim(&b, &err);
	if (ret) {
		error("%s", err.buf);
		status = ret > 0 ? ret : exit_status_of(ret);
		goto cleanup;
	}
	tell_begin(&b);
	ret = execute(&b, &err);
	if (ret) {
		/* Nothing was called that could be recorded. */
		birth_undo(b.rec.birth, NULL);
		supervise_end();
		error("%s", err.buf);
		status = exit_status_of(ret);
		goto cleanup;
	}
	end(&b);
	status = exit_status(&b);

cleanup:
	signo = b.load.interrupted_by;
	bench_release(&b);
	strbuf_release(&err);
	out_flush();
	if (signo == SIGINT)	/* so that a shell's loop ends, too */
		signal_die_of(SIGINT);
	return status;
}
