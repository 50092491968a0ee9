/* Records: making, merging, checking, and the predecessors' files. */
#include "t/unit/unit.h"
#include "lib/base/error.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml-plain.h"
#include "lib/wrap/yaml.h"

static struct value *parsed(const char *text)
{
	struct strbuf err = STRBUF_INIT;
	struct value *record = NULL;

	if (record_parse(&record, text, strlen(text), "test", &err)) {
		printf("# %s\n", err.buf);
		record = value_new_map();
	}
	strbuf_release(&err);
	return record;
}

static void check_json(const struct value *value, const char *want,
		       const char *what)
{
	struct strbuf json = STRBUF_INIT;

	json_write(&json, value);
	check_str(json.buf, want, what);
	strbuf_release(&json);
}

static void check_normal(const char *text, const char *want, const char *what)
{
	struct value *record = parsed(text);

	record_normalize(record);
	check_json(record, want, what);
	value_free(record);
}

static void test_ids(void)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;

	unsetenv("RESUTIL_TEST_ID");
	record_new_id(&a);
	record_new_id(&b);
	check(record_is_id(a.buf) && a.buf[14] == '4' &&
	      strchr("89ab", a.buf[19]), "a UUID of version 4");
	check(strcmp(a.buf, b.buf), "two are not the same");
	check(!record_is_id(""), "nothing is no id");
	check(!record_is_id("../../../../../../../../../etc/passwd"),
	      "a path is no id");
	check(!record_is_id("5F0C1FD8-52EE-4A3F-9C39-0B9C55F3C4A1"),
	      "upper case is no id");
	check(!record_is_id("5f0c1fd8-52ee-4a3f-9c39-0b9c55f3c4a12"),
	      "too long is no id");
	strbuf_release(&a);
	strbuf_release(&b);
}

static void test_new(void)
{
	static const char *const argv[] = {
		"python3", "a b.py", "--lr", "0.1", "x\xff", NULL
	};
	struct project p = PROJECT_INIT;
	struct moment m = { 1720091755, 5, 9 * 3600 };
	char results[] = "results";
	struct value *record;

	p.results_dir = results;
	setenv("RESUTIL_TEST_ID", "11111111-2222-4333-8444-555555555555", 1);
	record = record_new(&p, "aapfup_20240704T191555", argv, "/w", "started",
			    &m);
	value_map_set_str(record, "host", "h");
	value_map_set_str(record, "user", "u");
	check(!record_check(record, NULL), "a new record is good");
	check_json(record,
		   "{\"resutil\":1,"
		   "\"id\":\"11111111-2222-4333-8444-555555555555\","
		   "\"revision\":1,\"name\":\"aapfup_20240704T191555\","
		   "\"cmd\":{\"base64\":"
		   "\"cHl0aG9uMyAnYSBiLnB5JyAtLWxyIDAuMSB4/w==\"},"
		   "\"args\":{\"base64\":"
		   "\"cHl0aG9uMyBhIGIucHkgLS1sciAwLjEgeP8=\"},"
		   "\"argv\":[\"python3\",\"a b.py\",\"--lr\",\"0.1\","
		   "{\"base64\":\"eP8=\"}],\"cwd\":\"/w\","
		   "\"params\":{\"lr\":0.1},\"dependency\":[],"
		   "\"result_dir\":\"results/aapfup_20240704T191555\","
		   "\"at\":{\"created\":\"2024-07-04T20:15:55.000005+09:00\"},"
		   "\"state\":\"started\",\"host\":\"h\",\"user\":\"u\"}",
		   "a new record");
	record_add_dependency(record, "a", NULL);
	record_add_dependency(record, "b",
			      "11111111-2222-4333-8444-555555555556");
	record_add_dependency(record, "a", "../x");
	check_json(value_map_get(record, "dependency"), "[\"a\",\"b\"]",
		   "dependencies come once");
	check_json(value_map_get(record, "dependency_ids"),
		   "{\"b\":\"11111111-2222-4333-8444-555555555556\"}",
		   "what is no id is no id of a dependency");
	value_free(record);

	record = record_new(NULL, "aapfup_20240704T191555", NULL, "/w", "added",
			    &m);
	check(!value_map_get(record, "cmd") && !value_map_get(record, "argv") &&
	      !value_map_get(record, "params") &&
	      !value_map_get(record, "result_dir"),
	      "nothing ran, no project");
	value_free(record);
}

static void check_merge(const char *record, const char *changes,
			const char *want, const char *what)
{
	struct value *r = parsed(record), *c = parsed(changes);

	record_merge(r, c);
	check_json(r, want, what);
	value_free(r);
	value_free(c);
}

static void test_merge(void)
{
	check_merge("{}", "{}", "{\"revision\":1}", "the first revision");
	check_merge("{revision: 7, x: 1}", "{x: 2, revision: 3, resutil: 9}",
		    "{\"revision\":8,\"x\":2}", "revision is ours");
	check_merge("{a: {b: 1, c: 2}, revision: 1}", "{a: {b: null, d: 3}}",
		    "{\"a\":{\"c\":2,\"d\":3},\"revision\":2}",
		    "maps merge, null removes");
	check_merge("{a: 1, revision: 1}", "{a: {b: null}}",
		    "{\"a\":{\"b\":null},\"revision\":2}",
		    "a map where there was none keeps its nulls");
	check_merge("{a: {b: 1}, revision: 1}", "{a: [1]}",
		    "{\"a\":[1],\"revision\":2}", "a list replaces");
	check_merge("{args: x, dependency: [], git: {}, result_dir: r}",
		    "{state: done}",
		    "{\"revision\":1,\"args\":\"x\",\"dependency\":[],"
		    "\"git\":{},\"result_dir\":\"r\",\"state\":\"done\"}",
		    "the order of what is there stays");
	check_merge("{revision: 1, at: {}, mine: 1, state: fail, host: h}",
		    "{exit_code: 1, new: 2}",
		    "{\"revision\":2,\"at\":{},\"mine\":1,\"state\":\"fail\","
		    "\"exit_code\":1,\"host\":\"h\",\"new\":2}",
		    "a new key finds its place");
	check_merge("{revision: 9223372036854775807}", "{}", "{\"revision\":1}",
		    "no overflow");
	check_merge("{revision: x}", "{}", "{\"revision\":1}",
		    "a bad revision starts again");
}

static void check_bad(const char *text, const char *key, const char *what)
{
	struct strbuf err = STRBUF_INIT;
	struct value *record = parsed(text);

	check(record_check(record, &err) == ERR_CONTENT &&
	      strstr(err.buf, key), what);
	check(!record_check_change(record, record, NULL),
	      "and is left alone when it was there before");
	value_free(record);
	strbuf_release(&err);
}

static void test_check(void)
{
	struct value *record;

	check_bad("{resutil: 0}", "'resutil'", "version 0");
	check_bad("{resutil: one}", "'resutil'", "version one");
	check_bad("{id: ../../etc}", "'id'", "id a path");
	check_bad("{revision: -1}", "'revision'", "revision -1");
	check_bad("{revision: 9223372036854775807}", "'revision'",
		  "revision beyond 2^53");
	check_bad("{argv: ls}", "'argv'", "argv no list");
	check_bad("{argv: [[]]}", "'argv'", "argv of lists");
	check_bad("{params: []}", "'params'", "params a list");
	check_bad("{dependency: [1]}", "'dependency'", "dependency 1");
	check_bad("{dependency_ids: {a: b}}", "'dependency_ids'", "no UUID");
	check_bad("{at: {created: soon}}", "'at.created'", "no time");
	check_bad("{state: sleeping}", "'state'", "no state");
	check_bad("{exit_code: 256}", "'exit_code'", "exit_code 256");
	check_bad("{exit_code: '1'}", "'exit_code'", "exit_code text");
	check_bad("{usage: {wall: long}}", "'usage.wall'", "wall no number");
	check_bad("{git: {left_out: [x]}}", "'git.left_out'", "left_out text");
	check_bad("{tags: best}", "'tags'", "tags text");
	record = parsed("{git: {commit_hash: null}, exit_code: null, x: [1]}");
	check(!record_check(record, NULL), "null and unknown keys are fine");
	value_free(record);
}

static void test_python(void)
{
	check_normal("args: main.py --x a b\n"
		     "dependency:\n"
		     "- results/aakuqj_20240511T174522_x y\n"
		     "- exp1\n"
		     "- ../out/aamxrp_20240606T135747/sub/f\n"
		     "- results/aakuqj_20240511T174522_x y\n"
		     "git:\n"
		     "  commit_hash: null\n"
		     "  uncommited_files: [a, b, a]\n"
		     "result_dir: results/adilgo_20261120T230253\n",
		     "{\"args\":\"main.py --x a b\",\"dependency\":["
		     "\"aakuqj_20240511T174522_x y\",\"exp1\","
		     "\"aamxrp_20240606T135747\"],"
		     "\"git\":{\"commit_hash\":null,"
		     "\"uncommited_files\":[\"a\",\"b\"]},"
		     "\"result_dir\":\"results/adilgo_20261120T230253\","
		     "\"cmd\":\"main.py --x a b\"}", "v0.1.7 and later");
	check_normal("{cmd: main.py, dependency: null, git: null}",
		     "{\"cmd\":\"main.py\",\"dependency\":[]}", "v0.1.0");
	check_normal("{argv: [a, b c], args: a b c}",
		     "{\"argv\":[\"a\",\"b c\"],\"args\":\"a b c\","
		     "\"cmd\":\"a 'b c'\",\"dependency\":[]}",
		     "argv says more than args");
	check_normal("{dependency: exp1, argv: {a: b}}",
		     "{\"dependency\":[\"exp1\"]}", "wrong types");
	check_normal("{dependency: [1, null, [2]]}",
		     "{\"dependency\":[\"1\",\"[2]\"]}", "odd dependencies");
}

static void test_votakvot(void)
{
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	check_normal("votakvot: 0.1.dev2\n\ntid: m.f/x\n\n"
		     "meta:\n    system: {user: u, node: n}\n"
		     "    git: {repo: /r, commit: c1, branch: b, "
		     "treeish: t}\n\n"
		     "at:\n    created: 2026-11-20 23:04:10.690226\n\n"
		     "result: !!python/tuple [1, 2]\n",
		     "{\"votakvot\":\"0.1.dev2\",\"tid\":\"m.f/x\",\"meta\":"
		     "{\"system\":{\"user\":\"u\",\"node\":\"n\"},\"git\":"
		     "{\"repo\":\"/r\",\"commit\":\"c1\",\"branch\":\"b\","
		     "\"treeish\":\"t\"}},\"at\":{\"created\":"
		     "\"2026-11-20T23:04:10.690226+09:00\"},"
		     "\"result\":[1,2],\"dependency\":[],\"git\":"
		     "{\"commit_hash\":\"c1\",\"branch\":\"b\","
		     "\"treeish\":\"t\"},\"host\":\"n\",\"user\":\"u\"}",
		     "votakvot.yaml");
	check_normal("{at: {created: '2024-07-04T10:15:55Z', x: later}}",
		     "{\"at\":{\"created\":\"2024-07-04T10:15:55Z\","
		     "\"x\":\"later\"},\"dependency\":[]}",
		     "times with an offset stay as they are");
}

static void test_parse(void)
{
	struct value *record;

	check(record_parse(&record, "- a\n", 4, "test", NULL) == ERR_CONTENT &&
	      !record, "a list is no record");
	check(record_parse(&record, "a: [", 4, "test", NULL) == ERR_CONTENT,
	      "half a list");
	check(!record_parse(&record, " {\"a\": 1}", 1, "test", NULL) &&
	      !record->u.map.nr, "what follows the text is not looked at");
	value_free(record);
	record = parsed("{\"a\": {\"base64\": \"/w==\"}}");
	check(value_get(record, "a") &&
	      value_get(record, "a")->type == VALUE_BINARY, "JSON is read");
	value_free(record);
	record = parsed("{a: 1}");
	check_json(record, "{\"a\":1}", "flow style is not JSON");
	value_free(record);
}

/* What the fast way makes of a text is what the other makes of it, or none. */
static void check_lent(const char *text, bool taken, const char *what)
{
	struct arena arena = ARENA_INIT;
	const struct value *lent = record_lend(&arena, text, strlen(text));
	struct strbuf err = STRBUF_INIT;
	struct value *record = NULL;

	if (taken)
		check(lent, what);
	if (lent && !yaml_parse_events(&record, text, strlen(text), "test",
				       &err))
		record_normalize(record);
	check(taken ? value_equal(lent, record) : !lent, what);
	value_free(record);
	arena_release(&arena);
	strbuf_release(&err);
}

#define PLAIN "cmd: ls\ndependency: []\n"

static void test_lend(void)
{
	static const char *const argv[] = {
		"prog", "--lr", "0.1", "x=a b", NULL
	};
	struct moment created = moment_now();
	struct strbuf text = STRBUF_INIT;
	struct value *record = record_new(NULL, "aapfup_20240704T191555_a b",
					  argv, "/x", "done", &created);

	record_add_dependency(record, "aakuqj_20240511T174522_my data",
			      "0e1ad1b0-9f5e-4c6b-8a86-2d9c0f7a7a10");
	yaml_write(&text, record);
	check_lent(text.buf, true, "what is written here is read fast");
	value_free(record);
	strbuf_release(&text);

	check_lent(PLAIN "1st: 1\n", false, "a key of digits");
	check_lent(PLAIN "a: -1.5\nb: 2024-01-01\nc: 0x1f\nd: ~\ne: 'x'\n"
		   "f: 99999999999999999999\ng: on\nh: .inf\ni: 1:30\n"
		   "j:\nk: \303\251t\303\251\nno: 1\n", true, "scalars");
	check_lent("cmd: ls\n", false, "no list of dependencies");
	check_lent("cmd: ls\ndependency:\n- results/aapfup_20240704T191555\n",
		   false, "one that is a path");
	check_lent("cmd: ls\ndependency:\n- a\n- a\n", false, "one twice");
	check_lent("cmd: ls\ndependency: a\n", false, "one that is no list");
	check_lent("cmd: ls\ndependency:\n- 2024-01-01\n", false, "a date");
	check_lent("args: ls\ndependency: []\n", false, "no command");
	check_lent(PLAIN "argv:\n- 1\n", false, "words that are none");
	check_lent(PLAIN "at:\n  created: 2024-07-04 19:15:55\n", false,
		   "a time without its zone");
	check_lent(PLAIN "git: x\n", false, "a code state that is none");
	check_lent(PLAIN "git:\n  uncommited_files: a\n", false,
		   "files that are no list");
	check_lent(PLAIN "meta:\n  git:\n    commit: x\n", false,
		   "a code state below meta");
	check_lent(PLAIN "meta:\n  system:\n    node: x\n", false,
		   "a host below meta");
	check_lent(PLAIN "host: a\nuser: b\nmeta:\n  system:\n    node: x\n",
		   true, "a host in both places");
	check_lent(PLAIN "a: !x 1\n", false, "a tag");
}

int main(void)
{
	test_ids();
	test_new();
	test_merge();
	test_check();
	test_python();
	test_votakvot();
	test_parse();
	test_lend();
	return unit_done();
}
