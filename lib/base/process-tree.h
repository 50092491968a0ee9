/*
 * What a program and all that it started use of the machine, as the kernel
 * tells it in /proc. Only looks: nothing is traced, stopped, or adopted.
 *
 * A process belongs to the tree if its parent does, if it did when it was seen
 * before (a daemon is given another parent), or if it is an orphan by now and
 * its environment has the mark that the program was started with. Processes of
 * the tree are read each time, all others once, when they are new.
 */
#ifndef LIB_BASE_PROCESS_TREE_H
#define LIB_BASE_PROCESS_TREE_H

#include "lib/base/compat.h"

struct process_tree;

/** Sums over the tree. What the kernel does not let us read counts as 0. */
struct process_sums {
	unsigned processes, threads;	/* that live now */
	uint64_t memory;	/* resident bytes now; what two of them share
				 * counts twice */
	/* Since the beginning, with what has ended. Never less than before. */
	double cpu;		/* seconds, user and system */
	uint64_t read, written;	/* bytes, from and to storage */
};

/** root: the program. mark: "NAME=VALUE" in its environment, copied. NULL
 *  where there is no /proc. */
struct process_tree *process_tree_new(pid_t root, const char *mark);
void process_tree_free(struct process_tree *t);

/** Looks at all of it. The caller sees to it that only one thread does. */
void process_tree_look(struct process_tree *t, struct process_sums *sums);

#endif
