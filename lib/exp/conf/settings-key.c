/*
 * The kinds of settings-check.c are what has to hold when a file is read; what
 * else the reader of a setting asks of it is told here when it is set.
 */
#include "lib/base/compat.h"
#include "lib/exp/conf/settings-key.h"

#include "lib/base/age.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/similar.h"
#include "lib/exp/conf/conf-command.h"
#include "lib/exp/conf/settings-internal.h"
#include "lib/exp/conf/settings.h"

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

static bool is_switch(const char *text)
{
	bool ignored;

	return *text && settings_parse_bool(text, &ignored);
}

static bool is_number(const char *text, unsigned long least, unsigned long most)
{
	size_t len = strlen(text);
	unsigned long number = strtoul(text, NULL, 10);

	return len && len < 10 && strspn(text, "0123456789") == len &&
	       number >= least && number <= most;
}

static bool is_color(const char *text)
{
	static const char *const words[] = { "auto", "always", "never", NULL };

	return is_one_of(text, words);
}

static bool is_push(const char *text)
{
	static const char *const words[] = { "background", "ask", NULL };

	return is_switch(text) || is_one_of(text, words);
}

static bool is_level(const char *text)
{
	return is_number(text, 0, 9);
}

static bool is_seconds(const char *text)
{
	return is_number(text, 0, 3600);
}

static bool is_stall(const char *text)
{
	return is_number(text, 1, 3600);
}

static bool is_age(const char *text)
{
	unsigned seconds;

	return !age_parse(&seconds, text, NULL);
}

/* "10m", or seconds with a fraction. */
static bool is_duration(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (digits && text[digits] == '.')
		digits += 1 + strspn(text + digits + 1, "0123456789");
	return (digits && !text[digits]) || is_age(text);
}

static bool is_every(const char *text)
{
	return is_switch(text) || is_duration(text);
}

/* As meta_parse_time() has it. */
static bool is_patience(const char *text)
{
	static const char *const units[] = { "", "ms", "s", "m", NULL };
	size_t digits = strspn(text, "0123456789.");

	return digits && isdigit((unsigned char)*text) &&
	       is_one_of(text + digits, units);
}

static const struct {
	const char *key;
	bool (*fits)(const char *text);
	const char *wanted;
} more[] = {
	{ "color.ui", is_color, "auto, always or never" },
	{ "gc.older-than", is_age, "an age, as in 2h" },
	{ "http.stall-timeout", is_stall, "a number of seconds, from 1" },
	{ "list.timeout", is_seconds, "a number of seconds" },
	{ "pack.level", is_level, "a number from 0 to 9" },
	{ "push.auto", is_push, "yes, no, background or ask" },
	{ "run.checkpoint-every", is_every, "yes, no, or a duration, as in "
	  "10m" },
	{ "run.meta-wait", is_patience, "a duration, as in 5s" },
	{ "run.monitor", is_every, "yes, no, or a duration, as in 10s" },
};

/* What a project is, which is no setting of how to work with it. */
static const struct {
	const char *key, *way;
} parts[] = {
	{ "project_name", "edit resutil-conf.yaml" },
	{ "results_dir", "edit resutil-conf.yaml" },
	{ "storage_type", "see 'resutil remote set-url'" },
	{ "storage_config", "see 'resutil remote set-url'" },
	{ "remotes", "see 'resutil remote'" },
};

static const char *const events[] = {
	"pre-run", "post-run", "pre-push", "post-pull", NULL
};

/* "b" of "a.b" when `family` is "a."; names have no more dots. */
static const char *name_in(const char *key, const char *family)
{
	size_t len = strlen(family);

	if (strncmp(key, family, len) || !key[len] || strchr(key + len, '.'))
		return NULL;
	return key + len;
}

static bool is_word(const char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-_", *name))
			return false;
	return true;
}

static bool is_in_family(const char *key)
{
	const char *name = name_in(key, "alias.");

	if (!name)
		name = name_in(key, "meta.");
	if (name)
		return is_word(name) && *name != '-';
	name = name_in(key, "hooks.");
	return name && is_one_of(name, events);
}

bool settings_is_known(const char *key)
{
	enum settings_kind kind;

	return settings_kind_of(key, &kind) || is_in_family(key);
}

/*
 * A project may come from anywhere: what makes a command run something, and
 * who is trusted with keys, is taken from the user alone.
 */
bool settings_is_users_only(const char *key)
{
	return !strcmp(key, "alias") || !strncmp(key, "alias.", 6) ||
		!strcmp(key, "core.pager") ||
		!strcmp(key, "google.trusted-hosts");
}

void settings_list_keys(struct strvec *out)
{
	size_t i;

	settings_list_kinds(out);
	strvec_push(out, "alias.");
	strvec_push(out, "meta.");
	for (i = 0; events[i]; i++)
		strvec_pushf(out, "hooks.%s", events[i]);
	strvec_sort(out, true);
}

/* "alias.", whose names are the user's. */
static bool is_family(const char *key)
{
	return *key && key[strlen(key) - 1] == '.';
}

static int unknown(const char *key, struct strbuf *err)
{
	struct strvec keys = STRVEC_INIT, near = STRVEC_INIT;
	struct strbuf hint = STRBUF_INIT;
	size_t i;

	settings_list_keys(&keys);
	similar_find(&near, key, keys.v);
	for (i = 0; i < near.nr && i < 3; i++)
		strbuf_addf(&hint, "%s'%s%s'", !i ? "" :
			    i + 1 < near.nr && i < 2 ? ", " : _(" or "),
			    near.v[i], is_family(near.v[i]) ? "NAME" : "");
	if (near.nr)
		fail(err, ERR_USAGE, "there is no setting '%s'; did you mean "
		     "%s?", key, hint.buf);
	else
		fail(err, ERR_USAGE, "there is no setting '%s'; 'resutil "
		     "config keys' lists them", key);
	strbuf_release(&hint);
	strvec_release(&near);
	strvec_release(&keys);
	return ERR_USAGE;
}

/* ---- slips --------------------------------------------------------------- */

#define SLIPS_MAX 100		/* looked at; each is compared with all keys */
#define SLIPS_TOLD 10
#define SLIP_DISTANCE 2

struct slips {
	struct strvec *out;
	struct strvec keys;
	size_t looked_at;
};

/* In a section that there is, or wrong by a letter: who has a section of his
 * own is not to be told of ours. */
static bool is_slip(const char *key, const char *near)
{
	size_t len = (size_t)(strchrnul(key, '.') - key);

	return (!strncmp(key, near, len) && near[len] == '.') ||
	       similar_distance(key, near) <= SLIP_DISTANCE;
}

static void look_for_slip(struct slips *s, const char *key)
{
	struct strvec near = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;

	similar_find(&near, key, s->keys.v);
	if (near.nr && is_slip(key, near.v[0])) {
		unknown(key, &text);
		strvec_push(s->out, text.buf);
	}
	s->looked_at++;
	strbuf_release(&text);
	strvec_release(&near);
}

static void look_for_slips(struct slips *s, const char *above,
			   const struct value *map)
{
	struct strbuf key = STRBUF_INIT;
	size_t i;

	for (i = 0; i < map->u.map.nr && s->looked_at < SLIPS_MAX &&
		    s->out->nr < SLIPS_TOLD; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];

		strbuf_reset(&key);
		strbuf_addf(&key, "%s%s", above, pair->key);
		if (settings_is_of_project(key.buf))
			continue;
		if (!*above && pair->value->type == VALUE_MAP) {
			strbuf_addch(&key, '.');
			/* who reads a family tells what can be no name */
			if (strvec_index(&s->keys, key.buf) < 0)
				look_for_slips(s, key.buf, pair->value);
		} else if (*above && !settings_is_known(key.buf)) {
			look_for_slip(s, key.buf);
		}
	}
	strbuf_release(&key);
}

void settings_find_slips(const struct value *map, struct strvec *out)
{
	struct slips s = { .out = out, .keys = STRVEC_INIT };

	if (map->type != VALUE_MAP)
		return;
	settings_list_keys(&s.keys);
	look_for_slips(&s, "", map);
	strvec_release(&s.keys);
}

/* ---- keys ---------------------------------------------------------------- */

static const char *way_of_part(const char *key)
{
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		len = strlen(parts[i].key);
		if (!strncmp(key, parts[i].key, len) &&
		    (!key[len] || key[len] == '.'))
			return parts[i].way;
	}
	return NULL;
}

bool settings_is_of_project(const char *key)
{
	return way_of_part(key) != NULL;
}

int settings_check_key(const char *key, struct strbuf *err)
{
	const char *way = way_of_part(key);
	enum settings_kind kind;

	if (way)
		return fail(err, ERR_USAGE, "'%s' says what the project is, "
			    "and is no setting; %s", key, way);
	if (is_in_family(key))
		return 0;
	if (!settings_kind_of(key, &kind))
		return unknown(key, err);
	if (kind == SETTINGS_KIND_MAP)
		return fail(err, ERR_USAGE, "'%s' holds settings, and is none "
			    "itself; 'resutil config keys' lists them", key);
	return 0;
}

/* ---- values -------------------------------------------------------------- */

static int bad(const char *key, const char *wanted, const char *text,
	       struct strbuf *err)
{
	return fail(err, ERR_USAGE, "the setting '%s' must be %s, not '%s'",
		    key, wanted, text);
}

static struct value *list_of(const struct strvec *words)
{
	struct value *list = value_new_list();
	size_t i;

	for (i = 0; i < words->nr; i++)
		value_list_add(list, value_new_str(words->v[i]));
	return list;
}

static struct value *number_or_text(const char *text)
{
	if (is_number(text, 0, INT32_MAX) && (*text != '0' || !text[1]))
		return value_new_int(atoll(text));
	return value_new_str(text);
}

/* One of meta and hooks: a command in words, or whether it is asked. */
static int command_of(struct value **out, const char *key,
		      const struct strvec *words, struct strbuf *err)
{
	struct strvec split = STRVEC_INIT;
	struct value *text = value_new_str(words->v[0]);
	bool on = false, alone = words->nr == 1;

	if (alone && conf_command_switch(text, &on) && (!on ||
	    !strncmp(key, "meta.", 5)))
		*out = value_new_bool(on);
	else if (!alone)
		*out = list_of(words);
	else if (conf_command_words(text, &split) && split.nr)
		*out = value_copy(text);
	value_free(text);
	strvec_release(&split);
	return *out ? 0 : bad(key, "a command, or no", words->v[0], err);
}

static struct value *bool_of(const char *text)
{
	bool yes = false;

	settings_parse_bool(text, &yes);
	return value_new_bool(yes);
}

static int scalar_of(struct value **out, const char *key, const char *text,
		     struct strbuf *err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(more); i++)
		if (!strcmp(more[i].key, key))
			break;
	if (i == ARRAY_SIZE(more))
		*out = value_new_str(text);
	else if (!more[i].fits(text))
		return bad(key, more[i].wanted, text, err);
	else if (is_switch(text) && !isdigit((unsigned char)*text))
		*out = bool_of(text);
	else
		*out = number_or_text(text);
	return 0;
}

/* a -> b -> a: what a command would find, with `text` for alias.NAME. */
static int check_loop(const char *name, const char *text, struct strbuf *err)
{
	struct strvec seen = STRVEC_INIT, words = STRVEC_INIT;
	struct strbuf key = STRBUF_INIT;
	const char *at = text;
	int ret = 0;

	strvec_push(&seen, name);
	while (!ret && at && *at != '!') {
		strvec_clear(&words);
		ret = unquote_shell(&words, at, err);
		if (ret || !words.nr)
			break;
		if (strvec_index(&seen, words.v[0]) >= 0)
			ret = fail(err, ERR_USAGE, "the alias '%s' would lead "
				   "back to itself by '%s'", name,
				   seen.v[seen.nr - 1]);
		strvec_push(&seen, words.v[0]);
		strbuf_reset(&key);
		strbuf_addf(&key, "alias.%s", words.v[0]);
		at = settings_get_str(key.buf, NULL);
	}
	strbuf_release(&key);
	strvec_release(&words);
	strvec_release(&seen);
	return ret;
}

static int alias_of(struct value **out, const char *key,
		    const struct strvec *words, struct strbuf *err)
{
	const char *text = words->v[0];
	int ret;

	if (words->nr > 1 || !text[strspn(text, " \t!")])
		return fail(err, ERR_USAGE, "the setting '%s' must be a "
			    "command with its options, in one word: 'list "
			    "--json'", key);
	ret = check_loop(strchr(key, '.') + 1, text, err);
	if (!ret)
		*out = value_new_str(text);
	return ret;
}

int settings_value_of(struct value **out, const char *key,
		      const struct strvec *words, struct strbuf *err)
{
	enum settings_kind kind = SETTINGS_KIND_SCALAR;
	bool known = settings_kind_of(key, &kind), yes;
	const char *text = words->v[0];
	uint64_t size;

	*out = NULL;
	if (!known)
		return name_in(key, "alias.") ?
			alias_of(out, key, words, err) :
			command_of(out, key, words, err);
	if (words->nr > 1 && kind != SETTINGS_KIND_LIST)
		return fail(err, ERR_USAGE, "the setting '%s' has one value",
			    key);
	switch (kind) {
	case SETTINGS_KIND_BOOL:
		if (!settings_parse_bool(text, &yes))
			return bad(key, "yes or no", text, err);
		*out = value_new_bool(yes);
		return 0;
	case SETTINGS_KIND_SIZE:
		if (!size_parse(&size, text))
			return bad(key, "a size, as in 10MiB", text, err);
		*out = number_or_text(text);
		return 0;
	case SETTINGS_KIND_LIST:
		if (words->nr > 1)
			*out = list_of(words);
		else
			*out = value_new_str(text);
		return 0;
	default:
		return scalar_of(out, key, text, err);
	}
}
