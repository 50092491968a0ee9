/*
 * What columns come to, without making a row of any line: a thousand runs are
 * summed up in about the time in which their bytes can be read. Only what is
 * asked for is looked at, and the time of a row only where it is the least or
 * greatest of a block of lines.
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
#if defined(__SSE2__) && !defined(RESUTIL_GENERIC)
#define WITH_SSE2
#include <emmintrin.h>
#endif

#define BLOCK (112u << 10)	/* bytes read at once; below what malloc() asks
				 * the system for each time */

/* A column of the answer. */
struct column {
	char *name;
	struct series_sum sum;
	double first_at;	/* of sum.first */
	uint64_t taken;		/* CSV: by a field of that file (files) */
};

/* A column of the file that is read. */
struct part {
	struct column *column;
	struct series_sum sum;
	double first_at;
	/* CSV: lines of the block whose times are still to be read */
	const char *min_line, *max_line, *last_line, *first_line;
	/* of the row that is read */
	bool has;
	struct number number;
};

struct summing {
	struct column **column;
	size_t nr, alloc;
	struct strmap by_name;
	bool all;		/* columns that come up are added */
	uint64_t bad;		/* lines that are no rows */
	struct strbuf first_bad;
	uint64_t files;		/* begun */
	/* of the file */
	struct part *part;
	size_t parts, part_alloc;
	int *field;		/* CSV: the part of each field, or -1 */
	size_t fields, last;	/* last: one behind the last that is asked */
	struct series_room room;
};

static void sum_init(struct series_sum *sum)
{
	memset(sum, 0, sizeof(*sum));
	sum->first = sum->last = sum->min = sum->max = (double)NAN;
	sum->min_at = sum->max_at = sum->last_at = (double)NAN;
	sum->whole = true;
}

static struct column *column_of(struct summing *s, const char *name)
{
	struct column *c = strmap_get(&s->by_name, name);

	if (c || !s->all || s->nr >= METRICS_MAX_COLUMNS)
		return c;
	c = xcalloc(1, sizeof(*c));
	c->name = xstrdup(name);
	sum_init(&c->sum);
	ARRAY_GROW(s->column, s->nr + 1, s->alloc);
	s->column[s->nr++] = c;
	strmap_put(&s->by_name, c->name, c);
	return c;
}

static int add_part(struct summing *s, struct column *column)
{
	struct part *p;

	ARRAY_GROW(s->part, s->parts + 1, s->part_alloc);
	p = &s->part[s->parts];
	memset(p, 0, sizeof(*p));
	sum_init(&p->sum);
	p->first_at = (double)NAN;
	p->column = column;
	return (int)s->parts++;
}

/* ---- a number joins the others ------------------------------------------- */

/* False: it is NaN, which only counts as the last. */
static inline bool add_number(struct part *p)
{
	const double v = p->number.real;

	p->sum.last = v;
	if (!p->sum.seen) {
		p->sum.seen = true;
		p->sum.first = v;
	}
	if (v != v)
		return false;
	p->sum.count++;
	p->sum.sum += v;
	p->sum.whole &= p->number.kind == NUMBER_INT;
	return true;
}

static inline void add_from_line(struct part *p, const char *line)
{
	const double v = p->number.real;
	bool first = !p->sum.seen;

	p->last_line = line;
	if (first)
		p->first_line = line;
	if (!add_number(p))
		return;
	if (!(v >= p->sum.min)) {
		p->sum.min = v;
		p->min_line = line;
	}
	if (!(v <= p->sum.max)) {
		p->sum.max = v;
		p->max_line = line;
	}
}

static void add_with_time(struct part *p, double at)
{
	const double v = p->number.real;

	p->sum.last_at = at;
	if (!p->sum.seen)
		p->first_at = at;
	if (!add_number(p))
		return;
	if (!(v >= p->sum.min)) {
		p->sum.min = v;
		p->sum.min_at = at;
	}
	if (!(v <= p->sum.max)) {
		p->sum.max = v;
		p->sum.max_at = at;
	}
}

static void read_time(double *at, const char **line, const char *end)
{
	struct number number;

	if (!*line)
		return;
	*at = number_scan(&number, *line, end) ? number.real : (double)NAN;
	*line = NULL;
}

/* Before the block goes. */
static void read_times(struct summing *s, const char *end)
{
	size_t i;

	for (i = 0; i < s->parts; i++) {
		struct part *p = &s->part[i];

		read_time(&p->sum.min_at, &p->min_line, end);
		read_time(&p->sum.max_at, &p->max_line, end);
		read_time(&p->sum.last_at, &p->last_line, end);
		read_time(&p->first_at, &p->first_line, end);
	}
}

/* Unknown times come before all others. */
static bool is_before(double a, double b)
{
	return b == b && (a != a || a < b);
}

static void merge(struct column *c, const struct part *p)
{
	const struct series_sum *from = &p->sum;
	struct series_sum *to = &c->sum;

	if (!p->sum.seen)
		return;
	if (!to->seen || is_before(p->first_at, c->first_at)) {
		to->first = from->first;
		c->first_at = p->first_at;
	}
	if (!to->seen || !is_before(from->last_at, to->last_at)) {
		to->last = from->last;
		to->last_at = from->last_at;
	}
	to->seen = true;
	if (!from->count)
		return;
	if (!to->count || from->min < to->min) {
		to->min = from->min;
		to->min_at = from->min_at;
	}
	if (!to->count || from->max > to->max) {
		to->max = from->max;
		to->max_at = from->max_at;
	}
	to->count += from->count;
	to->sum += from->sum;
	to->whole &= from->whole;
}

/* ---- CSV ----------------------------------------------------------------- */

/* The first comma or LF; there is one before the end of what may be read. */
#ifdef WITH_SSE2
static inline const char *field_end(const char *at)
{
	const __m128i comma = _mm_set1_epi8(','), lf = _mm_set1_epi8('\n');

	for (;; at += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)
						at);
		int mask = _mm_movemask_epi8(_mm_or_si128(
			_mm_cmpeq_epi8(bytes, comma),
			_mm_cmpeq_epi8(bytes, lf)));

		if (mask)
			return at + __builtin_ctz((unsigned)mask);
	}
}
#else
static inline const char *field_end(const char *at)
{
	while (*at != ',' && *at != '\n')
		at++;
	return at;
}
#endif

/* A field that is no bare number, or has quotes. NULL: the line is bad. */
static const char *slow_field(struct summing *s, struct part *p,
			      const char *at, const char *lf)
{
	const char *end = lf - (lf[-1] == '\r');
	struct csv_field field;

	if (at > end)
		end = at;
	series_room_clear(&s->room, (size_t)(end - at));
	at = csv_field(&field, at, end, &s->room);
	if (at && p && field.len)
		p->has = number_parse(&p->number, field.text, field.len);
	return at == end ? lf : at;
}

static inline const char *next_field(struct summing *s, struct part *p,
				     const char *at, const char *block_end)
{
	const char *end;

	if (!p) {
		if (*at != '"')
			return field_end(at);
	} else {
		end = number_scan(&p->number, at, block_end);
		p->has = end && (*end == ',' || *end == '\n');
		if (p->has)
			return end;
		if (*at == ',' || *at == '\n')
			return at;
	}
	return slow_field(s, p, at, memchr(at, '\n',
					   (size_t)(block_end - at)));
}

static void note_bad(struct summing *s, const char *name, uint64_t line,
		     const char *why)
{
	if (!s->bad++)
		strbuf_addf(&s->first_bad, "'%s', line %" PRIu64 ": %s", name,
			    line, why);
}

/* The line at `line`; returns behind its LF. */
static const char *sum_line(struct summing *s, struct series_lines *l,
			    const char *line, const char *end)
{
	const char *at = line;
	size_t i;

	for (i = 0;; i++) {
		int part = i < s->last ? s->field[i] : -1;

		at = next_field(s, part < 0 ? NULL : &s->part[part], at, end);
		if (!at || *at == '\n')
			break;
		at++;
	}
	if (at && i < s->fields) {
		for (i = 0; i < s->parts; i++)
			if (s->part[i].has) {
				s->part[i].has = false;
				add_from_line(&s->part[i], line);
			}
		return at + 1;
	}
	for (i = 0; i < s->parts; i++)
		s->part[i].has = false;
	note_bad(s, l->name, l->line, at ? "more fields than the header has" :
		 "a quote without its end");
	at = at ? at : line;
	return (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
}

/* 0: there is no whole header, so no row. */
static int begin_csv(struct summing *s, struct series_lines *l,
		     struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	const char *line;
	size_t len, i;
	int ret = series_lines_next(l, &line, &len, err);

	s->files++;
	s->parts = s->last = s->fields = 0;
	if (ret == 1 && !csv_header(&names, line, len))
		ret = 0;
	if (ret == 1) {
		s->fields = names.nr;
		s->field = xrealloc_array(s->field, names.nr,
					  sizeof(*s->field));
		for (i = 0; i < names.nr; i++) {
			struct column *c = !*names.v[i] || (s->all && !i) ?
					   NULL : column_of(s, names.v[i]);

			s->field[i] = -1;
			if (!c || c->taken == s->files)
				continue;
			c->taken = s->files;
			s->field[i] = add_part(s, c);
			s->last = i + 1;
		}
	}
	strvec_release(&names);
	return ret;
}

static int sum_csv(struct summing *s, struct series_lines *l,
		   struct strbuf *err)
{
	const char *at, *end;
	int ret = begin_csv(s, l, err);

	while (ret == 1) {
		ret = series_lines_block(l, &at, &end, err);
		if (ret == ERR_CONTENT) {
			note_bad(s, l->name, l->line + 1, "too long");
			if (err)
				strbuf_reset(err);
			ret = 1;
			continue;
		}
		if (ret != 1 || !s->parts)
			break;
		while (at < end) {
			l->line++;
			if (*at == '\n' || (*at == '\r' && at[1] == '\n'))
				at += 1 + (*at == '\r');
			else
				at = sum_line(s, l, at, end);
		}
		read_times(s, end);
	}
	return ret == 1 ? 0 : ret;
}

/* ---- JSON lines ---------------------------------------------------------- */

struct member {
	struct summing *s;
	struct strmap *parts;	/* by name: the number of the part, plus 1 */
	struct strbuf key;
	size_t turn;		/* members come in the same order, as a rule */
	double at;
};

static struct part *member_part(struct member *m, const char *key, size_t len)
{
	struct summing *s = m->s;
	struct column *c;
	size_t nr;

	if (m->turn < s->parts) {
		const char *name = s->part[m->turn].column->name;

		if (!strncmp(name, key, len) && !name[len])
			return &s->part[m->turn++];
	}
	strbuf_reset(&m->key);
	strbuf_add(&m->key, key, len);
	c = strlen(m->key.buf) == len ? column_of(s, m->key.buf) : NULL;
	if (!c)
		return NULL;
	nr = (size_t)(uintptr_t)strmap_get(m->parts, c->name);
	if (!nr) {
		nr = (size_t)add_part(s, c) + 1;
		strmap_put(m->parts, c->name, (void *)(uintptr_t)nr);
	}
	m->turn = nr;
	return &s->part[nr - 1];
}

static void add_member(const char *key, size_t len, const struct cell *cell,
		       void *data)
{
	struct member *m = data;
	bool is_int = cell->type == CELL_INT;
	struct part *p;

	if (len == 2 && !memcmp(key, "at", 2) &&
	    (is_int || cell->type == CELL_FLOAT))
		m->at = is_int ? (double)cell->u.number : cell->u.real;
	if (m->s->all && (!len || (len == 2 && !memcmp(key, "at", 2)) ||
			  len > METRICS_MAX_COLUMN))
		return;
	p = member_part(m, key, len);
	if (!p)
		return;
	p->has = is_int || cell->type == CELL_FLOAT;
	p->number.kind = is_int ? NUMBER_INT : NUMBER_REAL;
	if (p->has)
		p->number.real = is_int ? (double)cell->u.number :
					  cell->u.real;
}

static int sum_json(struct summing *s, struct series_lines *l,
		    struct strbuf *err)
{
	struct strmap parts = STRMAP_INIT;
	struct member m = { .s = s, .parts = &parts, .key = STRBUF_INIT };
	const char *line;
	size_t len, i;
	int ret;

	s->parts = 0;
	while ((ret = series_lines_next(l, &line, &len, err)) == 1 ||
	       ret == ERR_CONTENT) {
		bool good;

		if (ret == ERR_CONTENT) {
			note_bad(s, l->name, l->line + 1, "too long");
			if (err)
				strbuf_reset(err);
			continue;
		}
		m.turn = 0;
		m.at = (double)NAN;
		series_room_clear(&s->room, 0);
		good = json_line_each(line, len, &s->room, add_member, &m);
		if (!good)
			note_bad(s, l->name, l->line, "no object");
		for (i = 0; i < s->parts; i++) {
			if (s->part[i].has && good)
				add_with_time(&s->part[i], m.at);
			s->part[i].has = false;
		}
	}
	strbuf_release(&m.key);
	strmap_release(&parts);
	return ret;
}

/* ---- a series ------------------------------------------------------------ */

static void summing_release(struct summing *s)
{
	size_t i;

	for (i = 0; i < s->nr; i++) {
		free(s->column[i]->name);
		free(s->column[i]);
	}
	free(s->column);
	strmap_release(&s->by_name);
	strbuf_release(&s->first_bad);
	free(s->part);
	free(s->field);
	series_room_release(&s->room);
}

static int sum_file(struct summing *s, int dirfd, const struct series_file *f,
		    struct strbuf *err)
{
	struct series_lines l;
	size_t i;
	int ret = series_lines_open(&l, dirfd, f->name, BLOCK, true, err);

	if (ret)
		return ret;
	ret = f->format == METRICS_CSV ? sum_csv(s, &l, err) :
					 sum_json(s, &l, err);
	for (i = 0; i < s->parts; i++)
		merge(s->part[i].column, &s->part[i]);
	s->parts = 0;
	series_lines_close(&l);
	return ret;
}

static void sum_files(struct summing *s, const struct series_files *files,
		      const char *series)
{
	struct strbuf err = STRBUF_INIT;
	size_t i;

	for (i = 0; i < files->nr; i++) {
		if (strcmp(files->file[i].series, series))
			continue;
		if (sum_file(s, files->dirfd, &files->file[i], &err)) {
			if (!s->bad++)
				strbuf_addbuf(&s->first_bad, &err);
			strbuf_reset(&err);
		}
	}
	strbuf_release(&err);
}

static void add_problem(struct strbuf *out, const struct summing *s)
{
	strbuf_addbuf(out, &s->first_bad);
	if (s->bad > 1)
		strbuf_addf(out, ", and %" PRIu64 " more", s->bad - 1);
	strbuf_addstr(out, ", left out");
}

int series_sums(struct series_sum **out, struct strvec *columns,
		const char *dir, const char *name, struct strbuf *err)
{
	struct series_files files = SERIES_FILES_INIT;
	struct summing s = {
		.by_name = STRMAP_INIT, .first_bad = STRBUF_INIT,
		.room = SERIES_ROOM_INIT
	};
	int ret = series_files_find(&files, dir, name, err);
	size_t i;

	*out = NULL;
	if (!ret && !files.nr)
		ret = fail(err, ERR_NOT_FOUND, "there is no series '%s' in "
			   "'%s'", name, dir);
	if (ret)
		goto cleanup;
	s.all = true;
	for (i = 0; i < columns->nr; i++)
		column_of(&s, columns->v[i]);
	s.all = !columns->nr;
	sum_files(&s, &files, name);
	if (s.all)
		for (i = 0; i < s.nr; i++)
			strvec_push(columns, s.column[i]->name);
	*out = xcalloc(columns->nr + 1, sizeof(**out));
	for (i = 0; i < columns->nr; i++) {
		const struct column *c = strmap_get(&s.by_name, columns->v[i]);

		sum_init(&(*out)[i]);
		if (c)
			(*out)[i] = c->sum;
	}
	if (s.bad) {
		struct strbuf text = STRBUF_INIT;

		add_problem(&text, &s);
		ret = fail(err, ERR_PARTLY, "%s", text.buf);
		strbuf_release(&text);
	}

cleanup:
	summing_release(&s);
	series_files_release(&files);
	return ret;
}

static struct value *number_value(double real, bool whole)
{
	return whole && fabs(real) <= 9007199254740992.0 ?
	       value_new_int((int64_t)real) : value_new_float(real);
}

static struct value *column_facts(const struct series_sum *sum)
{
	struct value *map = value_new_map();

	value_map_set_int(map, "count", (int64_t)sum->count);
	value_map_set(map, "last", number_value(sum->last, sum->whole &&
						sum->last == sum->last));
	if (sum->count) {
		value_map_set(map, "min", number_value(sum->min, sum->whole));
		value_map_set(map, "max", number_value(sum->max, sum->whole));
		value_map_set(map, "mean",
			      value_new_float(sum->sum / (double)sum->count));
	}
	return map;
}

static void add_facts(struct value *facts, const struct series_files *files,
		      const char *series, struct strvec *problems)
{
	struct summing s = {
		.by_name = STRMAP_INIT, .all = true,
		.first_bad = STRBUF_INIT, .room = SERIES_ROOM_INIT
	};
	struct value *columns = value_new_map();
	struct strbuf text = STRBUF_INIT;
	size_t i;

	sum_files(&s, files, series);
	for (i = 0; i < s.nr; i++)
		if (s.column[i]->sum.seen)
			value_map_add(columns, s.column[i]->name,
				      strlen(s.column[i]->name),
				      column_facts(&s.column[i]->sum));
	if (s.bad) {
		add_problem(&text, &s);
		strvec_push(problems, text.buf);
	}
	value_map_add(facts, series, strlen(series), columns);
	strbuf_release(&text);
	summing_release(&s);
}

struct value *series_facts(const char *dir, struct strvec *problems)
{
	struct series_files files = SERIES_FILES_INIT;
	struct strbuf err = STRBUF_INIT;
	struct value *facts = NULL;
	struct strvec names = STRVEC_INIT;
	size_t i;

	if (series_files_find(&files, dir, NULL, &err))
		strvec_push(problems, err.buf);
	for (i = 0; i < files.nr; i++)
		strvec_push(&names, files.file[i].series);
	strvec_sort(&names, true);
	if (names.nr)
		facts = value_new_map();
	for (i = 0; i < names.nr; i++)
		add_facts(facts, &files, names.v[i], problems);
	strvec_release(&names);
	strbuf_release(&err);
	series_files_release(&files);
	return facts;
}
