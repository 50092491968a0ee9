/*
 * --format with any template, and rows with any values in every form: what the
 * check at the start takes is expanded to the end, what is written for a
 * program can be read back.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/exp/sheet/rows.h"
#include "lib/wrap/json.h"
#include "t/fuzz/fuzz.h"

struct row {
	const char *text;
	size_t len;
};

static struct value *get_text(const void *row, void *data UNUSED)
{
	const struct row *r = row;

	return value_new_text(r->text, r->len);
}

static struct value *get_size(const void *row, void *data UNUSED)
{
	return value_new_int((int64_t)((const struct row *)row)->len);
}

static struct value *get_more(const void *row, void *data)
{
	struct value *map = value_new_map();

	value_map_set(map, "text", get_text(row, data));
	value_map_set(map, "list", value_new_list());
	value_list_add(value_map_get(map, "list") ?
		       map->u.map.pair[1].value : map, get_size(row, data));
	return map;
}

static struct value *get_none(const void *row UNUSED, void *data UNUSED)
{
	return NULL;
}

static const struct row_field fields[] = {
	{ .name = "size", .get = get_size, .right = true },
	{ .name = "text", .get = get_text },
	{ .name = "none", .get = get_none },
	{ .name = "more", .get = get_more, .hidden = true },
	ROW_FIELD_END
};

/* What the rows print. */
static char *print(struct rows *rows, const struct row *row, size_t *len,
		   int *ret)
{
	FILE *saved = stdout;
	struct strbuf err = STRBUF_INIT;
	char *text = NULL;

	rows->fields = fields;
	stdout = open_memstream(&text, len);
	MUST(stdout);
	*ret = rows_begin(rows, &err);
	MUST(!*ret == !err.len && (!*ret || *ret == ERR_USAGE));
	if (!*ret) {
		rows_add(rows, row);
		rows_end(rows);
	}
	fclose(stdout);
	stdout = saved;
	strbuf_release(&err);
	return text;
}

static void check_template(const char *format, const struct row *row)
{
	struct rows rows = { .format = format }, again = { .fields = fields };
	struct strbuf out = STRBUF_INIT, probe = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	size_t len;
	int ret, expanded;
	char *text = print(&rows, row, &len, &ret);

	/* with a row it says the same as without */
	expanded = rows_expand(&out, &again, format, row, &err);
	MUST(!expanded == !err.len);
	strbuf_reset(&err);
	MUST(expanded == rows_expand(&probe, &again, format, NULL, &err));
	MUST(out.len >= probe.len);
	if (!ret && strstr(format, "%(")) {
		MUST(!expanded && len == out.len + 1);
		MUST(!memcmp(text, out.buf, out.len));
	}
	free(text);
	strbuf_release(&err);
	strbuf_release(&out);
	strbuf_release(&probe);
}

/* The second of the fields that TABs separate, as it was. */
static void check_tsv(const struct row *row)
{
	struct rows rows = { .format = "tsv", .no_header = true };
	struct strbuf back = STRBUF_INIT;
	size_t len;
	int ret;
	char *text = print(&rows, row, &len, &ret), *cell, *end;

	MUST(!ret && text[len - 1] == '\n' && strlen(text) == len);
	cell = strchr(text, '\t');
	MUST(cell);
	end = strchr(++cell, '\t');
	MUST(end && !strcmp(end, "\t\n"));
	*end = '\0';
	MUST(!unquote_c(&back, cell, NULL));
	MUST(!utf8_is_valid(row->text, row->len) ||
	     (back.len == row->len && !memcmp(back.buf, row->text, row->len)));
	free(text);
	strbuf_release(&back);
}

static void check_csv(const struct row *row)
{
	struct rows rows = { .format = "csv", .no_header = true };
	struct strbuf back = STRBUF_INIT;
	size_t len;
	int ret;
	char *text = print(&rows, row, &len, &ret), *at, *end = text + len;
	bool quoted;

	at = memchr(text, ',', len);
	MUST(!ret && at && len > 3 && !memcmp(end - 3, ",\r\n", 3));
	end -= 3;
	quoted = *++at == '"';
	at += quoted;
	for (; at < end && (quoted ? *at != '"' || at[1] == '"' : true); at++) {
		strbuf_addch(&back, *at);
		at += quoted && *at == '"';
	}
	MUST(at + quoted == end);
	MUST(!utf8_is_valid(row->text, row->len) ||
	     (back.len == row->len && !memcmp(back.buf, row->text, row->len)));
	free(text);
	strbuf_release(&back);
}

static void check_json(const struct row *row)
{
	struct rows rows = { .json = 1 };
	struct value *value = NULL, *want = get_more(row, NULL);
	struct strbuf err = STRBUF_INIT;
	size_t len;
	int ret;
	char *text = print(&rows, row, &len, &ret);

	MUST(!ret && !memchr(text, '\n', len - 1));
	MUST(!json_parse(&value, text, len, "row", &err));
	MUST(value_equal(value_map_get(value, "more"), want));
	value_free(value);
	value_free(want);
	free(text);
	strbuf_release(&err);
}

/* A table keeps to its line, and holds nothing that moves a terminal. */
static void check_table(const struct row *row)
{
	struct rows rows = { .no_header = true };
	size_t len, i;
	int ret;
	char *text = print(&rows, row, &len, &ret);

	MUST(!ret && memchr(text, '\n', len) == text + len - 1);
	MUST(utf8_is_valid(text, len));
	for (i = 0; i + 1 < len; i++)
		MUST((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
	free(text);
}

/* The template, a NUL, the text of a row. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *format = xmemdupz(data, len);
	size_t used = MINIMUM(strlen(format) + 1, len);
	struct row row = { format + used, len - used };

	check_template(format, &row);
	check_tsv(&row);
	check_csv(&row);
	check_json(&row);
	check_table(&row);
	free(format);
	return 0;
}
