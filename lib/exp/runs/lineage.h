/*
 * What was made from what: runs as nodes of a graph, and how they are tied.
 * Records say what they like, so there may be cycles, names that nobody has,
 * and the same tie twice.
 * Source: resutil-graph(1).
 */
#ifndef LIB_EXP_RUNS_LINEAGE_H
#define LIB_EXP_RUNS_LINEAGE_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/exp/runs/runs.h"

enum lineage_kind {
	LINEAGE_NEEDS,		/* `dependency` */
	LINEAGE_RERUN,		/* `rerun_of` */
	LINEAGE_RENAMED,	/* `renamed_from` */
	LINEAGE_SWEEP,		/* `sweep` */
	LINEAGE_KINDS
};

/** "needs", "rerun", "renamed", "sweep"; -1: none of them. */
int lineage_kind_parse(const char *text);
extern const char *const lineage_kind_names[];

enum lineage_type {
	LINEAGE_RUN,
	LINEAGE_MISSING,	/* a name, and no such run is known */
	LINEAGE_OLD_NAME,	/* that a run had before it was renamed */
	LINEAGE_A_SWEEP
};

struct lineage_node {
	char *name;
	char *id, *state;	/* of a run, or NULL */
	enum lineage_type type;
	bool has_date;
	struct moment date;
};

/* `to` was made of `from`: of its results, of its record, by it. */
struct lineage_edge {
	size_t from, to;	/* nodes */
	enum lineage_kind kind;
};

/* Edges at a node, as numbers of edges. */
struct lineage_ends {
	size_t *edge;
	size_t nr;
};

struct lineage {
	struct lineage_node *node;
	size_t nr, alloc;
	size_t runs;		/* nodes before that are runs, by name */
	struct lineage_edge *edge;
	size_t edges, edges_alloc;
	/* Of each node: to what it was made of, to what was made of it; by
	 * kind, then date, then name. */
	struct lineage_ends *up, *down;
};

/** kinds: bits 1 << KIND. Errors: those of runs_each(). */
int lineage_build(struct lineage *out, struct runs *runs, unsigned kinds,
		  struct strbuf *err);
void lineage_release(struct lineage *l);

/** Adds to `marked` (a flag a node) what is reached from the nodes that are
 *  marked, upwards or downwards; cycles survive. */
void lineage_mark(const struct lineage *l, bool *marked, bool down);

#endif
