/*
 * Wildcards from anywhere, against a matcher that tries everything in a table:
 * slow, and simple enough to be right.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/glob.h"
#include "t/fuzz/fuzz.h"

#define COMPARED_MAX 60	/* it tries all that `**` can stand for */

/* A piece of a pattern: one character of it, a set, or a star. */
struct piece {
	const char *text;
	size_t len;
};

/* Bytes of the set `[...]` at `text`; 0: its end is missing, it is none. */
static size_t set_len(const char *text, size_t len)
{
	size_t i = 1;

	if (i < len && (text[i] == '!' || text[i] == '^'))
		i++;
	if (i < len && text[i] == ']')
		i++;
	while (i < len && text[i] != ']')
		i += text[i] == '\\' && i + 1 < len ? 2 : 1;
	return i < len ? i + 1 : 0;
}

static struct piece next_piece(const char *text, size_t len)
{
	struct piece piece = { text, 1 };
	size_t set = *text == '[' ? set_len(text, len) : 0;

	if (set) {
		piece.len = set;
	} else if (*text == '\\' && len > 1) {
		character(text + 1, len - 1, &piece.len);
		piece.len++;
	} else {
		character(text, len, &piece.len);
	}
	return piece;
}

static int32_t set_character(const char **at, const char *end)
{
	size_t used;
	int32_t c;

	if (**at == '\\' && *at + 1 < end)
		(*at)++;
	c = character(*at, (size_t)(end - *at), &used);
	*at += used;
	return c;
}

static bool set_has(struct piece set, int32_t c)
{
	const char *at = set.text + 1, *end = set.text + set.len - 1;
	bool inverted = *at == '!' || *at == '^', has = false;

	at += inverted;
	while (at < end) {
		int32_t low = set_character(&at, end), high = low;

		if (*at == '-' && at + 1 < end) {
			at++;
			high = set_character(&at, end);
		}
		has = has || (low <= c && c <= high);
	}
	return has != inverted;
}

static bool piece_is(struct piece piece, int32_t c)
{
	bool quoted = *piece.text == '\\' && piece.len > 1;
	size_t used;

	if (*piece.text == '?')
		return true;
	if (*piece.text == '[' && piece.len > 1)
		return set_has(piece, c);
	return character(piece.text + quoted, piece.len - quoted, &used) == c;
}

/* Components, without '/'. can[j]: what was read of `p` matches s[0..j). */
static bool component_is(const char *p, size_t p_len, const char *s,
			 size_t s_len)
{
	bool can[COMPARED_MAX + 1] = { true }, next[COMPARED_MAX + 1];
	struct piece piece;
	size_t j, used;

	for (; p_len; p += piece.len, p_len -= piece.len) {
		piece = next_piece(p, p_len);
		memset(next, 0, sizeof(next));
		for (j = 0; j <= s_len; j++) {
			if (*p == '*' && can[j])
				next[j] = true;
			if (j == s_len || !(can[j] || next[j]))
				continue;
			if (*p == '*') {
				character(s + j, s_len - j, &used);
				next[j + used] = true;
			} else if (can[j] && piece_is(piece,
					character(s + j, s_len - j, &used))) {
				next[j + used] = true;
			}
		}
		memcpy(can, next, sizeof(can));
	}
	return can[s_len];
}

/* What matches where nothing is left: each component of it is `**`. */
static bool matches_none(const char *p)
{
	for (; !strncmp(p, "**", 2); p += 3)
		if (p[2] != '/')
			return !p[2];
	return false;
}

static bool simple_match(const char *p, const char *s)
{
	size_t p_len = strcspn(p, "/"), s_len = strcspn(s, "/");
	const char *p_next = p[p_len] ? p + p_len + 1 : NULL;
	const char *s_next = s[s_len] ? s + s_len + 1 : NULL;

	if (p_len == 2 && !memcmp(p, "**", 2)) {
		if (!p_next)
			return true;
		return simple_match(p_next, s) ||
		       (s_next && simple_match(p, s_next));
	}
	if (!component_is(p, p_len, s, s_len))
		return false;
	if (p_next && s_next)
		return simple_match(p_next, s_next);
	return !s_next && (!p_next || matches_none(p_next));
}

/* `**` among many components tries too much in simple_match(). */
static bool is_small(const char *pattern, const char *path)
{
	size_t stars = 0;
	const char *s;

	for (s = pattern; (s = strstr(s, "**")); s += 2)
		stars++;
	return strlen(pattern) <= COMPARED_MAX && stars <= 3 &&
	       strlen(path) <= COMPARED_MAX;
}

static void check_prefix(const char *pattern, const char *path, bool matches)
{
	size_t prefix = glob_literal_prefix(pattern);

	MUST(prefix <= strlen(pattern));
	/* the root's slash is also its end, where nothing follows */
	if (matches && prefix && *path)
		MUST(!strncmp(pattern, path, prefix));
	if (!glob_has_magic(pattern))
		MUST(matches == !strcmp(pattern, path));
}

/* The pattern, a NUL, the path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *pattern, *path;
	bool matches;

	if (len > 4096)
		return 0;
	pattern = xmemdupz(data, len);
	path = strlen(pattern) < len ?
	       xstrdup(pattern + strlen(pattern) + 1) : xstrdup("a/b");
	matches = glob_match(pattern, path);
	check_prefix(pattern, path, matches);
	if (is_small(pattern, path))
		MUST(matches == simple_match(pattern, path));
	free(path);
	free(pattern);
	return 0;
}
