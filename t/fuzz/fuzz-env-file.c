/*
 * Files of KEY=VALUE lines from anywhere: a pair is told once, in order, by a
 * key that is one; and one that is written plainly is read as it was written.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/env-file.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "t/fuzz/fuzz.h"

struct seen {
	unsigned nr, line;
	unsigned lines;		/* in all */
	const char *want_key, *want;
	bool found;
};

static int look(const char *key, const char *value, unsigned line, void *data)
{
	struct seen *s = data;

	MUST(*key && !strpbrk(key, " \t\r\n\"'#="));
	MUST(line > s->line && line <= s->lines);
	MUST(strlen(value) <= ENV_FILE_MAX);
	s->line = line;
	s->nr++;
	if (s->want_key && !strcmp(key, s->want_key))
		s->found = !strcmp(value, s->want);
	return 0;
}

static unsigned count_lines(const char *text, size_t len)
{
	unsigned nr = 1;

	for (; len; text++, len--)
		nr += *text == '\n';
	return nr;
}

/* Any text in '...' is that text, whatever stands around it. */
static void check_quoted(const char *text, size_t len)
{
	struct strbuf file = STRBUF_INIT, err = STRBUF_INIT;
	char *value = xmemdupz(text, len);
	struct seen s = { .want_key = "ZZ", .want = value };

	strbuf_addf(&file, "ZZ='%s' # comment\n", value);
	s.lines = count_lines(file.buf, file.len);
	MUST(!env_file_parse(file.buf, file.len, look, &s, &err));
	MUST(s.found && s.nr == 1);
	free(value);
	strbuf_release(&file);
	strbuf_release(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf err = STRBUF_INIT;
	char *text = xmemdupz(data, len);
	struct seen s = { .lines = count_lines(text, len) };
	int ret = env_file_parse(text, len, look, &s, &err);

	MUST(!ret == !err.len);
	MUST(!ret || (ret == ERR_CONTENT && memchr(text, '\0', len)));
	if (!ret && !memchr(text, '\'', len))
		check_quoted(text, len);
	strbuf_release(&err);
	free(text);
	return 0;
}
