/* Names and comments from anywhere: resutilformat-name(5). */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/exp/record/name.h"
#include "t/fuzz/fuzz.h"

/* What is taken for a name can be made again, and is safe as a file name. */
static void check_name(const char *text)
{
	struct strbuf made = STRBUF_INIT;
	struct name_parts parts;
	struct tm local, minute;

	if (!name_parse(&parts, text))
		return;
	MUST(strlen(text) <= NAME_MAX_BYTES && !strchr(text, '/') &&
	     text[0] != '.');
	MUST(utf8_is_valid(text, strlen(text)));
	MUST(name_parse_stamp(&local, parts.stamp));
	MUST(name_decode_prefix(&minute, parts.prefix));
	name_make(&made, &local, parts.comment);
	MUST(!strncmp(made.buf + NAME_PREFIX_LEN, text + NAME_PREFIX_LEN,
		      made.len - NAME_PREFIX_LEN));
	MUST(name_is_valid(made.buf));
	name_next_second(&local);
	strbuf_reset(&made);
	name_make(&made, &local, parts.comment);
	MUST(name_is_valid(made.buf));
	strbuf_release(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf err = STRBUF_INIT, name = STRBUF_INIT;
	struct tm local;
	char *text = xmemdupz(data, len);
	const char *found;
	size_t found_len;

	check_name(text);
	if (!name_check_comment(text, len, &err)) {
		MUST(strlen(text) == len && !err.len);
		MUST(name_parse_stamp(&local, "20240704T191555"));
		name_make(&name, &local, text);
		MUST(name_is_valid(name.buf));
	} else {
		MUST(err.len);
	}
	found = name_in_path(text, &found_len);
	if (found) {
		char *copy = xmemdupz(found, found_len);

		check_name(copy);
		MUST(name_is_valid(copy));
		free(copy);
	}
	strbuf_release(&name);
	strbuf_release(&err);
	free(text);
	return 0;
}
