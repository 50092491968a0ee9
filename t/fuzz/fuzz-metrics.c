/*
 * What lies in an experiment as metrics, which anybody may have written: names
 * of files and headers; and rows of any values. What is read is written as it
 * was, and a row is one line with as many fields as its header.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/wrap/json.h"
#include "t/fuzz/fuzz.h"

/* Fields of a line, or 0 when a quote is open or something follows one. */
static size_t count_fields(const char *text, size_t len)
{
	size_t nr = 1, i = 0;

	while (i < len) {
		if (text[i] == '"') {
			for (i++; i < len && (text[i] != '"' ||
					      (i + 1 < len &&
					       text[i + 1] == '"')); i++)
				i += text[i] == '"';
			if (i++ >= len)
				return 0;
			if (i < len && text[i] != ',')
				return 0;
		}
		while (i < len && text[i] != ',')
			if (text[i++] == '"')
				return 0;
		nr += i < len;
		i++;
	}
	return nr;
}

static void try_name(const char *text)
{
	struct strbuf again = STRBUF_INIT;
	enum metrics_format format;
	const char *series;
	uint64_t number;
	size_t len;

	if (!metrics_parse_name(text, &format, &number, &series, &len))
		return;
	MUST(!strchr(text, '/') && len <= METRICS_MAX_SERIES);
	strbuf_addf(&again, "metrics-%0*" PRIu64 "%s%.*s.%s",
		    (int)strspn(text + 8, "0123456789"), number,
		    len ? "-" : "", (int)len, series,
		    format == METRICS_CSV ? "csv" : "jsonl");
	MUST(!strcmp(again.buf, text));
	strbuf_release(&again);
}

static void try_header(const char *text, size_t len)
{
	struct strvec columns = STRVEC_INIT, again = STRVEC_INIT;
	struct value *row = value_new_map();
	struct strbuf header = STRBUF_INIT;
	size_t i;

	if (metrics_parse_header(&columns, text, len)) {
		for (i = 0; i < columns.nr; i++)
			value_map_add(row, columns.v[i], strlen(columns.v[i]),
				      value_new_null());
		metrics_add_header(&header, row);
		MUST(!memchr(header.buf, '\n', header.len));
		MUST(metrics_parse_header(&again, header.buf, header.len));
		MUST(again.nr == columns.nr);
		for (i = 0; i < again.nr; i++)
			MUST(!strcmp(again.v[i], columns.v[i]));
	}
	strvec_release(&columns);
	strvec_release(&again);
	strbuf_release(&header);
	value_free(row);
}

static void try_row(const char *text, size_t len)
{
	const struct moment at = { .sec = 1720091755, .usec = 12000 };
	struct strbuf line = STRBUF_INIT;
	struct value *row = NULL, *back = NULL;
	size_t i;

	if (json_parse(&row, text, len, "row", NULL) || row->type != VALUE_MAP)
		goto cleanup;
	for (i = 0; i < row->u.map.nr; i++)
		if (metrics_check_column(row->u.map.pair[i].key,
					 row->u.map.pair[i].key_len, NULL))
			goto cleanup;
	metrics_add_csv(&line, &at, row, NULL);
	MUST(!memchr(line.buf, '\n', line.len));
	MUST(!memchr(line.buf, '\0', line.len));
	MUST(count_fields(line.buf, line.len) == row->u.map.nr + 1);
	strbuf_reset(&line);
	metrics_add_jsonl(&line, &at, row);
	MUST(!memchr(line.buf, '\n', line.len));
	MUST(!json_parse(&back, line.buf, line.len, "line", NULL));
	MUST(back->u.map.nr == row->u.map.nr + 1);

cleanup:
	strbuf_release(&line);
	value_free(back);
	value_free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);

	try_name(text);
	try_header(text, len);
	try_row(text, len);
	free(text);
	return 0;
}
