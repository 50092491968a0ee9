#include "lib/base/compat.h"
#include "lib/wrap/json.h"

#include <float.h>
#include <jansson.h>
#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/json-internal.h"

/* As in YAML, so that what came as JSON can be written as a record. */
#define MAX_DEPTH 64

/* The one key of a map that stands for bytes. */
#define BYTES_KEY "base64"

/*
 * Writing is not jansson's: it prints doubles with a fixed number of digits
 * (0.1 becomes 0.10000000000000001), knows no bytes, and would need a second
 * tree of what is in memory already.
 */

/* Besides what JSON asks for: what a terminal could take for a command. */
static bool needs_escape(int32_t c)
{
	return c == '"' || c == '\\' || utf8_is_control(c);
}

static void add_escape(struct strbuf *out, int32_t c)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	const char *s;

	for (s = letters; *s; s += 2)
		if (*s == c) {
			strbuf_addch(out, '\\');
			strbuf_addch(out, s[1]);
			return;
		}
	/* All that needs_escape() names lies in the BMP. */
	strbuf_addf(out, "\\u%04x", (unsigned)c);
}

/* Only keys can hold a byte that is not UTF-8. */
void json_add_string(struct strbuf *out, const char *text, size_t len)
{
	strbuf_addch(out, '"');
	while (len) {
		const char *begin = text;
		int32_t c = utf8_next(&text, &len);

		if (c == -1)
			utf8_add(out, 0xfffd);
		else if (needs_escape(c))
			add_escape(out, c);
		else
			strbuf_add(out, begin, text - begin);
	}
	strbuf_addch(out, '"');
}

static void add_float(struct strbuf *out, double real)
{
	if (real != real)
		strbuf_addstr(out, "\"nan\"");
	else if (real > DBL_MAX)
		strbuf_addstr(out, "\"inf\"");
	else if (real < -DBL_MAX)
		strbuf_addstr(out, "\"-inf\"");
	else
		value_format_float(out, real);
}

static void write_map(struct strbuf *out, const struct value *map)
{
	size_t i;

	strbuf_addch(out, '{');
	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];

		if (i)
			strbuf_addch(out, ',');
		json_add_string(out, pair->key, pair->key_len);
		strbuf_addch(out, ':');
		json_write(out, pair->value);
	}
	strbuf_addch(out, '}');
}

static void write_list(struct strbuf *out, const struct value *list)
{
	size_t i;

	strbuf_addch(out, '[');
	for (i = 0; i < list->u.list.nr; i++) {
		if (i)
			strbuf_addch(out, ',');
		json_write(out, list->u.list.item[i]);
	}
	strbuf_addch(out, ']');
}

void json_write(struct strbuf *out, const struct value *value)
{
	switch (value->type) {
	case VALUE_NULL:
		strbuf_addstr(out, "null");
		break;
	case VALUE_BOOL:
		strbuf_addstr(out, value->u.truth ? "true" : "false");
		break;
	case VALUE_INT:
		strbuf_addf(out, "%" PRId64, value->u.number);
		break;
	case VALUE_FLOAT:
		add_float(out, value->u.real);
		break;
	case VALUE_TEXT:
		json_add_string(out, value->u.text.text, value->u.text.len);
		break;
	case VALUE_BINARY:
		strbuf_addstr(out, "{\"" BYTES_KEY "\":\"");
		base64_encode(out, value->u.text.text, value->u.text.len);
		strbuf_addstr(out, "\"}");
		break;
	case VALUE_LIST:
		write_list(out, value);
		break;
	case VALUE_MAP:
		write_map(out, value);
		break;
	}
}

/* {"base64": TEXT} and nothing else. */
static bool read_base64(struct json_reader *r UNUSED, json_t *object,
			unsigned depth UNUSED, struct value **out)
{
	json_t *text = json_object_get(object, BYTES_KEY);
	struct strbuf bytes = STRBUF_INIT;
	bool found = json_object_size(object) == 1 && json_is_string(text) &&
		     base64_decode(&bytes, json_string_value(text),
				   json_string_length(text));

	if (found) {
		*out = value_new_text(bytes.buf, bytes.len);
		(*out)->type = VALUE_BINARY;
	}
	strbuf_release(&bytes);
	return found;
}

static struct value *convert_object(struct json_reader *r, json_t *object,
				    unsigned depth)
{
	struct value *map;
	void *iter;

	if (r->special(r, object, depth, &map))
		return map;
	map = value_new_map();
	for (iter = json_object_iter(object); iter;
	     iter = json_object_iter_next(object, iter)) {
		struct value *item = json_convert(r,
						  json_object_iter_value(iter),
						  depth + 1);

		if (!item) {
			value_free(map);
			return NULL;
		}
		/* The keys are known to differ: no search for each of a
		 * million, as in value_map_set(). */
		value_map_add(map, json_object_iter_key(iter),
			      strlen(json_object_iter_key(iter)), item);
	}
	return map;
}

static struct value *convert_array(struct json_reader *r, json_t *array,
				   unsigned depth)
{
	struct value *list = value_new_list();
	size_t i, nr = json_array_size(array);

	for (i = 0; i < nr; i++) {
		struct value *item = json_convert(r, json_array_get(array, i),
						  depth + 1);

		if (!item) {
			value_free(list);
			return NULL;
		}
		value_list_add(list, item);
	}
	return list;
}

struct value *json_convert(struct json_reader *r, json_t *json,
			   unsigned depth)
{
	if (depth > r->max_depth) {
		fail(r->err, ERR_CONTENT, "'%s' is nested too deeply (at "
		     "most %u levels)", r->name, r->max_depth);
		return NULL;
	}
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return convert_object(r, json, depth);
	case JSON_ARRAY:
		return convert_array(r, json, depth);
	case JSON_STRING:
		return value_new_text(json_string_value(json),
				      json_string_length(json));
	case JSON_INTEGER:
		return value_new_int(json_integer_value(json));
	case JSON_REAL:
		return value_new_float(json_real_value(json));
	case JSON_TRUE:
		return value_new_bool(true);
	case JSON_FALSE:
		return value_new_bool(false);
	case JSON_NULL:
		break;
	}
	return value_new_null();
}

/* So that it runs out of memory like everybody else. */
static void set_alloc(void)
{
	json_set_alloc_funcs(xmalloc, free);
}

int json_load(json_t **out, const char *text, size_t len, const char *name,
	      struct strbuf *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	json_error_t problem;

	pthread_once(&once, set_alloc);
	if (len > JSON_MAX_BYTES)
		return fail(err, ERR_CONTENT, "'%s' is too large: %zu bytes, "
			    "at most %u", name, len, JSON_MAX_BYTES);
	/* An integer beyond int64_t is an error of jansson's: as a double or
	 * a text it would be something else. */
	*out = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY |
			  JSON_ALLOW_NUL, &problem);
	if (!*out)
		return fail(err, ERR_CONTENT, "'%s' line %d, column %d: %s",
			    name, MAXIMUM(problem.line, 1),
			    MAXIMUM(problem.column, 1), problem.text);
	return 0;
}

int json_parse(struct value **out, const char *text, size_t len,
	       const char *name, struct strbuf *err)
{
	struct json_reader r = { .name = name, .err = err,
				 .max_depth = MAX_DEPTH,
				 .special = read_base64 };
	json_t *json;
	int ret = json_load(&json, text, len, name, err);

	if (ret)
		return ret;
	*out = json_convert(&r, json, 0);
	json_decref(json);
	return *out ? 0 : ERR_CONTENT;
}
