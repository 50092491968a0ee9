/*
 * Lines of check-project and check-store from anywhere: what is read is
 * written and read again as it was, and no line moves a terminal.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/exp/check/finding.h"
#include "lib/wrap/json.h"
#include "t/fuzz/fuzz.h"

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void check_json(const struct finding *f)
{
	struct strbuf line = STRBUF_INIT;
	struct value *value = NULL;

	finding_print(&line, f, false, true);
	MUST(line.len && !memchr(line.buf, '\n', line.len - 1));
	MUST(!json_parse(&value, line.buf, line.len, "finding", NULL));
	MUST(same(value_get_text(value, "level"),
		  finding_level_name(f->level)));
	value_free(value);
	strbuf_release(&line);
}

static void check_again(const struct finding *f)
{
	struct strbuf once = STRBUF_INIT, twice = STRBUF_INIT;
	const char *left;
	struct finding again;
	size_t len;
	char *line;

	finding_print(&once, f, false, false);
	MUST(once.len && once.buf[once.len - 1] == '\n');
	line = xmemdupz(once.buf, once.len - 1);
	left = line;
	for (len = once.len - 1; len; ) {
		int32_t c = utf8_next(&left, &len);

		MUST(c == '\t' || !utf8_is_control(c));
	}
	MUST(finding_parse(&again, line));
	MUST(again.level == f->level && again.state == f->state &&
	     again.bytes == f->bytes && same(again.where, f->where) &&
	     same(again.id, f->id) && same(again.name, f->name));
	finding_print(&twice, &again, false, false);
	MUST(!strcmp(once.buf, twice.buf));
	free(line);
	strbuf_release(&once);
	strbuf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *line = xmemdupz(data, len);
	struct finding f;

	if (finding_parse(&f, line)) {
		MUST(*f.id && f.where && f.text);
		check_again(&f);
		check_json(&f);
	}
	free(line);
	return 0;
}
