#include "lib/base/compat.h"
#include "lib/exp/diff/diff-gate.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/field-path.h"
#include "lib/base/quote.h"
#include "lib/exp/runs/where.h"

#include <math.h>

#define TOLD_BYTES 60		/* of a value */

struct diff_gate {
	char *text;
	struct where *where;
};

/* What stands before a field says what of it is meant. */
enum meaning {
	OF_CHANGE, OF_A, OF_B, OF_RELATIVE, OF_P, OF_COUNT
};

struct operand {
	enum meaning meaning;
	bool of_means;		/* of the runs and their repeats */
	const char *field;
};

static bool take_prefix(const char **field, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*field, prefix, len) || !(*field)[len])
		return false;
	*field += len;
	return true;
}

static struct operand read_operand(const char *text)
{
	struct operand op = { OF_CHANGE, false, text };

	if (take_prefix(&op.field, "a."))
		op.meaning = OF_A;
	else if (take_prefix(&op.field, "b."))
		op.meaning = OF_B;
	else if (take_prefix(&op.field, "relative."))
		op.meaning = OF_RELATIVE;
	else if (take_prefix(&op.field, "p."))
		op.meaning = OF_P;
	else if (take_prefix(&op.field, "differs."))
		op.meaning = OF_COUNT;
	if (op.meaning == OF_CHANGE || op.meaning == OF_RELATIVE)
		op.of_means = take_prefix(&op.field, "mean.");
	return op;
}

/* A bare word of an expression, or what stands in quotes: its length. */
static size_t word_len(const char *text, size_t len)
{
	size_t span = field_path_span(text, len), at = 0;

	if (*text == '"' || *text == '\'') {
		for (at = 1; at < len && text[at] != *text; at++)
			at += text[at] == '\\';
		return MINIMUM(at + 1, len);
	}
	while (at < len && (unsigned char)text[at] > ' ' &&
	       !strchr("()=<>!~,\"'", text[at]))
		at++;
	return MAXIMUM(at, span);
}

struct word {
	size_t from, len;
};

static bool is_percent(const char *text, const struct word *word)
{
	return word->len > 1 && text[word->from + word->len - 1] == '%';
}

/* A change in per cent is a relative one: `info.acc < -1%` becomes
 * `relative.info.acc < -1%`. */
static char *with_relative(const char *text)
{
	struct word before = { 0, 0 };
	struct strbuf out = STRBUF_INIT;
	size_t at = 0, len = strlen(text), shift = 0;
	bool compared = false;

	strbuf_addstr(&out, text);
	while (at < len) {
		struct word word = { at, 0 };

		if (strchr("=<>!", text[at])) {
			compared = true;
			at++;
			continue;
		}
		if ((unsigned char)text[at] <= ' ') {
			at++;
			continue;
		}
		word.len = word_len(text + at, len - at);
		if (!word.len) {	/* a bracket, a comma */
			compared = false;
			at++;
			before.len = 0;
			continue;
		}
		if (compared && before.len &&
		    is_percent(text, &word) != is_percent(text, &before)) {
			const struct word *field = is_percent(text, &word) ?
						   &before : &word;
			struct operand op;
			char *name = xmemdupz(text + field->from, field->len);

			op = read_operand(name);
			free(name);
			if (op.meaning == OF_CHANGE) {
				strbuf_insert(&out, field->from + shift,
					      "relative.", 9);
				shift += 9;
			}
		}
		compared = false;
		before = word;
		at += word.len;
	}
	return strbuf_detach(&out, NULL);
}

int diff_gate_parse(struct diff_gate **out, const char *text,
		    const struct moment *now, struct strbuf *err)
{
	struct diff_gate *gate = xcalloc(1, sizeof(*gate));
	struct where *as_given = NULL;
	char *relative = with_relative(text);
	/* The caret is to stand below what the user wrote. */
	int ret = where_parse(&as_given, text, now, err);

	gate->text = xstrdup(text);
	if (!ret)
		ret = where_parse(&gate->where, relative, now, err);
	where_free(as_given);
	free(relative);
	if (ret) {
		diff_gate_free(gate);
		gate = NULL;
	}
	*out = gate;
	return ret;
}

void diff_gate_free(struct diff_gate *gate)
{
	if (!gate)
		return;
	where_free(gate->where);
	free(gate->text);
	free(gate);
}

const char *diff_gate_text(const struct diff_gate *gate)
{
	return gate->text;
}

bool diff_gate_needs_repeats(const struct diff_gate *gate)
{
	size_t i;

	for (i = 0; i < where_fields_nr(gate->where); i++) {
		struct operand op = read_operand(where_field(gate->where, i));

		if (op.meaning == OF_P || op.of_means)
			return true;
	}
	return false;
}

/* By slot; CELL_NONE: it is missing, and might be anything. */
static void give(struct cell *out, size_t slot, void *data)
{
	const struct cell *cells = data;

	*out = cells[slot];
}

static void set_real(struct cell *cell, double real)
{
	cell->type = CELL_FLOAT;
	cell->u.real = real;
}

static int count(struct cell *cell, const char *what,
		 const struct diff_gate_facts *facts, struct strbuf *err)
{
	struct strbuf names = STRBUF_INIT;
	size_t kind, i, nr = 0;

	for (kind = 0; kind < DIFF_KINDS; kind++) {
		if (!strcmp(what, diff_kind_names[kind]))
			break;
		strbuf_addf(&names, "%s%s", kind ? ", " : "",
			    diff_kind_names[kind]);
	}
	if (kind == DIFF_KINDS)
		fail(err, ERR_USAGE, "'differs.%s': there is only differs. "
		     "with one of %s", what, names.buf);
	strbuf_release(&names);
	if (kind == DIFF_KINDS)
		return ERR_USAGE;
	if (kind == DIFF_FILES)
		nr = facts->files->nr;
	else if (kind == DIFF_RESULTS)
		for (i = 0; i < facts->results->nr; i++)
			nr += diff_result_differs(&facts->results->item[i]);
	else
		for (i = 0; i < facts->findings->nr; i++)
			nr += facts->findings->item[i].kind ==
			      (enum diff_kind)kind;
	cell->type = CELL_INT;
	cell->u.number = (int64_t)nr;
	return 0;
}

/* "info.acc: 0.912 -> 0.874 (-4.2 %)" */
static void tell_change(struct strbuf *why, const char *path, double x,
			double y)
{
	double relative = diff_relative(x, y);

	quote_terminal(why, path, strlen(path));
	strbuf_addstr(why, ": ");
	value_format_float(why, x);
	strbuf_addstr(why, " -> ");
	value_format_float(why, y);
	if (isfinite(relative))
		strbuf_addf(why, " (%+.3g %%)", 100 * relative);
	strbuf_addch(why, '\n');
}

static void tell_missing(struct strbuf *why, const char *path,
			 const char *what)
{
	quote_terminal(why, path, strlen(path));
	strbuf_addf(why, ": %s\n", what);
}

/* "info.acc: 0.874 in B" */
static void tell_value(struct strbuf *why, const char *path,
		       const struct cell *cell, char of)
{
	struct strbuf text = STRBUF_INIT;

	quote_terminal(why, path, strlen(path));
	if (cell->type == CELL_NONE) {
		strbuf_addf(why, ": %c has none\n", of);
		return;
	}
	cell_format(&text, cell);
	strbuf_addstr(why, ": ");
	quote_terminal(why, text.buf, MINIMUM(text.len, (size_t)TOLD_BYTES));
	strbuf_addf(why, "%s in %c\n", text.len > TOLD_BYTES ? "..." : "", of);
	strbuf_release(&text);
}

static void set_change(struct cell *cell, const struct operand *op,
		       const char *path, double x, double y,
		       struct strbuf *why)
{
	double change = op->meaning == OF_RELATIVE ? diff_relative(x, y) :
						     y - x;

	if (change != change) {
		tell_missing(why, path, "not a number");
		return;
	}
	set_real(cell, change);
	tell_change(why, path, x, y);
}

/* Leaves the cell as CELL_NONE where the value is missing. */
static int resolve_result(struct cell *cell, const struct operand *op,
			  const char *path,
			  const struct diff_gate_facts *facts,
			  struct strbuf *why)
{
	const struct diff_result *r = diff_results_find(facts->results, path);

	if (!r || !r->is_number) {
		tell_missing(why, path, "not a number in both runs");
	} else if (op->meaning == OF_P) {
		if (r->p == r->p)
			set_real(cell, r->p);
		else
			tell_missing(why, path, "no p without repeats of "
				     "both runs");
	} else if (op->of_means && facts->results->judged) {
		set_change(cell, op, path, r->sample_a.stats.mean,
			   r->sample_b.stats.mean, why);
	} else {
		set_change(cell, op, path, r->x, r->y, why);
	}
	return 0;
}

/* Of what is no result: a parameter, say. */
static int resolve_other(struct cell *cell, const struct operand *op,
			 const char *path, const struct cell *a,
			 const struct cell *b, struct strbuf *why,
			 struct strbuf *err)
{
	double x, y;

	if (cell_number(a, &x) && cell_number(b, &y)) {
		set_change(cell, op, path, x, y, why);
		return 0;
	}
	if (cell_number(a, &x) || cell_number(b, &y)) {
		tell_missing(why, path, "a number in one of the runs only");
		return 0;
	}
	return fail(err, ERR_USAGE, "'%s' is no number, so it has no change; "
		    "write a.%s or b.%s", path, path, path);
}

static void get_cell(struct cell *cell, const struct field_names *names,
		     const struct diff_run *run, const char *path)
{
	unsigned id;

	cell->type = CELL_NONE;
	if (field_names_find(names, path, &id))
		run_row_get(&run->row, id, cell);
	if (cell->type == CELL_NULL)
		cell->type = CELL_NONE;
}

static int resolve(struct cell *cell, const char *text,
		   const struct diff_gate_facts *facts, struct strbuf *why,
		   struct strbuf *err)
{
	struct operand op = read_operand(text);
	struct strbuf path = STRBUF_INIT;
	struct diff_role role;
	struct cell a, b;
	int ret = 0;

	cell->type = CELL_NONE;
	if (op.meaning == OF_COUNT)
		return count(cell, op.field, facts, err);
	if (!field_resolve(facts->names, op.field, &path)) {
		ret = fail(err, ERR_NOT_FOUND, "neither run has the field "
			   "'%s'", op.field);
		goto cleanup;
	}
	get_cell(&a, facts->names, facts->a, path.buf);
	get_cell(&b, facts->names, facts->b, path.buf);
	if (op.meaning == OF_A || op.meaning == OF_B) {
		*cell = op.meaning == OF_A ? a : b;
		tell_value(why, path.buf, cell, op.meaning == OF_A ? 'A' : 'B');
	} else if (diff_role_of(path.buf, &role) &&
		   role.kind == DIFF_RESULTS && cell_number(&a, &(double){ 0 })
		   && cell_number(&b, &(double){ 0 })) {
		ret = resolve_result(cell, &op, path.buf, facts, why);
	} else {
		ret = resolve_other(cell, &op, path.buf, &a, &b, why, err);
	}

cleanup:
	strbuf_release(&path);
	return ret;
}

int diff_gate_check(const struct diff_gate *gate,
		    const struct diff_gate_facts *facts, bool *fails,
		    struct strbuf *why, struct strbuf *err)
{
	const size_t nr = where_fields_nr(gate->where);
	struct cell *cells = xcalloc(nr + 1, sizeof(*cells));
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < nr; i++)
		ret = resolve(&cells[i], where_field(gate->where, i), facts,
			      why, err);
	if (!ret)
		*fails = where_may_match(gate->where, give, cells);
	free(cells);
	return ret;
}
