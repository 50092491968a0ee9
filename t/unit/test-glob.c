#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/glob.h"
#include "lib/base/strbuf.h"
#include "t/unit/unit.h"

static void yes(const char *pattern, const char *path)
{
	char *what = xstrfmt("'%s' matches '%s'", pattern, path);

	check(glob_match(pattern, path), what);
	free(what);
}

static void no(const char *pattern, const char *path)
{
	char *what = xstrfmt("'%s' does not match '%s'", pattern, path);

	check(!glob_match(pattern, path), what);
	free(what);
}

static void test_component(void)
{
	yes("", "");
	no("", "a");
	yes("abc", "abc");
	no("abc", "ab");
	no("ab", "abc");
	yes("*", "anything");
	yes("*", ".hidden");
	no("*", "a/b");
	yes("a*c", "ac");
	yes("a*c", "abcabc");
	no("a*c", "abcab");
	yes("*.txt", "a.txt.txt");
	yes("a**b", "axxb");
	no("a**b", "a/b");
	yes("?", "x");
	yes("?", "\343\201\202");
	yes("?", "\377");
	no("?", "");
	no("?", "/");
	no("a?c", "a/c");
	yes("\\*", "*");
	no("\\*", "x");
	yes("a\\", "a\\");
}

static void test_sets(void)
{
	yes("[abc]", "b");
	no("[abc]", "d");
	yes("[a-c]x", "cx");
	no("[a-c]x", "dx");
	yes("[!a-c]", "d");
	no("[!a-c]", "a");
	yes("[^a]", "b");
	yes("[]]", "]");
	yes("[!]]", "a");
	no("[!]]", "]");
	yes("[a-]", "-");
	yes("[-a]", "-");
	yes("[\\]a]", "]");
	yes("[\\a-c]", "b");
	yes("[", "[");
	yes("[ab", "[ab");
	yes("a[b/c]d", "a[b/c]d");
	no("a[/]b", "a/b");
	no("a[!x]b", "a/b");
	yes("[\343\201\202-\343\201\204]", "\343\201\203");
}

static void test_deep(void)
{
	yes("**", "a");
	yes("**", "a/b/c");
	yes("**/c", "c");
	yes("**/c", "a/b/c");
	no("**/c", "a/b/cd");
	yes("a/**", "a/b/c");
	yes("a/**/c", "a/c");
	yes("a/**/c", "a/b/b/c");
	no("a/**/c", "ab/c");
	yes("a/**/b/*.txt", "a/x/b/y/b/z.txt");
	no("a/**/b/*.txt", "a/x/b/y/c/z.txt");
	yes("**/a/**/b/**", "x/a/y/b/z");
	yes("/**/x", "/a/b/x");
	yes("a/*/c", "a/b/c");
	no("a/*/c", "a/b/b/c");
}

/* The plain definition, exponential; for short texts only. */
static bool simple_match(const char *p, const char *s)
{
	if (!*p)
		return !*s;
	if (*p == '*')
		return simple_match(p + 1, s) ||
		       (*s && *s != '/' && simple_match(p, s + 1));
	if (*p == '?')
		return *s && *s != '/' && simple_match(p + 1, s + 1);
	return *p == *s && simple_match(p + 1, s + 1);
}

/* No `**` as a component: it is the one thing simple_match() lacks. */
static bool has_deep(const char *p)
{
	for (; *p; p += strcspn(p, "/"), p += *p == '/')
		if (strcspn(p, "/") == 2 && p[0] == '*' && p[1] == '*')
			return true;
	return false;
}

static void test_against_definition(void)
{
	static const char letters[] = "ab/*?";
	uint32_t state = 7;
	int i, wrong = 0, matched = 0;

	for (i = 0; i < 200000; i++) {
		char pattern[9] = "", path[9] = "";
		unsigned j, p_len, s_len;

		state = state * 1664525u + 1013904223u;
		p_len = state >> 8 & 7;
		s_len = state >> 12 & 7;
		for (j = 0; j < p_len; j++) {
			state = state * 1664525u + 1013904223u;
			pattern[j] = letters[(state >> 9) % 5];
		}
		for (j = 0; j < s_len; j++) {
			state = state * 1664525u + 1013904223u;
			path[j] = letters[(state >> 9) % 3];
		}
		if (has_deep(pattern))
			continue;
		matched += simple_match(pattern, path);
		if (glob_match(pattern, path) != simple_match(pattern, path))
			wrong++;
	}
	check(!wrong, "as the definition says, 200,000 times");
	check(matched > 1000, "some of them matches");
}

/* A matcher that tries everything would not come back from these. */
static void test_hostile(void)
{
	struct strbuf pattern = STRBUF_INIT, path = STRBUF_INIT;
	clock_t start = clock();
	int i;

	for (i = 0; i < 3000; i++)
		strbuf_addstr(&pattern, "*a");
	for (i = 0; i < 6000; i++)
		strbuf_addch(&path, 'a');
	strbuf_addstr(&pattern, "b");
	check(!glob_match(pattern.buf, path.buf), "three thousand stars");
	strbuf_reset(&pattern);
	strbuf_reset(&path);
	for (i = 0; i < 500; i++)
		strbuf_addstr(&pattern, "**/a*/");
	for (i = 0; i < 2000; i++)
		strbuf_addstr(&path, "aaa/");
	strbuf_addstr(&pattern, "b");
	strbuf_addstr(&path, "c");
	check(!glob_match(pattern.buf, path.buf), "five hundred double stars");
	strbuf_reset(&pattern);
	for (i = 0; i < 100000; i++)
		strbuf_addch(&pattern, '[');
	check(!glob_match(pattern.buf, "x"), "a hundred thousand brackets");
	check(clock() - start < 20 * CLOCKS_PER_SEC, "in bounded time");
	strbuf_release(&pattern);
	strbuf_release(&path);
}

int main(void)
{
	test_component();
	test_sets();
	test_deep();
	test_against_definition();
	test_hostile();
	check(glob_has_magic("a*") && glob_has_magic("a[") &&
	      glob_has_magic("a?") && glob_has_magic("a\\b") &&
	      !glob_has_magic("a/b.c"), "magic");
	check(glob_literal_prefix("a/b/*.c") == 3, "two directories");
	check(glob_literal_prefix("a/b") == 1, "a plain path");
	check(glob_literal_prefix("*.c") == 0, "none");
	check(glob_literal_prefix("a*/b") == 0, "half a name is none");
	check(glob_literal_prefix("/x*") == 1, "the root");
	return unit_done();
}
