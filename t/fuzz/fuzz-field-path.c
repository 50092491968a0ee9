/*
 * Paths of fields and patterns over them: each path that can be read has one
 * way to be written, and means itself.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/field-path.h"
#include "t/fuzz/fuzz.h"

static void check_path(const char *text)
{
	struct strvec parts = STRVEC_INIT, again = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT, err = STRBUF_INIT;
	size_t i;
	int ret = field_path_split(&parts, text, &err);

	if (ret) {
		MUST(ret == ERR_USAGE && err.len);
		goto cleanup;
	}
	MUST(!err.len && parts.nr);
	MUST(field_path_span(text, strlen(text)) == strlen(text));
	for (i = 0; i < parts.nr; i++)
		field_path_add(&path, parts.v[i], strlen(parts.v[i]));
	MUST(path.len <= 2 * strlen(text) + 2);
	if (path.len > FIELD_PATH_MAX)
		goto cleanup;
	MUST(!field_path_split(&again, path.buf, NULL));
	MUST(again.nr == parts.nr);
	for (i = 0; i < parts.nr; i++)
		MUST(!strcmp(again.v[i], parts.v[i]));
	if (!field_glob_is_pattern(path.buf))
		MUST(field_glob_match(path.buf, path.buf));
	MUST(field_glob_match("**", path.buf));

cleanup:
	strvec_release(&parts);
	strvec_release(&again);
	strbuf_release(&path);
	strbuf_release(&err);
}

/* A pattern, a NUL, a path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);
	size_t first = strlen(text);

	MUST(field_path_span(text, len) <= len);
	if (len <= FIELD_PATH_MAX) {
		check_path(text);
		if (first < len) {
			check_path(text + first + 1);
			field_glob_match(text, text + first + 1);
		}
	}
	free(text);
	return 0;
}
