/*
 * check-store: whether the packs of a store are what they promise, and what
 * crashes left there.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "lib/base/age.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/exp/finding.h"
#include "lib/sync/store-check.h"
#include "plumbing/store-options.h"

static const char *const usage[] = {
	"check-store [--remote=REMOTE] [--read-data] "
		"[--read-data-subset=PART] [--repair] [--prune] "
		"[--older-than=AGE] [-n] [-j N] [-z] [--json]",
	NULL
};

/* As in gc: what is younger may be of somebody who has only just begun. */
#define OLDER_THAN_DEFAULT "1h"

struct check_command {
	int read_data, repair, prune, dry_run, jobs, nul, json;
	const char *remote, *subset_text, *age;
	struct check_options options;
	struct check_subset subset;
	bool open;		/* an error was found and is not mended */
};

static int print(const struct finding *f, void *data)
{
	struct check_command *c = data;
	struct strbuf line = STRBUF_INIT;

	if (f->level == FINDING_ERROR &&
	    (f->state == FINDING_OPEN || f->state == FINDING_WOULD))
		c->open = true;
	finding_print(&line, f, c->nul, c->json);
	out_text(line.buf, line.len);
	strbuf_release(&line);
	return 0;
}

static void read_options(struct check_command *c, const struct option *options)
{
	struct strbuf err = STRBUF_INIT;
	int ret = 0;

	if (c->subset_text)
		ret = check_subset_parse(&c->subset, c->subset_text, &err);
	if (!ret)
		ret = age_parse(&c->options.older_than, c->age, &err);
	if (ret)
		usage_with_options(usage, options, "%s", err.buf);
	if (c->nul && c->json)
		usage_with_options(usage, options,
				   "-z and --json exclude each other");
	if (c->read_data || c->subset_text)
		c->options.flags |= CHECK_READ_DATA;
	if (c->repair)
		c->options.flags |= CHECK_REPAIR;
	if (c->prune)
		c->options.flags |= CHECK_PRUNE;
	if (c->dry_run)
		c->options.flags |= CHECK_DRY_RUN;
	c->options.jobs = (unsigned)c->jobs;
}

int cmd_check_store(int argc, const char **argv)
{
	struct check_command c = { .age = OLDER_THAN_DEFAULT };
	struct strbuf err = STRBUF_INIT;
	int ret;
	const struct option options[] = {
		OPT_REMOTE(&c.remote),
		OPT_BOOL(0, "read-data", &c.read_data,
			 "read all packs whole, not only their ends"),
		OPT_STRING(0, "read-data-subset", &c.subset_text, "PART",
			   "read some of them whole: N/T, a percentage, or a "
			   "size"),
		OPT_BOOL(0, "repair", &c.repair,
			 "mend what can be mended without guessing"),
		OPT_BOOL(0, "prune", &c.prune,
			 "remove what interrupted uploads left"),
		OPT_STRING(0, "older-than", &c.age, "AGE",
			   "of that only what is older; 1h unless given"),
		OPT_BOOL('n', "dry-run", &c.dry_run,
			 "say what --repair and --prune would do"),
		OPT_NUMBER('j', "jobs", &c.jobs, "N",
			   "packs at once; 0: as many as make sense"),
		OPT_BOOL('z', NULL, &c.nul,
			 "end records with NUL, quote nothing"),
		OPT_BOOL(0, "json", &c.json, "one JSON object a finding"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much: all are looked at",
				   argv[0]);
	read_options(&c, options);
	ret = check_store(the_project, c.remote, &c.options, &c.subset, print,
			  &c, &err);
	if (ret)
		error("%s", err.buf);
	strbuf_release(&err);
	if (ret)
		return exit_status_of(ret);
	return c.open ? EXIT_NO : 0;
}
