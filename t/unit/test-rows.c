#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/exp/sheet/rows.h"
#include "t/unit/unit.h"

struct thing {
	const char *name;
	int64_t size;
	const char *note;
};

static const struct thing things[] = {
	{ "a", 5, "plain" },
	{ "\346\227\245\346\234\254", 12345, "say \"hi\", all" },
	{ "c\033[31m", 7, NULL },
	{ "d\te", 0, "two\nlines" },
};

static struct value *get_name(const void *row, void *data UNUSED)
{
	return value_new_str(((const struct thing *)row)->name);
}

static struct value *get_size(const void *row, void *data UNUSED)
{
	return value_new_int(((const struct thing *)row)->size);
}

static void show_size(struct strbuf *out, const void *row, void *data UNUSED)
{
	strbuf_addf(out, "%d B", (int)((const struct thing *)row)->size);
}

static struct value *get_note(const void *row, void *data UNUSED)
{
	return value_new_str(((const struct thing *)row)->note);
}

static struct value *get_more(const void *row, void *data UNUSED)
{
	struct value *map = value_new_map();

	value_map_set_int(map, "twice",
			  2 * ((const struct thing *)row)->size);
	return map;
}

static const struct row_field fields[] = {
	{ .name = "name", .get = get_name },
	{ .name = "size", .get = get_size, .text = show_size, .right = true },
	{ .name = "note", .get = get_note },
	{ .name = "more", .get = get_more, .hidden = true },
	ROW_FIELD_END
};

/* Runs `rows` over the things with stdout in a file. */
static void prints_n(struct rows *rows, size_t nr, const char *want,
		     size_t len, const char *what)
{
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	char path[] = "/tmp/resutil-rows-XXXXXX";
	int fd = mkstemp(path), saved;
	size_t i;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	rows->fields = fields;
	if (rows_begin(rows, &err)) {
		fputs(err.buf, stdout);
		fflush(stdout);
	} else {
		for (i = 0; i < nr; i++)
			rows_add(rows, &things[i]);
		rows_end(rows);
		fflush(stdout);
	}
	dup2(saved, STDOUT_FILENO);
	close(saved);
	read_file(&out, path, 1 << 20, &err);
	unlink(path);
	close(fd);
	check_str(out.buf, want, what);
	check(out.len == len && !memcmp(out.buf, want, len), "to the end");
	strbuf_release(&out);
	strbuf_release(&err);
}

#define prints(rows, nr, want, what) \
	prints_n(rows, nr, "" want, sizeof(want) - 1, what)

static void test_table(void)
{
	struct rows rows = { .format = NULL };
	struct rows named = { .format = "table", .no_header = true };

	prints(&rows, 3,
	       "name          size  note\n"
	       "a              5 B  plain\n"
	       "\346\227\245\346\234\254       12345 B  say \"hi\", all\n"
	       "c\\x1b[31m      7 B\n", "a table");
	prints(&rows, 0, "", "no rows, no header");
	prints(&named, 1, "a  5 B  plain\n", "a table without header");
}

static void test_machines(void)
{
	struct rows csv = { .format = "csv" };
	struct rows tsv = { .format = "tsv" };
	struct rows json = { .json = 1 };
	struct rows nul = { .nul = 1 };
	struct rows json_nul = { .json = 1, .nul = 1 };

	prints(&csv, 4,
	       "name,size,note\r\n"
	       "a,5,plain\r\n"
	       "\346\227\245\346\234\254,12345,\"say \"\"hi\"\", all\"\r\n"
	       "c\033[31m,7,\r\n"
	       "d\te,0,\"two\nlines\"\r\n", "csv");
	prints(&tsv, 4,
	       "name\tsize\tnote\n"
	       "a\t5\tplain\n"
	       "\346\227\245\346\234\254\t12345\t\"say \\\"hi\\\", all\"\n"
	       "\"c\\033[31m\"\t7\t\n"
	       "\"d\\te\"\t0\t\"two\\nlines\"\n", "tsv");
	prints(&json, 1,
	       "{\"name\":\"a\",\"size\":5,\"note\":\"plain\","
	       "\"more\":{\"twice\":10}}\n", "json");
	prints(&nul, 2,
	       "a\t5\tplain\0"
	       "\346\227\245\346\234\254\t12345\tsay \"hi\", all\0", "-z");
	prints(&json_nul, 1,
	       "{\"name\":\"a\",\"size\":5,\"note\":\"plain\","
	       "\"more\":{\"twice\":10}}\0", "--json -z");
}

static void test_templates(void)
{
	struct rows rows = { .format = "%(name)%t%(size)%%%(more.twice)%x2c"
				       "%(note)%n" };
	struct rows none = { .format = "[%(note)%(more.none)]" };
	struct rows unknown = { .format = "%(nme)" };
	struct rows unclosed = { .format = "%(name) %(size" };
	struct rows odd = { .format = "%(name)%q" };
	struct rows hex = { .format = "%(name)%x4" };
	struct rows word = { .format = "xml" };
	struct rows both = { .format = "csv", .json = 1 };

	prints(&rows, 1, "a\t5%10,plain\n\n", "a template");
	prints(&none, 3, "[plain]\n[say \"hi\", all]\n[]\n", "nothing there");
	prints(&unknown, 1, "there is no field 'nme'; there are name, size, "
	       "note, more", "an unknown field");
	prints(&unclosed, 1, "'%(size' is not closed by ')'", "unclosed");
	prints(&odd, 1, "'%q' means nothing in a format; there are %(field), "
	       "%%, %n, %t and %xNN", "an unknown letter");
	prints(&hex, 1, "'%x' means nothing in a format; there are %(field), "
	       "%%, %n, %t and %xNN", "half a byte");
	prints(&word, 1, "unknown format 'xml'; there are table, json, csv, "
	       "tsv and templates with %(field)", "an unknown format");
	prints(&both, 1, "--json and --format exclude each other", "both");
}

int main(void)
{
	test_table();
	test_machines();
	test_templates();
	return unit_done();
}
