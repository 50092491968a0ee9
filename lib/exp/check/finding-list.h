/*
 * Findings that were told in no order, kept to be told in one.
 */
#ifndef LIB_EXP_CHECK_FINDING_LIST_H
#define LIB_EXP_CHECK_FINDING_LIST_H

#include "lib/base/compat.h"
#include "lib/exp/check/finding.h"

struct finding_list {
	struct finding *finding;	/* with strings of its own */
	size_t nr, alloc;
};

#define FINDING_LIST_INIT { NULL, 0, 0 }

/** A copy of it. */
void finding_list_add(struct finding_list *list, const struct finding *f);
/** The same as a finding_fn: data is the list. */
int finding_list_take(const struct finding *f, void *data);

/** In byte order of `where`, then of ids. */
void finding_list_sort(struct finding_list *list);
/** By level, worst first, then as above. */
void finding_list_sort_by_level(struct finding_list *list);

/** Tells each; what fn returns ends it. */
int finding_list_each(const struct finding_list *list, finding_fn fn,
		      void *data);

void finding_list_release(struct finding_list *list);

#endif
