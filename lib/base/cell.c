/*
 * A packed cell, numbers little-endian: a byte that says what it is, then
 *	INT	a varint, zigzag
 *	FLOAT	8 bytes, IEEE 754
 *	TIME	seconds (8), microseconds (4), offset (4)
 *	TEXT, BYTES, LIST	length as a varint, then as many bytes
 * A varint has seven bits a byte, the low ones first. The members of a list
 * are packed cells. Source: resutilformat-index(5), "CELL".
 */
#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/utf8.h"

enum packed_type {
	PACKED_NONE,
	PACKED_NULL,
	PACKED_FALSE,
	PACKED_TRUE,
	PACKED_INT,
	PACKED_FLOAT,
	PACKED_TIME,
	PACKED_TEXT,
	PACKED_BYTES,
	PACKED_LIST
};

/* 2^63, which the first integer that is too great has as a double. */
#define INT_END 9223372036854775808.0

bool cell_number(const struct cell *cell, double *out)
{
	if (cell->type == CELL_INT)
		*out = (double)cell->u.number;
	else if (cell->type == CELL_FLOAT)
		*out = cell->u.real;
	else
		return false;
	return true;
}

static int compare_int(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* NaN after all others. */
static int compare_real(double a, double b)
{
	if (a != a || b != b)
		return (a != a) - (b != b);
	return a < b ? -1 : a > b;
}

/* Exactly: as doubles, neighbours beyond 2^53 would be the same. */
static int compare_int_real(int64_t a, double b)
{
	int64_t whole;
	double rest;

	if (b != b || b >= INT_END)
		return -1;
	if (b < -INT_END)
		return 1;
	whole = (int64_t)b;
	rest = b - (double)whole;
	if (a != whole)
		return a < whole ? -1 : 1;
	return rest > 0 ? -1 : rest < 0;
}

static int compare_numbers(const struct cell *a, const struct cell *b)
{
	if (a->type == CELL_INT && b->type == CELL_INT)
		return compare_int(a->u.number, b->u.number);
	if (a->type == CELL_INT)
		return compare_int_real(a->u.number, b->u.real);
	if (b->type == CELL_INT)
		return -compare_int_real(b->u.number, a->u.real);
	return compare_real(a->u.real, b->u.real);
}

static int compare_bytes(const void *a, size_t a_len, const void *b,
			 size_t b_len)
{
	size_t len = MINIMUM(a_len, b_len);
	int order = len ? memcmp(a, b, len) : 0;

	if (order)
		return order < 0 ? -1 : 1;
	return a_len < b_len ? -1 : a_len > b_len;
}

static int compare_lists(const struct cell *a, const struct cell *b,
			 unsigned depth);

static int rank(const struct cell *cell)
{
	switch (cell->type) {
	case CELL_NONE:
		return 0;
	case CELL_NULL:
		return 1;
	case CELL_BOOL:
		return 2;
	case CELL_INT:
	case CELL_FLOAT:
		return 3;
	case CELL_TIME:
		return 4;
	case CELL_TEXT:
	case CELL_BYTES:
		return 5;
	case CELL_LIST:
		break;
	}
	return 6;
}

static int compare(const struct cell *a, const struct cell *b, unsigned depth)
{
	int one = rank(a), two = rank(b);

	if (one != two)
		return one < two ? -1 : 1;
	switch (a->type) {
	case CELL_NONE:
	case CELL_NULL:
		return 0;
	case CELL_BOOL:
		return (int)a->u.truth - (int)b->u.truth;
	case CELL_INT:
	case CELL_FLOAT:
		return compare_numbers(a, b);
	case CELL_TIME:
		return moment_compare(&a->u.time, &b->u.time);
	case CELL_TEXT:
	case CELL_BYTES:
		return compare_bytes(a->u.text.data, a->u.text.len,
				     b->u.text.data, b->u.text.len);
	case CELL_LIST:
		break;
	}
	return compare_lists(a, b, depth);
}

/* What is nested more deeply than anything that was packed is damage, and
 * compared by its bytes. */
static int compare_lists(const struct cell *a, const struct cell *b,
			 unsigned depth)
{
	const unsigned char *x = a->u.list.data, *y = b->u.list.data;
	struct cell one, two;

	if (depth >= CELL_MAX_DEPTH)
		return compare_bytes(x, a->u.list.len, y, b->u.list.len);
	for (;;) {
		bool first = cell_list_next(a, &x, &one);
		bool second = cell_list_next(b, &y, &two);
		int order;

		if (!first || !second)
			return (int)first - (int)second;
		order = compare(&one, &two, depth + 1);
		if (order)
			return order;
	}
}

int cell_compare(const struct cell *a, const struct cell *b)
{
	return compare(a, b, 0);
}

bool cell_equal(const struct cell *a, const struct cell *b)
{
	return !compare(a, b, 0);
}

void cell_format(struct strbuf *out, const struct cell *cell)
{
	struct value *value;

	switch (cell->type) {
	case CELL_NONE:
	case CELL_NULL:
		break;
	case CELL_BOOL:
		strbuf_addstr(out, cell->u.truth ? "true" : "false");
		break;
	case CELL_INT:
		strbuf_addf(out, "%" PRId64, cell->u.number);
		break;
	case CELL_FLOAT:
		value_format_float(out, cell->u.real);
		break;
	case CELL_TIME:
		moment_format(out, &cell->u.time);
		break;
	case CELL_TEXT:
	case CELL_BYTES:
		strbuf_add(out, cell->u.text.data, cell->u.text.len);
		break;
	case CELL_LIST:
		value = cell_value(cell);
		value_format(out, value);
		value_free(value);
		break;
	}
}

static struct value *value_of(const struct cell *cell, unsigned depth)
{
	const unsigned char *at;
	struct strbuf text = STRBUF_INIT;
	struct value *value;
	struct cell member;

	switch (cell->type) {
	case CELL_NONE:
	case CELL_NULL:
		break;
	case CELL_BOOL:
		return value_new_bool(cell->u.truth);
	case CELL_INT:
		return value_new_int(cell->u.number);
	case CELL_FLOAT:
		return value_new_float(cell->u.real);
	case CELL_TIME:
		moment_format(&text, &cell->u.time);
		value = value_new_text(text.buf, text.len);
		strbuf_release(&text);
		return value;
	case CELL_TEXT:
	case CELL_BYTES:
		return value_new_text(cell->u.text.data, cell->u.text.len);
	case CELL_LIST:
		value = value_new_list();
		at = cell->u.list.data;
		if (depth < CELL_MAX_DEPTH)
			while (cell_list_next(cell, &at, &member))
				value_list_add(value,
					       value_of(&member, depth + 1));
		return value;
	}
	return value_new_null();
}

struct value *cell_value(const struct cell *cell)
{
	return value_of(cell, 0);
}

/* What a cell begins with, put together before it is added at once. */
struct head {
	size_t len;
	char bytes[20];
};

static struct head head_of(enum packed_type type)
{
	struct head head = { .len = 1 };

	head.bytes[0] = (char)type;
	return head;
}

static void head_varint(struct head *head, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		head->bytes[head->len++] = (char)((number & 0x7f) | 0x80);
	head->bytes[head->len++] = (char)number;
}

static void head_fixed(struct head *head, uint64_t number, unsigned nr)
{
	unsigned i;

	for (i = 0; i < nr; i++)
		head->bytes[head->len++] = (char)(number >> 8 * i & 0xff);
}

static void add_int(struct strbuf *out, int64_t number)
{
	uint64_t sign = number < 0 ? UINT64_MAX : 0;
	struct head head = head_of(PACKED_INT);

	head_varint(&head, (uint64_t)number << 1 ^ sign);
	strbuf_add(out, head.bytes, head.len);
}

static void add_real(struct strbuf *out, double real)
{
	struct head head = head_of(PACKED_FLOAT);
	uint64_t bits;

	memcpy(&bits, &real, sizeof(bits));
	head_fixed(&head, bits, 8);
	strbuf_add(out, head.bytes, head.len);
}

static void add_time(struct strbuf *out, const struct moment *m)
{
	struct head head = head_of(PACKED_TIME);

	head_fixed(&head, (uint64_t)m->sec, 8);
	head_fixed(&head, (uint32_t)m->usec, 4);
	head_fixed(&head, (uint32_t)m->offset, 4);
	strbuf_add(out, head.bytes, head.len);
}

static void add_bytes(struct strbuf *out, enum packed_type type,
		      const void *data, size_t len)
{
	struct head head = head_of(type);

	head_varint(&head, len);
	strbuf_add(out, head.bytes, head.len);
	strbuf_add(out, data, len);
}

void cell_pack(struct strbuf *out, const struct cell *cell)
{
	switch (cell->type) {
	case CELL_NONE:
		strbuf_addch(out, PACKED_NONE);
		break;
	case CELL_NULL:
		strbuf_addch(out, PACKED_NULL);
		break;
	case CELL_BOOL:
		strbuf_addch(out, cell->u.truth ? PACKED_TRUE : PACKED_FALSE);
		break;
	case CELL_INT:
		add_int(out, cell->u.number);
		break;
	case CELL_FLOAT:
		add_real(out, cell->u.real);
		break;
	case CELL_TIME:
		add_time(out, &cell->u.time);
		break;
	case CELL_TEXT:
		add_bytes(out, PACKED_TEXT, cell->u.text.data,
			  cell->u.text.len);
		break;
	case CELL_BYTES:
		add_bytes(out, PACKED_BYTES, cell->u.text.data,
			  cell->u.text.len);
		break;
	case CELL_LIST:
		add_bytes(out, PACKED_LIST, cell->u.list.data,
			  cell->u.list.len);
		break;
	}
}

static void add_as_text(struct strbuf *out, const struct value *value)
{
	struct strbuf text = STRBUF_INIT;

	value_format(&text, value);
	add_bytes(out, utf8_is_valid(text.buf, text.len) ? PACKED_TEXT :
		  PACKED_BYTES, text.buf, text.len);
	strbuf_release(&text);
}

static void pack_value(struct strbuf *out, const struct value *value,
		       unsigned depth);

static void pack_list(struct strbuf *out, const struct value *list,
		      unsigned depth)
{
	struct head head = head_of(PACKED_LIST);
	size_t from = out->len, i;

	for (i = 0; i < list->u.list.nr; i++)
		pack_value(out, list->u.list.item[i], depth + 1);
	head_varint(&head, out->len - from);
	strbuf_insert(out, from, head.bytes, head.len);
}

static void pack_value(struct strbuf *out, const struct value *value,
		       unsigned depth)
{
	switch (value->type) {
	case VALUE_NULL:
		strbuf_addch(out, PACKED_NULL);
		break;
	case VALUE_BOOL:
		strbuf_addch(out, value->u.truth ? PACKED_TRUE : PACKED_FALSE);
		break;
	case VALUE_INT:
		add_int(out, value->u.number);
		break;
	case VALUE_FLOAT:
		add_real(out, value->u.real);
		break;
	case VALUE_TEXT:
	case VALUE_BINARY:
		add_bytes(out, value->type == VALUE_TEXT ? PACKED_TEXT :
			  PACKED_BYTES, value->u.text.text, value->u.text.len);
		break;
	case VALUE_LIST:
		if (depth < CELL_MAX_DEPTH)
			pack_list(out, value, depth);
		else
			add_as_text(out, value);
		break;
	case VALUE_MAP:
		add_as_text(out, value);
		break;
	}
}

void cell_pack_value(struct strbuf *out, const struct value *value)
{
	if (value)
		pack_value(out, value, 0);
	else
		strbuf_addch(out, PACKED_NULL);
}

static bool get_varint(uint64_t *out, const unsigned char **at,
		       const unsigned char *end)
{
	unsigned shift;

	*out = 0;
	for (shift = 0; shift < 64 && *at < end; shift += 7) {
		unsigned char byte = *(*at)++;

		*out |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return shift < 63 || byte < 2;
	}
	return false;
}

static bool get_fixed(uint64_t *out, unsigned nr, const unsigned char **at,
		      const unsigned char *end)
{
	unsigned i;

	if ((size_t)(end - *at) < nr)
		return false;
	*out = 0;
	for (i = 0; i < nr; i++)
		*out |= (uint64_t)(*at)[i] << 8 * i;
	*at += nr;
	return true;
}

static bool get_time(struct moment *out, const unsigned char **at,
		     const unsigned char *end)
{
	uint64_t sec, usec, offset;

	if (!get_fixed(&sec, 8, at, end) || !get_fixed(&usec, 4, at, end) ||
	    !get_fixed(&offset, 4, at, end) || usec > 999999)
		return false;
	out->sec = (int64_t)sec;
	out->usec = (int32_t)usec;
	out->offset = (int32_t)(uint32_t)offset;
	return true;
}

static bool get_bytes(const unsigned char **data, size_t *len,
		      const unsigned char **at, const unsigned char *end)
{
	uint64_t nr;

	if (!get_varint(&nr, at, end) || nr > (size_t)(end - *at))
		return false;
	*data = *at;
	*len = (size_t)nr;
	*at += nr;
	return true;
}

static bool get_int(int64_t *out, const unsigned char **at,
		    const unsigned char *end)
{
	uint64_t number;

	if (!get_varint(&number, at, end))
		return false;
	*out = (int64_t)(number >> 1 ^ (0 - (number & 1)));
	return true;
}

static bool get_real(double *out, const unsigned char **at,
		     const unsigned char *end)
{
	uint64_t bits;

	if (!get_fixed(&bits, 8, at, end))
		return false;
	memcpy(out, &bits, sizeof(bits));
	return true;
}

static bool get_text(struct cell *out, const unsigned char **at,
		     const unsigned char *end)
{
	const unsigned char *data;

	if (!get_bytes(&data, &out->u.text.len, at, end))
		return false;
	out->u.text.data = (const char *)data;
	return true;
}

bool cell_unpack(struct cell *out, const unsigned char **at,
		 const unsigned char *end)
{
	unsigned type;

	if (*at >= end)
		return false;
	type = *(*at)++;
	switch (type) {
	case PACKED_NONE:
	case PACKED_NULL:
		out->type = type == PACKED_NULL ? CELL_NULL : CELL_NONE;
		return true;
	case PACKED_FALSE:
	case PACKED_TRUE:
		out->type = CELL_BOOL;
		out->u.truth = type == PACKED_TRUE;
		return true;
	case PACKED_INT:
		out->type = CELL_INT;
		return get_int(&out->u.number, at, end);
	case PACKED_FLOAT:
		out->type = CELL_FLOAT;
		return get_real(&out->u.real, at, end);
	case PACKED_TIME:
		out->type = CELL_TIME;
		return get_time(&out->u.time, at, end);
	case PACKED_TEXT:
	case PACKED_BYTES:
		out->type = type == PACKED_TEXT ? CELL_TEXT : CELL_BYTES;
		return get_text(out, at, end);
	case PACKED_LIST:
		out->type = CELL_LIST;
		return get_bytes(&out->u.list.data, &out->u.list.len, at, end);
	}
	return false;
}

bool cell_list_next(const struct cell *list, const unsigned char **at,
		    struct cell *member)
{
	const unsigned char *end = list->u.list.data + list->u.list.len;

	return *at < end && cell_unpack(member, at, end);
}
