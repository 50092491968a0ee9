#include "lib/base/compat.h"
#include "command.h"
#include "builtin/init-ask.h"
#include "builtin/init-make.h"
#include "builtin/init-test.h"
#include "builtin/store-kind.h"
#include "builtin/store-settings.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-check.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/trust.h"
#include "lib/wrap/yaml.h"

#define UNKNOWN (-1)	/* of a yes/no option: not given */

static const char *const init_usage[] = {
	"init [--project-name=NAME] [--results-dir=DIR] [--storage-type=TYPE] "
	"[-o KEY=VALUE]... [--[no-]gitignore] [--[no-]gitignore-key] "
	"[--offline] [--force] [-n] [DIR]",
	NULL
};

/* The answers given as options, and what is being put together from them. */
struct init {
	const char *name, *results_dir, *type;
	struct strvec config;		/* -o */
	int gitignore, gitignore_key, offline, force, dry_run;
	struct value *old;		/* the conf that is there; or NULL */
	struct init_plan plan;
};

static const char *const usual_dirs[] = {
	"results", "result", "data", "output", "outputs", "input", "inputs",
	NULL
};

static int check_name(const struct init_plan *plan UNUSED,
		      struct strbuf *answer, struct strbuf *err)
{
	return conf_check_project_name(answer->buf, err);
}

static int check_results(const struct init_plan *plan, struct strbuf *answer,
			 struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = conf_check_results_dir(answer->buf, plan->root.buf, err);

	path_absolute(&path, plan->root.buf, answer->buf);
	if (!ret && path_exists(path.buf) && !path_is_dir(path.buf))
		ret = fail(err, ERR_USAGE, "results_dir '%s' is not a "
			   "directory; choose another one with --results-dir",
			   answer->buf);
	strbuf_release(&path);
	return ret;
}

static int check_type(const struct init_plan *plan UNUSED,
		      struct strbuf *answer, struct strbuf *err)
{
	return conf_check_storage_type(answer->buf, err);
}

/* The first directory that results usually are in. */
static const char *usual_results_dir(const struct init *init)
{
	struct strbuf path = STRBUF_INIT;
	const char *const *dir = usual_dirs;
	const char *ret = usual_dirs[0];

	for (; *dir; dir++) {
		strbuf_reset(&path);
		path_absolute(&path, init->plan.root.buf, *dir);
		if (path_is_dir(path.buf)) {
			ret = *dir;
			break;
		}
	}
	strbuf_release(&path);
	return ret;
}

static int answer_name(struct init *init, struct strbuf *err)
{
	const char *base = path_basename(init->plan.root.buf);
	const char *old = value_get_text(init->old, "project_name");
	struct question q = {
		_("Input project name"), "--project-name", init->name,
		old ? old : base, false, check_name
	};

	if (!old && conf_check_project_name(base, NULL))
		q.otherwise = NULL;
	return init_answer(&init->plan, &q, &init->plan.name, err);
}

static int answer_results(struct init *init, struct strbuf *err)
{
	const char *old = value_get_text(init->old, "results_dir");
	struct question q = {
		_("Input directory name to store results"), "--results-dir",
		init->results_dir, old ? old : usual_results_dir(init),
		false, check_results
	};
	int ret = init_answer(&init->plan, &q, &init->plan.results_dir, err);

	/* Nobody is asked for what is there. */
	if (!ret && init->gitignore < 0 && init_results_ignored(&init->plan))
		init->plan.gitignore = true;
	else if (!ret)
		init->plan.gitignore = init_answer_yes(init->gitignore,
				N_("Do you want to add .gitignore to %s?"),
				init->plan.results_dir.buf);
	return ret;
}

static int answer_type(struct init *init, struct strbuf *err)
{
	const char *old = value_get_text(init->old, "storage_type");
	struct strbuf text = STRBUF_INIT, names = STRBUF_INIT;
	struct question q = {
		NULL, "--storage-type", init->type, store_kind_usual()->type,
		false, check_type
	};
	int ret;

	store_kind_names(&names, "/");
	strbuf_addf(&text, _("Input storage_type (%s)"), names.buf);
	strbuf_release(&names);
	q.text = text.buf;
	if (old && store_kind_find(old))
		q.otherwise = old;
	ret = init_answer(&init->plan, &q, &init->plan.type, err);
	if (!ret)
		init->plan.kind = store_kind_find(init->plan.type.buf);
	if (!ret && old && !strcmp(old, init->plan.type.buf))
		init->plan.before = value_map_get(init->old, "storage_config");
	strbuf_release(&text);
	return ret;
}

/* What an existing conf of the same type says, under both spellings. */
static const char *old_setting(const struct init_plan *plan, const char *key)
{
	const char *text = value_get_text(plan->before, key);

	if (!text && !strcmp(key, "backet_name"))
		text = value_get_text(plan->before, "bucket_name");
	return text;
}

static int answer_setting(struct init *init, const struct store_setting *s,
			  struct strbuf *err)
{
	struct init_plan *plan = &init->plan;
	struct strbuf text = STRBUF_INIT, option = STRBUF_INIT;
	struct strbuf found = STRBUF_INIT;
	struct question q = {
		_(s->question), NULL, value_get_text(plan->given, s->key),
		old_setting(plan, s->key), s->optional, s->check
	};
	int ret = 0;

	strbuf_addf(&option, "-o %s=VALUE", s->key);
	q.option = option.buf;
	if (s->find && !q.given && !q.otherwise)
		ret = s->find(plan, s->key, &found, err);
	if (found.len)
		q.otherwise = found.buf;
	if (!ret)
		ret = init_answer(plan, &q, &text, err);
	if (!ret && strcmp(text.buf, plan->own_store.buf))
		strbuf_reset(&plan->own_store);
	if (!ret && text.len)
		value_map_set_str(plan->config, s->key, text.buf);
	else if (!ret && old_setting(plan, s->key))
		value_map_set(plan->config, s->key, value_new_null());
	strbuf_release(&text);
	strbuf_release(&option);
	strbuf_release(&found);
	return ret;
}

static void answer_key_file(struct init *init)
{
	struct strbuf pattern = STRBUF_INIT;

	if (init_key_pattern(&init->plan, &pattern))
		init->plan.gitignore_key = init_answer_yes(init->gitignore_key,
				N_("Do you want to add %s to .gitignore?"),
				value_get_text(init->plan.config,
					       "key_file_path"));
	strbuf_release(&pattern);
}

/* What -o gave and nobody asks for. */
static void add_given(struct init_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->given->u.map.nr; i++) {
		const struct value_pair *pair = &plan->given->u.map.pair[i];
		const struct store_setting *s = plan->kind->settings;

		while (s->key && strcmp(s->key, pair->key))
			s++;
		if (!s->key)
			value_map_set(plan->config, pair->key,
				      value_copy(pair->value));
	}
}

static int answer_config(struct init *init, struct strbuf *err)
{
	struct init_plan *plan = &init->plan;
	const struct store_setting *s = plan->kind->settings;
	struct value *more;
	int ret;

	plan->config = value_new_map();
	/* The type may have been chosen after -o was looked at. */
	ret = plan->kind->fit(plan->given, err);
	for (; !ret && s->key; s++) {
		if (s->needless && s->needless(plan) &&
		    !value_map_get(plan->given, s->key))
			continue;
		ret = answer_setting(init, s, err);
		if (!ret && s->is_key_file)
			answer_key_file(init);
	}
	/* The Python Resutil wrote its keys in this order. */
	more = value_map_get(plan->config, "key_file_path");
	if (more) {
		more = value_copy(more);
		value_map_remove(plan->config, "key_file_path");
		value_map_set(plan->config, "key_file_path", more);
	}
	if (!ret)
		add_given(plan);
	return ret;
}

/* A `bucket_name` besides `backet_name` must not go on naming another one. */
static void keep_spellings_equal(struct init *init)
{
	const struct value *bucket = value_map_get(init->plan.config,
						   "backet_name");
	const struct value *old = value_get(init->old,
					    "storage_config.bucket_name");

	if (bucket && old)
		value_map_set(init->plan.config, "bucket_name",
			      value_copy(bucket));
}

/* The storage_config that there will be: a key that nobody spoke of stays. */
static void merge_config(struct init *init)
{
	struct init_plan *plan = &init->plan;
	size_t i;

	plan->merged = plan->before && plan->before->type == VALUE_MAP ?
		value_copy(plan->before) : value_new_map();
	for (i = 0; i < plan->config->u.map.nr; i++) {
		const struct value_pair *pair = &plan->config->u.map.pair[i];

		if (pair->value->type == VALUE_NULL)
			value_map_remove(plan->merged, pair->key);
		else
			value_map_set(plan->merged, pair->key,
				      value_copy(pair->value));
	}
}

static int answer_all(struct init *init, struct strbuf *err)
{
	struct init_plan *plan = &init->plan;
	int ret = answer_name(init, err);

	if (!ret)
		ret = answer_results(init, err);
	if (!ret)
		ret = answer_type(init, err);
	if (!ret)
		ret = answer_config(init, err);
	if (ret)
		return ret;
	keep_spellings_equal(init);
	merge_config(init);
	if (plan->kind->agree && !plan->offline && !init->dry_run)
		ret = plan->kind->agree(plan->root.buf, plan->merged, err);
	return ret;
}

/* The type of the settings that were given, as far as it is known before a
 * person is asked. */
static int check_settings(struct init *init, struct strbuf *err)
{
	const struct store_kind *kind;
	const char *type = init->type;

	if (!type && term_is_interactive())
		return 0;
	if (!type)
		type = value_get_text(init->old, "storage_type");
	kind = type ? store_kind_find(type) : store_kind_usual();
	/* An unknown one is told of where types are chosen. */
	return kind ? kind->fit(init->plan.given, err) : 0;
}

/* Returns 0, ERR_CONFLICT, ERR_NO (the person's answer), ERR_CONTENT. */
static int read_old_conf(struct init *init, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = 0;

	strbuf_addbuf(&path, &init->plan.root);
	strbuf_complete_slash(&path);
	strbuf_addstr(&path, CONF_FILE);
	if (!path_exists(path.buf))
		goto cleanup;
	if (!init->force && !term_is_interactive()) {
		ret = fail(err, ERR_CONFLICT, "'%s' exists already; change it "
			   "with --force", path.buf);
		goto cleanup;
	}
	if (!init->force) {
		struct strbuf text = STRBUF_INIT;

		strbuf_addf(&text, _("'%s' exists already."), path.buf);
		init_tell(&text);
		strbuf_release(&text);
		if (!ask_yes_no(_("Do you want to proceed?"), false)) {
			ret = fail(err, ERR_NO, "nothing was changed");
			goto cleanup;
		}
	}
	init->plan.has_conf = true;
	ret = read_file(&init->plan.conf, path.buf, CONF_MAX_BYTES, err);
	if (!ret)
		ret = yaml_parse(&init->old, init->plan.conf.buf,
				 init->plan.conf.len, path.buf, err);

cleanup:
	strbuf_release(&path);
	return ret;
}

static const char *conf_path(const char *dir, struct strbuf *out)
{
	if (dir) {
		strbuf_addstr(out, dir);
		strbuf_complete_slash(out);
	}
	strbuf_addstr(out, CONF_FILE);
	return out->buf;
}

static int show_plan(const struct init *init, const char *dir,
		     struct strbuf *err)
{
	const struct init_plan *plan = &init->plan;
	struct strbuf text = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf pattern = STRBUF_INIT;
	int ret = init_conf_text(plan, &text, err);

	if (!ret) {
		if (plan->kind->is_dir)
			out_printf(_("store: %s\n"),
				   value_get_text(plan->config, "path"));
		out_printf(_("results: %s%s\n"), plan->results_dir.buf,
			   plan->gitignore ? _(" (with .gitignore)") : "");
		if (plan->gitignore_key && init_key_pattern(plan, &pattern))
			out_printf(_("ignored by git: %s\n"), pattern.buf);
		out_printf("%s:\n%s", conf_path(dir, &path), text.buf);
	}
	strbuf_release(&text);
	strbuf_release(&path);
	strbuf_release(&pattern);
	return ret;
}

static void show_next(const struct init *init, const char *dir)
{
	const struct init_plan *plan = &init->plan;
	struct strbuf path = STRBUF_INIT;

	if (verbosity < 0)
		return;
	out_printf(_("Initialized project '%s' in %s\n"), plan->name.buf,
		   conf_path(dir, &path));
	if (plan->kind->is_dir)
		out_printf(plan->made_store ? _("Its store is %s (new)\n") :
			   _("Its store is %s\n"),
			   value_get_text(plan->config, "path"));
	out_printf(_("Next:\n"));
	/* nobody was asked yet whether it is there, and lets us in */
	if (plan->offline)
		out_printf("  resutil remote test --quick\n");
	out_printf(_("  resutil run -m COMMENT -- CMD...\n"
		     "  resutil list\n"));
	strbuf_release(&path);
}

/* What the conf of one's own project names may be run, and in somebody else's
 * what was just typed. Where there is no place to note that, it has to be said
 * later. before: the project as it was, if it was one. */
static void trust_own(const struct init_plan *plan,
		      const struct project *before)
{
	struct project p = PROJECT_INIT;

	p.root = plan->root.buf;
	if (!plan->has_conf)
		trust_add_own(&p, NULL);
	else if (before->root)
		trust_follow(before, NULL);
}

/* 0, a status that was explained, or a negative code with a sentence. */
static int init_project(struct init *init, const char *dir, struct strbuf *err)
{
	struct project before = PROJECT_INIT;
	int ret;

	path_real(&init->plan.root, dir ? dir : ".");
	init->plan.offline = init->offline;
	init->plan.given = value_new_map();
	ret = store_settings_read(init->plan.given, &init->config, err);
	if (!ret)
		ret = read_old_conf(init, err);
	if (!ret)
		ret = check_settings(init, err);
	if (!ret)
		ret = answer_all(init, err);
	if (ret)
		return ret;
	if (init->dry_run)
		return show_plan(init, dir, err);
	if (init->plan.has_conf &&
	    project_open(&before, init->plan.root.buf, NULL))
		project_release(&before);
	ret = init_test(&init->plan, dir, err);
	if (!ret)
		ret = init_make(&init->plan, err);
	if (!ret) {
		trust_own(&init->plan, &before);
		show_next(init, dir);
	}
	project_release(&before);
	return ret;
}

int cmd_init(int argc, const char **argv)
{
	struct init init = {
		.config = STRVEC_INIT, .gitignore = UNKNOWN,
		.gitignore_key = UNKNOWN, .plan = INIT_PLAN_INIT
	};
	const struct option options[] = {
		OPT_STRING(0, "project-name", &init.name, "NAME",
			   "the project's folder in the store"),
		{ .type = OPTION_STRING, .name = "results-dir",
		  .value = &init.results_dir, .argh = "DIR", .arg = ARG_DIR,
		  .help = "where experiments are kept" },
		{ .type = OPTION_STRING, .name = "storage-type",
		  .value = &init.type, .argh = "TYPE", .arg = ARG_WORDS,
		  .words = STORE_KIND_WORDS,
		  .help = "the kind of store" },
		OPT_LIST('o', NULL, &init.config, "KEY=VALUE",
			 "a setting of the store (dir: path=DIR; gcs, "
			 "s3: bucket_name=NAME)"),
		OPT_BOOL(0, "gitignore", &init.gitignore,
			 "make git ignore the experiments"),
		OPT_BOOL(0, "gitignore-key", &init.gitignore_key,
			 "make git ignore the key file"),
		OPT_BOOL(0, "offline", &init.offline,
			 "save the conf without asking the store"),
		OPT_BOOL(0, "force", &init.force,
			 "change the conf that is there"),
		OPT_BOOL('n', "dry-run", &init.dry_run,
			 "show what would be made"),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	int ret;

	argc = parse_options(argc, argv, options, init_usage, 0);
	if (argc > 1)
		usage_with_options(init_usage, options,
				   "unexpected argument '%s'", argv[1]);
	ret = init_project(&init, argc ? argv[0] : NULL, &err);
	if (ret < 0)
		error("%s", err.buf);

	value_free(init.old);
	strvec_release(&init.config);
	init_plan_release(&init.plan);
	strbuf_release(&err);
	return ret < 0 ? exit_status_of(ret) : ret;
}
