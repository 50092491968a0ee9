/*
 * The graph as trees of text. What was shown with all below it is not shown so
 * again, which also ends cycles.
 */
#include "lib/base/compat.h"
#include "builtin/graph-print.h"

#include "lib/base/alloc.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/term.h"

#define BRANCH "\342\224\234\342\224\200\342\224\200 "	/* a line goes on */
#define LAST "\342\224\224\342\224\200\342\224\200 "
#define THROUGH "\342\224\202   "
#define NOTHING "    "

/* Where a walk stands: in a node, before one of its edges. No recursion: a
 * chain may be as long as the project is old. */
struct level {
	size_t node, next, nr;
	bool down;
	size_t prefix;		/* length of it, to return to */
};

struct tree {
	const struct graph_part *part;
	struct level *level;
	size_t nr, alloc;
	struct strbuf prefix, out;
	bool *up_seen, *down_seen;
};

static const char *state_color(const char *state)
{
	if (!strncmp(state, "done", 4))
		return color_on(STDOUT_FILENO, COLOR_GREEN);
	if (!strncmp(state, "fail", 4))
		return color_on(STDOUT_FILENO, COLOR_RED);
	if (!strncmp(state, "running", 7))
		return color_on(STDOUT_FILENO, COLOR_CYAN);
	return color_on(STDOUT_FILENO, COLOR_YELLOW);
}

static void add_node(struct strbuf *out, const struct lineage_node *node)
{
	if (node->type == LINEAGE_A_SWEEP)
		strbuf_addstr(out, "sweep ");
	if (node->type == LINEAGE_RUN)
		strbuf_addstr(out, color_on(STDOUT_FILENO, COLOR_BOLD));
	quote_terminal(out, node->name, strlen(node->name));
	if (node->type == LINEAGE_RUN)
		strbuf_addstr(out, color_off(STDOUT_FILENO));
	if (node->type == LINEAGE_MISSING)
		strbuf_addf(out, " %s(missing)%s",
			    color_on(STDOUT_FILENO, COLOR_YELLOW),
			    color_off(STDOUT_FILENO));
	if (node->state) {
		strbuf_addf(out, " %s(", state_color(node->state));
		quote_terminal(out, node->state, strlen(node->state));
		strbuf_addf(out, ")%s", color_off(STDOUT_FILENO));
	}
}

/* How the node below is tied to the one above it. */
static const char *tie_words(enum lineage_kind kind, bool down)
{
	switch (kind) {
	case LINEAGE_RERUN:
		return down ? "rerun: " : "rerun of: ";
	case LINEAGE_RENAMED:
		return down ? "now: " : "renamed from: ";
	default:
		return "";
	}
}

static void flush(struct tree *tree)
{
	out_safe(&tree->out);
	strbuf_reset(&tree->out);
}

static const struct lineage_ends *ends_of(const struct tree *tree, size_t node,
					  bool down)
{
	const struct lineage *l = tree->part->lineage;

	return down ? &l->down[node] : &l->up[node];
}

/* The rest of the line of a node, and what is below it is next. */
static void enter(struct tree *tree, size_t node, bool down)
{
	const struct lineage_ends *ends = ends_of(tree, node, down);
	bool *seen = down ? tree->down_seen : tree->up_seen;
	struct level *level;

	add_node(&tree->out, &tree->part->lineage->node[node]);
	if (ends->nr && seen[node])
		strbuf_addstr(&tree->out, " (see above)");
	else if (ends->nr && tree->nr >= tree->part->depth)
		strbuf_addstr(&tree->out, " ...");
	strbuf_addch(&tree->out, '\n');
	if (!ends->nr || seen[node] || tree->nr >= tree->part->depth)
		return;
	seen[node] = true;
	ARRAY_GROW(tree->level, tree->nr + 1, tree->alloc);
	level = &tree->level[tree->nr++];
	*level = (struct level){ node, 0, ends->nr, down, tree->prefix.len };
}

/* One more line below the deepest node. `last`: of all that stands there. */
static void step(struct tree *tree, bool arrows, bool last)
{
	struct level *level = &tree->level[tree->nr - 1];
	const struct lineage *l = tree->part->lineage;
	const bool down = level->down;
	const size_t nr = ends_of(tree, level->node, down)->edge[level->next];
	const struct lineage_edge *edge = &l->edge[nr];

	level->next++;
	strbuf_setlen(&tree->prefix, level->prefix);
	strbuf_addbuf(&tree->out, &tree->prefix);
	strbuf_addstr(&tree->out, last ? LAST : BRANCH);
	if (arrows)
		strbuf_addstr(&tree->out, down ? "-> " : "<- ");
	strbuf_addstr(&tree->out, tie_words(edge->kind, down));
	strbuf_addstr(&tree->prefix, last ? NOTHING : THROUGH);
	enter(tree, down ? edge->to : edge->from, down);
	flush(tree);
}

/* All below the node, in one direction. more: lines follow at the root. */
static void walk(struct tree *tree, bool arrows, bool more)
{
	while (tree->nr) {
		const struct level *level = &tree->level[tree->nr - 1];

		if (level->next == level->nr)
			tree->nr--;
		else
			step(tree, arrows, level->next + 1 == level->nr &&
			     !(more && tree->nr == 1));
	}
}

static void print_root(struct tree *tree, size_t node)
{
	const struct graph_part *part = tree->part;
	const bool both = part->up && part->down;

	strbuf_reset(&tree->prefix);
	if (!both) {
		enter(tree, node, part->down);
		flush(tree);
		walk(tree, false, false);
		return;
	}
	enter(tree, node, false);
	flush(tree);
	walk(tree, true, ends_of(tree, node, true)->nr &&
	     !tree->down_seen[node]);
	strbuf_reset(&tree->prefix);
	enter(tree, node, true);
	strbuf_reset(&tree->out);	/* its line is there already */
	walk(tree, true, false);
}

void graph_print_tree(const struct graph_part *part)
{
	const struct lineage *l = part->lineage;
	struct tree tree = { .part = part, .prefix = STRBUF_INIT,
			     .out = STRBUF_INIT };
	size_t i;
	int round;

	tree.up_seen = xcalloc(l->nr, sizeof(bool));
	tree.down_seen = xcalloc(l->nr, sizeof(bool));
	/* First what nothing leads to; then cycles, which begin nowhere. */
	for (round = 0; round < (part->asked ? 1 : 2); round++)
		for (i = 0; i < l->nr; i++) {
			const bool *seen = part->down ? tree.down_seen :
					   tree.up_seen;
			const size_t above = ends_of(&tree, i,
						     !part->down)->nr;
			const size_t below = ends_of(&tree, i,
						     part->down)->nr;

			if (part->asked ? !part->asked[i] : !part->shown[i])
				continue;
			if (part->asked ||
			    (round ? below && !seen[i] : !above))
				print_root(&tree, i);
		}
	free(tree.up_seen);
	free(tree.down_seen);
	free(tree.level);
	strbuf_release(&tree.prefix);
	strbuf_release(&tree.out);
}
