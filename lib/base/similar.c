#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/similar.h"

/*
 * What typing `a` for `b` costs. Two letters swapped and a letter left out are
 * the commonest slips; a wrong letter and one too many are less likely.
 */
enum { COST_SWAP = 1, COST_LEFT_OUT = 1, COST_WRONG = 2, COST_EXTRA = 2 };

#define MOST_SUGGESTIONS 5

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned similar_distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b), i, j;
	size_t row = b_len + 1;
	unsigned *before = xcalloc(row, sizeof(*before));
	unsigned *above = xcalloc(row, sizeof(*above));
	unsigned *here = xcalloc(row, sizeof(*here));
	unsigned result;

	for (j = 0; j <= b_len; j++)
		above[j] = (unsigned)j * COST_LEFT_OUT;
	for (i = 1; i <= a_len; i++) {
		unsigned *spare = before;

		here[0] = (unsigned)i * COST_EXTRA;
		for (j = 1; j <= b_len; j++) {
			bool same = a[i - 1] == b[j - 1];
			unsigned cost = above[j - 1] + (same ? 0 : COST_WRONG);

			cost = least(cost, above[j] + COST_EXTRA);
			cost = least(cost, here[j - 1] + COST_LEFT_OUT);
			if (!same && i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				cost = least(cost, before[j - 2] + COST_SWAP);
			here[j] = cost;
		}
		before = above;
		above = here;
		here = spare;
	}
	result = above[b_len];
	free(before);
	free(above);
	free(here);
	return result;
}

struct near {
	const char *text;
	unsigned distance;
};

static int compare_near(const void *a, const void *b)
{
	const struct near *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return strcmp(x->text, y->text);
}

void similar_find(struct strvec *out, const char *typed,
		  const char *const *candidates)
{
	size_t len = strlen(typed), nr = 0, alloc = 0, i;
	unsigned limit = len < 3 ? 2 : 2 + (unsigned)len / 4;
	struct near *found = NULL;

	/* Nobody types such a name by mistake; the work is quadratic. */
	if (!len || len > 256)
		return;
	for (i = 0; candidates[i]; i++) {
		struct near n = { candidates[i], 0 };

		/* The beginning of a name is as good as the name. */
		if (len < 2 || strncmp(typed, candidates[i], len))
			n.distance = similar_distance(typed, candidates[i]);
		if (n.distance > limit || n.distance >= 2 * len)
			continue;
		ARRAY_GROW(found, nr + 1, alloc);
		found[nr++] = n;
	}
	if (nr)
		qsort(found, nr, sizeof(*found), compare_near);
	for (i = 0; i < nr && i < MOST_SUGGESTIONS; i++)
		strvec_push(out, found[i].text);
	free(found);
}
