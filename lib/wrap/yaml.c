#include "lib/base/compat.h"
#include "lib/wrap/yaml.h"

#include <search.h>
#include <yaml.h>

#include "lib/base/alloc.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/fault.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/yaml-events.h"
#include "lib/wrap/yaml-plain.h"
#include "lib/wrap/yaml-scalar.h"

/* Up to so many keys are compared pair by pair, more are sorted. */
#define FEW_KEYS 16

/* Of a list or map as a key: the quotes in its text need backslashes in the
 * next key around it, so that each level may double it. */
#define MAX_NEST_KEY 4096

/* The text, and as much again for what aliases expand to. */
#define MAX_CONTENT (2 * (size_t)YAML_MAX_BYTES)

struct anchor {
	char *name;
	struct value *value;	/* lent from the tree; NULL: not finished */
};

struct builder {
	struct yaml_reader r;
	size_t nodes, bytes;	/* so far, aliases expanded */
	size_t copied;		/* nodes, of aliases alone */
	void *anchors;		/* a tsearch() tree of struct anchor */
	struct value *kept;	/* what an anchor names but the tree has not */
	yaml_mark_t *mark;	/* of the keys of all maps that are open */
	size_t mark_nr, mark_alloc;
};

struct key_ref {
	const char *key;
	size_t len;
	size_t rank;
};

static int build_node(struct builder *b, yaml_event_t *event, unsigned depth,
		      struct value **out);

static int compare_anchors(const void *a, const void *b)
{
	return strcmp(((const struct anchor *)a)->name,
		      ((const struct anchor *)b)->name);
}

static void free_anchor(void *node)
{
	struct anchor *anchor = node;

	free(anchor->name);
	free(anchor);
}

static struct anchor *find_anchor(struct builder *b, const char *name)
{
	struct anchor probe;
	struct anchor **found;

	probe.name = (char *)name;
	found = tfind(&probe, &b->anchors, compare_anchors);
	return found ? *found : NULL;
}

/* The anchor of a node that begins; a name may be given again. */
static struct anchor *begin_anchor(struct builder *b, const yaml_char_t *name)
{
	struct anchor *anchor;

	if (!name)
		return NULL;
	anchor = find_anchor(b, (const char *)name);
	if (!anchor) {
		anchor = xcalloc(1, sizeof(*anchor));
		anchor->name = xstrdup((const char *)name);
		if (fault_alloc() ||
		    !tsearch(anchor, &b->anchors, compare_anchors))
			alloc_failed(0);
	}
	anchor->value = NULL;
	return anchor;
}

static int count(struct builder *b, yaml_mark_t mark, size_t nodes,
		 size_t bytes)
{
	b->nodes += nodes;
	b->bytes += bytes;
	if (b->nodes > YAML_MAX_NODES || b->bytes > MAX_CONTENT)
		return yaml_bad(&b->r, mark, "too much content (at most %u "
				"values)", YAML_MAX_NODES);
	return 0;
}

/* Nodes, bytes and height of what an alias would copy. */
static unsigned measure(const struct value *value, size_t *nodes, size_t *bytes)
{
	unsigned height = 0, h;
	size_t i;

	++*nodes;
	if (value->type == VALUE_TEXT || value->type == VALUE_BINARY)
		*bytes += value->u.text.len;
	if (value->type == VALUE_LIST)
		for (i = 0; i < value->u.list.nr; i++) {
			h = measure(value->u.list.item[i], nodes, bytes);
			height = MAXIMUM(height, h);
		}
	if (value->type == VALUE_MAP)
		for (i = 0; i < value->u.map.nr; i++) {
			*bytes += value->u.map.pair[i].key_len;
			h = measure(value->u.map.pair[i].value, nodes, bytes);
			height = MAXIMUM(height, h);
		}
	return height + 1;
}

static int build_alias(struct builder *b, const yaml_event_t *event,
		       unsigned depth, struct value **out)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct anchor *anchor = find_anchor(b, name);
	size_t nodes = 0, bytes = 0;
	int ret;

	if (!anchor)
		return yaml_bad(&b->r, event->start_mark,
				"unknown anchor '%s'", name);
	if (!anchor->value)
		return yaml_bad(&b->r, event->start_mark,
				"'%s' is used inside itself", name);
	if (depth + measure(anchor->value, &nodes, &bytes) > YAML_MAX_DEPTH + 1)
		return yaml_bad(&b->r, event->start_mark,
				"nested too deeply (at most %d levels)",
				YAML_MAX_DEPTH);
	b->copied += nodes;
	if (b->copied > YAML_MAX_COPIED)
		return yaml_bad(&b->r, event->start_mark,
				"too much content (at most %u values by "
				"aliases)", YAML_MAX_COPIED);
	ret = count(b, event->start_mark, nodes, bytes);
	if (!ret)
		*out = value_copy(anchor->value);
	return ret;
}

/* The core type that a tag names; VALUE_LIST for any other tag. */
static enum value_type tag_type(const char *tag)
{
	static const struct {
		const char *name;
		enum value_type type;
	} core[] = {
		{ "str", VALUE_TEXT }, { "timestamp", VALUE_TEXT },
		{ "binary", VALUE_BINARY }, { "int", VALUE_INT },
		{ "float", VALUE_FLOAT }, { "bool", VALUE_BOOL },
		{ "null", VALUE_NULL }
	};
	size_t i;

	if (strncmp(tag, YAML_TAG, strlen(YAML_TAG)))
		return VALUE_LIST;
	for (i = 0; i < ARRAY_SIZE(core); i++)
		if (!strcmp(tag + strlen(YAML_TAG), core[i].name))
			return core[i].type;
	return VALUE_LIST;
}

/* libyaml has checked the text: value_new_text() gives no binary here. */
static int build_scalar(struct builder *b, const yaml_event_t *event,
			struct value **out)
{
	const char *tag = (const char *)event->data.scalar.tag;
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	enum value_type type;
	struct strbuf bytes = STRBUF_INIT;

	if (!tag) {
		bool plain = event->data.scalar.style ==
			     YAML_PLAIN_SCALAR_STYLE;

		*out = plain ? yaml_plain_value(text, len) :
			       value_new_text(text, len);
		if (plain && (*out)->type == VALUE_TEXT && !(*out)->tag &&
		    yaml_is_timestamp(text, len))
			(*out)->tag = xstrdup(YAML_TAG "timestamp");
		return 0;
	}
	type = tag_type(tag);
	if (type == VALUE_TEXT) {
		*out = value_new_text(text, len);
		if (!strcmp(tag, YAML_TAG "timestamp") &&
		    yaml_is_timestamp(text, len))
			(*out)->tag = xstrdup(tag);
	} else if (type == VALUE_LIST) {
		*out = value_new_text(text, len);
		(*out)->tag = xstrdup(tag);
	} else if (type != VALUE_BINARY) {
		*out = yaml_typed_value(type, text, len);
	} else if (base64_decode(&bytes, text, len)) {
		*out = value_new_text(bytes.buf, bytes.len);
		(*out)->type = VALUE_BINARY;
	}
	strbuf_release(&bytes);
	if (!*out)
		return yaml_bad(&b->r, event->start_mark,
				"this is no '!!%s'", tag + strlen(YAML_TAG));
	return 0;
}

/* Tags that name our own types say nothing more. */
static void keep_tag(struct value *value, const yaml_char_t *tag,
		     const char *const *known)
{
	const char *name = (const char *)tag;

	if (!name)
		return;
	if (!strncmp(name, YAML_TAG, strlen(YAML_TAG)))
		for (; *known; known++)
			if (!strcmp(name + strlen(YAML_TAG), *known))
				return;
	value->tag = xstrdup(name);
}

static int build_list(struct builder *b, const yaml_event_t *begin,
		      unsigned depth, struct value **out)
{
	static const char *const known[] = { "seq", NULL };
	yaml_event_t event;
	struct value *item;
	int ret;

	*out = value_new_list();
	keep_tag(*out, begin->data.sequence_start.tag, known);
	for (;;) {
		ret = yaml_next(&b->r, &event);
		if (ret)
			return ret;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		item = NULL;
		ret = build_node(b, &event, depth + 1, &item);
		if (item)
			value_list_add(*out, item);
		if (ret)
			return ret;
	}
	yaml_event_delete(&event);
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct key_ref *x = a, *y = b;
	int cmp = memcmp(x->key, y->key, MINIMUM(x->len, y->len));

	if (cmp)
		return cmp;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static bool same_key(const struct key_ref *a, const struct key_ref *b)
{
	return a->len == b->len && !memcmp(a->key, b->key, a->len);
}

/* The rank of a key that is there twice, or SIZE_MAX. */
static size_t find_duplicate(const struct value *map)
{
	size_t nr = map->u.map.nr, i, j, ret = SIZE_MAX;
	const struct value_pair *pair = map->u.map.pair;
	struct key_ref *ref;

	if (nr <= FEW_KEYS) {
		for (i = 1; i < nr; i++)
			for (j = 0; j < i; j++)
				if (pair[i].key_len == pair[j].key_len &&
				    !memcmp(pair[i].key, pair[j].key,
					    pair[i].key_len))
					return i;
		return SIZE_MAX;
	}

	ref = xrealloc_array(NULL, nr, sizeof(*ref));
	for (i = 0; i < nr; i++) {
		ref[i].key = pair[i].key;
		ref[i].len = pair[i].key_len;
		ref[i].rank = i;
	}
	qsort(ref, nr, sizeof(*ref), compare_keys);
	for (i = 1; i < nr; i++)
		if (same_key(&ref[i - 1], &ref[i]))
			ret = MINIMUM(ret, ref[i].rank);
	free(ref);
	return ret;
}

/*
 * Takes over the pairs of `from` that `map` does not have. Everything is
 * sorted together, so that two large maps cost no more than n log n.
 */
static void merge_map(struct value *map, const struct value *from)
{
	size_t own = map->u.map.nr, nr = own + from->u.map.nr, i;
	struct key_ref *ref = xrealloc_array(NULL, nr + 1, sizeof(*ref));

	for (i = 0; i < nr; i++) {
		const struct value_pair *pair = i < own ?
			&map->u.map.pair[i] : &from->u.map.pair[i - own];

		ref[i].key = pair->key;
		ref[i].len = pair->key_len;
		ref[i].rank = i;
	}
	qsort(ref, nr, sizeof(*ref), compare_keys);
	for (i = 0; i < nr; i++) {
		const struct value_pair *pair;

		if (ref[i].rank < own || (i && same_key(&ref[i - 1], &ref[i])))
			continue;
		pair = &from->u.map.pair[ref[i].rank - own];
		value_map_add(map, pair->key, pair->key_len,
			      value_copy(pair->value));
	}
	free(ref);
}

/* `<<: {...}` or `<<: [{...}, ...]`: the map's own keys win, then the first. */
static int merge(struct builder *b, struct value *map, struct value *from,
		 yaml_mark_t mark)
{
	size_t i;

	if (from->type == VALUE_MAP) {
		merge_map(map, from);
		return 0;
	}
	if (from->type != VALUE_LIST)
		return yaml_bad(&b->r, mark, "'<<' takes a map or a list of "
				"maps");
	for (i = 0; i < from->u.list.nr; i++) {
		if (from->u.list.item[i]->type != VALUE_MAP)
			return yaml_bad(&b->r, mark, "'<<' takes a map or a "
					"list of maps");
		merge_map(map, from->u.list.item[i]);
	}
	return 0;
}

static bool is_merge_key(const yaml_event_t *event)
{
	return event->type == YAML_SCALAR_EVENT &&
		event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		!event->data.scalar.tag && event->data.scalar.length == 2 &&
		!memcmp(event->data.scalar.value, "<<", 2);
}

/* What is no text is told from the text that it is written as. Nothing at all
 * is null. */
static void add_scalar_key(struct value *map, const char *text, size_t len,
			   bool plain)
{
	if (plain && !len) {
		text = "null";
		len = strlen(text);
	}
	value_map_add(map, text, len, NULL);
	map->u.map.pair[map->u.map.nr - 1].plain =
		plain && !yaml_plain_is_text(text, len);
}

/* Deletes the event. The key is added to the map with a null for its value. */
static int build_key(struct builder *b, struct value *map, yaml_event_t *event,
		     unsigned depth)
{
	struct value *key = NULL;
	struct strbuf text = STRBUF_INIT;
	yaml_mark_t mark = event->start_mark;
	int ret;

	if (event->type == YAML_SCALAR_EVENT && !event->data.scalar.anchor &&
	    !event->data.scalar.tag) {
		ret = count(b, event->start_mark, 0, event->data.scalar.length);
		add_scalar_key(map, (const char *)event->data.scalar.value,
			       event->data.scalar.length,
			       event->data.scalar.style ==
			       YAML_PLAIN_SCALAR_STYLE);
		yaml_event_delete(event);
		return ret;
	}

	ret = build_node(b, event, depth, &key);
	if (!ret) {
		if (key->type == VALUE_TEXT || key->type == VALUE_BINARY)
			strbuf_add(&text, key->u.text.text, key->u.text.len);
		else
			value_format(&text, key);
		if (text.len > MAX_NEST_KEY && key->type >= VALUE_LIST)
			ret = yaml_bad(&b->r, mark, "a list or map is too long "
				       "for a key (at most %d bytes)",
				       MAX_NEST_KEY);
		else
			add_scalar_key(map, text.buf, text.len,
				       key->type < VALUE_TEXT);
	}
	if (key)	/* its anchor may be named later */
		value_list_add(b->kept, key);
	strbuf_release(&text);
	return ret;
}

/* One `key: value`, whose first event is given. */
static int build_pair(struct builder *b, struct value *map,
		      yaml_event_t *event, unsigned depth, struct value **from)
{
	bool is_merge = is_merge_key(event);
	yaml_mark_t mark = event->start_mark;
	struct value *item = NULL;
	int ret;

	if (is_merge) {
		yaml_event_delete(event);
		if (*from)
			return yaml_bad(&b->r, mark,
					"the key '<<' is there twice");
	} else {
		ret = build_key(b, map, event, depth + 1);
		if (ret)
			return ret;
		ARRAY_GROW(b->mark, b->mark_nr + 1, b->mark_alloc);
		b->mark[b->mark_nr++] = mark;
	}
	ret = yaml_next(&b->r, event);
	if (ret)
		return ret;
	ret = build_node(b, event, depth + 1, &item);
	if (!is_merge) {
		map->u.map.pair[map->u.map.nr - 1].value = item;
	} else if (item) {
		value_list_add(b->kept, item);
		*from = item;
	}
	return ret;
}

static int build_pairs(struct builder *b, struct value *map, unsigned depth)
{
	size_t first_mark = b->mark_nr, twice;
	struct value *from = NULL;
	yaml_event_t event;
	int ret;

	for (;;) {
		ret = yaml_next(&b->r, &event);
		if (ret)
			return ret;
		if (event.type == YAML_MAPPING_END_EVENT)
			break;
		ret = build_pair(b, map, &event, depth, &from);
		if (ret)
			return ret;
	}
	twice = find_duplicate(map);
	if (twice != SIZE_MAX)
		ret = yaml_bad(&b->r, b->mark[first_mark + twice],
			       "the key '%s' is there twice",
			       map->u.map.pair[twice].key);
	else if (from)
		ret = merge(b, map, from, event.start_mark);
	b->mark_nr = first_mark;
	yaml_event_delete(&event);
	return ret;
}

/* After an error a pair may still wait for its value. */
static void fill_missing(struct value *map)
{
	size_t i;

	for (i = 0; i < map->u.map.nr; i++)
		if (!map->u.map.pair[i].value)
			map->u.map.pair[i].value = value_new_null();
}

static int build_map(struct builder *b, const yaml_event_t *begin,
		     unsigned depth, struct value **out)
{
	static const char *const known[] = { "map", NULL };
	int ret;

	*out = value_new_map();
	keep_tag(*out, begin->data.mapping_start.tag, known);
	ret = build_pairs(b, *out, depth);
	if (ret)
		fill_missing(*out);
	return ret;
}

/*
 * Deletes the event. `*out` is set (and freed by the caller) whenever a part
 * of the node was built, also when the result is an error.
 */
static int build_node(struct builder *b, yaml_event_t *event, unsigned depth,
		      struct value **out)
{
	struct anchor *anchor = NULL;
	int ret = 0;

	if (depth > YAML_MAX_DEPTH)
		ret = yaml_bad(&b->r, event->start_mark, "nested too deeply "
			       "(at most %d levels)", YAML_MAX_DEPTH);
	else if (event->type != YAML_ALIAS_EVENT)
		ret = count(b, event->start_mark, 1,
			    event->type == YAML_SCALAR_EVENT ?
			    event->data.scalar.length : 0);
	if (ret)
		goto cleanup;

	switch (event->type) {
	case YAML_ALIAS_EVENT:
		ret = build_alias(b, event, depth, out);
		break;
	case YAML_SCALAR_EVENT:
		anchor = begin_anchor(b, event->data.scalar.anchor);
		ret = build_scalar(b, event, out);
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = begin_anchor(b, event->data.sequence_start.anchor);
		ret = build_list(b, event, depth, out);
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = begin_anchor(b, event->data.mapping_start.anchor);
		ret = build_map(b, event, depth, out);
		break;
	default:
		BUG("event %d begins no node", (int)event->type);
	}
	/* An anchor of the same name inside the node came later: it stays. */
	if (anchor && !anchor->value)
		anchor->value = *out;

cleanup:
	yaml_event_delete(event);
	return ret;
}

static int build_document(struct builder *b, struct value **out)
{
	yaml_event_t event;
	bool empty;
	int ret = yaml_first_node(&b->r, &event);

	if (ret < 0)
		return ret;
	if (!ret) {
		*out = value_new_map();
		return 0;
	}
	empty = event.type == YAML_SCALAR_EVENT && !event.data.scalar.length &&
		event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		!event.data.scalar.tag;
	ret = build_node(b, &event, 0, out);
	if (!ret)
		ret = yaml_last_node(&b->r);
	if (!ret && empty) {
		value_free(*out);
		*out = value_new_map();
	}
	return ret;
}

int yaml_parse_events(struct value **out, const char *text, size_t len,
		      const char *name, struct strbuf *err)
{
	struct builder b;
	struct value *root = NULL;
	int ret;

	memset(&b, 0, sizeof(b));
	ret = yaml_reader_start(&b.r, text, len, name, err);
	if (ret)
		return ret;
	b.kept = value_new_list();
	ret = build_document(&b, &root);

	tdestroy(b.anchors, free_anchor);
	value_free(b.kept);
	free(b.mark);
	yaml_reader_end(&b.r);
	if (ret)
		value_free(root);
	else
		*out = root;
	return ret;
}

int yaml_parse(struct value **out, const char *text, size_t len,
	       const char *name, struct strbuf *err)
{
	struct arena arena = ARENA_INIT;
	const struct value *plain = yaml_read_plain(&arena, text, len);

	if (plain)
		*out = value_copy(plain);
	arena_release(&arena);
	return plain ? 0 : yaml_parse_events(out, text, len, name, err);
}
