/*
 * Rows of JSON lines. Nearly all are flat objects of numbers, which are read in
 * place; whatever else there is, jansson decides.
 */
#include "lib/base/compat.h"
#include "lib/base/parse-number.h"
#include "lib/base/utf8.h"
#include "lib/exp/series/series-field.h"
#include "lib/wrap/json.h"

#include <math.h>

struct reader {
	const char *at, *end;
	json_member_fn fn;
	void *data;
};

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len))
		return false;
	r->at += len;
	return true;
}

/* One without escapes. */
static bool take_text(struct reader *r, const char **text, size_t *len)
{
	const char *quote;
	size_t i;

	if (!take(r, '"'))
		return false;
	quote = memchr(r->at, '"', (size_t)(r->end - r->at));
	if (!quote)
		return false;
	*text = r->at;
	*len = (size_t)(quote - r->at);
	for (i = 0; i < *len; i++)
		if ((*text)[i] == '\\' || (unsigned char)(*text)[i] < ' ')
			return false;
	r->at = quote + 1;
	return utf8_is_valid(*text, *len);
}

static bool take_number(struct reader *r, struct cell *cell)
{
	const char *first = r->at + (*r->at == '-'), *at, *point;
	struct number number;

	if (*first < '0' || *first > '9')
		return false;
	at = number_scan(&number, r->at, r->end);
	if (!at)
		return false;
	point = memchr(first, '.', (size_t)(at - first));
	if (point && (point[1] < '0' || point[1] > '9'))
		return false;
	r->at = at;
	cell->type = number.kind == NUMBER_INT ? CELL_INT : CELL_FLOAT;
	if (number.kind == NUMBER_INT)
		cell->u.number = number.whole;
	else
		cell->u.real = number.real;
	return true;
}

static void real_cell(struct cell *cell, double real)
{
	cell->type = CELL_FLOAT;
	cell->u.real = real;
}

static void text_cell(struct cell *cell, const char *text, size_t len)
{
	if (len == 3 && !memcmp(text, "nan", len)) {
		real_cell(cell, (double)NAN);
	} else if (len == 3 && !memcmp(text, "inf", len)) {
		real_cell(cell, (double)INFINITY);
	} else if (len == 4 && !memcmp(text, "-inf", len)) {
		real_cell(cell, -(double)INFINITY);
	} else {
		cell->type = CELL_TEXT;
		cell->u.text.data = text;
		cell->u.text.len = len;
	}
}

static bool take_value(struct reader *r, struct cell *cell)
{
	const char *text;
	size_t len;

	skip_blanks(r);
	if (r->at < r->end && *r->at == '"') {
		if (!take_text(r, &text, &len))
			return false;
		text_cell(cell, text, len);
	} else if (take_word(r, "true") || take_word(r, "false")) {
		cell->type = CELL_BOOL;
		cell->u.truth = r->at[-2] == 'u';
	} else if (take_word(r, "null")) {
		cell->type = CELL_NULL;
	} else if (take_word(r, "NaN")) {
		real_cell(cell, (double)NAN);
	} else if (take_word(r, "Infinity")) {
		real_cell(cell, (double)INFINITY);
	} else if (take_word(r, "-Infinity")) {
		real_cell(cell, -(double)INFINITY);
	} else {
		return r->at < r->end && take_number(r, cell);
	}
	return true;
}

/* The object in place; false: it takes more, or is none. */
static bool read_flat(struct reader r)
{
	struct cell cell = CELL_INIT;
	const char *key;
	size_t len;

	if (!take(&r, '{'))
		return false;
	if (!take(&r, '}'))
		do {
			if (!take_text(&r, &key, &len) || !take(&r, ':') ||
			    !take_value(&r, &cell))
				return false;
			r.fn(key, len, &cell, r.data);
		} while (take(&r, ','));
	else
		r.at--;
	if (!take(&r, '}'))
		return false;
	skip_blanks(&r);
	return r.at == r.end;
}

/* NaN and the infinities, which JSON has no words for, as texts. */
static void quote_words(struct strbuf *out, const char *at, const char *end)
{
	struct reader r = { .at = at, .end = end };
	bool in_text = false;

	while (r.at < end) {
		if (in_text) {
			in_text = *r.at != '"';
			if (*r.at == '\\' && r.at + 1 < end)
				strbuf_addch(out, *r.at++);
		} else if (take_word(&r, "NaN")) {
			strbuf_addstr(out, "\"nan\"");
			continue;
		} else if (take_word(&r, "-Infinity")) {
			strbuf_addstr(out, "\"-inf\"");
			continue;
		} else if (take_word(&r, "Infinity")) {
			strbuf_addstr(out, "\"inf\"");
			continue;
		} else {
			in_text = *r.at == '"';
		}
		strbuf_addch(out, *r.at++);
	}
}

static void value_cell(struct cell *cell, const struct value *value,
		       struct series_room *room)
{
	struct strbuf text = STRBUF_INIT;

	switch (value->type) {
	case VALUE_NULL:
		cell->type = CELL_NULL;
		break;
	case VALUE_BOOL:
		cell->type = CELL_BOOL;
		cell->u.truth = value->u.truth;
		break;
	case VALUE_INT:
		cell->type = CELL_INT;
		cell->u.number = value->u.number;
		break;
	case VALUE_FLOAT:
		real_cell(cell, value->u.real);
		break;
	case VALUE_TEXT:
		text_cell(cell, value->u.text.text, value->u.text.len);
		break;
	default:
		json_write(&text, value);
		cell->type = CELL_TEXT;
		cell->u.text.data = strvec_pushn(&room->more, text.buf,
						 text.len);
		cell->u.text.len = text.len;
	}
	strbuf_release(&text);
}

static bool read_any(const char *line, size_t len, struct series_room *room,
		     json_member_fn fn, void *data)
{
	struct strbuf text = STRBUF_INIT;
	struct cell cell = CELL_INIT;
	const struct value *row;
	size_t i;

	quote_words(&text, line, line + len);
	value_free(room->row);
	room->row = NULL;
	if (json_parse(&room->row, text.buf, text.len, "row", NULL))
		room->row = NULL;
	strbuf_release(&text);
	row = room->row;
	if (!row || row->type != VALUE_MAP)
		return false;
	for (i = 0; i < row->u.map.nr; i++) {
		const struct value_pair *pair = &row->u.map.pair[i];

		value_cell(&cell, pair->value, room);
		fn(pair->key, pair->key_len, &cell, data);
	}
	return true;
}

bool json_line_each(const char *line, size_t len, struct series_room *room,
		    json_member_fn fn, void *data)
{
	struct reader r = { line, line + len, fn, data };

	return read_flat(r) || read_any(line, len, room, fn, data);
}
