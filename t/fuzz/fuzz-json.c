/* JSON from anywhere: what is read is written and read as the same, and is
 * still the same when it has been YAML in between. */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml.h"
#include "t/fuzz/fuzz.h"

static void check_same(const struct value *value, const struct value *read,
		       const struct strbuf *text, const struct strbuf *err)
{
	if (!value_equal(value, read)) {
		fprintf(stderr, "%s\n%s\n", err->buf, text->buf);
		abort();
	}
}

static void check_round_trip(const struct value *value)
{
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct value *read = NULL;

	json_write(&text, value);
	MUST(!memchr(text.buf, '\n', text.len));
	json_parse(&read, text.buf, text.len, "json", &err);
	check_same(value, read, &text, &err);
	value_free(read);

	read = NULL;
	strbuf_reset(&text);
	yaml_write(&text, value);
	yaml_parse(&read, text.buf, text.len, "yaml", &err);
	check_same(value, read, &text, &err);
	value_free(read);
	strbuf_release(&text);
	strbuf_release(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);
	struct strbuf err = STRBUF_INIT;
	struct value *value = NULL;
	int ret = json_parse(&value, text, len, "x", &err);

	MUST(ret == 0 || ret == ERR_CONTENT);
	MUST((ret == 0) == (value != NULL));
	MUST((ret == 0) == (err.len == 0));
	if (value)
		check_round_trip(value);
	value_free(value);
	strbuf_release(&err);
	free(text);
	return 0;
}
