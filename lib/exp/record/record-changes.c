#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/exp/record/record-changes.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"

/* As deep as the YAML door lets a text nest. */
#define PATH_MAX_DEPTH 64

int changes_read(struct value **out, const char *file, bool json,
		 struct strbuf *err)
{
	int ret = record_read_file(out, file, json, err);

	if (!ret)
		record_drop_tags(*out);
	return ret;
}

/* Components are not empty; a path that is no text could not be a key. */
static bool is_path(const char *path, size_t len)
{
	size_t i, depth = 1;

	if (!len || !utf8_is_valid(path, len))
		return false;
	for (i = 0; i < len; i++) {
		if ((unsigned char)path[i] < 0x20)
			return false;
		if (path[i] != '.')
			continue;
		if (!i || i + 1 == len || path[i - 1] == '.')
			return false;
		depth++;
	}
	return depth < PATH_MAX_DEPTH;
}

static int assign(struct value *changes, const char *assignment, bool json,
		  const char *form, struct strbuf *err)
{
	const char *equals = strchr(assignment, '=');
	struct strbuf path = STRBUF_INIT;
	struct value *value = NULL;
	int ret = 0;

	if (!equals || !is_path(assignment, equals - assignment))
		return fail(err, ERR_USAGE, "'%s' is not of the form %s",
			    assignment, form);
	strbuf_add(&path, assignment, equals - assignment);
	equals++;
	if (!json)
		value = value_from_parameter(equals, strlen(equals));
	else if (json_parse(&value, equals, strlen(equals), path.buf, err))
		ret = ERR_USAGE;
	if (!ret)
		value_set(changes, path.buf, value);
	strbuf_release(&path);
	return ret;
}

int changes_set(struct value *changes, const char *assignment,
		struct strbuf *err)
{
	return assign(changes, assignment, false,
		      "PATH=VALUE (info.note=good)", err);
}

int changes_set_field(struct value *map, const char *assignment, bool json,
		      struct strbuf *err)
{
	return assign(map, assignment, json, "KEY=VALUE", err);
}

void changes_add(struct value *map, const struct value *over)
{
	size_t i;

	for (i = 0; i < over->u.map.nr; i++) {
		const char *key = over->u.map.pair[i].key;
		const struct value *item = over->u.map.pair[i].value;
		struct value *old = value_map_get(map, key);

		if (item->type == VALUE_MAP && old && old->type == VALUE_MAP)
			changes_add(old, item);
		else
			value_map_set(map, key, value_copy(item));
	}
}

int changes_gather(struct value **out, const char *file, bool json,
		   const struct strvec *sets, struct strbuf *err)
{
	struct value *own = value_new_map(), *map = NULL;
	size_t i;
	int ret = 0;

	for (i = 0; i < sets->nr && !ret; i++)
		ret = changes_set(own, sets->v[i], err);
	if (!ret && file)
		ret = changes_read(&map, file, json, err);
	if (!ret && map) {
		changes_add(map, own);
		value_free(own);
		own = map;
	}
	if (ret) {
		value_free(own);
		own = NULL;
	}
	*out = own;
	return ret;
}
