#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/exp/runs/index-block.h"
#include "lib/exp/runs/run-row.h"
#include "lib/wrap/json.h"
#include "t/unit/unit.h"

#include <pthread.h>

static struct value *json(const char *text)
{
	struct value *value = NULL;

	json_parse(&value, text, strlen(text), "test", NULL);
	return value;
}

/* The fields of a record, as PATH=TEXT, one a line. */
struct listing {
	struct field_names *names;
	struct strbuf text;
};

static int list_field(unsigned id, const struct cell *cell, void *data)
{
	struct listing *l = data;

	strbuf_addf(&l->text, "%s=", field_names_path(l->names, id));
	cell_format(&l->text, cell);
	strbuf_addch(&l->text, '\n');
	return 0;
}

static void check_fields(const char *record, const struct run_facts *facts,
			 const char *want, const char *what)
{
	struct listing l = { field_names_new(), STRBUF_INIT };
	struct value *value = json(record);
	struct strbuf packed = STRBUF_INIT;
	struct run_row row = { .name = facts->name };

	run_row_build(&packed, l.names, value, facts);
	row.data = (const unsigned char *)packed.buf;
	row.len = packed.len;
	check(!run_row_each(&row, list_field, &l), what);
	check_str(l.text.buf, want, what);
	value_free(value);
	field_names_free(l.names);
	strbuf_release(&l.text);
	strbuf_release(&packed);
}

static void test_fields(void)
{
	struct run_facts facts = {
		.name = "aapfup_20240704T191555_first try"
	};
	struct value *metrics = json("{\"\": {\"loss\": {\"last\": 0.5}}, "
				     "\"val.x\": {\"a b\": {\"min\": 1}}}");

	check_fields("{\"at\": {\"created\": \"2024-07-04T19:15:55+09:00\", "
		     "\"odd\": \"x\"}, \"name\": \"other\", "
		     "\"params\": {\"lr\": 0.1, \"a.b\": {\"\": null}}, "
		     "\"usage\": {\"wall\": 2}, \"empty\": {}, "
		     "\"tags\": [\"a\", {\"b\": 1}], \"comment\": \"mine\"}",
		     &facts,
		     "name=aapfup_20240704T191555_first try\n"
		     "comment=first try\n"
		     "date=2024-07-04T19:15:55.000000+09:00\n"
		     "duration=2.0\n"
		     "at.created=2024-07-04T19:15:55.000000+09:00\n"
		     "at.odd=x\n"
		     "params.lr=0.1\n"
		     "params.\"a.b\".\"\"=\n"
		     "usage.wall=2\n"
		     "tags=[\"a\", \"{\\\"b\\\": 1}\"]\n",
		     "fields of a record");
	facts.name = "trial";
	facts.dir = "x/y";
	facts.problem = "it is bad";
	facts.metrics = metrics;
	check_fields("null", &facts,
		     "name=trial\ndir=x/y\nproblem=it is bad\n"
		     "metrics.loss.last=0.5\n"
		     "metrics.\"val.x\".\"a b\".min=1\n",
		     "fields without a record");
	value_free(metrics);
}

/* More fields than a narrow row has, and ids beyond 16 bits. */
static void test_wide(void)
{
	struct field_names *names = field_names_new();
	struct run_facts facts = { .name = "x" };
	struct value *record = value_new_map(), *map = value_new_map();
	struct strbuf packed = STRBUF_INIT, key = STRBUF_INIT;
	struct run_row row = { .name = "x" };
	bool found = true;
	struct cell cell;
	unsigned id;
	int i;

	for (i = 0; i < 70000; i++) {
		strbuf_reset(&key);
		strbuf_addf(&key, "f%d", i);
		field_names_add(names, key.buf, key.len);
	}
	for (i = 0; i < 25000; i++) {
		strbuf_reset(&key);
		strbuf_addf(&key, "k%d", i);
		value_map_add(map, key.buf, key.len, value_new_int(i));
	}
	value_map_set(record, "params", map);
	run_row_build(&packed, names, record, &facts);
	row.data = (const unsigned char *)packed.buf;
	row.len = packed.len;
	for (i = 0; i < 19000; i += 777) {
		strbuf_reset(&key);
		strbuf_addf(&key, "params.k%d", i);
		found = found && field_names_find(names, key.buf, &id) &&
			run_row_get(&row, id, &cell) &&
			cell.type == CELL_INT && cell.u.number == i;
	}
	check(found, "a row of thousands of fields");
	check(field_names_find(names, "fields_left_out", &id) &&
	      run_row_get(&row, id, &cell) && cell.type == CELL_INT &&
	      cell.u.number == 25000 + 1 - RUN_ROW_MAX_FIELDS,
	      "what is beyond the limit is counted");
	value_free(record);
	field_names_free(names);
	strbuf_release(&packed);
	strbuf_release(&key);
}

static void test_patch(void)
{
	struct field_names *names = field_names_new();
	struct run_facts facts = { .name = "x" };
	struct value *record = json("{\"state\": \"running\", \"a\": 1}");
	struct strbuf packed = STRBUF_INIT, other = STRBUF_INIT;
	struct run_row row = { .name = "x" };
	struct run_patch patch[2];
	struct cell cell;
	unsigned a;

	run_row_build(&packed, names, record, &facts);
	row.data = (const unsigned char *)packed.buf;
	row.len = packed.len;
	field_names_find(names, "state", &patch[0].id);
	field_names_find(names, "a", &a);
	patch[0].cell.type = CELL_NULL;
	patch[1].id = field_names_add(names, "new", 3);
	patch[1].cell.type = CELL_INT;
	patch[1].cell.u.number = 5;
	check(!run_row_patch(&other, &row, patch, 2), "a row is patched");
	row.data = (const unsigned char *)other.buf;
	row.len = other.len;
	check(run_row_get(&row, patch[0].id, &cell) &&
	      cell.type == CELL_NULL, "a field is replaced");
	check(run_row_get(&row, patch[1].id, &cell) &&
	      cell.type == CELL_INT && cell.u.number == 5, "one is added");
	check(run_row_get(&row, a, &cell) && cell.type == CELL_INT,
	      "the others stay");
	value_free(record);
	field_names_free(names);
	strbuf_release(&packed);
	strbuf_release(&other);
}

static void test_short_names(void)
{
	static const struct { const char *text, *path; } all[] = {
		{ "params.lr", "params.lr" }, { "lr", "params.lr" },
		{ "\"lr\"", "params.lr" }, { "acc", "info.acc" },
		{ "state", "state" }, { "loss", "metrics.loss.last" },
		{ "a b", NULL }, { "\"a b\"", "params.\"a b\"" },
		{ "none", NULL }, { "opt.x", "result.opt.x" }
	};
	static const char *const paths[] = {
		"state", "params.lr", "params.state", "info.lr", "info.acc",
		"result.acc", "metrics.loss.last", "metrics.acc.last",
		"params.\"a b\"", "result.opt.x"
	};
	struct field_names *names = field_names_new();
	struct strbuf path = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		field_names_add(names, paths[i], strlen(paths[i]));
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		strbuf_reset(&path);
		if (field_resolve(names, all[i].text, &path))
			check_str(path.buf,
				  all[i].path ? all[i].path : "(none)",
				  all[i].text);
		else
			check(!all[i].path, all[i].text);
	}
	field_names_free(names);
	strbuf_release(&path);
}

/* ---- the dictionary, by threads ---- */

#define THREADS 8
#define PATHS 3000

struct adding {
	struct field_names *names;
	unsigned id[PATHS];
	int from;
};

static void *add_paths(void *data)
{
	struct adding *a = data;
	char path[20];
	int i;

	for (i = 0; i < PATHS; i++) {
		int nr = (i + a->from) % PATHS;

		snprintf(path, sizeof(path), "p%d", nr);
		a->id[nr] = field_names_add(a->names, path, strlen(path));
	}
	return NULL;
}

static void test_threads(void)
{
	static struct adding adding[THREADS];
	struct field_names *names = field_names_new();
	pthread_t thread[THREADS];
	bool same = true;
	char path[20];
	int i, k;

	for (i = 0; i < THREADS; i++) {
		adding[i].names = names;
		adding[i].from = i * PATHS / THREADS;
		pthread_create(&thread[i], NULL, add_paths, &adding[i]);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	check(field_names_nr(names) == PATHS, "each path has one number");
	for (k = 0; k < PATHS; k++) {
		snprintf(path, sizeof(path), "p%d", k);
		for (i = 0; i < THREADS; i++)
			same = same && adding[i].id[k] == adding[0].id[k] &&
			       !strcmp(path, field_names_path(
					names, adding[i].id[k]));
	}
	check(same, "which all threads were told");
	field_names_free(names);
}

/* ---- blocks ---- */

static void test_block(void)
{
	struct index_entry entry[3] = {
		{ .name = "a", .flags = INDEX_PROBLEM, .files = "" },
		{ .name = "b", .files = "metrics-0000.csv\0metrics-0001.csv",
		  .files_len = 34, .nr_files = 2 },
		{ .name = "c", .files = "" }
	}, got = { 0 };
	static const unsigned char sign[INDEX_SIGN_LEN] = "0123456789abcde";
	struct index_fields fields = { 7, 12345 };
	struct strbuf keys = STRBUF_INIT, rows = STRBUF_INIT;
	struct index_block block;
	bool same = true, refused = true;
	size_t at = 0, i;

	for (i = 0; i < 3; i++) {
		entry[i].sign = sign;
		entry[i].row = (const unsigned char *)"one row" + i;
		entry[i].row_len = 7 - i;
	}
	index_block_pack(&keys, &rows, entry, 3, &fields);
	check(index_block_read(&block, (const unsigned char *)keys.buf,
			       keys.len) &&
	      block.nr == 3 && block.fields.nr == 7 &&
	      block.fields.sum == 12345 && index_block_has_rows(&block,
			(const unsigned char *)rows.buf, rows.len),
	      "a block can be read");
	for (i = 0; i < 3; i++)
		same = same && index_block_next(&block, &at, &got) &&
		       !strcmp(got.name, entry[i].name) &&
		       got.flags == entry[i].flags &&
		       got.nr_files == entry[i].nr_files &&
		       got.row_len == entry[i].row_len &&
		       !memcmp(rows.buf + got.row_at, entry[i].row,
			       got.row_len);
	check(same && !index_block_next(&block, &at, &got),
	      "and has what was put into it");
	for (i = 0; i < keys.len; i++) {
		keys.buf[i] ^= 4;
		refused = refused && !index_block_read(&block,
				(const unsigned char *)keys.buf, keys.len);
		keys.buf[i] ^= 4;
	}
	check(refused && !index_block_read(&block,
			(const unsigned char *)keys.buf, keys.len - 1),
	      "not when any of its bytes has changed");
	rows.buf[3] ^= 1;
	check(index_block_read(&block, (const unsigned char *)keys.buf,
			       keys.len) &&
	      !index_block_has_rows(&block, (const unsigned char *)rows.buf,
				    rows.len), "nor are these its rows");
	strbuf_release(&keys);
	strbuf_release(&rows);
}

int main(void)
{
	test_fields();
	test_wide();
	test_patch();
	test_short_names();
	test_threads();
	test_block();
	return unit_done();
}
