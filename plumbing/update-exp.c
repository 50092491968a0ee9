/*
 * update-exp: lays changes over the record of one experiment.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record-changes.h"
#include "lib/exp/record/record.h"
#include "command.h"

static const char *const usage[] = {
	"update-exp [--json] [--from=FILE] [--set=PATH=VALUE]... EXP",
	NULL
};

/* What says which run it is does not change by an update. */
static int check_changes(const struct value *changes, struct strbuf *err)
{
	static const char *const fixed[] = {
		"resutil", "id", "revision", "name", "result_dir"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		if (value_map_get(changes, fixed[i]))
			return fail(err, ERR_USAGE, "'%s' of a record cannot "
				    "be changed", fixed[i]);
	if (!changes->u.map.nr)
		return fail(err, ERR_USAGE, "nothing to change, give --set or "
			    "--from");
	return 0;
}

static int find(struct strbuf *name, const char *arg, struct strbuf *err)
{
	if (strcmp(arg, NAME_DEBUG))
		return exp_find(the_project, arg, name, err);
	strbuf_addstr(name, NAME_DEBUG);
	return 0;
}

/* With -v: which revision it has now. */
static void tell_revision(const char *name)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *record = NULL;
	int64_t revision;

	project_exp_path(the_project, name, &dir);
	if (!record_read(&record, dir.buf, NULL) &&
	    value_get_int(record, "revision", &revision))
		out_printf("%" PRId64 "\n", revision);
	value_free(record);
	strbuf_release(&dir);
}

int cmd_update_exp(int argc, const char **argv)
{
	const char *from = NULL;
	struct strvec sets = STRVEC_INIT;
	int json = 0, ret;
	const struct option options[] = {
		OPT_BOOL(0, "json", &json, "FILE is JSON"),
		OPT_STRING(0, "from", &from, "FILE",
			   "a map to lay over the record; - is stdin"),
		OPT_LIST(0, "set", &sets, "PATH=VALUE",
			 "set one value, after FILE"),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT, name = STRBUF_INIT;
	struct value *changes = NULL;

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1)
		usage_with_options(usage, options,
				   "one experiment must be named");
	ret = changes_gather(&changes, from, json, &sets, &err);
	if (!ret)
		ret = check_changes(changes, &err);
	if (!ret)
		ret = find(&name, argv[0], &err);
	if (!ret)
		ret = record_update(the_project, name.buf, changes, &err);
	if (ret)
		error("%s", err.buf);
	else if (verbosity > 0)
		tell_revision(name.buf);
	value_free(changes);
	strvec_release(&sets);
	strbuf_release(&name);
	strbuf_release(&err);
	return exit_status_of(ret);
}
