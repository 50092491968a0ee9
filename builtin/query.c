/*
 * query: SQL over the runs of a project.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/open-runs.h"

#include "lib/base/age.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/signals.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/runs/query-views.h"
#include "lib/exp/runs/runs.h"
#include "lib/exp/sheet/sheet.h"
#include "lib/wrap/db-view.h"

#define MAX_SQL_BYTES (1u << 20)
#define MEMORY_DEFAULT (UINT64_C(1) << 30)
#define MEMORY_LEAST (UINT64_C(1) << 20)

static const char *const usage[] = {
	"query [--remote R] [--no-refresh] [--timeout TIME] [--memory SIZE] "
	"[--format FORMAT | --json] [--no-header] [SQL | -]",
	"query --tables [--format FORMAT | --json] [--no-header]",
	NULL
};

static int interrupted;
static struct timespec deadline;	/* 0: none */

static void note_interrupt(int signo UNUSED)
{
	__atomic_store_n(&interrupted, 1, __ATOMIC_RELAXED);
}

/* The first Ctrl-C ends the query, a second one us. Who started us without it
 * (a script's background job) keeps us so. */
static void catch_interrupt(void)
{
	struct sigaction action = { .sa_handler = note_interrupt,
				    .sa_flags = (int)SA_RESETHAND };
	struct sigaction before;

	if (!sigaction(SIGINT, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
}

static bool is_late(void)
{
	struct timespec now;

	if (!deadline.tv_sec)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline.tv_sec ||
	       (now.tv_sec == deadline.tv_sec &&
		now.tv_nsec >= deadline.tv_nsec);
}

static bool is_to_stop(void *data UNUSED)
{
	return __atomic_load_n(&interrupted, __ATOMIC_RELAXED) || is_late();
}

struct query {
	const char *remote;
	int no_refresh, json, tables, no_header;
	const char *timeout, *format;
	uint64_t memory;
	struct sheet_options sheet;
	struct strbuf sql;
	unsigned seconds;	/* 0: as long as it takes */
};

static void add_title(struct sheet *sheet, const char *title)
{
	struct sheet_column column = { .title = (char *)title };

	if (!strcmp(title, "name") || !strcmp(title, "run"))
		column.role = SHEET_NAME;
	else if (!strcmp(title, "state"))
		column.role = SHEET_STATE;
	sheet_column(sheet, &column);
}

static int print_column(const char *table, const char *column,
			const char *help, void *data)
{
	const char *const text[] = { table, column, help };
	struct cell cells[ARRAY_SIZE(text)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(text); i++) {
		cells[i].type = CELL_TEXT;
		cells[i].u.text.data = text[i];
		cells[i].u.text.len = strlen(text[i]);
	}
	sheet_row(data, cells);
	return 0;
}

static void print_tables(const struct sheet_options *options)
{
	struct sheet *sheet = sheet_new(options);

	add_title(sheet, "table");
	add_title(sheet, "column");
	add_title(sheet, "help");
	query_views_each(print_column, sheet);
	sheet_end(sheet);
}

/* What people read is known whole before any of it is printed: without a bound
 * a query without an end would take all memory there is. */
static int too_long(const struct query *query, struct strbuf *err)
{
	struct strbuf size = STRBUF_INIT;

	size_format(&size, query->memory);
	fail(err, ERR_FAILED, "the rows need more than %s of memory in this "
	     "form (--memory); csv, tsv and json need none", size.buf);
	strbuf_release(&size);
	return ERR_FAILED;
}

/* Prints what it says; 0, or what db_query_step() said. */
static int print_rows(struct db_query *q, const struct query *query,
		      struct strbuf *err)
{
	const size_t nr = db_query_columns(q);
	struct sheet *sheet = sheet_new(&query->sheet);
	struct cell *cells = xcalloc(nr, sizeof(*cells));
	size_t i;
	int ret;

	for (i = 0; i < nr; i++)
		add_title(sheet, db_query_column(q, i));
	while ((ret = db_query_step(q, cells, err)) > 0) {
		sheet_row(sheet, cells);
		if (sheet_memory(sheet) > query->memory) {
			ret = too_long(query, err);
			break;
		}
	}
	if (ret)
		sheet_free(sheet);
	else
		sheet_end(sheet);
	free(cells);
	return ret;
}

/* The name that SQLite did not find, and the field that may be meant. */
static void add_hint(struct strbuf *err, const struct runs *runs)
{
	static const char unknown[] = "no such column: ";
	const char *at = strstr(err->buf, unknown);
	struct strbuf name = STRBUF_INIT, hint = STRBUF_INIT;
	size_t end;

	if (!at)
		return;
	at += strlen(unknown);
	end = strcspn(at, "\n");
	strbuf_add(&name, at, end);
	query_views_hint(&hint, runs, name.buf);
	strbuf_insert(err, (size_t)(at - err->buf) + end, hint.buf, hint.len);
	strbuf_release(&name);
	strbuf_release(&hint);
}

static int ask(const struct query *query, struct runs *runs,
	       struct strbuf *err)
{
	struct query_views *views = NULL;
	struct db_query *q = NULL;
	int ret;

	catch_interrupt();
	if (query->seconds) {
		clock_gettime(CLOCK_MONOTONIC, &deadline);
		deadline.tv_sec += query->seconds;
	}
	ret = db_query_new(&q, query->memory, err);
	if (ret)
		return ret;
	db_query_stop_if(q, is_to_stop, NULL);
	ret = query_views_add(&views, q, runs, query->sql.buf, query->sql.len,
			      query->memory, err);
	if (!ret) {
		ret = db_query_prepare(q, query->sql.buf, query->sql.len, err);
		if (ret)
			add_hint(err, runs);
	}
	if (!ret)
		ret = print_rows(q, query, err);
	db_query_free(q);
	query_views_free(views);
	return ret;
}

static void read_sql(struct query *query, const char *argument)
{
	if (strcmp(argument, "-")) {
		strbuf_addstr(&query->sql, argument);
		return;
	}
	if (!strbuf_read_fd(&query->sql, STDIN_FILENO, MAX_SQL_BYTES))
		return;
	if (errno == EFBIG)
		die_status(EXIT_USAGE, "the query on the standard input is "
			   "longer than %u bytes", MAX_SQL_BYTES);
	die("cannot read the standard input: %s", strerror(errno));
}

static void check_options(struct query *query, int argc, const char **argv,
			  const struct option *options)
{
	struct strbuf err = STRBUF_INIT;

	if (query->json && query->format && strcmp(query->format, "json"))
		usage_with_options(usage, options,
				   "--json and --format exclude each other");
	if (query->json)
		query->format = "json";
	if (query->format &&
	    sheet_format_parse(&query->sheet.format, query->format, &err))
		usage_with_options(usage, options, "%s", err.buf);
	if (query->timeout && (age_parse(&query->seconds, query->timeout,
					 &err) || !query->seconds))
		usage_with_options(usage, options, "--timeout: %s", err.len ?
				   err.buf : "no time is not enough");
	if (query->memory < MEMORY_LEAST)
		usage_with_options(usage, options,
				   "--memory: it takes at least 1 MiB");
	if (query->tables ? argc : argc != 1)
		usage_with_options(usage, options, query->tables ?
				   "--tables takes no query" :
				   N_("which query? (--tables shows what there "
				   "is to ask)"));
	query->sheet.no_header = query->no_header;
	if (argc)
		read_sql(query, argv[0]);
}

/* Its own words for who waited; what was printed until then stays. */
static int failed(const struct query *query, int code, struct strbuf *err)
{
	if (__atomic_load_n(&interrupted, __ATOMIC_RELAXED)) {
		out_flush();
		signal_die_of(SIGINT);
	}
	if (code == ERR_NO) {
		error("the query was not done after %u s (--timeout)",
		      query->seconds);
		return EXIT_FAILED;
	}
	error("%s", err->buf);
	return exit_status_of(code);
}

int cmd_query(int argc, const char **argv)
{
	struct query query = { .sql = STRBUF_INIT, .memory = MEMORY_DEFAULT };
	const struct option options[] = {
		OPT_STRING(0, "remote", &query.remote, "R",
			   "ask of the experiments in that store"),
		OPT_BOOL(0, "no-refresh", &query.no_refresh,
			 "take what the index knows already"),
		OPT_STRING(0, "timeout", &query.timeout, "TIME",
			   "give up after it (10s, 2m)"),
		{ .type = OPTION_SIZE, .name = "memory",
		  .value = &query.memory, .argh = "SIZE",
		  .help = "take no more (1G)" },
		OPT_SHEET_FORMAT(&query.format),
		OPT_JSON_LINES(&query.json),
		OPT_BOOL(0, "no-header", &query.no_header,
			 "leave the titles out"),
		OPT_BOOL(0, "tables", &query.tables,
			 "show the tables and their columns"),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	struct runs *runs;
	int ret, status;

	argc = parse_options(argc, argv, options, usage, 0);
	check_options(&query, argc, argv, options);
	if (query.tables) {
		print_tables(&query.sheet);
		return 0;
	}
	db_query_set_up();
	runs = open_runs_or_die(query.remote, query.no_refresh);
	ret = ask(&query, runs, &err);
	status = ret ? failed(&query, ret, &err) : warn_of_runs(runs);
	runs_close(runs);
	strbuf_release(&query.sql);
	strbuf_release(&err);
	return status;
}
