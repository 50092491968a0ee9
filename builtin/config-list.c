#include "lib/base/compat.h"
#include "builtin/config-list.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/exp/conf/conf-file.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/conf/settings-key.h"
#include "lib/wrap/json.h"

static const char *const layer_names[] = {
	[SETTINGS_USER] = "user",
	[SETTINGS_PROJECT] = "project",
	[SETTINGS_PARAMETERS] = "-c",
};

struct found {
	char *key;
	const struct value *value;
	enum settings_layer layer;
	const char *path;	/* NULL: of no file */
};

struct listing {
	struct found *item;
	size_t nr, alloc;
	struct strbuf user_path;
	const struct config_look *look;
};

#define FOUND_OF(row) ((const struct found *)(row))

static struct value *get_key(const void *row, void *data UNUSED)
{
	return value_new_str(FOUND_OF(row)->key);
}

static struct value *get_value(const void *row, void *data UNUSED)
{
	return value_copy(FOUND_OF(row)->value);
}

static struct value *get_origin(const void *row, void *data UNUSED)
{
	return value_new_str(layer_names[FOUND_OF(row)->layer]);
}

static struct value *get_path(const void *row, void *data UNUSED)
{
	return value_new_str(FOUND_OF(row)->path);
}

static const struct row_field fields[] = {
	{ .name = "key", .help = "of the setting", .get = get_key },
	{ .name = "value", .help = "what it is", .get = get_value },
	{ .name = "origin", .help = "user, project, or -c", .hidden = true,
	  .get = get_origin },
	{ .name = "path", .help = "of the file", .hidden = true,
	  .get = get_path },
	ROW_FIELD_END
};

static const struct row_field fields_with_origin[] = {
	{ .name = "key", .help = "of the setting", .get = get_key },
	{ .name = "value", .help = "what it is", .get = get_value },
	{ .name = "origin", .help = "user, project, or -c",
	  .get = get_origin },
	{ .name = "path", .help = "of the file", .get = get_path },
	ROW_FIELD_END
};

static bool is_wanted(const struct config_look *look,
		      enum settings_layer layer)
{
	return (!look->user && !look->only_project) ||
	       (look->user && layer == SETTINGS_USER) ||
	       (look->only_project && layer == SETTINGS_PROJECT);
}

static const char *path_of(const struct listing *l, enum settings_layer layer)
{
	if (layer == SETTINGS_USER)
		return l->user_path.buf;
	return layer == SETTINGS_PROJECT ? l->look->project->conf_path : NULL;
}

static void add(struct listing *l, const char *key, const struct value *value,
		enum settings_layer layer)
{
	struct found *item;

	ARRAY_GROW(l->item, l->nr + 1, l->alloc);
	item = &l->item[l->nr++];
	item->key = xstrdup(key);
	item->value = value;
	item->layer = layer;
	item->path = path_of(l, layer);
}

/* What nobody reads is told: it may be a slip. */
static void warn_of(const struct listing *l, const char *key,
		    enum settings_layer layer)
{
	const char *path = path_of(l, layer);
	struct strbuf why = STRBUF_INIT;

	if (!settings_is_known(key))
		settings_check_key(key, &why);
	else if (layer == SETTINGS_PROJECT && settings_is_users_only(key))
		strbuf_addf(&why, _("'%s' is never taken from a project"), key);
	if (why.len && path)
		warning("'%s': %s", path, why.buf);
	else if (why.len)
		warning("%s", why.buf);
	strbuf_release(&why);
}

/* Commands of meta and hooks may be maps; all other maps are sections. */
static bool is_section(const char *key, const struct value *value)
{
	return value->type == VALUE_MAP &&
	       ((strncmp(key, "meta.", 5) && strncmp(key, "hooks.", 6)) ||
		!settings_is_known(key));
}

static void add_map(struct listing *l, const char *above,
		    const struct value *map, enum settings_layer layer)
{
	struct strbuf key = STRBUF_INIT;
	size_t i;

	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];

		strbuf_reset(&key);
		strbuf_addf(&key, "%s%s", above, pair->key);
		if (pair->value->type == VALUE_NULL ||
		    settings_is_of_project(key.buf))
			continue;
		if (is_section(key.buf, pair->value)) {
			strbuf_addch(&key, '.');
			add_map(l, key.buf, pair->value, layer);
			continue;
		}
		warn_of(l, key.buf, layer);
		if (layer != SETTINGS_PROJECT ||
		    !settings_is_users_only(key.buf))
			add(l, key.buf, pair->value, layer);
	}
	strbuf_release(&key);
}

static int compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : (int)x->layer - (int)y->layer;
}

int config_list(struct config_look *look, struct strbuf *err)
{
	struct listing l = { .look = look, .user_path = STRBUF_INIT };
	int layer, ret;
	size_t i;

	look->rows.fields = look->show_origin ? fields_with_origin : fields;
	ret = rows_begin(&look->rows, err);
	if (ret)
		return ret;
	conf_file_user_path(&l.user_path, NULL);
	for (layer = 0; layer < SETTINGS_LAYER_NR; layer++) {
		const struct value *map =
			settings_layer((enum settings_layer)layer);

		if (map && is_wanted(look, (enum settings_layer)layer))
			add_map(&l, "", map, (enum settings_layer)layer);
	}
	if (l.nr)
		qsort(l.item, l.nr, sizeof(*l.item), compare);
	for (i = 0; i < l.nr; i++) {
		rows_add(&look->rows, &l.item[i]);
		free(l.item[i].key);
	}
	rows_end(&look->rows);
	free(l.item);
	strbuf_release(&l.user_path);
	return 0;
}

/* A list is a line for each of its values. */
static void print_value(const struct config_look *look,
			const struct value *value, const char *origin)
{
	const struct value *const *item = &value;
	struct strbuf text = STRBUF_INIT;
	size_t i, nr = 1;

	if (value->type == VALUE_LIST && !look->rows.json) {
		item = (const struct value *const *)value->u.list.item;
		nr = value->u.list.nr;
	}
	for (i = 0; i < nr; i++) {
		if (origin)
			strbuf_addf(&text, "%s\t", origin);
		if (look->rows.json)
			json_write(&text, item[i]);
		else
			value_format(&text, item[i]);
		strbuf_addch(&text, look->rows.nul ? '\0' : '\n');
	}
	out_text(text.buf, text.len);
	strbuf_release(&text);
}

int config_get(struct config_look *look, const char *key, struct strbuf *err)
{
	int layer, ret = settings_check_key(key, err);
	const struct value *value = NULL;

	if (ret)
		return ret;
	for (layer = SETTINGS_LAYER_NR - 1; layer >= 0 && !value; layer--)
		if (is_wanted(look, (enum settings_layer)layer))
			value = settings_get_of((enum settings_layer)layer,
						key);
	if (!value)
		return ERR_NO;
	layer++;
	print_value(look, value, look->show_origin ?
		    layer_names[layer] : NULL);
	return 0;
}
