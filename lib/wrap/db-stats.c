/*
 * median(), stddev() and quantile() in SQL, also over windows: what SQLite
 * has no functions for, computed as reports compute it (stats.h).
 */
#include "lib/base/compat.h"
#include "lib/wrap/db-internal.h"

#include "lib/base/stats.h"

#include <math.h>

#define FIRST_ROOM 64u

/* The numbers of a group or of a window, in SQLite's memory, so that the bound
 * of a query holds for them, too. */
struct sample {
	double *x;
	size_t nr, alloc;
	size_t first;		/* those before it have left the window */
	double part;		/* of a quantile */
	bool has_part;
};

/* Only numbers are numbers: a text that looks like one is none in a report
 * either. NaN never gets here, SQLite has NULL for it. */
static bool number_of(double *x, sqlite3_value *value)
{
	const int type = sqlite3_value_type(value);

	if (type != SQLITE_INTEGER && type != SQLITE_FLOAT)
		return false;
	*x = sqlite3_value_double(value);
	return true;
}

static bool sample_add(struct sample *s, double x)
{
	if (s->nr == s->alloc) {
		const size_t alloc = s->alloc ? 2 * s->alloc : FIRST_ROOM;
		double *more = sqlite3_realloc64(s->x, alloc * sizeof(*more));

		if (!more)
			return false;
		s->x = more;
		s->alloc = alloc;
	}
	s->x[s->nr++] = x;
	return true;
}

/* The same part in each row, also where the number is none. */
static bool take_part(sqlite3_context *context, struct sample *s,
		      sqlite3_value *value)
{
	double part;

	if (!number_of(&part, value) || !(part >= 0 && part <= 1)) {
		sqlite3_result_error(context, "quantile(x, q): q is a number "
				     "from 0 to 1", -1);
		return false;
	}
	if (s->has_part && memcmp(&s->part, &part, sizeof(part))) {
		sqlite3_result_error(context, "quantile(x, q): q is the same "
				     "in all rows", -1);
		return false;
	}
	s->part = part;
	s->has_part = true;
	return true;
}

static void step(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	struct sample *s = sqlite3_aggregate_context(context, sizeof(*s));
	double x;

	if (!s) {
		sqlite3_result_error_nomem(context);
		return;
	}
	if (argc > 1 && !take_part(context, s, argv[1]))
		return;
	if (number_of(&x, argv[0]) && !sample_add(s, x))
		sqlite3_result_error_nomem(context);
}

/* The oldest row leaves the window (xInverse of
 * sqlite3_create_window_function()). */
static void leave(sqlite3_context *context, int argc UNUSED,
		  sqlite3_value **argv)
{
	struct sample *s = sqlite3_aggregate_context(context, 0);
	double x;

	if (!s || s->first == s->nr || !number_of(&x, argv[0]))
		return;
	s->first++;
	if (s->first < s->nr / 2)
		return;
	memmove(s->x, s->x + s->first, (s->nr - s->first) * sizeof(*s->x));
	s->nr -= s->first;
	s->first = 0;
}

static double median_of(const struct sample *s UNUSED, double *x, size_t nr)
{
	stats_sort(x, nr);
	return stats_median(x, nr);
}

static double quantile_of(const struct sample *s, double *x, size_t nr)
{
	stats_sort(x, nr);
	return stats_quantile(x, nr, s->part);
}

static double deviation_of(const struct sample *s UNUSED, double *x, size_t nr)
{
	struct stats stats;

	stats_of(&stats, x, nr);
	return stats.sd;
}

struct function {
	const char *name;
	int arguments;
	double (*of)(const struct sample *s, double *x, size_t nr);
};

/* Of too few numbers SQLite makes NULL, since it is NaN. */
static void give(sqlite3_context *context, const struct sample *s, double *x,
		 size_t nr)
{
	const struct function *f = sqlite3_user_data(context);

	sqlite3_result_double(context, nr ? f->of(s, x, nr) : NAN);
}

/* More rows may come, so their order stays: it is a copy that is sorted. */
static void current(sqlite3_context *context)
{
	const struct sample *s = sqlite3_aggregate_context(context, 0);
	const size_t nr = s ? s->nr - s->first : 0;
	double *x = NULL;

	if (nr) {
		x = sqlite3_malloc64(nr * sizeof(*x));
		if (!x) {
			sqlite3_result_error_nomem(context);
			return;
		}
		memcpy(x, s->x + s->first, nr * sizeof(*x));
	}
	give(context, s, x, nr);
	sqlite3_free(x);
}

static void final(sqlite3_context *context)
{
	struct sample *s = sqlite3_aggregate_context(context, 0);

	if (!s) {
		give(context, NULL, NULL, 0);
		return;
	}
	give(context, s, s->x ? s->x + s->first : NULL, s->nr - s->first);
	sqlite3_free(s->x);
	memset(s, 0, sizeof(*s));
}

int db_add_statistics(sqlite3 *handle)
{
	static const struct function functions[] = {
		{ "median", 1, median_of }, { "stddev", 1, deviation_of },
		{ "quantile", 2, quantile_of },
	};
	size_t i;
	int ret = SQLITE_OK;

	for (i = 0; !ret && i < ARRAY_SIZE(functions); i++)
		ret = sqlite3_create_window_function(handle, functions[i].name,
			functions[i].arguments, SQLITE_UTF8 |
			SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
			(void *)&functions[i], step, final, current, leave,
			NULL);
	return ret;
}
