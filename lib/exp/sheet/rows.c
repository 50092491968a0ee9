#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/term.h"
#include "lib/base/utf8.h"
#include "lib/exp/sheet/rows.h"
#include "lib/wrap/json.h"

enum row_mode { ROWS_TABLE, ROWS_FIELDS, ROWS_JSON, ROWS_CSV, ROWS_TSV,
		ROWS_TEMPLATE };

struct row_state {
	enum row_mode mode;
	bool has_header;	/* it is still to be printed */
	char **cell;		/* of the table, row after row */
	size_t nr, alloc;
	size_t columns;
};

static const struct {
	const char *name;
	enum row_mode mode;
} formats[] = {
	{ "table", ROWS_TABLE }, { "json", ROWS_JSON }, { "csv", ROWS_CSV },
	{ "tsv", ROWS_TSV },
};

static bool is_column(const struct row_field *field)
{
	return field->get && !field->hidden;
}

static const struct row_field *find_field(const struct rows *r,
					  const char *name, size_t len)
{
	const struct row_field *f;

	for (f = r->fields; f->name; f++)
		if (strlen(f->name) == len && !memcmp(f->name, name, len))
			return f;
	return NULL;
}

/* "params.lr" is the item `lr` of the field `params`; *below gets "lr". */
static const struct row_field *find_dotted(const struct rows *r,
					   const char *name, size_t len,
					   const char **below)
{
	const struct row_field *f = find_field(r, name, len);
	const char *dot = memchr(name, '.', len);

	*below = NULL;
	if (f || !dot)
		return f;
	*below = dot + 1;
	return find_field(r, name, (size_t)(dot - name));
}

static int unknown_field(const struct rows *r, const char *name, size_t len,
			 struct strbuf *err)
{
	struct strbuf known = STRBUF_INIT;
	const struct row_field *f;

	for (f = r->fields; f->name; f++)
		strbuf_addf(&known, "%s%s", known.len ? ", " : "", f->name);
	fail(err, ERR_USAGE, "there is no field '%.*s'; there are %s",
	     (int)len, name, known.buf);
	strbuf_release(&known);
	return ERR_USAGE;
}

/* `quoted` later, in a way that leaves nothing for a terminal to obey. */
static void add_field(struct strbuf *out, const struct rows *r,
		      const struct row_field *field, const char *below,
		      bool quoted, const void *row)
{
	struct value *value = field->get(row, r->data);
	struct strbuf text = STRBUF_INIT;

	value_format(&text, below ? value_get(value, below) : value);
	if (!quoted && out_is_for_person())
		quote_terminal_lines(out, text.buf, text.len);
	else
		strbuf_addbuf(out, &text);
	strbuf_release(&text);
	value_free(value);
}

/* `s` at '%'; returns behind the escape, NULL after an error. Row NULL: only
 * looks whether all is well. */
static const char *expand_one(struct strbuf *out, const struct rows *r,
			      const char *s, const void *row,
			      struct strbuf *err)
{
	const struct row_field *field;
	const char *end, *below;
	int high, low;

	switch (*++s) {
	case '%':
		strbuf_addch(out, '%');
		return s + 1;
	case 'n':
		strbuf_addch(out, '\n');
		return s + 1;
	case 't':
		strbuf_addch(out, '\t');
		return s + 1;
	case 'x':
		high = hex_digit(s[1]);
		low = high < 0 ? -1 : hex_digit(s[2]);
		if (low < 0)
			break;
		strbuf_addch(out, high << 4 | low);
		return s + 3;
	case '(':
		end = strchr(++s, ')');
		if (!end) {
			fail(err, ERR_USAGE, "'%%(%s' is not closed by ')'", s);
			return NULL;
		}
		field = find_dotted(r, s, (size_t)(end - s), &below);
		if (!field) {
			unknown_field(r, s, (size_t)(end - s), err);
			return NULL;
		}
		if (row) {
			char *path = below ? xmemdupz(below,
						(size_t)(end - below)) : NULL;

			add_field(out, r, field, path, false, row);
			free(path);
		}
		return end + 1;
	}
	fail(err, ERR_USAGE, "'%%%.1s' means nothing in a format; there are "
	     "%%(field), %%%%, %%n, %%t and %%xNN", s);
	return NULL;
}

int rows_expand(struct strbuf *out, const struct rows *r, const char *format,
		const void *row, struct strbuf *err)
{
	const char *s = format;

	while (*s) {
		size_t plain = strcspn(s, "%");

		strbuf_add(out, s, plain);
		s += plain;
		if (*s && !(s = expand_one(out, r, s, row, err)))
			return ERR_USAGE;
	}
	return 0;
}

static int choose_mode(struct rows *r, enum row_mode *mode, struct strbuf *err)
{
	struct strbuf probe = STRBUF_INIT;
	size_t i;
	int ret;

	*mode = r->nul ? ROWS_FIELDS : ROWS_TABLE;
	if (r->json) {
		*mode = ROWS_JSON;
		if (r->format && strcmp(r->format, "json"))
			return fail(err, ERR_USAGE,
				    "--json and --format exclude each other");
		return 0;
	}
	if (!r->format)
		return 0;
	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		if (strcmp(r->format, formats[i].name))
			continue;
		if (formats[i].mode != ROWS_TABLE)
			*mode = formats[i].mode;
		return 0;
	}
	if (!strstr(r->format, "%("))
		return fail(err, ERR_USAGE, "unknown format '%s'; there are "
			    "table, json, csv, tsv and templates with "
			    "%%(field)", r->format);
	*mode = ROWS_TEMPLATE;
	ret = rows_expand(&probe, r, r->format, NULL, err);
	strbuf_release(&probe);
	return ret;
}

int rows_begin(struct rows *r, struct strbuf *err)
{
	const struct row_field *f;
	enum row_mode mode;
	int ret = choose_mode(r, &mode, err);

	if (ret)
		return ret;
	r->state = xcalloc(1, sizeof(*r->state));
	r->state->mode = mode;
	r->state->has_header = !r->no_header && !r->nul;
	for (f = r->fields; f->name; f++)
		r->state->columns += is_column(f);
	return 0;
}

/* RFC 4180: quoted where it holds a comma, a quote or the end of a line. */
static void add_csv(struct strbuf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len && text[i] && !strchr(",\"\r\n", text[i]); i++)
		;
	if (i == len && !(len && (text[0] == ' ' || text[len - 1] == ' ')))
		strbuf_add(out, text, len);
	else
		quote_double(out, text, len);
}

static void add_separated(struct strbuf *out, const struct rows *r,
			  const char *text, size_t len, bool first)
{
	enum row_mode mode = r->state->mode;

	if (!first)
		strbuf_addch(out, mode == ROWS_CSV ? ',' : '\t');
	if (mode == ROWS_CSV)
		add_csv(out, text, len);
	else if (mode == ROWS_TSV && !r->nul)
		quote_c(out, text, len);
	else
		strbuf_add(out, text, len);
}

/* RFC 4180 ends its lines with CR LF. */
static void end_record(struct strbuf *out, const struct rows *r)
{
	if (r->nul)
		strbuf_addch(out, '\0');
	else
		strbuf_addstr(out, r->state->mode == ROWS_CSV ? "\r\n" : "\n");
}

static void add_header_line(struct strbuf *out, const struct rows *r)
{
	const struct row_field *f;
	bool first = true;

	for (f = r->fields; f->name; f++) {
		if (!is_column(f))
			continue;
		add_separated(out, r, f->name, strlen(f->name), first);
		first = false;
	}
	end_record(out, r);
}

static void add_fields(struct strbuf *out, const struct rows *r,
		       const void *row)
{
	const struct row_field *f;
	const bool quoted = r->state->mode == ROWS_TSV && !r->nul;
	struct strbuf cell = STRBUF_INIT;
	bool first = true;

	for (f = r->fields; f->name; f++) {
		if (!is_column(f))
			continue;
		strbuf_reset(&cell);
		add_field(&cell, r, f, NULL, quoted, row);
		add_separated(out, r, cell.buf, cell.len, first);
		first = false;
	}
	strbuf_release(&cell);
}

static void add_json(struct strbuf *out, const struct rows *r, const void *row)
{
	struct value *object = value_new_map();
	const struct row_field *f;

	for (f = r->fields; f->name; f++) {
		struct value *value = f->get(row, r->data);

		value_map_add(object, f->name, strlen(f->name),
			      value ? value : value_new_null());
	}
	json_write(out, object);
	value_free(object);
}

static void gather_row(struct rows *r, const void *row)
{
	struct row_state *state = r->state;
	const struct row_field *f;

	for (f = r->fields; f->name; f++) {
		struct strbuf text = STRBUF_INIT;
		struct strbuf safe = STRBUF_INIT;

		if (!is_column(f))
			continue;
		if (f->text) {
			f->text(&text, row, r->data);
		} else {
			struct value *value = f->get(row, r->data);

			value_format(&text, value);
			value_free(value);
		}
		quote_terminal(&safe, text.buf, text.len);
		strbuf_release(&text);
		ARRAY_GROW(state->cell, state->nr + 1, state->alloc);
		state->cell[state->nr++] = strbuf_detach(&safe, NULL);
	}
}

void rows_add(struct rows *r, const void *row)
{
	struct row_state *state = r->state;
	struct strbuf out = STRBUF_INIT;

	if (state->mode == ROWS_TABLE) {
		gather_row(r, row);
		return;
	}
	if (state->has_header &&
	    (state->mode == ROWS_CSV || state->mode == ROWS_TSV))
		add_header_line(&out, r);
	state->has_header = false;
	if (state->mode == ROWS_JSON)
		add_json(&out, r, row);
	else if (state->mode == ROWS_TEMPLATE)
		rows_expand(&out, r, r->format, row, NULL);
	else
		add_fields(&out, r, row);
	end_record(&out, r);
	out_safe(&out);
	strbuf_release(&out);
}

static size_t text_width(const char *text)
{
	return utf8_width(text, strlen(text));
}

static void add_blanks(struct strbuf *out, size_t nr)
{
	while (nr--)
		strbuf_addch(out, ' ');
}

/* What stands in `width` of a column that is left out. */
#define LEFT_OUT SIZE_MAX

/* One line of the table; blanks are not left at its end. */
static void print_cells(const struct rows *r, const char *const *cell,
			const size_t *width, const char *on, const char *off)
{
	const struct row_field *f;
	struct strbuf line = STRBUF_INIT;
	size_t column = 0;
	bool first = true;

	for (f = r->fields; f->name; f++) {
		size_t gap;

		if (!is_column(f))
			continue;
		if (width[column] == LEFT_OUT) {
			column++;
			continue;
		}
		gap = width[column] - text_width(cell[column]);
		if (!first)
			strbuf_addstr(&line, r->between ? r->between : "  ");
		first = false;
		if (f->right)
			add_blanks(&line, gap);
		strbuf_addstr(&line, cell[column]);
		if (!f->right)
			add_blanks(&line, gap);
		column++;
	}
	while (line.len && line.buf[line.len - 1] == ' ')
		strbuf_setlen(&line, line.len - 1);
	strbuf_insert(&line, 0, on, strlen(on));
	strbuf_addf(&line, "%s\n", off);
	out_safe(&line);
	strbuf_release(&line);
}

static size_t table_width(const struct rows *r, const size_t *width)
{
	const size_t between = r->between ? strlen(r->between) : 2;
	size_t i, all = 0;

	for (i = 0; i < r->state->columns; i++)
		if (width[i] != LEFT_OUT)
			all += width[i] + (all ? between : 0);
	return all;
}

/* Lines that wrap are no table, so a person who asked for none gets fewer
 * columns. What goes to a program is the same everywhere. */
static void leave_out(const struct rows *r, const char *const *title,
		      size_t *width)
{
	const char *p = r->spare;
	size_t i;

	if (!p || r->format || !isatty(STDOUT_FILENO))
		return;
	while (*p && table_width(r, width) > term_width()) {
		size_t len = strcspn(p, " ");

		for (i = 0; i < r->state->columns; i++)
			if (strlen(title[i]) == len &&
			    !memcmp(title[i], p, len))
				width[i] = LEFT_OUT;
		p += len;
		p += strspn(p, " ");
	}
}

static void print_table(const struct rows *r)
{
	const struct row_state *state = r->state;
	const char **title = xcalloc(state->columns, sizeof(*title));
	size_t *width = xcalloc(state->columns, sizeof(*width));
	const struct row_field *f;
	size_t i, column = 0;

	for (f = r->fields; f->name; f++)
		if (is_column(f))
			title[column++] = f->name;
	for (i = 0; i < state->columns; i++)
		width[i] = state->has_header ? text_width(title[i]) : 0;
	for (i = 0; i < state->nr; i++) {
		size_t wide = text_width(state->cell[i]);

		column = i % state->columns;
		width[column] = MAXIMUM(width[column], wide);
	}
	leave_out(r, title, width);
	if (state->has_header)
		print_cells(r, title, width,
			    color_on(STDOUT_FILENO, COLOR_BOLD),
			    color_off(STDOUT_FILENO));
	for (i = 0; i < state->nr; i += state->columns)
		print_cells(r, (const char *const *)state->cell + i, width, "",
			    "");
	free(title);
	free(width);
}

void rows_end(struct rows *r)
{
	struct row_state *state = r->state;
	size_t i;

	if (state->nr)
		print_table(r);
	for (i = 0; i < state->nr; i++)
		free(state->cell[i]);
	free(state->cell);
	free(state);
	r->state = NULL;
}
