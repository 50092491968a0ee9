/*
 * Many records at once, read by several threads.
 */
#ifndef LIB_EXP_RECORD_EXP_LOAD_H
#define LIB_EXP_RECORD_EXP_LOAD_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

struct exp_item {
	char *name;
	struct value *record;	/* NULL: it cannot be read */
	char *problem;		/* why not; names the file. NULL: it can */
	int code;		/* of the problem */
	struct moment created;	/* at.created, else the time in the name */
};

struct exp_items {
	struct exp_item *item;
	size_t nr;
};

#define EXP_ITEMS_INIT { NULL, 0 }

/** Reads the records of `names`, in their order. An unreadable record is no
 *  error here: it is an item with a problem. */
void exp_load(struct exp_items *out, const struct project *p,
	      const struct strvec *names);

/** By created, oldest first, then name. */
void exp_items_sort(struct exp_items *items);

void exp_items_release(struct exp_items *items);

#endif
