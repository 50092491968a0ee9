/*
 * Times and sizes from anywhere, of records and of people: what is read is a
 * moment that can be written, and read again as the same.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/name.h"
#include "t/fuzz/fuzz.h"

/* The years that four digits can say, a day less for offsets at both ends. */
#define FIRST INT64_C(-62167132800)
#define LAST INT64_C(253402214400)

static void check_moment(const struct moment *m)
{
	const struct moment now = { 1720091755, 0, 32400 };
	struct strbuf text = STRBUF_INIT;
	struct moment again;
	struct tm local;

	MUST(m->usec >= 0 && m->usec <= 999999);
	MUST(m->offset > -86400 && m->offset < 86400);
	moment_format_relative(&text, m, &now);
	MUST(text.len);
	name_local_time(&local, m);
	strbuf_reset(&text);
	name_make(&text, &local, NULL);
	MUST(name_is_valid(text.buf));
	strbuf_reset(&text);
	moment_format(&text, m);
	if (m->sec > FIRST && m->sec < LAST) {
		MUST(moment_parse(&again, text.buf));
		MUST(!moment_compare(m, &again));
		MUST(moment_diff(m, &again) == 0);
		/* RFC 3339 has no seconds in an offset */
		MUST(m->offset % 60 || again.offset == m->offset);
	}
	strbuf_reset(&text);
	moment_format_utc(&text, m);
	MUST(text.len);
	strbuf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct moment now = { 1720091755, 0, 32400 };
	struct strbuf shown = STRBUF_INIT;
	char *text = xmemdupz(data, len);
	struct moment m;
	struct tm stamp;
	uint64_t bytes;

	if (moment_parse(&m, text))
		check_moment(&m);
	if (moment_parse_loose(&m, text, &now))
		check_moment(&m);
	if (name_parse_stamp(&stamp, text))
		MUST(stamp.tm_mon >= 0 && stamp.tm_mon <= 11 &&
		     stamp.tm_wday >= 0 && stamp.tm_wday <= 6);
	if (size_parse(&bytes, text)) {
		size_format(&shown, bytes);
		MUST(shown.len && shown.len < 32);
	}
	strbuf_release(&shown);
	free(text);
	return 0;
}
