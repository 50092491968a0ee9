/*
 * "Did you mean": Damerau-Levenshtein distance with weights.
 */
#ifndef LIB_BASE_SIMILAR_H
#define LIB_BASE_SIMILAR_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"

unsigned similar_distance(const char *a, const char *b);

/** Adds those of `candidates` (NULL-terminated) near enough to be meant by
 *  `typed`, best first, at most five. */
void similar_find(struct strvec *out, const char *typed,
		  const char *const *candidates);

#endif
