/*
 * The graph for programs that draw it, and for others.
 */
#include "lib/base/compat.h"
#include "builtin/graph-print.h"

#include "lib/base/date.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/json.h"

static const char *const type_names[] = {
	[LINEAGE_RUN] = "run",
	[LINEAGE_MISSING] = "missing",
	[LINEAGE_OLD_NAME] = "old-name",
	[LINEAGE_A_SWEEP] = "sweep",
};

static void flush(struct strbuf *out)
{
	out_text(out->buf, out->len);
	strbuf_reset(out);
}

static bool is_shown(const struct graph_part *part,
		     const struct lineage_edge *edge)
{
	return part->shown[edge->from] && part->shown[edge->to];
}

/* What a drawing calls it: the kind but for dependencies, which are most. */
static const char *edge_label(const struct lineage_edge *edge)
{
	return edge->kind == LINEAGE_NEEDS || edge->kind == LINEAGE_SWEEP ?
	       "" : lineage_kind_names[edge->kind];
}

/* "done", "fail", "running", "other", or how it is no run. */
static const char *node_class(const struct lineage_node *node)
{
	static const char *const states[] = { "done", "fail", "running" };
	size_t i;

	if (node->type == LINEAGE_OLD_NAME)
		return "old";
	if (node->type != LINEAGE_RUN)
		return type_names[node->type];
	for (i = 0; node->state && i < ARRAY_SIZE(states); i++)
		if (!strncmp(node->state, states[i], strlen(states[i])))
			return states[i];
	return "other";
}

/* Two lines: the name, and what it is. */
static void add_label(struct strbuf *out, const struct lineage_node *node,
		      void (*add)(struct strbuf *out, const char *text),
		      const char *line_end)
{
	if (node->type == LINEAGE_A_SWEEP)
		strbuf_addstr(out, "sweep ");
	add(out, node->name);
	if (node->type == LINEAGE_MISSING) {
		strbuf_addf(out, "%smissing", line_end);
	} else if (node->state) {
		strbuf_addstr(out, line_end);
		add(out, node->state);
	}
}

/* How a form writes a part. */
struct form {
	void (*node)(struct strbuf *out, const struct lineage_node *node,
		     size_t nr);
	void (*edge)(struct strbuf *out, const struct lineage *l,
		     const struct lineage_edge *edge);
	const char *begin, *end;
};

static void print_parts(const struct graph_part *part, const struct form *form)
{
	const struct lineage *l = part->lineage;
	struct strbuf out = STRBUF_INIT;
	size_t i;

	strbuf_addstr(&out, form->begin);
	for (i = 0; i < l->nr; i++) {
		if (!part->shown[i])
			continue;
		form->node(&out, &l->node[i], i);
		flush(&out);
	}
	for (i = 0; i < l->edges; i++) {
		if (!is_shown(part, &l->edge[i]))
			continue;
		form->edge(&out, l, &l->edge[i]);
		flush(&out);
	}
	strbuf_addstr(&out, form->end);
	flush(&out);
	strbuf_release(&out);
}

/* ---- DOT ----------------------------------------------------------------- */

/* In a text of DOT `\"` is a quote; in a label `\\` is a backslash, where `\N`
 * would be the name of the node. */
static void add_dot(struct strbuf *out, const char *text)
{
	struct strbuf safe = STRBUF_INIT;
	size_t i;

	quote_terminal(&safe, text, strlen(text));
	for (i = 0; i < safe.len; i++) {
		if (safe.buf[i] == '"' || safe.buf[i] == '\\')
			strbuf_addch(out, '\\');
		strbuf_addch(out, safe.buf[i]);
	}
	strbuf_release(&safe);
}

static const char *dot_style(const struct lineage_node *node)
{
	static const struct { const char *name, *style; } styles[] = {
		{ "done", "color=\"#1a7f37\"" },
		{ "fail", "color=\"#cf222e\"" },
		{ "running", "color=\"#0969da\"" },
		{ "missing", "style=dashed, color=\"#9a6700\"" },
		{ "old", "style=dotted" },
		{ "sweep", "shape=folder" },
	};
	const char *name = node_class(node);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(styles); i++)
		if (!strcmp(name, styles[i].name))
			return styles[i].style;
	return "color=\"#9a6700\"";
}

static void dot_node(struct strbuf *out, const struct lineage_node *node,
		     size_t nr)
{
	strbuf_addf(out, "\tn%zu [label=\"", nr);
	add_label(out, node, add_dot, "\\n");
	strbuf_addf(out, "\", %s];\n", dot_style(node));
}

static void dot_edge(struct strbuf *out, const struct lineage *l UNUSED,
		     const struct lineage_edge *edge)
{
	const char *label = edge_label(edge);

	strbuf_addf(out, "\tn%zu -> n%zu", edge->from, edge->to);
	if (*label)
		strbuf_addf(out, " [label=\"%s\", style=dashed]", label);
	strbuf_addstr(out, ";\n");
}

void graph_print_dot(const struct graph_part *part)
{
	static const struct form form = {
		dot_node, dot_edge,
		"digraph runs {\n\trankdir=LR;\n"
		"\tnode [shape=box, fontname=\"monospace\"];\n", "}\n"
	};

	print_parts(part, &form);
}

/* ---- Mermaid ------------------------------------------------------------- */

/* Its texts know no backslash: what is no plain letter is written as the number
 * of its character. */
static void add_mermaid(struct strbuf *out, const char *text)
{
	struct strbuf safe = STRBUF_INIT;
	size_t i;

	quote_terminal(&safe, text, strlen(text));
	for (i = 0; i < safe.len; i++) {
		const unsigned char c = (unsigned char)safe.buf[i];

		if (c >= 0x80 || isalnum(c) || strchr(" _-.,:+=/", c))
			strbuf_addch(out, c);
		else
			strbuf_addf(out, "#%u;", c);
	}
	strbuf_release(&safe);
}

static void mermaid_node(struct strbuf *out, const struct lineage_node *node,
			 size_t nr)
{
	strbuf_addf(out, "\tn%zu[\"", nr);
	add_label(out, node, add_mermaid, "<br>");
	strbuf_addf(out, "\"]:::%s\n", node_class(node));
}

static void mermaid_edge(struct strbuf *out, const struct lineage *l UNUSED,
			 const struct lineage_edge *edge)
{
	const char *label = edge_label(edge);

	if (*label)
		strbuf_addf(out, "\tn%zu -.->|%s| n%zu\n", edge->from, label,
			    edge->to);
	else
		strbuf_addf(out, "\tn%zu --> n%zu\n", edge->from, edge->to);
}

void graph_print_mermaid(const struct graph_part *part)
{
	static const struct form form = {
		mermaid_node, mermaid_edge,
		"flowchart LR\n"
		"\tclassDef done stroke:#1a7f37\n"
		"\tclassDef fail stroke:#cf222e\n"
		"\tclassDef running stroke:#0969da\n"
		"\tclassDef other stroke:#9a6700\n"
		"\tclassDef missing stroke:#9a6700,stroke-dasharray:4\n"
		"\tclassDef old stroke-dasharray:2\n"
		"\tclassDef sweep stroke-width:2px\n", ""
	};

	print_parts(part, &form);
}

/* ---- JSON ---------------------------------------------------------------- */

static void add_object(struct strbuf *out, struct value *object)
{
	json_write(out, object);
	strbuf_addch(out, '\n');
	value_free(object);
}

static void json_node(struct strbuf *out, const struct lineage_node *node,
		      size_t nr)
{
	struct value *object = value_new_map();
	struct strbuf date = STRBUF_INIT;

	if (node->has_date)
		moment_format(&date, &node->date);
	value_map_set_int(object, "node", (int64_t)nr);
	value_map_set_str(object, "name", node->name);
	value_map_set_str(object, "type", type_names[node->type]);
	value_map_set_str(object, "id", node->id);
	value_map_set_str(object, "state", node->state);
	value_map_set_str(object, "date", node->has_date ? date.buf : NULL);
	strbuf_release(&date);
	add_object(out, object);
}

static void json_edge(struct strbuf *out, const struct lineage *l,
		      const struct lineage_edge *edge)
{
	struct value *object = value_new_map();

	value_map_set_str(object, "kind", lineage_kind_names[edge->kind]);
	value_map_set_str(object, "from", l->node[edge->from].name);
	value_map_set_str(object, "to", l->node[edge->to].name);
	value_map_set_int(object, "from_node", (int64_t)edge->from);
	value_map_set_int(object, "to_node", (int64_t)edge->to);
	add_object(out, object);
}

void graph_print_json(const struct graph_part *part)
{
	static const struct form form = { json_node, json_edge, "", "" };

	print_parts(part, &form);
}
