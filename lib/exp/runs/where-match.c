/*
 * Whether an expression holds for a run. The order of cell.h is for sorting;
 * here a number and a text are in no order at all, NaN is not greater than
 * anything, and a value that a person wrote is read as what it is compared
 * with.
 */
#include "lib/base/compat.h"
#include "lib/exp/runs/where-internal.h"

#include "lib/base/alloc.h"

#include <math.h>

/* Longer texts are no times that somebody noted. */
#define MAX_TIME 64

struct context {
	where_get_fn get;
	void *data;
};

enum order { LESS, SAME, GREATER, UNORDERED };

static bool order_is(enum order order, enum token_type op)
{
	switch (op) {
	case TOKEN_EQ:
		return order == SAME;
	case TOKEN_NE:
		return order != SAME;
	case TOKEN_LT:
		return order == LESS;
	case TOKEN_LE:
		return order == LESS || order == SAME;
	case TOKEN_GT:
		return order == GREATER;
	default:
		return order == GREATER || order == SAME;
	}
}

static enum order order_of(int order)
{
	return order < 0 ? LESS : order ? GREATER : SAME;
}

static bool is_nan(const struct cell *cell)
{
	return cell->type == CELL_FLOAT && isnan(cell->u.real);
}

static bool is_number(const struct cell *cell)
{
	return cell->type == CELL_INT || cell->type == CELL_FLOAT;
}

static bool is_text(const struct cell *cell)
{
	return cell->type == CELL_TEXT || cell->type == CELL_BYTES;
}

/* NaN is NaN, so that diverged runs can be found; and nothing else. */
static enum order order_numbers(const struct cell *a, const struct cell *b)
{
	if (is_nan(a) || is_nan(b))
		return is_nan(a) && is_nan(b) ? SAME : UNORDERED;
	return order_of(cell_compare(a, b));
}

static enum order order_cells(const struct cell *a, const struct cell *b)
{
	if (is_number(a) && is_number(b))
		return order_numbers(a, b);
	if (is_text(a) && is_text(b))
		return order_of(cell_compare(a, b));
	if (a->type != b->type)
		return UNORDERED;
	if (a->type == CELL_TIME)
		return order_of(cell_compare(a, b));
	return cell_equal(a, b) ? SAME : UNORDERED;
}

/* A time that means a while is the same as all in it. */
static enum order order_time(const struct moment *m,
			     const struct literal *literal)
{
	if (!literal->has_time)
		return UNORDERED;
	if (moment_compare(m, &literal->from) < 0)
		return LESS;
	return moment_compare(m, &literal->to) < 0 ? SAME : GREATER;
}

static bool read_moment(struct moment *m, const struct cell *cell)
{
	char text[MAX_TIME + 1];

	if (cell->u.text.len > MAX_TIME || cell->u.text.len < 10 ||
	    !isdigit((unsigned char)*cell->u.text.data))
		return false;
	memcpy(text, cell->u.text.data, cell->u.text.len);
	text[cell->u.text.len] = '\0';
	return moment_parse(m, text);
}

/* Some tools note numbers and times as text. */
static enum order order_text(const struct cell *cell,
			     const struct operand *value)
{
	const struct literal *literal = &value->literal;
	struct cell number;
	struct moment m;
	enum order order = order_of(cell_compare(cell, &literal->text));

	if (order == SAME || value->is_quoted)
		return order;
	if (is_number(&literal->number)) {
		if (!literal_plain_number(&number, cell->u.text.data,
					  cell->u.text.len))
			return UNORDERED;
		return order_numbers(&number, &literal->number);
	}
	if (literal->has_time && read_moment(&m, cell))
		return order_time(&m, literal);
	return order;
}

static enum order order_literal(const struct cell *cell,
				const struct operand *value)
{
	const struct literal *literal = &value->literal;

	switch (cell->type) {
	case CELL_NULL:
		return literal->plain.type == CELL_NULL ? SAME : UNORDERED;
	case CELL_BOOL:
		return literal->plain.type == CELL_BOOL &&
		       literal->plain.u.truth == cell->u.truth ? SAME :
		       UNORDERED;
	case CELL_INT:
	case CELL_FLOAT:
		return is_number(&literal->number) ?
		       order_numbers(cell, &literal->number) : UNORDERED;
	case CELL_TIME:
		return order_time(&cell->u.time, literal);
	case CELL_TEXT:
	case CELL_BYTES:
		return order_text(cell, value);
	default:
		return UNORDERED;
	}
}

/* "running on HOST" is running, and "running, unattended" is both. */
static bool state_is(const struct cell *cell, const char *word)
{
	const char *text = cell->u.text.data, *end = text + cell->u.text.len;
	size_t len = strlen(word);

	if (!is_text(cell))
		return false;
	while (text < end) {
		size_t nr = 0;

		while (text + nr < end && text[nr] != ' ' && text[nr] != ',')
			nr++;
		if (nr == len && !memcmp(text, word, len))
			return true;
		/* what is behind a blank is where, not how */
		if (text + nr < end && text[nr] == ' ')
			return false;
		text += nr;
		while (text < end && (*text == ' ' || *text == ','))
			text++;
	}
	return false;
}

static enum order order_scalar(const struct cell *cell,
			       const struct operand *value,
			       const struct cell *other)
{
	return value->is_field ? order_cells(cell, other) :
				 order_literal(cell, value);
}

static bool scalar_is(const struct cell *cell, const struct operand *value,
		      const struct cell *other, enum token_type op)
{
	return order_is(order_scalar(cell, value, other), op);
}

/* A list is what one of its members is; and it is not what none of them is. */
static bool cell_is(const struct cell *cell, const struct operand *value,
		    const struct cell *other, enum token_type op)
{
	const unsigned char *at = cell->u.list.data;
	struct cell member;

	if (cell->type != CELL_LIST)
		return scalar_is(cell, value, other, op);
	if (op == TOKEN_NE)
		return !cell_is(cell, value, other, TOKEN_EQ);
	if (value->is_field && other->type == CELL_LIST)
		return op == TOKEN_EQ && cell_equal(cell, other);
	while (cell_list_next(cell, &at, &member))
		if (scalar_is(&member, value, other, op))
			return true;
	return false;
}

static bool has_member(const struct cell *list, const struct operand *value,
		       const struct cell *other)
{
	const unsigned char *at = list->u.list.data;
	struct cell member;

	while (cell_list_next(list, &at, &member))
		if (scalar_is(&member, value, other, TOKEN_EQ))
			return true;
	return false;
}

static bool has_text(const struct cell *cell, const struct cell *text)
{
	return is_text(text) &&
	       memmem(cell->u.text.data, cell->u.text.len, text->u.text.data,
		      text->u.text.len);
}

static bool finds(const struct where_regex *regex, const struct cell *cell)
{
	const unsigned char *at = cell->u.list.data;
	struct strbuf text = STRBUF_INIT;
	struct cell member;
	bool found = false;

	if (is_text(cell))
		return where_regex_finds(regex, cell->u.text.data,
					 cell->u.text.len);
	if (cell->type == CELL_NULL)
		return false;
	if (cell->type == CELL_LIST) {
		while (!found && cell_list_next(cell, &at, &member))
			found = member.type != CELL_LIST &&
				finds(regex, &member);
		return found;
	}
	cell_format(&text, cell);
	found = where_regex_finds(regex, text.buf, text.len);
	strbuf_release(&text);
	return found;
}

static bool is_true(const struct cell *cell)
{
	double number;

	switch (cell->type) {
	case CELL_NONE:
	case CELL_NULL:
		return false;
	case CELL_BOOL:
		return cell->u.truth;
	case CELL_INT:
	case CELL_FLOAT:
		return cell_number(cell, &number) && number != 0 &&
		       !isnan(number);
	case CELL_TEXT:
	case CELL_BYTES:
		return cell->u.text.len > 0;
	case CELL_LIST:
		return cell->u.list.len > 0;
	case CELL_TIME:
		break;
	}
	return true;
}

/* The other side: what a field says, or the value as it stands. False: the
 * field is not there. */
static bool get_right(struct cell *out, const struct operand *right,
		      const struct context *c)
{
	out->type = CELL_NONE;
	if (right->is_field)
		c->get(out, right->slot, c->data);
	else
		*out = right->literal.text;
	return out->type != CELL_NONE;
}

static bool is_equal(const struct node *node, const struct cell *left,
		     const struct operand *right, const struct cell *other)
{
	if (node->is_state && !right->is_field && !right->is_quoted)
		return state_is(left, right->text);
	return cell_is(left, right, other, TOKEN_EQ);
}

static bool match_compare(const struct node *node, const struct cell *left,
			  const struct context *c)
{
	struct cell right;

	if (!get_right(&right, &node->right, c))
		return false;
	if (node->op == TOKEN_EQ || node->op == TOKEN_NE)
		return is_equal(node, left, &node->right, &right) ==
		       (node->op == TOKEN_EQ);
	return cell_is(left, &node->right, &right, node->op);
}

static bool match_in(const struct node *node, const struct cell *left,
		     const struct context *c)
{
	struct cell right;
	size_t i;

	for (i = 0; i < node->nr; i++)
		if (get_right(&right, &node->item[i], c) &&
		    is_equal(node, left, &node->item[i], &right))
			return !node->negated;
	return node->negated;
}

static bool match_has(const struct node *node, const struct cell *left,
		      const struct context *c)
{
	struct cell right;
	bool has = false;

	if (!get_right(&right, &node->right, c))
		return false;
	if (left->type == CELL_LIST)
		has = has_member(left, &node->right, &right);
	else if (is_text(left))
		has = has_text(left, &right);
	return has != node->negated;
}

/* One that looks at a field: what is not there holds in no way. */
static bool match_test(const struct node *node, const struct context *c)
{
	struct cell left = CELL_INIT;

	c->get(&left, node->left.slot, c->data);
	if (left.type == CELL_NONE)
		return false;
	switch (node->type) {
	case NODE_COMPARE:
		return match_compare(node, &left, c);
	case NODE_IN:
		return match_in(node, &left, c);
	case NODE_HAS:
		return match_has(node, &left, c);
	case NODE_MATCH:
		return finds(node->regex, &left) != node->negated;
	case NODE_EXISTS:
		return left.type != CELL_NULL;
	default:
		return is_true(&left);
	}
}

static bool match(const struct node *node, const struct context *c)
{
	size_t i;

	switch (node->type) {
	case NODE_AND:
		for (i = 0; i < node->child_nr; i++)
			if (!match(node->child[i], c))
				return false;
		return true;
	case NODE_OR:
		for (i = 0; i < node->child_nr; i++)
			if (match(node->child[i], c))
				return true;
		return false;
	case NODE_NOT:
		return !match(node->child[0], c);
	default:
		return match_test(node, c);
	}
}

bool where_match(const struct where *where, where_get_fn get, void *data)
{
	const struct context c = { get, data };

	return match(where->root, &c);
}

/* ---- what may hold ------------------------------------------------------- */

enum truth { NO, UNKNOWN, YES };

static enum truth truth_of(bool holds)
{
	return holds ? YES : NO;
}

/* More and less can be said only of two numbers, two texts, two times; NaN is
 * no number. */
static enum truth may_compare(const struct node *node, const struct cell *left,
			      const struct context *c)
{
	struct cell right;

	if (!get_right(&right, &node->right, c))
		return UNKNOWN;
	if (node->op != TOKEN_EQ && node->op != TOKEN_NE &&
	    left->type != CELL_LIST &&
	    order_scalar(left, &node->right, &right) == UNORDERED)
		return UNKNOWN;
	return truth_of(match_compare(node, left, c));
}

static enum truth may_test(const struct node *node, const struct context *c)
{
	struct cell left = CELL_INIT;

	c->get(&left, node->left.slot, c->data);
	if (node->type == NODE_EXISTS)
		return truth_of(match_test(node, c));
	if (left.type == CELL_NONE)
		return UNKNOWN;
	return node->type == NODE_COMPARE ? may_compare(node, &left, c) :
					    truth_of(match_test(node, c));
}

static enum truth may(const struct node *node, const struct context *c)
{
	enum truth all, one;
	size_t i;

	switch (node->type) {
	case NODE_AND:
	case NODE_OR:
		all = node->type == NODE_AND ? YES : NO;
		for (i = 0; i < node->child_nr; i++) {
			one = may(node->child[i], c);
			all = node->type == NODE_AND ? MINIMUM(all, one) :
						       MAXIMUM(all, one);
		}
		return all;
	case NODE_NOT:
		one = may(node->child[0], c);
		return one == UNKNOWN ? UNKNOWN : truth_of(one == NO);
	default:
		return may_test(node, c);
	}
}

bool where_may_match(const struct where *where, where_get_fn get, void *data)
{
	const struct context c = { get, data };

	return may(where->root, &c) != NO;
}
