#include "lib/base/compat.h"
#include "lib/exp/import/import-wandb.h"
#include "lib/base/alloc.h"
#include "lib/base/protobuf-wire.h"
#include "lib/base/utf8.h"
#include "lib/wrap/json.h"

#include <math.h>

/* Numbers of the fields. */
enum {
	RECORD_HISTORY = 2, RECORD_SUMMARY = 3, RECORD_CONFIG = 5,
	RECORD_STATS = 7, RECORD_RUN = 17, RECORD_EXIT = 18,
	RUN_ENTITY = 2, RUN_PROJECT = 3, RUN_CONFIG = 4, RUN_SUMMARY = 5,
	RUN_GROUP = 6, RUN_JOB_TYPE = 7, RUN_NAME = 8, RUN_NOTES = 9,
	RUN_TAGS = 10, RUN_SWEEP = 12, RUN_HOST = 13, RUN_START = 17,
	RUN_GIT = 21, GIT_REMOTE = 1, GIT_COMMIT = 2,
	EXIT_CODE = 1, EXIT_RUNTIME = 2,
	HISTORY_ITEM = 1, HISTORY_STEP = 2, STEP_NUM = 1,
	UPDATE = 1, REMOVE = 2,
	STATS_TIME = 2, STATS_ITEM = 3,
	ITEM_KEY = 1, ITEM_NESTED = 2, ITEM_JSON = 16,
	TIME_SECONDS = 1, TIME_NANOS = 2
};

#define HISTORY_ITEMS_MAX 10000

struct wandb_reader {
	struct import_sink *sink;
	struct value *tags;
	double start;		/* milliseconds; 0: not known */
	double last;		/* of any row */
	int64_t runtime;	/* seconds; -1: not known */
	int64_t exit_code;
	bool has_exit, has_run;
	size_t left_out;	/* values of series that are neither */
};

struct item {
	struct strbuf key;	/* parts of a nested one split by dots */
	struct value *value;
};

struct wandb_reader *wandb_reader_new(struct import_sink *sink)
{
	struct wandb_reader *r = xcalloc(1, sizeof(*r));

	r->sink = sink;
	r->runtime = -1;
	r->tags = value_new_list();
	return r;
}

void wandb_reader_free(struct wandb_reader *r)
{
	if (r)
		value_free(r->tags);
	free(r);
}

static struct value *text_value(const struct wire *w)
{
	return value_new_text((const char *)w->at, wire_len(w));
}

/* Python's json writes what JSON does not have. */
static struct value *json_value(const struct wire *w)
{
	static const struct { const char *text; double real; } odd[] = {
		{ "NaN", NAN }, { "Infinity", INFINITY },
		{ "-Infinity", -INFINITY },
	};
	const char *text = (const char *)w->at;
	size_t len = wire_len(w), i;
	struct value *value = NULL;

	for (i = 0; i < ARRAY_SIZE(odd); i++)
		if (len == strlen(odd[i].text) &&
		    !memcmp(text, odd[i].text, len))
			return value_new_float(odd[i].real);
	if (json_parse(&value, text, len, "value", NULL))
		value = value_new_text(text, len);
	return value;
}

/* ConfigItem, SummaryItem, HistoryItem and StatsItem are alike. */
static bool read_item(struct item *item, struct wire w)
{
	struct wire_field f;
	int got;

	strbuf_reset(&item->key);
	value_free(item->value);
	item->value = NULL;
	while ((got = wire_next(&w, &f)) > 0) {
		if (f.type != WIRE_BYTES)
			continue;
		if (f.number == ITEM_JSON) {
			value_free(item->value);
			item->value = json_value(&f.bytes);
		} else if (f.number == ITEM_KEY || f.number == ITEM_NESTED) {
			if (item->key.len)
				strbuf_addch(&item->key, '.');
			strbuf_add(&item->key, f.bytes.at, wire_len(&f.bytes));
		}
	}
	return !got && item->key.len;
}

static void item_release(struct item *item)
{
	strbuf_release(&item->key);
	value_free(item->value);
}

/* "_wandb" and its like are W&B's own. */
static bool is_own(const struct strbuf *key)
{
	return *key->buf == '_';
}

static bool read_updates(struct wandb_reader *r, const char *map,
			 struct wire w)
{
	struct item item = { STRBUF_INIT, NULL };
	struct wire_field f;
	int got;

	while ((got = wire_next(&w, &f)) > 0) {
		if (f.number != UPDATE || f.type != WIRE_BYTES ||
		    !read_item(&item, f.bytes) || is_own(&item.key) ||
		    !item.value)
			continue;
		import_set_key(r->sink, map, item.key.buf, item.key.len,
			       item.value);
		item.value = NULL;
	}
	item_release(&item);
	return !got;
}

/* ---- series ------------------------------------------------------------- */

static double read_time(struct wire w)
{
	int64_t seconds = 0, nanos = 0;
	struct wire_field f;

	while (wire_next(&w, &f) > 0) {
		if (f.number == TIME_SECONDS)
			wire_int(&f, &seconds);
		else if (f.number == TIME_NANOS)
			wire_int(&f, &nanos);
	}
	return (double)seconds * 1e3 + (double)nanos / 1e6;
}

static int64_t usec_of(double milliseconds)
{
	return milliseconds > 0 && milliseconds < 253402300800000.0 ?
	       (int64_t)(milliseconds * 1000) : INT64_MIN;
}

static void add_point(struct wandb_reader *r, const char *series,
		      const char *key, const struct value *value, int64_t step,
		      int64_t at)
{
	const char *text = value_text(value);

	if (value->type == VALUE_INT)
		import_point(r->sink, series, key, step, at,
			     (double)value->u.number);
	else if (value->type == VALUE_FLOAT)
		import_point(r->sink, series, key, step, at, value->u.real);
	else if (value->type == VALUE_BOOL)
		import_point(r->sink, series, key, step, at,
			     value->u.truth ? 1 : 0);
	else if (text)
		import_text_point(r->sink, series, key, step, at, text,
				  strlen(text));
	else if (value->type != VALUE_NULL)
		r->left_out++;
}

/* A map is its members, by paths with dots. */
static void add_points(struct wandb_reader *r, const char *series,
		       struct strbuf *key, const struct value *value,
		       int64_t step, int64_t at)
{
	size_t len = key->len, i;

	if (value->type != VALUE_MAP) {
		add_point(r, series, key->buf, value, step, at);
		return;
	}
	if (value_map_get(value, "_type")) {	/* an image, a table ... */
		r->left_out++;
		return;
	}
	for (i = 0; i < value->u.map.nr; i++) {
		strbuf_addf(key, ".%s", value->u.map.pair[i].key);
		add_points(r, series, key, value->u.map.pair[i].value, step,
			   at);
		strbuf_setlen(key, len);
	}
}

struct history {
	struct item *item;
	size_t nr, alloc;
	int64_t step, at;
};

static bool gather(struct history *h, struct wire w)
{
	struct wire_field f, g;
	struct item *item;
	int got;

	while ((got = wire_next(&w, &f)) > 0) {
		if (f.type != WIRE_BYTES)
			continue;
		if (f.number == HISTORY_STEP)
			while (wire_next(&f.bytes, &g) > 0)
				if (g.number == STEP_NUM)
					wire_int(&g, &h->step);
		if (f.number != HISTORY_ITEM || h->nr >= HISTORY_ITEMS_MAX)
			continue;
		ARRAY_GROW(h->item, h->nr + 1, h->alloc);
		item = &h->item[h->nr];
		strbuf_init(&item->key);
		item->value = NULL;
		h->nr++;
		if (!read_item(item, f.bytes) || !item->value) {
			item_release(item);
			h->nr--;
		}
	}
	return !got;
}

/* "_step" and "_timestamp" say when; they may come last. */
static void find_when(struct wandb_reader *r, struct history *h)
{
	double number;
	size_t i;

	for (i = 0; i < h->nr; i++) {
		const struct item *item = &h->item[i];

		if (item->value->type == VALUE_INT)
			number = (double)item->value->u.number;
		else if (item->value->type == VALUE_FLOAT)
			number = item->value->u.real;
		else
			continue;
		if (!strcmp(item->key.buf, "_step") && number > -9e15 &&
		    number < 9e15)
			h->step = (int64_t)number;
		if (!strcmp(item->key.buf, "_timestamp")) {
			h->at = usec_of(number * 1000);
			if (number * 1000 > r->last)
				r->last = number * 1000;
		}
	}
}

static bool read_history(struct wandb_reader *r, struct wire w)
{
	struct history h = { .step = IMPORT_NO_STEP, .at = INT64_MIN };
	bool ok = gather(&h, w);
	size_t i;

	find_when(r, &h);
	for (i = 0; i < h.nr; i++) {
		if (!is_own(&h.item[i].key))
			add_points(r, "", &h.item[i].key, h.item[i].value,
				   h.step, h.at);
		item_release(&h.item[i]);
	}
	free(h.item);
	return ok;
}

static bool read_stats(struct wandb_reader *r, struct wire w)
{
	struct item item = { STRBUF_INIT, NULL };
	struct wire again = w;
	struct wire_field f;
	double time = 0;
	int got;

	while (wire_next(&again, &f) > 0)
		if (f.number == STATS_TIME && f.type == WIRE_BYTES)
			time = read_time(f.bytes);
	while ((got = wire_next(&w, &f)) > 0)
		if (f.number == STATS_ITEM && f.type == WIRE_BYTES &&
		    read_item(&item, f.bytes) && item.value &&
		    !is_own(&item.key))
			add_points(r, "system", &item.key, item.value,
				   IMPORT_NO_STEP, usec_of(time));
	item_release(&item);
	return !got;
}

/* ---- the run ------------------------------------------------------------ */

static void set_text(struct wandb_reader *r, const char *path,
		     const struct wire *w)
{
	if (wire_len(w))
		import_set(r->sink, path, text_value(w));
}

static void set_info(struct wandb_reader *r, const char *key,
		     const struct wire *w)
{
	if (wire_len(w))
		import_set_key(r->sink, "info", key, strlen(key),
			       text_value(w));
}

static void set_name(struct wandb_reader *r, const struct wire *w)
{
	char *name = xmemdupz(w->at, wire_len(w));

	if (*name && utf8_is_valid(name, strlen(name)))
		import_comment(r->sink, name);
	set_info(r, "wandb.name", w);
	free(name);
}

static void read_git(struct wandb_reader *r, struct wire w)
{
	struct wire_field f;

	while (wire_next(&w, &f) > 0) {
		if (f.type != WIRE_BYTES)
			continue;
		if (f.number == GIT_COMMIT)
			set_text(r, "git.commit_hash", &f.bytes);
		else if (f.number == GIT_REMOTE)
			set_text(r, "git.remote", &f.bytes);
	}
}

static bool read_run_part(struct wandb_reader *r, const struct wire_field *f)
{
	switch (f->number) {
	case RUN_ENTITY:
		set_info(r, "wandb.entity", &f->bytes);
		break;
	case RUN_PROJECT:
		set_info(r, "wandb.project", &f->bytes);
		break;
	case RUN_GROUP:
		set_info(r, "wandb.group", &f->bytes);
		break;
	case RUN_JOB_TYPE:
		set_info(r, "wandb.job_type", &f->bytes);
		break;
	case RUN_SWEEP:
		set_info(r, "wandb.sweep", &f->bytes);
		break;
	case RUN_NOTES:
		set_info(r, "wandb.notes", &f->bytes);
		break;
	case RUN_NAME:
		set_name(r, &f->bytes);
		break;
	case RUN_HOST:
		set_text(r, "host", &f->bytes);
		break;
	case RUN_TAGS:
		value_list_add(r->tags, text_value(&f->bytes));
		break;
	case RUN_START:
		r->start = read_time(f->bytes);
		break;
	case RUN_GIT:
		read_git(r, f->bytes);
		break;
	case RUN_CONFIG:
		return read_updates(r, "params", f->bytes);
	case RUN_SUMMARY:
		return read_updates(r, "info", f->bytes);
	default:
		break;
	}
	return true;
}

static bool read_run(struct wandb_reader *r, struct wire w)
{
	struct wire_field f;
	bool ok = true;
	int got = 0;

	r->has_run = true;
	value_free(r->tags);
	r->tags = value_new_list();
	while (ok && (got = wire_next(&w, &f)) > 0)
		ok = f.type != WIRE_BYTES || read_run_part(r, &f);
	return ok && !got;
}

static bool read_exit(struct wandb_reader *r, struct wire w)
{
	struct wire_field f;
	int got;

	r->has_exit = true;
	r->exit_code = 0;
	while ((got = wire_next(&w, &f)) > 0) {
		if (f.number == EXIT_CODE)
			wire_int(&f, &r->exit_code);
		else if (f.number == EXIT_RUNTIME)
			wire_int(&f, &r->runtime);
	}
	return !got;
}

bool wandb_read(struct wandb_reader *r, const void *data, size_t len)
{
	struct wire w = wire_of(data, len);
	struct wire_field f;
	bool ok = true;
	int got = 0;

	while (ok && (got = wire_next(&w, &f)) > 0) {
		if (f.type != WIRE_BYTES)
			continue;
		if (f.number == RECORD_HISTORY)
			ok = read_history(r, f.bytes);
		else if (f.number == RECORD_SUMMARY)
			ok = read_updates(r, "info", f.bytes);
		else if (f.number == RECORD_CONFIG)
			ok = read_updates(r, "params", f.bytes);
		else if (f.number == RECORD_STATS)
			ok = read_stats(r, f.bytes);
		else if (f.number == RECORD_RUN)
			ok = read_run(r, f.bytes);
		else if (f.number == RECORD_EXIT)
			ok = read_exit(r, f.bytes);
	}
	return ok && !got;
}

void wandb_reader_end(struct wandb_reader *r)
{
	if (r->start) {
		import_set_time(r->sink, "created", r->start);
		import_set_time(r->sink, "started", r->start);
	}
	if (r->has_exit) {
		import_set(r->sink, "exit_code", value_new_int(r->exit_code));
		import_set(r->sink, "state",
			   value_new_str(r->exit_code ? "fail" : "done"));
		if (r->start && r->runtime >= 0)
			import_set_time(r->sink, "finished", r->start +
					(double)r->runtime * 1000);
		else if (r->last > 0)
			import_set_time(r->sink, "finished", r->last);
	}
	if (r->tags->u.list.nr) {
		import_set(r->sink, "tags", r->tags);
		r->tags = value_new_list();
	}
	if (!r->has_run)
		import_problem(r->sink, "nothing says which run it is: its "
			       "beginning was not written");
	if (r->left_out)
		import_problem(r->sink, "%zu values that are neither numbers "
			       "nor texts are left out of series; what lies in "
			       "files/ is taken", r->left_out);
}
