/*
 * What is set under a name that is known must be of its kind: a setting that
 * is passed over in silence is believed to hold. Unknown keys are fine, they
 * may be a later version's.
 */
#include "lib/base/compat.h"
#include "lib/exp/settings.h"

#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

enum kind { KIND_MAP, KIND_BOOL, KIND_SIZE, KIND_SCALAR, KIND_LIST };

static const char *const wanted[] = {
	[KIND_MAP] = "a map of keys",
	[KIND_BOOL] = "yes or no",
	[KIND_SIZE] = "a size, as in 10MiB",
	[KIND_SCALAR] = "one value",
	[KIND_LIST] = "one value or a list of them",
};

static const struct {
	const char *key;
	enum kind kind;
} known[] = {
	{ "alias", KIND_MAP },
	{ "code", KIND_MAP },
	{ "code.max-file", KIND_SIZE },
	{ "code.max-run", KIND_SIZE },
	{ "code.treeish", KIND_BOOL },
	{ "color", KIND_MAP },
	{ "color.ui", KIND_SCALAR },
	{ "core", KIND_MAP },
	{ "core.pager", KIND_SCALAR },
	{ "gc", KIND_MAP },
	{ "gc.older-than", KIND_SCALAR },
	{ "google", KIND_MAP },
	{ "google.trusted-hosts", KIND_LIST },
	{ "hooks", KIND_MAP },
	{ "http", KIND_MAP },
	{ "http.ca-file", KIND_SCALAR },
	{ "http.stall-timeout", KIND_SCALAR },
	{ "list", KIND_MAP },
	{ "list.timeout", KIND_SCALAR },
	{ "meta", KIND_MAP },
	{ "meta.env", KIND_LIST },
	{ "notes", KIND_BOOL },
	{ "pack", KIND_MAP },
	{ "pack.level", KIND_SCALAR },
	{ "push", KIND_MAP },
	{ "push.auto", KIND_SCALAR },
	{ "remotes", KIND_MAP },
	{ "run", KIND_MAP },
	{ "run.checkpoint-every", KIND_SCALAR },
	{ "run.collect", KIND_LIST },
	{ "run.hash-inputs", KIND_BOOL },
	{ "run.meta-wait", KIND_SCALAR },
	{ "run.monitor", KIND_SCALAR },
	{ "run.prompt", KIND_BOOL },
	{ "secrets", KIND_MAP },
	{ "secrets.add", KIND_LIST },
	{ "secrets.allow", KIND_LIST },
	{ "secrets.allow-files", KIND_LIST },
	{ "secrets.files", KIND_LIST },
	{ "transfer", KIND_MAP },
	{ "transfer.jobs", KIND_SIZE },
	{ "transfer.limit-rate", KIND_SIZE },
	{ "unpack", KIND_MAP },
	{ "unpack.max-entries", KIND_SIZE },
	{ "unpack.max-size", KIND_SIZE },
};

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

static bool is_of_kind(const struct value *value, enum kind kind)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t size;
	bool yes, fits = is_scalar(value);

	switch (kind) {
	case KIND_MAP:
		return value->type == VALUE_MAP;
	case KIND_LIST:
		return is_list_of_scalars(value);
	case KIND_SCALAR:
		return fits;
	case KIND_BOOL:
	case KIND_SIZE:
		break;
	}
	if (fits)
		value_format(&text, value);
	if (fits)
		fits = kind == KIND_BOOL ? settings_parse_bool(text.buf, &yes) :
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
