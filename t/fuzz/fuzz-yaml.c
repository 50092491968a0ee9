/* YAML from anywhere: what is read is written and read as the same. */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/yaml-plain.h"
#include "lib/wrap/yaml.h"
#include "t/fuzz/fuzz.h"

/*
 * Two kinds of key are told apart when read and not when written: bytes that
 * are UTF-8 are a text then, and a text that is written alike is there twice.
 * A map may so become one with fewer keys, never an error of another kind.
 */
static void check_round_trip(const struct value *value)
{
	struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	struct value *read = NULL;
	int ret;

	yaml_write(&text, value);
	ret = yaml_parse(&read, text.buf, text.len, "again", &err);
	if (ret) {
		fprintf(stderr, "%s\n%s", err.buf, text.buf);
		abort();
	}
	if (!value_equal(value, read)) {
		fprintf(stderr, "%s", text.buf);
		abort();
	}
	yaml_write(&again, read);
	MUST(again.len == text.len && !memcmp(again.buf, text.buf, text.len));
	value_free(read);
	strbuf_release(&text);
	strbuf_release(&again);
	strbuf_release(&err);
}

/* A place that is found lies in the text, and so does the value of it. */
static void check_find(const char *text, size_t len, const char *path)
{
	struct yaml_span span;

	if (yaml_find(&span, text, len, path, "x", NULL))
		return;
	MUST(span.start <= span.end && span.end <= len);
	MUST(!span.found || span.key_start <= span.start);
}

/* Read by lines, it is what libyaml reads. */
static void check_plain(const char *text, size_t len)
{
	struct arena arena = ARENA_INIT;
	const struct value *plain = yaml_read_plain(&arena, text, len);
	struct strbuf err = STRBUF_INIT;
	struct value *value = NULL;

	if (plain && yaml_parse_events(&value, text, len, "x", &err)) {
		fprintf(stderr, "%s\n", err.buf);
		abort();
	}
	MUST(!plain || value_equal(plain, value));
	value_free(value);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);
	struct strbuf err = STRBUF_INIT;
	struct value *value = NULL;
	int ret = yaml_parse(&value, text, len, "x", &err);

	MUST(ret == 0 || ret == ERR_CONTENT);
	MUST((ret == 0) == (value != NULL));
	MUST((ret == 0) == (err.len == 0));
	check_plain(text, len);
	if (value) {
		check_round_trip(value);
		check_find(text, len, "a");
		check_find(text, len, "a.b.c");
	}
	value_free(value);
	strbuf_release(&err);
	free(text);
	return 0;
}
