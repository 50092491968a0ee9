/*
 * resutil-conf.yaml from anywhere: it is checked without harm, and an edit of
 * it changes what it should and nothing else, or is refused.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-check.h"
#include "lib/exp/conf/conf-edit.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/conf/settings-key.h"
#include "lib/wrap/yaml.h"
#include "t/fuzz/fuzz.h"

/* What passes the check gives names that are safe as names of directories. */
static void check_conf(const struct value *conf)
{
	struct strbuf err = STRBUF_INIT;
	const char *name = value_get_text(conf, "project_name");
	const char *type = value_get_text(conf, "storage_type");
	int ret = conf_check(conf, "conf", "/home/me/project", &err);

	MUST(ret == 0 || ret == ERR_CONTENT);
	MUST((ret == 0) == (err.len == 0));
	if (!ret) {
		MUST(name && *name && !strchr(name, '/') &&
		     strcmp(name, "..") && strlen(name) <= 200);
		MUST(type && conf_storage_type_is_known(type));
	}
	strbuf_release(&err);
}

/* One edit; what else the text meant it still means. */
static void check_edit(const char *text, size_t len, const char *path,
		       const struct value *value)
{
	struct strbuf edited = STRBUF_INIT, err = STRBUF_INIT;
	struct value *before = NULL, *after = NULL;
	int ret;

	strbuf_add(&edited, text, len);
	ret = conf_edit(&edited, path, value, &err);
	MUST(ret == 0 || ret == ERR_CONTENT);
	if (ret) {
		MUST(err.len && edited.len == len &&
		     !memcmp(edited.buf, text, len));
		goto cleanup;
	}
	MUST(!yaml_parse(&after, edited.buf, edited.len, "x", NULL));
	MUST(value ? value_equal(value_get(after, path), value) :
	     !value_get(after, path));
	if (!strchr(path, '.')) {
		MUST(!yaml_parse(&before, text, len, "x", NULL));
		value_map_remove(before, path);
		value_map_remove(after, path);
		MUST(value_equal(before, after));
	}

cleanup:
	value_free(before);
	value_free(after);
	strbuf_release(&edited);
	strbuf_release(&err);
}

/* Settings in it: of a kind or refused; and what is nearly one. */
static void check_settings(const struct value *conf)
{
	struct strbuf err = STRBUF_INIT;
	struct strvec slips = STRVEC_INIT;
	size_t i;

	if (conf->type != VALUE_MAP)
		return;
	MUST(!settings_check(conf, "conf", &err) == !err.len);
	settings_find_slips(conf, &slips);
	MUST(slips.nr <= 10);
	for (i = 0; i < slips.nr; i++)
		MUST(strstr(slips.v[i], "did you mean"));
	strvec_release(&slips);
	strbuf_release(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);
	struct value *value = NULL, *map = value_new_map();
	struct value *str = value_new_str("new text: x");

	value_map_set_str(map, "path", "/store");
	if (!yaml_parse(&value, text, len, "x", NULL)) {
		check_conf(value);
		check_settings(value);
		check_edit(text, len, "project_name", str);
		check_edit(text, len, "storage_config", map);
		check_edit(text, len, "storage_config.path", str);
		check_edit(text, len, "a", NULL);
		check_edit(text, len, "a.b", NULL);
		check_edit(text, len, "a.b.c", map);
	}
	value_free(value);
	value_free(map);
	value_free(str);
	free(text);
	return 0;
}
