/*
 * check-store: whether the packs of a store are what they promise, and what
 * crashes left there.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/exp/check/finding.h"
#include "lib/sync/store-check.h"
#include "plumbing/check-options.h"
#include "plumbing/store-options.h"

static const char *const usage[] = {
	"check-store [--remote=REMOTE] [--read-data] "
		"[--read-data-subset=PART] [--repair] [--prune] "
		"[--older-than=AGE] [--keep=KIND]... [-n] [-j N] [-z] "
		"[--json]",
	NULL
};

static int print(const struct finding *f, void *data)
{
	check_print(data, f);
	return 0;
}

static void read_subset(struct check_subset *subset, const char *text,
			const struct option *options)
{
	struct strbuf err = STRBUF_INIT;

	if (check_subset_parse(subset, text, &err))
		usage_with_options(usage, options, "%s", err.buf);
	strbuf_release(&err);
}

int cmd_check_store(int argc, const char **argv)
{
	struct check_command c = CHECK_COMMAND_INIT;
	struct check_subset subset = { 0 };
	const char *remote = NULL, *part = NULL;
	struct strbuf err = STRBUF_INIT;
	int ret;
	const struct option options[] = {
		OPT_REMOTE(&remote),
		OPT_BOOL(0, "read-data", &c.read_data,
			 "read all packs whole, not only their ends"),
		OPT_STRING(0, "read-data-subset", &part, "PART",
			   "read some of them whole: N/T, a percentage, or a "
			   "size"),
		OPTS_CHECK_CHANGE(&c, "interrupted uploads"),
		OPT_NUMBER('j', "jobs", &c.jobs, "N",
			   "packs at once; 0: as many as make sense"),
		OPTS_CHECK_OUTPUT(&c),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much: all are looked at",
				   argv[0]);
	if (part) {
		read_subset(&subset, part, options);
		c.read_data = 1;
	}
	check_options_read(&c, usage, options);
	ret = check_store(the_project, remote, &c.options, &subset, print,
			  &c, &err);
	if (ret)
		error("%s", err.buf);
	strbuf_release(&err);
	if (ret)
		return exit_status_of(ret);
	return c.open ? EXIT_NO : 0;
}
