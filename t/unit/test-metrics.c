#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/value.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/wrap/json.h"
#include "t/unit/unit.h"

static const struct moment at = { .sec = 1720091755, .usec = 12 };

static struct value *row_of(const char *text)
{
	struct value *row = NULL;

	if (json_parse(&row, text, strlen(text), "row", NULL))
		exit(1);
	return row;
}

static void check_csv(const char *json, const char *want, const char *what)
{
	struct strbuf line = STRBUF_INIT;
	struct value *row = row_of(json);

	metrics_add_csv(&line, &at, row, NULL);
	check_str(line.buf, want, what);
	value_free(row);
	strbuf_release(&line);
}

static void test_rows(void)
{
	struct strbuf line = STRBUF_INIT;
	struct strvec order = STRVEC_INIT;
	struct value *row = row_of("{\"b\": 1, \"a\": \"x\"}");

	check_csv("{}", "1720091755.000012", "no columns");
	check_csv("{\"a\": 1, \"b\": -0.5, \"c\": true, \"d\": null}",
		  "1720091755.000012,1,-0.5,true,", "plain values");
	check_csv("{\"a\": \"x y\", \"b\": \"\", \"c\": \"a,b\", \"d\": \" \"}",
		  "1720091755.000012,x y,\"\",\"a,b\",\" \"", "texts");
	check_csv("{\"a\": \"l\\nm\", \"b\": \"\\\"q\", \"c\": \"q\\\"\"}",
		  "1720091755.000012,\"\"\"l\\nm\"\"\",\"\"\"\\\"\"q\"\"\","
		  "\"q\"\"\"", "texts that become JSON");
	check_csv("{\"a\": [], \"b\": [1], \"c\": {\"x\": \"y\"}}",
		  "1720091755.000012,[],[1],\"{\"\"x\"\":\"\"y\"\"}\"",
		  "lists and maps");
	strvec_pushl(&order, "a", "b", "c", NULL);
	metrics_add_csv(&line, &at, row, &order);
	check_str(line.buf, "1720091755.000012,x,1,", "another order");
	strbuf_reset(&line);
	metrics_add_jsonl(&line, &at, row);
	check_str(line.buf, "{\"at\":1720091755.000012,\"b\":1,\"a\":\"x\"}",
		  "JSON");
	strvec_release(&order);
	strbuf_release(&line);
	value_free(row);
}

static void check_header(const char *text, const char *want, const char *what)
{
	struct strvec columns = STRVEC_INIT;
	struct strbuf got = STRBUF_INIT;
	size_t i;

	if (metrics_parse_header(&columns, text, strlen(text)))
		for (i = 0; i < columns.nr; i++)
			strbuf_addf(&got, "<%s>", columns.v[i]);
	else
		strbuf_addstr(&got, "none");
	check_str(got.buf, want, what);
	strvec_release(&columns);
	strbuf_release(&got);
}

static void test_headers(void)
{
	check_header("at", "", "no columns");
	check_header("at,a,b", "<a><b>", "two");
	check_header("at,\"a,b\",\"c\"\"\",d e", "<a,b><c\"><d e>", "quotes");
	check_header("", "none", "nothing");
	check_header("a,at", "none", "at is not first");
	check_header("at,", "none", "no name");
	check_header("at,a,,b", "none", "no name in the middle");
	check_header("at,at", "none", "at twice");
	check_header("at,\"a", "none", "an open quote");
	check_header("at,\"a\"b", "none", "something behind a quote");
	check_header("at,a\tb", "none", "a control character");
	check_header("at,\xff", "none", "no UTF-8");
}

static void check_name(const char *file, const char *want, const char *what)
{
	struct strbuf got = STRBUF_INIT;
	enum metrics_format format;
	const char *series;
	uint64_t number;
	size_t len;

	if (metrics_parse_name(file, &format, &number, &series, &len))
		strbuf_addf(&got, "%d %" PRIu64 " <%.*s>", (int)format, number,
			    (int)len, series);
	else
		strbuf_addstr(&got, "none");
	check_str(got.buf, want, what);
	strbuf_release(&got);
}

static void test_names(void)
{
	check_name("metrics-0000.csv", "0 0 <>", "the first");
	check_name("metrics-12345-a-b.c.jsonl", "1 12345 <a-b.c>", "a series");
	check_name("metrics-000.csv", "none", "three digits");
	check_name("metrics-0000", "none", "no format");
	check_name("metrics-0000.xml", "none", "another format");
	check_name("metrics-0000-.csv", "none", "an empty series");
	check_name("metrics-0000x.csv", "none", "no dash");
	check_name("metrics-0000-.x.csv", "none", "a dot in front");
	check_name("metrics-0000-a:b.csv", "none", "what no series has");
	check_name("metrics-9999999999999999999.csv", "none", "too long");
	check_name("metrics-0000-a\n.csv", "none", "a control character");
	check_name("metric-0000.csv", "none", "another name");
}

static char dir[] = "/tmp/resutil-metrics.XXXXXX";

/* A row, at once. */
static void add(struct metrics *m, const char *json)
{
	struct strbuf err = STRBUF_INIT;
	struct value *row = row_of(json);

	if (metrics_add(m, &at, row, &err) || metrics_flush(m, &err))
		printf("# %s\n", err.buf);
	value_free(row);
	strbuf_release(&err);
}

static int count_lines(const char *name)
{
	char *path = xstrfmt("%s/%s", dir, name);
	FILE *file = fopen(path, "r");
	int c, nr = file ? 0 : -1;

	while (file && (c = getc(file)) != EOF)
		nr += c == '\n';
	if (file)
		fclose(file);
	free(path);
	return nr;
}

static void test_files(void)
{
	struct metrics *m = NULL, *other = NULL;
	struct strbuf err = STRBUF_INIT;
	char *name;
	int i;

	check(metrics_open(&m, dir, "a/b", METRICS_CSV, &err) == ERR_USAGE,
	      "no such series");
	check(metrics_open(&m, "/nowhere", "", METRICS_CSV, &err) ==
	      ERR_NOT_FOUND, "no such directory");
	metrics_open(&m, dir, "s", METRICS_CSV, &err);
	metrics_open(&other, dir, "s", METRICS_CSV, &err);
	add(m, "{\"a\": 1}");
	add(other, "{\"a\": 1}");
	add(m, "{\"a\": 2}");
	check(count_lines("metrics-0000-s.csv") == 3,
	      "the first owns its file");
	check(count_lines("metrics-0001-s.csv") == 2, "the second another");
	metrics_close(&m, NULL);
	add(other, "{\"a\": 3}");
	check(count_lines("metrics-0001-s.csv") == 3, "and stays there");
	metrics_close(&other, NULL);
	metrics_open(&m, dir, "s", METRICS_CSV, &err);
	add(m, "{\"a\": 4}");
	check(count_lines("metrics-0000-s.csv") == 4,
	      "the first is gone on with");
	for (i = 0; i < 200; i++) {
		char *row = xstrfmt("{\"c%d\": %d}", i % 100, i);

		add(m, row);
		free(row);
	}
	name = xstrfmt("metrics-%04d-s.csv", 101);
	check(count_lines(name) == 3, "more sets of columns than open files");
	check(!metrics_lost(m), "nothing is lost");
	free(name);
	metrics_close(&m, NULL);
	strbuf_release(&err);
}

int main(void)
{
	test_rows();
	test_headers();
	test_names();
	if (!mkdtemp(dir))
		return 1;
	test_files();
	sys_remove_tree(dir);
	return unit_done();
}
