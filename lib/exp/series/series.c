/*
 * All rows of a series in order of their times. Files are merged by a heap of
 * their next rows: each is read once, a buffer at a time, so a series may be
 * longer than memory.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/parse-number.h"
#include "lib/base/strmap.h"
#include "lib/exp/series/series.h"
#include "lib/exp/series/series-field.h"
#include "lib/exp/series/series-files.h"
#include "lib/exp/series/series-lines.h"

#include <math.h>

#define BUFFER (64u << 10)
#define MANY_FILES 64		/* more of them are not kept open */
#define MANY_BUFFER (8u << 10)

struct source {
	const struct series_file *file;
	size_t nr;		/* its place among the files */
	struct series_lines lines;
	int *column;		/* CSV: of each field; -1: not wanted */
	size_t fields;
	const char *line;	/* the next row */
	size_t len;
	double at;
};

struct series {
	struct series_files files;
	struct strvec columns;
	struct strmap by_name;	/* number of the column, plus 1 */
	bool all;
	struct source *source;
	struct source **heap;
	size_t heap_nr;
	struct cell *cells;
	struct series_room room;
	struct source *given;	/* whose row was given last */
	struct strbuf problem;	/* of its file, to be told next */
};

int series_list(struct strvec *out, const char *dir, struct strbuf *err)
{
	struct series_files files = SERIES_FILES_INIT;
	int ret = series_files_find(&files, dir, NULL, err);
	size_t i;

	for (i = 0; i < files.nr; i++)
		strvec_push(out, files.file[i].series);
	strvec_sort(out, true);
	series_files_release(&files);
	return ret;
}

/* ---- columns ------------------------------------------------------------- */

static int find_column(const struct series *s, const char *name)
{
	return (int)(uintptr_t)strmap_get(&s->by_name, name) - 1;
}

static void add_column(struct series *s, const char *name)
{
	if (!*name || find_column(s, name) >= 0 ||
	    s->columns.nr > METRICS_MAX_COLUMNS)
		return;
	strvec_push(&s->columns, name);
	strmap_put(&s->by_name, s->columns.v[s->columns.nr - 1],
		   (void *)(uintptr_t)s->columns.nr);
}

static void add_key(const char *key, size_t len, const struct cell *cell UNUSED,
		    void *data)
{
	struct series *s = data;
	char *name;

	if (!len || len > METRICS_MAX_COLUMN || memchr(key, '\0', len))
		return;
	name = xmemdupz(key, len);
	add_column(s, name);
	free(name);
}

/* All keys of a file of JSON lines. */
static void add_keys(struct series *s, struct source *source)
{
	struct series_lines lines;
	const char *line;
	size_t len;
	int ret;

	if (series_lines_open(&lines, s->files.dirfd, source->file->name,
			      BUFFER, true, NULL))
		return;
	while ((ret = series_lines_next(&lines, &line, &len, NULL)) == 1 ||
	       ret == ERR_CONTENT) {
		if (ret != 1)
			continue;
		series_room_clear(&s->room, 0);
		json_line_each(line, len, &s->room, add_key, s);
	}
	series_lines_close(&lines);
}

/* The header of a file of CSV, or the keys of one of JSON lines. */
static int read_columns(struct series *s, struct source *source,
			struct strvec *header, struct strbuf *err)
{
	const char *line;
	size_t len, i;
	int ret;

	if (source->file->format == METRICS_JSONL) {
		if (s->all)
			add_keys(s, source);
		return 1;
	}
	ret = series_lines_next(&source->lines, &line, &len, err);
	if (ret == 1 && !csv_header(header, line, len))
		ret = 0;
	for (i = 0; ret == 1 && s->all && i < header->nr; i++)
		add_column(s, header->v[i]);
	return ret;
}

static void map_fields(const struct series *s, struct source *source,
		       const struct strvec *header)
{
	bool *taken = xcalloc(s->columns.nr, sizeof(*taken));
	size_t i;

	source->fields = header->nr;
	source->column = xcalloc(header->nr + 1, sizeof(*source->column));
	for (i = 0; i < header->nr; i++) {
		int column = find_column(s, header->v[i]);

		if (column >= 0 && taken[column])
			column = -1;
		if (column >= 0)
			taken[column] = true;
		source->column[i] = column;
	}
	free(taken);
}

/* ---- the order of rows --------------------------------------------------- */

static void find_at(const char *key, size_t len, const struct cell *cell,
		    void *data)
{
	double *at = data, value;

	if (len == 2 && !memcmp(key, "at", len) && cell_number(cell, &value))
		*at = value;
}

/* Rows without a time come first. */
static double time_of(struct series *s, const struct source *source)
{
	double at = (double)NAN;
	struct number number;

	if (source->file->format == METRICS_CSV) {
		if (source->len &&
		    number_scan(&number, source->line,
				source->line + source->len))
			at = number.real;
	} else {
		series_room_clear(&s->room, 0);
		json_line_each(source->line, source->len, &s->room, find_at,
			       &at);
	}
	return at == at ? at : -(double)INFINITY;
}

static bool is_before(const struct source *a, const struct source *b)
{
	return a->at < b->at || (a->at == b->at && a->nr < b->nr);
}

static void sink(struct series *s, size_t i)
{
	struct source *moved = s->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < s->heap_nr) {
		if (child + 1 < s->heap_nr &&
		    is_before(s->heap[child + 1], s->heap[child]))
			child++;
		if (!is_before(s->heap[child], moved))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = moved;
}

/* The next row of a source; false: there is none. A line that is too long, or
 * what cannot be read, becomes s->problem. */
static bool advance(struct series *s, struct source *source)
{
	int ret;

	do {
		struct strbuf why = STRBUF_INIT;

		ret = series_lines_next(&source->lines, &source->line,
					&source->len, &why);
		if (ret < 0 && !s->problem.len)
			strbuf_addbuf(&s->problem, &why);
		strbuf_release(&why);
	} while (ret == ERR_CONTENT || (ret == 1 && !source->len));
	if (ret == 1)
		source->at = time_of(s, source);
	return ret == 1;
}

/* ---- the series ---------------------------------------------------------- */

static int begin_source(struct series *s, size_t nr, struct strvec *header,
			struct strbuf *err)
{
	struct source *source = &s->source[nr];
	bool many = s->files.nr > MANY_FILES;
	int ret;

	source->file = &s->files.file[nr];
	source->nr = nr;
	ret = series_lines_open(&source->lines, s->files.dirfd,
				source->file->name,
				many ? MANY_BUFFER : BUFFER, !many, err);
	/* gone since it was listed, or what is no file */
	if (ret) {
		memset(&source->lines, 0, sizeof(source->lines));
		source->lines.fd = -1;
		return ret;
	}
	return read_columns(s, source, header, err);
}

static void begin(struct series *s)
{
	struct strvec *header = xcalloc(s->files.nr + 1, sizeof(*header));
	struct strbuf err = STRBUF_INIT;
	size_t i, nr = s->files.nr;
	int *ret = xcalloc(nr + 1, sizeof(*ret));

	for (i = 0; i < nr; i++) {
		strvec_init(&header[i]);
		strbuf_reset(&err);
		ret[i] = begin_source(s, i, &header[i], &err);
		if (ret[i] < 0 && !s->problem.len)
			strbuf_addbuf(&s->problem, &err);
	}
	/* now that all columns are known */
	for (i = 0; i < nr; i++) {
		if (ret[i] == 1) {
			map_fields(s, &s->source[i], &header[i]);
			if (advance(s, &s->source[i]))
				s->heap[s->heap_nr++] = &s->source[i];
		}
		strvec_release(&header[i]);
	}
	for (i = s->heap_nr / 2; i--; )
		sink(s, i);
	strbuf_release(&err);
	free(header);
	free(ret);
}

int series_open(struct series **out, const char *dir, const char *name,
		const struct strvec *columns, struct strbuf *err)
{
	struct series *s = xcalloc(1, sizeof(*s));
	struct series_files files = SERIES_FILES_INIT;
	size_t i;
	int ret;

	s->files = files;
	strvec_init(&s->columns);
	strbuf_init(&s->room.text);
	strvec_init(&s->room.more);
	strbuf_init(&s->problem);
	ret = series_files_find(&s->files, dir, name, err);
	if (!ret && !s->files.nr)
		ret = fail(err, ERR_NOT_FOUND, "there is no series '%s' in "
			   "'%s'", name, dir);
	s->source = xcalloc(s->files.nr + 1, sizeof(*s->source));
	for (i = 0; i < s->files.nr; i++)
		s->source[i].lines.fd = -1;
	if (ret) {
		series_close(s);
		return ret;
	}
	s->heap = xcalloc(s->files.nr + 1, sizeof(*s->heap));
	s->all = !columns;
	add_column(s, "at");
	for (i = 0; columns && i < columns->nr; i++)
		add_column(s, columns->v[i]);
	begin(s);
	s->cells = xcalloc(s->columns.nr, sizeof(*s->cells));
	*out = s;
	return 0;
}

const struct strvec *series_columns(const struct series *s)
{
	return &s->columns;
}

static int bad_line(struct strbuf *err, const struct source *source,
		    const char *why)
{
	return fail(err, ERR_CONTENT, "'%s', line %" PRIu64 ": %s",
		    source->file->name, source->lines.line, why);
}

static int csv_row(struct series *s, const struct source *source,
		   struct strbuf *err)
{
	const char *at = source->line, *end = at + source->len;
	struct csv_field field;
	size_t i;

	series_room_clear(&s->room, source->len);
	for (i = 0; i < source->fields; i++) {
		int column = source->column[i];

		at = csv_field(&field, at, end, &s->room);
		if (!at)
			return bad_line(err, source,
					"a quote without its end");
		if (column >= 0)
			csv_cell(&s->cells[column], &field, &s->room);
		if (at == end)
			break;
		at++;
	}
	if (i == source->fields)
		return bad_line(err, source, "more fields than the header "
				"has");
	/* missing at the end */
	for (i++; i < source->fields; i++)
		if (source->column[i] >= 0)
			s->cells[source->column[i]].type = CELL_NULL;
	return 1;
}

struct member {
	struct series *s;
	struct strbuf key;
};

static void set_member(const char *key, size_t len, const struct cell *cell,
		       void *data)
{
	struct member *m = data;
	int column;

	strbuf_reset(&m->key);
	strbuf_add(&m->key, key, len);
	column = strlen(m->key.buf) == len ? find_column(m->s, m->key.buf) :
					     -1;
	if (column >= 0)
		m->s->cells[column] = *cell;
}

static int json_row(struct series *s, const struct source *source,
		    struct strbuf *err)
{
	struct member m = { s, STRBUF_INIT };
	bool good;

	series_room_clear(&s->room, 0);
	good = json_line_each(source->line, source->len, &s->room, set_member,
			      &m);
	strbuf_release(&m.key);
	return good ? 1 : bad_line(err, source, "no object");
}

int series_next(struct series *s, const struct cell **cells,
		struct strbuf *err)
{
	struct source *source = s->given;
	int ret;

	s->given = NULL;
	if (source) {
		if (!advance(s, source))
			s->heap[0] = s->heap[--s->heap_nr];
		if (s->heap_nr)
			sink(s, 0);
	}
	if (s->problem.len) {
		ret = fail(err, ERR_CONTENT, "%s", s->problem.buf);
		strbuf_reset(&s->problem);
		return ret;
	}
	if (!s->heap_nr)
		return 0;
	source = s->given = s->heap[0];
	memset(s->cells, 0, s->columns.nr * sizeof(*s->cells));
	*cells = s->cells;
	return source->file->format == METRICS_CSV ?
	       csv_row(s, source, err) : json_row(s, source, err);
}

void series_close(struct series *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->files.nr; i++) {
		series_lines_close(&s->source[i].lines);
		free(s->source[i].column);
	}
	free(s->source);
	free(s->heap);
	free(s->cells);
	series_files_release(&s->files);
	strvec_release(&s->columns);
	strmap_release(&s->by_name);
	series_room_release(&s->room);
	strbuf_release(&s->problem);
	free(s);
}
