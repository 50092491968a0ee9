#include "lib/base/compat.h"
#include "lib/base/histogram.h"

#include <math.h>

#include "lib/base/alloc.h"

#define LOG_FROM 10		/* times the median is the maximum */
#define MAX_LOG_BINS 40	/* beyond that powers of ten are the edges */

static const double steps[] = { 1, 2, 5 };

/* times * 10^power, as near as doubles get to such a decimal fraction. */
static double decimal(double times, double power)
{
	return power < 0 ? times / pow(10, -power) : times * pow(10, power);
}

/* The first round number that is not less than x: its digit; and its power. */
static double round_step(double x, double *power)
{
	size_t i;

	for (*power = floor(log10(x));; ++*power)
		for (i = 0; i < ARRAY_SIZE(steps); i++)
			if (decimal(steps[i], *power) >= x * (1 - 1e-9))
				return steps[i];
}

/* False: doubles are too coarse for such edges. */
static bool linear_edges(struct histogram *h, double min, double max)
{
	double power, digit, first, i;
	size_t nr = 0;

	/* Below that powers of ten are no doubles any more. */
	if ((max - min) / HISTOGRAM_BINS < 1e-290)
		return false;
	digit = round_step((max - min) / HISTOGRAM_BINS, &power);
	first = floor(min / decimal(digit, power));
	if (!isfinite(first) || fabs(first) > 1e15)
		return false;
	/* One more than the bins may be needed for the first and last edge. */
	h->edge = xcalloc(HISTOGRAM_BINS + 4, sizeof(*h->edge));
	for (i = first; nr < HISTOGRAM_BINS + 3; i++) {
		h->edge[nr++] = decimal(i * digit, power);
		if (nr > 1 && h->edge[nr - 1] >= max)
			break;
	}
	h->nr = nr - 1;
	return true;
}

static bool log_edges(struct histogram *h, double min, double max)
{
	double power = floor(log10(min)), edge;
	size_t each = ARRAY_SIZE(steps), i, nr = 0;

	if (log10(max) - power > MAX_LOG_BINS / (double)ARRAY_SIZE(steps))
		each = 1;
	h->edge = xcalloc((size_t)(log10(max) - power + 3) * each,
			  sizeof(*h->edge));
	for (;; power++)
		for (i = 0; i < each; i++) {
			edge = decimal(steps[i], power);
			/* what lies wholly below is no bin */
			if (nr && edge <= min)
				nr = 0;
			h->edge[nr++] = edge;
			if (nr > 1 && edge >= max) {
				h->nr = nr - 1;
				h->log = true;
				return true;
			}
		}
}

static bool is_increasing(const struct histogram *h)
{
	size_t i;

	for (i = 0; i < h->nr; i++)
		if (!isfinite(h->edge[i + 1]) ||
		    !(h->edge[i] < h->edge[i + 1]))
			return false;
	return h->nr > 0;
}

static void one_bin(struct histogram *h, double min, double max)
{
	free(h->edge);
	h->edge = xcalloc(2, sizeof(*h->edge));
	h->edge[0] = min;
	h->edge[1] = max;
	h->nr = 1;
	h->log = false;
}

static void count_all(struct histogram *h, const double *sorted, size_t nr)
{
	size_t bin = 0, i;

	h->count = xcalloc(h->nr, sizeof(*h->count));
	for (i = 0; i < nr; i++) {
		while (bin + 1 < h->nr && sorted[i] >= h->edge[bin + 1])
			bin++;
		h->count[bin]++;
	}
}

void histogram_make(struct histogram *out, const double *sorted, size_t nr)
{
	double min, max;
	bool good;

	memset(out, 0, sizeof(*out));
	while (nr && isinf(sorted[nr - 1]))
		nr--;
	while (nr && isinf(sorted[0])) {
		sorted++;
		nr--;
	}
	if (!nr)
		return;
	min = sorted[0];
	max = sorted[nr - 1];
	if (min > 1e-290 && max >= LOG_FROM * sorted[nr / 2])
		good = log_edges(out, min, max);
	else
		good = isfinite(max - min) && max > min &&
		       linear_edges(out, min, max);
	if (!good || !is_increasing(out) || out->edge[0] > min ||
	    out->edge[out->nr] < max)
		one_bin(out, min, max);
	count_all(out, sorted, nr);
}

void histogram_release(struct histogram *h)
{
	free(h->edge);
	free(h->count);
	memset(h, 0, sizeof(*h));
}
