#include "lib/base/compat.h"
#include "lib/exp/sheet/sample-read.h"

#include <math.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"

#define READ_BYTES (256u << 10)
#define LONGEST_NUMBER 400	/* characters that a number can need */
#define TOLD_COLUMNS 20
#define TOLD_TEXT 60
#define TOLD_REASON 300
#define NO_COLUMN SIZE_MAX

/* One thing that is read. */
struct reading {
	struct sample *sample;
	int fd;
	const char *name, *column;
	enum sample_format format;
	bool guessed;		/* that is what the first line looked like */
	struct strbuf text;	/* read, and not yet taken */
	bool ended;
	uint64_t line;		/* of the row, from 1 */
	uint64_t lines;		/* that were taken */
	size_t which;		/* column, from 0; NO_COLUMN: not yet known */
	struct strbuf title;	/* a line that was guessed to be the first row
				 * of a table; empty once there is another */
	uint64_t title_line;
};

void sample_release(struct sample *s)
{
	free(s->x);
	s->x = NULL;
	s->nr = s->alloc = 0;
}

bool sample_format_parse(enum sample_format *out, const char *text)
{
	static const char *const names[] = {
		[SAMPLE_AUTO] = "auto", [SAMPLE_NUMBERS] = "numbers",
		[SAMPLE_CSV] = "csv", [SAMPLE_TSV] = "tsv",
		[SAMPLE_JSON] = "json"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(text, names[i])) {
			*out = (enum sample_format)i;
			return true;
		}
	return false;
}

static int add(struct reading *r, double x, struct strbuf *err)
{
	struct sample *s = r->sample;

	if (s->nr >= SAMPLE_MAX)
		return fail(err, ERR_CONTENT, "%s has more than %u numbers",
			    r->name, SAMPLE_MAX);
	ARRAY_GROW(s->x, s->nr + 1, s->alloc);
	s->x[s->nr++] = x;
	return 0;
}

static int no_number(const struct reading *r, const char *text, size_t len,
		     struct strbuf *err)
{
	struct strbuf shown = STRBUF_INIT;

	quote_terminal(&shown, text, MINIMUM(len, TOLD_TEXT));
	fail(err, ERR_CONTENT, "line %" PRIu64 " of %s: '%s%s' is no number",
	     r->line, r->name, shown.buf, len > TOLD_TEXT ? "..." : "");
	strbuf_release(&shown);
	return ERR_CONTENT;
}

/* A decimal number, nan or inf; what strtod() takes besides (hexadecimal,
 * nan(...), blanks before it) is none. */
static bool parse(double *x, const char *text, size_t len)
{
	char copy[LONGEST_NUMBER + 1], *end;
	size_t i;

	if (!len || len > LONGEST_NUMBER)
		return false;
	for (i = 0; i < len; i++)
		if (!isdigit((unsigned char)text[i]) &&
		    (!text[i] || !strchr("+-.eEinfatyINFATY", text[i])))
			return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*x = strtod(copy, &end);
	return !*end && end != copy;
}

/* One cell of a table: blanks around it are none of its own. */
static int add_cell(struct reading *r, const char *text, size_t len,
		    struct strbuf *err)
{
	double x = NAN;

	while (len && strchr(" \t\r", text[len - 1]) && text[len - 1])
		len--;
	while (len && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	if (len && !parse(&x, text, len))
		return no_number(r, text, len, err);
	return add(r, x, err);
}

static int add_numbers(struct reading *r, const char *text, size_t len,
		       struct strbuf *err)
{
	const char *end = text + len, *word;
	double x;
	int ret = 0;

	while (!ret) {
		while (text < end && isspace((unsigned char)*text))
			text++;
		if (text == end)
			break;
		for (word = text; text < end &&
		     !isspace((unsigned char)*text); text++)
			;
		ret = parse(&x, word, (size_t)(text - word)) ?
		      add(r, x, err) :
		      no_number(r, word, (size_t)(text - word), err);
	}
	return ret;
}

/* What a value of JSON says; numbers that JSON has no words for are texts. */
static int add_value(struct reading *r, const struct value *value,
		     struct strbuf *err)
{
	struct strbuf shown = STRBUF_INIT;
	double x = NAN;
	size_t i;
	int ret = 0;

	if (value && value->type == VALUE_LIST) {
		for (i = 0; i < value->u.list.nr && !ret; i++)
			ret = add_value(r, value->u.list.item[i], err);
		return ret;
	}
	if (value && value->type == VALUE_MAP && r->column)
		return add_value(r, value_get(value, r->column), err);
	if (!value || value->type == VALUE_NULL)
		return add(r, NAN, err);
	if (value->type == VALUE_INT)
		return add(r, (double)value->u.number, err);
	if (value->type == VALUE_FLOAT)
		return add(r, value->u.real, err);
	if (value->type == VALUE_TEXT &&
	    parse(&x, value->u.text.text, value->u.text.len) && !isfinite(x))
		return add(r, x, err);
	if (value->type == VALUE_MAP)
		return fail(err, ERR_USAGE, "line %" PRIu64 " of %s is an "
			    "object: say which member with --column", r->line,
			    r->name);
	value_format(&shown, value);
	ret = no_number(r, shown.buf, shown.len, err);
	strbuf_release(&shown);
	return ret;
}

static int add_json(struct reading *r, const char *text, size_t len,
		    struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT, shown = STRBUF_INIT;
	struct value *value = NULL;
	int ret;

	ret = json_parse(&value, text, len, "JSON", &why);
	if (ret) {
		quote_terminal(&shown, why.buf,
			       MINIMUM(why.len, TOLD_REASON));
		fail(err, ret, "line %" PRIu64 " of %s: %s", r->line, r->name,
		     shown.buf);
	} else {
		ret = add_value(r, value, err);
	}
	value_free(value);
	strbuf_release(&why);
	strbuf_release(&shown);
	return ret;
}

/* What is in the quotes that begin at `text`; returns behind them. */
static const char *unquote(struct strbuf *cell, const char *text,
			   const char *end)
{
	while (++text < end) {
		/* two of them are one that belongs to the text */
		if (*text == '"' && (++text == end || *text != '"'))
			return text;
		strbuf_addch(cell, *text);
	}
	return end;
}

/* The fields of a row. In CSV a quoted one is brought to what it says. */
static int split(struct reading *r, const char *text, size_t len,
		 struct strvec *cells, struct strbuf *err)
{
	const char *end = text + len, *stop;
	struct strbuf cell = STRBUF_INIT;
	char comma = r->format == SAMPLE_TSV ? '\t' : ',';

	for (;; text++) {
		strbuf_reset(&cell);
		if (r->format == SAMPLE_CSV && text < end && *text == '"')
			text = unquote(&cell, text, end);
		stop = text < end ? memchr(text, comma,
					   (size_t)(end - text)) : NULL;
		stop = stop ? stop : end;
		strbuf_add(&cell, text, (size_t)(stop - text));
		/* a NUL ends what is compared and read, so it is none of it */
		if (memchr(cell.buf, '\0', cell.len)) {
			strbuf_release(&cell);
			return fail(err, ERR_CONTENT, "line %" PRIu64 " of %s "
				    "holds a NUL", r->line, r->name);
		}
		strvec_push(cells, cell.buf);
		text = stop;
		if (stop == end)
			break;
	}
	strbuf_release(&cell);
	return 0;
}

static int choose_column(struct reading *r, const struct strvec *names,
			 struct strbuf *err)
{
	struct strbuf list = STRBUF_INIT;
	size_t i;
	int ret;

	for (i = 0; i < names->nr; i++)
		if (r->column ? !strcmp(names->v[i], r->column) :
				names->nr == 1) {
			r->which = i;
			return 0;
		}
	for (i = 0; i < names->nr && i < TOLD_COLUMNS; i++) {
		size_t len = strlen(names->v[i]);

		strbuf_addstr(&list, i ? ", " : "");
		quote_terminal(&list, names->v[i], MINIMUM(len, TOLD_TEXT));
		strbuf_addstr(&list, len > TOLD_TEXT ? "..." : "");
	}
	if (names->nr > TOLD_COLUMNS)
		strbuf_addstr(&list, ", ...");
	ret = r->column ?
	      fail(err, ERR_NOT_FOUND, "%s has no column '%s'; it has %s",
		   r->name, r->column, list.buf) :
	      fail(err, ERR_USAGE, "say which column of %s with --column: %s",
		   r->name, list.buf);
	strbuf_release(&list);
	return ret;
}

static int add_row(struct reading *r, const char *text, size_t len,
		   struct strbuf *err)
{
	struct strvec cells = STRVEC_INIT;
	const char *cell;
	int ret;

	if (len && text[len - 1] == '\r')
		len--;
	ret = split(r, text, len, &cells, err);
	if (!ret && r->which == NO_COLUMN) {
		ret = choose_column(r, &cells, err);
		if (!ret && r->guessed && !r->column) {
			strbuf_add(&r->title, text, len);
			r->title_line = r->line;
		}
	} else if (!ret) {
		strbuf_reset(&r->title);
		cell = r->which < cells.nr ? cells.v[r->which] : "";
		ret = add_cell(r, cell, strlen(cell), err);
	}
	strvec_release(&cells);
	return ret;
}

/* By the first line that is not empty. */
static void guess(struct reading *r, const char *text, size_t len)
{
	double x;
	size_t word = 0;

	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	if (!len)
		return;
	if (*text == '{' || *text == '[') {
		r->format = SAMPLE_JSON;
		return;
	}
	while (word < len && !isspace((unsigned char)text[word]))
		word++;
	if (!r->column && parse(&x, text, word))
		r->format = SAMPLE_NUMBERS;
	else
		r->format = memchr(text, '\t', len) ? SAMPLE_TSV : SAMPLE_CSV;
}

static int add_line(struct reading *r, const char *text, size_t len,
		    struct strbuf *err)
{
	size_t blank = 0;

	while (blank < len && isspace((unsigned char)text[blank]))
		blank++;
	if (blank == len)
		return 0;
	switch (r->format) {
	case SAMPLE_JSON:
		return add_json(r, text, len, err);
	case SAMPLE_CSV:
	case SAMPLE_TSV:
		return add_row(r, text, len, err);
	default:
		if (r->column)
			return fail(err, ERR_USAGE, "%s is bare numbers, and "
				    "has no column '%s'", r->name, r->column);
		return add_numbers(r, text, len, err);
	}
}

/* Whether what follows is within quotes of CSV, where it was so at `text`. */
static bool is_quoted(const struct reading *r, bool open, const char *text,
		      const char *end)
{
	if (r->format != SAMPLE_CSV)
		return false;
	for (; text < end; text++)
		open ^= *text == '"';
	return open;
}

/* Takes whole lines, or rows of several lines, out of what was read. */
static int take_lines(struct reading *r, struct strbuf *err)
{
	char *begin = r->text.buf, *end = begin + r->text.len, *stop;
	char *line = begin;
	bool quoted = false;
	int ret = 0;

	while (!ret && begin < end) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop && !r->ended)
			break;
		stop = stop ? stop : end;
		r->lines++;
		if (r->format == SAMPLE_AUTO)
			guess(r, line, (size_t)(stop - line));
		quoted = is_quoted(r, quoted, line, stop);
		line = stop < end ? stop + 1 : end;
		if (stop < end && quoted)
			continue;
		*stop = '\0';
		ret = add_line(r, begin, (size_t)(stop - begin), err);
		begin = line;
		quoted = false;
		r->line = r->lines + 1;
	}
	/* Lines of a row that has not ended will be counted again. */
	r->lines = r->line - 1;
	if (!ret && (size_t)(end - begin) > SAMPLE_MAX_LINE)
		ret = fail(err, ERR_CONTENT, "line %" PRIu64 " of %s is longer "
			   "than %u MiB", r->line, r->name,
			   SAMPLE_MAX_LINE >> 20);
	strbuf_splice(&r->text, 0, (size_t)(begin - r->text.buf), "", 0);
	return ret;
}

int sample_read(struct sample *s, int fd, const char *name,
		enum sample_format format, const char *column,
		struct strbuf *err)
{
	struct reading r = { .sample = s, .fd = fd, .name = name,
			     .column = column, .format = format,
			     .guessed = format == SAMPLE_AUTO,
			     .text = STRBUF_INIT, .title = STRBUF_INIT,
			     .line = 1,
			     .which = NO_COLUMN };
	ssize_t n;
	int ret = 0;

	while (!ret && !r.ended) {
		strbuf_grow(&r.text, READ_BYTES);
		do {
			n = read(fd, r.text.buf + r.text.len, READ_BYTES);
		} while (n < 0 && errno == EINTR);
		if (n < 0) {
			ret = fail_errno(err, "cannot read %s", name);
			break;
		}
		r.ended = !n;
		strbuf_setlen(&r.text, r.text.len + (size_t)n);
		ret = take_lines(&r, err);
	}
	/* The name of a column that was asked for is one, also without rows. */
	r.line = r.title_line;
	if (!ret && r.title.len)
		ret = no_number(&r, r.title.buf, r.title.len, err);
	strbuf_release(&r.title);
	strbuf_release(&r.text);
	return ret;
}
