#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/json.h"
#include "t/unit/unit.h"

#include <math.h>

static struct value *parse(const char *text)
{
	struct strbuf err = STRBUF_INIT;
	struct value *value = NULL;

	if (json_parse(&value, text, strlen(text), "x.json", &err))
		printf("# %s\n", err.buf);
	strbuf_release(&err);
	return value;
}

static void writes(struct value *value, const char *want, const char *what)
{
	struct strbuf out = STRBUF_INIT;

	json_write(&out, value);
	check_str(out.buf, want, what);
	strbuf_release(&out);
	value_free(value);
}

/* What is read is written so. */
static void gives(const char *text, const char *want, const char *what)
{
	struct value *value = parse(text);

	if (value)
		writes(value, want, what);
	else
		check(false, what);
}

static void refuses(const char *text, size_t len, const char *why,
		    const char *what)
{
	struct strbuf err = STRBUF_INIT;
	struct value *value = NULL;

	check(json_parse(&value, text, len, "x.json", &err) == ERR_CONTENT &&
	      !value, what);
	check(strstr(err.buf, why) != NULL, why);
	if (!strstr(err.buf, why))
		printf("# got: %s\n", err.buf);
	strbuf_release(&err);
}

static void test_types(void)
{
	gives(" { \"a\" : [ 1 , -2.50 , true , null ] , \"b\" : { } } ",
	      "{\"a\":[1,-2.5,true,null],\"b\":{}}", "compact, in order");
	gives("9223372036854775807", "9223372036854775807", "a large integer");
	gives("-9223372036854775808", "-9223372036854775808", "a small one");
	gives("0.1", "0.1", "the shortest decimal");
	gives("1e22", "1.0e+22", "an exponent");
	gives("1.0", "1.0", "a float keeps its dot");
	gives("1e-5", "1.0e-05", "a small float");
	gives("\"\\u00e9\\ud83d\\udce6\"", "\"\xc3\xa9\xf0\x9f\x93\xa6\"",
	      "UTF-8 is not escaped");
	gives("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"",
	      "escapes");
	gives("\"\\u001b[31m\\u007f\\u009b\\u202e\\u2028\\u0000\"",
	      "\"\\u001b[31m\\u007f\\u009b\\u202e\\u2028\\u0000\"",
	      "what a terminal could obey is escaped");
	writes(value_new_float(NAN), "\"nan\"", "not a number");
	writes(value_new_float(INFINITY), "\"inf\"", "infinity");
	writes(value_new_float(-INFINITY), "\"-inf\"", "minus infinity");
}

static void test_bytes(void)
{
	struct value *value = parse("{\"base64\": \"/wBh\"}");

	check(value && value->type == VALUE_BINARY &&
	      value->u.text.len == 3 &&
	      !memcmp(value->u.text.text, "\xff\0a", 3), "bytes are read");
	writes(value, "{\"base64\":\"/wBh\"}", "and written");
	writes(value_new_text("\xff", 1), "{\"base64\":\"/w==\"}", "one byte");
	gives("{\"base64\":\"a\"}", "{\"base64\":\"a\"}",
	      "what is no base 64 stays a map");
	gives("{\"base64\":\"/w==\",\"b\":1}", "{\"base64\":\"/w==\",\"b\":1}",
	      "with another key it is a map");
}

static void test_refusals(void)
{
	struct strbuf deep = STRBUF_INIT;
	int i;

	refuses("{\"a\": 1,\n \"a\": 2}", 18, "line 2, column", "a duplicate");
	refuses("{\"a\": 1,}", 9, "'x.json' line 1", "a comma too many");
	refuses("[1] 2", 5, "line 1", "more than one text");
	refuses("", 0, "line 1", "nothing");
	refuses("9223372036854775808", 19, "too big", "an integer too large");
	refuses("1e999", 5, "overflow", "a float too large");
	refuses("\"\xff\"", 3, "decode byte 0xff", "bad UTF-8");
	refuses("\"\\ud800\"", 8, "line 1", "half a pair");
	refuses("NaN", 3, "line 1", "NaN is no JSON");
	refuses("01", 2, "line 1", "a leading zero");
	refuses("'a'", 3, "line 1", "single quotes");
	for (i = 0; i < 100; i++)
		strbuf_addch(&deep, '[');
	for (i = 0; i < 100; i++)
		strbuf_addch(&deep, ']');
	refuses(deep.buf, deep.len, "nested too deeply", "100 levels");
	strbuf_release(&deep);
}

static void test_base64(void)
{
	/* RFC 4648 section 10 */
	static const char *const vector[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }
	};
	static const char *const bad[] = {
		"Z", "Zg", "Zg=", "Zg===", "Zg==Zg==", "Z=g=", "Zg!=", "====",
		"Zm9v=", NULL
	};
	const char *const *b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vector); i++) {
		struct strbuf out = STRBUF_INIT;

		base64_encode(&out, vector[i][0], strlen(vector[i][0]));
		check_str(out.buf, vector[i][1], "base 64");
		strbuf_reset(&out);
		check(base64_decode(&out, vector[i][1], strlen(vector[i][1])),
		      "is read");
		check_str(out.buf, vector[i][0], "as it was");
		strbuf_release(&out);
	}
	for (b = bad; *b; b++) {
		struct strbuf out = STRBUF_INIT;

		check(!base64_decode(&out, *b, strlen(*b)), *b);
		strbuf_release(&out);
	}
}

int main(void)
{
	test_types();
	test_bytes();
	test_refusals();
	test_base64();
	return unit_done();
}
