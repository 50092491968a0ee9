#include "lib/base/compat.h"
#include "lib/exp/conf/conf-check.h"

#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

#define KNOWN_TYPES "dir, gcs, gdrive, s3, ssh"
#define MAX_NAME 200		/* bytes; it becomes a folder in each store */

/* What each type requires; may_be_missing() tells what of it. */
static const char *const dir_keys[] = { "path", NULL };
static const char *const gcs_keys[] = { "key_file_path", "backet_name", NULL };
static const char *const gdrive_keys[] = {
	"key_file_path", "base_folder_id", NULL
};
static const char *const s3_keys[] = {
	"bucket_name", "endpoint_url", "region", "key_file_path", NULL
};
static const char *const ssh_keys[] = { "host", "path", NULL };

static const struct {
	const char *type;
	const char *const *keys;
} storage[] = {
	{ "dir", dir_keys }, { "gcs", gcs_keys }, { "gs", gcs_keys },
	{ "gdrive", gdrive_keys }, { "s3", s3_keys }, { "ssh", ssh_keys }
};

static const char *const *required_keys(const char *type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(storage); i++)
		if (!strcmp(storage[i].type, type))
			return storage[i].keys;
	return NULL;
}

bool conf_storage_type_is_known(const char *type)
{
	return required_keys(type) != NULL;
}

int conf_check_storage_type(const char *type, struct strbuf *err)
{
	if (conf_storage_type_is_known(type))
		return 0;
	if (!strcmp(type, "box"))
		return fail(err, ERR_USAGE, "storage_type 'box' is not "
			    "supported (the Python Resutil dropped it in "
			    "v0.1.19); download the folder from Box and use "
			    "storage_type 'dir' with the copy as 'path'");
	return fail(err, ERR_USAGE, "unknown storage_type '%s'; known are "
		    KNOWN_TYPES, type);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

int conf_check_project_name(const char *name, struct strbuf *err)
{
	size_t len = strlen(name);

	if (!len)
		return fail(err, ERR_USAGE, "a project name cannot be empty");
	if (len > MAX_NAME)
		return fail(err, ERR_USAGE, "a project name has at most %d "
			    "bytes, this one has %zu", MAX_NAME, len);
	if (!utf8_is_valid(name, len) || has_control(name))
		return fail(err, ERR_USAGE, "a project name is UTF-8 without "
			    "control characters");
	if (strpbrk(name, "/\\"))
		return fail(err, ERR_USAGE, "a project name cannot hold '/' or "
			    "'\\': '%s'", name);
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return fail(err, ERR_USAGE, "'%s' cannot be a project name",
			    name);
	if (name[0] == ' ' || name[len - 1] == ' ')
		return fail(err, ERR_USAGE, "a project name cannot begin or "
			    "end with a blank: '%s'", name);
	return 0;
}

/* Inside root/`name`, or that itself? */
static bool is_in(const char *path, const char *root, const char *name)
{
	const char *below = path_below(path, root);
	size_t len = strlen(name);

	return below && !strncmp(below, name, len) &&
		(!below[len] || below[len] == '/');
}

int conf_check_results_dir(const char *dir, const char *root,
			   struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = 0;

	if (!*dir)
		return fail(err, ERR_USAGE, "results_dir cannot be empty");
	if (!utf8_is_valid(dir, strlen(dir)) || has_control(dir))
		return fail(err, ERR_USAGE, "results_dir must be UTF-8 without "
			    "control characters");
	path_absolute(&path, root, dir);
	if (path_below(root, path.buf))
		ret = fail(err, ERR_USAGE, "results_dir '%s' holds the project "
			   "itself; it must be a directory of its own", dir);
	else if (*dir != '/' && !path_below(path.buf, root))
		ret = fail(err, ERR_USAGE, "results_dir '%s' leaves the "
			   "project; write it as an absolute path", dir);
	else if (is_in(path.buf, root, ".resutil") ||
		 is_in(path.buf, root, ".git"))
		ret = fail(err, ERR_USAGE, "results_dir '%s' lies where only "
			   "a program's own data may be", dir);
	strbuf_release(&path);
	return ret;
}

/* An id or a bucket of digits only is an integer to YAML: good enough. */
static bool is_given(const struct value *config, const char *key)
{
	const struct value *value = value_map_get(config, key);

	if (!value)
		return false;
	if (value->type == VALUE_TEXT)
		return value->u.text.len > 0 &&
			strlen(value->u.text.text) == value->u.text.len;
	return value->type == VALUE_INT;
}

/* Credentials are found in other ways too, and so is all of S3: in the
 * environment, in `.env`, in the files of the AWS tools. */
static bool may_be_missing(const char *type, const char *key)
{
	return !strcmp(type, "s3") || !strcmp(key, "key_file_path");
}

int conf_check_storage_config(const char *type, const struct value *config,
			      struct strbuf *err)
{
	const char *const *key = required_keys(type);

	if (!key)
		return conf_check_storage_type(type, err);
	for (; *key; key++) {
		if (is_given(config, *key) || may_be_missing(type, *key))
			continue;
		if (!strcmp(*key, "backet_name") &&
		    is_given(config, "bucket_name"))
			continue;
		return fail(err, ERR_USAGE, "storage_type '%s' needs '%s' in "
			    "storage_config", type, *key);
	}
	return 0;
}

/* What a rule for one value says against it is wrong content here. */
static int as_content(int ret, const char *path, struct strbuf *why,
		      struct strbuf *err)
{
	if (ret)
		ret = fail(err, ERR_CONTENT, "'%s': %s", path, why->buf);
	strbuf_reset(why);
	return ret;
}

static int check_text(const struct value *conf, const char *key,
		      const char *path, struct strbuf *err)
{
	const struct value *value = value_map_get(conf, key);

	if (!value)
		return fail(err, ERR_CONTENT, "'%s': the key '%s' is missing",
			    path, key);
	if (value->type != VALUE_TEXT ||
	    strlen(value->u.text.text) != value->u.text.len)
		return fail(err, ERR_CONTENT, "'%s': '%s' must be a text; put "
			    "it in quotes", path, key);
	return 0;
}

static int check_remotes(const struct value *remotes, const char *path,
			 struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = 0;
	size_t i;

	if (!remotes || remotes->type == VALUE_NULL)
		return 0;
	if (remotes->type != VALUE_MAP)
		return fail(err, ERR_CONTENT, "'%s': 'remotes' must be a map "
			    "of names", path);
	for (i = 0; !ret && i < remotes->u.map.nr; i++) {
		const struct value *remote = remotes->u.map.pair[i].value;
		const char *name = remotes->u.map.pair[i].key;
		const char *type = value_get_text(remote, "type");

		if (!type) {
			ret = fail(err, ERR_CONTENT, "'%s': the key 'type' is "
				   "missing in remote '%s'", path, name);
			break;
		}
		ret = conf_check_storage_config(type,
				value_map_get(remote, "config"), &why);
		if (ret)
			ret = fail(err, ERR_CONTENT, "'%s': remote '%s': %s",
				   path, name, why.buf);
	}
	strbuf_release(&why);
	return ret;
}

int conf_check(const struct value *conf, const char *path, const char *root,
	       struct strbuf *err)
{
	static const char *const texts[] = {
		"project_name", "results_dir", "storage_type"
	};
	struct strbuf why = STRBUF_INIT;
	const struct value *config = value_map_get(conf, "storage_config");
	const char *type;
	size_t i;
	int ret = 0;

	if (conf->type != VALUE_MAP)
		return fail(err, ERR_CONTENT, "'%s' must be a map of keys",
			    path);
	for (i = 0; !ret && i < ARRAY_SIZE(texts); i++)
		ret = check_text(conf, texts[i], path, err);
	if (ret)
		goto cleanup;
	type = value_get_text(conf, "storage_type");
	ret = as_content(conf_check_project_name(
				value_get_text(conf, "project_name"), &why),
			 path, &why, err);
	if (!ret)
		ret = as_content(conf_check_results_dir(
				value_get_text(conf, "results_dir"), root,
				&why), path, &why, err);
	if (!ret)
		ret = as_content(conf_check_storage_type(type, &why), path,
				 &why, err);
	if (!ret && config && config->type != VALUE_MAP)
		ret = fail(err, ERR_CONTENT, "'%s': 'storage_config' must be a "
			   "map", path);
	if (!ret && !config)
		ret = fail(err, ERR_CONTENT, "'%s': the key 'storage_config' "
			   "is missing", path);
	if (!ret)
		ret = as_content(conf_check_storage_config(type, config, &why),
				 path, &why, err);
	if (!ret)
		ret = check_remotes(value_map_get(conf, "remotes"), path, err);

cleanup:
	strbuf_release(&why);
	return ret;
}
