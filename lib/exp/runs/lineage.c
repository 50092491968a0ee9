#include "lib/base/compat.h"
#include "lib/exp/runs/lineage.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/field-path.h"
#include "lib/base/strmap.h"
#include "lib/exp/record/name.h"

const char *const lineage_kind_names[] = {
	[LINEAGE_NEEDS] = "needs",
	[LINEAGE_RERUN] = "rerun",
	[LINEAGE_RENAMED] = "renamed",
	[LINEAGE_SWEEP] = "sweep",
};

int lineage_kind_parse(const char *text)
{
	int i;

	for (i = 0; i < LINEAGE_KINDS; i++)
		if (!strcmp(lineage_kind_names[i], text))
			return i;
	return -1;
}

/* ---- what the records say ------------------------------------------------ */

/* A tie of a run, by name. */
struct tie {
	enum lineage_kind kind;
	char *name, *id;	/* id: or NULL */
};

struct told {
	struct tie *tie;
	size_t nr, alloc;
};

struct field {
	bool known;
	unsigned id;
};

struct building {
	struct lineage *l;
	const struct field_names *names;
	unsigned kinds;
	struct told *told;	/* of each run */
	struct field id, state, date, needs, rerun, rerun_id, renamed, sweep,
		sweep_name;
	/* By name, by PREFIX_TIMESTAMP (the first; the next is in `twin`), by
	 * id; values are numbers of nodes + 1. */
	struct strmap name, head, by_id, other;
	struct strvec heads;
};

static void find_field(struct building *b, struct field *field,
		       const char *path)
{
	field->known = field_names_find(b->names, path, &field->id);
}

static bool get(const struct run_row *row, const struct field *field,
		struct cell *cell)
{
	return field->known && run_row_get(row, field->id, cell);
}

static char *text_of(const struct cell *cell)
{
	if (cell->type != CELL_TEXT ||
	    memchr(cell->u.text.data, '\0', cell->u.text.len))
		return NULL;
	return xmemdupz(cell->u.text.data, cell->u.text.len);
}

static char *get_text(const struct run_row *row, const struct field *field)
{
	struct cell cell = CELL_INIT;

	return get(row, field, &cell) ? text_of(&cell) : NULL;
}

/* Takes both texts. */
static void add_tie(struct told *told, enum lineage_kind kind, char *name,
		    char *id)
{
	if (!name || !*name) {
		free(name);
		free(id);
		return;
	}
	ARRAY_GROW(told->tie, told->nr + 1, told->alloc);
	told->tie[told->nr++] = (struct tie){ kind, name, id };
}

static char *id_of_dependency(const struct building *b,
			      const struct run_row *row, const char *name)
{
	struct strbuf path = STRBUF_INIT;
	struct field field;

	field_path_add(&path, "dependency_ids", 14);
	field_path_add(&path, name, strlen(name));
	field.known = field_names_find(b->names, path.buf, &field.id);
	strbuf_release(&path);
	return get_text(row, &field);
}

static void add_list(const struct building *b, struct told *told,
		     const struct run_row *row, enum lineage_kind kind,
		     const struct field *field)
{
	struct cell list = CELL_INIT, member = CELL_INIT;
	const unsigned char *at;

	if (!get(row, field, &list) || list.type != CELL_LIST)
		return;
	at = list.u.list.data;
	while (cell_list_next(&list, &at, &member)) {
		char *name = text_of(&member);

		add_tie(told, kind, name, name && kind == LINEAGE_NEEDS ?
			id_of_dependency(b, row, name) : NULL);
	}
}

/* Each run has a place of its own, so no thread waits for another. */
static int read_row(const struct run_row *row, size_t nr,
		    unsigned worker UNUSED, void *data)
{
	struct building *b = data;
	struct lineage_node *node = &b->l->node[nr];
	struct told *told = &b->told[nr];
	struct cell cell = CELL_INIT;

	node->id = get_text(row, &b->id);
	node->state = get_text(row, &b->state);
	if (get(row, &b->date, &cell) && cell.type == CELL_TIME) {
		node->has_date = true;
		node->date = cell.u.time;
	}
	if (b->kinds & 1u << LINEAGE_NEEDS)
		add_list(b, told, row, LINEAGE_NEEDS, &b->needs);
	if (b->kinds & 1u << LINEAGE_RERUN)
		add_tie(told, LINEAGE_RERUN, get_text(row, &b->rerun),
			get_text(row, &b->rerun_id));
	if (b->kinds & 1u << LINEAGE_RENAMED)
		add_list(b, told, row, LINEAGE_RENAMED, &b->renamed);
	if (b->kinds & 1u << LINEAGE_SWEEP) {
		char *sweep = get_text(row, &b->sweep_name);

		add_tie(told, LINEAGE_SWEEP, sweep ? sweep :
			get_text(row, &b->sweep), NULL);
	}
	return 0;
}

/* ---- whom they mean ------------------------------------------------------ */

static void map_runs(struct building *b)
{
	struct lineage *l = b->l;
	size_t i;

	for (i = 0; i < l->runs; i++) {
		struct lineage_node *node = &l->node[i];
		struct name_parts parts;

		strmap_put(&b->name, node->name, (void *)(i + 1));
		if (node->id && !strmap_get(&b->by_id, node->id))
			strmap_put(&b->by_id, node->id, (void *)(i + 1));
		if (!name_parse(&parts, node->name))
			continue;
		strvec_pushn(&b->heads, node->name, NAME_HEAD_LEN);
		/* Of several nobody knows which is meant. */
		if (strmap_get(&b->head, b->heads.v[b->heads.nr - 1]))
			strmap_put(&b->head, b->heads.v[b->heads.nr - 1],
				   (void *)SIZE_MAX);
		else
			strmap_put(&b->head, b->heads.v[b->heads.nr - 1],
				   (void *)(i + 1));
	}
}

static bool same_id(const struct lineage_node *node, const char *id)
{
	return !id || !node->id || !strcmp(node->id, id);
}

/*
 * As a dependency is resolved here (exp_find_dependency()): the exact name,
 * else the one run with the same PREFIX_TIMESTAMP, if the ids do not differ.
 */
static size_t find_run(struct building *b, const struct tie *tie)
{
	size_t nr = (size_t)strmap_get(&b->name, tie->name);
	struct name_parts parts;
	char *head;

	if (nr && same_id(&b->l->node[nr - 1], tie->id))
		return nr;
	/* Renamed, maybe to something else altogether. */
	if (tie->id) {
		nr = (size_t)strmap_get(&b->by_id, tie->id);
		if (nr)
			return nr;
	}
	if (!name_parse(&parts, tie->name))
		return 0;
	head = xmemdupz(tie->name, NAME_HEAD_LEN);
	nr = (size_t)strmap_get(&b->head, head);
	free(head);
	if (!nr || nr == SIZE_MAX || !same_id(&b->l->node[nr - 1], tie->id))
		return 0;
	return nr;
}

/* Nodes that are no runs: one for each name. */
static size_t find_other(struct building *b, const char *name,
			 enum lineage_type type)
{
	char *key = xstrfmt("%d %s", (int)type, name);
	size_t nr = (size_t)strmap_get(&b->other, key);
	struct lineage_node *node;

	if (nr) {
		free(key);
		return nr - 1;
	}
	ARRAY_GROW(b->l->node, b->l->nr + 1, b->l->alloc);
	node = &b->l->node[b->l->nr++];
	memset(node, 0, sizeof(*node));
	node->name = xstrdup(name);
	node->type = type;
	strmap_put(&b->other, key, (void *)b->l->nr);
	return b->l->nr - 1;
}

static void add_edge(struct building *b, size_t run, const struct tie *tie)
{
	struct lineage *l = b->l;
	struct lineage_edge *edge;
	size_t from, nr = 0;

	switch (tie->kind) {
	case LINEAGE_RENAMED:
		from = find_other(b, tie->name, LINEAGE_OLD_NAME);
		break;
	case LINEAGE_SWEEP:
		from = find_other(b, tie->name, LINEAGE_A_SWEEP);
		break;
	default:
		nr = find_run(b, tie);
		from = nr ? nr - 1 : find_other(b, tie->name, LINEAGE_MISSING);
	}
	ARRAY_GROW(l->edge, l->edges + 1, l->edges_alloc);
	edge = &l->edge[l->edges++];
	edge->from = from;
	edge->to = run;
	edge->kind = tie->kind;
}

/* ---- the order ----------------------------------------------------------- */

struct ordering {
	const struct lineage *l;
	bool down;
};

static int compare_nodes(const struct lineage_node *a,
			 const struct lineage_node *b)
{
	int order = 0;

	if (a->has_date != b->has_date)
		return a->has_date ? 1 : -1;
	if (a->has_date)
		order = moment_compare(&a->date, &b->date);
	return order ? order : strcmp(a->name, b->name);
}

static int compare_edges(const void *x, const void *y, void *data)
{
	const struct ordering *o = data;
	const struct lineage_edge *a = &o->l->edge[*(const size_t *)x];
	const struct lineage_edge *b = &o->l->edge[*(const size_t *)y];
	const size_t node_a = o->down ? a->to : a->from;
	const size_t node_b = o->down ? b->to : b->from;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return compare_nodes(&o->l->node[node_a], &o->l->node[node_b]);
}

static struct lineage_ends *order_edges(const struct lineage *l, bool down)
{
	struct lineage_ends *ends = xcalloc(l->nr, sizeof(*ends));
	struct ordering ordering = { l, down };
	size_t i;

	for (i = 0; i < l->edges; i++)
		ends[down ? l->edge[i].from : l->edge[i].to].nr++;
	for (i = 0; i < l->nr; i++) {
		if (ends[i].nr)
			ends[i].edge = xcalloc(ends[i].nr, sizeof(size_t));
		ends[i].nr = 0;
	}
	for (i = 0; i < l->edges; i++) {
		struct lineage_ends *at = &ends[down ? l->edge[i].from :
						l->edge[i].to];

		at->edge[at->nr++] = i;
	}
	for (i = 0; i < l->nr; i++)
		if (ends[i].nr > 1)
			qsort_r(ends[i].edge, ends[i].nr, sizeof(size_t),
				compare_edges, &ordering);
	return ends;
}

/* The same tie twice (in two spellings of one name) is one. */
static void drop_doubles(struct lineage *l)
{
	struct lineage_ends *up = order_edges(l, false);
	struct lineage_edge *kept = xcalloc(l->edges, sizeof(*kept));
	size_t i, j, nr = 0;

	for (i = 0; i < l->nr; i++) {
		for (j = 0; j < up[i].nr; j++) {
			const struct lineage_edge *edge =
				&l->edge[up[i].edge[j]];

			if (j && kept[nr - 1].from == edge->from &&
			    kept[nr - 1].kind == edge->kind)
				continue;
			kept[nr++] = *edge;
		}
		free(up[i].edge);
	}
	free(up);
	free(l->edge);
	l->edge = kept;
	l->edges = nr;
}

int lineage_build(struct lineage *out, struct runs *runs, unsigned kinds,
		  struct strbuf *err)
{
	struct building b = { .l = out, .names = runs_names(runs),
			      .kinds = kinds, .heads = STRVEC_INIT };
	size_t i, j;
	int ret;

	memset(out, 0, sizeof(*out));
	out->runs = out->nr = out->alloc = runs_nr(runs);
	out->node = xcalloc(out->nr, sizeof(*out->node));
	b.told = xcalloc(out->nr, sizeof(*b.told));
	for (i = 0; i < out->runs; i++)
		out->node[i].name = xstrdup(runs_name(runs, i));
	find_field(&b, &b.id, "id");
	find_field(&b, &b.state, "state");
	find_field(&b, &b.date, "date");
	find_field(&b, &b.needs, "dependency");
	find_field(&b, &b.rerun, "rerun_of");
	find_field(&b, &b.rerun_id, "rerun_of_id");
	find_field(&b, &b.renamed, "renamed_from");
	find_field(&b, &b.sweep, "sweep");
	find_field(&b, &b.sweep_name, "sweep.name");
	ret = runs_each(runs, read_row, &b, err);
	map_runs(&b);
	for (i = 0; i < out->runs; i++) {
		for (j = 0; j < b.told[i].nr; j++) {
			add_edge(&b, i, &b.told[i].tie[j]);
			free(b.told[i].tie[j].name);
			free(b.told[i].tie[j].id);
		}
		free(b.told[i].tie);
	}
	drop_doubles(out);
	out->up = order_edges(out, false);
	out->down = order_edges(out, true);
	free(b.told);
	strmap_release(&b.name);
	strmap_release(&b.head);
	strmap_release(&b.by_id);
	for (i = 0; i < b.other.nr; i++)
		free((char *)b.other.item[i].key);
	strmap_release(&b.other);
	strvec_release(&b.heads);
	return ret;
}

void lineage_mark(const struct lineage *l, bool *marked, bool down)
{
	size_t *todo = xcalloc(l->nr, sizeof(*todo)), nr = 0, i;

	for (i = 0; i < l->nr; i++)
		if (marked[i])
			todo[nr++] = i;
	while (nr) {
		const size_t at = todo[--nr];
		const struct lineage_ends *ends = down ? &l->down[at] :
						  &l->up[at];

		for (i = 0; i < ends->nr; i++) {
			const struct lineage_edge *edge =
				&l->edge[ends->edge[i]];
			const size_t next = down ? edge->to : edge->from;

			if (marked[next])
				continue;
			marked[next] = true;
			todo[nr++] = next;	/* each once: there is room */
		}
	}
	free(todo);
}

void lineage_release(struct lineage *l)
{
	size_t i;

	for (i = 0; i < l->nr; i++) {
		free(l->node[i].name);
		free(l->node[i].id);
		free(l->node[i].state);
		if (l->up)
			free(l->up[i].edge);
		if (l->down)
			free(l->down[i].edge);
	}
	free(l->node);
	free(l->edge);
	free(l->up);
	free(l->down);
	memset(l, 0, sizeof(*l));
}
