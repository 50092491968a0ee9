/*
 * The text is copied once; keys and scalars are pieces of that copy, and a NUL
 * takes the place of the byte that ends each: a quote, a colon, or the end of
 * the line. All else is taken from the same arena, so that there is nothing to
 * free one by one, also when reading is given up in the middle.
 */
#include "lib/base/compat.h"
#include "lib/wrap/yaml-plain.h"
#include "lib/base/strmap.h"
#include "lib/base/utf8.h"
#include "lib/wrap/yaml-scalar.h"

/* Of texts that are longer the time does not matter. */
#define MAX_BYTES ((size_t)1 << 20)
#define MAX_DEPTH 32u
#define MAX_KEY 200u		/* bytes; libyaml's simple keys have 1024 */
/* Up to so many keys are compared pair by pair. */
#define FEW_KEYS 32u
#define FIRST_ROOM 8u		/* for keys of a map, items of a list */

struct plain {
	char *at, *end;		/* the line that is next; each ends in LF */
	struct arena *arena;
};

static struct value *read_block(struct plain *p, size_t indent,
				unsigned depth);

static struct value *new_value(struct plain *p, enum value_type type)
{
	struct value *value = arena_alloc(p->arena, sizeof(*value));

	memset(value, 0, sizeof(*value));
	value->type = type;
	return value;
}

/* Twice the room, for what is `nr` items of that size now. */
static void *grow(struct plain *p, const void *items, size_t nr, size_t size)
{
	size_t room = nr ? 2 * nr : FIRST_ROOM;
	void *grown = arena_alloc(p->arena, room * size);

	if (nr)
		memcpy(grown, items, nr * size);
	return grown;
}

static void list_add(struct plain *p, struct value *list, struct value *item)
{
	size_t nr = list->u.list.nr;

	if (nr == list->u.list.alloc) {
		list->u.list.item = grow(p, list->u.list.item, nr,
					 sizeof(*list->u.list.item));
		list->u.list.alloc = nr ? 2 * nr : FIRST_ROOM;
	}
	list->u.list.item[list->u.list.nr++] = item;
}

static void map_add(struct plain *p, struct value *map, char *key, size_t len,
		    bool plain)
{
	size_t nr = map->u.map.nr;

	if (nr == map->u.map.alloc) {
		map->u.map.pair = grow(p, map->u.map.pair, nr,
				       sizeof(*map->u.map.pair));
		map->u.map.alloc = nr ? 2 * nr : FIRST_ROOM;
	}
	map->u.map.pair[map->u.map.nr++] = (struct value_pair){
		.key = key, .key_len = len, .plain = plain
	};
}

/* The blanks at the beginning of the next line; false: there is none, or it is
 * blank. */
static bool look_at_line(const struct plain *p, size_t *indent)
{
	const char *at = p->at;

	while (at < p->end && *at == ' ')
		at++;
	*indent = (size_t)(at - p->at);
	return at < p->end && *at != '\n';
}

/* `- ` where the text of the line begins. */
static bool is_item(const char *text)
{
	return text[0] == '-' && text[1] == ' ';
}

/* Whether a character beyond ASCII is text to every reader of YAML, and no
 * line break to any. */
static bool is_letter(int32_t c)
{
	return c >= 0xa0 && c != 0x2028 && c != 0x2029 && c != 0xfeff &&
	       (c <= 0xfffd || c >= 0x10000);
}

/* Moves over one character of a scalar; false: it cannot be in one. */
static bool pass(char **at, const char *end)
{
	size_t left = (size_t)(end - *at);
	const char *next = *at;
	int32_t c = utf8_next(&next, &left);

	*at += next - *at;
	return c < 0x80 ? c >= ' ' && c != 0x7f : is_letter(c);
}

/* Characters that are part of any scalar, whatever follows them. */
static bool is_plain_letter(char c)
{
	return c > ' ' && c < 0x7f && c != ':' && c != '\\';
}

/* A text in quotes that holds none and no backslash, from behind the first of
 * them. NULL: it is another one. `*at` moves behind it. */
static char *read_quoted(char **at, const char *end, size_t *len)
{
	const char quote = *(*at)++;
	char *from = *at;

	while (*at < end && **at != quote) {
		if (is_plain_letter(**at))
			++*at;
		else if (**at == '\\' || !pass(at, end))
			return NULL;
	}
	if (*at == end)
		return NULL;
	*len = (size_t)(*at - from);
	*(*at)++ = '\0';
	return from;
}

/* What a scalar without quotes may begin with: no indicator of YAML. */
static bool may_begin(const char *at)
{
	unsigned char c = (unsigned char)*at;

	if (c >= 0x80 || isalnum(c))
		return true;
	if (c == '-')
		return at[1] != ' ' && at[1] != '\n';
	return c && strchr("_/.+~($", c);
}

static bool is_plain(char *at, const char *end)
{
	if (!may_begin(at))
		return false;
	while (at < end) {
		if (is_plain_letter(*at)) {
			at++;
			continue;
		}
		if ((*at == ':' && (at[1] == ' ' || at[1] == '\n')) ||
		    (*at == ' ' && (at[1] == '#' || at[1] == '\n')) ||
		    !pass(&at, end))
			return false;
	}
	return true;
}

static struct value *read_unquoted(struct plain *p, char *at, char *end)
{
	static const char tag[] = YAML_TAG "timestamp";
	struct value *value;

	if (!is_plain(at, end))
		return NULL;
	*end = '\0';
	value = arena_alloc(p->arena, sizeof(*value));
	yaml_plain_lent(value, at, (size_t)(end - at));
	if (value->type == VALUE_TEXT && !value->tag &&
	    yaml_is_timestamp(at, (size_t)(end - at)))
		value->tag = (char *)tag;
	return value;
}

/* The rest of a line, which is one value. */
static struct value *read_scalar(struct plain *p, char *at)
{
	char *end = memchr(at, '\n', (size_t)(p->end - at)), *text;
	struct value *value;

	p->at = end + 1;
	if (end - at == 2 && !memcmp(at, "[]", 2))
		return new_value(p, VALUE_LIST);
	if (end - at == 2 && !memcmp(at, "{}", 2))
		return new_value(p, VALUE_MAP);
	if (*at != '"' && *at != '\'')
		return read_unquoted(p, at, end);
	value = new_value(p, VALUE_TEXT);
	text = read_quoted(&at, end, &value->u.text.len);
	value->u.text.text = text;
	return text && at == end ? value : NULL;
}

static struct value *read_list(struct plain *p, size_t indent)
{
	struct value *list = new_value(p, VALUE_LIST);
	size_t here;

	while (p->at < p->end) {
		struct value *item;

		if (!look_at_line(p, &here) || here > indent)
			return NULL;
		if (here < indent || !is_item(p->at + here))
			break;
		if (is_item(p->at + here + 2))
			return NULL;
		item = read_scalar(p, p->at + here + 2);
		if (!item)
			return NULL;
		list_add(p, list, item);
	}
	return list;
}

/* Of a key without quotes, whose words may be parted by one blank. */
static bool is_key_letter(const char *at)
{
	return isalnum((unsigned char)*at) || (*at && strchr("_-./", *at)) ||
	       (*at == ' ' && isalnum((unsigned char)at[1]));
}

/* Adds the key, its value is NULL as yet, and gives what is behind its colon.
 * NULL: it is none of ours. */
static char *read_key(struct plain *p, char *at, struct value *map)
{
	char *from = at;
	size_t len;

	if (*at == '"' || *at == '\'') {
		from = read_quoted(&at, memchr(at, '\n', (size_t)
					       (p->end - at)), &len);
		if (!from || *at != ':' || len + 2 > MAX_KEY)
			return NULL;
		map_add(p, map, from, len, false);
		return at + 1;
	}
	if (!isalpha((unsigned char)*at) && *at != '_')
		return NULL;
	while (is_key_letter(at))
		at++;
	len = (size_t)(at - from);
	if (*at != ':' || len > MAX_KEY)
		return NULL;
	*at = '\0';
	map_add(p, map, from, len, !yaml_plain_is_text(from, len));
	return at + 1;
}

/* What stands below a key that has nothing beside it. */
static struct value *read_below(struct plain *p, size_t indent, unsigned depth)
{
	size_t here;

	if (p->at < p->end) {
		if (!look_at_line(p, &here))
			return NULL;
		if (here >= indent && is_item(p->at + here))
			return read_list(p, here);
		if (here > indent)
			return read_block(p, here, depth + 1);
	}
	return new_value(p, VALUE_NULL);
}

static bool has_duplicates(const struct value *map)
{
	const struct value_pair *pair = map->u.map.pair;
	struct strmap seen = STRMAP_INIT;
	size_t nr = map->u.map.nr, i, j;
	bool found = false;

	if (nr > FEW_KEYS) {
		for (i = 0; !found && i < nr; i++)
			found = strmap_put(&seen, pair[i].key, pair[i].value);
		strmap_release(&seen);
		return found;
	}
	for (i = 1; i < nr; i++)
		for (j = 0; j < i; j++)
			if (pair[i].key_len == pair[j].key_len &&
			    !memcmp(pair[i].key, pair[j].key, pair[i].key_len))
				return true;
	return false;
}

/* A map whose keys stand behind `indent` blanks. */
static struct value *read_block(struct plain *p, size_t indent, unsigned depth)
{
	struct value *map = new_value(p, VALUE_MAP);
	size_t here;

	if (depth > MAX_DEPTH)
		return NULL;
	while (p->at < p->end) {
		struct value *value = NULL;
		char *at;

		if (!look_at_line(p, &here) || here > indent)
			return NULL;
		if (here < indent)
			break;
		at = read_key(p, p->at + here, map);
		if (!at)
			return NULL;
		if (*at == '\n') {
			p->at = at + 1;
			value = read_below(p, indent, depth);
		} else if (*at == ' ') {
			value = read_scalar(p, at + 1);
		}
		if (!value)
			return NULL;
		map->u.map.pair[map->u.map.nr - 1].value = value;
	}
	return has_duplicates(map) ? NULL : map;
}

const struct value *yaml_read_plain(struct arena *arena, const char *text,
				    size_t len)
{
	struct plain p = { .arena = arena };
	const struct value *map;

	if (!len || len > MAX_BYTES || text[len - 1] != '\n' || *text == ' ' ||
	    memchr(text, '\0', len))
		return NULL;
	p.at = arena_memdupz(arena, text, len);
	p.end = p.at + len;
	map = read_block(&p, 0, 0);
	return map && p.at == p.end ? map : NULL;
}
