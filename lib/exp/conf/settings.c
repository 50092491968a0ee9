#include "lib/base/compat.h"
#include "lib/exp/conf/settings.h"

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-file.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/conf/settings-key.h"
#include "lib/wrap/yaml.h"

#define COUNT_ENV "RESUTIL_CONFIG_COUNT"
#define KEY_ENV "RESUTIL_CONFIG_KEY_"
#define VALUE_ENV "RESUTIL_CONFIG_VALUE_"
#define MAX_PARAMETERS 10000

static struct value *layers[SETTINGS_LAYER_NR];

const char *const settings_exemptions[] = {
	"secrets.allow", "secrets.allow-files", NULL
};
static bool (*is_trusted)(const struct project *p);
static bool passed_over;

/* Numbers as text, lent to callers of settings_get_str(). */
static struct strvec lent = STRVEC_INIT;

static int read_user_layer(struct value **out, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	struct strbuf text = STRBUF_INIT;
	int ret;

	/* no home, no settings */
	if (conf_file_user_path(&path, NULL) || !path_exists(path.buf)) {
		ret = 0;
		goto cleanup;
	}
	ret = read_file(&text, path.buf, CONF_MAX_BYTES, err);
	if (ret == ERR_NOT_FOUND)	/* a link that leads nowhere */
		ret = ERR_FAILED;
	if (!ret)
		ret = yaml_parse(out, text.buf, text.len, path.buf, err);
	if (!ret && (*out)->type != VALUE_MAP)
		ret = fail(err, ERR_CONTENT, "'%s' must be a map of keys",
			   path.buf);
	if (!ret)
		ret = settings_check(*out, path.buf, err);

cleanup:
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

static unsigned count_parameters(void)
{
	const char *count = getenv(COUNT_ENV);
	unsigned long nr = count ? strtoul(count, NULL, 10) : 0;

	return MINIMUM(nr, MAX_PARAMETERS);
}

static const char *numbered_env(const char *prefix, unsigned nr)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%u", prefix, nr);
	return getenv(name);
}

static struct value *read_parameters(void)
{
	struct value *map = value_new_map();
	unsigned i, nr = count_parameters();

	for (i = 0; i < nr; i++) {
		const char *key = numbered_env(KEY_ENV, i);
		const char *text = numbered_env(VALUE_ENV, i);

		if (key && text)
			value_set(map, key, value_new_str(text));
	}
	return map;
}

void settings_trust_by(bool (*allows)(const struct project *p))
{
	is_trusted = allows;
}

bool settings_passed_over(void)
{
	return passed_over;
}

/* The conf as far as it counts. */
static struct value *read_project(const struct project *p)
{
	struct value *map = value_copy(p->conf);
	struct value *secrets = (struct value *)value_get(map, "secrets");
	bool exempts = false;
	size_t i;

	for (i = 0; settings_exemptions[i]; i++)
		exempts |= value_get(map, settings_exemptions[i]) != NULL;
	if (!exempts || (is_trusted && is_trusted(p)))
		return map;
	passed_over = true;
	for (i = 0; settings_exemptions[i]; i++)
		value_map_remove(secrets, strchr(settings_exemptions[i], '.') +
				 1);
	return map;
}

int settings_load(const struct project *project, struct strbuf *err)
{
	size_t i;
	int ret;

	for (i = 0; i < SETTINGS_LAYER_NR; i++) {
		value_free(layers[i]);
		layers[i] = NULL;
	}
	strvec_clear(&lent);
	passed_over = false;

	layers[SETTINGS_PARAMETERS] = read_parameters();
	if (project)
		layers[SETTINGS_PROJECT] = read_project(project);
	ret = read_user_layer(&layers[SETTINGS_USER], err);
	if (!ret && project)
		ret = settings_check(layers[SETTINGS_PROJECT],
				     project->conf_path, err);
	if (!ret)
		ret = settings_check(layers[SETTINGS_PARAMETERS], NULL, err);
	return ret;
}

/* Words of letters, digits, - and _, joined by single dots. */
static bool is_key(const char *key, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (key[i] == '.') {
			if (!i || i + 1 == len || key[i - 1] == '.')
				return false;
		} else if (!isalnum((unsigned char)key[i]) &&
			   key[i] != '-' && key[i] != '_') {
			return false;
		}
	}
	return len > 0;
}

int settings_add_parameter(const char *assignment, struct strbuf *err)
{
	const char *equals = strchrnul(assignment, '=');
	unsigned nr = count_parameters();
	char name[64], number[16];
	char *key;
	int ret = 0;

	if (nr == MAX_PARAMETERS)
		return fail(err, ERR_USAGE, "too many settings (at most %d)",
			    MAX_PARAMETERS);

	key = xmemdupz(assignment, equals - assignment);
	/* what nobody reads would be believed to hold */
	if (!is_key(key, strlen(key)) ||
	    (!strchr(key, '.') && settings_check_key(key, NULL)))
		ret = fail(err, ERR_USAGE, "'%s' is no setting: give "
			   "SECTION.KEY=VALUE, as in 'run.prompt=no'", key);
	else
		ret = settings_check_key(key, err);
	if (ret)
		goto cleanup;
	snprintf(name, sizeof(name), KEY_ENV "%u", nr);
	ret |= setenv(name, key, 1);
	snprintf(name, sizeof(name), VALUE_ENV "%u", nr);
	ret |= setenv(name, *equals ? equals + 1 : "true", 1);
	snprintf(number, sizeof(number), "%u", nr + 1);
	ret |= setenv(COUNT_ENV, number, 1);
	if (ret)
		ret = fail_errno(err, "cannot pass on the setting '%s'",
				 assignment);

cleanup:
	free(key);
	return ret;
}

const struct value *settings_get(const char *key)
{
	int i;

	for (i = SETTINGS_LAYER_NR - 1; i >= 0; i--) {
		const struct value *value =
			settings_get_of((enum settings_layer)i, key);

		if (value)
			return value;
	}
	return NULL;
}

const struct value *settings_layer(enum settings_layer layer)
{
	return layers[layer];
}

const struct value *settings_get_of(enum settings_layer layer, const char *key)
{
	const struct value *value;

	if (!layers[layer] ||
	    (layer == SETTINGS_PROJECT && settings_is_users_only(key)))
		return NULL;
	value = value_get(layers[layer], key);
	return value && value->type != VALUE_NULL ? value : NULL;
}

const char *settings_get_str(const char *key, const char *otherwise)
{
	const struct value *value = settings_get(key);
	struct strbuf text = STRBUF_INIT;
	const char *ret;

	if (!value || value->type == VALUE_LIST || value->type == VALUE_MAP)
		return otherwise;
	if (value->type == VALUE_TEXT)
		return value->u.text.text;
	value_format(&text, value);
	ret = strvec_push(&lent, text.buf);
	strbuf_release(&text);
	return ret;
}

static int bad_value(const char *key, const struct value *value,
		     const char *wanted, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;

	value_format(&text, value);
	fail(err, ERR_CONTENT, "the setting '%s' must be %s, not '%s'", key,
	     wanted, text.buf);
	strbuf_release(&text);
	return ERR_CONTENT;
}

int settings_get_bool(const char *key, bool otherwise, bool *out,
		      struct strbuf *err)
{
	const struct value *value = settings_get(key);
	const char *text = settings_get_str(key, NULL);

	if (!value)
		*out = otherwise;
	else if (!text || !settings_parse_bool(text, out))
		return bad_value(key, value, "yes or no", err);
	return 0;
}

int settings_get_size(const char *key, uint64_t otherwise, uint64_t *out,
		      struct strbuf *err)
{
	const struct value *value = settings_get(key);
	const char *text = settings_get_str(key, NULL);

	if (!value)
		*out = otherwise;
	else if (!text || !size_parse(out, text))
		return bad_value(key, value, "a size, as in 10MiB", err);
	return 0;
}

/* A scalar is a list of one; null is none. */
static void add_list(struct strvec *out, const struct value *value)
{
	struct strbuf text = STRBUF_INIT;
	size_t i, nr = 0;

	if (value && value->type == VALUE_LIST)
		nr = value->u.list.nr;
	else if (value && value->type != VALUE_MAP &&
		 value->type != VALUE_NULL)
		nr = 1;
	for (i = 0; i < nr; i++) {
		strbuf_reset(&text);
		value_format(&text, value->type == VALUE_LIST ?
				    value->u.list.item[i] : value);
		strvec_push(out, text.buf);
	}
	strbuf_release(&text);
}

void settings_get_list(const char *key, struct strvec *out)
{
	add_list(out, settings_get(key));
}

void settings_get_lists(const char *key, struct strvec *out)
{
	size_t i;

	for (i = 0; i < SETTINGS_LAYER_NR; i++)
		if (layers[i])
			add_list(out, value_get(layers[i], key));
}
