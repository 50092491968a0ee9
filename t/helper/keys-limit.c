/*
 * keys-limit [--fnmatch] PATTERN: what match-keys cannot be faster than. Reads
 * lines from standard input, prints those that match, and does nothing else:
 * no options, no sets, nothing that is never meant, no project. PATTERN is text
 * and stars; with --fnmatch the C library's fnmatch(3) matches.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/sys.h"

#include <fnmatch.h>

#define BLOCK_SIZE ((size_t)256 << 10)
#define PARTS_MAX 64

struct part {
	const char *text;
	size_t len;
};

static struct part parts[PARTS_MAX];
static size_t nr_parts;
static const char *pattern;
static bool by_library;

static void cut(const char *text)
{
	pattern = text;
	for (;;) {
		size_t len = strcspn(text, "*");

		if (nr_parts == PARTS_MAX)
			exit(129);
		parts[nr_parts].text = text;
		parts[nr_parts++].len = len;
		if (!text[len])
			return;
		text += len + 1;
	}
}

static bool matches(const char *s, const char *end)
{
	const struct part *last = &parts[nr_parts - 1];
	size_t len = (size_t)(end - s), i;

	if (len < parts->len || memcmp(s, parts->text, parts->len))
		return false;
	if (nr_parts == 1)
		return len == parts->len;
	s += parts->len;
	if ((size_t)(end - s) < last->len ||
	    memcmp(end - last->len, last->text, last->len))
		return false;
	end -= last->len;
	for (i = 1; i + 1 < nr_parts; i++) {
		s = memmem(s, (size_t)(end - s), parts[i].text, parts[i].len);
		if (!s)
			return false;
		s += parts[i].len;
	}
	return true;
}

/* `close` is where the newline is. */
static bool is_meant(char *s, char *close)
{
	if (!by_library)
		return matches(s, close);
	*close = '\0';
	return !fnmatch(pattern, s, 0);
}

int main(int argc, const char **argv)
{
	char *in = xmalloc(2 * BLOCK_SIZE), *out = xmalloc(2 * BLOCK_SIZE);
	size_t held = 0, printed = 0;
	ssize_t n;

	by_library = argc == 3 && !strcmp(argv[1], "--fnmatch");
	if (argc != 2 + by_library)
		return 129;
	cut(argv[argc - 1]);
	while ((n = read(0, in + held, BLOCK_SIZE)) > 0) {
		char *s = in, *end = in + held + n, *close;

		for (; (close = memchr(s, '\n', (size_t)(end - s)));
		     s = close + 1) {
			if (!is_meant(s, close))
				continue;
			memcpy(out + printed, s, (size_t)(close - s));
			printed += (size_t)(close - s);
			out[printed++] = '\n';
			if (printed > BLOCK_SIZE) {
				sys_write_all(1, out, printed);
				printed = 0;
			}
		}
		held = (size_t)(end - s);
		if (held > BLOCK_SIZE)
			return 128;
		memmove(in, s, held);
	}
	sys_write_all(1, out, printed);
	free(in);
	free(out);
	return n < 0 ? 128 : 0;
}
