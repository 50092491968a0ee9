/*
 * Patterns over keys from anywhere, against a matcher that fills in a table:
 * slow, and simple enough to be right.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/key-glob.h"
#include "t/fuzz/fuzz.h"

#define COMPARED_MAX 300

/* Bytes of the set `[...]` at `text`; 0: its end is missing, it is none. */
static size_t set_len(const char *text, size_t len)
{
	size_t i = 1;

	if (i < len && text[i] == '!')
		i++;
	if (i < len && text[i] == ']')
		i++;
	while (i < len && text[i] != ']')
		i++;
	return i < len ? i + 1 : 0;
}

static bool set_has(const char *set, size_t len, int32_t c)
{
	const char *at = set + 1, *end = set + len - 1;
	bool inverted = *at == '!', has = false;
	size_t used;

	at += inverted;
	while (at < end) {
		int32_t low = character(at, (size_t)(end - at), &used);
		int32_t high = low;

		at += used;
		if (end - at > 1 && *at == '-') {
			at++;
			high = character(at, (size_t)(end - at), &used);
			at += used;
		}
		has = has || (low <= c && c <= high);
	}
	return has != inverted;
}

/* One piece of a pattern: a character, `?`, `*` or a set. */
static size_t piece_len(const char *p, size_t len)
{
	size_t set = *p == '[' ? set_len(p, len) : 0, used;

	if (set)
		return set;
	character(p, len, &used);
	return used;
}

static bool piece_is(const char *p, size_t len, int32_t c)
{
	size_t used;

	if (*p == '?')
		return true;
	if (*p == '[' && len > 1)
		return set_has(p, len, c);
	return character(p, len, &used) == c;
}

/* can[j]: what was read of the pattern matches s[0..j). */
static bool table_match(const char *p, const char *s, size_t s_len)
{
	bool can[COMPARED_MAX + 1] = { true }, next[COMPARED_MAX + 1];
	size_t p_len = strlen(p), len, j, used;

	for (; p_len; p += len, p_len -= len) {
		len = piece_len(p, p_len);
		memset(next, 0, sizeof(next));
		for (j = 0; j <= s_len; j++) {
			if (*p == '*' && can[j])
				next[j] = true;
			if (j == s_len || !(can[j] || next[j]))
				continue;
			if (*p == '*') {
				character(s + j, s_len - j, &used);
				next[j + used] = true;
			} else if (can[j] && piece_is(p, len,
					character(s + j, s_len - j, &used))) {
				next[j + used] = true;
			}
		}
		memcpy(can, next, sizeof(can));
	}
	return can[s_len];
}

/* What is said of all keys that match holds for this one. */
static void check_match(const struct key_glob *g, const char *key, size_t len)
{
	const char *prefix = key_glob_prefix(g), *end = key + len;
	size_t prefix_len = strlen(prefix), used;
	const char *at = key;

	MUST(len >= prefix_len && !memcmp(key, prefix, prefix_len));
	if (key_glob_is_key(g))
		MUST(len == prefix_len);
	/* so whoever walks gets there */
	for (; at < end; at += used) {
		MUST(key_glob_leads(g, key, (size_t)(at - key)));
		character(at, (size_t)(end - at), &used);
	}
}

static void check_pattern(const struct key_glob *g)
{
	const char *text = key_glob_text(g), *prefix = key_glob_prefix(g);
	struct key_glob *again;

	MUST(*text && *text != '/' && strlen(text) <= KEY_GLOB_MAX);
	MUST(!key_glob_new(&again, text, NULL));
	MUST(!strcmp(key_glob_text(again), text));
	MUST(key_glob_is_odd(again) == key_glob_is_odd(g));
	key_glob_free(again);
	if (key_glob_is_key(g))
		MUST(key_glob_matches(g, prefix, strlen(prefix)));
}

/* The pattern, a NUL, the key. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf err = STRBUF_INIT, text = STRBUF_INIT;
	struct key_glob *g;
	char *pattern, *key;
	size_t key_len;

	if (len > KEY_GLOB_MAX + COMPARED_MAX)
		return 0;
	pattern = xmemdupz(data, len);
	key = pattern + strlen(pattern);
	key_len = len - (size_t)(key - pattern);
	if (key_len) {
		key++;
		key_len--;
	}
	if (key_glob_new(&g, pattern, &err)) {
		MUST(err.len && !g);
		goto cleanup;
	}
	MUST(!err.len);
	check_pattern(g);
	strbuf_addstr(&text, key_glob_text(g));
	if (text.buf[text.len - 1] == '/')
		strbuf_addch(&text, '*');
	if (key_len <= COMPARED_MAX)
		MUST(key_glob_matches(g, key, key_len) ==
		     table_match(text.buf, key, key_len));
	if (key_glob_matches(g, key, key_len))
		check_match(g, key, key_len);
	key_glob_free(g);

cleanup:
	strbuf_release(&text);
	strbuf_release(&err);
	free(pattern);
	return 0;
}
