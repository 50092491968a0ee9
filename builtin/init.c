#include "lib/base/compat.h"
#include "command.h"
#include "builtin/ask-comment.h"
#include "builtin/init-make.h"
#include "builtin/init-s3.h"
#include "builtin/store-settings.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/s3-conf.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/exp/conf-check.h"
#include "lib/exp/project.h"
#include "lib/exp/trust.h"
#include "lib/wrap/yaml.h"

#define UNKNOWN (-1)	/* of a yes/no option: not given */

static const char *const init_usage[] = {
	"init [--project-name=NAME] [--results-dir=DIR] [--storage-type=TYPE] "
	"[-o KEY=VALUE]... [--[no-]gitignore] [--[no-]gitignore-key] [--force] "
	"[-n] [DIR]",
	NULL
};

/* The answers given as options, and what is being put together from them. */
struct init {
	const char *name, *results_dir, *type;
	struct strvec config;		/* -o */
	int gitignore, gitignore_key, force, dry_run;
	struct value *given;		/* of -o, a map */
	struct value *old;		/* the conf that is there; or NULL */
	struct init_plan plan;
};

/* What is to be found out by a question. */
struct question {
	const char *text;
	const char *option;		/* that gives the answer, for errors */
	const char *given;		/* by an option; NULL: not */
	const char *otherwise;		/* NULL: there is no default */
	bool optional;			/* an empty answer is one */
	int (*check)(const struct init *init, const char *answer,
		     struct strbuf *err);
};

static const char *const usual_dirs[] = {
	"results", "result", "data", "output", "outputs", "input", "inputs",
	NULL
};

static int check_name(const struct init *init, const char *answer,
		      struct strbuf *err)
{
	(void)init;
	return conf_check_project_name(answer, err);
}

/* To the person who is asked. */
static void tell(const struct strbuf *text)
{
	struct strbuf safe = STRBUF_INIT;

	quote_terminal(&safe, text->buf, text->len);
	fprintf(stderr, "%s\n", safe.buf);
	strbuf_release(&safe);
}

static int check_results(const struct init *init, const char *answer,
			 struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = conf_check_results_dir(answer, init->plan.root.buf, err);

	path_absolute(&path, init->plan.root.buf, answer);
	if (!ret && path_exists(path.buf) && !path_is_dir(path.buf))
		ret = fail(err, ERR_USAGE, "results_dir '%s' is not a "
			   "directory; choose another one with --results-dir",
			   answer);
	strbuf_release(&path);
	return ret;
}

static int check_type(const struct init *init, const char *answer,
		      struct strbuf *err)
{
	(void)init;
	return conf_check_storage_type(answer, err);
}

static int check_text(const struct init *init, const char *answer,
		      struct strbuf *err)
{
	(void)init;
	if (!utf8_is_valid(answer, strlen(answer)))
		return fail(err, ERR_USAGE, "what the conf holds must be "
			    "UTF-8");
	return 0;
}

static int check_bucket(const struct init *init, const char *answer,
			struct strbuf *err)
{
	(void)init;
	return s3_check_bucket(answer, err);
}

static int check_endpoint(const struct init *init, const char *answer,
			  struct strbuf *err)
{
	(void)init;
	return s3_check_endpoint(answer, err);
}

static int check_region(const struct init *init, const char *answer,
			struct strbuf *err)
{
	(void)init;
	return s3_check_region(answer, err);
}

static int check_store(const struct init *init, const char *answer,
		       struct strbuf *err)
{
	int ret = check_text(init, answer, err);

	return ret ? ret : store_dir_check(answer, init->plan.root.buf,
					   init->plan.results_dir.buf, err);
}

/* Asks until the answer will do. */
static int ask(const struct init *init, const struct question *q,
	       struct strbuf *out, struct strbuf *err)
{
	struct strbuf prompt = STRBUF_INIT, why = STRBUF_INIT;
	int ret;

	strbuf_addstr(&prompt, q->text);
	if (q->otherwise)
		strbuf_addf(&prompt, " (%s)", q->otherwise);
	strbuf_addstr(&prompt, ": ");
	for (;;) {
		ret = ask_line(out, prompt.buf, NULL, &why);
		if (ret) {
			ret = fail(err, ret, "%s", ret == ERR_NO ?
				   "init was given up, nothing was made" :
				   why.buf);
			break;
		}
		strbuf_trim(out);
		if (!out->len && q->otherwise)
			strbuf_addstr(out, q->otherwise);
		if (!out->len && q->optional)
			break;
		if (!out->len)
			continue;
		if (!q->check(init, out->buf, &why))
			break;
		tell(&why);
		strbuf_reset(&why);
	}
	strbuf_release(&prompt);
	strbuf_release(&why);
	return ret;
}

static int answer(const struct init *init, const struct question *q,
		  struct strbuf *out, struct strbuf *err)
{
	const char *text = q->given ? q->given : q->otherwise;

	if (!q->given && term_is_interactive())
		return ask(init, q, out, err);
	strbuf_reset(out);
	if ((!text || !*text) && q->optional)
		return 0;
	if (!text || !*text)
		return fail(err, ERR_USAGE, "the answer to '%s' is missing; "
			    "give it with %s", q->text, q->option);
	strbuf_addstr(out, text);
	return q->check(init, text, err);
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
		"Input project name", "--project-name", init->name,
		old ? old : base, false, check_name
	};

	if (!old && conf_check_project_name(base, NULL))
		q.otherwise = NULL;
	return answer(init, &q, &init->plan.name, err);
}

/* -1, 0, 1 of an option, or the question; both default to yes. */
static bool answer_yes(int given, const char *format, const char *what)
{
	struct strbuf question = STRBUF_INIT;
	bool ret = given != 0;

	if (given == UNKNOWN) {
		strbuf_addf(&question, format, what);
		ret = ask_yes_no(question.buf, true);
	}
	strbuf_release(&question);
	return ret;
}

static int answer_results(struct init *init, struct strbuf *err)
{
	const char *old = value_get_text(init->old, "results_dir");
	struct question q = {
		"Input directory name to store results", "--results-dir",
		init->results_dir, old ? old : usual_results_dir(init),
		false, check_results
	};
	int ret = answer(init, &q, &init->plan.results_dir, err);

	if (!ret)
		init->plan.gitignore = answer_yes(init->gitignore,
				"Do you want to add .gitignore to %s?",
				init->plan.results_dir.buf);
	return ret;
}

static int answer_type(struct init *init, struct strbuf *err)
{
	const char *old = value_get_text(init->old, "storage_type");
	struct question q = {
		"Input storage_type (dir/gcs/gdrive/s3/ssh)",
		"--storage-type", init->type, "dir", false, check_type
	};

	if (old && conf_storage_type_is_known(old))
		q.otherwise = old;
	return answer(init, &q, &init->plan.type, err);
}

static const char *key_question(const char *type, const char *key)
{
	bool is_s3 = !strcmp(type, "s3");

	if (!strcmp(key, "endpoint_url"))
		return "Input endpoint URL, nothing for AWS";
	if (!strcmp(key, "region"))
		return "Input region, nothing to ask for it";
	if (!strcmp(key, "key_file_path"))
		return is_s3 ? "Input key file_path, nothing for the keys of "
			"the AWS tools" : "Input key file_path";
	if (!strcmp(key, "base_folder_id"))
		return "Input folder id of base dir";
	if (!strcmp(key, "host"))
		return "Input host";
	if (!strcmp(key, "path"))
		return strcmp(type, "dir") ? "Input directory on the host" :
			"Input directory of the store";
	return "Input bucket name";
}

/* What an existing conf of the same type says, under both spellings. */
static const char *old_setting(const struct init *init, const char *key)
{
	const char *type = value_get_text(init->old, "storage_type");
	const struct value *config = value_map_get(init->old, "storage_config");
	const char *text;

	if (!type || strcmp(type, init->plan.type.buf))
		return NULL;
	text = value_get_text(config, key);
	if (!text && !strcmp(key, "backet_name"))
		text = value_get_text(config, "bucket_name");
	return text;
}

/* Of S3 only the bucket has to be told. */
static void ask_of_s3(const struct init *init, struct question *q,
		      const char *key, struct strbuf *found)
{
	q->optional = strcmp(key, "bucket_name");
	if (!q->otherwise)
		init_s3_default(init->plan.root.buf, key, found);
	if (found->len)
		q->otherwise = found->buf;
	if (!strcmp(key, "bucket_name"))
		q->check = check_bucket;
	else if (!strcmp(key, "endpoint_url"))
		q->check = check_endpoint;
	else if (!strcmp(key, "region"))
		q->check = check_region;
}

static int answer_setting(struct init *init, const char *key,
			  struct strbuf *err)
{
	const char *type = init->plan.type.buf;
	struct strbuf text = STRBUF_INIT, option = STRBUF_INIT;
	struct strbuf found = STRBUF_INIT;
	struct question q = {
		key_question(type, key), NULL,
		value_get_text(init->given, key), old_setting(init, key),
		false, check_text
	};
	bool is_store = !strcmp(type, "dir") && !strcmp(key, "path");
	int ret = 0;

	strbuf_addf(&option, "-o %s=VALUE", key);
	q.option = option.buf;
	if (is_store)
		q.check = check_store;
	if (is_store && !q.given && !q.otherwise) {
		ret = init_choose_store(&init->plan, err);
		q.otherwise = init->plan.own_store.buf;
	}
	if (!strcmp(type, "s3"))
		ask_of_s3(init, &q, key, &found);
	else if (!strcmp(key, "key_file_path") && !q.otherwise)
		q.otherwise = "key.json";
	if (!ret)
		ret = answer(init, &q, &text, err);
	if (!ret && strcmp(text.buf, init->plan.own_store.buf))
		strbuf_reset(&init->plan.own_store);
	if (!ret && text.len)
		value_map_set_str(init->plan.config, key, text.buf);
	strbuf_release(&text);
	strbuf_release(&option);
	strbuf_release(&found);
	return ret;
}

static void answer_key_file(struct init *init)
{
	struct strbuf pattern = STRBUF_INIT;

	if (init_key_pattern(&init->plan, &pattern))
		init->plan.gitignore_key = answer_yes(init->gitignore_key,
				"Do you want to add %s to .gitignore?",
				value_get_text(init->plan.config,
					       "key_file_path"));
	strbuf_release(&pattern);
}

static int answer_config(struct init *init, struct strbuf *err)
{
	const char *const *key = conf_storage_keys(init->plan.type.buf);
	struct value *more;
	size_t i;
	int ret = 0;

	init->plan.config = value_new_map();
	for (; !ret && *key; key++) {
		ret = answer_setting(init, *key, err);
		if (!ret && !strcmp(*key, "key_file_path"))
			answer_key_file(init);
	}
	/* The Python Resutil wrote its keys in this order. */
	more = value_map_get(init->plan.config, "key_file_path");
	if (more) {
		more = value_copy(more);
		value_map_remove(init->plan.config, "key_file_path");
		value_map_set(init->plan.config, "key_file_path", more);
	}
	for (i = 0; !ret && i < init->given->u.map.nr; i++) {
		const struct value_pair *pair = &init->given->u.map.pair[i];

		value_map_set(init->plan.config, pair->key,
			      value_copy(pair->value));
	}
	/* The type may have been chosen after -o was looked at. */
	if (!ret && !strcmp(init->plan.type.buf, "s3"))
		ret = store_settings_fit(init->plan.config, "s3", err);
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

static int answer_all(struct init *init, struct strbuf *err)
{
	int ret = answer_name(init, err);

	if (!ret)
		ret = answer_results(init, err);
	if (!ret)
		ret = answer_type(init, err);
	if (!ret)
		ret = answer_config(init, err);
	if (!ret)
		keep_spellings_equal(init);
	return ret;
}

/* The type of the settings that were given, as far as it is known before a
 * person is asked. */
static int check_settings(struct init *init, struct strbuf *err)
{
	const char *type = init->type;

	if (!type)
		type = value_get_text(init->old, "storage_type");
	if (!type)
		type = "dir";
	if (!init->type && term_is_interactive() && !strcmp(type, "dir"))
		return 0;
	/* An unknown one is told of where types are chosen. */
	if (!conf_storage_type_is_known(type))
		return 0;
	return store_settings_fit(init->given, type, err);
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

		strbuf_addf(&text, "'%s' exists already.", path.buf);
		tell(&text);
		strbuf_release(&text);
		if (!ask_yes_no("Do you want to proceed?", false)) {
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
		if (!strcmp(plan->type.buf, "dir"))
			out_printf("store: %s\n",
				   value_get_text(plan->config, "path"));
		out_printf("results: %s%s\n", plan->results_dir.buf,
			   plan->gitignore ? " (with .gitignore)" : "");
		if (plan->gitignore_key && init_key_pattern(plan, &pattern))
			out_printf("ignored by git: %s\n", pattern.buf);
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
	if (!strcmp(plan->type.buf, "dir"))
		out_printf(plan->made_store ? _("Its store is %s (new)\n") :
			   _("Its store is %s\n"),
			   value_get_text(plan->config, "path"));
	out_printf(_("Next:\n"));
	/* nobody was asked yet whether it is there, and lets us in */
	if (strcmp(plan->type.buf, "dir"))
		out_printf("  resutil remote test\n");
	out_printf(_("  resutil run -m COMMENT -- CMD...\n"
		     "  resutil list\n"));
	strbuf_release(&path);
}

/* What the conf of one's own project names may be run. Where there is no place
 * to note that, it has to be said later. */
static void trust_own(const struct init_plan *plan)
{
	struct project p = PROJECT_INIT;

	p.root = plan->root.buf;
	if (!plan->has_conf)
		trust_add_own(&p, NULL);
}

static int init_project(struct init *init, const char *dir, struct strbuf *err)
{
	int ret;

	path_real(&init->plan.root, dir ? dir : ".");
	init->given = value_new_map();
	ret = store_settings_read(init->given, &init->config, err);
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
	ret = init_make(&init->plan, err);
	if (!ret) {
		trust_own(&init->plan);
		show_next(init, dir);
	}
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
		  .words = "dir gcs gdrive s3 ssh",
		  .help = "the kind of store" },
		OPT_LIST('o', NULL, &init.config, "KEY=VALUE",
			 "a setting of the store (dir: path=DIR; s3: "
			 "bucket_name=NAME)"),
		OPT_BOOL(0, "gitignore", &init.gitignore,
			 "make git ignore the experiments"),
		OPT_BOOL(0, "gitignore-key", &init.gitignore_key,
			 "make git ignore the key file"),
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
	if (ret)
		error("%s", err.buf);

	value_free(init.given);
	value_free(init.old);
	strvec_release(&init.config);
	init_plan_release(&init.plan);
	strbuf_release(&err);
	return exit_status_of(ret);
}
