#include "lib/base/compat.h"
#include "command.h"
#include "builtin/diff.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/glob.h"
#include "lib/base/parse-options.h"
#include "lib/base/process.h"
#include "lib/base/quote.h"
#include "lib/base/term.h"
#include "lib/exp/runs/runs.h"
#include "lib/exp/conf/settings.h"

static const char *const usage[] = {
	"diff [--remote R] [--only SECTION]... [--stat | --patch] "
	"[--context N] [--max-lines N] [--no-repeats] "
	"[--repeat-over PARAM]... [--fail-if EXPR]... [--exit-code] "
	"[A [B]] [-- PATH...]",
	"diff [--name-only | --name-status | --json | --format FORMAT] [-z] "
	"[--remote R] [--only SECTION]... [--no-repeats] "
	"[--repeat-over PARAM]... [--fail-if EXPR]... [--exit-code] "
	"[A [B]] [-- PATH...]",
	NULL
};

struct options {
	struct rows rows;
	const char *remote;
	int stat, patch, name_only, name_status;
	int context, max_lines;
	int no_repeats, exit_code;
	struct strvec only, over, gates;
	struct moment now;
};

bool diff_path_is_wanted(const struct comparison *c, const char *path)
{
	const char *const *wanted = c->paths;

	if (!wanted || !*wanted)
		return true;
	for (; *wanted; wanted++) {
		size_t len = strlen(*wanted);

		while (len && (*wanted)[len - 1] == '/')
			len--;
		if ((!strncmp(path, *wanted, len) &&
		     (!path[len] || path[len] == '/')) ||
		    (glob_has_magic(*wanted) && glob_match(*wanted, path)))
			return true;
	}
	return false;
}

static bool is_wanted_output(const char *path, void *data)
{
	return diff_is_output(path) && diff_path_is_wanted(data, path);
}

/* Text that may be compared line by line: what files of measurements say is
 * told among the results. */
static bool is_changed_text(const char *path, void *data)
{
	const struct comparison *c = data;
	size_t low = 0, high = c->files.nr;

	if (!strncmp(path, "metrics-", 8))
		return false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct finding *f = &c->files.item[mid];
		int order = strcmp(diff_file_path(f), path);

		if (!order)
			return f->size_a <= (int64_t)DIFF_TEXT_MAX &&
			       f->size_b <= (int64_t)DIFF_TEXT_MAX;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static int read_sections(struct comparison *c, const struct strvec *only,
			 struct strbuf *err)
{
	size_t i, kind;

	for (kind = 0; kind < DIFF_KINDS; kind++)
		c->only[kind] = !only->nr;
	for (i = 0; i < only->nr; i++) {
		for (kind = 0; kind < DIFF_KINDS; kind++)
			if (!strcmp(only->v[i], diff_kind_names[kind]))
				break;
		if (kind == DIFF_KINDS)
			return fail(err, ERR_USAGE, "there is no section '%s' "
				    "(command, params, code, inputs, packages, "
				    "environment, record, results, files)",
				    only->v[i]);
		c->only[kind] = true;
	}
	return 0;
}

/* What runs are compared: `@~1 @`, `A @`, `A B`. */
static int open_sides(struct comparison *c, int argc, const char **argv,
		      const struct options *o, struct strbuf *err)
{
	const char *a = argc ? argv[0] : "@~1";
	const char *b = argc > 1 ? argv[1] : "@";
	int ret = diff_side_open(&c->a, a, o->remote, &o->now, err);

	if (!ret)
		ret = diff_side_open(&c->b, b, o->remote, &o->now, err);
	return ret;
}

static int compare_records(struct comparison *c, struct strbuf *err)
{
	struct diff_code_side a = { &c->a.run, NULL };
	struct diff_code_side b = { &c->b.run, NULL };
	int ret;

	ret = diff_side_facts(&c->a, c->names, &c->findings.unknown, err);
	if (!ret)
		ret = diff_side_facts(&c->b, c->names, &c->findings.unknown,
				      err);
	if (!ret)
		ret = diff_fields(&c->findings, c->names, &c->a.run,
				  &c->b.run, err);
	if (ret)
		return ret;
	a.dir = c->a.dir.buf;
	b.dir = c->b.dir.buf;
	diff_command(&c->findings, &c->a.run, &c->b.run);
	diff_inputs(&c->findings, &c->a.run, &c->b.run);
	ret = diff_code_open(&c->code, the_project->root, &a, &b,
			     &c->findings, err);
	if (!ret)
		diff_packages(&c->findings, &c->a.run, &c->b.run,
			      diff_code_reach(c->code, true));
	return ret;
}

/* Only what was asked for of the code and the files. */
static void narrow(struct comparison *c)
{
	struct findings *f = &c->findings;
	size_t i, nr = 0;

	for (i = 0; i < f->nr; i++) {
		struct finding *one = &f->item[i];

		if (!strncmp(one->name, "code:", 5) &&
		    !diff_path_is_wanted(c, one->name + 5)) {
			value_free(one->a);
			value_free(one->b);
			free(one->name);
			free(one->why);
			continue;
		}
		f->item[nr++] = *one;
	}
	f->nr = nr;
}

static int compare_files(struct comparison *c, struct strbuf *err)
{
	size_t i;
	int ret = diff_side_tree(&c->a, err);

	if (!ret)
		ret = diff_side_tree(&c->b, err);
	if (ret)
		return ret;
	diff_files(&c->files, &c->a.tree, &c->b.tree, is_wanted_output, c);
	for (i = 0; i < c->files.unknown.nr; i++)
		strvec_push(&c->findings.unknown, c->files.unknown.v[i]);
	findings_sort(&c->files);
	return 0;
}

/* Counts of lines, for what can be read. */
static int count_lines(struct comparison *c, struct strbuf *err)
{
	size_t i, nr = 0;
	int ret = diff_side_texts(&c->a, is_changed_text, c, err);

	if (!ret)
		ret = diff_side_texts(&c->b, is_changed_text, c, err);
	for (i = 0; !ret && i < c->files.nr; i++) {
		struct finding *f = &c->files.item[i];
		struct line_diff_sum sum = { 0, 0, 0 };

		/* A page of a thousand files is read by nobody. */
		if (c->page && nr == 1000)
			break;
		if (is_changed_text(diff_file_path(f), c) &&
		    diff_file_lines(f, &c->a.tree, &c->b.tree, NULL, &sum,
				    NULL))
			nr++;
	}
	return ret;
}

static void look_for_repeats(struct comparison *c, const struct options *o)
{
	struct diff_repeat_options options = {
		.over = &o->over, .findings = &c->findings,
		.dir_a = c->a.dir.buf, .dir_b = c->b.dir.buf,
		.project = the_project
	};
	struct runs *runs = NULL;
	struct strbuf why = STRBUF_INIT;
	int ret = runs_open(&runs, the_project, NULL, 0, &why);

	if (!ret)
		ret = diff_repeats(&c->results, runs, &c->a.run, &c->b.run,
				   c->names, &options, &why);
	if (ret)
		strvec_push(&c->results.problems, why.buf);
	runs_close(runs);
	strbuf_release(&why);
}

static int check_gates(struct comparison *c, const struct options *o,
		       struct strbuf *err)
{
	struct diff_gate_facts facts = {
		c->names, &c->a.run, &c->b.run, &c->results, &c->findings,
		&c->files
	};
	struct diff_gate *gate;
	size_t i;
	int ret = 0;

	c->gate = xcalloc(o->gates.nr + 1, sizeof(*c->gate));
	for (i = 0; i < o->gates.nr && !ret; i++) {
		struct gate_answer *answer = &c->gate[c->gates++];

		strbuf_init(&answer->why);
		answer->text = o->gates.v[i];
		ret = diff_gate_parse(&gate, answer->text, &o->now, err);
		if (!ret)
			ret = diff_gate_check(gate, &facts, &answer->fails,
					      &answer->why, err);
		diff_gate_free(gate);
	}
	return ret;
}

/* Before anything is read: an expression that is none costs no store. */
static void parse_gates(const struct options *o)
{
	struct strbuf err = STRBUF_INIT;
	struct diff_gate *gate;
	size_t i;

	for (i = 0; i < o->gates.nr; i++) {
		if (diff_gate_parse(&gate, o->gates.v[i], &o->now, &err))
			die_code(ERR_USAGE, &err);
		diff_gate_free(gate);
	}
	strbuf_release(&err);
}

static int compare(struct comparison *c, const struct options *o,
		   struct strbuf *err)
{
	const bool names = o->name_only || o->name_status;
	int ret;

	c->names = field_names_new();
	ret = compare_records(c, err);
	if (ret)
		return ret;
	narrow(c);
	diff_results(&c->results, c->names, &c->a.run, &c->b.run);
	if (!o->no_repeats && c->only[DIFF_RESULTS] && !names &&
	    (c->page || !o->patch))
		look_for_repeats(c, o);
	if (c->only[DIFF_FILES] || o->gates.nr)
		ret = compare_files(c, err);
	if (!ret && c->only[DIFF_FILES] && !names)
		ret = count_lines(c, err);
	findings_sort(&c->findings);
	if (!ret)
		ret = check_gates(c, o, err);
	return ret;
}

static void comparison_release(struct comparison *c)
{
	size_t i;

	for (i = 0; i < c->gates; i++)
		strbuf_release(&c->gate[i].why);
	free(c->gate);
	diff_code_close(c->code);
	diff_results_release(&c->results);
	findings_release(&c->files);
	findings_release(&c->findings);
	field_names_free(c->names);
	diff_side_release(&c->b);
	diff_side_release(&c->a);
}

/* What cannot act is no difference to anybody. */
static bool differ(const struct comparison *c)
{
	size_t i;

	for (i = 0; i < c->findings.nr; i++)
		if (c->findings.item[i].class != DIFF_CANNOT_ACT &&
		    c->only[c->findings.item[i].kind])
			return true;
	for (i = 0; c->only[DIFF_RESULTS] && i < c->results.nr; i++)
		if (diff_result_differs(&c->results.item[i]))
			return true;
	return c->only[DIFF_FILES] && c->files.nr;
}

static int print(struct comparison *c, struct options *o, struct strbuf *err)
{
	if (o->name_only || o->name_status) {
		diff_names(c, o->name_status, o->rows.nul);
		return 0;
	}
	if (o->rows.state) {
		diff_rows(c, &o->rows);
		rows_end(&o->rows);
		return 0;
	}
	return diff_page(c, err);
}

static int status_of(const struct comparison *c, const struct options *o)
{
	size_t i;

	for (i = 0; i < c->gates; i++)
		if (c->gate[i].fails)
			return EXIT_NO;
	return o->exit_code && differ(c) ? EXIT_NO : 0;
}

/* The words behind `--` are paths. */
static int split_paths(struct comparison *c, int argc, const char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		c->paths = argv + i + 1;
		return i;
	}
	return argc;
}

static void check_options(struct options *o, const struct option *table)
{
	const bool as_rows = o->rows.json || o->rows.format;
	struct strbuf err = STRBUF_INIT;

	if (o->stat + o->patch + o->name_only + o->name_status + as_rows > 1)
		usage_with_options(usage, table, "--stat, --patch, "
				   "--name-only, --name-status, --json and "
				   "--format exclude each other");
	if (o->rows.nul && !as_rows && !o->name_only && !o->name_status)
		usage_with_options(usage, table, "-z goes with --name-only, "
				   "--name-status, --json or --format");
	if (as_rows && rows_begin(&o->rows, &err))
		usage_with_options(usage, table, "%s", err.buf);
	parse_gates(o);
	strbuf_release(&err);
}

#define DIFF_OPTIONS(o) \
	OPT_STRING(0, "remote", &(o)->remote, "R", "the store to look in " \
		   "for what is not here (default: origin)"), \
	{ .type = OPTION_LIST, .name = "only", .value = &(o)->only, \
	  .argh = "SECTION", .arg = ARG_WORDS, \
	  .words = "command params code inputs packages environment " \
		   "record results files", \
	  .help = "show only command, params, code, inputs, packages, " \
		  "environment, record, results or files" }, \
	OPT_BOOL(0, "stat", &(o)->stat, "the page without patches"), \
	OPT_BOOL(0, "patch", &(o)->patch, "only patches: of the code, " \
		 "then of files"), \
	OPT_NUMBER(0, "context", &(o)->context, "N", \
		   "unchanged lines around a change (default: 3)"), \
	OPT_NUMBER(0, "max-lines", &(o)->max_lines, "N", "lines of the " \
		   "patch of a file; 0: all (default: 200)"), \
	OPT_BOOL(0, "name-only", &(o)->name_only, \
		 "names of what differs, likeliest first"), \
	OPT_BOOL(0, "name-status", &(o)->name_status, \
		 "the same, with A, D or M before each"), \
	OPT_ROWS(&(o)->rows), \
	OPT_BOOL(0, "no-repeats", &(o)->no_repeats, \
		 "do not look for repeats of the runs"), \
	OPT_LIST(0, "repeat-over", &(o)->over, "PARAM", "repeats may " \
		 "differ in this parameter, too"), \
	OPT_LIST(0, "fail-if", &(o)->gates, "EXPR", \
		 "exit with 1 if a change is such"), \
	OPT_BOOL(0, "exit-code", &(o)->exit_code, \
		 "exit with 1 if anything differs that may act")

static void comparison_init(struct comparison *c)
{
	memset(c, 0, sizeof(*c));
	strvec_init(&c->findings.unknown);
	strvec_init(&c->files.unknown);
	strvec_init(&c->results.problems);
}

static int show_comparison(struct comparison *c, int argc, const char **argv,
			   struct options *o)
{
	struct strbuf err = STRBUF_INIT;
	int ret = open_sides(c, argc, argv, o, &err);

	if (!ret)
		ret = compare(c, o, &err);
	if (!ret)
		ret = print(c, o, &err);
	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
	return status_of(c, o);
}

int cmd_diff(int argc, const char **argv)
{
	struct comparison c;
	struct options o = {
		.rows = { .fields = diff_row_fields }, .remote = "origin",
		.context = 3, .max_lines = 200, .only = STRVEC_INIT,
		.over = STRVEC_INIT, .gates = STRVEC_INIT
	};
	struct strbuf err = STRBUF_INIT;
	int ret;
	const struct option options[] = {
		DIFF_OPTIONS(&o),
		OPT_END_OF_TABLE
	};

	comparison_init(&c);
	argc = parse_options(argc, argv, options, usage,
			     PARSE_KEEP_DASHDASH);
	argc = split_paths(&c, argc, argv);
	if (argc > 2)
		usage_with_options(usage, options, "two runs are compared; "
				   "paths stand behind '--'");
	o.now = moment_now();
	if (read_sections(&c, &o.only, &err))
		usage_with_options(usage, options, "%s", err.buf);
	check_options(&o, options);
	c.page = !o.patch;
	c.patches = !o.stat;
	c.lines.context = (unsigned)o.context;
	c.lines.max_lines = (size_t)o.max_lines;
	pager_start(settings_get_str("core.pager", NULL));
	ret = show_comparison(&c, argc, argv, &o);
	process_end_stdout();
	comparison_release(&c);
	strvec_release(&o.gates);
	strvec_release(&o.over);
	strvec_release(&o.only);
	strbuf_release(&err);
	return ret;
}
