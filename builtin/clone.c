/*
 * clone: makes a project whose store is there already. The store is asked,
 * by the plumbing that a project has, before anything is made where the
 * project is to be.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/init-make.h"
#include "builtin/store-kind.h"
#include "builtin/store-settings.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/tempfile.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-check.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/conf/store-url.h"
#include "lib/exp/conf/store-url-query.h"
#include "lib/exp/store/trust.h"

#include <dirent.h>

/* Of names of experiments. */
#define LISTING_MAX ((size_t)1 << 30)

/* Other projects that are named when the one is not there. */
#define SHOWN_PROJECTS 10

static const char *const usage[] = {
	"clone [--results-dir=DIR] [-o KEY=VALUE]... [--all] [-n] URL [DIR]",
	NULL
};

struct clone {
	const char *results_dir;
	struct strvec config;		/* -o */
	int all, dry_run;
	struct init_plan plan;
	const char *shown_dir;		/* as the user calls it */
	struct strbuf url;		/* of the store, safe for a terminal */
	bool dir_exists;
	size_t nr;			/* experiments in the store */
};

/* What the URL says, and what -o adds to it. */
static int read_store(struct clone *c, const char *url, struct strbuf *err)
{
	struct value *more = value_new_map();
	struct strbuf text = STRBUF_INIT;
	char *type = NULL, *project = NULL;
	size_t i;
	int ret = store_url_parse(url, &type, &c->plan.config, &project, err);

	if (ret)
		goto cleanup;
	strbuf_addstr(&c->plan.type, type);
	c->plan.kind = store_kind_find(type);
	strbuf_addstr(&c->plan.name, project);
	ret = store_settings_read(more, &c->config, err);
	if (!ret)
		ret = store_settings_fit(more, type, err);
	for (i = 0; !ret && i < more->u.map.nr; i++)
		value_map_set(c->plan.config, more->u.map.pair[i].key,
			      value_copy(more->u.map.pair[i].value));
	store_kind_rebase(c->plan.kind, c->plan.config, NULL);
	store_url_format(type, c->plan.config, &text);
	quote_terminal(&c->url, text.buf, text.len);

cleanup:
	free(type);
	free(project);
	value_free(more);
	strbuf_release(&text);
	return ret;
}

static int check_empty(const char *path, const char *shown, struct strbuf *err)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int ret = 0;

	/* ENOENT: a link that leads nowhere. */
	if (!dir && (errno == ENOTDIR || errno == ENOENT))
		return fail(err, ERR_CONFLICT, "'%s' is there already, and is "
			    "not a directory; name another one", shown);
	if (!dir)
		return fail_errno(err, "cannot look into '%s'", shown);
	while (!ret && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			ret = fail(err, ERR_CONFLICT, "'%s' is there already, "
				   "and is not empty; name another directory",
				   shown);
	closedir(dir);
	return ret;
}

static int choose_place(struct clone *c, const char *dir, struct strbuf *err)
{
	const char *results = c->results_dir ? c->results_dir : "results";
	struct strbuf path = STRBUF_INIT;
	int ret;

	c->shown_dir = dir ? dir : c->plan.name.buf;
	path_absolute(&path, NULL, c->shown_dir);
	path_real(&c->plan.root, path.buf);
	strbuf_release(&path);
	strbuf_addstr(&c->plan.results_dir, results);
	c->plan.gitignore = true;
	ret = conf_check_results_dir(results, c->plan.root.buf, err);
	if (!ret && c->plan.kind->is_dir)
		ret = store_dir_check(value_get_text(c->plan.config, "path"),
				      c->plan.root.buf, results, err);
	c->dir_exists = path_exists(c->plan.root.buf);
	if (!ret && c->dir_exists)
		ret = check_empty(c->plan.root.buf, c->shown_dir, err);
	return ret;
}

/* The same store and name, for a project in another place: results_dir may be
 * none there. */
static int scratch_conf(const struct clone *c, struct strbuf *text,
			struct strbuf *err)
{
	struct init_plan plan = c->plan;
	int ret;

	strbuf_init(&plan.results_dir);
	strbuf_addstr(&plan.results_dir, "results");
	ret = init_conf_text(&plan, text, err);
	strbuf_release(&plan.results_dir);
	return ret;
}

/* Runs plumbing in the scratch project; its cache of the store goes with it. */
static int ask(const struct tempfile *scratch, struct strvec *args,
	       struct strbuf *out, struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;

	child.resutil_cmd = 1;
	child.dir = tempfile_path(scratch);
	strvec_pushv(&child.args, args->v);
	strvec_pushf(&child.env, "XDG_CACHE_HOME=%s", child.dir);
	return pipe_command(&child, NULL, 0, out, NULL, LISTING_MAX, err);
}

/*
 * What the conf of a project says can only run something where the project is
 * trusted, which the scratch one is not; but this was typed.
 */
static void add_typed_url(const struct clone *c, struct strvec *args)
{
	const char *file = value_get_text(c->plan.config, "ssh_config");
	struct strbuf url = STRBUF_INIT;

	if (!file)
		return;
	store_url_format(c->plan.type.buf, c->plan.config, &url);
	strbuf_addstr(&url, "?ssh_config=");
	store_url_encode(&url, file, "&");
	strvec_pushf(args, "--remote=%s", url.buf);
	strbuf_release(&url);
}

/* A typing error shows when the names that are right stand beside it. Hostile
 * ones are passed over. */
static void add_projects(const struct strbuf *records, struct strbuf *out)
{
	const char *p = records->buf, *end = records->buf + records->len;
	unsigned nr = 0;

	for (; p < end && nr < SHOWN_PROJECTS; p += strlen(p) + 1) {
		const char *tab = strchr(p, '\t');
		const char *key = tab ? strchr(tab + 1, '\t') : NULL;
		size_t len = key ? strlen(++key) : 0;
		char *name;

		if (!len || key[len - 1] != '/')
			continue;
		name = xmemdupz(key, len - 1);
		if (!conf_check_project_name(name, NULL))
			strbuf_addf(out, "%s'%s'", nr++ ? ", " : "", name);
		free(name);
	}
}

static int no_such_project(const struct clone *c,
			   const struct tempfile *scratch, struct strbuf *err)
{
	struct strvec args = STRVEC_INIT;
	struct strbuf records = STRBUF_INIT, others = STRBUF_INIT;
	struct strbuf ignored = STRBUF_INIT;

	strvec_pushl(&args, "list-objects", "--one-level", "-z", NULL);
	add_typed_url(c, &args);
	if (!ask(scratch, &args, &records, &ignored))
		add_projects(&records, &others);
	fail(err, ERR_NOT_FOUND, "no experiments of a project '%s' in '%s'; "
	     "%s%s", c->plan.name.buf, c->url.buf, others.len ?
	     "there may be some of: " : "a new project is made with 'resutil "
	     "init'", others.buf);
	strvec_release(&args);
	strbuf_release(&records);
	strbuf_release(&others);
	strbuf_release(&ignored);
	return ERR_NOT_FOUND;
}

/*
 * list-remote works in a project, so it gets one that holds nothing but the
 * conf. Returns 0, the status of the child, which has said why, or a negative
 * code.
 */
static int ask_store(struct clone *c, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf names = STRBUF_INIT;
	struct strvec args = STRVEC_INIT;
	struct tempfile *scratch = NULL;
	const char *p;
	int ret = tempfile_scratch_dir(&scratch, err);

	if (ret)
		goto cleanup;
	strbuf_addf(&path, "%s/" CONF_FILE, tempfile_path(scratch));
	ret = scratch_conf(c, &text, err);
	if (!ret)
		ret = write_file_atomic(path.buf, text.buf, text.len, 0600, 0,
					err);
	if (ret)
		goto cleanup;
	strvec_push(&args, "list-remote");
	add_typed_url(c, &args);
	ret = ask(scratch, &args, &names, err);
	for (p = names.buf; !ret && (p = strchr(p, '\n')); p++)
		c->nr++;
	if (!ret && !c->nr)
		ret = no_such_project(c, scratch, err);

cleanup:
	tempfile_delete(&scratch);
	strvec_release(&args);
	strbuf_release(&names);
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

/*
 * A new directory appears whole. One that is there is filled, the conf last:
 * it may be one that cannot be replaced, or that somebody's shell is in.
 */
static int make_project(struct clone *c, struct strbuf *err)
{
	struct strbuf final = STRBUF_INIT, temp = STRBUF_INIT;
	struct strvec made = STRVEC_INIT;
	struct tempfile *dir = NULL;
	const char *base;
	int ret;

	if (c->dir_exists)
		return init_make(&c->plan, err);
	strbuf_addbuf(&final, &c->plan.root);
	base = path_basename(final.buf);
	strbuf_add(&temp, final.buf, base - final.buf);
	if (temp.len > 1)
		strbuf_setlen(&temp, temp.len - 1);
	ret = store_dir_make(temp.buf, &made, err);
	if (ret)
		goto cleanup;
	strbuf_complete_slash(&temp);
	strbuf_addf(&temp, ".%s.%ld.tmp", base, (long)getpid());
	ret = tempfile_create_dir(&dir, temp.buf, err);
	if (ret)
		goto cleanup;
	strbuf_reset(&c->plan.root);
	strbuf_addbuf(&c->plan.root, &temp);
	ret = init_make(&c->plan, err);
	if (!ret)
		ret = tempfile_commit(&dir, final.buf,
				      TEMPFILE_SYNC | TEMPFILE_NOREPLACE, err);
	strbuf_reset(&c->plan.root);
	strbuf_addbuf(&c->plan.root, &final);

cleanup:
	tempfile_delete(&dir);
	if (ret)
		store_dir_unmake(&made);
	strvec_release(&made);
	strbuf_release(&final);
	strbuf_release(&temp);
	return ret;
}

static void say_made(const struct clone *c)
{
	struct strbuf safe = STRBUF_INIT;

	quote_terminal(&safe, c->shown_dir, strlen(c->shown_dir));
	if (verbosity >= 0) {
		out_printf(c->dry_run ?
			   _("Would clone project '%s' into %s\n") :
			   _("Cloned project '%s' into %s\n"), c->plan.name.buf,
			   safe.buf);
		out_printf(c->nr == 1 ? _("%s holds %zu experiment\n") :
			   _("%s holds %zu experiments\n"), c->url.buf, c->nr);
	}
	if (verbosity >= 0 && !c->all && !c->dry_run)
		out_printf(_("Next, there:\n"
			     "  resutil list\n"
			     "  resutil pull EXP...\n"
			     "  resutil pull --all\n"));
	out_flush();
	strbuf_release(&safe);
}

/* The conf says what was typed, and so does an ssh_config in it; what another
 * conf will say, as one that `git pull` brings, has to be trusted. */
static void trust_typed(const struct clone *c)
{
	struct project p = PROJECT_INIT;

	if (value_get_text(c->plan.config, "ssh_config") &&
	    !project_open(&p, c->plan.root.buf, NULL))
		trust_add(&p, NULL);
	project_release(&p);
}

static int pull_all(const struct clone *c)
{
	struct child_process child = CHILD_PROCESS_INIT;
	int status;

	child.resutil_cmd = 1;
	child.dir = c->plan.root.buf;
	strvec_pushl(&child.args, "pull", "--all", "--yes", NULL);
	status = run_command(&child);
	if (status)
		warning("the project is there, but not all of its "
			"experiments; go on with 'resutil pull --all' in it");
	return status;
}

/* 0, a status, or a negative code with a sentence. */
static int clone_project(struct clone *c, const char *url, const char *dir,
			 struct strbuf *err)
{
	int ret = read_store(c, url, err);

	if (!ret)
		ret = choose_place(c, dir, err);
	if (!ret && c->plan.kind->agree)
		ret = c->plan.kind->agree("/", c->plan.config, err);
	if (!ret)
		ret = ask_store(c, err);
	if (!ret && !c->dry_run)
		ret = make_project(c, err);
	if (ret)
		return ret;
	if (!c->dry_run)
		trust_typed(c);
	say_made(c);
	return c->all && !c->dry_run ? pull_all(c) : 0;
}

int cmd_clone(int argc, const char **argv)
{
	struct clone c = {
		.config = STRVEC_INIT, .plan = INIT_PLAN_INIT,
		.url = STRBUF_INIT
	};
	const struct option options[] = {
		{ .type = OPTION_STRING, .name = "results-dir",
		  .value = &c.results_dir, .argh = "DIR", .arg = ARG_DIR,
		  .help = "where experiments are kept" },
		OPT_LIST('o', NULL, &c.config, "KEY=VALUE",
			 "a setting of the store (s3: key_file_path=FILE)"),
		OPT_BOOL(0, "all", &c.all, "fetch all experiments, too"),
		OPT_BOOL('n', "dry-run", &c.dry_run,
			 "ask the store, but make nothing"),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc)
		usage_with_options(usage, options,
				   "the URL of a project in a store is needed");
	if (argc > 2)
		usage_with_options(usage, options,
				   "unexpected argument '%s'", argv[2]);
	ret = clone_project(&c, argv[0], argv[1], &err);
	if (ret < 0)
		error("%s", err.buf);

	strvec_release(&c.config);
	init_plan_release(&c.plan);
	strbuf_release(&c.url);
	strbuf_release(&err);
	return ret < 0 ? exit_status_of(ret) : ret;
}
