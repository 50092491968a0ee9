/*
 * Rows and blocks of the index as anything: what is damaged is told so, and
 * what can be read comes back when it is packed again.
 */
#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/value.h"
#include "lib/exp/runs/index-block.h"
#include "lib/exp/runs/run-row.h"
#include "t/fuzz/fuzz.h"

static void check_cell(const struct cell *cell)
{
	struct strbuf packed = STRBUF_INIT, text = STRBUF_INIT;
	const unsigned char *at;
	struct value *value;
	struct cell back;

	cell_pack(&packed, cell);
	at = (const unsigned char *)packed.buf;
	MUST(cell_unpack(&back, &at, at + packed.len));
	MUST(at == (const unsigned char *)packed.buf + packed.len);
	MUST(cell_equal(cell, &back));
	cell_format(&text, cell);
	value = cell_value(cell);
	MUST(value);
	value_free(value);
	strbuf_release(&packed);
	strbuf_release(&text);
}

struct seen {
	const struct run_row *row;
	struct cell last;
	bool any;
};

static int look_at_field(unsigned id, const struct cell *cell, void *data)
{
	struct seen *seen = data;
	struct cell got;

	MUST(run_row_get(seen->row, id, &got) && cell_equal(cell, &got));
	check_cell(cell);
	if (seen->any)
		MUST(cell_compare(cell, &seen->last) ==
		     -cell_compare(&seen->last, cell));
	seen->last = *cell;
	seen->any = true;
	return 0;
}

static int pass_field(unsigned id UNUSED, const struct cell *cell UNUSED,
		      void *data UNUSED)
{
	return 0;
}

static void check_row(const struct run_row *row)
{
	struct seen seen = { .row = row };
	struct run_patch patch = { .id = 1 };
	struct strbuf other = STRBUF_INIT;
	struct run_row patched = *row;
	struct cell got;
	int ret = run_row_each(row, pass_field, NULL);

	if (!ret)
		MUST(!run_row_each(row, look_at_field, &seen));
	patch.cell.type = CELL_NULL;
	MUST(!run_row_patch(&other, row, &patch, 1) == !ret);
	if (!ret) {
		patched.data = (const unsigned char *)other.buf;
		patched.len = other.len;
		MUST(run_row_get(&patched, 1, &got) && got.type == CELL_NULL);
	}
	run_row_get(row, 0, &got);
	run_row_get(row, 70000, &got);
	strbuf_release(&other);
}

static void check_block(const uint8_t *data, size_t len)
{
	struct index_entry entry = { 0 };
	struct index_block block;
	char last[300] = "";
	size_t at = 0, nr = 0;

	if (!index_block_read(&block, data, len))
		return;
	while (index_block_next(&block, &at, &entry)) {
		MUST(!strchr(entry.name, '/') && *entry.name);
		MUST(entry.row_at + entry.row_len <= block.rows_len);
		MUST(!nr || strcmp(last, entry.name) < 0);
		snprintf(last, sizeof(last), "%s", entry.name);
		nr++;
	}
	MUST(nr == block.nr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct run_row row = { .name = "x", .data = data, .len = len };

	if (len > 1 << 16)
		return 0;
	check_row(&row);
	check_block(data, len);
	return 0;
}
