/*
 * How graph prints what was made from what.
 */
#ifndef BUILTIN_GRAPH_PRINT_H
#define BUILTIN_GRAPH_PRINT_H

#include "lib/base/compat.h"
#include "lib/exp/runs/lineage.h"

struct graph_part {
	const struct lineage *lineage;
	const bool *shown;	/* a flag a node */
	/* of a tree */
	const bool *asked;	/* its roots; NULL: those that begin it */
	bool up, down;
	unsigned depth;
};

void graph_print_tree(const struct graph_part *part);
void graph_print_dot(const struct graph_part *part);
void graph_print_mermaid(const struct graph_part *part);
void graph_print_json(const struct graph_part *part);

#endif
