/*
 * sheet-tool FORMAT [--width=N] [--digits=N] [--title=TEXT] [--no-header]:
 * prints a table by sheet.h. Standard input is lines of JSON: first a list of
 * columns {"title": T, "unit": U, "role": "name" or "state"}, then a list a
 * row. {"time": TEXT} is a time, {"none": true} nothing, {"base64": TEXT}
 * bytes.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/sheet/sheet.h"
#include "lib/wrap/json.h"

static struct value *read_line(void)
{
	struct strbuf line = STRBUF_INIT, err = STRBUF_INIT;
	struct value *value = NULL;
	int ret = strbuf_getdelim(&line, stdin, '\n');

	if (ret > 0) {
		ret = json_parse(&value, line.buf, line.len, "stdin", &err);
		if (ret)
			die_code(ret, &err);
	}
	strbuf_release(&line);
	return value;
}

static size_t add_columns(struct sheet *sheet, const struct value *list)
{
	size_t i;

	for (i = 0; i < list->u.list.nr; i++) {
		const struct value *item = list->u.list.item[i];
		const char *role = value_get_text(item, "role");
		struct sheet_column column = {
			.title = (char *)value_get_text(item, "title"),
			.unit = value_get_text(item, "unit")
		};

		if (role)
			column.role = strcmp(role, "name") ? SHEET_STATE :
				      SHEET_NAME;
		sheet_column(sheet, &column);
	}
	return i;
}

/* As cell_pack_value() makes it, but for what stands for something else. */
static void pack(struct strbuf *out, const struct value *value)
{
	struct cell cell = CELL_INIT;
	const char *time = value->type == VALUE_MAP ?
			   value_get_text(value, "time") : NULL;

	if (value->type != VALUE_MAP) {
		cell_pack_value(out, value);
		return;
	}
	if (time && moment_parse(&cell.u.time, time))
		cell.type = CELL_TIME;
	cell_pack(out, &cell);
}

static void add_row(struct sheet *sheet, const struct value *list, size_t nr)
{
	struct cell *cells = xcalloc(nr, sizeof(*cells));
	struct strbuf packed = STRBUF_INIT;
	const unsigned char *at, *end;
	size_t i;

	for (i = 0; i < nr; i++)
		pack(&packed, list->u.list.item[i]);
	at = (const unsigned char *)packed.buf;
	end = at + packed.len;
	for (i = 0; i < nr; i++)
		if (!cell_unpack(&cells[i], &at, end))
			die("a cell cannot be read back");
	sheet_row(sheet, cells);
	/* What it lent is gone: a sheet that kept it would show that. */
	memset(packed.buf, 'x', packed.len);
	strbuf_release(&packed);
	free(cells);
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static void read_options(struct sheet_options *options, char **argv)
{
	for (; *argv; argv++) {
		if (!strncmp(*argv, "--width=", 8))
			options->width = number(*argv + 8);
		else if (!strncmp(*argv, "--digits=", 9))
			options->digits = number(*argv + 9);
		else if (!strncmp(*argv, "--title=", 8))
			options->title = *argv + 8;
		else if (!strcmp(*argv, "--no-header"))
			options->no_header = true;
		else
			die_status(EXIT_USAGE, "what is '%s'?", *argv);
	}
}

int main(int argc, char **argv)
{
	struct sheet_options options = { .width = 0 };
	struct strbuf err = STRBUF_INIT;
	struct value *columns, *row;
	struct sheet *sheet;
	size_t nr;
	int ret;

	if (argc < 2)
		die_status(EXIT_USAGE, "usage: sheet-tool FORMAT [OPTION...]");
	ret = sheet_format_parse(&options.format, argv[1], &err);
	if (ret)
		die_code(ret, &err);
	read_options(&options, argv + 2);
	sheet = sheet_new(&options);
	columns = read_line();
	if (!columns)
		die("no columns");
	nr = add_columns(sheet, columns);
	for (; (row = read_line()); value_free(row))
		add_row(sheet, row, nr);
	sheet_end(sheet);
	value_free(columns);
	strbuf_release(&err);
	if (fflush(stdout))
		die("cannot write stdout");
	return 0;
}
