#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml-scalar.h"
#include "lib/wrap/yaml.h"
#include "t/unit/unit.h"

#include <math.h>

/* What is read, as JSON. */
static void reads(const char *text, const char *json, const char *what)
{
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	struct value *value = NULL;

	if (yaml_parse(&value, text, strlen(text), "x.yaml", &err)) {
		check(false, what);
		printf("# %s\n", err.buf);
	} else {
		json_write(&out, value);
		check_str(out.buf, json, what);
	}
	value_free(value);
	strbuf_release(&out);
	strbuf_release(&err);
}

/* What is read is written so, and then read as the same. */
static void writes(const char *text, const char *want, const char *what)
{
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	struct value *value = NULL, *again = NULL;

	if (yaml_parse(&value, text, strlen(text), "x.yaml", &err)) {
		check(false, what);
		printf("# %s\n", err.buf);
		strbuf_release(&err);
		return;
	}
	yaml_write(&out, value);
	check_str(out.buf, want, what);
	check(!yaml_parse(&again, out.buf, out.len, "x.yaml", &err) &&
	      value_equal(value, again), "and read as the same");
	value_free(value);
	value_free(again);
	strbuf_release(&out);
	strbuf_release(&err);
}

static void refuses_len(const char *text, size_t len, const char *why,
			const char *what)
{
	struct strbuf err = STRBUF_INIT;
	struct value *value = NULL;

	check(yaml_parse(&value, text, len, "x.yaml", &err) == ERR_CONTENT &&
	      !value, what);
	check(strstr(err.buf, why) != NULL, why);
	if (!strstr(err.buf, why))
		printf("# got: %s\n", err.buf);
	strbuf_release(&err);
}

static void refuses(const char *text, const char *why, const char *what)
{
	refuses_len(text, strlen(text), why, what);
}

static void test_scalars(void)
{
	reads("[~, null, Null, NULL, '']", "[null,null,null,null,\"\"]",
	      "null");
	reads("[yes, No, ON, off, true, y, n, tRue]",
	      "[true,false,true,false,true,\"y\",\"n\",\"tRue\"]", "booleans");
	reads("[1, -1, +1, 0, 017, 0x1F, 0b101, 1_000, 1:30, 08, 0o17]",
	      "[1,-1,1,0,15,31,5,1000,90,\"08\",\"0o17\"]", "integers");
	reads("[9223372036854775807, -9223372036854775808]",
	      "[9223372036854775807,-9223372036854775808]", "the largest ones");
	reads("[1.5, .5, 1., 1.0e+5, 1e5, 1.0e5, -.5, 1:30.5]",
	      "[1.5,0.5,1.0,100000.0,\"1e5\",\"1.0e5\",\"-.5\",90.5]",
	      "floats");
	reads("[.inf, -.INF, .NaN, .nAn]",
	      "[\"inf\",\"-inf\",\"nan\",\".nAn\"]", "no numbers");
	reads("[2001-01-01, =, 0b, 0x_]",
	      "[\"2001-01-01\",\"=\",\"0b\",\"0x_\"]",
	      "what stays text");
	reads("[!!str 1, !!int '1', !!float 1, !!bool 'no', !!null x]",
	      "[\"1\",1,1.0,false,null]", "tags of core types");
	reads("!!binary aGVs bG8=", "{\"base64\":\"aGVsbG8=\"}", "bytes");
	reads("!!set {a, b}", "{\"a\":null,\"b\":null}", "a set");
	reads("{1: a, yes: b, ~: c}", "{\"1\":\"a\",\"yes\":\"b\",\"~\":\"c\"}",
	      "keys are text as written");
	reads("? [a, 1]\n: b", "{\"[\\\"a\\\", 1]\":\"b\"}", "a list as a key");
	reads("", "{}", "an empty text");
	reads("# nothing\n", "{}", "a comment");
	reads("---\n...\n", "{}", "an empty document");
	reads("\xef\xbb\xbf""a: 1\n", "{\"a\":1}", "a byte order mark");
	reads("a: 1\r\nb: |\r\n  x\r\n", "{\"a\":1,\"b\":\"x\\n\"}", "CRLF");
}

static void test_anchors(void)
{
	reads("a: &x [1]\nb: *x\nc: &x 2\nd: *x",
	      "{\"a\":[1],\"b\":[1],\"c\":2,\"d\":2}", "anchors");
	reads("a: &x {p: 1, q: 2}\nb: {q: 3, <<: *x, r: 4}",
	      "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"q\":3,\"r\":4,\"p\":1}}",
	      "a merge key: own keys win");
	reads("a: &x {p: 1}\nb: &y {p: 2, q: 3}\nc: {<<: [*x, *y]}",
	      "{\"a\":{\"p\":1},\"b\":{\"p\":2,\"q\":3},"
	      "\"c\":{\"p\":1,\"q\":3}}", "of several the first wins");
	reads("a: {<<: &x {p: 1}}\nb: *x", "{\"a\":{\"p\":1},\"b\":{\"p\":1}}",
	      "an anchor inside a merge");
	reads("&k key: *k", "{\"key\":\"key\"}", "an anchor of a key");
	reads("{'<<': 1}", "{\"<<\":1}", "a quoted << is a key");
	refuses("a: *x", "line 1, column 4: unknown anchor 'x'", "no anchor");
	refuses("a: &x [*x]", "'x' is used inside itself", "a loop");
	refuses("a: {<<: 1}", "'<<' takes a map", "a merge of no map");
	refuses("a: {<<: [1]}", "'<<' takes a map", "a merge of no maps");
	refuses("a: &x {}\nb: {<<: *x, <<: *x}", "line 2, column 13: the key "
		"'<<' is there twice", "two merge keys");
}

static void test_refusals(void)
{
	refuses("a: [1,\nb\n", "'x.yaml' line 3, column 1: ", "syntax");
	refuses("a: 1\nb: 2\na: 3\n", "line 3, column 1: the key 'a' is there "
		"twice", "a duplicate key");
	refuses("a: 1\n---\nb: 2\n", "line 2, column 1: a second document",
		"two documents");
	refuses("a: 1\nb: \xff\n", "line 2, column 4: ", "bad UTF-8");
	refuses("k: \xc3\xa9\xc3\xa9\x01", "line 1, column 6: ",
		"columns are characters");
	refuses_len("a: \0b", 5, "line 1, column 4: ", "a NUL");
	refuses("!!int x", "this is no '!!int'", "a tag that lies");
	refuses("!!binary '!'", "this is no '!!binary'", "bytes that are none");
	refuses("a: %x", "line 1, column 4", "a reserved character");
}

static void add_keys(struct strbuf *text, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		strbuf_addf(text, "k%d: %d\n", i * 7 % nr, i);
}

static void test_limits(void)
{
	struct strbuf text = STRBUF_INIT;
	struct value *value = NULL;
	int i;

	add_keys(&text, 100000);
	check(!yaml_parse(&value, text.buf, text.len, "x", NULL) &&
	      value->u.map.nr == 100000, "100,000 keys in one map");
	value_free(value);
	strbuf_addstr(&text, "k5: x\n");
	refuses(text.buf, "line 100001, column 1: the key 'k5'",
		"one of them twice");

	strbuf_reset(&text);
	for (i = 0; i < YAML_MAX_DEPTH; i++)
		strbuf_addch(&text, '[');
	for (i = 0; i < YAML_MAX_DEPTH; i++)
		strbuf_addch(&text, ']');
	check(!yaml_parse(&value, text.buf, text.len, "x", NULL),
	      "the deepest that may be");
	value_free(value);
	strbuf_insert(&text, 0, "[[", 2);
	refuses(text.buf, "nested too deeply", "two levels more");

	strbuf_reset(&text);
	strbuf_addstr(&text, "a0: &a0 [x]\n");
	for (i = 1; i <= YAML_MAX_DEPTH; i++)
		strbuf_addf(&text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	refuses(text.buf, "nested too deeply", "aliases cannot nest deeper");

	strbuf_reset(&text);
	strbuf_addstr(&text, "a0: &a0 [x, x, x, x, x, x, x, x]\n");
	for (i = 1; i <= 9; i++)
		strbuf_addf(&text, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, "
			    "*a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1,
			    i - 1, i - 1, i - 1, i - 1, i - 1);
	refuses(text.buf, "too much content", "a bomb of aliases");

	strbuf_reset(&text);
	strbuf_addstr(&text, "a: &a '");
	for (i = 0; i < 1 << 20; i++)
		strbuf_addch(&text, 'x');
	strbuf_addstr(&text, "'\nb: [");
	for (i = 0; i < 1000; i++)
		strbuf_addstr(&text, "*a, ");
	strbuf_addstr(&text, "]\n");
	refuses(text.buf, "too much content", "a bomb of one large text");

	strbuf_reset(&text);
	for (i = 0; i < YAML_MAX_DEPTH / 2; i++)
		strbuf_addstr(&text, "? ");
	strbuf_addstr(&text, "a\n");
	refuses(text.buf, "too long for a key", "a bomb of keys");
	strbuf_release(&text);
}

static void test_style(void)
{
	writes("{a: [1, [2, 3], {b: c, d: [e]}], f: {g: {h: []}, i: {}}}",
	       "a:\n- 1\n- - 2\n  - 3\n- b: c\n  d:\n  - e\n"
	       "f:\n  g:\n    h: []\n  i: {}\n", "block style");
	writes("[]", "[]\n", "an empty list");
	writes("x", "x\n", "a scalar alone");
	writes("\"a\\nb\"", "|-\n  a\n  b\n", "two lines alone");
	writes("a: \"x\\ny\\n\"\nb: [\"x\\n\\ny\"]\nc: \"x\\n\\n\"\n",
	       "a: |\n  x\n  y\nb:\n- |-\n  x\n\n  y\nc: |+\n  x\n\n",
	       "literal blocks");
	writes("[\"\\nx\", \" x\\ny\", \"x \\ny\", \"x\\n\\ty\", \"x\\ry\\n\"]",
	       "- \"\\nx\"\n- \" x\\ny\"\n- \"x \\ny\"\n- \"x\\n\\ty\"\n"
	       "- \"x\\ry\\n\"\n", "what a block would not keep is quoted");
	writes("['yes', 'Y', 'null', '~', '1', '1.5', '1e5', '0o17', '1:30', "
	       "'2001-01-01', '=', '<<', '', ' a', 'a: b', 'a #b', '- a']",
	       "- \"yes\"\n- \"Y\"\n- \"null\"\n- \"~\"\n- \"1\"\n- \"1.5\"\n"
	       "- \"1e5\"\n- \"0o17\"\n- \"1:30\"\n- \"2001-01-01\"\n- \"=\"\n"
	       "- \"<<\"\n- \"\"\n- \" a\"\n- \"a: b\"\n- \"a #b\"\n"
	       "- \"- a\"\n", "quoted where some reader would err");
	writes("{'--- good': 1, '... good': ['---', --- good, ---good]}",
	       "\"--- good\": 1\n\"... good\":\n- \"---\"\n- \"--- good\"\n"
	       "- ---good\n", "quoted where a document would end");
	writes("[a b, --lr, a:b, a#b, /x, _x, 3rd-run, http://x/y, 'a, b']",
	       "- a b\n- --lr\n- a:b\n- a#b\n- /x\n- _x\n- 3rd-run\n"
	       "- http://x/y\n- a, b\n", "plain where all agree");
	writes("['\"a\"', '\"it''s\"']", "- '\"a\"'\n- \"\\\"it's\\\"\"\n",
	       "single quotes where they are nicer");
	writes("[0.1, 1.0e-05, 1.0, 1.0e+22, .inf, -.inf]",
	       "- 0.1\n- 1.0e-05\n- 1.0\n- 1.0e+22\n- .inf\n- -.inf\n",
	       "floats");
	writes("\xe6\x97\xa5: \xf0\x9f\x93\xa6\n",
	       "\xe6\x97\xa5: \xf0\x9f\x93\xa6\n", "UTF-8 is not escaped");
	writes("\"\\e[31m\\x7f\\x85\\u202e\\u2028\\uFEFF\\0\"",
	       "\"\\e[31m\\x7F\\x85\\u202E\\u2028\\uFEFF\\0\"\n",
	       "what is not printable is");
	writes("a: !!binary /wA=\n!!binary /w==: 1\n",
	       "a: !!binary \"/wA=\"\n!!binary \"/w==\": 1\n", "bytes");
}

static void test_tags(void)
{
	writes("a: !!python/tuple [1, 2]\nb: !x {c: d}\nc: !y z\n"
	       "d: [!z [1], !w {a: 1}]\n",
	       "a: !!python/tuple\n- 1\n- 2\nb: !x\n  c: d\nc: !y z\n"
	       "d:\n- !z\n  - 1\n- !w\n  a: 1\n", "foreign tags are kept");
	writes("!<tag:x.org,2020:a%20b> 1", "!<tag:x.org%2C2020:a%20b> \"1\"\n",
	       "a whole tag");
	writes("a: !!python/object/apply:os.system [x]\n",
	       "a: !!python/object/apply:os.system\n- x\n",
	       "what would run something is text");
	writes("i: 123456789012345678901234567890\nm: -0xffffffffffffffffff\n",
	       "i: 123456789012345678901234567890\n"
	       "m: -0xffffffffffffffffff\n", "large integers are kept");
}

static void test_long_key(void)
{
	struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
	struct value *value = NULL, *map = value_new_map();
	struct value *inner = value_new_map();
	int i;

	for (i = 0; i < 5000; i++)
		strbuf_addch(&text, 'k');
	value_map_set_int(inner, text.buf, 1);
	value_map_set(map, text.buf, inner);
	yaml_write(&out, map);
	check(!yaml_parse(&value, out.buf, out.len, "x", NULL) &&
	      value_equal(map, value), "keys of 5000 characters");
	value_free(value);
	value_free(map);
	strbuf_release(&text);
	strbuf_release(&out);
}

static void finds(const char *text, const char *path, const char *value,
		  size_t keys, const char *what)
{
	struct yaml_span span;
	struct strbuf got = STRBUF_INIT;

	check(!yaml_find(&span, text, strlen(text), path, "x", NULL) &&
	      span.found == (value != NULL) && span.found_keys == keys, what);
	if (value) {
		strbuf_add(&got, text + span.start, span.end - span.start);
		check_str(got.buf, value, what);
	}
	strbuf_release(&got);
}

static void test_find(void)
{
	static const char text[] =
		"\xe6\x97\xa5: \xe6\x97\xa5\n"
		"a: 1  # one\n"
		"b:\n"
		"  c: 'x y'\n"
		"  d: [1, 2]\n"
		"  e:\n"
		"    f: g\n"
		"  h:\n"
		"# end\n";

	finds(text, "\xe6\x97\xa5", "\xe6\x97\xa5", 1, "behind UTF-8");
	finds(text, "a", "1", 1, "a number");
	finds(text, "b.c", "'x y'", 2, "a text in a map");
	finds(text, "b.d", "[1, 2]", 2, "a list");
	finds(text, "b.e", "f: g", 2, "a map");
	finds(text, "b.e.f", "g", 3, "deeper");
	finds(text, "b.h", "", 2, "nothing");
	finds(text, "b.x", NULL, 1, "not there");
	finds(text, "x.y", NULL, 0, "nothing of it is there");
	finds(text, "a.x", NULL, 1, "a number in the way");
	finds("", "a", NULL, 0, "an empty text");
}

/* Short ones are read another way than long ones: to the same bit. */
static void test_numbers(void)
{
	uint64_t random = 1, bad = 0;
	struct value *value;
	char text[64];
	unsigned i;

	for (i = 0; i < 20000; i++) {
		int digits = (int)(i % 17);
		double want;

		random = random * UINT64_C(6364136223846793005) + 1;
		snprintf(text, sizeof(text), "%s%.*f", i % 3 ? "" : "-", digits,
			 ldexp((double)(random >> 11), -(int)(i % 53)));
		value = yaml_plain_value(text, strlen(text));
		want = strtod(text, NULL);
		if (value->type == VALUE_INT)
			bad += value->u.number != strtoll(text, NULL, 10);
		else
			bad += value->type != VALUE_FLOAT ||
			       memcmp(&value->u.real, &want, sizeof(want));
		value_free(value);
	}
	check(!bad, "decimal numbers are those of strtod(3)");
	reads("[0, -0, 0.0, 5., -12, 1.5.2, 1234567890123456, 07, 0_1, 1_0.5]",
	      "[0,0,0.0,5.0,-12,\"1.5.2\",1234567890123456,7,1,"
	      "10.5]", "numbers of few digits");
}

int main(void)
{
	test_scalars();
	test_numbers();
	test_anchors();
	test_refusals();
	test_limits();
	test_style();
	test_tags();
	test_long_key();
	test_find();
	return unit_done();
}
