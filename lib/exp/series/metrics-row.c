/*
 * Rows as text. A row is one line whatever it holds, so that whoever looks at
 * the last byte of a file knows whether its writer finished, and readers may
 * split it anywhere at a LF.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/utf8.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/wrap/json.h"

#define PREFIX "metrics-"
#define NUMBER_DIGITS 4

int metrics_check_series(const char *series, struct strbuf *err)
{
	size_t len = strlen(series), left = len;
	const char *at = series;

	if (len > METRICS_MAX_SERIES)
		return fail(err, ERR_USAGE, "the name of a series is at most "
			    "%d bytes long, not %zu", METRICS_MAX_SERIES, len);
	if (!utf8_is_valid(series, len))
		return fail(err, ERR_USAGE, "the name of the series is not "
			    "UTF-8");
	if (*series == '.')
		return fail(err, ERR_USAGE, "the name of a series does not "
			    "begin with a dot, as '%s' does", series);
	while (left) {
		int32_t c = utf8_next(&at, &left);

		if (c < 0x80 && strchr("\\/:*?\"<>|", (int)c))
			return fail(err, ERR_USAGE, "'%c' may not be in the "
				    "name of a series", (int)c);
		if (utf8_is_control(c))
			return fail(err, ERR_USAGE, "a control character may "
				    "not be in the name of a series");
	}
	return 0;
}

int metrics_check_column(const char *name, size_t len, struct strbuf *err)
{
	struct strbuf shown = STRBUF_INIT;
	size_t i;
	int ret = 0;

	quote_terminal(&shown, name, MINIMUM(len, METRICS_MAX_COLUMN));
	if (!len)
		ret = fail(err, ERR_USAGE, "a column needs a name");
	else if (len > METRICS_MAX_COLUMN)
		ret = fail(err, ERR_USAGE, "the name of a column is at most "
			   "%d bytes long, not %zu", METRICS_MAX_COLUMN, len);
	else if (!utf8_is_valid(name, len))
		ret = fail(err, ERR_USAGE, "the name of the column '%s' is "
			   "not UTF-8", shown.buf);
	else if (!strcmp(shown.buf, "at") || !strcmp(shown.buf, "tid"))
		ret = fail(err, ERR_USAGE, "'%s' cannot be the name of a "
			   "column: it is the %s", shown.buf,
			   *name == 'a' ? "time of a row" : "run's own");
	for (i = 0; i < len && !ret; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			ret = fail(err, ERR_USAGE, "a control character is in "
				   "the name of the column '%s'", shown.buf);
	strbuf_release(&shown);
	return ret;
}

static bool is_series(const char *name, size_t len)
{
	struct strbuf series = STRBUF_INIT;
	bool ok;

	strbuf_add(&series, name, len);
	ok = len && !metrics_check_series(series.buf, NULL);
	strbuf_release(&series);
	return ok;
}

bool metrics_parse_name(const char *file, enum metrics_format *format,
			uint64_t *number, const char **series, size_t *len)
{
	size_t digits, rest;
	const char *at;

	if (strncmp(file, PREFIX, strlen(PREFIX)))
		return false;
	at = file + strlen(PREFIX);
	digits = strspn(at, "0123456789");
	if (digits < NUMBER_DIGITS || digits > 18)
		return false;
	*number = strtoull(at, NULL, 10);
	at += digits;
	rest = strlen(at);
	if (rest >= 4 && !strcmp(at + rest - 4, ".csv")) {
		*format = METRICS_CSV;
		rest -= 4;
	} else if (rest >= 6 && !strcmp(at + rest - 6, ".jsonl")) {
		*format = METRICS_JSONL;
		rest -= 6;
	} else {
		return false;
	}
	*series = at + (*at == '-');
	*len = rest ? rest - 1 : 0;
	return !rest || (*at == '-' && is_series(*series, *len));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void add_field(struct strbuf *out, const char *text, size_t len)
{
	if (!len || is_blank(*text) || is_blank(text[len - 1]) ||
	    memchr(text, ',', len) || memchr(text, '"', len))
		quote_double(out, text, len);
	else
		strbuf_add(out, text, len);
}

static void add_json(struct strbuf *out, const struct value *value)
{
	struct strbuf text = STRBUF_INIT;

	json_write(&text, value);
	add_field(out, text.buf, text.len);
	strbuf_release(&text);
}

/* What a field of one line cannot show, or what would be taken for that. */
static bool needs_json(const char *text, size_t len)
{
	size_t i;

	if (len && *text == '"')
		return true;
	for (i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') ||
		    text[i] == 0x7f)
			return true;
	return false;
}

static void add_csv(struct strbuf *out, const struct value *value)
{
	switch (value->type) {
	case VALUE_TEXT:
		if (needs_json(value->u.text.text, value->u.text.len))
			add_json(out, value);
		else
			add_field(out, value->u.text.text, value->u.text.len);
		break;
	case VALUE_BINARY:
	case VALUE_LIST:
	case VALUE_MAP:
		add_json(out, value);
		break;
	default:
		value_format(out, value);
	}
}

static void add_time(struct strbuf *out, const struct moment *at)
{
	strbuf_addf(out, "%" PRId64 ".%06" PRId32, at->sec, at->usec);
}

void metrics_add_csv(struct strbuf *out, const struct moment *at,
		     const struct value *row, const struct strvec *columns)
{
	size_t i, nr = columns ? columns->nr : row->u.map.nr;

	add_time(out, at);
	for (i = 0; i < nr; i++) {
		const struct value *value = NULL;

		/* the same order, as a rule */
		if (!columns || (i < row->u.map.nr &&
				 !strcmp(columns->v[i],
					 row->u.map.pair[i].key)))
			value = row->u.map.pair[i].value;
		else
			value = value_map_get(row, columns->v[i]);
		strbuf_addch(out, ',');
		if (value)
			add_csv(out, value);
	}
}

void metrics_add_jsonl(struct strbuf *out, const struct moment *at,
		       const struct value *row)
{
	size_t brace;

	strbuf_addstr(out, "{\"at\":");
	add_time(out, at);
	brace = out->len;
	json_write(out, row);
	if (row->u.map.nr)
		out->buf[brace] = ',';
	else
		strbuf_splice(out, brace, 1, "", 0);
}

void metrics_add_header(struct strbuf *out, const struct value *row)
{
	size_t i;

	strbuf_addstr(out, "at");
	for (i = 0; i < row->u.map.nr; i++) {
		strbuf_addch(out, ',');
		add_field(out, row->u.map.pair[i].key,
			  row->u.map.pair[i].key_len);
	}
}

/* One field of CSV, moving on to behind its comma; false: malformed. */
static bool next_field(struct strbuf *out, const char **at, const char *end)
{
	strbuf_reset(out);
	if (*at < end && **at == '"') {
		for ((*at)++; *at < end; (*at)++) {
			if (**at == '"' && (*at + 1 == end || (*at)[1] != '"'))
				break;
			*at += **at == '"';
			strbuf_addch(out, **at);
		}
		if (*at == end)
			return false;
		(*at)++;
		if (*at < end && **at != ',')
			return false;
	}
	while (*at < end && **at != ',')
		strbuf_addch(out, *(*at)++);
	return true;
}

bool metrics_parse_header(struct strvec *columns, const char *line, size_t len)
{
	const char *end = line + len, *at = line;
	struct strbuf field = STRBUF_INIT;
	bool ok;

	ok = next_field(&field, &at, end) && !strcmp(field.buf, "at");
	while (ok && at < end) {
		at++;
		ok = next_field(&field, &at, end) &&
		     columns->nr < METRICS_MAX_COLUMNS &&
		     !metrics_check_column(field.buf, field.len, NULL);
		if (ok)
			strvec_push(columns, field.buf);
	}
	strbuf_release(&field);
	return ok;
}
