#include "lib/base/compat.h"
#include "lib/exp/recording/meta-plan.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/exp/conf/conf-command.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/recording/meta.h"
#include "lib/exp/recording/meta-gpu.h"
#include "lib/exp/store/trust.h"

#define MAX_COMMANDS 64
#define MAX_NAME 64
#define MAX_TIMEOUT 3600000

void meta_plan_release(struct meta_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->nr; i++) {
		free(plan->command[i].name);
		free(plan->command[i].bad);
		strvec_release(&plan->command[i].argv);
	}
	free(plan->command);
	strvec_release(&plan->names);
	strvec_release(&plan->env);
	strvec_release(&plan->untrusted);
	strvec_release(&plan->bad_names);
}

bool meta_plan_has(const struct meta_plan *plan, const char *name)
{
	size_t i;

	for (i = 0; i < plan->names.nr; i++)
		if (!strcmp(plan->names.v[i], name))
			return true;
	for (i = 0; i < plan->nr; i++)
		if (!strcmp(plan->command[i].name, name))
			return true;
	return false;
}

/* ---- one entry ---------------------------------------------------------- */

static bool is_good_name(const char *name)
{
	size_t len = strlen(name);

	return len && len <= MAX_NAME &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
			    "WXYZ0123456789_-") == len;
}

bool meta_parse_time(const struct value *value, unsigned *msec)
{
	const char *text = value_text(value);
	double number, unit = 1000;
	char *end;

	if (value->type == VALUE_INT) {
		number = (double)value->u.number;
	} else if (value->type == VALUE_FLOAT) {
		number = value->u.real;
	} else if (text && isdigit((unsigned char)*text)) {
		number = strtod(text, &end);
		if (!strcmp(end, "ms"))
			unit = 1;
		else if (!strcmp(end, "m"))
			unit = 60000;
		else if (*end && strcmp(end, "s"))
			return false;
	} else {
		return false;
	}
	number *= unit;
	if (!(number >= 0 && number <= MAX_TIMEOUT))
		return false;
	*msec = (unsigned)number;
	return true;
}

static struct meta_command *add_command(struct meta_plan *plan,
					const char *name)
{
	struct meta_command *c;

	ARRAY_GROW(plan->command, plan->nr + 1, plan->alloc);
	c = &plan->command[plan->nr++];
	memset(c, 0, sizeof(*c));
	c->name = xstrdup(name);
	c->limit = META_TIMEOUT;
	strvec_init(&c->argv);
	return c;
}

static void take_command(struct meta_plan *plan, const char *name,
			 const struct value *value)
{
	struct meta_command *c = add_command(plan, name);
	const struct value *timeout = value_map_get(value, "timeout");

	if (value->type == VALUE_MAP)
		value = value_map_get(value, "argv");
	if (!value || !conf_command_words(value, &c->argv))
		c->bad = xstrdup("it must be a command, as a list of words, or "
				 "a map of argv and timeout");
	else if (timeout && (!meta_parse_time(timeout, &c->limit) || !c->limit))
		c->bad = xstrdup("its timeout must be seconds, from 0.001 to "
				 "3600");
	else if (plan->nr > MAX_COMMANDS)
		c->bad = xstrdup("there are more than 64 commands");
}

/* ---- all of them -------------------------------------------------------- */

/* What is said of `name`, by the last layer that may say it. */
static const struct value *entry_of(const char *name, bool trusted,
				    bool *untrusted)
{
	const struct value *found = NULL;
	int i;

	*untrusted = false;
	for (i = 0; i < SETTINGS_LAYER_NR; i++) {
		const struct value *map =
			settings_get_of((enum settings_layer)i, "meta");
		const struct value *value = value_map_get(map, name);
		bool on;

		if (!value || value->type == VALUE_NULL)
			continue;
		if (i == SETTINGS_PROJECT && !trusted &&
		    !conf_command_switch(value, &on)) {
			*untrusted = true;
			continue;
		}
		found = value;
		*untrusted = false;
	}
	return found;
}

static void take_env(struct meta_plan *plan, const struct value *value)
{
	struct strbuf text = STRBUF_INIT;
	const char *p;
	size_t i;

	if (value->type == VALUE_LIST) {
		for (i = 0; i < value->u.list.nr; i++) {
			strbuf_reset(&text);
			value_format(&text, value->u.list.item[i]);
			strvec_push(&plan->env, text.buf);
		}
	} else if (value_text(value)) {
		for (p = value_text(value); *(p += strspn(p, ", \t"));
		     p += strcspn(p, ", \t"))
			strvec_pushn(&plan->env, p, strcspn(p, ", \t"));
	}
	strbuf_release(&text);
}

/* A provider of ours; asked: by its name. */
static void take_provider(struct meta_plan *plan, const char *name,
			  bool asked, bool trusted)
{
	bool untrusted, on = true;
	const struct value *value = entry_of(name, trusted, &untrusted);
	struct meta_command *c;

	if (untrusted)
		strvec_pushf(&plan->untrusted, "meta.%s", name);
	if (value && conf_command_switch(value, &on))
		value = NULL;
	if (!on && !asked)
		return;
	if (value && strcmp(name, "env")) {	/* another command for it */
		take_command(plan, name, value);
	} else if (!strcmp(name, "gpu")) {
		struct strvec argv = STRVEC_INIT;

		if (meta_gpu_command(&argv)) {
			c = add_command(plan, name);
			strvec_pushv(&c->argv, argv.v);
			c->limit = META_GPU_TIMEOUT;
			c->parse = meta_gpu_parse;
		}
		strvec_release(&argv);
	} else if (!strcmp(name, "packages")) {
		plan->packages = true;
	} else {
		if (value)
			take_env(plan, value);
		strvec_push(&plan->names, name);
	}
}

/* One that the settings add. */
static void take_other(struct meta_plan *plan, const char *name, bool trusted)
{
	bool untrusted, on = true;
	const struct value *value = entry_of(name, trusted, &untrusted);

	if (untrusted)
		strvec_pushf(&plan->untrusted, "meta.%s", name);
	if (value && (!conf_command_switch(value, &on) || on))
		take_command(plan, name, value);
}

/* The names that any layer adds to ours, each once. */
static void other_names(struct strvec *out, struct strvec *bad)
{
	int i;
	size_t k;

	for (i = 0; i < SETTINGS_LAYER_NR; i++) {
		const struct value *map =
			settings_get_of((enum settings_layer)i, "meta");

		for (k = 0; map && map->type == VALUE_MAP &&
		     k < map->u.map.nr; k++) {
			const char *name = map->u.map.pair[k].key;

			if (!is_good_name(name))
				strvec_push(bad, name);
			else if (!meta_is_provider(name))
				strvec_push(out, name);
		}
	}
	strvec_sort(out, true);
	strvec_sort(bad, true);
}

static int unknown(const char *name, struct strbuf *err)
{
	struct strbuf all = STRBUF_INIT;
	size_t i;

	for (i = 0; meta_providers[i]; i++)
		strbuf_addf(&all, "%s%s", i ? ", " : "", meta_providers[i]);
	fail(err, ERR_USAGE, "no provider '%s', there are %s, and what 'meta' "
	     "of the settings adds", name, all.buf);
	strbuf_release(&all);
	return ERR_USAGE;
}

static bool is_named(const struct strvec *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->nr; i++)
		if (!strcmp(names->v[i], name))
			return true;
	return false;
}

int meta_plan_make(struct meta_plan *plan, const struct project *p,
		   const struct strvec *names, struct strbuf *err)
{
	/* One that records a run itself must not ask itself for ever. */
	const bool within = getenv("RESUTIL_META") != NULL;
	struct strvec others = STRVEC_INIT;
	enum trust trust = p && settings_get_of(SETTINGS_PROJECT, "meta") ?
			   trust_of(p) : TRUST_NOTHING;
	bool trusted = trust == TRUST_YES;
	size_t i;
	int ret = 0;

	plan->changed = trust == TRUST_CHANGED;
	for (i = 0; meta_providers[i]; i++)
		if (!names || is_named(names, meta_providers[i]))
			take_provider(plan, meta_providers[i], !!names,
				      trusted);
	other_names(&others, &plan->bad_names);
	for (i = 0; i < others.nr && !within; i++)
		if (!names || is_named(names, others.v[i]))
			take_other(plan, others.v[i], trusted);
	for (i = 0; names && i < names->nr && !ret; i++)
		if (!meta_is_provider(names->v[i]) &&
		    !is_named(&others, names->v[i]))
			ret = unknown(names->v[i], err);
	strvec_release(&others);
	return ret;
}

static void add_names(struct strbuf *out, const struct strvec *names)
{
	size_t i;

	for (i = 0; i < names->nr; i++)
		strbuf_addf(out, "%s%s", i ? ", " : "", names->v[i]);
}

void meta_plan_notice(const struct meta_plan *plan, const struct project *p,
		      struct strbuf *out)
{
	if (plan->untrusted.nr) {
		strbuf_addstr(out, plan->changed ?
			      "not asked, for it has changed since this "
			      "project was trusted here: " :
			      "not asked, for this project is not trusted "
			      "here: ");
		add_names(out, &plan->untrusted);
		strbuf_addf(out, "; look at 'meta' in '%s', then trust it with "
			    "'resutil config --trust'", p->conf_path);
	}
	if (plan->bad_names.nr) {
		strbuf_addf(out, "%snot asked, for these cannot be names below "
			    "'meta': ", out->len ? "; " : "");
		add_names(out, &plan->bad_names);
	}
}
