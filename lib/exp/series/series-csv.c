#include "lib/base/compat.h"
#include "lib/base/parse-number.h"
#include "lib/base/utf8.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/exp/series/series-field.h"
#include "lib/wrap/json.h"

void series_room_clear(struct series_room *room, size_t len)
{
	/* never moved while a row is read: what is in it is no longer */
	strbuf_reset(&room->text);
	if (room->text.alloc <= len)
		strbuf_grow(&room->text, len + 1);
	if (room->more.nr)
		strvec_clear(&room->more);
	value_free(room->row);
	room->row = NULL;
}

void series_room_release(struct series_room *room)
{
	strbuf_release(&room->text);
	strvec_release(&room->more);
	value_free(room->row);
	room->row = NULL;
}

static const char *quoted_field(struct csv_field *out, const char *at,
				const char *end, struct series_room *room)
{
	size_t start = room->text.len;
	const char *quote;

	out->quoted = true;
	for (at++;; at = quote + 2) {
		quote = memchr(at, '"', (size_t)(end - at));
		if (!quote)
			return NULL;
		strbuf_add(&room->text, at, (size_t)(quote - at));
		if (quote + 1 == end || quote[1] != '"')
			break;
		strbuf_addch(&room->text, '"');
	}
	out->text = room->text.buf + start;
	out->len = room->text.len - start;
	quote++;
	return quote == end || *quote == ',' ? quote : NULL;
}

const char *csv_field(struct csv_field *out, const char *at, const char *end,
		      struct series_room *room)
{
	const char *comma;

	if (at < end && *at == '"')
		return quoted_field(out, at, end, room);
	comma = memchr(at, ',', (size_t)(end - at));
	if (!comma)
		comma = end;
	out->quoted = false;
	out->text = at;
	out->len = (size_t)(comma - at);
	return comma;
}

static bool is_word(const struct csv_field *field, const char *word)
{
	return field->len == strlen(word) &&
	       !memcmp(field->text, word, field->len);
}

static void text_cell(struct cell *out, const char *text, size_t len)
{
	out->type = utf8_is_valid(text, len) ? CELL_TEXT : CELL_BYTES;
	out->u.text.data = text;
	out->u.text.len = len;
}

/* A text that one line could not show. */
static bool json_cell(struct cell *out, const struct csv_field *field,
		      struct series_room *room)
{
	struct value *value = NULL;
	bool ok;

	ok = !json_parse(&value, field->text, field->len, "field", NULL) &&
	     value->type == VALUE_TEXT;
	if (ok)
		text_cell(out, strvec_pushn(&room->more, value->u.text.text,
					    value->u.text.len),
			  value->u.text.len);
	value_free(value);
	return ok;
}

void csv_cell(struct cell *out, const struct csv_field *field,
	      struct series_room *room)
{
	struct number number;

	if (!field->len) {
		out->type = CELL_NULL;
		if (field->quoted)
			text_cell(out, field->text, 0);
	} else if (strchr("+-.0123456789ni", *field->text) &&
		   number_parse(&number, field->text, field->len)) {
		out->type = number.kind == NUMBER_INT ? CELL_INT : CELL_FLOAT;
		if (number.kind == NUMBER_INT)
			out->u.number = number.whole;
		else
			out->u.real = number.real;
	} else if (is_word(field, "true") || is_word(field, "True") ||
		   is_word(field, "false") || is_word(field, "False")) {
		out->type = CELL_BOOL;
		out->u.truth = tolower(*field->text) == 't';
	} else if (is_word(field, "null") || is_word(field, "None")) {
		out->type = CELL_NULL;
	} else if (*field->text != '"' || !json_cell(out, field, room)) {
		text_cell(out, field->text, field->len);
	}
}

static bool is_name(const char *text, size_t len)
{
	/* a run's own number stands in the rows of some programs */
	return (len == 3 && !memcmp(text, "tid", len)) ||
	       !metrics_check_column(text, len, NULL);
}

bool csv_header(struct strvec *columns, const char *line, size_t len)
{
	const char *at = line, *end = line + len;
	struct series_room room = SERIES_ROOM_INIT;
	struct strvec sorted = STRVEC_INIT;
	struct csv_field field;
	bool ok;

	series_room_clear(&room, len);
	at = csv_field(&field, at, end, &room);
	ok = at && is_word(&field, "at");
	if (ok)
		strvec_push(columns, "at");
	while (ok && at < end) {
		at = csv_field(&field, at + 1, end, &room);
		ok = at && columns->nr <= METRICS_MAX_COLUMNS;
		if (ok)
			strvec_pushn(columns, field.text,
				     is_name(field.text, field.len) ?
				     field.len : 0);
	}
	strvec_release(&sorted);
	series_room_release(&room);
	return ok;
}
