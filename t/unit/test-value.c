#include "lib/base/compat.h"
#include "lib/base/value.h"
#include "t/unit/unit.h"

static void param(const char *text, enum value_type type, const char *shown)
{
	struct value *value = value_from_parameter(text, strlen(text));
	struct strbuf sb = STRBUF_INIT;

	value_format(&sb, value);
	check(value->type == type, text);
	check_str(sb.buf, shown, shown);
	strbuf_release(&sb);
	value_free(value);
}

static void test_parameters(void)
{
	static const char *const texts[] = {
		"", "007", "+05", "1_000", "0x10", "1.2.3", ".", "-", "--",
		"1e", "e5", ".e5", "1e999", "1e-999", "-1e999", "00.5",
		"9223372036854775808", "-9223372036854775809", "TRUE", "NULL",
		"yes", "1 ", " 1", "NaN", "+inf", "infinity", "0b1", "1:30",
		"\343\201\202", "12345678901234567890123", "1,5", "-01",
	};
	struct value *value;
	size_t i;

	param("true", VALUE_BOOL, "true");
	param("false", VALUE_BOOL, "false");
	param("null", VALUE_NULL, "");
	param("True", VALUE_BOOL, "true");
	param("False", VALUE_BOOL, "false");
	param("None", VALUE_NULL, "");
	param("0", VALUE_INT, "0");
	param("+5", VALUE_INT, "5");
	param("+0.5", VALUE_FLOAT, "0.5");
	param("-7", VALUE_INT, "-7");
	param("9223372036854775807", VALUE_INT, "9223372036854775807");
	param("-9223372036854775808", VALUE_INT, "-9223372036854775808");
	param("0.1", VALUE_FLOAT, "0.1");
	param("5.", VALUE_FLOAT, "5.0");
	param(".5", VALUE_FLOAT, "0.5");
	param("-.5", VALUE_FLOAT, "-0.5");
	param("1e-05", VALUE_FLOAT, "1.0e-05");
	param("1E5", VALUE_FLOAT, "100000.0");
	param("1.5e+3", VALUE_FLOAT, "1500.0");
	param("0.0", VALUE_FLOAT, "0.0");
	param("-0.0", VALUE_FLOAT, "-0.0");
	param("0e0", VALUE_FLOAT, "0.0");
	param("nan", VALUE_FLOAT, "nan");
	param("inf", VALUE_FLOAT, "inf");
	param("-inf", VALUE_FLOAT, "-inf");
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		param(texts[i], VALUE_TEXT, texts[i]);
	param("\377", VALUE_BINARY, "\377");
	value = value_from_parameter("12345", 2);
	check(value->type == VALUE_INT && value->u.number == 12,
	      "only as long as it is said to be");
	value_free(value);
}

static void float_is(double real, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	value_format_float(&sb, real);
	check_str(sb.buf, want, want);
	strbuf_release(&sb);
}

static void test_floats(void)
{
	struct strbuf sb = STRBUF_INIT;
	uint64_t bits = 88172645463325252u;
	int i, wrong = 0, pointless = 0;

	float_is(0, "0.0");
	float_is(1, "1.0");
	float_is(-2.5, "-2.5");
	float_is(0.1, "0.1");
	float_is(0.1 + 0.2, "0.30000000000000004");
	float_is(1e-4, "0.0001");
	float_is(1.25e-5, "1.25e-05");
	float_is(1e15, "1000000000000000.0");
	float_is(1e16, "1.0e+16");
	float_is(123456789012345680.0, "1.2345678901234568e+17");
	float_is(5e-324, "5.0e-324");
	float_is(1.7976931348623157e308, "1.7976931348623157e+308");
	for (i = 0; i < 20000; i++) {
		double real, back;

		bits ^= bits << 13;	/* xorshift64 */
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&real, &bits, sizeof(real));
		if (real - real != 0)
			continue;
		strbuf_reset(&sb);
		value_format_float(&sb, real);
		back = strtod(sb.buf, NULL);
		wrong += memcmp(&back, &real, sizeof(real)) != 0;
		pointless += !strchr(sb.buf, '.');
	}
	check(!wrong, "each double reads back as itself");
	check(!pointless, "and has a point");
	strbuf_release(&sb);
}

static struct value *sample(void)
{
	struct value *root = value_new_map();
	struct value *list = value_new_list();

	value_map_set_str(root, "name", "a");
	value_set(root, "git.commit_hash", value_new_null());
	value_set(root, "git.branch", value_new_str("main"));
	value_list_add(list, value_new_int(1));
	value_list_add(list, value_new_str("say \"hi\"\n"));
	value_list_add(list, value_new_null());
	value_map_set(root, "list", list);
	value_set(root, "usage.wall", value_new_float(1.5));
	value_map_set_int(root, "exit_code", 3);
	return root;
}

static void test_tree(void)
{
	struct value *root = sample(), *copy = value_copy(root);
	struct strbuf sb = STRBUF_INIT;
	int64_t number;
	double real;

	check_str(value_get_text(root, "git.branch"), "main", "a dotted path");
	check_str(value_get_text(root, "list.1"), "say \"hi\"\n", "an item");
	check(!value_get(root, "list.9") && !value_get(root, "list.x") &&
	      !value_get(root, "list.") && !value_get(root, "git.none.x") &&
	      !value_get(root, "name.x") && !value_get(NULL, "x"),
	      "what is not there");
	check(value_get_int(root, "exit_code", &number) && number == 3 &&
	      !value_get_int(root, "name", &number), "an integer");
	check(value_get_float(root, "usage.wall", &real) && real == 1.5 &&
	      value_get_float(root, "exit_code", &real) && real == 3,
	      "a number");
	value_format(&sb, root);
	check_str(sb.buf, "{\"name\": \"a\", \"git\": {\"commit_hash\": null, "
		  "\"branch\": \"main\"}, \"list\": [1, \"say \\\"hi\\\"\\n\", "
		  "null], \"usage\": {\"wall\": 1.5}, \"exit_code\": 3}",
		  "in one line");
	check(value_equal(root, copy), "a copy is equal");
	value_map_remove(copy, "name");
	check(!value_equal(root, copy) && copy->u.map.nr == 4, "one is gone");
	value_map_set_str(copy, "name", "a");
	check(value_equal(root, copy), "order does not count");
	value_set(copy, "name.deep.er", value_new_bool(true));
	check(value_get(copy, "name.deep.er")->u.truth,
	      "what stands in the way is replaced");
	value_map_set_str(copy, "git", NULL);
	check(value_get(copy, "git")->type == VALUE_NULL &&
	      !strcmp(copy->u.map.pair[0].key, "git"), "replaced in place");
	value_map_remove(copy, "none");
	strbuf_release(&sb);
	value_free(root);
	value_free(copy);
}

static void test_equality(void)
{
	struct value *one = value_new_int(1), *real = value_new_float(1);
	struct value *nan = value_new_float(strtod("nan", NULL));
	struct value *text = value_new_text("a\0b", 3);
	struct value *cut = value_new_text("a", 1);

	check(!value_equal(one, real), "1 is not 1.0");
	check(value_equal(nan, nan), "nan is nan");
	check(text->type == VALUE_TEXT && !value_equal(text, cut),
	      "text is compared to its end");
	check(!value_equal(one, NULL) && value_equal(NULL, NULL), "nothing");
	cut->tag = strdup("!tag");
	real->tag = strdup("!tag");
	check(!value_equal(cut, text), "tags count");
	value_free(one);
	value_free(real);
	value_free(nan);
	value_free(text);
	value_free(cut);
	value_free(NULL);
}

int main(void)
{
	test_parameters();
	test_floats();
	test_tree();
	test_equality();
	return unit_done();
}
