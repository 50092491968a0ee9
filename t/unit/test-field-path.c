#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/field-path.h"
#include "t/unit/unit.h"

static void check_path(const char *const *keys, const char *want)
{
	struct strbuf path = STRBUF_INIT, err = STRBUF_INIT;
	struct strvec parts = STRVEC_INIT;
	bool same;
	size_t i;

	for (i = 0; keys[i]; i++)
		field_path_add(&path, keys[i], strlen(keys[i]));
	check_str(path.buf, want, "a path is written in one way");
	same = !field_path_split(&parts, path.buf, &err) && parts.nr == i;
	for (i = 0; same && keys[i]; i++)
		same = !strcmp(parts.v[i], keys[i]);
	check(same && field_path_span(path.buf, path.len) == path.len,
	      "its keys come back");
	strvec_release(&parts);
	strbuf_release(&path);
	strbuf_release(&err);
}

static void test_paths(void)
{
	check_path((const char *const[]){ "params", "lr", NULL }, "params.lr");
	check_path((const char *const[]){ "a", "0", "-b", NULL }, "a.0.-b");
	check_path((const char *const[]){ "0", "a", NULL }, "\"0\".a");
	check_path((const char *const[]){ "-x", NULL }, "\"-x\"");
	check_path((const char *const[]){ "info", "top.1", NULL },
		   "info.\"top.1\"");
	check_path((const char *const[]){ "a", "", NULL }, "a.\"\"");
	check_path((const char *const[]){ "say \"x\" \\", NULL },
		   "\"say \\\"x\\\" \\\\\"");
	check_path((const char *const[]){ "gr\xc3\xb6\xc3\x9f" "e", NULL },
		   "gr\xc3\xb6\xc3\x9f" "e");
	check_path((const char *const[]){ "\xff", "a\nb", NULL },
		   "\"\xff\".\"a\nb\"");
}

static void test_not_paths(void)
{
	static const char *const bad[] = {
		"", ".", "a.", ".a", "a..b", "a b", "\"a", "a\"b\"", "1.5",
		"\"a\"b", "a.\"\\x\"", "a*"
	};
	struct strvec parts = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	bool refused = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		strbuf_reset(&err);
		if (field_path_split(&parts, bad[i], &err) != ERR_USAGE ||
		    !err.len) {
			printf("# '%s'\n", bad[i]);
			refused = false;
		}
	}
	check(refused, "what is no path is refused");
	check(field_path_span("params.lr>0.5", 13) == 9 &&
	      field_path_span("a. b", 4) == 1 &&
	      field_path_span("\"x y\".z)", 8) == 7 &&
	      !field_path_span("0.5", 3) && !field_path_span("-a", 2),
	      "a path ends where it ends");
	strvec_release(&parts);
	strbuf_release(&err);
}

static void expect(const char *pattern, const char *path, bool want)
{
	char what[200];

	snprintf(what, sizeof(what), "%s %s %s", pattern,
		 want ? "means" : "does not mean", path);
	check(field_glob_match(pattern, path) == want, what);
}

#define yes(pattern, path) expect(pattern, path, true)
#define no(pattern, path) expect(pattern, path, false)

static void test_patterns(void)
{
	yes("params.lr", "params.lr");
	no("params.lr", "params.lr.x");
	yes("params.*", "params.lr");
	no("params.*", "params.opt.name");
	yes("params.**", "params.opt.name");
	no("params.**", "params");
	yes("**", "a.b.c");
	yes("**.name", "params.opt.name");
	no("**.name", "name");
	yes("a.**.b.**.c", "a.x.b.b.y.c");
	no("a.**.b.**.c", "a.b.c");
	yes("*.acc", "info.acc");
	yes("metrics.*.min", "metrics.loss.min");
	yes("info.top*", "info.\"top.1\"");
	yes("info.*", "info.\"\"");
	yes("info.\"top.1\"", "info.\"top.1\"");
	yes("\"params\".lr", "params.lr");
	no("info.\"*\"", "info.x");
	yes("info.\"*\"", "info.\"*\"");
	yes("info.\"*\"*", "info.\"*x\"");
	yes("info.\"a \"*", "info.\"a b\"");
	yes("p?rams.l[a-z]", "params.lr");
	no("params.l[!r]", "params.lr");
	yes("params.[", "params.\"[\"");
	yes("gr?\xc3\x9f" "e", "gr\xc3\xb6\xc3\x9f" "e");
	yes("*a*b", "xaxxbxb");
	no("*ab*ab*", "abb");
	check(field_glob_is_pattern("a.*") && field_glob_is_pattern("a?") &&
	      !field_glob_is_pattern("a.\"*\"") && !field_glob_is_pattern("a"),
	      "what is a pattern");
}

int main(void)
{
	test_paths();
	test_not_paths();
	test_patterns();
	return unit_done();
}
