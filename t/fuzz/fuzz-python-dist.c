/*
 * METADATA and direct_url.json of a package that anybody wrote: what comes out
 * is one line that shows a name, or nothing. The bytes up to the first NUL are
 * the one, the rest the other.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/exp/recording/python-dist.h"
#include "t/fuzz/fuzz.h"

/* No blanks but one around `@` and behind `-e`, nothing that moves a
 * terminal. */
static void check_line(const struct strbuf *line, const char *name)
{
	const char *p = line->buf;
	size_t len = line->len;

	MUST(len && utf8_is_valid(line->buf, line->len));
	MUST(strstr(line->buf, name) && !strchr(line->buf, '\n'));
	while (len)
		MUST(!utf8_is_control(utf8_next(&p, &len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);
	size_t first = strnlen(text, len);
	const char *rest = text + MINIMUM(first + 1, len);
	struct strbuf name = STRBUF_INIT, version = STRBUF_INIT;
	struct strbuf line = STRBUF_INIT, canonical = STRBUF_INIT;

	if (python_dist_parse(text, first, &name, &version)) {
		MUST(name.len <= DIST_MAX_NAME && version.len <= DIST_MAX_NAME);
		MUST(!strpbrk(name.buf, " \t\r\n/'\"") &&
		     !strpbrk(version.buf, " \t\r\n"));
		python_dist_canonical(&canonical, name.buf);
		MUST(canonical.len && !strpbrk(canonical.buf, "._"));
		python_dist_line(&line, name.buf, version.buf, rest,
				 (size_t)(text + len - rest));
		check_line(&line, name.buf);
	}
	strbuf_release(&name);
	strbuf_release(&version);
	strbuf_release(&line);
	strbuf_release(&canonical);
	free(text);
	return 0;
}
