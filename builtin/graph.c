/*
 * graph: what was made from what.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/graph-print.h"
#include "builtin/open-runs.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/runs/lineage.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/runs/runs.h"

#define DEPTH_DEFAULT 50

static const char *const usage[] = {
	"graph [--remote R] [--no-refresh] [--up] [--down] [--kind KIND]... "
	"[--all] [--depth N] [--format FORMAT | --json] [EXP...]",
	NULL
};

static const struct {
	const char *name;
	void (*print)(const struct graph_part *part);
} forms[] = {
	{ "tree", graph_print_tree }, { "dot", graph_print_dot },
	{ "json", graph_print_json }, { "mermaid", graph_print_mermaid },
};

struct graph {
	const char *remote, *format;
	int no_refresh, up, down, all, json, depth;
	struct strvec kind_words;
	unsigned kinds;
	void (*print)(const struct graph_part *part);
};

static void check_kinds(struct graph *graph, const struct option *options)
{
	size_t i;

	for (i = 0; i < graph->kind_words.nr; i++) {
		const char *word = graph->kind_words.v[i];
		int kind = lineage_kind_parse(word);

		if (kind < 0)
			usage_with_options(usage, options, "there is no kind "
					   "'%s'; there are needs, rerun, "
					   "renamed, sweep", word);
		else
			graph->kinds |= 1u << kind;
	}
	if (!graph->kinds)
		graph->kinds = (1u << LINEAGE_KINDS) - 1;
}

static void check_format(struct graph *graph, const struct option *options)
{
	const char *format = graph->format;
	size_t i;

	if (graph->json && format && strcmp(format, "json"))
		usage_with_options(usage, options,
				   "--json and --format exclude each other");
	if (!format)
		format = graph->json ? "json" : "tree";
	for (i = 0; i < ARRAY_SIZE(forms); i++)
		if (!strcmp(forms[i].name, format))
			graph->print = forms[i].print;
	if (!graph->print)
		usage_with_options(usage, options, "unknown format '%s'; there "
				   "are tree, dot, json, mermaid", format);
}

/* The latest but `back` of the runs that a store has. */
static int find_latest(const struct lineage *l, size_t back, size_t *nr)
{
	bool *gone = xcalloc(l->runs, sizeof(*gone));
	size_t i, best;

	do {
		best = SIZE_MAX;
		for (i = 0; i < l->runs; i++) {
			const struct lineage_node *node = &l->node[i];

			if (gone[i])
				continue;
			if (best == SIZE_MAX ||
			    (node->has_date && l->node[best].has_date &&
			     moment_compare(&node->date,
					    &l->node[best].date) >= 0))
				best = i;
		}
		if (best != SIZE_MAX)
			gone[best] = true;
	} while (best != SIZE_MAX && back--);
	free(gone);
	*nr = best;
	return best == SIZE_MAX ? ERR_NOT_FOUND : 0;
}

static int find_there(const struct graph *graph, const struct lineage *l,
		      const char *arg, struct strbuf *name, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	struct strbuf where = STRBUF_INIT;
	size_t back, i;
	int ret;

	if (exp_parse_latest(arg, &back)) {
		ret = find_latest(l, back, &i);
		if (ret)
			return fail(err, ret, "no experiment '%s' in '%s'",
				    arg, graph->remote);
		strbuf_addstr(name, l->node[i].name);
		return 0;
	}
	for (i = 0; i < l->runs; i++)
		strvec_push(&names, l->node[i].name);
	strbuf_addf(&where, _("in '%s'"), graph->remote);
	ret = exp_find_among(&names, arg, where.buf, name, err);
	strbuf_release(&where);
	strvec_release(&names);
	return ret;
}

/* A name that is only known because others refer to it is an answer, too. */
static bool find_node(const struct lineage *l, const char *name, size_t *nr)
{
	size_t i;

	for (i = 0; i < l->nr; i++)
		if (!strcmp(l->node[i].name, name)) {
			*nr = i;
			return true;
		}
	return false;
}

static void ask_for(const struct graph *graph, const struct lineage *l,
		    const char *arg, bool *asked)
{
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	size_t nr = 0;
	int ret = 0;

	if (!find_node(l, arg, &nr)) {
		ret = graph->remote ? find_there(graph, l, arg, &name, &err) :
		      exp_find(the_project, arg, &name, &err);
		if (!ret && !find_node(l, name.buf, &nr))
			ret = fail(&err, ERR_NOT_FOUND, "nothing is known of "
				   "'%s' yet; leave --no-refresh away",
				   name.buf);
	}
	if (ret)
		die_code(ret, &err);
	asked[nr] = true;
	strbuf_release(&name);
	strbuf_release(&err);
}

/* All that is tied to something; returns how many runs are not. */
static size_t show_tied(const struct lineage *l, bool all, bool *shown)
{
	size_t i, alone = 0;

	for (i = 0; i < l->nr; i++) {
		shown[i] = all || l->up[i].nr || l->down[i].nr;
		alone += !shown[i];
	}
	return alone;
}

static void show_asked(const struct graph_part *part, const bool *asked,
		       bool *shown)
{
	const struct lineage *l = part->lineage;
	bool *marked = xcalloc(l->nr, sizeof(*marked));
	size_t i;

	if (part->up) {
		memcpy(marked, asked, l->nr * sizeof(*marked));
		lineage_mark(l, marked, false);
		for (i = 0; i < l->nr; i++)
			shown[i] |= marked[i];
	}
	if (part->down) {
		memcpy(marked, asked, l->nr * sizeof(*marked));
		lineage_mark(l, marked, true);
		for (i = 0; i < l->nr; i++)
			shown[i] |= marked[i];
	}
	free(marked);
}

static void print_graph(const struct graph *graph, const struct lineage *l,
			int argc, const char **argv)
{
	bool *shown = xcalloc(l->nr, sizeof(*shown));
	bool *asked = xcalloc(l->nr, sizeof(*asked));
	struct graph_part part = {
		.lineage = l, .shown = shown, .up = graph->up,
		.down = graph->down, .depth = (unsigned)graph->depth
	};
	size_t alone = 0;
	int i;

	for (i = 0; i < argc; i++)
		ask_for(graph, l, argv[i], asked);
	if (argc) {
		if (!part.up && !part.down)
			part.up = part.down = true;
		part.asked = asked;
		show_asked(&part, asked, shown);
	} else {
		/* The whole of it, drawn from one of its ends. */
		part.down = !part.up || part.down;
		part.up = !part.down;
		alone = show_tied(l, graph->all, shown);
	}
	graph->print(&part);
	if (alone)
		say(_("Not shown: %zu without any tie (--all shows them)."),
		    alone);
	free(shown);
	free(asked);
}

int cmd_graph(int argc, const char **argv)
{
	struct graph graph = { .depth = DEPTH_DEFAULT,
			       .kind_words = STRVEC_INIT };
	const struct option options[] = {
		OPT_STRING(0, "remote", &graph.remote, "R",
			   "of the experiments in that store"),
		OPT_BOOL(0, "no-refresh", &graph.no_refresh,
			 "take what the index knows already"),
		OPT_BOOL(0, "up", &graph.up, "what it was made from"),
		OPT_BOOL(0, "down", &graph.down, "what was made from it"),
		{ .type = OPTION_LIST, .name = "kind",
		  .value = &graph.kind_words, .argh = "KIND",
		  .help = "only these ties: needs, rerun, renamed, sweep",
		  .arg = ARG_WORDS, .words = "needs rerun renamed sweep" },
		OPT_BOOL(0, "all", &graph.all,
			 "also experiments without any tie"),
		OPT_NUMBER(0, "depth", &graph.depth, "N",
			   "levels of a tree (50)"),
		{ .type = OPTION_STRING, .name = "format",
		  .value = &graph.format, .argh = "FORMAT",
		  .help = "tree, dot, json or mermaid", .arg = ARG_WORDS,
		  .words = "tree dot json mermaid" },
		OPT_JSON_LINES(&graph.json),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	struct lineage lineage;
	struct runs *runs;
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	check_kinds(&graph, options);
	check_format(&graph, options);
	runs = open_runs_or_die(graph.remote, graph.no_refresh);
	ret = lineage_build(&lineage, runs, graph.kinds, &err);
	if (ret)
		die_code(ret, &err);
	print_graph(&graph, &lineage, argc, argv);
	lineage_release(&lineage);
	ret = warn_of_runs(runs);
	runs_close(runs);
	strvec_release(&graph.kind_words);
	strbuf_release(&err);
	return ret;
}
