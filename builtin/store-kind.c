#include "lib/base/compat.h"
#include "builtin/store-kind.h"

#include "lib/base/error.h"
#include "lib/base/path.h"

/* In the order in which people read them, as STORE_KIND_WORDS has it; the first
 * is the usual one. */
static const struct store_kind *const kinds[] = {
	&store_kind_dir, &store_kind_gcs, &store_kind_gdrive, &store_kind_s3,
	&store_kind_ssh
};

const struct store_kind *store_kind_find(const char *type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i]->type, type) ||
		    (kinds[i]->alias && !strcmp(kinds[i]->alias, type)))
			return kinds[i];
	return NULL;
}

const struct store_kind *store_kind_usual(void)
{
	return kinds[0];
}

void store_kind_names(struct strbuf *out, const char *between)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		strbuf_addf(out, "%s%s", i ? between : "", kinds[i]->type);
}

int store_kind_only(const struct value *settings, const char *type,
		    const char *const *keys, struct strbuf *err)
{
	struct strbuf known = STRBUF_INIT;
	const char *const *key;
	size_t i;
	int ret = 0;

	for (key = keys; *key; key++)
		strbuf_addf(&known, "%s%s", known.len ? ", " : "", *key);
	for (i = 0; !ret && i < settings->u.map.nr; i++) {
		const char *given = settings->u.map.pair[i].key;

		for (key = keys; *key && strcmp(*key, given); key++)
			;
		if (!*key)
			ret = fail(err, ERR_USAGE, "a store of type '%s' has "
				   "no '%s'; it has %s", type, given,
				   known.buf);
	}
	strbuf_release(&known);
	return ret;
}

static void rebase(struct value *config, const char *key, const char *root)
{
	const char *text = value_get_text(config, key);
	struct strbuf path = STRBUF_INIT, relative = STRBUF_INIT;

	if (text && *text && *text != '/') {
		path_absolute(&path, NULL, text);
		if (root)
			path_relative(&relative, root, path.buf);
		value_map_set_str(config, key,
				  root ? relative.buf : path.buf);
	}
	strbuf_release(&relative);
	strbuf_release(&path);
}

void store_kind_rebase(const struct store_kind *kind, struct value *config,
		       const char *root)
{
	const char *key = value_get_text(config, "key_file_path");
	const char *ssh_config = value_get_text(config, "ssh_config");

	if (ssh_config && strncmp(ssh_config, "~/", 2))
		rebase(config, "ssh_config", root);
	if (kind->is_dir)
		rebase(config, "path", root);
	if (key && !strcmp(key, STORE_NO_KEY))
		value_map_remove(config, "key_file_path");
	else if (key && strncmp(key, "~/", 2))
		rebase(config, "key_file_path", root);
}
