/*
 * Series read back: numbers to the last bit, rows in order of their times, what
 * columns come to; and that both ways of reading agree about files of any kind.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/parse-number.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/exp/series/series.h"
#include "lib/wrap/json.h"
#include "t/unit/unit.h"

#include <math.h>

static char dir[] = "/tmp/test-series.XXXXXX";

static void put(const char *name, const char *text)
{
	struct strbuf path = STRBUF_INIT;
	int fd;

	strbuf_addf(&path, "%s/%s", dir, name);
	fd = sys_open(path.buf, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || sys_write_all(fd, text, strlen(text)) < 0)
		exit(1);
	close(fd);
	strbuf_release(&path);
}

static void clear(void)
{
	sys_remove_tree(dir);
	sys_mkdir(dir, 0700);
}

/* ---- numbers ------------------------------------------------------------- */

static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static bool same_bits(double a, double b)
{
	return !memcmp(&a, &b, sizeof(a));
}

static void test_random_numbers(void)
{
	static const char *const formats[] = {
		"%.17g", "%.16g", "%.15g", "%.6f", "%.18e", "%.3g", "%.20g"
	};
	unsigned i, wrong = 0;
	char text[400];

	for (i = 0; i < 200000; i++) {
		uint64_t bits = next_random();
		struct number number;
		double real;

		if (i % 4) {	/* as programs measure them */
			real = (double)(bits >> 11) / 9007199254740992.0;
			real *= i % 4 == 1 ? 1.0 : i % 4 == 2 ? 1e6 : 1e-9;
		} else {
			memcpy(&real, &bits, sizeof(real));
		}
		if (real - real != 0)
			continue;
		snprintf(text, sizeof(text), formats[bits % 7], real);
		/* YAML and JSON have no leading zeros, %g has none either */
		if (!number_parse(&number, text, strlen(text)) ||
		    (number.kind == NUMBER_REAL &&
		     !same_bits(number.real, strtod(text, NULL)))) {
			if (!wrong++)
				printf("# %s\n", text);
		}
	}
	check(!wrong, "200,000 numbers as strtod() reads them");
}

static void check_number(const char *text, const char *want)
{
	struct strbuf got = STRBUF_INIT;
	struct number n;

	if (!number_parse(&n, text, strlen(text)))
		strbuf_addstr(&got, "none");
	else if (n.kind == NUMBER_INT)
		strbuf_addf(&got, "int %" PRId64, n.whole);
	else
		strbuf_addf(&got, "real %.17g", n.real);
	check_str(got.buf, want, text);
	strbuf_release(&got);
}

static void test_numbers(void)
{
	static const char *const pairs[][2] = {
		{ "0", "int 0" }, { "-7", "int -7" }, { "+7", "int 7" },
		{ "00", "none" }, { "012", "none" }, { "", "none" },
		{ "-", "none" }, { ".", "none" }, { "1.", "real 1" },
		{ ".5", "real 0.5" }, { "-.5e1", "real -5" },
		{ "1e5", "real 100000" }, { "1e", "none" }, { "1e+", "none" },
		{ "1x", "none" }, { " 1", "none" }, { "0x10", "none" },
		{ "9223372036854775807", "int 9223372036854775807" },
		{ "-9223372036854775808", "int -9223372036854775808" },
		{ "9223372036854775808", "real 9.2233720368547758e+18" },
		{ "99999999999999999999999", "real 9.9999999999999992e+22" },
		{ "1e999", "real inf" }, { "-1e999", "real -inf" },
		{ "1e-999", "real 0" },
		{ "5e-324", "real 4.9406564584124654e-324" },
		{ "1e99999999999999999999", "real inf" },
		{ "nan", "real nan" }, { "inf", "real inf" },
		{ "-inf", "real -inf" }, { "-nan", "none" }, { "nano", "none" },
		{ "infinity", "none" }, { "-0.0", "real -0" },
		{ "9007199254740993.0", "real 9007199254740992" },
		{ "9007199254740993.000000001", "real 9007199254740994" }
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++)
		check_number(pairs[i][0], pairs[i][1]);
}

/* ---- rows ---------------------------------------------------------------- */

static void add_cell(struct strbuf *out, const struct cell *cell)
{
	switch (cell->type) {
	case CELL_NONE:
		strbuf_addch(out, '-');
		break;
	case CELL_NULL:
		strbuf_addstr(out, "null");
		break;
	case CELL_BOOL:
		strbuf_addstr(out, cell->u.truth ? "true" : "false");
		break;
	case CELL_INT:
		strbuf_addf(out, "%" PRId64, cell->u.number);
		break;
	case CELL_FLOAT:
		strbuf_addf(out, "f%.15g", cell->u.real);
		break;
	case CELL_BYTES:
		strbuf_addch(out, 'b');
		/* fall through */
	default:
		strbuf_addch(out, '<');
		strbuf_add(out, cell->u.text.data, cell->u.text.len);
		strbuf_addch(out, '>');
	}
}

static void add_rows(struct strbuf *out, const char *name,
		     const struct strvec *columns)
{
	struct strbuf err = STRBUF_INIT;
	const struct cell *cells;
	struct series *s;
	size_t i;
	int ret = series_open(&s, dir, name, columns, &err);

	if (ret) {
		strbuf_addf(out, "error %d", ret);
		strbuf_release(&err);
		return;
	}
	for (i = 0; i < series_columns(s)->nr; i++)
		strbuf_addf(out, "%s%s", i ? "," : "", series_columns(s)->v[i]);
	while ((ret = series_next(s, &cells, &err))) {
		strbuf_addch(out, ';');
		if (ret < 0)
			strbuf_addf(out, "[%s]", err.buf);
		strbuf_reset(&err);
		for (i = 0; ret > 0 && i < series_columns(s)->nr; i++) {
			if (i)
				strbuf_addch(out, ' ');
			add_cell(out, &cells[i]);
		}
	}
	series_close(s);
	strbuf_release(&err);
}

static void check_rows(const char *name, const char *want, const char *what)
{
	struct strbuf got = STRBUF_INIT;

	add_rows(&got, name, NULL);
	check_str(got.buf, want, what);
	strbuf_release(&got);
}

static void test_csv_rows(void)
{
	struct strvec columns = STRVEC_INIT;
	struct strbuf got = STRBUF_INIT;

	put("metrics-0000.csv", "at,step,loss,note\n"
	    "1.5,1,0.5,\n2,2,nan,\"a, \"\"b\"\n"
	    "3,3,inf,\"\"\"two\\nlines\"\"\"\n4,true,None,\"\"\n5,1e3\n"
	    "6,1,2,3,4\n7,1,2,\"x\n8,1,2,\"x\"y\n9,1,2,z\r\n\n"
	    "10,-1,.5,[1]\n11,9,9,9");
	check_rows("", "at,step,loss,note;f1.5 1 f0.5 null;"
		   "2 2 fnan <a, \"b>;3 3 finf <two\nlines>;4 true null <>;"
		   "5 f1000 null null;"
		   "['metrics-0000.csv', line 7: more fields than the header "
		   "has];['metrics-0000.csv', line 8: a quote without its "
		   "end];['metrics-0000.csv', line 9: a quote without its end];"
		   "9 1 2 <z>;10 -1 f0.5 <[1]>", "rows of CSV");
	strvec_pushl(&columns, "loss", "other", NULL);
	add_rows(&got, "", &columns);
	check(!strncmp(got.buf, "at,loss,other;f1.5 f0.5 -;2 fnan -;", 35),
	      "only some columns");
	strbuf_release(&got);
	strvec_release(&columns);
}

static void test_json_rows(void)
{
	clear();
	put("metrics-0003-eval.jsonl",
	    "{\"at\":1,\"acc\":0.5}\n"
	    "{\"at\": 2 , \"acc\": NaN, \"n\": -Infinity}\n"
	    "{\"at\":3,\"acc\":\"inf\",\"t\":\"x\\ty\"}\n[1]\n{\"at\":4,\n"
	    "{\"at\":5,\"l\":[1,NaN],\"m\":{\"a\":null}}\n{}\n"
	    "{\"at\":6,\"acc\":01}\n{\"at\":7,\"acc\":1.}\n"
	    "{\"at\":8,\"acc\":true,\"n\":12}\n{\"at\":9");
	check_rows("eval", "at,acc,n,t,l,m;1 f0.5 - - - -;"
		   "2 fnan f-inf - - -;3 finf - <x\ty> - -;"
		   "['metrics-0003-eval.jsonl', line 4: no object];"
		   "['metrics-0003-eval.jsonl', line 5: no object];"
		   "5 - - - <[1,\"nan\"]> <{\"a\":null}>;- - - - - -;"
		   "['metrics-0003-eval.jsonl', line 8: no object];"
		   "['metrics-0003-eval.jsonl', line 9: no object];"
		   "8 true 12 - - -", "rows of JSON lines");
	check_rows("", "error -2", "a series that is not there");
}

static void test_merge(void)
{
	struct strvec names = STRVEC_INIT;

	clear();
	put("metrics-0001.csv", "at,a\n1,10\n4,40\n5,50\n");
	put("metrics-0000.csv", "at,b\n2,20\n4,41\n");
	put("metrics-0123456789abcdef0123456789abcdef-0000.csv",
	    "at,a\n3,30\n");
	put("metrics-0002.jsonl", "{\"at\":4.5,\"c\":1}\n");
	put("metrics-0004-x y.csv", "at,a\n1,1\n");
	put("metrics-0005.csv", "at,a");
	put("metrics-0006.csv", "step,a\n1,1\n");
	put("metrics-7.csv", "at,a\n1,1\n");
	check_rows("", "at,b,a,c;1 - 10 -;2 20 - -;3 - 30 -;4 41 - -;4 - 40 -;"
		   "f4.5 - - 1;5 - 50 -", "files are merged by time");
	series_list(&names, dir, NULL);
	check(names.nr == 2 && !strcmp(names.v[0], "") &&
	      !strcmp(names.v[1], "x y"), "names of series");
	strvec_release(&names);
}

/* More files than are kept open, of lines that are longer than a buffer. */
static void test_many(void)
{
	struct strbuf text = STRBUF_INIT, name = STRBUF_INIT;
	struct strbuf got = STRBUF_INIT;
	size_t i, j, lines = 0;
	const char *at;
	double before = 0;
	bool sorted = true;

	clear();
	for (i = 0; i < 200; i++) {
		strbuf_reset(&text);
		strbuf_reset(&name);
		strbuf_addf(&name, "metrics-%04zu.csv", i);
		strbuf_addstr(&text, "at,a\n");
		for (j = 0; j < 3; j++)
			strbuf_addf(&text, "%zu,%0*d\n", 1 + i + 200 * j,
				    i % 50 ? 3 : 20000, 7);
		put(name.buf, text.buf);
	}
	add_rows(&got, "", NULL);
	for (at = strchr(got.buf, ';'); at; at = strchr(at + 1, ';')) {
		double time = strtod(at + 1, NULL);

		sorted &= time > before;
		before = time;
		lines++;
	}
	check(lines == 600 && sorted, "200 files at once");
	strbuf_release(&text);
	strbuf_release(&name);
	strbuf_release(&got);
}

/* ---- sums ---------------------------------------------------------------- */

static void add_sum(struct strbuf *out, const char *name,
		    const struct series_sum *sum)
{
	strbuf_addf(out, ";%s n%zu first %.15g last %.15g@%g min %.15g@%g max "
		    "%.15g@%g sum %.15g%s%s", name, sum->count, sum->first,
		    sum->last, sum->last_at, sum->min, sum->min_at, sum->max,
		    sum->max_at, sum->sum, sum->whole ? " whole" : "",
		    sum->seen ? "" : " unseen");
}

static void check_sums(const char *name, const char *only, const char *want,
		       const char *what)
{
	struct strbuf got = STRBUF_INIT, err = STRBUF_INIT;
	struct strvec columns = STRVEC_INIT;
	struct series_sum *sums = NULL;
	size_t i;
	int ret;

	if (only)
		strvec_push(&columns, only);
	ret = series_sums(&sums, &columns, dir, name, &err);
	strbuf_addf(&got, "%d%s%s", ret, ret ? " " : "", err.buf);
	for (i = 0; sums && i < columns.nr; i++)
		add_sum(&got, columns.v[i], &sums[i]);
	check_str(got.buf, want, what);
	free(sums);
	strvec_release(&columns);
	strbuf_release(&got);
	strbuf_release(&err);
}

static void test_sums(void)
{
	struct strvec problems = STRVEC_INIT;
	struct strbuf got = STRBUF_INIT;
	struct value *facts;

	clear();
	put("metrics-0001.csv", "at,step,loss,note\r\n"
	    "10,1,0.5,x\r\n11,2,\"0.25\",\"a,b\"\r\n12,3,nan,\r\n\r\n"
	    "13,4,9,,,\n14,5,9,\"x\n15,6,0.75\n16,7,true,1\n17,8");
	put("metrics-0000.csv", "at,loss\n1,4\n20,inf\n");
	check_sums("", "loss", "-10 'metrics-0001.csv', line 6: more fields "
		   "than the header has, and 1 more, left out;"
		   "loss n5 first 4 last inf@20 min 0.25@11 max inf@20 sum "
		   "inf", "a column of two files");
	check_sums("", "note", "-10 'metrics-0001.csv', line 6: more fields "
		   "than the header has, and 1 more, left out;"
		   "note n1 first 1 last 1@16 min 1@16 max 1@16 sum 1 whole",
		   "a column of texts");
	check_sums("", "none", "0;none n0 first nan last nan@nan min "
		   "nan@nan max nan@nan sum 0 whole unseen",
		   "a column that is not there");
	clear();
	put("metrics-0000.jsonl", "{\"at\":1,\"a\":3,\"t\":\"x\"}\n"
	    "{\"a\":1,\"b\":true,\"at\":2}\n{\"at\":3,\"a\":2,\"c\":NaN}\n");
	put("metrics-0001-s.csv", "at,a\n");
	check_sums("", "a", "0;a n3 first 3 last 2@3 min 1@2 max 3@1 sum 6 "
		   "whole", "a column of JSON lines");
	check_sums("", NULL, "0;a n3 first 3 last 2@3 min 1@2 max 3@1 sum 6 "
		   "whole;t n0 first nan last nan@nan min nan@nan max nan@nan "
		   "sum 0 whole unseen;b n0 first nan last nan@nan min nan@nan "
		   "max nan@nan sum 0 whole unseen;c n0 first nan last nan@3 "
		   "min nan@nan max nan@nan sum 0 whole", "all columns");
	facts = series_facts(dir, &problems);
	json_write(&got, facts);
	check_str(got.buf, "{\"\":{\"a\":{\"count\":3,\"last\":2,\"min\":1,"
		  "\"max\":3,\"mean\":2.0},\"c\":{\"count\":0,\"last\":"
		  "\"nan\"}},\"s\":{}}", "facts");
	check(!problems.nr, "no problems");
	value_free(facts);
	clear();
	check(!series_facts(dir, &problems) && !problems.nr, "no series");
	strvec_release(&problems);
	strbuf_release(&got);
}

/* Both ways of reading, and a plain loop, about files of random bytes that
 * look like rows. */
static void random_file(struct strbuf *out)
{
	static const char *const piece[] = {
		"1", "-2.5", "1e3", "nan", "inf", "", "\"3\"", "\"a,b\"", "x",
		"\"\"\"q\"\"\"", "true", "12345.6789012345678", "\"", "\r",
		"a\"b", " 5", "0x1", "\"\""
	};
	unsigned rows = (unsigned)(next_random() % 40), i, j;

	strbuf_addstr(out, "at,a,b,\"c,d\"\n");
	for (i = 0; i < rows; i++) {
		unsigned nr = (unsigned)(next_random() % 16 ? 4 :
					 next_random() % 6);

		strbuf_addf(out, "%u", 100 + i);
		for (j = 1; j < nr; j++)
			strbuf_addf(out, ",%s",
				    piece[next_random() % 18 %
					  (next_random() % 4 ? 9 : 18)]);
		strbuf_addstr(out, next_random() % 20 ? "\n" : "\r\n");
	}
}

static void sum_rows(struct series_sum *sum, const char *column)
{
	struct strvec columns = STRVEC_INIT;
	const struct cell *cells;
	struct series *s = NULL;
	double v, at;
	int ret;

	memset(sum, 0, sizeof(*sum));
	sum->first = sum->last = sum->min = sum->max = (double)NAN;
	sum->min_at = sum->max_at = sum->last_at = (double)NAN;
	sum->whole = true;
	strvec_push(&columns, column);
	if (series_open(&s, dir, "", &columns, NULL))
		exit(1);
	while ((ret = series_next(s, &cells, NULL))) {
		if (ret < 0 || !cell_number(&cells[1], &v) ||
		    !cell_number(&cells[0], &at))
			continue;
		if (!sum->seen)
			sum->first = v;
		sum->seen = true;
		sum->last = v;
		sum->last_at = at;
		if (v != v)
			continue;
		sum->count++;
		sum->sum += v;
		sum->whole &= cells[1].type == CELL_INT;
		if (!(v >= sum->min)) {
			sum->min = v;
			sum->min_at = at;
		}
		if (!(v <= sum->max)) {
			sum->max = v;
			sum->max_at = at;
		}
	}
	series_close(s);
	strvec_release(&columns);
}

static void test_agree(void)
{
	struct strbuf text = STRBUF_INIT, fast = STRBUF_INIT;
	struct strbuf slow = STRBUF_INIT;
	unsigned round, differ = 0;
	size_t i;

	clear();
	for (round = 0; round < 1500; round++) {
		struct strvec columns = STRVEC_INIT;
		struct series_sum *sums, sum;

		strbuf_reset(&text);
		strbuf_reset(&fast);
		strbuf_reset(&slow);
		random_file(&text);
		put("metrics-0000.csv", text.buf);
		series_sums(&sums, &columns, dir, "", NULL);
		for (i = 0; i < columns.nr; i++) {
			add_sum(&fast, columns.v[i], &sums[i]);
			sum_rows(&sum, columns.v[i]);
			add_sum(&slow, columns.v[i], &sum);
		}
		if (strcmp(fast.buf, slow.buf) && !differ++)
			printf("# %s\n# %s\n# %s\n", text.buf, fast.buf,
			       slow.buf);
		free(sums);
		strvec_release(&columns);
	}
	check(!differ, "1500 files of odd rows by both ways");
	strbuf_release(&text);
	strbuf_release(&fast);
	strbuf_release(&slow);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	test_numbers();
	test_random_numbers();
	test_csv_rows();
	test_json_rows();
	test_merge();
	test_many();
	test_sums();
	test_agree();
	sys_remove_tree(dir);
	return unit_done();
}
