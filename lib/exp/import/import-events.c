#include "lib/base/compat.h"
#include "lib/exp/import/import-events.h"
#include "lib/base/alloc.h"
#include "lib/base/protobuf-wire.h"
#include "lib/base/strmap.h"

/* Numbers of the fields. */
enum {
	EVENT_WALL_TIME = 1, EVENT_STEP = 2, EVENT_SUMMARY = 5,
	SUMMARY_VALUE = 1,
	VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_IMAGE = 4, VALUE_HISTO = 5,
	VALUE_AUDIO = 6, VALUE_TENSOR = 8, VALUE_METADATA = 9,
	METADATA_PLUGIN = 1, PLUGIN_NAME = 1, PLUGIN_CONTENT = 2,
	IMAGE_ENCODED = 4,
	TENSOR_DTYPE = 1, TENSOR_CONTENT = 4, TENSOR_FLOATS = 5,
	TENSOR_DOUBLES = 6, TENSOR_INTS = 7, TENSOR_STRINGS = 8,
	TENSOR_INT64S = 10,
	HPARAMS_START = 3, HPARAMS_END = 4,
	START_HPARAMS = 1, START_GROUP = 4, END_STATUS = 1,
	MAP_KEY = 1, MAP_VALUE = 2,
	STRUCT_NUMBER = 2, STRUCT_STRING = 3, STRUCT_BOOL = 4
};

enum { DT_FLOAT = 1, DT_DOUBLE = 2, DT_INT32 = 3, DT_INT64 = 9 };

#define NAME_MAX_TAG 1000	/* longer tags are cut */

struct event_reader {
	struct import_sink *sink;
	struct strmap plugins;	/* tag to name of its plugin: only the first
				 * value of a tag has it */
	double first, last;	/* wall_time, seconds */
	bool has_time;
	size_t left_out;	/* values of kinds that have no place here */
};

/* What one Value says. */
struct value_parts {
	struct strbuf tag, plugin;
	struct wire tensor, image, content;
	double simple;
	bool has_simple, has_tensor, has_image, other;
};

struct moment_of_event {
	int64_t step, at;
	const char *series;
};

struct event_reader *event_reader_new(struct import_sink *sink)
{
	struct event_reader *r = xcalloc(1, sizeof(*r));

	r->sink = sink;
	return r;
}

void event_reader_free(struct event_reader *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->plugins.nr; i++) {
		free((char *)r->plugins.item[i].key);
		free(r->plugins.item[i].value);
	}
	strmap_release(&r->plugins);
	free(r);
}

static void text_of(struct strbuf *out, const struct wire *w)
{
	size_t len = MINIMUM(wire_len(w), NAME_MAX_TAG);

	strbuf_reset(out);
	strbuf_add(out, w->at, strnlen((const char *)w->at, len));
}

/* The shortest decimal that is the same float: 0.1, not 0.10000000149. */
static double as_written(double real)
{
	char text[40];
	int digits;

	if (real != real || real - real != 0)
		return real;
	for (digits = 6; digits < 10; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, real);
		if ((double)strtof(text, NULL) == real)
			break;
	}
	return strtod(text, NULL);
}

/* ---- tensors ------------------------------------------------------------- */

struct tensor {
	int64_t dtype;
	struct wire content;
	double number;		/* the first */
	bool has_number;
	struct wire string[8];	/* the first ones */
	size_t strings;
};

static void take_number(struct tensor *t, double number, bool ok)
{
	if (ok && !t->has_number) {
		t->number = number;
		t->has_number = true;
	}
}

static void take_numbers(struct tensor *t, const struct wire_field *f)
{
	struct wire packed = f->bytes;
	int64_t whole = 0;
	double real = 0;
	bool ok;

	switch (f->number) {
	case TENSOR_FLOATS:
		ok = f->type == WIRE_BYTES ? wire_unpack_float(&packed, &real) :
		     wire_float(f, &real);
		take_number(t, as_written(real), ok);
		break;
	case TENSOR_DOUBLES:
		ok = f->type == WIRE_BYTES ?
		     wire_unpack_double(&packed, &real) : wire_double(f, &real);
		take_number(t, real, ok);
		break;
	default:
		ok = f->type == WIRE_BYTES ? wire_unpack_int(&packed, &whole) :
		     wire_int(f, &whole);
		take_number(t, (double)whole, ok);
	}
}

static void take_content(struct tensor *t)
{
	struct wire w = t->content;
	double real = 0;

	if (t->dtype == DT_FLOAT && wire_unpack_float(&w, &real))
		take_number(t, as_written(real), true);
	else if (t->dtype == DT_DOUBLE && wire_unpack_double(&w, &real))
		take_number(t, real, true);
	else if (t->dtype == DT_INT32 && wire_len(&w) >= 4)
		take_number(t, (double)(int32_t)((uint32_t)w.at[0] |
						 (uint32_t)w.at[1] << 8 |
						 (uint32_t)w.at[2] << 16 |
						 (uint32_t)w.at[3] << 24),
			    true);
}

static bool read_tensor(struct tensor *t, struct wire w)
{
	struct wire_field f;
	int got;

	memset(t, 0, sizeof(*t));
	while ((got = wire_next(&w, &f)) > 0) {
		if (f.number == TENSOR_DTYPE)
			wire_int(&f, &t->dtype);
		else if (f.number == TENSOR_CONTENT && f.type == WIRE_BYTES)
			t->content = f.bytes;
		else if (f.number == TENSOR_STRINGS && f.type == WIRE_BYTES &&
			 t->strings < ARRAY_SIZE(t->string))
			t->string[t->strings++] = f.bytes;
		else if ((f.number >= TENSOR_FLOATS &&
			  f.number <= TENSOR_INTS) ||
			 f.number == TENSOR_INT64S)
			take_numbers(t, &f);
	}
	if (t->content.at && !t->has_number)
		take_content(t);
	return !got;
}

/* ---- hyperparameters ----------------------------------------------------- */

/* google.protobuf.Value */
static struct value *struct_value(struct wire w)
{
	struct value *value = NULL;
	struct wire_field f;
	double real;
	int64_t whole;

	while (wire_next(&w, &f) > 0) {
		value_free(value);
		value = NULL;
		if (f.number == STRUCT_NUMBER && wire_double(&f, &real))
			value = real > -1e15 && real < 1e15 &&
				real == (double)(int64_t)real ?
				value_new_int((int64_t)real) :
				value_new_float(real);
		else if (f.number == STRUCT_STRING && f.type == WIRE_BYTES)
			value = value_new_text((const char *)f.bytes.at,
					       wire_len(&f.bytes));
		else if (f.number == STRUCT_BOOL && wire_int(&f, &whole))
			value = value_new_bool(whole);
	}
	return value ? value : value_new_null();
}

static void read_hparam(struct event_reader *r, struct wire w)
{
	struct wire key = { NULL, NULL };
	struct value *value = NULL;
	struct wire_field f;

	while (wire_next(&w, &f) > 0) {
		if (f.type != WIRE_BYTES)
			continue;
		if (f.number == MAP_KEY)
			key = f.bytes;
		if (f.number == MAP_VALUE) {
			value_free(value);
			value = struct_value(f.bytes);
		}
	}
	if (key.at && wire_len(&key) && value)
		import_set_key(r->sink, "params", (const char *)key.at,
			       wire_len(&key), value);
	else
		value_free(value);
}

static void read_hparams(struct event_reader *r, struct wire w)
{
	static const char *const states[] = { NULL, "done", "fail" };
	struct wire_field f, g;
	int64_t status;

	while (wire_next(&w, &f) > 0) {
		if (f.type != WIRE_BYTES)
			continue;
		while ((f.number == HPARAMS_START ||
			f.number == HPARAMS_END) &&
		       wire_next(&f.bytes, &g) > 0) {
			if (f.number == HPARAMS_START &&
			    g.number == START_HPARAMS && g.type == WIRE_BYTES)
				read_hparam(r, g.bytes);
			else if (f.number == HPARAMS_END &&
				 g.number == END_STATUS &&
				 wire_int(&g, &status) &&
				 (status == 1 || status == 2))
				import_set(r->sink, "state",
					   value_new_str(states[status]));
		}
	}
}

/* ---- values -------------------------------------------------------------- */

static bool read_metadata(struct value_parts *v, struct wire w)
{
	struct wire_field f, g;
	int got;

	while ((got = wire_next(&w, &f)) > 0) {
		if (f.number != METADATA_PLUGIN || f.type != WIRE_BYTES)
			continue;
		while (wire_next(&f.bytes, &g) > 0) {
			if (g.number == PLUGIN_NAME && g.type == WIRE_BYTES)
				text_of(&v->plugin, &g.bytes);
			else if (g.number == PLUGIN_CONTENT &&
				 g.type == WIRE_BYTES)
				v->content = g.bytes;
		}
	}
	return !got;
}

static bool read_parts(struct value_parts *v, struct wire w)
{
	struct wire_field f;
	bool ok = true;
	int got;

	while ((got = wire_next(&w, &f)) > 0 && ok) {
		if (f.number == VALUE_SIMPLE)
			v->has_simple = wire_float(&f, &v->simple);
		else if (f.type != WIRE_BYTES)
			continue;
		else if (f.number == VALUE_TAG)
			text_of(&v->tag, &f.bytes);
		else if (f.number == VALUE_METADATA)
			ok = read_metadata(v, f.bytes);
		else if (f.number == VALUE_TENSOR) {
			v->tensor = f.bytes;
			v->has_tensor = true;
		} else if (f.number == VALUE_IMAGE) {
			v->image = f.bytes;
			v->has_image = true;
		} else if (f.number == VALUE_HISTO ||
			   f.number == VALUE_AUDIO) {
			v->other = true;
		}
	}
	return ok && got >= 0;
}

/* The plugin of a tag stands with the first value of it only. */
static void find_plugin(struct event_reader *r, struct value_parts *v)
{
	const char *known = strmap_get(&r->plugins, v->tag.buf);

	if (!v->plugin.len && known)
		strbuf_addstr(&v->plugin, known);
	else if (v->plugin.len && !known)
		strmap_put(&r->plugins, xstrdup(v->tag.buf),
			   xstrdup(v->plugin.buf));
}

/* images/TAG/STEP.png, or of what it is. */
static void add_image(struct event_reader *r, const char *tag,
		      const struct moment_of_event *when, struct wire data)
{
	static const struct { const char *magic, *ending; } kinds[] = {
		{ "\211PNG", "png" }, { "\377\330\377", "jpg" },
		{ "GIF8", "gif" }, { "BM", "bmp" },
	};
	const char *ending = "bin", *at;
	struct strbuf name = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (wire_len(&data) > strlen(kinds[i].magic) &&
		    !memcmp(data.at, kinds[i].magic, strlen(kinds[i].magic)))
			ending = kinds[i].ending;
	strbuf_addstr(&name, "images/");
	if (*when->series)
		strbuf_addf(&name, "%s/", when->series);
	for (at = tag; *at; at++)
		strbuf_addch(&name, *at == '.' && (at == tag || at[-1] == '/') ?
			     '_' : *at);
	strbuf_addf(&name, "/%06" PRId64 ".%s", when->step, ending);
	import_bytes(r->sink, data.at, wire_len(&data), name.buf);
	strbuf_release(&name);
}

static void add_old_image(struct event_reader *r, const struct value_parts *v,
			  const struct moment_of_event *when)
{
	struct wire w = v->image;
	struct wire_field f;

	while (wire_next(&w, &f) > 0)
		if (f.number == IMAGE_ENCODED && f.type == WIRE_BYTES)
			add_image(r, v->tag.buf, when, f.bytes);
}

static bool add_tensor(struct event_reader *r, const struct value_parts *v,
		       const struct moment_of_event *when)
{
	struct tensor t;

	if (!read_tensor(&t, v->tensor))
		return false;
	if (!strcmp(v->plugin.buf, "images") && t.strings > 2)
		add_image(r, v->tag.buf, when, t.string[2]);
	else if (!strcmp(v->plugin.buf, "text") && t.strings)
		import_text_point(r->sink, when->series, v->tag.buf,
				  when->step, when->at,
				  (const char *)t.string[0].at,
				  wire_len(&t.string[0]));
	else if ((!v->plugin.len || !strcmp(v->plugin.buf, "scalars")) &&
		 t.has_number)
		import_point(r->sink, when->series, v->tag.buf, when->step,
			     when->at, t.number);
	else
		r->left_out++;
	return true;
}

static bool read_value(struct event_reader *r, struct wire w,
		       const struct moment_of_event *when)
{
	struct value_parts v = {
		.tag = STRBUF_INIT, .plugin = STRBUF_INIT
	};
	bool ok = read_parts(&v, w);

	if (ok) {
		find_plugin(r, &v);
		if (!strcmp(v.plugin.buf, "hparams"))
			read_hparams(r, v.content);
		else if (v.has_simple)
			import_point(r->sink, when->series, v.tag.buf,
				     when->step, when->at,
				     as_written(v.simple));
		else if (v.has_image)
			add_old_image(r, &v, when);
		else if (v.has_tensor)
			ok = add_tensor(r, &v, when);
		else
			r->left_out += v.other;
	}
	strbuf_release(&v.plugin);
	strbuf_release(&v.tag);
	return ok;
}

static void note_time(struct event_reader *r, double time)
{
	if (!(time > 0 && time < 253402300800.0))
		return;
	if (!r->has_time || time < r->first)
		r->first = time;
	if (!r->has_time || time > r->last)
		r->last = time;
	r->has_time = true;
}

bool event_read(struct event_reader *r, const void *data, size_t len,
		const char *series)
{
	struct moment_of_event when = { 0, INT64_MIN, series };
	struct wire w = wire_of(data, len), summary = { NULL, NULL };
	struct wire_field f;
	double time = 0;
	bool ok = true;
	int got;

	while ((got = wire_next(&w, &f)) > 0) {
		if (f.number == EVENT_WALL_TIME)
			wire_double(&f, &time);
		else if (f.number == EVENT_STEP)
			wire_int(&f, &when.step);
		else if (f.number == EVENT_SUMMARY && f.type == WIRE_BYTES)
			summary = f.bytes;
	}
	if (got < 0)
		return false;
	note_time(r, time);
	if (time > 0 && time < 253402300800.0)
		when.at = (int64_t)(time * 1e6);
	while (summary.at && ok && (got = wire_next(&summary, &f)) > 0)
		if (f.number == SUMMARY_VALUE && f.type == WIRE_BYTES)
			ok = read_value(r, f.bytes, &when);
	return ok && got >= 0;
}

void event_reader_end(struct event_reader *r)
{
	if (r->has_time) {
		import_set_time(r->sink, "created", r->first * 1000);
		import_set_time(r->sink, "started", r->first * 1000);
		import_set_time(r->sink, "finished", r->last * 1000);
	}
	if (r->left_out)
		import_problem(r->sink, "%zu values that are neither numbers, "
			       "texts nor images are left out", r->left_out);
}
