#include "lib/base/compat.h"
#include "lib/wrap/json-typed.h"

#include <float.h>
#include <math.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/json-internal.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml-scalar.h"

#define SET_TAG YAML_TAG "set"
#define TIME_TAG YAML_TAG "timestamp"
#define INT_TAG YAML_TAG "int"

static bool has_tag(const struct value *value, const char *tag)
{
	return value->tag && !strcmp(value->tag, tag);
}

/* ---- writing ---- */

static void begin_typed(struct strbuf *out, const char *kind)
{
	strbuf_addf(out, "{\"!\":\"%s\",\"v\":", kind);
}

static void add_typed_text(struct strbuf *out, const char *kind,
			   const char *text, size_t len)
{
	begin_typed(out, kind);
	json_add_string(out, text, len);
	strbuf_addch(out, '}');
}

static void add_bytes(struct strbuf *out, const char *data, size_t len)
{
	begin_typed(out, "binary");
	strbuf_addch(out, '"');
	base64_encode(out, data, len);
	strbuf_addstr(out, "\"}");
}

static void add_float(struct strbuf *out, double real)
{
	if (isfinite(real)) {
		value_format_float(out, real);
		return;
	}
	begin_typed(out, "float");
	strbuf_addstr(out, real != real ? "\"nan\"}" :
			   real > 0 ? "\"inf\"}" : "\"-inf\"}");
}

/* Of a map or an item of a set. */
static void add_key(struct strbuf *out, const struct value_pair *pair)
{
	struct value *key;

	if (pair->plain) {
		key = yaml_plain_value(pair->key, pair->key_len);
		json_typed_write(out, key);
		value_free(key);
	} else if (utf8_is_valid(pair->key, pair->key_len)) {
		json_add_string(out, pair->key, pair->key_len);
	} else {
		add_bytes(out, pair->key, pair->key_len);
	}
}

static void write_set(struct strbuf *out, const struct value *set)
{
	size_t i;

	begin_typed(out, "set");
	strbuf_addch(out, '[');
	for (i = 0; i < set->u.map.nr; i++) {
		if (i)
			strbuf_addch(out, ',');
		add_key(out, &set->u.map.pair[i]);
	}
	strbuf_addstr(out, "]}");
}

/* Keys that JSON has: text, without NULs; and "!" would be taken for ours. */
static bool has_text_keys(const struct value *map)
{
	size_t i;

	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];

		if (pair->plain || !strcmp(pair->key, "!") ||
		    strlen(pair->key) != pair->key_len ||
		    !utf8_is_valid(pair->key, pair->key_len))
			return false;
	}
	return true;
}

static void write_map(struct strbuf *out, const struct value *map)
{
	bool text = has_text_keys(map);
	size_t i;

	if (!text)
		begin_typed(out, "map");
	strbuf_addch(out, text ? '{' : '[');
	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];

		if (i)
			strbuf_addch(out, ',');
		if (!text)
			strbuf_addch(out, '[');
		add_key(out, pair);
		strbuf_addch(out, text ? ':' : ',');
		json_typed_write(out, pair->value);
		if (!text)
			strbuf_addch(out, ']');
	}
	strbuf_addstr(out, text ? "}" : "]}");
}

static void write_list(struct strbuf *out, const struct value *list)
{
	size_t i;

	strbuf_addch(out, '[');
	for (i = 0; i < list->u.list.nr; i++) {
		if (i)
			strbuf_addch(out, ',');
		json_typed_write(out, list->u.list.item[i]);
	}
	strbuf_addch(out, ']');
}

static void write_text(struct strbuf *out, const struct value *value)
{
	const char *text = value->u.text.text;
	size_t len = value->u.text.len;

	if (has_tag(value, TIME_TAG))
		add_typed_text(out, "timestamp", text, len);
	else if (has_tag(value, INT_TAG))
		add_typed_text(out, "int", text, len);
	else
		json_add_string(out, text, len);
}

void json_typed_write(struct strbuf *out, const struct value *value)
{
	switch (value->type) {
	case VALUE_FLOAT:
		add_float(out, value->u.real);
		break;
	case VALUE_TEXT:
		write_text(out, value);
		break;
	case VALUE_BINARY:
		add_bytes(out, value->u.text.text, value->u.text.len);
		break;
	case VALUE_LIST:
		write_list(out, value);
		break;
	case VALUE_MAP:
		if (has_tag(value, SET_TAG))
			write_set(out, value);
		else
			write_map(out, value);
		break;
	default:
		json_write(out, value);
	}
}

/* ---- reading ---- */

static struct value *refuse(struct json_reader *r, const char *why)
{
	fail(r->err, ERR_CONTENT, "'%s': %s", r->name, why);
	return NULL;
}

static struct value *read_bytes(struct json_reader *r, json_t *v)
{
	struct strbuf bytes = STRBUF_INIT;
	struct value *value;

	if (!json_is_string(v) ||
	    !base64_decode(&bytes, json_string_value(v),
			   json_string_length(v))) {
		value = refuse(r, "a value of type 'binary' must be base 64");
	} else {
		value = value_new_text(bytes.buf, bytes.len);
		value->type = VALUE_BINARY;
	}
	strbuf_release(&bytes);
	return value;
}

static struct value *read_timestamp(struct json_reader *r, json_t *v)
{
	struct value *value;

	if (!json_is_string(v) ||
	    !yaml_is_timestamp(json_string_value(v), json_string_length(v)))
		return refuse(r, "a value of type 'timestamp' must be a date, "
			      "or a date and a time");
	value = value_new_text(json_string_value(v), json_string_length(v));
	value->tag = xstrdup(TIME_TAG);
	return value;
}

static struct value *read_float(struct json_reader *r, json_t *v)
{
	const char *text = json_string_value(v);

	if (text && !strcmp(text, "nan"))
		return value_new_float(NAN);
	if (text && !strcmp(text, "inf"))
		return value_new_float(INFINITY);
	if (text && !strcmp(text, "-inf"))
		return value_new_float(-INFINITY);
	return refuse(r, "a value of type 'float' must be nan, inf or -inf");
}

static struct value *read_int(struct json_reader *r, json_t *v)
{
	const char *text = json_string_value(v);
	const char *digits = text && *text == '-' ? text + 1 : text;
	struct value *value;

	if (!digits || *digits < '1' || *digits > '9' ||
	    digits[strspn(digits, "0123456789")] ||
	    yaml_plain_is_text(text, strlen(text)))
		return refuse(r, "a value of type 'int' must be decimal "
			      "digits, at most 400");
	value = yaml_plain_value(text, strlen(text));
	return value;
}

/* The key that `json` makes of a map: its text, and whether it is none. */
static bool read_key(struct json_reader *r, json_t *json, struct strbuf *key,
		     bool *plain)
{
	struct value *value;

	if (json_is_array(json)) {
		refuse(r, "a list cannot be a key");
		return false;
	}
	value = json_convert(r, json, 0);
	if (!value)
		return false;
	*plain = (value->type != VALUE_TEXT && value->type != VALUE_BINARY) ||
		 has_tag(value, INT_TAG);
	switch (value->type) {
	case VALUE_MAP:
		value_free(value);
		refuse(r, "a map cannot be a key");
		return false;
	case VALUE_NULL:
		strbuf_addstr(key, "null");
		break;
	case VALUE_FLOAT:
		if (!isfinite(value->u.real)) {
			strbuf_addstr(key, value->u.real != value->u.real ?
				      ".nan" : value->u.real > 0 ? ".inf" :
				      "-.inf");
			break;
		}
		/* fall through */
	default:
		value_format(key, value);
	}
	value_free(value);
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	const struct value_pair *x = *(const struct value_pair *const *)a;
	const struct value_pair *y = *(const struct value_pair *const *)b;
	int cmp = memcmp(x->key, y->key, MINIMUM(x->key_len, y->key_len));

	return cmp ? cmp : (x->key_len > y->key_len) -
			   (x->key_len < y->key_len);
}

static bool has_twins(const struct value *map)
{
	size_t nr = map->u.map.nr, i;
	const struct value_pair **pair = xcalloc(nr + 1, sizeof(*pair));
	bool found = false;

	for (i = 0; i < nr; i++)
		pair[i] = &map->u.map.pair[i];
	qsort(pair, nr, sizeof(*pair), compare_keys);
	for (i = 1; i < nr && !found; i++)
		found = !compare_keys(&pair[i - 1], &pair[i]);
	free(pair);
	return found;
}

/* One item of a set (its value is null), or [key, value] of a map. */
static bool add_item(struct json_reader *r, struct value *map, json_t *item,
		     bool is_set, unsigned depth)
{
	struct strbuf key = STRBUF_INIT;
	struct value *value = NULL;
	bool plain = false, good;

	if (is_set) {
		good = read_key(r, item, &key, &plain);
	} else if (json_array_size(item) != 2) {	/* 0 for no array */
		good = false;
		refuse(r, "a value of type 'map' must be a list of pairs");
	} else {
		good = read_key(r, json_array_get(item, 0), &key, &plain);
		if (good)
			value = json_convert(r, json_array_get(item, 1),
					     depth + 1);
		good = value != NULL;
	}
	if (good) {
		value_map_add(map, key.buf, key.len,
			      is_set ? value_new_null() : value);
		map->u.map.pair[map->u.map.nr - 1].plain = plain;
	}
	strbuf_release(&key);
	return good;
}

static struct value *read_items(struct json_reader *r, json_t *v, bool is_set,
				unsigned depth)
{
	struct value *map;
	size_t i;

	if (!json_is_array(v))
		return refuse(r, is_set ?
			      "a value of type 'set' must be a list" :
			      "a value of type 'map' must be a list of pairs");
	map = value_new_map();
	if (is_set)
		map->tag = xstrdup(SET_TAG);
	for (i = 0; i < json_array_size(v); i++)
		if (!add_item(r, map, json_array_get(v, i), is_set, depth)) {
			value_free(map);
			return NULL;
		}
	if (has_twins(map)) {
		value_free(map);
		return refuse(r, "two keys or items are written alike");
	}
	return map;
}

static struct value *read_typed(struct json_reader *r, const char *kind,
				json_t *v, unsigned depth)
{
	if (!strcmp(kind, "binary"))
		return read_bytes(r, v);
	if (!strcmp(kind, "set"))
		return read_items(r, v, true, depth);
	if (!strcmp(kind, "map"))
		return read_items(r, v, false, depth);
	if (!strcmp(kind, "timestamp"))
		return read_timestamp(r, v);
	if (!strcmp(kind, "float"))
		return read_float(r, v);
	if (!strcmp(kind, "int"))
		return read_int(r, v);
	return refuse(r, "a typed value must be of type binary, set, map, "
		      "timestamp, float or int");
}

static bool read_special(struct json_reader *r, json_t *object,
			 unsigned depth, struct value **out)
{
	json_t *kind = json_object_get(object, "!");
	json_t *v = json_object_get(object, "v");

	if (!v || !json_is_string(kind) || json_object_size(object) != 2)
		return false;
	*out = read_typed(r, json_string_value(kind), v, depth);
	return true;
}

/*
 * Whether more values stand there than a tree may have, as far as brackets and
 * commas tell it: 64 MiB of `[1,1,1...` would become gigabytes in memory before
 * anybody could look at them.
 */
static bool has_too_many(const char *text, size_t len)
{
	const char *end = text + len, *s;
	size_t nr = 0;
	bool inside = false;

	for (s = text; s < end && nr <= JSON_TYPED_MAX_VALUES; s++) {
		if (*s == '"')
			inside = !inside;
		else if (inside && *s == '\\')
			s++;
		else if (!inside && (*s == ',' || *s == '[' || *s == '{'))
			nr++;
	}
	return nr > JSON_TYPED_MAX_VALUES;
}

int json_typed_parse(struct value **out, const char *text, size_t len,
		     const char *name, struct strbuf *err)
{
	struct json_reader r = { .name = name, .err = err,
				 .max_depth = JSON_TYPED_MAX_DEPTH,
				 .special = read_special };
	json_t *json;
	int ret;

	*out = NULL;
	if (len <= JSON_MAX_BYTES && has_too_many(text, len))
		return fail(err, ERR_CONTENT, "'%s' holds too many values (at "
			    "most %u)", name, JSON_TYPED_MAX_VALUES);
	ret = json_load(&json, text, len, name, err);
	if (ret)
		return ret;
	*out = json_convert(&r, json, 0);
	json_decref(json);
	return *out ? 0 : ERR_CONTENT;
}
