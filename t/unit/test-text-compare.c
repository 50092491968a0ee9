#include "lib/base/compat.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/text-compare.h"
#include "t/unit/unit.h"

static struct text_compare how;
static struct text_difference diff;

static bool agree(const char *a, const char *b)
{
	memset(&diff, 0, sizeof(diff));
	return text_compare(&how, a, strlen(a), b, strlen(b), &diff);
}

static void check_agree(const char *a, const char *b, bool want)
{
	struct strbuf what = STRBUF_INIT;

	quote_c(&what, b, strlen(b));
	strbuf_addstr(&what, want ? " is as good as " : " is other than ");
	quote_c(&what, a, strlen(a));
	check(agree(a, b) == want, what.buf);
	strbuf_release(&what);
}

static void yes(const char *a, const char *b)
{
	check_agree(a, b, true);
}

static void no(const char *a, const char *b)
{
	check_agree(a, b, false);
}

static void test_bytes(void)
{
	memset(&how, 0, sizeof(how));
	yes("", "");
	yes("a\nb\n", "a\nb\n");
	no("a\nb\n", "a\nb");
	no("a\nb\n", "a\r\nb\n");
	no("a\n", "a\n\n");
	no("1.0\n", "1.00\n");
	no("", "a");
	no("a\nb\nc\n", "a\nx\nc\n");
	check(diff.line_a == 2 && diff.line_b == 2 && diff.len_a == 1 &&
	      *diff.a == 'b' && *diff.b == 'x', "it says where");
	no("a\nb\n", "a\n");
	check(diff.line_a == 2 && diff.line_b == 0, "it says which ended");
}

static void test_numbers(void)
{
	memset(&how, 0, sizeof(how));
	how.numbers = true;
	how.rtol = 1e-3;
	yes("1.0\n", "1.00\n");
	yes("1e-7\n", "0.0000001\n");
	yes("loss=0.5000 acc=0.9\n", "loss=0.5002 acc=0.9\n");
	no("loss=0.5000 acc=0.9\n", "loss=0.5010 acc=0.9\n");
	no("loss=0.5000 acc=0.9\n", "lost=0.5000 acc=0.9\n");
	yes("-2.0,3", "-2.001,3");
	no("-2.0", "2.0");
	yes("[1, 2.]", "[1.0, 2]");
	no("1", "1 2");
	no("1 2", "1");
	yes("nan -inf Infinity", "NaN -Inf inf");
	no("nan", "0");
	no("inf", "1e308");
	no("inf", "-inf");
	no("0", "1e-9");
	yes("1000000", "1000999");
	no("1000000", "1001001");
	yes(".5 x", "0.5 x");
}

static void test_no_numbers(void)
{
	memset(&how, 0, sizeof(how));
	how.numbers = true;
	how.rtol = 10;
	no("v1.2.3", "v1.2.4");
	no("1.2.3", "1.2.4");
	no("a1", "a2");
	no("3rd", "4th");
	no("0x10", "0x11");
	no("inform 1", "inferm 1");
	yes("(1)", "(2)");
	yes("a:1,b:2", "a:5,b:3");
	no("1\n2\n", "1 2\n");
	yes("\303\251 1", "\303\251 2");
	no("\303\2511", "\303\2512");
}

static void test_absolute(void)
{
	memset(&how, 0, sizeof(how));
	how.numbers = true;
	how.atol = 0.25;
	yes("0", "0.25");
	no("0", "0.26");
	yes("100", "99.75");
	no("100", "99.7");
	check(numbers_are_near(0, 0, 0, 0) &&
	      !numbers_are_near(1, 1.5, 0.4, 0) &&
	      numbers_are_near(1, 1.5, 0.4, 0.2), "both together");
}

static void test_ignored(void)
{
	regex_t list[2];

	memset(&how, 0, sizeof(how));
	if (regcomp(&list[0], "^took [0-9.]+ s$", REG_EXTENDED) ||
	    regcomp(&list[1], "pid=", REG_EXTENDED))
		return;
	how.ignore = list;
	how.nr_ignore = 2;
	yes("a\ntook 3.5 s\nb\n", "a\ntook 4.5 s\nb\n");
	yes("a\ntook 3.5 s\nb\n", "a\nb\n");
	yes("a\npid=3\npid=4\n", "pid=1\na\n");
	no("a\nit took 3.5 s\nb\n", "a\nb\n");
	no("a\ntook 3.5 s\nb\n", "a\ntook 4.5 s\nc\n");
	check(diff.line_a == 3 && diff.line_b == 3, "lines are counted");
	yes("took 3 s\n", "");
	regfree(&list[0]);
	regfree(&list[1]);
}

static void test_first_field(void)
{
	memset(&how, 0, sizeof(how));
	how.first_field = true;
	yes("at,loss\n1.5,0.1\n", "at,loss\n2.5,0.1\n");
	no("1.5,0.1\n", "1.5,0.2\n");
	yes("{\"at\": 1, \"a\": 2}\n", "{\"at\": 3, \"a\": 2}\n");
	no("abc\n", "abd\n");
}

/* What looks like a number and is longer than any. */
static void test_long(void)
{
	char a[400], b[400];

	memset(&how, 0, sizeof(how));
	how.numbers = true;
	how.rtol = 1;
	memset(a, '1', sizeof(a));
	memcpy(b, a, sizeof(b));
	b[399] = '2';
	check(!text_compare(&how, a, sizeof(a), b, sizeof(b), &diff),
	      "no number, and no overflow");
	check(text_compare(&how, a, sizeof(a), a, sizeof(a), &diff),
	      "the same is the same");
}

int main(void)
{
	test_bytes();
	test_numbers();
	test_no_numbers();
	test_absolute();
	test_ignored();
	test_first_field();
	test_long();
	return unit_done();
}
