/*
 * stats-check: compares lib/base/stats.h with what another program says. Reads
 * lines
 *
 *	FUNCTION EXPECTED PARAMETER... : A... : B...
 *
 * of numbers split by blanks, prints each that differs by more than a part in
 * 10^7 (with what we say), and at the end how many there were.
 */
#include "lib/base/compat.h"

#include <math.h>

#include "lib/base/stats.h"

#define MAX_NUMBERS 4096
#define RELATIVE 1e-7	/* tails of tails: p-values of 10^-22 */

struct line {
	char name[32];
	double expected, p[3], a[MAX_NUMBERS], b[MAX_NUMBERS];
	size_t nr_p, nr_a, nr_b;
};

static struct stats stats_a(const struct line *l)
{
	struct stats s;

	stats_of(&s, l->a, l->nr_a);
	return s;
}

static double outliers(const struct line *l, bool is_severe)
{
	size_t mild, severe;

	stats_outliers(l->a, l->nr_a, &mild, &severe);
	return (double)(is_severe ? severe : mild);
}

static double of_sample(struct line *l)
{
	struct stats s = stats_a(l), t;
	double ratio;

	if (!strcmp(l->name, "mean"))
		return s.mean;
	if (!strcmp(l->name, "sd"))
		return s.sd;
	if (!strcmp(l->name, "mean_low"))
		return stats_mean_interval(&s, l->p[0]).low;
	if (!strcmp(l->name, "mean_high"))
		return stats_mean_interval(&s, l->p[0]).high;
	if (!strcmp(l->name, "rank_sum"))
		return stats_rank_sum(l->a, l->nr_a, l->b, l->nr_b);
	if (!strcmp(l->name, "ratio")) {
		stats_ratio_interval(l->a, l->b, l->nr_a, 0.95, &ratio);
		return ratio;
	}
	if (!strcmp(l->name, "ratio_low"))
		return stats_ratio_interval(l->a, l->b, l->nr_a, l->p[0],
					    NULL).low;
	if (!strcmp(l->name, "welch")) {
		stats_of(&t, l->b, l->nr_b);
		return stats_welch(&s, &t);
	}
	l->nr_a = stats_sort(l->a, l->nr_a);
	if (!strcmp(l->name, "type7"))
		return stats_quantile(l->a, l->nr_a, l->p[0]);
	if (!strcmp(l->name, "type1"))
		return stats_quantile_of_sample(l->a, l->nr_a, l->p[0]);
	if (!strcmp(l->name, "quantile_low"))
		return stats_quantile_interval(l->a, l->nr_a, l->p[0],
					       l->p[1]).low;
	if (!strcmp(l->name, "quantile_high"))
		return stats_quantile_interval(l->a, l->nr_a, l->p[0],
					       l->p[1]).high;
	if (!strcmp(l->name, "mild"))
		return outliers(l, false);
	if (!strcmp(l->name, "severe"))
		return outliers(l, true);
	fprintf(stderr, "no function '%s'\n", l->name);
	exit(1);
}

static double ask(struct line *l)
{
	const double *p = l->p;

	if (!strcmp(l->name, "pt"))
		return stats_t_cdf(p[0], p[1]);
	if (!strcmp(l->name, "qt"))
		return stats_t_quantile(p[0], p[1]);
	if (!strcmp(l->name, "pnorm"))
		return stats_normal_cdf(p[0]);
	if (!strcmp(l->name, "qnorm"))
		return stats_normal_quantile(p[0]);
	if (!strcmp(l->name, "pbinom"))
		return stats_binomial_cdf(p[0], p[1], p[2]);
	if (!strcmp(l->name, "qbinom"))
		return stats_binomial_quantile(p[0], p[1], p[2]);
	return of_sample(l);
}

static void read_numbers(const char **text, double *x, size_t *nr, size_t max)
{
	char *end;

	for (*nr = 0; *nr < max; ++*nr) {
		x[*nr] = strtod(*text, &end);
		if (end == *text)
			break;
		*text = end;
	}
	while (**text == ' ' || **text == ':')
		++*text;
}

int main(void)
{
	static struct line l;
	char *text = NULL;
	const char *at;
	size_t alloc = 0, lines = 0, bad = 0;
	double got;
	bool same;

	while (getline(&text, &alloc, stdin) > 0) {
		at = text + strcspn(text, " ");
		snprintf(l.name, sizeof(l.name), "%.*s", (int)(at - text),
			 text);
		l.expected = strtod(at, (char **)&at);
		read_numbers(&at, l.p, &l.nr_p, ARRAY_SIZE(l.p));
		read_numbers(&at, l.a, &l.nr_a, MAX_NUMBERS);
		read_numbers(&at, l.b, &l.nr_b, MAX_NUMBERS);
		lines++;
		got = ask(&l);
		same = l.expected == got || (isnan(l.expected) &&
			   isnan(got)) || fabs(got - l.expected) <=
			   RELATIVE * fabs(l.expected) + 1e-300;
		if (same)
			continue;
		bad++;
		printf("%.17g: %s", got, text);
	}
	free(text);
	printf("%zu lines\n", lines);
	return bad ? 1 : 0;
}
