#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"

static struct value *new_value(enum value_type type)
{
	struct value *value = xcalloc(1, sizeof(*value));

	value->type = type;
	return value;
}

struct value *value_new_null(void)
{
	return new_value(VALUE_NULL);
}

struct value *value_new_bool(bool truth)
{
	struct value *value = new_value(VALUE_BOOL);

	value->u.truth = truth;
	return value;
}

struct value *value_new_int(int64_t number)
{
	struct value *value = new_value(VALUE_INT);

	value->u.number = number;
	return value;
}

struct value *value_new_float(double real)
{
	struct value *value = new_value(VALUE_FLOAT);

	value->u.real = real;
	return value;
}

struct value *value_new_text(const char *text, size_t len)
{
	struct value *value;

	value = new_value(utf8_is_valid(text, len) ? VALUE_TEXT : VALUE_BINARY);
	value->u.text.text = xmemdupz(text, len);
	value->u.text.len = len;
	return value;
}

struct value *value_new_str(const char *text)
{
	return text ? value_new_text(text, strlen(text)) : value_new_null();
}

struct value *value_new_list(void)
{
	return new_value(VALUE_LIST);
}

struct value *value_new_map(void)
{
	return new_value(VALUE_MAP);
}

static struct value *copy_list(const struct value *value)
{
	struct value *copy = value_new_list();
	size_t nr = value->u.list.nr, i;

	/* no more than that: a copy seldom grows, and there may be many */
	if (nr > copy->u.list.alloc) {
		copy->u.list.item = xrealloc_array(copy->u.list.item, nr,
						   sizeof(struct value *));
		copy->u.list.alloc = nr;
	}
	for (i = 0; i < nr; i++)
		value_list_add(copy, value_copy(value->u.list.item[i]));
	return copy;
}

static struct value *copy_map(const struct value *value)
{
	struct value *copy = value_new_map();
	size_t nr = value->u.map.nr, i;

	if (nr > copy->u.map.alloc) {
		copy->u.map.pair = xrealloc_array(copy->u.map.pair, nr,
						  sizeof(struct value_pair));
		copy->u.map.alloc = nr;
	}
	for (i = 0; i < nr; i++) {
		const struct value_pair *pair = &value->u.map.pair[i];

		value_map_add(copy, pair->key, pair->key_len,
			      value_copy(pair->value));
		copy->u.map.pair[i].plain = pair->plain;
	}
	return copy;
}

struct value *value_copy(const struct value *value)
{
	struct value *copy;

	switch (value->type) {
	case VALUE_LIST:
		copy = copy_list(value);
		break;
	case VALUE_MAP:
		copy = copy_map(value);
		break;
	case VALUE_TEXT:
	case VALUE_BINARY:
		copy = new_value(value->type);
		copy->u.text.text = xmemdupz(value->u.text.text,
					     value->u.text.len);
		copy->u.text.len = value->u.text.len;
		break;
	default:
		copy = new_value(value->type);
		copy->u = value->u;
	}
	if (value->tag)
		copy->tag = xstrdup(value->tag);
	return copy;
}

void value_free(struct value *value)
{
	size_t i;

	if (!value)
		return;
	switch (value->type) {
	case VALUE_TEXT:
	case VALUE_BINARY:
		free(value->u.text.text);
		break;
	case VALUE_LIST:
		for (i = 0; i < value->u.list.nr; i++)
			value_free(value->u.list.item[i]);
		free(value->u.list.item);
		break;
	case VALUE_MAP:
		for (i = 0; i < value->u.map.nr; i++) {
			free(value->u.map.pair[i].key);
			value_free(value->u.map.pair[i].value);
		}
		free(value->u.map.pair);
		break;
	default:
		break;
	}
	free(value->tag);
	free(value);
}

void value_list_add(struct value *list, struct value *item)
{
	assert(list->type == VALUE_LIST);
	ARRAY_GROW(list->u.list.item, list->u.list.nr + 1, list->u.list.alloc);
	list->u.list.item[list->u.list.nr++] = item;
}

void value_map_add(struct value *map, const char *key, size_t len,
		   struct value *item)
{
	struct value_pair *pair;

	assert(map->type == VALUE_MAP);
	ARRAY_GROW(map->u.map.pair, map->u.map.nr + 1, map->u.map.alloc);
	pair = &map->u.map.pair[map->u.map.nr++];
	pair->key = xmemdupz(key, len);
	pair->key_len = len;
	pair->plain = false;
	pair->value = item;
}

static struct value_pair *find_pair(const struct value *map, const char *key,
				    size_t len)
{
	size_t i;

	if (!map || map->type != VALUE_MAP)
		return NULL;
	for (i = 0; i < map->u.map.nr; i++) {
		struct value_pair *pair = &map->u.map.pair[i];

		if (pair->key_len == len && !memcmp(pair->key, key, len))
			return pair;
	}
	return NULL;
}

static void map_set(struct value *map, const char *key, size_t len,
		    struct value *item)
{
	struct value_pair *pair = find_pair(map, key, len);

	if (pair) {
		value_free(pair->value);
		pair->value = item;
	} else {
		value_map_add(map, key, len, item);
	}
}

void value_map_set(struct value *map, const char *key, struct value *item)
{
	map_set(map, key, strlen(key), item);
}

void value_map_put(struct value *map, const struct value_pair *like,
		   struct value *item)
{
	map_set(map, like->key, like->key_len, item);
	find_pair(map, like->key, like->key_len)->plain = like->plain;
}

void value_map_set_str(struct value *map, const char *key, const char *text)
{
	value_map_set(map, key, value_new_str(text));
}

void value_map_set_int(struct value *map, const char *key, int64_t number)
{
	value_map_set(map, key, value_new_int(number));
}

void value_map_remove(struct value *map, const char *key)
{
	struct value_pair *pair = find_pair(map, key, strlen(key));
	struct value_pair *end;

	if (!pair)
		return;
	free(pair->key);
	value_free(pair->value);
	end = map->u.map.pair + map->u.map.nr--;
	memmove(pair, pair + 1, (size_t)(end - pair - 1) * sizeof(*pair));
}

struct value *value_map_get(const struct value *map, const char *key)
{
	struct value_pair *pair = find_pair(map, key, strlen(key));

	return pair ? pair->value : NULL;
}

static struct value *list_item(const struct value *list, const char *number,
			       size_t len)
{
	size_t i, position = 0;

	if (!len || len > 9)
		return NULL;
	for (i = 0; i < len; i++) {
		if (!isdigit((unsigned char)number[i]))
			return NULL;
		position = position * 10 + (size_t)(number[i] - '0');
	}
	return position < list->u.list.nr ? list->u.list.item[position] : NULL;
}

struct value *value_get(const struct value *root, const char *path)
{
	const struct value *at = root;

	while (at) {
		size_t len = strcspn(path, ".");

		if (at->type == VALUE_LIST) {
			at = list_item(at, path, len);
		} else {
			struct value_pair *pair = find_pair(at, path, len);

			at = pair ? pair->value : NULL;
		}
		if (!path[len])
			break;
		path += len + 1;
	}
	return (struct value *)at;
}

void value_set(struct value *root, const char *path, struct value *item)
{
	struct value *at = root;

	for (;;) {
		size_t len = strcspn(path, ".");
		struct value_pair *pair;

		if (!path[len]) {
			map_set(at, path, len, item);
			return;
		}
		pair = find_pair(at, path, len);
		if (!pair || pair->value->type != VALUE_MAP) {
			map_set(at, path, len, value_new_map());
			pair = find_pair(at, path, len);
		}
		at = pair->value;
		path += len + 1;
	}
}

const char *value_text(const struct value *value)
{
	if (value && (value->type == VALUE_TEXT || value->type == VALUE_BINARY))
		return value->u.text.text;
	return NULL;
}

const char *value_get_text(const struct value *root, const char *path)
{
	return value_text(value_get(root, path));
}

bool value_get_int(const struct value *root, const char *path, int64_t *out)
{
	const struct value *value = value_get(root, path);

	if (!value || value->type != VALUE_INT)
		return false;
	*out = value->u.number;
	return true;
}

bool value_get_float(const struct value *root, const char *path, double *out)
{
	const struct value *value = value_get(root, path);

	if (value && value->type == VALUE_INT)
		*out = (double)value->u.number;
	else if (value && value->type == VALUE_FLOAT)
		*out = value->u.real;
	else
		return false;
	return true;
}

static bool maps_equal(const struct value *a, const struct value *b)
{
	size_t i;

	if (a->u.map.nr != b->u.map.nr)
		return false;
	for (i = 0; i < a->u.map.nr; i++) {
		const struct value_pair *x = &a->u.map.pair[i];
		const struct value_pair *y = &b->u.map.pair[i];

		/* The same place first: order rarely differs. */
		if (x->key_len != y->key_len ||
		    memcmp(x->key, y->key, x->key_len))
			y = find_pair(b, x->key, x->key_len);
		if (!y || x->plain != y->plain ||
		    !value_equal(x->value, y->value))
			return false;
	}
	return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
	size_t i;

	if (!a || !b)
		return a == b;
	if (a->type != b->type || !a->tag != !b->tag ||
	    (a->tag && strcmp(a->tag, b->tag)))
		return false;
	switch (a->type) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a->u.truth == b->u.truth;
	case VALUE_INT:
		return a->u.number == b->u.number;
	case VALUE_FLOAT:
		return a->u.real == b->u.real ||
		       (a->u.real != a->u.real && b->u.real != b->u.real);
	case VALUE_TEXT:
	case VALUE_BINARY:
		return a->u.text.len == b->u.text.len &&
		       !memcmp(a->u.text.text, b->u.text.text, a->u.text.len);
	case VALUE_LIST:
		if (a->u.list.nr != b->u.list.nr)
			return false;
		for (i = 0; i < a->u.list.nr; i++)
			if (!value_equal(a->u.list.item[i], b->u.list.item[i]))
				return false;
		return true;
	case VALUE_MAP:
		return maps_equal(a, b);
	}
	return false;
}
