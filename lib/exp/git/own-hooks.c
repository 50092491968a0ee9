#include "lib/base/compat.h"
#include "lib/exp/git/own-hooks.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/conf/conf-command.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/store/trust.h"

void own_hooks_release(struct own_hooks *h)
{
	size_t i;

	for (i = 0; i < h->nr; i++)
		strvec_release(&h->item[i]);
	free(h->item);
	h->item = NULL;
	h->nr = h->alloc = 0;
}

/* A list of lists, or one with a map in it, is several commands. */
static bool is_several(const struct value *value)
{
	size_t i;

	if (value->type != VALUE_LIST)
		return false;
	for (i = 0; i < value->u.list.nr; i++) {
		enum value_type type = value->u.list.item[i]->type;

		if (type == VALUE_LIST || type == VALUE_MAP)
			return true;
	}
	return false;
}

static bool add_one(struct own_hooks *h, const struct value *value)
{
	struct strvec words = STRVEC_INIT;

	if (value->type == VALUE_MAP)
		value = value_map_get(value, "argv");
	if (!value || !conf_command_words(value, &words) ||
	    h->nr == OWN_HOOKS_MAX) {
		strvec_release(&words);
		return false;
	}
	ARRAY_GROW(h->item, h->nr + 1, h->alloc);
	h->item[h->nr++] = words;
	return true;
}

static int add_all(struct own_hooks *h, const struct value *value,
		   struct strbuf *err)
{
	bool good = true;
	size_t i;

	if (!is_several(value))
		good = add_one(h, value);
	else
		for (i = 0; good && i < value->u.list.nr; i++)
			good = value->u.list.item[i]->type != VALUE_TEXT &&
			       add_one(h, value->u.list.item[i]);
	if (good)
		return 0;
	own_hooks_release(h);
	return fail(err, ERR_CONTENT, "the setting 'hooks.%s' must be a "
		    "command, as a list of words or a text, or a list of at "
		    "most %d such lists", h->moment, OWN_HOOKS_MAX);
}

static void add_notice(struct strbuf *out, const struct project *p,
		       const char *moment, bool changed)
{
	strbuf_addf(out, "not run, for %s: hooks.%s; look at 'hooks' in '%s', "
		    "then trust it with 'resutil config --trust'", changed ?
		    "it has changed since this project was trusted here" :
		    "this project is not trusted here", moment, p->conf_path);
}

int own_hooks_find(struct own_hooks *h, const struct project *p,
		   const char *moment, struct strbuf *notice,
		   struct strbuf *err)
{
	const struct value *found = NULL;
	bool on = true;
	int i;

	h->moment = moment;
	if (getenv("RESUTIL_HOOK"))
		return 0;
	for (i = 0; i < SETTINGS_LAYER_NR; i++) {
		const struct value *map =
			settings_get_of((enum settings_layer)i, "hooks");
		const struct value *value = value_map_get(map, moment);
		enum trust trust;

		if (!value || value->type == VALUE_NULL)
			continue;
		trust = i == SETTINGS_PROJECT &&
			!conf_command_switch(value, &on) ?
			trust_of(p) : TRUST_YES;
		if (trust == TRUST_YES)
			found = value;
		else
			add_notice(notice, p, moment,
				   trust == TRUST_CHANGED);
	}
	on = true;
	if (!found || conf_command_switch(found, &on)) {
		if (found && on)
			return fail(err, ERR_CONTENT, "the setting 'hooks.%s' "
				    "must be a command, or no", moment);
		return 0;
	}
	return add_all(h, found, err);
}
