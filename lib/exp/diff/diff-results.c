#include "lib/base/compat.h"
#include "lib/exp/diff/diff-results.h"

#include "lib/base/alloc.h"

#include <math.h>

static struct diff_result *add(struct diff_results *r, const char *path)
{
	struct diff_result *result;

	ARRAY_GROW(r->item, r->nr + 1, r->alloc);
	result = &r->item[r->nr++];
	memset(result, 0, sizeof(*result));
	result->path = path;
	result->p = NAN;
	result->change.low = result->change.high = NAN;
	return result;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct diff_result *)a)->path,
		      ((const struct diff_result *)b)->path);
}

void diff_sample_push(struct diff_sample *sample, double x)
{
	ARRAY_GROW(sample->x, sample->nr + 1, sample->alloc);
	sample->x[sample->nr++] = x;
}

void diff_results(struct diff_results *out, const struct field_names *names,
		  const struct diff_run *a, const struct diff_run *b)
{
	const size_t nr = field_names_nr(names);
	unsigned id;

	for (id = 0; id < nr; id++) {
		const char *path = field_names_path(names, id);
		struct diff_role role;
		struct cell x = CELL_INIT, y = CELL_INIT;
		struct diff_result *result;

		if (!diff_role_of(path, &role) || role.kind != DIFF_RESULTS)
			continue;
		run_row_get(&a->row, id, &x);
		run_row_get(&b->row, id, &y);
		if (x.type == CELL_NONE && y.type == CELL_NONE)
			continue;
		result = add(out, path);
		result->a = x;
		result->b = y;
		result->is_number = cell_number(&x, &result->x) &&
				    cell_number(&y, &result->y);
		if (result->is_number) {
			diff_sample_push(&result->sample_a, result->x);
			diff_sample_push(&result->sample_b, result->y);
		}
	}
	if (out->nr)
		qsort(out->item, out->nr, sizeof(*out->item), compare_paths);
}

void diff_results_release(struct diff_results *r)
{
	size_t i;

	for (i = 0; i < r->nr; i++) {
		free(r->item[i].sample_a.x);
		free(r->item[i].sample_b.x);
	}
	free(r->item);
	strvec_release(&r->problems);
	memset(r, 0, sizeof(*r));
}

const struct diff_result *diff_results_find(const struct diff_results *r,
					    const char *path)
{
	const struct diff_result like = { .path = path };

	return r->nr ? bsearch(&like, r->item, r->nr, sizeof(*r->item),
			       compare_paths) : NULL;
}

bool diff_result_differs(const struct diff_result *r)
{
	return !cell_equal(&r->a, &r->b);
}

double diff_relative(double x, double y)
{
	if (x == y)
		return 0;
	return x == 0 ? (y > x ? INFINITY : -INFINITY) : (y - x) / fabs(x);
}

/* Of the difference of two means that may vary differently: Welch's. */
static struct interval change_interval(const struct stats *a,
				       const struct stats *b)
{
	const double va = a->sd * a->sd / (double)a->nr;
	const double vb = b->sd * b->sd / (double)b->nr;
	const double change = b->mean - a->mean;
	struct interval interval = { change, change };
	double df, half;

	if (va + vb > 0) {
		df = (va + vb) * (va + vb) /
		     (va * va / (double)(a->nr - 1) +
		      vb * vb / (double)(b->nr - 1));
		half = stats_t_quantile(0.975, df) * sqrt(va + vb);
		interval.low -= half;
		interval.high += half;
	}
	return interval;
}

static int compare_p(const void *one, const void *two)
{
	const struct diff_result *a = *(struct diff_result *const *)one;
	const struct diff_result *b = *(struct diff_result *const *)two;

	if (a->p != b->p)
		return a->p < b->p ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* What was the same each time, as exit_code is, could not have come out
 * otherwise by chance. */
static bool is_tested(const struct diff_result *one)
{
	const struct stats *a = &one->sample_a.stats;
	const struct stats *b = &one->sample_b.stats;

	return one->p == one->p &&
	       (a->sd > 0 || b->sd > 0 || a->mean != b->mean);
}

/* Holm: the smallest p against the level by all, the next by one less, until
 * one is too large. Of a series its last value counts: the others follow it. */
static void correct(struct diff_results *r)
{
	struct diff_result **tested = xcalloc(r->nr + 1, sizeof(*tested));
	size_t nr = 0, i;

	for (i = 0; i < r->nr; i++)
		if (is_tested(&r->item[i]))
			tested[nr++] = &r->item[i];
	if (nr)
		qsort(tested, nr, sizeof(*tested), compare_p);
	for (i = 0; i < nr; i++) {
		if (tested[i]->p * (double)(nr - i) >= DIFF_SIGNIFICANT)
			break;
		tested[i]->significant = true;
	}
	free(tested);
}

void diff_results_judge(struct diff_results *r)
{
	size_t i;

	for (i = 0; i < r->nr; i++) {
		struct diff_result *one = &r->item[i];

		stats_of(&one->sample_a.stats, one->sample_a.x,
			 one->sample_a.nr);
		stats_of(&one->sample_b.stats, one->sample_b.x,
			 one->sample_b.nr);
		if (!one->is_number || one->sample_a.stats.nr < 2 ||
		    one->sample_b.stats.nr < 2 || r->same_group)
			continue;
		one->p = stats_welch(&one->sample_a.stats,
				     &one->sample_b.stats);
		one->change = change_interval(&one->sample_a.stats,
					      &one->sample_b.stats);
	}
	correct(r);
}
