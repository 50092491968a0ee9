/*
 * Points of other programs as rows: one file a series, which has all columns,
 * so that importing again writes the same file anew.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"
#include "lib/exp/recording/attach-file.h"
#include "lib/exp/import/import-internal.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/exp/recording/run-place.h"

#include <dirent.h>

#define PIECE (256u << 10)

/* Without a step the time says what belongs together. */
static int64_t key_of(const struct import_point *p)
{
	return p->step == IMPORT_NO_STEP ? p->at : p->step;
}

static int compare_keys(const struct import_point *a,
			const struct import_point *b)
{
	bool bare_a = a->step == IMPORT_NO_STEP;
	bool bare_b = b->step == IMPORT_NO_STEP;
	int64_t x = key_of(a), y = key_of(b);

	if (bare_a != bare_b)
		return bare_a ? 1 : -1;
	return x < y ? -1 : x > y;
}

/* In `turn` is the order in which they came, at first. */
static int compare_columns(const void *x, const void *y)
{
	const struct import_point *a = x, *b = y;
	int ret = compare_keys(a, b);

	if (!ret && a->column != b->column)
		ret = a->column < b->column ? -1 : 1;
	if (!ret && a->turn != b->turn)
		ret = a->turn < b->turn ? -1 : 1;
	return ret;
}

static int compare_rows(const void *x, const void *y)
{
	const struct import_point *a = x, *b = y;
	int ret = compare_keys(a, b);

	if (!ret && a->turn != b->turn)
		ret = a->turn < b->turn ? -1 : 1;
	if (!ret && a->column != b->column)
		ret = a->column < b->column ? -1 : 1;
	return ret;
}

void import_series_sort(struct import_series *s)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		s->point[i].turn = (uint32_t)i;
	qsort(s->point, s->nr, sizeof(*s->point), compare_columns);
	for (i = 0; i < s->nr; i++) {
		struct import_point *p = &s->point[i];

		p->turn = i && !compare_keys(p - 1, p) &&
			  p[-1].column == p->column ? p[-1].turn + 1 : 0;
	}
	qsort(s->point, s->nr, sizeof(*s->point), compare_rows);
}

/* ---- rows ---------------------------------------------------------------- */

static struct value *header_of(const struct import_series *s)
{
	struct value *row = value_new_map();
	size_t i;

	if (s->has_steps)
		value_map_add(row, "step", 4, value_new_null());
	for (i = 0; i < s->columns.nr; i++)
		value_map_add(row, s->columns.v[i], strlen(s->columns.v[i]),
			      value_new_null());
	return row;
}

static void set_cell(struct value **cell, struct value *value)
{
	value_free(*cell);
	*cell = value;
}

/* Points from..to of one row. */
static void add_row(struct strbuf *out, const struct import_series *s,
		    struct value *row, size_t from, size_t to, int64_t at)
{
	size_t first = s->has_steps ? 1 : 0, i;
	int64_t earliest = INT64_MIN;
	struct moment m = { 0 };

	if (first && s->point[from].step != IMPORT_NO_STEP)
		set_cell(&row->u.map.pair[0].value,
			 value_new_int(s->point[from].step));
	for (i = from; i < to; i++) {
		const struct import_point *p = &s->point[i];
		struct value **cell = &row->u.map.pair[first + p->column].value;

		if (p->is_text)
			set_cell(cell, value_new_str(s->texts.buf +
						     p->u.text));
		else
			set_cell(cell, value_new_float(p->u.real));
		if (p->at != INT64_MIN &&
		    (earliest == INT64_MIN || p->at < earliest))
			earliest = p->at;
	}
	if (earliest == INT64_MIN)
		earliest = at;
	m.sec = earliest / 1000000;
	m.usec = (int32_t)(earliest % 1000000);
	if (m.usec < 0) {
		m.usec += 1000000;
		m.sec--;
	}
	metrics_add_csv(out, &m, row, NULL);
	strbuf_addch(out, '\n');
	if (first)
		set_cell(&row->u.map.pair[0].value, value_new_null());
	for (i = from; i < to; i++)
		set_cell(&row->u.map.pair[first + s->point[i].column].value,
			 value_new_null());
}

int import_series_csv(const struct import_series *s, int64_t at,
		      int (*fn)(const char *text, size_t len, void *data),
		      void *data)
{
	struct value *row = header_of(s);
	struct strbuf text = STRBUF_INIT;
	size_t from, to;
	int ret = 0;

	metrics_add_header(&text, row);
	strbuf_addch(&text, '\n');
	for (from = 0; from < s->nr && !ret; from = to) {
		for (to = from + 1; to < s->nr &&
		     !compare_keys(&s->point[from], &s->point[to]) &&
		     s->point[from].turn == s->point[to].turn; to++)
			;
		add_row(&text, s, row, from, to, at);
		if (text.len >= PIECE) {
			ret = fn(text.buf, text.len, data);
			strbuf_reset(&text);
		}
	}
	if (!ret)
		ret = fn(text.buf, text.len, data);
	strbuf_release(&text);
	value_free(row);
	return ret;
}

/* ---- files --------------------------------------------------------------- */

/* The number after the highest that files of measurements have there. */
static int next_number(uint64_t *out, const char *dir, struct strbuf *err)
{
	enum metrics_format format;
	struct dirent *entry;
	const char *series;
	uint64_t number;
	size_t len;
	DIR *d = opendir(dir);

	if (!d)
		return fail_errno(err, "cannot read '%s'", dir);
	*out = 0;
	while ((entry = readdir(d)))
		if (metrics_parse_name(entry->d_name, &format, &number, &series,
				       &len) && number >= *out)
			*out = number + 1;
	closedir(d);
	return 0;
}

static int write_piece(const char *text, size_t len, void *data)
{
	return sys_write_all(*(int *)data, text, len);
}

static int write_one(struct import_series *s, const struct run_place *place,
		     const char *name, int64_t at, struct strbuf *err)
{
	struct attach *a = NULL;
	int fd, ret = attach_begin(&a, place, name, &fd, err);

	if (ret)
		return ret;
	import_series_sort(s);
	if (import_series_csv(s, at, write_piece, &fd))
		ret = fail_errno(err, "cannot write '%s'", name);
	if (!ret)
		ret = attach_commit(a, err);
	attach_free(&a);
	return ret;
}

/* The name of its file: the one that it had, or a new one. */
static void choose_file(struct strbuf *out, const struct import_series *s,
			struct value *files, uint64_t *number)
{
	const char *had = value_text(value_map_get(files, s->name));
	enum metrics_format format;
	const char *series;
	uint64_t nr;
	size_t len;

	if (had && metrics_parse_name(had, &format, &nr, &series, &len) &&
	    format == METRICS_CSV && !strchr(had, '/')) {
		strbuf_addstr(out, had);
		return;
	}
	strbuf_addf(out, "metrics-%04" PRIu64 "%s%s.csv", (*number)++,
		    *s->name ? "-" : "", s->name);
	value_map_set_str(files, s->name, out->buf);
}

int import_write_series(struct import_sink *sink, const char *dir,
			struct value *files, int64_t at, struct strbuf *err)
{
	struct run_place place = RUN_PLACE_INIT;
	struct strbuf name = STRBUF_INIT;
	uint64_t number = 0;
	size_t i;
	int ret;

	strbuf_addstr(&place.dir, dir);
	ret = next_number(&number, dir, err);
	for (i = 0; i < sink->series_nr && !ret; i++) {
		strbuf_reset(&name);
		choose_file(&name, sink->series[i], files, &number);
		ret = write_one(sink->series[i], &place, name.buf, at, err);
	}
	strbuf_release(&place.dir);
	strbuf_release(&name);
	return ret;
}
