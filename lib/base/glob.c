#include "lib/base/compat.h"
#include "lib/base/glob.h"
#include "lib/base/utf8.h"

/*
 * Both levels of wildcards, `*` in a component and `**` among components, keep
 * one place to go back to: the last one. That is enough, because what stands
 * between two wildcards may as well match as early as it can. So the time is
 * bounded by the product of the lengths, whatever the pattern.
 */

/* The next character; a byte that is not UTF-8 stands for itself alone. */
static int32_t next_char(const char **s, const char *end)
{
	size_t len = (size_t)(end - *s);
	const char *start = *s;
	int32_t c = utf8_next(s, &len);

	return c >= 0 ? c : 0x110000 + (unsigned char)*start;
}

/* Behind the `]` of the set whose `[` stands at p; NULL: no set at all. */
static const char *set_end(const char *p, const char *end)
{
	const char *s = p + 1;

	if (s < end && (*s == '!' || *s == '^'))
		s++;
	if (s < end && *s == ']')
		s++;
	for (; s < end; s++) {
		if (*s == ']')
			return s + 1;
		if (*s == '\\' && s + 1 < end)
			s++;
	}
	return NULL;
}

/* `p` at `[`, `end` behind its `]`. */
static bool set_matches(const char *p, const char *end, int32_t c)
{
	const char *s = p + 1, *last = end - 1;
	bool inverted = *s == '!' || *s == '^', found = false;

	s += inverted;
	while (s < last) {
		int32_t low, high;

		if (*s == '\\' && s + 1 < last)
			s++;
		low = high = next_char(&s, last);
		if (s + 1 < last && *s == '-') {
			s++;
			if (*s == '\\' && s + 1 < last)
				s++;
			high = next_char(&s, last);
		}
		if (c >= low && c <= high)
			found = true;
	}
	return found != inverted;
}

/* Takes one character of the pattern (no `*`) and tells if it is `c`. */
static bool char_matches(const char **p, const char *end, int32_t c)
{
	const char *close;

	if (**p == '?') {
		(*p)++;
		return true;
	}
	if (**p == '[' && (close = set_end(*p, end))) {
		bool matches = set_matches(*p, close, c);

		*p = close;
		return matches;
	}
	if (**p == '\\' && *p + 1 < end)
		(*p)++;
	return next_char(p, end) == c;
}

static bool component_matches(const char *p, const char *p_end,
			      const char *s, const char *s_end)
{
	const char *star = NULL, *retry = NULL;

	for (;;) {
		const char *rest = s;

		if (p < p_end && *p == '*') {
			star = ++p;
			retry = s;
			continue;
		}
		if (p == p_end && s == s_end)
			return true;
		if (p < p_end && s < s_end &&
		    char_matches(&p, p_end, next_char(&rest, s_end))) {
			s = rest;
			continue;
		}
		if (!star || retry == s_end)
			return false;
		next_char(&retry, s_end);
		p = star;
		s = retry;
	}
}

static const char *component_end(const char *s)
{
	return s + strcspn(s, "/");
}

bool glob_match(const char *pattern, const char *path)
{
	/* NULL: behind the last component */
	const char *p = pattern, *s = path;
	const char *deep = NULL, *retry = NULL;
	bool have_deep = false;

	for (;;) {
		const char *p_end = p ? component_end(p) : NULL;
		const char *s_end = s ? component_end(s) : NULL;

		if (p && p_end - p == 2 && !memcmp(p, "**", 2)) {
			have_deep = true;
			deep = p = *p_end ? p_end + 1 : NULL;
			retry = s;
			continue;
		}
		if (!p && !s)
			return true;
		if (p && s && component_matches(p, p_end, s, s_end)) {
			p = *p_end ? p_end + 1 : NULL;
			s = *s_end ? s_end + 1 : NULL;
			continue;
		}
		if (!have_deep || !retry)
			return false;
		s_end = component_end(retry);
		s = retry = *s_end ? s_end + 1 : NULL;
		p = deep;
	}
}

bool glob_has_magic(const char *pattern)
{
	return strpbrk(pattern, "*?[\\") != NULL;
}

size_t glob_literal_prefix(const char *pattern)
{
	size_t len = strcspn(pattern, "*?[\\");

	while (len && pattern[len - 1] != '/')
		len--;
	/* The root is a directory too; elsewhere the slash is not part. */
	return len > 1 ? len - 1 : len;
}
