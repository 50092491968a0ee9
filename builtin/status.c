/*
 * status: what runs, what was lost, what was not pushed, and what the next run
 * would capture. No store is asked. All is gathered into one value first, which
 * is what --json prints.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/porcelain.h"
#include "builtin/remote-rows.h"
#include "builtin/settle-renames.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/process.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/exp/sheet/exp-fields.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-load.h"
#include "lib/exp/git/git-head.h"
#include "lib/exp/git/git-state.h"
#include "lib/wrap/json.h"

#define SHOWN 20	/* of one kind, unless -a */
#define ANSWER_MAX_BYTES (64u << 20)
/* For a store, where a rename must be finished first. */
#define STORE_SECONDS 3

static const char *const usage[] = {
	"status [-a] [--json | --porcelain[=VERSION]] [-z]",
	NULL
};

struct status_options {
	int all, json, porcelain, nul;
};

static const char *const live_words[] = {
	[LIVE_RUNNING] = "running",
	[LIVE_UNATTENDED] = "unattended",
	[LIVE_LOST] = "lost",
	[LIVE_ELSEWHERE] = "elsewhere",
};

static struct value *run_value(const struct exp_row *row)
{
	const char *host = value_get_text(row->item->record, "host");
	struct value *run = value_new_map();

	value_map_set_str(run, "name", row->item->name);
	value_map_set_str(run, "live", live_words[row->live]);
	value_map_set_str(run, "state", row->state.buf);
	value_map_set_str(run, "host", host);
	value_map_set(run, "duration", row->duration < 0 ? value_new_null() :
		      value_new_float(row->duration));
	return run;
}

/* Counts the experiments, lists the runs that have not ended; returns how many
 * records cannot be read. */
static size_t gather_runs(struct value *status)
{
	const struct moment now = moment_now();
	struct exp_items items = EXP_ITEMS_INIT;
	struct strvec names = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	struct value *runs = value_new_list();
	const char *latest = NULL;
	size_t i, unreadable = 0;
	int ret = exp_list_names(the_project, &names, &err);

	if (ret)
		die_code(ret, &err);
	exp_load(&items, the_project, &names);
	exp_items_sort(&items);
	for (i = 0; i < items.nr; i++) {
		const struct exp_item *item = &items.item[i];
		struct exp_row row;

		if (item->problem) {
			warning("%s", item->problem);
			unreadable++;
		}
		exp_row_init(&row, the_project, item, &now);
		if (row.live != LIVE_FINAL)
			value_list_add(runs, run_value(&row));
		exp_row_release(&row);
		latest = item->name;
	}
	value_map_set_int(status, "experiments", (int64_t)items.nr);
	value_map_set_str(status, "latest", latest);
	value_map_set(status, "runs", runs);
	exp_items_release(&items);
	strvec_release(&names);
	strbuf_release(&err);
	return unreadable;
}

/* How many origin lacks, and how many have grown since it got them: by the
 * ledger. */
static void gather_unpushed(struct value *status)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf out = STRBUF_INIT, said = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	int64_t lacking = 0, grown = 0;
	const char *line;
	int ret;

	child.resutil_cmd = 1;
	strvec_push(&child.args, "list-unpushed");
	ret = pipe_command(&child, NULL, 0, &out, &said, ANSWER_MAX_BYTES,
			   &err);
	if (ret) {
		warning("%s", ret > 0 ? last_words(&said) : err.buf);
		value_map_set(status, "not_pushed", value_new_null());
		value_map_set(status, "grown", value_new_null());
		goto cleanup;
	}
	for (line = out.buf; *line; line += *line == '\n') {
		lacking += !strncmp(line, "not-pushed\t", 11);
		grown += !strncmp(line, "grown\t", 6);
		line += strcspn(line, "\n");
	}
	value_map_set_int(status, "not_pushed", lacking);
	value_map_set_int(status, "grown", grown);

cleanup:
	strbuf_release(&err);
	strbuf_release(&said);
	strbuf_release(&out);
}

static int compare_size(const void *a, const void *b)
{
	const struct git_change *one = *(const struct git_change *const *)a;
	const struct git_change *two = *(const struct git_change *const *)b;

	if (one->size != two->size)
		return one->size > two->size ? -1 : 1;
	return strcmp(one->path, two->path);
}

static struct value *change_value(const struct git_change *change)
{
	struct value *value = value_new_map();

	value_map_set(value, "path",
		      value_new_text(change->path, strlen(change->path)));
	value_map_set_int(value, "size", (int64_t)change->size);
	value_map_set_str(value, "change", change->deleted ? "deleted" :
			  change->untracked ? "untracked" : "modified");
	if (change->left_out)
		value_map_set_str(value, "reason", change->left_out);
	return value;
}

/* The changes, largest first. */
static void add_changes(struct value *git, const struct git_change *list,
			size_t nr)
{
	const struct git_change **sorted = xcalloc(nr, sizeof(*sorted));
	struct value *captured = value_new_list(), *left = value_new_list();
	int64_t bytes = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		sorted[i] = &list[i];
	if (nr)
		qsort(sorted, nr, sizeof(*sorted), compare_size);
	for (i = 0; i < nr; i++) {
		value_list_add(sorted[i]->left_out ? left : captured,
			       change_value(sorted[i]));
		if (!sorted[i]->left_out)
			bytes += (int64_t)sorted[i]->size;
	}
	value_map_set(git, "captured", captured);
	value_map_set_int(git, "captured_bytes", bytes);
	value_map_set(git, "left_out", left);
	free(sorted);
}

/* What `run` would find in the repository; the same functions look. */
static void finish_git(struct value *status, struct git_state *state)
{
	const struct git_change *list = NULL;
	struct strbuf err = STRBUF_INIT;
	struct git_head head;
	struct value *git;
	size_t nr = 0;
	int ret;

	git_state_head(state, &head);
	if (!head.top) {
		value_map_set(status, "git", value_new_null());
		return;
	}
	ret = git_state_changes(state, &list, &nr, &err);
	if (ret)
		die_code(ret, &err);
	git = value_new_map();
	value_map_set(git, "top", value_new_str(head.top));
	value_map_set_str(git, "commit_hash", head.commit);
	value_map_set_str(git, "branch", head.branch);
	value_map_set_str(git, "error", head.error);
	add_changes(git, list, nr);
	value_map_set(status, "git", git);
	strbuf_release(&err);
}

static struct value *gather(size_t *unreadable)
{
	struct value *status = value_new_map();
	struct strbuf err = STRBUF_INIT;
	struct git_state_options opts;
	struct git_state *state = NULL;
	int ret;

	value_map_set_str(status, "project", the_project->name);
	value_map_set_str(status, "root", the_project->root);
	value_map_set_str(status, "results_dir", the_project->results_dir);
	value_map_set_str(status, "storage_type", the_project->storage_type);
	ret = git_state_options_init(&opts, the_project, &err);
	opts.treeish = false;
	/* git looks while the records are read */
	if (!ret)
		ret = git_state_start(&state, &opts, &err);
	if (ret)
		die_code(ret, &err);
	*unreadable = gather_runs(status);
	gather_unpushed(status);
	finish_git(status, state);
	git_state_free(state);
	strbuf_release(&err);
	return status;
}

static void add_record(struct strbuf *out, const struct status_options *opts,
		       const char *type, ...)
{
	const struct value *value;
	va_list ap;

	strbuf_addstr(out, type);
	va_start(ap, type);
	while ((value = va_arg(ap, const struct value *))) {
		struct strbuf text = STRBUF_INIT;

		value_format(&text, value);
		strbuf_addch(out, '\t');
		if (opts->nul)
			strbuf_addbuf(out, &text);
		else
			quote_c(out, text.buf, text.len);
		strbuf_release(&text);
	}
	va_end(ap);
	strbuf_addch(out, opts->nul ? '\0' : '\n');
}

/* Records of --porcelain: a type and its values, as the page lists them. */
static void add_porcelain(struct strbuf *out, const struct value *status,
			  const struct status_options *opts)
{
	static const char *const single[] = {
		"project", "root", "results_dir", "storage_type",
		"experiments", "latest", "not_pushed", "grown"
	};
	const struct value *runs = value_get(status, "runs");
	const struct value *git = value_get(status, "git");
	const struct value *list;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(single); i++)
		add_record(out, opts, single[i], value_get(status, single[i]),
			   NULL);
	for (i = 0; i < runs->u.list.nr; i++) {
		const struct value *run = runs->u.list.item[i];

		add_record(out, opts, "run", value_get(run, "live"),
			   value_get(run, "name"), value_get(run, "host"),
			   NULL);
	}
	if (git->type != VALUE_MAP)
		return;
	add_record(out, opts, "commit", value_get(git, "commit_hash"), NULL);
	add_record(out, opts, "branch", value_get(git, "branch"), NULL);
	if (value_get_text(git, "error"))
		add_record(out, opts, "error", value_get(git, "error"), NULL);
	list = value_get(git, "captured");
	for (i = 0; i < list->u.list.nr; i++) {
		const struct value *item = list->u.list.item[i];

		add_record(out, opts, "captured", value_get(item, "size"),
			   value_get(item, "change"), value_get(item, "path"),
			   NULL);
	}
	list = value_get(git, "left_out");
	for (i = 0; i < list->u.list.nr; i++) {
		const struct value *item = list->u.list.item[i];

		add_record(out, opts, "left_out", value_get(item, "size"),
			   value_get(item, "reason"), value_get(item, "path"),
			   NULL);
	}
}

static void add_safe(struct strbuf *out, const char *text)
{
	quote_terminal(out, text, strlen(text));
}

static size_t shown_of(const struct value *list,
		       const struct status_options *opts)
{
	size_t nr = list->u.list.nr;

	return opts->all ? nr : MINIMUM(nr, SHOWN);
}

static void add_more(struct strbuf *out, const struct value *list,
		     size_t shown)
{
	if (shown < list->u.list.nr)
		strbuf_addf(out, _("  and %zu more ('resutil status -a' lists "
				   "all)\n"), list->u.list.nr - shown);
}

/* The runs that are in one of the live states. */
static void add_runs(struct strbuf *out, const struct value *runs,
		     const char *live, const char *title, enum color color)
{
	bool has_title = false;
	size_t i;

	for (i = 0; i < runs->u.list.nr; i++) {
		const struct value *run = runs->u.list.item[i];
		double duration;

		if (strcmp(value_get_text(run, "live"), live))
			continue;
		if (!has_title)
			strbuf_addf(out, "\n%s\n", title);
		has_title = true;
		strbuf_addf(out, "  %s", color_on(STDOUT_FILENO, color));
		add_safe(out, value_get_text(run, "name"));
		strbuf_addstr(out, color_off(STDOUT_FILENO));
		if (!strcmp(live, "elsewhere")) {
			strbuf_addstr(out, "  ");
			add_safe(out, value_get_text(run, "state"));
		}
		if (value_get_float(run, "duration", &duration)) {
			strbuf_addstr(out, "  ");
			duration_format(out, duration);
		}
		strbuf_addch(out, '\n');
	}
}

static void add_change_list(struct strbuf *out, const struct value *list,
			    const struct status_options *opts)
{
	size_t i, shown = shown_of(list, opts);
	struct strbuf size = STRBUF_INIT;

	for (i = 0; i < shown; i++) {
		const struct value *item = list->u.list.item[i];
		const char *why = value_get_text(item, "reason");
		const char *change = value_get_text(item, "change");
		int64_t bytes = 0;

		if (!why && strcmp(change, "modified"))
			why = change;
		value_get_int(item, "size", &bytes);
		strbuf_reset(&size);
		if (strcmp(change, "deleted"))
			size_format(&size, (uint64_t)bytes);
		strbuf_addf(out, "  %10s  ", size.buf);
		add_safe(out, value_get_text(item, "path"));
		if (why)
			strbuf_addf(out, " (%s)", why);
		strbuf_addch(out, '\n');
	}
	add_more(out, list, shown);
	strbuf_release(&size);
}

/* "The next run records commit 0123456789ab on main, and 2 changed files" */
static void add_next(struct strbuf *out, const struct value *git,
		     bool is_whole)
{
	const char *commit = value_get_text(git, "commit_hash");
	const char *branch = value_get_text(git, "branch");
	const size_t nr = value_get(git, "captured")->u.list.nr;
	struct strbuf text = STRBUF_INIT, size = STRBUF_INIT;
	struct strbuf safe = STRBUF_INIT;
	int64_t bytes = 0;

	if (commit)
		strbuf_addf(&text, _("commit %.12s"), commit);
	else
		strbuf_addstr(&text, _("that there is no commit yet"));
	if (branch)
		strbuf_addf(&text, _(" on %s"), branch);
	add_safe(&safe, text.buf);
	value_get_int(git, "captured_bytes", &bytes);
	size_format(&size, (uint64_t)bytes);
	if (nr)
		strbuf_addf(out, PL_("\nThe next run records %s, and %zu "
				     "changed file, %s:\n",
				     "\nThe next run records %s, and %zu "
				     "changed files, %s:\n", nr),
			    safe.buf, nr, size.buf);
	else
		strbuf_addf(out, is_whole ?
			    _("\nThe next run records %s; no file has "
			      "changed.\n") :
			    _("\nThe next run records %s\n"), safe.buf);
	strbuf_release(&safe);
	strbuf_release(&size);
	strbuf_release(&text);
}

static void add_git(struct strbuf *out, const struct value *git,
		    const struct status_options *opts)
{
	const char *commit, *error_text;
	const struct value *captured, *left;
	size_t nr;

	if (git->type != VALUE_MAP) {
		strbuf_addstr(out, _("\nNo git repository: the next run "
				     "records no state of the code.\n"));
		return;
	}
	commit = value_get_text(git, "commit_hash");
	error_text = value_get_text(git, "error");
	captured = value_get(git, "captured");
	left = value_get(git, "left_out");
	nr = captured->u.list.nr;

	if (error_text) {
		strbuf_addf(out, _("\n%sThe state of the code cannot be read "
				   "whole:%s git says: "),
			    color_on(STDOUT_FILENO, COLOR_YELLOW),
			    color_off(STDOUT_FILENO));
		add_safe(out, error_text);
		if (!commit && !nr) {
			strbuf_addch(out, '\n');
			return;
		}
	}
	add_next(out, git, !error_text);
	add_change_list(out, captured, opts);
	if (left->u.list.nr)
		strbuf_addstr(out, _("It leaves out:\n"));
	add_change_list(out, left, opts);
}

static void add_unpushed(struct strbuf *out, const struct value *status)
{
	int64_t lacking = 0, grown = 0;

	value_get_int(status, "not_pushed", &lacking);
	value_get_int(status, "grown", &grown);
	if (!lacking && !grown)
		return;
	if (lacking && grown)
		strbuf_addf(out, _("%d not pushed, %d grown"), (int)lacking,
			    (int)grown);
	else
		strbuf_addf(out, lacking ? _("%d not pushed") : _("%d grown"),
			    (int)(lacking + grown));
	strbuf_addstr(out, _(" ('resutil push -A' sends them)\n"));
}

static void add_text(struct strbuf *out, const struct value *status,
		     const struct status_options *opts)
{
	const struct value *runs = value_get(status, "runs");
	const char *latest = value_get_text(status, "latest");
	struct strbuf project = STRBUF_INIT, results = STRBUF_INIT;
	int64_t nr = 0;

	value_get_int(status, "experiments", &nr);
	add_safe(&project, value_get_text(status, "project"));
	add_safe(&results, value_get_text(status, "results_dir"));
	strbuf_addf(out, PL_("Project %s%s%s: %d experiment in '%s', store of "
			     "type %s\n",
			     "Project %s%s%s: %d experiments in '%s', store of "
			     "type %s\n", (uint64_t)nr),
		    color_on(STDOUT_FILENO, COLOR_BOLD), project.buf,
		    color_off(STDOUT_FILENO), (int)nr, results.buf,
		    value_get_text(status, "storage_type"));
	strbuf_release(&results);
	strbuf_release(&project);
	if (latest) {
		strbuf_addstr(out, _("Latest: "));
		add_safe(out, latest);
		strbuf_addch(out, '\n');
	}
	add_unpushed(out, status);
	add_runs(out, runs, "running", _("Running:"), COLOR_CYAN);
	add_runs(out, runs, "elsewhere", _("Not ended, on other machines:"),
		 COLOR_YELLOW);
	add_runs(out, runs, "unattended", _("Running unattended (the recorder "
		 "died, the program lives on):"), COLOR_YELLOW);
	add_runs(out, runs, "lost", _("Lost (recorder and program died without "
		 "a word):"), COLOR_RED);
	add_git(out, value_get(status, "git"), opts);
}

int cmd_status(int argc, const char **argv)
{
	struct status_options opts = { 0 };
	struct strbuf out = STRBUF_INIT;
	struct value *status;
	size_t unreadable;
	const struct option options[] = {
		OPT_BOOL('a', "all", &opts.all, "list every changed file"),
		OPT_BOOL(0, "json", &opts.json, "one JSON object"),
		OPT_PORCELAIN(&opts.porcelain),
		OPT_NUL(&opts.nul),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options, "'%s' is too much", argv[0]);
	if (opts.json && opts.porcelain)
		usage_with_options(usage, options,
				   "--json and --porcelain exclude each other");
	if (opts.nul && !opts.json)
		opts.porcelain = 1;	/* as in git */

	settle_renames(STORE_SECONDS);
	status = gather(&unreadable);
	if (opts.json) {
		json_write(&out, status);
		strbuf_addch(&out, opts.nul ? '\0' : '\n');
	} else if (opts.porcelain) {
		add_porcelain(&out, status, &opts);
	} else {
		add_text(&out, status, &opts);
	}
	out_safe(&out);
	process_end_stdout();
	strbuf_release(&out);
	value_free(status);
	return unreadable ? EXIT_PARTLY : 0;
}
