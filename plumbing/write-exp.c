/*
 * write-exp: makes a record and writes it into a directory.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record-changes.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"
#include "command.h"

static const char *const usage[] = {
	"write-exp [--json] [--dir=DIR] [--name=NAME] [--state=STATE] "
	"[--created=TIME] [--cwd=DIR] [--executor=NAME] [-d EXP]... "
	"[--git=FILE] [--meta=FILE] [--from=FILE] "
	"[--set=PATH=VALUE]... [--force] [--] [CMD...]",
	NULL
};

struct write_options {
	const char *dir, *name, *state, *created, *cwd, *executor;
	const char *git, *meta, *from;
	struct strvec deps, sets;
	int json, force;
};

static const char *single_stdin(const struct write_options *o)
{
	const char *files[] = { o->git, o->meta, o->from };
	size_t i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i] && !strcmp(files[i], "-"))
			nr++;
	return nr > 1 ? "only one FILE can be the standard input" : NULL;
}

/* --name, or the name that the directory has. */
static int choose_name(struct strbuf *out, const struct write_options *o,
		       struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;

	path_absolute(&path, NULL, o->dir);
	strbuf_addstr(out, o->name ? o->name : path_basename(path.buf));
	strbuf_release(&path);
	if (name_is_valid(out->buf) || !strcmp(out->buf, NAME_DEBUG))
		return 0;
	return fail(err, ERR_USAGE, "'%s' is no name of an experiment%s",
		    out->buf, o->name ? "" : ", give --name");
}

static int choose_time(struct moment *m, const char *text, struct strbuf *err)
{
	*m = moment_now();
	if (text && !moment_parse(m, text))
		return fail(err, ERR_USAGE, "'%s' is no time, write it like "
			    "2024-07-04T19:15:55+09:00", text);
	return 0;
}

/* An EXP that is here gives its name and id; of others the name is kept. */
static int add_dependency(struct value *record, const char *arg,
			  struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT, dir = STRBUF_INIT;
	struct value *other = NULL;
	const char *id = NULL;
	int ret = ERR_NOT_FOUND;

	if (the_project)
		ret = exp_find(the_project, arg, &name,
			       name_is_valid(arg) ? NULL : err);
	if (!ret) {
		project_exp_path(the_project, name.buf, &dir);
		if (!record_read(&other, dir.buf, NULL))
			id = value_get_text(other, "id");
	} else if (ret == ERR_NOT_FOUND && name_is_valid(arg)) {
		strbuf_addstr(&name, arg);
		ret = 0;
	} else if (!the_project) {
		ret = fail(err, ERR_USAGE, "'%s' is no name of an experiment",
			   arg);
	}
	if (!ret)
		record_add_dependency(record, name.buf, id);
	value_free(other);
	strbuf_release(&dir);
	strbuf_release(&name);
	return ret;
}

static int add_map(struct value *record, const char *key, const char *file,
		   bool json, struct strbuf *err)
{
	struct value *map;
	int ret;

	if (!file)
		return 0;
	ret = changes_read(&map, file, json, err);
	if (!ret)
		value_map_set(record, key, map);
	return ret;
}

static int add_changes(struct value *record, const struct write_options *o,
		       struct strbuf *err)
{
	struct value *changes;
	int ret;

	ret = changes_gather(&changes, o->from, o->json, &o->sets, err);
	if (ret)
		return ret;
	record_merge(record, changes);
	value_map_set_int(record, "revision", 1);
	value_free(changes);
	return 0;
}

static int make_record(struct value **out, const struct write_options *o,
		       const char *const *argv, struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT, cwd = STRBUF_INIT;
	struct moment created;
	size_t i;
	int ret;

	ret = choose_name(&name, o, err);
	if (!ret)
		ret = choose_time(&created, o->created, err);
	if (ret)
		goto cleanup;
	path_absolute(&cwd, NULL, o->cwd ? o->cwd : ".");
	*out = record_new(the_project, name.buf, argv, cwd.buf, o->state,
			  &created);
	if (strcmp(o->state, "added"))
		record_set_moment(*out, "at.started", &created);
	if (o->executor)
		value_map_set_str(*out, "executor", o->executor);
	for (i = 0; i < o->deps.nr && !ret; i++)
		ret = add_dependency(*out, o->deps.v[i], err);
	if (!ret)
		ret = add_map(*out, "git", o->git, o->json, err);
	if (!ret)
		ret = add_map(*out, "meta", o->meta, o->json, err);
	if (!ret)
		ret = add_changes(*out, o, err);
	if (!ret)
		record_redact_new(*out);
	if (!ret)
		ret = record_check(*out, err);

cleanup:
	strbuf_release(&cwd);
	strbuf_release(&name);
	return ret;
}

int cmd_write_exp(int argc, const char **argv)
{
	struct write_options o = {
		.dir = ".", .deps = STRVEC_INIT, .sets = STRVEC_INIT
	};
	const struct option options[] = {
		OPT_BOOL(0, "json", &o.json, "FILEs are JSON"),
		OPT_STRING(0, "dir", &o.dir, "DIR",
			   "write into DIR, not the working directory"),
		OPT_STRING(0, "name", &o.name, "NAME",
			   "name of the experiment"),
		OPT_STRING(0, "state", &o.state, "STATE",
			   "started for a CMD, else added"),
		OPT_STRING(0, "created", &o.created, "TIME",
			   "when it got its name"),
		OPT_STRING(0, "cwd", &o.cwd, "DIR",
			   "working directory of the program"),
		OPT_STRING(0, "executor", &o.executor, "NAME",
			   "what starts the program"),
		OPT_LIST('d', "dependency", &o.deps, "EXP",
			 "an experiment that it reads"),
		OPT_STRING(0, "git", &o.git, "FILE",
			   "code state, a map as snapshot-code prints it"),
		OPT_STRING(0, "meta", &o.meta, "FILE",
			   "metadata, a map as collect-meta prints it"),
		OPT_STRING(0, "from", &o.from, "FILE",
			   "a map to lay over the record"),
		OPT_LIST(0, "set", &o.sets, "PATH=VALUE",
			 "set one value, last of all"),
		OPT_BOOL(0, "force", &o.force,
			 "replace a record that is there"),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	struct value *record = NULL;
	int ret;

	argc = parse_options(argc, argv, options, usage, PARSE_STOP_AT_WORD);
	if (single_stdin(&o))
		usage_with_options(usage, options, "%s", single_stdin(&o));
	if (!o.state)
		o.state = argc ? "started" : "added";
	ret = make_record(&record, &o, argc ? argv : NULL, &err);
	if (!ret)
		ret = o.force ? record_write(record, o.dir, true, &err) :
				record_write_new(record, o.dir, &err);
	if (!ret)
		out_printf("%s\n", value_get_text(record, "id"));
	else
		error("%s", err.buf);
	value_free(record);
	strvec_release(&o.deps);
	strvec_release(&o.sets);
	strbuf_release(&err);
	return exit_status_of(ret);
}
