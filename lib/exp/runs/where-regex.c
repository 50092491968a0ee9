/*
 * Patterns by regcomp(3), in the locale "C" of this program: by bytes, so that
 * a report is the same for everybody. What the library would take much time or
 * memory for is refused: references back, and repetitions that multiply.
 */
#include "lib/base/compat.h"
#include "lib/exp/runs/where-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"

#include <regex.h>

#define MAX_PATTERN 1000
/* How long the pattern may be with its repetitions written out. */
#define MAX_WRITTEN_OUT 5000
#define MAX_GROUPS 100
/* What is behind this much of a text is not looked at. */
#define MAX_TEXT (64u << 10)

struct where_regex {
	regex_t regex;
};

/* Behind a set `[...]`, whose first `]` stands for itself. */
static size_t skip_set(const char *p, size_t at)
{
	at++;
	if (p[at] == '^')
		at++;
	if (p[at] == ']')
		at++;
	while (p[at] && p[at] != ']') {
		if (p[at] == '[' && p[at + 1] && strchr(".:=", p[at + 1])) {
			const char end[] = { p[at + 1], ']', '\0' };
			const char *found = strstr(p + at + 2, end);

			if (found)
				at = (size_t)(found - p) + 1;
		}
		at++;
	}
	return at;
}

static uint64_t read_count(const char *p, size_t *at)
{
	uint64_t count = 0;

	for (; isdigit((unsigned char)p[*at]); (*at)++)
		if (count <= MAX_WRITTEN_OUT)
			count = count * 10 + (unsigned)(p[*at] - '0');
	return count;
}

/*
 * How many copies of what stands before it the library makes for a
 * repetition, at moves to its end; 0: it is none. `x+` is `xx*` to it, `x{2,}`
 * is `xxx*`.
 */
static uint64_t copies(const char *p, size_t *at)
{
	uint64_t low, high;
	size_t end = *at + 1;

	if (p[*at] == '+')
		return 2;
	if (p[*at] != '{' ||
	    !isdigit((unsigned char)(p[end] == ',' ? p[end + 1] : p[end])))
		return 0;
	low = high = read_count(p, &end);
	if (p[end] == ',') {
		end++;
		high = isdigit((unsigned char)p[end]) ? read_count(p, &end) :
							low + 1;
	}
	*at = p[end] ? end : end - 1;
	return MAXIMUM(MAXIMUM(low, high), 1);
}

/* Its length when every repetition is written out; or `why` says what else is
 * wrong with it. */
static uint64_t written_out(const char *p, const char **why)
{
	uint64_t size[MAX_GROUPS + 1] = { 0 }, atom = 0, times;
	size_t depth = 0, at;

	*why = NULL;
	for (at = 0; p[at] && size[depth] <= MAX_WRITTEN_OUT; at++) {
		times = copies(p, &at);
		if (times) {
			size[depth] += atom * (times - 1);
			atom *= times;
		} else if (p[at] == '(') {
			if (++depth > MAX_GROUPS) {
				*why = "it has too many parentheses";
				return 0;
			}
			size[depth] = 0;
		} else if (p[at] == ')' && depth) {
			atom = size[depth--] + 1;
			size[depth] += atom;
		} else if (!strchr("*?|^$", p[at])) {
			if (p[at] == '\\' && p[at + 1] &&
			    isdigit((unsigned char)p[++at])) {
				*why = "it refers back to what was found";
				return 0;
			}
			if (p[at] == '[')
				at = skip_set(p, at);
			atom = 1;
			size[depth]++;
			if (!p[at])
				break;
		}
	}
	return size[depth];
}

int where_regex_new(struct where_regex **out, const char *pattern,
		    struct strbuf *err)
{
	struct where_regex *regex;
	const char *why;
	char reason[200];
	int code;

	*out = NULL;
	if (!*pattern)
		return fail(err, ERR_USAGE, "the pattern is empty");
	if (strlen(pattern) > MAX_PATTERN)
		return fail(err, ERR_USAGE, "the pattern is longer than %d "
			    "bytes", MAX_PATTERN);
	if (written_out(pattern, &why) > MAX_WRITTEN_OUT)
		why = "its repetitions are too many";
	if (why)
		return fail(err, ERR_USAGE, "the pattern is refused: %s", why);
	regex = xcalloc(1, sizeof(*regex));
	code = regcomp(&regex->regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (code) {
		regerror(code, &regex->regex, reason, sizeof(reason));
		free(regex);
		return fail(err, ERR_USAGE, "this is no regular expression: "
			    "%s", reason);
	}
	*out = regex;
	return 0;
}

/* Cells are not ended by NUL, and may hold some, which nothing matches. */
bool where_regex_finds(const struct where_regex *regex, const char *text,
		       size_t len)
{
	char room[1024], *copy = room;
	bool found;
	size_t i;

	len = MINIMUM(len, MAX_TEXT);
	if (len >= sizeof(room))
		copy = xmalloc(len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	for (i = strlen(copy); i < len; i += strlen(copy + i))
		copy[i] = '\1';
	found = !regexec(&regex->regex, copy, 0, NULL, 0);
	if (copy != room)
		free(copy);
	return found;
}

void where_regex_free(struct where_regex *regex)
{
	if (!regex)
		return;
	regfree(&regex->regex);
	free(regex);
}
