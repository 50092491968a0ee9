/*
 * Patterns over paths of fields. A pattern is compiled once into characters
 * and wildcards, and matched against the components of paths without quotes.
 */
#include "lib/base/compat.h"
#include "lib/base/field-path.h"
#include "lib/base/utf8.h"

struct text {
	const char *at;
	const char *end;
};

/* Whether `c` is in the set that begins behind `[`; `*set` moves behind its
 * `]`. False with *set NULL: it has no end, and `[` stands for itself. */
static bool in_set(struct text *set, int32_t c)
{
	const char *at = set->at;
	bool negated = false, found = false, first = true;

	if (at < set->end && (*at == '!' || *at == '^')) {
		negated = true;
		at++;
	}
	for (; at < set->end && (*at != ']' || first); first = false) {
		size_t left = (size_t)(set->end - at);
		int32_t low = utf8_next(&at, &left), high = low;

		if (left > 1 && *at == '-' && at[1] != ']') {
			at++;
			left--;
			high = utf8_next(&at, &left);
		}
		found |= low <= c && c <= high;
	}
	if (at >= set->end) {
		set->at = NULL;
		return false;
	}
	set->at = at + 1;
	return found != negated;
}

static int32_t next_character(struct text *text)
{
	size_t len = (size_t)(text->end - text->at);
	unsigned char byte = (unsigned char)*text->at;
	int32_t c = utf8_next(&text->at, &len);

	/* Bytes that are no UTF-8 are characters of their own. */
	return c < 0 ? 0x110000 + byte : c;
}

/*
 * One step of the pattern against one character: 1 it matches, 0 it does not,
 * both moved on; -1: the pattern is at a star.
 */
static int match_one(struct text *pattern, bool *quoted, struct text *word)
{
	struct text set;
	int32_t want, c;
	bool hit;

	while (pattern->at < pattern->end && *pattern->at == '"') {
		*quoted = !*quoted;
		pattern->at++;
	}
	if (pattern->at >= pattern->end)
		return 0;
	if (!*quoted && *pattern->at == '*')
		return -1;
	if (word->at >= word->end)
		return 0;
	c = next_character(word);
	if (!*quoted && *pattern->at == '?') {
		pattern->at++;
		return 1;
	}
	if (!*quoted && *pattern->at == '[') {
		set = (struct text){ pattern->at + 1, pattern->end };
		hit = in_set(&set, c);
		if (set.at) {
			pattern->at = set.at;
			return hit;
		}
	}
	if (*quoted && *pattern->at == '\\' && pattern->at + 1 < pattern->end)
		pattern->at++;
	want = next_character(pattern);
	return want == c;
}

static bool is_over(const struct text *pattern, bool quoted)
{
	const char *at = pattern->at;

	for (; at < pattern->end; at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (quoted || *at != '*')
			return false;
	}
	return true;
}

/* A component of a pattern against one of a path, both as they are written,
 * but the latter without quotes. */
static bool match_component(struct text pattern, struct text word)
{
	struct text star = { NULL, NULL }, from = { NULL, NULL };
	bool quoted = false;

	for (;;) {
		int hit;

		if (word.at >= word.end && is_over(&pattern, quoted))
			return true;
		hit = match_one(&pattern, &quoted, &word);
		if (hit < 0) {
			star = (struct text){ ++pattern.at, pattern.end };
			from = word;
			continue;
		}
		if (hit > 0)
			continue;
		/* Stars stand outside of quotes. */
		if (!star.at || from.at >= from.end)
			return false;
		next_character(&from);
		word = from;
		pattern = star;
		quoted = false;
	}
}

/* The next component of a pattern: up to a dot outside of quotes and sets. */
static struct text next_component(const char **text)
{
	struct text part = { *text, *text };
	bool quoted = false;

	for (; *part.end; part.end++) {
		if (*part.end == '"')
			quoted = !quoted;
		else if (quoted && *part.end == '\\' && part.end[1])
			part.end++;
		else if (!quoted && *part.end == '.')
			break;
	}
	*text = *part.end ? part.end + 1 : NULL;
	return part;
}

static size_t split(struct text *out, const char *text)
{
	size_t nr = 0;

	while (text) {
		if (nr == FIELD_PATH_DEPTH + 1)
			return 0;
		out[nr++] = next_component(&text);
	}
	return nr;
}

static bool is_any(const struct text *pattern)
{
	return pattern->end - pattern->at == 2 &&
	       !memcmp(pattern->at, "**", 2);
}

/* Quotes off, in place of a copy of the path. */
static struct text unquote(struct text word, struct strbuf *room)
{
	size_t from = room->len;
	const char *at;

	if (word.at == word.end || *word.at != '"')
		return word;
	for (at = word.at + 1; at + 1 < word.end; at++) {
		if (*at == '\\')
			at++;
		strbuf_addch(room, *at);
	}
	return (struct text){ room->buf + from, room->buf + room->len };
}

static bool match_paths(const struct text *pattern, size_t patterns,
			const struct text *word, size_t words)
{
	size_t p = 0, w = 0, star = SIZE_MAX, from = 0;

	while (w < words) {
		if (p < patterns && is_any(&pattern[p])) {
			star = ++p;
			from = ++w;
		} else if (p < patterns &&
			   match_component(pattern[p], word[w])) {
			p++;
			w++;
		} else if (star != SIZE_MAX) {
			p = star;
			w = ++from;
		} else {
			return false;
		}
	}
	return p == patterns && w == words;
}

bool field_glob_match(const char *pattern, const char *path)
{
	struct text part[FIELD_PATH_DEPTH + 1], word[FIELD_PATH_DEPTH + 1];
	size_t parts = split(part, pattern), words = split(word, path), i;
	struct strbuf room = STRBUF_INIT;
	bool hit;

	if (!parts || !words)
		return false;
	/* As much as all of them can need, so that it stays where it is. */
	strbuf_grow(&room, strlen(path));
	for (i = 0; i < words; i++)
		word[i] = unquote(word[i], &room);
	hit = match_paths(part, parts, word, words);
	strbuf_release(&room);
	return hit;
}

bool field_glob_is_pattern(const char *text)
{
	bool quoted = false;

	for (; *text; text++) {
		if (*text == '"')
			quoted = !quoted;
		else if (quoted && *text == '\\' && text[1])
			text++;
		else if (!quoted && strchr("*?[", *text))
			return true;
	}
	return false;
}
