/*
 * Gathering what a format tells of a run. Nothing is refused here: names that
 * cannot be used are mended, what is too much is left out, and both are told.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/utf8.h"
#include "lib/exp/recording/attach-file.h"
#include "lib/exp/import/import-internal.h"
#include "lib/exp/series/metrics-file.h"

#define PROBLEMS_MAX 100	/* of one run */
#define KEYS_MAX 20000		/* of one map; looking one up reads them all */

void import_sink_init(struct import_sink *sink)
{
	memset(sink, 0, sizeof(*sink));
	sink->record = value_new_map();
	strbuf_init(&sink->comment);
	strvec_init(&sink->problems);
}

static void series_free(struct import_series *s)
{
	size_t i;

	for (i = 0; i < s->column_nr.nr; i++)
		free((char *)s->column_nr.item[i].key);
	strmap_release(&s->column_nr);
	strvec_release(&s->columns);
	strbuf_release(&s->texts);
	free(s->point);
	free(s->name);
	free(s);
}

void import_sink_release(struct import_sink *sink)
{
	size_t i;

	for (i = 0; i < sink->series_nr; i++)
		series_free(sink->series[i]);
	for (i = 0; i < sink->by_name.nr; i++)
		free((char *)sink->by_name.item[i].key);
	for (i = 0; i < sink->item_nr; i++) {
		free(sink->item[i].name);
		free(sink->item[i].path);
		free(sink->item[i].data);
	}
	strmap_release(&sink->by_name);
	free(sink->series);
	free(sink->item);
	strvec_release(&sink->problems);
	strbuf_release(&sink->comment);
	value_free(sink->record);
}

void import_problem(struct import_sink *sink, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	if (sink->problems.nr < PROBLEMS_MAX) {
		va_start(ap, fmt);
		strbuf_vaddf(&text, fmt, ap);
		va_end(ap);
		strvec_push(&sink->problems, text.buf);
		strbuf_release(&text);
	} else if (sink->problems.nr == PROBLEMS_MAX) {
		strvec_push(&sink->problems, "and more, which are not listed");
	}
}

/* ---- the record ---------------------------------------------------------- */

void import_set(struct import_sink *sink, const char *path, struct value *value)
{
	value_set(sink->record, path, value);
}

void import_set_key(struct import_sink *sink, const char *map, const char *key,
		    size_t len, struct value *value)
{
	struct value *in = value_map_get(sink->record, map);
	struct strbuf name = STRBUF_INIT;
	size_t i;

	if (!in || in->type != VALUE_MAP) {
		value_map_set(sink->record, map, value_new_map());
		in = value_map_get(sink->record, map);
	}
	/* A key is text; what is none is shown as resutil shows such bytes. */
	if (utf8_is_valid(key, len) && !memchr(key, 0, len))
		strbuf_add(&name, key, len);
	else
		quote_terminal(&name, key, len);
	for (i = 0; i < in->u.map.nr; i++)
		if (!strcmp(in->u.map.pair[i].key, name.buf))
			break;
	if (i < in->u.map.nr) {
		value_map_set(in, name.buf, value);
	} else if (i < KEYS_MAX) {
		value_map_add(in, name.buf, name.len, value);
	} else {
		value_free(value);
		if (!sink->keys_lost++)
			import_problem(sink, "of more than %d keys of '%s' the "
				       "rest is left out", KEYS_MAX, map);
	}
	strbuf_release(&name);
}

void import_comment(struct import_sink *sink, const char *text)
{
	strbuf_reset(&sink->comment);
	strbuf_addstr(&sink->comment, text);
}

/* ---- series -------------------------------------------------------------- */

/* A name that a file or a column can have, of at most `max` bytes. */
static void mend(struct strbuf *out, const char *text, size_t max,
		 const char *bad)
{
	const char *at = text;
	size_t left = strlen(text);

	while (left) {
		const char *from = at;
		int32_t c = utf8_next(&at, &left);

		if (out->len + (size_t)(at - from) > max)
			break;
		if (c < 0 || utf8_is_control(c) ||
		    (c < 0x80 && strchr(bad, (int)c)))
			strbuf_addch(out, '_');
		else
			strbuf_add(out, from, (size_t)(at - from));
	}
}

static struct import_series *find_series(struct import_sink *sink,
					 const char *name)
{
	struct import_series *s = strmap_get(&sink->by_name, name);
	struct strbuf usable = STRBUF_INIT;
	size_t i;

	if (s)
		return s;
	mend(&usable, name, METRICS_MAX_SERIES, "\\/:*?\"<>|");
	if (*usable.buf == '.')
		usable.buf[0] = '_';
	for (i = 0; i < sink->series_nr && !s; i++)
		if (!strcmp(sink->series[i]->name, usable.buf))
			s = sink->series[i];
	if (!s) {
		s = xcalloc(1, sizeof(*s));
		s->name = xstrdup(usable.buf);
		strvec_init(&s->columns);
		strbuf_init(&s->texts);
		ARRAY_GROW(sink->series, sink->series_nr + 1,
			   sink->series_alloc);
		sink->series[sink->series_nr++] = s;
	}
	strmap_put(&sink->by_name, xstrdup(name), s);
	strbuf_release(&usable);
	return s;
}

/* "step" is the column of steps, "at" and "tid" are no columns. */
static bool is_taken(const struct import_series *s, const char *name)
{
	size_t i;

	if (!strcmp(name, "at") || !strcmp(name, "tid") ||
	    !strcmp(name, "step"))
		return true;
	for (i = 0; i < s->columns.nr; i++)
		if (!strcmp(s->columns.v[i], name))
			return true;
	return false;
}

/* Its number and one, or 0: there are too many of them. */
static uintptr_t find_column(struct import_series *s, const char *name)
{
	uintptr_t nr = (uintptr_t)strmap_get(&s->column_nr, name);
	struct strbuf usable = STRBUF_INIT;
	unsigned turn = 1;
	size_t len;

	if (nr || s->columns.nr >= METRICS_MAX_COLUMNS - 1)
		return nr;
	mend(&usable, name, METRICS_MAX_COLUMN - 16, "");
	if (!usable.len)
		strbuf_addstr(&usable, "value");
	len = usable.len;
	while (is_taken(s, usable.buf)) {
		strbuf_setlen(&usable, len);
		strbuf_addf(&usable, ".%u", ++turn);
	}
	strvec_push(&s->columns, usable.buf);
	strbuf_release(&usable);
	nr = s->columns.nr;
	strmap_put(&s->column_nr, xstrdup(name), (void *)nr);
	return nr;
}

static struct import_point *add_point(struct import_sink *sink,
				      struct import_series **series,
				      const char *name, const char *column)
{
	struct import_series *s;
	struct import_point *p;
	uintptr_t nr;

	if (sink->points >= IMPORT_MAX_POINTS) {
		if (!sink->points_lost++)
			import_problem(sink, "of more than %u points the rest "
				       "is left out", IMPORT_MAX_POINTS);
		return NULL;
	}
	s = find_series(sink, name);
	nr = find_column(s, column);
	if (!nr) {
		if (!sink->points_lost++)
			import_problem(sink, "of more than %d columns the rest "
				       "is left out", METRICS_MAX_COLUMNS - 1);
		return NULL;
	}
	ARRAY_GROW(s->point, s->nr + 1, s->alloc);
	p = &s->point[s->nr++];
	memset(p, 0, sizeof(*p));
	p->column = (uint32_t)(nr - 1);
	sink->points++;
	*series = s;
	return p;
}

void import_point(struct import_sink *sink, const char *series,
		  const char *column, int64_t step, int64_t at, double value)
{
	struct import_series *s;
	struct import_point *p = add_point(sink, &s, series, column);

	if (!p)
		return;
	p->step = step;
	p->at = at;
	p->u.real = value;
	s->has_steps |= step != IMPORT_NO_STEP;
}

void import_text_point(struct import_sink *sink, const char *series,
		       const char *column, int64_t step, int64_t at,
		       const char *text, size_t len)
{
	struct import_series *s;
	struct import_point *p;

	if (len > METRICS_MAX_ROW / 2) {
		import_problem(sink, "a text of %zu bytes in '%s' is left out",
			       len, column);
		return;
	}
	p = add_point(sink, &s, series, column);
	if (!p)
		return;
	p->step = step;
	p->at = at;
	p->is_text = true;
	p->u.text = s->texts.len;
	strbuf_add(&s->texts, text, strnlen(text, len));
	strbuf_addch(&s->texts, 0);
	s->has_steps |= step != IMPORT_NO_STEP;
}

/* ---- files --------------------------------------------------------------- */

static bool name_is_taken(const struct import_sink *sink, const char *name)
{
	size_t i;

	for (i = 0; i < sink->item_nr; i++)
		if (!strcmp(sink->item[i].name, name))
			return true;
	return false;
}

/* A name that clashes, or is reserved, goes below another directory. */
static struct import_item *add_item(struct import_sink *sink, const char *name)
{
	struct strbuf usable = STRBUF_INIT;
	unsigned turn = 1;

	strbuf_addstr(&usable, name);
	if (attach_check_name(usable.buf, NULL)) {
		strbuf_reset(&usable);
		strbuf_addf(&usable, "artifacts/%s", name);
	}
	if (attach_check_name(usable.buf, NULL)) {
		struct strbuf shown = STRBUF_INIT;

		quote_terminal(&shown, name, strlen(name));
		import_problem(sink, "'%s' cannot be the name of a file here, "
			       "so it is left out", shown.buf);
		strbuf_release(&shown);
		strbuf_release(&usable);
		return NULL;
	}
	while (name_is_taken(sink, usable.buf)) {
		strbuf_addf(&usable, ".%u", ++turn);
		import_problem(sink, "another file has the name '%s' already, "
			       "so it is '%s'", name, usable.buf);
	}
	ARRAY_GROW(sink->item, sink->item_nr + 1, sink->item_alloc);
	memset(&sink->item[sink->item_nr], 0, sizeof(*sink->item));
	sink->item[sink->item_nr].name = strbuf_detach(&usable, NULL);
	return &sink->item[sink->item_nr++];
}

void import_file(struct import_sink *sink, const char *path, const char *name)
{
	struct import_item *item = add_item(sink, name);

	if (item)
		item->path = xstrdup(path);
}

void import_bytes(struct import_sink *sink, const void *data, size_t len,
		  const char *name)
{
	struct import_item *item;

	if (len > IMPORT_MAX_BYTES - sink->bytes) {
		import_problem(sink, "'%s' is left out: of what lies inside of "
			       "other files, %u bytes are taken", name,
			       IMPORT_MAX_BYTES);
		return;
	}
	item = add_item(sink, name);
	if (!item)
		return;
	item->data = xmemdupz(data, len);
	item->len = len;
	sink->bytes += len;
}
