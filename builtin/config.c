/*
 * config: settings, and whether what a project's conf names may be run here.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/config-list.h"
#include "builtin/config-trust.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-file.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/conf/settings-key.h"
#include "lib/exp/store/trust.h"
#include "lib/wrap/yaml.h"

static const char *const usage[] = {
	"config list [--user | --project] [--show-origin] "
	"[--json | --format FORMAT] [-z]",
	"config get [--user | --project] [--show-origin] [--json] [-z] KEY",
	"config set [--user | --project] KEY VALUE...",
	"config unset [--user | --project] KEY",
	"config keys",
	"config --trust [DIR]",
	"config --untrust [DIR]",
	"config --trusted [--json] [DIR]",
	NULL
};

struct config {
	struct config_look look;
	struct config_trust trust;
	struct project project;
	const struct option *options;
};

#define BAD_USAGE(c, ...) usage_with_options(usage, (c)->options, __VA_ARGS__)

/* ---- changing ------------------------------------------------------------ */

/* Whose file: as asked, or the project's; of what no project may say, and
 * outside of one, the user's. */
static int choose(const struct config *c, const char *key, bool *user,
		  struct strbuf *err)
{
	bool users_only = settings_is_users_only(key);

	*user = c->look.user || (!c->look.only_project &&
				 (users_only || !c->look.project));
	if (!*user && users_only)
		return fail(err, ERR_USAGE, "'%s' is never taken from a "
			    "project's conf; set it with --user", key);
	return 0;
}

static int change(const struct config *c, const char *key,
		  const struct value *value, struct strbuf *err)
{
	struct conf_file file = CONF_FILE_INIT;
	struct value *map = NULL;
	bool user;
	int ret = choose(c, key, &user, err);

	if (!ret)
		ret = conf_file_open(&file, user ? NULL : c->look.project,
				     err);
	if (!ret && !value)
		ret = yaml_parse(&map, file.text.buf, file.text.len,
				 file.path.buf, err);
	if (!ret && !value && !value_get(map, key))
		ret = fail(err, ERR_NOT_FOUND, "'%s' is not set in '%s'", key,
			   file.path.buf);
	if (!ret)
		ret = conf_file_edit(&file, key, value, err);
	if (!ret)
		ret = conf_file_write(&file, err);
	value_free(map);
	conf_file_close(&file);
	return ret;
}

static bool is_exemption(const char *key)
{
	size_t i;

	for (i = 0; settings_exemptions[i]; i++)
		if (!strcmp(settings_exemptions[i], key))
			return true;
	return false;
}

/* The project's conf as it is now: what it names has to be trusted again. */
static void tell_of_trust(const struct config *c, const char *key,
			  const struct value *value)
{
	struct project now = PROJECT_INIT;

	if (!c->look.project || c->look.user || value->type == VALUE_BOOL ||
	    (strncmp(key, "meta.", 5) && strncmp(key, "hooks.", 6) &&
	     !is_exemption(key)))
		return;
	if (!project_open(&now, c->look.project->root, NULL) &&
	    (trust_of(&now) == TRUST_NO || trust_of(&now) == TRUST_CHANGED))
		warning(is_exemption(key) ?
			N_("'%s' does not count before 'resutil config "
			   "--trust'") :
			N_("'%s' is not run before 'resutil config --trust'"),
			key);
	project_release(&now);
}

static int check_alias(const char *key, struct strbuf *err)
{
	if (strncmp(key, "alias.", 6) || !find_command(key + 6))
		return 0;
	return fail(err, ERR_USAGE, "'%s' is a command of resutil, which no "
		    "alias can hide", key + 6);
}

static int set(const struct config *c, const char **argv, struct strbuf *err)
{
	struct strvec words = STRVEC_INIT;
	struct value *value = NULL;
	int ret = settings_check_key(argv[0], err);

	strvec_pushv(&words, argv + 1);
	if (!ret)
		ret = check_alias(argv[0], err);
	if (!ret)
		ret = settings_value_of(&value, argv[0], &words, err);
	if (!ret)
		ret = change(c, argv[0], value, err);
	if (!ret)
		tell_of_trust(c, argv[0], value);
	value_free(value);
	strvec_release(&words);
	return ret;
}

/* Also a whole section, and what is known to nobody. */
static int unset(const struct config *c, const char *key, struct strbuf *err)
{
	if (settings_is_of_project(key))
		return settings_check_key(key, err);
	return change(c, key, NULL, err);
}

static int print_keys(void)
{
	struct strvec keys = STRVEC_INIT;
	size_t i;

	settings_list_keys(&keys);
	for (i = 0; i < keys.nr; i++) {
		size_t len = strlen(keys.v[i]);

		out_printf("%s%s\n", keys.v[i],
			   keys.v[i][len - 1] == '.' ? "NAME" : "");
	}
	strvec_release(&keys);
	return 0;
}

/* ---- verbs --------------------------------------------------------------- */

enum verb {
	VERB_LIST = 1 << 0, VERB_GET = 1 << 1, VERB_SET = 1 << 2,
	VERB_UNSET = 1 << 3, VERB_KEYS = 1 << 4, VERB_TRUST = 1 << 5
};

static enum verb verb_of(const struct config *c, const char *word)
{
	static const char *const all[] = {
		"list", "get", "set", "unset", "keys"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(word, all[i]))
			return (enum verb)(1 << i);
	BAD_USAGE(c, "'%s' is none of list, get, set, unset and keys", word);
}

static void check_words(const struct config *c, enum verb verb, int argc,
			const char **argv)
{
	const struct {
		bool given;
		unsigned verbs;
		const char *names;
	} rules[] = {
		{ c->look.user || c->look.only_project,
		  VERB_LIST | VERB_GET | VERB_SET | VERB_UNSET,
		  "--user and --project go with list, get, set and unset" },
		{ c->look.show_origin, VERB_LIST | VERB_GET,
		  "--show-origin goes with list and get" },
		{ c->look.rows.nul, VERB_LIST | VERB_GET,
		  "-z goes with list and get" },
		{ c->look.rows.format != NULL, VERB_LIST,
		  "--format goes with list" },
		{ c->look.rows.json, VERB_LIST | VERB_GET | VERB_TRUST,
		  "--json goes with list, get and --trusted" },
		{ c->look.rows.json && !c->trust.show, VERB_LIST | VERB_GET,
		  "--json goes with --trusted" },
	};
	const int least = verb == VERB_SET ? 2 :
			  verb & (VERB_GET | VERB_UNSET) ? 1 : 0;
	const int most = verb == VERB_SET ? INT_MAX :
			 verb & (VERB_LIST | VERB_KEYS) ? 0 : 1;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].given && !(rules[i].verbs & verb))
			BAD_USAGE(c, "%s", rules[i].names);
	if (c->look.user && c->look.only_project)
		BAD_USAGE(c, "--user and --project do not go together");
	if (argc < least)
		BAD_USAGE(c, argc ? "which value?" : "which setting?");
	if (argc > most)
		BAD_USAGE(c, "unexpected argument '%s'", argv[most]);
}

static int run_verb(struct config *c, enum verb verb, const char **argv,
		    struct strbuf *err)
{
	int ret;

	if (verb == VERB_TRUST)
		return config_trust(&c->trust, argv[0], err);
	if (verb == VERB_KEYS)
		return print_keys();
	ret = project_open(&c->project, NULL, err);
	if (ret == ERR_NOT_FOUND && !c->look.only_project) {
		strbuf_reset(err);
		ret = 0;
	} else if (!ret) {
		c->look.project = &c->project;
	}
	/* what is wrong in a file is no hindrance to mending it */
	if (!ret)
		ret = settings_load(c->look.project, err);
	if (ret == ERR_CONTENT && (verb & (VERB_SET | VERB_UNSET)) &&
	    settings_layer(SETTINGS_PARAMETERS)) {
		strbuf_reset(err);
		ret = 0;
	}
	if (ret)
		return ret;
	if (settings_passed_over() && (verb & (VERB_LIST | VERB_GET)))
		warning("what 'secrets.allow' and 'secrets.allow-files' in "
			"'%s' say does not count before 'resutil config "
			"--trust'", c->project.conf_path);
	switch (verb) {
	case VERB_LIST:
		return config_list(&c->look, err);
	case VERB_GET:
		return config_get(&c->look, argv[0], err);
	case VERB_SET:
		return set(c, argv, err);
	default:
		return unset(c, argv[0], err);
	}
}

int cmd_config(int argc, const char **argv)
{
	struct config c = { .project = PROJECT_INIT };
	const struct option options[] = {
		OPT_BOOL(0, "user", &c.look.user, "the user's file"),
		OPT_BOOL(0, "project", &c.look.only_project,
			 "the conf of the project"),
		OPT_BOOL(0, "show-origin", &c.look.show_origin,
			 "tell who said so"),
		OPT_ROWS(&c.look.rows),
		{ .type = OPTION_BOOL, .name = "trust", .value = &c.trust.add,
		  .help = "let what the conf names be run here",
		  .flags = OPT_NO_NEG },
		{ .type = OPTION_BOOL, .name = "untrust",
		  .value = &c.trust.take, .help = "take that back",
		  .flags = OPT_NO_NEG },
		{ .type = OPTION_BOOL, .name = "trusted",
		  .value = &c.trust.show,
		  .help = "tell whether it may be run; exit 1 when not",
		  .flags = OPT_NO_NEG },
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	const char **rest = NULL;
	enum verb verb = VERB_TRUST;
	int ret;

	/* What stands behind KEY is its value, whatever it begins with. */
	argc = parse_options(argc, argv, options, usage, PARSE_STOP_AT_WORD);
	c.options = options;
	if (!(c.trust.add + c.trust.take + c.trust.show)) {
		if (!argc)
			BAD_USAGE(&c, "one of list, get, set, unset, keys, "
				  "--trust, --untrust and --trusted is needed");
		verb = verb_of(&c, argv[0]);
		argc = parse_options(argc, argv, options, usage,
				     verb == VERB_SET ? PARSE_STOP_AT_WORD :
							0);
	}
	if (verb == VERB_TRUST) {
		/* options may stand behind DIR */
		rest = xcalloc((size_t)argc + 2, sizeof(*rest));
		rest[0] = "config";
		memcpy(rest + 1, argv, (size_t)argc * sizeof(*rest));
		argv = rest;
		argc = parse_options(argc + 1, argv, options, usage, 0);
	}
	if (c.trust.add + c.trust.take + c.trust.show !=
	    (verb == VERB_TRUST))
		BAD_USAGE(&c, "one of --trust, --untrust and --trusted is "
			  "needed");
	check_words(&c, verb, argc, argv);
	c.trust.json = c.look.rows.json;
	ret = run_verb(&c, verb, argv, &err);
	if (err.len)
		error("%s", err.buf);
	project_release(&c.project);
	strbuf_release(&err);
	free(rest);
	return exit_status_of(ret);
}
