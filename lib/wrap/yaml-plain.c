#include "lib/base/compat.h"
#include "lib/wrap/yaml-plain.h"
#include "lib/base/alloc.h"
#include "lib/base/strmap.h"
#include "lib/base/utf8.h"
#include "lib/wrap/yaml-scalar.h"

/* Of texts that are longer the time does not matter. */
#define MAX_BYTES ((size_t)1 << 20)
#define MAX_DEPTH 32u
#define MAX_KEY 200u		/* bytes; libyaml's simple keys have 1024 */
/* Up to so many keys are compared pair by pair. */
#define FEW_KEYS 16u

struct plain {
	const char *at, *end;	/* the line that is next; each ends in LF */
};

static struct value *read_block(struct plain *p, size_t indent,
				unsigned depth);

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
static bool pass(const char **at, const char *end)
{
	size_t left = (size_t)(end - *at);

	if ((unsigned char)**at < 0x80) {
		bool good = **at >= ' ' && **at != 0x7f;

		(*at)++;
		return good;
	}
	return is_letter(utf8_next(at, &left));
}

/* A text in quotes that holds none and no backslash. NULL: it is another one.
 * `*at` moves behind it. */
static struct value *read_quoted(const char **at, const char *end)
{
	const char quote = **at, *from = ++*at;
	struct value *value;

	while (*at < end && **at != quote)
		if (**at == '\\' || !pass(at, end))
			return NULL;
	if (*at == end)
		return NULL;
	value = value_new_text(from, (size_t)(*at - from));
	++*at;
	return value;
}

/* What a scalar without quotes may begin with: no indicator of YAML. */
static bool may_begin(const char *at)
{
	unsigned char c = (unsigned char)*at;

	if (c == '-')
		return at[1] != ' ' && at[1] != '\n';
	return c >= 0x80 || isalnum(c) || (c && strchr("_/.+~($", c));
}

static struct value *read_unquoted(const char *at, const char *end)
{
	const char *from = at;
	struct value *value;

	if (!may_begin(at))
		return NULL;
	while (at < end) {
		if ((*at == ':' && (at[1] == ' ' || at[1] == '\n')) ||
		    (*at == ' ' && (at[1] == '#' || at[1] == '\n')) ||
		    !pass(&at, end))
			return NULL;
	}
	value = yaml_plain_value(from, (size_t)(end - from));
	if (value->type == VALUE_TEXT && !value->tag &&
	    yaml_is_timestamp(value->u.text.text, value->u.text.len))
		value->tag = xstrdup(YAML_TAG "timestamp");
	return value;
}

/* The rest of a line, which is one value. */
static struct value *read_scalar(struct plain *p, const char *at)
{
	const char *end = memchr(at, '\n', (size_t)(p->end - at));
	struct value *value;

	if (end - at == 2 && !memcmp(at, "[]", 2)) {
		value = value_new_list();
	} else if (end - at == 2 && !memcmp(at, "{}", 2)) {
		value = value_new_map();
	} else if (*at == '"' || *at == '\'') {
		value = read_quoted(&at, end);
		if (value && at != end) {
			value_free(value);
			return NULL;
		}
	} else {
		value = read_unquoted(at, end);
	}
	p->at = end + 1;
	return value;
}

static struct value *read_list(struct plain *p, size_t indent)
{
	struct value *list = value_new_list();
	size_t here;

	while (p->at < p->end) {
		struct value *item;

		if (!look_at_line(p, &here) || here > indent)
			goto refuse;
		if (here < indent || !is_item(p->at + here))
			break;
		if (is_item(p->at + here + 2))
			goto refuse;
		item = read_scalar(p, p->at + here + 2);
		if (!item)
			goto refuse;
		value_list_add(list, item);
	}
	return list;

refuse:
	value_free(list);
	return NULL;
}

/* Adds the key, its value is NULL as yet. NULL: it is none of ours. */
static const char *read_key(const struct plain *p, const char *at,
			    struct value *map)
{
	const char *from = at;

	if (*at == '"' || *at == '\'') {
		const char *end = memchr(at, '\n', (size_t)(p->end - at));
		struct value *key = read_quoted(&at, end);

		if (key && *at == ':' && at - from <= MAX_KEY)
			value_map_add(map, key->u.text.text, key->u.text.len,
				      NULL);
		else
			at = NULL;
		value_free(key);
		return at;
	}
	if (!isalpha((unsigned char)*at) && *at != '_')
		return NULL;
	while (isalnum((unsigned char)*at) || (*at && strchr("_-./", *at)))
		at++;
	if (*at != ':' || at - from > MAX_KEY)
		return NULL;
	value_map_add(map, from, (size_t)(at - from), NULL);
	map->u.map.pair[map->u.map.nr - 1].plain =
		!yaml_plain_is_text(from, (size_t)(at - from));
	return at;
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
	return yaml_plain_value("", 0);
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
	struct value *map = value_new_map();
	size_t here;

	if (depth > MAX_DEPTH)
		goto refuse;
	while (p->at < p->end) {
		struct value *value;
		const char *at;

		if (!look_at_line(p, &here) || here > indent)
			goto refuse;
		if (here < indent)
			break;
		at = read_key(p, p->at + here, map);
		if (!at)
			goto refuse;
		if (at[1] == '\n') {
			p->at = at + 2;
			value = read_below(p, indent, depth);
		} else if (at[1] == ' ') {
			value = read_scalar(p, at + 2);
		} else {
			goto refuse;
		}
		map->u.map.pair[map->u.map.nr - 1].value = value;
		if (!value)
			goto refuse;
	}
	if (!has_duplicates(map))
		return map;

refuse:
	value_free(map);
	return NULL;
}

bool yaml_read_plain(struct value **out, const char *text, size_t len)
{
	struct plain p = { text, text + len };
	struct value *map;

	if (!len || len > MAX_BYTES || text[len - 1] != '\n' || *text == ' ' ||
	    memchr(text, '\0', len))
		return false;
	map = read_block(&p, 0, 0);
	if (!map)
		return false;
	if (p.at != p.end) {
		value_free(map);
		return false;
	}
	*out = map;
	return true;
}
