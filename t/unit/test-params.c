/* The params of a command line: resutilformat-exp(5), "PARAMS". */
#include "t/unit/unit.h"
#include "lib/base/alloc.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"

/* Words end with NULL; compares the params as JSON. */
static void check_params(const char *want, const char *what, ...)
{
	struct strvec argv = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	struct value *params;
	const char *word;
	va_list ap;

	va_start(ap, what);
	while ((word = va_arg(ap, const char *)))
		strvec_push(&argv, word);
	va_end(ap);
	params = record_params(argv.v);
	json_write(&text, params);
	check_str(text.buf, want, what);
	value_free(params);
	strbuf_release(&text);
	strvec_release(&argv);
}

static void test_forms(void)
{
	check_params("{}", "no words at all", NULL);
	check_params("{}", "a program alone", "prog", NULL);
	check_params("{}", "the program itself is none", "lr=1", NULL);
	check_params("{\"lr\":0.1}", "--key value", "python3", "train.py",
		     "--lr", "0.1", NULL);
	check_params("{\"lr\":0.1}", "--key=value", "p", "--lr=0.1", NULL);
	check_params("{\"lr\":0.1}", "key=value", "p", "lr=0.1", NULL);
	check_params("{\"q\":true}", "an option without a value", "p", "--q",
		     NULL);
	check_params("{\"q\":true,\"lr\":1}", "an option before an option",
		     "p", "--q", "--lr", "1", NULL);
	check_params("{\"q\":true}", "an option before a letter", "p", "--q",
		     "-v", NULL);
	check_params("{\"lr\":-0.5}", "a negative number is a value", "p",
		     "--lr", "-0.5", NULL);
	check_params("{\"lr\":-3}", "a negative integer is a value", "p",
		     "--lr", "-3", NULL);
	check_params("{\"in\":\"-\"}", "a dash alone is a value", "p", "--in",
		     "-", NULL);
	check_params("{\"no-cache\":true}", "--no-x keeps its name", "p",
		     "--no-cache", NULL);
	check_params("{\"a\":\"\"}", "an empty value", "p", "--a=", NULL);
	check_params("{\"a\":\"b=c\"}", "the first = counts", "p", "--a=b=c",
		     NULL);
	check_params("{\"a\":1}", "-- ends", "p", "a=1", "--", "b=2", "--c",
		     "3", NULL);
	check_params("{\"a\":true}", "-- is no value", "p", "--a", "--", "b",
		     NULL);
	check_params("{\"opt.lr\":1,\"a-b\":2}", "dots and dashes stay", "p",
		     "opt.lr=1", "--a-b", "2", NULL);
}

static void test_others(void)
{
	check_params("{}", "letters are no params", "p", "-k", "5", "-v",
		     NULL);
	check_params("{}", "paths and addresses are no params", "p", "a/b=c",
		     "./x=1", "http://h/?q=1", "1a=2", "=x", "a b=c", NULL);
	check_params("{}", "program texts are no params", "sh", "-c",
		     "x=1", "-e", "y=2", NULL);
	check_params("{}", "odd options are none", "p", "---x=1", "--=1",
		     "--a b=1", "--\xff=1", "--a\n=1", NULL);
	check_params("{\"\xc3\xa4\":\"\xc3\xb6\"}", "keys in UTF-8", "p",
		     "--\xc3\xa4", "\xc3\xb6", NULL);
	check_params("{\"a\":{\"base64\":\"/w==\"}}",
		     "a value that is not UTF-8", "p", "--a=\xff", NULL);
	check_params("{\"a\":[1,\"x\",true],\"b\":2}",
		     "what comes again is a list", "p", "--a", "1", "b=2",
		     "a=x", "--a", NULL);
}

static void test_types(void)
{
	check_params("{\"a\":true,\"b\":false,\"c\":null}", "words", "p",
		     "a=true", "b=false", "c=null", NULL);
	check_params("{\"a\":7,\"b\":\"007\",\"c\":0,\"d\":-12}", "integers",
		     "p", "a=7", "b=007", "c=0", "d=-12", NULL);
	check_params("{\"a\":0.001,\"b\":0.5,\"c\":1.0}", "floats", "p",
		     "a=1e-3", "b=.5", "c=1.0", NULL);
	check_params("{\"a\":\"yes\",\"b\":\"0x10\",\"c\":\"1_000\","
		     "\"d\":\"2024-07-04\"}", "texts", "p", "a=yes", "b=0x10",
		     "c=1_000", "d=2024-07-04", NULL);
	check_params("{\"a\":9223372036854775807}", "the largest integer",
		     "p", "a=9223372036854775807", NULL);
}

static void test_limits(void)
{
	struct strvec argv = STRVEC_INIT;
	struct value *params;
	char *large;
	size_t i;

	strvec_push(&argv, "p");
	for (i = 0; i < 5000; i++)
		strvec_pushf(&argv, "k%zu=%zu", i, i);
	params = record_params(argv.v);
	check(params->u.map.nr == 4096, "at most 4096 params");
	value_free(params);
	strvec_clear(&argv);

	large = xmalloc(70001);
	memset(large, 'x', 70000);
	large[70000] = '\0';
	strvec_pushl(&argv, "p", "--big", large, "--small", "1", NULL);
	params = record_params(argv.v);
	check(!value_map_get(params, "big") && value_map_get(params, "small"),
	      "a large one stays in argv alone");
	value_free(params);
	strvec_release(&argv);
	free(large);
}

int main(void)
{
	test_forms();
	test_others();
	test_types();
	test_limits();
	return unit_done();
}
