#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/stats.h"
#include "lib/exp/series/series-thin.h"

#include <math.h>

const char *const series_function_names[] = {
	"count", "first", "last", "min", "max", "mean", "sum", "std",
	"median", NULL
};

struct thin {
	struct series *series;
	struct series_thin how;
	struct strvec columns;		/* of what is given */
	size_t nr;			/* of the series' columns */
	struct cell *cells;		/* given */
	struct series_numbers *numbers;	/* of the piece, a column each */
	/* the last row of the piece, kept */
	struct cell *kept;
	struct strbuf room;
	bool any;			/* there is a row in the piece */
	uint64_t rows;			/* in it */
	double begin;			/* seconds: of the first row of all */
	double piece;			/* seconds: which it is */
	bool begun;
	/* a row of the next piece, which ended this one */
	bool waiting;
	double waiting_piece;
	const struct cell *next;
	int ended;			/* 1, or what series_next() said */
};

int series_functions_parse(struct series_functions *out, const char *text,
			   struct strbuf *err)
{
	struct strbuf list = STRBUF_INIT;
	size_t len, i;

	out->nr = 0;
	out->exact = false;
	for (; *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		for (i = 0; i < SERIES_FUNCTIONS; i++)
			if (strlen(series_function_names[i]) == len &&
			    !memcmp(series_function_names[i], text, len))
				break;
		if (i == SERIES_FUNCTIONS)
			break;
		if (out->nr == SERIES_FUNCTIONS)
			return fail(err, ERR_USAGE, "each of these once, "
				    "please");
		out->list[out->nr++] = (enum series_function)i;
		out->exact |= i == SERIES_STD || i == SERIES_MEDIAN;
	}
	if (!*text && out->nr)
		return 0;
	for (i = 0; i < SERIES_FUNCTIONS; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "",
			    series_function_names[i]);
	fail(err, 0, "'%.*s' is none of %s", (int)strcspn(text, ","), text,
	     list.buf);
	strbuf_release(&list);
	return ERR_USAGE;
}

/* ---- what numbers come to ------------------------------------------------ */

void series_numbers_clear(struct series_numbers *n)
{
	n->nr = 0;
	memset(&n->sum, 0, sizeof(n->sum));
	n->sum.first = n->sum.last = n->sum.min = n->sum.max = (double)NAN;
	n->sum.whole = true;
}

void series_numbers_release(struct series_numbers *n)
{
	free(n->number);
}

void series_numbers_add(struct series_numbers *n, const struct cell *cell)
{
	struct series_sum *sum = &n->sum;
	double v;

	if (!cell_number(cell, &v))
		return;
	if (!sum->seen)
		sum->first = v;
	sum->seen = true;
	sum->last = v;
	sum->whole &= v != v || cell->type == CELL_INT;
	if (v != v)
		return;
	sum->count++;
	sum->sum += v;
	if (!(v >= sum->min))
		sum->min = v;
	if (!(v <= sum->max))
		sum->max = v;
	ARRAY_GROW(n->number, n->nr + 1, n->alloc);
	n->number[n->nr++] = v;
}

static void set_number(struct cell *out, double v, bool whole)
{
	if (whole && fabs(v) <= 9007199254740992.0) {
		out->type = CELL_INT;
		out->u.number = (int64_t)v;
	} else {
		out->type = CELL_FLOAT;
		out->u.real = v;
	}
}

void series_sum_get(struct cell *out, const struct series_sum *sum,
		    enum series_function function)
{
	const bool last = function == SERIES_LAST || function == SERIES_FIRST;

	out->type = CELL_NULL;
	if (function == SERIES_COUNT)
		set_number(out, (double)sum->count, true);
	else if (function == SERIES_FIRST && sum->seen)
		set_number(out, sum->first, sum->whole);
	else if (function == SERIES_LAST && sum->seen)
		set_number(out, sum->last, sum->whole);
	else if (last || !sum->count)
		return;
	else if (function == SERIES_MIN)
		set_number(out, sum->min, sum->whole);
	else if (function == SERIES_MAX)
		set_number(out, sum->max, sum->whole);
	else if (function == SERIES_SUM)
		set_number(out, sum->sum, sum->whole);
	else if (function == SERIES_MEAN)
		set_number(out, sum->sum / (double)sum->count, false);
}

void series_numbers_get(struct cell *out, struct series_numbers *n,
			enum series_function function)
{
	struct stats stats;

	series_sum_get(out, &n->sum, function);
	if (!n->nr)
		return;
	if (function == SERIES_MEDIAN) {
		stats_sort(n->number, n->nr);
		set_number(out, stats_median(n->number, n->nr), false);
	} else if (function == SERIES_STD && n->nr > 1) {
		stats_of(&stats, n->number, n->nr);
		set_number(out, stats.sd, false);
	}
}

/* ---- pieces -------------------------------------------------------------- */

void thin_open(struct thin **out, struct series *series,
	       const struct series_thin *how)
{
	const struct strvec *columns = series_columns(series);
	struct thin *t = xcalloc(1, sizeof(*t));
	size_t i, j;

	t->series = series;
	t->how = *how;
	t->ended = 1;
	t->nr = columns->nr;
	strbuf_init(&t->room);
	strvec_init(&t->columns);
	strvec_push(&t->columns, "at");
	for (i = 1; i < columns->nr; i++) {
		if (!how->functions.nr)
			strvec_push(&t->columns, columns->v[i]);
		for (j = 0; j < how->functions.nr; j++)
			strvec_pushf(&t->columns, "%s.%s", columns->v[i],
				     series_function_names[
					     how->functions.list[j]]);
	}
	t->cells = xcalloc(t->columns.nr, sizeof(*t->cells));
	t->kept = xcalloc(t->nr, sizeof(*t->kept));
	t->numbers = xcalloc(t->nr, sizeof(*t->numbers));
	for (i = 0; i < t->nr; i++)
		series_numbers_clear(&t->numbers[i]);
	*out = t;
}

const struct strvec *thin_columns(const struct thin *t)
{
	return &t->columns;
}

/* A row is lent for as long as the next has not been asked for. */
static void keep_row(struct thin *t, const struct cell *cells)
{
	size_t i, len = 0;

	for (i = 0; i < t->nr; i++)
		if (cells[i].type == CELL_TEXT || cells[i].type == CELL_BYTES)
			len += cells[i].u.text.len;
	strbuf_reset(&t->room);
	strbuf_grow(&t->room, len + 1);
	for (i = 0; i < t->nr; i++) {
		t->kept[i] = cells[i];
		if (cells[i].type != CELL_TEXT && cells[i].type != CELL_BYTES)
			continue;
		t->kept[i].u.text.data = t->room.buf + t->room.len;
		strbuf_add(&t->room, cells[i].u.text.data,
			   cells[i].u.text.len);
	}
}

static void take_row(struct thin *t, const struct cell *cells)
{
	size_t i;

	t->any = true;
	t->rows++;
	if (!t->how.functions.nr) {
		keep_row(t, cells);
		return;
	}
	t->kept[0] = cells[0];
	for (i = 1; i < t->nr; i++)
		series_numbers_add(&t->numbers[i], &cells[i]);
}

static const struct cell *give(struct thin *t)
{
	size_t i, j, nr = 0;

	t->any = false;
	t->rows = 0;
	if (!t->how.functions.nr)
		return t->kept;
	t->cells[nr++] = t->kept[0];
	for (i = 1; i < t->nr; i++) {
		for (j = 0; j < t->how.functions.nr; j++)
			series_numbers_get(&t->cells[nr++], &t->numbers[i],
					   t->how.functions.list[j]);
		series_numbers_clear(&t->numbers[i]);
	}
	return t->cells;
}

/* Which piece of time a row belongs to; one without a time to that before. */
static double piece_of(struct thin *t, const struct cell *cells)
{
	double at;

	if (!cell_number(&cells[0], &at) || at - at != 0)
		return t->piece;
	if (!t->begun) {
		t->begun = true;
		t->begin = at;
	}
	return floor((at - t->begin) / t->how.seconds);
}

int thin_next(struct thin *t, const struct cell **cells, struct strbuf *err)
{
	const struct cell *row;
	double piece;
	int ret;

	if (t->waiting) {
		t->waiting = false;
		t->piece = t->waiting_piece;
		take_row(t, t->next);
	}
	while (t->ended == 1) {
		ret = series_next(t->series, &row, err);
		if (ret < 0)
			return ret;
		if (!ret) {
			t->ended = 0;
			break;
		}
		if (!t->how.rows && !(t->how.seconds > 0)) {
			*cells = row;
			return 1;
		}
		piece = t->how.rows ? 0 : piece_of(t, row);
		if (t->any && !(piece <= t->piece)) {
			t->waiting = true;
			t->waiting_piece = piece;
			t->next = row;
			*cells = give(t);
			return 1;
		}
		t->piece = t->any ? t->piece : piece;
		take_row(t, row);
		if (t->how.rows && t->rows == t->how.rows) {
			*cells = give(t);
			return 1;
		}
	}
	if (!t->any)
		return 0;
	*cells = give(t);
	return 1;
}

void thin_close(struct thin *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->nr; i++)
		series_numbers_release(&t->numbers[i]);
	free(t->numbers);
	free(t->kept);
	free(t->cells);
	strvec_release(&t->columns);
	strbuf_release(&t->room);
	series_close(t->series);
	free(t);
}
