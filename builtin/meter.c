/*
 * meter: rows of measurements, for programs in any language. A row of a run
 * that goes on asks no settings and reads no record: it is to cost what
 * `echo >>file` costs in a shell.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/enter-run.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/live.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/exp/recording/run-place.h"
#include "lib/wrap/json.h"

#define READ_BYTES (64u << 10)
#define MAX_TOLD 10	/* bad rows that are named */

static const char *const usage[] = {
	"meter [-s SERIES] [--format=FORMAT] [--json] [--exp=EXP] "
	"[--quiet-outside] COLUMN=VALUE...",
	"meter --stdin [-s SERIES] [--format=FORMAT] [--json] [--exp=EXP] "
	"[--quiet-outside]",
	NULL
};

struct meter {
	struct run_choice choice;
	const char *series;
	const char *format;
	int json, from_stdin;

	struct metrics *metrics;
	uint64_t line;		/* of standard input */
	uint64_t good, bad;	/* rows */
	bool failed;		/* a good row could not be written */
};

static int read_word(struct value *row, const char *word, bool json,
		     struct strbuf *err)
{
	const char *equals = strchr(word, '=');
	struct strbuf name = STRBUF_INIT;
	struct value *value = NULL;
	int ret = 0;

	if (!equals)
		return fail(err, ERR_USAGE, "'%s' is not of the form "
			    "COLUMN=VALUE", word);
	strbuf_add(&name, word, (size_t)(equals - word));
	equals++;
	if (value_map_get(row, name.buf))
		ret = fail(err, ERR_USAGE, "the column '%s' comes twice",
			   name.buf);
	else if (!json)
		value = value_from_parameter(equals, strlen(equals));
	else if (json_parse(&value, equals, strlen(equals), name.buf, err))
		ret = ERR_USAGE;
	if (!ret)
		value_map_add(row, name.buf, name.len, value);
	strbuf_release(&name);
	return ret;
}

static int read_words(struct value **out, const char *const *words, bool json,
		      struct strbuf *err)
{
	int ret = 0;

	*out = value_new_map();
	for (; *words && !ret; words++)
		ret = read_word(*out, *words, json, err);
	if (ret) {
		value_free(*out);
		*out = NULL;
	}
	return ret;
}

/* One line of standard input; NULL for one that is empty. */
static int read_line(struct value **out, const char *text, size_t len,
		     bool json, struct strbuf *err)
{
	struct strvec words = STRVEC_INIT;
	int ret;

	*out = NULL;
	if (json) {
		ret = json_parse(out, text, len, "the row", err);
		if (!ret && (*out)->type != VALUE_MAP) {
			value_free(*out);
			*out = NULL;
			ret = fail(err, ERR_CONTENT, "the row is no object");
		}
		return ret;
	}
	ret = unquote_shell(&words, text, err);
	if (!ret && words.nr)
		ret = read_words(out, words.v, false, err);
	strvec_release(&words);
	return ret ? ERR_CONTENT : 0;
}

static void tell_bad(struct meter *m, const struct strbuf *err)
{
	if (m->bad++ < MAX_TOLD)
		error("line %" PRIu64 ": %s", m->line, err->buf);
}

static void tell_lost(struct meter *m, const struct strbuf *err)
{
	if (!m->failed)
		error("%s", err->buf);
	m->failed = true;
}

static void add_line(struct meter *m, char *text, size_t len)
{
	struct strbuf err = STRBUF_INIT;
	struct moment now = moment_now();
	struct value *row = NULL;
	int ret;

	m->line++;
	text[len] = '\0';
	if (strspn(text, " \t\r") == len)
		return;
	if (!m->json && strlen(text) != len)
		ret = fail(&err, ERR_CONTENT, "a NUL is in the row");
	else
		ret = read_line(&row, text, len, m->json, &err);
	if (!ret && row)
		ret = metrics_add(m->metrics, &now, row, &err);
	if (!ret && row)
		m->good++;
	else if (ret == ERR_CONTENT || ret == ERR_USAGE)
		tell_bad(m, &err);
	else if (ret)
		tell_lost(m, &err);
	value_free(row);
	strbuf_release(&err);
}

static void flush(struct meter *m)
{
	struct strbuf err = STRBUF_INIT;

	if (metrics_flush(m->metrics, &err))
		tell_lost(m, &err);
	strbuf_release(&err);
}

/* All whole lines of `text`; what is left of a line moves to the front. */
static void add_lines(struct meter *m, struct strbuf *text, bool at_end,
		      bool *skip)
{
	char *at = text->buf, *end = text->buf + text->len, *lf;
	struct strbuf err = STRBUF_INIT;

	while ((lf = memchr(at, '\n', (size_t)(end - at)))) {
		if (*skip)
			m->line++;
		else
			add_line(m, at, (size_t)(lf - at));
		*skip = false;
		at = lf + 1;
	}
	if (at_end && at < end && !*skip)
		add_line(m, at, (size_t)(end - at));
	if (end - at > (ptrdiff_t)METRICS_MAX_ROW) {
		m->line++;
		fail(&err, ERR_CONTENT, "a row is at most %u MiB long",
		     METRICS_MAX_ROW >> 20);
		if (!*skip)
			tell_bad(m, &err);
		m->line--;
		*skip = true;
		at = end;
	}
	strbuf_splice(text, 0, (size_t)(at - text->buf), "", 0);
	strbuf_release(&err);
}

/* Rows are handed on as they come: who waits for more has written all. */
static int add_stdin(struct meter *m)
{
	struct strbuf text = STRBUF_INIT;
	bool skip = false;
	int saved = 0;
	ssize_t len;

	do {
		strbuf_grow(&text, READ_BYTES);
		do {
			len = read(0, text.buf + text.len, READ_BYTES);
		} while (len < 0 && errno == EINTR);
		saved = errno;
		if (len > 0)
			strbuf_setlen(&text, text.len + (size_t)len);
		add_lines(m, &text, len <= 0, &skip);
		flush(m);
	} while (len > 0);
	strbuf_release(&text);
	if (m->bad > MAX_TOLD)
		error("%" PRIu64 " rows could not be read", m->bad);
	if (len < 0)
		error("cannot read standard input: %s", strerror(saved));
	if (m->failed)
		error("%" PRIu64 " rows are lost", metrics_lost(m->metrics));
	if (len < 0 || m->failed)
		return EXIT_FAILED;
	return !m->bad ? 0 : m->good ? EXIT_PARTLY : EXIT_CONTENT;
}

static int open_series(struct meter *m, const char *dir, struct strbuf *err)
{
	return metrics_open(&m->metrics, dir, m->series,
			    strcmp(m->format, "csv") ? METRICS_JSONL :
						       METRICS_CSV, err);
}

/* One row, with the writer's lock of the run taken. */
static int add_row(struct meter *m, const char *dir, const struct value *row,
		   struct strbuf *err)
{
	struct moment now = moment_now();
	int ret = open_series(m, dir, err);

	if (!ret)
		ret = metrics_add(m->metrics, &now, row, err);
	if (!ret)
		ret = metrics_flush(m->metrics, err);
	metrics_close(&m->metrics, NULL);
	return ret;
}

static int add_words(struct meter *m, const char *const *words,
		     struct strbuf *err)
{
	struct run_place place = RUN_PLACE_INIT;
	struct value *row = NULL;
	struct live *lock = NULL;
	const char *dir = NULL;
	int ret;

	ret = read_words(&row, words, m->json, err);
	if (!ret && !m->choice.exp)
		dir = run_place_lock_live(&lock);
	if (!ret && !dir) {
		ret = run_place_find(&place, m->choice.exp, err);
		if (!ret)
			ret = run_place_before_adding(&place, err);
		if (!ret)
			ret = run_place_lock(&place, &lock, err);
		dir = place.dir.buf;
	}
	if (!ret)
		ret = add_row(m, dir, row, err);
	live_unlock_writer(&lock);
	value_free(row);
	run_place_release(&place);
	return ret;
}

static int add_pipe(struct meter *m, struct strbuf *err)
{
	struct run_place place = RUN_PLACE_INIT;
	int ret = run_place_find(&place, m->choice.exp, err), status = 0;

	if (!ret)
		ret = run_place_before_adding(&place, err);
	if (!ret)
		ret = open_series(m, place.dir.buf, err);
	if (!ret) {
		status = add_stdin(m);
		metrics_close(&m->metrics, NULL);
		/* it may have been sent, or have ended, meanwhile */
		if (m->good)
			ret = run_place_before_adding(&place, err);
	}
	run_place_release(&place);
	return ret ? ret : status;
}

int cmd_meter(int argc, const char **argv)
{
	struct meter m = { .series = "", .format = "csv" };
	struct strbuf err = STRBUF_INIT;
	int ret;
	const struct option options[] = {
		OPT_STRING('s', "series", &m.series, "SERIES",
			   "the name of the series"),
		{ .type = OPTION_STRING, .name = "format", .value = &m.format,
		  .argh = "FORMAT", .arg = ARG_WORDS, .words = "csv jsonl",
		  .help = "csv or jsonl" },
		OPT_BOOL(0, "stdin", &m.from_stdin,
			 "rows come from standard input, one a line"),
		OPT_BOOL(0, "json", &m.json, "each VALUE is JSON; a line is "
			 "an object"),
		OPT_RUN_EXP(m.choice),
		OPT_RUN_QUIET(m.choice),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc == !m.from_stdin)
		usage_with_options(usage, options, argc ?
				   "rows are words or lines, not both" :
				   N_("nothing to measure"));
	if (strcmp(m.format, "csv") && strcmp(m.format, "jsonl"))
		usage_with_options(usage, options, "'%s' is not csv or jsonl",
				   m.format);
	if (run_is_outside(&m.choice)) {
		if (m.from_stdin)
			skip_stdin();
		return 0;
	}
	ret = metrics_check_series(m.series, &err);
	if (!ret)
		ret = m.from_stdin ? add_pipe(&m, &err) :
				     add_words(&m, argv, &err);
	if (ret < 0)
		error("%s", err.buf);
	strbuf_release(&err);
	return ret < 0 ? exit_status_of(ret) : ret;
}
