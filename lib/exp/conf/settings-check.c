/*
 * What is set under a name that is known must be of its kind: a setting that
 * is passed over in silence is believed to hold. Unknown keys are fine, they
 * may be a later version's.
 */
#include "lib/base/compat.h"
#include "lib/exp/conf/settings.h"

#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/settings-internal.h"

static const char *const wanted[] = {
	[SETTINGS_KIND_MAP] = "a map of keys",
	[SETTINGS_KIND_BOOL] = "yes or no",
	[SETTINGS_KIND_SIZE] = "a size, as in 10MiB",
	[SETTINGS_KIND_SCALAR] = "one value",
	[SETTINGS_KIND_LIST] = "one value or a list of them",
};

#define KIND(kind) SETTINGS_KIND_##kind

static const struct {
	const char *key;
	enum settings_kind kind;
} known[] = {
	{ "alias", KIND(MAP) },
	{ "code", KIND(MAP) },
	{ "code.max-file", KIND(SIZE) },
	{ "code.max-run", KIND(SIZE) },
	{ "code.treeish", KIND(BOOL) },
	{ "color", KIND(MAP) },
	{ "color.ui", KIND(SCALAR) },
	{ "core", KIND(MAP) },
	{ "core.pager", KIND(SCALAR) },
	{ "gc", KIND(MAP) },
	{ "gc.older-than", KIND(SCALAR) },
	{ "google", KIND(MAP) },
	{ "google.trusted-hosts", KIND(LIST) },
	{ "hooks", KIND(MAP) },
	{ "http", KIND(MAP) },
	{ "http.ca-file", KIND(SCALAR) },
	{ "http.stall-timeout", KIND(SCALAR) },
	{ "list", KIND(MAP) },
	{ "list.timeout", KIND(SCALAR) },
	{ "meta", KIND(MAP) },
	{ "meta.env", KIND(LIST) },
	{ "notes", KIND(BOOL) },
	{ "pack", KIND(MAP) },
	{ "pack.level", KIND(SCALAR) },
	{ "push", KIND(MAP) },
	{ "push.auto", KIND(SCALAR) },
	{ "remotes", KIND(MAP) },
	{ "run", KIND(MAP) },
	{ "run.checkpoint-every", KIND(SCALAR) },
	{ "run.collect", KIND(LIST) },
	{ "run.hash-inputs", KIND(BOOL) },
	{ "run.meta-wait", KIND(SCALAR) },
	{ "run.monitor", KIND(SCALAR) },
	{ "run.prompt", KIND(BOOL) },
	{ "secrets", KIND(MAP) },
	{ "secrets.add", KIND(LIST) },
	{ "secrets.allow", KIND(LIST) },
	{ "secrets.allow-files", KIND(LIST) },
	{ "secrets.files", KIND(LIST) },
	{ "transfer", KIND(MAP) },
	{ "transfer.jobs", KIND(SIZE) },
	{ "transfer.limit-rate", KIND(SIZE) },
	{ "unpack", KIND(MAP) },
	{ "unpack.max-entries", KIND(SIZE) },
	{ "unpack.max-size", KIND(SIZE) },
};

bool settings_kind_of(const char *key, enum settings_kind *kind)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(known[i].key, key))
			continue;
		*kind = known[i].kind;
		return true;
	}
	return false;
}

void settings_list_kinds(struct strvec *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].kind != SETTINGS_KIND_MAP)
			strvec_push(out, known[i].key);
}

static bool is_word(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(text, *words))
			return true;
	return false;
}

bool settings_parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = { "true", "yes", "on", "1", NULL };
	static const char *const no[] = { "false", "no", "off", "0", "", NULL };

	*out = is_word(text, yes);
	return *out || is_word(text, no);
}

static bool is_scalar(const struct value *value)
{
	return value->type != VALUE_LIST && value->type != VALUE_MAP;
}

static bool is_list_of_scalars(const struct value *value)
{
	size_t i;

	if (value->type != VALUE_LIST)
		return is_scalar(value);
	for (i = 0; i < value->u.list.nr; i++)
		if (!is_scalar(value->u.list.item[i]))
			return false;
	return true;
}

static bool is_of_kind(const struct value *value, enum settings_kind kind)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t size;
	bool yes, fits = is_scalar(value);

	switch (kind) {
	case SETTINGS_KIND_MAP:
		return value->type == VALUE_MAP;
	case SETTINGS_KIND_LIST:
		return is_list_of_scalars(value);
	case SETTINGS_KIND_SCALAR:
		return fits;
	case SETTINGS_KIND_BOOL:
	case SETTINGS_KIND_SIZE:
		break;
	}
	if (fits)
		value_format(&text, value);
	if (fits)
		fits = kind == SETTINGS_KIND_BOOL ?
			settings_parse_bool(text.buf, &yes) :
			size_parse(&size, text.buf);
	strbuf_release(&text);
	return fits;
}

int settings_check(const struct value *map, const char *path,
		   struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		const struct value *value = value_get(map, known[i].key);

		if (!value || value->type == VALUE_NULL ||
		    is_of_kind(value, known[i].kind))
			continue;
		value_format(&text, value);
		if (path)
			fail(err, ERR_CONTENT, "'%s': '%s' must be %s, not "
			     "'%s'", path, known[i].key,
			     wanted[known[i].kind], text.buf);
		else
			fail(err, ERR_CONTENT, "the setting '%s' must be %s, "
			     "not '%s'", known[i].key, wanted[known[i].kind],
			     text.buf);
		strbuf_release(&text);
		return ERR_CONTENT;
	}
	return 0;
}
