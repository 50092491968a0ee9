#include "lib/base/compat.h"
#include "builtin/params-file.h"

#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml.h"

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && !strcasecmp(text + len - n, end);
}

static bool begins_as_json(const struct strbuf *text)
{
	return text->buf[strspn(text->buf, " \t\r\n")] == '{';
}

static int parse(struct value **out, const struct strbuf *text,
		 const char *path, struct strbuf *err)
{
	if (ends_with(path, ".json"))
		return json_parse(out, text->buf, text->len, path, err);
	/* A flow map of YAML looks the same. */
	if (begins_as_json(text) && !ends_with(path, ".yaml") &&
	    !ends_with(path, ".yml") &&
	    !json_parse(out, text->buf, text->len, path, NULL))
		return 0;
	return yaml_parse(out, text->buf, text->len, path, err);
}

int params_file_read(struct value **out, const char *path, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	struct value *map = NULL;
	int ret;

	ret = read_file_or_pipe(&text, path, PARAMS_FILE_MAX_BYTES, err);
	if (!ret)
		ret = parse(&map, &text, path, err);
	if (!ret && map->type != VALUE_MAP)
		ret = fail(err, ERR_CONTENT, "'%s' holds no map of parameters",
			   path);
	if (ret) {
		value_free(map);
	} else {
		record_drop_tags(map);
		*out = map;
	}
	strbuf_release(&text);
	return ret;
}

struct value *params_file_under(const struct value *file,
				const struct value *params)
{
	struct value *all = value_copy(file);
	size_t i;

	for (i = 0; i < params->u.map.nr; i++)
		value_map_set(all, params->u.map.pair[i].key,
			      value_copy(params->u.map.pair[i].value));
	return all;
}
