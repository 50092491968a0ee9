#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/key-glob.h"
#include "lib/base/strbuf.h"
#include "t/unit/unit.h"

static struct key_glob *need(const char *pattern)
{
	struct strbuf err = STRBUF_INIT;
	struct key_glob *g;

	if (key_glob_new(&g, pattern, &err))
		printf("# %s\n", err.buf);
	strbuf_release(&err);
	return g;
}

static void expect(const char *pattern, const char *key, bool want)
{
	struct key_glob *g = need(pattern);
	char *what = xstrfmt("'%s' %s '%s'", pattern,
			     want ? "matches" : "does not match", key);

	check(g && key_glob_matches(g, key, strlen(key)) == want, what);
	free(what);
	key_glob_free(g);
}

#define yes(pattern, key) expect(pattern, key, true)
#define no(pattern, key) expect(pattern, key, false)

static void test_stars(void)
{
	yes("*", "a");
	yes("*", "a/b/.c");
	yes("**", "a/b");
	yes("Data/*", "Data/a.txt");
	yes("Data/*", "Data/sub/b.txt");
	no("Data/*", "Data2/c.txt");
	no("Data/*", "Data");
	yes("Data/", "Data/sub/b.txt");
	no("Data/", "Data2/c.txt");
	no("Data", "Data/a.txt");
	no("Data", "Data2");
	yes("Data", "Data");
	yes("Data/*.txt", "Data/sub/b.txt");
	no("Data/**/b.txt", "Data/b.txt");
	yes("**/b.txt", "Data/sub/b.txt");
	yes("./Data/*", "Data/a.txt");
	yes(".//./Data//a.txt", "Data/a.txt");
	yes("./", "a/b");
	yes("a*a", "aa");
	no("a*a", "a");
	yes("ab*bc", "abbc");
	no("ab*bc", "abc");
	yes("*ab*ab*", "abab");
	no("*ab*ab*", "abb");
	yes("*a*b", "xaxxbxb");
	no("*a*b", "xbxa");
	yes("*/", "a/b");
	no("*/", "a");
	no("*.TXT", "a.txt");
}

static void test_characters(void)
{
	yes("D?ta/*", "Data/x");
	yes("a?b", "a/b");
	yes("?", "\303\251");
	no("??", "\303\251");
	yes("??", "\303\377");
	yes("*?", "\303\251");
	no("*??", "\303\251");
	yes("*?*", "x");
	no("*?*?*", "x");
	yes("?*?", "xy");
	no("?*?", "x");
	yes("a*?b*?c", "axbxc");
	no("a*?b*?c", "abxc");
	yes("*a?c*", "abcaac");
	no("*a?c*", "acacac");
	/* a byte of the pattern is no part of a character */
	no("\303*", "\303\251");
	yes("\303*", "\303x");
	no("*\251", "\303\251");
	yes("*\251", "x\251");
	no("*\303*", "a\303\251b");
	yes("*\303*", "a\303b");
	no("\303[\251]", "\303\251");
	yes("*\303\251*", "a\303\303\251b");
	yes("a\\b", "a\\b");
	no("\\*", "x");
	yes("\\*", "\\x");
	yes("{a,b}", "{a,b}");
	yes("^", "^");
}

static void test_sets(void)
{
	yes("[abc]", "b");
	no("[abc]", "d");
	yes("[a-c]x", "cx");
	no("[a-c]x", "dx");
	yes("[!a-c]", "d");
	no("[!a-c]", "a");
	yes("[!a]", "/");
	yes("[^a]", "a");
	yes("[^a]", "^");
	no("[^a]", "b");
	yes("[]a]", "]");
	yes("[]a]", "a");
	no("[]a]", "b");
	yes("[!]a]", "b");
	no("[!]a]", "]");
	yes("[!]", "[!]");
	no("[!]", "x");
	no("[z-a]", "m");
	no("[z-a]", "z");
	no("[z-a]", "-");
	yes("[!z-a]", "m");
	yes("[z-ab]", "b");
	yes("[a-]", "-");
	yes("[-a]", "-");
	yes("[--0]", ".");
	yes("[a-c-e]", "-");
	no("[a-c-e]", "d");
	yes("[", "[");
	yes("[ab", "[ab");
	yes("a[b/c]d", "a/d");
	yes("[*]", "*");
	no("[*]", "x");
	yes("[?]x", "?x");
	no("[?]x", "yx");
	yes("[[]x]", "[x]");
	yes("[\\]", "\\");
	yes("[\343\201\202-\343\201\204]", "\343\201\203");
	no("[\343\201\202-\343\201\204]", "\343\201\206");
	yes("[!\343\201\202]", "\377");
	yes("[a//b]x", "/x");
	no("[a-//]x", "bx");
	yes("[a-//]x", "/x");
}

static void prefix(const char *pattern, const char *want, bool is_key)
{
	struct key_glob *g = need(pattern);

	check_str(g ? key_glob_prefix(g) : NULL, want, pattern);
	check(g && key_glob_is_key(g) == is_key,
	      is_key ? "is a key" : "is no key");
	key_glob_free(g);
}

static void test_prefixes(void)
{
	prefix("Data/*.txt", "Data/", false);
	prefix("Data/a*", "Data/a", false);
	prefix("Data/", "Data/", false);
	prefix("./Data//a.txt", "Data/a.txt", true);
	prefix("*", "", false);
	prefix("D?ta/x", "D", false);
	prefix("a[bc]", "a", false);
	prefix("a[*]b", "a*b", true);
	prefix("a[*]/", "a*/", false);
	prefix("a[", "a[", true);
	prefix("a\377b", "a\377b", true);
	prefix("a\377*", "a\377", false);
	prefix("a[z-a]b", "a", false);
	prefix("a\303[\251]", "a\303\251", false);
}

static void leads(const char *pattern, const char *text, bool want)
{
	struct key_glob *g = need(pattern);
	char *what = xstrfmt("'%s' %s to '%s'", pattern,
			     want ? "leads" : "does not lead", text);

	check(g && key_glob_leads(g, text, strlen(text)) == want, what);
	free(what);
	key_glob_free(g);
}

static void test_leads(void)
{
	leads("*", "a/", true);
	leads("a/*", "a/", true);
	leads("a/*", "a/b/", true);
	leads("a/*", "b/", false);
	leads("a/b/c.txt", "a/", true);
	leads("a/b/c.txt", "a/b/", true);
	leads("a/b/c.txt", "a/b/c.txt/", false);
	leads("a/b/c.txt", "a/c/", false);
	leads("run?/x*", "run1/", true);
	leads("run?/x*", "run10/", false);
	leads("[ab]/x*", "b/", true);
	leads("[ab]/x*", "c/", false);
	leads("[ab]/x*", "b/xy/", true);
	leads("[ab]/x", "b/xy/", false);
	leads("a?c", "a/", true);
	leads("a?c", "a/b/", false);
	leads("a*", "b/", false);
	leads("abc", "", true);
	leads("abc", "abd/", false);
}

static void refused(const char *pattern, const char *why)
{
	struct strbuf err = STRBUF_INIT;
	struct key_glob *g;
	int ret = key_glob_new(&g, pattern, &err);

	check(ret == ERR_USAGE && !g && strstr(err.buf, why), err.buf);
	strbuf_release(&err);
}

static void test_refused(void)
{
	struct strbuf longest = STRBUF_INIT;
	struct key_glob *g;

	refused("", "empty");
	refused("/a", "begins with '/'");
	refused("//", "begins with '/'");
	refused("a/../b", "'..'");
	refused("../b", "'..'");
	refused("..", "'..'");
	refused("*/..", "'..'");
	refused("[/]/../*", "'..'");
	refused(".", "'.'");
	refused("a/./b", "'.'");
	refused("./..", "'..'");
	g = need("..a/?./.?");
	check(g && !key_glob_is_odd(g), "dots and wildcards are no '..'");
	check_str(g ? key_glob_text(g) : NULL, "..a/?./.?", "as it was given");
	key_glob_free(g);
	g = need(".//a///[//]b//");
	check_str(g ? key_glob_text(g) : NULL, "a/[//]b/", "what is dropped");
	key_glob_free(g);
	g = need("[]a] a[b");
	check(g && key_glob_is_odd(g), "a bracket without its end is odd");
	key_glob_free(g);
	while (longest.len < KEY_GLOB_MAX)
		strbuf_addch(&longest, '?');
	g = need(longest.buf);
	check(g && key_glob_matches(g, longest.buf, longest.len),
	      "the longest");
	key_glob_free(g);
	strbuf_addch(&longest, '*');
	refused(longest.buf, "longer than 4096");
	strbuf_release(&longest);
}

/* ---- against the plain definition ---------------------------------------- */

/* Exponential, for ASCII, without sets that hold more than letters. */
static bool simple_match(const char *p, const char *s)
{
	const char *close;

	if (!*p)
		return !*s;
	if (*p == '*')
		return simple_match(p + 1, s) || (*s && simple_match(p, s + 1));
	if (!*s)
		return false;
	if (*p == '?')
		return simple_match(p + 1, s + 1);
	close = *p == '[' && p[1] && p[1] != '!' ? strchr(p + 2, ']') : NULL;
	if (close)
		return memchr(p + 1, *s, (size_t)(close - p) - 1) &&
		       simple_match(close + 1, s + 1);
	return *p == *s && simple_match(p + 1, s + 1);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 9;
}

static void random_text(char *out, const char *letters, size_t len,
			uint32_t *state)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = letters[next_random(state) % strlen(letters)];
	out[len] = '\0';
}

static void test_against_definition(void)
{
	uint32_t state = 7;
	int i, wrong = 0, matched = 0, led = 0;

	for (i = 0; i < 300000; i++) {
		char pattern[12], key[12];
		struct key_glob *g = NULL;
		size_t begin, cut;
		bool want;

		random_text(pattern, "abb**?[]", 1 + next_random(&state) % 8,
			    &state);
		random_text(key, "abb]", next_random(&state) % 9, &state);
		want = simple_match(pattern, key);
		matched += want;
		if (key_glob_new(&g, pattern, NULL) ||
		    key_glob_matches(g, key, strlen(key)) != want) {
			printf("# '%s' '%s'\n", pattern, key);
			wrong++;
		}
		begin = g ? strlen(key_glob_prefix(g)) : 0;
		cut = strlen(key) / 2;
		if (want && (strncmp(key, key_glob_prefix(g), begin) ||
			     (*key && !key_glob_leads(g, key, cut))))
			led++;
		key_glob_free(g);
	}
	check(!wrong, "as the definition says, 300,000 times");
	check(!led, "what matches begins as it should");
	check(matched > 10000 && matched < 200000, "some match, some do not");
}

/* A matcher that tries everything would not come back from these. */
static void test_hostile(void)
{
	struct strbuf pattern = STRBUF_INIT, key = STRBUF_INIT;
	clock_t start = clock();
	struct key_glob *g;
	int i;

	while (key.len < (1 << 20))
		strbuf_addch(&key, 'a');
	for (i = 0; i < 1500; i++)
		strbuf_addstr(&pattern, "*a");
	strbuf_addstr(&pattern, "*b");
	g = need(pattern.buf);
	check(!key_glob_matches(g, key.buf, key.len), "stars and letters");
	key_glob_free(g);
	strbuf_setlen(&pattern, pattern.len - 1);
	g = need(pattern.buf);
	for (i = 0; i < 100; i++)
		if (!key_glob_matches(g, key.buf, key.len))
			break;
	check(i == 100, "stars and letters, and it matches");
	key_glob_free(g);
	strbuf_reset(&pattern);
	for (i = 0; i < 1000; i++)
		strbuf_addstr(&pattern, "*?");
	g = need(pattern.buf);
	check(key_glob_matches(g, key.buf, key.len), "stars and characters");
	key_glob_free(g);
	strbuf_reset(&pattern);
	strbuf_addch(&pattern, '*');
	for (i = 0; i < 1000; i++)
		strbuf_addstr(&pattern, "a?");
	strbuf_addstr(&pattern, "b*");
	strbuf_setlen(&key, 10000);
	g = need(pattern.buf);
	check(!key_glob_matches(g, key.buf, key.len),
	      "characters between stars");
	key_glob_free(g);
	strbuf_reset(&pattern);
	for (i = 0; i < 4000; i++)
		strbuf_addch(&pattern, '[');
	g = need(pattern.buf);
	check(!key_glob_matches(g, "x", 1), "four thousand brackets");
	key_glob_free(g);
	check(clock() - start < 20 * CLOCKS_PER_SEC, "in bounded time");
	strbuf_release(&pattern);
	strbuf_release(&key);
}

int main(void)
{
	test_stars();
	test_characters();
	test_sets();
	test_prefixes();
	test_leads();
	test_refused();
	test_against_definition();
	test_hostile();
	return unit_done();
}
