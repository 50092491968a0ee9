/*
 * remote: the stores of a project, by name. Only `test` and `login` ask one.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/remote-login.h"
#include "builtin/store-kind.h"
#include "builtin/store-settings.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/process.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf-check.h"
#include "lib/exp/project.h"
#include "lib/exp/remotes.h"
#include "lib/exp/rows.h"
#include "lib/exp/store-url.h"

/* Of names of experiments; a store of a million has a third of that. */
#define LISTING_MAX ((size_t)1 << 30)

static const char *const usage[] = {
	"remote [list] [-v] [--json | --format FORMAT] [-z]",
	"remote add [-n] [-o KEY=VALUE]... NAME URL",
	"remote add [-n] --storage-type=TYPE [-o KEY=VALUE]... NAME",
	"remote rm [-n] NAME...",
	"remote test [NAME...]",
	"remote login [-n] [--client FILE] [--port N] [--timeout SECONDS] "
	"[--no-browser] [NAME]",
	"remote logout [-n] [NAME]",
	NULL
};

struct remote_options {
	const char *type;
	struct strvec config;		/* -o */
	int verbose, dry_run;
	struct remote_login login;
	struct rows rows;
	const struct option *options;
};

#define BAD_USAGE(o, ...) usage_with_options(usage, (o)->options, __VA_ARGS__)

/* A conf may leave some to the environment, but nobody adds that. */
static int check_needed(const struct remote_conf *r, struct strbuf *err)
{
	const struct store_setting *s = store_kind_find(r->type)->settings;

	for (; s->key; s++)
		if (!s->optional && !value_map_get(r->config, s->key))
			return fail(err, ERR_USAGE, "'%s' is missing; give it "
				    "with -o %s=NAME", s->key, s->key);
	return 0;
}

static int read_store(struct remote_conf *r, const struct remote_options *o,
		      const char *url, struct strbuf *err)
{
	struct value *more = value_new_map();
	size_t i;
	int ret;

	if (url) {
		ret = store_url_parse(url, &r->type, &r->config, NULL, err);
	} else {
		r->type = xstrdup(strcmp(o->type, "gs") ? o->type : "gcs");
		r->config = value_new_map();
		ret = conf_check_storage_type(r->type, err);
	}
	if (!ret)
		ret = store_settings_read(more, &o->config, err);
	if (!ret)
		ret = store_settings_fit(more, r->type, err);
	for (i = 0; !ret && i < more->u.map.nr; i++) {
		const struct value_pair *pair = &more->u.map.pair[i];

		if (value_map_get(r->config, pair->key))
			BAD_USAGE(o, "-o %s: the URL says that already",
				  pair->key);
		value_map_set(r->config, pair->key, value_copy(pair->value));
	}
	value_free(more);
	if (!ret)
		ret = conf_check_storage_config(r->type, r->config, err);
	if (!ret)
		ret = check_needed(r, err);
	return ret;
}

/* Why there cannot be another remote of that name, before anything is made
 * for it. */
static int check_new_name(const char *name, struct strbuf *err)
{
	struct remote_conf old = { NULL, NULL, NULL };
	int ret = remote_check_name(name, err);

	if (!ret && !strcmp(name, REMOTE_ORIGIN))
		ret = fail(err, ERR_CONFLICT, "each project has its '%s' "
			   "already; choose another name, or change it with "
			   "'resutil init --force'", name);
	else if (!ret && !remotes_find(&old, the_project, name, NULL))
		ret = fail(err, ERR_CONFLICT, "there is a remote '%s' already; "
			   "remove it with 'resutil remote rm %s', or choose "
			   "another name", name, name);
	remote_conf_release(&old);
	return ret;
}

/* Makes the directory of a dir store, when it is missing, and says so. */
static int make_store(const struct remote_conf *r, bool dry_run,
		      struct strvec *made, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	if (!store_kind_find(r->type)->is_dir)
		return 0;
	path_absolute(&path, the_project->root,
		      value_get_text(r->config, "path"));
	ret = store_dir_check(path.buf, the_project->root,
			      the_project->results_path, err);
	if (!ret && !dry_run)
		ret = store_dir_make(path.buf, made, err);
	strbuf_release(&path);
	return ret;
}

static void say_added(const struct remote_conf *r, bool is_new, bool dry_run)
{
	struct strbuf url = STRBUF_INIT, safe = STRBUF_INIT;

	store_url_format(r->type, r->config, &url);
	quote_terminal(&safe, url.buf, url.len);
	if (verbosity >= 0)
		out_printf(dry_run ? _("Would add %s, %s%s\n") :
			   _("Added %s, %s%s\n"), r->name, safe.buf,
			   is_new ? _(" (new)") : "");
	strbuf_release(&safe);
	strbuf_release(&url);
}

/* Which file the conf is: it is replaced when it changes. */
static ino_t conf_inode(void)
{
	struct stat st;

	return stat(the_project->conf_path, &st) ? 0 : st.st_ino;
}

static int add_remote(const struct remote_options *o, int argc,
		      const char **argv)
{
	struct remote_conf r = { NULL, NULL, NULL };
	struct strvec made = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	const struct store_kind *kind;
	ino_t before = conf_inode();
	int ret;

	if (argc != (o->type ? 1 : 2))
		BAD_USAGE(o, o->type ? "one NAME is needed, and no URL" :
			  "a NAME and a URL are needed");
	ret = check_new_name(argv[0], &err);
	if (!ret)
		ret = read_store(&r, o, argv[1], &err);
	if (ret)
		goto cleanup;
	r.name = xstrdup(argv[0]);
	kind = store_kind_find(r.type);
	store_kind_rebase(kind, r.config, the_project->root);
	if (kind->agree && !o->dry_run)
		ret = kind->agree(the_project->root, r.config, &err);
	if (!ret)
		ret = make_store(&r, o->dry_run, &made, &err);
	if (!ret && !o->dry_run)
		ret = remotes_add(the_project, &r, &err);
	/* A conf that could only not be synced names the store. */
	if (ret && conf_inode() == before)
		store_dir_unmake(&made);
	else if (!ret)
		say_added(&r, made.nr > 0, o->dry_run);

cleanup:
	if (ret)
		error("%s", err.buf);
	remote_conf_release(&r);
	strvec_release(&made);
	strbuf_release(&err);
	return exit_status_of(ret);
}

static struct value *get_name(const void *row, void *data UNUSED)
{
	return value_new_str(((const struct remote_conf *)row)->name);
}

static struct value *get_type(const void *row, void *data UNUSED)
{
	return value_new_str(((const struct remote_conf *)row)->type);
}

static struct value *get_url(const void *row, void *data UNUSED)
{
	const struct remote_conf *r = row;
	struct strbuf url = STRBUF_INIT;
	struct value *ret;

	store_url_format(r->type, r->config, &url);
	ret = value_new_text(url.buf, url.len);
	strbuf_release(&url);
	return ret;
}

static const struct row_field fields[] = {
	{ .name = "name", .help = "of the remote", .get = get_name },
	{ .name = "type", .help = "the kind of store", .get = get_type },
	{ .name = "url", .help = "where it is", .get = get_url },
	ROW_FIELD_END
};

static int list_remotes(struct remote_options *o, int argc)
{
	struct remote_confs all = REMOTE_CONFS_INIT;
	struct strbuf err = STRBUF_INIT;
	struct rows *rows = &o->rows;
	bool only_names = !o->verbose && !rows->json && !rows->format;
	size_t i;
	int ret;

	if (argc)
		BAD_USAGE(o, "list takes no names");
	rows->fields = fields;
	if (!only_names && rows_begin(rows, &err))
		BAD_USAGE(o, "%s", err.buf);
	ret = remotes_read(&all, the_project, &err);
	for (i = 0; i < all.nr; i++) {
		if (only_names)
			out_printf("%s%c", all.item[i].name,
				   rows->nul ? '\0' : '\n');
		else
			rows_add(rows, &all.item[i]);
	}
	if (rows->state)
		rows_end(rows);
	if (ret)
		error("%s", err.buf);
	remote_confs_release(&all);
	strbuf_release(&err);
	process_end_stdout();
	return exit_status_of(ret);
}

static int remove_one(const char *name, void *data)
{
	const struct remote_options *o = data;
	struct remote_conf r = { NULL, NULL, NULL };
	struct strbuf err = STRBUF_INIT;
	int ret;

	if (o->dry_run && strcmp(name, REMOTE_ORIGIN))
		ret = remotes_find(&r, the_project, name, &err);
	else
		ret = remotes_remove(the_project, name, &err);
	if (ret)
		error("%s", err.buf);
	else if (verbosity >= 0)
		out_printf(o->dry_run ? _("Would remove %s\n") :
			   _("Removed %s; what the store holds stays\n"), name);
	remote_conf_release(&r);
	strbuf_release(&err);
	return ret;
}

static int remove_remotes(struct remote_options *o, int argc,
			  const char **argv)
{
	struct items counted = { 0 };
	struct strbuf err = STRBUF_INIT;

	if (!argc)
		BAD_USAGE(o, "which remote?");
	if (items_each(&counted, argv, NULL, '\n', remove_one, o, &err))
		die("%s", err.buf);
	strbuf_release(&err);
	return items_status(&counted);
}

static void say_found(const struct remote_conf *r, const struct strbuf *names)
{
	struct strbuf url = STRBUF_INIT, safe = STRBUF_INIT;
	size_t nr = 0;
	const char *p = names->buf;

	while ((p = strchr(p, '\n'))) {
		p++;
		nr++;
	}
	store_url_format(r->type, r->config, &url);
	quote_terminal(&safe, url.buf, url.len);
	if (verbosity >= 0)
		out_printf(nr == 1 ?
			   _("%s: %s holds %zu experiment of '%s'\n") :
			   _("%s: %s holds %zu experiments of '%s'\n"),
			   r->name, safe.buf, nr, the_project->name);
	strbuf_release(&safe);
	strbuf_release(&url);
}

/* One listing, by the plumbing that does it, which also tells of failure. */
static int test_one(const char *name, int *status)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct remote_conf r = { NULL, NULL, NULL };
	struct strbuf names = STRBUF_INIT, err = STRBUF_INIT;
	int ret = remotes_find(&r, the_project, name, &err);

	if (!ret) {
		child.resutil_cmd = 1;
		strvec_pushl(&child.args, "list-remote", "--remote", name,
			     NULL);
		ret = pipe_command(&child, NULL, 0, &names, NULL, LISTING_MAX,
				   &err);
	}
	if (!ret)
		say_found(&r, &names);
	else if (ret < 0)
		error("%s", err.buf);
	*status = ret < 0 ? exit_status_of(ret) : ret;
	remote_conf_release(&r);
	strbuf_release(&names);
	strbuf_release(&err);
	return *status;
}

/* 0; the status of all that failed alike; EXIT_PARTLY. */
static int test_remotes(int argc, const char **argv)
{
	static const char *const origin[] = { REMOTE_ORIGIN, NULL };
	const char *const *name = argc ? argv : origin;
	int status, ret = -1;

	for (; *name; name++) {
		test_one(*name, &status);
		fflush(stdout);
		if (ret >= 0 && ret != status)
			ret = EXIT_PARTLY;
		else
			ret = status;
	}
	return ret;
}

/* What is logged in to is tested: that the file of it is there says little. */
static int log_in(struct remote_options *o, int argc, const char **argv)
{
	const char *name = argc ? argv[0] : REMOTE_ORIGIN;
	int ret;

	if (argc > 1)
		BAD_USAGE(o, "one remote at a time");
	o->login.dry_run = o->dry_run;
	ret = remote_log_in(&o->login, name);
	if (!ret && !o->dry_run)
		test_one(name, &ret);
	return ret;
}

static int log_out(struct remote_options *o, int argc, const char **argv)
{
	if (argc > 1)
		BAD_USAGE(o, "one remote at a time");
	o->login.dry_run = o->dry_run;
	return remote_log_out(&o->login, argc ? argv[0] : REMOTE_ORIGIN);
}

/* Each option belongs to some of the verbs. */
static void check_options(const struct remote_options *o, const char *verb)
{
	bool adds = !strcmp(verb, "add"), lists = !strcmp(verb, "list");
	bool logs = !strcmp(verb, "login") || !strcmp(verb, "logout");
	const struct remote_login *l = &o->login;

	if (!adds && (o->type || o->config.nr))
		BAD_USAGE(o, "only add takes --storage-type and -o");
	if (!adds && !logs && strcmp(verb, "rm") && o->dry_run)
		BAD_USAGE(o, "only add, rm, login and logout take --dry-run");
	if (strcmp(verb, "login") &&
	    (l->client || l->port || l->timeout >= 0 || l->no_browser))
		BAD_USAGE(o, "only login takes --client, --port, --timeout and "
			  "--no-browser");
	if (!lists && (o->verbose || o->rows.json || o->rows.format ||
		       o->rows.nul))
		BAD_USAGE(o, "only list takes -v, --json, --format and -z");
}

static int run_verb(struct remote_options *o, int argc, const char **argv)
{
	const char *verb = argc ? argv[0] : "list";

	check_options(o, verb);
	argc -= argc > 0;
	argv++;
	if (!strcmp(verb, "list"))
		return list_remotes(o, argc);
	if (!strcmp(verb, "add"))
		return add_remote(o, argc, argv);
	if (!strcmp(verb, "rm"))
		return remove_remotes(o, argc, argv);
	if (!strcmp(verb, "test"))
		return test_remotes(argc, argv);
	if (!strcmp(verb, "login"))
		return log_in(o, argc, argv);
	if (!strcmp(verb, "logout"))
		return log_out(o, argc, argv);
	BAD_USAGE(o, "'%s' is none of list, add, rm, test, login and logout",
		  verb);
}

int cmd_remote(int argc, const char **argv)
{
	struct remote_options o = {
		.config = STRVEC_INIT, .login = REMOTE_LOGIN_INIT,
	};
	const struct option options[] = {
		OPT_BOOL('v', "verbose", &o.verbose,
			 "list: show kind and place, too"),
		OPT_ROWS(&o.rows),
		{ .type = OPTION_STRING, .name = "storage-type",
		  .value = &o.type, .argh = "TYPE", .arg = ARG_WORDS,
		  .words = STORE_KIND_WORDS,
		  .help = "add: the kind of store" },
		OPT_LIST('o', NULL, &o.config, "KEY=VALUE",
			 "add: a setting of the store (s3: "
			 "endpoint_url=URL)"),
		OPT_BOOL('n', "dry-run", &o.dry_run,
			 "add, rm, login, logout: print what would be done"),
		{ .type = OPTION_STRING, .name = "client",
		  .value = &o.login.client, .argh = "FILE", .arg = ARG_FILE,
		  .help = "login: of an OAuth client; default: as the last "
			  "time" },
		OPT_NUMBER(0, "port", &o.login.port, "N",
			   "login: where the browser comes back to"),
		OPT_NUMBER(0, "timeout", &o.login.timeout, "SECONDS",
			   "login: how long it is waited for; default: 300"),
		OPT_BOOL(0, "no-browser", &o.login.no_browser,
			 "login: open none, only print where to log in"),
		OPT_END_OF_TABLE
	};
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	o.options = options;
	ret = run_verb(&o, argc, argv);
	strvec_release(&o.config);
	return ret;
}
