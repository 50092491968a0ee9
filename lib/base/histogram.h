/*
 * How many values lie where: few bins, whose edges are round numbers that a
 * person can read.
 */
#ifndef LIB_BASE_HISTOGRAM_H
#define LIB_BASE_HISTOGRAM_H

#include "lib/base/compat.h"

#define HISTOGRAM_BINS 12	/* at most, where all are as wide */

struct histogram {
	double *edge;		/* nr + 1 of them, increasing; of the one bin
				 * of equal values both are that value */
	uint64_t *count;	/* of edge[i] <= x < edge[i + 1]; the last bin
				 * has its upper edge, too */
	size_t nr;		/* bins; 0: there is no finite value */
	bool log;		/* edges are 1, 2, 5, 10, 20 ...: some
				 * values are many times the median */
};

#define HISTOGRAM_INIT { 0 }

/** Of sorted values without NaN; infinite ones are in no bin. */
void histogram_make(struct histogram *out, const double *sorted, size_t nr);
void histogram_release(struct histogram *h);

#endif
