#include "lib/base/compat.h"
#include "builtin/diff.h"

#include "lib/base/output.h"
#include "lib/base/quote.h"

#include <math.h>

struct diff_row {
	const struct comparison *c;
	const struct finding *finding;	/* one of these three */
	const struct diff_result *result;
	const struct gate_answer *gate;
	size_t rank;			/* of a finding, from 1 on */
};

static struct value *real(double x)
{
	return x == x ? value_new_float(x) : NULL;
}

static struct value *natural(int64_t x)
{
	return x >= 0 ? value_new_int(x) : NULL;
}

static struct value *get_section(const void *data, void *unused UNUSED)
{
	const struct diff_row *row = data;

	if (row->gate)
		return value_new_str("gate");
	return value_new_str(diff_kind_names[row->result ? DIFF_RESULTS :
					     row->finding->kind]);
}

static const char *name_of(const struct diff_row *row)
{
	if (row->gate)
		return row->gate->text;
	return row->result ? row->result->path : row->finding->name;
}

static struct value *get_name(const void *data, void *unused UNUSED)
{
	const char *name = name_of(data);

	return value_new_text(name, strlen(name));
}

static char status_of(const struct diff_row *row)
{
	if (row->finding)
		return row->finding->status;
	if (row->result->a.type == CELL_NONE)
		return 'A';
	return row->result->b.type == CELL_NONE ? 'D' : 'M';
}

static struct value *get_status(const void *data, void *unused UNUSED)
{
	const struct diff_row *row = data;
	char letter;

	if (row->gate)
		return value_new_str(row->gate->fails ? "failed" : "passed");
	letter = status_of(row);
	return value_new_text(&letter, 1);
}

static bool is_ranked(const struct diff_row *row)
{
	return row->finding && row->finding->kind != DIFF_FILES;
}

static struct value *get_class(const void *data, void *unused UNUSED)
{
	const struct diff_row *row = data;

	return is_ranked(row) ?
	       value_new_str(diff_class_names[row->finding->class]) : NULL;
}

static struct value *get_rank(const void *data, void *unused UNUSED)
{
	const struct diff_row *row = data;

	return is_ranked(row) ? value_new_int((int64_t)row->rank) : NULL;
}

static struct value *one_side(const struct diff_row *row, bool of_b)
{
	if (row->result)
		return cell_value(of_b ? &row->result->b : &row->result->a);
	if (!row->finding)
		return NULL;
	return of_b ? row->finding->b ? value_copy(row->finding->b) : NULL :
		      row->finding->a ? value_copy(row->finding->a) : NULL;
}

static struct value *get_a(const void *data, void *unused UNUSED)
{
	return one_side(data, false);
}

static struct value *get_b(const void *data, void *unused UNUSED)
{
	return one_side(data, true);
}

static struct value *get_why(const void *data, void *unused UNUSED)
{
	const struct diff_row *row = data;
	const char *why = row->gate ? row->gate->why.buf :
			  row->finding ? row->finding->why : NULL;
	size_t len = why ? strlen(why) : 0;

	if (!len)
		return NULL;
	return value_new_text(why, len - (why[len - 1] == '\n'));
}

static struct value *get_change(const void *data, void *unused UNUSED)
{
	const struct diff_row *row = data;

	return row->result && row->result->is_number ?
	       real(row->result->y - row->result->x) : NULL;
}

static struct value *get_relative(const void *data, void *unused UNUSED)
{
	const struct diff_row *row = data;

	return row->result && row->result->is_number ?
	       real(diff_relative(row->result->x, row->result->y)) : NULL;
}

static bool is_judged(const struct diff_row *row)
{
	return row->result && row->result->is_number && row->c->results.judged;
}

static struct value *get_p(const void *data, void *unused UNUSED)
{
	const struct diff_row *row = data;

	return is_judged(row) ? real(row->result->p) : NULL;
}

static struct value *get_significant(const void *data, void *unused UNUSED)
{
	const struct diff_row *row = data;

	return is_judged(row) && row->result->p == row->result->p ?
	       value_new_bool(row->result->significant) : NULL;
}

#define GET_SAMPLE(id, expr)						\
	static struct value *get_##id(const void *data,			\
				      void *unused UNUSED)		\
	{								\
		const struct diff_row *row = data;			\
									\
		return is_judged(row) ? (expr) : NULL;			\
	}

GET_SAMPLE(repeats_a, natural((int64_t)row->result->sample_a.stats.nr))
GET_SAMPLE(repeats_b, natural((int64_t)row->result->sample_b.stats.nr))
GET_SAMPLE(mean_a, real(row->result->sample_a.stats.mean))
GET_SAMPLE(mean_b, real(row->result->sample_b.stats.mean))
GET_SAMPLE(sd_a, real(row->result->sample_a.stats.sd))
GET_SAMPLE(sd_b, real(row->result->sample_b.stats.sd))
GET_SAMPLE(low, real(row->result->change.low))
GET_SAMPLE(high, real(row->result->change.high))

#define GET_NUMBER(name)						\
	static struct value *get_##name(const void *data,		\
					void *unused UNUSED)		\
	{								\
		const struct diff_row *row = data;			\
									\
		return row->finding ? natural(row->finding->name) : NULL; \
	}

GET_NUMBER(added)
GET_NUMBER(removed)
GET_NUMBER(size_a)
GET_NUMBER(size_b)

#define FIELD(id, text) { .name = #id, .help = (text), .get = get_##id }
#define HIDDEN(id, text) \
	{ .name = #id, .help = (text), .get = get_##id, .hidden = true }

const struct row_field diff_row_fields[] = {
	FIELD(section, "where it differs"),
	FIELD(status, "A, D, M; passed or failed"),
	FIELD(name, "what differs"),
	FIELD(a, "in A"),
	FIELD(b, "in B"),
	FIELD(why, "why it acts, or does not"),
	HIDDEN(rank, "place among the findings"),
	HIDDEN(class, "acts, may act, cannot act"),
	HIDDEN(change, "B - A"),
	HIDDEN(relative, "change as a part of A"),
	HIDDEN(p, "of Welch's t test"),
	HIDDEN(significant, "whether it is more than chance"),
	HIDDEN(repeats_a, "runs like A that have it"),
	HIDDEN(repeats_b, "runs like B that have it"),
	HIDDEN(mean_a, "of these"),
	HIDDEN(mean_b, "of these"),
	HIDDEN(sd_a, "of these"),
	HIDDEN(sd_b, "of these"),
	HIDDEN(low, "lower end of the change"),
	HIDDEN(high, "upper end of the change"),
	HIDDEN(added, "lines"),
	HIDDEN(removed, "lines"),
	HIDDEN(size_a, "bytes in A"),
	HIDDEN(size_b, "bytes in B"),
	ROW_FIELD_END
};

/* Each once: findings by rank, results, files. */
static void each_row(struct comparison *c,
		     void (*fn)(const struct diff_row *row, void *data),
		     void *data)
{
	struct diff_row row = { .c = c };
	size_t i;

	for (i = 0; i < c->findings.nr; i++) {
		row.rank = i + 1;
		row.finding = &c->findings.item[i];
		if (c->only[row.finding->kind])
			fn(&row, data);
	}
	row.finding = NULL;
	for (i = 0; c->only[DIFF_RESULTS] && i < c->results.nr; i++) {
		row.result = &c->results.item[i];
		if (diff_result_differs(row.result))
			fn(&row, data);
	}
	row.result = NULL;
	for (i = 0; c->only[DIFF_FILES] && i < c->files.nr; i++) {
		row.finding = &c->files.item[i];
		fn(&row, data);
	}
}

static void print_row(const struct diff_row *row, void *data)
{
	rows_add(data, row);
}

void diff_rows(struct comparison *c, struct rows *rows)
{
	size_t i;

	for (i = 0; i < c->gates; i++) {
		struct diff_row row = { .c = c, .gate = &c->gate[i] };

		rows_add(rows, &row);
	}
	each_row(c, print_row, rows);
}

struct naming {
	struct strbuf out;
	bool status, nul;
};

static void print_name(const struct diff_row *row, void *data)
{
	struct naming *n = data;
	const char *name = name_of(row);

	if (n->status)
		strbuf_addf(&n->out, "%c%c", status_of(row),
			    n->nul ? '\0' : '\t');
	if (n->nul)
		strbuf_addstr(&n->out, name);
	else
		quote_c(&n->out, name, strlen(name));
	strbuf_addch(&n->out, n->nul ? '\0' : '\n');
}

void diff_names(struct comparison *c, bool status, bool nul)
{
	struct naming n = { STRBUF_INIT, status, nul };

	each_row(c, print_name, &n);
	out_text(n.out.buf, n.out.len);
	strbuf_release(&n.out);
}
