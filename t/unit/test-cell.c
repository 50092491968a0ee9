#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "t/unit/unit.h"

#include <math.h>

static struct cell of_int(int64_t number)
{
	struct cell cell = { .type = CELL_INT };

	cell.u.number = number;
	return cell;
}

static struct cell of_real(double real)
{
	struct cell cell = { .type = CELL_FLOAT };

	cell.u.real = real;
	return cell;
}

static struct cell of_text(const char *text)
{
	struct cell cell = { .type = CELL_TEXT };

	cell.u.text.data = text;
	cell.u.text.len = strlen(text);
	return cell;
}

static struct cell of_time(int64_t sec, int32_t usec, int32_t offset)
{
	struct cell cell = { .type = CELL_TIME };

	cell.u.time = (struct moment){ sec, usec, offset };
	return cell;
}

/* Packs it, and reads it back from `room`. */
static struct cell round_trip(const struct cell *cell, struct strbuf *room)
{
	const unsigned char *at, *end;
	struct cell back = CELL_INIT;

	strbuf_reset(room);
	cell_pack(room, cell);
	at = (const unsigned char *)room->buf;
	end = at + room->len;
	if (!cell_unpack(&back, &at, end) || at != end)
		back.type = CELL_NONE;
	return back;
}

static bool survives(struct cell cell)
{
	struct strbuf room = STRBUF_INIT;
	struct cell back = round_trip(&cell, &room);
	bool same = back.type == cell.type && !cell_compare(&back, &cell);

	if (cell.type == CELL_TIME)
		same = same && back.u.time.offset == cell.u.time.offset;
	strbuf_release(&room);
	return same;
}

static void test_packing(void)
{
	struct cell null = { .type = CELL_NULL };
	struct cell yes = { .type = CELL_BOOL };

	yes.u.truth = true;
	check(survives(null) && survives(yes), "null and true come back");
	check(survives(of_int(0)) && survives(of_int(-1)) &&
	      survives(of_int(63)) && survives(of_int(64)) &&
	      survives(of_int(INT64_MAX)) && survives(of_int(INT64_MIN)),
	      "integers come back");
	check(survives(of_real(0.1)) && survives(of_real(-INFINITY)) &&
	      survives(of_real(NAN)) && survives(of_real(5e-324)),
	      "floating-point numbers come back");
	check(survives(of_text("")) && survives(of_text("gr\xc3\xb6\xc3\x9f")),
	      "texts come back");
	check(survives(of_time(-1, 999999, -43200)) &&
	      survives(of_time(INT64_C(253402300799), 0, 50400)),
	      "times come back with their offsets");
}

/* In order, each before the next. */
static void test_order(void)
{
	struct cell cell[24] = { { .type = CELL_NONE }, { .type = CELL_NULL },
				 { .type = CELL_BOOL }, { .type = CELL_BOOL } };
	size_t nr = 3, i, k;
	bool good = true;

	cell[nr++].u.truth = true;
	cell[nr++] = of_real(-INFINITY);
	cell[nr++] = of_real(-9.3e18);
	cell[nr++] = of_int(INT64_MIN);
	cell[nr++] = of_real(-1.5);
	cell[nr++] = of_int(-1);
	cell[nr++] = of_int(0);
	cell[nr++] = of_real(5e-324);
	cell[nr++] = of_int(INT64_C(9007199254740992));
	cell[nr++] = of_int(INT64_C(9007199254740993));
	cell[nr++] = of_real(9007199254740994.0);
	cell[nr++] = of_int(INT64_MAX);
	cell[nr++] = of_real(9223372036854775808.0);
	cell[nr++] = of_real(INFINITY);
	cell[nr++] = of_real(NAN);
	cell[nr++] = of_time(0, 0, 0);
	cell[nr++] = of_time(0, 1, 3600);
	cell[nr++] = of_text("");
	cell[nr++] = of_text("B");
	cell[nr++] = of_text("a");
	for (i = 0; i < nr; i++)
		for (k = 0; k < nr; k++)
			if (cell_compare(&cell[i], &cell[k]) !=
			    (i < k ? -1 : i > k)) {
				printf("# %zu and %zu\n", i, k);
				good = false;
			}
	check(good, "a total order");
	cell[0] = of_int(2);
	cell[1] = of_real(2.0);
	check(cell_equal(&cell[0], &cell[1]), "2 is 2.0");
	cell[0] = of_time(5, 0, 0);
	cell[1] = of_time(5, 0, 3600);
	check(cell_equal(&cell[0], &cell[1]), "a moment in two zones is one");
}

static struct value *nested(unsigned depth)
{
	struct value *list = value_new_list();

	value_list_add(list, depth ? nested(depth - 1) : value_new_int(7));
	return list;
}

static void test_lists(void)
{
	struct value *list = value_new_list(), *map = value_new_map(), *back;
	struct strbuf packed = STRBUF_INIT, text = STRBUF_INIT;
	const unsigned char *at;
	struct cell cell, member;

	value_map_set_str(map, "key", "it's");
	value_list_add(list, value_new_int(1));
	value_list_add(list, value_new_str("two"));
	value_list_add(list, map);
	cell_pack_value(&packed, list);
	at = (const unsigned char *)packed.buf;
	check(cell_unpack(&cell, &at, at + packed.len) &&
	      cell.type == CELL_LIST, "a list is a list");
	cell_format(&text, &cell);
	check_str(text.buf, "[1, \"two\", \"{\\\"key\\\": \\\"it's\\\"}\"]",
		  "its text is JSON, a map in it the text of one");
	at = cell.u.list.data;
	check(cell_list_next(&cell, &at, &member) &&
	      member.type == CELL_INT &&
	      cell_list_next(&cell, &at, &member) &&
	      member.type == CELL_TEXT &&
	      cell_list_next(&cell, &at, &member) &&
	      !cell_list_next(&cell, &at, &member), "it has three members");
	value_free(list);

	list = nested(CELL_MAX_DEPTH + 5);
	strbuf_reset(&packed);
	cell_pack_value(&packed, list);
	at = (const unsigned char *)packed.buf;
	check(cell_unpack(&cell, &at, at + packed.len), "deep lists pack");
	back = cell_value(&cell);
	strbuf_reset(&text);
	value_format(&text, back);
	check(strstr(text.buf, "7") != NULL, "and nothing of them is lost");
	value_free(back);
	value_free(list);
	strbuf_release(&packed);
	strbuf_release(&text);
}

static void test_damage(void)
{
	static const struct { const char *bytes; size_t len; } bad[] = {
		{ "", 0 }, { "\x0a", 1 }, { "\x04", 1 }, { "\x04\x80", 2 },
		{ "\x05""1234567", 8 }, { "\x07\x05""abcd", 6 },
		{ "\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
		{ "\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 },
		{ "\x06""12345678\xff\xff\xff\xff""1234", 17 }
	};
	bool refused = true;
	struct cell cell;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		const unsigned char *at = (const unsigned char *)bad[i].bytes;

		if (cell_unpack(&cell, &at, at + bad[i].len)) {
			printf("# %zu\n", i);
			refused = false;
		}
	}
	check(refused, "what is cut or too large is no cell");
}

int main(void)
{
	test_packing();
	test_order();
	test_lists();
	test_damage();
	return unit_done();
}
