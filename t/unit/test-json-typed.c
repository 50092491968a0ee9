#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/json-typed.h"
#include "lib/wrap/yaml.h"
#include "t/unit/unit.h"

static struct value *parse(const char *text)
{
	struct strbuf err = STRBUF_INIT;
	struct value *value = NULL;

	if (json_typed_parse(&value, text, strlen(text), "x", &err))
		printf("# %s\n", err.buf);
	strbuf_release(&err);
	return value;
}

/* Read, written as YAML, read, and written again: it is `want`. */
static void survives(const char *text, const char *want, const char *what)
{
	struct strbuf yaml = STRBUF_INIT, out = STRBUF_INIT;
	struct value *value = parse(text), *again = NULL;

	if (!value) {
		check(false, what);
		return;
	}
	json_typed_write(&out, value);
	check_str(out.buf, want, what);
	yaml_write(&yaml, value);
	check(!yaml_parse(&again, yaml.buf, yaml.len, "yaml", &out) &&
	      value_equal(value, again), "the same as YAML");
	strbuf_reset(&out);
	if (again)
		json_typed_write(&out, again);
	check_str(out.buf, want, "and back");
	value_free(again);
	value_free(value);
	strbuf_release(&yaml);
	strbuf_release(&out);
}

static void same(const char *text, const char *what)
{
	survives(text, text, what);
}

static void test_values(void)
{
	same("{\"a\":[1,-2.5,true,null,\"x\",1.0e-05]}", "what JSON has");
	same("{\"a\":{\"!\":\"binary\",\"v\":\"AP8=\"}}", "bytes");
	same("{\"a\":{\"!\":\"binary\",\"v\":\"aGk=\"}}", "bytes of text");
	same("{\"base64\":\"aGk=\"}", "a map that JSON took for bytes");
	same("[{\"!\":\"float\",\"v\":\"nan\"},{\"!\":\"float\",\"v\":\"inf\"},"
	     "{\"!\":\"float\",\"v\":\"-inf\"}]", "floats that are no numbers");
	same("[\"nan\",\"inf\",\".nan\"]", "texts that look like them");
	same("{\"!\":\"int\",\"v\":\"36893488147419103232\"}", "a large int");
	survives("{\"!\":\"int\",\"v\":\"-12\"}", "-12", "a small one");
	same("[\"36893488147419103232\",\"12\",\"0x1f\",\"1_000\"]",
	     "texts of digits");
	same("{\"!\":\"set\",\"v\":[3,\"x\",null,1.5,\"4\"]}", "a set");
	same("{\"!\":\"set\",\"v\":[]}", "an empty set");
	same("{\"x\":null}", "a map of nulls");
	same("{\"!\":\"map\",\"v\":[[1,\"a\"],[null,2],[true,3],[\"2\",4],"
	     "[1.5,5],[{\"!\":\"int\",\"v\":\"36893488147419103232\"},6]]}",
	     "keys that are no text");
	same("{\"!\":\"map\",\"v\":[[\"!\",1]]}", "the key that is ours");
	survives("{\"!\":\"map\",\"v\":[[\"a\",1]]}", "{\"a\":1}",
		 "keys that are text");
	survives("{\"!\":\"map\",\"v\":[]}", "{}", "no keys");
	same("{\"!\":\"map\",\"v\":[[\"!\",\"set\"],[\"v\",1]]}",
	     "a map that looks like a typed value");
	same("{\"v\":1,\"w\":2}", "a map with v");
}

static void test_times(void)
{
	static const char *const good[] = {
		"2026-11-20", "2026-11-20 23:04:10.690226",
		"2026-11-20T23:04:10Z", "2026-1-2 3:04:05 +09:00",
		"2024-02-29", "2026-11-20t23:04:10.5-5", NULL
	};
	static const char *const bad[] = {
		"2026-02-29", "2026-13-01", "2026-1-2", "26-11-20",
		"2026-11-20 24:00:00", "2026-11-20 23:60:00", "2026-11-20T",
		"2026-11-20 23:04", "2026-11-20 23:04:10 x", "", NULL
	};
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct value *value;
	size_t i;

	for (i = 0; good[i]; i++) {
		strbuf_reset(&text);
		strbuf_addf(&text, "{\"!\":\"timestamp\",\"v\":\"%s\"}",
			    good[i]);
		same(text.buf, good[i]);
		strbuf_reset(&text);
		strbuf_addf(&text, "\"%s\"", good[i]);
		same(text.buf, "the same as text");
	}
	for (i = 0; bad[i]; i++) {
		strbuf_reset(&text);
		strbuf_addf(&text, "{\"!\":\"timestamp\",\"v\":\"%s\"}",
			    bad[i]);
		value = NULL;
		check(json_typed_parse(&value, text.buf, text.len, "x", &err) ==
		      ERR_CONTENT && !value, bad[i]);
	}
	strbuf_release(&text);
	strbuf_release(&err);
}

static void refuses(const char *text, const char *why)
{
	struct strbuf err = STRBUF_INIT;
	struct value *value = NULL;

	check(json_typed_parse(&value, text, strlen(text), "x", &err) ==
	      ERR_CONTENT && !value, text);
	check(strstr(err.buf, why) != NULL, why);
	if (!strstr(err.buf, why))
		printf("# got: %s\n", err.buf);
	strbuf_release(&err);
}

static void test_refusals(void)
{
	refuses("{", "line 1");
	refuses("{\"!\":\"what\",\"v\":1}", "must be of type");
	refuses("{\"!\":\"binary\",\"v\":\"?\"}", "base 64");
	refuses("{\"!\":\"binary\",\"v\":1}", "base 64");
	refuses("{\"!\":\"float\",\"v\":\"1\"}", "nan, inf");
	refuses("{\"!\":\"float\",\"v\":1}", "nan, inf");
	refuses("{\"!\":\"int\",\"v\":\"1e5\"}", "decimal");
	refuses("{\"!\":\"int\",\"v\":12}", "decimal");
	refuses("{\"!\":\"set\",\"v\":{}}", "must be a list");
	refuses("{\"!\":\"set\",\"v\":[[1]]}", "a list cannot");
	refuses("{\"!\":\"set\",\"v\":[{}]}", "a map cannot");
	refuses("{\"!\":\"map\",\"v\":[1]}", "list of pairs");
	refuses("{\"!\":\"map\",\"v\":[[1]]}", "list of pairs");
	refuses("{\"!\":\"map\",\"v\":[[1,2],[\"1\",2]]}", "alike");
	refuses("{\"!\":\"set\",\"v\":[1,2,1]}", "alike");
	refuses("{\"a\":1,\"a\":2}", "duplicate");
	refuses("36893488147419103232", "too big");
}

static void test_limits(void)
{
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct value *value = NULL;
	size_t i;

	for (i = 0; i < JSON_TYPED_MAX_DEPTH; i++)
		strbuf_addch(&text, '[');
	for (i = 0; i < JSON_TYPED_MAX_DEPTH; i++)
		strbuf_addch(&text, ']');
	same(text.buf, "as deep as may be");
	strbuf_reset(&text);
	for (i = 0; i < JSON_TYPED_MAX_DEPTH + 2; i++)
		strbuf_addch(&text, '[');
	for (i = 0; i < JSON_TYPED_MAX_DEPTH + 2; i++)
		strbuf_addch(&text, ']');
	refuses(text.buf, "nested too deeply");

	strbuf_reset(&text);
	strbuf_addstr(&text, "[\"");
	for (i = 0; i < JSON_TYPED_MAX_VALUES + 10; i++)
		strbuf_addch(&text, ',');
	strbuf_addstr(&text, "\\\"\"]");
	check(!json_typed_parse(&value, text.buf, text.len, "x", &err),
	      "commas in a text are none");
	value_free(value);
	value = NULL;
	strbuf_reset(&text);
	strbuf_addstr(&text, "[1");
	for (i = 0; i < JSON_TYPED_MAX_VALUES + 10; i++)
		strbuf_addstr(&text, ",1");
	strbuf_addch(&text, ']');
	check(json_typed_parse(&value, text.buf, text.len, "x", &err) ==
	      ERR_CONTENT && strstr(err.buf, "too many"), "too many values");
	strbuf_release(&text);
	strbuf_release(&err);
}

int main(void)
{
	test_values();
	test_times();
	test_refusals();
	test_limits();
	return unit_done();
}
