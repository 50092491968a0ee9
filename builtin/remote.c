/*
 * remote: the stores of a project, by name. Only `test`, `login` and `copy` ask
 * one.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/remote-login.h"
#include "builtin/remote-verbs.h"
#include "builtin/store-kind.h"

#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/process.h"
#include "lib/base/signals.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/remotes.h"
#include "lib/exp/sheet/rows.h"
#include "lib/exp/conf/store-url.h"

const char *const remote_usage[] = {
	"remote [list] [-v] [--json | --format FORMAT] [-z]",
	"remote add [-n] [-o KEY=VALUE]... NAME URL",
	"remote add [-n] --storage-type=TYPE [-o KEY=VALUE]... NAME",
	"remote rm [-n] NAME...",
	"remote set-url [-n] [-o KEY=VALUE]... NAME URL",
	"remote set-url [-n] --storage-type=TYPE [-o KEY=VALUE]... NAME",
	"remote test [--quick] [NAME...]",
	"remote copy [--no-dependency] [-j N] [--limit-rate=RATE] [--force] "
	"[-n] [--json] A B EXP...",
	"remote copy [-A|-y] [-j N] [--limit-rate=RATE] [--force] [-n] "
	"[--json] A B",
	"remote login [-n] [--client FILE] [--port N] [--timeout SECONDS] "
	"[--no-browser] [NAME]",
	"remote logout [-n] [NAME]",
	NULL
};

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
		ret = remote_test_quick(name);
	return ret;
}

static int log_out(struct remote_options *o, int argc, const char **argv)
{
	if (argc > 1)
		BAD_USAGE(o, "one remote at a time");
	o->login.dry_run = o->dry_run;
	return remote_log_out(&o->login, argc ? argv[0] : REMOTE_ORIGIN);
}

/* Which verbs take an option. */
static void need_verb(const struct remote_options *o, const char *verb,
		      bool given, const char *verbs, const char *what)
{
	struct strbuf list = STRBUF_INIT, one = STRBUF_INIT;
	bool good;

	strbuf_addf(&list, ", %s,", verbs);
	strbuf_addf(&one, ", %s,", verb);
	good = !given || strstr(list.buf, one.buf);
	strbuf_release(&one);
	strbuf_release(&list);
	if (!good)
		BAD_USAGE(o, "only %s take%s %s", verbs,
			  strchr(verbs, ',') ? "" : "s", what);
}

static void check_options(const struct remote_options *o, const char *verb)
{
	const struct remote_login *l = &o->login;
	const struct transfer *t = &o->copy;

	need_verb(o, verb, o->type || o->config.nr, "add, set-url",
		  "--storage-type and -o");
	need_verb(o, verb, o->dry_run, "add, rm, set-url, copy, login, logout",
		  "--dry-run");
	need_verb(o, verb, l->client || l->port || l->timeout >= 0 ||
		  l->no_browser, "login", "--client, --port, --timeout and "
		  "--no-browser");
	need_verb(o, verb, o->rows.json, "list, copy", "--json");
	need_verb(o, verb, o->verbose || o->rows.format || o->rows.nul,
		  "list", "-v, --format and -z");
	need_verb(o, verb, o->quick, "test", "--quick");
	need_verb(o, verb, o->all || o->yes || !o->dependency || t->jobs ||
		  t->limit_rate || t->force, "copy", "-A, -y, -j, "
		  "--limit-rate, --force and --no-dependency");
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
		return remote_add(o, argc, argv);
	if (!strcmp(verb, "rm"))
		return remove_remotes(o, argc, argv);
	if (!strcmp(verb, "set-url"))
		return remote_set_url(o, argc, argv);
	if (!strcmp(verb, "test"))
		return remote_test(o, argc, argv);
	if (!strcmp(verb, "copy"))
		return remote_copy(o, argc, argv);
	if (!strcmp(verb, "login"))
		return log_in(o, argc, argv);
	if (!strcmp(verb, "logout"))
		return log_out(o, argc, argv);
	BAD_USAGE(o, "'%s' is none of list, add, rm, set-url, test, copy, "
		  "login and logout", verb);
}

#define COPY_OPTIONS(o)							\
	OPT_BOOL('A', "all", &(o)->all,					\
		 "copy: all that A holds and B does not"),		\
	OPT_BOOL('y', "yes", &(o)->yes, "copy: do not ask"),		\
	OPT_BOOL(0, "dependency", &(o)->dependency,			\
		 "copy: also what they need (the default)"),		\
	OPT_NUMBER('j', "jobs", &(o)->copy.jobs, "N",			\
		   "copy: how many packs at once"),			\
	{ .type = OPTION_STRING, .name = "limit-rate",			\
	  .value = &(o)->copy.limit_rate, .argh = "RATE",		\
	  .help = "copy: bytes a second at most, as in 10MiB" },	\
	OPT_BOOL(0, "force", &(o)->copy.force,				\
		 "copy: replace what is there, whatever it is")

int cmd_remote(int argc, const char **argv)
{
	struct remote_options o = {
		.config = STRVEC_INIT, .login = REMOTE_LOGIN_INIT,
		.copy = TRANSFER_INIT, .dependency = 1,
	};
	const struct option options[] = {
		OPT_BOOL('v', "verbose", &o.verbose,
			 "list: show kind and place, too"),
		OPT_ROWS(&o.rows),
		{ .type = OPTION_STRING, .name = "storage-type",
		  .value = &o.type, .argh = "TYPE", .arg = ARG_WORDS,
		  .words = STORE_KIND_WORDS,
		  .help = "add, set-url: the kind of store" },
		OPT_LIST('o', NULL, &o.config, "KEY=VALUE",
			 "add, set-url: a setting of the store (s3: "
			 "endpoint_url=URL)"),
		OPT_BOOL('n', "dry-run", &o.dry_run,
			 "print what would be done"),
		OPT_BOOL(0, "quick", &o.quick,
			 "test: only list what it holds"),
		COPY_OPTIONS(&o),
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
	int ret, signo;

	argc = parse_options(argc, argv, options, remote_usage, 0);
	o.options = options;
	ret = run_verb(&o, argc, argv);
	signo = o.copy.signo;
	transfer_release(&o.copy);
	strvec_release(&o.config);
	if (signo)
		signal_die_of(signo);
	return ret;
}
