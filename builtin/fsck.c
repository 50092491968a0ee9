/*
 * fsck: check-project, and for a store check-store, told to a person. It needs
 * no project that can be opened: that it cannot be is what it may find.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/find-faults.h"

#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/exp/check/finding-list.h"
#include "lib/exp/pack/pack-subset.h"
#include "lib/exp/store/remotes.h"

static const char *const usage[] = {
	"fsck [--remote[=REMOTE]] [--read-data] [--read-data-subset=PART] "
		"[--repair] [-n] [--json]",
	NULL
};

struct fsck {
	int read_data, repair, dry_run, json;
	const char *remote, *subset;
	bool no_conf;			/* that says what a remote is */
	size_t nr[FINDING_LEVEL_NR];	/* that are open */
	size_t mended, would;
	uint64_t bytes;			/* of leftovers */
};

struct telling {
	struct fsck *fsck;
	const char *remote;	/* NULL: here */
};

static void count(struct fsck *fsck, const struct finding *f)
{
	if (f->state == FINDING_MENDED || f->state == FINDING_REMOVED)
		fsck->mended++;
	else if (f->level != FINDING_NOTE || f->state == FINDING_OPEN)
		fsck->nr[f->level]++;
	if (f->state == FINDING_WOULD)
		fsck->would++;
	if (f->level == FINDING_LEFTOVER)
		fsck->bytes += f->bytes;
}

static void print_line(const struct finding *f, const char *remote)
{
	static const enum color colors[FINDING_LEVEL_NR] = {
		COLOR_RED, COLOR_YELLOW, COLOR_DIM, COLOR_DIM
	};
	struct strbuf line = STRBUF_INIT;

	strbuf_addstr(&line, color_on(STDOUT_FILENO,
				      f->state == FINDING_MENDED ?
				      COLOR_GREEN : colors[f->level]));
	strbuf_addstr(&line, f->state == FINDING_MENDED ? "mended" :
		      f->state == FINDING_WOULD ? "would mend" :
		      finding_level_name(f->level));
	strbuf_addf(&line, ":%s ", color_off(STDOUT_FILENO));
	faults_add_where(&line, f, remote);
	/* The child has quoted it. */
	strbuf_addf(&line, ": %s\n", f->text);
	out_safe(&line);
	strbuf_release(&line);
}

static int tell(const struct finding *f, void *data)
{
	const struct telling *t = data;

	count(t->fsck, f);
	if (!strcmp(f->id, "conf-invalid"))
		t->fsck->no_conf = true;
	if (t->fsck->json)
		faults_print_json(f, t->remote);
	/* They are harmless, and may be many. */
	else if (f->level != FINDING_LEFTOVER || verbosity > 0)
		print_line(f, t->remote);
	return 0;
}

/* Both places, the worst first in each. */
static int run_check(struct fsck *fsck, struct strvec *args,
		     const char *remote)
{
	struct finding_list list = FINDING_LIST_INIT;
	struct telling telling = { fsck, remote };
	int status;

	if (fsck->repair || fsck->dry_run)
		strvec_push(args, "--repair");
	if (fsck->dry_run)
		strvec_push(args, "-n");
	if (fsck->read_data)
		strvec_push(args, "--read-data");
	status = find_faults(&list, args);
	finding_list_sort_by_level(&list);
	finding_list_each(&list, tell, &telling);
	finding_list_release(&list);
	return status;
}

static int check_here(struct fsck *fsck)
{
	struct strvec args = STRVEC_INIT;
	int status;

	strvec_push(&args, "check-project");
	status = run_check(fsck, &args, NULL);
	strvec_release(&args);
	return status;
}

static int check_there(struct fsck *fsck)
{
	struct strvec args = STRVEC_INIT;
	const char *remote = *fsck->remote ? fsck->remote : REMOTE_ORIGIN;
	int status;

	strvec_push(&args, "check-store");
	strvec_pushf(&args, "--remote=%s", remote);
	if (fsck->subset)
		strvec_pushf(&args, "--read-data-subset=%s", fsck->subset);
	status = run_check(fsck, &args, remote);
	strvec_release(&args);
	return status;
}

/* What was found, in one line. */
static void sum_up(const struct fsck *fsck, bool whole)
{
	struct strbuf out = STRBUF_INIT, size = STRBUF_INIT;
	const size_t *nr = fsck->nr;

	if (nr[FINDING_ERROR] || nr[FINDING_WARNING] || fsck->mended ||
	    fsck->would) {
		strbuf_addf(&out, PL_("%zu error", "%zu errors",
				      nr[FINDING_ERROR]), nr[FINDING_ERROR]);
		strbuf_addf(&out, PL_(", %zu warning", ", %zu warnings",
				      nr[FINDING_WARNING]),
			    nr[FINDING_WARNING]);
		if (fsck->mended)
			strbuf_addf(&out, _(", %zu mended"), fsck->mended);
		if (fsck->would)
			strbuf_addf(&out, _(", %zu would be mended"),
				    fsck->would);
	} else {
		strbuf_addstr(&out, whole ? _("nothing is wrong") :
			      _("nothing was found before it failed"));
	}
	if (nr[FINDING_NOTE])
		strbuf_addf(&out, PL_(", %zu note", ", %zu notes",
				      nr[FINDING_NOTE]), nr[FINDING_NOTE]);
	size_format(&size, fsck->bytes);
	if (nr[FINDING_LEFTOVER])
		strbuf_addf(&out, PL_(", %zu leftover (%s; see 'resutil gc')",
				      ", %zu leftovers (%s; see 'resutil gc')",
				      nr[FINDING_LEFTOVER]),
			    nr[FINDING_LEFTOVER], size.buf);
	strbuf_addch(&out, '\n');
	out_safe(&out);
	strbuf_release(&size);
	strbuf_release(&out);
}

/* Wrong words are told before all is looked at, which may take long. */
static void check_subset(const struct fsck *fsck, const struct option *options)
{
	struct check_subset subset;
	struct strbuf err = STRBUF_INIT;

	if (!fsck->subset)
		return;
	if (!fsck->remote)
		usage_with_options(usage, options, "--read-data-subset is of "
				   "a store: add --remote");
	if (check_subset_parse(&subset, fsck->subset, &err))
		usage_with_options(usage, options, "%s", err.buf);
	strbuf_release(&err);
}

int cmd_fsck(int argc, const char **argv)
{
	struct fsck fsck = { 0 };
	int status;
	const struct option options[] = {
		{ .type = OPTION_STRING, .name = "remote",
		  .value = &fsck.remote, .argh = "REMOTE",
		  .help = "check a store as well; origin unless named",
		  .flags = OPT_OPTIONAL_ARG },
		OPT_BOOL(0, "read-data", &fsck.read_data,
			 "read all data, and compare their hashes"),
		OPT_STRING(0, "read-data-subset", &fsck.subset, "PART",
			   "of the store read some packs: N/T, a percentage, "
			   "or a size"),
		OPT_BOOL(0, "repair", &fsck.repair,
			 "mend what can be mended without guessing"),
		OPT_BOOL('n', "dry-run", &fsck.dry_run,
			 "say what --repair would do"),
		OPT_BOOL(0, "json", &fsck.json, "one JSON object a finding"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much: all is looked at",
				   argv[0]);
	check_subset(&fsck, options);
	status = check_here(&fsck);
	if (fsck.remote && status <= EXIT_NO && !fsck.no_conf)
		status = faults_status(status, check_there(&fsck));
	if (!fsck.json && verbosity >= 0)
		sum_up(&fsck, status <= EXIT_NO);
	return status;
}
