/*
 * check-project: what is wrong with a project here, and what crashes left. It
 * opens the project itself, since a conf that cannot be read is a finding, too.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/exp/check/check.h"
#include "lib/exp/check/finding-list.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/conf/settings-key.h"
#include "lib/sync/check-ledger.h"
#include "plumbing/check-options.h"

static const char *const usage[] = {
	"check-project [--read-data] [--repair] [--prune] [--older-than=AGE] "
		"[--keep=KIND]... [-n] [-j N] [-z] [--json]",
	NULL
};

struct project_check {
	struct check_command command;
	struct finding_list found;
};

static int print(const struct finding *f, void *data)
{
	check_print(data, f);
	return 0;
}

/* 0 also when there was something to tell that ended the check. */
static int open_project(struct project_check *c, struct project *p,
			struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	struct finding f = { .level = FINDING_ERROR, .id = "conf-invalid",
			     .where = CONF_FILE };
	int ret = project_open(p, NULL, &why);

	if (ret == ERR_CONTENT) {
		f.text = why.buf;
		finding_list_add(&c->found, &f);
		ret = 0;
	} else if (ret) {
		/* as other commands say it that need one */
		ret = fail(err, ERR_FAILED, "%s", why.buf);
	}
	strbuf_release(&why);
	return ret;
}

/* Keys of the conf that nobody reads, and that are nearly what there is. */
static void tell_slips(struct project_check *c, const struct project *p)
{
	struct finding f = { .level = FINDING_NOTE, .id = "conf-key",
			     .where = CONF_FILE };
	struct strvec slips = STRVEC_INIT;
	size_t i;

	settings_find_slips(p->conf, &slips);
	for (i = 0; i < slips.nr; i++) {
		f.text = slips.v[i];
		finding_list_add(&c->found, &f);
	}
	strvec_release(&slips);
}

/* What fails is told after all that was found. */
static int check_all(struct project_check *c, const struct project *p,
		     struct strbuf *err)
{
	struct check_options *options = &c->command.options;
	struct ledger_set ledgers = { .p = p };
	struct strbuf why = STRBUF_INIT;
	int ret, later;

	options->is_in_store = ledger_set_has;
	options->store_data = &ledgers;
	tell_slips(c, p);
	ret = check_project(p, options, finding_list_take, &c->found, err);
	later = check_ledgers(p, options, finding_list_take, &c->found,
			      ret ? &why : err);
	ret = ret ? ret : later;
	if (c->command.read_data) {
		later = check_content(p, options, finding_list_take,
				      &c->found, ret ? &why : err);
		ret = ret ? ret : later;
	}
	ledger_set_close(&ledgers);
	strbuf_release(&why);
	return ret;
}

int cmd_check_project(int argc, const char **argv)
{
	struct project_check c = { .command = CHECK_COMMAND_INIT,
				   .found = FINDING_LIST_INIT };
	struct check_command *command = &c.command;
	struct project project = PROJECT_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret;
	const struct option options[] = {
		OPT_BOOL(0, "read-data", &command->read_data,
			 "read all files, and compare their hashes"),
		OPTS_CHECK_CHANGE(command, "crashes"),
		OPT_NUMBER('j', "jobs", &command->jobs, "N",
			   "threads; 0: as many as make sense"),
		OPTS_CHECK_OUTPUT(command),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much: all is looked at",
				   argv[0]);
	check_options_read(command, usage, options);
	ret = open_project(&c, &project, &err);
	if (!ret && project.root)
		ret = check_all(&c, &project, &err);
	finding_list_sort(&c.found);
	finding_list_each(&c.found, print, command);
	if (ret)
		error("%s", err.buf);
	else if (command->open)
		ret = ERR_NO;
	finding_list_release(&c.found);
	project_release(&project);
	strbuf_release(&err);
	return exit_status_of(ret);
}
