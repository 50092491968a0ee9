/*
 * check-project: what is wrong with a project here, and what crashes left. It
 * opens the project itself, since a conf that cannot be read is a finding, too.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "lib/base/age.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/exp/check.h"
#include "lib/exp/finding-list.h"
#include "lib/exp/project.h"
#include "lib/sync/check-ledger.h"

static const char *const usage[] = {
	"check-project [--read-data] [--repair] [--prune] [--older-than=AGE] "
		"[-n] [-j N] [-z] [--json]",
	NULL
};

/* As in gc: what is younger may be of somebody who has only just begun. */
#define OLDER_THAN_DEFAULT "1h"

struct check_command {
	int read_data, repair, prune, dry_run, jobs, nul, json;
	const char *age;
	struct check_options options;
	struct finding_list found;
};

static int print(const struct finding *f, void *data)
{
	const struct check_command *c = data;
	struct strbuf line = STRBUF_INIT;

	finding_print(&line, f, c->nul, c->json);
	out_text(line.buf, line.len);
	strbuf_release(&line);
	return 0;
}

static void read_options(struct check_command *c, const struct option *options)
{
	struct strbuf err = STRBUF_INIT;

	if (age_parse(&c->options.older_than, c->age, &err))
		usage_with_options(usage, options, "%s", err.buf);
	if (c->nul && c->json)
		usage_with_options(usage, options,
				   "-z and --json exclude each other");
	if (c->read_data)
		c->options.flags |= CHECK_READ_DATA;
	if (c->repair)
		c->options.flags |= CHECK_REPAIR;
	if (c->prune)
		c->options.flags |= CHECK_PRUNE;
	if (c->dry_run)
		c->options.flags |= CHECK_DRY_RUN;
	c->options.jobs = (unsigned)c->jobs;
}

/* 0 also when there was something to tell that ended the check. */
static int open_project(struct check_command *c, struct project *p,
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

/* What fails is told after all that was found. */
static int check_all(struct check_command *c, const struct project *p,
		     struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret, later;

	ret = check_project(p, &c->options, finding_list_take, &c->found, err);
	later = check_ledgers(p, &c->options, finding_list_take, &c->found,
			      ret ? &why : err);
	ret = ret ? ret : later;
	if (c->read_data) {
		later = check_content(p, &c->options, finding_list_take,
				      &c->found, ret ? &why : err);
		ret = ret ? ret : later;
	}
	strbuf_release(&why);
	return ret;
}

int cmd_check_project(int argc, const char **argv)
{
	struct check_command c = { .age = OLDER_THAN_DEFAULT,
				   .found = FINDING_LIST_INIT };
	struct project project = PROJECT_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret;
	const struct option options[] = {
		OPT_BOOL(0, "read-data", &c.read_data,
			 "read all files, and compare their hashes"),
		OPT_BOOL(0, "repair", &c.repair,
			 "mend what can be mended without guessing"),
		OPT_BOOL(0, "prune", &c.prune, "remove what crashes left"),
		OPT_STRING(0, "older-than", &c.age, "AGE",
			   "of that only what is older; 1h unless given"),
		OPT_BOOL('n', "dry-run", &c.dry_run,
			 "say what --repair and --prune would do"),
		OPT_NUMBER('j', "jobs", &c.jobs, "N",
			   "threads; 0: as many as make sense"),
		OPT_BOOL('z', NULL, &c.nul,
			 "end records with NUL, quote nothing"),
		OPT_BOOL(0, "json", &c.json, "one JSON object a finding"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much: all is looked at",
				   argv[0]);
	read_options(&c, options);
	ret = open_project(&c, &project, &err);
	if (!ret && project.root)
		ret = check_all(&c, &project, &err);
	finding_list_sort(&c.found);
	finding_list_each(&c.found, print, &c);
	if (ret)
		error("%s", err.buf);
	else if (finding_list_is_bad(&c.found))
		ret = ERR_NO;
	finding_list_release(&c.found);
	project_release(&project);
	strbuf_release(&err);
	return exit_status_of(ret);
}
