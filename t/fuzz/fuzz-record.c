/* A record from anywhere: read, brought to one shape, changed, written. */
#include "lib/base/compat.h"
#include "lib/exp/record/record.h"
#include "lib/exp/runs/run-row.h"
#include "lib/wrap/yaml-plain.h"
#include "lib/wrap/yaml.h"
#include "t/fuzz/fuzz.h"

/* What is written is read back as the same. */
static void check_round_trip(const struct value *record)
{
	struct strbuf text = STRBUF_INIT;
	struct value *again = NULL;

	yaml_write(&text, record);
	MUST(!record_parse(&again, text.buf, text.len, "again", NULL));
	MUST(value_equal(record, again));
	value_free(again);
	strbuf_release(&text);
}

/* The shape is one: bringing it there again changes nothing. */
static void check_shape(const struct value *record)
{
	const struct value *list = value_map_get(record, "dependency");
	struct value *again = value_copy(record);
	size_t i;

	MUST(list && list->type == VALUE_LIST);
	for (i = 0; i < list->u.list.nr; i++)
		MUST(value_text(list->u.list.item[i]));
	record_normalize(again);
	MUST(value_equal(record, again));
	value_free(again);
}

static void pack(struct strbuf *out, struct field_names *names,
		 const struct value *record)
{
	struct run_facts facts = { .name = "aapfup_20240704T191555_x" };

	run_row_build(out, names, record, &facts);
}

/* Read the fast way, it is what libyaml reads, in its one shape; and so is its
 * row. */
static void check_lent(const char *text, size_t len)
{
	struct field_names *names = field_names_new();
	struct strbuf fast = STRBUF_INIT, slow = STRBUF_INIT;
	struct arena arena = ARENA_INIT;
	const struct value *lent = record_lend(&arena, text, len);
	struct value *record = NULL;

	if (lent) {
		MUST(!yaml_parse_events(&record, text, len, "x", NULL));
		record_normalize(record);
		MUST(value_equal(lent, record));
		pack(&fast, names, lent);
		pack(&slow, names, record);
		MUST(fast.len == slow.len &&
		     !memcmp(fast.buf, slow.buf, fast.len));
	}
	value_free(record);
	arena_release(&arena);
	field_names_free(names);
	strbuf_release(&fast);
	strbuf_release(&slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf err = STRBUF_INIT;
	struct value *record, *raw;

	check_lent((const char *)data, len);
	if (record_parse(&raw, (const char *)data, len, "fuzz", &err)) {
		MUST(err.len && !raw);
		goto cleanup;
	}
	MUST(!err.len);
	record = value_copy(raw);
	record_normalize(record);
	check_shape(record);
	check_round_trip(record);
	record_check(record, NULL);
	record_merge(raw, record);
	MUST(value_map_get(raw, "revision")->type == VALUE_INT);
	record_check(raw, NULL);
	value_free(record);
	value_free(raw);

cleanup:
	strbuf_release(&err);
	return 0;
}
